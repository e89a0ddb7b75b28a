"""The password grant against a real store: what the org asks, what changes meanwhile, and what it costs."""

from dataclasses import replace
from typing import Any

import pytest
from tests.unit.protocols.oauth.provider import Provider, basic

from segue.core.org import Group, OrgSettings, PasswordRules
from segue.core.user import User
from segue.stores import Commit
from segue.web.limits import Limit, RateLimiter
from segue.web.sign_in_limits import BY_ADDRESS, BY_USER_NAME

PASSWORD = "correct horse battery staple"
DIRECT = basic("web", "web-client-secret-1")


@pytest.fixture
async def direct(provider: Provider) -> Provider:
    """A provider whose client may use the grant and whose ann has a password."""
    oidc = provider.web.oidc
    assert oidc
    allowed = replace(provider.web, oidc=replace(oidc, grant_types=frozenset({"password"})))
    await provider.store.put_application(allowed, provider.where().event("application.update"))
    hashed = await provider.transactions.hasher.hash(PASSWORD.encode())
    await _update(provider, replace(provider.ann, password_hash=hashed))
    return provider


async def _update(provider: Provider, user: User) -> None:
    event = provider.where().event("user.update", user_id=user.id)
    assert await provider.store.update_user(user, expected_stamp=user.stamp, event=event)
    provider.ann = user


def ask(provider: Provider, **changes: str) -> Any:
    form = {"grant_type": "password", "username": provider.ann.login, "password": PASSWORD, "scope": "openid"}
    return provider.token({**form, **changes})


async def test_tokens_and_the_events_that_say_so(direct: Provider) -> None:
    body = await ask(direct)
    assert body["scope"] == "openid"
    last = {event.type: event for event in await direct.events()}
    assert last["sign_in.password"].user_id == direct.ann.id
    given = {"id_token": True, "refresh_token": False}
    assert last["token.issue"].detail == {"grant": "password", "server": direct.server.id, **given}


async def test_an_access_token_without_a_parent_is_a_root(direct: Provider) -> None:
    await ask(direct)
    (credential,) = await direct.store.of_user(direct.org.id, direct.ann.id, frozenset({"access_token"}))
    assert (credential.parent_id, credential.root_id, credential.bind_path) == (None, credential.id, ())


async def test_NW_10_the_org_asks_its_groups_for_a_second_factor(direct: Provider) -> None:
    event = direct.where().event("group.change")
    await direct.store.put_group(Group("00gA", direct.org.id, "Stronger"), event)
    await direct.store.add_member(direct.org.id, "00gA", direct.ann.id, direct.where().event("group.change"))
    assert await ask(direct)
    direct.org = replace(direct.org, settings=OrgSettings(second_factor_groups=("00gA",)))
    refusal = await direct.refused(ask(direct))
    assert (refusal.reason, refusal.user_id) == ("invalid_grant", direct.ann.id)
    assert await direct.store.of_user(direct.org.id, direct.ann.id, frozenset({"session"})) == []


async def test_a_password_that_has_to_be_changed_first(direct: Provider) -> None:
    direct.org = replace(direct.org, settings=OrgSettings(password_rules=PasswordRules(expire_days=1)))
    refusal = await direct.refused(ask(direct))
    assert refusal.reason == "invalid_grant"
    assert "expired" in refusal.public
    await _update(direct, replace(direct.ann, password_changed_at=direct.source.now_at()))
    assert await ask(direct)
    await _update(direct, replace(direct.ann, password_temporary=True))
    assert (await direct.refused(ask(direct))).reason == "invalid_grant"


async def test_somebody_suspended_between_the_look_and_the_write_gets_nothing(
    direct: Provider, monkeypatch: pytest.MonkeyPatch
) -> None:
    commit = direct.store.commit

    async def late(wanted: Commit) -> bool:
        monkeypatch.undo()
        await _update(direct, replace(direct.ann, status="suspended", stamp=direct.ann.stamp))
        return await commit(wanted)

    monkeypatch.setattr(direct.store, "commit", late)
    assert (await direct.refused(ask(direct))).reason == "invalid_grant"
    assert "token.issue" not in [event.type for event in await direct.events()]


async def test_a_locked_account_is_told_so_where_the_org_wants_it(direct: Provider) -> None:
    direct.org = replace(direct.org, settings=OrgSettings(lockout_attempts=2, show_lockout=True))
    for _ in range(2):
        await direct.refused(ask(direct, password="wrong-password"))
    refusal = await direct.refused(ask(direct))
    assert refusal.reason == "invalid_grant"
    assert "locked" in refusal.public


@pytest.mark.parametrize("name", [BY_ADDRESS, BY_USER_NAME])
async def test_AU_03_the_limits_of_passwords_hold_here_too(direct: Provider, name: str) -> None:
    direct.limiter = RateLimiter({name: Limit(2, 3600)})
    for _ in range(2):
        assert (await direct.refused(ask(direct, password="wrong-password"))).reason == "invalid_grant"
    evaluated = direct.transactions.hasher.evaluations
    assert (await direct.refused(ask(direct))).reason == "rate_limited"
    assert direct.transactions.hasher.evaluations == evaluated


async def test_AU_04_every_failure_costs_the_same_work(direct: Provider) -> None:
    for changes in ({"password": "wrong"}, {"username": "nobody@example.com"}, {"username": direct.outsider.login}):
        before = direct.transactions.hasher.evaluations
        refusal = await direct.refused(ask(direct, **changes))
        assert refusal.public == "The user name or password is not right."
        assert direct.transactions.hasher.evaluations == before + 1
