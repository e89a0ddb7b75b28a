"""Attacks on refresh tokens, each named by its id in the threat model."""

import asyncio
from dataclasses import replace
from typing import Any

import pytest
from tests.unit.protocols.oauth.provider import POST_SECRET, SECRET, Provider, basic, ident

from segue.core.application import Application
from segue.core.org import Domain
from segue.core.secret import new_secret
from segue.stores import Commit, StoreUnavailable

POST = {"client_id": "post", "client_secret": POST_SECRET}


@pytest.fixture
async def offline(provider: Provider) -> Provider:
    """A provider whose clients may hold refresh tokens."""
    for name in ("web", "post", "spa"):
        setattr(provider, name, await _allow(provider, getattr(provider, name)))
    return provider


async def _allow(provider: Provider, app: Application, **settings: Any) -> Application:
    assert app.oidc
    grants = app.oidc.grant_types | {"refresh_token"}
    allowed = replace(app, oidc=replace(app.oidc, grant_types=grants, **settings))
    await provider.store.put_application(allowed, provider.where().event("application.update"))
    return allowed


async def first(provider: Provider, scope: str = "openid email offline_access") -> dict[str, Any]:
    return await provider.tokens(scope=scope)


def refresh(provider: Provider, token: str, **changes: str) -> dict[str, str]:
    return {"grant_type": "refresh_token", "refresh_token": token, **changes}


async def reason(provider: Provider, call: Any) -> str:
    return (await provider.refused(call)).reason


async def test_the_good_way(offline: Provider) -> None:
    """What the rows below forbid would be allowed to the right client."""
    old = await first(offline)
    new = await offline.token(refresh(offline, old["refresh_token"]))
    assert (await offline.userinfo(new["access_token"]))["sub"] == offline.ann.id


async def test_OA_03_a_refresh_token_belongs_to_one_client(offline: Provider) -> None:
    old = await first(offline)
    for form in (POST, {"client_id": "spa"}):
        call = offline.token(refresh(offline, old["refresh_token"], **form), authorization=None)
        assert await reason(offline, call) == "invalid_grant"
    # Nobody else's attempt uses it up or ends it.
    assert await offline.token(refresh(offline, old["refresh_token"]))


async def test_OA_03_an_old_token_in_foreign_hands_ends_nothing(offline: Provider) -> None:
    old = await first(offline)
    middle = await offline.token(refresh(offline, old["refresh_token"]))
    new = await offline.token(refresh(offline, middle["refresh_token"]))
    call = offline.token(refresh(offline, old["refresh_token"], **POST), authorization=None)
    assert await reason(offline, call) == "invalid_grant"
    assert await offline.token(refresh(offline, new["refresh_token"]))


async def test_OA_03_a_refresh_token_belongs_to_one_server(offline: Provider) -> None:
    old = await first(offline)
    call = offline.token(refresh(offline, old["refresh_token"]), server=offline.custom)
    assert await reason(offline, call) == "invalid_grant"
    assert await offline.token(refresh(offline, old["refresh_token"]))


async def test_OA_03_a_refresh_token_belongs_to_one_domain(offline: Provider) -> None:
    old, home = await first(offline), offline.domain
    offline.domain = Domain("other.example.com", offline.org.id, "test")
    await offline.store.put_domain(offline.domain, offline.where().event("domain.create"))
    assert await reason(offline, offline.token(refresh(offline, old["refresh_token"]))) == "invalid_grant"
    offline.domain = home
    assert await offline.token(refresh(offline, old["refresh_token"]))


async def test_OA_06_the_id_of_a_family_ends_nothing(offline: Provider) -> None:
    """It stands in logs. Neither does the id with secrets of somebody's own making."""
    old = await first(offline)
    family, secret, generation = old["refresh_token"].split(".")
    noise = new_secret(offline.source.random)
    for guess in (f"{family}.{noise}.{noise}", f"{family}.{noise}.{generation}", f"{family}.{generation}.{secret}"):
        assert await reason(offline, offline.token(refresh(offline, guess))) == "invalid_grant"
    assert await offline.token(refresh(offline, old["refresh_token"]))


