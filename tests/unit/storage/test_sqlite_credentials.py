"""What makes a credential dead, each reason alone: claim, find and the explanation agree, and nothing is burnt."""

import asyncio
import dataclasses
import os
import sqlite3
from collections.abc import Awaitable, Callable

import pytest
from tests.unit.storage.scene import EPOCH, PARTITION, Scene, event

from segue.core.credential import Kind, NewCredential, Participation
from segue.core.org import Domain, Org, everyone_id
from segue.core.secret import Bearer, new_id, new_secret
from segue.core.verdict import Verdict
from segue.storage import rows
from segue.storage.sqlite import SqliteStore
from segue.stores import AlreadyExists, Commit, Guard, NotFound, Renewal, Tombstone

KINDS: frozenset[Kind] = frozenset({"session_token"})
SESSION: frozenset[Kind] = frozenset({"session"})


def count(scene: Scene, table: str) -> int:
    connection = sqlite3.connect(scene.path)
    (number,) = connection.execute(f"SELECT count(*) FROM {table}").fetchone()
    connection.close()
    return int(number)


async def _revoked(scene: Scene, bearer: Bearer) -> None:
    await scene.commit(tombstones=(Tombstone(bearer.id, "out"),))


async def _parent_revoked(scene: Scene, bearer: Bearer) -> None:
    found = await scene.store.find("org1", bearer.id, None, KINDS)
    assert found
    await scene.commit(tombstones=(Tombstone(found.credential.bind_path[-1], "logout"),))


async def _suspended(scene: Scene, bearer: Bearer) -> None:
    suspended = dataclasses.replace(scene.user, status="suspended")
    assert await scene.store.update_user(suspended, expected_stamp=1, event=event())


async def _new_password(scene: Scene, bearer: Bearer) -> None:
    assert await scene.store.update_user(dataclasses.replace(scene.user, stamp=2), expected_stamp=1, event=event())


async def _spent(scene: Scene, bearer: Bearer) -> None:
    assert await scene.store.claim(scene.claim(bearer, attempt="first"))


@pytest.mark.parametrize(
    ("end", "failed"),
    [
        (_revoked, "not_revoked"),
        (_parent_revoked, "not_revoked"),
        (_suspended, "user_active"),
        (_new_password, "user_stamp"),
        (_spent, "unspent"),
    ],
)
async def test_OT_14_what_ends_a_credential(
    scene: Scene, end: Callable[[Scene, Bearer], Awaitable[None]], failed: str
) -> None:
    parents = tuple(new_id("ses", PARTITION, number, os.urandom) for number in range(8))
    bearer = await scene.mint(bind_path=parents)
    await end(scene, bearer)
    events = count(scene, "events")
    assert await scene.store.claim(scene.claim(bearer)) is None
    assert await scene.store.find("org1", bearer.id, bearer.digest, KINDS) is None
    assert count(scene, "events") == events
    checks = await scene.store.explain_claim(scene.claim(bearer))
    assert [check.name for check in checks if not check.passed] == [failed]


@pytest.mark.parametrize(
    ("changes", "failed"),
    [
        ({"org_id": "org2"}, ["exists"]),
        ({"id": new_id("tkt", PARTITION, 1, os.urandom)}, ["exists"]),
        ({"id": "nonsense"}, ["exists"]),
        ({"digest": bytes(32)}, ["secret_matches"]),
        ({"digest": b""}, ["secret_matches"]),
        ({"kinds": frozenset({"authorization_code", "session"})}, ["kind"]),
        ({"kinds": frozenset()}, ["kind"]),
        ({"app_id": "app2"}, ["target"]),
        ({"app_id": None}, ["target"]),
    ],
)
async def test_OT_04_OT_05_what_does_not_match_is_not_burnt(
    scene: Scene, changes: dict[str, object], failed: list[str]
) -> None:
    bearer = await scene.mint(target_app_id="app1")
    claim = scene.claim(bearer, **changes)
    assert await scene.store.claim(claim) is None
    checks = await scene.store.explain_claim(claim)
    assert [check.name for check in checks if not check.passed] == failed
    assert await scene.store.claim(scene.claim(bearer))


@pytest.mark.parametrize("changes", [{"life_ms": -1}, {"life_ms": 60_000, "idle_ms": -1}])
async def test_OT_08_expiry_is_by_the_database_clock(scene: Scene, changes: dict[str, object]) -> None:
    bearer = await scene.mint(**changes)
    claim = scene.claim(bearer)
    assert await scene.store.claim(claim) is None
    failed = [check.name for check in await scene.store.explain_claim(claim) if not check.passed]
    assert failed == ["unexpired"]


