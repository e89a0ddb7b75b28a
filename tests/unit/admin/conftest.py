"""An org on a real SQLite store, and somebody who changes it."""

import shutil
from collections.abc import AsyncIterator, Iterator
from pathlib import Path

import pytest
from tests.unit.admin.desk import HOME, ORG_ID, Desk

from segue.admin.change import Change
from segue.core.clock import Source
from segue.core.org import Domain, Org
from segue.core.sealing import Sealer
from segue.events import Circumstances
from segue.signin.passwords import PasswordHasher
from segue.storage import migrate, open_store


@pytest.fixture(scope="session")
def migrated(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A migrated, empty database file, to be copied."""
    path = tmp_path_factory.mktemp("migrated") / "segue.db"
    migrate.upgrade(f"sqlite:///{path}")
    return path


@pytest.fixture(scope="session")
def hasher() -> Iterator[PasswordHasher]:
    """As cheap as Argon2 gets: what is tested here is who may set which password."""
    pool = PasswordHasher(memory_kib=8, passes=1)
    yield pool
    pool.close()


@pytest.fixture
async def empty(migrated: Path, tmp_path: Path, hasher: PasswordHasher) -> AsyncIterator[Desk]:
    """A database without an org."""
    path = tmp_path / "segue.db"
    shutil.copy(migrated, path)
    store = open_store(f"sqlite:///{path}", epoch=0)
    await store.open()
    change = Change(Circumstances(ORG_ID, Source().now_at(), Source()), "cli:tester")
    yield Desk(store, path, hasher, Sealer(bytes(range(32))), change)
    await store.close()


@pytest.fixture
async def desk(empty: Desk) -> Desk:
    """A database with one org and its domain."""
    await empty.store.put_org(Org(ORG_ID, "Org"), empty.change.event("org.create"))
    await empty.store.put_domain(Domain(HOME, ORG_ID, "dialect"), empty.change.event("domain.add"))
    return empty
