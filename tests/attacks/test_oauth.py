"""Attacks on the OAuth endpoints, each named by its id in the threat model."""

import asyncio
import hashlib
import os
import time
from base64 import urlsafe_b64encode
from dataclasses import replace
from typing import Any

import pytest
from tests.unit.protocols.oauth.provider import (
    CHALLENGE,
    POST_SECRET,
    SEALER,
    SECRET,
    SPA_CALLBACK,
    VERIFIER,
    WEB_CALLBACK,
    Provider,
    a_key,
    answer_of,
    basic,
    ident,
)

from segue.core.org import Org
from segue.core.secret import digest, partition_of
from segue.core.user import User
from segue.events import Circumstances
from segue.handoff.kinds import SESSION_TOKEN
from segue.handoff.mint import mint
from segue.signin.sessions import assurance_of
from segue.stores import Commit, Guard
from segue.tokens import jwt, keys
from segue.tokens.keys import KeyRing
from segue.web.message import AutoPost, Page, PostMessage, Redirect, Request, Response
from segue.web.rendering import new_renderer

MODES = ["query", "fragment", "form_post", "message"]
ISSUER = "https://id.example.com"

HOSTILE_REDIRECTS = [
    "https://web.example.net/callback/",
    "https://web.example.net/callback?",
    "https://web.example.net/callback#",
    "https://web.example.net/callback?x=1",
    "https://web.example.net/callback/../evil",
    "https://web.example.net/callback/..;/evil",
    "https://web.example.net/./callback",
    "https://web.example.net/x/../callback",
    "https://web.example.net/%63allback",
    "https://web.example.net//callback",
    "https://web.example.net/callback%00",
    "https://web.example.net/callback%0d%0aSet-Cookie:x=y",
    "https://web.example.net/callback\n",
    "https://web.example.net/callback ",
    " https://web.example.net/callback",
    "https://WEB.example.net/callback",
    "HTTPS://web.example.net/callback",
    "http://web.example.net/callback",
    "https://web.example.net:443/callback",
    "https://web.example.net:8443/callback",
    "https://web.example.net./callback",
    "https://web.example.net@evil.example/callback",
    "https://evil.example@web.example.net/callback",
    "https://a:b@c@web.example.net/callback",
    "https://web.example.net.evil.example/callback",
    "https://evil.example/web.example.net/callback",
    "https://evilweb.example.net/callback",
    "https://webXexample.net/callback",
    "https://web.example.net\\@evil.example/callback",
    "https://evil.example\\.web.example.net/callback",
    "https:///web.example.net/callback",
    "https:/web.example.net/callback",
    "https:web.example.net/callback",
    "//web.example.net/callback",
    "/callback",
    "web.example.net/callback",
    "javascript:alert(1)",
    "javascript://web.example.net/callback",
    "data:text/html,x",
    "https://web.example.net/callback https://evil.example/",
    "https://web.example.net/callback,https://evil.example/",
    "https://wеb.example.net/callback",
    "https://*.example.net/callback",
    "*",
    "http://127.0.0.1:1234/callback",
]


async def attempt(provider: Provider, params: Any, **kwargs: Any) -> str:
    """The reason of a refusal that stays here, else the error that goes to the client."""
    refusal = await provider.refused(provider.authorize(params, **kwargs))
    return refusal.reason


async def works(provider: Provider, ticket: str) -> bool:
    """Whether the ticket is still good; this spends it."""
    return "code" in await provider.answer(provider.wish(ticket=ticket, prompt="none"))


def without_ids(answer: dict[str, Any]) -> dict[str, Any]:
    return {name: str(value).partition("[")[0] for name, value in answer.items()}


# --- the hand-off token at this door ---


async def test_F1_01_no_token_in_a_query(provider: Provider):
    ticket = await provider.ticket()
    wish = provider.wish(response_type="id_token", nonce="n", ticket=ticket)
    response = await provider.authorize({**wish, "response_mode": "query"})
    assert isinstance(response, Redirect)
    assert response.location.startswith(f"{WEB_CALLBACK}#error=invalid_request")
    response = await provider.authorize(wish)
    assert isinstance(response, Redirect)
    assert "?" not in response.location
    assert "id_token" in answer_of(response)


