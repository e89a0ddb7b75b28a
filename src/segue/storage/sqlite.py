"""The SQLite store, put together from its aggregates."""

import asyncio

from segue.storage import statements
from segue.storage.sqlite_assignments import SqliteAssignments
from segue.storage.sqlite_attempts import SqliteAttempts
from segue.storage.sqlite_connection import Reader, local
from segue.storage.sqlite_credentials import SqliteCredentials
from segue.storage.sqlite_devices import SqliteDevices
from segue.storage.sqlite_events import SqliteEvents
from segue.storage.sqlite_factors import SqliteFactors
from segue.storage.sqlite_groups import SqliteGroups
from segue.storage.sqlite_lineage import SqliteLineage
from segue.storage.sqlite_policies import SqlitePolicies
from segue.storage.sqlite_purge import SqlitePurge
from segue.storage.sqlite_roles import SqliteRoles
from segue.storage.sqlite_trust import SqliteTrust
from segue.storage.sqlite_users import SqliteUsers
from segue.storage.sqlite_writer import Writer
from segue.stores import StoreUnavailable

_CLOCK = local(statements.CLOCK)
_HAS_SCHEMA = "SELECT 1 FROM sqlite_schema WHERE type = 'table' AND name = 'alembic_version'"


class SqliteStore(
    SqlitePolicies,
    SqliteGroups,
    SqliteAssignments,
    SqliteRoles,
    SqliteUsers,
    SqliteAttempts,
    SqliteCredentials,
    SqliteLineage,
    SqliteFactors,
    SqliteDevices,
    SqliteEvents,
    SqlitePurge,
    SqliteTrust,
):
    """``segue.stores.Store`` on one SQLite file, which several processes of one machine may share.

    The file must exist (``migrate.upgrade`` makes it).
    """

    async def open(self) -> None:
        """Raises StoreUnavailable where there is no file or it cannot be opened for writing."""
        reader = Reader(self._path)
        try:
            self._writer = Writer(self._path)
        except BaseException:
            reader.close()
            raise
        self._reader = reader

    async def close(self) -> None:
        """Lets the writes that were accepted finish; more are refused."""
        writer, reader = self._writer, self._reader
        self._writer = self._reader = None
        if writer:
            await asyncio.to_thread(writer.close)
        if reader:
            reader.close()

    async def ping(self) -> int:
        row = await self._row(_CLOCK)
        if row is None:
            raise StoreUnavailable("SQLite did not tell the time")
        return int(row[0])

    async def schema_version(self) -> str | None:
        if not await self._row(_HAS_SCHEMA):
            return None
        row = await self._row("SELECT version_num FROM alembic_version")
        return str(row[0]) if row else None
