"""The Auth0 dialect over HTTP: discovery, authorize, token, userinfo, revoke, logout, and the sign-in page."""

import time

import pytest
from joserfc import jwt
from joserfc.jwk import KeySet
from tests.auth0_steps import (
    API,
    ISSUER,
    LOGOUT_URL,
    Pkce,
    Tenant,
    asks,
    at_login,
    authorize,
    claims_of,
    code_in,
    signs_in,
)
from tests.http_client import cookies_of, parameters


def test_discovery_names_the_issuer_with_a_slash_and_the_vendors_addresses(tenant: Tenant) -> None:
    document = tenant.browser().get("/.well-known/openid-configuration").json()
    assert document["issuer"] == ISSUER
    base = ISSUER.removesuffix("/")
    assert {name: document[name].removeprefix(base) for name in document if name.endswith(("_endpoint", "_uri"))} == {
        "authorization_endpoint": "/authorize",
        "token_endpoint": "/oauth/token",
        "userinfo_endpoint": "/userinfo",
        "jwks_uri": "/.well-known/jwks.json",
        "revocation_endpoint": "/oauth/revoke",
        "end_session_endpoint": "/oidc/logout",
    }
    assert tenant.browser().get("/.well-known/oauth-authorization-server").json() == document
    for name in ("authorization_endpoint", "token_endpoint", "userinfo_endpoint", "jwks_uri", "revocation_endpoint"):
        assert tenant.browser().get(document[name]).status_code != 404


def test_a_code_flow_by_the_sign_in_page(tenant: Tenant) -> None:
    browser, client, ann = tenant.browser(), tenant.clients["web"], tenant.people["ann"]
    answer = authorize(browser, client, nonce="n-1", scope="openid profile email offline_access")
    assert at_login(browser, answer)
    done = signs_in(browser, answer, ann)
    assert done.headers["location"].startswith(client.redirect_uri)
    assert parameters(done.headers["location"])["state"] == "st-1"
    assert parameters(done.headers["location"])["iss"] == ISSUER
    session = next(one for one in cookies_of(done) if one.name == "auth0")
    assert {"httponly", "secure"} <= set(session.attributes)
    body = tenant.token(
        "web", grant_type="authorization_code", code=code_in(done), redirect_uri=client.redirect_uri
    ).json()
    assert {name: body[name] for name in ("token_type", "scope")} == {
        "token_type": "Bearer",
        "scope": "openid profile email offline_access",
    }
    claims = _verified(tenant, body["id_token"])
    assert (claims["iss"], claims["aud"], claims["nonce"]) == (ISSUER, client.client_id, "n-1")
    assert claims["sub"] == f"auth0|{ann.id}"
    assert claims["name"] == "Ann Lee"
    info = tenant.browser().get("/userinfo", headers={"authorization": f"Bearer {body['access_token']}"}).json()
    assert (info["sub"], info["email"]) == (claims["sub"], "ann@example.com")
    assert code_in(authorize(browser, client, prompt="none"))


def test_a_token_for_an_api_names_it_and_userinfo_beside(tenant: Tenant) -> None:
    browser, client, pkce = tenant.browser(), tenant.clients["native"], Pkce.new()
    asked = authorize(browser, client, audience=API, scope="openid read:orders unheard:of", **pkce.challenge)
    done = signs_in(browser, asked, tenant.people["ann"])
    body = tenant.token(
        "native",
        grant_type="authorization_code",
        code=code_in(done),
        redirect_uri=client.redirect_uri,
        code_verifier=pkce.verifier,
    ).json()
    claims = _verified(tenant, body["access_token"])
    assert claims["aud"] == [API, f"{ISSUER}userinfo"]
    assert (claims["iss"], claims["azp"], claims["scope"]) == (ISSUER, client.client_id, "openid read:orders")
    info = tenant.browser().get("/userinfo", headers={"authorization": f"Bearer {body['access_token']}"})
    assert info.json()["sub"] == claims["sub"]


def test_an_audience_of_no_api_is_refused_at_both_endpoints(tenant: Tenant) -> None:
    page = authorize(tenant.browser(), tenant.clients["web"], audience="https://nowhere.example.com/")
    assert page.status_code == 403
    response = tenant.token("machine", grant_type="client_credentials", audience="urn:nothing", scope="read:orders")
    assert (response.status_code, response.json()["error"]) == (403, "access_denied")
    assert response.json()["error_description"] == "Service not found: urn:nothing"


