"""OT-15 and OT-16: nobody is signed in as somebody else by a page they visit, or by a cookie that was planted.

Ann is signed in and visits a page on another site that holds a session token of Bob's: the attacker's own account.
"""

import asyncio
import json
from collections.abc import AsyncIterator
from html import escape
from urllib.parse import parse_qs, urlencode, urlsplit

import pytest
import pytest_asyncio
from playwright.async_api import Browser, BrowserContext, Page, Request, expect
from tests.browser import steps
from tests.browser.accessibility import faults
from tests.browser.foreign_site import ForeignSite
from tests.demo_process import Demo

pytestmark = [pytest.mark.browser, pytest.mark.asyncio(loop_scope="session")]

SETTLED_MS = 400
PATIENCE_S = 10


# --- what the page does -----------------------------------------------------------------------------------------------


def _form(method: str, endpoint: str, fields: dict[str, str], target: str = "_self") -> str:
    inputs = "".join(f'<input name="{escape(name)}" value="{escape(value)}">' for name, value in fields.items())
    return (
        f'<form method="{method}" action="{escape(endpoint)}" target="{target}">{inputs}</form>'
        "<script>document.forms[0].submit()</script>"
    )


def navigation(endpoint: str, fields: dict[str, str]) -> str:
    return f"<script>location.replace({json.dumps(f'{endpoint}?{urlencode(fields)}')})</script>"


def form_post(endpoint: str, fields: dict[str, str]) -> str:
    return _form("post", endpoint, fields)


def image(endpoint: str, fields: dict[str, str]) -> str:
    return f'<img src="{escape(f"{endpoint}?{urlencode(fields)}")}">'


def frame(endpoint: str, fields: dict[str, str]) -> str:
    return f'<iframe src="{escape(f"{endpoint}?{urlencode(fields)}")}"></iframe>'


def frame_post(endpoint: str, fields: dict[str, str]) -> str:
    return '<iframe name="inside"></iframe>' + _form("post", endpoint, fields, target="inside")


def window(endpoint: str, fields: dict[str, str]) -> str:
    return f"<script>window.open({json.dumps(f'{endpoint}?{urlencode(fields)}')})</script>"


def window_post(endpoint: str, fields: dict[str, str]) -> str:
    return "<script>window.open('about:blank', 'outside')</script>" + _form("post", endpoint, fields, target="outside")


def script(endpoint: str, fields: dict[str, str]) -> str:
    options = "{mode: 'no-cors', credentials: 'include'}"
    return f"<script>fetch({json.dumps(f'{endpoint}?{urlencode(fields)}')}, {options})</script>"


def script_post(endpoint: str, fields: dict[str, str]) -> str:
    body = f"new URLSearchParams({json.dumps(fields)})"
    options = f"{{method: 'POST', body: {body}, mode: 'no-cors', credentials: 'include'}}"
    return f"<script>fetch({json.dumps(endpoint)}, {options})</script>"


ATTACKS = [navigation, form_post, image, frame, frame_post, window, window_post, script, script_post]


# --- what it is aimed at ----------------------------------------------------------------------------------------------


def silent(demo: Demo, token: str) -> tuple[str, dict[str, str]]:
    fields = steps.authorize_parameters(demo, "web", prompt="none", sessionToken=token)
    return steps.authorize_endpoint(demo), fields


def with_pages(demo: Demo, token: str) -> tuple[str, dict[str, str]]:
    return steps.authorize_endpoint(demo), steps.authorize_parameters(demo, "web", sessionToken=token)


def saml(demo: Demo, token: str) -> tuple[str, dict[str, str]]:
    return steps.app(demo, "saml")["sso_url"], {"RelayState": "/", "sessionToken": token}


TARGETS = [silent, with_pages, saml]


@pytest_asyncio.fixture(loop_scope="session")
async def ann(context: BrowserContext, page: Page, demo: Demo) -> AsyncIterator[str]:
    """The login of the victim, who is signed in."""
    await steps.sign_in(page, demo, "ann")
    yield steps.user(demo, "ann")["login"]


