"""Links that carry a sign-in, attacked over HTTP: where they lead, what they start, and the image (F2, F3, F6)."""

import json
import socket
import subprocess
from pathlib import Path
from urllib.parse import quote, urlencode

import httpx
import pytest
from tests.attacks.hostile_targets import HOSTILE_TARGETS, TRUSTED, mutations
from tests.http_client import cookies_of
from tests.installation import CORS_ONLY_ORIGIN, MAIL, TRUSTED_ORIGIN
from tests.okta_steps import (
    AUTHN,
    SESSIONS,
    authorize,
    cookie_token,
    image_token,
    is_signed_in,
    session_token,
    signed_in,
    with_api_token,
)
from tests.server import Server, Site

LINK = "/login/sessionCookieRedirect"
IMAGE = "/login/sessionCookie"
HERE = Path(__file__).parent


def browser_origins(addresses: list[str], base: str) -> list[str]:
    """Where a browser would go, by the one parser that counts (WHATWG URL, in Node.js)."""
    pairs = json.dumps([[address, base] for address in addresses])
    done = subprocess.run(
        ["node", str(HERE / "whatwg.mjs")], input=pairs, capture_output=True, text=True, check=True, timeout=60
    )
    found: list[str] = json.loads(done.stdout)
    return found


def trusted(site: Site) -> set[str]:
    seeds = {"https://your-app.example.com", "https://www.example.com"}
    return {site.base_url, TRUSTED, TRUSTED_ORIGIN, *seeds}


# --- F2: the redirect link ---


def test_F2_01_F2_02_an_address_that_is_not_trusted_leads_nowhere(site: Site) -> None:
    token, browser = session_token(site), signed_in(site)
    for target in HOSTILE_TARGETS:
        for sent in (
            site.browser().get(LINK, params={"token": token, "redirectUrl": target}),
            browser.get(LINK, params={"redirectUrl": target}),
            browser.post(LINK, data={"redirectUrl": target}),
        ):
            assert sent.status_code == 400, repr(target)
            assert "location" not in sent.headers
            assert not cookies_of(sent)
    # None of them has cost the token anything.
    assert site.browser().get(LINK, params={"token": token, "redirectUrl": TRUSTED}).headers["location"] == TRUSTED


@pytest.mark.node
def test_F2_01_every_redirect_leads_where_a_browser_and_we_agree_on(site: Site) -> None:
    browser, sent, seen = signed_in(site), 0, {}
    for target in (*HOSTILE_TARGETS, *mutations(20260, 700, site.base_url)):
        response = browser.get(LINK, params={"redirectUrl": target})
        sent += 1
        assert response.status_code in (302, 400), repr(target)
        if response.is_redirect:
            seen[target] = response.headers["location"]
    assert sent > 700
    assert len(seen) > 50  # some of them are harmless, or nothing was tried
    locations = list(seen.values())
    origins = browser_origins(locations, f"{site.base_url}{LINK}")
    assert set(origins) <= trusted(site)
    # What was sent means the same to a browser as what we answered.
    for target, meant, led in zip(seen, browser_origins(list(seen), f"{site.base_url}{LINK}"), origins, strict=True):
        assert meant == led, repr(target)


def test_F2_01_an_origin_that_may_only_call_is_no_place_to_go(site: Site) -> None:
    response = signed_in(site).get(LINK, params={"redirectUrl": f"{CORS_ONLY_ORIGIN}/"})
    assert response.status_code == 400


def test_F2_01_the_same_at_every_place_that_takes_an_address(site: Site) -> None:
    """The sign-in page and signing out judge by the same rule."""
    for target in HOSTILE_TARGETS:
        page = site.browser().get("/login/login.htm", params={"fromURI": target})
        assert page.status_code == 400, repr(target)
        out = site.browser().get("/login/signout", params={"fromURI": target})
        assert "evil" not in out.headers.get("location", ""), repr(target)
        assert not out.headers.get("location", "").startswith(("javascript", "data", "//")), repr(target)


