"""The small language in which a rule says who belongs to its groups:

    user.department == "Owls" and (String.startsWith(user.login, "a") or not isMemberOfGroup("00g…"))

There are texts, and statements about them that are true or false. Nothing in it loops, calls out or takes longer than
its own length. A field that a user does not have is the empty text. ``&&``, ``||``, ``!``, ``AND``, ``OR`` and ``NOT``
are the same words. Texts are compared exactly.
"""

import re
from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass
from typing import Final, TypeAlias

MOST_CHARS: Final = 4096
MOST_TESTS: Final = 64
DEEPEST: Final = 16

_TOKEN: Final = re.compile(
    r"""\s*+(?:(?P<text>"[^"\\]*+(?:\\.[^"\\]*+)*+"|'[^'\\]*+(?:\\.[^'\\]*+)*+')"""
    r"""|(?P<mark>==|!=|&&|\|\||[!(),])|(?P<word>[A-Za-z_][A-Za-z0-9_.]{0,127}))"""
)
_ESCAPED: Final = re.compile(r"\\(.)", re.DOTALL)
_FIELD: Final = re.compile(r"user\.([A-Za-z_][A-Za-z0-9_]{0,63})")


class BadExpression(ValueError):
    """An expression outside its grammar or limits. The text is fit for the public and says what was expected."""


@dataclass(frozen=True, slots=True)
class Person:
    """Whom an expression is about: the fields of their profile with their login, and their groups by id and name."""

    fields: Mapping[str, str]
    group_ids: Collection[str]
    group_names: Collection[str]


@dataclass(frozen=True, slots=True)
class Field:
    name: str


Text: TypeAlias = Field | str


@dataclass(frozen=True, slots=True)
class Fact:
    """``name`` of a test below, and the texts it is about."""

    name: str
    texts: tuple[Text, ...]


@dataclass(frozen=True, slots=True)
class Every:
    parts: tuple["Expression", ...]


@dataclass(frozen=True, slots=True)
class Some:
    parts: tuple["Expression", ...]


@dataclass(frozen=True, slots=True)
class No:
    part: "Expression"


Expression: TypeAlias = Fact | Every | Some | No

_STRINGS: Final[Mapping[str, Callable[[str, str], bool]]] = {
    "==": lambda one, other: one == other,
    "!=": lambda one, other: one != other,
    "String.stringContains": lambda whole, part: part in whole,
    "String.contains": lambda whole, part: part in whole,
    "String.startsWith": lambda whole, part: whole.startswith(part),
    "String.endsWith": lambda whole, part: whole.endswith(part),
}
_OF_GROUPS: Final[Mapping[str, Callable[[Person, str], bool]]] = {
    "isMemberOfGroup": lambda person, ident: ident in person.group_ids,
    "isMemberOfGroupName": lambda person, name: name in person.group_names,
    "isMemberOfGroupNameStartsWith": lambda person, start: any(name.startswith(start) for name in person.group_names),
    "isMemberOfGroupNameContains": lambda person, part: any(part in name for name in person.group_names),
}
_ANY_GROUP: Final = "isMemberOfAnyGroup"


def read_expression(text: str) -> Expression:
    """The expression in ``text``; ``and`` binds closer than ``or``. Raises BadExpression: for more than 4,096
    characters, 64 tests or 16 brackets in each other, for a function that there is not, and for what is none."""
    if len(text) > MOST_CHARS:
        raise BadExpression(f"an expression has at most {MOST_CHARS} characters")
    reader = _Reader(_tokens(text))
    found = reader.either(0)
    if not reader.at_end():
        raise BadExpression("and, or, or the end of the expression was expected")
    return found


def holds(expression: Expression, person: Person) -> bool:
    """Whether the expression is true of a person."""
    match expression:
        case Every(parts):
            return all(holds(part, person) for part in parts)
        case Some(parts):
            return any(holds(part, person) for part in parts)
        case No(part):
            return not holds(part, person)
        case Fact(name, texts):
            values = [_value(text, person) for text in texts]
            if name == _ANY_GROUP:
                return not set(values).isdisjoint(person.group_ids)
            if name in _OF_GROUPS:
                return _OF_GROUPS[name](person, values[0])
            return _STRINGS[name](values[0], values[1])


