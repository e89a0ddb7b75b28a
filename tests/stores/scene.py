"""An org with a user and an application, and short ways to mint, claim and commit in it."""

import os
import time
from dataclasses import dataclass, field, replace
from itertools import count
from typing import Any

from tests.stores.databases import TestDatabase

from segue.core.application import Application, OidcClient
from segue.core.credential import Kind, NewCredential
from segue.core.factor import FactorEnrollment
from segue.core.org import Org
from segue.core.secret import Bearer, new_bearer, new_id, partition_of
from segue.core.user import User
from segue.events import Event
from segue.stores import Advance, Claim, Commit, FactorStep, Found, Guard, Renewal, Store, Tombstone

MINUTE_MS = 60_000
PREFIXES: dict[Kind, str] = {
    "session": "102",
    "backend_session": "bes",
    "interclient": "itk",
    "session_token": "201",
    "cookie_token": "20c",
    "image_token": "20i",
    "state_token": "00s",
    "recovery_token": "00r",
    "authorization_code": "301",
    "access_token": "AT1",
    "refresh_token": "rft",
    "interaction": "401",
    "api_token": "00T",
}
_numbers = count(1)


def unique(word: str) -> str:
    """A name that no other test of this run uses: the tests share their databases, not their orgs."""
    return f"{word}-{os.getpid()}-{next(_numbers)}"


def some_partition() -> int:
    return int.from_bytes(os.urandom(2), "big") % 4096


def ident(prefix: str = "00u", partition: int | None = None) -> str:
    where = some_partition() if partition is None else partition
    return new_id(prefix, where, int(time.time() * 1000), os.urandom)


def a_user(org_id: str, name: str = "", **changes: Any) -> User:
    login = f"{name or unique('user')}@example.com"
    user = User(
        id=ident(),
        org_id=org_id,
        login=login,
        login_key=login,
        profile={"firstName": "Ada", "email": login},
        password_hash="$argon2id$made-up",
        password_changed_at=5,
        created_at=7,
    )
    return replace(user, **changes)


def an_application(org_id: str, **changes: Any) -> Application:
    name = unique("app")
    application = Application(
        id=ident("0oa"),
        org_id=org_id,
        name=name,
        label=name.title(),
        external_key=name,
        oidc=OidcClient(client_id=name),
    )
    return replace(application, **changes)


def a_factor(user: User, **changes: Any) -> FactorEnrollment:
    factor = FactorEnrollment(
        id=ident("ufs", partition_of(user.id)),
        org_id=user.org_id,
        user_id=user.id,
        type="totp",
        provider="standard",
        status="active",
        sealed_secret=b"\0sealed",
        profile={"name": "Zoë's phone"},
        created_at=7,
    )
    return replace(factor, **changes)


def an_event(org_id: str, type: str = "test.happened", **changes: Any) -> Event:
    owner = changes.get("user_id") or changes.get("credential_id")
    event_id = ident("evt", partition_of(owner) if owner else None)
    return replace(Event(id=event_id, org_id=org_id, at=int(time.time() * 1000), type=type), **changes)


@dataclass(frozen=True, slots=True)
class Minted:
    """A credential and the bearer value that was given out for it."""

    new: NewCredential
    bearer: Bearer = field(repr=False)

    @property
    def id(self) -> str:
        return self.new.id

    @property
    def digest(self) -> bytes:
        return self.new.digest

    @property
    def path(self) -> tuple[str, ...]:
        """The bind path of a child."""
        return (*self.new.bind_path, self.new.id)


