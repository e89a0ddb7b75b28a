"""The ticket over HTTP: where it works, for whom, how long, and what an attacker learns who presents one (OT)."""

import re
import string
from collections.abc import Callable
from dataclasses import dataclass
from urllib.parse import parse_qs, urlsplit

import httpx
import pytest
from tests.http_client import Browser, parameters
from tests.installation import Installation, Person
from tests.okta_steps import (
    AUTHN,
    DEFAULT,
    ORG,
    answer,
    asks,
    authorize,
    basic,
    code_for,
    exchange,
    is_signed_in,
    session_token,
    sign_in,
    signed_in,
    tokens_for,
    userinfo,
)
from tests.saml_messages import response_of
from tests.server import Server, Site

from segue.core.secret import read_bearer


def redeem(browser: Browser, site: Site, token: str, **changes: str | None) -> httpx.Response:
    """Presents a session token where no page may be shown; a good one gives an ID token."""
    wanted = {"response_type": "id_token", "prompt": "none", "sessionToken": token, **changes}
    return authorize(browser, site.org.clients["web"], **wanted)


def works(site: Site, token: str) -> bool:
    return "id_token" in answer(redeem(site.browser(), site, token))


# --- OT-04: each credential in its own place alone ---

CREDENTIALS = ("session token", "session", "code", "access token", "id token", "waiting request", "api token", "secret")

# What each place makes of a text: whether it took it for a credential of its own kind.
PLACES: dict[str, tuple[Callable[[Site, str], bool], str]] = {
    "sessionToken at authorize": (works, "session token"),
    "onetimetoken at authorize": (
        lambda site, text: "id_token" in answer(redeem(site.browser(), site, "", onetimetoken=text)),
        "session token",
    ),
    "sessionToken at SAML": (
        lambda site, text: (
            "SAMLResponse" in site.browser().get(f"{site.saml('saml').sso_path}?sessionToken={text}").text
        ),
        "session token",
    ),
    "session cookie": (lambda site, text: bool(is_signed_in(with_cookie(site, text))), "session"),
    "session cookie at authorize": (
        lambda site, text: "code" in answer(authorize(with_cookie(site, text), site.org.clients["web"], prompt="none")),
        "session",
    ),
    "code": (lambda site, text: exchange(site, site.org.clients["web"], text).status_code == 200, "code"),
    "bearer at userinfo": (lambda site, text: userinfo(site, text).status_code == 200, "access token"),
    "bearer at the other server's userinfo": (
        lambda site, text: userinfo(site, text, at=DEFAULT).status_code == 200,
        "",
    ),
    "id_token_hint": (
        lambda site, text: site.browser().get(f"{ORG}/logout", params={"id_token_hint": text}).status_code == 302,
        "id token",
    ),
    "okta_key": (
        lambda site, text: (
            site.browser().get(f"{ORG}/authorize/redirect", params={"okta_key": text}).status_code != 400
        ),
        "",
    ),
    "SSWS": (
        lambda site, text: (
            site.browser().post(AUTHN, json={}, headers={"authorization": f"SSWS {text}"}).status_code == 400
        ),
        "api token",
    ),
    "client secret": (
        lambda site, text: (
            exchange(site, site.org.clients["web"], "x", headers={"authorization": basic("web-client", text)}).json()[
                "error"
            ]
            == "invalid_grant"
        ),
        "secret",
    ),
    "stateToken": (
        lambda site, text: site.browser().post(AUTHN, json={"stateToken": text}).status_code == 200,
        "",
    ),
    "activation token": (lambda site, text: site.browser().post(AUTHN, json={"token": text}).status_code == 200, ""),
}


def with_cookie(site: Site, value: str) -> Browser:
    browser = site.browser()
    browser.cookies["sid"] = value
    return browser


