"""The Sessions API beyond what the seeds print, and the links of a user, over HTTP."""

import time
from typing import Any

import httpx
import pytest
from tests.http_client import Browser, cookies_of
from tests.installation import TRUSTED_ORIGIN, Person
from tests.okta_steps import (
    SESSIONS,
    cookie_token,
    create_session,
    is_signed_in,
    session_token,
    signed_in,
    tokens_for,
    userinfo,
    with_api_token,
)
from tests.server import Server, Site

ME = f"{SESSIONS}/me"
REDIRECT = "/login/sessionCookieRedirect"
OBJECT = {
    "id",
    "login",
    "userId",
    "expiresAt",
    "createdAt",
    "status",
    "lastPasswordVerification",
    "lastFactorVerification",
    "amr",
    "idp",
    "mfaActive",
    "_links",
}


def call(site: Site, method: str, path: str, **rest: Any) -> httpx.Response:
    """A call with the org's API token."""
    return site.browser().request(method, path, headers={**with_api_token(site), **rest.pop("headers", {})}, **rest)


def session_of(browser: Browser) -> str:
    return str(browser.get(ME).json()["id"])


def is_gone(response: httpx.Response, ident: str, kind: str = "Session") -> bool:
    body = response.json()
    summary = f"Not found: Resource not found: {ident} ({kind})"
    return (response.status_code, body["errorCode"], body["errorSummary"]) == (404, "E0000007", summary)


# --- POST /api/v1/sessions ---


@pytest.mark.parametrize("trusted", [False, True])
def test_a_session_token_makes_a_session(site: Site, trusted: bool) -> None:
    headers = with_api_token(site) if trusted else {}
    token = session_token(site)
    response = site.browser().post(SESSIONS, json={"sessionToken": token}, headers=headers)
    assert response.status_code == 200
    assert not cookies_of(response)
    body = response.json()
    assert set(body) == OBJECT
    assert (body["userId"], body["status"], body["amr"]) == (site.person("ann").id, "ACTIVE", ["pwd"])
    again = site.browser().post(SESSIONS, json={"sessionToken": token}, headers=headers)
    assert (again.status_code, again.json()["errorCode"]) == (401, "E0000004")
    assert call(site, "GET", f"{SESSIONS}/{body['id']}").json()["login"] == "ann@example.com"


def test_a_session_token_and_both_tickets(site: Site) -> None:
    address = f"{SESSIONS}?additionalFields=cookieToken,cookieTokenUrl"
    body = call(site, "POST", address, json={"sessionToken": session_token(site)}).json()
    assert set(body) == OBJECT | {"cookieToken", "cookieTokenUrl"}
    browser = site.browser()
    browser.get(REDIRECT, params={"token": body["cookieToken"], "redirectUrl": "/"})
    assert session_of(browser) == body["id"]


@pytest.mark.parametrize(
    "body",
    [{}, {"username": "ann@example.com"}, {"sessionToken": 1}, {"username": "a", "password": ""}, {"password": 1}],
)
def test_what_is_no_request_for_a_session(site: Site, body: dict[str, object]) -> None:
    response = call(site, "POST", SESSIONS, json=body)
    assert (response.status_code, response.json()["errorCode"]) == (400, "E0000001")


def test_a_session_token_and_a_password_at_once(site: Site) -> None:
    token, ann = session_token(site), site.person("ann")
    body = {"sessionToken": token, "username": ann.login, "password": ann.password}
    assert call(site, "POST", SESSIONS, json=body).status_code == 400
    assert call(site, "POST", SESSIONS, json={"sessionToken": token}).status_code == 200


def test_fields_that_there_are_not(site: Site) -> None:
    response = call(site, "POST", f"{SESSIONS}?additionalFields=cookie", json={"sessionToken": session_token(site)})
    assert (response.status_code, response.json()["errorSummary"]) == (
        400,
        "Api validation failed: additionalFields",
    )


def test_a_password_without_a_ticket_makes_a_session_too(site: Site) -> None:
    bob = site.person("bob")
    body = call(site, "POST", SESSIONS, json={"username": bob.login, "password": bob.password}).json()
    assert set(body) == OBJECT


# --- by id ---


def test_a_session_by_its_id_is_looked_at_and_not_extended(server: Server, site: Site) -> None:
    browser = signed_in(site)
    ident = session_of(browser)
    idle_end = "SELECT idle_expires_at FROM credentials WHERE id = $1"
    before = server.rows(idle_end, ident)
    time.sleep(0.01)
    body = call(site, "GET", f"{SESSIONS}/{ident}").json()
    assert set(body) == OBJECT
    assert body["_links"]["refresh"]["href"] == f"{site.base_url}{SESSIONS}/{ident}/lifecycle/refresh"
    assert server.rows(idle_end, ident) == before


