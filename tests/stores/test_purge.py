"""Purging: what is long dead goes, what may still matter stays, and nothing comes back to life."""

from collections.abc import AsyncIterator

import pytest
from tests.stores.databases import TestDatabase
from tests.stores.scene import MINUTE_MS, Minted, Scene, a_scene, ident

from segue.core.credential import Participation

HOUR_MS = 60 * MINUTE_MS


@pytest.fixture
async def alone(own_database: TestDatabase) -> AsyncIterator[Scene]:
    """A scene that shares its database with no other test: a purge is about all orgs."""
    store = own_database.store()
    await store.open()
    yield await a_scene(store, own_database)
    await store.close()


async def ids(scene: Scene, table: str, column: str = "id") -> set[str]:
    return {value for (value,) in await scene.database.rows(f"SELECT {column} FROM {table}")}


async def make_old(scene: Scene, minted: Minted) -> None:
    """As if all this had happened two hours ago."""
    for column in ("issued_at", "expires_at", "idle_expires_at", "consumed_at"):
        await scene.shift(minted, column, -2 * HOUR_MS)


async def test_nothing_to_purge_is_nothing_purged(alone: Scene) -> None:
    session = await alone.session()
    await alone.mint(bind_path=session.path)
    assert await alone.store.purge(keep_ms=HOUR_MS) == 0
    assert await alone.find(session)


async def test_what_ended_long_ago_goes_and_what_ended_lately_stays(alone: Scene) -> None:
    alive, spent, expired, idle = await alone.session(), await alone.mint(), await alone.mint(), await alone.session()
    await alone.spend(spent)
    await alone.shift(expired, "expires_at", -2 * HOUR_MS)
    await alone.shift(idle, "idle_expires_at", -2 * HOUR_MS)
    lately_spent, lately_expired = await alone.mint(), await alone.mint()
    await alone.spend(lately_spent)
    await alone.shift(lately_expired, "expires_at", -10 * MINUTE_MS)
    await alone.shift(spent, "consumed_at", -2 * HOUR_MS)

    assert await alone.store.purge(keep_ms=HOUR_MS) == 3
    assert await ids(alone, "credentials") == {alive.id, lately_spent.id, lately_expired.id}
    assert await alone.store.purge(keep_ms=HOUR_MS) == 0
    assert await alone.find(alive)


async def test_OT_01_a_spent_ticket_stays_spent_when_its_row_is_gone(alone: Scene) -> None:
    ticket = await alone.mint()
    assert await alone.spend(ticket)
    await make_old(alone, ticket)
    assert await alone.store.purge(keep_ms=HOUR_MS) == 1
    assert await alone.spend(ticket) is None
    checks = await alone.store.explain_claim(alone.claim(ticket))
    assert [check.name for check in checks if not check.passed] == ["exists"]


async def test_I4_a_tombstone_stays_while_anything_it_ends_is_on_record(alone: Scene) -> None:
    session = await alone.session()
    child = await alone.mint(bind_path=session.path, life_ms=10 * HOUR_MS)
    await alone.revoke(session)
    await make_old(alone, session)
    await alone.database.execute("UPDATE tombstones SET at = at - $1", 2 * HOUR_MS)

    assert await alone.store.purge(keep_ms=HOUR_MS) == 1
    assert await ids(alone, "credentials") == {child.id}
    assert await ids(alone, "tombstones") == {session.id}
    assert await alone.spend(child) is None

    await alone.shift(child, "expires_at", -20 * HOUR_MS)
    assert await alone.store.purge(keep_ms=HOUR_MS) == 2
    assert await ids(alone, "tombstones") == set()


async def test_a_recent_tombstone_stays(alone: Scene) -> None:
    """A child that is being written at this moment may name it."""
    await alone.revoke(alone.new("session"))
    assert await alone.store.purge(keep_ms=HOUR_MS) == 0


