"""The example apps together with Segue, without a browser: what they refuse, and what they tell."""

import html
import re
import secrets
import subprocess
from collections.abc import Iterator
from urllib.parse import parse_qs, urlsplit

import httpx
import pytest
from defusedxml import ElementTree
from minisaml.request import get_request_redirect_url
from tests.clients.by_hand import follow, form_of, new_browser, session_token
from tests.demo_process import Demo

from segue.demo.handover import add_query

EVENT_ID = re.compile(r'id="event-id">([0-9A-Za-z]{20})<')


@pytest.fixture
def browser(demo: Demo) -> Iterator[httpx.Client]:
    with new_browser(demo) as browser:
        yield browser


def sign_in_form(demo: Demo, name: str = "ann", **more: str) -> dict[str, str]:
    user = demo.manifest["okta"]["users"][name]
    return {"username": user["login"], "password": user["password"], **more}


def alert(answer: httpx.Response) -> str:
    """The text of a page's alert."""
    [found] = re.findall(r'role="alert">(.*?)</(?:div|p)>', answer.text, re.DOTALL)
    return html.unescape(" ".join(re.sub(r"<[^>]*>", " ", found).split()))


def saml_form(browser: httpx.Client, demo: Demo, address: str) -> dict[str, str]:
    """The fields that Segue's page would post to the SAML app, for Ann."""
    answer = browser.get(add_query(address, sessionToken=session_token(browser, demo)))
    assert answer.status_code == 200, answer.text
    return form_of(answer).fields


def test_a_saml_response_is_taken_once(browser: httpx.Client, demo: Demo) -> None:
    address = browser.get(f"{demo.addresses.saml}/login?to=/shelf/sea").headers["location"]
    fields = saml_form(browser, demo, address)
    first = browser.post(f"{demo.addresses.saml}/acs", data=fields)
    assert (first.status_code, first.headers["location"]) == (303, "/shelf/sea")
    assert "Good to see you" in browser.get(f"{demo.addresses.saml}/").text
    with new_browser(demo) as thief:
        again = thief.post(f"{demo.addresses.saml}/acs", data=fields)
        assert again.status_code == 400
        assert alert(again) == "This response was used before."
        assert "Good to see you" not in thief.get(f"{demo.addresses.saml}/").text


def test_a_saml_response_to_a_request_of_somebody_else(browser: httpx.Client, demo: Demo) -> None:
    app = demo.manifest["okta"]["apps"]["saml"]
    address = get_request_redirect_url(
        saml_endpoint=app["sso_url"],
        expected_audience=app["entity_id"],
        acs_url=app["acs_url"],
        request_id=f"_{secrets.token_hex(16)}",
    )
    answer = browser.post(app["acs_url"], data=saml_form(browser, demo, address))
    assert answer.status_code == 400
    assert alert(answer) == "This response answers no request that is still open here."


@pytest.mark.parametrize("state", ["https://elsewhere.example/", "//elsewhere.example", "/\\elsewhere.example", "x"])
def test_a_relay_state_leads_nowhere_else(browser: httpx.Client, demo: Demo, state: str) -> None:
    app = demo.manifest["okta"]["apps"]["saml"]
    fields = saml_form(browser, demo, add_query(app["sso_url"], RelayState=state))
    assert fields["RelayState"] == state
    answer = browser.post(app["acs_url"], data=fields)
    assert (answer.status_code, answer.headers["location"]) == (303, "/")


def token_response(browser: httpx.Client, demo: Demo, **more: str) -> dict[str, str]:
    """The fields that Segue's page would post to the WS-Federation app, for Ann."""
    app = demo.manifest["okta"]["apps"]["wsfed"]
    asked = {"wa": "wsignin1.0", "wtrealm": app["realm"], "sessionToken": session_token(browser, demo), **more}
    answer = browser.get(app["sso_url"], params=asked)
    assert answer.status_code == 200, answer.text
    return form_of(answer).fields


def test_a_token_response_is_taken_once(browser: httpx.Client, demo: Demo) -> None:
    reply = demo.manifest["okta"]["apps"]["wsfed"]["reply_url"]
    fields = token_response(browser, demo, wctx="/books/may")
    first = browser.post(reply, data=fields)
    assert (first.status_code, first.headers["location"]) == (303, "/books/may")
    assert "The books are open" in browser.get(f"{demo.addresses.wsfed}/").text
    with new_browser(demo) as thief:
        again = thief.post(reply, data=fields)
        assert again.status_code == 400
        assert alert(again) == "This response was used before."
        assert "The books are open" not in thief.get(f"{demo.addresses.wsfed}/").text


@pytest.mark.parametrize("context", ["https://elsewhere.example/", "//elsewhere.example", "/\\elsewhere.example", "x"])
def test_a_context_leads_nowhere_else(browser: httpx.Client, demo: Demo, context: str) -> None:
    answer = browser.post(
        demo.manifest["okta"]["apps"]["wsfed"]["reply_url"], data=token_response(browser, demo, wctx=context)
    )
    assert (answer.status_code, answer.headers["location"]) == (303, "/")


def test_a_token_response_for_another_address(browser: httpx.Client, demo: Demo) -> None:
    """The playground stands in for the app at an address of its own: what is meant for it is no use here."""
    fields = token_response(browser, demo, wreply=f"{demo.addresses.playground}/wsfed/reply")
    answer = browser.post(demo.manifest["okta"]["apps"]["wsfed"]["reply_url"], data=fields)
    assert answer.status_code == 400
    assert alert(answer) == "The response is meant for another address."