@pytest.mark.parametrize(("method", "path"), [("POST", "/lifecycle/refresh"), ("PUT", "")])
def test_a_session_by_its_id_is_extended(server: Server, site: Site, method: str, path: str) -> None:
    ident = session_of(signed_in(site))
    server.execute("UPDATE credentials SET idle_expires_at = idle_expires_at - 600000 WHERE id = $1", ident)
    before = server.rows("SELECT idle_expires_at FROM credentials WHERE id = $1", ident)[0][0]
    response = call(site, method, f"{SESSIONS}/{ident}{path}")
    assert (response.status_code, response.json()["id"]) == (200, ident)
    after = server.rows("SELECT idle_expires_at FROM credentials WHERE id = $1", ident)[0][0]
    assert after >= before + 600_000
    found = server.rows("SELECT actor_id FROM events WHERE type = 'session.extend' AND credential_id = $1", ident)
    assert found == [(site.person("carol").id,)]


def test_a_session_by_its_id_is_closed(server: Server, site: Site) -> None:
    browser = signed_in(site)
    ident = session_of(browser)
    response = call(site, "DELETE", f"{SESSIONS}/{ident}")
    assert (response.status_code, response.content) == (204, b"")
    assert not is_signed_in(browser)
    for method, path in (("GET", ""), ("DELETE", ""), ("PUT", ""), ("POST", "/lifecycle/refresh")):
        assert is_gone(call(site, method, f"{SESSIONS}/{ident}{path}"), ident)
    found = server.rows("SELECT actor_id FROM events WHERE type = 'session.end' AND credential_id = $1", ident)
    assert found == [(site.person("carol").id,)]


def test_closing_a_session_that_waits_ends_its_ticket(site: Site) -> None:
    made = create_session(site)
    assert call(site, "DELETE", f"{SESSIONS}/{made['id']}").status_code == 204
    for browser in (site.browser(), signed_in(site)):
        response = browser.get(REDIRECT, params={"token": made["cookieToken"], "redirectUrl": "/"})
        assert response.headers["location"].startswith(f"{site.base_url}/login/login.htm")


@pytest.mark.parametrize("ident", ["nothing", "102" + "0" * 17, "me"])
def test_no_such_session(site: Site, ident: str) -> None:
    assert is_gone(call(site, "GET", f"{SESSIONS}/{ident}"), ident)


CALLS = [
    ("GET", "/api/v1/sessions/{id}"),
    ("PUT", "/api/v1/sessions/{id}"),
    ("DELETE", "/api/v1/sessions/{id}"),
    ("POST", "/api/v1/sessions/{id}/lifecycle/refresh"),
    ("DELETE", "/api/v1/users/{user}/sessions"),
    ("GET", "/api/v1/users/{user}/appLinks"),
    ("GET", "/api/v1/trustedOrigins"),
    ("POST", "/api/v1/trustedOrigins"),
    ("GET", "/api/v1/trustedOrigins/x"),
    ("PUT", "/api/v1/trustedOrigins/x"),
    ("DELETE", "/api/v1/trustedOrigins/x"),
    ("POST", "/api/v1/trustedOrigins/x/lifecycle/activate"),
    ("POST", "/api/v1/trustedOrigins/x/lifecycle/deactivate"),
]


@pytest.mark.parametrize(("method", "path"), CALLS)
def test_MG_without_an_api_token_of_this_org_nothing_is_managed(site: Site, twin: Site, method: str, path: str) -> None:
    browser = signed_in(site)
    path = path.format(id=session_of(browser), user=site.person("ann").id)
    foreign = {"authorization": f"SSWS {twin.org.api_token}"}
    broken = {"authorization": f"SSWS {site.org.api_token[:-1]}"}
    body = {"content": b"{}", "headers": {"content-type": "application/json"}} if method == "POST" else {}
    for headers in ({}, foreign, broken, {"authorization": "Bearer x"}):
        sent = {**body, "headers": {**body.get("headers", {}), **headers}}  # type: ignore[dict-item]
        response = browser.request(method, path, **sent)
        assert (response.status_code, response.json()["errorCode"]) == (401, "E0000011"), headers
    assert is_signed_in(browser)


# --- the browser's own ---


@pytest.mark.parametrize(("method", "path"), [("POST", f"{ME}/lifecycle/refresh"), ("PUT", ME)])
def test_the_browsers_own_session_is_extended(server: Server, site: Site, method: str, path: str) -> None:
    browser = signed_in(site)
    ident, cookie = session_of(browser), browser.cookies["sid"]
    server.execute("UPDATE credentials SET idle_expires_at = idle_expires_at - 600000 WHERE id = $1", ident)
    before = browser.get(ME).json()["expiresAt"]
    response = browser.request(method, path, headers={"origin": TRUSTED_ORIGIN})
    assert response.status_code == 200
    assert response.json()["id"] == ident
    assert response.json()["expiresAt"] > before
    assert response.headers["access-control-allow-origin"] == TRUSTED_ORIGIN
    assert response.headers["access-control-allow-credentials"] == "true"
    assert browser.cookies["sid"] == cookie
    brief = browser.request(method, path, headers={"prefer": "return=minimal"})
    assert (brief.status_code, brief.content) == (204, b"")
    assert brief.headers["preference-applied"] == "return=minimal"
    assert is_gone(site.browser().request(method, path), "me")


