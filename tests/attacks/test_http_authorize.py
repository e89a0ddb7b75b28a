"""The authorization endpoint attacked over HTTP: where answers may go, what they may hold, what a page may show."""

import re
import time
from urllib.parse import urlsplit

import httpx
import pytest
from lxml import html
from tests.attacks.hostile_markup import XSS, dangerous
from tests.attacks.hostile_redirects import HOSTILE_REDIRECTS
from tests.http_client import Browser, cookies_of, form_of, forms_of, text_of
from tests.installation import APP
from tests.okta_steps import (
    DEFAULT,
    ORG,
    Pkce,
    answer,
    asks,
    authorize,
    claims_of,
    code_for,
    is_signed_in,
    message_of,
    session_token,
    sign_in_by_page,
    signed_in,
)
from tests.server import Server, Site
from tests.unit.core.test_url import HOSTILE

MODES = ("query", "fragment", "form_post", "okta_post_message")


def present(site: Site, token: str, browser: Browser | None = None, **changes: str | None) -> httpx.Response:
    wanted = {"response_type": "id_token", "prompt": "none", "sessionToken": token, **changes}
    return authorize(browser or site.browser(), site.org.clients["web"], **wanted)


# --- F1: what is special about a session token at the authorization endpoint ---


def test_F1_01_a_token_never_travels_in_a_query(site: Site) -> None:
    for changes in ({}, {"response_mode": "fragment"}):
        location = urlsplit(present(site, session_token(site), **changes).headers["location"])
        assert location.query == ""
        assert "id_token=" in location.fragment
    token = session_token(site)
    refused = present(site, token, response_mode="query")
    assert urlsplit(refused.headers["location"]).query == ""
    assert answer(refused)["error"] == "invalid_request"
    assert "set-cookie" not in refused.headers
    assert "id_token" in answer(present(site, token))
    for response_type in ("token", "id_token token", "code token", "code id_token token"):
        assert answer(present(site, token, response_type=response_type))["error"] == "unsupported_response_type"


def test_F1_02_one_error_for_every_bad_token(server: Server, site: Site, twin: Site) -> None:
    used, expired = session_token(site), session_token(site)
    present(site, used)
    server.execute("UPDATE credentials SET expires_at = issued_at + 1 WHERE id = $1", expired.partition(".")[0])
    for text in ("nonsense", used, expired, session_token(twin)):
        browser = site.browser()
        response = present(site, text, browser)
        told = answer(response)
        assert response.status_code == 302
        assert response.headers["location"].startswith(site.org.clients["web"].redirect_uri + "#")
        assert (told["error"], told["state"], told["iss"]) == ("login_required", "st-4711", site.base_url)
        assert set(told) == {"error", "error_description", "state", "iss"}
        assert browser.cookies == {}


BAD_REQUESTS: list[dict[str, str | None]] = [
    {"client_id": None},
    {"client_id": "nobody"},
    {"client_id": "WEB-CLIENT"},
    {"redirect_uri": None},
    {"redirect_uri": "https://evil.example/"},
    {"redirect_uri": f"{APP}/post"},
    {"response_type": None},
    {"response_type": "magic"},
    {"response_mode": "magic"},
    {"response_mode": "query"},
    {"state": None},
    {"nonce": None},
    {"nonce": "n" * 4000},
    {"scope": "openid magic"},
    {"scope": "profile"},
    {"scope": "openid\x07"},
    {"prompt": "none login"},
    {"prompt": "magic"},
    {"max_age": "-1"},
    {"max_age": "0"},
    {"request": "eyJ"},
    {"request_uri": "https://evil.example/"},
    {"id_token_hint": "nonsense"},
    {"response_type": "code", "code_challenge": "x" * 43, "code_challenge_method": "plain"},
    {"response_type": "code", "code_challenge": "too-short", "code_challenge_method": "S256"},
]


