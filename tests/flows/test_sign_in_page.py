"""The hosted sign-in page: plain forms, without JavaScript, and what it goes on to."""

import re
import time
from urllib.parse import parse_qs, urlsplit

import pytest
from lxml import html
from tests.http_client import cookies_of, form_of, text_of
from tests.installation import APP
from tests.okta_steps import (
    ORG,
    answer,
    asks,
    authorize,
    claims_of,
    code_for,
    exchange,
    is_signed_in,
    sign_in_by_page,
    signed_in,
)
from tests.server import Server, Site


def test_a_request_without_a_session_leads_to_the_page_and_back(site: Site) -> None:
    client, browser = site.org.clients["web"], site.browser()
    response = authorize(browser, client)
    assert response.status_code == 302
    location = response.headers["location"]
    assert location.startswith(f"{site.base_url}/login/login.htm?fromURI=")
    assert "sid" not in browser.cookies
    page = browser.get(location)
    assert page.status_code == 200
    assert page.headers["content-type"] == "text/html;charset=utf-8"
    done = browser.submit(page, username="ann@example.com", password=site.person("ann").password)
    assert done.status_code == 303
    assert done.headers["location"].startswith(f"{client.redirect_uri}?code=")
    assert is_signed_in(browser) == "ann@example.com"
    body = exchange(site, client, answer(done)["code"]).json()
    assert claims_of(body["id_token"], site)["nonce"] == "n-0815"


def test_the_page_has_the_names_that_browsers_and_suites_look_for(site: Site) -> None:
    browser = site.browser()
    page = browser.follow(authorize(browser, site.org.clients["web"]))
    document = html.document_fromstring(page.text)
    (form,) = document.iter("form")
    assert form.get("method") == "post"
    assert [field.get("name") for field in form.iter("input")] == ["username", "password"]
    assert document.get_element_by_id("username").get("autocomplete") == "username"
    assert document.get_element_by_id("password").get("autocomplete") == "current-password"
    assert document.get_element_by_id("password").get("type") == "password"
    assert document.get_element_by_id("login-submit").get("type") == "submit"
    assert not list(document.iter("script"))
    assert "The web <app>" in (document.text_content() or "")
    assert "The web <app>" not in page.text


def test_a_wrong_password_shows_the_page_again_with_the_name_and_no_password(site: Site) -> None:
    client, browser = site.org.clients["web"], site.browser()
    page = sign_in_by_page(browser, authorize(browser, client), site.person("ann"), password="wrong-password")
    assert page.status_code == 401
    assert "is not right" in text_of(page, "sign-in-error")
    assert re.search(r"evt[0-9A-Za-z]{17}", text_of(page, "sign-in-error"))
    fields = form_of(page).fields
    assert fields == {"username": "ann@example.com", "password": ""}
    assert "wrong-password" not in page.text
    assert "sid" not in browser.cookies
    done = browser.submit(page, password=site.person("ann").password)
    assert answer(done)["code"]


@pytest.mark.parametrize("fields", [{"username": "", "password": "x"}, {"username": "x", "password": ""}, {}])
def test_an_empty_form_asks_for_both(site: Site, fields: dict[str, str]) -> None:
    browser = site.browser()
    page = browser.follow(authorize(browser, site.org.clients["web"]))
    again = browser.post(str(page.url), data=fields)
    assert again.status_code == 400
    assert "Enter your user name and your password" in text_of(again, "sign-in-error")


def test_a_name_that_a_phone_completed(site: Site) -> None:
    browser = site.browser()
    page = browser.follow(authorize(browser, site.org.clients["web"]))
    done = browser.submit(page, username="Ann@Example.com ", password=site.person("ann").password)
    assert answer(done)["code"]


def test_a_session_is_used_again_by_other_applications(site: Site) -> None:
    browser = site.browser()
    sign_in_by_page(browser, authorize(browser, site.org.clients["web"]), site.person("ann"))
    cookie = browser.cookies["sid"]
    response = authorize(browser, site.org.clients["post"])
    assert response.headers["location"].startswith("https://app.example.com/post?code=")
    assert browser.cookies["sid"] == cookie


def test_prompt_login_asks_although_there_is_a_session(site: Site) -> None:
    client, browser = site.org.clients["web"], signed_in(site)
    cookie = browser.cookies["sid"]
    page = browser.follow(authorize(browser, client, prompt="login"))
    assert page.status_code == 200
    assert "Confirm that it is you" in page.text
    assert form_of(page).fields["username"] == "ann@example.com"
    assert browser.cookies["sid"] == cookie
    before = int(time.time())
    done = browser.submit(page, password=site.person("ann").password)
    body = exchange(site, client, answer(done)["code"]).json()
    assert claims_of(body["id_token"], site)["auth_time"] >= before
    assert browser.cookies["sid"] != cookie
    assert is_signed_in(browser) == "ann@example.com"