async def a_foreign_ticket(provider: Provider) -> str:
    """A good ticket of a user of another org on the same store."""
    org = Org(ident("00o"), "Other")
    user = User(ident("00u"), org.id, "ann@example.com", "ann@example.com")
    where = Circumstances(org.id, provider.source.now_at(), provider.source)
    await provider.store.put_org(org, where.event("org.create"))
    await provider.store.add_user(user, where.event("user.create", user_id=user.id))
    found = await provider.store.user(org.id, user.id)
    assert found
    return await a_ticket(provider, user)


async def a_ticket(provider: Provider, user: User, *, life_ms: int = 300_000) -> str:
    minted = mint(
        replace(SESSION_TOKEN, life_ms=life_ms),
        user=user,
        assurance=await proved(provider),
        domain=provider.domain.authority,
        source=provider.source,
        now_at=provider.source.now_at(),
    )
    where = Circumstances(user.org_id, provider.source.now_at(), provider.source)
    event = where.event("ticket.mint", user_id=user.id)
    commit = Commit(
        user.org_id, partition_of(user.id), (event,), Guard(user.id, user.stamp), credentials=(minted.credential,)
    )
    assert await provider.store.commit(commit)
    return minted.bearer.text


async def proved(provider: Provider) -> Any:
    ticket = await provider.ticket()
    found = await provider.store.find(provider.org.id, ticket.partition(".")[0], None, frozenset({"session_token"}))
    assert found
    return assurance_of(found)


async def test_F1_02_one_answer_for_every_bad_ticket(provider: Provider):
    used = await provider.ticket()
    assert await works(provider, used)
    provider.browser.clear()
    expired = await a_ticket(provider, provider.ann, life_ms=1)
    await asyncio.sleep(0.01)
    right = await provider.ticket()
    wrong_secret = right[:-1] + ("0" if right[-1] != "0" else "1")
    bad = [used, expired, await a_foreign_ticket(provider), wrong_secret, right[:-1], right + "0", "x", "é" * 40]
    for mode in MODES:
        answers = []
        for ticket in bad:
            response = await provider.authorize(provider.wish(ticket=ticket, prompt="none", response_mode=mode))
            assert response.cookies == ()
            answers.append(without_ids(answer_of(response)))
        assert all(answer == answers[0] for answer in answers)
        assert answers[0]["error"] == "login_required"
        assert (answers[0]["state"], answers[0]["iss"]) == ("st&te", ISSUER)
    assert await works(provider, right)


async def test_F1_02_a_bad_ticket_leads_to_the_sign_in_page_where_one_may_be_shown(provider: Provider):
    response = await provider.authorize(provider.wish(ticket="x"))
    assert isinstance(response, Redirect)
    assert response.location.startswith(f"{ISSUER}/sign-in?key=")
    assert set(provider.browser) == {"__Host-segue-browser"}


@pytest.mark.parametrize(
    "changes",
    [
        {"client_id": "nobody"},
        {"client_id": None},
        {"redirect_uri": "https://evil.example/"},
        {"redirect_uri": None},
        {"redirect_uri": SPA_CALLBACK},
    ],
)
@pytest.mark.parametrize("method", ["GET", "POST"])
async def test_F1_03_a_bad_request_neither_redirects_nor_spends(
    provider: Provider, changes: dict[str, str | None], method: str
):
    ticket = await provider.ticket()
    refusal = await provider.refused(provider.authorize(provider.wish(ticket=ticket, **changes), method=method))
    page = provider.endpoints.write_error_page(provider.request(), refusal, "evt")
    assert isinstance(page, Page)
    assert page.status == 400
    assert page.cookies == ()
    assert page.context["error"] == ("unauthorized_client" if changes == {"client_id": "nobody"} else "invalid_request")
    assert await works(provider, ticket)


