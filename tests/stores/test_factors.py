"""Factors: kept with their user, each step accepted once, and nothing ended by a change of them alone."""

import asyncio
from dataclasses import replace

import pytest
from tests.stores.scene import Scene, a_factor, a_user, ident, unique

from segue.core.factor import FactorEnrollment
from segue.stores import FactorStep, StoreUnavailable


async def taken(scene: Scene, step: FactorStep) -> bool:
    return await scene.store.commit(scene.writing(scene.new(), factor_step=step))


async def test_a_factor_is_read_as_it_was_written_and_replaced_by_id(scene: Scene) -> None:
    event = scene.event("factor.enroll")
    factor = a_factor(scene.user, status="pending", sealed_secret=bytes(range(256)), last_used_at=5)
    await scene.store.put_factor(factor, event)
    assert await scene.store.factors(scene.org_id, scene.user.id) == [factor]
    assert await scene.store.event(scene.org_id, event.id) == event
    changed = replace(
        factor,
        type="question",
        provider="another",
        status="active",
        sealed_secret=b"",
        last_step=9,
        profile={},
        created_at=8,
        last_used_at=6,
    )
    await scene.store.put_factor(changed, scene.event())
    assert await scene.store.factors(scene.org_id, scene.user.id) == [changed]
    stranger = a_user(scene.org_id)
    assert list(await scene.store.factors(scene.org_id, stranger.id)) == []


@pytest.mark.parametrize("nobody", ["", "x", "nul\0", "\ud800"])
async def test_what_is_no_id_has_no_factors(scene: Scene, nobody: str) -> None:
    factor = await scene.factor()
    assert list(await scene.store.factors(scene.org_id, nobody)) == []
    assert not await scene.store.remove_factor(scene.org_id, nobody, factor.id, scene.event())
    assert not await scene.store.remove_factor(scene.org_id, scene.user.id, nobody, scene.event())


async def test_factors_come_the_last_used_first(scene: Scene) -> None:
    never, lately, once = await scene.factor(), await scene.factor(last_used_at=9), await scene.factor(last_used_at=4)
    newer = await scene.factor(created_at=8)
    found = await scene.store.factors(scene.org_id, scene.user.id)
    assert [one.id for one in found] == [lately.id, once.id, never.id, newer.id]
    assert await taken(scene, scene.step(never, 1))
    assert (await scene.store.factors(scene.org_id, scene.user.id))[0].id == never.id


async def test_a_factor_is_removed_once_by_its_own_user(scene: Scene) -> None:
    factor, other = await scene.factor(), await scene.factor()
    gone, again = scene.event("factor.remove"), scene.event("factor.remove")
    assert not await scene.store.remove_factor(scene.org_id, ident("00u", scene.partition), factor.id, again)
    assert await scene.store.remove_factor(scene.org_id, scene.user.id, factor.id, gone)
    assert not await scene.store.remove_factor(scene.org_id, scene.user.id, factor.id, again)
    assert await scene.events("factor.remove") == [(gone.id, "factor.remove")]
    assert await scene.store.factors(scene.org_id, scene.user.id) == [other]
    assert not await taken(scene, scene.step(factor, 1))


async def test_a_change_of_factors_ends_nothing_by_itself(scene: Scene) -> None:
    session = await scene.session()
    version = await scene.store.org_version(scene.org_id)
    factor = await scene.factor()
    assert await scene.store.remove_factor(scene.org_id, scene.user.id, factor.id, scene.event())
    assert await scene.find(session)
    assert await scene.store.user(scene.org_id, scene.user.id) == scene.user
    assert await scene.store.org_version(scene.org_id) == version


async def test_a_factor_belongs_to_its_users_partition_and_org(scene: Scene) -> None:
    elsewhere = ident("ufs", (scene.partition + 1) % 4096)
    for wrong in (a_factor(scene.user, id=elsewhere), a_factor(scene.user, org_id=unique("another"))):
        with pytest.raises(ValueError, match=r"partition|one org"):
            await scene.store.put_factor(wrong, scene.event())
    assert list(await scene.store.factors(scene.org_id, scene.user.id)) == []


# --- accepting a step -------------------------------------------------------------------------------------------------


async def test_AU_08_a_step_is_accepted_once_and_none_before_it_after_that(scene: Scene) -> None:
    factor = await scene.factor(last_step=5)
    before_at = await scene.store.ping()
    assert await taken(scene, scene.step(factor, 7))
    now = await scene.factor_now(factor)
    assert before_at <= now.last_used_at <= await scene.store.ping()
    assert now == replace(factor, last_step=7, last_used_at=now.last_used_at)
    for used in (7, 6, 5, 0, -1):
        assert not await taken(scene, scene.step(factor, used))
    assert await scene.factor_now(factor) == now
    assert await taken(scene, scene.step(factor, 2**40))


async def test_a_use_without_a_step_is_recorded_alone(scene: Scene) -> None:
    factor = await scene.factor(last_step=5)
    assert await taken(scene, scene.step(factor, None))
    now = await scene.factor_now(factor)
    assert now.last_used_at > 0
    assert now == replace(factor, last_used_at=now.last_used_at)