def test_prompt_login_by_somebody_else_changes_who_is_signed_in(site: Site) -> None:
    browser = signed_in(site, "ann")
    old = browser.copy()
    page = browser.follow(authorize(browser, site.org.clients["web"], prompt="login"))
    browser.submit(page, username="bob@example.com", password=site.person("bob").password)
    assert is_signed_in(browser) == "bob@example.com"
    assert is_signed_in(old) == ""


@pytest.mark.parametrize("prompt", ["login", "select_account", "login consent"])
def test_prompts_that_ask_again(site: Site, prompt: str) -> None:
    browser = signed_in(site)
    page = browser.follow(authorize(browser, site.org.clients["web"], prompt=prompt))
    assert "password" in form_of(page).fields


@pytest.mark.parametrize("prompt", ["none login", "nonsense", "none none"])
def test_prompts_that_make_no_sense(site: Site, prompt: str) -> None:
    refused = answer(authorize(signed_in(site), site.org.clients["web"], prompt=prompt))
    assert refused["error"] == "invalid_request"


def test_max_age_asks_again_once_the_sign_in_is_older(site: Site) -> None:
    client, browser = site.org.clients["web"], signed_in(site)
    assert "code" in answer(authorize(browser, client, max_age="1000"))
    time.sleep(1.2)
    page = browser.follow(authorize(browser, client, max_age="1"))
    assert "Confirm that it is you" in page.text
    assert answer(authorize(browser, client, max_age="1", prompt="none"))["error"] == "login_required"
    done = browser.submit(page, password=site.person("ann").password)
    assert answer(done)["code"]


def test_max_age_of_zero_is_prompt_login(site: Site) -> None:
    browser = signed_in(site)
    page = browser.follow(authorize(browser, site.org.clients["web"], max_age="0"))
    assert "password" in form_of(page).fields
    done = browser.submit(page, password=site.person("ann").password)
    assert answer(done)["code"]
    refused = answer(authorize(browser, site.org.clients["web"], max_age="0", prompt="none"))
    assert refused["error"] == "invalid_request"


@pytest.mark.parametrize("max_age", ["-1", "1.5", "abc", "99999999999", "١"])
def test_max_age_is_a_number_of_seconds(site: Site, max_age: str) -> None:
    refused = answer(authorize(signed_in(site), site.org.clients["web"], max_age=max_age))
    assert refused["error"] == "invalid_request"


def test_login_hint_is_filled_in(site: Site) -> None:
    browser = site.browser()
    hint = 'bob"@example.com'
    page = browser.follow(authorize(browser, site.org.clients["web"], login_hint=hint))
    assert form_of(page).fields["username"] == hint
    assert hint not in page.text
    long = browser.follow(authorize(browser, site.org.clients["web"], login_hint="x" * 400))
    assert form_of(long).fields["username"] == ""


def test_id_token_hint_names_who_has_to_be_signed_in(site: Site) -> None:
    client, browser = site.org.clients["web"], signed_in(site, "ann")
    hint = exchange(site, client, code_for(browser, client)).json()["id_token"]
    assert "code" in answer(authorize(browser, client, prompt="none", id_token_hint=hint))
    refused = answer(authorize(signed_in(site, "bob"), client, prompt="none", id_token_hint=hint))
    assert refused["error"] == "login_required"


def test_the_page_belongs_to_the_browser_that_asked(site: Site) -> None:
    browser = site.browser()
    page = browser.follow(authorize(browser, site.org.clients["web"]))
    elsewhere = site.browser()
    gone = elsewhere.get(str(page.url))
    assert gone.status_code == 400
    assert "This page has expired" in gone.text
    person = site.person("ann")
    posted = elsewhere.post(str(page.url), data={"username": person.login, "password": person.password})
    assert posted.status_code == 400
    assert "sid" not in elsewhere.cookies


def test_the_page_works_once(site: Site) -> None:
    browser = site.browser()
    page = browser.follow(authorize(browser, site.org.clients["web"]))
    person = site.person("ann")
    assert answer(browser.submit(page, username=person.login, password=person.password))["code"]
    again = browser.submit(page, username=person.login, password=person.password)
    assert again.status_code == 400
    assert "expired or was used already" in again.text


def test_two_pages_side_by_side(site: Site) -> None:
    browser = site.browser()
    first = browser.follow(authorize(browser, site.org.clients["web"], state="one"))
    second = browser.follow(authorize(browser, site.org.clients["post"], state="two"))
    person = site.person("ann")
    assert answer(browser.submit(second, username=person.login, password=person.password))["state"] == "two"
    assert answer(browser.submit(first, username=person.login, password=person.password))["state"] == "one"


def test_the_page_goes_on_by_itself_once_there_is_a_session(site: Site) -> None:
    browser = site.browser()
    waiting = authorize(browser, site.org.clients["web"], state="waited")
    browser.cookies.update(signed_in(site).cookies)
    done = browser.get(waiting.headers["location"])
    assert answer(done)["state"] == "waited"
    assert answer(done)["code"]


