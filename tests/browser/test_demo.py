"""The pages of the demo: fit for everybody, at every width, without other hosts; and the playground's flows, walked."""

import re
import time
from collections.abc import Callable
from urllib.parse import urlencode, urlsplit

import pyotp
import pytest
from playwright.async_api import Browser, Page, Request, expect
from tests.browser import steps
from tests.browser.accessibility import faults, overflow
from tests.demo_process import Demo

pytestmark = [pytest.mark.browser, pytest.mark.asyncio(loop_scope="session")]

FLOWS = {
    "code": 5,
    "native-to-web": 6,
    "native-step-up": 5,
    "native-to-saml": 5,
    "native-stranger": 1,
    "id-token": 3,
    "form-post": 4,
    "saml": 3,
    "wsfed": 3,
    "redirect-link": 3,
    "embed-saml": 3,
    "embed-oidc": 5,
    "legacy": 3,
    "image": 3,
    "second-factor": 6,
    "collision": 7,
    "hosted": 4,
    "replay": 3,
}
STEP_S = 30
SIGNED_IN_AT_THE_END = {"second-factor": "otp@harborbooks.example", "collision": "bob@harborbooks.example"}
PAGES: dict[str, Callable[[Demo], str]] = {
    "login": lambda demo: demo.addresses.login,
    "login by script": lambda demo: f"{demo.addresses.login}/browser",
    "login, sent elsewhere": lambda demo: f"{demo.addresses.login}/?return_to=https://elsewhere.example/",
    "orders": lambda demo: demo.addresses.web,
    "orders, no answer": lambda demo: f"{demo.addresses.web}/callback",
    "library": lambda demo: demo.addresses.saml,
    "login, the older way": lambda demo: f"{demo.addresses.login}/legacy",
    "login, back from the redirect link": lambda demo: f"{demo.addresses.login}/legacy/landing",
    "recovery": lambda demo: f"{demo.addresses.login}/recover",
    "opening hours": lambda demo: f"{demo.addresses.login}/hours",
    "ledger": lambda demo: demo.addresses.wsfed,
    "shelf": lambda demo: demo.addresses.spa,
    "authenticator": lambda demo: f"{demo.addresses.playground}/authenticator",
    "playground": lambda demo: demo.addresses.playground,
    "playground, no such run": lambda demo: f"{demo.addresses.playground}/runs/none",
}


async def looked_at(page: Page, demo: Demo) -> list[str]:
    """What is wrong with the page: for everybody, at the width of a phone, and in the dark."""
    found = []
    for width, scheme in ((1280, "light"), (390, "dark"), (320, "light")):
        await page.set_viewport_size({"width": width, "height": 800})
        await page.emulate_media(color_scheme=scheme)  # type: ignore[arg-type]
        found += [f"{width} {scheme}: {fault}" for fault in await faults(page)]
        if wide := await overflow(page):
            found.append(f"{width}: {wide} pixels too wide")
    return found


def hosts_of(page: Page) -> set[str]:
    """The hosts that the page asks for anything, from now on."""
    hosts: set[str] = set()

    def seen(request: Request) -> None:
        if not request.url.startswith("data:"):
            hosts.add(urlsplit(request.url).hostname or "")

    page.on("request", seen)
    return hosts


@pytest.mark.parametrize("name", PAGES)
async def test_a_page_is_fit_for_everybody(page: Page, demo: Demo, name: str) -> None:
    hosts = hosts_of(page)
    await page.goto(PAGES[name](demo))
    assert await looked_at(page, demo) == []
    assert hosts <= {"localhost", "127.0.0.1"}


async def test_the_pages_of_somebody_signed_in(page: Page, demo: Demo) -> None:
    hosts = hosts_of(page)
    await steps.sign_in(page, demo, "ann")
    for app in (demo.addresses.web, demo.addresses.saml, demo.addresses.wsfed):
        await page.goto(f"{app}/login")
        await page.wait_for_selector("#name")
        await page.evaluate("document.querySelectorAll('details').forEach((part) => { part.open = true; })")
        assert await looked_at(page, demo) == []
    assert hosts <= {"localhost", "127.0.0.1"}


