"""Regular expressions that cannot be made expensive: a small language, run without going back.

Operators write patterns and directories write what they are held against, so the time for an answer must not depend on
either of them being kind. A pattern becomes a set of states that walk over the text together: each character is looked
at once, in time that grows with the pattern and not with the number of ways through it. What a pattern may hold is what
filters of group names use: characters, ``.``, classes, groups, ``|``, ``*``, ``+``, ``?``, ``{2,5}`` and the anchors.
"""

from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from functools import lru_cache
from typing import Final

MOST_CHARS: Final = 256
MOST_STATES: Final = 1000
_MOST_REPEATS: Final = 100
_DEEPEST: Final = 16
_SPECIAL: Final = "\\^$.|?*+()[]{}"
_REMEMBERED: Final = 2000


class BadPattern(ValueError):
    """A pattern outside the language or its limits. The text is fit for the public."""


Test = Callable[[str], bool]


@dataclass(slots=True)
class _State:
    """Goes on to ``then`` for a character that ``test`` accepts; without a test, to all of ``free`` at once."""

    test: Test | None = None
    then: int = -1
    free: list[int] = field(default_factory=list)


class Pattern:
    """A pattern that was read. ``matches`` says whether the whole of a text fits."""

    def __init__(self, states: list[_State], start: int, end: int) -> None:
        self._states = states
        self._end = end
        self._start = self._reach([start])
        self._steps: dict[tuple[frozenset[int], str], frozenset[int]] = {}

    def matches(self, text: str) -> bool:
        standing = self._start
        for char in text:
            standing = self._step(standing, char)
            if not standing:
                return False
        return self._end in standing

    def _step(self, standing: frozenset[int], char: str) -> frozenset[int]:
        """Where the states are after one more character; remembered, as names begin alike."""
        key = (standing, char)
        found = self._steps.get(key)
        if found is None:
            ahead = []
            for index in standing:
                state = self._states[index]
                if state.test is not None and state.test(char):
                    ahead.append(state.then)
            found = self._reach(ahead)
            if len(self._steps) >= _REMEMBERED:
                self._steps.clear()
            self._steps[key] = found
        return found

    def _reach(self, starts: Iterable[int]) -> frozenset[int]:
        reached: set[int] = set()
        waiting = list(starts)
        while waiting:
            index = waiting.pop()
            if index not in reached:
                reached.add(index)
                waiting += self._states[index].free
        return frozenset(reached)


@lru_cache(maxsize=256)
def read_pattern(text: str) -> Pattern:
    """The pattern in ``text``. Raises BadPattern: for more than 256 characters, for one that comes to more than 1,000
    states, and for what the language lacks (references back, looking ahead, lazy and possessive repeats)."""
    if len(text) > MOST_CHARS:
        raise BadPattern(f"a pattern has at most {MOST_CHARS} characters")
    reader = _Reader(text.removeprefix("^"))
    tree = reader.either(0)
    if reader.rest():
        raise BadPattern("a bracket is closed that was not opened")
    builder = _Builder()
    end = builder.new(_State())
    return Pattern(builder.states, builder.build(tree, end), end)


# --- reading: a tree of tuples, each a kind and its parts ---

_Tree = tuple[object, ...]


