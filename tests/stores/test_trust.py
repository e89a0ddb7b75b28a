"""The trust map: one entry for a pair, in pages from either side, gone with either application."""

from dataclasses import replace

import pytest
from tests.stores.scene import MINUTE_MS, Scene, an_application, ident

from segue.core.application import Application
from segue.core.credential import Kind
from segue.core.trust import TrustEntry
from segue.storage.sqlite_connection import connect
from segue.stores import NotFound


async def an_app(scene: Scene) -> Application:
    app = an_application(scene.org_id)
    await scene.store.put_application(app, scene.event("application.create"))
    return app


def an_entry(scene: Scene, target: Application, origin: Application) -> TrustEntry:
    return TrustEntry(ident("itm"), scene.org_id, target.id, origin.id, 1_700_000_000_000, "cli:test")


async def add(scene: Scene, entry: TrustEntry, most: int = 50) -> bool:
    return await scene.store.add_trust(entry, most=most, event=scene.event("trust.add"))


async def test_an_entry_is_read_as_it_was_written_with_its_event(scene: Scene) -> None:
    entry, event = an_entry(scene, scene.app, await an_app(scene)), scene.event("trust.add")
    assert await scene.store.add_trust(entry, most=5, event=event)
    assert await scene.store.trust_entry(scene.org_id, entry.target_app_id, entry.origin_app_id) == entry
    assert await scene.store.event(scene.org_id, event.id) == event


async def test_trust_is_one_way_and_of_one_org(scene: Scene) -> None:
    entry = an_entry(scene, scene.app, await an_app(scene))
    assert await add(scene, entry)
    assert await scene.store.trust_entry(scene.org_id, entry.origin_app_id, entry.target_app_id) is None
    assert await scene.store.trust_entry("another", entry.target_app_id, entry.origin_app_id) is None
    assert await scene.store.trusted_origins_of("another", entry.target_app_id) == []
    assert not await scene.store.remove_trust("another", entry.target_app_id, entry.origin_app_id, scene.event())
    assert not await scene.store.remove_trust_of("another", entry.target_app_id, scene.event())
    assert await scene.store.trust_entry(scene.org_id, entry.target_app_id, entry.origin_app_id) == entry


async def test_a_pair_has_one_entry(scene: Scene) -> None:
    entry, event = an_entry(scene, scene.app, await an_app(scene)), scene.event("trust.add")
    assert await add(scene, entry)
    again = replace(entry, id=ident("itm"))
    assert not await scene.store.add_trust(again, most=50, event=event)
    assert await scene.store.trusted_origins_of(scene.org_id, scene.app.id) == [entry]
    assert await scene.store.event(scene.org_id, event.id) is None


async def test_a_target_has_as_many_as_it_may(scene: Scene) -> None:
    first, second, other = [await an_app(scene) for _ in range(3)]
    assert await add(scene, an_entry(scene, scene.app, first), most=1)
    assert not await add(scene, an_entry(scene, scene.app, second), most=1)
    assert await add(scene, an_entry(scene, other, second), most=1)
    assert await add(scene, an_entry(scene, scene.app, second), most=2)


async def test_an_application_that_is_not_there_cannot_be_trusted(scene: Scene) -> None:
    nowhere = an_application(scene.org_id)
    for target, origin in ((scene.app, nowhere), (nowhere, scene.app)):
        with pytest.raises(NotFound):
            await add(scene, an_entry(scene, target, origin))


async def test_entries_come_in_pages_from_either_side(scene: Scene) -> None:
    others = sorted([await an_app(scene) for _ in range(5)], key=lambda app: app.id)
    for other in others:
        assert await add(scene, an_entry(scene, scene.app, other))
        assert await add(scene, an_entry(scene, other, scene.app))
    ids, store, org_id = [app.id for app in others], scene.store, scene.org_id
    assert [entry.origin_app_id for entry in await store.trusted_origins_of(org_id, scene.app.id)] == ids
    assert [entry.target_app_id for entry in await store.trusting_targets_of(org_id, scene.app.id)] == ids
    page = await store.trusted_origins_of(org_id, scene.app.id, after=ids[1], limit=2)
    assert [entry.origin_app_id for entry in page] == ids[2:4]
    page = await store.trusting_targets_of(org_id, scene.app.id, after=ids[1], limit=2)
    assert [entry.target_app_id for entry in page] == ids[2:4]


async def test_an_entry_is_removed_once_and_with_its_event(scene: Scene) -> None:
    entry = an_entry(scene, scene.app, await an_app(scene))
    assert await add(scene, entry)
    events = [scene.event("trust.remove"), scene.event("trust.remove")]
    key = (scene.org_id, entry.target_app_id, entry.origin_app_id)
    assert [await scene.store.remove_trust(*key, event) for event in events] == [True, False]
    assert await scene.store.trust_entry(*key) is None
    assert [await scene.store.event(scene.org_id, event.id) for event in events] == [events[0], None]