async def test_the_start_page_leads_to_the_apps(page: Page, demo: Demo) -> None:
    await page.goto(demo.addresses.idp)
    links = await page.eval_on_selector_all("a", "(all) => all.map((link) => link.href)")
    apps = demo.addresses
    wanted = {apps.login, apps.web, apps.saml, apps.wsfed, apps.playground}
    assert wanted <= {link.removesuffix("/") for link in links}


# Those that open one application alone leave the browser as it was.
NOBODY_AT_THE_END = {"native-to-web", "native-step-up", "native-to-saml", "native-stranger"}
WAYS_ON = "#act, #go, #login-submit, #factor-submit, #appForm button, #confirm-continue, #image-go-on"


async def walk(page: Page, demo: Demo, flow: str) -> None:
    """One flow from its button to its end, whatever pages it leads through."""
    await page.goto(demo.addresses.playground)
    await page.click(f"#start-{flow}")
    for _ in range(40):
        await page.wait_for_selector(WAYS_ON + ", #again, #address")
        if await page.locator("#again").count():
            return
        if await page.locator("#login-submit").count():
            await steps.fill_in(page, demo, "ann")
        if await page.locator("#factor-form").count():
            await page.fill("#passcode", pyotp.TOTP(demo.manifest["okta"]["users"]["stepup"]["totp_secret"]).now())
        if await page.locator("#address").count():
            await page.fill("#address", page.url)
        if await page.locator("li.now .outcome.bad").count():
            await page.wait_for_timeout(2000)  # a code that was used already: the next one is due within half a minute
            await page.reload()
        await page.locator(f"{WAYS_ON}, form:has(#address) button").first.click()
    raise AssertionError(f"the flow {flow} did not end")


@pytest.mark.parametrize("flow", FLOWS)
async def test_a_flow_walked_step_by_step(page: Page, demo: Demo, flow: str) -> None:
    hosts = hosts_of(page)
    await walk(page, demo, flow)
    assert await page.locator(".steps > li.done:not(.failed)").count() == FLOWS[flow]
    somebody = f"{SIGNED_IN_AT_THE_END.get(flow, 'ann@harborbooks.example')} is signed in, by pwd"
    ending = "No session" if flow in NOBODY_AT_THE_END else somebody
    await expect(page.locator("#session-summary")).to_contain_text(ending)
    await page.evaluate("document.querySelectorAll('details').forEach((part) => { part.open = true; })")
    assert await looked_at(page, demo) == []
    assert hosts <= {"localhost", "127.0.0.1"}


@pytest.mark.parametrize("flow", FLOWS)
async def test_a_flow_without_javascript(browser: Browser, demo: Demo, flow: str) -> None:
    context = await browser.new_context(java_script_enabled=False)
    page = await context.new_page()
    await walk(page, demo, flow)
    assert await page.locator(".steps > li.done:not(.failed)").count() == FLOWS[flow]
    await expect(page.locator("#session a").first).to_have_attribute("href", f"{demo.addresses.idp}/api/v1/sessions/me")
    await context.close()


async def test_what_a_walk_shows(page: Page, demo: Demo) -> None:
    """Requests with their parameters, responses with their bodies, tokens taken apart, and the secrets marked."""
    await walk(page, demo, "code")
    await page.evaluate("document.querySelectorAll('details').forEach((part) => { part.open = true; })")
    text = await page.inner_text("main")
    for part in (
        f"POST {demo.addresses.idp}/api/v1/authn",
        '"status": "SUCCESS"',
        f"GET {demo.addresses.idp}/oauth2/v1/authorize",
        f"GET {demo.addresses.playground}/callback",
        f"POST {demo.addresses.idp}/oauth2/v1/token",
        "authorization_code",
        f"GET {demo.addresses.idp}/oauth2/v1/keys",
        f"GET {demo.addresses.idp}/oauth2/v1/userinfo",
        "200 OK",
    ):
        assert part in text
    assert await page.locator(".token").count() == 2
    expires = page.locator('.token tr:has(code:text-is("exp"))').first
    await expect(expires).to_contain_text(re.compile(r"\d{4}-\d\d-\d\d \d\d:\d\d:\d\d UTC \(in (\d+ minutes|1 hour)\)"))
    assert await page.locator(".findings li.good").count() == 5
    marked = page.locator(".pairs > div", has=page.locator(".secret")).locator("dt")
    assert {text.split()[0] for text in await marked.all_inner_texts()} >= {"sessionToken", "code", "code_verifier"}


