"""Every page about factors, at the width of a desk and of a phone, in light and in dark: nothing is amiss for anybody.

``SCREENSHOTS_TO=folder`` keeps a picture of each, for people to look at.
"""

import os
from collections.abc import Awaitable, Callable, Iterator
from dataclasses import dataclass

import pytest
from playwright.async_api import BrowserContext, Page, expect
from tests.browser.accessibility import faults, overflow
from tests.browser.factor_place import Place, code, enter_code, enter_password, running_place, virtual_key

from segue.core.factor import FactorType

pytestmark = [pytest.mark.browser, pytest.mark.server, pytest.mark.asyncio(loop_scope="session")]

SIZES = {"desk": (1280, 800), "phone": (390, 844), "narrow": (320, 640)}
FOLDER = os.environ.get("SCREENSHOTS_TO")


@dataclass(frozen=True)
class Visit:
    page: Page
    context: BrowserContext
    place: Place

    async def asked(self, type: FactorType, **details: str) -> None:
        """Somebody who has that factor entered their password."""
        person = await self.place.person(exempt=True)
        await self.place.enroll(person, type, **details)
        await enter_password(self.page, self.place, person)
        await expect(self.page.locator(".person")).to_be_visible()

    async def choosing(self) -> None:
        """Somebody who has no factor yet entered their password."""
        person = await self.place.person(exempt=True)
        await enter_password(self.page, self.place, person)
        await expect(self.page.locator(".option").first).to_be_visible()

    async def setting_up(self, name: str) -> None:
        await self.choosing()
        await self.page.click(f".option >> text={name}")
        await expect(self.page.get_by_role("heading", level=1)).to_have_text(name)


async def app(visit: Visit) -> None:
    await visit.asked("totp")


async def app_wrong(visit: Visit) -> None:
    await visit.asked("totp")
    await enter_code(visit.page, "12")
    await expect(visit.page.get_by_role("alert")).to_be_visible()


async def mail(visit: Visit) -> None:
    await visit.asked("email")


async def push(visit: Visit) -> None:
    visit.place.phones.answer = "waiting"
    await visit.asked("push", name="Pia's phone")


async def push_rejected(visit: Visit) -> None:
    visit.place.phones.answer = "rejected"
    await visit.asked("push", name="Pia's phone")


async def key(visit: Visit) -> None:
    await virtual_key(visit.page, visit.context)
    await visit.setting_up("Security key")
    await visit.page.fill("#name", "blue key")
    await visit.page.click("#factor-submit")
    await expect(visit.page.get_by_role("button", name="Register the key")).to_be_visible()


async def key_named(visit: Visit) -> None:
    await visit.setting_up("Security key")


async def ways(visit: Visit) -> None:
    person = await visit.place.person(exempt=True)
    await visit.place.enroll(person, "totp")
    await visit.place.enroll(person, "sms", phone="+46 70 123 4567")
    await visit.place.enroll(person, "recovery_code")
    await enter_password(visit.page, visit.place, person)
    await visit.page.click("#factor-choose")
    await expect(visit.page.locator(".option")).to_have_count(3)


async def kinds(visit: Visit) -> None:
    await visit.choosing()


async def app_set_up(visit: Visit) -> None:
    await visit.setting_up("Authenticator app")
    await visit.page.click("summary")


async def phone_number(visit: Visit) -> None:
    await visit.setting_up("Text message")
    await visit.page.fill("#phone", "12345678")
    await visit.page.click("#factor-submit")
    await expect(visit.page.get_by_role("alert")).to_be_visible()


async def phone_code(visit: Visit) -> None:
    await visit.setting_up("Text message")
    await visit.page.fill("#phone", "+46 70 123 4567")
    await visit.page.click("#factor-submit")
    await expect(visit.page.locator("#passcode")).to_be_visible()


async def recovery_codes(visit: Visit) -> None:
    await phone_code(visit)
    await enter_code(visit.page, visit.place.last_code())
    await expect(visit.page.locator("#recovery-codes")).to_be_visible()


async def dashboard(visit: Visit) -> None:
    person = await visit.place.person(grouped=False)
    await visit.place.enroll(person, "totp")
    await visit.place.enroll(person, "recovery_code")
    await visit.place.give_applications()
    await enter_password(visit.page, visit.place, person)
    await expect(visit.page.locator("#factors li")).to_have_count(2)
    await expect(visit.page.locator(".tile")).not_to_have_count(0)


async def question(visit: Visit) -> None:
    person = await visit.place.person(grouped=False)
    await enter_password(visit.page, visit.place, person)
    await visit.page.click("#factor-add")
    await visit.page.click("text=Security question")
    await expect(visit.page.locator("#question")).to_be_visible()


async def removing(visit: Visit) -> None:
    person = await visit.place.person()
    shown = await visit.place.enroll(person, "totp")
    await enter_password(visit.page, visit.place, person)
    await enter_code(visit.page, code(shown))
    await visit.page.click("#factors a")
    await expect(visit.page.locator("#factor-remove")).to_be_visible()


STATES: list[Callable[[Visit], Awaitable[None]]] = [
    app,
    app_wrong,
    mail,
    push,
    push_rejected,
    key,
    key_named,
    ways,
    kinds,
    app_set_up,
    phone_number,
    phone_code,
    recovery_codes,
    dashboard,
    question,
    removing,
]


@pytest.fixture(scope="module")
def place(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Place]:
    with running_place(tmp_path_factory.mktemp("factor-looks")) as place:
        yield place


@pytest.mark.parametrize("state", STATES)
async def test_a_page_fits_and_is_fit_for_everybody(
    page: Page, context: BrowserContext, place: Place, state: Callable[[Visit], Awaitable[None]]
) -> None:
    await state(Visit(page, context, place))
    if state is push:  # looks by itself after a while, which no check should run into
        await page.evaluate("window.stop()")
    for size, (width, height) in SIZES.items():
        await page.set_viewport_size({"width": width, "height": height})
        for scheme in ("light", "dark"):
            await page.emulate_media(color_scheme=scheme, reduced_motion="reduce")  # type: ignore[arg-type]
            assert await faults(page) == [], (size, scheme)
            if FOLDER:
                await page.screenshot(path=f"{FOLDER}/{state.__name__}-{size}-{scheme}.png", full_page=True)
        assert await overflow(page) == 0, size