async def test_all_that_names_an_application_goes_at_once(scene: Scene) -> None:
    other, third = await an_app(scene), await an_app(scene)
    pairs = [(scene.app, other), (other, scene.app), (third, other)]
    for target, origin in pairs:
        assert await add(scene, an_entry(scene, target, origin))
    events = [scene.event("trust.remove_all"), scene.event("trust.remove_all")]
    assert [await scene.store.remove_trust_of(scene.org_id, scene.app.id, event) for event in events] == [True, False]
    assert [await scene.store.event(scene.org_id, event.id) for event in events] == [events[0], None]
    left = [await scene.store.trust_entry(scene.org_id, target.id, origin.id) for target, origin in pairs]
    assert [entry is not None for entry in left] == [False, False, True]


async def test_no_entry_outlives_an_application(scene: Scene) -> None:
    other, third = await an_app(scene), await an_app(scene)
    for target, origin in ((scene.app, other), (other, third), (scene.app, third)):
        assert await add(scene, an_entry(scene, target, origin))
    removal = "DELETE FROM applications WHERE org_id = $1 AND id = $2"
    if scene.database.file is None:
        await scene.database.execute(removal, scene.org_id, other.id)
    else:  # SQLite holds to foreign keys where a connection says so, as ours do
        connection = connect(scene.database.file, writes=True)
        connection.execute(removal.replace("$", "?"), (scene.org_id, other.id))
        connection.close()
    left = await scene.store.trusted_origins_of(scene.org_id, scene.app.id)
    assert [entry.origin_app_id for entry in left] == [third.id]
    assert await scene.store.trusting_targets_of(scene.org_id, other.id) == []


async def test_NW_01_trust_stands_while_both_are_active(scene: Scene) -> None:
    other = await an_app(scene)
    entry = an_entry(scene, scene.app, other)
    assert await scene.store.standing_trust(scene.org_id, scene.app.id, other.id) is None
    assert await add(scene, entry)
    assert await scene.store.standing_trust(scene.org_id, scene.app.id, other.id) == entry
    assert await scene.store.standing_trust(scene.org_id, other.id, scene.app.id) is None
    assert await scene.store.standing_trust("another", scene.app.id, other.id) is None
    for app in (scene.app, other):
        await scene.store.put_application(replace(app, status="inactive"), scene.event("application.status"))
        assert await scene.store.standing_trust(scene.org_id, scene.app.id, other.id) is None
        assert await scene.store.trust_entry(scene.org_id, scene.app.id, other.id) == entry
        await scene.store.put_application(app, scene.event("application.status"))
    assert await scene.store.standing_trust(scene.org_id, scene.app.id, other.id) == entry


async def test_a_session_that_an_application_keeps_is_kept_alive_by_its_use(scene: Scene) -> None:
    kept = await scene.mint("backend_session", digest=b"", idle_ms=MINUTE_MS, life_ms=5 * MINUTE_MS)
    kinds: frozenset[Kind] = frozenset({"backend_session"})
    before = await scene.column(kept, "idle_expires_at")
    await scene.store.touch_session(scene.org_id, kept.id, idle_ms=2 * MINUTE_MS)
    assert await scene.column(kept, "idle_expires_at") > before
    await scene.store.touch_session(scene.org_id, kept.id, idle_ms=60 * MINUTE_MS)
    assert await scene.column(kept, "idle_expires_at") == await scene.column(kept, "expires_at")
    assert await scene.store.find(scene.org_id, kept.id, None, kinds) is not None
    assert await scene.store.find(scene.org_id, kept.id, None, frozenset({"session"})) is None
    await scene.shift(kept, "idle_expires_at", -10 * MINUTE_MS)
    assert await scene.store.find(scene.org_id, kept.id, None, kinds) is None


async def test_NW_05_a_ticket_is_claimed_for_its_target_alone_and_ends_with_its_session(scene: Scene) -> None:
    session = await scene.mint("backend_session", digest=b"", idle_ms=MINUTE_MS)
    tickets = [await scene.mint("interclient", target_app_id=scene.app.id, bind_path=session.path) for _ in range(2)]
    for app_id in (None, "another"):
        assert await scene.spend(tickets[0], app_id=app_id) is None
    assert await scene.spend(tickets[0], app_id=scene.app.id) is not None
    assert await scene.spend(tickets[0], app_id=scene.app.id) is None
    await scene.revoke(session)
    assert await scene.spend(tickets[1], app_id=scene.app.id) is None
