"""Access tokens at the management API: scopes, grants and roles together, and tokens bound to a key (MG-02, NW-07)."""

import secrets
import time
from dataclasses import replace
from typing import Any

import httpx
import pytest
from tests.installation import Installation
from tests.key_holder import a_key
from tests.okta_steps import AUTHN, DEFAULT, ORG, answer, authorize, signed_in, tokens_for
from tests.server import Server, Site
from tests.services import Service, a_service

from segue.admin import roles, scope_grants
from segue.core.user import Role
from segue.protocols.oauth.dpop import token_hash

ORIGINS = "/api/v1/trustedOrigins"
WRONG = {"name": "Mine", "origin": "nonsense", "scopes": [{"type": "CORS"}]}


@pytest.fixture(scope="module")
def service(server: Server) -> Service:
    """May read and manage trusted origins, and read users."""
    return a_service(server, "origins-service", "trustedOrigins.read", "trustedOrigins.manage", "users.read")


def call(site: Site, token: str, method: str, path: str, *, scheme: str = "Bearer", **rest: Any) -> httpx.Response:
    headers = {"authorization": f"{scheme} {token}", **rest.pop("headers", {})}
    return site.browser().request(method, path, headers=headers, **rest)


def refused(response: httpx.Response, status: int, code: str, error: str) -> None:
    assert (response.status_code, response.json()["errorCode"]) == (status, code), response.text
    assert f'error="{error}"' in response.headers["www-authenticate"]


def test_an_application_manages_with_the_scopes_it_was_granted(server: Server, site: Site, service: Service) -> None:
    reading = service.token("okta.trustedOrigins.read")
    assert call(site, reading, "GET", ORIGINS).status_code == 200
    refused(call(site, reading, "POST", ORIGINS, json=WRONG), 403, "E0000006", "insufficient_scope")
    refused(call(site, reading, "GET", "/api/v1/apps"), 403, "E0000006", "insufficient_scope")
    managing = service.token("okta.trustedOrigins.manage okta.users.read")
    assert call(site, managing, "GET", ORIGINS).status_code == 200
    origin = {**WRONG, "origin": f"https://{secrets.token_hex(4)}.example.com"}
    made = call(site, managing, "POST", ORIGINS, json=origin)
    assert made.status_code == 200
    ((actor,),) = server.rows("SELECT actor_id FROM events WHERE detail LIKE $1", f"%{origin['origin']}%")
    assert actor == service.app_id
    assert call(site, managing, "DELETE", f"{ORIGINS}/{made.json()['id']}").status_code == 204


@pytest.mark.parametrize(
    "scope", ["okta.apps.read", "okta.users.manage", "okta.*", "okta.", "openid", "orders:read", "trustedOrigins.read"]
)
def test_MG_02_nobody_gets_a_scope_that_was_not_granted(service: Service, scope: str) -> None:
    response = service.ask({"grant_type": "client_credentials", "scope": scope})
    assert (response.status_code, response.json()["error"]) == (400, "invalid_scope")


def test_the_orgs_scopes_are_given_by_its_own_server_alone(service: Service) -> None:
    response = service.ask({"grant_type": "client_credentials", "scope": "okta.users.read"}, at=DEFAULT)
    assert (response.status_code, response.json()["error"]) == (400, "invalid_scope")


