"""Configuration in memory: never older than a second, bounded, and asked for once."""

import asyncio
from typing import Any

import pytest

from segue.core.application import Application
from segue.core.org import Domain
from segue.storage.cached import CachedConfig
from segue.stores import StoreUnavailable


class Database:
    """A ConfigStore over two dictionaries that counts what it is asked and can be slow or away."""

    def __init__(self) -> None:
        self.version = 1
        self.apps: dict[str, Application] = {}
        self.authorities: dict[str, Domain] = {}
        self.asked: list[str] = []
        self.gate: asyncio.Event | None = None
        self.away = False

    async def _answer(self, what: str, value: Any) -> Any:
        self.asked.append(what)
        if self.gate:
            await self.gate.wait()
        if self.away:
            raise StoreUnavailable("away")
        return value

    async def org_version(self, org_id: str) -> int:
        version: int = await self._answer("version", self.version)
        return version

    async def application(self, org_id: str, app_id: str) -> Application | None:
        app: Application | None = await self._answer(f"app {app_id}", self.apps.get(app_id))
        return app

    async def domain(self, authority: str) -> Domain | None:
        domain: Domain | None = await self._answer(f"domain {authority}", self.authorities.get(authority))
        return domain


class Clock:
    now = 100.0

    def __call__(self) -> float:
        return self.now


APP = Application("app1", "org1", "n", "Old", "k")


@pytest.fixture
def database() -> Database:
    database = Database()
    database.apps["app1"] = APP
    return database


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def cached(database: Database, clock: Clock) -> CachedConfig:
    return CachedConfig(database, monotonic=clock, found=8, missing=4)  # type: ignore[arg-type]


async def test_a_value_is_read_once_and_its_version_once_a_second(
    cached: CachedConfig, database: Database, clock: Clock
) -> None:
    for step in range(30):
        clock.now = 100 + step / 10
        assert await cached.application("org1", "app1") is APP
    assert database.asked.count("app app1") == 1
    assert database.asked.count("version") == 3


async def test_a_change_is_seen_within_a_second(cached: CachedConfig, database: Database, clock: Clock) -> None:
    await cached.application("org1", "app1")
    database.apps["app1"] = new = Application("app1", "org1", "n", "New", "k")
    database.version += 1
    clock.now += 0.99
    assert await cached.application("org1", "app1") is APP
    clock.now += 0.01
    assert await cached.application("org1", "app1") is new


async def test_a_removal_is_seen_and_then_remembered(cached: CachedConfig, database: Database, clock: Clock) -> None:
    await cached.application("org1", "app1")
    del database.apps["app1"]
    database.version += 1
    clock.now += 1
    for _ in range(3):
        assert await cached.application("org1", "app1") is None
    assert database.asked.count("app app1") == 2


async def test_what_is_missing_appears_with_the_next_version(
    cached: CachedConfig, database: Database, clock: Clock
) -> None:
    for _ in range(3):
        assert await cached.application("org1", "app9") is None
    assert database.asked.count("app app9") == 1
    database.apps["app9"] = APP
    database.version += 1
    clock.now += 1
    assert await cached.application("org1", "app9") is APP


async def test_a_value_read_while_the_version_moves_is_not_kept_too_long(
    cached: CachedConfig, database: Database, clock: Clock
) -> None:
    await cached.org_version("org1")
    database.gate = gate = asyncio.Event()
    loading = asyncio.create_task(cached.application("org1", "app1"))  # reads the old value and is held up
    await asyncio.sleep(0.01)
    assert "app app1" in database.asked
    database.gate = None
    database.apps["app1"] = new = Application("app1", "org1", "n", "New", "k")
    database.version += 1
    clock.now += 1
    # It does not wait for the old answer either.
    assert await asyncio.wait_for(cached.application("org1", "app1"), 5) is new
    gate.set()
    assert await loading is APP
    assert await cached.application("org1", "app1") is new


async def test_the_second_starts_with_the_question(cached: CachedConfig, database: Database, clock: Clock) -> None:
    database.gate = asyncio.Event()
    asking = asyncio.create_task(cached.org_version("org1"))
    await asyncio.sleep(0.01)
    clock.now += 0.6
    database.gate.set()
    assert await asking == 1
    database.version = 2
    clock.now += 0.5
    assert await cached.org_version("org1") == 2


async def test_everybody_at_once_asks_once(cached: CachedConfig, database: Database) -> None:
    database.gate = asyncio.Event()
    waiting = [asyncio.create_task(cached.application("org1", "app1")) for _ in range(50)]
    await asyncio.sleep(0.01)
    waiting[0].cancel()  # who asked first goes away; the others still get their answer
    await asyncio.sleep(0)
    database.gate.set()
    answers = await asyncio.gather(*waiting, return_exceptions=True)
    assert isinstance(answers[0], asyncio.CancelledError)
    assert answers[1:] == [APP] * 49
    assert database.asked == ["version", "app app1"]


