"""The provider as a fixture, for unit tests and attacks alike."""

import asyncio
from collections.abc import AsyncIterator, Iterator
from pathlib import Path

import pytest
from tests.unit.protocols.oauth.provider import Provider, Scene, a_key, ident, open_provider, seed

from segue.signin.passwords import PasswordHasher
from segue.tokens.keys import SigningKey


@pytest.fixture(scope="session")
def quick_hasher() -> Iterator[PasswordHasher]:
    pool = PasswordHasher(memory_kib=64, passes=1, lanes=1)
    yield pool
    pool.close()


@pytest.fixture(scope="session")
def signing_key() -> SigningKey:
    """One key for the run: making one takes tenths of a second."""
    return a_key(ident("00o"))


@pytest.fixture(scope="session")
def seeded(tmp_path_factory: pytest.TempPathFactory, signing_key: SigningKey) -> Scene:
    """A database that every test gets a copy of: migrating and filling one is slow."""
    return asyncio.run(seed(tmp_path_factory.mktemp("seeded"), signing_key))


@pytest.fixture
async def provider(tmp_path: Path, seeded: Scene, quick_hasher: PasswordHasher) -> AsyncIterator[Provider]:
    made = await open_provider(seeded, tmp_path, quick_hasher)
    yield made
    await made.store.close()
