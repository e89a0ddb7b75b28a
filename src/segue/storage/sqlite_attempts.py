"""Counting attempts on SQLite."""

import json
import sqlite3
from collections.abc import Mapping, Sequence

from segue.storage import rows, statements
from segue.storage.sqlite_connection import local
from segue.storage.sqlite_part import SqlitePart
from segue.stores import Attempts, SignIns

_COUNT = local(statements.COUNT_ATTEMPT)
_ATTEMPTS = local(statements.ATTEMPTS)
_CLEAR = local(statements.CLEAR_ATTEMPTS)
# org, [[partition, key], …]
_SIGN_INS = local("""
    SELECT a.key, a.locked_until_at > {now}, a.succeeded_at FROM json_each($2) AS wanted CROSS JOIN login_attempts AS a
    WHERE a.org_id = $1 AND a.partition = json_extract(wanted.value, '$[0]')
    AND a.key = json_extract(wanted.value, '$[1]')
""")


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

    async def clear_attempts(self, org_id: str, key: str, *, succeeded: bool = False) -> None:
        partition, stored = rows.attempt_key(key)

        def work(connection: sqlite3.Connection) -> None:
            connection.execute(_CLEAR, (org_id, partition, stored, succeeded))

        await self._write(work)

    async def sign_ins(self, org_id: str, user_ids: Sequence[str]) -> Mapping[str, SignIns]:
        wanted = json.dumps([rows.attempt_key(user_id) for user_id in user_ids])
        return {row[0]: SignIns(bool(row[1]), row[2]) for row in await self._rows(_SIGN_INS, org_id, wanted)}
