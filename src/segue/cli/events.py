"""``segue events``: the newest entries of the log, and those that come."""

import asyncio
import json
from collections.abc import Iterable
from dataclasses import asdict, dataclass, replace
from datetime import UTC, datetime
from typing import Final

from segue.admin.log import Fits, LogPage, Names, everything, read_log
from segue.admin.users import find_user
from segue.cli.workplace import Workplace, say
from segue.events import Event
from segue.stores import EventPage

_ASK_AGAIN_S: Final = 1.0
#: An event is written after the moment it tells; nothing younger is told while following (see docs/decisions/0023).
_SETTLED_MS: Final = 2_000


@dataclass(frozen=True, slots=True)
class Wanted:
    """``words`` all have to stand somewhere in an event; ``user`` is a login or an id."""

    count: int
    words: tuple[str, ...] = ()
    user: str = ""
    follow: bool = False
    as_json: bool = False


async def show(workplace: Workplace, wanted: Wanted, *, org: str | None) -> None:
    """Prints the newest events that fit, oldest first; with ``follow`` goes on until it is interrupted."""
    change = workplace.change((await workplace.org(org)).id)
    user_id = (await find_user(workplace.store, wanted.user, change)).id if wanted.user else None
    fits = _fits(wanted.words)
    now_at = change.now_at
    until_at = now_at - _SETTLED_MS if wanted.follow else 2**53
    page = EventPage(until_at=until_at, newest_first=True, limit=wanted.count, user_id=user_id)
    found = await read_log(workplace.store, change.org_id, page, fits)
    _print(found.events[::-1], found, wanted)
    if not wanted.follow:
        return
    ahead = EventPage(since_at=until_at, limit=1000, user_id=user_id)
    while True:
        await asyncio.sleep(_ASK_AGAIN_S)
        stretch = replace(ahead, until_at=workplace.source.now_at() - _SETTLED_MS)
        found = await read_log(workplace.store, change.org_id, stretch, fits)
        _print(found.events, found, wanted)
        ahead = replace(ahead, after=found.position)


def _fits(words: tuple[str, ...]) -> Fits:
    if not words:
        return everything
    sought = [word.casefold() for word in words]

    def fits(event: Event, names: Names) -> bool:
        said = json.dumps([asdict(event), *_names(event, names)], default=str, ensure_ascii=False).casefold()
        return all(word in said for word in sought)

    return fits


def _print(events: Iterable[Event], page: LogPage, wanted: Wanted) -> None:
    for event in events:
        say(json.dumps(asdict(event), default=str) if wanted.as_json else _line(event, page.names))


def _line(event: Event, names: Names) -> str:
    when = datetime.fromtimestamp(event.at / 1000, UTC).isoformat(sep=" ", timespec="milliseconds")[:23]
    outcome = "" if event.outcome == "success" else f"{event.outcome} {event.reason}".strip()
    told = [when, event.id, event.type, outcome, *_names(event, names), event.address]
    return "  ".join(part for part in told if part)


def _names(event: Event, names: Names) -> list[str]:
    """Who it is about, by the names people know."""
    user, app = names.users.get(event.user_id or ""), names.apps.get(event.app_id or "")
    actor = names.users.get(event.actor_id or "")
    by = actor.login if actor else event.actor_id
    return [user.login if user else "", app.label if app else "", f"by {by}" if by and event.actor_id else ""]