@pytest.mark.parametrize(
    "injected", ["\r\nX-Evil: 1", "\nX-Evil: 1", "\r\n\r\n<h1>", "%0d%0aX-Evil: 1", "\u560d\u560a"]
)
def test_F2_04_no_header_can_be_put_in(site: Site, injected: str) -> None:
    """By hand, so that nothing tidies up: one header block, and in it nothing of ours but our own."""
    cookie = signed_in(site).cookies["sid"]
    target = quote(f"{TRUSTED}/{injected}", safe="")
    raw = f"GET {LINK}?redirectUrl={target} HTTP/1.1\r\nhost: {site.authority}\r\ncookie: sid={cookie}\r\n"
    host, _, port = site.authority.partition(":")
    with socket.create_connection((host, int(port)), timeout=10) as connection:
        connection.sendall(f"{raw}connection: close\r\n\r\n".encode())
        answer = b""
        while piece := connection.recv(65536):
            answer += piece
    head, _, body = answer.partition(b"\r\n\r\n")
    assert b"x-evil" not in head.lower().replace(b"%0d%0ax-evil", b"")
    lines = head.split(b"\r\n")
    assert all(b"\n" not in line and b"\r" not in line for line in lines)
    assert lines[0].split()[1] in (b"302", b"400")
    assert b"HTTP/1.1 " not in body


def test_F2_05_a_form_of_another_site_signs_nobody_in_over_a_session(site: Site) -> None:
    """Such a form comes without the session's cookie; whose session it is shows with the next request."""
    victim = signed_in(site, "ann")
    mine = dict(victim.cookies)
    cross = {"sec-fetch-site": "cross-site", "sec-fetch-mode": "navigate", "sec-fetch-dest": "document"}
    form = {"token": session_token(site, "bob"), "redirectUrl": TRUSTED}
    bare = site.browser()
    response = bare.post(LINK, data=form, headers={**cross, "origin": "https://evil.example"})
    assert response.status_code == 303
    assert "sid" not in bare.cookies
    victim.cookies.update(bare.cookies)
    landed = victim.follow(response)
    assert landed.headers["location"] == TRUSTED
    assert victim.cookies["sid"] == mine["sid"]
    assert is_signed_in(victim) == "ann@example.com"
    # The ticket is spent all the same: nobody can use it later.
    later = site.browser()
    later.get(LINK, params=form)
    assert "sid" not in later.cookies


def test_F2_05_and_in_a_browser_of_nobody_it_does(site: Site) -> None:
    browser = site.browser()
    form = {"token": session_token(site, "bob"), "redirectUrl": TRUSTED}
    headers = {"sec-fetch-site": "cross-site", "origin": "https://login.example.com"}
    landed = browser.follow(browser.post(LINK, data=form, headers=headers))
    assert landed.headers["location"] == TRUSTED
    assert is_signed_in(browser) == "bob@example.com"


def test_F2_a_token_never_goes_out_again(site: Site) -> None:
    """OT-11: whatever else the address carries along."""
    token, other = session_token(site), session_token(site, "bob")
    target = f"{TRUSTED}/?sessionToken={other}&x=1&onetimetoken={other}"
    response = site.browser().get(LINK, params={"token": token, "redirectUrl": target})
    assert response.headers["location"] == f"{TRUSTED}/?x=1"
    form = {"token": session_token(site), "redirectUrl": "/app/UserHome", "sessionToken": other, "y": "2"}
    posted = site.browser().post(LINK, data=form)
    assert other not in posted.headers["location"]


def test_F2_a_form_is_bounded(site: Site) -> None:
    token = session_token(site)
    form = {"token": token, "redirectUrl": "/app/UserHome", "long": "x" * 70_000}
    response = site.browser().post(LINK, data=form)
    assert response.status_code in (400, 413)
    assert "location" not in response.headers
    many = {"token": token, "redirectUrl": "/app/UserHome", **{f"p{number}": "x" for number in range(80)}}
    assert site.browser().post(LINK, data=many).status_code == 400
    assert site.browser().get(LINK, params={"token": token, "redirectUrl": TRUSTED}).status_code == 302


# --- collisions, each outcome, each with an event ---


def refusals(server: Server, type: str, reason: str, user_id: str) -> int:
    statement = "SELECT count(*) FROM events WHERE type = $1 AND reason = $2 AND user_id = $3 AND outcome = 'refused'"
    return int(server.rows(statement, type, reason, user_id)[0][0])


def test_OT_15_the_redirect_link_keeps_the_session_and_goes_on(server: Server, site: Site) -> None:
    victim, bob = signed_in(site, "ann"), site.person("bob")
    before = refusals(server, "sign_in.home", "session_kept", bob.id)
    response = victim.get(LINK, params={"token": cookie_token(site, "bob"), "redirectUrl": TRUSTED})
    assert (response.status_code, response.headers["location"]) == (302, TRUSTED)
    assert not cookies_of(response)
    assert is_signed_in(victim) == "ann@example.com"
    assert refusals(server, "sign_in.home", "session_kept", bob.id) == before + 1