async def test_G8_what_is_remembered_is_answered_for_a_quarter_of_an_hour_while_the_store_is_away(
    cached: CachedConfig, database: Database, clock: Clock
) -> None:
    database.authorities["id.example"] = domain = Domain("id.example", "org1", "okta", "http")
    await cached.application("org1", "app1")
    await cached.domain("id.example")
    asked_at = clock.now
    database.away = True
    for after_s in (1, 60, 15 * 60):
        clock.now = asked_at + after_s
        assert await cached.application("org1", "app1") is APP
        assert await cached.domain("id.example") is domain
        assert await cached.org_version("org1") == 1
    clock.now = asked_at + 15 * 60 + 1
    for asking in (cached.application("org1", "app1"), cached.domain("id.example"), cached.org_version("org1")):
        with pytest.raises(StoreUnavailable):
            await asking
    database.away = False
    assert await cached.application("org1", "app1") is APP


async def test_G8_what_is_not_remembered_is_not_made_up(cached: CachedConfig, database: Database, clock: Clock) -> None:
    database.apps["app2"] = APP
    await cached.application("org1", "app1")
    database.away = True
    clock.now += 1
    for asking in (cached.application("org1", "app2"), cached.application("org2", "app1"), cached.domain("id.example")):
        with pytest.raises(StoreUnavailable):
            await asking


async def test_G8_nobody_waits_long_for_a_store_that_is_known_to_be_away(
    cached: CachedConfig, database: Database, clock: Clock
) -> None:
    await cached.application("org1", "app1")
    database.away = True
    clock.now += 1
    await cached.application("org1", "app1")
    database.gate = asyncio.Event()  # from now on it does not even refuse
    for _ in range(5):
        clock.now += 2
        assert await asyncio.wait_for(cached.application("org1", "app1"), 1) is APP
    assert database.asked.count("version") == 3  # one question for all who wait
    database.gate.set()


async def test_a_change_made_while_the_store_was_away_is_seen_with_its_first_answer(
    cached: CachedConfig, database: Database, clock: Clock
) -> None:
    database.authorities["id.example"] = Domain("id.example", "org1", "okta", "http")
    await cached.application("org1", "app1")
    await cached.domain("id.example")
    database.away = True
    clock.now += 60
    await cached.application("org1", "app1")
    database.away = False
    database.apps["app1"] = new = Application("app1", "org1", "n", "New", "k")
    del database.authorities["id.example"]
    database.version += 1
    assert await cached.application("org1", "app1") is new
    assert await cached.domain("id.example") is None
    # What is remembered last counts, not what was once found.
    database.away = True
    clock.now += 60
    assert await cached.domain("id.example") is None


async def test_G3_a_store_that_is_slow_but_there_is_waited_for(
    cached: CachedConfig, database: Database, clock: Clock
) -> None:
    await cached.application("org1", "app1")
    clock.now += 1
    database.gate = asyncio.Event()
    database.apps["app1"] = new = Application("app1", "org1", "n", "New", "k")
    database.version += 1
    asking = asyncio.create_task(cached.application("org1", "app1"))
    await asyncio.sleep(0.05)
    assert not asking.done()
    database.gate.set()
    assert await asking is new


async def test_TE_02_asking_for_what_does_not_exist_pushes_out_nothing_that_does(
    cached: CachedConfig, database: Database
) -> None:
    await cached.application("org1", "app1")
    for number in range(100):
        await cached.application("org1", f"none{number}")
    await cached.application("org1", "app1")
    assert database.asked.count("app app1") == 1
    await cached.application("org1", "none0")
    assert database.asked.count("app none0") == 2  # the memory of what is missing is bounded
    await cached.application("org1", "none99")
    assert database.asked.count("app none99") == 1


async def test_the_least_used_value_goes_first(cached: CachedConfig, database: Database) -> None:
    for number in range(8):
        database.apps[f"app{number}"] = APP
        await cached.application("org1", f"app{number}")
    await cached.application("org1", "app0")
    database.apps["app8"] = APP
    await cached.application("org1", "app8")
    database.asked.clear()
    await cached.application("org1", "app0")
    assert database.asked == []
    await cached.application("org1", "app1")
    assert database.asked == ["app app1"]


async def test_a_domain_is_kept_for_a_second_whatever_the_version(
    cached: CachedConfig, database: Database, clock: Clock
) -> None:
    assert await cached.domain("localhost:8080") is None
    database.authorities["localhost:8080"] = domain = Domain("localhost:8080", "org1", "okta", "http")
    clock.now += 0.99
    assert await cached.domain("localhost:8080") is None
    clock.now += 0.01
    assert await cached.domain("localhost:8080") is domain
    del database.authorities["localhost:8080"]
    clock.now += 1
    assert await cached.domain("localhost:8080") is None
    assert database.asked == ["domain localhost:8080"] * 3


async def test_orgs_do_not_share(cached: CachedConfig, database: Database) -> None:
    await cached.application("org1", "app1")
    await cached.application("org2", "app1")
    assert database.asked.count("app app1") == 2
