"""The second factor on the hosted pages, in a browser: asked for, set up, remembered, and not fooled."""

import re
from collections.abc import Iterator

import pyotp
import pytest
from playwright.async_api import Browser, BrowserContext, Page, expect
from tests.browser.accessibility import faults
from tests.browser.factor_place import Place, code, enter_code, enter_password, running_place, signed_in, virtual_key

pytestmark = [pytest.mark.browser, pytest.mark.server, pytest.mark.asyncio(loop_scope="session")]

PHONE = {"width": 390, "height": 844}


@pytest.fixture(scope="module")
def place(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Place]:
    with running_place(tmp_path_factory.mktemp("second-factor")) as place:
        yield place


async def test_a_code_of_an_authenticator_app(page: Page, context: BrowserContext, place: Place) -> None:
    person = await place.person()
    shown = await place.enroll(person, "totp")
    await enter_password(page, place, person)
    await expect(page.locator("#passcode")).to_be_focused()
    assert await signed_in(context, place) is None, "a password is half a sign-in"
    assert await faults(page) == []
    await enter_code(page, code(shown))
    await expect(page.locator("#signed-in-as")).to_be_visible()
    session = await signed_in(context, place)
    assert session is not None
    assert set(session["amr"]) == {"pwd", "otp", "mfa"}


async def test_a_wrong_code_is_said_in_words(page: Page, place: Place) -> None:
    person = await place.person()
    shown = await place.enroll(person, "totp")
    await enter_password(page, place, person)
    wrong = next(text for text in ("000000", "111111") if text not in {code(shown, step) for step in range(-2, 4)})
    async with page.expect_response(lambda answer: answer.request.method == "POST") as posted:
        await enter_code(page, wrong)
    assert (await posted.value).status == 401
    await expect(page.get_by_role("alert")).to_contain_text("not the right answer")
    await expect(page.get_by_role("alert").locator("code")).not_to_be_empty()
    await expect(page.locator("#passcode")).to_have_attribute("aria-invalid", "true")
    await expect(page.locator("#passcode")).to_be_focused()
    assert await faults(page) == []
    await enter_code(page, code(shown))
    await expect(page.locator("#signed-in-as")).to_be_visible()


async def test_AU_08_a_code_is_good_for_one_sign_in(browser: Browser, place: Place) -> None:
    """Two browsers have the page open and get the same code: the second is told, and may go on with the next one."""
    person = await place.person()
    shown = await place.enroll(person, "totp")
    contexts = [await browser.new_context() for _ in range(2)]
    pages = [await context.new_page() for context in contexts]
    for page in pages:
        await enter_password(page, place, person)
    text = code(shown)
    await enter_code(pages[0], text)
    await expect(pages[0].locator("#signed-in-as")).to_be_visible()
    await enter_code(pages[1], text)
    await expect(pages[1].get_by_role("alert")).to_contain_text("used")
    await enter_code(pages[1], code(shown, 1))
    await expect(pages[1].locator("#signed-in-as")).to_be_visible()
    for context in contexts:
        await context.close()


async def test_AU_03_guessing_locks_however_often_the_password_is_right(page: Page, place: Place) -> None:
    person = await place.person()
    shown = await place.enroll(person, "totp")
    right = {code(shown, step) for step in range(-3, 8)}
    guesses = [text for text in (f"{number:06}" for number in range(40)) if text not in right]
    for place_of, guess in enumerate(guesses[:7]):
        if place_of % 3 == 0:
            await enter_password(page, place, person)
        await enter_code(page, guess)
    await expect(page.get_by_role("alert")).to_contain_text("Too many wrong answers")
    await enter_password(page, place, person)
    await enter_code(page, code(shown))
    await expect(page.get_by_role("alert")).to_contain_text("Too many wrong answers")


