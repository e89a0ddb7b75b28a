"""Userinfo: what an access token's scopes say about its user, and to whom nothing is said."""

from dataclasses import replace
from typing import Any

import pytest
from tests.unit.protocols.oauth.provider import Provider

from segue.core.refusal import Refusal
from segue.core.strict import Duplicate
from segue.protocols.oauth.errors import write_bearer_error
from segue.web.message import Json, Request


async def ask(provider: Provider, request: Request) -> dict[str, Any]:
    response = await provider.endpoints.userinfo(request, provider.server)
    assert isinstance(response, Json)
    return dict(response.data)  # type: ignore[call-overload]


async def test_claims_follow_the_scopes(provider: Provider):
    body = await provider.tokens(scope="openid")
    assert await provider.userinfo(body["access_token"]) == {"sub": provider.ann.id}
    body = await provider.tokens(scope="openid profile email phone address")
    assert await provider.userinfo(body["access_token"]) == {
        "sub": provider.ann.id,
        "name": "Ann Example",
        "family_name": "Example",
        "given_name": "Ann",
        "nickname": "A",
        "preferred_username": "ann@example.com",
        "email": "ann@example.com",
        "email_verified": False,
    }


async def test_it_speaks_of_the_user_as_they_are_now(provider: Provider):
    body = await provider.tokens(scope="openid profile")
    moved = replace(provider.ann, profile={**provider.ann.profile, "lastName": "Other"})
    event = provider.where().event("user.update", user_id=moved.id)
    assert await provider.store.update_user(moved, expected_stamp=1, event=event)
    assert (await provider.userinfo(body["access_token"]))["family_name"] == "Other"


async def test_the_token_in_a_form(provider: Provider):
    token = (await provider.tokens())["access_token"]
    assert (await ask(provider, provider.request("POST", form={"access_token": token})))["sub"] == provider.ann.id
    headers = {"authorization": f"bearer {token}"}
    assert (await ask(provider, provider.request("POST", headers=headers)))["sub"] == provider.ann.id


async def refusal_of(provider: Provider, request: Request) -> tuple[Refusal, Json]:
    refusal = await provider.refused(ask(provider, request))
    return refusal, write_bearer_error(request, refusal, "evt-1")


async def test_no_token(provider: Provider):
    """RFC 6750 3.1: a request without a token is told how to bring one, and no error."""
    token = (await provider.tokens())["access_token"]
    for request in (
        provider.request(),
        provider.request(headers={"authorization": "Basic d2ViOng="}),
        provider.request(headers={"authorization": "Bearer"}),
        provider.request(query={"access_token": token}),
    ):
        _, answer = await refusal_of(provider, request)
        assert answer.status == 401
        assert dict(answer.headers)["www-authenticate"] == 'Bearer realm="id.example.com"'


async def test_two_tokens(provider: Provider):
    token = (await provider.tokens())["access_token"]
    request = provider.request("POST", form={"access_token": token}, headers={"authorization": f"Bearer {token}"})
    _, answer = await refusal_of(provider, request)
    assert answer.status == 400
    assert 'error="invalid_request"' in dict(answer.headers)["www-authenticate"]
    with pytest.raises(Duplicate):
        await ask(provider, provider.request("POST", form=[("access_token", token)] * 2))


@pytest.mark.parametrize("token", ["x", "a.b.c", "x" * 20_000])
async def test_what_is_no_token(provider: Provider, token: str):
    _, answer = await refusal_of(provider, provider.request(headers={"authorization": f"Bearer {token}"}))
    assert answer.status == 401
    header = dict(answer.headers)["www-authenticate"]
    assert header.startswith('Bearer realm="id.example.com", error="invalid_token", error_description="')
    assert answer.data == {
        "error": "invalid_token",
        "error_description": "The access token is invalid, expired or revoked.",
        "event_id": "evt-1",
    }


async def test_without_openid(provider: Provider):
    body = await provider.tokens(scope="email")
    request = provider.request(headers={"authorization": f"Bearer {body['access_token']}"})
    _, answer = await refusal_of(provider, request)
    assert answer.status == 403
    assert 'error="insufficient_scope"' in dict(answer.headers)["www-authenticate"]


async def test_an_expired_token(provider: Provider):
    token = (await provider.tokens())["access_token"]
    request = replace(
        provider.request(headers={"authorization": f"Bearer {token}"}),
        now_at=provider.source.now_at() + 3_601_000,
    )
    refusal, _ = await refusal_of(provider, request)
    assert refusal.reason == "invalid_token"


async def test_a_revoked_token(provider: Provider):
    body = await provider.tokens()
    claims_event = [event for event in await provider.events() if event.type == "token.issue"][-1]
    assert claims_event.credential_id
    await provider.revoke(claims_event.credential_id)
    assert (await provider.refused(provider.userinfo(body["access_token"]))).reason == "invalid_token"


async def test_a_user_who_was_disabled(provider: Provider):
    body = await provider.tokens()
    gone = replace(provider.ann, status="suspended", stamp=2)
    event = provider.where().event("user.suspend", user_id=gone.id)
    assert await provider.store.update_user(gone, expected_stamp=1, event=event)
    assert (await provider.refused(provider.userinfo(body["access_token"]))).reason == "invalid_token"


async def test_one_statement(provider: Provider, monkeypatch: pytest.MonkeyPatch):
    body = await provider.tokens()
    asked = []
    for name in ("find", "claim", "commit", "user", "subject"):

        def watch(name: str, original: Any) -> Any:
            async def watched(*args: Any, **kwargs: Any) -> Any:
                asked.append(name)
                return await original(*args, **kwargs)

            return watched

        monkeypatch.setattr(provider.store, name, watch(name, getattr(provider.store, name)))
    await provider.userinfo(body["access_token"])
    assert asked == ["find"]
