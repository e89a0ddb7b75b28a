"""Seed 001: a one-time token from the Sessions API, and every way to make a session cookie of it."""

import struct
import zlib

import httpx
import pytest
from tests.http_client import cookies_of, form_of, parameters
from tests.installation import MAIL
from tests.okta_steps import cookie_token, is_signed_in
from tests.server import Site
from tests.wsfed_messages import answer_of, verified

SESSIONS = "/api/v1/sessions"
REDIRECT = "/login/sessionCookieRedirect"
CREDENTIALS = b'{\n  "username": "art.vandelay@example.com",\n  "password": "correct horse battery staple" \n}'


def create(site: Site, fields: str) -> httpx.Response:
    """The printed request, to the letter but for host and token."""
    headers = {
        "authorization": f"SSWS {site.org.api_token}",
        "accept": "application/json",
        "content-type": "application/json",
    }
    return site.browser().post(f"{SESSIONS}?additionalFields={fields}", content=CREDENTIALS, headers=headers)


def session_id(browser) -> str:  # type: ignore[no-untyped-def]
    """The id of the session that the browser holds."""
    response = browser.get(f"{SESSIONS}/me")
    assert response.status_code == 200, response.text
    return str(response.json()["id"])


def assert_session_cookie(response: httpx.Response) -> None:
    (cookie,) = cookies_of(response)
    assert cookie.name == "sid"
    assert cookie.attributes["path"] == "/"
    assert not {"max-age", "expires"} & set(cookie.attributes)  # "non-persistent"


def test_validate_credentials_and_retrieve_a_one_time_token(site: Site) -> None:
    response = create(site, "cookieToken")

    assert response.status_code == 200
    assert response.headers["content-type"].startswith("application/json")
    assert response.headers["cache-control"] == "no-cache, no-store"
    assert response.headers["x-okta-request-id"]
    assert not cookies_of(response)
    body = response.json()
    assert set(body) >= {"id", "userId", "mfaActive", "cookieToken"}
    assert "cookieTokenUrl" not in body
    assert body["userId"] == site.person("art").id
    assert body["mfaActive"] is False
    assert (body["login"], body["status"], body["amr"]) == ("art.vandelay@example.com", "ACTIVE", ["pwd"])
    assert body["_links"]["self"]["href"] == f"{site.base_url}{SESSIONS}/{body['id']}"


def test_visit_session_redirect_url_with_the_one_time_token(site: Site) -> None:
    made = create(site, "cookieToken").json()
    browser = site.browser(accept="*/*")
    response = browser.get(
        f"{REDIRECT}?token={made['cookieToken']}&redirectUrl=https%3A%2F%2Fwww.example.com%2Fportal%2Fhome"
    )

    assert response.status_code == 302
    assert response.headers["location"] == "https://www.example.com/portal/home"
    assert_session_cookie(response)
    assert session_id(browser) == made["id"]
    assert is_signed_in(browser) == "art.vandelay@example.com"


def test_the_one_time_token_may_only_be_used_once(site: Site) -> None:
    token = create(site, "cookieToken").json()["cookieToken"]
    address = f"{REDIRECT}?token={token}&redirectUrl=https%3A%2F%2Fwww.example.com"
    first = site.browser()
    assert first.get(address).headers["location"] == "https://www.example.com"
    first.get("/login/signout")
    for browser in (first, site.browser()):
        response = browser.get(address)
        assert response.headers["location"].startswith(f"{site.base_url}/login/login.htm")
        assert "sid" not in browser.cookies


def test_visit_an_embed_link_with_the_one_time_token(site: Site) -> None:
    made = create(site, "cookieToken").json()
    _, address = site.linked("suite").links["mail"]
    browser = site.browser()
    response = browser.get(f"{address}?onetimetoken={made['cookieToken']}")

    assert response.status_code == 302
    assert response.headers["location"] == MAIL
    assert_session_cookie(response)
    assert session_id(browser) == made["id"]


def test_initiate_a_saml_sso_with_the_one_time_token(site: Site) -> None:
    made = create(site, "cookieToken").json()
    app = site.saml("template")
    assert app.sso_path.startswith("/app/template_saml_2_0/")
    browser = site.browser(accept="*/*")
    response = browser.get(f"{app.sso_path}?RelayState=%2Fsome%2Fdeep%2Flink&onetimetoken={made['cookieToken']}")

    assert response.status_code == 200
    assert response.headers["content-type"] == "text/html;charset=utf-8"
    assert_session_cookie(response)
    form = form_of(response)
    assert (form.id, form.method, form.action) == ("appForm", "POST", "https://sp.example.com/auth/saml20")
    assert list(form.fields) == ["SAMLResponse", "RelayState"]
    assert form.fields["RelayState"] == "/some/deep/link"
    assert session_id(browser) == made["id"]