async def test_a_browser_that_asked_for_it_is_remembered(page: Page, context: BrowserContext, place: Place) -> None:
    person = await place.person()
    shown = await place.enroll(person, "totp")
    await enter_password(page, place, person)
    await page.check("input[name=remember]")
    await enter_code(page, code(shown))
    await expect(page.locator("#signed-in-as")).to_be_visible()
    await page.click("#sign-out")
    await enter_password(page, place, person)
    await expect(page.locator("#signed-in-as")).to_be_visible()
    session = await signed_in(context, place)
    assert session is not None
    assert session["amr"] == ["pwd"]

    other = await place.person()
    await place.enroll(other, "totp")
    await page.click("#sign-out")
    await enter_password(page, place, other)
    await expect(page.locator("#passcode")).to_be_visible()


async def test_an_application_asks_on_a_remembered_browser_too(page: Page, place: Place) -> None:
    """Being remembered excuses from the org's own rule alone."""
    person = await place.person()
    shown = await place.enroll(person, "totp")
    await enter_password(page, place, person)
    await page.check("input[name=remember]")
    await enter_code(page, code(shown))
    await expect(page.locator("#signed-in-as")).to_be_visible()
    await page.click("#sign-out")
    client = await place.demanding_client()
    await page.goto(f"{place.url}/oauth2/v1/authorize?{client}")
    await page.fill("#username", person.login)
    await page.fill("#password", person.password)
    await page.click("#login-submit")
    await expect(page.locator("#passcode")).to_be_visible()


async def test_who_has_no_factor_sets_one_up_with_a_camera_or_by_hand(page: Page, place: Place) -> None:
    person = await place.person()
    await enter_password(page, place, person)
    await expect(page.get_by_role("heading", level=1)).to_have_text("Set up a second factor")
    assert await faults(page) == []
    names = await page.locator(".option strong").all_inner_texts()
    assert "Authenticator app" in names
    assert "Security question" not in names, "a second thing that somebody knows is no second factor"
    await page.click("text=Authenticator app")
    await expect(page.locator("img.qr")).to_be_visible()
    assert await page.locator("img.qr").evaluate("image => image.naturalWidth") > 100
    await page.click("summary")
    secret = (await page.locator("#totp-secret").inner_text()).replace(" ", "")
    assert await faults(page) == []
    await enter_code(page, "000000" if pyotp.TOTP(secret).now() != "000000" else "000001")
    await expect(page.get_by_role("alert")).to_be_visible()
    assert await place.factors(person) == [], "nothing is kept of what was not proved"
    await enter_code(page, pyotp.TOTP(secret).now())

    codes = await page.locator("#recovery-codes code").all_inner_texts()
    assert len(set(codes)) == 10
    assert await faults(page) == []
    await page.click("#continue")
    await expect(page.locator("#signed-in-as")).to_be_visible()
    assert {(factor.type, factor.status) for factor in await place.factors(person)} == {
        ("totp", "active"),
        ("recovery_code", "active"),
    }

    # A recovery code does in place of the app, once.
    for _ in range(2):
        await page.context.clear_cookies()
        await enter_password(page, place, person)
        await page.click("#factor-choose")
        await page.click("text=Recovery code")
        await enter_code(page, codes[0].lower())
    await expect(page.get_by_role("alert")).to_be_visible()
    await expect(page.locator("#signed-in-as")).to_have_count(0)


async def test_setting_up_goes_on_to_the_application(page: Page, place: Place) -> None:
    person = await place.person(grouped=False)
    client = await place.demanding_client()
    await page.goto(f"{place.url}/oauth2/v1/authorize?{client}")
    await page.fill("#username", person.login)
    await page.fill("#password", person.password)
    await page.click("#login-submit")
    await page.click("text=Code by mail")
    await enter_code(page, place.last_code())
    await expect(page.locator("#recovery-codes")).to_be_visible()
    async with page.expect_request(lambda request: request.url.startswith("https://app.example.com/code")) as sent:
        await page.click("#continue")
    assert "code=" in (await sent.value).url