async def test_another_epoch_voids_everything(scene: Scene) -> None:
    bearer = await scene.mint()
    restored = SqliteStore(scene.path, epoch=EPOCH + 1)
    await restored.open()
    claim = scene.claim(bearer)
    assert await restored.claim(claim) is None
    assert [check.name for check in await restored.explain_claim(claim) if not check.passed] == ["epoch"]
    assert await restored.find("org1", bearer.id, bearer.digest, KINDS) is None
    await restored.close()
    assert await scene.store.claim(claim)


async def test_OT_01_one_of_many_claims_wins(scene: Scene) -> None:
    bearers = [await scene.mint() for _ in range(20)]
    claims = [scene.claim(bearer, attempt=f"attempt{number}") for bearer in bearers for number in range(16)]
    events = count(scene, "events")
    answers = await asyncio.gather(*(scene.store.claim(claim) for claim in claims))
    assert sum(answer is not None for answer in answers) == 20
    assert count(scene, "events") == events + 20


async def test_a_claim_answers_with_the_subject_and_its_event(scene: Scene) -> None:
    bearer = await scene.mint(data={"nested": [1, None, "é"]})
    claim = scene.claim(bearer)
    found = await scene.store.claim(claim)
    assert found
    assert found.subject
    assert found.subject.user == scene.user
    assert found.subject.assigned
    assert found.credential.consumed_by == "attempt1"
    assert found.credential.data == {"nested": [1, None, "é"]}
    now_at = await scene.store.ping()
    assert 0 <= now_at - (found.credential.consumed_at or 0) < 5000
    assert found.credential.expires_at - found.credential.issued_at == 60_000
    written = await scene.store.event("org1", claim.event.id)
    assert written == dataclasses.replace(claim.event, user_id=scene.user.id)


async def test_a_subject_is_seen_for_the_application_asked_about(scene: Scene) -> None:
    connection = sqlite3.connect(scene.path)
    connection.execute("INSERT INTO groups (org_id, id, name) VALUES ('org1', 'grp1', 'Staff')")
    connection.execute(
        "INSERT INTO group_members (org_id, user_id, group_id) VALUES ('org1', ?, 'grp1')", (scene.user.id,)
    )
    connection.commit()
    connection.close()
    for app_id, assigned in (("app1", True), ("app2", False), (None, False)):
        found = await scene.store.claim(scene.claim(await scene.mint(), app_id=app_id))
        assert found
        assert found.subject == await scene.store.subject("org1", scene.user.id, app_id)
        assert found.subject
        assert found.subject.assigned is assigned
        assert found.subject.group_ids == {"grp1", everyone_id("org1")}


async def test_a_credential_without_a_user(scene: Scene) -> None:
    bearer = await scene.mint(user_id=None, user_stamp=None, kind="interaction")
    found = await scene.store.find("org1", bearer.id, bearer.digest, frozenset({"interaction"}))
    assert found
    assert found.subject is None
    claim = scene.claim(bearer, kinds=frozenset({"interaction"}))
    spent = await scene.store.claim(claim)
    assert spent
    assert spent.subject is None
    assert await scene.store.event("org1", claim.event.id) == claim.event


async def test_a_stamp_that_is_missing_fails_closed(scene: Scene) -> None:
    bearer = await scene.mint(user_stamp=None)
    assert await scene.store.claim(scene.claim(bearer)) is None


@pytest.mark.parametrize(
    ("guard", "holds"),
    [
        ({}, True),
        ({"user_stamp": 2}, False),
        ({"user_id": "usr9"}, False),
        ({"app_id": "app1"}, True),
        ({"app_id": "app9"}, False),
        ({"app_id": "app1", "assigned": True}, True),
        ({"app_id": "app2"}, True),
        ({"app_id": "app2", "assigned": True}, False),
        ({"app_id": "everyone", "assigned": True}, True),
        ({"app_id": "inactive"}, False),
    ],
)
async def test_a_guard_decides_about_all_of_a_commit(scene: Scene, guard: dict[str, object], holds: bool) -> None:
    for app_id, changes in (("everyone", {"everyone": True}), ("inactive", {"status": "inactive"})):
        app = await scene.store.application("org1", "app2")
        assert app
        app = dataclasses.replace(app, id=app_id, external_key=app_id, oidc=None, **changes)
        await scene.store.put_application(app, event())
    bearer, happened = scene.bearer(), event()
    values = {"user_id": scene.user.id, "user_stamp": 1, **guard}
    commit = Commit("org1", PARTITION, (happened,), Guard(**values), (scene.new(bearer),))  # type: ignore[arg-type]
    assert await scene.store.commit(commit) is holds
    assert (await scene.store.find("org1", bearer.id, bearer.digest, KINDS) is not None) is holds
    assert (await scene.store.event("org1", happened.id) is not None) is holds


