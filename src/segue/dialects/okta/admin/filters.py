"""The filter language of this vendor's lists: ``status eq "ACTIVE" and not (name sw "a" or created lt "2026-…")``.

A text is read into a small tree once, and the tree is held against as many things as a list has. What can be asked for
is what the reader is told: a name that a list does not know is a clear refusal, never a silent "nothing found". Reading
and judging take time that is linear in the text: there are no patterns that a caller could make expensive.
"""

import re
from collections.abc import Callable, Collection, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Final, Literal, TypeAlias, cast

Operator = Literal["eq", "ne", "gt", "ge", "lt", "le", "sw", "ew", "co", "pr"]
Scalar: TypeAlias = str | int | bool | None
FieldValue: TypeAlias = Scalar | Sequence[Scalar]
"""What a thing has under a name; of a sequence, one member that fits is enough."""

Getter: TypeAlias = Callable[[str], FieldValue]
"""The value under a name as the list spells it."""

MOST_CHARS: Final = 2048
MOST_COMPARISONS: Final = 64
DEEPEST: Final = 12

_OPERATORS: Final = frozenset({"eq", "ne", "gt", "ge", "lt", "le", "sw", "ew", "co", "pr"})
_NAME: Final = r"[A-Za-z_][A-Za-z0-9_.:$-]{0,127}"
_NAME_ONLY: Final = re.compile(_NAME)
_TOKEN: Final = re.compile(
    rf"""\s*+(?:(?P<text>"(?:[^"\\]|\\["\\/bfnrt])*+")|(?P<mark>[()])|(?P<number>-?\d{{1,15}})(?![\w.])|(?P<word>{_NAME}))"""
)
_ESCAPED: Final = re.compile(r"\\(.)")
_ESCAPES: Final = {"b": "\b", "f": "\f", "n": "\n", "r": "\r", "t": "\t"}
_MOMENT: Final = re.compile(r"\d{4}-\d\d-\d\d(?:T\d\d:\d\d(?::\d\d(?:\.\d{1,6})?)?(?:Z|[+-]\d\d:?\d\d)?)?")
_WORDS: Final[dict[str, Scalar]] = {"true": True, "false": False, "null": None}


class BadFilter(ValueError):
    """A filter outside its grammar or limits. The text is fit for the public and names what was expected."""


@dataclass(frozen=True, slots=True)
class Comparison:
    """One question about one name; ``value`` means nothing to ``pr``, which asks whether there is any."""

    name: str
    operator: Operator
    value: Scalar = None


@dataclass(frozen=True, slots=True)
class All:
    parts: tuple["Filter", ...]


@dataclass(frozen=True, slots=True)
class Either:
    parts: tuple["Filter", ...]


@dataclass(frozen=True, slots=True)
class Not:
    part: "Filter"


Filter: TypeAlias = Comparison | All | Either | Not


def read_filter(text: str, names: Collection[str] | Callable[[str], str | None]) -> Filter:
    """The filter in ``text``, whose names are those the list knows, in whatever case they are written.

    ``names`` are those names, or a function that answers a name as the list spells it, None where it knows none such.
    ``and`` binds closer than ``or``. Raises BadFilter: for more than 2,048 characters, 64 comparisons or 12 brackets in
    each other, for an unknown name, and for what is no filter.
    """
    if len(text) > MOST_CHARS:
        raise BadFilter(f"a filter has at most {MOST_CHARS} characters")
    known = names if callable(names) else _spelling(names)
    reader = _Reader(_tokens(text), known)
    found = reader.either(0)
    if reader.rest():
        raise BadFilter("and, or, or the end of the filter was expected")
    return found


def matches(wanted: Filter, get: Getter) -> bool:
    """Whether a thing fits: ``get`` answers what it has under a name. Texts are compared without regard to case, and
    two that are moments (ISO 8601) as moments. What is absent fits only ``ne`` and ``eq null``."""
    match wanted:
        case All(parts):
            return all(matches(part, get) for part in parts)
        case Either(parts):
            return any(matches(part, get) for part in parts)
        case Not(part):
            return not matches(part, get)
        case Comparison(name, operator, value):
            return _compare(get(name), operator, value)


def equals(wanted: Filter, name: str) -> str | None:
    """The text that ``name`` has to equal for the whole filter to hold, None where it asks no such thing: what a look
    up by key can begin with."""
    match wanted:
        case Comparison(name=asked, operator="eq", value=str(value)) if asked == name:
            return value
        case All(parts):
            return next((found for part in parts if (found := equals(part, name)) is not None), None)
    return None


def moment(text: str) -> datetime | None:
    """The moment that an ISO 8601 text names, in UTC where it has no zone; None where it is no such text."""
    if not _MOMENT.fullmatch(text):
        return None
    try:
        found = datetime.fromisoformat(text)
    except ValueError:
        return None
    return found if found.tzinfo else datetime.fromisoformat(f"{text}+00:00" if "T" in text else f"{text}T00:00+00:00")


# --- reading ---


@dataclass(frozen=True, slots=True)
class _Token:
    kind: str
    text: str


def _spelling(names: Collection[str]) -> Callable[[str], str | None]:
    spelled = {name.lower(): name for name in names}
    return lambda name: spelled.get(name.lower())


def _tokens(text: str) -> list[_Token]:
    found, at = [], 0
    end = len(text.rstrip())
    while at < end:
        token = _TOKEN.match(text, at)
        if token is None or token.lastgroup is None:
            raise BadFilter('a filter has names, operators, and values in double quotes, as in status eq "ACTIVE"')
        found.append(_Token(token.lastgroup, token[token.lastgroup]))
        at = token.end()
    return found


