"""The console in Chromium: every page at two sizes in two schemes, by keyboard alone, without scripts, and attacked.

``SCREENSHOTS_TO=folder`` keeps a picture of each page, for people to look at.
"""

import os
from collections.abc import AsyncIterator

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
PAGES = {
    "overview": "",
    "users": "/users",
    "users-found": "/users?q=ann",
    "users-none": "/users?q=nobody-of-this-name",
    "user": "/users/{ann}",
    "user-edit": "/users/{ann}/edit",
    "user-new": "/users/new",
    "user-security": "/users/{otp}/security",
    "user-end-all": "/users/{ann}/security?sure=end_all",
    "user-reset-factors": "/users/{otp}/security?sure=reset_factors",
    "user-password": "/users/{ann}/password",
    "user-apps": "/users/{ann}/apps",
    "user-lineage": "/users/{ann}/lineage?show=all",
    "user-suspend": "/users/{ann}/state?to=suspend",
    "apps": "/apps",
    "app-kinds": "/apps/new",
    "app-new": "/apps/new?kind=saml",
    "app": "/apps/{web}",
    "app-edit": "/apps/{web}/edit",
    "app-saml": "/apps/{saml}/edit",
    "app-wsfed": "/apps/{wsfed}",
    "app-people": "/apps/{saml}/people",
    "app-links": "/apps/{saml}/links",
    "app-handoff": "/apps/{web}/handoff",
    "app-trust": "/apps/{saml}/trust",
    "app-secrets": "/apps/{web}/secrets",
    "app-state": "/apps/{web}/state",
    "policies": "/policies",
    "policy-new": "/policies/new?type=session",
    "simulator": "/simulator?user=ann&app={web}&factors=password",
    "simulator-empty": "/simulator",
    "zones": "/zones",
    "zone-new": "/zones/new",
    "groups": "/groups",
    "group-rules-none": "/group-rules",
    "group-rule-new": "/group-rules/new",
    "group-new": "/groups/new",
    "administrators": "/administrators",
    "tokens": "/tokens",
    "token-new": "/tokens/new",
    "origins": "/origins",
    "origin-new": "/origins/new",
    "servers": "/servers",
    "server": "/servers/default",
    "server-remove": "/servers/default?sure=remove",
    "server-new": "/servers/new",
    "keys": "/keys",
    "keys-rotate": "/keys/rotate?set=main&algorithm=RS256",
    "keys-emergency": "/keys/rotate?set=saml&emergency=yes",
    "settings": "/settings",
    "events": "/events",
    "events-none": "/events?who=nobody-of-this-name",
    "search": "/search?q=an",
}


async def enter(page: Page, demo: Demo, path: str = "") -> None:
    """Signs the demo's administrator in to the console; ends at its page ``path``."""
    admin = demo.manifest["admin"]
    await page.goto(f"{admin['console_url']}{path}")
    await page.fill("#username", admin["login"])
    await page.fill("#password", admin["password"])
    await page.click("#login-submit")
    await expect(page.locator("body.console")).to_be_visible()


async def go(page: Page, demo: Demo, path: str) -> None:
    ids = {name: entry["id"] for name, entry in demo.manifest["okta"]["users"].items()}
    ids |= {name: entry["app_id"] for name, entry in demo.manifest["okta"]["apps"].items() if "app_id" in entry}
    response = await page.goto(f"{demo.manifest['admin']['console_url']}{path.format(**ids)}")
    assert response is not None
    assert response.status == 200, await page.inner_text("main")


@pytest_asyncio.fixture(scope="module", loop_scope="session")
async def inside(browser: Browser, demo: Demo) -> AsyncIterator[Page]:
    """A page of somebody who works in the console, where something has happened already."""
    context = await browser.new_context(locale="en-US")
    context.set_default_timeout(10_000)
    page = await context.new_page()
    other = await (await browser.new_context()).new_page()
    await other.goto(f"{demo.addresses.idp}/login/login.htm")
    await steps.fill_in(other, demo, "ann", password="not it")
    await other.click("#login-submit")
    await steps.sign_in(other, demo)
    await other.goto(f"{demo.addresses.web}/login")
    await enter(page, demo)
    yield page
    await other.context.close()
    await context.close()


