"""Groups: named once in an org, with members that a subject carries."""

from dataclasses import replace

import pytest
from tests.stores.scene import Scene, ident, unique

from segue.core.org import Group, everyone_id
from segue.stores import AlreadyExists, NotFound


async def a_group(scene: Scene, name: str = "") -> Group:
    group = Group(ident("00g"), scene.org_id, name or unique("group"))
    await scene.store.put_group(group, scene.event("group.create"))
    return group


async def test_a_group_is_read_as_it_was_written_and_renamed(scene: Scene) -> None:
    group = await a_group(scene)
    assert await scene.store.groups(scene.org_id) == [group]
    renamed = replace(group, name="Ops & Zoë")
    event = scene.event("group.update")
    await scene.store.put_group(renamed, event)
    assert await scene.store.groups(scene.org_id) == [renamed]
    assert await scene.store.event(scene.org_id, event.id) == event


async def test_a_name_is_taken_once_in_an_org(scene: Scene) -> None:
    group = await a_group(scene)
    version = await scene.store.org_version(scene.org_id)
    event = scene.event("group.create")
    with pytest.raises(AlreadyExists) as taken:
        await scene.store.put_group(Group(ident("00g"), scene.org_id, group.name), event)
    assert taken.value.what == "name"
    assert await scene.store.groups(scene.org_id) == [group]
    assert await scene.store.event(scene.org_id, event.id) is None
    assert await scene.store.org_version(scene.org_id) == version


async def test_groups_come_in_pages_in_order_of_id(scene: Scene) -> None:
    for _ in range(5):
        await a_group(scene)
    whole = await scene.store.groups(scene.org_id)
    assert [group.id for group in whole] == sorted(group.id for group in whole)
    first = await scene.store.groups(scene.org_id, limit=2)
    rest = await scene.store.groups(scene.org_id, after=first[-1].id, limit=10)
    assert [*first, *rest] == list(whole)
    assert len(whole) == 5


async def test_a_member_is_added_once_and_removed_once(scene: Scene) -> None:
    store, org_id, user_id = scene.store, scene.org_id, scene.user.id
    group, other = await a_group(scene), await a_group(scene)
    version = await store.org_version(org_id)
    added, again = scene.event("group.add"), scene.event("group.add")
    await store.add_member(org_id, group.id, user_id, added)
    await store.add_member(org_id, group.id, user_id, again)
    assert await scene.events("group.add") == [(added.id, "group.add")]
    subject = await store.subject(org_id, user_id, None)
    assert subject
    assert subject.group_ids == {group.id, everyone_id(org_id)}

    removed, nothing = scene.event("group.remove"), scene.event("group.remove")
    assert not await store.remove_member(org_id, other.id, user_id, nothing)
    assert await store.remove_member(org_id, group.id, user_id, removed)
    assert not await store.remove_member(org_id, group.id, user_id, nothing)
    assert await scene.events("group.remove") == [(removed.id, "group.remove")]
    subject = await store.subject(org_id, user_id, None)
    assert subject
    assert subject.group_ids == {everyone_id(org_id)}
    # Who is in a group is no configuration.
    assert await store.org_version(org_id) == version


async def test_only_who_exists_joins_only_what_exists(scene: Scene) -> None:
    group, event = await a_group(scene), scene.event("group.add")
    with pytest.raises(NotFound):
        await scene.store.add_member(scene.org_id, ident("00g"), scene.user.id, event)
    with pytest.raises(NotFound):
        await scene.store.add_member(scene.org_id, group.id, ident(), event)
    assert await scene.events("group.add") == []
