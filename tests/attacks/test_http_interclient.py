"""Native to Web SSO under attack, by the ids of the threat model (NW, OT-14, OT-17)."""

import json
import time
from collections.abc import Callable, Coroutine
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.parse import quote, urlencode

import httpx
import pytest
from tests.attacks.test_http_fuzz import HOSTILE
from tests.hand_over import (
    ACCESS_TOKEN,
    AUDIENCE,
    ID_TOKEN,
    SCOPE,
    Target,
    a_target,
    an_origin,
    backend_session,
    exchange,
    exchange_form,
    interclient_token,
    last_refusal,
    new_person,
    origin_tokens,
    outcome,
    present,
    request_of,
    shown,
    target_id,
)
from tests.http_client import parameters
from tests.installation import Client, Installation, Person
from tests.key_holder import a_key, a_proof
from tests.okta_steps import (
    DEFAULT,
    ORG,
    ask_token,
    authorize,
    basic,
    by_password,
    claims_of,
    code_for,
    is_signed_in,
    session_token,
    signed_in,
    userinfo,
    with_api_token,
)
from tests.okta_steps import exchange as exchange_code
from tests.server import Server, Site, running_server

from segue.admin import trust

PROTOCOLS = pytest.mark.parametrize("protocol", ["oidc", "saml", "wsfed"])
Change = Callable[["Flow"], None]


@dataclass(frozen=True, slots=True)
class Flow:
    """A person, an origin and a target of this test alone, of any protocol."""

    server: Server
    protocol: str
    person: Person
    origin: Client
    target: Target

    @property
    def site(self) -> Site:
        return self.server.site

    def tokens(self) -> dict[str, Any]:
        return origin_tokens(self.site, self.person, self.origin)

    def exchange(self, tokens: dict[str, Any], **changes: str | None) -> httpx.Response:
        return exchange(self.site, tokens, self.target.app_id, name=self.origin, **changes)

    def ticket(self, tokens: dict[str, Any] | None = None) -> str:
        response = self.exchange(tokens or self.tokens())
        assert response.status_code == 200, response.text
        return str(response.json()["access_token"])

    def use(self, ticket: str) -> str:
        return outcome(self.protocol, self.target.open(self.site.browser(), ticket))

    def inside(self, work: Callable[[Installation], Coroutine[Any, Any, Any]]) -> Any:
        return self.server.inside(work)


def a_flow(server: Server, protocol: str) -> Flow:
    async def make(org: Installation) -> tuple[Client, Target]:
        origin = await an_origin(org)
        target = await a_target(org, protocol, everyone=False, origin=origin.app_id)
        return origin, target

    origin, target = server.inside(make)
    person, _ = new_person(server)
    server.inside(lambda org: org.assign(target.app_id, person.id))
    return Flow(server, protocol, person, origin, target)


@pytest.fixture
def flow(server: Server, protocol: str) -> Flow:
    return a_flow(server, protocol)


@pytest.fixture
def oidc(server: Server) -> Flow:
    return a_flow(server, "oidc")


def distrust(flow: Flow) -> None:
    """Over the API, at another worker perhaps: it has to count at once."""
    path = f"/api/v1/apps/{flow.target.app_id}/interclient-allowed-apps/{flow.origin.app_id}"
    assert flow.site.browser().request("DELETE", path, headers=with_api_token(flow.site)).status_code == 204


# --- NW-01: the trust map at each of its moments ---


def test_NW_01_trust_that_is_gone_before_the_sign_in(server: Server, oidc: Flow) -> None:
    distrust(oidc)
    form = {"username": oidc.person.login, "password": oidc.person.password, "scope": SCOPE}
    refused = ask_token(oidc.site, oidc.origin, "password", **form)
    assert (refused.status_code, refused.json()["error"]) == (400, "invalid_scope")
    assert last_refusal(server, "oauth.token")[2] == ["stands_as_origin"]


def test_NW_01_trust_that_is_gone_between_the_code_and_the_tokens(server: Server, oidc: Flow) -> None:
    browser = signed_in(oidc.site, oidc.person)
    code = code_for(browser, oidc.origin, scope=SCOPE)
    distrust(oidc)
    refused = exchange_code(oidc.site, oidc.origin, code)
    assert (refused.status_code, refused.json()["error"]) == (400, "invalid_scope")
    assert last_refusal(server, "oauth.token")[2] == ["stands_as_origin"]


