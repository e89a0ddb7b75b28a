"""Sign-out attacked over HTTP: nobody is signed out by a link alone, or sent anywhere by it (LO)."""

import time

import pytest
from tests.attacks.hostile_redirects import HOSTILE_REDIRECTS
from tests.http_client import form_of
from tests.installation import Installation
from tests.okta_steps import (
    DEFAULT,
    ORG,
    authorize,
    code_for,
    exchange,
    is_signed_in,
    signed_in,
    tokens_for,
)
from tests.server import Server, Site
from tests.unit.core.test_url import HOSTILE

GOODBYE = "https://app.example.com/goodbye"
CROSS_SITE = {"sec-fetch-site": "cross-site", "sec-fetch-mode": "navigate", "sec-fetch-dest": "document"}


# --- LO-01: by a link, an image, a form of another site ---


@pytest.mark.parametrize("path", [f"{ORG}/logout", f"{DEFAULT}/logout"])
@pytest.mark.parametrize("method", ["GET", "POST"])
def test_LO_01_an_application_has_to_show_whose_session_it_ends(site: Site, path: str, method: str) -> None:
    browser = signed_in(site)
    for wanted in ({}, {"client_id": "web-client"}, {"client_id": "web-client", "post_logout_redirect_uri": GOODBYE}):
        sent = {"params": wanted} if method == "GET" else {"data": wanted}
        page = browser.request(method, path, **sent)
        assert page.status_code == 200
        assert form_of(page).fields["form_token"]
        assert "set-cookie" not in page.headers
    assert is_signed_in(browser)


@pytest.mark.parametrize("destination", ["image", "script", "style", "empty", "object"])
def test_LO_01_what_is_no_window_is_turned_back(site: Site, destination: str) -> None:
    browser = signed_in(site)
    hint = tokens_for(browser, site)["id_token"]
    for path, params in ((f"{ORG}/logout", {"id_token_hint": hint}), ("/login/signout", {})):
        response = browser.get(path, params=params, headers={"sec-fetch-dest": destination})
        assert response.status_code == 400
        assert "set-cookie" not in response.headers
    assert is_signed_in(browser)


def test_LO_01_a_redirect_or_a_frame_of_another_site_is_asked_about(site: Site) -> None:
    browser = signed_in(site)
    for headers in (CROSS_SITE, {**CROSS_SITE, "sec-fetch-dest": "iframe"}, {"sec-fetch-dest": "iframe"}):
        page = browser.get("/login/signout", headers=headers)
        assert "Sign out?" in page.text
        assert "set-cookie" not in page.headers
    assert is_signed_in(browser)
    assert browser.submit(page).status_code == 303
    assert is_signed_in(browser) == ""


def test_LO_01_a_form_needs_the_token_of_its_own_session(site: Site) -> None:
    browser, other = signed_in(site), signed_in(site)
    own = form_of(browser.get("/")).fields["form_token"]
    foreign = form_of(other.get("/")).fields["form_token"]
    assert own != foreign
    for path in ("/login/signout", f"{ORG}/logout"):
        for token in (foreign, "", own[:-1], own.upper(), "é", "0" * 64):
            response = browser.post(path, data={"form_token": token})
            assert response.status_code == 400, (path, token)
            assert is_signed_in(browser)
    no_token = browser.post("/login/signout")
    assert no_token.status_code == 400
    assert is_signed_in(browser)
    assert browser.post("/login/signout", data={"form_token": own}).status_code == 303
    assert is_signed_in(browser) == ""
    assert is_signed_in(other)


def test_LO_01_closing_a_session_by_a_call_is_for_our_own_and_trusted_pages(site: Site) -> None:
    """A page of another site can send no DELETE without a pre-flight, and the pre-flight tells it nothing."""
    ask = {"origin": "https://evil.example", "access-control-request-method": "DELETE"}
    response = site.browser().request("OPTIONS", "/api/v1/sessions/me", headers=ask)
    assert "access-control-allow-methods" not in response.headers
    browser = signed_in(site)
    assert browser.post("/api/v1/sessions/me", data={"_method": "DELETE"}).status_code == 405
    assert browser.get("/api/v1/sessions/me", headers={"x-http-method-override": "DELETE"}).status_code == 200
    assert is_signed_in(browser)


# --- LO-02: where to afterwards ---


def test_LO_02_no_address_but_a_registered_one(site: Site) -> None:
    near = [text.replace("web.example.net/callback", "app.example.com/goodbye") for text in HOSTILE_REDIRECTS]
    browser = signed_in(site)
    hint = tokens_for(browser, site)["id_token"]
    for address in [*near, *HOSTILE, "https://app.example.com/callback", "https://login.example.com"]:
        if not address or "\ud800" in address:
            continue
        for proof in ({"client_id": "web-client"}, {"id_token_hint": hint}, {}):
            response = browser.get(f"{ORG}/logout", params={"post_logout_redirect_uri": address, **proof})
            assert response.status_code == 400, ascii(address)
            assert "location" not in response.headers
            assert "set-cookie" not in response.headers
    assert is_signed_in(browser)


