"""One Chromium for all browser tests, and a fresh profile (cookies, storage) for each of them.

Playwright's asynchronous interface is bound to one event loop, so every test here runs in the loop of the session:
``pytestmark = [pytest.mark.browser, pytest.mark.asyncio(loop_scope="session")]``.

Nothing may leave this machine, and nothing is intercepted: with interception on, Playwright answers preflight requests
by itself, and what a browser does about CORS is part of what is tested.
"""

from collections.abc import AsyncIterator, Iterator
from shutil import which

import pytest
import pytest_asyncio
from playwright.async_api import Browser, BrowserContext, Page, async_playwright
from tests.browser.foreign_site import ForeignSite, foreign_site

ARGUMENTS = (
    "--no-sandbox",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--no-first-run",
    "--disable-quic",
)
PATIENCE_MS = 10_000


def chromium() -> str:
    """The browser's program; its absence is a failure, never a skip."""
    for name in ("chromium", "chromium-browser", "google-chrome"):
        if path := which(name):
            return path
    raise FileNotFoundError("no Chromium is installed (Debian and Ubuntu: apt-get install chromium)")


@pytest_asyncio.fixture(scope="session", loop_scope="session")
async def browser() -> AsyncIterator[Browser]:
    async with async_playwright() as playwright:
        browser = await playwright.chromium.launch(executable_path=chromium(), args=list(ARGUMENTS))
        yield browser
        await browser.close()


@pytest_asyncio.fixture(loop_scope="session")
async def context(browser: Browser) -> AsyncIterator[BrowserContext]:
    """A browser profile of this test alone."""
    context = await browser.new_context(locale="en-US")
    context.set_default_timeout(PATIENCE_MS)
    yield context
    await context.close()


@pytest_asyncio.fixture(loop_scope="session")
async def page(context: BrowserContext) -> Page:
    return await context.new_page()


@pytest.fixture(scope="session")
def elsewhere() -> Iterator[ForeignSite]:
    """A website on another host, in nobody's list of trusted origins."""
    with foreign_site() as site:
        yield site
