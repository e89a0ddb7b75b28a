"""The console attacked over HTTP: forged forms, other people's sessions, other orgs, markup in every name."""

import asyncio
import json
import re
from collections.abc import Iterator

import httpx
import pyotp
import pytest
from lxml import html
from tests.attacks.hostile_markup import XSS, dangerous
from tests.attacks.test_http_fuzz import HOSTILE
from tests.console_steps import READS, enter, form_token, post, token_of, told
from tests.hand_over import enroll_totp
from tests.http_client import Browser, forms_of
from tests.installation import Installation, Person
from tests.okta_steps import signed_in
from tests.server import Server, Site, running_server

from segue.admin import applications, roles, users
from segue.admin.applications import Traits
from segue.app import build
from segue.core.application import Bookmark, OidcClient
from segue.core.policy import default_policy
from segue.core.user import Role
from segue.web.surface import Route

HOLE = re.compile(r"[{](\w+)[}]")
CHANGING = [path for path in READS if path.endswith(("/new", "/edit", "/state", "/handoff", "/secrets", "/rotate"))]


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    """Orgs of its own: what is tried here changes applications, keys and people."""
    with running_server(tmp_path_factory.mktemp("console"), workers=2) as running:
        yield running


@pytest.fixture(scope="module")
def routes(server: Server) -> list[Route]:
    segue = build(server.settings)
    segue.hasher.close()
    return [route for route in segue.edge.surfaces["okta"].routes if route.path.startswith("/console")]


@pytest.fixture
def owner(site: Site) -> Browser:
    return enter(site)


def of_role(server: Server, role: Role, login: str) -> Browser:
    """Somebody of that role, signed in to the console."""

    async def make(at: Installation) -> tuple[str, str]:
        person = await at.add_person(login)
        await roles.assign_role(at.segue.store, await at.user(person.id), role, at.change)
        return person.login, person.password

    login, password = server.inside(make)
    browser = server.site.browser()
    page = browser.follow(browser.get("/console"))
    page = browser.follow(browser.submit(page, username=login, password=password))
    assert page.status_code == 200, page.text[:2000]
    return browser


def filled(path: str, site: Site, ident: str = "") -> str:
    """The route's path with an id of the subject that it is about."""
    everybody = f"00g{site.org.org_id[3:]}"
    known = ident or (site.org.clients["web"].app_id if "/apps/" in path else site.person("bob").id)
    known = everybody if "/groups/" in path and not ident else known
    known = default_policy(site.org.org_id, "access").id if "/policies/" in path and not ident else known
    return HOLE.sub(known, path)


# --- who may come in ---


def test_every_page_is_known_to_these_tests(routes: list[Route]) -> None:
    assert {route.path for route in routes} == set(READS)


def test_nobody_gets_in_without_signing_in(site: Site, routes: list[Route]) -> None:
    for route in routes:
        for method in route.methods:
            response = site.browser().request(method, filled(route.path, site))
            assert response.is_redirect, (method, route.path)
            assert response.headers["location"].startswith(f"{site.base_url}/login/login.htm?"), route.path


def test_nobody_gets_in_without_a_role(site: Site, routes: list[Route]) -> None:
    browser = signed_in(site)
    for route in routes:
        if route.methods == ("GET",):
            response = browser.get(filled(route.path, site))
            assert response.status_code == 403, route.path
            assert "no role" in response.text
    # Without the token of a form nobody gets so far; with it the role decides.
    token = html.document_fromstring(browser.get("/").text).xpath("//input[@name='form_token']/@value")[0]
    for path in CHANGING:
        response = browser.post(filled(path, site), data={"form_token": token})
        assert response.status_code == 403, path