async def test_a_code_by_mail_is_for_one_page_and_one_use(page: Page, place: Place) -> None:
    person = await place.person(exempt=True)
    await place.enroll(person, "email")
    await enter_password(page, place, person)
    await expect(page.locator("#passcode")).to_be_visible()
    first = place.last_code()
    await page.reload()
    assert place.last_code() == first, "looking at a page again sends nothing"
    before = page.url
    await page.click("#factor-resend")
    await page.wait_for_url(lambda url: url != before)
    second = place.last_code()
    assert second != first
    await enter_code(page, first)
    await expect(page.get_by_role("alert")).to_be_visible()
    await enter_code(page, second)
    await expect(page.locator("#signed-in-as")).to_be_visible()


async def test_codes_are_not_sent_one_after_another(page: Page, place: Place) -> None:
    person = await place.person()
    await place.enroll(person, "sms", phone="+46 70 123 4567")
    await enter_password(page, place, person)  # the code of a moment ago set the factor up
    await expect(page.get_by_role("alert")).to_contain_text("Wait before you ask for another")
    await expect(page.locator("#passcode")).to_have_count(0)
    assert await faults(page) == []


async def test_a_number_is_checked_and_a_code_read_out(page: Page, place: Place) -> None:
    person = await place.person()
    await enter_password(page, place, person)
    await page.click("text=Telephone call")
    await page.fill("#phone", "12345678")
    await page.click("#factor-submit")
    await expect(page.get_by_role("alert")).to_contain_text("country code")
    await expect(page.locator("#phone")).to_have_value("12345678")
    await page.fill("#phone", "+46 70 123 4567")
    await page.click("#factor-submit")
    await expect(page.locator(".lead")).to_contain_text("4567")
    said = sorted(place.sent.iterdir())[-1].read_text()
    await enter_code(page, "".join(re.findall(r"\b\d\b", said)[:6]))
    await expect(page.locator("#recovery-codes")).to_be_visible()


async def test_approved_on_the_phone(page: Page, context: BrowserContext, place: Place) -> None:
    person = await place.person(exempt=True)
    place.phones.answer = "waiting"
    await place.enroll(person, "push", name="Pia's phone")
    await enter_password(page, place, person)
    await expect(page.locator(".number")).to_have_text(str(place.phones.asked[-1]["number"]))
    await page.click("#factor-submit")
    await expect(page.locator(".number")).to_be_visible()
    assert await signed_in(context, place) is None
    place.phones.answer = "approved"
    await expect(page.locator("#signed-in-as")).to_be_visible()  # the page looks by itself


async def test_rejected_on_the_phone(page: Page, context: BrowserContext, place: Place) -> None:
    person = await place.person(exempt=True)
    place.phones.answer = "rejected"
    await place.enroll(person, "push")
    await enter_password(page, place, person)
    await expect(page.get_by_role("alert")).to_contain_text("rejected")
    assert await page.locator("meta[http-equiv=refresh]").count() == 0
    assert await signed_in(context, place) is None


async def test_without_javascript_and_on_a_phone(browser: Browser, place: Place) -> None:
    person = await place.person()
    context = await browser.new_context(java_script_enabled=False, viewport=PHONE, is_mobile=True, has_touch=True)
    page = await context.new_page()
    await enter_password(page, place, person)
    await page.click("text=Authenticator app")
    secret = await page.locator("#totp-secret").text_content()
    await enter_code(page, pyotp.TOTP((secret or "").replace(" ", "")).now())
    await page.click("#continue")
    await expect(page.locator("#signed-in-as")).to_be_visible()
    await context.close()


