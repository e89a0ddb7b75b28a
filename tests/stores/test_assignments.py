"""Who may use an application: by name and through groups, seen by every statement that decides or writes a decision."""

from dataclasses import replace

import pytest
from tests.stores.scene import Scene, a_user, an_application, ident, unique

from segue.core.assignment import GroupAssignment, UserAssignment
from segue.core.org import Group
from segue.core.user import Subject
from segue.stores import Guard, NotFound


async def a_group(scene: Scene, *members: str) -> str:
    group = Group(ident("00g"), scene.org_id, unique("group"))
    await scene.store.put_group(group, scene.event("group.create"))
    for user_id in members:
        await scene.store.add_member(scene.org_id, group.id, user_id, scene.event("group.add"))
    return group.id


async def assign_group(scene: Scene, group_id: str, **changes: object) -> GroupAssignment:
    assignment = replace(GroupAssignment(scene.org_id, scene.app.id, group_id, created_at=5, updated_at=5), **changes)  # type: ignore[arg-type]
    await scene.store.put_group_assignment(assignment, scene.event("application.assign_group"))
    return assignment


def guard(scene: Scene) -> Guard:
    return replace(scene.guard, app_id=scene.app.id, assigned=True)


async def assigned_everywhere(scene: Scene) -> bool:
    """Whether the user has the application, as every statement sees it that is asked: all of them say the same."""
    store, org_id, user_id, app_id = scene.store, scene.org_id, scene.user.id, scene.app.id
    session, ticket = await scene.session(), await scene.mint()
    subject = await store.subject(org_id, user_id, app_id)
    found = await scene.find(session, app_id=app_id)
    spent = await scene.spend(ticket, app_id=app_id)
    assert subject
    assert found
    assert found.subject
    assert spent
    assert spent.subject
    answers = {
        subject.assigned,
        found.subject.assigned,
        spent.subject.assigned,
        app_id in {app.id for app in await store.applications_of(org_id, user_id)},
        await store.commit(scene.writing(guard=guard(scene))),
        await store.assignment(org_id, app_id, user_id) is not None,
        user_id in {one.user_id for one in await store.assignments(org_id, app_id)},
    }
    assert len(answers) == 1
    return answers.pop()


async def test_a_group_that_has_the_application_assigns_its_members(scene: Scene) -> None:
    store, org_id, user_id, app_id = scene.store, scene.org_id, scene.user.id, scene.app.id
    assert not await assigned_everywhere(scene)
    group, other = await a_group(scene, user_id), await a_group(scene, user_id)
    assert not await assigned_everywhere(scene)
    await assign_group(scene, group)
    assert await assigned_everywhere(scene)
    await assign_group(scene, other)
    assert await store.remove_group_assignment(org_id, app_id, group, scene.event("application.unassign_group"))
    assert await assigned_everywhere(scene)
    assert await store.remove_member(org_id, other, user_id, scene.event("group.remove"))
    assert not await assigned_everywhere(scene)
    await store.assign(org_id, app_id, user_id, scene.event("application.assign"))
    assert await assigned_everywhere(scene)


async def test_whoever_has_it_twice_keeps_it_when_one_ends(scene: Scene) -> None:
    store, org_id, user_id, app_id = scene.store, scene.org_id, scene.user.id, scene.app.id
    await assign_group(scene, await a_group(scene, user_id))
    await store.assign(org_id, app_id, user_id, scene.event())
    assert await store.unassign(org_id, app_id, user_id, scene.event())
    assert await assigned_everywhere(scene)


async def test_a_group_of_another_application_assigns_nothing_here(scene: Scene) -> None:
    other = an_application(scene.org_id)
    await scene.store.put_application(other, scene.event())
    await assign_group(scene, await a_group(scene, scene.user.id), app_id=other.id)
    assert not await assigned_everywhere(scene)
    stranger = a_user(scene.org_id)
    await scene.store.add_user(stranger, scene.event())
    await assign_group(scene, await a_group(scene, stranger.id))
    assert not await assigned_everywhere(scene)


async def test_what_an_application_calls_a_user_comes_with_the_user(scene: Scene) -> None:
    store, org_id, user_id, app_id = scene.store, scene.org_id, scene.user.id, scene.app.id
    first = UserAssignment(org_id, app_id, user_id, "zoë@old.example", {"role": ["a", 1]}, 10, 10)
    event = scene.event("application.assign")
    await store.put_assignment(first, event)
    assert await store.assignment(org_id, app_id, user_id) == first
    assert await store.event(org_id, event.id) == event
    await store.put_assignment(replace(first, user_name="zoe", profile={}, created_at=99, updated_at=20), scene.event())
    assert await store.assignment(org_id, app_id, user_id) == replace(first, user_name="zoe", profile={}, updated_at=20)
    subject = await store.subject(org_id, user_id, app_id)
    assert subject == Subject(scene.user, assigned=True, user_name="zoe")
    assert (subject.for_application.login, subject.for_application.id) == ("zoe", user_id)
    assert subject.user.login == scene.user.login
    other = await store.subject(org_id, user_id, None)
    assert other
    assert other.for_application == scene.user
    session = await scene.session()
    found = await scene.find(session, app_id=app_id)
    assert found
    assert found.subject == subject
    # To assign again what is there changes nothing of it.
    await store.assign(org_id, app_id, user_id, scene.event())
    assert await store.subject(org_id, user_id, app_id) == subject