async def test_F1_03_an_inactive_application_answers_nobody(provider: Provider):
    ticket = await provider.ticket()
    off = replace(provider.web, status="inactive")
    await provider.store.put_application(off, provider.where().event("application.update"))
    assert await attempt(provider, provider.wish(ticket=ticket)) == "unauthorized_client"
    await provider.store.put_application(provider.web, provider.where().event("application.update"))
    assert await works(provider, ticket)


async def test_F1_04_messages_go_to_the_registered_origin_alone(provider: Provider):
    ticket = await provider.ticket()
    for changes in ({"ticket": ticket}, {"prompt": "none", "ticket": "x"}, {"scope": None}):
        response = await provider.authorize(provider.wish(response_mode="message", **changes))
        assert isinstance(response, PostMessage)
        assert response.target_origin == "https://web.example.net"
    rendered = new_renderer(os.urandom).render(provider.request(), response)
    policy = dict(rendered.headers)["content-security-policy"]
    assert "frame-ancestors https://web.example.net;" in policy


async def test_F1_05_a_ticket_is_as_old_as_its_password(provider: Provider):
    def wish(**changes: str) -> dict[str, str]:
        return provider.wish(response_type="id_token", nonce="n", **changes)

    answer = await provider.answer(wish(ticket=await provider.ticket(age_s=100), max_age="60", prompt="none"))
    assert answer["error"] == "login_required"
    for changes in ({"max_age": "60"}, {"prompt": "login"}, {"max_age": "0"}):
        response = await provider.authorize(wish(ticket=await provider.ticket(age_s=100), **changes))
        assert isinstance(response, Redirect)
        assert response.location.startswith(f"{ISSUER}/sign-in")
    answer = await provider.answer(wish(ticket=await provider.ticket(age_s=100), max_age="200"))
    payload = jwt.strict.split_jwt(answer["id_token"]).payload
    assert isinstance(payload["auth_time"], int)
    assert 99 <= payload["iat"] - payload["auth_time"] <= 102  # type: ignore[operator]


async def test_OT_04_each_credential_works_in_its_own_place_alone(provider: Provider):
    tokens = await provider.tokens()
    session = provider.browser["session"]
    held = {
        "ticket": await provider.ticket(),
        "code": (await provider.answer(provider.wish()))["code"],
        "session": session,
        "access_token": tokens["access_token"],
        "id_token": tokens["id_token"],
    }
    provider.browser.clear()
    for kind, text in held.items():
        if kind != "ticket":
            answer = await provider.answer(provider.wish(ticket=text, prompt="none"))
            assert answer["error"] == "login_required"
        if kind != "code":
            assert (await provider.refused(provider.token(provider.exchange(text)))).reason == "invalid_grant"
        if kind != "access_token":
            assert (await provider.refused(provider.userinfo(text))).reason == "invalid_token"
        if kind != "session":
            provider.browser = {"session": text, "__Host-segue-proof": _proof(text)}
            assert (await provider.answer(provider.wish(prompt="none")))["error"] == "login_required"
            provider.browser.clear()
    # None of that spent anything.
    assert "access_token" in await provider.token(provider.exchange(held["code"]))
    assert await works(provider, held["ticket"])
    assert (await provider.userinfo(held["access_token"]))["sub"] == provider.ann.id


def _proof(value: str) -> str:
    return hashlib.sha256(b"session proof " + value.encode()).hexdigest()


async def test_OT_11_a_ticket_is_never_passed_on(provider: Provider):
    renderer = new_renderer(os.urandom)

    async def seen(response: Response, request: Request) -> str:
        rendered = renderer.render(request, response)
        return rendered.body.decode() + repr(rendered.headers) + repr(response)

    for method in ("GET", "POST"):
        for mode in MODES:
            for changes in (
                {},
                {"prompt": "none"},
                {"prompt": "login"},
                {"scope": None},
                {"max_age": "x"},
                {"response_type": "id_token", "nonce": "n", "prompt": "none"},
            ):
                ticket = await provider.ticket()
                response = await provider.authorize(
                    provider.wish(ticket=ticket, response_mode=mode, **changes), method=method
                )
                text = await seen(response, provider.request(method))
                assert ticket not in text
                assert ticket.partition(".")[2] not in text
                provider.browser.clear()
    for event in await provider.events():
        assert ticket.partition(".")[2] not in repr(event)


