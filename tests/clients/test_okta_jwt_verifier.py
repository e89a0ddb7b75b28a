"""okta-jwt-verifier, which insists on https, judges tokens: by its own HTTP clients, which trust the demo's CA here."""

import asyncio
import base64
import json
import ssl
from collections.abc import Callable

import pytest
from okta_jwt_verifier import AccessTokenVerifier, IDTokenVerifier
from okta_jwt_verifier.exceptions import JWTValidationException
from okta_jwt_verifier.request_executor import RequestExecutor
from tests.clients.by_hand import new_browser, tokens, trust
from tests.demo_process import Demo

NONCE = "n-of-the-test"


@pytest.fixture(scope="module")
def of_default(demo_tls: Demo) -> dict[str, str]:
    return tokens(demo_tls, issuer="default_issuer", nonce=NONCE)


@pytest.fixture(scope="module")
def of_org(demo_tls: Demo) -> dict[str, str]:
    return tokens(demo_tls, issuer="issuer", nonce=NONCE)


@pytest.fixture(autouse=True)
def _requests_trusts_the_ca(demo_tls: Demo, monkeypatch: pytest.MonkeyPatch) -> None:
    """For the verifier's synchronous calls."""
    monkeypatch.setenv("REQUESTS_CA_BUNDLE", str(demo_tls.ca))


def executor(demo: Demo) -> Callable[..., RequestExecutor]:
    """For the asynchronous ones: the verifier takes another maker of requests, and this one only adds the trust."""
    context: ssl.SSLContext = trust(demo)

    class TrustingExecutor(RequestExecutor):
        async def fire_request(self, uri, **params):
            return await super().fire_request(uri, ssl=context, **params)

    return TrustingExecutor


def payload_of(token: str) -> dict[str, str]:
    payload = token.split(".")[1]
    return json.loads(base64.urlsafe_b64decode(payload + "=" * (-len(payload) % 4)))


def access_verifier(demo: Demo, issuer: str = "default_issuer", **settings) -> AccessTokenVerifier:
    return AccessTokenVerifier(
        issuer=demo.manifest["okta"][issuer],
        **{"audience": "api://default", "request_executor": executor(demo), **settings},
    )


def id_verifier(demo: Demo, app: str = "web", issuer: str = "default_issuer") -> IDTokenVerifier:
    client_id = demo.manifest["okta"]["apps"][app]["client_id"]
    return IDTokenVerifier(issuer=demo.manifest["okta"][issuer], client_id=client_id, request_executor=executor(demo))


def changed(token: str, part: int) -> str:
    """``token`` with one character of its header, payload or signature replaced, somewhere in the middle."""
    parts = token.split(".")
    text = parts[part]
    middle = len(text) // 2
    parts[part] = text[:middle] + ("A" if text[middle] != "A" else "B") + text[middle + 1 :]
    return ".".join(parts)


async def test_it_accepts_the_access_token_of_the_default_server(demo_tls, of_default) -> None:
    await access_verifier(demo_tls).verify(of_default["access_token"])
    access_verifier(demo_tls).verify_sync(of_default["access_token"])


async def test_it_accepts_the_id_token(demo_tls, of_default) -> None:
    await id_verifier(demo_tls).verify(of_default["id_token"], nonce=NONCE)
    id_verifier(demo_tls).verify_sync(of_default["id_token"], nonce=NONCE)


def test_it_accepts_the_id_token_of_the_org_server(demo_tls, of_org) -> None:
    id_verifier(demo_tls, issuer="issuer").verify_sync(of_org["id_token"], nonce=NONCE)


@pytest.mark.parametrize("part", [0, 1, 2], ids=["header", "payload", "signature"])
async def test_it_rejects_a_changed_token(demo_tls, of_default, part) -> None:
    token = changed(of_default["access_token"], part)
    with pytest.raises(JWTValidationException):
        access_verifier(demo_tls).verify_sync(token)
    with pytest.raises(JWTValidationException):
        await access_verifier(demo_tls).verify(token)


def test_it_rejects_a_changed_signature_for_the_signature(demo_tls, of_default) -> None:
    with pytest.raises(JWTValidationException, match="Signature"):
        access_verifier(demo_tls).verify_sync(changed(of_default["access_token"], 2))


def test_a_token_of_the_org_server_is_for_another_audience(demo_tls, of_org) -> None:
    token = of_org["access_token"]
    with pytest.raises(JWTValidationException, match=r"[Aa]udience"):
        access_verifier(demo_tls, issuer="issuer").verify_sync(token)
    with pytest.raises(JWTValidationException, match=r"[Ii]ssuer"):
        access_verifier(demo_tls, audience=demo_tls.manifest["okta"]["issuer"]).verify_sync(token)


def test_an_id_token_is_for_one_client_and_one_request(demo_tls, of_default) -> None:
    with pytest.raises(JWTValidationException, match="Client ID"):
        id_verifier(demo_tls, app="spa").verify_sync(of_default["id_token"], nonce=NONCE)
    with pytest.raises(JWTValidationException, match="nonce"):
        id_verifier(demo_tls).verify_sync(of_default["id_token"], nonce="another")


def test_an_id_token_is_no_access_token(demo_tls, of_default) -> None:
    with pytest.raises(JWTValidationException, match=r"[Aa]udience"):
        access_verifier(demo_tls).verify_sync(of_default["id_token"])


async def test_it_accepts_a_token_with_claims_of_the_servers_own(demo_tls) -> None:
    """A server made over the management API, with a claim and a rule: its tokens are judged by its issuer alone."""
    okta = demo_tls.manifest["okta"]
    with new_browser(demo_tls) as http:
        http.headers["authorization"] = f"SSWS {okta['ssws']}"
        base = f"{okta['base_url']}/api/v1/authorizationServers"

        def make(path: str, body: dict[str, object]) -> dict[str, str]:
            answer = http.post(f"{base}{path}", json=body)
            assert answer.status_code == 201, answer.text
            return answer.json()

        server = make("", {"name": "Judged", "audiences": ["api://judged"]})
        own = f"/{server['id']}"
        make(f"{own}/claims", {"name": "first", "value": "user.firstName", "claimType": "RESOURCE"})
        policy = make(f"{own}/policies", {"name": "All", "conditions": {"clients": {"include": ["ALL_CLIENTS"]}}})
        conditions = {
            "grantTypes": {"include": ["authorization_code"]},
            "people": {"groups": {"include": ["EVERYONE"]}},
            "scopes": {"include": ["*"]},
        }
        make(f"{own}/policies/{policy['id']}/rules", {"name": "All", "conditions": conditions})
        # A process may know the configuration as it was a second ago.
        for _ in range(100):
            if http.get(f"{server['issuer']}/.well-known/openid-configuration").status_code == 200:
                break
            await asyncio.sleep(0.1)
    demo_tls.manifest["okta"]["judged_issuer"] = server["issuer"]
    given = tokens(demo_tls, issuer="judged_issuer", nonce=NONCE)
    verifier = access_verifier(demo_tls, issuer="judged_issuer", audience="api://judged")
    await verifier.verify(given["access_token"])
    names = {name: payload_of(given[name]) for name in ("access_token", "id_token")}
    assert names["id_token"]["name"].startswith(f"{names['access_token']['first']} ")
    id_verifier(demo_tls, issuer="judged_issuer").verify_sync(given["id_token"], nonce=NONCE)
    with pytest.raises(JWTValidationException):
        access_verifier(demo_tls, issuer="judged_issuer").verify_sync(given["access_token"])