def test_a_login_page_elsewhere_resumes_the_waiting_request(site: Site) -> None:
    browser = site.browser()
    waiting = authorize(browser, site.org.clients["web"], state="resumed")
    (resume,) = parse_qs(urlsplit(waiting.headers["location"]).query)["fromURI"]
    assert resume.startswith(f"{ORG}/authorize/redirect?okta_key=")
    browser.cookies.update(signed_in(site).cookies)
    assert answer(browser.get(resume))["state"] == "resumed"


def test_the_start_page_says_who_is_signed_in(site: Site) -> None:
    assert "not signed in" in site.browser().get("/").text
    browser = signed_in(site)
    for address in ("/", "/app/UserHome"):
        assert text_of(browser.get(address), "signed-in-as") == "Ann Lee"


def test_signing_in_for_its_own_sake_ends_at_the_start_page(site: Site) -> None:
    browser = site.browser()
    done = sign_in_by_page(browser, browser.get("/login/login.htm"), site.person("ann"))
    assert done.status_code == 303
    assert done.headers["location"] == f"{site.base_url}/app/UserHome"
    assert text_of(browser.follow(done), "signed-in-as") == "Ann Lee"


def test_signing_in_leads_to_an_address_of_ours_or_of_a_trusted_origin(site: Site) -> None:
    for wanted, location in (
        ("/app/UserHome?x=1", f"{site.base_url}/app/UserHome?x=1"),
        (f"{site.base_url}/app/UserHome", f"{site.base_url}/app/UserHome"),
        ("https://portal.example.com/start?a=b", "https://portal.example.com/start?a=b"),
    ):
        browser = site.browser()
        done = sign_in_by_page(browser, browser.get("/login/login.htm", params={"fromURI": wanted}), site.person("ann"))
        assert done.headers["location"] == location
    refused = site.browser().get("/login/login.htm", params={"fromURI": f"{APP}/callback"})
    assert refused.status_code == 400


def test_sign_out(site: Site) -> None:
    browser = signed_in(site)
    stolen = browser.copy()
    home = browser.get("/")
    done = browser.submit(home)
    assert done.status_code == 303
    assert [cookie.name for cookie in cookies_of(done) if cookie.removed] == ["sid"]
    assert "You are signed out" in browser.follow(done).text
    assert is_signed_in(stolen) == ""
    assert answer(authorize(stolen, site.org.clients["web"], prompt="none"))["error"] == "login_required"


def test_sign_out_goes_on_to_a_trusted_origin(site: Site) -> None:
    browser = signed_in(site)
    response = browser.get("/login/signout", params={"fromURI": "https://portal.example.com/bye"})
    assert (response.status_code, response.headers["location"]) == (302, "https://portal.example.com/bye")
    assert is_signed_in(browser) == ""


def test_the_session_object_and_closing_it(site: Site) -> None:
    browser = signed_in(site)
    session = browser.get("/api/v1/sessions/me").json()
    assert session["status"] == "ACTIVE"
    assert session["login"] == "ann@example.com"
    assert session["userId"] == site.person("ann").id
    assert session["amr"] == ["pwd"]
    assert session["idp"] == {"id": site.org.org_id, "type": "OKTA"}
    assert session["_links"]["self"]["href"] == f"{site.base_url}/api/v1/sessions/me"
    closed = browser.request("DELETE", "/api/v1/sessions/me")
    assert closed.status_code == 204
    assert "sid" not in browser.cookies
    nothing = browser.get("/api/v1/sessions/me")
    assert nothing.status_code == 404
    assert nothing.json()["errorSummary"] == "Not found: Resource not found: me (Session)"


def test_a_session_ends_at_its_hour(server: Server, site: Site) -> None:
    browser = signed_in(site)
    ident = browser.cookies["sid"].partition(".")[0]
    ((issued_at, expires_at, idle_expires_at),) = server.rows(
        "SELECT issued_at, expires_at, idle_expires_at FROM credentials WHERE id = $1", ident
    )
    assert expires_at - issued_at == 24 * 3_600_000
    assert idle_expires_at - issued_at == 2 * 3_600_000
    server.execute("UPDATE credentials SET idle_expires_at = $1 WHERE id = $2", issued_at - 1, ident)
    assert is_signed_in(browser) == ""
    assert answer(authorize(browser, site.org.clients["web"], prompt="none"))["error"] == "login_required"


def test_an_unknown_client_and_an_unregistered_address_are_answered_by_a_page_of_ours(site: Site) -> None:
    client = site.org.clients["web"]
    for changes, error in (
        ({"client_id": "nobody"}, "unauthorized_client"),
        ({"client_id": None}, "invalid_request"),
        ({"redirect_uri": "https://evil.example/"}, "invalid_request"),
        ({"redirect_uri": None}, "invalid_request"),
    ):
        page = site.browser().get(f"{ORG}/authorize", params=asks(client, **changes))
        assert page.status_code == 400, changes
        assert error in page.text
        assert re.fullmatch(r"evt[0-9A-Za-z]{17}", text_of(page, "event-id"))
        assert "location" not in page.headers