async def test_OT_12_nothing_twice(provider: Provider):
    ticket = await provider.ticket()
    wish = provider.wish(ticket=ticket, prompt="none")
    for name, value in wish.items():
        doubled = [*wish.items(), (name, value)]
        if name in ("client_id", "redirect_uri"):
            assert await attempt(provider, doubled) == "invalid_request"
        else:
            assert (await provider.answer(doubled))["error"] == "invalid_request"
    for other in (await provider.ticket(), "x"):
        assert (await provider.answer({**wish, "once": other}))["error"] == "invalid_request"
    request = provider.request("POST", query={"ticket": ticket}, form=wish)
    refusal = await provider.refused(provider.endpoints.authorize(request, provider.server))
    assert refusal.reason == "invalid_request"
    assert await works(provider, ticket)


async def test_OT_12_nothing_twice_at_the_token_endpoint(provider: Provider):
    code = await provider.code()
    form = provider.exchange(code, scope="openid")
    for name, value in form.items():
        refusal = await provider.refused(provider.token([*form.items(), (name, value)]))
        assert refusal.reason == "invalid_request"
    assert "access_token" in await provider.token(form)


async def suspend(provider: Provider) -> None:
    user = replace(provider.ann, status="suspended", stamp=provider.ann.stamp + 1)
    event = provider.where().event("user.suspend", user_id=user.id)
    assert await provider.store.update_user(user, expected_stamp=1, event=event)


async def change_password(provider: Provider) -> None:
    user = replace(provider.ann, password_hash="new", stamp=provider.ann.stamp + 1)
    event = provider.where().event("user.password", user_id=user.id)
    assert await provider.store.update_user(user, expected_stamp=1, event=event)


async def unassign(provider: Provider) -> None:
    event = provider.where().event("application.unassign")
    assert await provider.store.unassign(provider.org.id, provider.web.id, provider.ann.id, event)


async def switch_off(provider: Provider) -> None:
    off = replace(provider.web, status="inactive")
    await provider.store.put_application(off, provider.where().event("application.update"))


@pytest.mark.parametrize("change", [suspend, change_password, unassign, switch_off])
async def test_OT_14_a_change_between_mint_and_redemption(provider: Provider, change: Any):
    ticket = await provider.ticket()
    code = await provider.code()
    provider.browser.clear()
    await change(provider)
    if change is switch_off:
        assert await attempt(provider, provider.wish(ticket=ticket)) == "unauthorized_client"
    else:
        answer = await provider.answer(provider.wish(ticket=ticket, prompt="none"))
        assert answer["error"] == ("access_denied" if change is unassign else "login_required")
    assert "session" not in provider.browser
    refusal = await provider.refused(provider.token(provider.exchange(code)))
    assert refusal.reason in {"invalid_grant", "access_denied", "invalid_client"}


async def test_OT_14_a_revoked_ticket_and_a_revoked_session(provider: Provider):
    ticket = await provider.ticket()
    await provider.revoke(ticket.partition(".")[0])
    assert not await works(provider, ticket)
    code = await provider.code()
    await provider.revoke(provider.browser["session"].partition(".")[0])
    assert (await provider.refused(provider.token(provider.exchange(code)))).reason == "invalid_grant"
    assert (await provider.answer(provider.wish(prompt="none")))["error"] == "login_required"


async def test_OT_15_another_user_s_session_is_not_replaced(provider: Provider):
    await provider.sign_in(provider.bob)
    before = dict(provider.browser)
    ticket = await provider.ticket(provider.ann)
    answer = await provider.answer(provider.wish(ticket=ticket, prompt="none"))
    assert answer["error"] == "login_required"
    assert provider.browser == before
    provider.browser.clear()
    assert not await works(provider, ticket)


