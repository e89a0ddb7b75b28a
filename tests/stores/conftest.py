"""The databases on which every test of a store runs.

The tests share one database for each engine, each test in an org of its own: whatever crosses orgs would show.
"""

from collections.abc import AsyncIterator

import pytest
from tests.postgres_server import FreshDatabase
from tests.stores.aborts import AbortingConnection
from tests.stores.databases import TestDatabase
from tests.stores.scene import Scene, a_scene

from segue.storage import migrate, postgres_pool
from segue.stores import Store

# The third engine is PostgreSQL at SERIALIZABLE whose server aborts every third statement.
ENGINES = [
    "sqlite",
    pytest.param("postgresql", marks=pytest.mark.postgres),
    pytest.param("postgresql-aborting", marks=pytest.mark.postgres),
]


@pytest.fixture(scope="session")
def sqlite_database(tmp_path_factory: pytest.TempPathFactory) -> TestDatabase:
    database = TestDatabase(f"sqlite:///{tmp_path_factory.mktemp('stores') / 'segue.db'}")
    migrate.upgrade(database.url)
    return database


@pytest.fixture(scope="session")
def postgres_database(fresh_database: FreshDatabase) -> TestDatabase:
    database = TestDatabase(fresh_database())
    migrate.upgrade(database.url)
    return database


@pytest.fixture(params=ENGINES)
def engine(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> str:
    name = str(request.param)
    if name == "postgresql-aborting":
        monkeypatch.setattr(postgres_pool, "Connection", AbortingConnection)
    return name


@pytest.fixture
def database(request: pytest.FixtureRequest, engine: str) -> TestDatabase:
    """The database that all tests of an engine share."""
    if engine == "sqlite":
        return request.getfixturevalue("sqlite_database")  # type: ignore[no-any-return]
    shared: TestDatabase = request.getfixturevalue("postgres_database")
    return serializable(shared) if engine == "postgresql-aborting" else shared


@pytest.fixture
def own_database(request: pytest.FixtureRequest, engine: str, tmp_path_factory: pytest.TempPathFactory) -> TestDatabase:
    """A migrated database of the test's own, for what is not confined to an org."""
    if engine == "sqlite":
        own = TestDatabase(f"sqlite:///{tmp_path_factory.mktemp('own') / 'segue.db'}")
    else:
        own = TestDatabase(request.getfixturevalue("fresh_database")())
    migrate.upgrade(own.url)
    return serializable(own) if engine == "postgresql-aborting" else own


@pytest.fixture
async def store(database: TestDatabase) -> AsyncIterator[Store]:
    store = database.store()
    await store.open()
    yield store
    await store.close()


@pytest.fixture
async def scene(store: Store, database: TestDatabase) -> Scene:
    return await a_scene(store, database)


@pytest.fixture
def patient(monkeypatch: pytest.MonkeyPatch) -> None:
    """Stores wait for a lock as long as a test on a busy machine may hold it."""
    for name in ("lock_timeout", "statement_timeout"):
        monkeypatch.setitem(postgres_pool.SERVER_SETTINGS, name, "60000")


def serializable(database: TestDatabase) -> TestDatabase:
    return TestDatabase(f"{database.url}?default_transaction_isolation=serializable")