def test_NW_01_trust_that_is_gone_at_the_refresh(server: Server, oidc: Flow) -> None:
    tokens = oidc.tokens()
    distrust(oidc)
    refused = ask_token(oidc.site, oidc.origin, "refresh_token", refresh_token=tokens["refresh_token"])
    assert (refused.status_code, refused.json()["error"]) == (400, "invalid_scope")
    assert last_refusal(server, "oauth.token")[2] == ["stands_as_origin"]


@PROTOCOLS
def test_NW_01_trust_that_is_gone_at_the_exchange(server: Server, flow: Flow) -> None:
    tokens = flow.tokens()
    distrust(flow)
    refused = flow.exchange(tokens)
    assert (refused.status_code, refused.json()["error"]) == (403, "access_denied")
    assert last_refusal(server, "oauth.token") == ("oauth.token", "not_trusted", ["trusted"])


@PROTOCOLS
def test_NW_01_trust_that_is_gone_between_exchange_and_use(server: Server, flow: Flow) -> None:
    ticket = flow.ticket()
    distrust(flow)
    assert flow.use(ticket) == ("access_denied" if flow.protocol == "oidc" else "403")
    assert last_refusal(server, f"sign_in.{flow.protocol}")[1:] == ("not_trusted", ["trusted"])
    flow.inside(
        lambda org: trust.trust_application(org.segue.store, flow.target.app_id, flow.origin.app_id, org.change)
    )
    assert flow.use(ticket) == ("one_time_sso_token_replayed" if flow.protocol == "oidc" else "400")


def test_NW_01_trust_that_is_gone_while_a_page_waits(server: Server, oidc: Flow) -> None:
    browser = oidc.site.browser()
    page = browser.follow(oidc.target.open(browser, oidc.ticket(), prompt="login"))
    assert "Confirm that it is you" in page.text
    distrust(oidc)
    answer = browser.post(str(page.request.url), data={"password": oidc.person.password})
    assert outcome("oidc", answer) == "access_denied"
    assert last_refusal(server, "sign_in.oidc")[1:] == ("not_trusted", ["trusted"])


def test_NW_01_trust_is_one_way(oidc: Flow) -> None:
    tokens = oidc.tokens()
    for target in (oidc.origin.app_id, target_id(oidc.site, "oidc", "spa")):
        assert exchange(oidc.site, tokens, target, name=oidc.origin).status_code == 403


# --- OT-14: what happens between the exchange and the use of its ticket ---


def unassign(flow: Flow) -> None:
    flow.inside(lambda org: org.unassign(flow.target.app_id, flow.person.id))


def suspend(flow: Flow) -> None:
    flow.inside(lambda org: org.set_status(flow.person.id, "suspended"))


def new_password(flow: Flow) -> None:
    flow.inside(lambda org: org.set_password(flow.person.id, "another long pass phrase"))


def end_sessions(flow: Flow) -> None:
    path = f"/api/v1/users/{flow.person.id}/sessions"
    assert flow.site.browser().request("DELETE", path, headers=with_api_token(flow.site)).status_code == 204


def revoke_session(flow: Flow) -> None:
    rows = flow.server.rows(
        "SELECT id FROM credentials WHERE kind = 'backend_session' AND user_id = $1", flow.person.id
    )
    flow.inside(lambda org: org.revoke(rows[-1][0]))


def expire_session(flow: Flow) -> None:
    statement = "UPDATE credentials SET idle_expires_at = issued_at + 1 WHERE kind = 'backend_session' AND user_id = $1"
    flow.server.execute(statement, flow.person.id)


def revoke_access_token(flow: Flow) -> None:
    rows = flow.server.rows("SELECT id FROM credentials WHERE kind = 'access_token' AND user_id = $1", flow.person.id)
    flow.inside(lambda org: org.revoke(rows[-1][0]))


def revoke_refresh_token(flow: Flow) -> None:
    """As the application itself does when its user signs out of it."""
    rows = flow.server.rows("SELECT id FROM credentials WHERE kind = 'refresh_token' AND user_id = $1", flow.person.id)
    flow.inside(lambda org: org.revoke(rows[-1][0]))


def close_session(flow: Flow) -> None:
    """An administrator ends the one session, by the id that the ID token names."""
    rows = flow.server.rows(
        "SELECT id FROM credentials WHERE kind = 'backend_session' AND user_id = $1", flow.person.id
    )
    path = f"/api/v1/sessions/{rows[-1][0]}"
    assert flow.site.browser().request("DELETE", path, headers=with_api_token(flow.site)).status_code == 204


def switch_origin_off(flow: Flow) -> None:
    flow.inside(lambda org: org.change_application(flow.origin.app_id, status="inactive"))


