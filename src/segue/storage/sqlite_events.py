"""Events on SQLite."""

import sqlite3
from collections.abc import Callable, Sequence
from typing import Any

from segue.events import Event
from segue.storage import rows, statements
from segue.storage.sqlite_connection import local
from segue.storage.sqlite_part import SqlitePart
from segue.stores import EventPage

_ADD_EVENT = local(statements.ADD_EVENT)
_EVENT = local(statements.EVENT)
# By whether they are about a user, and whether the newest comes first.
_EVENTS = {
    (False, False): local(statements.EVENTS_FORWARD),
    (False, True): local(statements.EVENTS_BACKWARD),
    (True, False): local(statements.EVENTS_OF_USER_FORWARD),
    (True, True): local(statements.EVENTS_OF_USER_BACKWARD),
}
_PURGE_EVENTS = local(statements.PURGE_EVENTS)
_ORGS = local(statements.ORGS)
_PURGE_PAGE = 500


def add_event(connection: sqlite3.Connection, event: Event) -> None:
    """Writes an event inside the operation it belongs to."""
    connection.execute(_ADD_EVENT, rows.event_values(event))


def with_event(
    change: str, values: Sequence[Any], event: Event, *also: tuple[str, Sequence[Any]]
) -> Callable[[sqlite3.Connection], bool]:
    """The work of a conditional change with its event; False and nothing written where it changed no row.

    ``change`` answers the rows that it changed; ``also`` are further statements that follow it then.
    """

    def work(connection: sqlite3.Connection) -> bool:
        if not connection.execute(change, values).fetchall():
            return False
        for text, bound in also:
            connection.execute(text, bound)
        add_event(connection, event)
        return True

    return work


class SqliteEvents(SqlitePart):
    """``EventStore`` of ``segue.stores``."""

    async def append(self, events: Sequence[Event]) -> None:
        values = [rows.event_values(event) for event in events]

        def work(connection: sqlite3.Connection) -> None:
            connection.executemany(_ADD_EVENT, values)

        await self._write(work)

    async def event(self, org_id: str, event_id: str) -> Event | None:
        partition = rows.find_partition(event_id)
        row = None if partition is None else await self._row(_EVENT, org_id, partition, event_id)
        return rows.event(row) if row else None

    async def events(self, org_id: str, page: EventPage) -> Sequence[Event]:
        asked = rows.events_read(org_id, page)
        if asked is None:
            return []
        of_user, values = asked
        return [rows.event(row) for row in await self._rows(_EVENTS[of_user, page.newest_first], *values)]

    async def purge_events(self, *, keep_ms: int) -> int:
        removed = 0
        for row in await self._rows(_ORGS):
            while page := await self._purge_page_of_events(row[0], keep_ms):
                removed += page
        return removed

    async def _purge_page_of_events(self, org_id: str, keep_ms: int) -> int:
        def work(connection: sqlite3.Connection) -> int:
            return connection.execute(_PURGE_EVENTS, (org_id, keep_ms, _PURGE_PAGE)).rowcount

        return await self._write(work)