def test_F1_03_a_bad_request_leaves_no_cookie_and_its_token_unspent(site: Site) -> None:
    token = session_token(site)
    for changes in BAD_REQUESTS:
        response = present(site, token, **changes)
        assert "set-cookie" not in response.headers, changes
        if response.is_redirect:
            assert response.headers["location"].startswith(site.org.clients["web"].redirect_uri), changes
            assert "error" in answer(response), changes
        else:
            assert response.status_code == 400, changes
    assert "id_token" in answer(present(site, token))


def test_F1_04_a_message_goes_to_the_registered_origin_alone(site: Site) -> None:
    for prompt in ("none", None):
        for client in ("web", "post"):
            uri = site.org.clients[client].redirect_uri
            page = authorize(
                signed_in(site), site.org.clients[client], response_mode="okta_post_message", prompt=prompt
            )
            policy = page.headers["content-security-policy"]
            assert f'}}, "{APP}");' in page.text
            assert uri not in page.text
            assert '"*"' not in page.text
            assert re.search(rf"frame-ancestors {re.escape(APP)};", policy)
            assert "default-src 'none'" in policy
            assert "base-uri 'none'" in policy
            (nonce,) = re.findall(r"script-src 'nonce-([0-9A-Za-z]{43})';", policy)
            (script,) = html.document_fromstring(page.text).iter("script")
            assert script.get("nonce") == nonce
    refused = authorize(
        signed_in(site),
        site.org.clients["web"],
        response_mode="okta_post_message",
        redirect_uri="https://evil.example/",
    )
    assert refused.status_code == 400
    assert "postMessage" not in refused.text


def test_F1_05_a_sign_in_is_as_old_as_its_password(site: Site) -> None:
    token = session_token(site)
    proved_at = int(time.time())
    time.sleep(2.1)
    assert answer(present(site, token, max_age="1"))["error"] == "login_required"
    fresh = session_token(site)
    assert "id_token" in answer(present(site, fresh, max_age="60"))
    token = session_token(site)
    minted_at = int(time.time())
    time.sleep(1.1)
    claims = claims_of(answer(present(site, token))["id_token"], site)
    assert proved_at <= claims["auth_time"] <= minted_at
    assert claims["auth_time"] < claims["iat"]


@pytest.mark.parametrize("changes", [{"prompt": "login"}, {"max_age": "0", "prompt": None}])
def test_F1_05_a_token_from_before_the_request_is_no_fresh_sign_in(site: Site, changes: dict[str, str | None]) -> None:
    browser = site.browser()
    page = browser.follow(present(site, session_token(site), browser, **changes))
    assert "password" in form_of(page).fields
    person = site.person("ann")
    done = browser.submit(page, username=person.login, password=person.password)
    assert "id_token" in answer(done)


@pytest.mark.parametrize("acr", ["urn:okta:loa:2fa:any", "phr"])
def test_F1_05_a_second_factor_that_nobody_proved_is_not_claimed(site: Site, acr: str) -> None:
    told = answer(present(site, session_token(site), acr_values=acr))
    if "id_token" in told:  # a class that is not known is ignored, and then not claimed either
        assert "acr" not in claims_of(told["id_token"], site)
    else:
        assert told["error"] in ("unmet_authentication_requirements", "login_required", "access_denied")


# --- OA-01: redirect addresses ---


def hostile_addresses() -> list[str]:
    near = [text.replace("web.example.net", "app.example.com") for text in HOSTILE_REDIRECTS]
    return [text for text in [*near, *HOSTILE] if text and "\ud800" not in text]


def test_OA_01_no_address_but_a_registered_one_is_ever_answered(site: Site) -> None:
    token = session_token(site)
    browser = signed_in(site)
    for address in hostile_addresses():
        for changes in ({"sessionToken": token}, {"prompt": "none"}):
            response = authorize(browser, site.org.clients["web"], redirect_uri=address, **changes)
            assert response.status_code == 400, ascii(address)
            assert "location" not in response.headers, ascii(address)
            assert "set-cookie" not in response.headers, ascii(address)
            assert text_of(response, "event-id").startswith("evt"), ascii(address)
    assert "id_token" in answer(present(site, token))