def expire_ticket(flow: Flow) -> None:
    statement = "UPDATE credentials SET expires_at = issued_at WHERE kind = 'interclient' AND user_id = $1"
    flow.server.execute(statement, flow.person.id)


def named(value: object) -> str:
    return getattr(value, "__name__", "")


BETWEEN: list[tuple[Change, str, str, str]] = [
    (unassign, "access_denied", "403", "assigned"),
    (suspend, "invalid_token", "401", "user_active"),
    (new_password, "invalid_token", "401", "user_stamp"),
    (end_sessions, "invalid_token", "401", "not_revoked"),
    (revoke_session, "invalid_token", "401", "not_revoked"),
    (expire_session, "invalid_token", "401", "session_live"),
    (close_session, "invalid_token", "401", "not_revoked"),
    (revoke_access_token, "invalid_token", "401", "not_revoked"),
    (revoke_refresh_token, "invalid_token", "401", "not_revoked"),
    (switch_origin_off, "access_denied", "403", "trusted"),
    (expire_ticket, "invalid_token", "401", "unexpired"),
]


@PROTOCOLS
@pytest.mark.parametrize(
    ("change", "error", "status", "check"), BETWEEN, ids=lambda value: getattr(value, "__name__", "")
)
def test_OT_14_what_changes_between_exchange_and_use_is_seen(
    server: Server, flow: Flow, change: Change, error: str, status: str, check: str
) -> None:
    ticket = flow.ticket()
    change(flow)
    assert flow.use(ticket) == (error if flow.protocol == "oidc" else status)
    type, _, failed = last_refusal(server, f"sign_in.{flow.protocol}")
    assert check in failed, (type, failed)
    assert server.rows("SELECT count(*) FROM credentials WHERE kind = 'session' AND user_id = $1", flow.person.id) == [
        (0,)
    ]


AT_EXCHANGE: list[tuple[Change, int, str, str]] = [
    (unassign, 400, "access_denied", "assigned"),
    (suspend, 400, "invalid_grant", "actor_live"),
    (new_password, 400, "invalid_grant", "actor_live"),
    (end_sessions, 400, "invalid_grant", "session_live"),
    (revoke_session, 400, "invalid_grant", "session_live"),
    (expire_session, 400, "invalid_grant", "session_live"),
    (close_session, 400, "invalid_grant", "session_live"),
    (revoke_access_token, 400, "invalid_grant", "actor_live"),
    (revoke_refresh_token, 400, "invalid_grant", "actor_live"),
]


@pytest.mark.parametrize(("change", "status", "error", "check"), AT_EXCHANGE, ids=named)
def test_OT_14_what_changes_between_sign_in_and_exchange_is_seen(
    server: Server, oidc: Flow, change: Change, status: int, error: str, check: str
) -> None:
    tokens = oidc.tokens()
    change(oidc)
    refused = oidc.exchange(tokens)
    assert (refused.status_code, refused.json()["error"]) == (status, error)
    assert last_refusal(server, "oauth.token")[2] == [check]


def test_OA_02_a_code_used_twice_ends_the_session_it_gave(server: Server, oidc: Flow) -> None:
    code = code_for(signed_in(oidc.site, oidc.person), oidc.origin, scope=SCOPE)
    tokens = exchange_code(oidc.site, oidc.origin, code).json()
    ticket = oidc.ticket(tokens)
    assert exchange_code(oidc.site, oidc.origin, code).status_code == 400
    assert oidc.use(ticket) == "invalid_token"
    assert oidc.exchange(tokens).json()["error"] == "invalid_grant"
    assert server.process.poll() is None


def test_a_sign_out_in_the_browser_leaves_the_applications_session(oidc: Flow) -> None:
    """The sign-in of a phone does not end because a browser is closed; an administrator ends both."""
    browser = signed_in(oidc.site, oidc.person)
    tokens = exchange_code(oidc.site, oidc.origin, code_for(browser, oidc.origin, scope=SCOPE)).json()
    assert browser.request("DELETE", "/api/v1/sessions/me").status_code == 204
    assert oidc.use(oidc.ticket(tokens)) == "in"


# --- NW-02: tokens that do not belong together ---


