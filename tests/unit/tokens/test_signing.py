"""The keys of a key set as protocols use them, over a real store."""

from collections.abc import AsyncIterator
from dataclasses import replace
from pathlib import Path

import pytest

from segue.core.clock import Source
from segue.core.org import Org
from segue.core.sealing import Sealer
from segue.core.secret import new_id
from segue.events import Circumstances
from segue.storage import open_store
from segue.storage.migrate import upgrade
from segue.stores import Store
from segue.tokens import jwt, keys
from segue.tokens.keys import KeyRing, NoSigningKey, SigningKey
from segue.tokens.signing import Signing

SEALER = Sealer(b"s" * 32)
SOURCE = Source()
ORG = new_id("00o", 5, 1, SOURCE.random)
WHERE = Circumstances(ORG, 1_000, SOURCE)


@pytest.fixture(scope="module")
def first() -> SigningKey:
    return keys.generate(ORG, "oidc", "ES256", sealer=SEALER, now_ms=0, common_name="first")


@pytest.fixture(scope="module")
def second() -> SigningKey:
    return keys.generate(ORG, "oidc", "ES256", sealer=SEALER, now_ms=0, common_name="second")


@pytest.fixture
async def store(tmp_path: Path) -> AsyncIterator[Store]:
    url = f"sqlite:///{tmp_path / 'segue.db'}"
    upgrade(url)
    made = open_store(url, epoch=1)
    await made.open()
    await made.put_org(Org(ORG, "Test"), WHERE.event("org.create"))
    yield made
    await made.close()


async def put(store: Store, *rows: SigningKey) -> None:
    await store.put_signing_keys([keys.to_stored(key) for key in rows], WHERE.event("keys.create"))


async def test_without_a_key_nothing_is_signed(store: Store):
    with pytest.raises(NoSigningKey):
        await Signing(store, KeyRing(SEALER)).current(ORG, "oidc", 1_000)


async def test_the_current_key_and_the_published_ones(store: Store, first: SigningKey, second: SigningKey):
    waiting = replace(second, signs_from_at=5_000)
    leaving = replace(first, signs_until_at=5_000, retired_at=9_000)
    await put(store, waiting, leaving)
    signing = Signing(store, KeyRing(SEALER))
    assert await signing.current(ORG, "oidc", 1_000, "ES256") == leaving
    assert await signing.current(ORG, "oidc", 6_000, "ES256") == waiting
    with pytest.raises(NoSigningKey):
        await signing.current(ORG, "oidc", 1_000)  # a key of another algorithm is no substitute
    assert await signing.published(ORG, "oidc", 1_000) == (waiting, leaving)
    assert await signing.published(ORG, "oidc", 9_000) == (waiting,)
    assert await signing.published(ORG, "saml", 1_000) == ()


async def test_a_token_is_signed_beside_the_event_loop(store: Store, first: SigningKey):
    await put(store, first)
    signing = Signing(store, KeyRing(SEALER))
    key = await signing.current(ORG, "oidc", 1_000, "ES256")
    token = await signing.issue({"iss": "me", "exp": 10}, typ="x", key=key)
    published = await signing.published(ORG, "oidc", 1_000)
    claims = jwt.verify(token, keys=published, typ={"x"}, issuer="me", audience=None, now_ms=1_000)
    assert claims == {"iss": "me", "exp": 10}