def asks_for_names(expression: Expression) -> bool:
    """Whether the names of a person's groups matter."""
    match expression:
        case Every(parts) | Some(parts):
            return any(asks_for_names(part) for part in parts)
        case No(part):
            return asks_for_names(part)
        case Fact(name):
            return "GroupName" in name


def _value(text: Text, person: Person) -> str:
    return person.fields.get(text.name, "") if isinstance(text, Field) else text


def _tokens(text: str) -> list[tuple[str, str]]:
    found, at, end = [], 0, len(text.rstrip())
    while at < end:
        token = _TOKEN.match(text, at)
        if token is None or token.lastgroup is None:
            raise BadExpression(
                "an expression is made of user.field, texts in quotes, functions, and, or, not, == and !="
            )
        found.append((token.lastgroup, token[token.lastgroup]))
        at = token.end()
    return found


class _Reader:
    """Recursive descent over at most MOST_CHARS tokens and DEEPEST levels."""

    def __init__(self, tokens: list[tuple[str, str]]) -> None:
        self._tokens = tokens
        self._at = 0
        self._tests = 0

    def at_end(self) -> bool:
        return self._at == len(self._tokens)

    def either(self, depth: int) -> Expression:
        parts = [self._every(depth)]
        while self._takes("or", "||"):
            parts.append(self._every(depth))
        return parts[0] if len(parts) == 1 else Some(tuple(parts))

    def _every(self, depth: int) -> Expression:
        parts = [self._one(depth)]
        while self._takes("and", "&&"):
            parts.append(self._one(depth))
        return parts[0] if len(parts) == 1 else Every(tuple(parts))

    def _one(self, depth: int) -> Expression:
        if depth >= DEEPEST:
            raise BadExpression(f"an expression has at most {DEEPEST} brackets in each other")
        if self._takes("not", "!"):
            return No(self._one(depth + 1))
        if self._takes("("):
            inside = self.either(depth + 1)
            self._need(")")
            return inside
        return self._fact()

    def _fact(self) -> Fact:
        self._tests += 1
        if self._tests > MOST_TESTS:
            raise BadExpression(f"an expression has at most {MOST_TESTS} tests")
        kind, word = self._peek()
        if kind == "word" and _FIELD.fullmatch(word) is None:
            return self._call()
        first = self._text()
        if self._takes("=="):
            return Fact("==", (first, self._text()))
        if self._takes("!="):
            return Fact("!=", (first, self._text()))
        raise BadExpression("== or != was expected")

    def _call(self) -> Fact:
        _, name = self._peek()
        if name not in _STRINGS and name not in _OF_GROUPS and name != _ANY_GROUP:
            raise BadExpression(f"there is no function {name}")
        self._at += 1
        self._need("(")
        texts = [self._text()]
        while self._takes(","):
            texts.append(self._text())
        self._need(")")
        wanted = 2 if name in _STRINGS else 1 if name in _OF_GROUPS else len(texts)
        if len(texts) != wanted or len(texts) > MOST_TESTS:
            raise BadExpression(f"{name} takes {wanted} texts")
        return Fact(name, tuple(texts))

    def _text(self) -> Text:
        kind, token = self._peek()
        self._at += 1
        if kind == "text":
            return _ESCAPED.sub(lambda escape: escape[1], token[1:-1])
        field = _FIELD.fullmatch(token) if kind == "word" else None
        if field is None:
            raise BadExpression("user.field or a text in quotes was expected")
        return Field(field[1])

    def _peek(self) -> tuple[str, str]:
        if self.at_end():
            raise BadExpression("the expression ends too early")
        return self._tokens[self._at]

    def _takes(self, *tokens: str) -> bool:
        if self.at_end():
            return False
        kind, token = self._tokens[self._at]
        if kind != "text" and (token.lower() if kind == "word" else token) in tokens:
            self._at += 1
            return True
        return False

    def _need(self, mark: str) -> None:
        if not self._takes(mark):
            raise BadExpression(f"{mark} was expected")
