"""What is done in the console holds everywhere else, at once, and is an event with the name of who did it."""

import re
import time
from collections.abc import Sequence
from dataclasses import replace

import httpx
import pytest
from lxml import html
from tests.console_steps import enter, post, told, wrong
from tests.hand_over import new_person
from tests.http_client import Browser
from tests.installation import APP, Client, Installation, Person
from tests.okta_steps import asks, authorize, code_for, exchange, is_signed_in, sign_in, signed_in, with_api_token
from tests.server import Server, Site

from segue.admin import applications
from segue.admin.applications import Traits
from segue.admin.log import read_log
from segue.core.application import OidcClient
from segue.core.org import OrgSettings
from segue.events import Event
from segue.stores import EventPage


@pytest.fixture
def owner(site: Site) -> Browser:
    return enter(site)


def person(server: Server, name: str) -> Person:
    """Somebody for one test alone."""

    async def make(at: Installation) -> Person:
        return await at.add_person(f"{name}@console.example.com", {"firstName": name.title()}, exempt=True)

    return server.inside(make)


def client(server: Server, name: str) -> Client:
    """An application for one test alone."""
    uri = f"{APP}/{name}"

    async def make(at: Installation) -> Client:
        wanted = OidcClient(f"{name}-client", (uri,))
        traits = Traits(name.title(), name=name, everyone=True)
        made = await applications.create_oidc(at.segue.store, traits, wanted, at.change)
        return Client(made.application.id, wanted.client_id, made.client_secret or "", uri, wanted.authentication)

    return server.inside(make)


def settle() -> None:
    """Waits until no process remembers the configuration of before: that is a second old at most."""
    time.sleep(1.2)


def events_of(server: Server, type: str) -> Sequence[Event]:
    async def read(at: Installation) -> Sequence[Event]:
        page = EventPage(newest_first=True, limit=50)
        found = await read_log(at.segue.store, at.org_id, page, lambda event, _: event.type == type)
        return found.events

    return server.inside(read)


def assert_done_by(server: Server, site: Site, type: str, **about: str) -> None:
    """That the newest event of that type names the console's user, and what it was done to."""
    event = events_of(server, type)[0]
    assert event.actor_id == site.person("carol").id
    assert {name: getattr(event, name) for name in about} == about


def test_a_user_is_added_and_signs_in(server: Server, site: Site, owner: Browser) -> None:
    made = post(
        owner,
        "/console/users/new",
        **{"login": "new@console.example.com", "profile.lastName": "New", "password": "plum tree by the 4 winds"},
    )
    assert "New was added" in told(owner, made)
    user_id = made.headers["location"].rpartition("/")[2]
    assert_done_by(server, site, "user.add", user_id=user_id)
    signs_in = Person(user_id, "new@console.example.com", "plum tree by the 4 winds")
    assert sign_in(site, signs_in).json()["status"] == "SUCCESS"
    taken = post(owner, "/console/users/new", login="new@console.example.com")
    assert wrong(taken)[0] == "login"


def test_a_suspended_user_is_signed_out_everywhere(server: Server, site: Site, owner: Browser) -> None:
    somebody = person(server, "suspended-there")
    browser = signed_in(site, somebody)
    asked = owner.get(f"/console/users/{somebody.id}/state?to=suspend")
    assert "All that was issued to them ends" in asked.text
    assert is_signed_in(browser)
    done = post(owner, f"/console/users/{somebody.id}/state", to="suspend")
    assert "is suspended" in told(owner, done)
    assert not is_signed_in(browser)
    assert_done_by(server, site, "user.status", user_id=somebody.id)
    assert "can sign in again" in told(owner, post(owner, f"/console/users/{somebody.id}/state", to="restore"))
    assert sign_in(site, somebody).status_code == 200