def one_of_each(site: Site) -> dict[str, str]:
    """A good credential of every kind there is."""
    browser, waiting = signed_in(site), site.browser()
    tokens = tokens_for(browser, site)
    location = authorize(waiting, site.org.clients["web"]).headers["location"]
    (resume,) = parse_qs(urlsplit(location).query)["fromURI"]
    return {
        "session token": session_token(site),
        "session": browser.cookies["sid"],
        "code": code_for(browser, site.org.clients["web"]),
        "access token": tokens["access_token"],
        "id token": tokens["id_token"],
        "waiting request": parameters(resume)["okta_key"],
        "api token": site.org.api_token,
        "secret": site.org.clients["web"].secret,
    }


def test_OT_04_each_credential_works_in_its_own_place_alone(site: Site) -> None:
    given = one_of_each(site)
    assert set(given) == set(CREDENTIALS)
    accepted = {
        (kind, place)
        for place, (accepts, own_kind) in PLACES.items()
        for kind, text in given.items()
        if kind != own_kind and accepts(site, text)
    }
    assert accepted == set()
    # None of that spent anything, and each place does work: the diagonal.
    for place, (accepts, own_kind) in PLACES.items():
        if own_kind:
            assert accepts(site, one_of_each(site)[own_kind] if own_kind == "session token" else given[own_kind]), place
    assert works(site, given["session token"])


# --- OT-05: the twin org, which looks the same ---


def test_OT_05_what_one_org_gave_is_worth_nothing_at_another(site: Site, twin: Site) -> None:
    given = one_of_each(site)
    for place, (accepts, own_kind) in PLACES.items():
        if own_kind:
            assert not accepts(twin, given[own_kind]), place
    assert works(site, given["session token"])
    assert exchange(site, site.org.clients["web"], given["code"]).status_code == 200
    assert is_signed_in(with_cookie(site, given["session"])) == "ann@example.com"


def test_OT_05_a_waiting_request_belongs_to_its_domain(site: Site, twin: Site) -> None:
    browser = site.browser()
    location = authorize(browser, site.org.clients["web"]).headers["location"]
    abroad = twin.browser()
    abroad.cookies.update(browser.cookies)
    page = abroad.get(location.replace(site.base_url, twin.base_url))
    assert page.status_code == 400
    assert "expired" in page.text


def test_OT_05_a_password_of_one_org_opens_nothing_at_another(site: Site, twin: Site) -> None:
    person = site.person("ann")
    assert twin.person("ann").login == person.login
    assert sign_in(twin, person).status_code == 401


# --- OT-06, OT-07: guessing, and what is almost a token ---


def test_OT_06_tokens_share_nothing(server: Server, site: Site) -> None:
    person = site.person("ann")
    given = server.inside(lambda org: org.session_tokens(person.id, 200))
    secrets = [text.partition(".")[2] for text in given]
    assert len(set(secrets)) == len(set(given)) == 200
    assert {len(secret) for secret in secrets} == {43}
    assert {char for secret in secrets for char in secret} <= set(string.ascii_letters + string.digits)
    for width in (6, 8):  # neither a clock nor a counter at either end
        assert len({secret[-width:] for secret in secrets}) == 200
        assert len({secret[:width] for secret in secrets}) == 200


def test_OT_07_a_token_counts_whole_and_unchanged(site: Site) -> None:
    token = session_token(site)
    ident, _, secret = token.partition(".")
    other = session_token(site)
    almost = [
        token[:-1],
        token[1:],
        f"{token}x",
        f"x{token}",
        f" {token}",
        f"{token} ",
        token.swapcase(),
        token.upper(),
        f"{token}\n",
        f"{token}%00",
        f"{ident}.",
        f".{secret}",
        ident,
        secret,
        f"{ident}.{secret}.{secret}",
        f"{ident}.{other.partition('.')[2]}",
        f"{other.partition('.')[0]}.{secret}",
        f"{ident}.{secret[::-1]}",
        f"{ident}.{'0' * 43}",
        f"{ident}.{secret[:-1]}{'a' if secret[-1] != 'a' else 'b'}",
        *(token[:length] for length in range(0, len(token), 7)),
        *(token[length:] for length in range(7, len(token), 7)),
    ]
    for text in almost:
        if text:
            assert not works(site, text), text
    assert works(site, token)
    assert works(site, other)


