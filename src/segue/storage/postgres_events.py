"""Events that belong to no change of state, on PostgreSQL, and reading one."""

from collections.abc import Sequence
from typing import Final

from segue.events import Event
from segue.storage import rows, statements
from segue.storage.postgres_pool import Database
from segue.storage.postgres_statements import add_events, events_json

_APPEND: Final = add_events("$1")


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
