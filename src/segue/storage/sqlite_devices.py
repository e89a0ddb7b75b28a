"""Remembered devices on SQLite."""

import sqlite3

from segue.core.secret import partition_of
from segue.storage import rows, statements
from segue.storage.factor_rows import device_digest
from segue.storage.sqlite_connection import local
from segue.storage.sqlite_part import SqlitePart

_REMEMBER = local(statements.REMEMBER_DEVICE)
_REMEMBERS = local(statements.REMEMBERS_DEVICE)
_FORGET = local(statements.FORGET_DEVICES)


class SqliteDevices(SqlitePart):
    """The remembered devices of ``CredentialStore``."""

    async def remember_device(self, org_id: str, user_id: str, device: str, *, life_ms: int) -> None:
        """Once more, and it is remembered for ``life_ms`` from now."""
        values = (org_id, partition_of(user_id), user_id, device_digest(device), life_ms, self._epoch)

        def work(connection: sqlite3.Connection) -> None:
            connection.execute(_REMEMBER, values)

        await self._write(work)

    async def remembers_device(self, org_id: str, user_id: str, device: str) -> bool:
        partition = rows.find_partition(user_id)
        if partition is None:
            return False
        return bool(await self._rows(_REMEMBERS, org_id, partition, user_id, device_digest(device), self._epoch))

    async def forget_devices(self, org_id: str, user_id: str) -> None:
        partition = rows.find_partition(user_id)
        if partition is None:
            return

        def work(connection: sqlite3.Connection) -> None:
            connection.execute(_FORGET, (org_id, partition, user_id))

        await self._write(work)