async def test_OA_06_replay_after_the_child_was_used(offline: Provider) -> None:
    tokens = [await first(offline)]
    for _ in range(3):
        tokens.append(await offline.token(refresh(offline, tokens[-1]["refresh_token"])))
    assert await reason(offline, offline.token(refresh(offline, tokens[0]["refresh_token"]))) == "invalid_grant"
    for each in tokens:
        assert await reason(offline, offline.token(refresh(offline, each["refresh_token"]))) == "invalid_grant"
        assert await reason(offline, offline.userinfo(each["access_token"])) == "invalid_token"
    assert [event.type for event in await offline.events()].count("refresh_token.reuse") == 1


async def test_OA_06_without_grace_any_second_use_ends_the_family(offline: Provider) -> None:
    offline.web = await _allow(offline, offline.web, refresh_grace_s=0)
    old = await first(offline)
    new = await offline.token(refresh(offline, old["refresh_token"]))
    assert await reason(offline, offline.token(refresh(offline, old["refresh_token"]))) == "invalid_grant"
    assert await reason(offline, offline.token(refresh(offline, new["refresh_token"]))) == "invalid_grant"


async def test_OA_06_replay_ends_one_family_and_no_other(offline: Provider) -> None:
    other = await first(offline)
    tokens = [await first(offline)]
    for _ in range(2):
        tokens.append(await offline.token(refresh(offline, tokens[-1]["refresh_token"])))
    await offline.refused(offline.token(refresh(offline, tokens[0]["refresh_token"])))
    assert await offline.token(refresh(offline, other["refresh_token"]))


async def test_OA_06_race(offline: Provider) -> None:
    """Sixty-four at once within the grace: one generation, and the same refresh token for everybody."""
    old = await first(offline)
    calls = [offline.token(refresh(offline, old["refresh_token"])) for _ in range(64)]
    answers = await asyncio.gather(*calls)
    assert len({answer["refresh_token"] for answer in answers}) == 1
    family = await offline.store.find(
        offline.org.id, old["refresh_token"].partition(".")[0], None, frozenset({"refresh_token"})
    )
    assert family
    assert family.credential.generation == 1


async def test_OA_06_the_clock_standing_still_changes_nothing(offline: Provider) -> None:
    """Generations are counted; two rotations in one millisecond are two."""
    now = offline.source.now_at()
    offline.source = replace(offline.source, now_at=lambda: now)
    tokens = [await first(offline)]
    for _ in range(2):
        tokens.append(await offline.token(refresh(offline, tokens[-1]["refresh_token"])))
    assert await reason(offline, offline.token(refresh(offline, tokens[0]["refresh_token"]))) == "invalid_grant"
    assert await reason(offline, offline.token(refresh(offline, tokens[2]["refresh_token"]))) == "invalid_grant"


async def test_OA_06_a_revocation_between_the_read_and_the_write(
    offline: Provider, monkeypatch: pytest.MonkeyPatch
) -> None:
    old = await first(offline)
    commit = offline.store.commit

    async def late(wanted: Commit) -> bool:
        monkeypatch.undo()
        await offline.revoke(old["refresh_token"].partition(".")[0])
        return await commit(wanted)

    monkeypatch.setattr(offline.store, "commit", late)
    assert await reason(offline, offline.token(refresh(offline, old["refresh_token"]))) == "invalid_grant"


@pytest.mark.parametrize("scope", ["openid email reports", "reports", "openid email offline_access profile", "x y z"])
async def test_OA_06_more_than_was_granted(offline: Provider, scope: str) -> None:
    old = await first(offline)
    refusal = await offline.refused(offline.token(refresh(offline, old["refresh_token"], scope=scope)))
    assert refusal.reason == "invalid_scope"
    new = await offline.token(refresh(offline, old["refresh_token"]))
    assert new["scope"] == "openid email offline_access"


