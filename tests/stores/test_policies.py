"""Policies and zones: read with their org, written with their event, and never over a change of somebody else."""

from dataclasses import replace

from tests.stores.scene import Scene, ident

from segue.core.assurance import Worth
from segue.core.policy import Conditions, Policy, PolicySet, Rule, Selection, SessionLimits
from segue.core.requirement import Constraint, Need, Requirement
from segue.core.zone import Zone


def a_policy(scene: Scene) -> Policy:
    need = Need("possession", frozenset({"totp", "webauthn"}), Worth(user_verified=True), 60)
    requirement = Requirement(2, None, None, 7200, ((Constraint(Need("knowledge"), need), Constraint()),))
    requirement = requirement.stricter(Requirement(1, reauthenticate_s=0))
    conditions = Conditions(users=Selection(frozenset({"u1", "u2"}), frozenset({"u3"})), device="managed", risk="high")
    rule = Rule(
        "rul1", "Strict", 3, "inactive", conditions, False, requirement, True, SessionLimits(60, None), False, 5, 6
    )
    last = Rule("rul2", "Catch-all Rule", 99, catch_all=True)
    return Policy(
        id=ident("00p"),
        org_id=scene.org_id,
        type="access",
        name="Ünïcode",
        description="what it is for",
        priority=4,
        conditions=Conditions(groups=Selection(frozenset({"g"}))),
        rules=(rule, last),
        revision=1,
        created_at=7,
        updated_at=8,
    )


def a_zone(scene: Scene) -> Zone:
    return Zone(ident("nzo"), scene.org_id, "Office", ("192.0.2.0/24", "::1"), blocks=True, created_at=1, updated_at=2)


async def policies(scene: Scene) -> PolicySet:
    org = await scene.store.org(scene.org_id)
    assert org is not None
    return org.policies


async def test_a_policy_is_read_as_it_was_written_with_its_org(scene: Scene) -> None:
    policy, event = a_policy(scene), scene.event("policy.create")
    before = await scene.store.org_version(scene.org_id)
    assert await scene.store.put_policy(policy, event)
    assert await scene.store.event(scene.org_id, event.id) == event
    assert await scene.store.org_version(scene.org_id) == before + 1
    assert (await policies(scene)).policies == (policy,)
    assert [org.policies.policies for org in await scene.store.orgs() if org.id == scene.org_id] == [(policy,)]
    assert (await scene.store.policies("another")) == PolicySet()


async def test_of_two_changes_of_one_revision_one_is_written(scene: Scene) -> None:
    policy = a_policy(scene)
    assert await scene.store.put_policy(policy, scene.event("policy.create"))
    assert not await scene.store.put_policy(policy, scene.event("policy.create"))
    second, late = replace(policy, name="Second", revision=2), scene.event("policy.update")
    assert await scene.store.put_policy(second, scene.event("policy.update"))
    version = await scene.store.org_version(scene.org_id)
    assert not await scene.store.put_policy(replace(policy, name="Late", revision=2), late)
    assert (await policies(scene)).policies == (second,)
    assert await scene.store.event(scene.org_id, late.id) is None
    assert await scene.store.org_version(scene.org_id) == version


async def test_what_is_removed_is_gone_and_what_is_not_there_changes_nothing(scene: Scene) -> None:
    policy, zone = a_policy(scene), a_zone(scene)
    await scene.store.put_policy(policy, scene.event("policy.create"))
    await scene.store.put_zone(zone, scene.event("zone.create"))
    assert (await policies(scene)).zones == (zone,)
    moved = replace(zone, name="Moved", status="inactive")
    await scene.store.put_zone(moved, scene.event("zone.update"))
    assert (await policies(scene)).zones == (moved,)
    assert not await scene.store.remove_zone("another", zone.id, replace(scene.event("zone.remove"), org_id="another"))
    assert await scene.store.remove_policy(scene.org_id, policy.id, scene.event("policy.remove"))
    assert await scene.store.remove_zone(scene.org_id, zone.id, scene.event("zone.remove"))
    version = await scene.store.org_version(scene.org_id)
    assert not await scene.store.remove_policy(scene.org_id, policy.id, scene.event("policy.remove"))
    assert not await scene.store.remove_zone(scene.org_id, zone.id, scene.event("zone.remove"))
    assert await scene.store.org_version(scene.org_id) == version
    assert await policies(scene) == PolicySet()


async def test_writing_an_org_leaves_its_policies(scene: Scene) -> None:
    policy = a_policy(scene)
    await scene.store.put_policy(policy, scene.event("policy.create"))
    org = await scene.store.org(scene.org_id)
    assert org is not None
    await scene.store.put_org(replace(org, name="Renamed", policies=PolicySet()), scene.event("org.update"))
    assert (await policies(scene)).policies == (policy,)


async def test_an_application_keeps_its_policy(scene: Scene) -> None:
    await scene.store.put_application(replace(scene.app, policy_id="00pA"), scene.event("application.update"))
    app = await scene.store.application(scene.org_id, scene.app.id)
    assert app is not None
    assert app.policy_id == "00pA"