def test_OA_01_each_client_has_its_own_addresses(site: Site) -> None:
    browser = signed_in(site)
    addresses = {name: client.redirect_uri for name, client in site.org.clients.items()}
    for name, client in site.org.clients.items():
        for other, address in addresses.items():
            if other != name:
                response = authorize(browser, client, redirect_uri=address, prompt="none")
                assert response.status_code == 400, (name, other)


@pytest.mark.parametrize(
    "address",
    ["http://127.0.0.1:0/done", "http://127.0.0.1:99999/done", "http://127.0.0.1:8000/done/", "http://[::1]:8000/done",
     "http://localhost:8000/done", "http://127.0.0.2:8000/done", "https://127.0.0.1:80/done", "com.example.app:/done/x",
     "com.example.app://done", "COM.example.app:/done", "http://127.0.0.1:8000/done?x=1", "http://127.0.0.1:8 0/done"],
)  # fmt: skip
def test_OA_01_the_port_is_all_that_a_native_client_may_choose(site: Site, address: str) -> None:
    client = site.org.clients["native"]
    response = authorize(signed_in(site), client, redirect_uri=address, prompt="none", **Pkce.new().challenge)
    assert response.status_code == 400


def test_OA_01_a_web_client_may_not_choose_a_port(site: Site) -> None:
    for address in (f"{APP}:8443/callback", f"{APP}:443/callback"):
        assert (
            authorize(signed_in(site), site.org.clients["web"], redirect_uri=address, prompt="none").status_code == 400
        )


# --- OA-05: every answer says who speaks ---


@pytest.mark.parametrize("at", [ORG, DEFAULT])
@pytest.mark.parametrize("mode", MODES)
@pytest.mark.parametrize("good", [True, False], ids=["good", "bad"])
def test_OA_05_every_answer_names_its_issuer_and_repeats_the_nonce(site: Site, at: str, mode: str, good: bool) -> None:
    issuer = site.base_url if at == ORG else f"{site.base_url}/oauth2/default"
    browser = signed_in(site) if good else site.browser()
    response = authorize(browser, site.org.clients["web"], at=at, response_mode=mode, prompt="none")
    if mode == "form_post":
        assert form_of(response).fields["iss"] == issuer
    elif mode == "okta_post_message":
        assert f'"iss":"{issuer}"' in response.text
    else:
        assert answer(response)["iss"] == issuer
    if good and mode == "fragment":
        told = answer(authorize(browser, site.org.clients["web"], at=at, response_type="id_token", prompt="none"))
        claims = claims_of(told["id_token"], site, at=at)
        assert (claims["iss"], claims["nonce"]) == (issuer, "n-0815")


# --- OA-07: what was posted is posted once ---


def test_OA_07_no_redirect_after_a_form_sends_the_form_on(site: Site) -> None:
    web, person = site.org.clients["web"], site.person("ann")
    browser = site.browser()
    signing_in = sign_in_by_page(browser, authorize(browser, web), person)
    asking = browser.post(f"{ORG}/authorize", data=asks(web, prompt="none"))
    failing = site.browser().post(f"{ORG}/authorize", data=asks(web, prompt="none"))
    token = site.browser().post(f"{ORG}/authorize", data=asks(web, prompt="none", sessionToken=session_token(site)))
    without_session = site.browser().post(f"{ORG}/authorize", data=asks(web))
    saml = site.browser().post(site.saml("saml").sso_path, data={"RelayState": "x"})
    page = browser.follow(present(site, session_token(site, "bob"), browser, prompt=None))
    confirming = browser.submit(page, press=("choice", "continue"))
    signing_out = browser.submit(browser.get("/"))
    leaving = site.browser().post(f"{ORG}/logout", data={"client_id": "web-client"})
    starting = site.browser().post("/login/login.htm", data={"username": "a", "password": "b"})
    answers = [signing_in, asking, failing, token, without_session, saml, confirming, signing_out, leaving, starting]
    for response in answers:
        assert response.status_code == 303, response.request.url
        for secret in (person.password, "sessionToken="):
            assert secret not in response.headers["location"]


# --- OA-15, OA-16: what is shown, and what is never followed ---