async def visit(context: BrowserContext, page: Page, address: str, endpoint: str) -> None:
    """Goes to the page, waits until it has done what it does, and closes the windows it opened."""
    sent: asyncio.Future[Request] = asyncio.get_running_loop().create_future()

    def seen(request: Request) -> None:
        if request.url.split("?")[0] == endpoint and not sent.done():
            sent.set_result(request)

    context.on("request", seen)
    await page.goto(address, wait_until="commit")
    await asyncio.wait_for(sent, PATIENCE_S)  # it did try
    for opened in context.pages:
        await opened.wait_for_load_state()
    await page.wait_for_timeout(SETTLED_MS)
    context.remove_listener("request", seen)
    for opened in context.pages:
        if opened is not page:
            await opened.close()


async def shown_at_apps(context: BrowserContext, demo: Demo) -> list[str]:
    """Whom the example apps take this browser for."""
    found = []
    page = await context.new_page()
    for origin in (demo.addresses.web, demo.addresses.saml):
        await page.goto(origin)
        found += await page.locator("#name").all_inner_texts()
    await page.close()
    return found


@pytest.mark.parametrize("attack", ATTACKS)
async def test_OT_15_a_visit_signs_nobody_in_as_somebody_else(
    context: BrowserContext, page: Page, demo: Demo, elsewhere: ForeignSite, ann: str, attack
) -> None:
    before = await steps.session(context, demo)
    assert before is not None
    for target in TARGETS:
        endpoint, fields = target(demo, steps.new_session_token(demo, "bob"))
        await visit(context, page, elsewhere.page(attack(endpoint, fields)), endpoint)
        after = await steps.session(context, demo)
        assert after is not None, target
        assert (after["login"], after["id"]) == (ann, before["id"]), target
    assert await shown_at_apps(context, demo) == []


@pytest.mark.parametrize("target", TARGETS)
@pytest.mark.parametrize("first", ["nobody", "ann"])
async def test_a_form_of_another_site_may_carry_a_sign_in(
    context: BrowserContext, page: Page, demo: Demo, elsewhere: ForeignSite, target, first: str
) -> None:
    """A login page on another site that posts the token: it works as a link does, for nobody and for the same user."""
    if first == "ann":
        await steps.sign_in(page, demo, "ann")
    endpoint, fields = target(demo, steps.new_session_token(demo, "ann"))
    await visit(context, page, elsewhere.page(form_post(endpoint, fields)), endpoint)
    assert await steps.signed_in_as(context, demo) == steps.user(demo, "ann")["login"]
    if target is saml:
        await expect(page.locator("#name-id")).to_have_text(steps.user(demo, "ann")["login"])
    else:
        assert "code" in parse_qs(urlsplit(page.url).query)


async def test_a_form_of_another_site_and_another_user(
    page: Page, demo: Demo, elsewhere: ForeignSite, ann: str
) -> None:
    """It is asked, as after a link, or refused where nothing may be asked."""
    endpoint, fields = with_pages(demo, steps.new_session_token(demo, "bob"))
    await page.goto(elsewhere.page(form_post(endpoint, fields)), wait_until="commit")
    await expect(page.get_by_role("heading", level=1)).to_contain_text("Continue as Bob")
    await expect(page.locator("main")).to_contain_text(ann)
    endpoint, fields = silent(demo, steps.new_session_token(demo, "bob"))
    await page.goto(elsewhere.page(form_post(endpoint, fields)), wait_until="commit")
    await page.wait_for_url(f"{steps.app(demo, 'web')['redirect_uri']}?**")
    assert parse_qs(urlsplit(page.url).query)["error"] == ["login_required"]


