"""One org in a SQLite file, and how tests put credentials into it."""

import os
import time
from dataclasses import dataclass, field
from pathlib import Path

from segue.core.credential import NewCredential
from segue.core.secret import Bearer, new_bearer, new_id
from segue.core.user import User
from segue.events import Event
from segue.storage.sqlite import SqliteStore
from segue.stores import Claim, Commit

EPOCH = 7
PARTITION = 41


def event(org_id: str = "org1", kind: str = "test.happen") -> Event:
    now_at = int(time.time() * 1000)
    return Event(new_id("evt", PARTITION, now_at, os.urandom), org_id, now_at, kind)


@dataclass
class Scene:
    """An org ``org1`` with the user ``user`` (assigned to ``app1``, not to ``app2``)."""

    store: SqliteStore
    path: Path
    user: User
    made: list[Bearer] = field(default_factory=list)

    def bearer(self, prefix: str = "tkt", partition: int = PARTITION) -> Bearer:
        return new_bearer(prefix, partition, int(time.time() * 1000), os.urandom)

    def new(self, bearer: Bearer, **changes: object) -> NewCredential:
        values: dict[str, object] = {
            "org_id": "org1",
            "id": bearer.id,
            "kind": "session_token",
            "digest": bearer.digest,
            "life_ms": 60_000,
            "user_id": self.user.id,
            "user_stamp": self.user.stamp,
            **changes,
        }
        return NewCredential(**values)  # type: ignore[arg-type]

    async def mint(self, **changes: object) -> Bearer:
        bearer = self.bearer()
        assert await self.commit(credentials=(self.new(bearer, **changes),))
        return bearer

    async def commit(self, **parts: object) -> bool:
        return await self.store.commit(Commit("org1", PARTITION, (event(),), **parts))  # type: ignore[arg-type]

    def claim(self, bearer: Bearer, **changes: object) -> Claim:
        values: dict[str, object] = {
            "org_id": "org1",
            "id": bearer.id,
            "digest": bearer.digest,
            "kinds": frozenset({"session_token"}),
            "attempt": "attempt1",
            "event": event(kind="ticket.redeem"),
            "app_id": "app1",
            **changes,
        }
        return Claim(**values)  # type: ignore[arg-type]
