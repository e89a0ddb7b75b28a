"""The system log over HTTP: a stretch of it, or what is new since the last time somebody looked."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Final
from urllib.parse import urlencode

from segue.admin.log import Fits, LogPage, Names, everything, may_read_explanations, read_log
from segue.core.secret import is_id
from segue.core.strict import JsonValue
from segue.dialects.okta.admin.caller import administrator
from segue.dialects.okta.admin.filters import BadFilter, FieldValue, equals, matches, moment, read_filter
from segue.dialects.okta.admin.log_shape import log_event
from segue.dialects.okta.admin.paging import page_limit
from segue.dialects.okta.errors import ValidationFailed, write_error
from segue.dialects.okta.names import LIMIT_API, LOGS
from segue.events import Event
from segue.stores import EventPage, Store
from segue.web.frontchannel import FrontDoor
from segue.web.message import Json, Request, Response
from segue.web.surface import Route

_PAGE: Final = 100
_MOST: Final = 1000
_MOST_WORDS: Final = 10
_MOST_WORD_CHARS: Final = 40
_WEEK_MS: Final = 7 * 86_400_000
# Whoever polls is told nothing younger: a request that began earlier may still be writing its event, which would then
# lie behind the position that the caller goes on from, and never be told.
SETTLED_MS: Final = 2_000
_LATEST_AT: Final = 2**53

_NAMES: Final = frozenset(
    {
        "uuid",
        "eventType",
        "displayMessage",
        "severity",
        "published",
        "outcome.result",
        "outcome.reason",
        "actor.id",
        "actor.type",
        "actor.alternateId",
        "actor.displayName",
        "target.id",
        "target.type",
        "target.alternateId",
        "target.displayName",
        "client.id",
        "client.device",
        "client.ipAddress",
        "client.userAgent.rawUserAgent",
        "client.userAgent.os",
        "client.userAgent.browser",
        "transaction.id",
        "transaction.type",
        "request.ipChain.ip",
        "authenticationContext.externalSessionId",
        "debugContext.debugData.event",
        "debugContext.debugData.domain",
        "debugContext.debugData.requestId",
    }
)


@dataclass(frozen=True, slots=True)
class SystemLog:
    door: FrontDoor
    store: Store

    def routes(self) -> tuple[Route, ...]:
        return (Route(("GET",), LOGS, self.read, write_error, "logs", idempotent=True, limit=LIMIT_API),)

    async def read(self, request: Request) -> Response:
        """A page of events, oldest first unless asked otherwise. A question without an end is one for what is new: its
        next link is always there."""
        change = await administrator(self.door, request, "logs.read")
        explained = may_read_explanations(change.actor)
        page, polling = _page(request)
        found = await read_log(self.store, change.org_id, page, _fits(request))
        shapes = [log_event(event, found.names, explained=explained) for event in found.events]
        links = _links(request, found, page, polling=polling)
        return Json(data=shapes).with_headers(*links)


def _page(request: Request) -> tuple[EventPage, bool]:
    """The stretch that a caller asks for, and whether they poll for what is new. Raises ValidationFailed."""
    order = (request.query.get("sortOrder") or "ASCENDING").upper()
    if order not in ("ASCENDING", "DESCENDING"):
        raise ValidationFailed("sortOrder", "sortOrder", "sortOrder: ASCENDING or DESCENDING")
    newest_first = order == "DESCENDING"
    until_at, since_at = _moment(request, "until"), _moment(request, "since")
    polling = until_at is None and not newest_first
    if until_at is None:
        until_at = request.now_at - SETTLED_MS if polling else _LATEST_AT
    if since_at is None:
        since_at = min(until_at, request.now_at) - _WEEK_MS
    after = _after(request)
    limit = page_limit(request, default=_PAGE, most=_MOST)
    return EventPage(since_at, until_at, after, newest_first=newest_first, limit=limit), polling


def _moment(request: Request, name: str) -> int | None:
    text = request.query.get(name)
    if not text:
        return None
    found = moment(text) if len(text) <= 40 else None
    if found is None or found.year < 1970:
        raise ValidationFailed(name, name, f"{name}: a moment such as 2026-05-01T10:00:00.000Z")
    # Whole milliseconds: as a fraction of a second some of them would come out one short.
    return int(found.timestamp()) * 1000 + found.microsecond // 1000


def _after(request: Request) -> tuple[int, str] | None:
    """The position that a next link names: a moment, and the id of an event where one was seen."""
    text = request.query.get("after")
    if not text:
        return None
    at, _, ident = text.partition("_")
    if not (at.isascii() and at.isdigit() and len(at) <= 15 and (not ident or is_id(ident))):
        raise ValidationFailed("after", "after", "after: take it from the next link of the page before")
    return int(at), ident


def _links(request: Request, found: LogPage, page: EventPage, *, polling: bool) -> list[tuple[str, str]]:
    base = f"{request.site.domain.base_url}{LOGS}"
    kept = [(name, value) for name, value in request.query.items() if name != "after"]
    own = urlencode(list(request.query.items()))
    links = [("link", f'<{base}{"?" if own else ""}{own}>; rel="self"')]
    if polling or not found.complete:
        at, ident = found.position or (page.since_at, "")
        following = urlencode([*kept, ("after", f"{at}_{ident}" if ident else str(at))])
        links.append(("link", f'<{base}?{following}>; rel="next"'))
    return links


def _fits(request: Request) -> Fits:
    """What ``filter`` and ``q`` ask for. Raises ValidationFailed."""
    text, words = request.query.get("filter"), _words(request)
    if not text and not words:
        return everything
    try:
        wanted = read_filter(text, _NAMES) if text else None
    except BadFilter as error:
        raise ValidationFailed("filter", "filter", f"filter: {error}") from None
    event_id = equals(wanted, "uuid") if wanted is not None else None

    def fits(event: Event, names: Names) -> bool:
        if event_id is not None and event.id != event_id:
            return False
        shape = log_event(event, names, explained=False)
        if wanted is not None and not matches(wanted, lambda name: _value(shape, name)):
            return False
        said = " ".join(_texts(shape)).casefold() if words else ""
        return all(word in said for word in words)

    return fits


def _words(request: Request) -> list[str]:
    words = (request.query.get("q") or "").casefold().split()
    if len(words) > _MOST_WORDS or any(len(word) > _MOST_WORD_CHARS for word in words):
        text = f"q: at most {_MOST_WORDS} words of at most {_MOST_WORD_CHARS} characters"
        raise ValidationFailed("q", "q", text)
    return words


def _value(shape: JsonValue, name: str) -> FieldValue:
    """What stands under a dotted name; of a list, what stands there in each of its members."""
    found: list[JsonValue] = [shape]
    for part in name.split("."):
        inner = [each.get(part) for each in found if isinstance(each, dict)]
        found = [one for each in inner for one in (each if isinstance(each, list) else [each])]
    return [each for each in found if _is_scalar(each)]  # type: ignore[misc]


def _is_scalar(value: JsonValue) -> bool:
    return value is None or isinstance(value, str | int | bool)


def _texts(shape: JsonValue) -> Iterator[str]:
    match shape:
        case str():
            yield shape
        case dict():
            for each in shape.values():
                yield from _texts(each)
        case list():
            for each in shape:
                yield from _texts(each)
