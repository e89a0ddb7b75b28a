"""What tests of every kind share: a PostgreSQL server, databases on it, and how hypothesis searches."""

import os
from collections.abc import Iterator
from urllib.parse import urlsplit

import pytest
from hypothesis import HealthCheck, settings

from tests.demo_process import Demo, running_demo
from tests.postgres_server import FreshDatabase, PostgresServer, running_postgres
from tests.server_fixtures import (  # noqa: F401  # fixtures are found where conftest names them
    crowded,
    server,
    site,
    tenant,
    twin,
)

# Tests see the settings they make, not those of whoever runs them.
for _name in [name for name in os.environ if name.startswith("SEGUE_")]:
    del os.environ[_name]

# A busy machine may pause anything for a second, so no example has a deadline. In CI every run tries the same examples.
settings.register_profile("dev", deadline=None, suppress_health_check=[HealthCheck.too_slow])
settings.register_profile("ci", settings.get_profile("dev"), derandomize=True, database=None, print_blob=True)
settings.load_profile("ci" if os.environ.get("CI") else "dev")


@pytest.hookimpl(tryfirst=True)
def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Marks the tests that ask for a PostgreSQL database or a running server, before `-m` chooses.

    A test that asks for one at run time (``getfixturevalue``, a parameter of a fixture) carries the mark itself.
    """
    for item in items:
        fixtures = set(getattr(item, "fixturenames", ()))
        if fixtures & {"postgres_server", "postgres_url", "fresh_database"}:
            item.add_marker(pytest.mark.postgres)
        if fixtures & {"crowded", "demo", "demo_tls", "server"}:
            item.add_marker(pytest.mark.server)


@pytest.fixture(scope="session")
def postgres_server() -> Iterator[PostgresServer]:
    """The server of this run, started by the first test that needs it. Its absence is a failure, never a skip."""
    with running_postgres() as running:
        yield running


@pytest.fixture(scope="session")
def postgres_url(postgres_server: PostgresServer) -> str:
    """The URL of an empty database that all tests of the run share, for looking at the server itself."""
    return postgres_server.url("postgres")


@pytest.fixture(scope="session")
def fresh_database(postgres_server: PostgresServer) -> FreshDatabase:
    """``fresh_database()`` makes a new, empty database and returns its URL; call it once for each test or each module.

    ``fresh_database(template=url)`` copies that database instead, which must have no connections: the quick way to a
    schema that one fixture has already migrated.
    """

    def create(*, template: str | None = None) -> str:
        source = urlsplit(template).path.removeprefix("/") if template else "template0"
        return postgres_server.url(postgres_server.create_database(source))

    return create


@pytest.fixture(scope="session")
def demo(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Demo]:
    """The demo over plain http, shared by all tests of the run; it must also stop as it should."""
    with running_demo(tmp_path_factory.mktemp("demo")) as running:
        yield running


@pytest.fixture(scope="session")
def demo_tls(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Demo]:
    """A second demo, over https with a throw-away CA."""
    with running_demo(tmp_path_factory.mktemp("demo_tls"), tls=True) as running:
        yield running