def test_MG_02_an_auditor_looks_and_changes_nothing(server: Server, site: Site, routes: list[Route]) -> None:
    browser = of_role(server, "auditor", "auditor@example.com")
    pages = ["/console", "/console/apps", "/console/users", "/console/origins", "/console/keys", "/console/events"]
    pages += ["/console/groups", "/console/administrators", "/console/tokens", "/console/zones", "/console/policies"]
    pages += ["/console/settings", "/console/group-rules"]
    pages += ["/console/simulator?user=ann", filled("/console/policies/{id}", site)]
    pages += [filled(f"/console/apps/{{id}}{end}", site) for end in ("", "/people", "/links", "/handoff", "/trust")]
    pages += [filled(f"/console/users/{{id}}{end}", site) for end in ("", "/security", "/apps", "/lineage")]
    for path in pages:
        response = browser.get(path)
        assert response.status_code == 200, (path, response.text[:500])
        posting = html.document_fromstring(response.text).xpath("//form[@method='post']//button[not(@disabled)]")
        assert not posting, path
    token = token_of(browser.get(filled("/console/apps/{id}/handoff", site)))
    for route in routes:
        if "POST" in route.methods:
            response = browser.post(filled(route.path, site), data={"form_token": token})
            assert response.status_code == 403, route.path


def test_MG_02_support_helps_people_and_leaves_the_rest(server: Server, site: Site) -> None:
    browser = of_role(server, "support", "support@example.com")
    token = token_of(browser.get(filled("/console/users/{id}/edit", site)))
    for path in ("/console/apps/new", "/console/apps/{id}/edit", "/console/origins/new", "/console/keys/rotate"):
        assert browser.get(filled(path, site)).status_code == 403, path
        assert browser.post(filled(path, site), data={"form_token": token}).status_code == 403, path
    response = browser.post(
        "/console/users/new", data={"form_token": token, "login": "helped@example.com", "profile.firstName": "Helped"}
    )
    assert "Helped was added" in told(browser, response)


def test_MG_02_support_does_not_touch_an_owner(server: Server, site: Site) -> None:
    browser = of_role(server, "support", "support2@example.com")
    carol = site.person("carol").id
    token = token_of(browser.get(f"/console/users/{carol}/edit"))
    for end, fields in (
        ("password", {"do": "set", "password": "another one entirely"}),
        ("password", {"do": "temporary"}),
        ("state", {"to": "suspend"}),
        ("security", {"do": "end_all"}),
        ("edit", {"profile.email": "support2@example.com"}),
    ):
        response = browser.post(f"/console/users/{carol}/{end}", data={"form_token": token, **fields})
        assert response.status_code == 403, (end, response.text[:500])
    assert enter(site)


def test_AU_13_an_administrator_with_a_second_factor_proves_it_here(server: Server, site: Site) -> None:
    async def make(at: Installation) -> tuple[Person, str]:
        person = await at.add_person("two-factors@example.com", exempt=True)
        await roles.assign_role(at.segue.store, await at.user(person.id), "auditor", at.change)
        return person, await enroll_totp(at, person)

    person, secret = server.inside(make)
    browser = signed_in(site, person)  # with the password alone, which is enough for other things
    page = browser.follow(browser.get("/console"))
    assert "passcode" in forms_of(page)[0].fields, page.text[:1000]
    fields = {**forms_of(page)[0].fields, "passcode": pyotp.TOTP(secret).now()}
    arrived = browser.follow(browser.post(str(page.request.url), data=fields))
    assert arrived.request.url.path == "/console"
    assert arrived.status_code == 200


def test_every_page_answers_on_both_databases(crowded: Server, routes: list[Route]) -> None:
    site = crowded.site
    browser = enter(site)
    signed_in(site, "bob")
    absent = ("/origins/{id}", "/events/{id}", "/zones/{id}", "/servers/{id}", "/group-rules/{id}")
    for route in routes:
        if route.methods == ("GET",) and not route.path.endswith(("/end", "/rotate", "/state", "/{rule}")):
            parameters = {"q": "ann", "user": "ann", "who": site.person("bob").id, "show": "all"}
            for asked in ({}, parameters):
                response = browser.get(filled(route.path, site), params=asked)
                known = 404 if route.path.endswith(absent) else 200
                assert response.status_code == known, (route.path, asked, response.text[:500])


# --- forged forms ---


