"""A PostgreSQL that aborts every third statement after it ran, as SERIALIZABLE, a failover or a deadlock may."""

from itertools import count
from typing import Any

import asyncpg

_calls = count()


class AbortingConnection(asyncpg.Connection):
    """Runs a statement to its end, takes back what it did, and reports the abort, the way a failing COMMIT does."""

    __slots__ = ()

    async def fetch(self, *arguments: Any, **options: Any) -> list[Any]:
        if next(_calls) % 3:
            return await super().fetch(*arguments, **options)
        transaction = self.transaction()
        await transaction.start()
        try:
            await super().fetch(*arguments, **options)
        finally:
            await transaction.rollback()
        raise asyncpg.SerializationError("could not serialize access")