async def fit(page: Page, name: str) -> None:
    """That the page is fit for everybody, at each size and in each scheme."""
    for size, (width, height) in SIZES.items():
        await page.set_viewport_size({"width": width, "height": height})
        for scheme in ("light", "dark"):
            await page.emulate_media(color_scheme=scheme, reduced_motion="reduce")  # type: ignore[arg-type]
            assert await faults(page) == [], (size, scheme)
            if FOLDER:
                await page.screenshot(path=f"{FOLDER}/console-{name}-{size}-{scheme}.png", full_page=True)
        assert await overflow(page) == 0, size


@pytest.mark.parametrize("name", PAGES)
async def test_a_page_fits_and_is_fit_for_everybody(inside: Page, demo: Demo, name: str) -> None:
    await go(inside, demo, PAGES[name])
    await fit(inside, name)


async def test_the_explanation_of_a_refusal(inside: Page, demo: Demo) -> None:
    await go(inside, demo, "/events?outcome=refused&who=ann")
    await inside.click("#results tbody th a >> nth=0")
    await expect(inside.get_by_text("Use the right one, or set a new one.")).to_be_visible()
    await fit(inside, "event")


async def test_a_form_with_a_mistake_says_so_beside_the_field(inside: Page, demo: Demo) -> None:
    await go(inside, demo, "/origins/new")
    await inside.fill("#name", "Somewhere")
    await inside.fill("#origin", "http://plain.example.com")
    await inside.get_by_label("Call our API").check()
    await inside.click("#save")
    await expect(inside.locator("#origin[aria-invalid]")).to_have_value("http://plain.example.com")
    await expect(inside.locator("#origin-wrong")).to_be_visible()
    await expect(inside.locator("#form-error code")).to_be_visible()
    await fit(inside, "form-error")


async def test_a_dry_run_tells_what_ends_before_anything_does(
    inside: Page, demo: Demo, context: BrowserContext, page: Page
) -> None:
    await steps.sign_in(page, demo, "bob")
    await page.goto(f"{demo.addresses.web}/login")
    bob = steps.user(demo, "bob")["id"]
    await go(inside, demo, f"/users/{bob}/lineage")
    await inside.click(".tree a.button >> nth=0")
    await expect(inside.get_by_role("heading", level=1)).to_have_text("End this session?")
    await expect(inside.get_by_text("Harbor Orders").first).to_be_visible()
    await fit(inside, "dry-run")
    assert await steps.signed_in_as(context, demo) == steps.user(demo, "bob")["login"]
    await inside.click("#back")
    assert await steps.signed_in_as(context, demo) == steps.user(demo, "bob")["login"]
    await inside.click(".tree a.button >> nth=0")
    await inside.click("#confirm")
    await expect(inside.locator("#notice")).to_contain_text("ended")
    assert await steps.signed_in_as(context, demo) is None


async def test_a_secret_is_shown_once(inside: Page, demo: Demo) -> None:
    await go(inside, demo, "/apps/new?kind=web")
    await inside.fill("#label", "Once only")
    await inside.fill("#redirect_uris", "https://once.example.com/callback")
    await inside.click("#save")
    secret = await inside.inner_text("#notice .secret code")
    assert len(secret) > 40
    await fit(inside, "secret")
    await inside.reload()
    assert secret not in await inside.content()
    assert await inside.locator("#notice").count() == 0


async def test_seed_004_configure_the_app(inside: Page, demo: Demo) -> None:
    """Applications, the app, Edit in the general settings, Advanced, Token Exchange, Save: as the seed walks it."""
    await inside.set_viewport_size({"width": 1280, "height": 800})
    await inside.click(".sections >> text=Applications")
    await inside.click("#results >> text=Harbor Orders")
    await inside.click("#edit")
    await inside.locator("#advanced").evaluate("details => details.open = false")
    await inside.click("#advanced summary")
    await inside.get_by_label("Token Exchange").check()
    await inside.click("#save")
    await expect(inside.locator("#notice")).to_have_text("The settings were saved.")
    await expect(inside.get_by_text("Token Exchange")).to_be_visible()


