"""Links that ask before they spend a ticket, and applications that always ask whose sign-in it is (OT-09, OT-15)."""

import asyncio
import re
from collections.abc import Iterator
from dataclasses import dataclass
from urllib.parse import urlencode

import pytest
from playwright.async_api import Page, expect
from tests import okta_steps
from tests.browser.foreign_site import ForeignSite
from tests.http_client import cookies_of
from tests.installation import Installation
from tests.okta_steps import is_signed_in
from tests.server import Server, running_server

from segue.admin import applications, origins
from segue.admin.applications import Traits
from segue.core.application import Bookmark, OidcClient, SamlServiceProvider, WsFedRelyingParty
from segue.core.org import OrgSettings

pytestmark = [pytest.mark.browser, pytest.mark.server, pytest.mark.asyncio(loop_scope="session")]

WAYS = ("authorize", "redirect link", "embed link", "saml", "wsfed")
HIDDEN = re.compile(r'name="(to|proof)" value="([^"]*)"')


@dataclass(frozen=True, slots=True)
class Targets:
    """``paths`` end where the ticket belongs; ``arrivals`` are where each leads."""

    paths: dict[str, str]
    arrivals: dict[str, str]
    always_asking: str


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    settings = OrgSettings(confirm_links=True)
    with running_server(tmp_path_factory.mktemp("asked-first"), org_settings=settings) as running:
        yield running


@pytest.fixture(scope="module")
def targets(server: Server, elsewhere: ForeignSite) -> Targets:
    return server.inside(lambda installation: _made(installation, elsewhere.origin.replace("127.0.0.1", "localhost")))


async def _made(installation: Installation, origin: str) -> Targets:
    store, change = installation.segue.store, installation.change
    await origins.trust_origin(store, name="Targets", origin=origin, scopes=["REDIRECT"], change=change)

    def traits(label: str, name: str) -> Traits:
        return Traits(label, name=name, everyone=True, home_authority=installation.domain.authority)

    oidc = OidcClient("client", (f"{origin}/callback",))
    await applications.create_oidc(store, traits("Client", "client"), oidc, change)
    always = Traits("Careful", name="careful", everyone=True, when_other_user="ask_always")
    await applications.create_oidc(store, always, OidcClient("careful", (f"{origin}/careful",)), change)
    mark = (
        await applications.create_bookmark(store, traits("Mark", "mark"), Bookmark(f"{origin}/mark"), change)
    ).application
    provider = SamlServiceProvider(f"{origin}/sp", (f"{origin}/acs",))
    sp = (await applications.create_saml(store, traits("Sp", "sp"), provider, change)).application
    party = WsFedRelyingParty(f"{origin}/rp", (f"{origin}/wsfed",))
    rp = (await applications.create_wsfed(store, traits("Rp", "template_wsfed"), party, change)).application
    realm = urlencode({"wa": "wsignin1.0", "wtrealm": party.realm})

    def authorize(client: str, path: str) -> str:
        asked = {"client_id": client, "redirect_uri": f"{origin}/{path}", "response_type": "code", "scope": "openid"}
        return f"/oauth2/v1/authorize?{urlencode({**asked, 'state': 'a state & more'})}&sessionToken="

    paths = {
        "authorize": authorize("client", "callback"),
        "redirect link": f"/login/sessionCookieRedirect?{urlencode({'redirectUrl': f'{origin}/home?x=1'})}&token=",
        "embed link": f"/home/{mark.name}/{mark.id}/{mark.links[0].id}?sessionToken=",
        "saml": f"/app/{sp.name}/{sp.external_key}/sso/saml?RelayState=x&sessionToken=",
        "wsfed": f"/app/{rp.name}/{rp.external_key}/sso/wsfed/passive?{realm}&sessionToken=",
    }
    ends = {"authorize": "callback", "redirect link": "home", "embed link": "mark", "saml": "acs", "wsfed": "wsfed"}
    arrivals = {way: f"{origin}/{end}" for way, end in ends.items()}
    return Targets(paths, arrivals, authorize("careful", "careful"))