def test_JO_08_every_other_token_is_refused_at_the_management_api(
    server: Server, site: Site, twin: Site, service: Service
) -> None:
    browser = signed_in(site)
    of_org, of_default = (tokens_for(browser, site, at=at) for at in (ORG, DEFAULT))
    foreign = a_service(server, "origins-service", "trustedOrigins.read", twin=True)
    now_s = int(time.time())
    claims = {"iss": site.base_url, "aud": site.base_url, "sub": "x", "iat": now_s, "exp": now_s + 60, "jti": "AT.x"}
    others = {
        "id token": of_org["id_token"],
        "id token of a custom server": of_default["id_token"],
        "access token of a custom server": of_default["access_token"],
        "service token of a custom server": service.token("orders:read", at=DEFAULT),
        "token of another org": foreign.token("okta.trustedOrigins.read"),
        "client assertion": service.assertion(),
        "proof": service.proof(a_key(), ORIGINS, "GET"),
        "signed by us, known to nobody": server.inside(lambda at: at.sign(claims)),
        "API token": site.org.api_token,
        "spoiled": service.token("okta.trustedOrigins.read")[:-6] + "AAAAAA",
    }
    for scheme in ("Bearer", "DPoP", "SSWS"):
        for name, token in others.items():
            if (scheme, name) == ("SSWS", "API token"):
                continue
            response = call(site, token, "GET", ORIGINS, scheme=scheme)
            assert (response.status_code, response.json()["errorCode"]) == (401, "E0000011"), (scheme, name)
    # A token of a user without a role is a token, but may do nothing.
    assert call(site, of_org["access_token"], "GET", ORIGINS).status_code == 403


def test_JO_08_a_management_token_is_nothing_else(site: Site, service: Service) -> None:
    token = service.token("okta.trustedOrigins.manage okta.users.read")
    assert call(site, token, "GET", f"{ORG}/userinfo").status_code == 401
    assert call(site, token, "POST", AUTHN, json={"username": "x", "password": "x"}).status_code == 401
    assert call(site, token, "GET", ORIGINS, scheme="SSWS").status_code == 401
    for wrong in (token, service.proof(service.key, f"{ORG}/token", algorithm="RS256")):
        form = {"grant_type": "client_credentials", "scope": "okta.users.read", "client_assertion": wrong}
        response = service.ask(form)
        assert (response.status_code, response.json()["error"]) == (401, "invalid_client")
    for wrong in (token, service.assertion()):
        response = service.ask({"grant_type": "client_credentials", "scope": "okta.users.read"}, proof=wrong)
        assert (response.status_code, response.json()["error"]) == (400, "invalid_dpop_proof")


def test_MG_08_a_grant_taken_back_and_an_application_put_out_of_use_count(server: Server, site: Site) -> None:
    service = a_service(server, "short-lived", "trustedOrigins.read", "users.read")
    token = service.token("okta.trustedOrigins.read")
    assert call(site, token, "GET", ORIGINS).status_code == 200

    async def revoke(at: Installation) -> None:
        grants = await scope_grants.scope_grants_of(at.segue.store, service.app_id, at.change)
        await scope_grants.revoke_scope(at.segue.store, service.app_id, grants[0].id, at.change)

    server.inside(revoke)
    time.sleep(1.1)
    assert call(site, token, "GET", ORIGINS).status_code == 403

    async def put_out_of_use(at: Installation) -> None:
        await at.change_application(service.app_id, status="inactive")

    server.inside(put_out_of_use)
    time.sleep(1.1)
    assert call(site, token, "GET", ORIGINS).status_code == 401


@pytest.mark.parametrize(
    ("role", "reads", "manages"), [("owner", 200, 400), ("support", 200, 403), ("auditor", 200, 403), (None, 403, 403)]
)
def test_MG_02_a_token_of_a_user_does_no_more_than_its_user(
    server: Server, site: Site, service: Service, role: Role | None, reads: int, manages: int
) -> None:
    async def make(at: Installation) -> Any:
        person = await at.add_person(f"{secrets.token_hex(8)}@example.com")
        if role is not None:
            await roles.assign_role(at.segue.store, await at.user(person.id), role, at.change)
        return person

    browser = signed_in(site, server.inside(make))
    client = replace(site.org.clients["web"], client_id=service.client_id, redirect_uri=service.redirect_uri)
    asked = authorize(browser, client, scope="openid okta.trustedOrigins.manage", prompt="none")
    form = {"grant_type": "authorization_code", "code": answer(asked)["code"], "redirect_uri": service.redirect_uri}
    given = service.ask(form).json()
    assert given["scope"] == "openid okta.trustedOrigins.manage"
    token = given["access_token"]
    assert call(site, token, "GET", ORIGINS).status_code == reads
    assert call(site, token, "POST", ORIGINS, json=WRONG).status_code == manages
    # A client that was not granted the scope cannot ask for it.
    told = answer(authorize(browser, site.org.clients["web"], scope="openid okta.trustedOrigins.read", prompt="none"))
    assert told["error"] == "invalid_scope"