async def test_everybody_who_has_it_comes_once_in_pages_in_order_of_id(scene: Scene) -> None:
    store, org_id, app_id = scene.store, scene.org_id, scene.app.id
    people = [a_user(org_id) for _ in range(6)]
    for user in people:
        await store.add_user(user, scene.event())
    ids = sorted(user.id for user in people)
    group, second = await a_group(scene, *ids[:4]), await a_group(scene, *ids[2:5])
    await assign_group(scene, group)
    await assign_group(scene, second)
    for user_id in ids[3:]:
        await store.assign(org_id, app_id, user_id, scene.event())
    whole = await store.assignments(org_id, app_id)
    assert [one.user_id for one in whole] == ids
    assert [one.by_name for one in whole] == [False, False, False, True, True, True]
    seen, after = [], ""
    while page := await store.assignments(org_id, app_id, after=after, limit=2):
        assert len(page) <= 2
        seen += page
        after = page[-1].user_id
    assert seen == list(whole)
    assert await store.assignment(org_id, app_id, ids[0]) == whole[0]
    assert await store.assignment(org_id, app_id, scene.user.id) is None


async def test_group_assignments_are_read_as_written_in_pages(scene: Scene) -> None:
    store, org_id, app_id = scene.store, scene.org_id, scene.app.id
    groups = sorted([await a_group(scene) for _ in range(3)])
    made = [await assign_group(scene, group, priority=number) for number, group in enumerate(groups)]
    assert await store.group_assignments(org_id, app_id) == made
    assert await store.group_assignments(org_id, app_id, after=groups[0], limit=1) == made[1:2]
    await assign_group(scene, groups[0], priority=7, profile={"x": [1]}, created_at=8, updated_at=9)
    changed = replace(made[0], priority=7, profile={"x": [1]}, updated_at=9)
    assert (await store.group_assignments(org_id, app_id))[0] == changed
    assert await store.remove_group_assignment(org_id, app_id, groups[0], scene.event("gone"))
    assert not await store.remove_group_assignment(org_id, app_id, groups[0], scene.event("gone"))
    assert len(await scene.events("gone")) == 1


async def test_only_what_exists_is_assigned(scene: Scene) -> None:
    group, event = await a_group(scene), scene.event("never")
    for wrong in (
        GroupAssignment(scene.org_id, ident("0oa"), group),
        GroupAssignment(scene.org_id, scene.app.id, ident("00g")),
        GroupAssignment(unique("org"), scene.app.id, group),
    ):
        with pytest.raises(NotFound):
            await scene.store.put_group_assignment(wrong, event)
    with pytest.raises(NotFound):
        await scene.store.put_assignment(UserAssignment(scene.org_id, scene.app.id, ident()), event)
    assert await scene.events("never") == []


async def test_an_application_goes_with_all_that_assigns_it_once_it_is_inactive(scene: Scene) -> None:
    store, org_id, app_id = scene.store, scene.org_id, scene.app.id
    other = an_application(org_id)
    await store.put_application(other, scene.event())
    await assign_group(scene, await a_group(scene, scene.user.id))
    for app in (scene.app, other):
        await store.assign(org_id, app.id, scene.user.id, scene.event())
    assert not await store.remove_application(org_id, app_id, scene.event("removed"))
    assert await assigned_everywhere(scene)
    await store.put_application(replace(scene.app, status="inactive"), scene.event())
    version = await store.org_version(org_id)
    assert not await store.remove_application(unique("org"), app_id, scene.event("removed"))
    assert await store.remove_application(org_id, app_id, scene.event("removed"))
    assert not await store.remove_application(org_id, app_id, scene.event("removed"))
    assert len(await scene.events("removed")) == 1
    assert await store.org_version(org_id) == version + 1
    assert await store.application(org_id, app_id) is None
    assert await store.assignments(org_id, app_id) == []
    assert await store.group_assignments(org_id, app_id) == []
    assert await store.applications_of(org_id, scene.user.id) == [other]
    assert not await store.commit(scene.writing(guard=guard(scene)))


async def test_MG_01_a_group_of_one_org_assigns_nothing_in_another(scene: Scene) -> None:
    """The same ids on both sides: what is assigned here is not there."""
    from tests.stores.scene import a_scene

    other = await a_scene(scene.store, scene.database)
    user = replace(scene.user, org_id=other.org_id)
    app = replace(scene.app, org_id=other.org_id)
    await scene.store.add_user(user, other.event())
    await scene.store.put_application(app, other.event())
    await assign_group(scene, await a_group(scene, scene.user.id))
    there = replace(other, user=user, app=app)
    assert await assigned_everywhere(scene)
    assert not await assigned_everywhere(there)
