"""Removing what is long dead from SQLite, a page at a time between other writes."""

import sqlite3
from typing import Final

from segue.storage import statements
from segue.storage.sqlite_connection import local
from segue.storage.sqlite_part import SqlitePart

_PAGE: Final = 500
_BOUND = "tombstones.id IN (SELECT value FROM json_each(c.bind_path))"
# Credentials first: the tombstones and participations they kept can then go in the same run.
_TEXTS = [
    (
        local(statements.purge_page(table)),
        local(statements.purge(table).replace("{bound}", _BOUND)),
        b"" if table == "foreign_uses" else "",
    )
    for table in statements.DEAD
]


class SqlitePurge(SqlitePart):
    async def purge(self, *, keep_ms: int) -> int:
        """Removes what ended more than ``keep_ms`` ago; answers the number of rows.

        Nothing comes back to life: a tombstone stays at least ``keep_ms`` and until every credential that it ends is
        off the record.
        """
        removed = 0
        for page_text, purge_text, lowest in _TEXTS:
            start: tuple[str, int, str | bytes] = ("", -1, lowest)
            while end := await self._row(page_text, *start, _PAGE):
                removed += await self._purge_page(purge_text, (keep_ms, *start, *end))
                start = end
        return removed

    async def _purge_page(self, text: str, values: tuple[int | str | bytes, ...]) -> int:
        def work(connection: sqlite3.Connection) -> int:
            return connection.execute(text, values).rowcount

        return await self._write(work)
