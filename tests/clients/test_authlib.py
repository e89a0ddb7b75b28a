"""Authlib as the client of a web app: discovery, code flow with PKCE, client_secret_basic, a verified ID token."""

from collections.abc import AsyncIterator
from typing import Any
from urllib.parse import parse_qs, urlsplit

import httpx
import pytest
import pytest_asyncio
from authlib.common.security import generate_token
from authlib.integrations.base_client import OAuthError
from authlib.integrations.httpx_client import AsyncOAuth2Client
from authlib.oauth2.rfc8414 import AuthorizationServerMetadata
from authlib.oidc.core import CodeIDToken
from authlib.oidc.discovery import OpenIDProviderMetadata
from joserfc import jwt
from joserfc.errors import BadSignatureError
from joserfc.jwk import KeySet
from tests.clients.by_hand import new_browser, session_token, sign_in_by_page, trust
from tests.demo_process import Demo

ISSUERS = ["issuer", "default_issuer"]
SCOPE = "openid profile email"


@pytest_asyncio.fixture(params=ISSUERS)
async def discovered(request: pytest.FixtureRequest, demo_tls: Demo) -> dict[str, Any]:
    """The discovery document of an authorization server, judged by Authlib's own rules."""
    issuer = demo_tls.manifest["okta"][request.param]
    async with httpx.AsyncClient(verify=trust(demo_tls), trust_env=False) as http:
        document = (await http.get(f"{issuer}/.well-known/openid-configuration")).json()
        oauth = (await http.get(f"{issuer}/.well-known/oauth-authorization-server")).json()
    OpenIDProviderMetadata(document).validate()
    AuthorizationServerMetadata(oauth).validate()
    assert document["issuer"] == oauth["issuer"] == issuer
    return document


@pytest_asyncio.fixture
async def client(demo_tls: Demo) -> AsyncIterator[AsyncOAuth2Client]:
    web = demo_tls.manifest["okta"]["apps"]["web"]
    async with AsyncOAuth2Client(
        web["client_id"],
        web["client_secret"],
        token_endpoint_auth_method="client_secret_basic",
        scope=SCOPE,
        redirect_uri=web["redirect_uri"],
        code_challenge_method="S256",
        verify=trust(demo_tls),
        trust_env=False,
    ) as client:
        yield client


def came_back(demo: Demo, address: str, *, by_page: bool) -> str:
    """Where the browser is sent after the authorization request, signed in on the hosted page or by session token."""
    back = demo.manifest["okta"]["apps"]["web"]["redirect_uri"]
    with new_browser(demo) as browser:
        if by_page:
            answer = sign_in_by_page(browser, demo, browser.get(address), until=back)
        else:
            answer = browser.get(f"{address}&prompt=none&sessionToken={session_token(browser, demo)}")
        location = answer.headers["location"]
        assert location.startswith(f"{back}?"), location
        return location


@pytest.mark.parametrize("by_page", [True, False], ids=["hosted page", "session token"])
async def test_the_code_flow(demo_tls, client, discovered, by_page) -> None:
    verifier, nonce = generate_token(48), generate_token(20)
    address, state = client.create_authorization_url(
        discovered["authorization_endpoint"], code_verifier=verifier, nonce=nonce
    )
    back = came_back(demo_tls, address, by_page=by_page)
    assert parse_qs(urlsplit(back).query)["iss"] == [discovered["issuer"]]
    token = await client.fetch_token(
        discovered["token_endpoint"], authorization_response=back, code_verifier=verifier, state=state
    )
    assert token["token_type"] == "Bearer"
    assert set(token["scope"].split()) == set(SCOPE.split())

    published = await client.request("GET", discovered["jwks_uri"], withhold_token=True)
    keys = KeySet.import_key_set(published.json())
    signed = jwt.decode(token["id_token"], keys, algorithms=discovered["id_token_signing_alg_values_supported"])
    claims = CodeIDToken(
        signed.claims,
        signed.header,
        {
            "iss": {"essential": True, "value": discovered["issuer"]},
            "aud": {"essential": True, "value": client.client_id},
        },
        {"nonce": nonce, "client_id": client.client_id, "access_token": token["access_token"]},
    )
    claims.validate(leeway=0)
    ann = demo_tls.manifest["okta"]["users"]["ann"]
    assert claims["sub"] == ann["id"]
    assert claims["preferred_username"] == ann["login"]

    profile = (await client.get(discovered["userinfo_endpoint"])).json()
    assert (profile["sub"], profile["preferred_username"]) == (ann["id"], ann["login"])

    head, payload, signature = token["id_token"].split(".")
    resigned = ".".join([head, payload, ("A" if signature[0] != "A" else "B") + signature[1:]])
    with pytest.raises(BadSignatureError):
        jwt.decode(resigned, keys, algorithms=["RS256"])


@pytest.mark.parametrize("verifier", ["x" * 48, None], ids=["another", "none"])
async def test_OA_04_a_code_needs_the_verifier_of_its_challenge(demo_tls, client, discovered, verifier) -> None:
    address, _ = client.create_authorization_url(discovered["authorization_endpoint"], code_verifier=generate_token(48))
    back = came_back(demo_tls, address, by_page=False)
    with pytest.raises(OAuthError, match="invalid_grant"):
        await client.fetch_token(
            discovered["token_endpoint"],
            authorization_response=back,
            **({"code_verifier": verifier} if verifier else {}),
        )


async def test_a_wrong_secret_is_refused(demo_tls, client, discovered) -> None:
    address, _ = client.create_authorization_url(discovered["authorization_endpoint"], code_verifier=(v := "v" * 48))
    back = came_back(demo_tls, address, by_page=False)
    client.client_secret = "not it"
    with pytest.raises(OAuthError, match="invalid_client"):
        await client.fetch_token(discovered["token_endpoint"], authorization_response=back, code_verifier=v)
