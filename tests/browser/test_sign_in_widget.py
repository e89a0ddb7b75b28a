"""The Okta Sign-In Widget, as the vendor ships it, signs in, proves two factors, sets one up and recovers an account.

It runs in its classic mode, which speaks the Authentication API, on a page of another origin. What it loads and what it
calls is all on this machine.
"""

import asyncio
import json
from collections.abc import AsyncIterator, Iterator
from typing import Any
from urllib.parse import urlsplit

import pyotp
import pytest
import pytest_asyncio
from playwright.async_api import BrowserContext, Locator, Page, expect
from tests import mails
from tests.browser.factor_place import Place, code, running_place, signed_in, virtual_key
from tests.browser.widget_site import CLIENT_ID, WidgetSite, running_widget_site
from tests.installation import Person

pytestmark = [pytest.mark.browser, pytest.mark.node, pytest.mark.server, pytest.mark.asyncio(loop_scope="session")]

HERE = {"localhost", "127.0.0.1"}
AFTER = "/after?tab=1"
SENT_TWICE_MS = 300


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory) -> Iterator[WidgetSite]:
    with running_place(tmp_path_factory.mktemp("widget")) as place, running_widget_site(place) as site:
        yield site


@pytest.fixture
def place(site: WidgetSite) -> Place:
    return site.place


@pytest_asyncio.fixture(loop_scope="session", autouse=True)
async def asked(context: BrowserContext) -> AsyncIterator[list[str]]:
    """Every address the browser asks for. None may be of another machine, and the page may not fail unseen."""
    asked: list[str] = []
    troubles: list[str] = []
    context.on("request", lambda request: asked.append(request.url))
    context.on("weberror", lambda error: troubles.append(str(error.error)))
    yield asked
    elsewhere = [
        url for url in asked if urlsplit(url).scheme in ("http", "https") and urlsplit(url).hostname not in HERE
    ]
    assert elsewhere == []
    assert troubles == []
    assert asked


async def show_for_session(page: Page, site: WidgetSite, **more: object) -> None:
    await page.goto(site.origin)
    target = f"{site.origin}{AFTER}"
    await page.evaluate("([settings, target]) => showForSession(settings, target)", [{**site.settings, **more}, target])


async def show_for_tokens(page: Page, site: WidgetSite) -> None:
    await page.goto(site.origin)
    await page.evaluate("(settings) => showForTokens(settings)", site.token_settings)


async def enter_password(page: Page, person: Person, password: str | None = None) -> None:
    await fill_in(page, username=person.login, password=password or person.password)
    await submit(page)


async def fill_in(page: Page, **values: str) -> None:
    """Types into the fields of a form. When a step has faded in the widget moves the focus to its first field, and what
    is typed at that moment lands there: so a form is looked at, and typed into again where it is not as meant."""
    for _ in range(50):
        for name, value in values.items():
            await page.fill(f"#widget [name={name}]", value)
        if [await page.input_value(f"#widget [name={name}]") for name in values] == list(values.values()):
            return
        await page.wait_for_timeout(100)
    raise AssertionError("the form never held what was typed")


async def submit(page: Page) -> None:
    """Sends the form, once the one of the step before has faded away. Leaving a field takes away what was said about
    it, and the button moves: so that comes before the click. The widget drops what is sent within 200 ms of the time
    before, which no person is quick enough for."""
    button = page.locator("#widget input[type=submit]")
    await expect(button).to_have_count(1)
    await page.evaluate("document.activeElement.blur()")
    await page.wait_for_timeout(SENT_TWICE_MS)
    await button.click()


def error(page: Page) -> Locator:
    return page.locator("#widget .okta-form-infobox-error")


def title(page: Page, text: str) -> Locator:
    """The heading of a step; for a moment there is that of the step before beside it."""
    return page.locator("#widget .okta-form-title", has_text=text)


async def outcome(page: Page) -> dict[str, Any]:
    await expect(page.locator("#outcome")).not_to_be_empty()
    found: dict[str, Any] = json.loads(await page.locator("#outcome").inner_text())
    return found


async def assert_signed_in(page: Page, context: BrowserContext, site: WidgetSite, person: Person, *amr: str) -> None:
    """The redirect link was followed to the page that asked for it, and left a session."""
    await page.wait_for_url(f"{site.origin}{AFTER}")
    session = await signed_in(context, site.place)
    assert session is not None
    assert (session["login"], set(session["amr"])) == (person.login, set(amr))  # type: ignore[call-overload]


# --- signing in -------------------------------------------------------------------------------------------------------


async def test_a_session_by_the_redirect_link(
    page: Page, context: BrowserContext, site: WidgetSite, asked: list[str]
) -> None:
    person = await site.place.person(grouped=False)
    await show_for_session(page, site)
    await enter_password(page, person)
    await assert_signed_in(page, context, site, person, "pwd")
    assert [url for url in asked if url.startswith(f"{site.place.url}/login/sessionCookieRedirect?")]