OUTCOMES = {
    "keeping": ("session_kept", "login_required"),
    "strict about users": ("login_required", "login_required"),
    "refusing": ("login_required", "login_required"),
}


@pytest.mark.parametrize("client", OUTCOMES)
@pytest.mark.parametrize("prompt", ["none", None])
def test_OT_15_the_application_is_told_and_the_session_stays(
    server: Server, site: Site, client: str, prompt: str | None
) -> None:
    victim, bob = signed_in(site, "ann"), site.person("bob")
    reason, code = OUTCOMES[client]
    before = refusals(server, "sign_in.oauth", reason, bob.id) + refusals(server, "sign_in.oidc", reason, bob.id)
    token = session_token(site, "bob")
    response = authorize(victim, site.org.clients[client], response_type="id_token", prompt=prompt, sessionToken=token)
    assert f"error={code}" in response.headers["location"]
    assert "id_token=" not in response.headers["location"]
    assert is_signed_in(victim) == "ann@example.com"
    after = refusals(server, "sign_in.oauth", reason, bob.id) + refusals(server, "sign_in.oidc", reason, bob.id)
    assert after == before + 1
    # and the ticket is spent
    again = authorize(
        site.browser(), site.org.clients["web"], response_type="id_token", prompt="none", sessionToken=token
    )
    assert "error=login_required" in again.headers["location"]


def test_OT_15_a_session_may_end_and_the_page_ask(server: Server, site: Site) -> None:
    client = site.org.clients["ending"]
    victim, bob = signed_in(site, "ann"), site.person("bob")
    old = victim.copy()
    ident = victim.get(f"{SESSIONS}/me").json()["id"]
    response = authorize(victim, client, response_type="id_token", sessionToken=session_token(site, "bob"))
    assert "sid" not in victim.cookies
    assert is_signed_in(old) == ""
    page = victim.follow(response)
    assert "password" in page.text
    done = victim.submit(page, username=bob.login, password=bob.password)
    assert "id_token=" in done.headers["location"]
    assert is_signed_in(victim) == "bob@example.com"
    ended = server.rows("SELECT detail FROM events WHERE type = 'session.end' AND credential_id = $1", ident)
    assert "another_user" in str(ended)
    assert refusals(server, "ticket.redeem", "login_required", bob.id)


def test_OT_15_where_no_page_may_be_shown_the_session_stays(site: Site) -> None:
    victim = signed_in(site, "ann")
    token = session_token(site, "bob")
    response = authorize(
        victim, site.org.clients["ending"], response_type="id_token", prompt="none", sessionToken=token
    )
    assert "error=login_required" in response.headers["location"]
    assert is_signed_in(victim) == "ann@example.com"


@pytest.mark.parametrize(
    ("setting", "shown"),
    [
        ("keep", "Somebody else"),
        ("login_required", "Somebody else"),
        ("refuse", "Somebody else"),
        (None, "Continue as"),
    ],
)
@pytest.mark.parametrize("protocol", ["saml", "wsfed", "link"])
def test_OT_15_each_protocol_shows_a_person_what_happened(
    server: Server, site: Site, protocol: str, setting: str | None, shown: str
) -> None:
    twin = server.twin
    app_id, address = {
        "saml": (twin.saml("other").app_id, twin.saml("other").link_path),
        "wsfed": (twin.wsfed("wsfed").app_id, twin.wsfed("wsfed").link_path),
        "link": (twin.linked("suite").app_id, twin.linked("suite").links["mail"][1]),
    }[protocol]
    server.inside(lambda org: org.change_application(app_id, when_other_user=setting), twin=True)
    wait_for_configuration(server)
    victim = signed_in(twin, "ann")
    page = victim.follow(victim.get(address, params={"sessionToken": session_token(twin, "bob")}))
    assert shown in page.text
    assert "bob@example.com" not in page.headers.get("location", "")
    assert 'name="SAMLResponse"' not in page.text
    assert 'name="wresult"' not in page.text
    assert is_signed_in(victim) == "ann@example.com"
    if setting is None:
        victim.submit(page, press=("choice", "continue"))
        assert is_signed_in(victim) == "bob@example.com"


def wait_for_configuration(server: Server) -> None:
    """Configuration is cached for a second at most."""
    import time

    time.sleep(1.1)


# --- F3: embed links ---


