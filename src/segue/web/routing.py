"""From a path to its route: exact paths first, then paths with names in them, in the order they were given.

Paths with names are looked up by how many segments they have and by the first three, so that a request costs the same
however many routes there are.
"""

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field

from segue.web.surface import Route

_NAME = re.compile(r"\{(\w+)\}")
_INDEXED = 3

_Key = tuple[int, tuple[str, ...]]
_Named = tuple[int, re.Pattern[str], Route]


@dataclass(frozen=True, slots=True)
class Match:
    route: Route
    path_params: Mapping[str, str]


@dataclass(slots=True)
class RouteTable:
    """The routes of one dialect. A named segment matches one segment of the characters that ids and logins have, never
    a slash."""

    _exact: dict[str, list[Route]] = field(default_factory=dict)
    _named: dict[_Key, list[_Named]] = field(default_factory=dict)

    @classmethod
    def of(cls, routes: Iterable[Route]) -> "RouteTable":
        table = cls()
        for place, route in enumerate(routes):
            if "{" in route.path:
                table._named.setdefault(_key(route.path), []).append((place, _pattern(route.path), route))
            else:
                table._exact.setdefault(route.path, []).append(route)
        return table

    def find(self, path: str, method: str) -> Match | None:
        """The route of a path and method. GET routes also answer HEAD; any route answers OPTIONS."""
        return next((match for match in self._matches(path) if _answers(match.route, method)), None)

    def methods(self, path: str) -> tuple[str, ...]:
        """The methods a path answers; empty where there is no such path."""
        return tuple(dict.fromkeys(method for match in self._matches(path) for method in match.route.methods))

    def _matches(self, path: str) -> Iterable[Match]:
        for route in self._exact.get(path, ()):
            yield Match(route, {})
        for _, pattern, route in self._candidates(path):
            found = pattern.fullmatch(path)
            if found is not None:
                yield Match(route, found.groupdict())

    def _candidates(self, path: str) -> list[_Named]:
        """The routes whose literal beginning the path has, in the order they were given."""
        segments, slashes = path.split("/", _INDEXED + 1)[1 : _INDEXED + 1], path.count("/")
        keys = ((slashes, tuple(segments[:length])) for length in range(_INDEXED + 1))
        found = [named for key in keys for named in self._named.get(key, ())]
        return sorted(found, key=lambda named: named[0])


def _key(path: str) -> _Key:
    """How many segments a path with names has, and the first of them as far as they are literal, three at most."""
    segments = path.split("/")[1 : _INDEXED + 1]
    literal = next((place for place, segment in enumerate(segments) if "{" in segment), len(segments))
    return path.count("/"), tuple(segments[:literal])


def _answers(route: Route, method: str) -> bool:
    return method in route.methods or method == "OPTIONS" or (method == "HEAD" and "GET" in route.methods)


def _pattern(path: str) -> re.Pattern[str]:
    pieces = _NAME.split(path)
    literals, names = pieces[::2], pieces[1::2]
    text = re.escape(literals[0])
    for name, literal in zip(names, literals[1:], strict=True):
        text += f"(?P<{name}>[A-Za-z0-9._~@+-]+)" + re.escape(literal)
    return re.compile(text)