def test_LO_02_a_registered_address_of_another_application(site: Site) -> None:
    response = site.browser().get(
        f"{ORG}/logout", params={"client_id": "post-client", "post_logout_redirect_uri": GOODBYE}
    )
    assert response.status_code == 400
    unknown = site.browser().get(f"{ORG}/logout", params={"client_id": "nobody", "post_logout_redirect_uri": GOODBYE})
    assert unknown.status_code == 400
    nobody = site.browser().get(f"{ORG}/logout", params={"post_logout_redirect_uri": GOODBYE})
    assert nobody.status_code == 400


def test_LO_02_our_own_sign_out_leads_to_trusted_origins_alone(site: Site) -> None:
    near = [text.replace("web.example.net/callback", "portal.example.com/start") for text in HOSTILE_REDIRECTS]
    origins = ("https://portal.example.com", site.base_url)
    allowed = tuple(f"{origin}{end}" for origin in origins for end in ("/", "?", "#"))
    for address in [*near, *HOSTILE, "https://app.example.com/", "https://portal.example.com.evil.example/"]:
        if "\ud800" in address:
            continue
        response = site.browser().get("/login/signout", params={"fromURI": address})
        assert response.status_code in (200, 302, 400), ascii(address)
        location = response.headers.get("location", site.base_url + "/")
        assert location.startswith(allowed), ascii(address)


# --- LO-03: hints ---


def test_LO_03_hints_of_others_end_nothing(server: Server, site: Site, twin: Site) -> None:
    browser = signed_in(site)
    now, person = int(time.time()), site.person("ann")
    own = {
        "iss": site.base_url,
        "sub": person.id,
        "aud": "web-client",
        "iat": now - 9000,
        "exp": now - 5400,
        "jti": "ID.x",
    }
    claims: dict[str, dict[str, object]] = {
        "another issuer": {**own, "iss": twin.base_url},
        "the other server": {**own, "iss": f"{site.base_url}/oauth2/default"},
        "no subject": {name: value for name, value in own.items() if name != "sub"},
        "two audiences": {**own, "aud": ["web-client", "post-client"]},
        "an access token's id": {**own, "jti": "AT.x"},
        "not yet": {**own, "iat": now + 9000, "nbf": now + 9000},
    }

    async def sign(org: Installation) -> dict[str, str]:
        return {name: await org.sign(values) for name, values in claims.items()}  # type: ignore[arg-type]

    hints = server.inside(sign)
    hints["of the twin's key"] = server.inside(lambda org: org.sign(own), twin=True)  # type: ignore[arg-type]
    hints["of the twin"] = tokens_for(signed_in(twin), twin)["id_token"]
    hints["an access token"] = tokens_for(browser, site)["access_token"]
    for name, hint in hints.items():
        for more in ({}, {"post_logout_redirect_uri": GOODBYE}, {"client_id": "web-client"}):
            response = browser.get(f"{ORG}/logout", params={"id_token_hint": hint, **more})
            assert response.status_code == 400, name
            assert "set-cookie" not in response.headers, name
    assert is_signed_in(browser)
    of_web = tokens_for(browser, site)["id_token"]
    assert browser.get(f"{ORG}/logout", params={"id_token_hint": of_web, "client_id": "post-client"}).status_code == 400
    assert is_signed_in(browser)


def test_LO_03_an_expired_hint_of_the_right_user_will_do(server: Server, site: Site) -> None:
    browser, now = signed_in(site), int(time.time())
    own = {
        "iss": site.base_url,
        "sub": site.person("ann").id,
        "aud": "web-client",
        "iat": now - 9000,
        "exp": now - 5400,
    }
    hint = server.inside(lambda org: org.sign({**own, "jti": "ID.x"}))
    response = browser.get(f"{ORG}/logout", params={"id_token_hint": hint, "post_logout_redirect_uri": GOODBYE})
    assert (response.status_code, response.headers["location"]) == (302, GOODBYE)
    assert is_signed_in(browser) == ""


# --- LO-05, I4: what is dead stays dead, everywhere ---


def test_LO_05_nothing_of_a_session_works_after_its_end(site: Site) -> None:
    browser = signed_in(site)
    copies = [browser.copy() for _ in range(8)]  # whichever worker they reach
    code = code_for(browser, site.org.clients["web"])
    waiting = authorize(browser, site.org.clients["web"], prompt="login")
    browser.get("/login/signout")
    for copy in copies:
        assert is_signed_in(copy) == ""
        assert copy.follow(copy.get(site.saml("saml").sso_path)).url.path == "/login/login.htm"
    assert exchange(site, site.org.clients["web"], code).json()["error"] == "invalid_grant"
    page = browser.follow(waiting)
    assert "password" in form_of(page).fields
