"""Every page in every state, at the width of a desk and of a phone: nothing sticks out, nothing is amiss for anybody.

``SCREENSHOTS_TO=folder`` keeps a picture of each, for people to look at.
"""

import os
from collections.abc import AsyncIterator, Awaitable, Callable
from dataclasses import dataclass
from html import escape

import pytest
import pytest_asyncio
from playwright.async_api import Browser, BrowserContext, Page, expect
from tests.browser import steps
from tests.browser.accessibility import faults, overflow
from tests.browser.foreign_site import ForeignSite
from tests.demo_process import Demo

pytestmark = [pytest.mark.browser, pytest.mark.asyncio(loop_scope="session")]

SIZES = {"desk": (1280, 800), "phone": (390, 844)}
FOLDER = os.environ.get("SCREENSHOTS_TO")


@dataclass(frozen=True)
class Visit:
    """A browser, and what it visits."""

    page: Page
    demo: Demo
    elsewhere: ForeignSite

    async def go(self, address: str) -> None:
        await self.page.goto(address)

    async def click_elsewhere(self, address: str) -> None:
        """Follows a link on another site."""
        await self.go(self.elsewhere.page(f'<a href="{escape(address)}">go</a>'))
        await self.page.click("text=go")

    async def sent_from_elsewhere(self, address: str) -> None:
        """Is sent on by another site, without a click."""
        await self.page.goto(
            self.elsewhere.page(f'<meta http-equiv="refresh" content="0;url={escape(address)}">'), wait_until="commit"
        )
        await self.page.wait_for_url(f"{self.demo.addresses.idp}/**")

    async def custom(self, go: str, **password: str) -> None:
        """Signs in on the custom login page."""
        await self.go(self.demo.addresses.login)
        await steps.fill_in(self.page, self.demo, "ann", **password)
        await self.page.check(f'input[name=go][value="{go}"]')
        await self.page.click("#sign-in")


async def welcome(visit: Visit) -> None:
    await visit.go(visit.demo.addresses.idp)


async def sign_in(visit: Visit) -> None:
    await visit.go(steps.authorize_url(visit.demo))


async def sign_in_for_nothing_in_particular(visit: Visit) -> None:
    await visit.go(f"{visit.demo.addresses.idp}/login/login.htm")


async def sign_in_failed(visit: Visit) -> None:
    await sign_in(visit)
    await steps.fill_in(visit.page, visit.demo, "ann", password="not it")
    await visit.page.click("#login-submit")
    await expect(visit.page.get_by_role("alert")).to_be_visible()


async def sign_in_again(visit: Visit) -> None:
    await steps.sign_in(visit.page, visit.demo)
    await visit.go(steps.authorize_url(visit.demo, prompt="login"))


async def sign_in_after_a_ticket_that_failed(visit: Visit) -> None:
    await visit.go(steps.authorize_url(visit.demo, sessionToken="20t-of-yesterday"))
    await expect(visit.page.get_by_role("status")).to_be_visible()


async def continue_as(visit: Visit) -> None:
    await steps.sign_in(visit.page, visit.demo)
    token = steps.new_session_token(visit.demo, "bob")
    await visit.click_elsewhere(steps.authorize_url(visit.demo, sessionToken=token))
    await expect(visit.page.locator("#confirm-continue")).to_be_visible()


async def home(visit: Visit) -> None:
    await steps.sign_in(visit.page, visit.demo)


async def sign_out_question(visit: Visit) -> None:
    await home(visit)
    await visit.sent_from_elsewhere(f"{visit.demo.addresses.idp}/login/signout")
    await expect(visit.page.get_by_role("heading", level=1)).to_have_text("Sign out?")


async def signed_out(visit: Visit) -> None:
    await home(visit)
    await visit.page.click("#sign-out")
    await expect(visit.page.get_by_role("heading", level=1)).to_have_text("You are signed out")


async def unknown_client(visit: Visit) -> None:
    await visit.go(steps.authorize_url(visit.demo).replace("client_id=0oa", "client_id=0ob"))


async def unknown_address(visit: Visit) -> None:
    await visit.go(f"{visit.demo.addresses.idp}/app/none/exknone/sso/saml")


async def no_access(visit: Visit) -> None:
    await visit.go(steps.app(visit.demo, "saml")["sso_url"])
    await steps.fill_in(visit.page, visit.demo, "outsider")
    await visit.page.click("#login-submit")
    await expect(visit.page.locator("#event-id")).to_be_visible()


async def expired(visit: Visit) -> None:
    await sign_in(visit)
    await visit.page.context.clear_cookies()
    await visit.page.reload()
    await expect(visit.page.locator("#event-id")).to_be_visible()


async def handed_over(visit: Visit) -> None:
    """The page behind a message, as somebody sees it who opens it in a window of its own."""
    await home(visit)
    await visit.go(steps.authorize_url(visit.demo, "spa", response_mode="okta_post_message"))


async def login(visit: Visit) -> None:
    await visit.go(visit.demo.addresses.login)


