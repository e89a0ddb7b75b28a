"""Events on SQLite."""

import sqlite3
from collections.abc import Callable, Sequence
from typing import Any

from segue.events import Event
from segue.storage import rows, statements
from segue.storage.sqlite_connection import local
from segue.storage.sqlite_part import SqlitePart

_ADD_EVENT = local(statements.ADD_EVENT)
_EVENT = local(statements.EVENT)


def add_event(connection: sqlite3.Connection, event: Event) -> None:
    """Writes an event inside the operation it belongs to."""
    connection.execute(_ADD_EVENT, rows.event_values(event))


def with_event(change: str, values: Sequence[Any], event: Event) -> Callable[[sqlite3.Connection], bool]:
    """The work of a conditional change with its event; False and nothing written where it changed no row.

    ``change`` answers the rows that it changed.
    """

    def work(connection: sqlite3.Connection) -> bool:
        if not connection.execute(change, values).fetchall():
            return False
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