# --- OT-08: how long it lives ---


def test_OT_08_a_token_ends_with_its_row_whatever_the_caller_says(server: Server, site: Site) -> None:
    token = session_token(site)
    ident = token.partition(".")[0]
    ((issued_at, expires_at),) = server.rows("SELECT issued_at, expires_at FROM credentials WHERE id = $1", ident)
    assert expires_at - issued_at == 300_000
    server.execute("UPDATE credentials SET expires_at = issued_at + 1 WHERE id = $1", ident)
    refused = answer(
        redeem(
            site.browser(date="Thu, 01 Jan 1970 00:00:00 GMT", if_modified_since="Thu, 01 Jan 1970 00:00:00 GMT"),
            site,
            token,
        )
    )
    assert refused["error"] == "login_required"
    server.execute("UPDATE credentials SET expires_at = $1 WHERE id = $2", expires_at, ident)
    assert works(site, token)


def test_OT_08_an_expired_code_and_an_expired_waiting_request(server: Server, site: Site) -> None:
    code = code_for(signed_in(site), site.org.clients["web"])
    browser = site.browser()
    location = authorize(browser, site.org.clients["web"]).headers["location"]
    key = parameters(parse_qs(urlsplit(location).query)["fromURI"][0])["okta_key"]
    for text in (code, key):
        server.execute("UPDATE credentials SET expires_at = issued_at + 1 WHERE id = $1", text.partition(".")[0])
    assert exchange(site, site.org.clients["web"], code).json()["error"] == "invalid_grant"
    assert browser.get(location).status_code == 400


# --- OT-09: who only looks does not spend ---

LOOKS: list[tuple[str, dict[str, str]]] = [
    *[("HEAD", {})] * 3,
    *[("GET", {"sec-purpose": "prefetch"})] * 3,
    ("GET", {"purpose": "prefetch"}),
    ("GET", {"sec-purpose": "prefetch;prerender"}),
    ("OPTIONS", {}),
    ("OPTIONS", {"origin": "https://login.example.com", "access-control-request-method": "GET"}),
    *[("GET", {"sec-fetch-dest": kind}) for kind in ("image", "script", "style", "empty", "object", "embed", "audio")],
]


@pytest.mark.parametrize("where", ["authorize", "saml"])
def test_OT_09_a_look_at_a_link_does_not_spend_it(site: Site, where: str) -> None:
    token = session_token(site)
    if where == "authorize":
        path = f"{ORG}/authorize"
        query = asks(site.org.clients["web"], response_type="id_token", prompt="none", sessionToken=token)
    else:
        path, query = site.saml("saml").sso_path, {"sessionToken": token}
    for method, headers in LOOKS:
        response = site.browser().request(method, path, params=query, headers=headers)
        assert response.status_code in (200, 204, 400), (method, headers)
        assert "set-cookie" not in response.headers, (method, headers)
        assert "location" not in response.headers, (method, headers)
        assert "SAMLResponse" not in response.text, (method, headers)
    browser = site.browser(sec_fetch_dest="document", sec_fetch_mode="navigate")
    assert browser.get(path, params=query).status_code in (200, 302)
    assert is_signed_in(browser) == "ann@example.com"


# --- OT-11: a token is never passed on ---