@pytest.mark.parametrize("attack", [navigation, window, form_post])
async def test_OT_15_the_token_is_spent_by_the_attempt(
    context: BrowserContext, browser: Browser, page: Page, demo: Demo, elsewhere: ForeignSite, ann: str, attack
) -> None:
    token = steps.new_session_token(demo, "bob")
    endpoint, fields = silent(demo, token)
    await visit(context, page, elsewhere.page(attack(endpoint, fields)), endpoint)
    other = await browser.new_context()
    stranger = await other.new_page()
    await stranger.goto(steps.authorize_url(demo, "web", prompt="none", sessionToken=token))
    assert parse_qs(urlsplit(stranger.url).query)["error"] == ["login_required"]
    await other.close()


# --- the question -----------------------------------------------------------------------------------------------------


async def to_the_question(page: Page, demo: Demo, elsewhere: ForeignSite, target) -> None:
    endpoint, fields = target(demo, steps.new_session_token(demo, "bob"))
    address = f"{endpoint}?{urlencode(fields)}"
    await page.goto(elsewhere.page(f'<a href="{escape(address)}">go</a>'))
    await page.click("text=go")
    await expect(page.get_by_role("heading", level=1)).to_contain_text("Continue as Bob")


async def test_the_question_names_both_and_can_be_read_by_everybody(
    page: Page, demo: Demo, elsewhere: ForeignSite, ann: str
) -> None:
    await to_the_question(page, demo, elsewhere, with_pages)
    await expect(page.locator("main")).to_contain_text(ann)
    await expect(page.locator("main")).to_contain_text(steps.user(demo, "bob")["login"])
    await expect(page.locator("main")).to_contain_text("Harbor Orders")
    assert "sessionToken" not in page.url
    assert await faults(page) == []


async def test_to_stay_is_to_stay(
    context: BrowserContext, page: Page, demo: Demo, elsewhere: ForeignSite, ann: str
) -> None:
    await to_the_question(page, demo, elsewhere, with_pages)
    await page.click("#confirm-stay")
    await page.wait_for_url(f"{steps.app(demo, 'web')['redirect_uri']}?**")
    answer = parse_qs(urlsplit(page.url).query)
    assert answer["error"] == ["access_denied"]
    assert answer["state"] == ["state-of-the-test"]
    assert await steps.signed_in_as(context, demo) == ann


async def test_to_continue_is_a_new_session(
    context: BrowserContext, page: Page, demo: Demo, elsewhere: ForeignSite, ann: str
) -> None:
    before = await steps.session(context, demo)
    await to_the_question(page, demo, elsewhere, with_pages)
    await page.click("#confirm-continue")
    await page.wait_for_url(f"{steps.app(demo, 'web')['redirect_uri']}?**")
    assert "code" in parse_qs(urlsplit(page.url).query)
    after = await steps.session(context, demo)
    assert after is not None
    assert before is not None
    assert after["login"] == steps.user(demo, "bob")["login"]
    assert after["id"] != before["id"]


async def test_the_question_before_a_saml_app(
    context: BrowserContext, page: Page, demo: Demo, elsewhere: ForeignSite, ann: str
) -> None:
    await to_the_question(page, demo, elsewhere, saml)
    await page.click("#confirm-stay")
    await page.wait_for_load_state()
    assert await steps.signed_in_as(context, demo) == ann
    assert await shown_at_apps(context, demo) == []
    await to_the_question(page, demo, elsewhere, saml)
    await page.click("#confirm-continue")
    await expect(page.locator("#name-id")).to_have_text(steps.user(demo, "bob")["login"])
    assert await steps.signed_in_as(context, demo) == steps.user(demo, "bob")["login"]


async def test_the_question_answered_twice(page: Page, demo: Demo, elsewhere: ForeignSite, ann: str) -> None:
    """Going back to it does not bring it back."""
    await to_the_question(page, demo, elsewhere, with_pages)
    question = page.url
    await page.click("#confirm-stay")
    await page.wait_for_url(f"{steps.app(demo, 'web')['redirect_uri']}?**")
    await page.goto(question)
    await expect(page.locator("#confirm-continue")).to_have_count(0)


# --- OT-16: cookies that were there before ----------------------------------------------------------------------------


