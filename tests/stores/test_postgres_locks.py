"""What a commit locks on PostgreSQL: a change of what it relied on waits for it, or is seen by it."""

import asyncio
from collections.abc import AsyncIterator
from dataclasses import replace
from typing import Any

import asyncpg
import pytest
from tests.stores.databases import TestDatabase
from tests.stores.locks import held, waiting
from tests.stores.scene import Scene

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
