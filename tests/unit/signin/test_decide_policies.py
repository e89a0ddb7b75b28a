"""The pipeline under sign-on policies: devices, risk, how long a session lasts, and factors that are asked of those who
have one."""

import os
from dataclasses import replace

import pytest
from tests.unit.signin.conftest import World
from tests.unit.signin.test_decide import find_session, proved_now, signed_in_cookie, write

from segue.core.assurance import Assurance, Device, Proof
from segue.core.factor import FactorEnrollment
from segue.core.org import OrgSettings
from segue.core.policy import Conditions, Policy, PolicySet, Rule, SessionLimits
from segue.core.requirement import Constraint, Need, Requirement
from segue.core.secret import new_id, partition_of
from segue.signin.decide import decide
from segue.signin.request import Answer, Challenge, Proved, Refused, SignedIn, SignInRequest
from segue.signin.sessions import OpenSession

LAPTOP = Device("laptop", managed=True)
TWO = Requirement(factors=2)


def under(world: World, *rules: Rule, settings: OrgSettings | None = None) -> World:
    """The same world, its org with a session policy of these rules."""
    policy = Policy("00p1", world.org.id, "session", "Sessions", rules=rules)
    org = replace(world.org, policies=PolicySet((policy,)), settings=settings or world.org.settings)
    return replace(world, org=org)


def rule(name: str, **more: object) -> Rule:
    return Rule(f"0pr{name}", name, **more)  # type: ignore[arg-type]


def on(world: World, device: Device | None, **changes: object) -> SignInRequest:
    return world.request(circumstances=replace(world.circumstances(), device=device), **changes)


async def arrive(world: World, request: SignInRequest) -> Answer:
    ticket = await world.ticket(world.ann, proved_now(world))
    return await decide(replace(request, ticket=ticket), world.store)


def missing_of(answer: Answer) -> str | None:
    return answer.missing if isinstance(answer, Challenge) else None


async def test_a_rule_for_managed_devices_looks_at_the_device_of_this_request(world: World) -> None:
    world = under(
        world, rule("managed", conditions=Conditions(device="managed")), rule("others", priority=1, requirement=TWO)
    )
    cookie = await signed_in_cookie(under(world), world.ann)
    assert isinstance(await decide(on(world, LAPTOP, session_cookie=cookie), world.store), SignedIn)
    for device in (None, Device("laptop")):
        answer = await decide(on(world, device, session_cookie=cookie), world.store)
        assert missing_of(answer) == "second_factor", "a session that was carried to another device"


async def test_the_device_of_a_ticket_is_the_one_that_it_was_made_on(world: World) -> None:
    world = under(
        world, rule("managed", conditions=Conditions(device="managed")), rule("others", priority=1, requirement=TWO)
    )
    ticket = await world.ticket(world.ann, proved_now(world).on(LAPTOP))
    answer = await decide(world.request(ticket=ticket), world.store)
    assert isinstance(answer, SignedIn)
    assert answer.assurance.device == LAPTOP
    assert missing_of(await arrive(world, world.request())) == "second_factor"


async def test_risk_is_high_until_a_session_of_the_user_began_here(world: World) -> None:
    world = under(world, rule("high", conditions=Conditions(risk="high"), requirement=TWO))
    assert missing_of(await arrive(world, world.request())) == "second_factor"
    await signed_in_cookie(under(world), world.ann)
    assert isinstance(await arrive(world, world.request()), SignedIn)
    elsewhere = world.request(circumstances=replace(world.circumstances(), address="203.0.113.9"))
    assert missing_of(await arrive(world, elsewhere)) == "second_factor"


async def test_risk_is_low_for_a_browser_that_is_remembered_too(world: World) -> None:
    settings = replace(world.org.settings, remember_device_s=3600)
    world = under(world, rule("low", conditions=Conditions(risk="low"), allow=False), settings=settings)
    await signed_in_cookie(under(world), world.ann)
    assert isinstance(await arrive(world, world.request()), SignedIn)
    await world.store.remember_device(world.org.id, world.ann.id, "secret", life_ms=60_000)
    assert isinstance(await arrive(world, world.request(device="secret")), Refused)


async def test_a_rule_says_how_long_its_sessions_last(world: World) -> None:
    world = under(world, rule("short", limits=SessionLimits(idle_s=300, life_s=900)))
    answer = await arrive(world, world.request())
    assert isinstance(answer, SignedIn)
    assert isinstance(answer.session, OpenSession)
    credential = answer.session.credential
    assert (credential.idle_ms, credential.life_ms) == (300_000, 900_000)
    assert await write(world, answer)
    found = await find_session(world, answer.session.bearer.text)
    assert found is not None
    idle_at = found.credential.idle_expires_at
    assert idle_at is not None
    assert idle_at - found.credential.issued_at == 300_000
    # A look that counts as use moves its end by as much as the rule says, not the org.
    world.now_at = idle_at - 200_000
    assert await find_session(world, answer.session.bearer.text) is not None
    moved = await find_session(world, answer.session.bearer.text)
    assert moved is not None
    assert moved.credential.idle_expires_at is not None
    assert moved.credential.idle_expires_at - found.credential.issued_at < 600_000


async def test_a_denial_is_refused_and_says_which_rule(world: World) -> None:
    world = under(world, rule("never", allow=False))
    answer = await arrive(world, world.request())
    assert isinstance(answer, Refused)
    assert answer.refusal.reason == "access_denied"
    assert answer.refusal.verdict.rule == "Sessions: never"
    assert [one.rule for one in answer.refusal.verdict.tried] == ["never", "Catch-all Rule"]
    assert "rule of your organisation" in answer.refusal.public


@pytest.mark.parametrize(("status", "asked"), [(None, False), ("pending", False), ("active", True)])
async def test_a_second_factor_if_possible_is_asked_of_those_who_have_one(
    world: World, status: str | None, asked: bool
) -> None:
    if status is not None:
        ident = new_id("fac", partition_of(world.ann.id), world.now_at, os.urandom)
        factor = FactorEnrollment(ident, world.org.id, world.ann.id, "totp", "standard", status, b"x")  # type: ignore[arg-type]
        await world.store.put_factor(factor, world.circumstances().event("test.prepare"))
    wish = Requirement(second_if_held=True)
    answer = await arrive(world, world.request(requirement=wish))
    assert (missing_of(answer) == "second_factor") == asked
    assert isinstance(answer, Challenge if asked else SignedIn)


async def test_NW_06_what_is_asked_is_told_to_whoever_asks_for_it(world: World) -> None:
    need = Constraint(possession=Need("possession", frozenset({"totp"})))
    world = under(world, rule("code", requirement=Requirement(constraints=((need,),))))
    answer = await arrive(world, world.request())
    assert isinstance(answer, Challenge)
    assert answer.requirement.constraints == ((need,),)
    assert answer.proved is not None
    code = Proof("totp", "possession", ("otp",), world.now_at)
    done = Proved(answer.proved.subject, answer.proved.assurance.merged(Assurance((code,))))
    assert isinstance(await decide(world.request(), world.store, done), SignedIn)
    other = Proof("webauthn", "possession", ("hwk",), world.now_at)
    instead = Proved(answer.proved.subject, answer.proved.assurance.merged(Assurance((other,))))
    assert missing_of(await decide(world.request(), world.store, instead)) == "second_factor"