def test_OT_11_no_answer_repeats_a_token(site: Site) -> None:
    """Whatever the answer is: nothing a browser would show, send on or keep in its history holds the token."""
    web, saml = site.org.clients["web"], site.saml("saml")
    used = session_token(site)
    assert works(site, used)
    answers: list[tuple[str, httpx.Response]] = []
    for kind in ("fresh", "used", "nonsense"):
        for mode in ("query", "fragment", "form_post", "okta_post_message"):
            for prompt in ("none", None):
                for changes in ({}, {"redirect_uri": "https://evil.example/"}, {"client_id": "nobody"}, {"scope": "x"}):
                    token = {"fresh": used if changes else session_token(site), "used": used, "nonsense": "n0n5ense"}[
                        kind
                    ]
                    browser = site.browser()
                    response = authorize(browser, web, response_mode=mode, prompt=prompt, sessionToken=token, **changes)
                    answers.append((token, response))
                    if response.is_redirect and response.headers["location"].startswith(site.base_url):
                        answers.append((token, browser.follow(response)))
    for token in (session_token(site), used):
        browser = site.browser()
        answers.append((token, browser.get(saml.sso_path, params={"sessionToken": token, "RelayState": "r"})))
        answers.append((token, browser.follow(browser.get(saml.sso_path, params={"onetimetoken": token}))))
        deep = f"{ORG}/authorize?client_id=web-client&sessionToken={token}&state=s"
        page = browser.follow(browser.get("/login/login.htm", params={"fromURI": deep}))
        answers.append((token, page))
    person = site.person("ann")
    browser = site.browser()
    deep = f"/app/UserHome?a=b&sessionToken={used}&onetimetoken={used}"
    page = browser.follow(browser.get("/login/login.htm", params={"fromURI": deep}))
    done = browser.submit(page, username=person.login, password=person.password)
    assert done.headers["location"] == f"{site.base_url}/app/UserHome?a=b"
    for token, response in answers:
        told = "\n".join([response.text, *(f"{name}: {value}" for name, value in response.headers.items())])
        assert token not in told, f"{response.request.url}: {response.status_code}"


# --- OT-12: nothing twice ---


def test_OT_12_a_request_that_could_be_read_in_two_ways_is_refused_and_spends_nothing(site: Site) -> None:
    token, other = session_token(site), session_token(site)
    web, saml = site.org.clients["web"], site.saml("saml")
    good = list(asks(web, response_type="id_token", prompt="none").items())

    def at_authorize(*more: tuple[str, str]) -> httpx.Response:
        return site.browser().get(f"{ORG}/authorize", params=[*good, *more])

    refused = [
        at_authorize(("sessionToken", token), ("sessionToken", token)),
        at_authorize(("sessionToken", token), ("sessionToken", other)),
        at_authorize(("sessionToken", token), ("onetimetoken", token)),
        at_authorize(("sessionToken", token), ("onetimetoken", other)),
        at_authorize(("onetimetoken", token), ("onetimetoken", token)),
        *(at_authorize(("sessionToken", token), (name, value)) for name, value in good),
        site.browser().post(f"{ORG}/authorize?sessionToken={other}", data=dict([*good, ("sessionToken", token)])),
        site.browser().post(f"{ORG}/authorize?sessionToken={token}", data=dict(good)),
        site.browser().get(saml.sso_path, params=[("sessionToken", token), ("sessionToken", token)]),
        site.browser().get(saml.sso_path, params=[("sessionToken", token), ("onetimetoken", other)]),
        site.browser().post(f"{saml.sso_path}?sessionToken={token}", data={"sessionToken": token}),
        site.browser().post(f"{saml.sso_path}?sessionToken={token}", data={"onetimetoken": other}),
        site.browser().get(f"{saml.sso_path}?sessionToken={token}&RelayState=a&RelayState=b"),
    ]
    for response in refused:
        location = response.headers.get("location", "")
        assert response.status_code == 400 or parameters(location)["error"] == "invalid_request", response.request.url
        assert "set-cookie" not in response.headers
        assert "id_token" not in location
    assert works(site, token)
    assert works(site, other)