async def test_OA_06_what_was_left_out_once_does_not_make_it_more(offline: Provider) -> None:
    """A narrowed refresh narrows the tokens it gives; the grant stays what the user gave."""
    old = await first(offline)
    narrow = await offline.token(refresh(offline, old["refresh_token"], scope="email"))
    assert narrow["scope"] == "email"
    assert await reason(offline, offline.userinfo(narrow["access_token"])) == "insufficient_scope"
    wide = await offline.token(refresh(offline, narrow["refresh_token"], scope="openid email"))
    assert wide["scope"] == "openid email"


@pytest.mark.parametrize("token", ["", "x", "x.y.z", "é", "a" * 20_000, "\0", f"{ident('rft')}.{'a' * 43}"])
async def test_OA_20_what_is_no_refresh_token(offline: Provider, token: str) -> None:
    expected = "invalid_request" if not token else "invalid_grant"
    assert await reason(offline, offline.token(refresh(offline, token))) == expected


async def test_OT_05_other_credentials_are_no_refresh_tokens(offline: Provider) -> None:
    code, tokens = await offline.code(), await first(offline)
    generation = tokens["refresh_token"].rpartition(".")[2]
    for text in (code, f"{code}.{generation}", tokens["access_token"], offline.browser["session"]):
        assert await reason(offline, offline.token(refresh(offline, text))) == "invalid_grant"
    assert await offline.token(offline.exchange(code))


async def test_OA_12_a_client_has_to_prove_who_it_is(offline: Provider) -> None:
    old = await first(offline)
    for authorization in (basic("web", "wrong"), basic("web", ""), None):
        form = refresh(offline, old["refresh_token"], **({} if authorization else {"client_id": "web"}))
        call = offline.token(form, authorization=authorization)
        assert await reason(offline, call) == "invalid_client"
    call = offline.token(refresh(offline, "x"), query={"refresh_token": old["refresh_token"]})
    assert await reason(offline, call) == "invalid_request"
    assert await offline.token(refresh(offline, old["refresh_token"]), authorization=basic("web", SECRET))


async def test_a_client_that_lost_the_grant_cannot_use_what_it_holds(offline: Provider) -> None:
    old = await first(offline)
    assert offline.web.oidc
    without = replace(offline.web, oidc=replace(offline.web.oidc, grant_types=frozenset({"authorization_code"})))
    await offline.store.put_application(without, offline.where().event("application.update"))
    assert await reason(offline, offline.token(refresh(offline, old["refresh_token"]))) == "unauthorized_client"


async def test_an_inactive_application_cannot_use_what_it_holds(offline: Provider) -> None:
    old = await first(offline)
    inactive = replace(offline.web, status="inactive")
    await offline.store.put_application(inactive, offline.where().event("application.update"))
    assert await reason(offline, offline.token(refresh(offline, old["refresh_token"]))) == "invalid_client"


async def test_OT_13_every_cause_has_one_text(offline: Provider) -> None:
    old = await first(offline)
    family = old["refresh_token"].partition(".")[0]
    told = set()
    for token in ("x", f"{family}.{'a' * 43}.{'a' * 43}", f"{ident('rft')}.{'a' * 43}.{'a' * 43}"):
        told.add((await offline.refused(offline.token(refresh(offline, token)))).public)
    await offline.revoke(family)
    told.add((await offline.refused(offline.token(refresh(offline, old["refresh_token"])))).public)
    assert told == {"The refresh token is invalid or expired."}


async def test_the_event_says_which_check_failed(offline: Provider) -> None:
    old = await first(offline)
    await offline.revoke(old["refresh_token"].partition(".")[0])
    refusal = await offline.refused(offline.token(refresh(offline, old["refresh_token"])))
    assert refusal.verdict.failure
    assert refusal.verdict.failure.name == "not_revoked"