async def session_cookies(context: BrowserContext, demo: Demo) -> list[str]:
    return [cookie["value"] for cookie in await context.cookies(demo.addresses.idp) if cookie["name"] == "sid"]


async def who_is(browser: Browser, demo: Demo, value: str) -> str | None:
    """Whose session a browser has that was given this cookie, and no other."""
    context = await browser.new_context(ignore_https_errors=True)
    await context.add_cookies([{"name": "sid", "value": value, "url": demo.addresses.idp}])
    found = await steps.signed_in_as(context, demo)
    await context.close()
    return found


async def test_OT_16_a_value_planted_before_the_sign_in_is_never_a_session(
    context: BrowserContext, browser: Browser, page: Page, demo: Demo
) -> None:
    planted = "102planted.known-to-the-attacker"
    await context.add_cookies([{"name": "sid", "value": planted, "url": demo.addresses.idp}])
    await steps.sign_in(page, demo, "ann")
    [value] = await session_cookies(context, demo)
    assert value != planted
    assert await who_is(browser, demo, value) == steps.user(demo, "ann")["login"]
    assert await who_is(browser, demo, planted) is None


async def test_OT_16_every_sign_in_gives_a_new_value_and_ends_the_old(
    context: BrowserContext, browser: Browser, page: Page, demo: Demo
) -> None:
    await steps.sign_in(page, demo, "ann")
    [first] = await session_cookies(context, demo)
    await page.goto(steps.authorize_url(demo, "web", prompt="login"))
    await steps.fill_in(page, demo, "ann")
    await page.click("#login-submit")
    await page.wait_for_url(f"{steps.app(demo, 'web')['redirect_uri']}?**")
    [second] = await session_cookies(context, demo)
    assert first != second
    assert await who_is(browser, demo, first) is None
    assert await who_is(browser, demo, second) == steps.user(demo, "ann")["login"]


async def test_OT_16_an_attackers_live_session_becomes_nobody_elses(
    context: BrowserContext, browser: Browser, page: Page, demo: Demo
) -> None:
    """Planted for a path, where it would win over ours: two cookies of one name are no session at all."""
    attacker = await browser.new_context()
    await steps.sign_in(await attacker.new_page(), demo, "bob")
    [value] = await session_cookies(attacker, demo)
    host = urlsplit(demo.addresses.idp).hostname
    await context.add_cookies([{"name": "sid", "value": value, "domain": str(host), "path": "/oauth2"}])
    await steps.sign_in(page, demo, "ann")
    await page.goto(steps.authorize_url(demo, "web", prompt="none"))
    assert parse_qs(urlsplit(page.url).query)["error"] == ["login_required"]
    assert await steps.signed_in_as(context, demo) == steps.user(demo, "ann")["login"]
    assert await steps.signed_in_as(attacker, demo) == steps.user(demo, "bob")["login"]
    await attacker.close()


async def test_OT_16_over_https_a_planted_session_lacks_its_proof(browser: Browser, demo_tls: Demo) -> None:
    """A sibling host can plant the cookie that the vendor named, but not the ``__Host-`` one beside it."""
    attacker = await browser.new_context(ignore_https_errors=True)
    await steps.sign_in(await attacker.new_page(), demo_tls, "bob")
    [value] = await session_cookies(attacker, demo_tls)
    kept = await attacker.cookies(demo_tls.addresses.idp)
    assert [cookie["name"] for cookie in kept if cookie["name"].startswith("__Host-") and "proof" in cookie["name"]]
    assert all(cookie["secure"] and cookie["httpOnly"] for cookie in kept)
    assert await who_is(browser, demo_tls, value) is None
    await attacker.close()

    victim = await browser.new_context(ignore_https_errors=True)
    await victim.add_cookies([{"name": "sid", "value": value, "url": demo_tls.addresses.idp}])
    page = await victim.new_page()
    await steps.sign_in(page, demo_tls, "ann")
    assert await steps.signed_in_as(victim, demo_tls) == steps.user(demo_tls, "ann")["login"]
    await victim.close()