def test_OT_12_a_parameter_of_another_case_is_another_parameter(site: Site) -> None:
    token = session_token(site)
    for name in ("sessiontoken", "SESSIONTOKEN", "SessionToken", "session_token", "sessionToken[]", "sessionToken "):
        assert answer(redeem(site.browser(), site, "", **{name: token}))["error"] == "login_required"
    assert works(site, token)


# --- OT-13: one answer for every token that does not do ---

IDS = re.compile(r"(?:evt|req|int)[0-9A-Za-z]{17}(?:\.[0-9A-Za-z]{43})?|nonce(?:-|=\")[0-9A-Za-z]{43}")


def without_ids(response: httpx.Response) -> tuple[int, list[tuple[str, str]], str]:
    """An answer with what is new in each answer taken out: ids, nonces, the time, the browser's cookie."""
    headers = [
        (name, IDS.sub("#", value))
        for name, value in response.headers.multi_items()
        if name not in ("date", "x-okta-request-id", "x-rate-limit-remaining", "x-rate-limit-reset")
    ]
    plain = [(name, re.sub(r"segue-browser=[^;]+", "segue-browser=#", value)) for name, value in headers]
    return response.status_code, plain, IDS.sub("#", response.text)


def bad_tokens(server: Server, site: Site, twin: Site) -> dict[str, str]:
    used, expired, revoked, gone = (session_token(site) for _ in range(4))
    assert works(site, used)
    server.execute("UPDATE credentials SET expires_at = issued_at + 1 WHERE id = $1", expired.partition(".")[0])
    server.inside(lambda org: org.revoke(revoked.partition(".")[0]))
    leaver = server.inside(lambda org: org.add_person("ot13@example.com"))
    gone = session_token(site, leaver)
    server.inside(lambda org: org.set_status(leaver.id, "deprovisioned"))
    return {
        "used": used,
        "expired": expired,
        "revoked": revoked,
        "of a user who is gone": gone,
        "of another org": session_token(twin),
        "of another kind": one_of_each(site)["code"],
        "with a wrong secret": f"{session_token(site).partition('.')[0]}.{'a' * 43}",
        "unknown": f"20tVbVSgi209F1{'x' * 6}.{'b' * 43}",
        "no token at all": "nonsense",
    }


def test_OT_13_one_answer_for_every_token_that_does_not_do(server: Server, site: Site, twin: Site) -> None:
    texts = bad_tokens(server, site, twin)
    passive, pages, saml_pages = {}, {}, {}
    for name, text in texts.items():
        passive[name] = without_ids(redeem(site.browser(), site, text))
        browser = site.browser()
        challenge = redeem(browser, site, text, prompt=None)
        pages[name] = (without_ids(challenge), without_ids(browser.follow(challenge)))
        browser = site.browser()
        challenge = browser.get(site.saml("saml").sso_path, params={"sessionToken": text})
        saml_pages[name] = (without_ids(challenge), without_ids(browser.follow(challenge)))
    for answers in (passive, pages, saml_pages):
        for name in texts:
            assert answers[name] == answers["used"], name


# --- OT-14: what changed between minting and redeeming ---


@dataclass(frozen=True)
class Between:
    """A change after a session token was made for ``person``, whom ``app`` was assigned."""

    org: Installation
    person: Person
    app_id: str
    token: str


CHANGES: dict[str, Callable[[Between], object]] = {
    "suspended": lambda was: was.org.set_status(was.person.id, "suspended"),
    "deprovisioned": lambda was: was.org.set_status(was.person.id, "deprovisioned"),
    "a new password": lambda was: was.org.set_password(was.person.id, f"{was.person.password}-2"),
    "the token revoked": lambda was: was.org.revoke(was.token.partition(".")[0]),
    "unassigned": lambda was: was.org.unassign(was.app_id, was.person.id),
}


