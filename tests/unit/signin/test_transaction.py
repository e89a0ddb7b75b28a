"""The password step: one answer for every failure, attempts counted before anything is hashed, lock-out."""

import asyncio
from dataclasses import replace

import pytest
from tests.unit.signin.conftest import PASSWORD, World

from segue.core.refusal import Refusal


async def refusal_of(world: World, login: str, password: str) -> Refusal:
    with pytest.raises(Refusal) as refused:
        await world.transactions.password(world.org, login, password, world.circumstances())
    return refused.value


@pytest.mark.parametrize("login", ["ann@example.com", "ANN@example.com", "ａｎｎ@example.com", "ann"])
async def test_AU_10_every_spelling_of_a_login_finds_its_user(world: World, login: str) -> None:
    proved = await world.transactions.password(world.org, login, PASSWORD, world.circumstances())
    assert proved.subject.user.id == world.ann.id
    assert proved.assurance.amr == ("pwd",)
    assert proved.assurance.auth_time_at == world.now_at


@pytest.mark.parametrize(
    ("login", "password"),
    [
        ("ann@example.com", "wrong"),
        ("nobody@example.com", PASSWORD),
        ("ann@example.com", ""),
        ("ann@example.com", PASSWORD + " "),
        ("ann@example.com", "x" * 5000),
        ("a b\u202e", PASSWORD),
        ("x" * 5000, PASSWORD),
    ],
)
async def test_AU_04_every_failure_is_one_answer_and_one_hash(world: World, login: str, password: str) -> None:
    before = world.transactions.hasher.evaluations
    refusal = await refusal_of(world, login, password)
    assert (refusal.reason, refusal.public) == ("credentials", "The user name or password is not right.")
    assert world.transactions.hasher.evaluations == before + 1


async def test_AU_04_a_suspended_user_looks_like_a_wrong_password(world: World) -> None:
    event = world.circumstances().event("user.suspend", user_id=world.ann.id)
    suspended = replace(world.ann, status="suspended", stamp=2)
    assert await world.store.update_user(suspended, expected_stamp=1, event=event)
    refusal = await refusal_of(world, "ann@example.com", PASSWORD)
    assert refusal.reason == "credentials"
    failure = refusal.verdict.failure
    assert failure is not None
    assert failure.name == "user_active"


async def test_AU_03_the_account_locks_and_even_the_right_password_is_refused_alike(world: World) -> None:
    limit = world.org.settings.lockout_attempts
    for _ in range(limit):
        await refusal_of(world, "ann@example.com", "wrong")
    refusal = await refusal_of(world, "ann@example.com", PASSWORD)
    assert refusal.public == "The user name or password is not right."
    failure = refusal.verdict.failure
    assert failure is not None
    assert failure.name == "not_locked"
    await world.transactions.password(world.org, "bob@example.com", PASSWORD, world.circumstances())


async def test_AU_03_aliases_share_one_count(world: World) -> None:
    limit = world.org.settings.lockout_attempts
    for login in ["ann@example.com", "ANN@EXAMPLE.COM", "ann", "Ann"] * limit:
        await refusal_of(world, login, "wrong")
    refusal = await refusal_of(world, "ann", PASSWORD)
    assert refusal.verdict.failure is not None
    assert refusal.verdict.failure.name == "not_locked"


async def test_AU_03_parallel_guesses_are_all_counted_before_they_are_hashed(world: World) -> None:
    org = replace(world.org, settings=replace(world.org.settings, lockout_attempts=5))

    async def guess(number: int) -> str:
        try:
            await world.transactions.password(org, "ann@example.com", f"guess {number}", world.circumstances())
        except Refusal as refusal:
            return refusal.verdict.failure.name if refusal.verdict.failure else "nothing failed"
        return "in"

    outcomes = [await asyncio.gather(*(guess(round_ * 8 + n) for n in range(8))) for round_ in range(4)]
    flat = [name for group in outcomes for name in group]
    assert flat.count("password") <= 5
    assert flat.count("not_locked") == len(flat) - flat.count("password")


async def test_a_success_starts_the_count_again(world: World) -> None:
    limit = world.org.settings.lockout_attempts
    for _ in range(3):
        for _ in range(limit - 1):
            await refusal_of(world, "ann@example.com", "wrong")
        await world.transactions.password(world.org, "ann@example.com", PASSWORD, world.circumstances())


async def test_an_exempt_user_is_never_locked(world: World) -> None:
    event = world.circumstances().event("user.change", user_id=world.ann.id)
    assert await world.store.update_user(replace(world.ann, limits_exempt=True), expected_stamp=1, event=event)
    for _ in range(world.org.settings.lockout_attempts + 2):
        await refusal_of(world, "ann@example.com", "wrong")
    await world.transactions.password(world.org, "ann@example.com", PASSWORD, world.circumstances())