def test_a_sign_in_that_names_another_issuer_does_not_begin(browser: httpx.Client, demo: Demo) -> None:
    """OpenID Connect Core 4."""
    assert browser.get(f"{demo.addresses.web}/login", params={"iss": demo.addresses.idp}).status_code == 303
    assert browser.get(f"{demo.addresses.web}/login", params={"iss": "https://elsewhere.example"}).status_code == 400


def test_a_visit_to_the_playground_that_nobody_waits_for(browser: httpx.Client, demo: Demo) -> None:
    for path in ("/initiate?iss=x", "/landing?state=a.b", "/image?state=a.b"):
        assert browser.get(f"{demo.addresses.playground}{path}").status_code == 404


def test_recovery_tells_nobody_who_is_known(browser: httpx.Client, demo: Demo) -> None:
    known, unknown = (
        browser.post(f"{demo.addresses.login}/recover", data={"username": name})
        for name in (demo.manifest["okta"]["users"]["outsider"]["login"], "nobody@harborbooks.example")
    )
    assert known.status_code == unknown.status_code == 200
    assert known.text == unknown.text


def test_the_saml_app_describes_itself(browser: httpx.Client, demo: Demo) -> None:
    app = demo.manifest["okta"]["apps"]["saml"]
    answer = browser.get(app["entity_id"])
    root = ElementTree.fromstring(answer.content)
    assert root.get("entityID") == app["entity_id"]
    [service] = root.iter("{urn:oasis:names:tc:SAML:2.0:metadata}AssertionConsumerService")
    assert service.get("Location") == app["acs_url"]


def code_for_orders(browser: httpx.Client, demo: Demo) -> str:
    """The address that Segue sends the browser back to, with the code that Harbor Orders asked for."""
    asked = browser.get(f"{demo.addresses.web}/login").headers["location"]
    answer = browser.get(add_query(asked, prompt="none", sessionToken=session_token(browser, demo)))
    location: str = answer.headers["location"]
    assert location.startswith(f"{demo.addresses.web}/callback?"), location
    return location


def test_an_answer_meant_for_another_browser(browser: httpx.Client, demo: Demo) -> None:
    """Login CSRF (RFC 6749 10.12): the state is of the browser that asked."""
    answer_for_me = code_for_orders(browser, demo)
    with new_browser(demo) as victim:
        answer = victim.get(answer_for_me)
        assert answer.status_code == 400
        assert "Ahoy" not in victim.get(f"{demo.addresses.web}/").text
    assert browser.get(answer_for_me).status_code == 303
    assert "Ahoy" in browser.get(f"{demo.addresses.web}/").text
    assert browser.get(answer_for_me).status_code == 400


def test_an_answer_of_another_issuer(browser: httpx.Client, demo: Demo) -> None:
    """Mix-up (RFC 9207)."""
    location = code_for_orders(browser, demo)
    assert parse_qs(urlsplit(location).query)["iss"] == [demo.addresses.idp]
    other = location.replace("&iss=http", "&iss=https", 1)
    answer = browser.get(other)
    assert answer.status_code == 400
    assert "another issuer" in alert(answer)


def test_signed_out_pages_are_for_those_who_signed_out(browser: httpx.Client, demo: Demo) -> None:
    assert browser.get(f"{demo.addresses.web}/signed-out?state=made-up").status_code == 400


def test_cookies_of_the_apps_are_their_own(browser: httpx.Client, demo: Demo) -> None:
    """Cookies ignore ports: one name for two apps would be one session for both."""
    browser.get(code_for_orders(browser, demo))
    browser.post(
        f"{demo.addresses.saml}/acs", data=saml_form(browser, demo, demo.manifest["okta"]["apps"]["saml"]["sso_url"])
    )
    browser.post(f"{demo.addresses.wsfed}/reply", data=token_response(browser, demo))
    browser.post(f"{demo.addresses.login}/", data=sign_in_form(demo))
    browser.post(f"{demo.addresses.playground}/runs", data={"flow": "code"})
    names = [cookie.name for cookie in browser.cookies.jar if cookie.name.startswith(("harbor", "segue_"))]
    assert sorted(names) == ["harbor_books", "harbor_ledger", "harbor_library", "harbor_orders", "segue_playground"]


def test_one_form_on_the_login_page_and_into_the_web_app(browser: httpx.Client, demo: Demo) -> None:
    answer = follow(browser, browser.post(f"{demo.addresses.login}/", data=sign_in_form(demo, go="orders")))
    assert 'Ahoy, <span id="name">Ann Lindqvist</span>' in answer.text
    # The token that waited for the app to say where to is spent: the way there asks again.
    with_return = browser.get(f"{demo.addresses.web}/login?via=custom").headers["location"]
    assert 'id="password"' in browser.get(with_return).text


def test_a_login_form_of_another_site_signs_nobody_in(browser: httpx.Client, demo: Demo) -> None:
    for origin in ("null", demo.addresses.foreign_login, "https://elsewhere.example"):
        answer = browser.post(f"{demo.addresses.login}/", data=sign_in_form(demo), headers={"origin": origin})
        assert answer.status_code == 403
        assert "set-cookie" not in answer.headers


def test_the_event_on_the_page_can_be_explained(browser: httpx.Client, demo: Demo) -> None:
    answer = browser.post(f"{demo.addresses.login}/", data=sign_in_form(demo) | {"password": "not it"})
    assert answer.status_code == 400
    assert alert(answer).startswith("That user name and password do not match.")
    [event] = EVENT_ID.findall(answer.text)
    # What the page says to type, from the folder that the demo was started in.
    [command] = re.findall(r'<code class="command">([^<]*)</code>', answer.text)
    told = subprocess.run(html.unescape(command), shell=True, capture_output=True, text=True, check=False)
    assert told.returncode == 0, told.stderr
    assert event in command
    assert event in told.stdout
    assert "password" in told.stdout