async def test_a_guard_sees_a_user_who_was_suspended(scene: Scene) -> None:
    await _suspended(scene, scene.bearer())
    assert not await scene.commit(guard=Guard(scene.user.id, 1))


async def test_OT_05_a_commit_that_reaches_elsewhere_is_a_mistake(scene: Scene) -> None:
    with pytest.raises(ValueError, match="touches one"):
        await scene.commit(tombstones=(Tombstone(new_id("ses", PARTITION + 1, 1, os.urandom), "out"),))


async def test_TE_01_an_authority_is_not_taken_from_its_org(scene: Scene) -> None:
    domain = Domain("localhost:8080", "org1", "okta", "http")
    await scene.store.put_domain(domain, event())
    await scene.store.put_org(Org("org2", "Two"), event("org2"))
    with pytest.raises(AlreadyExists, match="authority"):
        await scene.store.put_domain(dataclasses.replace(domain, org_id="org2"), event("org2"))
    await scene.store.remove_domain("localhost:8080", event("org2"))
    assert await scene.store.domain("localhost:8080") == domain
    assert await scene.store.org_version("org2") == 1


async def test_a_guard_names_what_must_not_be_revoked(scene: Scene) -> None:
    session = new_id("ses", PARTITION, 1, os.urandom)
    guard = Guard(scene.user.id, 1, live_ids=(new_id("ses", PARTITION, 2, os.urandom), session))
    assert await scene.commit(guard=guard)
    assert await scene.commit(tombstones=(Tombstone(session, "out"),))
    assert not await scene.commit(guard=guard)


def _session(scene: Scene, bearer: Bearer, **changes: object) -> NewCredential:
    return scene.new(bearer, kind="session", life_ms=100_000, **{"idle_ms": 50_000, **changes})


async def test_OT_16_a_renewed_session_has_one_secret(scene: Scene) -> None:
    old, new = scene.bearer("ses"), Bearer("", new_secret(os.urandom))
    assert await scene.commit(credentials=(_session(scene, old),))
    renewals = [Renewal(old.id, old.digest, Bearer("", f"{n}").digest, 70_000, {"n": n}) for n in range(8)]
    renewals.append(Renewal(old.id, old.digest, new.digest, 900_000, {"n": 9}))
    answers = await asyncio.gather(*(scene.commit(renewal=renewal) for renewal in reversed(renewals)))
    assert answers == [True] + [False] * 8
    assert await scene.store.find("org1", old.id, old.digest, SESSION) is None
    found = await scene.store.find("org1", old.id, new.digest, SESSION)
    assert found
    assert found.credential.data == {"n": 9}
    assert found.credential.idle_expires_at == found.credential.expires_at  # never past the absolute end


async def test_a_revoked_session_is_not_renewed_or_touched(scene: Scene) -> None:
    bearer = scene.bearer("ses")
    assert await scene.commit(credentials=(_session(scene, bearer),))
    await _revoked(scene, bearer)
    assert not await scene.commit(renewal=Renewal(bearer.id, bearer.digest, bearer.digest, 1, {}))
    connection = sqlite3.connect(scene.path)
    before = connection.execute("SELECT idle_expires_at FROM credentials").fetchall()
    await scene.store.touch_session("org1", bearer.id, idle_ms=90_000)
    assert connection.execute("SELECT idle_expires_at FROM credentials").fetchall() == before
    connection.close()


@pytest.mark.parametrize(("idle_ms", "left_ms"), [(10, 50_000), (80_000, 80_000), (900_000, 100_000)])
async def test_touching_moves_the_idle_end_forward_only(scene: Scene, idle_ms: int, left_ms: int) -> None:
    bearer = scene.bearer("ses")
    assert await scene.commit(credentials=(_session(scene, bearer),))
    await scene.store.touch_session("org1", bearer.id, idle_ms=idle_ms)
    found = await scene.store.find("org1", bearer.id, None, SESSION)
    assert found
    assert left_ms <= (found.credential.idle_expires_at or 0) - found.credential.issued_at < left_ms + 5000


async def test_a_session_without_an_idle_end_keeps_none(scene: Scene) -> None:
    bearer = scene.bearer("ses")
    assert await scene.commit(credentials=(_session(scene, bearer, idle_ms=None),))
    await scene.store.touch_session("org1", bearer.id, idle_ms=10)
    found = await scene.store.find("org1", bearer.id, None, SESSION)
    assert found
    assert found.credential.idle_expires_at is None


