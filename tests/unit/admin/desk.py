"""What the tests of administration work with."""

import json
import os
import sqlite3
from collections.abc import Awaitable
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import pytest

from segue.admin.change import Change
from segue.core.refusal import Refusal
from segue.core.sealing import Sealer
from segue.core.secret import new_id
from segue.signin.passwords import PasswordHasher
from segue.stores import Store

ORG_ID = new_id("00o", 7, 1_700_000_000_000, os.urandom)
HOME = "id.corp.test"
PASSWORD = "winter is a long river"


@dataclass(frozen=True)
class Desk:
    store: Store
    path: Path
    hasher: PasswordHasher
    sealer: Sealer
    change: Change

    def later(self, ms: int) -> Change:
        """The same person, ``ms`` milliseconds later."""
        where = replace(self.change.circumstances, now_at=self.change.now_at + ms)
        return replace(self.change, circumstances=where)

    def events(self, type: str) -> list[dict[str, Any]]:
        """Every event of that type, as the database holds it, by its millisecond and then by lot."""
        with sqlite3.connect(self.path) as connection:
            connection.row_factory = sqlite3.Row
            rows = connection.execute("SELECT * FROM events WHERE type = ? ORDER BY id", (type,)).fetchall()
        connection.close()
        return [{**dict(row), "detail": json.loads(row["detail"])} for row in rows]

    def dump(self) -> bytes:
        """All that the database's files hold."""
        return b"".join(file.read_bytes() for file in self.path.parent.glob(f"{self.path.name}*"))


async def refused(work: Awaitable[object], reason: str, field: str | None = None) -> Refusal:
    """``work`` must be refused for that reason, and the failing check must name that field."""
    with pytest.raises(Refusal) as caught:
        await work
    refusal = caught.value
    assert refusal.reason == reason
    assert refusal.verdict.failure is not None
    if field is not None:
        assert refusal.verdict.failure.name == field
    assert refusal.public.endswith(".")
    return refusal