def test_a_session_ends_after_its_dry_run(server: Server, site: Site, owner: Browser) -> None:
    somebody = person(server, "lineage")
    browser = signed_in(site, somebody)
    session = browser.cookies["sid"].partition(".")[0]
    tree = owner.get(f"/console/users/{somebody.id}/lineage")
    assert session in tree.text
    dry = owner.get(f"/console/users/{somebody.id}/end", params={"credential": session})
    assert "Nothing has ended yet" in dry.text
    assert "End this session?" in dry.text
    assert is_signed_in(browser)
    done = post(owner, f"/console/users/{somebody.id}/end", credential=session)
    assert "ended" in told(owner, done)
    assert not is_signed_in(browser)
    assert_done_by(server, site, "session.end", credential_id=session)
    assert post(owner, f"/console/users/{somebody.id}/end", credential=session).status_code == 404
    assert "Ended" in owner.get(f"/console/users/{somebody.id}/lineage?show=all").text


def test_a_temporary_password_is_good_for_choosing_another(server: Server, site: Site, owner: Browser) -> None:
    somebody = person(server, "forgetful")
    done = post(owner, f"/console/users/{somebody.id}/password", do="temporary")
    page = owner.follow(done)
    (temporary,) = re.findall(r"<code>([A-Za-z0-9]{16})</code>", page.text)
    assert sign_in(site, somebody).status_code == 401
    answer = sign_in(site, Person(somebody.id, somebody.login, temporary)).json()
    assert answer["status"] == "PASSWORD_EXPIRED"
    assert temporary not in owner.get(f"/console/users/{somebody.id}/security").text


def test_a_new_secret_works_and_the_old_one_as_long_as_it_was_kept(server: Server, site: Site, owner: Browser) -> None:
    app = client(server, "secretive")
    fresh = _new_secret(owner, app, keep_old="yes")
    browser = signed_in(site)
    for secret in (app.secret, fresh):
        known = Client(app.app_id, app.client_id, secret, app.redirect_uri, app.authentication)
        assert exchange(site, known, code_for(browser, known)).status_code == 200
    newest = _new_secret(owner, app)
    settle()
    for secret, status in ((app.secret, 401), (fresh, 401), (newest, 200)):
        known = Client(app.app_id, app.client_id, secret, app.redirect_uri, app.authentication)
        assert exchange(site, known, code_for(browser, known)).status_code == status
    assert_done_by(server, site, "application.secret", app_id=app.app_id)


def _new_secret(owner: Browser, app: Client, **fields: str) -> str:
    page = owner.follow(post(owner, f"/console/apps/{app.app_id}/secrets", **fields))
    (secret,) = re.findall(r"<code>([0-9A-Za-z]{43})</code>", page.text)
    return str(secret)


def test_an_application_out_of_use_refuses_and_the_console_says_why(server: Server, site: Site, owner: Browser) -> None:
    app = client(server, "closing")
    browser = signed_in(site)
    assert code_for(browser, app)
    assert "deactivated" in told(owner, post(owner, f"/console/apps/{app.app_id}/state", state="inactive"))
    settle()
    refused = browser.get("/oauth2/v1/authorize", params=asks(app))
    event_id = event_in(refused)
    explained = owner.get(f"/console/events/{event_id}")
    assert explained.status_code == 200, explained.text[:500]
    assert "What was checked" in explained.text
    assert "failed" in explained.text
    found = owner.get("/console/search", params={"q": event_id})
    assert found.headers["location"] == f"{site.base_url}/console/events/{event_id}"


def event_in(response: httpx.Response) -> str:
    """The id of the event that the answer names."""
    text = response.text + response.headers.get("location", "")
    return re.findall(r"evt[0-9A-Za-z]{17}", text)[0]


def test_a_rotated_key_is_published_and_waits(server: Server, twin: Site) -> None:
    """In the other org: the keys of the first are what many tests sign with."""
    owner = enter(twin)
    before = {key["kid"] for key in twin.browser().get("/oauth2/v1/keys").json()["keys"]}
    asked = owner.get("/console/keys/rotate?set=main&algorithm=RS256")
    assert "stays published" in asked.text
    done = post(owner, "/console/keys/rotate", set="main", algorithm="RS256")
    assert "A new RS256 key is published" in told(owner, done)
    page = owner.get("/console/keys").text
    kids = set(re.findall(r"<code>([A-Za-z0-9_-]{43})</code>", page))
    assert len(kids & before) >= 1
    assert "Waits" in page
    again = post(owner, "/console/keys/rotate", set="main", algorithm="RS256")
    assert again.status_code == 400
    assert "waits to sign" in again.text


