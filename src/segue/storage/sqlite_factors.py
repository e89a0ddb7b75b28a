"""Factors on SQLite."""

import sqlite3
from collections.abc import Sequence

from segue.core.factor import FactorEnrollment
from segue.events import Event
from segue.storage import factor_rows, rows, statements
from segue.storage.nested import to_json
from segue.storage.sqlite_connection import local
from segue.storage.sqlite_events import add_event, with_event
from segue.storage.sqlite_part import SqlitePart
from segue.stores import FactorStep

_FACTORS = local(statements.FACTORS)
_PUT_FACTOR = local(statements.PUT_FACTOR)
_REMOVE_FACTOR = local(statements.REMOVE_FACTOR)
_STEP = local("""
    UPDATE factors
    SET last_step = coalesce(:step, last_step), last_used_at = {now},
        sealed_secret = coalesce(:sealed_secret, sealed_secret), profile = coalesce(:profile, profile),
        status = coalesce(:status, status)
    WHERE org_id = :org_id AND partition = :partition AND user_id = :user_id AND id = :id
    AND coalesce(:status, status) = 'active' AND (:step IS NULL OR last_step < :step)
    RETURNING id
""")


def record_step(connection: sqlite3.Connection, org_id: str, partition: int, step: FactorStep) -> bool:
    """Records inside an operation that a factor accepted a step; False where it did so before (AU-08)."""
    changed = step.enrollment
    values = {
        "org_id": org_id,
        "partition": partition,
        "user_id": step.user_id,
        "id": step.factor_id,
        "step": step.step,
        "sealed_secret": changed.sealed_secret if changed else None,
        "profile": to_json(changed.profile) if changed else None,
        "status": changed.status if changed else None,
    }
    return bool(connection.execute(_STEP, values).fetchall())


class SqliteFactors(SqlitePart):
    """``FactorStore`` of ``segue.stores``."""

    async def factors(self, org_id: str, user_id: str) -> Sequence[FactorEnrollment]:
        partition = rows.find_partition(user_id)
        if partition is None:
            return ()
        return [factor_rows.factor(row) for row in await self._rows(_FACTORS, org_id, partition, user_id)]

    async def put_factor(self, factor: FactorEnrollment, event: Event) -> None:
        factor_rows.check_factor(factor, event)

        def work(connection: sqlite3.Connection) -> None:
            connection.execute(_PUT_FACTOR, factor_rows.factor_values(factor))
            add_event(connection, event)

        await self._write(work)

    async def remove_factor(self, org_id: str, user_id: str, factor_id: str, event: Event) -> bool:
        partition = rows.find_partition(user_id)
        if partition is None or not rows.storable(factor_id):
            return False
        return await self._write(with_event(_REMOVE_FACTOR, (org_id, partition, user_id, factor_id), event))
