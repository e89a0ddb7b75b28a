"""Parked requests: the same request comes back, to the same browser, once."""

import asyncio

import pytest
from tests.unit.signin.conftest import World

from segue.core.assurance import Assurance, Proof
from segue.core.org import Domain
from segue.core.refusal import Refusal
from segue.core.requirement import Requirement
from segue.signin import interaction
from segue.signin.interaction import Interaction
from segue.signin.request import Challenge, Proved


async def load(world: World, key: str, *, browser: str | None = "mine", domain: Domain | None = None) -> Interaction:
    return await interaction.load(
        world.store,
        world.store,
        key,
        org=world.org,
        domain=domain or world.domain,
        circumstances=world.circumstances(),
        browser=browser,
        session_cookie=None,
    )


async def park(world: World, challenge: Challenge | None = None) -> str:
    request = world.request(
        parameters={"state": "s", "list": [1, None]}, requirement=Requirement(2, 30, 5), login_hint="ann"
    )
    bearer = await interaction.park(
        world.store, request, challenge or Challenge("sign_in"), browser="mine", reference="evt1"
    )
    return bearer.text


async def test_a_parked_request_comes_back_as_it_was(world: World) -> None:
    waiting = await load(world, await park(world))
    assert waiting.request.parameters == {"state": "s", "list": [1, None]}
    assert waiting.request.requirement == Requirement(2, 30, 5)
    assert waiting.request.app == world.app
    assert (waiting.login, waiting.missing, waiting.reference, waiting.confirm) == ("ann", "sign_in", "evt1", None)
    assert not waiting.request.passive
    assert waiting.request.ticket is None


async def test_OT_16_another_browser_or_domain_does_not_get_it(world: World) -> None:
    key = await park(world)
    elsewhere = Domain("elsewhere.example.com", world.org.id, "test")
    for browser, domain in ((None, None), ("theirs", None), ("", None), ("é", None), ("mine", elsewhere)):
        with pytest.raises(Refusal, match="interaction_gone"):
            await load(world, key, browser=browser, domain=domain)
    assert await load(world, key)


async def test_OT_07_only_the_whole_key_opens_it(world: World) -> None:
    key = await park(world)
    for other in (key[:-1], key + "0", "", "x" * 64, key.split(".")[0]):
        with pytest.raises(Refusal, match="interaction_gone"):
            await load(world, other)


async def test_OT_01_it_is_spent_once_however_many_try(world: World) -> None:
    waiting = await load(world, await park(world))
    outcomes = await asyncio.gather(
        *(interaction.spend(world.store, waiting) for _ in range(16)), return_exceptions=True
    )
    assert outcomes.count(None) == 1
    assert sum(isinstance(outcome, Refusal) for outcome in outcomes) == 15
    with pytest.raises(Refusal, match="interaction_gone"):
        await load(world, waiting.bearer.text)


async def test_a_confirmation_keeps_who_the_ticket_was_for_and_their_stamp(world: World) -> None:
    subject = await world.store.subject(world.org.id, world.ann.id, world.app.id)
    assert subject is not None
    assurance = Assurance((Proof("password", "knowledge", ("pwd",), world.now_at),))
    proved = Proved(subject, assurance, origin=("20tticket",), unmet="session_token")
    waiting = await load(world, await park(world, Challenge(None, user=world.ann, confirm=proved)))
    assert waiting.confirm is not None
    assert waiting.confirm.subject.user.id == world.ann.id
    assert waiting.confirm.subject.assigned
    assert waiting.confirm.assurance == assurance
    assert waiting.confirm.origin == ("20tticket",)
    assert waiting.confirm.unmet == "session_token"
    assert waiting.confirm.subject.user.stamp == world.ann.stamp