@pytest.mark.parametrize(
    "name", ["client_id", "redirect_uri", "response_type", "scope", "state", "nonce", "prompt", "login_hint", "max_age",
             "acr_values", "id_token_hint", "response_mode", "sessionToken", "code_challenge", "request", "whatever"],
)  # fmt: skip
def test_OA_15_no_parameter_of_a_request_runs_on_a_page(site: Site, name: str) -> None:
    for text in XSS:
        for mode in ("form_post", "okta_post_message"):
            browser = site.browser()
            response = authorize(browser, site.org.clients["web"], **{"response_mode": mode, name: text})
            assert response.status_code < 500
            assert dangerous(response) == [], text
            if response.is_redirect:
                location = response.headers["location"]
                assert location.startswith((site.base_url, APP)), text
                assert not re.search(r"[<>\"\s]", location), text
                if location.startswith(site.base_url):
                    assert dangerous(browser.follow(response)) == [], text


@pytest.mark.parametrize("mode", ["form_post", "okta_post_message"])
def test_OA_15_a_state_comes_back_as_it_was_and_as_nothing_else(site: Site, mode: str) -> None:
    browser = signed_in(site)
    for text in XSS:
        page = authorize(browser, site.org.clients["web"], response_mode=mode, state=text, prompt="none")
        assert dangerous(page) == [], text
        if mode == "form_post":
            assert form_of(page).fields["state"] == text
        else:
            assert message_of(page)[0]["state"] == text


def test_OA_15_an_error_description_has_the_characters_that_one_may_have(site: Site) -> None:
    for text in XSS:
        told = answer(authorize(site.browser(), site.org.clients["web"], scope=f"openid {text}", prompt="none"))
        assert re.fullmatch(r"[\x20-\x21\x23-\x5b\x5d-\x7e]+", told["error_description"])
        assert "alert" not in told["error_description"]


def test_OA_15_what_a_user_typed_comes_back_as_text(site: Site) -> None:
    browser = site.browser()
    page = browser.follow(authorize(browser, site.org.clients["web"]))
    for text in XSS:
        again = browser.post(str(page.url), data={"username": text, "password": "wrong-password"})
        assert dangerous(again) == [], text
        assert form_of(again).fields["username"] == text.strip()


def test_OA_16_no_script_for_an_address(site: Site) -> None:
    for address in (
        "javascript:alert(1)",
        "data:text/html,x",
        "vbscript:x",
        "javascript://app.example.com/%0aalert(1)",
    ):
        for mode in (*MODES, None):
            for client in ("web", "native", "spa"):
                response = authorize(
                    signed_in(site), site.org.clients[client], redirect_uri=address, response_mode=mode
                )
                assert response.status_code == 400
                assert [form.action for form in forms_of(response) if form.action] == []
        for parameter, path in (("post_logout_redirect_uri", f"{ORG}/logout"), ("fromURI", "/login/signout")):
            response = site.browser().get(path, params={parameter: address, "client_id": "web-client"})
            assert "location" not in response.headers or response.headers["location"].startswith(site.base_url)


def test_I5_every_redirect_of_a_session_leads_where_it_was_registered(site: Site) -> None:
    """Whatever is asked, the browser goes to the client that asked, or to a page of ours."""
    browser = signed_in(site)
    for name, client in site.org.clients.items():
        for changes in ({}, {"prompt": "none"}, {"prompt": "login"}, {"scope": "x"}, {"response_type": "x"}):
            response = authorize(browser, client, **changes)
            location = response.headers["location"]
            assert location.startswith((client.redirect_uri, site.base_url + "/")), (name, changes)
    assert is_signed_in(browser) == "ann@example.com"


def test_a_refused_sign_in_leaves_the_cookie_alone(site: Site) -> None:
    browser = signed_in(site)
    cookie = browser.cookies["sid"]
    for changes in BAD_REQUESTS:
        response = authorize(browser, site.org.clients["web"], **changes)
        assert "sid" not in [cookie.name for cookie in cookies_of(response)]
    assert browser.cookies["sid"] == cookie
    assert code_for(browser, site.org.clients["web"])
