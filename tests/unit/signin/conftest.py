"""A real store with one org, two users and one application, and requests made of plain values."""

import os
from collections.abc import AsyncIterator, Iterator
from dataclasses import dataclass, replace
from pathlib import Path

import pytest

from segue.core.application import Application, OidcClient
from segue.core.clock import Source
from segue.core.org import Domain, Org
from segue.core.secret import new_id, partition_of, random_partition
from segue.core.user import User
from segue.events import Circumstances
from segue.handoff.kinds import SESSION_TOKEN, Slot
from segue.handoff.mint import mint
from segue.handoff.redeem import PresentedTicket
from segue.signin.known_browsers import KnownBrowsers
from segue.signin.passwords import PasswordHasher
from segue.signin.request import SignInRequest
from segue.signin.transaction import Transactions
from segue.storage import open_store
from segue.storage.migrate import upgrade
from segue.stores import Commit, Guard, Store

TICKET_SLOT = Slot("ticket", frozenset({"session_token"}))
PASSWORD = "a long enough password"


@dataclass
class World:
    """``now_at`` may be moved by a test; everything takes its time from there."""

    store: Store
    org: Org
    domain: Domain
    ann: User
    bob: User
    app: Application
    transactions: Transactions
    source: Source
    now_at: int

    def circumstances(self) -> Circumstances:
        return Circumstances(self.org.id, self.now_at, self.source, domain=self.domain.authority, address="192.0.2.1")

    def request(self, **changes: object) -> SignInRequest:
        request = SignInRequest("test", self.org, self.domain, self.circumstances(), self.app)
        return replace(request, **changes)

    async def ticket(self, user: User, assurance) -> PresentedTicket:
        minted = mint(
            SESSION_TOKEN,
            user=user,
            assurance=assurance,
            domain=self.domain.authority,
            source=self.source,
            now_at=self.now_at,
        )
        event = self.circumstances().event("ticket.mint", user_id=user.id)
        guard = Guard(user.id, user.stamp)
        assert await self.store.commit(
            Commit(self.org.id, partition_of(user.id), (event,), guard, credentials=(minted.credential,))
        )
        return PresentedTicket(TICKET_SLOT, minted.bearer.text)


def _ident(prefix: str) -> str:
    return new_id(prefix, random_partition(os.urandom), 1_790_000_000_000, os.urandom)


@pytest.fixture(scope="session")
def quick_hasher() -> Iterator[PasswordHasher]:
    pool = PasswordHasher(memory_kib=64, passes=1, lanes=1)
    yield pool
    pool.close()


@pytest.fixture
async def world(tmp_path: Path, quick_hasher: PasswordHasher) -> AsyncIterator[World]:
    url = f"sqlite:///{tmp_path / 'segue.db'}"
    upgrade(url)
    store = open_store(url, epoch=1)
    await store.open()
    source = Source()
    org = Org(_ident("00o"), "Test")
    password_hash = await quick_hasher.hash(PASSWORD.encode())

    def user(name: str) -> User:
        login = f"{name}@example.com"
        return User(_ident("00u"), org.id, login, login, password_hash=password_hash)

    ann, bob = user("ann"), user("bob")
    app = Application(_ident("0oa"), org.id, "web", "Web", "exkweb", oidc=OidcClient("web"))
    where = Circumstances(org.id, source.now_at(), source)
    await store.put_org(org, where.event("org.create"))
    domain = Domain("id.example.com", org.id, "test")
    await store.put_domain(domain, where.event("domain.create"))
    await store.put_application(app, where.event("application.create"))
    for person in (ann, bob):
        await store.add_user(person, where.event("user.create", user_id=person.id))
        await store.assign(org.id, app.id, person.id, where.event("application.assign", user_id=person.id))
    yield World(
        store,
        org,
        domain,
        ann,
        bob,
        app,
        Transactions(store, store, quick_hasher, KnownBrowsers(store)),
        source,
        source.now_at(),
    )
    await store.close()
