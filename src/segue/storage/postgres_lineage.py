"""All that was issued to a user, with what ended it, on PostgreSQL."""

import json
from collections.abc import Sequence
from typing import Final

from segue.storage import rows, statements
from segue.storage.postgres_credentials import REVOKED, live
from segue.storage.postgres_pool import Database
from segue.stores import Ended, Traced

# ruff: noqa: S608 -- the texts are put together from column names written here; a value is always a parameter.

# org, partition, user, epoch
LINEAGE: Final = f"""
    SELECT {rows.prefixed("c", rows.CREDENTIAL_COLUMNS)}, {live("$4")},
        (SELECT coalesce(json_agg(json_build_array(t.id, t.at, t.reason)), '[]') FROM tombstones AS t
         WHERE {REVOKED})
    FROM credentials AS c
    WHERE c.org_id = $1 AND c.partition = $2 AND c.user_id = $3
    ORDER BY c.issued_at DESC, c.id DESC LIMIT {statements.MOST_OF_LINEAGE}
"""


class PostgresLineage:
    """``lineage`` of ``CredentialStore``."""

    _database: Database
    _epoch: int

    async def lineage(self, org_id: str, user_id: str) -> Sequence[Traced]:
        partition = rows.find_partition(user_id)
        if partition is None:
            return ()
        found = await self._database.read(LINEAGE, org_id, partition, user_id, self._epoch)
        width = len(rows.CREDENTIAL_COLUMNS.split(", "))
        return [
            Traced(rows.credential(row), bool(row[width]), tuple(Ended(*each) for each in json.loads(row[width + 1])))
            for row in found
        ]
