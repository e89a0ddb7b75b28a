"""Writing a decision: all of it, while everything that it relied on still holds, or nothing."""

import asyncio
from collections.abc import Awaitable, Callable
from dataclasses import replace
from typing import Any

import pytest
from tests.stores.databases import TestDatabase
from tests.stores.scene import MINUTE_MS, Minted, Scene, an_application, an_event, ident, unique

from segue.core.credential import Participation
from segue.stores import AlreadyExists, Commit, Guard, OutcomeUnknown, Store, StoreUnavailable, Tombstone


def everything(scene: Scene, session: Minted, guard: Guard | None) -> tuple[Commit, Minted, Minted]:
    """A commit with a part of every kind that needs nothing else, its new credential, and a session that it revokes."""
    code, victim = scene.new("authorization_code", bind_path=session.path), scene.new("session")
    commit = Commit(
        org_id=scene.org_id,
        partition=scene.partition,
        events=(scene.event("session.renew"), scene.event("code.mint")),
        guard=guard,
        credentials=(code.new,),
        renewal=scene.renewing(session),
        participations=(Participation(session.id, scene.app.id, "oidc"),),
        tombstones=(Tombstone(victim.id, "replaced"),),
    )
    return commit, code, victim


async def written(scene: Scene, commit: Commit) -> set[str]:
    """Which parts of a commit are in the database."""
    texts = {
        "event": ("SELECT id FROM events WHERE org_id = $1", {event.id for event in commit.events}),
        "credential": ("SELECT id FROM credentials WHERE org_id = $1", {new.id for new in commit.credentials}),
        "participation": (
            "SELECT session_id FROM participations WHERE org_id = $1",
            {part.session_id for part in commit.participations},
        ),
        "tombstone": ("SELECT id FROM tombstones WHERE org_id = $1", {stone.id for stone in commit.tombstones}),
    }
    if commit.renewal:
        texts["renewal"] = (
            "SELECT digest FROM credentials WHERE org_id = $1",
            {commit.renewal.new_digest},  # type: ignore[arg-type]
        )
    there = set()
    for name, (text, wanted) in texts.items():
        found = {value for (value,) in await scene.database.rows(text, scene.org_id)}
        if wanted and wanted <= found:
            there.add(name)
        else:
            assert not wanted & found
    return there


async def answered(operation: Callable[..., Awaitable[bool]], *values: Any, **options: Any) -> bool:
    """The answer of an operation, begun again where so many at once made the database give up with nothing done."""
    while True:
        try:
            return await operation(*values, **options)
        except OutcomeUnknown:
            raise
        except StoreUnavailable:
            await asyncio.sleep(0.01)


ALL = {"event", "credential", "participation", "tombstone", "renewal"}


async def test_all_of_a_decision_is_written(scene: Scene) -> None:
    session = await scene.session()
    guard = replace(scene.guard, app_id=scene.app.id, assigned=True, live_ids=session.path)
    await scene.store.assign(scene.org_id, scene.app.id, scene.user.id, scene.event())
    commit, code, _ = everything(scene, session, guard)
    before_at = await scene.store.ping()
    assert await scene.store.commit(commit)
    assert await written(scene, commit) == ALL
    for event in commit.events:
        assert await scene.store.event(scene.org_id, event.id) == event
    ((at, reason),) = await scene.database.rows("SELECT at, reason FROM tombstones WHERE org_id = $1", scene.org_id)
    assert before_at <= at <= await scene.store.ping()
    assert reason == "replaced"
    assert await scene.spend(code)


Breaking = Callable[[Scene, Minted], Awaitable[object]]
BROKEN: dict[str, Breaking] = {
    "stamp changed": lambda scene, session: scene.change_user(stamp=2),
    "suspended": lambda scene, session: scene.change_user(status="suspended"),
    "deprovisioned": lambda scene, session: scene.change_user(status="deprovisioned"),
    "unassigned": lambda scene, session: scene.store.unassign(
        scene.org_id, scene.app.id, scene.user.id, scene.event("app.unassign")
    ),
    "application inactive": lambda scene, session: scene.store.put_application(
        replace(scene.app, status="inactive"), scene.event("app.update")
    ),
    "revoked": lambda scene, session: scene.revoke(session),
}


@pytest.mark.parametrize("name", BROKEN)
async def test_OT_14_nothing_is_written_where_the_guard_fails(scene: Scene, name: str) -> None:
    session = await scene.session()
    await scene.store.assign(scene.org_id, scene.app.id, scene.user.id, scene.event())
    guard = replace(
        scene.guard, app_id=scene.app.id, assigned=True, live_ids=(ident("102", scene.partition), session.id)
    )
    await BROKEN[name](scene, session)
    commit, code, _ = everything(scene, session, guard)
    # Once without the renewal, which could be lost for a reason of its own.
    for one in (commit, replace(commit, renewal=None)):
        assert not await scene.store.commit(one)
        assert await written(scene, one) == set()
    assert await scene.spend(code) is None
    assert await scene.column(session, "digest") == session.digest


