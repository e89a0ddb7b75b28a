"""Remembered devices: known by a secret, for one user, for a time."""

import pytest
from tests.stores.scene import MINUTE_MS, Scene, a_user, ident, unique


async def test_a_device_is_remembered_for_its_user_until_its_time_is_up(scene: Scene) -> None:
    store, org_id, user_id, device = scene.store, scene.org_id, scene.user.id, unique("device")
    other = a_user(org_id, id=ident("00u", scene.partition))
    assert not await store.remembers_device(org_id, user_id, device)
    before_at = await store.ping()
    await store.remember_device(org_id, user_id, device, life_ms=MINUTE_MS)
    assert await store.remembers_device(org_id, user_id, device)
    assert not await store.remembers_device(org_id, user_id, device + "x")
    assert not await store.remembers_device(org_id, other.id, device)
    text = "SELECT expires_at FROM remembered_devices WHERE org_id = $1"
    ((expires_at,),) = await scene.database.rows(text, org_id)
    assert before_at + MINUTE_MS <= expires_at <= await store.ping() + MINUTE_MS
    await scene.database.execute("UPDATE remembered_devices SET expires_at = expires_at - $1", MINUTE_MS)
    assert not await store.remembers_device(org_id, user_id, device)
    await store.remember_device(org_id, user_id, device, life_ms=MINUTE_MS)
    assert await store.remembers_device(org_id, user_id, device)


async def test_all_devices_of_a_user_are_forgotten_at_once(scene: Scene) -> None:
    store, org_id, user_id = scene.store, scene.org_id, scene.user.id
    neighbour = ident("00u", scene.partition)
    for owner in (user_id, neighbour):
        for device in ("one", "two"):
            await store.remember_device(org_id, owner, device, life_ms=MINUTE_MS)
    await store.forget_devices(org_id, user_id)
    for device in ("one", "two"):
        assert not await store.remembers_device(org_id, user_id, device)
        assert await store.remembers_device(org_id, neighbour, device)
    await store.forget_devices(org_id, user_id)


async def test_a_device_that_was_forgotten_does_not_come_back_with_a_restored_database(scene: Scene) -> None:
    await scene.store.remember_device(scene.org_id, scene.user.id, "device", life_ms=MINUTE_MS)
    restored = scene.database.store(epoch=1)
    await restored.open()
    assert not await restored.remembers_device(scene.org_id, scene.user.id, "device")
    await restored.remember_device(scene.org_id, scene.user.id, "device", life_ms=MINUTE_MS)
    assert await restored.remembers_device(scene.org_id, scene.user.id, "device")
    await restored.close()


@pytest.mark.parametrize("text", ["", "nul\0", "\ud800", "' OR 1=1 --"])
async def test_whatever_a_browser_sends_is_only_another_device(scene: Scene, text: str) -> None:
    await scene.store.remember_device(scene.org_id, scene.user.id, "device", life_ms=MINUTE_MS)
    assert not await scene.store.remembers_device(scene.org_id, scene.user.id, text)
    assert not await scene.store.remembers_device(scene.org_id, text, "device")
    await scene.store.forget_devices(scene.org_id, text)
    assert await scene.store.remembers_device(scene.org_id, scene.user.id, "device")
