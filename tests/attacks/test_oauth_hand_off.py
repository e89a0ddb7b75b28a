"""Attacks on a ticket at the authorization endpoint, each named by its id in the threat model."""

import asyncio
import hashlib
import os
from dataclasses import replace
from typing import Any

import pytest
from tests.unit.protocols.oauth.provider import (
    SPA_CALLBACK,
    WEB_CALLBACK,
    Provider,
    answer_of,
    ident,
)

from segue.core.org import Org
from segue.core.secret import partition_of
from segue.core.user import User
from segue.events import Circumstances
from segue.handoff.kinds import SESSION_TOKEN
from segue.handoff.mint import mint
from segue.signin.sessions import assurance_of
from segue.stores import Commit, Guard
from segue.tokens import jwt
from segue.web.message import Page, PostMessage, Redirect, Request, Response
from segue.web.rendering import new_renderer

MODES = ["query", "fragment", "form_post", "message"]
ISSUER = "https://id.example.com"


async def attempt(provider: Provider, params: Any, **kwargs: Any) -> str:
    """The reason of a refusal that stays here, else the error that goes to the client."""
    refusal = await provider.refused(provider.authorize(params, **kwargs))
    return refusal.reason


async def works(provider: Provider, ticket: str) -> bool:
    """Whether the ticket is still good; this spends it."""
    return "code" in await provider.answer(provider.wish(ticket=ticket, prompt="none"))


def without_ids(answer: dict[str, Any]) -> dict[str, Any]:
    return {name: str(value).partition("[")[0] for name, value in answer.items()}


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