@pytest.mark.parametrize(
    "wrong",
    [
        {"user_stamp": 2},
        {"user_stamp": 0},
        {"user_id": ident()},
        {"app_id": "0oanone"},
        {"app_id": "0oanone", "assigned": True},
    ],
)
async def test_OT_14_a_guard_that_never_held_fails(scene: Scene, wrong: dict[str, object]) -> None:
    session = await scene.session()
    commit, _, _ = everything(scene, session, replace(scene.guard, **wrong))  # type: ignore[arg-type]
    assert not await scene.store.commit(commit)
    assert await written(scene, commit) == set()


async def test_a_guard_asks_for_assignment_only_where_the_decision_did(scene: Scene) -> None:
    unassigned = replace(scene.guard, app_id=scene.app.id)
    assert await scene.store.commit(scene.writing(guard=unassigned))
    assert not await scene.store.commit(scene.writing(guard=replace(unassigned, assigned=True)))
    open_to_all = an_application(scene.org_id, everyone=True)
    await scene.store.put_application(open_to_all, scene.event())
    for assigned in (False, True):
        guard = replace(scene.guard, app_id=open_to_all.id, assigned=assigned)
        assert await scene.store.commit(scene.writing(guard=guard))


async def test_a_decision_without_a_guard_is_written(scene: Scene) -> None:
    session = await scene.session()
    commit, _, _ = everything(scene, session, None)
    await scene.change_user(profile={})
    assert await scene.store.commit(commit)
    assert await written(scene, commit) == ALL


# --- renewing a session -----------------------------------------------------------------------------------------------


async def test_OT_16_a_renewed_session_answers_to_the_new_secret_alone(scene: Scene) -> None:
    session = await scene.session()
    child = await scene.mint(bind_path=session.path)
    await scene.shift(session, "idle_expires_at", -MINUTE_MS)
    renewal = scene.renewing(session)
    assert await scene.store.commit(scene.writing(renewal=renewal))
    assert await scene.find(session) is None
    found = await scene.find(session, digest=renewal.new_digest)
    assert found
    assert found.credential.data == {"renewed": True}
    idle_expires_at = found.credential.idle_expires_at
    assert idle_expires_at is not None
    assert idle_expires_at <= await scene.store.ping() + MINUTE_MS
    assert idle_expires_at > found.credential.issued_at + MINUTE_MS - 1
    assert found.credential.expires_at == found.credential.issued_at + session.new.life_ms
    assert await scene.spend(child)


async def test_a_renewal_never_passes_the_absolute_expiry(scene: Scene) -> None:
    session = await scene.session()
    renewal = scene.renewing(session, idle_ms=60 * MINUTE_MS)
    assert await scene.store.commit(scene.writing(renewal=renewal))
    assert await scene.column(session, "idle_expires_at") == await scene.column(session, "expires_at")


LOST: dict[str, Breaking] = {
    "renewed by somebody else": lambda scene, session: scene.store.commit(
        scene.writing(renewal=scene.renewing(session))
    ),
    "revoked": lambda scene, session: scene.revoke(session),
    "expired": lambda scene, session: scene.shift(session, "expires_at", -5 * MINUTE_MS),
    "idle": lambda scene, session: scene.shift(session, "idle_expires_at", -2 * MINUTE_MS),
    "stamp changed": lambda scene, session: scene.change_user(stamp=2),
    "suspended": lambda scene, session: scene.change_user(status="suspended"),
}


@pytest.mark.parametrize("name", LOST)
async def test_OT_16_nothing_is_written_where_the_session_is_no_longer_the_one(scene: Scene, name: str) -> None:
    session = await scene.session()
    await LOST[name](scene, session)
    commit, _, _ = everything(scene, session, None)
    assert not await scene.store.commit(commit)
    assert await written(scene, commit) == set()


async def test_OT_16_only_a_session_is_renewed(scene: Scene) -> None:
    other = await scene.mint("interaction", idle_ms=MINUTE_MS)
    for renewal in (scene.renewing(other), scene.renewing(scene.new("session"))):
        commit = scene.writing(scene.new(), renewal=renewal)
        assert not await scene.store.commit(commit)
        assert await written(scene, commit) == set()


async def test_OT_16_of_many_renewals_at_once_one_wins(scene: Scene) -> None:
    session = await scene.session()
    commits = [scene.writing(scene.new(), renewal=scene.renewing(session), guard=scene.guard) for _ in range(40)]
    answers = await asyncio.gather(*(scene.store.commit(one) for one in commits), return_exceptions=True)
    assert answers.count(True) == 1
    assert all(isinstance(one, bool | StoreUnavailable) for one in answers)
    for commit, answer in zip(commits, answers, strict=True):
        assert await written(scene, commit) == ({"event", "credential", "renewal"} if answer is True else set())


# --- revoking ---------------------------------------------------------------------------------------------------------


