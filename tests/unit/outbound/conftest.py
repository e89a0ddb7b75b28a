"""Servers on this machine with certificates of a test's own authority."""

import ssl
from collections.abc import AsyncIterator

import pytest
from tests.unit.outbound.certificates import Authority
from tests.unit.outbound.web_server import WebServer, running

from segue.outbound.fetcher import Fetcher

NAME = "hook.test"


@pytest.fixture(scope="session")
def authority(tmp_path_factory: pytest.TempPathFactory) -> Authority:
    return Authority(tmp_path_factory.mktemp("authority"))


@pytest.fixture
def tls(authority: Authority) -> ssl.SSLContext:
    return authority.server(NAME)


@pytest.fixture
async def web_server(tls: ssl.SSLContext) -> AsyncIterator[WebServer]:
    """An https server for NAME on 127.0.0.1."""
    async with running(tls) as server:
        yield server


async def to_this_machine(host: str, port: int) -> list[str]:
    return ["127.0.0.1"]


@pytest.fixture
def fetcher(web_server: WebServer, authority: Authority) -> Fetcher:
    """A fetcher that may reach ``web_server`` and trusts its certificate."""
    return Fetcher(frozenset({f"{NAME}:{web_server.port}"}), authority.client(), to_this_machine, timeout_s=2)


@pytest.fixture
def url(web_server: WebServer) -> str:
    return f"https://{NAME}:{web_server.port}/hook"
