"""A stranger's guesses, and the browser that its owner signed in from before (AU-03)."""

import pytest
from tests.unit.signin.conftest import PASSWORD, World

from segue.core.refusal import Refusal

BROWSER = "x" * 43


async def guess(world: World, times: int, browser: str | None = None) -> None:
    for _ in range(times):
        with pytest.raises(Refusal):
            await password(world, "wrong", browser)


async def password(world: World, text: str, browser: str | None = None) -> str:
    proved = await world.transactions.password(world.org, world.ann.login, text, world.circumstances(), browser=browser)
    return proved.subject.user.id


async def test_AU_03_strangers_lock_nobody_out_of_a_browser_that_knows_them(world: World) -> None:
    await world.transactions.browsers.remember(world.ann, BROWSER)
    await guess(world, world.org.settings.lockout_attempts + 1)
    with pytest.raises(Refusal):
        await password(world, PASSWORD)
    with pytest.raises(Refusal):
        await password(world, PASSWORD, "y" * 43)
    assert await password(world, PASSWORD, BROWSER) == world.ann.id


async def test_AU_03_guesses_in_a_known_browser_are_counted_too(world: World) -> None:
    await world.transactions.browsers.remember(world.ann, BROWSER)
    await guess(world, world.org.settings.lockout_attempts + 1, BROWSER)
    with pytest.raises(Refusal):
        await password(world, PASSWORD, BROWSER)
    assert await password(world, PASSWORD) == world.ann.id


async def test_AU_03_a_browser_knows_those_who_signed_in_there_and_nobody_else(world: World) -> None:
    await world.transactions.browsers.remember(world.bob, BROWSER)
    counter = world.transactions.browsers.counter_of
    assert await counter(world.org.id, world.ann, world.ann.id, BROWSER) == world.ann.id
    assert await counter(world.org.id, None, "login:nobody", BROWSER) == "login:nobody"
    assert await counter(world.org.id, world.bob, world.bob.id, BROWSER) != world.bob.id
    assert await counter(world.org.id, world.bob, world.bob.id, None) == world.bob.id


async def test_AU_03_a_known_browser_excuses_from_no_second_factor(world: World) -> None:
    await world.transactions.browsers.remember(world.ann, BROWSER)
    assert not await world.store.remembers_device(world.org.id, world.ann.id, BROWSER)
