"""Users: found by one normal form, changed only from the stamp that was seen, each change with its event."""

from dataclasses import replace

import pytest
from tests.stores.scene import Scene, a_user, an_application, ident, unique

from segue.core.user import Subject
from segue.stores import AlreadyExists, NotFound


async def test_a_user_is_read_as_written(scene: Scene) -> None:
    user = a_user(
        scene.org_id,
        status="suspended",
        stamp=2**40,
        profile={"firstName": "Zoë", "lastName": "O'Neil \\ \"", "note": "日本"},
        password_hash=None,
        password_changed_at=5_000_000_000_000,
        created_at=5_000_000_000_001,
        password_temporary=True,
        limits_exempt=True,
    )
    event = scene.event("user.create", user_id=user.id)
    await scene.store.add_user(user, event)
    assert await scene.store.user(scene.org_id, user.id) == user
    assert await scene.store.user_by_login(scene.org_id, user.login_key) == user
    assert await scene.store.event(scene.org_id, event.id) == event
    assert await scene.store.user(scene.org_id, ident()) is None


async def test_a_login_is_taken_once_in_an_org(scene: Scene) -> None:
    rival = a_user(scene.org_id, login="Shown Otherwise", login_key=scene.user.login_key)
    event = scene.event("user.create")
    with pytest.raises(AlreadyExists) as taken:
        await scene.store.add_user(rival, event)
    assert taken.value.what == "login_key"
    with pytest.raises(AlreadyExists) as taken:
        await scene.store.add_user(a_user(scene.org_id, id=scene.user.id), event)
    assert taken.value.what == "id"
    assert await scene.store.event(scene.org_id, event.id) is None
    assert await scene.store.users(scene.org_id) == [scene.user]

    other = a_user(scene.org_id)
    await scene.store.add_user(other, scene.event())
    with pytest.raises(AlreadyExists) as taken:
        await scene.store.update_user(
            replace(other, login_key=scene.user.login_key), expected_stamp=other.stamp, event=event
        )
    assert taken.value.what == "login_key"
    assert await scene.store.user(scene.org_id, other.id) == other


async def test_a_user_needs_an_org(scene: Scene) -> None:
    nowhere = replace(scene, org_id=unique("nowhere"))
    with pytest.raises(NotFound):
        await scene.store.add_user(a_user(nowhere.org_id), nowhere.event())
    assert await nowhere.events() == []


async def test_a_short_name_finds_the_one_user_who_has_it(scene: Scene) -> None:
    ann, bob = unique("ann"), unique("bob")
    await scene.store.add_user(a_user(scene.org_id, ann), scene.event())
    await scene.store.add_user(a_user(scene.org_id, bob), scene.event())
    found = await scene.store.user_by_login(scene.org_id, ann)
    assert found
    assert found.login_key == f"{ann}@example.com"
    assert await scene.store.user_by_login(scene.org_id, f"{ann}@other.example") is None
    assert await scene.store.user_by_login(scene.org_id, f"{ann}@") is None
    assert await scene.store.user_by_login(scene.org_id, ann[:-1]) is None

    second = a_user(scene.org_id, login=f"{ann}@second.example", login_key=f"{ann}@second.example")
    await scene.store.add_user(second, scene.event())
    assert await scene.store.user_by_login(scene.org_id, ann) is None
    assert await scene.store.user_by_login(scene.org_id, second.login_key) == second

    whole = a_user(scene.org_id, login=ann, login_key=ann)
    await scene.store.add_user(whole, scene.event())
    assert await scene.store.user_by_login(scene.org_id, ann) == whole


async def test_an_update_replaces_what_it_may_and_keeps_the_rest(scene: Scene) -> None:
    name = unique("new")
    changed = replace(
        scene.user,
        login=f"{name}@Example.com",
        login_key=f"{name}@example.com",
        status="suspended",
        stamp=2,
        profile={"firstName": "Grace"},
        password_hash="another",
        password_changed_at=99,
        password_temporary=True,
        limits_exempt=True,
    )
    event = scene.event("user.update")
    assert await scene.store.update_user(changed, expected_stamp=1, event=event)
    assert await scene.store.user(scene.org_id, scene.user.id) == changed
    assert await scene.store.user_by_login(scene.org_id, name) == changed
    assert await scene.store.user_by_login(scene.org_id, scene.user.login_key) is None
    assert await scene.store.event(scene.org_id, event.id) == event
    assert await scene.store.update_user(replace(changed, limits_exempt=False), expected_stamp=2, event=scene.event())
    assert await scene.store.user(scene.org_id, scene.user.id) == replace(changed, limits_exempt=False)


async def test_an_update_from_an_old_stamp_changes_nothing(scene: Scene) -> None:
    event = scene.event("user.update")
    assert not await scene.store.update_user(replace(scene.user, stamp=9), expected_stamp=2, event=event)
    assert await scene.store.user(scene.org_id, scene.user.id) == scene.user
    assert await scene.store.event(scene.org_id, event.id) is None
    stranger = a_user(scene.org_id)
    assert not await scene.store.update_user(stranger, expected_stamp=stranger.stamp, event=scene.event())


