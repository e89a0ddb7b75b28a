"""What a commit locks on PostgreSQL: a change of what it relied on waits for it, or is seen by it."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import replace
from typing import Any

import asyncpg
import pytest
from tests.stores.databases import TestDatabase
from tests.stores.locks import held, waiting
from tests.stores.scene import Scene, ident, unique

from segue.core.assignment import GroupAssignment
from segue.core.org import Group
from segue.stores import Guard, Tombstone

pytestmark = [pytest.mark.postgres, pytest.mark.usefixtures("patient")]


@pytest.fixture
def engine() -> str:
    return "postgresql"


@pytest.fixture
async def admin(database: TestDatabase) -> AsyncIterator[Any]:
    connection = await asyncpg.connect(database.url)
    yield connection
    await connection.close()


@pytest.fixture
async def guard(scene: Scene) -> Guard:
    await scene.store.assign(scene.org_id, scene.app.id, scene.user.id, scene.event())
    return replace(scene.guard, app_id=scene.app.id, assigned=True)


async def test_OT_14_whoever_disables_a_user_waits_for_sign_ins_under_way(
    admin: Any, scene: Scene, guard: Guard
) -> None:
    session = await scene.session()
    commit = scene.writing(renewal=scene.renewing(session), guard=guard)
    async with held(scene, session):
        # It has asked about the user and waits for the session: in the middle of its work.
        committing = asyncio.create_task(scene.store.commit(commit))
        await waiting(admin)
        disabling = asyncio.create_task(scene.change_user(status="suspended"))
        await waiting(admin, 2)
        assert not disabling.done()
    assert await committing
    await disabling
    assert await scene.find(session, digest=commit.renewal.new_digest if commit.renewal else None) is None


async def test_OT_14_whoever_takes_an_assignment_back_waits_for_sign_ins_under_way(
    admin: Any, scene: Scene, guard: Guard
) -> None:
    session = await scene.session()
    async with held(scene, session):
        commit = scene.writing(renewal=scene.renewing(session), guard=guard)
        committing = asyncio.create_task(scene.store.commit(commit))
        await waiting(admin)
        unassigning = asyncio.create_task(
            scene.store.unassign(scene.org_id, scene.app.id, scene.user.id, scene.event())
        )
        await waiting(admin, 2)
        assert not unassigning.done()
    assert await committing
    assert await unassigning


async def test_whoever_takes_somebody_out_of_a_group_waits_for_sign_ins_under_way(admin: Any, scene: Scene) -> None:
    group = Group(ident("00g"), scene.org_id, unique("group"))
    await scene.store.put_group(group, scene.event())
    await scene.store.add_member(scene.org_id, group.id, scene.user.id, scene.event())
    await scene.store.put_group_assignment(GroupAssignment(scene.org_id, scene.app.id, group.id), scene.event())
    session, guard = await scene.session(), replace(scene.guard, app_id=scene.app.id, assigned=True)
    async with held(scene, session):
        commit = scene.writing(renewal=scene.renewing(session), guard=guard)
        committing = asyncio.create_task(scene.store.commit(commit))
        await waiting(admin)
        removing = asyncio.create_task(scene.store.remove_member(scene.org_id, group.id, scene.user.id, scene.event()))
        await waiting(admin, 2)
        assert not removing.done()
        # What all of an application's sign-ins share makes nobody wait.
        assert await scene.store.remove_group_assignment(scene.org_id, scene.app.id, group.id, scene.event())
    assert await committing
    assert await removing
    assert not await scene.store.commit(scene.writing(guard=guard))


@asynccontextmanager
async def changing(scene: Scene, text: str, ident: str) -> AsyncIterator[None]:
    """Another transaction that changes a row and is committed at the end."""
    other = await asyncpg.connect(scene.database.url)
    try:
        async with other.transaction():
            await other.execute(text, scene.org_id, ident)
            yield
    finally:
        await other.close()


async def test_OT_14_whoever_disables_a_user_waits_for_a_step_under_way(admin: Any, scene: Scene, guard: Guard) -> None:
    token, factor = await scene.mint("state_token"), await scene.factor()
    for number, (table, row_id) in enumerate({"credentials": token.id, "factors": factor.id}.items()):
        commit = scene.writing(
            advance=scene.advancing(token, from_generation=number),
            factor_step=scene.step(factor, number + 1),
            guard=guard,
        )
        unchanged = "profile = profile" if table == "factors" else "data = data"
        async with changing(scene, f"UPDATE {table} SET {unchanged} WHERE org_id = $1 AND id = $2", row_id):
            committing = asyncio.create_task(scene.store.commit(commit))
            await waiting(admin)
            same = asyncio.create_task(
                scene.store.update_user(scene.user, expected_stamp=scene.user.stamp, event=scene.event())
            )
            await waiting(admin, 2)
            assert not same.done()
        assert await committing
        assert await same


TAKEN = {
    "step": "UPDATE factors SET last_step = 1 WHERE org_id = $1 AND user_id = $2",
    "factor": "DELETE FROM factors WHERE org_id = $1 AND user_id = $2",
    "generation": "UPDATE credentials SET generation = 1 WHERE org_id = $1 AND user_id = $2 AND kind = 'state_token'",
    "session": "UPDATE credentials SET digest = '' WHERE org_id = $1 AND user_id = $2 AND kind = 'session'",
}


@pytest.mark.parametrize("name", TAKEN)
async def test_AU_08_a_commit_that_waited_for_its_last_condition_changes_nothing_where_it_fails(
    admin: Any, scene: Scene, guard: Guard, name: str
) -> None:
    """All or nothing across three rows, whichever of them somebody else was first at."""
    token, session, factor = await scene.mint("state_token"), await scene.session(), await scene.factor()
    commit = scene.writing(
        scene.new(),
        renewal=scene.renewing(session),
        advance=scene.advancing(token),
        factor_step=scene.step(factor, 1, enrollment=replace(factor, sealed_secret=b"changed")),
        events=(scene.event("step.taken"),),
        guard=guard,
    )
    async with changing(scene, TAKEN[name], scene.user.id):
        committing = asyncio.create_task(scene.store.commit(commit))
        await waiting(admin)
    assert await committing is False
    assert await scene.events("step.taken") == []
    assert (await scene.find(session) is None) is (name == "session")
    assert await scene.column(token, "generation") == int(name == "generation")
    kept = await scene.store.factors(scene.org_id, scene.user.id)
    assert [(one.last_step, one.sealed_secret) for one in kept] == (
        [] if name == "factor" else [(int(name == "step"), factor.sealed_secret)]
    )
    made = commit.credentials[0].id
    assert await scene.store.find(scene.org_id, made, None, frozenset({"session_token"})) is None


@pytest.mark.parametrize("name", ["step", "generation", "session"])
async def test_a_commit_that_waited_goes_on_where_its_conditions_still_hold(
    admin: Any, scene: Scene, guard: Guard, name: str
) -> None:
    token, session = await scene.mint("state_token"), await scene.session()
    factor = await scene.factor()
    commit = scene.writing(
        renewal=scene.renewing(session),
        advance=scene.advancing(token),
        factor_step=scene.step(factor, 2),
        guard=guard,
    )
    harmless = {
        "step": TAKEN["step"],
        "generation": TAKEN["generation"].replace("generation = 1", "expires_at = expires_at + 1"),
        "session": TAKEN["session"].replace("digest = ''", "idle_expires_at = idle_expires_at + 1"),
    }
    async with changing(scene, harmless[name], scene.user.id):
        committing = asyncio.create_task(scene.store.commit(commit))
        await waiting(admin)
    assert await committing
    assert (await scene.factor_now(factor)).last_step == 2
    assert await scene.column(token, "generation") == 1
    assert await scene.column(session, "digest") != session.digest


CHANGES = {
    "stamp": "UPDATE users SET stamp = stamp + 1 WHERE org_id = $1 AND id = $2",
    "status": "UPDATE users SET status = 'suspended' WHERE org_id = $1 AND id = $2",
    "assignment": "DELETE FROM assignments WHERE org_id = $1 AND user_id = $2",
}


@pytest.mark.parametrize("name", CHANGES)
async def test_OT_14_a_commit_that_waited_for_a_change_sees_it(
    admin: Any, scene: Scene, guard: Guard, name: str
) -> None:
    code = scene.new("authorization_code")
    changing = await asyncpg.connect(scene.database.url)
    async with changing.transaction():
        await changing.execute(CHANGES[name], scene.org_id, scene.user.id)
        committing = asyncio.create_task(scene.store.commit(scene.writing(code, guard=guard)))
        await waiting(admin)
    await changing.close()
    assert await committing is False
    assert await scene.find(code) is None


async def test_sign_ins_of_one_user_do_not_wait_for_each_other(admin: Any, scene: Scene, guard: Guard) -> None:
    session = await scene.session()
    async with held(scene, session):
        renewing = scene.writing(renewal=scene.renewing(session), guard=guard)
        committing = asyncio.create_task(scene.store.commit(renewing))
        await waiting(admin)
        assert await scene.store.commit(scene.writing(scene.new(), guard=guard))
        assert await scene.spend(await scene.mint())
        assert len(await waiting(admin)) == 1
    assert await committing


async def test_I4_a_commit_that_missed_a_revocation_leaves_nothing_alive(
    admin: Any, scene: Scene, guard: Guard
) -> None:
    """The race that no lock prevents: the tombstone is written while the commit already looked."""
    session = await scene.session()
    other = await scene.session()
    child = scene.new("authorization_code", bind_path=session.path)
    commit = scene.writing(child, guard=replace(guard, live_ids=session.path), renewal=scene.renewing(other))
    async with held(scene, other):
        committing = asyncio.create_task(scene.store.commit(commit))
        await waiting(admin)
        revocation = scene.writing(tombstones=(Tombstone(session.id, "logout"),))
        assert await scene.store.commit(revocation)
    assert await committing
    assert await scene.find(child) is None
    assert await scene.spend(child) is None
