"""Step-up where a sign-in was handed over (NW-06): what was proved at the origin against what the target asks, for
targets of every protocol. The missing factor alone is asked for, of the same user."""

from typing import Any

import httpx
import pyotp
import pytest
from tests.hand_over import (
    SCOPE,
    Target,
    a_target,
    age,
    backend_session,
    interclient_token,
    last_refusal,
    new_person,
    origin_tokens,
    outcome,
)
from tests.http_client import Browser, forms_of, parameters
from tests.installation import Client, Installation, Person
from tests.okta_steps import Pkce, authorize, claims_of, exchange, is_signed_in, signed_in
from tests.server import Server, Site

from segue.core.requirement import Requirement

OLD_S = 600
PROTOCOLS = ("oidc", "saml", "wsfed")
REQUIREMENTS = {
    "one factor": Requirement(),
    "two factors": Requirement(factors=2),
    "fresh": Requirement(max_age_s=60),
    "two factors, fresh": Requirement(factors=2, max_age_s=60),
}
# What is asked for, in order, by what was proved at the origin and what the target wants.
MATRIX = {
    "password": ("", "code", "", "code"),
    "old password": ("", "code", "password", "password code"),
    "password and code": ("", "", "", ""),
    "old password and code": ("", "", "password", "password"),
}
ROWS = [
    (protocol, proved, wanted, asked)
    for protocol in PROTOCOLS
    for proved, row in MATRIX.items()
    for wanted, asked in zip(REQUIREMENTS, row, strict=True)
]


Targets = dict[tuple[str, str], Target]
Waiting = tuple[Browser, httpx.Response, Person, str]


@pytest.fixture(scope="module")
def targets(server: Server) -> Targets:
    """A target of every protocol for every requirement, and one that opens a session; each trusts the origin."""

    async def make(org: Installation) -> Targets:
        made = {}
        for name, requirement in REQUIREMENTS.items():
            for protocol in PROTOCOLS:
                made[protocol, name] = await a_target(org, protocol, requirement)
        return made

    return server.inside(make)


def with_code(site: Site, person: Person, secret: str) -> dict[str, Any]:
    """The origin's tokens after a password and a code of the authenticator app."""
    browser, client, pkce = site.browser(), site.org.clients["origin"], Pkce.new()
    page = browser.follow(authorize(browser, client, scope=SCOPE, acr_values="urn:okta:loa:2fa:any", **pkce.challenge))
    page = browser.follow(browser.submit(page, username=person.login, password=person.password))
    answer = submit(browser, page, passcode=pyotp.TOTP(secret).now())
    code = parameters(answer.headers["location"])["code"]
    tokens: dict[str, Any] = exchange(site, client, code, code_verifier=pkce.verifier).json()
    return tokens


def submit(browser: Browser, page: httpx.Response, **fields: str) -> httpx.Response:
    """Fills in the first form of a page."""
    form = forms_of(page)[0]
    address = form.action or str(page.request.url)
    return browser.request(form.method, address, data={**form.fields, **fields})


def proved_at_origin(server: Server, proved: str) -> tuple[Person, str, dict[str, Any]]:
    """Somebody with an authenticator app, and the origin's tokens of a sign-in of that kind."""
    person, secret = new_person(server, totp=True)
    site = server.site
    tokens = with_code(site, person, secret) if "code" in proved else origin_tokens(site, person)
    if "old" in proved:
        age(server, backend_session(site, tokens), OLD_S)
    return person, secret, tokens


def asked_of(page: httpx.Response) -> str:
    fields = forms_of(page)[0].fields
    return "code" if "passcode" in fields else "password" if "password" in fields else "nothing"


@pytest.mark.parametrize(
    ("protocol", "proved", "wanted", "asked"), ROWS, ids=lambda value: str(value).replace(" ", "-")
)
def test_NW_06_the_missing_factor_alone_is_asked_for(
    server: Server,
    site: Site,
    targets: Targets,
    protocol: str,
    proved: str,
    wanted: str,
    asked: str,
) -> None:
    person, secret, tokens = proved_at_origin(server, proved)
    target = targets[protocol, wanted]
    token = interclient_token(site, target.app_id, tokens=tokens)
    browser = site.browser()
    answer, seen = target.open(browser, token), []
    while outcome(protocol, answer) == "page":
        page = browser.follow(answer)
        assert page.status_code == 200, page.text[:2000]
        assert token not in str(page.request.url)
        assert "interclient_token" not in str(page.request.url)
        seen.append(asked_of(page))
        given = {"code": {"passcode": pyotp.TOTP(secret).now()}, "password": {"password": person.password}}[seen[-1]]
        answer = submit(browser, page, **given)
    assert " ".join(seen) == asked
    assert outcome(protocol, answer) == "in", answer.text[:2000]
    assert "sid" not in browser.cookies
    assert is_signed_in(browser) == ""
    if target.client is not None:
        claims = id_claims(site, target.client, answer)
        assert claims["sub"] == person.id
        factors = {"pwd"} | ({"otp", "mfa"} if "code" in proved or "code" in asked else set())
        assert set(claims["amr"]) == factors
        if not asked:
            assert claims["auth_time"] == proved_time(site, server, tokens)