async def test_seed_004_configure_the_trust_map(inside: Page, demo: Demo) -> None:
    await inside.set_viewport_size({"width": 1280, "height": 800})
    await inside.click(".sections >> text=Applications")
    await inside.click("#results >> text=Harbor Library")
    await inside.click(".tabs >> text=Trust")
    await inside.select_option("#origin", label="Harbor Orders")
    await inside.click("#trust")
    await expect(inside.locator("#notice")).to_contain_text("Harbor Orders may hand sign-ins over to Harbor Library.")
    await fit(inside, "trusted")
    await inside.get_by_label("Stop trusting Harbor Orders").click()
    await expect(inside.locator("#notice")).to_contain_text("trusted no more")


async def test_a_rule_decides_in_the_simulator(inside: Page, demo: Demo) -> None:
    """A policy with a rule for a network, given to an application, and its answer from there and from elsewhere."""
    await inside.set_viewport_size({"width": 1280, "height": 800})
    await go(inside, demo, "/zones/new")
    await inside.fill("#name", "Elsewhere")
    await inside.fill("#ranges", "192.0.2.0/24")
    await inside.click("#save")
    await go(inside, demo, "/policies/new?type=access")
    await inside.fill("#name", "Careful elsewhere")
    await inside.click("#save")
    await inside.click("#add-rule")
    await inside.fill("#name", "Two factors elsewhere")
    await inside.click("#where summary")
    await inside.get_by_role("group", name="From these networks").get_by_label("Elsewhere").check()
    await inside.select_option("#factors", "2")
    await fit(inside, "rule")
    await inside.click("#save")
    await expect(inside.locator("#notice")).to_contain_text("was added")
    await expect(inside.get_by_text("from Elsewhere")).to_be_visible()
    await fit(inside, "policy")
    await go(inside, demo, "/apps/{wsfed}/handoff")
    await inside.select_option("#policy", label="Careful elsewhere")
    await inside.click("#save-policy")
    for address, answer in (("192.0.2.7", "They are asked for more"), ("198.51.100.1", "They are let in")):
        await go(inside, demo, "/simulator")
        await inside.fill("#user", "ann")
        await inside.select_option("#app", label="Harbor Ledger")
        await inside.fill("#address", address)
        await inside.click("#ask")
        await expect(inside.locator("#answer h2")).to_have_text(answer)
    await fit(inside, "simulated")
    await go(inside, demo, "/apps/{wsfed}/handoff")
    await inside.select_option("#policy", label="Default access policy")
    await inside.click("#save-policy")


async def test_a_group_from_its_beginning_to_its_end(inside: Page, demo: Demo) -> None:
    await inside.set_viewport_size({"width": 1280, "height": 800})
    await go(inside, demo, "/groups/new")
    await inside.fill("#name", "Readers")
    await inside.click("#save")
    await inside.fill("#user", "ann")
    await inside.click("#join")
    await expect(inside.locator("#notice")).to_have_text("Ann Lindqvist is in the group.")
    await fit(inside, "group")
    await inside.get_by_label("Take Ann Lindqvist out").click()
    await expect(inside.get_by_text("Nobody is in it yet.")).to_be_visible()
    await inside.click("#remove")
    await inside.click("#confirm")
    await expect(inside.locator("#notice")).to_have_text("Readers was removed.")


async def test_a_group_rule_from_its_beginning_to_its_end(inside: Page, demo: Demo) -> None:
    await inside.set_viewport_size({"width": 1280, "height": 800})
    await go(inside, demo, "/groups/new")
    await inside.fill("#name", "Anns")
    await inside.click("#save")
    group = inside.url
    await go(inside, demo, "/group-rules/new")
    await inside.fill("#name", "Everybody called Ann")
    await inside.fill("#expression", 'user.firstName = "Ann"')
    await inside.get_by_label("Anns").check()
    await inside.click("#save")
    await expect(inside.locator("#expression-wrong")).to_contain_text("cannot be read")
    await fit(inside, "group-rule-wrong")
    await inside.fill("#expression", 'user.firstName == "Ann"')
    await inside.click("#save")
    await expect(inside.locator("#notice")).to_contain_text("Everybody called Ann was added.")
    await inside.click("#start")
    await expect(inside.locator("#notice")).to_have_text("Everybody called Ann is in use.")
    await fit(inside, "group-rule")
    await go(inside, demo, "/group-rules")
    await fit(inside, "group-rules")
    await inside.goto(group)
    await expect(inside.get_by_text("By a rule").first).to_be_visible()
    await go(inside, demo, "/group-rules")
    await inside.get_by_role("link", name="Everybody called Ann").click()
    await inside.click("#stop")
    await fit(inside, "group-rule-stop")
    await inside.click("#confirm")
    await expect(inside.locator("#notice")).to_have_text("Everybody called Ann is out of use.")
    await inside.click("#remove")
    await inside.click("#confirm")
    await expect(inside.locator("#notice")).to_have_text("Everybody called Ann was removed.")
    await inside.goto(f"{group}/remove")
    await inside.click("#confirm")


