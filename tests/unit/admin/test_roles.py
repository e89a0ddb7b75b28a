"""Roles: who has them, what they allow, and that nobody climbs (MG-02)."""

from dataclasses import replace

import pytest
from tests.unit.admin.desk import ORG_ID, PASSWORD, Desk, refused

from segue.admin import roles, tokens, users
from segue.admin.actor import ROLES, Actor
from segue.admin.change import Change
from segue.admin.users import NewUser
from segue.core.user import Role, User


async def a_user(desk: Desk, login: str, role: Role | None = None) -> User:
    user = await users.add_user(desk.store, desk.hasher, NewUser(login, {}, PASSWORD), desk.change)
    if role is not None:
        await roles.assign_role(desk.store, user, role, desk.change)
    return user


async def by(desk: Desk, user: User) -> Change:
    """A change that the user makes."""
    actor = await roles.actor_of(desk.store, ORG_ID, user.id)
    assert actor is not None
    return replace(desk.change, actor_id=user.id, actor=actor)


async def test_a_role_makes_an_actor(desk: Desk) -> None:
    ann = await a_user(desk, "ann")
    assert await roles.actor_of(desk.store, ORG_ID, ann.id) is None
    await roles.assign_role(desk.store, ann, "support", desk.change)
    await roles.assign_role(desk.store, ann, "support", desk.change)
    assert await roles.actor_of(desk.store, ORG_ID, ann.id) == Actor(ann.id, ROLES["support"])
    await roles.assign_role(desk.store, ann, "auditor", desk.change)
    assert await roles.roles_of(desk.store, ann.id, desk.change) == ("auditor", "support")
    found = await roles.actor_of(desk.store, ORG_ID, ann.id)
    assert found is not None
    assert found.permissions == ROLES["support"] | ROLES["auditor"]
    events = [(event["user_id"], event["detail"]["role"]) for event in desk.events("role.assign")]
    assert sorted(events) == [(ann.id, "auditor"), (ann.id, "support")]


async def test_MG_08_nobody_suspended_is_an_actor(desk: Desk) -> None:
    ann = await a_user(desk, "ann", "owner")
    await users.set_status(desk.store, ann.id, "suspended", desk.change)
    assert await roles.actor_of(desk.store, ORG_ID, ann.id) is None
    assert await roles.actor_of(desk.store, ORG_ID, "nobody") is None


async def test_a_role_is_taken_back(desk: Desk) -> None:
    ann = await a_user(desk, "ann", "support")
    await roles.remove_role(desk.store, ann, "support", desk.change)
    assert await roles.actor_of(desk.store, ORG_ID, ann.id) is None
    assert len(desk.events("role.remove")) == 1
    await refused(roles.remove_role(desk.store, ann, "support", desk.change), "not_found")


async def test_an_org_keeps_an_owner_who_can_act(desk: Desk) -> None:
    ann, bob = await a_user(desk, "ann", "owner"), await a_user(desk, "bob", "owner")
    await users.set_status(desk.store, bob.id, "suspended", desk.change)
    await refused(roles.remove_role(desk.store, ann, "owner", desk.change), "invalid_value", "role")
    await users.set_status(desk.store, bob.id, "active", desk.change)
    await roles.remove_role(desk.store, ann, "owner", desk.change)
    assert [found.user_id for found in await roles.list_roles(desk.store, desk.change)] == [bob.id]


async def test_MG_02_only_who_may_manage_roles_gives_them(desk: Desk) -> None:
    support, ann = await a_user(desk, "sue", "support"), await a_user(desk, "ann")
    change = await by(desk, support)
    for role in ROLES:
        await refused(roles.assign_role(desk.store, ann, role, change), "forbidden")
        await refused(roles.assign_role(desk.store, support, role, change), "forbidden")
    await refused(roles.remove_role(desk.store, support, "support", change), "forbidden")
    assert await roles.actor_of(desk.store, ORG_ID, ann.id) is None


async def test_MG_02_nobody_gives_more_than_they_have(desk: Desk) -> None:
    ann = await a_user(desk, "ann")
    narrow = Actor("client", frozenset({"roles.manage", "users.manage", "*.read"}))
    change = replace(desk.change, actor=narrow)
    await refused(roles.assign_role(desk.store, ann, "owner", change), "forbidden", "own_role")
    await roles.assign_role(desk.store, ann, "auditor", change)


@pytest.mark.parametrize("target", ["owner", "auditor", None])
async def test_MG_02_support_cannot_become_the_owner_by_way_of_a_password(desk: Desk, target: Role | None) -> None:
    support, ann = await a_user(desk, "sue", "support"), await a_user(desk, "ann", target)
    change = await by(desk, support)
    works = (
        users.set_password(desk.store, desk.hasher, ann.id, "another long river", change),
        users.set_profile(desk.store, ann.id, {"email": "sue@corp.test"}, change),
        users.set_status(desk.store, ann.id, "suspended", change),
    )
    for work in works:
        if target == "owner":
            await refused(work, "forbidden", "reach")
        else:
            await work
    stored = await users.find_user(desk.store, ann.id, desk.change)
    assert (stored.stamp == ann.stamp) is (target == "owner")
    if target == "owner":
        await refused(tokens.mint_api_token(desk.store, stored, "mine", change), "forbidden", "reach")


async def test_everybody_may_change_their_own_account(desk: Desk) -> None:
    support = await a_user(desk, "sue", "support")
    await users.set_profile(desk.store, support.id, {"firstName": "Sue"}, await by(desk, support))


async def test_a_role_is_one_of_three(desk: Desk) -> None:
    assert roles.read_role("owner") == "owner"
    for text in ("", "root", "Owner", "x" * 5000):

        async def read(text: str = text) -> None:
            roles.read_role(text)

        await refused(read(), "invalid_value", "role")