async def test_I4_a_tombstone_ends_the_whole_tree_below(scene: Scene) -> None:
    session = await scene.session()
    code = await scene.mint("authorization_code", bind_path=session.path)
    token = await scene.mint("access_token", bind_path=code.path)
    beside = await scene.session()
    await scene.revoke(session, reason="logout")
    for dead in (session, code, token):
        assert await scene.find(dead) is None
    assert await scene.find(beside)
    await scene.revoke(session, reason="again")
    ((reason,),) = await scene.database.rows("SELECT reason FROM tombstones WHERE org_id = $1", scene.org_id)
    assert reason == "logout"


async def test_I4_a_child_minted_after_the_revocation_was_never_alive(scene: Scene) -> None:
    session = await scene.session()
    await scene.revoke(session)
    late = await scene.mint(bind_path=session.path)
    assert await scene.spend(late) is None


async def test_I4_minting_and_revoking_at_once_leaves_no_living_child(scene: Scene) -> None:
    """Whichever comes first: once both are done, nothing below the revoked session is alive."""
    for _ in range(10):
        session = await scene.session()
        children = [scene.new(bind_path=session.path) for _ in range(6)]
        guard = replace(scene.guard, live_ids=session.path)
        stone = Commit(scene.org_id, scene.partition, (scene.event(),), tombstones=(Tombstone(session.id, "logout"),))
        commits = [scene.writing(child, guard=guard) for child in children]
        commits.insert(3, stone)
        answers = await asyncio.gather(*(answered(scene.store.commit, one) for one in commits))
        assert answers[3]
        for child in children:
            assert await scene.find(child) is None


async def test_OT_14_changing_the_user_and_signing_in_at_once_leaves_nothing_alive(scene: Scene) -> None:
    stamp = scene.user.stamp
    for _ in range(10):
        now = replace(scene, user=replace(scene.user, stamp=stamp))
        sessions = [now.new("session") for _ in range(6)]
        commits = [now.writing(one, guard=now.guard) for one in sessions]
        stamp += 1
        changed = replace(scene.user, stamp=stamp)
        answers = await asyncio.gather(
            *(answered(scene.store.commit, one) for one in commits[:3]),
            answered(scene.store.update_user, changed, expected_stamp=stamp - 1, event=scene.event()),
            *(answered(scene.store.commit, one) for one in commits[3:]),
        )
        assert answers[3]
        for session in sessions:
            assert await scene.find(session) is None


# --- what a commit is made of -----------------------------------------------------------------------------------------


async def test_an_id_is_written_once(scene: Scene) -> None:
    ticket = await scene.mint()
    for again in (
        scene.writing(scene.new(), ticket),
        scene.writing(scene.new(), events=(scene.event(), *([scene.event()] * 2))),
    ):
        with pytest.raises(AlreadyExists):
            await scene.store.commit(again)
        assert "credential" not in await written(scene, replace(again, credentials=again.credentials[:1], events=()))


async def test_a_commit_belongs_to_one_partition_and_one_org(scene: Scene) -> None:
    elsewhere = (scene.partition + 1) % 4096
    stray = ident("201", elsewhere)
    good = scene.writing(scene.new())
    for wrong in (
        replace(good, partition=elsewhere),
        replace(good, credentials=(replace(good.credentials[0], bind_path=(stray,)),)),
        replace(good, tombstones=(Tombstone(stray, "x"),)),
        replace(good, participations=(Participation(stray, "a", "oidc"),)),
        replace(good, guard=replace(scene.guard, live_ids=(stray,))),
        replace(good, credentials=(replace(good.credentials[0], org_id="another"),)),
        replace(good, events=(an_event("another"),)),
    ):
        with pytest.raises(ValueError, match=r"one (partition|org)"):
            await scene.store.commit(wrong)
    assert await scene.store.commit(good)


async def test_several_credentials_of_several_kinds_are_written_together(scene: Scene) -> None:
    session = scene.new("session", idle_ms=MINUTE_MS)
    code = scene.new("authorization_code", bind_path=session.path, target_app_id=scene.app.id)
    token = scene.new("access_token", digest=b"", bind_path=code.path, data={"scope": ["openid"]})
    assert await scene.store.commit(scene.writing(session, code, token, guard=scene.guard))
    assert await scene.find(session)
    assert await scene.spend(code, app_id=scene.app.id)
    found = await scene.find(token, digest=None)
    assert found
    assert found.credential.bind_path == (session.id, code.id)
    assert found.credential.data == {"scope": ["openid"]}
    issued = {await scene.column(one, "issued_at") for one in (session, code, token)}
    assert len(issued) == 1


async def test_a_bind_path_is_kept_in_order(scene: Scene) -> None:
    path = tuple(ident("102", scene.partition) for _ in range(8))
    minted = await scene.mint(bind_path=path)
    found = await scene.find(minted)
    assert found
    assert found.credential.bind_path == path


async def test_a_store_that_is_closed_says_so(database: TestDatabase, store: Store) -> None:
    closed = database.store()
    with pytest.raises(StoreUnavailable):
        await closed.ping()
    await closed.open()
    await closed.ping()
    await closed.close()
    with pytest.raises(StoreUnavailable):
        await closed.ping()
    with pytest.raises(StoreUnavailable):
        await closed.append([an_event(unique("org"))])
    await closed.close()