class _Reader:
    """Recursive descent over at most MOST_CHARS tokens and DEEPEST levels."""

    def __init__(self, tokens: list[_Token], known: Callable[[str], str | None]) -> None:
        self._tokens = tokens
        self._known = known
        self._at = 0
        self._comparisons = 0

    def rest(self) -> bool:
        return self._at < len(self._tokens)

    def either(self, depth: int) -> Filter:
        parts = [self._all(depth)]
        while self._word("or"):
            parts.append(self._all(depth))
        return parts[0] if len(parts) == 1 else Either(tuple(parts))

    def _all(self, depth: int) -> Filter:
        parts = [self._one(depth)]
        while self._word("and"):
            parts.append(self._one(depth))
        return parts[0] if len(parts) == 1 else All(tuple(parts))

    def _one(self, depth: int) -> Filter:
        if depth >= DEEPEST:
            raise BadFilter(f"a filter has at most {DEEPEST} brackets in each other")
        # "not" is also what a field may be called: it negates only in front of something that is no operator.
        following = self._tokens[self._at + 1] if self._at + 1 < len(self._tokens) else None
        if following is not None and following.text.lower() not in _OPERATORS and self._word("not"):
            return Not(self._one(depth + 1))
        if self._mark("("):
            inside = self.either(depth + 1)
            if not self._mark(")"):
                raise BadFilter("a bracket was not closed")
            return inside
        return self._comparison()

    def _comparison(self) -> Comparison:
        self._comparisons += 1
        if self._comparisons > MOST_COMPARISONS:
            raise BadFilter(f"a filter has at most {MOST_COMPARISONS} comparisons")
        name = self._take("word", "a name")
        spelled = self._known(name)
        if spelled is None:
            raise BadFilter(f"this list cannot be filtered by {name}")
        operator = self._take("word", "an operator").lower()
        if operator not in _OPERATORS:
            raise BadFilter(f"an operator is one of {', '.join(sorted(_OPERATORS))}")
        value = None if operator == "pr" else self._value()
        return Comparison(spelled, cast("Operator", operator), value)

    def _value(self) -> Scalar:
        if not self.rest():
            raise BadFilter("a value was expected")
        token = self._tokens[self._at]
        self._at += 1
        if token.kind == "text":
            return _ESCAPED.sub(lambda escape: _ESCAPES.get(escape[1], escape[1]), token.text[1:-1])
        if token.kind == "number":
            return int(token.text)
        if token.kind == "word" and token.text.lower() in _WORDS:
            return _WORDS[token.text.lower()]
        raise BadFilter("a value is a text in double quotes, a number, true, false or null")

    def _take(self, kind: str, what: str) -> str:
        if not self.rest() or self._tokens[self._at].kind != kind:
            raise BadFilter(f"{what} was expected")
        self._at += 1
        return self._tokens[self._at - 1].text

    def _word(self, word: str) -> bool:
        return self._next("word", word)

    def _mark(self, mark: str) -> bool:
        return self._next("mark", mark)

    def _next(self, kind: str, text: str) -> bool:
        if self.rest() and self._tokens[self._at].kind == kind and self._tokens[self._at].text.lower() == text:
            self._at += 1
            return True
        return False


# --- judging ---


def _compare(found: FieldValue, operator: Operator, value: Scalar) -> bool:
    values = list(found) if isinstance(found, list | tuple) else [cast("Scalar", found)]
    present = [each for each in values if each is not None and each != ""]
    match operator:
        case "pr":
            return bool(present)
        case "ne":
            return not any(_same(each, value) for each in present) if value is not None else bool(present)
        case "eq":
            return any(_same(each, value) for each in present) if value is not None else not present
    return any(_ordered_or_within(each, operator, value) for each in present)


def _same(found: Scalar, value: Scalar) -> bool:
    if isinstance(found, bool) or isinstance(value, bool):
        return found is value or _text(found) == _text(value)
    moments = _moments(found, value)
    return moments[0] == moments[1] if moments else _text(found) == _text(value)


def _ordered_or_within(found: Scalar, operator: Operator, value: Scalar) -> bool:
    here, there = _text(found), _text(value)
    match operator:
        case "sw":
            return here.startswith(there)
        case "ew":
            return here.endswith(there)
        case "co":
            return there in here
    return _ordered(_order(found, value, here, there), operator)


def _order(found: Scalar, value: Scalar, here: str, there: str) -> int:
    """Below, at or above zero, as ``found`` comes before, with or after ``value``."""
    moments = _moments(found, value)
    if moments:
        return (moments[0] > moments[1]) - (moments[0] < moments[1])
    if isinstance(found, int) and isinstance(value, int):
        return (found > value) - (found < value)
    return (here > there) - (here < there)


def _ordered(order: int, operator: Operator) -> bool:
    return {"gt": order > 0, "ge": order >= 0, "lt": order < 0, "le": order <= 0}[operator]


def _moments(found: Scalar, value: Scalar) -> tuple[datetime, datetime] | None:
    if not isinstance(found, str) or not isinstance(value, str):
        return None
    here, there = moment(found), moment(value)
    return (here, there) if here is not None and there is not None else None


def _text(value: Scalar) -> str:
    if isinstance(value, bool):
        return "true" if value else "false"
    return str(value).casefold()