# --- OAuth ---


@pytest.mark.parametrize("redirect_uri", HOSTILE_REDIRECTS)
async def test_OA_01_redirect_uri(provider: Provider, redirect_uri: str):
    wish = provider.wish(ticket=await provider.ticket(), redirect_uri=redirect_uri)
    assert await attempt(provider, wish) == "invalid_request"
    assert provider.browser == {}


async def test_OA_01_no_registered_address_means_none(provider: Provider):
    assert provider.web.oidc
    none = replace(provider.web, oidc=replace(provider.web.oidc, redirect_uris=()))
    await provider.store.put_application(none, provider.where().event("application.update"))
    assert await attempt(provider, provider.wish()) == "invalid_request"
    assert await attempt(provider, provider.wish(redirect_uri="")) == "invalid_request"


async def test_OA_02_reuse_ends_what_the_first_use_gave(provider: Provider):
    code = await provider.code()
    tokens = await provider.token(provider.exchange(code))
    assert (await provider.userinfo(tokens["access_token"]))["sub"] == provider.ann.id
    assert (await provider.refused(provider.token(provider.exchange(code)))).reason == "invalid_grant"
    assert (await provider.refused(provider.userinfo(tokens["access_token"]))).reason == "invalid_token"
    assert [event.type for event in await provider.events()].count("code.reuse") == 1
    # The session that the code came from is nobody's fault.
    assert "code" in await provider.answer(provider.wish(prompt="none"))


async def test_OA_02_only_the_code_itself_counts_as_reuse(provider: Provider):
    """Its id stands in logs; who has no more than that must not be able to end anything."""
    code = await provider.code()
    tokens = await provider.token(provider.exchange(code))
    guess = f"{code.partition('.')[0]}.{'0' * 43}"
    await provider.refused(provider.token(provider.exchange(guess)))
    form = provider.exchange(code, client_id="post", client_secret=POST_SECRET)
    await provider.refused(provider.token(form, authorization=None))
    assert (await provider.userinfo(tokens["access_token"]))["sub"] == provider.ann.id


async def test_OA_02_race(provider: Provider):
    for _ in range(5):
        code = await provider.code()
        calls = [provider.token(provider.exchange(code)) for _ in range(16)]
        results = await asyncio.gather(*calls, return_exceptions=True)
        won = [result for result in results if isinstance(result, dict)]
        assert len(won) <= 1
        assert {getattr(r, "reason", None) for r in results if not isinstance(r, dict)} == {"invalid_grant"}
        for tokens in won:
            assert (await provider.refused(provider.userinfo(tokens["access_token"]))).reason == "invalid_token"


async def test_OA_02_reuse_between_the_two_writes(provider: Provider, monkeypatch: pytest.MonkeyPatch):
    code = await provider.code()
    commit = provider.store.commit

    async def late(wanted: Commit) -> bool:
        monkeypatch.undo()
        await provider.refused(provider.token(provider.exchange(code)))
        return await commit(wanted)

    monkeypatch.setattr(provider.store, "commit", late)
    assert (await provider.refused(provider.token(provider.exchange(code)))).reason == "invalid_grant"


async def test_OA_03_a_code_belongs_to_one_client(provider: Provider):
    code = await provider.code()
    as_post = provider.exchange(code, client_id="post", client_secret=POST_SECRET)
    as_spa = provider.exchange(code, client_id="spa", code_verifier=VERIFIER)
    for form in (as_post, as_spa):
        assert (await provider.refused(provider.token(form, authorization=None))).reason == "invalid_grant"
    # Nobody else's attempt burns it.
    assert "access_token" in await provider.token(provider.exchange(code))


@pytest.mark.parametrize("redirect_uri", ["https://web.example.net/other?x=1", f"{WEB_CALLBACK}/", SPA_CALLBACK])
async def test_OA_03_a_code_belongs_to_one_redirect_uri(provider: Provider, redirect_uri: str):
    form = provider.exchange(await provider.code(), redirect_uri=redirect_uri)
    assert (await provider.refused(provider.token(form))).reason == "invalid_grant"