async def test_a_replay_names_its_event(page: Page, demo: Demo) -> None:
    await walk(page, demo, "replay")
    event = await page.inner_text(".event-id")
    assert re.fullmatch(r"[0-9A-Za-z]{20}", event)
    await expect(page.locator(".event .command")).to_contain_text(f"explain {event}")


async def test_a_wrong_password_ends_a_walk(page: Page, demo: Demo) -> None:
    await page.goto(demo.addresses.playground)
    await page.click("#start-code")
    await page.fill("#password", "not the password")
    await page.click("#act")
    await expect(page.locator(".outcome.bad")).to_contain_text("Refused: Authentication failed")
    await expect(page.locator(".status.bad")).to_contain_text("401")
    assert await page.locator("#act, #go").count() == 0
    assert await faults(page) == []


async def test_a_walk_belongs_to_its_browser(page: Page, browser: Browser, demo: Demo) -> None:
    await page.goto(demo.addresses.playground)
    await page.click("#start-code")
    await page.click("#act")
    going = await page.get_attribute("#go", "href")
    other = await browser.new_context()
    elsewhere = await other.new_page()
    for address in (page.url, going):
        await elsewhere.goto(address or "")
        await expect(elsewhere.locator("main")).to_contain_text(re.compile("belongs to (another|no request of this)"))
    await other.close()


async def test_an_answer_is_taken_once(page: Page, demo: Demo) -> None:
    await page.goto(demo.addresses.playground)
    await page.click("#start-code")
    await page.click("#act")
    async with page.expect_request(re.compile(r"/callback\?code=")) as back:
        await page.click("#go")
    await page.wait_for_selector("#act")
    await page.goto((await back.value).url)
    await expect(page.locator("main")).to_contain_text("belongs to no request of this browser")


async def test_the_app_that_lives_in_the_browser(page: Page, demo: Demo) -> None:
    """By redirect with Segue's page, then silently by a message from a hidden frame, then signed out of both."""
    await page.goto(demo.addresses.spa)
    await page.click("#redirect")
    await steps.fill_in(page, demo, "bob")
    await page.click("#login-submit")
    await expect(page.locator("#name")).to_have_text("Bob Okafor")
    assert urlsplit(page.url).query == ""
    assert await looked_at(page, demo) == []
    await page.reload()
    await page.click("#silent")
    await expect(page.locator("#name")).to_have_text("Bob Okafor")
    await page.click("#sign-out")
    await page.wait_for_url(f"{demo.addresses.spa}/?state=*")
    await page.click("#silent")
    await expect(page.locator("#problem-text")).to_contain_text("login_required")


async def unused_code(page: Page, demo: Demo) -> str:
    """A code of the app of otp as the next half minute begins, so that no other test used it."""
    app = pyotp.TOTP(steps.user(demo, "otp")["totp_secret"])
    await page.wait_for_timeout((STEP_S - time.time() % STEP_S) * 1000 + 200)
    return app.now()


@pytest.mark.parametrize("path", ["/", "/browser"])
async def test_the_login_page_asks_for_a_code(page: Page, demo: Demo, path: str) -> None:
    await page.goto(f"{demo.addresses.login}{path}")
    await steps.fill_in(page, demo, "otp")
    await page.check("input[value=ledger]")
    await page.click("#sign-in")
    await page.wait_for_selector("#code:visible")
    assert await looked_at(page, demo) == []
    await page.fill("#code", "no code")
    await page.click("#check-code")
    await expect(page.get_by_role("alert")).to_contain_text("not the right code")
    assert await looked_at(page, demo) == []
    await page.fill("#code", await unused_code(page, demo))
    await page.click("#check-code")
    await expect(page.locator("#name-id")).to_have_text("otp@harborbooks.example")