async def test_a_refresh_costs_two_statements(offline: Provider, monkeypatch: pytest.MonkeyPatch) -> None:
    old, asked = await first(offline), []

    def watch(name: str) -> None:
        original = getattr(offline.store, name)

        async def watched(*args: Any, **kwargs: Any) -> Any:
            asked.append(name)
            return await original(*args, **kwargs)

        monkeypatch.setattr(offline.store, name, watched)

    for name in ("claim", "commit", "find", "explain_claim", "user", "subject", "append", "touch_session"):
        watch(name)
    await offline.token(refresh(offline, old["refresh_token"]))
    assert asked == ["find", "commit"]
    asked.clear()
    await offline.token(refresh(offline, old["refresh_token"]))  # a lost answer, asked for again
    assert asked == ["find", "commit"]


async def test_a_scope_that_the_server_lost_is_left_out(offline: Provider) -> None:
    form = offline.exchange(await offline_code(offline))
    old = await offline.token(form, server=offline.custom)
    assert old["scope"] == "reports offline_access"
    offline.custom = replace(offline.custom, scopes={})
    new = await offline.token(refresh(offline, old["refresh_token"]), server=offline.custom)
    assert new["scope"] == "offline_access"


async def offline_code(provider: Provider) -> str:
    wish = provider.wish(scope="reports offline_access", ticket=await provider.ticket())
    return str((await provider.answer(wish, server=provider.custom))["code"])


async def test_OA_11_a_revocation_that_was_not_written_is_no_success(
    offline: Provider, monkeypatch: pytest.MonkeyPatch
) -> None:
    tokens = await first(offline)

    async def away(*_: Any, **__: Any) -> Any:
        raise StoreUnavailable("the database is away")

    for name in ("commit", "find"):
        with monkeypatch.context() as broken:
            broken.setattr(offline.store, name, away)
            for kind in ("refresh_token", "access_token"):
                with pytest.raises(StoreUnavailable):
                    await told(offline, "revoke", tokens[kind])
    assert await offline.userinfo(tokens["access_token"])
    assert (await told(offline, "revoke", tokens["refresh_token"])).status == 200
    assert await reason(offline, offline.userinfo(tokens["access_token"])) == "invalid_token"


async def test_OA_10_an_applications_own_token(offline: Provider) -> None:
    assert offline.web.oidc
    grants = offline.web.oidc.grant_types | {"client_credentials"}
    offline.web = await _allow(offline, replace(offline.web, oidc=replace(offline.web.oidc, grant_types=grants)))
    form = {"grant_type": "client_credentials", "scope": "reports"}
    token = (await offline.token(form, server=offline.custom))["access_token"]
    said = (await told(offline, "introspect", token, server=offline.custom)).data
    assert (said["active"], said["scope"], said["client_id"]) == (True, "reports", "web")
    assert "username" not in said
    other = await told(offline, "introspect", token, server=offline.custom, authorization=None, form=POST)
    assert other.data == {"active": False}
    assert (await told(offline, "revoke", token, server=offline.custom)).status == 200
    assert (await told(offline, "introspect", token, server=offline.custom)).data == {"active": False}


async def test_OA_10_tokens_of_an_inactive_application(offline: Provider) -> None:
    tokens = await first(offline)
    inactive = replace(offline.web, status="inactive")
    await offline.store.put_application(inactive, offline.where().event("application.update"))
    assert await reason(offline, offline.userinfo(tokens["access_token"])) == "invalid_token"
    assert await reason(offline, told(offline, "introspect", tokens["access_token"])) == "invalid_client"


async def told(
    provider: Provider,
    what: str,
    token: str,
    *,
    server: Any = None,
    authorization: str | None = basic("web", SECRET),
    form: dict[str, str] | None = None,
) -> Any:
    """The answer of ``revoke`` or ``introspect``."""
    headers = {"authorization": authorization} if authorization else {}
    request = provider.request("POST", form={"token": token, **(form or {})}, headers=headers)
    return await getattr(provider.endpoints, what)(request, server or provider.server)