def test_NW_02_tokens_that_are_no_pair(server: Server, site: Site, twin: Site) -> None:
    ann, again, bob = origin_tokens(site), origin_tokens(site), origin_tokens(site, "bob")
    phone, custom = origin_tokens(site, name="phone origin"), origin_tokens(site, at=DEFAULT)
    foreign, plain = origin_tokens(twin), origin_tokens(site, scope="openid profile")
    revoked, expired = origin_tokens(site), origin_tokens(site)
    server.inside(lambda org: org.revoke(claims_of(revoked["access_token"], site)["jti"].removeprefix("AT.")))
    past = dict.fromkeys(("iat", "exp"), 1_700_000_000)

    def aged(name: str) -> str:
        claims = {**claims_of(expired[name], site), **past}
        return server.inside(lambda org: org.sign(claims))

    claims = claims_of(ann["id_token"], site)

    def signed(typ: str | None = None, **changes: Any) -> str:
        """Ann's ID token with other claims, really signed; None leaves one out."""
        wanted = {name: value for name, value in {**claims, **changes}.items() if value is not None}
        return server.inside(lambda org: org.sign(wanted, typ=typ))

    id_token, access_token = ann["id_token"], ann["access_token"]
    pairs: dict[str, tuple[str, str, int, str]] = {
        "another user's access token": (id_token, bob["access_token"], 400, "invalid_request"),
        "another user's ID token": (bob["id_token"], access_token, 400, "invalid_request"),
        "another sign-in's access token": (id_token, again["access_token"], 400, "invalid_request"),
        "another client's ID token": (phone["id_token"], access_token, 403, "access_denied"),
        "another client's access token": (id_token, phone["access_token"], 403, "access_denied"),
        "another client's pair": (phone["id_token"], phone["access_token"], 403, "access_denied"),
        "another server's ID token": (custom["id_token"], access_token, 400, "invalid_request"),
        "another server's access token": (id_token, custom["access_token"], 400, "invalid_request"),
        "another org's pair": (foreign["id_token"], foreign["access_token"], 400, "invalid_request"),
        "an access token without the scope": (id_token, plain["access_token"], 400, "invalid_grant"),
        "an ID token of tokens without the scope": (plain["id_token"], access_token, 400, "invalid_request"),
        "an expired ID token": (aged("id_token"), expired["access_token"], 400, "invalid_grant"),
        "an expired access token": (expired["id_token"], aged("access_token"), 400, "invalid_grant"),
        "a revoked access token": (revoked["id_token"], revoked["access_token"], 400, "invalid_grant"),
        "the two swapped": (access_token, id_token, 400, "invalid_request"),
        "two ID tokens": (id_token, id_token, 400, "invalid_request"),
        "two access tokens": (access_token, access_token, 400, "invalid_request"),
        "another typ": (signed("at+jwt"), access_token, 400, "invalid_request"),
        "a list of audiences": (signed(aud=["origin-client"]), access_token, 400, "invalid_request"),
        "another user's session": (signed(sid=backend_session(site, bob)), access_token, 400, "invalid_request"),
        "no session": (signed(sid=None), access_token, 400, "invalid_request"),
        "no end": (signed(exp=None), access_token, 400, "invalid_request"),
        "a broken signature": (id_token[:-4] + "AAAA", access_token, 400, "invalid_request"),
        "no signature": (id_token.rpartition(".")[0] + ".", access_token, 400, "invalid_request"),
        "no algorithm": (unsigned(id_token), access_token, 400, "invalid_request"),
        "no token at all": ("x", "y", 400, "invalid_request"),
    }
    target = target_id(site, "oidc")
    for name, (subject, actor, status, error) in pairs.items():
        refused = exchange(site, {"id_token": subject, "access_token": actor}, target)
        assert (refused.status_code, refused.json()["error"]) == (status, error), (name, refused.text)
    assert exchange(site, ann, target).status_code == 200
    swapped = {"subject_token_type": ACCESS_TOKEN, "actor_token_type": ID_TOKEN}
    tokens = {"id_token": access_token, "access_token": id_token}
    assert exchange(site, tokens, target, **swapped).json()["error"] == "invalid_request"


def unsigned(token: str) -> str:
    import base64

    header = base64.urlsafe_b64encode(b'{"alg":"none"}').decode().rstrip("=")
    return f"{header}.{token.split('.')[1]}."


# --- NW-03: nothing is dropped and replaced by something weaker ---


@pytest.mark.parametrize("name", ["subject_token", "actor_token", "audience", "requested_token_type"])
def test_NW_03_too_long_twice_or_empty_is_an_error(site: Site, name: str) -> None:
    client, tokens = site.org.clients["origin"], origin_tokens(site)
    headers = {"authorization": basic(client.client_id, client.secret)}
    form = exchange_form(tokens, target_id(site, "oidc"))
    pairs = [*form.items()]
    for sent in (
        [(key, value if key != name else value + "A" * 16_400) for key, value in pairs],
        [*pairs, (name, form[name])],
        [(key, value if key != name else "") for key, value in pairs],
    ):
        body = urlencode(sent).encode()
        response = site.browser().post(
            f"{ORG}/token", content=body, headers={**headers, "content-type": "application/x-www-form-urlencoded"}
        )
        assert response.status_code == 400, response.text
        assert response.json()["error"] in ("invalid_request", "invalid_target")
    assert exchange(site, tokens, target_id(site, "oidc")).status_code == 200


