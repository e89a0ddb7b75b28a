"""The vendor's Python SDK manages an org over TLS, by an API token and by a private key.

What it can manage is in the tests beside this one; these are about how it may call at all.
"""

import json
from collections.abc import Callable, Iterator
from typing import Any

import pytest
from okta.client import Client
from tests.clients.okta_sdk import by_api_token, trusting
from tests.key_holder import a_key
from tests.server import Server, running_server
from tests.services import Service, a_service

from segue.core.org import OrgSettings
from segue.demo.certificates import Certificates

SCOPES = ["okta.users.read", "okta.trustedOrigins.read", "okta.groups.read", "okta.apps.read"]


@pytest.fixture(scope="module", params=[False, True], ids=["", "nonce"])
def secure(
    request: pytest.FixtureRequest, certificates: Certificates, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Server]:
    """A server over https: the SDK takes no other. The second one asks for a nonce in every proof."""
    folder, settings = tmp_path_factory.mktemp("secure"), OrgSettings(use_dpop_nonce=request.param)
    with running_server(folder, tls=(certificates.server, certificates.key), org_settings=settings) as server:
        yield server


@pytest.fixture(scope="module")
def service(secure: Server) -> Service:
    return a_service(secure, "sdk", *(scope.removeprefix("okta.") for scope in SCOPES))


@pytest.fixture
def by_token(secure: Server, certificates: Certificates) -> Client:
    return by_api_token(secure, certificates)


@pytest.fixture
def by_key(secure: Server, certificates: Certificates, service: Service) -> Callable[..., Client]:
    def make(**more: Any) -> Client:
        settings = {
            "orgUrl": secure.site.base_url,
            "authorizationMode": "PrivateKey",
            "clientId": service.client_id,
            "scopes": SCOPES,
            "privateKey": json.dumps(a_key("RS256", service.client_id).as_dict(private=True)),
        }
        return Client({**settings, **more, "httpClient": trusting(certificates.ca)})

    return make


async def looks_around(client: Client, secure: Server) -> None:
    """Calls that read: people and trusted origins, a page at a time and one by one."""
    people, _, error = await client.list_users(limit=3)
    assert error is None
    assert len(people) == 3
    ann = secure.site.person("ann")
    found, _, error = await client.get_user(ann.login)
    assert error is None
    assert (found.id, found.profile.login, found.status) == (ann.id, ann.login, "ACTIVE")
    origins, _, error = await client.list_trusted_origins()
    assert error is None
    assert "Portal" in {origin.name for origin in origins}


async def test_an_api_token_opens_the_api(by_token: Client, secure: Server) -> None:
    await looks_around(by_token, secure)


async def test_a_private_key_opens_the_api(by_key: Callable[..., Client], secure: Server) -> None:
    await looks_around(by_key(), secure)


async def test_a_private_key_opens_the_api_with_bound_tokens(by_key: Callable[..., Client], secure: Server) -> None:
    client = by_key(dpopEnabled=True)
    await looks_around(client, secure)
    _, kind, error = await client._request_executor._oauth.get_oauth_token()
    assert (kind, error) == ("DPoP", None)


async def test_what_was_not_granted_is_refused(by_key: Callable[..., Client], secure: Server) -> None:
    _, _, error = await by_key(scopes=["okta.apps.manage"]).list_users()
    assert "invalid_scope" in str(error)
    _, _, error = await by_key(scopes=["okta.groups.read"]).list_users()
    assert (error.status, error.error_code) == (403, "E0000006")