def id_claims(site: Site, client: Client, answer: httpx.Response) -> dict[str, Any]:
    code = parameters(answer.headers["location"])["code"]
    response = exchange(site, client, code)
    assert response.status_code == 200, response.text
    return claims_of(response.json()["id_token"], site)


def proved_time(site: Site, server: Server, tokens: dict[str, Any]) -> int:
    """When the user last proved something at the origin, as the backend session keeps it, in seconds."""
    import json

    ((text,),) = server.rows("SELECT data FROM credentials WHERE id = $1", backend_session(site, tokens))
    return int(max(proof["at"] for proof in json.loads(text)["assurance"]) // 1000)


# --- the page that asks ---


@pytest.fixture
def waiting(server: Server, site: Site, targets: Targets) -> Waiting:
    """Somebody whose sign-in waits for a code at an OpenID Connect target."""
    person, secret, tokens = proved_at_origin(server, "password")
    target = targets["oidc", "two factors"]
    browser = site.browser()
    page = browser.follow(target.open(browser, interclient_token(site, target.app_id, tokens=tokens)))
    assert asked_of(page) == "code"
    return browser, page, person, secret


def test_the_page_can_be_loaded_again(waiting: Waiting) -> None:
    browser, page, _, secret = waiting
    for _ in range(3):
        page = browser.get(str(page.request.url))
        assert asked_of(page) == "code"
    assert outcome("oidc", submit(browser, page, passcode=pyotp.TOTP(secret).now())) == "in"


def test_a_wrong_code_is_asked_for_again(waiting: Waiting) -> None:
    browser, page, _, secret = waiting
    wrong = submit(browser, page, passcode="000000")
    assert wrong.status_code == 401
    assert outcome("oidc", submit(browser, wrong, passcode=pyotp.TOTP(secret).now())) == "in"


def test_NW_06_nobody_cancels_and_switches_users(waiting: Waiting) -> None:
    browser, page, _, secret = waiting
    assert "Sign in as somebody else" not in page.text
    restarted = browser.post(str(page.request.url), data={"step": "restart"})
    assert restarted.status_code == 400
    assert outcome("oidc", submit(browser, page, passcode=pyotp.TOTP(secret).now())) == "in"


def test_NW_06_a_password_of_somebody_else_proves_nothing(waiting: Waiting, server: Server, site: Site) -> None:
    """A form of a password at this page is judged as that of whoever was handed over."""
    browser, page, person, secret = waiting
    ann = site.person("ann")
    answer = browser.post(str(page.request.url), data={"username": ann.login, "password": ann.password})
    assert answer.status_code == 401
    answered = submit(browser, page, passcode=pyotp.TOTP(secret).now())
    assert outcome("oidc", answered) == "in"
    code = parameters(answered.headers["location"])["code"].partition(".")[0]
    assert server.rows("SELECT user_id FROM credentials WHERE id = $1", code) == [(person.id,)]


def test_cancel_ends_in_access_denied(waiting: Waiting, server: Server) -> None:
    browser, page, _, secret = waiting
    cancel = next(form for form in forms_of(page) if form.id == "" and not form.fields)
    answer = browser.post(cancel.action or str(page.request.url), data={"choice": "cancel"})
    assert outcome("oidc", answer) == "access_denied"
    assert last_refusal(server, "sign_in.oidc")[1:] == ("access_denied", ["confirmed"])
    gone = submit(browser, page, passcode=pyotp.TOTP(secret).now())
    assert gone.status_code == 400


@pytest.mark.parametrize("protocol", ["saml", "wsfed"])
def test_cancel_shows_a_page_where_the_protocol_has_no_word_for_it(
    server: Server, site: Site, targets: Targets, protocol: str
) -> None:
    _, _, tokens = proved_at_origin(server, "password")
    target, browser = targets[protocol, "two factors"], site.browser()
    page = browser.follow(target.open(browser, interclient_token(site, target.app_id, tokens=tokens)))
    assert browser.post(str(page.request.url), data={"choice": "cancel"}).status_code == 403


def test_another_browser_cannot_go_on(waiting: Waiting, site: Site) -> None:
    _, page, _, secret = waiting
    other = site.browser().post(str(page.request.url), data={"step": "verify", "passcode": pyotp.TOTP(secret).now()})
    assert other.status_code == 400


@pytest.mark.parametrize(
    ("proved", "wanted", "error"),
    [
        ("password", "two factors", "interaction_required"),
        ("old password", "fresh", "login_required"),
        ("password", "one factor", "in"),
        ("password and code", "two factors", "in"),
    ],
)
def test_NW_06_without_a_page_nobody_is_asked(
    server: Server, site: Site, targets: Targets, proved: str, wanted: str, error: str
) -> None:
    _, _, tokens = proved_at_origin(server, proved)
    target = targets["oidc", wanted]
    token = interclient_token(site, target.app_id, tokens=tokens)
    assert outcome("oidc", target.open(site.browser(), token, prompt="none")) == error


@pytest.mark.parametrize(
    ("asked", "page"),
    [
        ({"prompt": "login"}, "password"),
        ({"max_age": "60"}, "password"),
        ({"acr_values": "urn:okta:loa:2fa:any"}, "code"),
    ],
    ids=["prompt", "max_age", "acr"],
)
def test_NW_06_what_the_request_itself_asks_is_asked_of_the_origins_proofs(
    server: Server, site: Site, targets: Targets, asked: dict[str, str], page: str
) -> None:
    person, secret, tokens = proved_at_origin(server, "old password")
    target, browser = targets["oidc", "one factor"], site.browser()
    shown = browser.follow(target.open(browser, interclient_token(site, target.app_id, tokens=tokens), **asked))
    assert asked_of(shown) == page
    given = {"passcode": pyotp.TOTP(secret).now()} if page == "code" else {"password": person.password}
    assert outcome("oidc", submit(browser, shown, **given)) == "in"


def test_NW_06_a_step_up_at_one_target_is_not_remembered_at_the_next(
    server: Server, site: Site, targets: Targets
) -> None:
    _, secret, tokens = proved_at_origin(server, "password")
    first, second, browser = targets["oidc", "two factors"], targets["saml", "two factors"], site.browser()
    page = browser.follow(first.open(browser, interclient_token(site, first.app_id, tokens=tokens)))
    assert outcome("oidc", submit(browser, page, passcode=pyotp.TOTP(secret).now())) == "in"
    again = browser.follow(second.open(browser, interclient_token(site, second.app_id, tokens=tokens)))
    assert asked_of(again) == "code"


def test_NW_06_a_session_of_the_same_user_in_the_browser_adds_nothing(
    server: Server, site: Site, targets: Targets
) -> None:
    person, secret, tokens = proved_at_origin(server, "password")
    browser = signed_in(site, person)
    target = targets["oidc", "fresh"]
    age(server, backend_session(site, tokens), OLD_S)
    cookies = dict(browser.cookies)
    page = browser.follow(target.open(browser, interclient_token(site, target.app_id, tokens=tokens)))
    assert asked_of(page) == "password"
    answer = submit(browser, page, password=person.password)
    assert outcome("oidc", answer) == "in"
    assert browser.cookies["sid"] == cookies["sid"]
    assert secret


# --- what the application may be set to ---


def test_an_application_may_have_the_browser_signed_in(server: Server, site: Site) -> None:
    async def make(org: Installation) -> Target:
        target = await a_target(org, "oidc", Requirement())
        await org.change_application(target.app_id, hand_off_opens_session=True)
        return target

    target = server.inside(make)
    person, _ = new_person(server)
    browser = site.browser()
    token = interclient_token(site, target.app_id, person)
    assert outcome("oidc", target.open(browser, token)) == "in"
    assert is_signed_in(browser) == person.login
    other = signed_in(site, "bob")
    assert outcome("oidc", target.open(other, interclient_token(site, target.app_id, person))) == "in"
    assert is_signed_in(other) == "bob@example.com"


@pytest.mark.parametrize("method", ["GET", "POST"])
def test_an_application_may_have_people_asked_whose_sign_in_it_is(server: Server, site: Site, method: str) -> None:
    async def make(org: Installation) -> Target:
        target = await a_target(org, "oidc", Requirement())
        await org.change_application(target.app_id, when_other_user="ask")
        return target

    target = server.inside(make)
    person, _ = new_person(server)
    browser, token = signed_in(site, "bob"), interclient_token(site, target.app_id, person)
    if method == "GET":
        answer = target.open(browser, token)
    else:  # a form of another site, to which a browser adds no cookie
        held, browser.cookies = browser.cookies, {}
        sent = {**target.query, "interclient_token": token}
        answer = browser.post(target.path, data=sent, headers={"sec-fetch-site": "cross-site"})
        browser.cookies = {**held, **browser.cookies}
    page = browser.follow(answer)
    assert "bob@example.com" in page.text
    assert person.login in page.text
    assert outcome("oidc", browser.submit(page, press=("choice", "continue"))) == "in"
    assert is_signed_in(browser) == "bob@example.com"