def test_an_api_token_is_nobodys_browser(site: Site) -> None:
    assert is_gone(call(site, "GET", ME), "me")
    assert is_gone(call(site, "POST", f"{ME}/lifecycle/refresh"), "me")
    assert is_gone(call(site, "DELETE", ME), "me")


# --- all of a user's ---


def newcomer(server: Server, name: str) -> Person:
    return server.inside(lambda org: org.add_person(f"{name}-{time.monotonic_ns()}@example.com", exempt=True))


@pytest.mark.parametrize("by", ["id", "login"])
def test_every_session_of_a_user_is_closed(server: Server, site: Site, by: str) -> None:
    person = newcomer(server, "gone")
    browsers = [signed_in(site, person) for _ in range(3)]
    waiting, other = cookie_token(site, person), signed_in(site)
    name = person.id if by == "id" else person.login
    assert call(site, "DELETE", f"/api/v1/users/{name.replace('@', '%40')}/sessions").status_code == 204
    assert not any(map(is_signed_in, browsers))
    assert is_signed_in(other)
    browser = site.browser()
    browser.get(REDIRECT, params={"token": waiting, "redirectUrl": "/"})
    assert "sid" not in browser.cookies
    assert is_signed_in(signed_in(site, person))


@pytest.mark.parametrize("tokens", [False, True])
def test_and_what_applications_hold_only_where_it_is_asked_for(server: Server, site: Site, tokens: bool) -> None:
    person = newcomer(server, "tokens")
    held = tokens_for(signed_in(site, person), site)["access_token"]
    assert userinfo(site, held).status_code == 200
    address = f"/api/v1/users/{person.id}/sessions?oauthTokens={str(tokens).lower()}&forgetDevices=false"
    assert call(site, "DELETE", address).status_code == 204
    if tokens:
        assert userinfo(site, held).status_code == 401


@pytest.mark.parametrize("query", ["oauthTokens=yes", "forgetDevices=1", "oauthTokens=true&oauthTokens=false"])
def test_flags_are_true_or_false(site: Site, query: str) -> None:
    response = call(site, "DELETE", f"/api/v1/users/{site.person('victim').id}/sessions?{query}")
    assert response.status_code == 400


def test_devices_are_forgotten_unless_they_shall_stay(server: Server, site: Site) -> None:
    person = newcomer(server, "device")

    async def remember(org: Any) -> None:
        await org.segue.store.remember_device(org.org_id, person.id, "d" * 43, life_ms=600_000)

    async def remembered(org: Any) -> bool:
        return bool(await org.segue.store.remembers_device(org.org_id, person.id, "d" * 43))

    server.inside(remember)
    call(site, "DELETE", f"/api/v1/users/{person.id}/sessions?forgetDevices=false")
    assert server.inside(remembered)
    call(site, "DELETE", f"/api/v1/users/{person.id}/sessions")
    assert not server.inside(remembered)


def test_no_such_user(site: Site, twin: Site) -> None:
    for name in ("nobody", twin.person("ann").id):
        assert is_gone(call(site, "DELETE", f"/api/v1/users/{name}/sessions"), name, "User")


# --- links ---


def test_the_links_of_a_user_are_those_that_start_something(site: Site) -> None:
    found = {}
    for name in ("ann", "carol"):
        response = call(site, "GET", f"/api/v1/users/{site.person(name).id}/appLinks")
        assert response.status_code == 200
        found[name] = {(link["appInstanceId"], link["label"]): link for link in response.json()}
    suite, wiki = site.linked("suite"), site.linked("assigned")
    mail = found["ann"][suite.app_id, "Mail"]
    assert mail["linkUrl"] == f"{site.base_url}{suite.links['mail'][0]}"
    assert (mail["appName"], mail["hidden"], mail["credentialsSetup"]) == ("google", False, False)
    assert {label for app, label in found["ann"] if app == suite.app_id} == {"Mail", "Calendar"}
    assert any(app == wiki.app_id for app, _ in found["ann"])
    assert not any(app == wiki.app_id for app, _ in found["carol"])
    assert not any(app == site.org.clients["web"].app_id for app, _ in found["ann"])
    assert site.saml("saml").app_id in {app for app, _ in found["ann"]}
    browser = signed_in(site)
    assert browser.get("/api/v1/users/me/appLinks").json() == list(found["ann"].values())
    for link in found["ann"].values():
        assert browser.get(link["linkUrl"]).status_code in (200, 302)


def test_the_links_of_nobody(site: Site) -> None:
    assert is_gone(site.browser().get("/api/v1/users/me/appLinks"), "me", "User")
