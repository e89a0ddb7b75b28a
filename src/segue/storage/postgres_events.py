"""Events that belong to no change of state, on PostgreSQL, and reading one."""

from collections.abc import Sequence
from typing import Final

from segue.events import Event
from segue.storage import rows, statements
from segue.storage.postgres_pool import Database
from segue.storage.postgres_statements import add_events, events_json, local
from segue.stores import EventPage

_APPEND: Final = add_events("$1")
# By whether they are about a user, and whether the newest comes first.
_EVENTS: Final = {
    (False, False): statements.EVENTS_FORWARD,
    (False, True): statements.EVENTS_BACKWARD,
    (True, False): statements.EVENTS_OF_USER_FORWARD,
    (True, True): statements.EVENTS_OF_USER_BACKWARD,
}
_PURGE_EVENTS: Final = local(statements.PURGE_EVENTS) + " RETURNING 1"
_PURGE_PAGE: Final = 500


class PostgresEvents:
    """``EventStore``."""

    _database: Database

    async def append(self, events: Sequence[Event]) -> None:
        await self._database.write(_APPEND, events_json(events))

    async def event(self, org_id: str, event_id: str) -> Event | None:
        partition = rows.find_partition(event_id)
        if partition is None:
            return None
        found = await self._database.read(statements.EVENT, org_id, partition, event_id)
        return rows.event(found[0]) if found else None

    async def events(self, org_id: str, page: EventPage) -> Sequence[Event]:
        asked = rows.events_read(org_id, page)
        if asked is None:
            return []
        of_user, values = asked
        return [rows.event(row) for row in await self._database.read(_EVENTS[of_user, page.newest_first], *values)]

    async def purge_events(self, *, keep_ms: int) -> int:
        removed = 0
        for org in await self._database.read(statements.ORGS):
            while page := len(await self._database.write(_PURGE_EVENTS, org[0], keep_ms, _PURGE_PAGE)):
                removed += page
        return removed
