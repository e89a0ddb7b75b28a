"""The vendor's Python SDK against a server over TLS, the only kind of address that it takes.

Its models are strict: an answer that lacks a field or has an unknown value is an error here. The SDK answers
``(what, response, error)``, or ``(response, error)`` where nothing comes back; ``done`` and ``refused`` read both.
"""

import ssl
from collections.abc import Awaitable, Callable, Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from segue.demo.certificates import Certificates, ensure_certificates

if TYPE_CHECKING:  # thousands of models, loaded by the tests that manage an org with them and by no other
    from okta.client import Client
    from tests.server import Server


@pytest.fixture(scope="session")
def certificates(tmp_path_factory: pytest.TempPathFactory) -> Certificates:
    return ensure_certificates(tmp_path_factory.mktemp("tls"))


@pytest.fixture(scope="session")
def managed(certificates: Certificates, tmp_path_factory: pytest.TempPathFactory) -> "Iterator[Server]":
    """A server that the SDK's tests share."""
    from tests.server import running_server

    tls = (certificates.server, certificates.key)
    with running_server(tmp_path_factory.mktemp("managed"), tls=tls) as server:
        yield server


@pytest.fixture
def sdk(managed: "Server", certificates: Certificates) -> "Client":
    """The SDK with the API token of the org's owner."""
    return by_api_token(managed, certificates)


def by_api_token(server: "Server", certificates: Certificates, token: str = "", **more: Any) -> "Client":
    from okta.client import Client

    settings = {"orgUrl": server.site.base_url, "token": token or server.site.org.api_token}
    return Client({**settings, **more, "httpClient": trusting(certificates.ca)})


def trusting(ca: Path) -> type:
    """The SDK's HTTP client, with this CA. Its setting ``sslContext`` cannot be used: the SDK copies its settings, and
    such a context cannot be copied."""
    import aiohttp
    from okta.http_client import HTTPClient

    context = ssl.create_default_context(cafile=ca)

    class Trusting(HTTPClient):  # type: ignore[misc]
        async def send_request(self, request: Any) -> Any:
            async with aiohttp.ClientSession(connector=aiohttp.TCPConnector(ssl=context)) as session:
                self.set_session(session)
                return await super().send_request(request)

    return Trusting


async def done(call: Awaitable[tuple[Any, ...]]) -> Any:
    """What a call brought, which must have been done."""
    what, *_, error = await call
    assert error is None, str(error)
    return what


async def refused(call: Awaitable[tuple[Any, ...]], status: int, code: str, word: str = "") -> None:
    """A call that must be refused so; ``word`` is part of what the caller is told."""
    *_, error = await call
    assert error is not None
    assert (error.status, error.error_code) == (status, code), str(error)
    assert word in str(error)


async def pages(call: Callable[..., Awaitable[tuple[Any, ...]]], *given: Any, **query: Any) -> list[list[Any]]:
    """Every page of a list, as the SDK's own helper finds the next one."""
    from okta.pagination import PaginationHelper

    found: list[list[Any]] = []
    after = None
    while after is not None or not found:
        page, response, error = await call(*given, after=after, **query)
        assert error is None, str(error)
        found.append(page)
        after = PaginationHelper.extract_next_cursor(response.headers)
    return found


async def walked(client: "Client", path: str) -> list[list[Any]]:
    """Every page of a list by ``response.next()``.

    What the calls of this version of the SDK answer has no ``next()``. The class that has it is reached through the
    executor, and without a type: it builds its models by position, which they do not take.
    """
    from okta.api_response import OktaAPIResponse

    executor = client.get_request_executor()
    request, error = await executor.create_request("GET", path, {}, {})
    assert error is None, str(error)
    _, details, body, error = await executor.fire_request(request)
    assert error is None, str(error)
    response = OktaAPIResponse(executor, request, details, body)
    found = [response.get_body()]
    while response.has_next():
        page, error, response = await response.next(includeResponse=True)
        assert error is None, str(error)
        found.append(page)
    return found