async def test_AU_08_a_changed_factor_is_stored_with_its_step_or_not_at_all(scene: Scene) -> None:
    factor = await scene.factor()
    # Its secret, its profile and its status are taken over: the rest is what the store knows.
    changed = replace(factor, sealed_secret=b"", profile={"remaining": "9"}, last_step=70, type="push", created_at=8)
    assert not await taken(scene, scene.step(factor, 0, enrollment=changed))
    assert await scene.factor_now(factor) == factor
    assert await taken(scene, scene.step(factor, 1, enrollment=changed))
    now = await scene.factor_now(factor)
    expected = replace(
        factor, sealed_secret=b"", profile={"remaining": "9"}, last_step=1, last_used_at=now.last_used_at
    )
    assert now == expected


async def test_a_pending_factor_becomes_active_in_the_write_that_proves_it(scene: Scene) -> None:
    pending = await scene.factor(status="pending")
    active = replace(pending, status="active", sealed_secret=b"proved")
    refused = scene.writing(
        factor_step=scene.step(pending, 3, enrollment=active), guard=replace(scene.guard, user_stamp=2)
    )
    assert not await scene.store.commit(refused)
    assert not await taken(scene, scene.step(pending, 3, enrollment=pending))
    assert await scene.factor_now(pending) == pending
    assert await taken(scene, scene.step(pending, 3, enrollment=active))
    now = await scene.factor_now(pending)
    assert now == replace(active, last_step=3, last_used_at=now.last_used_at)
    assert not await taken(scene, scene.step(pending, 3, enrollment=active))
    # Nothing makes an active factor wait again, and so not usable, but to put it anew.
    assert not await taken(scene, scene.step(pending, 4, enrollment=pending))
    assert await scene.factor_now(pending) == now


async def test_only_an_active_factor_of_the_user_accepts_anything(scene: Scene) -> None:
    pending, active = await scene.factor(status="pending"), await scene.factor()
    stranger = ident("00u", scene.partition)
    for wrong in (
        scene.step(pending, 1),
        scene.step(pending, None),
        scene.step(active, 1, user_id=stranger),
        scene.step(active, 1, factor_id=ident("ufs", scene.partition)),
    ):
        assert not await taken(scene, wrong)
    assert await scene.factor_now(active) == active


async def test_nothing_is_written_where_the_factor_refuses(scene: Scene) -> None:
    factor = await scene.factor(last_step=5)
    session = await scene.session()
    commit = scene.writing(
        scene.new(),
        renewal=scene.renewing(session),
        factor_step=scene.step(factor, 5),
        events=(scene.event("factor.verify"),),
    )
    assert not await scene.store.commit(commit)
    assert await scene.events("factor.verify") == []
    assert await scene.find(session)
    made = commit.credentials[0].id
    assert await scene.store.find(scene.org_id, made, None, frozenset({"session_token"})) is None


async def test_AU_08_a_step_is_not_recorded_where_the_guard_fails(scene: Scene) -> None:
    factor = await scene.factor()
    commit = scene.writing(factor_step=scene.step(factor, 1), guard=replace(scene.guard, user_stamp=2))
    assert not await scene.store.commit(commit)
    assert await scene.factor_now(factor) == factor


async def test_AU_08_of_many_uses_of_one_step_at_once_one_is_accepted(scene: Scene) -> None:
    factor = await scene.factor()
    codes = [replace(factor, sealed_secret=bytes([number])) for number in range(40)]
    commits = [
        scene.writing(scene.new(), factor_step=scene.step(factor, 1, enrollment=code), guard=scene.guard)
        for code in codes
    ]
    answers = await asyncio.gather(*(scene.store.commit(one) for one in commits), return_exceptions=True)
    assert answers.count(True) == 1
    assert all(isinstance(one, bool | StoreUnavailable) for one in answers)
    now = await scene.factor_now(factor)
    assert (now.last_step, now.sealed_secret) == (1, bytes([answers.index(True)]))


async def test_AU_08_steps_at_once_only_ever_grow(scene: Scene) -> None:
    factor = await scene.factor()
    commits = [scene.writing(factor_step=scene.step(factor, step)) for step in range(1, 21)]
    answers = await asyncio.gather(*(scene.store.commit(one) for one in commits), return_exceptions=True)
    accepted = [step for step, answer in enumerate(answers, start=1) if answer is True]
    assert accepted
    assert (await scene.factor_now(factor)).last_step == accepted[-1]


async def test_AU_08_a_factor_that_is_put_late_takes_no_step_back(scene: Scene) -> None:
    seen: FactorEnrollment = await scene.factor(last_step=5)
    assert await taken(scene, scene.step(seen, 9))
    await scene.store.put_factor(replace(seen, profile={"name": "renamed"}), scene.event())
    now = await scene.factor_now(seen)
    assert (now.last_step, now.profile) == (9, {"name": "renamed"})
    assert not await taken(scene, scene.step(seen, 9))
    await scene.store.put_factor(replace(seen, last_step=12), scene.event())
    assert (await scene.factor_now(seen)).last_step == 12