def test_F3_01_whatever_is_not_there_looks_alike(server: Server, site: Site, twin: Site) -> None:
    suite, foreign = site.linked("suite"), twin.linked("suite")
    home, by_key = suite.links["mail"]
    addresses = {
        "an application of the twin": foreign.links["mail"][0],
        "a key of the twin": foreign.links["mail"][1],
        "another name": by_key.replace("/google/", "/googel/"),
        "another link": by_key.replace("/mail", "/nothing"),
        "no application": home.replace(suite.app_id, "0oa" + "x" * 17),
        "an id where a key belongs": f"/app/google/{suite.app_id}/mail",
    }
    token = session_token(site)
    pages = set()
    for name, address in addresses.items():
        browser = site.browser()
        response = browser.get(address, params={"sessionToken": token})
        assert response.status_code == 404, name
        assert not cookies_of(response), name
        pages.add(len(response.text))
    assert len(pages) == 1
    assert site.browser().get(by_key, params={"sessionToken": token}).headers["location"] == MAIL


def test_F3_01_an_application_that_was_switched_off(server: Server, twin: Site) -> None:
    app = twin.linked("starting")
    address = app.links["start"][0]
    server.inside(lambda org: org.change_application(app.app_id, status="inactive"), twin=True)
    wait_for_configuration(server)
    browser = twin.browser()
    response = browser.get(address, params={"sessionToken": session_token(twin)})
    assert "app.example.com" not in response.headers.get("location", "")
    assert "sid" not in browser.cookies
    server.inside(lambda org: org.change_application(app.app_id, status="active"), twin=True)


def test_F3_02_an_application_starts_where_it_was_told_to(site: Site) -> None:
    browser = signed_in(site)
    for name in ("suite", "starting"):
        linked = site.linked(name)
        for link, (home, by_key) in linked.links.items():
            for address in (home, by_key):
                for evil in HOSTILE_TARGETS:
                    params = {"RelayState": evil, "target": evil, "iss": evil, "url": evil, "fromHome": "true"}
                    response = browser.get(address, params=params)
                    if response.status_code == 302:
                        assert response.headers["location"] == linked.starts[link], repr(evil)
                    else:
                        assert response.status_code == 400, repr(evil)


@pytest.mark.parametrize(
    "query",
    [
        "sessionToken={a}&onetimetoken={b}",
        "sessionToken={a}&sessionToken={b}",
        "onetimetoken={a}&onetimetoken={a}",
        "sessionToken={a}&sessionToken=",
        "sessionToken={a}&%73essionToken={b}",
    ],
)
def test_F3_03_two_tokens_are_none(site: Site, query: str) -> None:
    a, b = session_token(site), cookie_token(site)
    for address in (
        site.linked("suite").links["mail"][1],
        site.saml("saml").link_path,
        site.wsfed("wsfed").link_path,
        f"{site.wsfed('wsfed').sso_path}?wa=wsignin1.0&wtrealm={quote(site.wsfed('wsfed').realm, safe='')}",
    ):
        joint = "&" if "?" in address else "?"
        response = site.browser().get(f"{address}{joint}{query.format(a=a, b=b)}")
        assert response.status_code == 400, address
        assert not cookies_of(response)
    for token in (a, b):
        assert went(site, token)


def went(site: Site, token: str) -> bool:
    browser = site.browser()
    browser.get(LINK, params={"token": token, "redirectUrl": TRUSTED})
    return bool(is_signed_in(browser))


@pytest.mark.parametrize(
    "query", ["SessionToken", "sessiontoken", "SESSIONTOKEN", "oneTimeToken", "session_token", "token"]
)
def test_F3_03_a_name_of_another_case_is_another_name(site: Site, query: str) -> None:
    token = session_token(site)
    browser = site.browser()
    response = browser.get(site.linked("suite").links["mail"][1], params={query: token})
    assert "login.htm" in response.headers["location"]
    assert "sid" not in browser.cookies
    assert went(site, token)


