"""The provider as a fixture, for unit tests and attacks alike."""

from collections.abc import AsyncIterator, Iterator
from pathlib import Path

import pytest
from tests.unit.protocols.oauth.provider import Provider, a_key, ident, start_provider

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


@pytest.fixture
async def provider(tmp_path: Path, quick_hasher: PasswordHasher, signing_key: SigningKey) -> AsyncIterator[Provider]:
    made = await start_provider(tmp_path, quick_hasher, signing_key)
    yield made
    await made.store.close()
