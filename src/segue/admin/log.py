"""The log of an org: its events in the order of time, a page at a time, with the names of who they speak of.

What a page has to fit is a function, so that each caller asks in its own words. A question that hardly anything fits
reads a bounded part of the log and says where to go on from there: no question can hold the database for long.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Final

from segue.admin.actor import Actor
from segue.core.application import Application
from segue.core.user import User
from segue.events import Event
from segue.stores import EventPage, Store

EXPLANATIONS: Final = "explanations.read"
"""The permission to read why something was decided: the checks of a verdict, with what was expected and seen."""

_BATCH: Final = 500
_MOST_READ: Final = 5_000


@dataclass(frozen=True, slots=True)
class Names:
    """Users and applications that events name, by id; whoever was removed since is not there. ``custom_servers`` are
    the ids of the org's authorization servers but for its own."""

    users: Mapping[str, User] = field(default_factory=dict)
    apps: Mapping[str, Application] = field(default_factory=dict)
    custom_servers: frozenset[str] = frozenset()


Fits = Callable[[Event, Names], bool]


@dataclass(frozen=True, slots=True)
class LogPage:
    """Events in the order asked for. ``position`` is the moment and id of the last event that was looked at, None where
    there was none; ``complete`` says that nothing was left behind it."""

    events: tuple[Event, ...]
    names: Names
    position: tuple[int, str] | None
    complete: bool


def everything(_event: Event, _names: Names) -> bool:
    return True


async def read_log(store: Store, org_id: str, page: EventPage, fits: Fits = everything) -> LogPage:
    """At most ``page.limit`` events of the stretch that fit. Fewer are found than there are where 5,000 had to be read:
    then the page is not complete and the next one goes on."""
    found: list[Event] = []
    servers = await store.authorization_servers(org_id)
    names = Names(custom_servers=frozenset(server.id for server in servers if server.path))
    position, looked_at = page.after, 0
    # One more than is wanted tells whether there is more.
    size = page.limit + 1 if fits is everything else max(_BATCH, page.limit + 1)
    while looked_at < _MOST_READ:
        batch = await store.events(org_id, replace(page, after=position, limit=size))
        names = await _with_names(store, org_id, batch, names)
        for event in batch:
            if len(found) == page.limit:
                return LogPage(tuple(found), names, position, complete=False)
            position = (event.at, event.id)
            if fits(event, names):
                found.append(event)
        looked_at += len(batch)
        if len(batch) < size:
            return LogPage(tuple(found), names, position, complete=True)
    return LogPage(tuple(found), names, position, complete=False)


def may_read_explanations(actor: Actor | None) -> bool:
    """Whether the trail of decisions is shown to ``actor``; None is the command line, which sees everything."""
    return actor is None or actor.may(EXPLANATIONS)


async def _with_names(store: Store, org_id: str, events: Sequence[Event], known: Names) -> Names:
    """``known`` and the names of whoever else the events speak of: one look-up for all users of a batch."""
    user_ids = {ident for event in events for ident in (event.user_id, event.actor_id) if ident} - known.users.keys()
    app_ids = {event.app_id for event in events if event.app_id} - known.apps.keys()
    if not user_ids and not app_ids:
        return known
    users = {user.id: user for user in await store.users_of_ids(org_id, sorted(user_ids))} if user_ids else {}
    apps = [app for ident in sorted(app_ids) if (app := await store.application(org_id, ident)) is not None]
    known_apps = {**known.apps, **{app.id: app for app in apps}}
    return replace(known, users={**known.users, **users}, apps=known_apps)
