"""Stepwise credentials: each step is taken once, from the state that was seen, together with all that it decides."""

import asyncio
from collections.abc import Awaitable, Callable
from dataclasses import replace

import pytest
from tests.stores.scene import MINUTE_MS, Minted, Scene, ident

from segue.core.credential import Kind, Participation
from segue.stores import Commit, StoreUnavailable, Tombstone

Breaking = Callable[[Scene, Minted], Awaitable[object]]


async def state_of(scene: Scene, minted: Minted) -> tuple[int, object]:
    found = await scene.find(minted)
    assert found
    return found.credential.generation, found.credential.data


async def test_a_step_gives_the_next_generation_its_data_and_a_life_from_now(scene: Scene) -> None:
    token = await scene.mint("state_token", data={"step": "first"})
    assert await state_of(scene, token) == (0, {"step": "first"})
    await scene.shift(token, "expires_at", -2 * MINUTE_MS)
    before_at = await scene.store.ping()
    assert await scene.store.commit(scene.writing(advance=scene.advancing(token)))
    assert await state_of(scene, token) == (1, {"step": "next"})
    expires_at = await scene.column(token, "expires_at")
    assert before_at + 3 * MINUTE_MS <= expires_at <= await scene.store.ping() + 3 * MINUTE_MS
    again = scene.advancing(token, from_generation=1, life_ms=MINUTE_MS, data={"step": "last"})
    assert await scene.store.commit(scene.writing(advance=again))
    assert await state_of(scene, token) == (2, {"step": "last"})
    assert await scene.column(token, "expires_at") < expires_at


async def test_a_step_takes_nobody_elses_secret_id_or_generation(scene: Scene) -> None:
    token, other = await scene.mint("state_token"), await scene.mint("state_token")
    right = scene.advancing(token)
    for wrong in (
        replace(right, digest=other.digest),
        replace(right, digest=b""),
        replace(right, id=other.id),
        replace(right, id=ident("00s", scene.partition)),
        replace(right, from_generation=1),
        replace(right, from_generation=-1),
    ):
        commit = scene.writing(scene.new(), advance=wrong)
        assert not await scene.store.commit(commit)
        assert (
            await scene.store.find(scene.org_id, commit.credentials[0].id, None, frozenset({"session_token"})) is None
        )
    assert await state_of(scene, token) == (0, {})
    assert await scene.store.commit(scene.writing(advance=right))


LOST: dict[str, Breaking] = {
    "taken by somebody else": lambda scene, token: scene.store.commit(scene.writing(advance=scene.advancing(token))),
    "spent": lambda scene, token: scene.spend(token),
    "revoked": lambda scene, token: scene.revoke(token),
    "expired": lambda scene, token: scene.shift(token, "expires_at", -5 * MINUTE_MS),
    "stamp changed": lambda scene, token: scene.change_user(stamp=2),
    "suspended": lambda scene, token: scene.change_user(status="suspended"),
    "staged": lambda scene, token: scene.change_user(status="staged"),
    "provisioned": lambda scene, token: scene.change_user(status="provisioned"),
}


def everything(scene: Scene, token: Minted, session: Minted) -> Commit:
    return scene.writing(
        scene.new("session"),
        advance=scene.advancing(token),
        renewal=scene.renewing(session),
        participations=(Participation(session.id, scene.app.id, "oidc"),),
        tombstones=(Tombstone(ident("102", scene.partition), "replaced"),),
        events=(scene.event("step.taken"),),
    )


async def nothing_of(scene: Scene, commit: Commit, session: Minted) -> None:
    """That no part of the commit was written."""
    made = commit.credentials[0].id
    assert (
        await scene.database.rows("SELECT 1 FROM credentials WHERE org_id = $1 AND id = $2", scene.org_id, made) == []
    )
    for table in ("participations", "tombstones"):
        text = f"SELECT 1 FROM {table} WHERE org_id = $1 AND "
        if table == "tombstones":
            assert await scene.database.rows(text + "id = $2", scene.org_id, commit.tombstones[0].id) == []
        else:
            assert await scene.database.rows(text + "session_id = $2", scene.org_id, session.id) == []
    assert await scene.events("step.taken") == []
    assert await scene.column(session, "digest") == session.digest


@pytest.mark.parametrize("name", LOST)
async def test_nothing_is_written_where_a_step_is_lost(scene: Scene, name: str) -> None:
    token, session = await scene.mint("state_token"), await scene.session()
    await LOST[name](scene, token)
    before = await scene.column(token, "generation")
    commit = everything(scene, token, session)
    assert not await scene.store.commit(commit)
    await nothing_of(scene, commit, session)
    assert await scene.column(token, "generation") == before


async def test_a_step_is_not_taken_where_the_guard_the_renewal_or_the_factor_fails(scene: Scene) -> None:
    token, session = await scene.mint("state_token"), await scene.session()
    factor = await scene.factor(last_step=5)
    good = replace(everything(scene, token, session), factor_step=scene.step(factor, 6))
    for wrong in (
        replace(good, guard=replace(scene.guard, user_stamp=2)),
        replace(good, renewal=scene.renewing(session, old_digest=bytes(32))),
        replace(good, factor_step=scene.step(factor, 5)),
    ):
        assert not await scene.store.commit(wrong)
        await nothing_of(scene, good, session)
        assert await state_of(scene, token) == (0, {})
        assert await scene.factor_now(factor) == factor
    assert await scene.store.commit(replace(good, guard=scene.guard))
    assert await state_of(scene, token) == (1, {"step": "next"})
    assert (await scene.factor_now(factor)).last_step == 6
    assert await scene.find(session) is None
    assert len(await scene.events("step.taken")) == 1