def test_MG_07_a_form_without_its_token_changes_nothing(site: Site, owner: Browser, routes: list[Route]) -> None:
    other = form_token(enter(site))
    for route in routes:
        if "POST" in route.methods:
            for token in ({}, {"form_token": ""}, {"form_token": "x" * 64}, {"form_token": other}):
                response = owner.post(filled(route.path, site), data={"name": "evil", **token})
                assert response.status_code == 403, (route.path, token)
                assert "out of date" in response.text


@pytest.mark.parametrize(
    "headers",
    [
        {"origin": "https://evil.example"},
        {"origin": "null"},
        {"origin": "http://localhost"},
        {"sec-fetch-site": "cross-site"},
        {"sec-fetch-site": "same-site"},
        {"sec-fetch-site": "none"},
    ],
    ids=str,
)
def test_MG_07_a_form_of_another_site_changes_nothing(owner: Browser, headers: dict[str, str]) -> None:
    token = form_token(owner)
    fields = {"form_token": token, "name": "Evil", "origin": "https://evil.example", "scopes": "REDIRECT"}
    response = owner.post("/console/origins/new", data=fields, headers=headers)
    assert response.status_code == 403
    assert "evil.example" not in owner.get("/console/origins").text


def test_MG_07_a_body_that_is_no_form_is_refused(owner: Browser) -> None:
    for kind in ("text/plain", "application/json", "multipart/form-data; boundary=x"):
        headers = {"content-type": kind}
        response = owner.post("/console/origins/new", content=b"form_token=x", headers=headers)
        assert response.status_code in (400, 415), kind


def test_no_link_changes_anything(site: Site, owner: Browser) -> None:
    """What a form sends, sent by an address, shows the page and does nothing."""
    token = form_token(owner)
    app = site.org.clients["code only"].app_id
    owner.get(f"/console/apps/{app}/state", params={"form_token": token, "state": "inactive"})
    assert "Deactivate" in owner.get(f"/console/apps/{app}").text


def test_CO_02_no_page_can_be_framed(site: Site, owner: Browser, routes: list[Route]) -> None:
    for route in routes:
        response = owner.get(filled(route.path, site))
        policy = response.headers["content-security-policy"]
        assert "frame-ancestors 'none'" in policy, route.path
        if "text/html" in response.headers.get("content-type", ""):
            assert "script-src 'self'" in policy, route.path
            assert "form-action 'self'" in policy, route.path


def test_MG_09_two_administrators_do_not_undo_each_other_unseen(site: Site, owner: Browser) -> None:
    path = f"/console/users/{site.person('victim').id}/edit"
    mine, theirs = owner.get(path), enter(site).get(path)
    first = post(owner, path, **{"profile.firstName": "First", "seen": seen_of(mine)})
    assert first.status_code == 303
    late = post(owner, path, **{"profile.firstName": "Second", "seen": seen_of(theirs)})
    assert late.status_code == 400
    assert "Somebody else changed this" in late.text
    assert "First" in owner.get(path).text
    again = post(owner, path, **{"profile.firstName": "Second", "seen": seen_of(late)})
    assert "saved" in told(owner, again)


def seen_of(page: httpx.Response) -> str:
    """The mark of what the page's form was made from."""
    return str(html.document_fromstring(page.text).xpath("//input[@name='seen']/@value")[0])


# --- stolen and old sessions ---


def test_CO_03_a_session_carried_elsewhere_has_to_sign_in_again(server: Server, site: Site, owner: Browser) -> None:
    transport = httpx.HTTPTransport(local_address="127.0.0.2")
    with httpx.Client(transport=transport, trust_env=False) as elsewhere:
        stolen = Browser(site.base_url, elsewhere, {}, dict(owner.cookies))
        # The sign-in of a moment ago would open the console anywhere; a minute later it does no more.
        _age(server, owner, 10 * 60_000)
        response = stolen.get("/console/users")
        assert response.is_redirect
        assert "/login/login.htm" in response.headers["location"]
    assert owner.get("/console/users").status_code == 200


