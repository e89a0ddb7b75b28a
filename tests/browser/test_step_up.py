"""Step-up in a browser: whoever is signed in is asked for the one factor that an application's policy lacks (NW-06)."""

import asyncio
from collections.abc import Iterator
from dataclasses import replace
from urllib.parse import urlencode

import pytest
import pytest_asyncio
from playwright.async_api import BrowserContext, Page, expect
from tests.browser.accessibility import faults
from tests.browser.factor_place import Place, code, enter_code, enter_password, running_place, virtual_key
from tests.installation import APP, Installation, Person

from segue.admin import policies
from segue.admin.policies import PolicyWish, RuleWish
from segue.core.assurance import Worth
from segue.core.factor import FactorType
from segue.core.policy import Conditions, Selection
from segue.core.requirement import Constraint, Need, Requirement

pytestmark = [pytest.mark.browser, pytest.mark.server, pytest.mark.asyncio(loop_scope="session")]

TOTP = Need("possession", frozenset({"totp"}))
KEY = Need("possession", worth=Worth(phishing_resistant=True))
PINNED_KEY = Need("possession", worth=Worth(phishing_resistant=True, user_verified=True))
CACHED_S = 1.2


@pytest.fixture(scope="module")
def place(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Place]:
    with running_place(tmp_path_factory.mktemp("step-up")) as place:
        yield place


async def demand(place: Place, person: Person, need: Need) -> str:
    """Gives an application a policy that asks this of that person; answers the address that starts it."""
    client = place.server.site.org.clients["code only"]

    async def give(installation: Installation) -> None:
        store, change = installation.segue.store, installation.change
        policy = await policies.create_policy(store, "access", PolicyWish(f"For {person.id}"), change)
        rule = RuleWish(
            "One factor",
            conditions=Conditions(users=Selection(frozenset({person.id}))),
            requirement=Requirement(constraints=((Constraint(possession=need),),)),
        )
        await policies.create_rule(store, policy.id, rule, change)
        await policies.assign_policy(store, client.app_id, policy.id, change)
        await installation.assign(client.app_id, person.id)

    await asyncio.to_thread(place.server.inside, give)
    await asyncio.sleep(CACHED_S)
    wanted = {
        "client_id": client.client_id,
        "redirect_uri": client.redirect_uri,
        "response_type": "code",
        "scope": "openid",
        "state": "state",
    }
    return f"{place.url}/oauth2/v1/authorize?{urlencode(wanted)}"


async def arrives(visited: list[str]) -> None:
    """At the application, with a code. Nobody answers there."""
    for _ in range(100):
        if any(url.startswith(APP) and "code=" in url for url in visited):
            return
        await asyncio.sleep(0.1)
    pytest.fail(f"{visited[-3:]}")


async def add_key(page: Page, place: Place) -> None:
    await page.click(".option >> text=Security key")
    await page.fill("#name", "key")
    await page.click("#factor-submit")
    await page.get_by_role("button", name="Register the key").click()


@pytest_asyncio.fixture(loop_scope="session")
async def visited(context: BrowserContext) -> list[str]:
    """The addresses that the browser asked for."""
    found: list[str] = []
    context.on("request", lambda request: found.append(request.url))
    return found


async def test_NW_06_only_the_code_is_asked_for(page: Page, place: Place, visited: list[str]) -> None:
    person = await place.person(grouped=False)
    shown = await place.enroll(person, "totp")
    await place.enroll(person, "email")
    await enter_password(page, place, person)
    await expect(page.locator("#signed-in-as")).to_be_visible()
    await page.goto(await demand(place, person, TOTP))
    await expect(page.get_by_role("heading", level=1)).to_have_text("Authenticator app")
    await expect(page.locator("#password")).to_have_count(0)
    await expect(page.locator("#factor-choose")).to_have_count(0)
    assert await faults(page) == []
    await enter_code(page, code(shown))
    await arrives(visited)


async def test_NW_06_only_the_security_key_is_asked_for(
    page: Page, context: BrowserContext, place: Place, visited: list[str]
) -> None:
    person = await place.person(grouped=False)
    client, authenticator = await virtual_key(page, context)
    await enter_password(page, place, person)
    await page.click("#factor-add")
    await add_key(page, place)
    await page.click("#continue")
    await place.enroll(person, "totp")
    await page.click("#sign-out")
    await enter_password(page, place, person)
    await expect(page.locator("#signed-in-as")).to_be_visible()
    touch = {"authenticatorId": authenticator, "enabled": False}
    await client.send("WebAuthn.setAutomaticPresenceSimulation", touch)
    await page.goto(await demand(place, person, KEY))
    await expect(page.get_by_role("heading", level=1)).to_have_text("Security key")
    for other in ("#password", "#passcode", "#factor-choose"):
        await expect(page.locator(other)).to_have_count(0)
    await client.send("WebAuthn.setAutomaticPresenceSimulation", {**touch, "enabled": True})
    await page.reload(wait_until="commit")
    await arrives(visited)


async def test_NW_06_who_lacks_the_factor_proves_another_and_sets_it_up(
    page: Page, context: BrowserContext, place: Place, visited: list[str]
) -> None:
    person = await place.person(grouped=False)
    shown = await place.enroll(person, "totp")
    await virtual_key(page, context)
    await enter_password(page, place, person)
    await page.goto(await demand(place, person, KEY))
    await enter_code(page, code(shown))  # with the password alone, nobody adds a key to an account that has more
    await expect(page.get_by_role("heading", level=1)).to_have_text("Set up a second factor")
    names = await page.locator(".option strong").all_inner_texts()
    assert names == ["Security key"]
    assert await faults(page) == []
    await add_key(page, place)
    await page.locator("#continue").click()
    await arrives(visited)


async def test_NW_06_a_key_that_does_not_look_at_its_owner_is_not_enough(
    page: Page, context: BrowserContext, place: Place
) -> None:
    person = await place.person()
    await virtual_key(page, context)  # it has no PIN and no sensor
    await enter_password(page, place, person)
    await add_key(page, place)
    await page.click("#continue")
    await expect(page.locator("#signed-in-as")).to_be_visible()
    await page.goto(await demand(place, person, PINNED_KEY))
    await expect(page.locator("#key-trouble")).to_contain_text("Try again")
    assert "/login/" in page.url


async def test_somebody_for_whom_nothing_would_do_is_told_so(page: Page, place: Place) -> None:
    """A second thing to know is asked for, the org no longer offers one, and nobody is sent in circles."""
    person = await place.person(grouped=False)
    await place.enroll(person, "totp")
    await enter_password(page, place, person)
    address = await demand(place, person, Need("knowledge", frozenset({"question"})))
    await offer(place, "totp", "webauthn")
    try:
        await page.goto(address)
        await expect(page.get_by_text("None of your factors can be used here now")).to_be_visible()
        await expect(page.locator("#passcode")).to_have_count(0)
    finally:
        await offer(place, "totp", "webauthn", "question", "email", "recovery_code")


async def offer(place: Place, *types: FactorType) -> None:
    """Lets users of the org have these factors."""

    async def change(installation: Installation) -> None:
        org = await installation.segue.store.org(installation.org_id)
        assert org is not None
        settings = replace(org.settings, factors=types)
        await installation.segue.store.put_org(replace(org, settings=settings), installation.change.event("org.update"))

    await asyncio.to_thread(place.server.inside, change)
    await asyncio.sleep(CACHED_S)