async def test_a_security_key(page: Page, context: BrowserContext, place: Place) -> None:
    person = await place.person()
    await virtual_key(page, context)
    await enter_password(page, place, person)
    await page.click(".option >> text=Security key")
    await page.fill("#name", "blue key")
    await page.click("#factor-submit")
    await page.get_by_role("button", name="Register the key").click()
    await page.click("#continue")
    await expect(page.locator("#signed-in-as")).to_be_visible()
    (key,) = [factor for factor in await place.factors(person) if factor.type == "webauthn"]
    assert key.profile["name"] == "blue key"

    await page.click("#sign-out")
    await enter_password(page, place, person)
    await expect(page.locator("#signed-in-as")).to_be_visible()  # the page asks for the key by itself
    session = await signed_in(context, place)
    assert session is not None
    assert set(session["amr"]) >= {"pwd", "mfa", "user"}


async def test_a_security_key_that_is_not_there(page: Page, context: BrowserContext, place: Place) -> None:
    person = await place.person()
    client, authenticator = await virtual_key(page, context)
    await enter_password(page, place, person)
    await page.click(".option >> text=Security key")
    await page.fill("#name", "lost key")
    await page.click("#factor-submit")
    await page.get_by_role("button", name="Register the key").click()
    await page.click("#continue")
    await page.click("#sign-out")
    await client.send("WebAuthn.clearCredentials", {"authenticatorId": authenticator})
    await enter_password(page, place, person)
    await expect(page.locator("#key-trouble")).to_contain_text("Try again")
    assert await faults(page) == []
    await page.click("#factor-choose")
    await expect(page.get_by_text("Recovery code")).to_be_visible()


async def test_somebody_else_may_sign_in_instead(page: Page, place: Place) -> None:
    person, other = await place.person(), await place.person(grouped=False)
    await place.enroll(person, "totp")
    await enter_password(page, place, person)
    await page.click("#factor-restart")
    await expect(page.locator("#username")).to_have_value("")
    await page.fill("#username", other.login)
    await page.fill("#password", other.password)
    await page.click("#login-submit")
    await expect(page.locator("#signed-in-as")).to_be_visible()


async def test_AU_13_factors_are_changed_after_a_sign_in_of_a_moment_ago(
    page: Page, context: BrowserContext, place: Place
) -> None:
    person = await place.person(grouped=False)
    await enter_password(page, place, person)
    await page.click("#factor-add")
    await page.click("text=Authenticator app")
    secret = ((await page.locator("#totp-secret").text_content()) or "").replace(" ", "")
    await enter_code(page, pyotp.TOTP(secret).now())
    await page.click("#continue")
    await expect(page.locator("#factors li")).to_have_count(2)
    assert await faults(page) == []

    # A session that somebody left open is not enough, and a password alone is not either.
    await page.context.clear_cookies()
    await enter_password(page, place, person)
    await page.click("#factors a >> nth=0")
    await enter_code(page, code({"secret": secret}, 1))
    await expect(page.locator("#factor-remove")).to_be_visible()
    assert await faults(page) == []
    await page.click("#factor-remove")
    await expect(page.locator("#factors li")).to_have_count(1)


async def test_AU_13_an_old_session_confirms_its_password_first(page: Page, place: Place) -> None:
    person = await place.person(grouped=False)
    await enter_password(page, place, person)
    await expect(page.locator("#factor-add")).to_be_visible()
    await place.age_sessions(person)
    await page.click("#factor-add")
    await expect(page.get_by_role("heading", level=1)).to_have_text("Confirm that it is you")
    await page.fill("#password", person.password)
    await page.click("#login-submit")
    await expect(page.get_by_role("heading", level=1)).to_have_text("Add a factor")


async def test_the_page_of_a_factor_left_open_is_of_no_use_after_signing_out(page: Page, place: Place) -> None:
    person = await place.person(grouped=False)
    await enter_password(page, place, person)
    await page.click("#factor-add")
    await page.click("text=Authenticator app")
    secret = ((await page.locator("#totp-secret").text_content()) or "").replace(" ", "")
    other = await page.context.new_page()
    await other.goto(place.url)
    await other.click("#sign-out")
    await enter_code(page, pyotp.TOTP(secret).now())
    await expect(page.locator("#password")).to_be_visible()
    assert await place.factors(person) == []
