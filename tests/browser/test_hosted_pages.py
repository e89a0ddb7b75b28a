"""The pages of Segue itself: without JavaScript, by keyboard, on a phone, and with a wrong password."""

import re

import pytest
from playwright.async_api import Browser, BrowserContext, Page, expect
from tests.browser import steps
from tests.browser.accessibility import faults, overflow
from tests.demo_process import Demo

pytestmark = [pytest.mark.browser, pytest.mark.asyncio(loop_scope="session")]

PHONE = {"width": 390, "height": 844}
SIGN_IN_PAGE = re.compile(r"/login/login\.htm\?fromURI=")


async def test_without_javascript_into_both_apps(browser: Browser, demo: Demo) -> None:
    """The SAML response waits for a click then; nothing else is different."""
    context = await browser.new_context(java_script_enabled=False)
    page = await context.new_page()
    await page.goto(f"{demo.addresses.web}/login")
    await expect(page).to_have_url(SIGN_IN_PAGE)
    await steps.fill_in(page, demo, "ann")
    await page.click("#login-submit")
    await expect(page).to_have_url(f"{demo.addresses.web}/")
    await expect(page.locator("#name")).to_be_visible()

    await page.goto(f"{demo.addresses.saml}/login")
    await page.get_by_role("button", name="Continue").click()
    await expect(page.locator("#name-id")).to_have_text(steps.user(demo, "ann")["login"])
    await context.close()


async def test_by_keyboard_alone(page: Page, demo: Demo) -> None:
    ann = steps.user(demo, "ann")
    await page.goto(steps.authorize_url(demo, "web"))
    await expect(page.locator("#username")).to_be_focused()
    await page.keyboard.type(ann["login"])
    await page.keyboard.press("Tab")
    await expect(page.locator("#password")).to_be_focused()
    await page.keyboard.type("not it")
    await page.keyboard.press("Enter")

    # The page says what is wrong, keeps the name, and waits where the mistake was.
    await expect(page.locator("[role=alert]")).to_be_visible()
    await expect(page.locator("#username")).to_have_value(ann["login"])
    await expect(page.locator("#password")).to_be_focused()
    await page.keyboard.type(ann["password"])
    await page.keyboard.press("Tab")
    await expect(page.locator("#login-submit")).to_be_focused()
    assert await ring(page) != "none"
    await page.keyboard.press("Enter")
    await page.wait_for_url(f"{demo.addresses.web}/callback?**")


async def ring(page: Page) -> str:
    """The outline of what has the focus."""
    style: str = await page.evaluate("getComputedStyle(document.activeElement).outlineStyle")
    return style


async def test_everything_on_the_page_is_in_reach_of_the_tab_key(page: Page, demo: Demo) -> None:
    await page.goto(steps.authorize_url(demo, "web"))
    await expect(page.locator("#username")).to_be_focused()
    await page.keyboard.press("Shift+Tab")
    reached = [await focused(page)]
    for _ in range(3):
        await page.keyboard.press("Tab")
        reached.append(await focused(page))
    assert reached == ["brand", "username", "password", "login-submit"]


async def focused(page: Page) -> str:
    name: str = await page.evaluate("document.activeElement.id || document.activeElement.className")
    return name


async def test_a_wrong_password_is_said_in_words(page: Page, demo: Demo) -> None:
    await page.goto(steps.authorize_url(demo, "web"))
    await steps.fill_in(page, demo, "ann", password="not it")
    async with page.expect_response(lambda answer: answer.request.method == "POST") as posted:
        await page.click("#login-submit")
    assert (await posted.value).status == 401
    alert = page.locator("[role=alert]")
    await expect(alert).to_contain_text("The user name or password is not right.")
    await expect(alert.locator("code")).not_to_be_empty()
    for field in ("#username", "#password"):
        await expect(page.locator(field)).to_have_attribute("aria-invalid", "true")
        described = await page.locator(field).get_attribute("aria-describedby")
        assert await alert.get_attribute("id") == described
    await expect(page.locator("#password")).to_have_value("")
    await expect(page).to_have_title(re.compile("Not signed in"))
    assert await faults(page) == []