async def token(server: Server, name: str = "ann") -> str:
    return await asyncio.to_thread(okta_steps.session_token, server.site, name)


@pytest.mark.parametrize("way", WAYS)
async def test_OT_09_a_link_that_is_looked_at_still_works_for_its_person(
    page: Page, server: Server, targets: Targets, way: str
) -> None:
    path = f"{targets.paths[way]}{await token(server)}"
    scanner = server.site.browser()
    for _ in range(3):
        seen = scanner.get(path)
        assert seen.status_code == 200
        assert "Go on with this sign-in?" in seen.text
        assert "sid" not in [cookie.name for cookie in cookies_of(seen)]
    assert not is_signed_in(scanner)
    await page.goto(f"{server.site.base_url}{path}")
    await expect(page.locator("h1")).to_have_text("Go on with this sign-in?")
    await page.click("#go-on")
    await page.wait_for_url(re.compile(re.escape(targets.arrivals[way]) + "($|[?#])"))
    answer = await page.context.request.get(f"{server.site.base_url}/api/v1/sessions/me")
    assert (await answer.json())["login"] == server.site.person("ann").login
    assert "Go on with this sign-in?" in server.site.browser().get(path).text, "another browser is asked as well"


async def test_OT_04_the_link_works_once_all_the_same(page: Page, server: Server, targets: Targets) -> None:
    path = f"{server.site.base_url}{targets.paths['redirect link']}{await token(server)}"
    await page.goto(path)
    await page.click("#go-on")
    await page.wait_for_url(re.compile(re.escape(targets.arrivals["redirect link"])))
    await page.context.clear_cookies()
    await page.goto(path)
    await page.click("#go-on")
    await expect(page.locator("#username")).to_be_visible()


async def test_OT_15_only_the_browser_that_was_asked_can_answer(server: Server, targets: Targets) -> None:
    path = f"{targets.paths['redirect link']}{await token(server)}"
    asked, other = server.site.browser(), server.site.browser()
    fields = dict(HIDDEN.findall(asked.get(path).text.replace("&amp;", "&")))
    assert fields["to"] == path
    assert other.post("/login/continue", data=fields).status_code in (400, 403), "a browser that was asked nothing"
    other.get(path)
    assert other.post("/login/continue", data=fields).status_code in (400, 403), "the form of another browser"
    for to in ("//evil.example/", "https://evil.example/", "/\\evil.example", "", path + "x"):
        assert asked.post("/login/continue", data={**fields, "to": to}).status_code in (400, 403)
    back = asked.post("/login/continue", data=fields)
    assert (back.status_code, back.headers["location"]) == (303, f"{server.site.base_url}{path}")
    assert asked.get(path).status_code == 302


async def test_what_may_show_no_page_is_not_asked(server: Server, targets: Targets) -> None:
    answer = server.site.browser().get(f"{targets.paths['authorize']}{await token(server)}&prompt=none")
    assert answer.status_code == 302
    assert "code=" in answer.headers["location"]


async def test_OT_15_an_application_can_always_ask_whose_sign_in_it_is(
    page: Page, server: Server, targets: Targets
) -> None:
    passive = server.site.browser().get(f"{targets.always_asking}{await token(server)}&prompt=none")
    assert "error=login_required" in passive.headers["location"]
    await page.goto(f"{server.site.base_url}{targets.always_asking}{await token(server)}")
    await page.click("#go-on")
    await expect(page.locator("h1")).to_contain_text("Continue as")
    await page.click("#confirm-stay")
    await page.wait_for_url(re.compile("error=access_denied"))
    await page.goto(f"{server.site.base_url}{targets.always_asking}{await token(server)}")
    await page.click("#go-on")
    await page.click("#confirm-continue")
    await page.wait_for_url(re.compile("[?&]code="))