@pytest.mark.parametrize("change", CHANGES)
def test_OT_14_a_change_between_mint_and_redemption(server: Server, site: Site, change: str) -> None:
    client = site.org.clients["assigned"]
    person = server.inside(lambda org: org.add_person(f"ot14-{change.replace(' ', '-')}@example.com"))
    server.inside(lambda org: org.assign(client.app_id, person.id))
    token, control = session_token(site, person), session_token(site, person)
    assert "id_token" in answer(
        authorize(site.browser(), client, response_type="id_token", prompt="none", sessionToken=control)
    )

    async def changed(org: Installation) -> None:
        await CHANGES[change](Between(org, person, client.app_id, token))  # type: ignore[misc]

    server.inside(changed)
    browser = site.browser()
    refused = answer(authorize(browser, client, response_type="id_token", prompt="none", sessionToken=token))
    assert refused["error"] in ("login_required", "access_denied")
    assert "sid" not in browser.cookies


def test_OT_14_somebody_who_was_suspended_and_restored(server: Server, site: Site) -> None:
    person = server.inside(lambda org: org.add_person("ot14-restored@example.com"))
    token = session_token(site, person)
    browser = signed_in(site, person)
    code = code_for(browser, site.org.clients["web"])
    access_token = tokens_for(browser, site)["access_token"]
    server.inside(lambda org: org.set_status(person.id, "suspended"))
    server.inside(lambda org: org.set_status(person.id, "active"))
    assert not works(site, token)
    assert is_signed_in(browser) == ""
    assert exchange(site, site.org.clients["web"], code).json()["error"] == "invalid_grant"
    assert userinfo(site, access_token).status_code == 401
    assert sign_in(site, person).status_code == 200


def test_OT_14_an_application_that_was_switched_off(server: Server, site: Site) -> None:
    """The twin's application, so that nobody else misses it. The write checks it again, cache or no cache."""
    twin = server.twin
    client, app = twin.org.clients["refusing"], twin.saml("other")
    tokens = [session_token(twin) for _ in range(2)]
    server.inside(lambda org: org.change_application(client.app_id, status="inactive"), twin=True)
    server.inside(lambda org: org.change_application(app.app_id, status="inactive"), twin=True)
    browser = twin.browser()
    response = authorize(browser, client, response_type="id_token", prompt="none", sessionToken=tokens[0])
    assert response.status_code == 400 or answer(response)["error"] in ("access_denied", "login_required")
    page = browser.get(app.sso_path, params={"sessionToken": tokens[1]})
    assert "SAMLResponse" not in page.text
    assert "sid" not in browser.cookies


# --- OT-15: another user's session ---


def test_OT_15_a_token_of_somebody_else_never_replaces_a_session_by_itself(site: Site) -> None:
    victim = signed_in(site, "ann")
    cookie = victim.cookies["sid"]
    passive = redeem(victim, site, session_token(site, "bob"))
    assert answer(passive)["error"] == "login_required"
    token = session_token(site, "bob")
    page = victim.follow(redeem(victim, site, token, prompt=None, response_type="code"))
    assert page.status_code == 200
    assert "Continue as Bob?" in page.text
    assert "Ann Lee" in page.text
    assert victim.cookies["sid"] == cookie
    assert is_signed_in(victim) == "ann@example.com"
    stayed = victim.submit(page, press=("choice", "stay"))
    assert answer(stayed)["error"] == "access_denied"
    assert is_signed_in(victim) == "ann@example.com"
    assert not works(site, token)


def test_OT_15_the_user_may_go_on_as_somebody_else(site: Site) -> None:
    browser = signed_in(site, "ann")
    old = browser.copy()
    page = browser.follow(redeem(browser, site, session_token(site, "bob"), prompt=None, response_type="code"))
    done = browser.submit(page, press=("choice", "continue"))
    assert answer(done)["code"]
    assert is_signed_in(browser) == "bob@example.com"
    assert is_signed_in(old) == ""