@pytest.mark.parametrize("as_form", [False, True], ids=["json", "form"])
def test_the_token_endpoint_takes_json_and_forms_alike(tenant: Tenant, as_form: bool) -> None:
    ann, native = tenant.people["ann"], tenant.clients["native"]
    fields = {
        "grant_type": "password",
        "client_id": native.client_id,
        "username": ann.login,
        "password": ann.password,
        "scope": "openid offline_access",
        "audience": API,
    }
    sent = {"data": fields} if as_form else {"json": {**fields, "realm": None, "organization": None}}
    response = tenant.browser().post("/oauth/token", **sent)  # type: ignore[arg-type]
    assert response.status_code == 200, response.text
    assert "no-store" in response.headers["cache-control"]
    body = response.json()
    assert claims_of(body["access_token"])["aud"] == [API, f"{ISSUER}userinfo"]
    again = tenant.token("native", grant_type="refresh_token", refresh_token=body["refresh_token"]).json()
    assert claims_of(again["access_token"])["aud"] == [API, f"{ISSUER}userinfo"]
    assert again["refresh_token"] != body["refresh_token"]
    assert _verified(tenant, again["id_token"])["sub"] == f"auth0|{ann.id}"


def test_a_refresh_token_of_one_api_gives_nothing_for_another(tenant: Tenant) -> None:
    body = tenant.by_password()
    response = tenant.token("native", grant_type="refresh_token", refresh_token=body["refresh_token"], audience=API)
    assert (response.status_code, response.json()["error"]) == (403, "invalid_grant")


def test_an_application_acts_for_itself(tenant: Tenant) -> None:
    response = tenant.token("machine", grant_type="client_credentials", audience=API, scope="read:orders")
    claims = _verified(tenant, response.json()["access_token"])
    assert (claims["sub"], claims["azp"], claims["gty"]) == (
        "acme-machine@clients",
        "acme-machine",
        "client-credentials",
    )
    assert claims["aud"] == API
    assert "refresh_token" not in response.json()


@pytest.mark.parametrize(
    ("body", "status", "error", "text"),
    [
        (
            {"grant_type": "refresh_token", "refresh_token": "x"},
            403,
            "invalid_grant",
            "Unknown or invalid refresh token.",
        ),
        ({"grant_type": "refresh_token"}, 400, "invalid_request", "Missing required parameter: refresh_token"),
        (
            {"grant_type": "authorization_code", "code": "x", "redirect_uri": "com.acme.app:/done"},
            403,
            "invalid_grant",
            "Invalid authorization code",
        ),
        (
            {"grant_type": "client_credentials"},
            403,
            "unauthorized_client",
            "Grant type 'client_credentials' not allowed for the client.",
        ),
        ({"grant_type": "odd"}, 403, "unsupported_grant_type", "Unsupported grant type: odd"),
        (
            {"grant_type": "password", "username": "ann@example.com", "password": "wrong"},
            403,
            "invalid_grant",
            "Wrong email or password.",
        ),
    ],
)
def test_errors_of_the_token_endpoint_have_the_vendors_status_and_words(
    tenant: Tenant, body: dict[str, str], status: int, error: str, text: str
) -> None:
    response = tenant.token("native", **body)
    said = response.json()
    assert (response.status_code, said["error"], said["error_description"]) == (status, error, text)
    assert tenant.event(said["event_id"]).type == "oauth.token"


def test_a_wrong_secret_and_a_body_that_is_no_form_are_told_clearly(tenant: Tenant) -> None:
    web = tenant.clients["web"]
    wrong = tenant.post("/oauth/token", {"client_id": web.client_id, "client_secret": "x", "grant_type": "password"})
    assert (wrong.status_code, wrong.json()["error"]) == (401, "invalid_client")
    for body in (b"[]", b'{"grant_type":["password"]}', b'{"a":1,"a":2}', b"{", b""):
        response = tenant.browser().post("/oauth/token", content=body, headers={"content-type": "application/json"})
        assert (response.status_code, response.json()["error"]) == (400, "invalid_request"), body