@pytest.mark.parametrize("via", ["custom", "custom-browser", "legacy"])
async def test_the_ledger_by_every_login_page(page: Page, demo: Demo, via: str) -> None:
    await page.goto(f"{demo.addresses.wsfed}/login?via={via}&to=/books/may")
    await steps.fill_in(page, demo, "bob")
    await page.click("#sign-in")
    await expect(page.locator("#name-id")).to_have_text("bob@harborbooks.example")
    assert page.url == f"{demo.addresses.wsfed}/books/may"


@pytest.mark.parametrize(("go", "app"), [("orders", "web"), ("library", "saml"), ("ledger", "wsfed")])
async def test_the_older_way_starts_applications(page: Page, demo: Demo, go: str, app: str) -> None:
    await page.goto(f"{demo.addresses.login}/legacy")
    await steps.fill_in(page, demo, "ann")
    await page.check(f"input[value={go}]")
    await page.click("#sign-in")
    await expect(page.locator("#name")).to_contain_text("Ann")
    assert page.url == f"{getattr(demo.addresses, app)}/"


@pytest.mark.parametrize("site", ["login", "foreign_login"])
@pytest.mark.parametrize("go", ["landing", "image"])
async def test_what_a_session_is_to_pages_of_either_site(page: Page, demo: Demo, site: str, go: str) -> None:
    """A page of another site sees no session, and an image on it leaves none."""
    await page.goto(f"{getattr(demo.addresses, site)}/legacy")
    await steps.fill_in(page, demo, "ann")
    await page.check(f"input[value={go}]")
    await page.click("#sign-in")
    expected = "ann@harborbooks.example is signed in" if site == "login" else "No session"
    await expect(page.locator("#session-summary")).to_contain_text(expected)
    assert await looked_at(page, demo) == []
    if go == "image":
        await expect(page.locator("#image-size")).to_have_text("(1 x 1)")
    signed_in = await steps.signed_in_as(page.context, demo)
    assert signed_in == (None if (site, go) == ("foreign_login", "image") else "ann@harborbooks.example")


async def test_staying_who_one_is(page: Page, demo: Demo) -> None:
    """Ann says no to Bob's ticket: the app is told so, and the session stays hers."""
    await page.goto(demo.addresses.playground)
    await page.click("#start-collision")
    for _ in range(20):
        await page.wait_for_selector("#act, #go, #again, #confirm-stay, #appForm button")
        if await page.locator("#again").count():
            break
        await page.locator("#act, #go, #confirm-stay, #appForm button").first.click()
    await expect(page.locator(".outcome").nth(4)).to_contain_text("You stayed who you were")
    await expect(page.locator(".token").first).to_contain_text("ann@harborbooks.example")
    assert await steps.signed_in_as(page.context, demo) == "ann@harborbooks.example"


async def test_a_wrong_code_can_be_tried_again(page: Page, demo: Demo) -> None:
    await page.goto(demo.addresses.playground)
    await page.click("#start-second-factor")
    await page.click("#act")
    await page.click("#act")
    await page.fill("#code", "no code")
    await page.click("#act")
    await expect(page.get_by_role("alert")).to_contain_text("Refused")
    await expect(page.locator(".event-id")).to_have_text(re.compile(r"[0-9A-Za-z]{20}"))
    assert await looked_at(page, demo) == []


async def test_somebody_who_may_not_use_the_app(page: Page, demo: Demo) -> None:
    await page.goto(demo.addresses.login)
    await steps.fill_in(page, demo, "outsider")
    await page.click("#sign-in")
    await expect(page.locator("#error")).to_have_text("access_denied")
    await expect(page.locator("#event-id")).to_have_text(re.compile(r"[0-9A-Za-z]{20}"))


@pytest.mark.parametrize("way", ["https://elsewhere.example/oauth2/v1/authorize", "{idp}/login/signout", "{idp}@x/"])
async def test_the_login_page_sends_a_token_nowhere_else(page: Page, demo: Demo, way: str) -> None:
    """Neither somebody who is about to sign in nor somebody who just did is led away."""
    await page.goto(f"{demo.addresses.login}/?{urlencode({'return_to': way.format(idp=demo.addresses.idp)})}")
    await expect(page.locator("h1")).to_have_text("Not that way")
    assert await page.locator("#password").count() == 0