def test_OT_15_nobody_else_can_press_the_button(site: Site) -> None:
    """A page of another site can post to the address of the question, but not with the cookie it belongs to."""
    browser = signed_in(site, "ann")
    page = browser.follow(redeem(browser, site, session_token(site, "bob"), prompt=None, response_type="code"))
    attacker = site.browser(origin="https://evil.example", sec_fetch_site="cross-site")
    assert attacker.post(str(page.url), data={"choice": "continue"}).status_code == 400
    without = browser.copy()
    del without.cookies["segue-browser"]
    assert without.post(str(page.url), data={"choice": "continue"}).status_code == 400
    for choice in ("", "yes", "CONTINUE"):
        assert browser.post(str(page.url), data={"choice": choice}).status_code == 400
    assert is_signed_in(browser) == "ann@example.com"


def test_OT_15_forms_images_and_frames_of_another_site(site: Site) -> None:
    """What a browser sends for an image and a script of another site, and for a link that somebody clicks there."""
    victim = signed_in(site, "ann")
    cross = {"sec-fetch-site": "cross-site", "origin": "https://evil.example", "referer": "https://evil.example/"}
    wanted = asks(site.org.clients["web"], sessionToken=session_token(site, "bob"))
    for destination in ("image", "script", "empty"):
        response = victim.get(f"{ORG}/authorize", params=wanted, headers={**cross, "sec-fetch-dest": destination})
        assert response.status_code == 400
    link = {**cross, "sec-fetch-dest": "document", "sec-fetch-mode": "navigate", "sec-fetch-user": "?1"}
    page = victim.follow(victim.get(f"{ORG}/authorize", params=wanted, headers=link))
    assert "Continue as Bob?" in page.text
    assert is_signed_in(victim) == "ann@example.com"


FOREIGN_FORM = [{"sec-fetch-site": "cross-site"}, {"origin": "https://evil.example"}, {"origin": "null"}]


@pytest.mark.parametrize("headers", FOREIGN_FORM, ids=str)
@pytest.mark.parametrize("prompt", [None, "none"])
def test_OT_15_a_form_of_another_site_meets_the_session_that_the_browser_kept_back(
    site: Site, headers: dict[str, str], prompt: str | None
) -> None:
    """A browser sends no Lax cookie with such a form, and every cookie with the redirect that answers it."""
    victim, nobody = signed_in(site, "ann"), site.browser()
    web = site.org.clients["web"]
    for browser in (victim, nobody):
        kept, cookie = dict(browser.cookies), browser.cookies.get("sid")
        browser.cookies.clear()
        form = asks(web, response_type="id_token", prompt=prompt, sessionToken=session_token(site, "bob"))
        posted = browser.post(f"{ORG}/authorize", data=form, headers=headers)
        assert posted.status_code == 303
        assert "sid" not in browser.cookies
        browser.cookies.update(kept)
        done = browser.follow(posted)
        if browser is nobody:
            assert "id_token" in answer(done)
            assert is_signed_in(browser) == "bob@example.com"
            continue
        assert browser.cookies["sid"] == cookie
        if prompt is None:
            assert "Continue as Bob?" in done.text
        else:
            assert answer(done)["error"] == "login_required"
        assert is_signed_in(browser) == "ann@example.com"


@pytest.mark.parametrize(("client", "outcome"), [("refusing", "access"), ("replacing", "replaced")])
def test_OT_15_an_application_may_choose_another_outcome(site: Site, client: str, outcome: str) -> None:
    browser = signed_in(site, "ann")
    old = browser.copy()
    token = session_token(site, "bob")
    response = authorize(browser, site.org.clients[client], response_type="id_token", prompt="none", sessionToken=token)
    if outcome == "replaced":
        assert "id_token" in answer(response)
        assert is_signed_in(browser) == "bob@example.com"
        assert is_signed_in(old) == ""
    else:
        assert "id_token" not in answer(response)
        assert is_signed_in(browser) == "ann@example.com"