async def test_tokens_by_a_message_of_a_hidden_frame(
    page: Page, context: BrowserContext, site: WidgetSite, asked: list[str]
) -> None:
    person = await site.place.person(grouped=False)
    await show_for_tokens(page, site)
    await enter_password(page, person)
    found = await outcome(page)
    assert (found["claims"]["sub"], found["claims"]["aud"]) == (person.id, CLIENT_ID)
    assert found["claims"]["iss"] == f"{site.place.url}/oauth2/default"
    assert set(found["scopes"]) == {"openid", "profile", "email"}
    [authorize] = [url for url in asked if "/authorize?" in url]
    assert "response_mode=okta_post_message" in authorize
    session = await signed_in(context, site.place)
    assert session is not None
    assert session["login"] == person.login
    assert page.url == f"{site.origin}/"


async def test_a_wrong_password(page: Page, context: BrowserContext, site: WidgetSite) -> None:
    person = await site.place.person(grouped=False)
    await show_for_session(page, site)
    await enter_password(page, person, "not it")
    await expect(error(page)).to_contain_text("Unable to sign in")
    assert await signed_in(context, site.place) is None
    await enter_password(page, person)
    await assert_signed_in(page, context, site, person, "pwd")


# --- a second factor --------------------------------------------------------------------------------------------------


async def test_a_code_of_an_authenticator_app(page: Page, context: BrowserContext, site: WidgetSite) -> None:
    person = await site.place.person()
    shown = await site.place.enroll(person, "totp")
    await show_for_session(page, site)
    await enter_password(page, person)
    await expect(title(page, "Okta Verify")).to_be_visible()
    assert await signed_in(context, site.place) is None, "a password is half a sign-in"
    await fill_in(page, answer=code(shown))
    await submit(page)
    await assert_signed_in(page, context, site, person, "pwd", "otp", "mfa")


async def test_a_wrong_code(page: Page, context: BrowserContext, site: WidgetSite) -> None:
    person = await site.place.person()
    shown = await site.place.enroll(person, "totp")
    await show_for_session(page, site)
    await enter_password(page, person)
    right = {code(shown, step) for step in range(-2, 4)}
    await fill_in(page, answer=next(text for text in ("000000", "111111", "222222") if text not in right))
    await submit(page)
    await expect(error(page)).to_be_visible()
    assert await signed_in(context, site.place) is None


async def test_tokens_tell_of_both_factors(page: Page, site: WidgetSite) -> None:
    person = await site.place.person()
    shown = await site.place.enroll(person, "totp")
    await show_for_tokens(page, site)
    await enter_password(page, person)
    await fill_in(page, answer=code(shown))
    await submit(page)
    found = await outcome(page)
    assert set(found["claims"]["amr"]) == {"pwd", "otp", "mfa"}


async def test_a_browser_is_remembered(page: Page, context: BrowserContext, site: WidgetSite) -> None:
    person = await site.place.person()
    shown = await site.place.enroll(person, "totp")
    await show_for_session(page, site)
    await enter_password(page, person)
    await fill_in(page, answer=code(shown))
    await page.click("text=Do not challenge me on this device for the next 30 days")
    await submit(page)
    await page.wait_for_url(f"{site.origin}{AFTER}")
    await page.goto(f"{site.place.url}/login/signout")
    await show_for_session(page, site)
    await enter_password(page, person)
    await assert_signed_in(page, context, site, person, "pwd")


async def test_a_code_by_mail(page: Page, context: BrowserContext, site: WidgetSite) -> None:
    person = await site.place.person(exempt=True)
    await site.place.enroll(person, "email")
    await show_for_session(page, site)
    await enter_password(page, person)
    await expect(title(page, "Email")).to_be_visible()
    async with page.expect_response(lambda answer: "/verify" in answer.url) as sent:
        await page.click("#widget input[value='Send me the code']")
    assert (await sent.value).status == 200
    await fill_in(page, answer=site.place.last_code())
    await submit(page)
    await assert_signed_in(page, context, site, person, "pwd", "otp", "mfa")


# --- setting one up ---------------------------------------------------------------------------------------------------


async def test_a_factor_is_set_up_where_one_is_needed(page: Page, context: BrowserContext, site: WidgetSite) -> None:
    person = await site.place.person()
    await show_for_session(page, site)
    await enter_password(page, person)
    await expect(title(page, "Set up multifactor authentication")).to_be_visible()
    await page.click("[data-se=GOOGLE_AUTH] a")
    await page.click("label:has-text('Android')")
    await page.click("text=Next")
    picture = page.locator("img[data-se=qrcode]")
    await expect(picture).to_be_visible()
    await expect(picture).to_have_js_property("complete", True)
    assert await picture.evaluate("(image) => image.naturalWidth") > 0
    await page.click("text=Can't scan?")
    secret = await page.locator(".shared-key").inner_text()
    await submit(page)
    await fill_in(page, passCode=pyotp.TOTP(secret).now())
    await submit(page)
    await assert_signed_in(page, context, site, person, "pwd", "otp", "mfa")
    assert [(one.type, one.status) for one in await site.place.factors(person)] == [("totp", "active")]


