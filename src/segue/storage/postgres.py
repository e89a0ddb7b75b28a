"""The PostgreSQL store, put together from its aggregates."""

from segue.storage import statements
from segue.storage.postgres_assignments import PostgresAssignments
from segue.storage.postgres_credentials import PostgresCredentials
from segue.storage.postgres_devices import PostgresDevices
from segue.storage.postgres_events import PostgresEvents
from segue.storage.postgres_factors import PostgresFactors
from segue.storage.postgres_groups import PostgresGroups
from segue.storage.postgres_lineage import PostgresLineage
from segue.storage.postgres_policies import PostgresPolicies
from segue.storage.postgres_pool import Database
from segue.storage.postgres_purge import PostgresPurge
from segue.storage.postgres_roles import PostgresRoles
from segue.storage.postgres_statements import local
from segue.storage.postgres_trust import PostgresTrust
from segue.storage.postgres_users import PostgresUsers

_CLOCK = local(statements.CLOCK)
_HAS_SCHEMA = "SELECT 1 WHERE to_regclass('alembic_version') IS NOT NULL"


class PostgresStore(
    PostgresPolicies,
    PostgresGroups,
    PostgresAssignments,
    PostgresRoles,
    PostgresUsers,
    PostgresCredentials,
    PostgresLineage,
    PostgresFactors,
    PostgresDevices,
    PostgresEvents,
    PostgresPurge,
    PostgresTrust,
):
    """``segue.stores.Store`` on a PostgreSQL database, which any number of processes share.

    ``url`` is ``postgresql://user:password@host:port/database``. With several hosts and
    ``target_session_attrs=read-write`` it follows a failover. ``epoch`` voids every credential written under another.
    """

    def __init__(self, url: str, *, epoch: int) -> None:
        self._database = Database(url)
        self._epoch = epoch

    async def open(self) -> None:
        """Raises StoreUnavailable where the server is away or does not keep what it acknowledges."""
        await self._database.open()

    async def close(self) -> None:
        """Waits for the writes that are under way, then disconnects."""
        await self._database.close()

    async def ping(self) -> int:
        (row,) = await self._database.read(_CLOCK)
        return int(row[0])

    async def schema_version(self) -> str | None:
        if not await self._database.read(_HAS_SCHEMA):
            return None
        found = await self._database.read("SELECT version_num FROM alembic_version")
        return str(found[0][0]) if found else None
