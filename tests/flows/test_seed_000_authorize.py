"""Seed 000: a session cookie by the OpenID Connect authorization endpoint, from a session token."""

from urllib.parse import urlsplit

from tests.http_client import cookies_of, parameters
from tests.okta_steps import asks, authorize, claims_of, is_signed_in, session_token, sign_in
from tests.server import Site

PRINTED = {
    "client_id": "seed-client",
    "response_type": "id_token",
    "scope": "openid",
    "prompt": "none",
    "redirect_uri": "https://your-app.example.com",
    "state": "Af0ifjslDkj",
    "nonce": "n-0S6_WzA2Mj",
}


def test_retrieving_a_session_cookie_via_openid_connect_authorization_endpoint(site: Site) -> None:
    token = session_token(site)
    browser = site.browser()
    query = (
        "client_id=seed-client&response_type=id_token&scope=openid&prompt=none"
        "&redirect_uri=https%3A%2F%2Fyour-app.example.com&state=Af0ifjslDkj&nonce=n-0S6_WzA2Mj"
    )
    response = browser.get(f"/oauth2/v1/authorize?{query}&sessionToken={token}")

    assert response.status_code == 302
    (cookie,) = cookies_of(response)
    assert cookie.name == "sid"
    assert cookie.attributes["path"] == "/"
    location = response.headers["location"]
    assert location.startswith("https://your-app.example.com#id_token=")
    assert urlsplit(location).query == ""
    returned = parameters(location)
    assert returned["state"] == "Af0ifjslDkj"
    claims = claims_of(returned["id_token"], site)
    person = site.person("ann")
    assert claims["nonce"] == "n-0S6_WzA2Mj"
    assert claims["iss"] == site.base_url
    assert claims["aud"] == "seed-client"
    assert claims["sub"] == person.id
    assert claims["amr"] == ["pwd"]
    assert claims["exp"] - claims["iat"] == 3600
    assert claims["auth_time"] <= claims["iat"]
    assert is_signed_in(browser) == person.login


def test_the_id_token_can_contain_user_profile_attributes_or_email(site: Site) -> None:
    browser = site.browser()
    response = browser.get(
        "/oauth2/v1/authorize",
        params={**PRINTED, "scope": "openid profile email address", "sessionToken": session_token(site)},
    )
    claims = claims_of(parameters(response.headers["location"])["id_token"], site)
    assert claims["name"] == "Ann Lee"
    assert claims["preferred_username"] == claims["email"] == "ann@example.com"
    assert claims["zoneinfo"] == "Europe/London"
    assert claims["address"] == {"locality": "Leeds"}


def test_the_session_token_may_only_be_used_once(site: Site) -> None:
    token = session_token(site)
    first = site.browser()
    assert "id_token" in parameters(
        first.get("/oauth2/v1/authorize", params={**PRINTED, "sessionToken": token}).headers["location"]
    )
    second = site.browser()
    response = second.get("/oauth2/v1/authorize", params={**PRINTED, "sessionToken": token})
    assert response.status_code == 302
    assert parameters(response.headers["location"])["error"] == "login_required"
    assert second.cookies == {}


def test_the_session_token_stays_used_after_the_user_logged_out(site: Site) -> None:
    token = session_token(site)
    browser = site.browser()
    browser.get("/oauth2/v1/authorize", params={**PRINTED, "sessionToken": token})
    assert is_signed_in(browser)
    assert browser.get("/login/signout").status_code == 200
    assert not is_signed_in(browser)
    response = browser.get("/oauth2/v1/authorize", params={**PRINTED, "sessionToken": token})
    assert parameters(response.headers["location"])["error"] == "login_required"
    assert "sid" not in browser.cookies


def test_prompt_none_gives_the_tokens_or_an_oauth_error_and_no_page(site: Site) -> None:
    response = site.browser().get("/oauth2/v1/authorize", params=PRINTED)
    assert response.status_code == 302
    returned = parameters(response.headers["location"])
    assert returned["error"] == "login_required"
    assert returned["state"] == "Af0ifjslDkj"
    assert returned["iss"] == site.base_url
    assert not cookies_of(response)


def test_the_session_answers_later_requests_without_a_token(site: Site) -> None:
    browser = site.browser()
    browser.get("/oauth2/v1/authorize", params={**PRINTED, "sessionToken": session_token(site)})
    cookie = browser.cookies["sid"]
    again = browser.get("/oauth2/v1/authorize", params=PRINTED)
    assert "id_token" in parameters(again.headers["location"])
    other_app = authorize(browser, site.org.clients["web"], prompt="none")
    assert "code" in parameters(other_app.headers["location"])
    assert browser.cookies["sid"] == cookie


def test_the_request_may_be_posted(site: Site) -> None:
    browser = site.browser()
    response = browser.post("/oauth2/v1/authorize", data={**PRINTED, "sessionToken": session_token(site)})
    assert response.status_code == 303
    assert "id_token" in parameters(response.headers["location"])
    assert is_signed_in(browser)


def test_the_token_opens_a_code_flow_as_well(site: Site) -> None:
    client = site.org.clients["web"]
    browser = site.browser()
    response = browser.get("/oauth2/v1/authorize", params=asks(client, prompt="none", sessionToken=session_token(site)))
    location = urlsplit(response.headers["location"])
    assert location.fragment == ""
    assert set(parameters(response.headers["location"])) == {"code", "state", "iss"}
    assert is_signed_in(browser)


def test_onetimetoken_is_an_older_name_of_the_parameter(site: Site) -> None:
    browser = site.browser()
    response = browser.get("/oauth2/v1/authorize", params={**PRINTED, "onetimetoken": session_token(site)})
    assert "id_token" in parameters(response.headers["location"])


def test_without_prompt_none_a_used_token_leads_to_the_sign_in_page(site: Site) -> None:
    token = session_token(site)
    asked = {name: value for name, value in PRINTED.items() if name != "prompt"}
    site.browser().get("/oauth2/v1/authorize", params={**asked, "sessionToken": token})
    browser = site.browser()
    response = browser.get("/oauth2/v1/authorize", params={**asked, "sessionToken": token})
    assert response.status_code == 302
    assert "sid" not in browser.cookies
    page = browser.follow(response)
    assert page.status_code == 200
    assert "could not be used" in page.text
    person = site.person("ann")
    done = browser.submit(page, username=person.login, password=person.password)
    assert "id_token" in parameters(done.headers["location"])


def test_a_session_token_of_the_authentication_api_lives_five_minutes(site: Site) -> None:
    response = sign_in(site, site.person("ann"))
    token = response.json()["sessionToken"].partition(".")[0]
    assert response.json()["expiresAt"].endswith(".000Z")
    assert token