def test_what_the_console_trusts_the_api_lists(server: Server, site: Site, owner: Browser) -> None:
    target, origin = client(server, "target-app"), client(server, "origin-app")
    done = post(owner, f"/console/apps/{target.app_id}/trust", do="trust", origin=origin.app_id)
    assert "may hand sign-ins over" in told(owner, done)
    path = f"/api/v1/apps/{target.app_id}/interclient-allowed-apps"
    listed = site.browser().get(path, headers=with_api_token(site))
    assert origin.app_id in listed.text
    done = post(owner, f"/console/apps/{target.app_id}/trust", do="distrust", origin=origin.app_id)
    assert "trusted no more" in told(owner, done)
    assert origin.app_id not in site.browser().get(path, headers=with_api_token(site)).text
    itself = post(owner, f"/console/apps/{target.app_id}/trust", do="trust", origin=target.app_id)
    assert wrong(itself)[0] == "origin"


def test_an_assignment_opens_an_application(server: Server, site: Site, owner: Browser) -> None:
    somebody, app = person(server, "assigned-there"), client(server, "by-name")
    assert "Only those assigned" in told(owner, post(owner, f"/console/apps/{app.app_id}/people", do="everyone"))
    settle()
    browser = signed_in(site, somebody)
    assert "access_denied" in authorize(browser, app).headers["location"]
    done = post(owner, f"/console/apps/{app.app_id}/people", do="assign", user=somebody.login)
    assert "may use" in told(owner, done)
    assert code_for(browser, app)
    done = post(owner, f"/console/users/{somebody.id}/apps", do="unassign", app=app.app_id)
    assert "taken away" in told(owner, done)
    assert "access_denied" in authorize(browser, app).headers["location"]


def test_a_refused_form_is_an_event_as_well(server: Server, site: Site, owner: Browser) -> None:
    answer = post(owner, "/console/origins/new", name="x", origin="ftp://x", scopes="CORS")
    field, why = wrong(answer)
    assert field == "origin"
    assert why
    event = server.inside(lambda at: at.event(event_in(answer)))
    assert (event.type, event.outcome, event.reason) == ("console.change", "refused", "invalid_value")
    nothing = owner.get("/console/users/00uVbVkXRI0pxnQcYH5Z")
    assert nothing.status_code == 404
    assert server.inside(lambda at: at.event(event_in(nothing))).type == "console.request"


def test_a_lost_factor_is_taken_away(server: Server, site: Site, owner: Browser) -> None:
    somebody, _ = new_person(server, totp=True)
    page = owner.get(f"/console/users/{somebody.id}/security")
    (factor,) = re.findall(r'name="factor" value="([0-9A-Za-z]{20})"', page.text)
    wanted = f"/console/users/{somebody.id}/security"
    assert "The factor was removed" in told(owner, post(owner, wanted, do="remove_factor", factor=factor))
    assert "No second factor" in owner.get(wanted).text
    assert_done_by(server, site, "factor.remove", user_id=somebody.id)
    assert post(owner, wanted, do="remove_factor", factor=factor).status_code == 404


