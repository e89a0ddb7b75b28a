"""What becomes of a browser that is signed in as one person and opens a link with a ticket of another, outcome by
outcome; and that a ticket which a signed-in browser saw is spent (OT-15, I4).
"""

import asyncio
import re
from collections.abc import Iterator
from dataclasses import dataclass
from html import escape
from urllib.parse import parse_qs, urlencode, urlsplit

import pytest
from playwright.async_api import BrowserContext, Page, expect
from tests import okta_steps
from tests.browser.foreign_site import ForeignSite
from tests.installation import Client, Installation
from tests.server import Server, Site, running_server

from segue.admin import applications, origins
from segue.admin.applications import Traits
from segue.core.application import Bookmark, OidcClient, SamlServiceProvider, WhenOtherUser, WsFedRelyingParty
from segue.core.org import OrgSettings
from segue.events import Event

pytestmark = [pytest.mark.browser, pytest.mark.server, pytest.mark.asyncio(loop_scope="session")]

EVENT_ID = re.compile(r"evt[0-9A-Za-z]{17}")
# The newest refusal about somebody.
NEWEST = "SELECT {} FROM events WHERE outcome = 'refused' AND user_id = ? ORDER BY at DESC, id DESC LIMIT 1"
OUTCOMES: tuple[WhenOtherUser, ...] = ("login_required", "end_and_prompt", "replace", "refuse", "keep")


@dataclass(frozen=True, slots=True)
class Targets:
    """Applications on another origin of this machine: a client for each outcome, and one of every kind of link."""

    origin: str
    clients: dict[str, Client]
    paths: dict[str, str]


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    settings = OrgSettings(session_image=True)
    with running_server(tmp_path_factory.mktemp("collision"), org_settings=settings) as running:
        yield running


@pytest.fixture(scope="module")
def targets(server: Server, elsewhere: ForeignSite) -> Targets:
    origin = elsewhere.origin.replace("127.0.0.1", "localhost")
    return server.inside(lambda installation: _made(installation, origin))


async def _made(installation: Installation, origin: str) -> Targets:
    store, change, clients = installation.segue.store, installation.change, {}
    await origins.trust_origin(store, name="Targets", origin=origin, scopes=["CORS", "REDIRECT"], change=change)
    for outcome in ("default", *OUTCOMES):
        setting = None if outcome == "default" else outcome
        traits = Traits(f"Client {outcome}", name=outcome, everyone=True, when_other_user=setting)
        oidc = OidcClient(f"{outcome}-client", (f"{origin}/{outcome}",))
        made = await applications.create_oidc(store, traits, oidc, change)
        clients[outcome] = Client(made.application.id, oidc.client_id, "", oidc.redirect_uris[0], "")

    def traits_of(label: str, name: str) -> Traits:
        return Traits(label, name=name, everyone=True, home_authority=installation.domain.authority)

    bookmark = await applications.create_bookmark(store, traits_of("Mark", "mark"), Bookmark(f"{origin}/mark"), change)
    provider = SamlServiceProvider(f"{origin}/sp", (f"{origin}/acs",))
    saml = await applications.create_saml(store, traits_of("Sp", "sp"), provider, change)
    party = WsFedRelyingParty(f"{origin}/rp", (f"{origin}/wsfed",))
    wsfed = await applications.create_wsfed(store, traits_of("Rp", "template_wsfed"), party, change)
    mark, sp, rp = bookmark.application, saml.application, wsfed.application
    realm = urlencode({"wa": "wsignin1.0", "wtrealm": party.realm})
    paths = {
        "redirect link": f"/login/sessionCookieRedirect?{urlencode({'redirectUrl': f'{origin}/home'})}&token=",
        "embed link": f"/home/{mark.name}/{mark.id}/{mark.links[0].id}?sessionToken=",
        "saml": f"/app/{sp.name}/{sp.external_key}/sso/saml?RelayState=x&sessionToken=",
        "wsfed": f"/app/{rp.name}/{rp.external_key}/sso/wsfed/passive?{realm}&sessionToken=",
    }
    return Targets(origin, clients, paths)


# --- who is here, and what was written down ---------------------------------------------------------------------------


