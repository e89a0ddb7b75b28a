"""Counting attempts: exact under any number of guessers, and a lock that ends by itself."""

import asyncio

from tests.stores.scene import Scene

from segue.stores import Attempts, StoreUnavailable

LOCK_MS = 60_000


async def attempt(scene: Scene, limit: int = 3, key: str = "login:ann") -> Attempts:
    return await scene.store.count_attempt(scene.org_id, key, limit=limit, lock_ms=LOCK_MS)


async def pass_time(scene: Scene, by_ms: int) -> None:
    text = "UPDATE login_attempts SET locked_until_at = locked_until_at - $1 WHERE org_id = $2 AND locked_until_at > 0"
    await scene.database.execute(text, by_ms, scene.org_id)


async def test_AU_03_the_attempt_that_reaches_the_limit_locks(scene: Scene) -> None:
    now_at = await scene.store.ping()
    assert await attempt(scene) == Attempts(1, 0, locked_now=False, just_locked=False)
    assert await attempt(scene) == Attempts(2, 0, locked_now=False, just_locked=False)
    third = await attempt(scene)
    assert (third.count, third.locked_now, third.just_locked) == (3, False, True)
    assert now_at + LOCK_MS <= third.locked_until_at <= await scene.store.ping() + LOCK_MS
    for _ in range(3):
        assert await attempt(scene) == Attempts(3, third.locked_until_at, locked_now=True, just_locked=False)


async def test_AU_03_an_expired_lock_starts_a_new_count(scene: Scene) -> None:
    for _ in range(3):
        await attempt(scene)
    await pass_time(scene, LOCK_MS)
    assert await attempt(scene) == Attempts(1, 0, locked_now=False, just_locked=False)
    assert (await attempt(scene)).count == 2
    assert (await attempt(scene)).just_locked


async def test_AU_03_success_clears_the_count_and_the_lock(scene: Scene) -> None:
    for _ in range(4):
        last = await attempt(scene)
    assert last.locked_now
    await scene.store.clear_attempts(scene.org_id, "login:ann")
    assert (await attempt(scene)).count == 1
    await scene.store.clear_attempts(scene.org_id, "never tried")


async def test_AU_03_keys_are_counted_apart(scene: Scene) -> None:
    for _ in range(3):
        await attempt(scene)
    assert (await attempt(scene, key="login:bob")).count == 1
    assert (await attempt(scene, key="login:an\0n")).count == 1


async def test_AU_03_a_limit_of_one_locks_at_once_and_again_afterwards(scene: Scene) -> None:
    assert (await attempt(scene, limit=1)).just_locked
    assert (await attempt(scene, limit=1)).locked_now
    await pass_time(scene, LOCK_MS)
    assert (await attempt(scene, limit=1)).just_locked


async def test_AU_03_parallel_attempts_are_counted_exactly(scene: Scene) -> None:
    """Each answer that is not "try again later" has a number of its own, and no number is missing."""
    answers = await asyncio.gather(*(attempt(scene, limit=1000) for _ in range(60)), return_exceptions=True)
    counted = sorted(one.count for one in answers if isinstance(one, Attempts))
    assert counted == list(range(1, len(counted) + 1))
    assert all(isinstance(one, Attempts | StoreUnavailable) for one in answers)
    assert len(counted) >= 10
    assert (await attempt(scene, limit=1000)).count == len(counted) + 1


async def test_AU_03_parallel_guesses_are_evaluated_no_more_often_than_the_limit(scene: Scene) -> None:
    answers = await asyncio.gather(*(attempt(scene, limit=5) for _ in range(40)), return_exceptions=True)
    evaluated = [one for one in answers if isinstance(one, Attempts) and not one.locked_now]
    assert len(evaluated) <= 5
    assert sum(one.just_locked for one in evaluated) == (len(evaluated) == 5)
    assert all(isinstance(one, Attempts | StoreUnavailable) for one in answers)