async def test_a_key_is_not_set_up_on_the_page_of_another_origin(
    page: Page, context: BrowserContext, site: WidgetSite
) -> None:
    """WebAuthn 7.1 step 9: a key answers to the origin that asked it, and only ours is known to be ours."""
    person = await site.place.person()
    await virtual_key(page, context)
    await show_for_session(page, site, features={"webauthn": True})
    await enter_password(page, person)
    await page.click("[data-se=WEBAUTHN] a")
    await page.click("#widget .enroll-webauthn input[type=submit]")
    await expect(error(page)).to_be_visible()
    assert [one.status for one in await site.place.factors(person)] == ["pending"]
    assert await signed_in(context, site.place) is None


# --- recovery ---------------------------------------------------------------------------------------------------------


async def ask_for_mail(page: Page, site: WidgetSite, person: Person, link: str, **features: bool) -> None:
    await show_for_session(page, site, features=features)
    await page.click("text=Need help signing in?")
    await page.click(f"text={link}")
    await page.fill("#account-recovery-username", person.login)
    await page.click("#widget a.email-button")
    await expect(title(page, "Email sent")).to_be_visible()


async def token_of(place: Place, person: Person, page: str) -> str:
    return await mails.recovery_token(place.sent, person.login, f"{place.url}/signin/{page}/")


async def choose_password(page: Page, password: str) -> None:
    await fill_in(page, newPassword=password)
    await fill_in(page, confirmPassword=password)
    await submit(page)


async def test_a_forgotten_password(page: Page, context: BrowserContext, site: WidgetSite) -> None:
    person = await site.place.person(grouped=False)
    await ask_for_mail(page, site, person, "Forgot password?")
    await show_for_session(page, site, recoveryToken=await token_of(site.place, person, "reset-password"))
    await choose_password(page, f"new {person.password}")
    await assert_signed_in(page, context, site, person, "pwd")
    await page.context.clear_cookies()
    await show_for_session(page, site)
    await enter_password(page, person)
    await expect(error(page)).to_contain_text("Unable to sign in")
    await enter_password(page, person, f"new {person.password}")
    await assert_signed_in(page, context, site, person, "pwd")


async def test_the_question_before_a_new_password(page: Page, context: BrowserContext, site: WidgetSite) -> None:
    person = await site.place.person(grouped=False)
    await site.place.enroll(person, "question", question="first_recipe", answer="Pancakes")
    await ask_for_mail(page, site, person, "Forgot password?")
    await show_for_session(page, site, recoveryToken=await token_of(site.place, person, "reset-password"))
    await expect(page.locator("#widget")).to_contain_text("Which dish did you learn to cook first?")
    await fill_in(page, answer="Waffles")
    await submit(page)
    await expect(error(page)).to_be_visible()
    await fill_in(page, answer="pancakes")
    await submit(page)
    await choose_password(page, f"new {person.password}")
    await page.wait_for_url(f"{site.origin}{AFTER}")
    session = await signed_in(context, site.place)
    assert session is not None
    assert session["login"] == person.login


async def test_a_second_factor_is_asked_for_after_a_recovery_too(
    page: Page, context: BrowserContext, site: WidgetSite
) -> None:
    person = await site.place.person()
    shown = await site.place.enroll(person, "totp")
    await ask_for_mail(page, site, person, "Forgot password?")
    await show_for_session(page, site, recoveryToken=await token_of(site.place, person, "reset-password"))
    await choose_password(page, f"new {person.password}")
    await expect(title(page, "Okta Verify")).to_be_visible()
    assert await signed_in(context, site.place) is None
    await fill_in(page, answer=code(shown))
    await submit(page)
    await page.wait_for_url(f"{site.origin}{AFTER}")


async def test_a_recovery_link_works_once(page: Page, context: BrowserContext, site: WidgetSite) -> None:
    person = await site.place.person(grouped=False)
    await ask_for_mail(page, site, person, "Forgot password?")
    token = await token_of(site.place, person, "reset-password")
    await show_for_session(page, site, recoveryToken=token)
    await expect(page.locator("[name=newPassword]")).to_be_visible()
    await show_for_session(page, site, recoveryToken=token)
    await expect(error(page)).to_be_visible()
    await expect(page.locator("[name=newPassword]")).to_have_count(0)


async def test_a_locked_account_is_unlocked(page: Page, context: BrowserContext, site: WidgetSite) -> None:
    person = await site.place.person(grouped=False)
    for _ in range(6):
        answer = await asyncio.to_thread(_wrong_password, site.place, person)
        assert answer == 401
    await show_for_session(page, site)
    await enter_password(page, person)
    await expect(error(page)).to_contain_text("Unable to sign in")
    await ask_for_mail(page, site, person, "Unlock account?", selfServiceUnlock=True)
    await show_for_session(page, site, recoveryToken=await token_of(site.place, person, "unlock"))
    await expect(title(page, "Account successfully unlocked")).to_be_visible()
    assert await signed_in(context, site.place) is None, "unlocking signs nobody in"
    await show_for_session(page, site)
    await enter_password(page, person)
    await assert_signed_in(page, context, site, person, "pwd")


def _wrong_password(place: Place, person: Person) -> int:
    site = place.server.site
    return site.browser().post("/api/v1/authn", json={"username": person.login, "password": "not it"}).status_code
