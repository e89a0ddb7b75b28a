"""The authorization code grant: what a code gives, to whom, once."""

from dataclasses import replace
from typing import Any

import pytest
from tests.unit.protocols.oauth.provider import PROFILE, SECRET, VERIFIER, Provider, basic

from segue.core.user import User
from segue.stores import Claim, Commit, Found
from segue.tokens import jwt
from segue.tokens.jwt import half_hash

ISSUER = "https://id.example.com"


async def verified(provider: Provider, token: str, audience: str, issuer: str = ISSUER) -> dict[str, Any]:
    now = provider.source.now_at()
    keys = await provider.signing.published(provider.org.id, "oidc", now)
    return dict(jwt.verify(token, keys=keys, typ={None}, issuer=issuer, audience=audience, now_ms=now))


async def test_tokens(provider: Provider):
    code = await provider.code(scope="openid profile email", nonce="n-1", acr_values="one")
    body = await provider.token(provider.exchange(code))
    assert list(body) == ["token_type", "expires_in", "access_token", "scope", "id_token"]
    assert (body["token_type"], body["expires_in"], body["scope"]) == ("Bearer", 3600, "openid profile email")
    access = await verified(provider, body["access_token"], ISSUER)
    # What a verifier compares is the protocol's, whatever the dialect says; the rest is the dialect's.
    assert access["aud"] == access["iss"] == ISSUER
    assert (access["sub"], access["scp"]) == ("ann@example.com", ["openid", "profile", "email"])
    assert access["exp"] - access["iat"] == 3600
    found = await provider.store.find(
        provider.org.id, access["jti"].removeprefix("AT."), None, frozenset({"access_token"})
    )
    assert found is not None
    credential = found.credential
    assert credential.parent_id == code.partition(".")[0]
    assert credential.bind_path == (credential.parent_id,)
    assert credential.app_id == provider.web.id

    id_token = await verified(provider, body["id_token"], "web")
    assert id_token["sub"] == provider.ann.id
    assert (id_token["nonce"], id_token["acr"], id_token["amr"]) == ("n-1", "one", ["pwd"])
    assert id_token["at_hash"] == half_hash(body["access_token"], "RS256")
    # userinfo has the rest
    assert {"name", "email", "preferred_username"} < set(id_token)
    assert not {"given_name", "nickname", "email_verified"} & set(id_token)


async def test_a_profile_may_keep_the_id_token_whole(provider: Provider):
    provider.profile = replace(PROFILE, slim_id_token=None)
    id_token = await verified(provider, (await provider.tokens(scope="openid profile"))["id_token"], "web")
    assert id_token["given_name"] == "Ann"


async def test_header_types_are_the_profile_s(provider: Provider):
    provider.profile = replace(PROFILE, access_token_typ="at+jwt", id_token_typ="JWT")
    body = await provider.tokens()
    now = provider.source.now_at()
    keys = await provider.signing.published(provider.org.id, "oidc", now)
    jwt.verify(body["access_token"], keys=keys, typ={"at+jwt"}, issuer=ISSUER, audience=ISSUER, now_ms=now)
    jwt.verify(body["id_token"], keys=keys, typ={"JWT"}, issuer=ISSUER, audience="web", now_ms=now)
    assert (await provider.userinfo(body["access_token"]))["sub"] == provider.ann.id
    assert (await provider.refused(provider.userinfo(body["id_token"]))).reason == "invalid_token"


async def test_without_openid_there_is_no_id_token(provider: Provider):
    body = await provider.tokens(scope="email")
    assert "id_token" not in body


async def test_a_custom_server(provider: Provider):
    wish = provider.wish(ticket=await provider.ticket(), scope="openid reports")
    code = (await provider.answer(wish, server=provider.custom))["code"]
    body = await provider.token(provider.exchange(code), server=provider.custom)
    issuer = f"{ISSUER}/as/custom"
    access = await verified(provider, body["access_token"], "api://custom", issuer)
    assert access["scp"] == ["openid", "reports"]
    await verified(provider, body["id_token"], "web", issuer)
    assert (await provider.userinfo(body["access_token"], provider.custom))["sub"] == provider.ann.id
    # A token of one server says nothing at another one of the same org and key set.
    assert (await provider.refused(provider.userinfo(body["access_token"]))).reason == "invalid_token"


