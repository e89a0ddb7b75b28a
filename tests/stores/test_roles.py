"""Roles: given once, taken back once, each with its event, and seen in their own org alone."""

import pytest
from tests.stores.scene import Scene, a_user, ident

from segue.core.user import Role, RoleAssignment
from segue.stores import NotFound


def an_assignment(scene: Scene, role: Role = "support") -> RoleAssignment:
    return RoleAssignment(scene.org_id, scene.user.id, role, 1_700_000_000_000)


async def test_a_role_is_given_once_and_taken_back_once(scene: Scene) -> None:
    store, org_id, user_id = scene.store, scene.org_id, scene.user.id
    support, auditor = an_assignment(scene), an_assignment(scene, "auditor")
    given, again = scene.event("role.assign"), scene.event("role.assign")
    assert await store.assign_role(support, given)
    assert not await store.assign_role(support, again)
    assert await store.assign_role(auditor, scene.event())
    assert await store.role_assignments(org_id, user_id) == [auditor, support]
    assert await scene.events("role.assign") == [(given.id, "role.assign")]

    taken, nothing = scene.event("role.remove"), scene.event("role.remove")
    assert await store.remove_role(org_id, user_id, "support", taken)
    assert not await store.remove_role(org_id, user_id, "support", nothing)
    assert await store.role_assignments(org_id, user_id) == [auditor]
    assert await scene.events("role.remove") == [(taken.id, "role.remove")]


async def test_roles_are_listed_for_the_org_and_for_a_user(scene: Scene) -> None:
    other = a_user(scene.org_id)
    await scene.store.add_user(other, scene.event())
    theirs = RoleAssignment(scene.org_id, other.id, "owner", 5)
    mine = an_assignment(scene)
    for assignment in (mine, theirs):
        assert await scene.store.assign_role(assignment, scene.event())
    assert await scene.store.role_assignments(scene.org_id) == sorted((mine, theirs), key=lambda each: each.user_id)
    assert await scene.store.role_assignments(scene.org_id, other.id) == [theirs]
    assert await scene.store.role_assignments(scene.org_id, "nobody") == []
    assert await scene.store.role_assignments("elsewhere", other.id) == []
    assert not await scene.store.remove_role("elsewhere", other.id, "owner", scene.event())


async def test_nobody_who_is_not_there_has_a_role(scene: Scene) -> None:
    event = scene.event("role.assign")
    with pytest.raises(NotFound):
        await scene.store.assign_role(RoleAssignment(scene.org_id, ident(), "owner", 0), event)
    assert await scene.events("role.assign") == []