async def test_users_come_in_pages_in_order_of_id(scene: Scene) -> None:
    for _ in range(4):
        await scene.store.add_user(a_user(scene.org_id), scene.event())
    whole = await scene.store.users(scene.org_id)
    assert [user.id for user in whole] == sorted(user.id for user in whole)
    first = await scene.store.users(scene.org_id, limit=2)
    rest = await scene.store.users(scene.org_id, after=first[-1].id, limit=3)
    assert [*first, *rest] == list(whole)
    assert len(whole) == 5


async def test_assignment_is_written_once_and_taken_back_once(scene: Scene) -> None:
    store, org_id, user_id, app_id = scene.store, scene.org_id, scene.user.id, scene.app.id
    given, again = scene.event("app.assign"), scene.event("app.assign")
    await store.assign(org_id, app_id, user_id, given)
    await store.assign(org_id, app_id, user_id, again)
    assert await scene.events("app.assign") == [(given.id, "app.assign")]
    assert await store.subject(org_id, user_id, app_id) == Subject(scene.user, assigned=True)

    taken, nothing = scene.event("app.unassign"), scene.event("app.unassign")
    assert await store.unassign(org_id, app_id, user_id, taken)
    assert not await store.unassign(org_id, app_id, user_id, nothing)
    assert await scene.events("app.unassign") == [(taken.id, "app.unassign")]
    assert await store.subject(org_id, user_id, app_id) == Subject(scene.user, assigned=False)


@pytest.mark.parametrize("status", ["staged", "provisioned", "suspended", "deprovisioned"])
async def test_OT_14_nothing_is_alive_for_a_user_who_is_not_active(scene: Scene, status: str) -> None:
    ticket = await scene.mint()
    changed = await scene.change_user(status=status)
    assert await scene.store.user(scene.org_id, changed.id) == changed
    assert await scene.find(ticket) is None
    assert await scene.spend(ticket) is None
    assert not await scene.store.commit(scene.writing(guard=scene.guard))


async def test_a_user_has_the_active_applications_that_are_theirs_or_everybodys(scene: Scene) -> None:
    store, org_id, user_id = scene.store, scene.org_id, scene.user.id
    mine, open_to_all, off, not_mine = (
        an_application(org_id, **changes)
        for changes in ({}, {"everyone": True}, {"everyone": True, "status": "inactive"}, {})
    )
    for app in (mine, open_to_all, off, not_mine):
        await store.put_application(app, scene.event())
    other = a_user(org_id)
    await store.add_user(other, scene.event())
    for app, user in ((mine, scene.user), (open_to_all, scene.user), (off, scene.user), (not_mine, other)):
        await store.assign(org_id, app.id, user.id, scene.event())
    assert await store.applications_of(org_id, user_id) == sorted([mine, open_to_all], key=lambda app: app.id)
    assert await store.applications_of(org_id, other.id) == sorted([open_to_all, not_mine], key=lambda app: app.id)
    await store.unassign(org_id, mine.id, user_id, scene.event())
    assert await store.applications_of(org_id, user_id) == [open_to_all]


async def test_only_what_exists_is_assigned(scene: Scene) -> None:
    event = scene.event("app.assign")
    with pytest.raises(NotFound):
        await scene.store.assign(scene.org_id, ident("0oa"), scene.user.id, event)
    with pytest.raises(NotFound):
        await scene.store.assign(scene.org_id, scene.app.id, ident(), event)
    assert await scene.events("app.assign") == []


async def test_a_subject_is_the_user_with_groups_and_the_application_in_question(scene: Scene) -> None:
    store, org_id, user_id = scene.store, scene.org_id, scene.user.id
    other = an_application(org_id, everyone=True)
    await store.put_application(other, scene.event())
    await store.assign(org_id, scene.app.id, user_id, scene.event())
    for group in ("g1", "g2", "g3"):
        await scene.database.execute("INSERT INTO groups (org_id, id, name) VALUES ($1, $2, $3)", org_id, group, group)
    for group in ("g1", "g3"):
        text = "INSERT INTO group_members (org_id, user_id, group_id) VALUES ($1, $2, $3)"
        await scene.database.execute(text, org_id, user_id, group)

    groups = frozenset({"g1", "g3"})
    assert await store.subject(org_id, user_id, scene.app.id) == Subject(scene.user, True, groups)
    assert await store.subject(org_id, user_id, None) == Subject(scene.user, False, groups)
    # Whether an application is for everyone is its own setting; a subject says what is assigned by name.
    assert await store.subject(org_id, user_id, other.id) == Subject(scene.user, False, groups)
    assert await store.subject(org_id, ident(), None) is None


async def test_a_password_hash_is_upgraded_only_from_the_one_that_was_checked(scene: Scene) -> None:
    store, org_id, user_id = scene.store, scene.org_id, scene.user.id
    assert scene.user.password_hash
    assert not await store.upgrade_password_hash(org_id, user_id, "something else", "new")
    assert await store.upgrade_password_hash(org_id, user_id, scene.user.password_hash, "new")
    assert await store.user(org_id, user_id) == replace(scene.user, password_hash="new")
    assert not await store.upgrade_password_hash(org_id, user_id, scene.user.password_hash, "newer")
    assert not await store.upgrade_password_hash(org_id, ident(), "new", "newer")