_WRONG = "w" * 43
_PLAIN = urlsafe_b64encode(b"p" * 32).decode().rstrip("=")


@pytest.mark.parametrize("challenge", ["none", "S256", "plain"])
@pytest.mark.parametrize("verifier", [None, VERIFIER, _WRONG])
async def test_OA_04_pkce_downgrade(provider: Provider, challenge: str, verifier: str | None):
    asked = {
        "none": {},
        "S256": {"code_challenge": CHALLENGE, "code_challenge_method": "S256"},
        "plain": {"code_challenge": VERIFIER, "code_challenge_method": "plain"},
    }[challenge]
    answer = await provider.answer(provider.wish(ticket=await provider.ticket(), **asked))
    if challenge == "plain":
        assert answer["error"] == "invalid_request"
        return
    call = provider.token(provider.exchange(answer["code"], code_verifier=verifier))
    good = {("none", None), ("S256", VERIFIER)}
    if (challenge, verifier) in good:
        assert "access_token" in await call
    else:
        assert (await provider.refused(call)).reason == "invalid_grant"


@pytest.mark.parametrize("verifier", [CHALLENGE, VERIFIER + "v", VERIFIER[:-1], VERIFIER + "\n", "é" * 43, "v" * 129])
async def test_OA_04_near_verifiers(provider: Provider, verifier: str):
    code = await provider.code(code_challenge=CHALLENGE, code_challenge_method="S256")
    call = provider.token(provider.exchange(code, code_verifier=verifier))
    assert (await provider.refused(call)).reason == "invalid_grant"


async def test_OA_05_every_answer_names_its_issuer(provider: Provider):
    for mode in MODES:
        for changes in (
            {"ticket": await provider.ticket()},
            {"prompt": "none"},
            {"scope": None},
            {"response_type": "x"},
        ):
            provider.browser.clear()
            answer = await provider.answer(provider.wish(response_mode=mode, **changes))
            assert answer["iss"] == ISSUER
    answer = await provider.answer(provider.wish(prompt="none"), server=provider.custom)
    assert answer["iss"] == f"{ISSUER}/as/custom"


async def test_OA_07_no_form_is_sent_on(provider: Provider):
    renderer = new_renderer(os.urandom)
    await provider.sign_in()
    for changes in ({"ticket": await provider.ticket()}, {"prompt": "none"}, {"scope": None}, {"prompt": "login"}):
        response = await provider.authorize(provider.wish(**changes), method="POST")
        assert isinstance(response, Redirect)
        assert renderer.render(provider.request("POST"), response).status == 303
        assert renderer.render(provider.request("GET"), response).status in (302, 303)


async def test_OA_12_one_method_exactly_as_registered(provider: Provider):
    """The matrix of methods is in the tests of client authentication; here, that a failure burns no code."""
    code = await provider.code()
    for authorization, form in (
        (basic("web", "wrong"), {}),
        (basic("web", SECRET), {"client_secret": SECRET}),
        (None, {"client_id": "web", "client_secret": SECRET}),
        (None, {"client_id": "web"}),
        (basic("web", SECRET)[:-4], {}),
    ):
        call = provider.token(provider.exchange(code, **form), authorization=authorization)
        assert (await provider.refused(call)).reason in {"invalid_client", "invalid_request"}
    assert "access_token" in await provider.token(provider.exchange(code))


async def test_OA_12_an_empty_secret_is_none(provider: Provider):
    """A client without a secret, or with that of an empty text, cannot be spoken for with nothing at all."""
    assert provider.web.oidc
    for digests in ((), (digest(""),)):
        bare = replace(provider.web, oidc=replace(provider.web.oidc, secret_digests=digests))
        await provider.store.put_application(bare, provider.where().event("application.update"))
        call = provider.token(provider.exchange("x"), authorization=basic("web", ""))
        assert (await provider.refused(call)).reason == "invalid_client"


