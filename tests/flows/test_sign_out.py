"""Sign-out that an application starts (RP-Initiated Logout)."""

import pytest
from tests.http_client import cookies_of, form_of
from tests.okta_steps import DEFAULT, ORG, answer, authorize, is_signed_in, signed_in, tokens_for
from tests.server import Site

GOODBYE = "https://app.example.com/goodbye"


@pytest.mark.parametrize("at", [ORG, DEFAULT], ids=["org", "default"])
@pytest.mark.parametrize("method", ["GET", "POST"])
def test_an_application_signs_its_user_out(site: Site, at: str, method: str) -> None:
    browser = signed_in(site)
    stolen = browser.copy()
    hint = tokens_for(browser, site, at=at)["id_token"]
    wanted = {"id_token_hint": hint, "post_logout_redirect_uri": GOODBYE, "state": "bye & bye"}
    sent = {"params": wanted} if method == "GET" else {"data": wanted}
    response = browser.request(method, f"{at}/logout", **sent)
    assert response.status_code == (302 if method == "GET" else 303)
    assert response.headers["location"].startswith(f"{GOODBYE}?state=")
    assert answer(response) == {"state": "bye & bye"}
    assert [cookie.name for cookie in cookies_of(response) if cookie.removed] == ["sid"]
    assert is_signed_in(stolen) == ""


def test_without_an_address_it_ends_at_a_page_of_ours(site: Site) -> None:
    browser = signed_in(site)
    hint = tokens_for(browser, site)["id_token"]
    response = browser.get(f"{ORG}/logout", params={"id_token_hint": hint})
    assert response.headers["location"] == f"{site.base_url}/login/signout"
    assert "You are signed out" in browser.follow(response).text


def test_without_a_hint_the_user_is_asked(site: Site) -> None:
    browser = signed_in(site)
    page = browser.get(f"{ORG}/logout", params={"client_id": "web-client", "post_logout_redirect_uri": GOODBYE})
    assert page.status_code == 200
    assert "Sign out?" in page.text
    assert is_signed_in(browser)
    done = browser.submit(page)
    assert (done.status_code, done.headers["location"]) == (303, GOODBYE)
    assert is_signed_in(browser) == ""


def test_the_hint_of_another_user_asks_too(site: Site) -> None:
    hint = tokens_for(signed_in(site, "bob"), site)["id_token"]
    browser = signed_in(site, "ann")
    page = browser.get(f"{ORG}/logout", params={"id_token_hint": hint, "post_logout_redirect_uri": GOODBYE})
    assert "form_token" in form_of(page).fields
    assert is_signed_in(browser)


def test_without_a_session_it_goes_on_at_once(site: Site) -> None:
    browser = site.browser()
    asked = {"client_id": "web-client", "post_logout_redirect_uri": GOODBYE}
    response = browser.get(f"{ORG}/logout", params=asked)
    assert (response.status_code, response.headers["location"]) == (302, GOODBYE)


def test_an_address_that_is_not_registered_ends_nothing(site: Site) -> None:
    browser = signed_in(site)
    hint = tokens_for(browser, site)["id_token"]
    page = browser.get(
        f"{ORG}/logout", params={"id_token_hint": hint, "post_logout_redirect_uri": "https://app.example.com/else"}
    )
    assert page.status_code == 400
    assert is_signed_in(browser)


def test_afterwards_the_application_has_to_ask_again(site: Site) -> None:
    browser = signed_in(site)
    hint = tokens_for(browser, site)["id_token"]
    browser.get(f"{ORG}/logout", params={"id_token_hint": hint})
    assert answer(authorize(browser, site.org.clients["web"], prompt="none"))["error"] == "login_required"