class _Reader:
    def __init__(self, text: str) -> None:
        # An anchor at the end says nothing new of a pattern that the whole text has to fit.
        self._text = text[:-1] if text.endswith("$") and not text.endswith("\\$") else text
        self._at = 0

    def rest(self) -> bool:
        return self._at < len(self._text)

    def either(self, depth: int) -> _Tree:
        if depth > _DEEPEST:
            raise BadPattern(f"a pattern has at most {_DEEPEST} brackets in each other")
        parts = [self._row(depth)]
        while self._next("|"):
            parts.append(self._row(depth))
        return parts[0] if len(parts) == 1 else ("either", *parts)

    def _row(self, depth: int) -> _Tree:
        parts: list[_Tree] = []
        while self.rest() and self._text[self._at] not in "|)":
            parts.append(self._repeated(self._one(depth)))
        return ("row", *parts)

    def _repeated(self, tree: _Tree) -> _Tree:
        least, most = self._times()
        if (least, most) == (1, 1):
            return tree
        if self.rest() and self._text[self._at] in "?+*{":
            raise BadPattern("a repeat is not repeated")
        return ("times", tree, least, most)

    def _times(self) -> tuple[int, int | None]:
        for mark, times in (("*", (0, None)), ("+", (1, None)), ("?", (0, 1))):
            if self._next(mark):
                return times
        if not self._next("{"):
            return 1, 1
        inside = self._until("}")
        first, comma, last = inside.partition(",")
        if not first.isascii() or not first.isdigit() or (last and not (last.isascii() and last.isdigit())):
            raise BadPattern("a number of repeats is written {2}, {2,} or {2,5}")
        least, most = int(first), int(last) if last else None if comma else int(first)
        if least > _MOST_REPEATS or (most is not None and not least <= most <= _MOST_REPEATS):
            raise BadPattern(f"something is repeated at most {_MOST_REPEATS} times")
        return least, most

    def _one(self, depth: int) -> _Tree:
        char = self._text[self._at]
        self._at += 1
        match char:
            case "(":
                if self._next("?") and not self._next(":"):
                    raise BadPattern("of the special groups only (?: is known")
                inside = self.either(depth + 1)
                if not self._next(")"):
                    raise BadPattern("a bracket was not closed")
                return inside
            case "[":
                return ("char", self._class())
            case ".":
                return ("char", lambda _: True)
            case "\\":
                return ("char", self._escape())
            case "^" | "$":
                raise BadPattern("the anchors ^ and $ stand at the ends of a pattern")
            case _ if char in _SPECIAL:
                raise BadPattern(f"{char} stands where nothing is repeated; write \\{char} for the character")
        return ("char", char.__eq__)

    def _escape(self) -> Test:
        if not self.rest():
            raise BadPattern("a backslash stands before a character")
        char = self._text[self._at]
        self._at += 1
        known: dict[str, Test] = {
            "d": lambda c: "0" <= c <= "9",
            "w": lambda c: c == "_" or (c.isascii() and c.isalnum()),
            "s": lambda c: c in " \t\r\n\f\v",
        }
        if char.lower() in known:
            test = known[char.lower()]
            return test if char.islower() else lambda c: not test(c)
        if char.isalnum():
            raise BadPattern(f"\\{char} is not known")
        return char.__eq__

    def _class(self) -> Test:
        negated, tests = self._next("^"), []
        first = True
        while not self._next("]") or first:
            if not self.rest():
                raise BadPattern("a class was not closed")
            tests.append(self._member())
            first = False
        return (lambda c: not any(test(c) for test in tests)) if negated else lambda c: any(test(c) for test in tests)

    def _member(self) -> Test:
        low = self._text[self._at]
        self._at += 1
        if low == "\\":
            return self._escape()
        if low in "[]":
            raise BadPattern(f"inside a class write \\{low}")
        if self._text[self._at : self._at + 1] == "-" and self._text[self._at + 1 : self._at + 2] not in ("]", ""):
            high = self._text[self._at + 1]
            self._at += 2
            if high == "\\" or high < low:
                raise BadPattern("a range goes from a character to a later one")
            return lambda c: low <= c <= high
        return low.__eq__

    def _until(self, mark: str) -> str:
        end = self._text.find(mark, self._at)
        if end < 0:
            raise BadPattern(f"{mark} is missing")
        inside, self._at = self._text[self._at : end], end + 1
        return inside

    def _next(self, mark: str) -> bool:
        if self._text[self._at : self._at + 1] == mark:
            self._at += 1
            return True
        return False


class _Builder:
    """Turns a tree into states from its end to its beginning (Thompson's construction)."""

    def __init__(self) -> None:
        self.states: list[_State] = []

    def new(self, state: _State) -> int:
        if len(self.states) >= MOST_STATES:
            raise BadPattern("the pattern comes to too much; repeat less")
        self.states.append(state)
        return len(self.states) - 1

    def build(self, tree: _Tree, then: int) -> int:
        """The state at which ``tree`` begins, when ``then`` follows it."""
        match tree:
            case ("char", test):
                return self.new(_State(test, then))  # type: ignore[arg-type]
            case ("row", *parts):
                for part in reversed(parts):
                    then = self.build(part, then)  # type: ignore[arg-type]
                return then
            case ("either", *parts):
                return self.new(_State(free=[self.build(part, then) for part in parts]))  # type: ignore[arg-type]
            case ("times", inside, int(least), most):
                return self._repeat(inside, least, most, then)  # type: ignore[arg-type]
        raise ValueError("no pattern has such a part")

    def _repeat(self, inside: _Tree, least: int, most: int | None, then: int) -> int:
        if most is None:
            again = self.new(_State(free=[then]))
            self.states[again].free.append(self.build(inside, again))
            then = again
        else:
            for _ in range(most - least):
                then = self.new(_State(free=[self.build(inside, then), then]))
        for _ in range(least):
            then = self.build(inside, then)
        return then
