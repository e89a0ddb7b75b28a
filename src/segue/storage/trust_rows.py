"""The trust map: rows, and the SQL that both engines run.

It is read from the database every time: an entry that was removed must stop counting at once.
"""
# ruff: noqa: S608 -- the texts are put together from column names written here; a value is always bound.

from segue.core.trust import TrustEntry
from segue.storage.rows import Row, Values

TRUST_COLUMNS = "org_id, target_app_id, origin_app_id, id, created_at, created_by"

_TRUST = f"SELECT {TRUST_COLUMNS} FROM trust_entries WHERE org_id = $1"
# org, target, origin
TRUST_ENTRY = f"{_TRUST} AND target_app_id = $2 AND origin_app_id = $3"
# … where both are active
STANDING_TRUST = (
    f"{TRUST_ENTRY} AND 2 = (SELECT count(*) FROM applications AS p "
    "WHERE p.org_id = $1 AND p.id IN ($2, $3) AND p.status = 'active')"
)
# org, target, after, limit
TRUSTED_ORIGINS_OF = f"{_TRUST} AND target_app_id = $2 AND origin_app_id > $3 ORDER BY origin_app_id LIMIT $4"
# org, origin, after, limit
TRUSTING_TARGETS_OF = f"{_TRUST} AND origin_app_id = $2 AND target_app_id > $3 ORDER BY target_app_id LIMIT $4"
# The values of an entry, then how many the target may have. Answers no row where it has them, or has this one.
ADD_TRUST = (
    f"INSERT INTO trust_entries ({TRUST_COLUMNS}) SELECT $1, $2, $3, $4, CAST($5 AS bigint), $6 "
    "WHERE (SELECT count(*) FROM trust_entries WHERE org_id = $1 AND target_app_id = $2) < $7 "
    "ON CONFLICT (org_id, target_app_id, origin_app_id) DO NOTHING RETURNING id"
)
REMOVE_TRUST = "DELETE FROM trust_entries WHERE org_id = $1 AND target_app_id = $2 AND origin_app_id = $3 RETURNING id"
# org, application
REMOVE_TRUST_OF = (
    "DELETE FROM trust_entries WHERE org_id = $1 AND (target_app_id = $2 OR origin_app_id = $2) RETURNING id"
)


def trust_entry(row: Row) -> TrustEntry:
    return TrustEntry(
        org_id=row[0], target_app_id=row[1], origin_app_id=row[2], id=row[3], created_at=row[4], created_by=row[5]
    )


def trust_values(value: TrustEntry) -> Values:
    return (
        value.org_id,
        value.target_app_id,
        value.origin_app_id,
        value.id,
        value.created_at,
        value.created_by,
    )