@pytest.mark.parametrize("look", ["head", "prefetch", "purpose", "image", "script"])
def test_OT_09_a_look_at_a_link_spends_nothing(site: Site, look: str) -> None:
    wsfed = site.wsfed("wsfed")
    for address in (
        f"{LINK}?redirectUrl={quote(TRUSTED, safe='')}&token=",
        f"{site.linked('suite').links['mail'][1]}?sessionToken=",
        f"{site.saml('saml').link_path}?sessionToken=",
        f"{wsfed.sso_path}?wa=wsignin1.0&wtrealm={quote(wsfed.realm, safe='')}&sessionToken=",
    ):
        token = session_token(site)
        headers = {
            "prefetch": {"sec-purpose": "prefetch;prerender"},
            "purpose": {"purpose": "prefetch"},
            "image": {"sec-fetch-dest": "image"},
            "script": {"sec-fetch-dest": "script"},
        }.get(look, {})
        for _ in range(2):
            looked = site.browser().request("HEAD" if look == "head" else "GET", f"{address}{token}", headers=headers)
            assert not cookies_of(looked)
        browser = site.browser()
        browser.get(f"{address}{token}")
        assert is_signed_in(browser) == "ann@example.com", address


# --- F6: the image ---


def show(browser, token: str, page: str | None = "https://login.example.com/", **headers: str) -> httpx.Response:  # type: ignore[no-untyped-def]
    """What a browser sends for an image on ``page``."""
    sent = {"sec-fetch-dest": "image", "sec-fetch-mode": "no-cors", "sec-fetch-site": "cross-site", **headers}
    if page is not None:
        sent["referer"] = page
    response: httpx.Response = browser.get(IMAGE, params={"token": token}, headers=sent)
    return response


@pytest.mark.parametrize(
    "page",
    [
        "https://evil.example/",
        "https://portal.example.com/",  # trusted to be gone to, not to hold our images
        "https://login.example.com.evil.example/",
        "http://login.example.com/",
        "https://login.example.com:8443/",
        "null",
        "about:blank",
        None,
    ],
)
def test_F6_01_a_page_that_nobody_trusts_signs_nobody_in(site: Site, page: str | None) -> None:
    token, browser = image_token(site), site.browser()
    response = show(browser, token, page)
    assert (response.status_code, response.headers["content-type"]) == (200, "image/png")
    assert not cookies_of(response)
    assert is_signed_in(browser) == ""
    assert cookies_of(show(browser, token)), "it was not spent"


@pytest.mark.parametrize("destination", ["document", "iframe", "script", "empty", "style", "font"])
def test_F6_01_what_is_no_image_signs_nobody_in(site: Site, destination: str) -> None:
    token, browser = image_token(site), site.browser()
    response = show(browser, token, **{"sec-fetch-dest": destination})
    assert not cookies_of(response)
    assert is_signed_in(browser) == ""


def test_F6_01_a_session_that_is_there_stays(server: Server, site: Site) -> None:
    victim, bob = signed_in(site, "ann"), site.person("bob")
    before = refusals(server, "sign_in.session_image", "session_kept", bob.id)
    response = show(victim, image_token(site, "bob"))
    assert not cookies_of(response)
    assert is_signed_in(victim) == "ann@example.com"
    assert refusals(server, "sign_in.session_image", "session_kept", bob.id) == before + 1


def test_F6_01_off_unless_an_org_switches_it_on(tmp_path: Path) -> None:
    from tests.server import running_server

    with running_server(tmp_path) as server:
        site = server.site
        token, browser = image_token(site), site.browser()
        response = show(browser, token)
        assert (response.status_code, cookies_of(response)) == (200, [])
        found = server.rows("SELECT detail FROM events WHERE type = 'sign_in.session_image' AND outcome = 'refused'")
        assert len(found) == 1
        assert "switched_on" in str(found)


def test_F6_02_the_image_tells_nothing(server: Server, site: Site, twin: Site) -> None:
    used, expired = image_token(site), image_token(site)
    show(site.browser(), used)
    server.execute("UPDATE credentials SET expires_at = issued_at + 1 WHERE id = $1", expired.partition(".")[0])
    good = show(site.browser(), image_token(site))
    assert cookies_of(good)
    bad = {
        "used": show(site.browser(), used),
        "expired": show(site.browser(), expired),
        "of the twin": show(site.browser(), image_token(twin)),
        "of another kind": show(site.browser(), session_token(site)),
        "nonsense": show(site.browser(), "x"),
        "empty": show(site.browser(), ""),
        "none": site.browser().get(IMAGE),
        "two": site.browser().get(f"{IMAGE}?token=a&token=b"),
        "unreadable": site.browser().get(f"{IMAGE}?token=%zz"),
        "of an untrusted page": show(site.browser(), image_token(site), "https://evil.example/"),
    }
    for name, response in bad.items():
        assert told_by(response) == told_by(good), name
        assert not cookies_of(response), name
    assert good.headers["cache-control"] == "no-cache, no-store"
    assert good.headers["x-content-type-options"] == "nosniff"
    assert good.headers["cross-origin-resource-policy"] == "cross-origin"


