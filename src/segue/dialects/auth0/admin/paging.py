"""Lists of the Management API: pages by number with totals or without, or from a checkpoint; and chosen members."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Final, TypeVar

from segue.core.secret import is_id
from segue.dialects.auth0.admin.errors import invalid_query
from segue.web.message import Request

T = TypeVar("T")
Shape = Mapping[str, object]

_MOST: Final = 100
_DEFAULT: Final = 50
_LAST_PAGE: Final = 1_000_000
PAGING: Final = ("page", "per_page", "include_totals", "from", "take", "fields", "include_fields")
"""The parameters that every list reads."""


@dataclass(frozen=True, slots=True)
class Wanted:
    """Which part of a list is wanted: ``limit`` items from ``start``, or after the id ``after`` by checkpoint."""

    start: int
    limit: int
    totals: bool
    checkpoint: bool
    after: str

    def of(self, items: Sequence[T], name: str, ident: Callable[[T], str], shape: Callable[[T], Shape]) -> object:
        """The page as it is answered, of all ``items`` in order of their id."""
        if self.checkpoint:
            rest = [item for item in items if ident(item) > self.after]
            page = rest[: self.limit]
            more = {"next": ident(page[-1])} if len(rest) > len(page) else {}
            return {name: [shape(item) for item in page], **more}
        page = list(items[self.start : self.start + self.limit])
        shown = [shape(item) for item in page]
        if not self.totals:
            return shown
        return {"start": self.start, "limit": self.limit, "length": len(page), "total": len(items), name: shown}


def read_page(request: Request) -> Wanted:
    """Raises ApiRefusal for a number outside its range, or a checkpoint that no answer held."""
    checkpoint = "take" in request.query or "from" in request.query
    after = request.query.get("from") or ""
    if after and not is_id(after):
        raise invalid_query("from", "Take it from the member next of the page before")
    if checkpoint:
        return Wanted(0, _number(request, "take", _DEFAULT, 1, _MOST), False, checkpoint, after)
    limit = _number(request, "per_page", _DEFAULT, 0, _MOST) or _DEFAULT
    page = _number(request, "page", 0, 0, _LAST_PAGE)
    return Wanted(page * limit, limit, flag(request, "include_totals"), checkpoint, after)


def flag(request: Request, name: str, *, default: bool = False) -> bool:
    """A parameter that is true or false. Raises ApiRefusal."""
    given = request.query.get(name)
    if given is None or given == "":
        return default
    if given not in ("true", "false"):
        raise invalid_query(name, f"Expected type boolean but found type string {given[:40]}")
    return given == "true"


def chosen_fields(request: Request) -> Callable[[Shape], Shape]:
    """What leaves of a shape the members that ``fields`` and ``include_fields`` ask for."""
    names = frozenset(name.strip() for name in (request.query.get("fields") or "").split(",") if name.strip())
    include = flag(request, "include_fields", default=True)
    if not names:
        return lambda shape: shape
    return lambda shape: {name: value for name, value in shape.items() if (name in names) == include}


def only_parameters(request: Request, *known: str) -> None:
    """Raises ApiRefusal for a parameter that nothing reads: a list that left a filter out would be another list."""
    for name in request.query.names():
        if name not in known:
            raise invalid_query(name[:64], f"Additional properties not allowed: {name[:64]}")


def _number(request: Request, name: str, default: int, least: int, most: int) -> int:
    given = request.query.get(name)
    if given is None or given == "":
        return default
    if not given.isascii() or not given.isdigit() or len(given) > 7 or not least <= int(given) <= most:
        raise invalid_query(name, f"A number from {least} to {most} is expected")
    return int(given)
