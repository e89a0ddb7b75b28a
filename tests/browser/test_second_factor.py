"""The second factor on the hosted pages, in a browser: asked for, set up, remembered, and not fooled."""

import asyncio
import re
import secrets
import time
from collections.abc import Iterator
from dataclasses import dataclass, replace
from pathlib import Path

import pyotp
import pytest
from playwright.async_api import Browser, BrowserContext, Page, expect
from tests.browser.accessibility import faults, overflow
from tests.installation import Installation, Person
from tests.server import Server, running_server

from segue.core.factor import FactorEnrollment, FactorType
from segue.core.org import Group, OrgSettings
from segue.signin.factors.factor import FactorContext
from segue.signin.factors.registry import Factors, build_factors

pytestmark = [pytest.mark.browser, pytest.mark.server, pytest.mark.asyncio(loop_scope="session")]

GROUP = "00gstrongersignins00"
PHONE = {"width": 390, "height": 844}
STEP_S = 30


@dataclass(frozen=True)
class Place:
    """A server whose org asks the members of a group for a second factor, and the folder of what it sends."""

    server: Server
    sent: Path

    @property
    def url(self) -> str:
        return self.server.site.base_url

    async def person(self, *, grouped: bool = True) -> Person:
        """Somebody new, who has no factor yet."""

        async def add(installation: Installation) -> Person:
            person = await installation.add_person(f"p{secrets.token_hex(6)}@x.example", {"firstName": "Pia"})
            store, event = installation.segue.store, installation.change.event("group.change")
            await store.put_group(Group(GROUP, installation.org_id, "Stronger sign-ins"), event)
            if grouped:
                await store.add_member(installation.org_id, GROUP, person.id, event_of(installation))
            return person

        return await asyncio.to_thread(self.server.inside, add)

    async def enroll(self, person: Person, type: FactorType, **details: str) -> dict[str, object]:
        """Gives somebody an active factor; answers what they would have been shown."""

        async def put(installation: Installation) -> dict[str, object]:
            context = await context_of(installation, person)
            offer = await factors_of(installation).enroll(context, type, None, details)
            active = replace(offer.enrollment, status="active")
            await installation.segue.store.put_factor(active, event_of(installation))
            return dict(offer.shown)

        return await asyncio.to_thread(self.server.inside, put)

    async def factors(self, person: Person) -> list[FactorEnrollment]:
        async def read(installation: Installation) -> list[FactorEnrollment]:
            return list(await installation.segue.store.factors(installation.org_id, person.id))

        return await asyncio.to_thread(self.server.inside, read)

    def last_mail(self) -> str:
        """The code in the newest mail."""
        newest = sorted(self.sent.iterdir())[-1].read_text()
        found = re.search(r"^ {4}(\d{6})\s*$", newest, re.MULTILINE)
        assert found, newest
        return found[1]


def event_of(installation: Installation):
    return installation.change.event("test.prepare")


def factors_of(installation: Installation) -> Factors:
    segue = installation.segue
    return build_factors(sealer=segue.sealer, hasher=segue.hasher, attempts=segue.store)


async def context_of(installation: Installation, person: Person) -> FactorContext:
    org = await installation.segue.store.org(installation.org_id)
    assert org is not None
    user = await installation.user(person.id)
    return FactorContext(org, installation.domain, user, installation.where, "test")


@pytest.fixture(scope="module")
def place(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Place]:
    folder = tmp_path_factory.mktemp("second-factor")
    settings = OrgSettings(second_factor_groups=(GROUP,), remember_device_s=30 * 24 * 3600, lockout_attempts=6)
    with running_server(
        folder, org_settings=settings, mail=f"file://{folder / 'mail'}", mail_from="segue@x.example"
    ) as server:
        yield Place(server, folder / "mail")


def code(shown: dict[str, object], ahead: int = 0) -> str:
    """The code of an authenticator app, now or some steps away."""
    return pyotp.TOTP(str(shown["secret"])).at(int(time.time()) + ahead * STEP_S)


async def enter_password(page: Page, place: Place, person: Person) -> None:
    await page.goto(f"{place.url}/login/login.htm")
    await page.fill("#username", person.login)
    await page.fill("#password", person.password)
    await page.click("#login-submit")


async def enter_code(page: Page, text: str) -> None:
    await page.fill("#passcode", text)
    await page.click("#factor-submit")


async def signed_in(context: BrowserContext, place: Place) -> dict[str, object] | None:
    answer = await context.request.get(f"{place.url}/api/v1/sessions/me")
    return await answer.json() if answer.status == 200 else None


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