def test_revoking_a_refresh_token_ends_its_family_whatever_api_it_is_of(tenant: Tenant) -> None:
    for audience in (None, API):
        body = tenant.by_password(audience=audience)
        revoked = tenant.post("/oauth/revoke", {"client_id": "acme-native", "token": body["refresh_token"]})
        assert (revoked.status_code, revoked.content) == (200, b"")
        refused = tenant.token("native", grant_type="refresh_token", refresh_token=body["refresh_token"])
        assert refused.status_code == 403
        gone = tenant.browser().get("/userinfo", headers={"authorization": f"Bearer {body['access_token']}"})
        assert gone.status_code == 401
    unknown = tenant.post("/oauth/revoke", {"client_id": "acme-native", "token": "never-was"})
    assert unknown.status_code == 200


def test_logout_goes_to_listed_addresses_alone(tenant: Tenant) -> None:
    browser, web = tenant.browser(), tenant.clients["web"]
    signs_in(browser, authorize(browser, web), tenant.people["ann"])
    refused = browser.get(f"/v2/logout?client_id={web.client_id}&returnTo=https://evil.example.com/")
    assert refused.status_code == 400
    assert code_in(authorize(browser, web, prompt="none"))
    away = browser.get(f"/v2/logout?client_id={web.client_id}&returnTo={LOGOUT_URL}")
    assert (away.status_code, away.headers["location"]) == (302, LOGOUT_URL)
    assert "auth0" not in browser.cookies
    assert parameters(authorize(browser, web, prompt="none").headers["location"])["error"] == "login_required"
    assert browser.get(f"/v2/logout?client_id={web.client_id}").headers["location"] == LOGOUT_URL
    plain = browser.get("/v2/logout")
    assert (plain.status_code, plain.text) == (200, "OK")


def test_logout_by_openid_connect(tenant: Tenant) -> None:
    browser, web = tenant.browser(), tenant.clients["web"]
    done = signs_in(browser, authorize(browser, web), tenant.people["ann"])
    body = tenant.token(
        "web", grant_type="authorization_code", code=code_in(done), redirect_uri=web.redirect_uri
    ).json()
    away = browser.get(
        "/oidc/logout",
        params={"id_token_hint": body["id_token"], "post_logout_redirect_uri": LOGOUT_URL, "state": "s"},
    )
    assert away.headers["location"] == f"{LOGOUT_URL}?state=s"
    assert parameters(authorize(browser, web, prompt="none").headers["location"])["error"] == "login_required"


def test_a_published_request_spells_the_client_in_another_way(tenant: Tenant) -> None:
    browser, web = tenant.browser(), tenant.clients["web"]
    asked = {"client_ID": web.client_id, "redirect_uri": web.redirect_uri, "response_type": "code"}
    assert at_login(browser, browser.get("/authorize", params=asked))
    both = browser.get("/authorize", params={**asks(web), "client_ID": "other"})
    assert at_login(browser, both)


def test_a_session_of_one_dialect_is_none_of_the_other(tenant: Tenant) -> None:
    browser = tenant.browser()
    signs_in(browser, authorize(browser, tenant.clients["web"]), tenant.people["ann"])
    elsewhere = tenant.server.site.browser()
    elsewhere.cookies["auth0"] = elsewhere.cookies["sid"] = browser.cookies["auth0"]
    assert elsewhere.get("/api/v1/sessions/me").status_code == 404


def test_somebodys_own_page_and_signing_out_there(tenant: Tenant) -> None:
    browser = tenant.browser()
    assert browser.get("/").status_code == 200
    home = signs_in(browser, browser.get("/u/login"), tenant.people["ann"])
    assert "Ann Lee" in home.text
    left = browser.follow(browser.submit(home))
    assert left.status_code == 200
    assert "auth0" not in browser.cookies


def _verified(tenant: Tenant, token: str) -> dict[str, object]:
    keys = KeySet.import_key_set(tenant.browser().get("/.well-known/jwks.json").json())
    decoded = jwt.decode(token, keys, algorithms=["RS256"])
    assert decoded.header["typ"] == "JWT"
    assert decoded.claims["exp"] > time.time()
    return dict(decoded.claims)
