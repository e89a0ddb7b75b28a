"""The servers that tests over HTTP share. A test that changes what they hold changes only what it made for itself."""

from collections.abc import Iterator
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:  # the whole of Segue is loaded by the tests that serve it, and by no other
    from tests.auth0_steps import Tenant
    from tests.server import Server, Site


@pytest.fixture(scope="session")
def server(tmp_path_factory: pytest.TempPathFactory) -> "Iterator[Server]":
    """Two workers on SQLite, with two orgs. They log all they can, so that a secret in a log would be seen."""
    from segue.core.org import OrgSettings
    from tests.server import running_server

    folder, settings = tmp_path_factory.mktemp("server"), OrgSettings(session_image=True)
    with running_server(folder, workers=2, log_level="debug", org_settings=settings) as running:
        yield running


@pytest.fixture
def site(server: "Server") -> "Site":
    """The org on localhost."""
    return server.site


@pytest.fixture
def twin(server: "Server") -> "Site":
    """The org on 127.0.0.1, which looks like the other one."""
    return server.twin


@pytest.fixture(scope="session", params=["sqlite", pytest.param("postgresql", marks=pytest.mark.postgres)])
def crowded(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> "Iterator[Server]":
    """Four workers on either database, for what happens at once."""
    from segue.core.org import OrgSettings
    from tests.server import running_server

    database = None if request.param == "sqlite" else request.getfixturevalue("fresh_database")()
    folder = tmp_path_factory.mktemp(f"crowded-{request.param}")
    settings = OrgSettings(session_image=True)
    with running_server(folder, database_url=database, workers=4, org_settings=settings) as running:
        yield running


@pytest.fixture(scope="session")
def tenant(server: "Server") -> "Iterator[Tenant]":
    """An org of the same server that speaks the other dialect."""
    from tests.auth0_steps import make_tenant

    made = make_tenant(server)
    yield made
    made.http.close()