def told_by(response: httpx.Response) -> tuple[int, bytes, dict[str, str]]:
    new = ("date", "x-okta-request-id", "set-cookie", "x-rate-limit-remaining", "x-rate-limit-reset")
    headers = {name: value for name, value in response.headers.items() if name not in new}
    return response.status_code, response.content, headers


def test_F6_02_nothing_else_may_be_embedded_elsewhere(site: Site) -> None:
    for address in ("/", "/app/UserHome", f"{SESSIONS}/me", AUTHN):
        assert "cross-origin-resource-policy" not in site.browser().get(address).headers


@pytest.mark.parametrize("fields", ["cookieToken", "cookieTokenUrl", "cookieToken,cookieTokenUrl", None])
def test_F6_03_without_an_api_token_no_password_is_looked_at(server: Server, site: Site, fields: str | None) -> None:
    person = site.person("victim")
    address = SESSIONS if fields is None else f"{SESSIONS}?additionalFields={fields}"
    answers = set()
    for body in (
        {"username": person.login, "password": person.password},
        {"username": person.login, "password": "wrong"},
        {"username": "nobody@example.com", "password": "wrong"},
    ):
        for headers in ({}, {"authorization": "SSWS nonsense"}, {"authorization": f"SSWS {site.org.api_token[:-1]}x"}):
            response = site.browser().post(address, json=body, headers=headers)
            assert response.status_code == 401
            answers.add((response.json()["errorCode"], response.json()["errorSummary"]))
    assert answers == {("E0000011", "Invalid token provided")}
    assert server.rows("SELECT count(*) FROM events WHERE type = 'sign_in.password' AND user_id = $1", person.id) == [
        (0,)
    ]
    # Nothing is read of the body either.
    for broken in (b"{", b"\xff", b"[" * 100_0):
        sent = {"content-type": "application/json", "authorization": "SSWS x"}
        assert site.browser().post(address, content=broken, headers=sent).json()["errorCode"] == "E0000011"


def test_F6_03_wrong_passwords_are_counted_with_all_others(server: Server, site: Site) -> None:
    """The same counter as that of the Authentication API: ten in all, wherever they are tried."""
    person = server.inside(lambda org: org.add_person("f603@example.com"))
    wrong = {"username": person.login, "password": "not it"}
    right = {"username": person.login, "password": person.password}
    address = f"{SESSIONS}?additionalFields=cookieToken"
    for number in range(10):
        if number % 2:
            response = site.browser().post(AUTHN, json=wrong)
        else:
            response = site.browser().post(address, json=wrong, headers=with_api_token(site))
        assert (response.status_code, response.json()["errorCode"]) == (401, "E0000004")
    for at, headers in ((AUTHN, {}), (address, with_api_token(site))):
        response = site.browser().post(at, json=right, headers=headers)
        assert (response.status_code, response.json()["errorCode"]) == (401, "E0000004")


def test_F6_03_one_answer_for_every_failure(site: Site) -> None:
    answers = set()
    for login, password in (
        ("ann@example.com", "wrong"),
        ("nobody@example.com", "wrong"),
        (site.person("suspended").login, site.person("suspended").password),
        (site.person("no password").login, "x"),
        ("ann@example.com", "x" * 2000),
    ):
        response = site.browser().post(
            f"{SESSIONS}?additionalFields=cookieToken",
            json={"username": login, "password": password},
            headers=with_api_token(site),
        )
        body = response.json()
        answers.add((response.status_code, body["errorCode"], body["errorSummary"], str(body["errorCauses"])))
    assert answers == {(401, "E0000004", "Authentication failed", "[]")}


def test_OT_18_the_id_of_a_waiting_session_opens_nothing(site: Site) -> None:
    headers = with_api_token(site)
    body = site.browser().post(SESSIONS, json={"sessionToken": session_token(site)}, headers=headers).json()
    for text in (body["id"], f"{body['id']}.{'a' * 43}", f"{body['id']}."):
        browser = site.browser()
        browser.cookies["sid"] = text
        assert is_signed_in(browser) == ""
        for name in ("sessionToken", "onetimetoken"):
            link = f"{site.linked('suite').links['mail'][1]}?{urlencode({name: text})}"
            assert "login.htm" in site.browser().get(link).headers["location"]
