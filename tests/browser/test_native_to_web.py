"""A sign-in that an application hands over, in a browser: only what is missing is asked for, and nobody gets away with
another account (NW-06)."""

import asyncio
import re
from collections.abc import Iterator
from urllib.parse import parse_qs, urlencode, urlsplit

import pytest
from playwright.async_api import BrowserContext, Page, expect
from tests.browser.accessibility import faults
from tests.browser.factor_place import Place, code, enter_code, running_place, signed_in
from tests.browser.foreign_site import ForeignSite
from tests.hand_over import Target, a_target, age, backend_session, interclient_token, origin_tokens
from tests.installation import Person

from segue.core.requirement import Requirement

pytestmark = [pytest.mark.browser, pytest.mark.server, pytest.mark.asyncio(loop_scope="session")]

PROTOCOLS = pytest.mark.parametrize("protocol", ["oidc", "saml", "wsfed"])
TWO = Requirement(factors=2)
FRESH = Requirement(max_age_s=60)


@pytest.fixture(scope="module")
def place(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Place]:
    with running_place(tmp_path_factory.mktemp("native-to-web")) as place:
        yield place


async def a_target_at(place: Place, elsewhere: ForeignSite, protocol: str, requirement: Requirement) -> Target:
    return await asyncio.to_thread(
        place.server.inside, lambda org: a_target(org, protocol, requirement, at=elsewhere.origin)
    )


async def opened(place: Place, person: Person, target: Target, *, old: bool = False) -> tuple[str, str]:
    """The address that hands the person's sign-in to the target, and the token in it."""

    def make() -> str:
        tokens = origin_tokens(place.server.site, person)
        if old:
            age(place.server, backend_session(place.server.site, tokens), 600)
        return interclient_token(place.server.site, target.app_id, tokens=tokens)

    token = await asyncio.to_thread(make)
    return f"{place.url}{target.path}?{urlencode({**target.query, 'interclient_token': token})}", token


async def arrives(page: Page, elsewhere: ForeignSite, protocol: str, press: str, text: str) -> dict[str, list[str]]:
    """What the target is told once ``text`` was entered."""
    async with page.expect_request(lambda sent: sent.url.startswith(elsewhere.origin)) as told:
        await page.fill(press, text)
        await page.press(press, "Enter")
    sent = await told.value
    return parse_qs(urlsplit(sent.url).query if protocol == "oidc" else sent.post_data or "")


@PROTOCOLS
async def test_NW_06_the_code_alone_is_asked_for(
    page: Page, context: BrowserContext, place: Place, elsewhere: ForeignSite, protocol: str
) -> None:
    person = await place.person(grouped=False, exempt=True)
    shown = await place.enroll(person, "totp")
    target = await a_target_at(place, elsewhere, protocol, TWO)
    address, token = await opened(place, person, target)
    await page.goto(address)
    await expect(page.locator("#passcode")).to_be_focused()
    await expect(page.locator(".person")).to_contain_text(person.login)
    await expect(page.locator("#password")).to_have_count(0)
    await expect(page.locator("#factor-restart")).to_have_count(0)
    assert token not in page.url
    assert await faults(page) == []
    await page.reload()
    await expect(page.locator("#passcode")).to_be_visible()
    told = await arrives(page, elsewhere, protocol, "#passcode", code(shown))
    assert {"oidc": "code", "saml": "SAMLResponse", "wsfed": "wresult"}[protocol] in told
    assert await signed_in(context, place) is None


@PROTOCOLS
async def test_a_sign_in_that_lacks_nothing_is_not_asked_for_anything(
    page: Page, context: BrowserContext, place: Place, elsewhere: ForeignSite, protocol: str
) -> None:
    person = await place.person(grouped=False, exempt=True)
    target = await a_target_at(place, elsewhere, protocol, Requirement())
    address, token = await opened(place, person, target)
    async with page.expect_request(lambda sent: sent.url.startswith(elsewhere.origin)) as told:
        await page.goto(address)
    sent = await told.value
    said = parse_qs(urlsplit(sent.url).query if protocol == "oidc" else sent.post_data or "")
    assert {"oidc": "code", "saml": "SAMLResponse", "wsfed": "wresult"}[protocol] in said
    assert token not in str(await sent.all_headers())
    assert await signed_in(context, place) is None


async def test_the_password_once_more_where_the_sign_in_is_old(
    page: Page, place: Place, elsewhere: ForeignSite
) -> None:
    person = await place.person(grouped=False, exempt=True)
    target = await a_target_at(place, elsewhere, "oidc", FRESH)
    address, _ = await opened(place, person, target, old=True)
    await page.goto(address)
    await expect(page.get_by_role("heading", level=1)).to_have_text("Confirm that it is you")
    await expect(page.locator(".person")).to_contain_text(person.login)
    await expect(page.locator("#username")).to_have_count(0)
    assert await faults(page) == []
    told = await arrives(page, elsewhere, "oidc", "#password", person.password)
    assert "code" in told


async def test_NW_06_who_cancels_goes_back_to_the_application(
    page: Page, context: BrowserContext, place: Place, elsewhere: ForeignSite
) -> None:
    person = await place.person(grouped=False, exempt=True)
    await place.enroll(person, "totp")
    target = await a_target_at(place, elsewhere, "oidc", TWO)
    address, _ = await opened(place, person, target)
    await page.goto(address)
    await page.click("#hand-off-cancel")
    await expect(page).to_have_url(re.compile(re.escape(elsewhere.origin) + r".*error=access_denied"))
    assert await signed_in(context, place) is None


async def test_NW_06_a_factor_that_is_missing_is_set_up_on_the_way(
    page: Page, place: Place, elsewhere: ForeignSite
) -> None:
    """Somebody without a factor sets one up as whoever was handed over, and may cancel as well."""
    person = await place.person(grouped=False, exempt=True)
    target = await a_target_at(place, elsewhere, "oidc", TWO)
    address, _ = await opened(place, person, target)
    await page.goto(address)
    await expect(page.locator("#hand-off-cancel")).to_be_visible()
    assert await faults(page) == []
    await page.get_by_role("button", name="Authenticator app").click()
    await page.locator("summary").click()
    secret = await page.locator("#totp-secret").text_content()
    async with page.expect_request(lambda sent: sent.url.startswith(elsewhere.origin)) as told:
        await enter_code(page, code({"secret": (secret or "").replace(" ", "")}))
    assert "code=" in (await told.value).url