async def test_a_public_client_with_pkce(provider: Provider):
    code = await provider.code(provider.spa)
    form = provider.exchange(code, client_id="spa", code_verifier=VERIFIER, redirect_uri="https://spa.example.net/")
    body = await provider.token(form, authorization=None)
    await verified(provider, body["id_token"], "spa")


async def test_two_statements_are_all_it_takes(provider: Provider, monkeypatch: pytest.MonkeyPatch):
    """Beside configuration, which is remembered, a good exchange is one claim and one write."""
    code = await provider.code()
    asked: list[str] = []

    def watch(name: str) -> None:
        original = getattr(provider.store, name)

        async def watched(*args: Any, **kwargs: Any) -> Any:
            asked.append(name)
            return await original(*args, **kwargs)

        monkeypatch.setattr(provider.store, name, watched)

    for name in ("claim", "commit", "find", "explain_claim", "user", "subject", "append"):
        watch(name)
    await provider.token(provider.exchange(code))
    assert asked == ["claim", "commit"]


@pytest.mark.parametrize(
    ("changes", "reason"),
    [
        ({"code": None}, "invalid_request"),
        ({"redirect_uri": None}, "invalid_request"),
        ({"grant_type": None}, "invalid_request"),
        ({"grant_type": "magic"}, "unsupported_grant_type"),
    ],
)
async def test_a_request_with_a_fault_burns_nothing(provider: Provider, changes: dict[str, None], reason: str):
    code = await provider.code()
    refusal = await provider.refused(provider.token(provider.exchange(code, **changes)))
    assert refusal.reason == reason
    assert "access_token" in await provider.token(provider.exchange(code))


async def test_a_grant_the_client_may_not_use(provider: Provider):
    code = await provider.code()
    assert provider.web.oidc
    other = replace(provider.web, oidc=replace(provider.web.oidc, grant_types=frozenset({"implicit"})))
    await provider.store.put_application(other, provider.where().event("application.update"))
    refusal = await provider.refused(provider.token(provider.exchange(code)))
    assert refusal.reason == "unauthorized_client"


@pytest.mark.parametrize(
    "code", ["x", "cod", "cod" + "0" * 17 + "." + "0" * 43, "." * 64, "cod" + "0" * 17 + "." + "0" * 42 + "\n"]
)
async def test_what_is_no_code(provider: Provider, code: str):
    refusal = await provider.refused(provider.token(provider.exchange(code)))
    assert refusal.reason == "invalid_grant"


@pytest.mark.parametrize(
    "changes", [{"redirect_uri": "https://web.example.net/other?x=1"}, {"code_verifier": VERIFIER}]
)
async def test_a_mismatch_burns_the_code(provider: Provider, changes: dict[str, str]):
    code = await provider.code()
    assert (await provider.refused(provider.token(provider.exchange(code, **changes)))).reason == "invalid_grant"
    assert (await provider.refused(provider.token(provider.exchange(code)))).reason == "invalid_grant"


async def test_a_code_of_another_server_is_burnt(provider: Provider):
    code = await provider.code()
    refusal = await provider.refused(provider.token(provider.exchange(code), server=provider.custom))
    assert refusal.reason == "invalid_grant"
    assert refusal.verdict.failure
    assert refusal.verdict.failure.name == "code_server"
    await provider.refused(provider.token(provider.exchange(code)))


async def test_a_code_of_another_domain_is_burnt(provider: Provider):
    code = await provider.code()
    provider.domain = replace(provider.domain, authority="other.example.com")
    refusal = await provider.refused(provider.token(provider.exchange(code)))
    assert refusal.verdict.failure
    assert refusal.verdict.failure.name == "code_domain"