async def login_by_script(visit: Visit) -> None:
    await visit.go(f"{visit.demo.addresses.login}/browser")


async def login_failed(visit: Visit) -> None:
    await visit.custom("orders", password="not it")
    await expect(visit.page.get_by_role("alert")).to_be_visible()


async def login_for_an_app(visit: Visit) -> None:
    await visit.go(f"{visit.demo.addresses.web}/login?via=custom")


async def orders(visit: Visit) -> None:
    await visit.go(visit.demo.addresses.web)


async def orders_signed_in(visit: Visit) -> None:
    await visit.custom("orders")
    await expect(visit.page.locator("#name")).to_be_visible()


async def orders_signed_out(visit: Visit) -> None:
    await orders_signed_in(visit)
    await visit.page.click("#sign-out")
    await visit.page.wait_for_url(f"{visit.demo.addresses.web}/signed-out**")


async def orders_failed(visit: Visit) -> None:
    await visit.go(f"{visit.demo.addresses.web}/callback?error=access_denied&state=of-nothing")


async def library(visit: Visit) -> None:
    await visit.go(visit.demo.addresses.saml)


async def library_signed_in(visit: Visit) -> None:
    await visit.custom("library")
    await expect(visit.page.locator("#name-id")).to_be_visible()


async def shelf(visit: Visit) -> None:
    await visit.go(visit.demo.addresses.spa)


async def shelf_signed_in(visit: Visit) -> None:
    await home(visit)
    await shelf(visit)
    await visit.page.click("#silent")
    await expect(visit.page.locator("#signed-in")).to_be_visible()


async def playground(visit: Visit) -> None:
    await visit.go(visit.demo.addresses.playground)


async def playground_walked(visit: Visit) -> None:
    """A whole flow: with the requests, the tokens and the session."""
    await playground(visit)
    await visit.page.click("#start-code")
    for _ in range(12):
        move = visit.page.locator("#act, #go")
        if await move.count() == 0:
            break
        before = visit.page.url, await visit.page.locator("li.done").count()
        await move.first.click()
        await visit.page.wait_for_load_state()
        await expect(visit.page.locator("li.done")).to_have_count(before[1] + 1)
    await expect(visit.page.locator("#again")).to_be_visible()


STATES: list[Callable[[Visit], Awaitable[None]]] = [
    welcome,
    sign_in,
    sign_in_for_nothing_in_particular,
    sign_in_failed,
    sign_in_again,
    sign_in_after_a_ticket_that_failed,
    continue_as,
    home,
    sign_out_question,
    signed_out,
    unknown_client,
    unknown_address,
    no_access,
    expired,
    login,
    login_by_script,
    login_failed,
    login_for_an_app,
    orders,
    orders_signed_in,
    orders_signed_out,
    orders_failed,
    library,
    library_signed_in,
    shelf,
    shelf_signed_in,
    playground,
    playground_walked,
]


@pytest_asyncio.fixture(loop_scope="session")
async def visit(page: Page, demo: Demo, elsewhere: ForeignSite) -> Visit:
    return Visit(page, demo, elsewhere)


async def keep(page: Page, name: str) -> None:
    """A picture of the whole page, where somebody wants one."""
    if FOLDER:
        await page.screenshot(path=f"{FOLDER}/{name}.png", full_page=True)


@pytest.mark.parametrize("state", STATES)
async def test_a_page_fits_and_is_fit_for_everybody(visit: Visit, state) -> None:
    await state(visit)
    for size, (width, height) in SIZES.items():
        await visit.page.set_viewport_size({"width": width, "height": height})
        for scheme in ("light", "dark"):
            # With no motion asked for, colours change at once.
            await visit.page.emulate_media(color_scheme=scheme, reduced_motion="reduce")  # type: ignore[arg-type]
            assert await faults(visit.page) == [], (size, scheme)
            await keep(visit.page, f"{state.__name__}-{size}-{scheme}")
        assert await overflow(visit.page) == 0, size


@pytest_asyncio.fixture(loop_scope="session")
async def scriptless(browser: Browser) -> AsyncIterator[BrowserContext]:
    context = await browser.new_context(java_script_enabled=False)
    yield context
    await context.close()


async def test_the_page_that_posts_a_response_without_scripts(
    scriptless: BrowserContext, demo: Demo, elsewhere: ForeignSite
) -> None:
    visit = Visit(await scriptless.new_page(), demo, elsewhere)
    await home(visit)
    await visit.go(f"{demo.addresses.saml}/login")
    await expect(visit.page.get_by_role("button", name="Continue")).to_be_visible()
    for size, (width, height) in SIZES.items():
        await visit.page.set_viewport_size({"width": width, "height": height})
        await keep(visit.page, f"posting-{size}")


async def test_the_page_that_hands_a_message_over(visit: Visit) -> None:
    await handed_over(visit)
    await expect(visit.page.locator("p")).to_be_visible()
    for size, (width, height) in SIZES.items():
        await visit.page.set_viewport_size({"width": width, "height": height})
        assert await overflow(visit.page) == 0
        await keep(visit.page, f"handed_over-{size}")