@dataclass(frozen=True, slots=True)
class Scene:
    store: Store
    database: TestDatabase
    org_id: str
    user: User
    app: Application

    @property
    def partition(self) -> int:
        return partition_of(self.user.id)

    @property
    def guard(self) -> Guard:
        return Guard(user_id=self.user.id, user_stamp=self.user.stamp)

    def event(self, type: str = "test.happened", **changes: Any) -> Event:
        return an_event(self.org_id, type, **{"user_id": self.user.id, **changes})

    def new(self, kind: Kind = "session_token", **changes: Any) -> Minted:
        """A credential of this scene's user that lives five minutes, not yet written."""
        user_id = changes.get("user_id", self.user.id)
        partition = changes.pop("partition", partition_of(user_id) if user_id else self.partition)
        bearer = new_bearer(PREFIXES[kind], partition, int(time.time() * 1000), os.urandom)
        new = NewCredential(
            org_id=self.org_id,
            id=bearer.id,
            kind=kind,
            digest=bearer.digest,
            life_ms=5 * MINUTE_MS,
            user_id=self.user.id,
            user_stamp=self.user.stamp,
        )
        return Minted(replace(new, **changes), bearer)

    async def mint(self, kind: Kind = "session_token", **changes: Any) -> Minted:
        minted = self.new(kind, **changes)
        commit = replace(self.writing(minted), partition=partition_of(minted.id))
        assert await self.store.commit(commit)
        return minted

    async def session(self, **changes: Any) -> Minted:
        return await self.mint("session", **{"idle_ms": 2 * MINUTE_MS, **changes})

    def writing(self, *minted: Minted, **changes: Any) -> Commit:
        commit = Commit(
            org_id=self.org_id,
            partition=self.partition,
            events=(self.event("credential.mint"),),
            credentials=tuple(one.new for one in minted),
        )
        return replace(commit, **changes)

    def renewing(self, session: Minted, **changes: Any) -> Renewal:
        fresh = new_bearer("102", self.partition, int(time.time() * 1000), os.urandom)
        renewal = Renewal(
            session_id=session.id,
            old_digest=session.digest,
            new_digest=fresh.digest,
            idle_ms=MINUTE_MS,
            data={"renewed": True},
        )
        return replace(renewal, **changes)

    def advancing(self, minted: Minted, **changes: Any) -> Advance:
        """The first step of a stepwise credential."""
        advance = Advance(
            id=minted.id, digest=minted.digest, from_generation=0, life_ms=3 * MINUTE_MS, data={"step": "next"}
        )
        return replace(advance, **changes)

    async def factor(self, **changes: Any) -> FactorEnrollment:
        factor = a_factor(self.user, **changes)
        await self.store.put_factor(factor, self.event("factor.enroll"))
        return factor

    def step(self, factor: FactorEnrollment, step: int | None, **changes: Any) -> FactorStep:
        return replace(FactorStep(factor.id, factor.user_id, step), **changes)

    async def factor_now(self, factor: FactorEnrollment) -> FactorEnrollment:
        (now,) = [one for one in await self.store.factors(self.org_id, self.user.id) if one.id == factor.id]
        return now

    def claim(self, minted: Minted, **changes: Any) -> Claim:
        claim = Claim(
            org_id=self.org_id,
            id=minted.id,
            digest=minted.digest,
            kinds=frozenset({minted.new.kind}),
            attempt=ident("att"),
            event=an_event(self.org_id, "ticket.redeem", credential_id=minted.id),
        )
        return replace(claim, **changes)

    async def spend(self, minted: Minted, **changes: Any) -> Found | None:
        return await self.store.claim(self.claim(minted, **changes))

    async def find(self, minted: Minted, **changes: Any) -> Found | None:
        values = {"digest": minted.digest, "kinds": frozenset({minted.new.kind}), **changes}
        return await self.store.find(self.org_id, minted.id, **values)

    async def revoke(self, *minted: Minted, reason: str = "test") -> None:
        stones = tuple(Tombstone(one.id, reason) for one in minted)
        partition = partition_of(minted[0].id)
        event = an_event(self.org_id, "session.revoke", credential_id=minted[0].id)
        assert await self.store.commit(Commit(self.org_id, partition, (event,), tombstones=stones))

    async def change_user(self, **changes: Any) -> User:
        user = replace(self.user, **changes)
        changed = await self.store.update_user(user, expected_stamp=self.user.stamp, event=self.event("user.update"))
        assert changed
        return user

    async def column(self, minted: Minted, name: str) -> Any:
        """What really stands in a column of the credential's row."""
        text = f"SELECT {name} FROM credentials WHERE org_id = $1 AND id = $2"
        ((value,),) = await self.database.rows(text, self.org_id, minted.id)
        return value

    async def shift(self, minted: Minted, column: str, by_ms: int) -> None:
        """Moves one of the credential's moments, as if time had passed (negative) or were still to come."""
        text = f"UPDATE credentials SET {column} = {column} + $1 WHERE org_id = $2 AND id = $3"
        await self.database.execute(text, by_ms, self.org_id, minted.id)

    async def events(self, type: str | None = None) -> list[tuple[str, str]]:
        """(id, type) of what was recorded in this org, in order of id."""
        found = await self.database.rows("SELECT id, type FROM events WHERE org_id = $1 ORDER BY id", self.org_id)
        return [(event_id, kind) for event_id, kind in found if type in (None, kind)]


async def a_scene(store: Store, database: TestDatabase) -> Scene:
    org = Org(unique("org"), "Example")
    user, app = a_user(org.id), an_application(org.id)
    await store.put_org(org, an_event(org.id, "org.create"))
    await store.add_user(user, an_event(org.id, "user.create"))
    await store.put_application(app, an_event(org.id, "app.create"))
    return Scene(store, database, org.id, user, app)