def test_CO_03_a_session_without_the_consoles_own_cookie_has_to_sign_in_again(server: Server, owner: Browser) -> None:
    _age(server, owner, 10 * 60_000)
    alone = Browser(owner.base_url, owner.http, {}, {"sid": owner.cookies["sid"]})
    assert alone.get("/console").is_redirect
    for value in ("", "x", _spoiled(owner.cookies["segue-console"]), "A" * 5000):
        forged = Browser(owner.base_url, owner.http, {}, {"sid": owner.cookies["sid"], "segue-console": value})
        assert forged.get("/console").is_redirect


def test_CO_03_what_could_hand_over_the_org_takes_a_fresh_sign_in(server: Server, site: Site, owner: Browser) -> None:
    token = form_token(owner)
    _age(server, owner, 10 * 60_000)
    assert owner.get("/console/users").status_code == 200
    app = site.org.clients["web"].app_id
    for path in ("/console/keys/rotate?set=main&algorithm=RS256", f"/console/apps/{app}/secrets"):
        assert owner.get(path).is_redirect, path
        posted = owner.post(path.partition("?")[0], data={"form_token": token, "set": "main", "algorithm": "RS256"})
        assert posted.status_code == 303, path
        assert "/login/login.htm" in posted.headers["location"], path
    page = owner.follow(owner.get(f"/console/apps/{app}/secrets"))
    assert "Confirm that it is you" in page.text
    page = owner.follow(owner.submit(page, username="carol@example.com", password=site.person("carol").password))
    assert page.request.url.path == f"/console/apps/{app}/secrets"
    assert page.status_code == 200


def _spoiled(text: str) -> str:
    """``text`` with another character in its middle: the last ones may stand for fewer bits than they have."""
    place = len(text) // 2
    return f"{text[:place]}{'A' if text[place] != 'A' else 'B'}{text[place + 1 :]}"


def _age(server: Server, browser: Browser, by_ms: int) -> None:
    """Makes the sign-in of a browser older than it is."""
    ident = browser.cookies["sid"].partition(".")[0]
    ((text,),) = server.rows("SELECT data FROM credentials WHERE id = $1", ident)
    data = json.loads(text)
    for proof in data["assurance"]:
        proof["at"] -= by_ms
    asyncio.run(server.database.execute("UPDATE credentials SET data = $1 WHERE id = $2", json.dumps(data), ident))


# --- other orgs ---


def test_MG_01_nothing_of_another_org_is_there(site: Site, twin: Site, owner: Browser, routes: list[Route]) -> None:
    foreign = {
        "/apps/": twin.org.clients["web"].app_id,
        "/users/": twin.person("bob").id,
        "/origins/": "tosNothing",
        "/events/": "evtVbVkXRI0pxnQcYH5Z",
        "/groups/": "00gVbVkXRI0pxnQcYH5Z",
        "/group-rules/": "0prVbVkXRI0pxnQcYH5Z",
        "/policies/": default_policy(twin.org.org_id, "access").id,
        "/zones/": "nzoVbVkXRI0pxnQcYH5Z",
        "/servers/": "ausVbVkXRI0pxnQcYH5Z",
    }
    token = form_token(owner)
    for route in routes:
        part = next((part for part in foreign if part in route.path), None)
        if part is None or "{id}" not in route.path:
            continue
        for ident in (foreign[part], "0oaVbVkXRI0pxnQcYH5Z", "x"):
            path = filled(route.path, site, ident)
            for method in route.methods:
                fields = {"form_token": token, "to": "suspend", "do": "end_all", "password": "a good long password"}
                response = owner.request(method, path, data=fields) if method == "POST" else owner.get(path)
                assert response.status_code == 404, (method, path, response.status_code)
                assert "Nothing here" in response.text


# --- hostile input ---


