"""Factors on PostgreSQL. That one accepted a step is part of a commit (``postgres_credentials``)."""

from collections.abc import Sequence
from typing import Final

from segue.core.factor import FactorEnrollment
from segue.events import Event
from segue.storage import factor_rows, rows, statements
from segue.storage.postgres_pool import Database
from segue.storage.postgres_statements import events_json, with_event

_PUT_FACTOR: Final = with_event(statements.PUT_FACTOR)
_REMOVE_FACTOR: Final = with_event(statements.REMOVE_FACTOR)


class PostgresFactors:
    """``FactorStore``."""

    _database: Database

    async def factors(self, org_id: str, user_id: str) -> Sequence[FactorEnrollment]:
        partition = rows.find_partition(user_id)
        if partition is None:
            return ()
        found = await self._database.read(statements.FACTORS, org_id, partition, user_id)
        return [factor_rows.factor(row) for row in found]

    async def put_factor(self, factor: FactorEnrollment, event: Event) -> None:
        factor_rows.check_factor(factor, event)
        await self._database.write(_PUT_FACTOR, *factor_rows.factor_values(factor), events_json([event]))

    async def remove_factor(self, org_id: str, user_id: str, factor_id: str, event: Event) -> bool:
        partition = rows.find_partition(user_id)
        if partition is None or not rows.storable(factor_id):
            return False
        values = (org_id, partition, user_id, factor_id)
        return bool(await self._database.write(_REMOVE_FACTOR, *values, events_json([event])))