@pytest.mark.parametrize(
    "name", ["subject_token", "actor_token", "audience", "requested_token_type", "subject_token_type"]
)
def test_I9_no_value_of_an_exchange_makes_a_fault(site: Site, name: str) -> None:
    client, tokens = site.org.clients["origin"], origin_tokens(site)
    form = exchange_form(tokens, target_id(site, "oidc"))
    headers = {
        "authorization": basic(client.client_id, client.secret),
        "content-type": "application/x-www-form-urlencoded",
    }
    browser = site.browser()
    for value in HOSTILE:
        rest = urlencode({key: text for key, text in form.items() if key != name})
        body = f"{rest}&{name}=".encode() + quote(value, safe="").encode()
        response = browser.post(f"{ORG}/token", content=body, headers=headers)
        assert 400 <= response.status_code < 500, (value, response.text)
        assert "access_token" not in response.json()


# --- NW-04: the audience is one application of this org, by its exact name ---


def test_NW_04_no_other_audience_will_do(server: Server, site: Site, twin: Site) -> None:
    tokens, web = origin_tokens(site), site.org.clients["web"]
    good = f"{AUDIENCE}{web.app_id}"
    off = server.inside(lambda org: a_target(org, "oidc"))
    server.inside(lambda org: org.change_application(off.app_id, status="inactive"))
    wrong = [
        f"{AUDIENCE}{twin.org.clients['web'].app_id}",
        f"{AUDIENCE}{off.app_id}",
        f"{AUDIENCE}0oaNobodyNobodyNobod",
        web.app_id,
        web.client_id,
        f"{site.base_url}/{web.app_id}",
        f"{good} ",
        f" {good}",
        f"{good},{good}",
        f"{good}\n",
        f"{good}/",
        f"{good}#",
        good.upper(),
        good.replace("urn:okta:apps:", "URN:okta:apps:"),
        good.replace("urn:okta:apps:", "urn:okta:app:"),
        f"{AUDIENCE}{good}",
        f'["{good}"]',
        f'{{"aud":"{good}"}}',
        quote(good, safe=""),
        AUDIENCE,
    ]
    for audience in wrong:
        refused = exchange(site, tokens, "", audience=audience)
        assert (refused.status_code, refused.json()["error"]) == (400, "invalid_target"), (audience, refused.text)
    for audience in (f"{AUDIENCE}{site.org.clients['origin'].app_id}", f"{AUDIENCE}{site.linked('suite').app_id}"):
        assert exchange(site, tokens, "", audience=audience).status_code == 403
    assert exchange(site, tokens, "", audience=good).status_code == 200


# --- NW-05: the token is good for one thing ---


def test_NW_05_an_interclient_token_opens_nothing_else(site: Site, twin: Site) -> None:
    web = site.org.clients["web"]
    tokens = origin_tokens(site)
    token = interclient_token(site, web.app_id, tokens=tokens)
    browser = site.browser()
    assert userinfo(site, token).status_code == 401
    for path in ("/api/v1/trustedOrigins", f"/api/v1/apps/{web.app_id}/interclient-allowed-apps", "/api/v1/logs"):
        for scheme in ("Bearer", "SSWS"):
            assert browser.get(path, headers={"authorization": f"{scheme} {token}"}).status_code == 401
    for client in (web, site.org.clients["origin"]):
        headers = {"authorization": basic(client.client_id, client.secret)}
        looked = browser.post(f"{ORG}/introspect", data={"token": token}, headers=headers)
        assert looked.json() == {"active": False}
        assert browser.post(f"{ORG}/revoke", data={"token": token}, headers=headers).status_code in (200, 400)
    for slot in ("sessionToken", "onetimetoken"):
        answer = authorize(browser, web, prompt="none", **{slot: token})
        assert parameters(answer.headers["location"])["error"] == "login_required"
    assert parameters(authorize(browser, web, id_token_hint=token).headers["location"])["error"] == "invalid_request"
    link = browser.get("/login/sessionCookieRedirect", params={"token": token, "redirectUrl": f"{site.base_url}/"})
    assert "sid" not in browser.cookies, link.text
    assert browser.post("/api/v1/sessions", json={"sessionToken": token}).status_code == 401
    assert exchange(site, {**tokens, "id_token": token}, web.app_id).json()["error"] == "invalid_request"
    assert exchange(site, {**tokens, "access_token": token}, web.app_id).json()["error"] == "invalid_request"
    assert exchange_code(site, web, token).json()["error"] == "invalid_grant"
    refresh = ask_token(site, site.org.clients["origin"], "refresh_token", refresh_token=token)
    assert refresh.json()["error"] == "invalid_grant"
    for _ in range(2):  # nothing of all this has spent it
        other = present(site.browser(), site, "oidc", token, "assigned")
        assert parameters(other.headers["location"])["error"] == "invalid_token"
    assert outcome("oidc", present(twin.browser(), twin, "oidc", token)) == "invalid_token"
    assert outcome("oidc", present(browser, site, "oidc", token)) == "in"
    assert is_signed_in(browser) == ""