async def test_a_token_is_shown_once_and_ended(inside: Page, demo: Demo) -> None:
    await inside.set_viewport_size({"width": 1280, "height": 800})
    await go(inside, demo, "/tokens/new")
    await inside.fill("#name", "Nightly import")
    await inside.click("#save")
    token = await inside.inner_text("#notice .secret code")
    asked = {"authorization": f"SSWS {token}"}
    users = f"{demo.addresses.idp}/api/v1/users?limit=1"
    assert (await inside.context.request.get(users, headers=asked)).status == 200
    await inside.get_by_label("End the token Nightly import").click()
    await inside.click("#confirm")
    await expect(inside.locator("#notice")).to_contain_text("ended")
    assert (await inside.context.request.get(users, headers=asked)).status == 401


async def test_the_last_owner_cannot_be_taken_away(inside: Page, demo: Demo) -> None:
    await go(inside, demo, "/administrators")
    await inside.get_by_label("Take the role Owner from admin").click()
    await expect(inside.locator("#form-error")).to_contain_text("last owner")
    await fit(inside, "last-owner")


async def test_a_list_is_searched_as_you_type(inside: Page, demo: Demo) -> None:
    await inside.set_viewport_size({"width": 1280, "height": 800})
    await go(inside, demo, "/apps")
    await inside.evaluate("window.stayed = true")
    await inside.locator("#q").press_sequentially("library", delay=10)
    await expect(inside.locator("#results tbody tr")).to_have_count(1)
    await expect(inside.locator("#results tbody th")).to_have_text("Harbor Library")
    assert await inside.evaluate("window.stayed") is True
    assert "q=library" in inside.url


async def test_everything_by_keyboard(page: Page, demo: Demo) -> None:
    """From the sign-in to a trusted origin and back, without a pointer."""
    admin = demo.manifest["admin"]
    await page.goto(f"{admin['console_url']}/origins")
    await expect(page.locator("#username")).to_be_focused()
    await page.keyboard.type(admin["login"])
    await page.keyboard.press("Tab")
    await page.keyboard.type(admin["password"])
    await page.keyboard.press("Enter")
    await expect(page.get_by_role("heading", level=1)).to_have_text("Trusted origins")
    await page.keyboard.press("Tab")
    await expect(page.locator(".skip")).to_be_focused()
    await expect(page.locator(".skip")).to_be_in_viewport()
    await page.keyboard.press("Enter")
    await page.keyboard.press("Tab")
    await expect(page.locator("#add")).to_be_focused()
    await page.keyboard.press("Enter")
    await page.wait_for_url("**/origins/new")
    await page.keyboard.press("Tab")
    await page.keyboard.press("Enter")
    for text in ("By keyboard", "https://keys.example.com"):
        await _tab_to_field(page)
        await page.keyboard.type(text)
    await _tab_to_field(page)
    await page.keyboard.press("Space")
    await page.keyboard.press("Enter")
    await expect(page.locator("#notice")).to_have_text("By keyboard is trusted now.")


async def _tab_to_field(page: Page) -> None:
    for _ in range(20):
        await page.keyboard.press("Tab")
        if await page.evaluate("document.activeElement.matches('form.panel input:not([type=hidden])')"):
            return
    raise AssertionError("no field was reached")


@pytest_asyncio.fixture(loop_scope="session")
async def scriptless(browser: Browser) -> AsyncIterator[Page]:
    context = await browser.new_context(java_script_enabled=False, viewport={"width": 390, "height": 844})
    context.set_default_timeout(10_000)
    yield await context.new_page()
    await context.close()