@pytest.mark.parametrize(
    "changes",
    [
        {"scope": " ".join(f"s{number}" for number in range(100_000))},
        {"scope": "openid " + " " * 100_000},
        {"prompt": " ".join(["login"] * 50_000) + " x"},
        {"acr_values": " ".join(["x"] * 100_000), "prompt": "none"},
        {"response_type": " ".join(["code"] * 50_000) + " y"},
        {"max_age": "9" * 100_000},
        {"nonce": "n" * 100_000},
        {"code_challenge": "A" * 100_000, "code_challenge_method": "S256"},
        {"id_token_hint": "a." * 50_000},
    ],
)
async def test_OA_14_floods_of_parameters_cost_little(provider: Provider, changes: dict[str, str]):
    started = time.perf_counter()
    answer = await provider.answer(provider.wish(**changes))
    assert answer["error"] != "server_error"
    assert time.perf_counter() - started < 1


async def test_OA_14_as_many_scopes_as_are_allowed(provider: Provider):
    names = ["openid", *(f"s{number}" for number in range(63))]
    ticket = await provider.ticket()
    assert (await provider.answer(provider.wish(scope=" ".join([*names, "more"]))))["error"] == "invalid_scope"
    assert "code" in await provider.answer(provider.wish(ticket=ticket, scope=" ".join(names)))


@pytest.mark.parametrize("mode", [None, *MODES])
@pytest.mark.parametrize("native", [True, False])
@pytest.mark.parametrize(
    "redirect_uri",
    ["javascript:alert(1)", "javascript://web.example.net/%0aalert(1)", "data:text/html,x", "vbscript:x"],
)
async def test_OA_16_a_script_for_an_address(provider: Provider, redirect_uri: str, native: bool, mode: str | None):
    """Even where such an address found its way into storage, it is not used."""
    assert provider.web.oidc
    oidc = replace(provider.web.oidc, redirect_uris=(redirect_uri,), native=native)
    await provider.store.put_application(replace(provider.web, oidc=oidc), provider.where().event("application.update"))
    wish = provider.wish(redirect_uri=redirect_uri, response_mode=mode, ticket=await provider.ticket())
    assert await attempt(provider, wish) == "invalid_request"


async def test_OA_16_forms_and_messages_go_to_web_addresses(provider: Provider):
    for mode, kind in (("form_post", AutoPost), ("message", PostMessage)):
        response = await provider.authorize(provider.wish(response_mode=mode, prompt="none"))
        assert isinstance(response, kind)


async def test_JO_08_tokens_of_another_key_issuer_or_purpose(provider: Provider):
    """What we did not sign for this purpose says nothing at userinfo."""
    tokens = await provider.tokens()
    claims = jwt.strict.split_jwt(tokens["access_token"]).payload
    foreign = a_key(provider.org.id)
    ring = KeyRing(SEALER)
    now = provider.source.now_at()
    own = await provider.signing.current(provider.org.id, "oidc", now)
    ring.load(own)
    forged = [
        jwt.issue(claims, typ=None, key=foreign, ring=ring),
        jwt.issue({**claims, "iss": f"{ISSUER}/as/custom"}, typ=None, key=own, ring=ring),
        jwt.issue({**claims, "aud": "web"}, typ=None, key=own, ring=ring),
        jwt.issue({**claims, "jti": str(claims["jti"]).replace("AT.", "ID.")}, typ=None, key=own, ring=ring),
        jwt.issue({**claims, "jti": "AT." + ident("atk")}, typ=None, key=own, ring=ring),
        jwt.issue({**claims, "jti": "AT." + provider.browser["session"]}, typ=None, key=own, ring=ring),
        jwt.issue(claims, typ="at+jwt", key=own, ring=ring),
        jwt.issue({name: claims[name] for name in claims if name != "jti"}, typ=None, key=own, ring=ring),
        tokens["id_token"],
    ]
    for token in forged:
        assert (await provider.refused(provider.userinfo(token))).reason == "invalid_token"
    assert (await provider.userinfo(tokens["access_token"]))["sub"] == provider.ann.id


# --- signing out ---