async def test_an_id_is_written_once(scene: Scene) -> None:
    bearer = await scene.mint()
    happened = event()
    commit = Commit("org1", PARTITION, (happened,), credentials=(scene.new(bearer),))
    with pytest.raises(AlreadyExists):
        await scene.store.commit(commit)
    assert await scene.store.event("org1", happened.id) is None


async def test_what_is_written_together_was_issued_at_one_moment(scene: Scene) -> None:
    assert await scene.commit(credentials=tuple(scene.new(scene.bearer()) for _ in range(500)))
    connection = sqlite3.connect(scene.path)
    assert len(connection.execute("SELECT DISTINCT issued_at FROM credentials").fetchall()) == 1
    connection.close()


async def test_participations_are_kept_once_a_protocol(scene: Scene) -> None:
    session = new_id("ses", PARTITION, 1, os.urandom)
    parts = (Participation(session, "app1", "saml", "old", "_1"), Participation(session, "app1", "oidc"))
    assert await scene.commit(participations=parts)
    assert await scene.commit(participations=(Participation(session, "app1", "saml", "new", "_2"),))
    assert list(await scene.store.participations("org1", session)) == [
        Participation(session, "app1", "oidc"),
        Participation(session, "app1", "saml", "new", "_2"),
    ]


async def test_SA_11_a_foreign_value_is_used_once_while_it_lives(scene: Scene) -> None:
    answers = await asyncio.gather(
        *(scene.store.claim_foreign("org1", "assertion", "_id", life_ms=60_000) for _ in range(10))
    )
    assert sorted(answers) == [False] * 9 + [True]
    assert await scene.store.claim_foreign("org1", "jti", "_id", life_ms=60_000)
    assert await scene.store.claim_foreign("org2", "assertion", "_id", life_ms=60_000)
    assert await scene.store.claim_foreign("org1", "assertion", "_short", life_ms=-1)
    assert await scene.store.claim_foreign("org1", "assertion", "_short", life_ms=60_000)
    assert not await scene.store.claim_foreign("org1", "assertion", "_short", life_ms=60_000)


async def test_what_must_exist_is_missed(scene: Scene) -> None:
    with pytest.raises(NotFound):
        await scene.store.assign("org1", "app9", scene.user.id, event())
    with pytest.raises(NotFound):
        await scene.store.add_user(dataclasses.replace(scene.user, org_id="org9"), event("org9"))


async def test_purging_removes_the_long_dead_and_revives_nothing(scene: Scene) -> None:
    session = new_id("ses", PARTITION, 1, os.urandom)
    for _ in range(3):
        expired = [scene.new(scene.bearer(), life_ms=-100_000) for _ in range(400)]
        assert await scene.commit(credentials=tuple(expired))
    child = await scene.mint(bind_path=(session,))
    spent = await scene.mint()
    assert await scene.store.claim(scene.claim(spent))
    gone = new_id("ses", PARTITION, 1, os.urandom)
    assert await scene.commit(tombstones=(Tombstone(session, "out"), Tombstone(gone, "out")))
    assert await scene.commit(participations=(Participation(gone, "app1", "oidc"),))
    assert await scene.store.claim_foreign("org1", "jti", "old", life_ms=-100_000)
    assert await scene.store.purge(keep_ms=50_000) == 1200 + 1 + 1
    assert await scene.store.purge(keep_ms=50_000) == 0
    assert count(scene, "credentials") == 2
    # The spent one and the tombstone that ends nothing go with a shorter memory; the one that ends the child stays.
    assert await scene.store.purge(keep_ms=-1000) == 2
    assert count(scene, "tombstones") == 1
    verdict = Verdict(await scene.store.explain_claim(scene.claim(child)))
    assert verdict.failure
    assert verdict.failure.name == "not_revoked"


async def test_purging_forgets_attempts_but_no_lock(scene: Scene) -> None:
    await scene.store.count_attempt("org1", "counted", limit=5, lock_ms=60_000)
    await scene.store.count_attempt("org1", "locked", limit=1, lock_ms=60_000)
    assert await scene.store.purge(keep_ms=-1000) == 1
    assert (await scene.store.count_attempt("org1", "locked", limit=1, lock_ms=60_000)).locked_now
    assert (await scene.store.count_attempt("org1", "counted", limit=5, lock_ms=60_000)).count == 1


async def test_OT_07_no_secret_is_in_the_file(scene: Scene) -> None:
    bearer = await scene.mint()
    await scene.store.claim(scene.claim(bearer))
    await scene.store.close()
    assert bearer.secret.encode() not in scene.path.read_bytes()
    assert rows.find_partition(bearer.id) == PARTITION