async def test_everything_without_scripts(scriptless: Page, demo: Demo) -> None:
    page = scriptless
    await enter(page, demo, "/users")
    await page.fill("#q", "bob")
    await page.click(".filter button")
    await expect(page.locator("#results tbody tr")).to_have_count(1)
    await page.click("#results tbody th a")
    await page.click("#edit")
    await page.fill("[name='profile.timezone']", "Africa/Accra")
    await page.click("#save")
    await expect(page.locator("#notice")).to_have_text("The profile was saved.")
    await expect(page.get_by_text("Africa/Accra")).to_be_visible()
    await page.click("text=Suspend")
    await page.click("#back")
    await expect(page.locator(".badge").first).to_have_text("Active")
    await page.click(".sections >> text=Events")
    await page.select_option("#outcome", "success")
    await page.click(".filter button")
    await expect(page.locator("#results tbody tr").first).to_be_visible()


async def test_CO_01_markup_in_a_name_stays_text(inside: Page, demo: Demo) -> None:
    await inside.set_viewport_size({"width": 1280, "height": 800})
    said: list[str] = []
    inside.on("dialog", lambda dialog: said.append(dialog.message))
    inside.on("pageerror", lambda error: said.append(str(error)))
    markup = "<img src=x onerror=alert(1)><script>alert(2)</script>"
    await go(inside, demo, "/users/new")
    await inside.fill("#login", "markup@example.com")
    await inside.fill("[name='profile.firstName']", markup)
    await inside.click("#save")
    await expect(inside.get_by_role("heading", level=1)).to_have_text(markup)
    await expect(inside.locator("#notice")).to_contain_text(markup)
    for path in ("/users", "/users?q=markup", "/search?q=markup", "/events?who=markup"):
        await go(inside, demo, path)
        assert await inside.locator("main img, main script").count() == 0
    # What comes by a live search is put into the page as nodes: they run nothing either.
    await go(inside, demo, "/users")
    await inside.locator("#q").press_sequentially("markup", delay=10)
    await expect(inside.locator("#results tbody tr")).to_have_count(1)
    assert said == []


async def test_MG_07_a_form_of_another_site_changes_nothing(inside: Page, demo: Demo, elsewhere: ForeignSite) -> None:
    console = demo.manifest["admin"]["console_url"]
    fields = "".join(
        f'<input name="{name}" value="{value}">'
        for name, value in (("name", "Forged"), ("origin", "https://forged.example.com"), ("scopes", "CORS"))
    )
    attack = elsewhere.page(f'<form method="post" action="{console}/origins/new">{fields}<button>go</button></form>')
    forged = await inside.context.new_page()
    await forged.goto(attack)
    await forged.click("button")
    await forged.wait_for_load_state()
    await forged.close()
    await go(inside, demo, "/origins")
    assert "forged.example.com" not in await inside.content()


async def test_CO_02_no_site_can_frame_the_console(inside: Page, demo: Demo, elsewhere: ForeignSite) -> None:
    framing = await inside.context.new_page()
    refused: list[str] = []
    framing.on("console", lambda message: refused.append(message.text))
    await framing.goto(elsewhere.page(f'<iframe src="{demo.manifest["admin"]["console_url"]}"></iframe>'))
    await framing.wait_for_load_state("networkidle")
    assert any("frame-ancestors" in text for text in refused), refused
    await framing.close()


async def test_somebody_without_a_role_is_told_so(page: Page, demo: Demo) -> None:
    await page.goto(demo.manifest["admin"]["console_url"])
    await steps.fill_in(page, demo, "ann")
    await page.click("#login-submit")
    await expect(page.get_by_role("heading", level=1)).to_have_text("The console is not for this account")
    assert await faults(page) == []
    await page.goto(f"{demo.addresses.idp}/app/UserHome")
    assert await page.locator("#console").count() == 0


async def test_the_start_page_leads_administrators_to_the_console(inside: Page, demo: Demo) -> None:
    await inside.goto(f"{demo.addresses.idp}/app/UserHome")
    await inside.click("#console")
    await expect(inside.get_by_role("heading", level=1)).to_contain_text("Hello")