BYE = "https://web.example.net/bye"


async def signed_in_with_a_hint(provider: Provider, **kwargs: Any) -> str:
    provider.browser.clear()
    wish = provider.wish(ticket=await provider.ticket(**kwargs), response_type="id_token", nonce="n")
    return str((await provider.answer(wish))["id_token"])


async def sign_out(provider: Provider, **params: str) -> Response:
    request = provider.request(query=params)
    return provider.keep_cookies(await provider.endpoints.end_session(request, provider.server))


async def still_signed_in(provider: Provider) -> bool:
    return "code" in await provider.answer(provider.wish(prompt="none"))


async def test_LO_01_no_sign_out_by_a_link(provider: Provider):
    of_bob = await signed_in_with_a_hint(provider, user=provider.bob)
    await signed_in_with_a_hint(provider, user=provider.ann)
    for params in (
        {},
        {"client_id": "web"},
        {"client_id": "web", "post_logout_redirect_uri": BYE},
        {"id_token_hint": of_bob},
        {"id_token_hint": of_bob, "post_logout_redirect_uri": BYE},
    ):
        page = await sign_out(provider, **params)
        assert isinstance(page, Page)
        assert page.template == "sign_out.html"
        assert page.cookies == ()
        assert await still_signed_in(provider)


@pytest.mark.parametrize(
    "address", [uri.replace("callback", "bye") for uri in HOSTILE_REDIRECTS] + [WEB_CALLBACK, "https://evil.example/"]
)
async def test_LO_02_where_to_after_a_sign_out(provider: Provider, address: str):
    hint = await signed_in_with_a_hint(provider)
    for named in ({"id_token_hint": hint}, {"client_id": "web"}, {"client_id": "spa"}, {}):
        call = sign_out(provider, post_logout_redirect_uri=address, **named)
        refusal = await provider.refused(call)
        assert refusal.reason == "invalid_request"
    assert await still_signed_in(provider)


async def test_LO_02_a_registered_address_needs_its_application(provider: Provider):
    for named in ({}, {"client_id": "spa"}):
        call = sign_out(provider, post_logout_redirect_uri=BYE, **named)
        assert (await provider.refused(call)).reason == "invalid_request"


async def test_LO_03_hints(provider: Provider):
    hint = await signed_in_with_a_hint(provider)
    claims = jwt.strict.split_jwt(hint).payload
    ring = KeyRing(SEALER)
    own = await provider.signing.current(provider.org.id, "oidc", provider.source.now_at())
    tokens = await provider.token(provider.exchange((await provider.answer(provider.wish()))["code"]))

    def signed(key: keys.SigningKey = own, **changes: Any) -> str:
        return jwt.issue({**claims, **changes}, typ=None, key=key, ring=ring)

    head, body, signature = hint.split(".")
    none_header = urlsafe_b64encode(b'{"alg":"none"}').decode().rstrip("=")
    bad = [
        "x",
        f"{head}.{body}.{signature[:-2]}AA",
        f"{none_header}.{body}.",
        f"{none_header}.{body}.{signature}",
        signed(a_key(provider.org.id)),
        signed(iss="https://elsewhere.example"),
        signed(iss=f"{ISSUER}/as/custom"),
        signed(aud="nobody"),
        signed(aud=["web", "spa"]),
        signed(jti="AT.x"),
        tokens["access_token"],
    ]
    for text in bad:
        for more in ({}, {"post_logout_redirect_uri": BYE}):
            assert (await provider.refused(sign_out(provider, id_token_hint=text, **more))).reason == "invalid_request"
    refusal = await provider.refused(sign_out(provider, id_token_hint=hint, client_id="spa"))
    assert refusal.reason == "invalid_request"
    assert await still_signed_in(provider)
    expired = signed(exp=1_000_000_000, iat=999_999_000)
    response = await sign_out(provider, id_token_hint=expired, post_logout_redirect_uri=BYE)
    assert isinstance(response, Redirect)
    assert response.location == BYE
    assert not await still_signed_in(provider)
