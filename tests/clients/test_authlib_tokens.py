"""Authlib judges what the authorization endpoint answers with several parts, under every algorithm we sign with."""

import time
from collections.abc import Iterator, Mapping
from typing import Any

import httpx
import pytest
from authlib.oidc.core import CodeIDToken, HybridIDToken, IDToken, ImplicitIDToken
from joserfc import jwt
from joserfc.errors import InvalidClaimError
from joserfc.jwk import KeySet
from tests.http_client import form_of
from tests.installation import APP, Client, Installation
from tests.okta_steps import answer, authorize, exchange, message_of, signed_in, userinfo
from tests.server import Server, Site, running_server

from segue.admin import applications
from segue.admin.applications import Traits
from segue.core.application import OidcClient

pytestmark = [
    pytest.mark.server,
    # The name that clients know, and that joserfc calls old.
    pytest.mark.filterwarnings("ignore:EdDSA is deprecated"),
]
ALGORITHMS = {"RS256": "RS256", "ES256": "ES256", "Ed25519": "EdDSA"}
EVERY = frozenset({"code", "id_token", "code id_token", "code token", "id_token token", "code id_token token"})
NONCE = "n-0815"


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    """A server of its own: a new algorithm changes the key set of the whole org."""
    with running_server(tmp_path_factory.mktemp("algorithms"), workers=2) as running:
        yield running


@pytest.fixture(scope="module")
def clients(server: Server) -> dict[str, Client]:
    """A client for each algorithm, registered for every response type. Its redirect origin is no trusted one."""

    async def register(at: Installation) -> dict[str, Client]:
        made = {}
        for algorithm in ALGORITHMS:
            redirect_uri = f"https://{algorithm.lower()}.example.com/callback"
            settings = OidcClient(
                "",
                (redirect_uri,),
                response_types=EVERY,
                grant_types=frozenset({"authorization_code", "implicit"}),
                id_token_algorithm=algorithm,  # type: ignore[arg-type]
            )
            app = await applications.create_oidc(
                at.segue.store, Traits(algorithm, everyone=True), settings, at.change, sealer=at.segue.sealer
            )
            client_id, secret = app.application.id, app.client_secret or ""
            made[algorithm] = Client(client_id, client_id, secret, redirect_uri, "client_secret_basic")
        return made

    made = server.inside(register)
    time.sleep(1.1)  # every worker knows the keys by then
    return made


def told(response: httpx.Response, mode: str) -> Mapping[str, Any]:
    match mode:
        case "form_post":
            return form_of(response).fields
        case "okta_post_message":
            return message_of(response)[0]
    return answer(response)


def checked(site: Site, kind: type[IDToken], client: Client, algorithm: str, token: str, **beside: str) -> IDToken:
    """The ID token after Authlib's judgement: signature, issuer, audience, nonce, at_hash and c_hash."""
    browser = site.browser()
    keys = KeySet.import_key_set(browser.get("/oauth2/v1/keys").json())
    decoded = jwt.decode(token, keys, algorithms=[ALGORITHMS[algorithm]])
    expected = {"iss": {"value": site.base_url}, "aud": {"value": client.client_id}}
    claims = kind(decoded.claims, decoded.header, expected, {"nonce": NONCE, "client_id": client.client_id, **beside})
    claims.validate(leeway=0)
    return claims


@pytest.mark.parametrize("algorithm", ALGORITHMS)
@pytest.mark.parametrize("response_type", sorted(EVERY - {"code"}))
def test_every_part_vouches_for_the_others(
    site: Site, clients: dict[str, Client], response_type: str, algorithm: str
) -> None:
    client, browser = clients[algorithm], signed_in(site)
    kind = HybridIDToken if "code" in response_type.split() else ImplicitIDToken
    for mode in ("fragment", "form_post", "okta_post_message"):
        response = authorize(browser, client, response_type=response_type, response_mode=mode, prompt="none")
        parts = told(response, mode)
        beside = {name: str(parts[name]) for name in ("code", "access_token") if name in parts}
        if "id_token" in parts:
            seen = checked(site, kind, client, algorithm, str(parts["id_token"]), **beside)
            assert ("c_hash" in seen, "at_hash" in seen) == ("code" in beside, "access_token" in beside)
            if algorithm != "Ed25519":  # Authlib knows no hash for it and lets any pass
                for name in beside:
                    with pytest.raises(InvalidClaimError):
                        checked(site, kind, client, algorithm, str(parts["id_token"]), **{**beside, name: "another"})
        if "access_token" in parts:
            assert (parts["token_type"], str(parts["expires_in"])) == ("Bearer", "3600")
            assert userinfo(site, beside["access_token"]).json()["sub"] == site.person("ann").id
        if "code" in parts:
            body = exchange(site, client, beside["code"]).json()
            checked(site, CodeIDToken, client, algorithm, body["id_token"], access_token=body["access_token"])


def test_F1_01_nothing_of_it_travels_in_a_query(site: Site, clients: dict[str, Client]) -> None:
    browser = signed_in(site)
    for response_type in EVERY - {"code"}:
        refused = authorize(
            browser, clients["RS256"], response_type=response_type, response_mode="query", prompt="none"
        )
        assert "?" not in refused.headers["location"]
        assert answer(refused)["error"] == "invalid_request"


def test_it_is_all_advertised(site: Site, clients: dict[str, Client]) -> None:
    document = site.browser().get("/.well-known/openid-configuration").json()
    assert set(document["response_types_supported"]) == EVERY
    assert document["id_token_signing_alg_values_supported"] == list(ALGORITHMS.values())
    keys = site.browser().get("/oauth2/v1/keys").json()["keys"]
    assert {key["alg"] for key in keys} == set(ALGORITHMS.values())
    assert not {"d", "p", "q"}.intersection(*map(set, keys))


def test_ED_03_a_page_at_its_redirect_origin_reads_tokens_and_userinfo(site: Site, clients: dict[str, Client]) -> None:
    client, browser = clients["RS256"], signed_in(site)
    own, foreign = "https://rs256.example.com", "https://es256.example.com"  # both have redirect addresses, one is its
    for origin in (own, foreign, APP):
        code = answer(authorize(browser, client, prompt="none"))["code"]
        tokens = exchange(site, client, code, headers={"origin": origin})
        bearer = {"authorization": f"Bearer {tokens.json()['access_token']}", "origin": origin}
        profile = site.browser().get("/oauth2/v1/userinfo", headers=bearer)
        again = exchange(site, client, code, headers={"origin": origin})
        assert [each.status_code for each in (tokens, profile, again)] == [200, 200, 400]
        for response in (tokens, profile, again):
            assert response.headers.get("access-control-allow-origin") == (own if origin == own else None)
            assert "access-control-allow-credentials" not in response.headers
            assert response.headers["vary"] == "Origin"
    asked = {"origin": own, "access-control-request-headers": "authorization,x-okta-user-agent-extended"}
    preflight = site.browser().request("OPTIONS", "/oauth2/v1/token", headers=asked)
    assert preflight.headers["access-control-allow-origin"] == own
    assert "x-okta-user-agent-extended" in preflight.headers["access-control-allow-headers"]
    assert "access-control-allow-credentials" not in preflight.headers