def test_OT_15_saml_asks_as_well(site: Site) -> None:
    browser = signed_in(site, "ann")
    page = browser.follow(browser.get(site.saml("saml").sso_path, params={"sessionToken": session_token(site, "bob")}))
    assert "Continue as Bob?" in page.text
    done = browser.submit(page, press=("choice", "continue"))
    assert response_of(done).findtext(".//{*}NameID") == "bob@example.com"


# --- OT-16: fixation ---


def test_OT_16_a_cookie_that_was_there_before_is_never_the_session(site: Site) -> None:
    attacker = signed_in(site, "bob")
    for planted in (attacker.cookies["sid"], "planted", "102" + "0" * 17 + "." + "a" * 43):
        browser = site.browser()
        browser.cookies["sid"] = planted
        page = browser.follow(authorize(browser, site.org.clients["web"], prompt="login"))
        browser.submit(page, username="ann@example.com", password=site.person("ann").password)
        assert browser.cookies["sid"] != planted
        assert is_signed_in(browser) == "ann@example.com"
        assert is_signed_in(with_cookie(site, planted)) in ("", "bob@example.com")


def test_OT_16_a_token_gives_a_new_session_whatever_cookie_came_along(site: Site) -> None:
    browser = with_cookie(site, "102" + "z" * 17 + "." + "a" * 43)
    redeem(browser, site, session_token(site))
    assert is_signed_in(browser) == "ann@example.com"
    assert browser.cookies["sid"] != "102" + "z" * 17 + "." + "a" * 43


def test_OT_16_signing_in_again_makes_the_old_cookie_worthless(site: Site) -> None:
    browser = signed_in(site)
    old = browser.copy()
    redeem(browser, site, session_token(site))
    assert browser.cookies["sid"] != old.cookies["sid"]
    assert is_signed_in(browser) == "ann@example.com"
    assert is_signed_in(old) == ""


def test_OT_16_two_cookies_of_one_name_are_none(site: Site) -> None:
    mine, planted = signed_in(site, "ann").cookies["sid"], signed_in(site, "bob").cookies["sid"]
    for header in (f"sid={mine}; sid={planted}", f"sid={planted}; sid={mine}", f"sid={mine}; sid={mine}"):
        response = site.browser().get("/api/v1/sessions/me", headers={"cookie": header})
        assert response.status_code == 404


# --- OT-18: ids are no credentials ---


def test_OT_18_no_id_that_is_shown_anywhere_opens_anything(server: Server, site: Site) -> None:
    browser = signed_in(site)
    tokens = tokens_for(browser, site)
    session = browser.get("/api/v1/sessions/me")
    shown = {
        session.json()["id"],
        session.json()["userId"],
        session.headers["x-okta-request-id"],
        session_token(site).partition(".")[0],
        site.browser().post(AUTHN, json={"username": "nobody", "password": "x"}).json()["errorId"],
    }
    seen = "\n".join([tokens["scope"], session.text, str(browser.get("/").text), server.said()])
    for row in server.rows("SELECT * FROM events WHERE credential_id = $1", session.json()["id"]):
        seen += str(row)
    shown |= set(re.findall(r"\b[0-9A-Za-z]{20}\b", seen))
    assert session.json()["id"] in shown
    for ident in shown:
        for value in (ident, f"{ident}.", f"{ident}.{ident}", f"{ident}.{'a' * 43}"):
            assert is_signed_in(with_cookie(site, value)) == ""
            assert answer(redeem(site.browser(), site, value))["error"] == "login_required"


def test_OT_18_the_cookie_is_nowhere_but_in_set_cookie(site: Site) -> None:
    browser = signed_in(site)
    bearer = read_bearer(browser.cookies["sid"])
    assert bearer is not None
    tokens = tokens_for(browser, site)
    for address in ("/", "/app/UserHome", "/api/v1/sessions/me", "/.well-known/openid-configuration"):
        assert bearer.secret not in browser.get(address).text
    assert bearer.secret not in str(tokens)
    assert bearer.secret not in browser.get(site.saml("saml").sso_path).text