def test_I9_no_field_of_the_console_makes_a_fault(site: Site, owner: Browser, routes: list[Route]) -> None:
    token = form_token(owner)
    saml, asked = site.saml("saml").app_id, 0
    for route in routes:
        path = filled(route.path, site, saml if route.path.endswith("{id}/edit") and "/apps/" in route.path else "")
        if path.endswith("/password"):
            continue  # hashing a password forty times over is no attack
        for number, field in enumerate(READS[route.path]):
            for value in HOSTILE[number % 2 :: 2]:
                sent = {
                    "form_token": token,
                    "kind": "web",
                    "label": "Fuzz",
                    "allow": "yes",
                    "factors": "1",
                    field: value,
                }
                if "POST" in route.methods:
                    response = owner.post(path, data=sent)
                else:
                    response = owner.get(path, params={field: value})
                assert response.status_code < 500, (path, field, value[:80])
                assert dangerous_here(response) == [], (path, field, value[:80])
                asked += 1
    assert asked > 1500
    assert owner.get("/console").status_code == 200


def dangerous_here(page: httpx.Response) -> list[str]:
    """What a browser would run on a page of the console that is nothing of ours: its script is a file of ours, and it
    has text areas."""
    ours = {"script without its nonce"} if page.text.count("<script") <= 1 else set()
    return [each for each in dangerous(page) if each not in {*ours, "textarea", "a href=#content"}]


_OF_USER = ("", "/edit", "/security", "/apps", "/lineage", "/state?to=suspend")


@pytest.fixture(scope="module")
def marked(server: Server) -> list[str]:
    """Addresses of pages about things whose every name is markup."""

    async def make(at: Installation) -> list[str]:
        store, change, found = at.segue.store, at.change, []
        for number, text in enumerate(XSS):
            name = " ".join(text.split())[:90] or "x"
            profile = {"firstName": name, "lastName": name, "city": name}
            new = users.NewUser(f"xss{number}@example.com", profile)
            user = await users.add_user(store, at.segue.hasher, new, change)
            traits = Traits(name, name=f"xss_{number}")
            client = OidcClient(f"xss-{number}", ("https://app.example.com/xss",))
            app = (await applications.create_oidc(store, traits, client, change)).application
            mark = await applications.create_bookmark(
                store, Traits(name, name=f"xssb_{number}"), Bookmark("https://app.example.com/"), change
            )
            found += [f"/console/users/{user.id}{end}" for end in _OF_USER]
            found += [
                f"/console/apps/{app.id}{end}" for end in ("", "/edit", "/handoff", "/people", "/trust", "/state")
            ]
            found.append(f"/console/apps/{mark.application.id}")
        return found

    return server.inside(make)


_SEARCHES = (
    "/console/apps?q=script",
    "/console/users?q=%3Cscript%3Ealert(1)",
    "/console/search?q=%3Cscript%3Ealert(1)%3C",
    "/console/events?who=%22%3E%3Cscript%3E&type=%3Cscript%3E&app=%27%3E",
    "/console/events",
)


def test_CO_01_markup_in_every_name_stays_text(site: Site, owner: Browser, marked: list[str]) -> None:
    for path in [*marked, "/console/users", *_SEARCHES]:
        page = owner.get(path)
        assert page.status_code == 200, (path, page.text[:500])
        assert dangerous_here(page) == [], path


def test_CO_01_a_notice_cannot_be_put_into_our_mouth(site: Site, owner: Browser) -> None:
    """What a page tells travels sealed and bound to the session; text from elsewhere is never shown as ours."""
    for value in ("hello", "eyJ0ZXh0IjoiZXZpbCJ9", "A" * 3000):
        forged = Browser(owner.base_url, owner.http, {}, {**owner.cookies, "segue-console-notice": value})
        assert 'id="notice"' not in forged.get("/console").text
    made = post(owner, "/console/origins/new", name="Told", origin="https://told.example.com", scopes="CORS")
    assert made.status_code == 303
    notice = owner.cookies["segue-console-notice"]
    stranger = enter(site)
    carried = Browser(owner.base_url, owner.http, {}, {**stranger.cookies, "segue-console-notice": notice})
    assert "Told is trusted" not in carried.get("/console").text
    assert "Told is trusted now" in told(owner, made)
    assert 'id="notice"' not in owner.get("/console/origins").text