async def sign_in(page: Page, site: Site, name: str = "ann") -> str:
    """Signs in on the hosted page; the id of the session."""
    await page.goto(f"{site.base_url}/login/login.htm")
    await page.fill("#username", site.person(name).login)
    await page.fill("#password", site.person(name).password)
    await page.click("#login-submit")
    await page.wait_for_selector("#signed-in-as")
    return str((await session(page.context, site))["id"])


async def session(context: BrowserContext, site: Site) -> dict[str, object]:
    """The browser's session; empty where it has none."""
    answer = await context.request.get(f"{site.base_url}/api/v1/sessions/me")
    assert answer.status in (200, 404)
    return dict(await answer.json()) if answer.status == 200 else {}


async def assert_still(context: BrowserContext, site: Site, session_id: str, name: str = "ann") -> None:
    found = await session(context, site)
    assert (found.get("id"), found.get("login")) == (session_id, site.person(name).login)


async def assert_written(server: Server, outcome: str, reason: str, event_id: str = "") -> None:
    """The event of the collision says how it ended, and whose ticket it was: the named one, or the newest refusal."""

    def find() -> Event:
        ident = event_id or server.rows(NEWEST.format("id"), server.site.person("bob").id)[0][0]
        return server.inside(lambda org: org.event(ident))

    event = await asyncio.to_thread(find)
    assert (event.outcome, event.reason, event.user_id) == ("refused", reason, server.site.person("bob").id)
    assert event.detail["trail"]["rule"] == f"other_user_{outcome}"  # type: ignore[index,call-overload]


async def token(site: Site, name: str = "bob") -> str:
    return await asyncio.to_thread(okta_steps.session_token, site, name)


def authorize(site: Site, client: Client, ticket: str, **more: str) -> str:
    parameters = {
        "client_id": client.client_id,
        "redirect_uri": client.redirect_uri,
        "response_type": "code",
        "scope": "openid",
        "state": "state",
        "sessionToken": ticket,
        **more,
    }
    return f"{site.base_url}/oauth2/v1/authorize?{urlencode(parameters)}"


async def answer_at(page: Page, client: Client) -> dict[str, str]:
    """What the browser brought to the application."""
    await page.wait_for_url(f"{client.redirect_uri}?**")
    return {name: value for name, [value] in parse_qs(urlsplit(page.url).query).items()}


# --- the outcomes -----------------------------------------------------------------------------------------------------


async def test_OT_15_the_redirect_link_keeps_the_session(
    page: Page, context: BrowserContext, server: Server, targets: Targets
) -> None:
    site = server.site
    before = await sign_in(page, site)
    await page.goto(f"{site.base_url}{targets.paths['redirect link']}{await token(site)}")
    assert page.url == f"{targets.origin}/home"
    await assert_still(context, site, before)
    await assert_written(server, "keep", "session_kept")


async def test_OT_15_nothing_may_be_shown(
    page: Page, context: BrowserContext, server: Server, targets: Targets
) -> None:
    site, client = server.site, targets.clients["default"]
    before = await sign_in(page, site)
    await page.goto(authorize(site, client, await token(site), prompt="none"))
    answer = await answer_at(page, client)
    assert answer["error"] == "login_required"
    assert "code" not in answer
    await assert_still(context, site, before)
    [event_id] = EVENT_ID.findall(answer["error_description"])
    await assert_written(server, "login_required", "login_required", event_id)


async def test_OT_15_the_page_asks_and_the_person_stays(
    page: Page, context: BrowserContext, server: Server, targets: Targets
) -> None:
    site, client = server.site, targets.clients["default"]
    before = await sign_in(page, site)
    await page.goto(authorize(site, client, await token(site)))
    await expect(page.get_by_role("heading", level=1)).to_contain_text("Continue as Bob")
    await assert_still(context, site, before)
    await page.click("#confirm-stay")
    answer = await answer_at(page, client)
    assert answer["error"] == "access_denied"
    await assert_still(context, site, before)
    refused = await asyncio.to_thread(server.rows, NEWEST.format("reason"), site.person("bob").id)
    assert refused == [("access_denied",)]