async def test_nobody_learns_on_the_page_whether_an_account_exists(page: Page, demo: Demo) -> None:
    said = []
    for login in (steps.user(demo, "ann")["login"], "nobody@x.example"):
        await page.goto(steps.authorize_url(demo, "web"))
        await page.fill("#username", login)
        await page.fill("#password", "not it")
        await page.click("#login-submit")
        text = await page.locator("[role=alert]").inner_text()
        said.append(text.replace(await page.locator("[role=alert] code").inner_text(), "…"))
    assert said[0] == said[1]


async def test_labels_can_be_seen_and_clicked(page: Page, demo: Demo) -> None:
    await page.goto(steps.authorize_url(demo, "web"))
    for label, field in (("User name", "#username"), ("Password", "#password")):
        await expect(page.get_by_text(label, exact=True)).to_be_visible()
        await page.get_by_text(label, exact=True).click()
        await expect(page.locator(field)).to_be_focused()


async def test_on_a_phone(browser: Browser, demo: Demo) -> None:
    context = await browser.new_context(viewport=PHONE, is_mobile=True, has_touch=True, device_scale_factor=2)
    page = await context.new_page()
    await page.goto(f"{demo.addresses.web}/login")
    await expect(page).to_have_url(SIGN_IN_PAGE)
    assert await overflow(page) == 0
    for field in ("#username", "#password", "#login-submit"):
        box = await page.locator(field).bounding_box()
        assert box is not None
        assert box["height"] >= 44  # what a finger needs
        assert box["x"] >= 0
        assert box["x"] + box["width"] <= PHONE["width"]
        size = await page.locator(field).evaluate("node => parseFloat(getComputedStyle(node).fontSize)")
        assert size >= 16  # below that phones zoom in on a field
    box = await page.locator("#login-submit").bounding_box()
    assert box is not None
    assert box["y"] + box["height"] <= PHONE["height"]  # in sight without scrolling
    await steps.fill_in(page, demo, "ann")
    await page.tap("#login-submit")
    await expect(page).to_have_url(f"{demo.addresses.web}/")
    await context.close()


async def test_a_login_hint_is_filled_in(page: Page, demo: Demo) -> None:
    login = steps.user(demo, "bob")["login"]
    await page.goto(steps.authorize_url(demo, "web", login_hint=login))
    await expect(page.locator("#username")).to_have_value(login)
    await expect(page.locator("#password")).to_be_focused()


async def test_prompt_login_asks_again(page: Page, demo: Demo) -> None:
    await steps.sign_in(page, demo)
    await page.goto(steps.authorize_url(demo, "web", prompt="login"))
    await expect(page.locator("#password")).to_be_focused()
    await steps.fill_in(page, demo, "ann")
    await page.click("#login-submit")
    await page.wait_for_url(f"{demo.addresses.web}/callback?**")


async def test_signing_out_by_button(page: Page, context: BrowserContext, demo: Demo) -> None:
    await steps.sign_in(page, demo)
    await page.click("#sign-out")
    await expect(page.get_by_role("heading", level=1)).to_contain_text("signed out")
    assert await steps.signed_in_as(context, demo) is None
    await page.go_back()
    await page.reload()
    await expect(page.locator("#signed-in-as")).to_have_count(0)


async def test_a_waiting_page_of_another_browser_is_of_no_use(page: Page, browser: Browser, demo: Demo) -> None:
    """A link to a sign-in that waits is bound to the browser in which it began."""
    await page.goto(steps.authorize_url(demo, "web"))
    other = await browser.new_context()
    stranger = await other.new_page()
    answer = await stranger.goto(page.url)
    assert answer is not None
    assert answer.status >= 400
    await expect(stranger.locator("#password")).to_have_count(0)
    assert await faults(stranger) == []
    await other.close()