def test_NW_05_nothing_else_is_an_interclient_token(server: Server, site: Site) -> None:
    tokens, web = origin_tokens(site), site.org.clients["web"]
    good = interclient_token(site, web.app_id, tokens=tokens)
    claims = claims_of(good, site)
    forged: dict[str, Any] = {
        "another typ": ({}, "JWT"),
        "no typ": ({}, None),
        "another aud": ({"aud": web.client_id}, "interclient+jwt"),
        "another tid": ({"tid": site.org.clients["code only"].app_id}, "interclient+jwt"),
        "another issuer": ({"iss": "https://elsewhere.example"}, "interclient+jwt"),
        "expired": ({"exp": claims["iat"] - 1}, "interclient+jwt"),
        "a later end": ({"exp": claims["exp"] + 3600}, "interclient+jwt"),
        "another jti": ({"jti": "itkVbWAyYm0QaqBudmnz"}, "interclient+jwt"),
    }
    made = {
        name: server.inside(lambda org, more=more, typ=typ: org.sign({**claims, **more}, typ=typ))  # type: ignore[misc]
        for name, (more, typ) in forged.items()
    }
    made |= {
        "an ID token": tokens["id_token"],
        "an access token": tokens["access_token"],
        "a session token": session_token(site),
        "one character less": good[:-1],
        "one character more": f"{good}A",
        "another signature": f"{good[:-6]}AAAAAA",
        "no algorithm": unsigned(good),
        "the jti alone": claims["jti"],
        "something": "x",
    }
    for name, token in made.items():
        answer = present(site.browser(), site, "oidc", token)
        assert outcome("oidc", answer) == "invalid_token", name
        assert last_refusal(server, "sign_in.oidc")[1] == "ticket_refused"
    assert outcome("oidc", present(site.browser(), site, "oidc", good)) == "in"


@PROTOCOLS
@pytest.mark.parametrize("other", ["sessionToken", "onetimetoken", "interclient_token"])
def test_OT_12_two_tokens_at_once_are_refused_and_neither_is_spent(site: Site, protocol: str, other: str) -> None:
    token = interclient_token(site, target_id(site, protocol))
    second = interclient_token(site, target_id(site, protocol)) if other == "interclient_token" else session_token(site)
    browser = site.browser()
    path, sent = request_of(site, protocol, token)
    refused = shown(browser, browser.get(f"{path}?{urlencode([*sent.items(), (other, second)])}"))
    assert outcome(protocol, refused) in ("invalid_request", "400")
    assert outcome(protocol, present(browser, site, protocol, token)) == "in"


# --- NW-07, NW-08, NW-09, NW-10 ---


@pytest.mark.parametrize("name", ["origin", "phone origin"])
def test_NW_07_bound_tokens_are_exchanged_by_whoever_holds_the_key(server: Server, site: Site, name: str) -> None:
    """Stolen tokens of a native application alone open nothing."""
    key, client, ann = a_key(name="phone"), site.org.clients[name], site.person("ann")
    target = target_id(site, "oidc")

    def proof(of: Any, **claims: Any) -> str:
        return a_proof(of, f"{site.base_url}{ORG}/token", int(time.time()), **claims)

    form = {"username": ann.login, "password": ann.password, "scope": SCOPE}
    given = ask_token(site, client, "password", headers={"dpop": proof(key)}, **form)
    tokens = given.json()
    assert tokens["token_type"] == "DPoP"
    for stolen in ("", proof(a_key(name="thief"))):
        refused = exchange(site, tokens, target, name=name, proof=stolen)
        assert (refused.status_code, refused.json()["error"]) == (400, "invalid_grant")
        assert last_refusal(server, "oauth.token")[2] == ["actor_proof_key"]
    wrong = exchange(site, tokens, target, name=name, proof=proof(key, htu="https://elsewhere.example/token"))
    assert wrong.json()["error"] == "invalid_dpop_proof"
    once = proof(key)
    good = exchange(site, tokens, target, name=name, proof=once)
    assert good.status_code == 200, good.text
    assert good.json()["token_type"] == "N_A"
    assert exchange(site, tokens, target, name=name, proof=once).json()["error"] == "invalid_dpop_proof"
    plain = origin_tokens(site, name=name)
    mixed = {**tokens, "id_token": plain["id_token"]}
    assert exchange(site, mixed, target, name=name, proof=proof(key)).json()["error"] == "invalid_request"
    mixed = {**plain, "id_token": tokens["id_token"]}
    assert exchange(site, mixed, target, name=name).json()["error"] == "invalid_request"
    assert outcome("oidc", present(site.browser(), site, "oidc", good.json()["access_token"])) == "in"