async def assert_replaced(context: BrowserContext, server: Server, before: str) -> None:
    """The browser is Bob's now, and Ann's session ended, as an event of its own says."""
    found = await session(context, server.site)
    assert found["login"] == server.site.person("bob").login
    assert found["id"] != before
    statement = "SELECT type FROM events WHERE credential_id = ? ORDER BY at, id"
    ended = [kind for (kind,) in await asyncio.to_thread(server.rows, statement, before)]
    assert ended == ["session.open", "session.end"]


async def test_OT_15_the_page_asks_and_the_person_continues(
    page: Page, context: BrowserContext, server: Server, targets: Targets
) -> None:
    site, client = server.site, targets.clients["default"]
    before = await sign_in(page, site)
    await page.goto(authorize(site, client, await token(site)))
    await page.click("#confirm-continue")
    assert "code" in await answer_at(page, client)
    await assert_replaced(context, server, before)


async def test_an_application_may_have_it_replaced(
    page: Page, context: BrowserContext, server: Server, targets: Targets
) -> None:
    site, client = server.site, targets.clients["replace"]
    before = await sign_in(page, site)
    await page.goto(authorize(site, client, await token(site)))
    assert "code" in await answer_at(page, client)
    await assert_replaced(context, server, before)


async def test_an_application_may_have_the_session_ended(
    page: Page, context: BrowserContext, server: Server, targets: Targets
) -> None:
    site, client = server.site, targets.clients["end_and_prompt"]
    await sign_in(page, site)
    await page.goto(authorize(site, client, await token(site)))
    await expect(page.locator("#password")).to_be_visible()
    assert await session(context, site) == {}
    await assert_written(server, "end_and_prompt", "login_required")
    await page.fill("#username", site.person("bob").login)
    await page.fill("#password", site.person("bob").password)
    await page.click("#login-submit")
    assert "code" in await answer_at(page, client)


@pytest.mark.parametrize("outcome", ["refuse", "login_required", "keep"])
async def test_an_application_may_refuse(
    page: Page, context: BrowserContext, server: Server, targets: Targets, outcome: str
) -> None:
    site, client = server.site, targets.clients[outcome]
    before = await sign_in(page, site)
    await page.goto(authorize(site, client, await token(site)))
    answer = await answer_at(page, client)
    assert "code" not in answer
    [event_id] = EVENT_ID.findall(answer["error_description"])
    await assert_written(server, outcome, "session_kept" if outcome == "keep" else "login_required", event_id)
    await assert_still(context, site, before)


# --- I4: visited while signed in, signed out, visited again -----------------------------------------------------------


@pytest.mark.parametrize("name", ["ann", "bob"])
@pytest.mark.parametrize("way", ["redirect link", "embed link", "saml", "wsfed"])
async def test_a_ticket_that_a_signed_in_browser_saw_is_spent(
    page: Page, context: BrowserContext, server: Server, targets: Targets, way: str, name: str
) -> None:
    site = server.site
    await sign_in(page, site)
    address = f"{site.base_url}{targets.paths[way]}{await token(site, name)}"
    await page.goto(address)
    await page.wait_for_load_state()
    assert (await session(context, site))["login"] == site.person("ann").login
    await context.request.get(f"{site.base_url}/login/signout")
    assert await session(context, site) == {}
    await page.goto(address)
    await expect(page.locator("#password")).to_be_visible()
    assert await session(context, site) == {}


@pytest.mark.parametrize("name", ["ann", "bob"])
async def test_an_image_that_a_signed_in_browser_loaded_is_spent(
    page: Page, context: BrowserContext, server: Server, targets: Targets, elsewhere: ForeignSite, name: str
) -> None:
    site = server.site
    before = await sign_in(page, site)
    ticket = await asyncio.to_thread(okta_steps.image_token, site, name)
    source = f"{site.base_url}/login/sessionCookie?token={ticket}"
    holding = elsewhere.page(f'<img src="{escape(source)}">').replace("127.0.0.1", "localhost")
    for signed_in_as in ("ann", ""):
        async with page.expect_response(source) as loaded:
            await page.goto(holding)
        assert (await loaded.value).headers["content-type"] == "image/png"
        found = await session(context, site)
        assert found.get("login") == (site.person("ann").login if signed_in_as else None)
        if name == "bob" and signed_in_as:
            assert found["id"] == before
            await assert_written(server, "keep", "session_kept")
        await context.request.get(f"{site.base_url}/login/signout")