async def test_of_many_steps_at_once_one_is_taken(scene: Scene) -> None:
    token = await scene.mint("state_token")
    commits = [
        scene.writing(scene.new("session"), advance=scene.advancing(token, data={"winner": number}), guard=scene.guard)
        for number in range(40)
    ]
    answers = await asyncio.gather(*(scene.store.commit(one) for one in commits), return_exceptions=True)
    assert answers.count(True) == 1
    assert all(isinstance(one, bool | StoreUnavailable) for one in answers)
    assert await state_of(scene, token) == (1, {"winner": answers.index(True)})
    made = await scene.database.rows("SELECT id FROM credentials WHERE org_id = $1 AND kind = 'session'", scene.org_id)
    assert made == [(commits[answers.index(True)].credentials[0].id,)]


async def test_a_step_and_a_claim_at_once_are_not_both_from_the_same_state(scene: Scene) -> None:
    """Spent means spent: whichever is first, a spent credential takes no step after it."""
    for _ in range(10):
        token = await scene.mint("state_token")
        taken, spent = await asyncio.gather(
            scene.store.commit(scene.writing(advance=scene.advancing(token))), scene.spend(token)
        )
        assert spent
        assert await scene.column(token, "generation") == int(taken)
        assert spent.credential.generation == int(taken)
        assert not await scene.store.commit(
            scene.writing(advance=scene.advancing(token, from_generation=spent.credential.generation))
        )


# --- what a user holds ------------------------------------------------------------------------------------------------


async def test_what_a_user_holds_is_listed_newest_first(scene: Scene) -> None:
    sessions = [await scene.session(data={"number": number}) for number in range(4)]
    ticket = await scene.mint()
    for age, session in enumerate(reversed(sessions)):
        await scene.shift(session, "issued_at", -age * 1000)
    held = await scene.store.of_user(scene.org_id, scene.user.id, frozenset({"session"}))
    assert [one.data for one in held] == [{"number": number} for number in (3, 2, 1, 0)]
    found = await scene.find(sessions[3])
    assert found
    assert held[0] == found.credential
    both = await scene.store.of_user(scene.org_id, scene.user.id, frozenset({"session", "session_token"}))
    assert {one.id for one in both} == {ticket.id, *(session.id for session in sessions)}
    assert list(await scene.store.of_user(scene.org_id, scene.user.id, frozenset())) == []
    assert list(await scene.store.of_user(scene.org_id, ident(), frozenset({"session"}))) == []
    for nobody in ("", "nul\0", "\ud800"):
        assert list(await scene.store.of_user(scene.org_id, nobody, frozenset({"session"}))) == []


async def test_G3_only_what_is_alive_is_listed(scene: Scene) -> None:
    kinds: frozenset[Kind] = frozenset({"session", "session_token"})
    spent, revoked, expired, idle = [await scene.session() for _ in range(4)]
    child = await scene.mint(bind_path=revoked.path)
    assert await scene.spend(spent)
    await scene.revoke(revoked)
    await scene.shift(expired, "expires_at", -5 * MINUTE_MS)
    await scene.shift(idle, "idle_expires_at", -5 * MINUTE_MS)
    alive = await scene.session()
    held = await scene.store.of_user(scene.org_id, scene.user.id, kinds)
    assert child.id not in {one.id for one in held}
    assert [one.id for one in held] == [alive.id]
    other_epoch = scene.database.store(epoch=1)
    await other_epoch.open()
    assert list(await other_epoch.of_user(scene.org_id, scene.user.id, kinds)) == []
    await other_epoch.close()
    await scene.change_user(stamp=2)
    assert list(await scene.store.of_user(scene.org_id, scene.user.id, kinds)) == []


async def test_no_more_than_two_hundred_are_listed(scene: Scene) -> None:
    many = [scene.new() for _ in range(201)]
    assert await scene.store.commit(scene.writing(*many))
    assert len(await scene.store.of_user(scene.org_id, scene.user.id, frozenset({"session_token"}))) == 200


async def test_what_an_application_may_renew_is_listed_in_pages_whosever_it_is(scene: Scene) -> None:
    refresh: frozenset[Kind] = frozenset({"refresh_token"})
    assert list(await scene.store.refresh_tokens_of(scene.org_id, scene.app.id, after="", limit=9)) == []
    held = [await scene.mint(kind="refresh_token", app_id=scene.app.id) for _ in range(3)]
    await scene.mint(kind="access_token", app_id=scene.app.id)
    elsewhere = await scene.mint(kind="refresh_token", app_id=ident("0oa"))
    revoked, expired, spent = [await scene.mint(kind="refresh_token", app_id=scene.app.id) for _ in range(3)]
    await scene.revoke(revoked)
    await scene.shift(expired, "expires_at", -5 * MINUTE_MS)
    assert await scene.spend(spent, kinds=refresh)
    wanted = sorted(token.id for token in held)
    first = await scene.store.refresh_tokens_of(scene.org_id, scene.app.id, after="", limit=2)
    assert [token.id for token in first] == wanted[:2]
    rest = await scene.store.refresh_tokens_of(scene.org_id, scene.app.id, after=wanted[1], limit=2)
    assert [token.id for token in rest] == wanted[2:]
    other = await scene.store.refresh_tokens_of(scene.org_id, elsewhere.new.app_id or "", after="", limit=9)
    assert [token.id for token in other] == [elsewhere.id]
    for nobody in ("", "nul\0", "\ud800"):
        assert list(await scene.store.refresh_tokens_of(scene.org_id, nobody, after="", limit=9)) == []
        if nobody:
            assert list(await scene.store.refresh_tokens_of(scene.org_id, scene.app.id, after=nobody, limit=9)) == []