def test_NW_07_both_tokens_of_the_pair_are_bound_to_the_key(server: Server, site: Site) -> None:
    """Halves of two responses of one sign-in: a key that the ID token is not bound to completes nothing, nor none."""
    phone, other, client = a_key(name="phone"), a_key(name="other"), site.org.clients["origin"]
    ann, target = site.person("ann"), target_id(site, "oidc")

    def proof(of: Any) -> dict[str, str]:
        return {"dpop": a_proof(of, f"{site.base_url}{ORG}/token", int(time.time()))}

    form = {"username": ann.login, "password": ann.password, "scope": f"{SCOPE} offline_access"}
    bound = ask_token(site, client, "password", headers=proof(phone), **form).json()

    def renewed(headers: dict[str, str]) -> dict[str, Any]:
        answer = ask_token(site, client, "refresh_token", headers=headers, refresh_token=bound["refresh_token"])
        assert answer.status_code == 200, answer.text
        bound["refresh_token"] = answer.json()["refresh_token"]
        return {**answer.json()}

    elsewhere, bearer = renewed(proof(other)), renewed({})
    ids = {name: claims_of(tokens["id_token"], site) for name, tokens in (("bound", bound), ("other", elsewhere))}
    assert len({claims["sid"] for claims in ids.values()}) == 1
    assert ids["bound"]["cnf"]["jkt"] != ids["other"]["cnf"]["jkt"]
    assert "cnf" not in claims_of(bearer["id_token"], site)
    for key, access, id_token in (
        (other, elsewhere, bound),
        (other, elsewhere, bearer),
        (phone, bound, elsewhere),
        (None, bearer, bound),
    ):
        mixed = {"access_token": access["access_token"], "id_token": id_token["id_token"]}
        refused = exchange(site, mixed, target, name="origin", proof=proof(key)["dpop"] if key else "")
        assert (refused.status_code, refused.json()["error"]) == (400, "invalid_grant")
        assert last_refusal(server, "oauth.token")[2] == ["subject_proof_key"]
    for key, tokens in ((phone, bound), (other, elsewhere), (None, bearer)):
        good = exchange(site, tokens, target, name="origin", proof=proof(key)["dpop"] if key else "")
        assert good.status_code == 200, good.text


def test_NW_07_an_id_token_without_the_scope_says_nothing_of_a_key(site: Site) -> None:
    ann, headers = site.person("ann"), {"dpop": a_proof(a_key(), f"{site.base_url}{ORG}/token", int(time.time()))}
    form = {"username": ann.login, "password": ann.password, "scope": "openid"}
    given = ask_token(site, site.org.clients["origin"], "password", headers=headers, **form).json()
    assert given["token_type"] == "DPoP"
    assert "cnf" not in claims_of(given["id_token"], site)


def test_NW_08_a_sign_in_is_not_handed_over_time_and_again(tmp_path: Path) -> None:
    with running_server(tmp_path, limit_scale=1.0) as server:
        site = server.site
        tokens, other = origin_tokens(site), origin_tokens(site, "bob")
        target = target_id(site, "oidc")
        answers = [exchange(site, tokens, target) for _ in range(32)]
        assert {answer.status_code for answer in answers[:30]} == {200}
        limited = answers[-1]
        assert limited.status_code == 429
        assert limited.json()["errorCode"] == "E0000047"
        assert exchange(site, other, target).status_code == 200
        given = server.rows("SELECT count(*) FROM events WHERE type = 'ticket.exchange'")
        assert given == [(sum(answer.status_code == 200 for answer in answers) + 1,)]