def test_the_orgs_settings_are_changed_and_hold(server: Server, site: Site, owner: Browser) -> None:
    """All fields as the page has them, with one or two changed: what is not sent is off or empty."""

    def shown() -> dict[str, list[str]]:
        page = html.document_fromstring(owner.get("/console/settings").text)
        fields: dict[str, list[str]] = {}
        for each in page.xpath("//form[@id='settings']//*[@name]"):
            if each.get("type") != "checkbox" or each.get("checked") is not None:
                text = each.text_content().strip("\n") if each.tag == "textarea" else each.get("value")
                fields.setdefault(each.get("name"), []).append(text)
        return fields

    before = shown()

    async def stored(at: Installation) -> OrgSettings:
        org = await at.segue.store.org(at.org_id)
        assert org is not None
        return org.settings

    known = server.inside(stored)
    unchanged = owner.post("/console/settings", data=before)
    assert "The settings were saved" in told(owner, unchanged)
    assert server.inside(stored) == known
    for field, value, why in (
        ("lockout_attempts", "1", "“How many lock an account” is a number from 3 to 100."),
        ("session_idle_s", "an hour", "“Without use” is a number."),
        ("password_rules.min_length", "7", "“Fewest characters” is a number from 8 to 64."),
        ("gateways", "0.0.0.0/0", "A network of everybody is no gateway; name the addresses of your own."),
        ("factors", "telepathy", "There is no factor called telepathy."),
    ):
        refused = owner.post("/console/settings", data={**before, field: value})
        assert wrong(refused) == ("" if field == "factors" else field, why), field
    changed = {**before, "confirm_links": "yes", "remember_device_s": "3600", "gateways": "192.0.2.0/24\n198.51.100.1"}
    assert "The settings were saved" in told(owner, owner.post("/console/settings", data=changed))
    now = server.inside(stored)
    assert now == replace(known, confirm_links=True, remember_device_s=3600, gateways=("192.0.2.0/24", "198.51.100.1"))
    event = events_of(server, "org.settings")[0]
    assert event.actor_id == site.person("carol").id
    stale = owner.post("/console/settings", data=before)
    assert stale.status_code == 400
    assert "Somebody else changed this" in stale.text
    assert "The settings were saved" in told(
        owner, owner.post("/console/settings", data={**before, "seen": shown()["seen"]})
    )
    assert server.inside(stored) == known


def test_a_group_rule_puts_people_into_its_group(server: Server, site: Site, owner: Browser) -> None:
    somebody, left_out = person(server, "ruled-in"), person(server, "ruled-out")
    made = post(owner, "/console/groups/new", name="Ruled")
    group = made.headers["location"].rpartition("/")[2]
    wish = {"do": "save", "name": "Ruled people", "groups": group, "excluded": left_out.login}
    whom = 'String.startsWith(user.login, "ruled-")'
    new = "/console/group-rules/new"
    assert wrong(post(owner, new, **wish, expression="user.login ="))[0] == "expression"
    assert wrong(post(owner, new, **{**wish, "excluded": "nobody-of-this-name"}, expression=whom))[0] == "excluded"
    without = post(owner, new, **{name: value for name, value in wish.items() if name != "groups"}, expression=whom)
    assert wrong(without)[1] == "A rule has 1 to 50 groups."
    rule = post(owner, new, **wish, expression=whom)
    assert "was added" in told(owner, rule)
    address = rule.headers["location"].removeprefix(site.base_url)
    assert_done_by(server, site, "group_rule.create")
    assert wrong(post(owner, new, **wish, expression=whom))[0] == "name"

    def members() -> set[str]:
        page = html.document_fromstring(owner.get(f"/console/groups/{group}").text)
        return {str(each).rpartition("/")[2] for each in page.xpath("//tbody//th/a/@href")}

    assert members() == set()
    assert "is in use" in told(owner, post(owner, address, do="start"))
    assert members() == {somebody.id}
    refused = post(owner, address, **wish, expression=whom)
    assert (refused.status_code, "Deactivate the rule before" in refused.text) == (400, True)
    assert post(owner, address, do="remove").status_code == 400
    assert "Membership in Ruled" in owner.get(f"{address}?sure=stop").text
    assert "is out of use" in told(owner, post(owner, address, do="stop"))
    assert members() == set()
    stale = post(owner, address, **wish, expression=whom, seen="1")
    assert "Somebody else changed this" in stale.text
    assert "was saved" in told(owner, post(owner, address, **{**wish, "name": "Renamed"}, expression=whom))
    assert "nobody's groups change" in html.document_fromstring(owner.get(f"{address}?sure=remove").text).text_content()
    assert "Renamed was removed" in told(owner, post(owner, address, do="remove"))
    assert owner.get(address).status_code == 404
