"""Remembered devices on PostgreSQL."""

from typing import Final

from segue.core.secret import partition_of
from segue.storage import rows, statements
from segue.storage.factor_rows import device_digest
from segue.storage.postgres_pool import Database
from segue.storage.postgres_statements import local

_REMEMBER: Final = local(statements.REMEMBER_DEVICE)
_REMEMBERS: Final = local(statements.REMEMBERS_DEVICE)


class PostgresDevices:
    """The remembered devices of ``CredentialStore``."""

    _database: Database
    _epoch: int

    async def remember_device(self, org_id: str, user_id: str, device: str, *, life_ms: int) -> None:
        """Once more, and it is remembered for ``life_ms`` from now."""
        values = (org_id, partition_of(user_id), user_id, device_digest(device), life_ms, self._epoch)
        await self._database.write(_REMEMBER, *values)

    async def remembers_device(self, org_id: str, user_id: str, device: str) -> bool:
        partition = rows.find_partition(user_id)
        if partition is None:
            return False
        values = (org_id, partition, user_id, device_digest(device), self._epoch)
        return bool(await self._database.read(_REMEMBERS, *values))

    async def forget_devices(self, org_id: str, user_id: str) -> None:
        partition = rows.find_partition(user_id)
        if partition is not None:
            await self._database.write(statements.FORGET_DEVICES, org_id, partition, user_id)
