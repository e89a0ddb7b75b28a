"""A database under test, reached past its store where a test has to."""

import sqlite3
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import asyncpg

from segue.storage import open_store, sqlite_path
from segue.stores import Store

EPOCH = 1_700_000_000


@dataclass(frozen=True, slots=True)
class TestDatabase:
    """A migrated database at ``url``.

    ``execute`` and ``rows`` are for what no operation of a store does: to move a moment that the database's clock set,
    to put a group there, to look at what was really written. Values are ``$1``, ``$2`` … on both engines.
    """

    __test__ = False

    url: str

    def store(self, *, epoch: int = EPOCH) -> Store:
        """A store on this database, not yet opened."""
        return open_store(self.url, epoch=epoch)

    @property
    def file(self) -> Path | None:
        return sqlite_path(self.url)

    async def rows(self, statement: str, *values: object) -> list[tuple[Any, ...]]:
        if self.file:
            with sqlite3.connect(self.file, timeout=10) as file:
                answer = file.execute(statement.replace("$", "?"), values).fetchall()
            file.close()
            return answer
        connection = await asyncpg.connect(self.url)
        try:
            return [tuple(row) for row in await connection.fetch(statement, *values)]
        finally:
            await connection.close()

    async def execute(self, statement: str, *values: object) -> None:
        await self.rows(statement, *values)

    async def dump(self) -> bytes:
        """Everything in every table, as bytes to search in."""
        texts = [f"SELECT * FROM {table}" for table in await self.tables()]
        cells = [cell for text in texts for row in await self.rows(text) for cell in row]
        return b"\n".join(cell if isinstance(cell, bytes) else str(cell).encode() for cell in cells)

    async def tables(self) -> Sequence[str]:
        if self.file:
            found = await self.rows("SELECT name FROM sqlite_schema WHERE type = 'table'")
        else:
            found = await self.rows("SELECT tablename::text FROM pg_tables WHERE schemaname = 'public'")
        return [name for (name,) in found]
