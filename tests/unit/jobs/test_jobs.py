"""What runs by itself: purging, rotation, and surviving failures."""

import asyncio
import logging
import shutil
from collections.abc import AsyncIterator
from dataclasses import dataclass
from pathlib import Path

import pytest

from segue.admin.change import Change
from segue.admin.keys import TOKEN_KEYS, ensure_first_key, key_set_of
from segue.core.clock import Source
from segue.core.org import Org
from segue.core.sealing import Sealer
from segue.core.secret import new_id
from segue.events import Circumstances
from segue.jobs.key_rotation import KeyRotation
from segue.jobs.periodic import Periodic, run_all
from segue.jobs.purge import Purge
from segue.storage import migrate, open_store
from segue.stores import Store, StoreUnavailable
from segue.tokens.keys import PUBLISH_AHEAD_MS, SigningKey, published

DAY_MS = 86_400_000


@dataclass
class Scene:
    """``now_at`` is what the job takes for now."""

    stores: list[Store]
    sealer: Sealer
    now_at: int
    orgs: list[str]

    @property
    def source(self) -> Source:
        return Source(now_at=lambda: self.now_at)

    def change(self, org_id: str) -> Change:
        return Change(Circumstances(org_id, self.now_at, self.source), "cli:test")

    def rotation(self, store: Store) -> KeyRotation:
        return KeyRotation(store, self.sealer, self.source, 90 * DAY_MS)

    async def keys(self, org_id: str) -> tuple[SigningKey, ...]:
        return await key_set_of(self.stores[0], TOKEN_KEYS, self.change(org_id))


@pytest.fixture(scope="session")
def migrated(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("migrated") / "segue.db"
    migrate.upgrade(f"sqlite:///{path}")
    return path


@pytest.fixture
async def scene(migrated: Path, tmp_path: Path) -> AsyncIterator[Scene]:
    """Two orgs with a key each, and four processes' worth of stores on one database."""
    shutil.copy(migrated, tmp_path / "segue.db")
    stores = [open_store(f"sqlite:///{tmp_path}/segue.db", epoch=0) for _ in range(4)]
    for store in stores:
        await store.open()
    now_at = Source().now_at()
    scene = Scene(stores, Sealer(bytes(range(32))), now_at, [])
    for number in range(2):
        org_id = new_id("00o", number, now_at, Source().random)
        scene.orgs.append(org_id)
        change = scene.change(org_id)
        await stores[0].put_org(Org(org_id, f"Org {number}"), change.event("org.create"))
        await ensure_first_key(stores[0], scene.sealer, TOKEN_KEYS, name="Org", change=change)
    yield scene
    for store in stores:
        await store.close()


async def test_a_young_key_stays(scene: Scene) -> None:
    scene.now_at += 89 * DAY_MS
    await scene.rotation(scene.stores[0]).round()
    assert [len(await scene.keys(org_id)) for org_id in scene.orgs] == [1, 1]


async def test_KE_02_an_old_key_of_every_org_gets_one_successor_whatever_the_number_of_processes(scene: Scene) -> None:
    first = [(await scene.keys(org_id))[0].kid for org_id in scene.orgs]
    scene.now_at += 90 * DAY_MS
    await asyncio.gather(*(scene.rotation(store).round() for store in scene.stores))
    for org_id, kid in zip(scene.orgs, first, strict=True):
        keys = await scene.keys(org_id)
        assert len(keys) == 2
        assert {key.kid for key in published(keys, scene.now_at)} == {key.kid for key in keys}
        (incoming,) = [key for key in keys if key.kid != kid]
        assert incoming.signs_from_at == scene.now_at + PUBLISH_AHEAD_MS
    scene.now_at += 60_000
    await asyncio.gather(*(scene.rotation(store).round() for store in scene.stores))
    assert [len(await scene.keys(org_id)) for org_id in scene.orgs] == [2, 2]


async def test_KE_02_each_algorithm_gets_its_successor_in_its_own_time(scene: Scene) -> None:
    org_id = scene.orgs[0]
    scene.now_at += 50 * DAY_MS
    change = scene.change(org_id)
    await ensure_first_key(scene.stores[0], scene.sealer, TOKEN_KEYS, name="Org", change=change, algorithm="ES256")
    for days, algorithms in ((40, ["ES256", "RS256", "RS256"]), (50, ["ES256", "ES256", "RS256", "RS256"])):
        scene.now_at += days * DAY_MS
        await scene.rotation(scene.stores[0]).round()
        assert sorted(key.algorithm for key in await scene.keys(org_id)) == algorithms


async def test_purging_is_logged_with_its_rows(scene: Scene, caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.INFO)
    purge = Purge(scene.stores[0], keep_ms=0)
    await purge.round()
    assert "purged" not in caplog.text
    await scene.stores[0].claim_foreign(scene.orgs[0], "kind", "value", life_ms=1)
    await asyncio.sleep(0.05)
    await purge.round()
    assert [(record.message, record.rows) for record in caplog.records if record.message == "purged"] == [("purged", 1)]  # type: ignore[attr-defined]


async def test_a_job_goes_on_after_a_failure(caplog: pytest.LogCaptureFixture) -> None:
    rounds: list[int] = []
    enough = asyncio.Event()

    async def work() -> None:
        rounds.append(len(rounds))
        if len(rounds) == 1:
            raise StoreUnavailable("away")
        if len(rounds) == 2:
            raise ValueError("a fault of ours")
        enough.set()

    running = asyncio.create_task(run_all([Periodic("test", 0.01, work)]))
    async with asyncio.timeout(10):
        await enough.wait()
    running.cancel()
    with pytest.raises(asyncio.CancelledError):
        await running
    assert [(record.levelname, record.message) for record in caplog.records[:2]] == [
        ("WARNING", "a job found the database away"),
        ("ERROR", "a job failed"),
    ]


async def test_jobs_of_one_interval_do_not_run_in_step() -> None:
    times: list[float] = []

    async def work() -> None:
        times.append(asyncio.get_running_loop().time())

    started = asyncio.get_running_loop().time()
    running = [asyncio.create_task(Periodic("test", 0.2, work).run()) for _ in range(12)]
    await asyncio.sleep(0.3)
    for task in running:
        task.cancel()
    firsts = sorted(moment - started for moment in times)[:12]
    assert firsts[0] >= 0.15
    assert firsts[-1] - firsts[0] > 0.01
