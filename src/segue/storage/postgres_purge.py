"""Removing what is long dead from PostgreSQL, a page at a time."""

from typing import Final

from segue.storage import statements
from segue.storage.postgres_pool import Database
from segue.storage.postgres_statements import local

_PAGE: Final = 500
_BOUND: Final = "tombstones.id = ANY (c.bind_path)"
# Credentials first: the tombstones and participations they kept can then go in the same run.
_STATEMENTS: Final = [
    (
        local(statements.purge_page(table)),
        local(statements.purge(table).replace("{bound}", _BOUND)) + " RETURNING 1",
        b"" if table == "foreign_uses" else "",
    )
    for table in statements.DEAD
]


class PostgresPurge:
    _database: Database

    async def purge(self, *, keep_ms: int) -> int:
        """Removes what ended more than ``keep_ms`` ago; answers the number of rows.

        Nothing comes back to life: a tombstone stays at least ``keep_ms`` and until every credential that it ends is
        off the record.
        """
        removed = 0
        for page, purge, lowest in _STATEMENTS:
            start: tuple[object, ...] = ("", -1, lowest)
            while found := await self._database.read(page, *start, _PAGE):
                end = (found[0][0], found[0][1], found[0][2])
                removed += len(await self._database.write(purge, keep_ms, *start, *end))
                start = end
        return removed
