"""Counting attempts on SQLite."""

import sqlite3

from segue.storage import rows, statements
from segue.storage.sqlite_connection import local
from segue.storage.sqlite_part import SqlitePart
from segue.stores import Attempts

_COUNT = local(statements.COUNT_ATTEMPT)
_ATTEMPTS = local(statements.ATTEMPTS)
_CLEAR = local(statements.CLEAR_ATTEMPTS)


class SqliteAttempts(SqlitePart):
    """``AttemptStore`` of ``segue.stores``."""

    async def count_attempt(self, org_id: str, key: str, *, limit: int, lock_ms: int) -> Attempts:
        partition, stored = rows.attempt_key(key)

        def work(connection: sqlite3.Connection) -> Attempts:
            counted = connection.execute(_COUNT, (org_id, partition, stored, limit, lock_ms)).fetchall()
            if counted:
                count, locked_until_at = counted[0]
                return Attempts(count, locked_until_at, locked_now=False, just_locked=locked_until_at > 0)
            count, locked_until_at = connection.execute(_ATTEMPTS, (org_id, partition, stored)).fetchall()[0]
            return Attempts(count, locked_until_at, locked_now=True, just_locked=False)

        return await self._write(work)

    async def clear_attempts(self, org_id: str, key: str) -> None:
        partition, stored = rows.attempt_key(key)

        def work(connection: sqlite3.Connection) -> None:
            connection.execute(_CLEAR, (org_id, partition, stored))

        await self._write(work)