@pytest.mark.parametrize("binding", ["HTTP-Redirect", "HTTP-POST"])
def test_either_saml_binding_takes_the_one_time_token_as_a_query_parameter(site: Site, binding: str) -> None:
    app, token = site.saml("template"), cookie_token(site, "art")
    method = "GET" if binding == "HTTP-Redirect" else "POST"
    response = site.browser().request(method, f"{app.sso_path}?onetimetoken={token}")
    assert form_of(response).action == app.acs_url
    assert_session_cookie(response)


def test_initiate_a_ws_federation_sso_with_the_one_time_token(site: Site) -> None:
    made = create(site, "cookieToken").json()
    app = site.wsfed("wsfed")
    browser = site.browser(accept="*/*")
    response = browser.get(
        f"{app.sso_path}?wa=wsignin1.0&wtrealm=https%3A%2F%2Fexample.com%2FApp%2F"
        f"&wctx=rm%3D0%26id%3Dpassive%26ru%3D%2FApp%2FHome%2FAbout&onetimetoken={made['cookieToken']}"
    )
    assert_session_cookie(response)
    form = answer_of(response, app, context="rm=0&id=passive&ru=/App/Home/About")
    assert verified(site, form).findtext(".//{*}NameID") == "art.vandelay@example.com"
    assert session_id(browser) == made["id"]


def test_the_one_time_token_opens_an_authorization_request_too(site: Site) -> None:
    made = create(site, "cookieToken").json()
    client, browser = site.org.clients["seed"], site.browser()
    params = {
        "client_id": client.client_id,
        "redirect_uri": client.redirect_uri,
        "response_type": "id_token",
        "scope": "openid",
        "prompt": "none",
        "state": "s",
        "nonce": "n",
        "sessionToken": made["cookieToken"],
    }
    response = browser.get("/oauth2/v1/authorize", params=params)
    assert "id_token" in parameters(response.headers["location"])
    assert session_id(browser) == made["id"]


def test_validate_credentials_and_retrieve_a_session_cookie_image_url(site: Site) -> None:
    response = create(site, "cookieTokenUrl")

    assert response.status_code == 200
    assert response.headers["content-type"].startswith("application/json")
    body = response.json()
    assert set(body) >= {"id", "userId", "mfaActive", "cookieTokenUrl"}
    assert "cookieToken" not in body
    assert body["userId"] == site.person("art").id
    assert body["mfaActive"] is False
    assert body["cookieTokenUrl"].startswith(f"{site.base_url}/login/sessionCookie?token=")


def test_add_image_tag_with_session_cookie_image_url(site: Site) -> None:
    made = create(site, "cookieTokenUrl").json()
    page = {
        "referer": "https://login.example.com/",
        "sec-fetch-dest": "image",
        "sec-fetch-mode": "no-cors",
        "sec-fetch-site": "cross-site",
    }
    browser = site.browser()
    response = browser.get(made["cookieTokenUrl"], headers=page)

    assert response.status_code == 200
    assert response.headers["content-type"] == "image/png"
    assert response.headers["cache-control"] == "no-cache, no-store"
    assert response.headers["cross-origin-resource-policy"] == "cross-origin"
    assert transparent_size(response.content) == (1, 1)
    assert_session_cookie(response)
    assert session_id(browser) == made["id"]
    # Later loads change nothing, and after signing out the token gives nothing back.
    cookie = browser.cookies["sid"]
    again = browser.get(made["cookieTokenUrl"], headers=page)
    assert again.content == response.content
    assert (browser.cookies["sid"], cookies_of(again)) == (cookie, [])
    browser.get("/login/signout")
    after = browser.get(made["cookieTokenUrl"], headers=page)
    assert (after.status_code, after.content, cookies_of(after)) == (200, response.content, [])
    assert not is_signed_in(browser)


def transparent_size(png: bytes) -> tuple[int, int]:
    """Width and height of a PNG with one pixel that is wholly transparent, read by the rules of the format."""
    assert png[:8] == b"\x89PNG\r\n\x1a\n"
    chunks, rest = {}, png[8:]
    while rest:
        (size,) = struct.unpack(">I", rest[:4])
        kind, data, check = rest[4:8], rest[8 : 8 + size], rest[8 + size : 12 + size]
        assert struct.unpack(">I", check)[0] == zlib.crc32(kind + data)
        chunks[kind] = data
        rest = rest[12 + size :]
    assert list(chunks) == [b"IHDR", b"IDAT", b"IEND"]
    width, height, depth, color, *_ = struct.unpack(">IIBBBBB", chunks[b"IHDR"])
    assert (depth, color) == (8, 6)
    assert zlib.decompress(chunks[b"IDAT"])[1:] == bytes(4)
    return width, height