async def test_an_assignment_taken_away_meanwhile(provider: Provider):
    code = await provider.code()
    event = provider.where().event("application.unassign")
    assert await provider.store.unassign(provider.org.id, provider.web.id, provider.ann.id, event)
    refusal = await provider.refused(provider.token(provider.exchange(code)))
    assert refusal.reason == "access_denied"


async def test_an_application_for_everyone(provider: Provider):
    everyone = replace(provider.web, everyone=True)
    await provider.store.put_application(everyone, provider.where().event("application.update"))
    wish = provider.wish(ticket=await provider.ticket(provider.outsider))
    body = await provider.token(provider.exchange((await provider.answer(wish))["code"]))
    assert (await provider.userinfo(body["access_token"]))["sub"] == provider.outsider.id


async def test_everything_is_an_event(provider: Provider):
    await provider.tokens()
    types = [event.type for event in await provider.events() if event.app_id == provider.web.id]
    for expected in ("code.mint", "code.redeem", "token.issue"):
        assert types.count(expected) == 1
    events = {event.type: event for event in await provider.events()}
    assert events["token.issue"].user_id == events["code.redeem"].user_id == provider.ann.id


async def test_a_code_that_was_only_outrun_is_still_refused(provider: Provider, monkeypatch: pytest.MonkeyPatch):
    """Between a claim that matched nothing and the look at why, everything may look well again."""
    code = await provider.code()

    async def lost(_claim: Claim) -> Found | None:
        return None

    monkeypatch.setattr(provider.store, "claim", lost)
    refusal = await provider.refused(provider.token(provider.exchange(code)))
    assert refusal.reason == "invalid_grant"
    assert not refusal.verdict.allowed


async def change_between_the_writes(provider: Provider, monkeypatch: pytest.MonkeyPatch, change: Any) -> None:
    commit = provider.store.commit

    async def after(wanted: Commit) -> bool:
        monkeypatch.undo()
        await change()
        return await commit(wanted)

    monkeypatch.setattr(provider.store, "commit", after)


async def test_a_user_who_changes_between_the_writes(provider: Provider, monkeypatch: pytest.MonkeyPatch):
    code = await provider.code()

    async def disable() -> None:
        gone: User = replace(provider.ann, status="suspended", stamp=2)
        event = provider.where().event("user.suspend", user_id=gone.id)
        assert await provider.store.update_user(gone, expected_stamp=1, event=event)

    await change_between_the_writes(provider, monkeypatch, disable)
    assert (await provider.refused(provider.token(provider.exchange(code)))).reason == "invalid_grant"


async def test_an_assignment_that_goes_between_the_writes(provider: Provider, monkeypatch: pytest.MonkeyPatch):
    code = await provider.code()

    async def unassign() -> None:
        event = provider.where().event("application.unassign")
        assert await provider.store.unassign(provider.org.id, provider.web.id, provider.ann.id, event)

    await change_between_the_writes(provider, monkeypatch, unassign)
    assert (await provider.refused(provider.token(provider.exchange(code)))).reason == "invalid_grant"


async def test_a_sign_out_between_the_writes(provider: Provider, monkeypatch: pytest.MonkeyPatch):
    code = await provider.code()
    session_id = provider.browser["session"].partition(".")[0]
    await change_between_the_writes(provider, monkeypatch, lambda: provider.revoke(session_id))
    refusal = await provider.refused(provider.token(provider.exchange(code)))
    assert refusal.reason == "invalid_grant"
    assert refusal.verdict.failure
    assert refusal.verdict.failure.name == "unchanged_since_spent"


async def test_a_sign_out_ends_codes_and_leaves_tokens(provider: Provider):
    body = await provider.tokens()
    code = (await provider.answer(provider.wish()))["code"]
    await provider.revoke(provider.browser["session"].partition(".")[0])
    assert (await provider.refused(provider.token(provider.exchange(code)))).reason == "invalid_grant"
    assert (await provider.userinfo(body["access_token"]))["sub"] == provider.ann.id


async def test_either_secret_works_during_a_change(provider: Provider):
    for secret in (SECRET, "next-secret"):
        body = await provider.token(provider.exchange(await provider.code()), authorization=basic("web", secret))
        assert body["access_token"]