@PROTOCOLS
def test_NW_09_the_token_goes_nowhere_but_here(server: Server, site: Site, protocol: str) -> None:
    token = interclient_token(site, target_id(site, protocol))
    browser = site.browser()
    for method in ("HEAD", "OPTIONS"):
        browser.request(method, f"/?interclient_token={token}")
    path, sent = request_of(site, protocol, token)
    address = f"{path}?{urlencode(sent)}"
    assert browser.request("HEAD", address).status_code in (200, 204, 405)
    assert browser.get(address, headers={"sec-purpose": "prefetch"}).status_code == 204
    answer = browser.get(address)
    assert outcome(protocol, answer) == "in"
    assert "no-store" in answer.headers["cache-control"]
    assert answer.headers["referrer-policy"] == "no-referrer"
    signature = token.rpartition(".")[2]
    assert signature not in answer.text
    assert signature not in answer.headers.get("location", "")
    assert signature not in server.said()
    assert signature.encode() not in server.dump()
    posted = present(browser, site, protocol, interclient_token(site, target_id(site, protocol)), method="POST")
    assert outcome(protocol, posted) == "in"


def test_NW_10_a_password_is_worth_a_password(server: Server, site: Site) -> None:
    """Off by default; on, it proves what a password proves, and a target that wants more asks for it."""
    refused = by_password(site, "ann", "web", scope="openid")
    assert refused.json()["error"] == "unauthorized_client"
    tokens = origin_tokens(site)
    assert claims_of(tokens["id_token"], site)["amr"] == ["pwd"]
    demanding = site.org.clients["demanding"]
    token = interclient_token(site, demanding.app_id, tokens=tokens)
    answer = present(site.browser(), site, "oidc", token, "demanding", prompt="none")
    assert parameters(answer.headers["location"])["error"] == "interaction_required"
    assert last_refusal(server, "sign_in.oidc")[2] == ["second_factor"]


# --- OT-17: what was handed over is not handed on ---


def test_OT_17_a_session_that_was_handed_over_hands_nothing_on(server: Server, oidc: Flow) -> None:
    site, second = oidc.site, oidc.site.org.clients["origin"]
    oidc.inside(lambda org: org.change_application(oidc.target.app_id, hand_off_opens_session=True))
    browser = site.browser()
    assert outcome("oidc", oidc.target.open(browser, oidc.ticket())) == "in"
    assert is_signed_in(browser) == oidc.person.login
    for prompt in ("none", None):
        answer = authorize(browser, second, scope=SCOPE, prompt=prompt)
        assert parameters(answer.headers["location"])["error"] == "invalid_scope"
        assert last_refusal(server, "sign_in.oidc")[2] == ["hand_off_not_nested"]
    plain = authorize(browser, second, scope="openid", prompt="none")
    assert "code" in parameters(plain.headers["location"])


def test_OT_17_the_targets_tokens_are_exchanged_for_nothing(server: Server, site: Site) -> None:
    """A target that is an origin itself gets no sign-in to hand on from one that was handed to it."""

    async def make(org: Installation) -> Client:
        middle = await an_origin(org)
        await trust.trust_application(org.segue.store, middle.app_id, site.org.clients["origin"].app_id, org.change)
        await trust.trust_application(org.segue.store, site.org.clients["code only"].app_id, middle.app_id, org.change)
        return middle

    middle = server.inside(make)
    token = interclient_token(site, middle.app_id)
    for scope, error in ((SCOPE, "invalid_scope"), ("openid", "")):
        sent = {"scope": scope, "interclient_token": token}
        answer = parameters(authorize(site.browser(), middle, **sent).headers["location"])
        assert answer.get("error", "") == error
    given = exchange_code(site, middle, answer["code"]).json()
    refused = exchange(site, given, target_id(site, "oidc", "code only"), name=middle)
    assert refused.json()["error"] == "invalid_grant"
    assert last_refusal(server, "oauth.token")[2] == ["actor_scope"]


# --- each refusal explains itself ---


@PROTOCOLS
def test_every_refusal_is_explained_by_its_event(server: Server, flow: Flow) -> None:
    ticket = flow.ticket()
    unassign(flow)
    answer = flow.target.open(flow.site.browser(), ticket)
    ((ident, detail),) = server.rows(
        "SELECT id, detail FROM events WHERE outcome = 'refused' AND type = $1 ORDER BY at DESC, id DESC LIMIT 1",
        f"sign_in.{flow.protocol}",
    )
    shown = answer.headers["location"] if flow.protocol == "oidc" else answer.text
    assert ident in shown
    explained = server.command("explain", ident).stdout
    assert "assigned" in explained
    assert json.loads(detail)["trail"]["checks"][-1]["mend"] in explained.replace("\n", " ")
