"""What the modules of the SQLite store share: one reader, one writer, the epoch."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any, TypeVar

from segue.storage.rows import storable
from segue.storage.sqlite_connection import Reader, Rows
from segue.storage.sqlite_writer import Work, Writer
from segue.stores import StoreUnavailable

_Result = TypeVar("_Result")


class SqlitePart:
    """Opened and closed by ``sqlite.SqliteStore``; until then every operation raises StoreUnavailable."""

    def __init__(self, path: Path, *, epoch: int) -> None:
        self._path = path
        self._epoch = epoch
        self._reader: Reader | None = None
        self._writer: Writer | None = None

    async def _rows(self, text: str, *values: Any) -> Rows:
        """All rows of a reading statement; none where a value is a text that no column could hold."""
        if self._reader is None:
            raise StoreUnavailable("the store is not open")
        if not all(storable(value) for value in values if isinstance(value, str)):
            return []
        return await self._reader.rows(text, values)

    async def _row(self, text: str, *values: Any) -> tuple[Any, ...] | None:
        rows = await self._rows(text, *values)
        return rows[0] if rows else None

    async def _one(self, text: str, values: Mapping[str, Any]) -> tuple[Any, ...] | None:
        """The only row of a reading statement with named values."""
        rows = await self._all(text, values)
        return rows[0] if rows else None

    async def _all(self, text: str, values: Mapping[str, Any]) -> Rows:
        """All rows of a reading statement with named values."""
        if self._reader is None:
            raise StoreUnavailable("the store is not open")
        return await self._reader.rows(text, values)

    async def _write(self, work: Work[_Result]) -> _Result:
        if self._writer is None:
            raise StoreUnavailable("the store is not open")
        return await self._writer.run(work)
