"""All that was issued to a user, with what ended it, on SQLite."""

import json
from collections.abc import Sequence
from typing import Final

from segue.storage import rows, statements
from segue.storage.sqlite_connection import local
from segue.storage.sqlite_credentials import LIVE
from segue.storage.sqlite_part import SqlitePart
from segue.stores import Ended, Traced

# ruff: noqa: S608 -- the texts are put together from column names written here; a value is always bound.

LINEAGE: Final = local(f"""
    SELECT {rows.prefixed("c", rows.CREDENTIAL_COLUMNS)}, {LIVE},
        (SELECT json_group_array(json_array(t.id, t.at, t.reason)) FROM tombstones AS t
         WHERE t.org_id = c.org_id AND t.partition = c.partition
         AND (t.id = c.id OR t.id IN (SELECT value FROM json_each(c.bind_path))))
    FROM credentials AS c
    WHERE c.org_id = :org_id AND c.partition = :partition AND c.user_id = :user_id
    ORDER BY c.issued_at DESC, c.id DESC LIMIT {statements.MOST_OF_LINEAGE}
""")


class SqliteLineage(SqlitePart):
    """``lineage`` of ``CredentialStore``."""

    async def lineage(self, org_id: str, user_id: str) -> Sequence[Traced]:
        partition = rows.find_partition(user_id)
        if partition is None:
            return ()
        values = {"org_id": org_id, "partition": partition, "user_id": user_id, "epoch": self._epoch}
        found = await self._all(LINEAGE, values)
        return [
            Traced(rows.credential(row), bool(row[-2]), tuple(Ended(*each) for each in json.loads(row[-1])))
            for row in found
        ]
