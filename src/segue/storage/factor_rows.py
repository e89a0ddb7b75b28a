"""Factors and remembered devices: rows to values and values to rows, the same for both engines."""

import hashlib
import json

from segue.core.factor import FactorEnrollment
from segue.core.secret import partition_of
from segue.events import Event
from segue.storage.nested import to_json
from segue.storage.rows import Row, Values

FACTOR_COLUMNS = (
    "org_id, partition, user_id, id, type, provider, status, sealed_secret, last_step, profile, created_at, "
    "last_used_at"
)


def factor(row: Row) -> FactorEnrollment:
    return FactorEnrollment(
        org_id=row[0],
        user_id=row[2],
        id=row[3],
        type=row[4],
        provider=row[5],
        status=row[6],
        sealed_secret=bytes(row[7]),
        last_step=row[8],
        profile=json.loads(row[9]),
        created_at=row[10],
        last_used_at=row[11],
    )


def factor_values(value: FactorEnrollment) -> Values:
    return (
        value.org_id,
        partition_of(value.user_id),
        value.user_id,
        value.id,
        value.type,
        value.provider,
        value.status,
        value.sealed_secret,
        value.last_step,
        to_json(value.profile),
        value.created_at,
        value.last_used_at,
    )


def check_factor(value: FactorEnrollment, event: Event) -> None:
    """Raises ValueError unless the factor lies in its user's partition and its event in its org."""
    if partition_of(value.id) != partition_of(value.user_id):
        raise ValueError("a factor lies in its user's partition")
    if value.org_id != event.org_id:
        raise ValueError("a factor and its event belong to one org")


def device_digest(device: str) -> bytes:
    """SHA-256 of a device's secret; ``surrogatepass`` gives any text a digest of its own."""
    return hashlib.sha256(device.encode("utf-8", "surrogatepass")).digest()