def test_NW_07_a_bound_token_manages_nothing_without_its_key(site: Site, service: Service) -> None:
    key, thief = a_key("ES256", "mine"), a_key("ES256", "thief")
    token = service.token("okta.trustedOrigins.read", proof=service.proof(key, f"{ORG}/token"))
    ath = token_hash(token)

    def with_proof(proof: str | None, scheme: str = "DPoP", path: str = ORIGINS) -> httpx.Response:
        return call(site, token, "GET", path, scheme=scheme, headers={"dpop": proof} if proof else {})

    good = service.proof(key, ORIGINS, "GET", ath=ath)
    assert with_proof(good, path=f"{ORIGINS}?limit=5").status_code == 200
    refused(with_proof(good), 401, "E0000011", "invalid_dpop_proof")
    refused(with_proof(None), 401, "E0000011", "invalid_dpop_proof")
    refused(with_proof(None, "Bearer"), 401, "E0000011", "invalid_token")
    refused(with_proof(service.proof(key, ORIGINS, "GET", ath=ath), "Bearer"), 401, "E0000011", "invalid_token")
    refused(with_proof(service.proof(thief, ORIGINS, "GET", ath=ath)), 401, "E0000011", "invalid_token")
    for wrong in ({"ath": "x"}, {"method": "POST", "ath": ath}, {"iat": 1, "ath": ath}):
        method = str(wrong.pop("method", "GET"))
        refused(with_proof(service.proof(key, ORIGINS, method, **wrong)), 401, "E0000011", "invalid_dpop_proof")
    unbound = service.token("okta.trustedOrigins.read")
    proof = service.proof(key, ORIGINS, "GET", ath=token_hash(unbound))
    refused(
        call(site, unbound, "GET", ORIGINS, scheme="DPoP", headers={"dpop": proof}), 401, "E0000011", "invalid_token"
    )


def test_an_ended_token_manages_nothing(server: Server, site: Site, service: Service) -> None:
    token = service.token("okta.trustedOrigins.read")
    ((ident,),) = server.rows(
        "SELECT credential_id FROM events WHERE type = 'token.issue' AND app_id = $1 ORDER BY at DESC LIMIT 1",
        service.app_id,
    )
    server.inside(lambda at: at.revoke(str(ident)))
    refused(call(site, token, "GET", ORIGINS), 401, "E0000011", "invalid_token")


def test_a_scope_for_ones_own_account_is_for_that_alone(server: Server, site: Site) -> None:
    service = a_service(server, "own-account", "users.read.self")
    client = replace(site.org.clients["web"], client_id=service.client_id, redirect_uri=service.redirect_uri)
    asked = authorize(signed_in(site), client, scope="okta.users.read.self", prompt="none")
    form = {"grant_type": "authorization_code", "code": answer(asked)["code"], "redirect_uri": service.redirect_uri}
    token, ann = service.ask(form).json()["access_token"], site.person("ann")
    me = call(site, token, "GET", "/api/v1/users/me")
    assert (me.status_code, me.json()["id"]) == (200, ann.id)
    refused(call(site, token, "GET", f"/api/v1/users/{ann.id}"), 403, "E0000006", "insufficient_scope")
    refused(call(site, token, "GET", "/api/v1/users"), 403, "E0000006", "insufficient_scope")
    of_app = service.token("okta.users.read.self")
    refused(call(site, of_app, "GET", "/api/v1/users/me"), 401, "E0000011", "invalid_token")
