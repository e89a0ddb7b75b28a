"""The main job, as people see it: one sign-in on a custom login page, two apps that never ask, one sign-out."""

import asyncio
import re
from dataclasses import dataclass, field
from urllib.parse import parse_qs, urlsplit

import pytest
from playwright.async_api import BrowserContext, Page, Request, expect
from tests.browser import steps
from tests.demo_process import Demo

pytestmark = [pytest.mark.browser, pytest.mark.asyncio(loop_scope="session")]

SIGN_IN_PAGE = re.compile(r"/login/login\.htm\?fromURI=")
LOGIN_PAGES = {"form": "login", "script": "login", "form on a foreign site": "foreign_login"}


@dataclass
class Traffic:
    """Every request of a browser, and the session tokens that were in their addresses."""

    requests: list[Request] = field(default_factory=list)

    def watch(self, context: BrowserContext) -> None:
        context.on("request", lambda request: self.requests.append(request))

    @property
    def tokens(self) -> set[str]:
        found: set[str] = set()
        for request in self.requests:
            found |= set(parse_qs(urlsplit(request.url).query).get("sessionToken", []))
        return found

    async def leaks(self) -> list[str]:
        """Where a token went besides the address it was meant for: headers of any request, addresses of others."""
        found = []
        for request in self.requests:
            headers = await request.all_headers()
            told = [value for name, value in headers.items() if not name.startswith(":")]
            for token in self.tokens:
                found += [f"{request.url}: {value}" for value in told if token in value]
        return found


def start_page(demo: Demo, variant: str) -> str:
    origin = getattr(demo.addresses, LOGIN_PAGES[variant])
    return f"{origin}/browser" if variant == "script" else f"{origin}/"


async def sign_in_at_custom_page(page: Page, demo: Demo, variant: str, go: str, name: str = "ann") -> None:
    await page.goto(start_page(demo, variant))
    await steps.fill_in(page, demo, name)
    await page.check(f'input[name=go][value="{go}"]')
    await page.click("#sign-in")


@pytest.mark.parametrize("variant", LOGIN_PAGES)
async def test_one_password_for_two_apps(page: Page, context: BrowserContext, demo: Demo, variant: str) -> None:
    ann = steps.user(demo, "ann")
    await sign_in_at_custom_page(page, demo, variant, "orders")
    await expect(page).to_have_url(f"{demo.addresses.web}/")
    await expect(page.locator("#name")).to_have_text("Ann Lindqvist")

    # The SAML app opens at once, from either side.
    await page.goto(f"{demo.addresses.saml}/login?to=/shelf/tides")
    await expect(page.locator("#name-id")).to_have_text(ann["login"])
    await expect(page).to_have_url(f"{demo.addresses.saml}/shelf/tides")
    assert await steps.signed_in_as(context, demo) == ann["login"]


@pytest.mark.parametrize("variant", LOGIN_PAGES)
async def test_the_saml_app_first(page: Page, demo: Demo, variant: str) -> None:
    await sign_in_at_custom_page(page, demo, variant, "library", "bob")
    await expect(page.locator("#name-id")).to_have_text(steps.user(demo, "bob")["login"])
    await page.goto(f"{demo.addresses.web}/login")
    await expect(page).to_have_url(f"{demo.addresses.web}/")
    await expect(page.locator("#name")).to_have_text("Bob Okafor")


@pytest.mark.parametrize("start", ["web", "saml"])
async def test_from_the_app_to_the_custom_page_and_back(page: Page, demo: Demo, start: str) -> None:
    await page.goto(getattr(demo.addresses, start))
    await page.click("#via-custom")
    await expect(page).to_have_url(re.compile(re.escape(f"{demo.addresses.login}/?return_to=")))
    await steps.fill_in(page, demo, "ann")
    await page.click("#sign-in")
    await expect(page).to_have_url(f"{getattr(demo.addresses, start)}/")
    await expect(page.locator("#name")).to_be_visible()


async def test_a_wrong_password_on_the_custom_page(page: Page, context: BrowserContext, demo: Demo) -> None:
    for address in (start_page(demo, "form"), start_page(demo, "script")):
        await page.goto(address)
        await steps.fill_in(page, demo, "ann", password="not it")
        await page.click("#sign-in")
        await expect(page.get_by_role("alert")).to_contain_text("do not match")
        await expect(page.locator("#event-id")).not_to_be_empty()
    assert await steps.signed_in_as(context, demo) is None


async def test_signing_out_ends_it(page: Page, context: BrowserContext, demo: Demo) -> None:
    await sign_in_at_custom_page(page, demo, "form", "orders")
    await page.click("#sign-out")
    await expect(page).to_have_url(re.compile(re.escape(f"{demo.addresses.web}/signed-out")))
    await expect(page.locator("main")).to_contain_text("You are signed out")
    assert await steps.signed_in_as(context, demo) is None
    for app in (demo.addresses.web, demo.addresses.saml):
        await page.goto(f"{app}/login")
        await expect(page).to_have_url(SIGN_IN_PAGE)
        await expect(page.locator("#password")).to_be_visible()


@pytest.mark.parametrize("go", ["orders", "library"])
@pytest.mark.parametrize("variant", LOGIN_PAGES)
async def test_OT_10_the_token_is_in_one_address_and_nowhere_else(
    page: Page, context: BrowserContext, demo: Demo, variant: str, go: str
) -> None:
    traffic = Traffic()
    traffic.watch(context)
    await sign_in_at_custom_page(page, demo, variant, go)
    await expect(page.locator("#name")).to_be_visible()
    await page.wait_for_load_state("networkidle")
    assert len(traffic.tokens) == 1  # there was one to be looked for
    assert await traffic.leaks() == []
    [token] = traffic.tokens
    carriers = [request.url for request in traffic.requests if token in request.url]
    assert {urlsplit(url).netloc for url in carriers} == {urlsplit(demo.addresses.idp).netloc}
    assert token not in page.url
    assert token not in await page.content()
    # Nor does it stay behind: not in what the demo printed, nor in any file it keeps.
    files = [path for path in demo.folder.rglob("*") if path.is_file()]
    assert len(files) > 3
    for path in files:
        content = await asyncio.to_thread(path.read_bytes)
        assert token.encode() not in content, path


async def test_the_history_does_not_sign_in_again(page: Page, context: BrowserContext, demo: Demo) -> None:
    """After signing out, going back in the browser's history finds no token that still works."""
    await sign_in_at_custom_page(page, demo, "form", "orders")
    await expect(page.locator("#name")).to_be_visible()
    await page.click("#sign-out")
    await expect(page.locator("main")).to_contain_text("You are signed out")
    for _ in range(6):
        if await page.go_back() is None:
            break
    assert await steps.signed_in_as(context, demo) is None