async def test_participations_go_with_their_session(alone: Scene) -> None:
    old, new = await alone.session(), await alone.session()
    parts = tuple(Participation(session.id, "0oaA", "oidc") for session in (old, new))
    await alone.store.commit(alone.writing(participations=parts))
    await make_old(alone, old)
    assert await alone.store.purge(keep_ms=HOUR_MS) == 2
    assert await alone.store.participations(alone.org_id, old.id) == []
    assert await alone.store.participations(alone.org_id, new.id) == [parts[1]]


async def test_SA_11_a_foreign_value_stays_for_its_life(alone: Scene) -> None:
    for value in ("old", "new"):
        assert await alone.store.claim_foreign(alone.org_id, "saml", value, life_ms=MINUTE_MS)
        if value == "old":
            await alone.database.execute("UPDATE foreign_uses SET expires_at = expires_at - $1", 2 * HOUR_MS)
    assert await alone.store.purge(keep_ms=HOUR_MS) == 1
    assert not await alone.store.claim_foreign(alone.org_id, "saml", "new", life_ms=MINUTE_MS)


async def test_AU_03_a_count_stays_while_it_is_recent_or_locks(alone: Scene) -> None:
    for key in ("old", "locked", "new"):
        lock_ms = 24 * HOUR_MS if key == "locked" else MINUTE_MS
        await alone.store.count_attempt(alone.org_id, key, limit=1 if key == "locked" else 9, lock_ms=lock_ms)
        if key != "new":
            text = "UPDATE login_attempts SET last_at = last_at - $1 WHERE key = $2"
            await alone.database.execute(text, 2 * HOUR_MS, key)
    assert await alone.store.purge(keep_ms=HOUR_MS) == 1
    assert await ids(alone, "login_attempts", "key") == {"locked", "new"}


async def test_a_remembered_device_stays_for_its_life(alone: Scene) -> None:
    users = [alone.user.id, ident("00u", alone.partition)]
    for user_id in users:
        for device in ("old", "new"):
            await alone.store.remember_device(alone.org_id, user_id, device, life_ms=MINUTE_MS)
            if device == "old":
                text = "UPDATE remembered_devices SET expires_at = expires_at - $1 WHERE user_id = $2"
                await alone.database.execute(text, 2 * HOUR_MS, user_id)
    assert await alone.store.purge(keep_ms=HOUR_MS) == 2
    for user_id in users:
        assert await alone.store.remembers_device(alone.org_id, user_id, "new")
    text = "SELECT count(*) FROM remembered_devices"
    assert await alone.database.rows(text) == [(2,)]


async def test_a_factor_goes_only_where_nobody_activated_it_for_long(alone: Scene) -> None:
    now_at = await alone.store.ping()
    old_at, new_at = now_at - 2 * HOUR_MS, now_at - MINUTE_MS
    begun = await alone.factor(status="pending", created_at=new_at)
    active = await alone.factor(created_at=old_at)
    await alone.factor(status="pending", created_at=old_at)
    assert await alone.store.purge(keep_ms=HOUR_MS) == 1
    kept = await alone.store.factors(alone.org_id, alone.user.id)
    assert {one.id for one in kept} == {begun.id, active.id}


async def test_events_stay(alone: Scene) -> None:
    event = alone.event(at=0)
    await alone.store.append([event])
    await alone.store.purge(keep_ms=0)
    assert await alone.store.event(alone.org_id, event.id) == event


async def test_a_purge_of_many_rows_takes_several_pages(alone: Scene) -> None:
    alive = await alone.session()
    dead = [alone.new(life_ms=1) for _ in range(1100)]
    assert await alone.store.commit(alone.writing(*dead))
    await alone.database.execute("UPDATE credentials SET expires_at = 1 WHERE id <> $1", alive.id)
    assert await alone.store.purge(keep_ms=30 * 24 * HOUR_MS) == 1100
    assert await ids(alone, "credentials") == {alive.id}
