"""Users, on a real store."""

import asyncio

import pytest
from tests.unit.admin.desk import ORG_ID, PASSWORD, Desk, refused

from segue.admin import users
from segue.admin.users import NewUser
from segue.core.identifiers import normalise_password


async def test_a_user_is_added_with_profile_password_and_event(desk: Desk) -> None:
    new = NewUser(" Ann@Corp.Test ", {"firstName": "Ann", "email": "ann@corp.test"}, PASSWORD)
    user = await users.add_user(desk.store, desk.hasher, new, desk.change)
    stored = await desk.store.user(ORG_ID, user.id)
    assert stored == user
    assert (user.login, user.login_key, user.status, user.stamp) == ("Ann@Corp.Test", "ann@corp.test", "active", 1)
    assert user.id.startswith("00u")
    assert (await desk.hasher.verify(user.password_hash, normalise_password(PASSWORD))).ok
    (event,) = desk.events("user.add")
    assert (event["actor_id"], event["user_id"], event["detail"]) == ("cli:tester", user.id, {"login": "Ann@Corp.Test"})


async def test_KE_01_the_password_itself_is_nowhere(desk: Desk) -> None:
    await users.add_user(desk.store, desk.hasher, NewUser("ann", {}, PASSWORD), desk.change)
    assert PASSWORD.encode() not in desk.dump()
    assert PASSWORD not in repr(NewUser("ann", {}, PASSWORD))


@pytest.mark.parametrize("login", ["ann", "ANN", "ａｎｎ"])
async def test_one_login_in_any_spelling_is_one_user(desk: Desk, login: str) -> None:
    await users.add_user(desk.store, desk.hasher, NewUser("Ann", {}), desk.change)
    await refused(users.add_user(desk.store, desk.hasher, NewUser(login, {}), desk.change), "already_exists", "login")
    assert len(desk.events("user.add")) == 1


@pytest.mark.parametrize(
    ("new", "field"),
    [
        (NewUser("", {}), "login"),
        (NewUser("two words", {}), "login"),
        (NewUser("x" * 257, {}), "login"),
        (NewUser("ann", {"bad name": "x"}), "profile"),
        (NewUser("ann", {"x" * 65: "x"}), "profile"),
        (NewUser("ann", {"nämé": "x"}), "profile"),
        (NewUser("ann", {f"field{n}": "x" for n in range(65)}), "profile"),
        (NewUser("ann", {"firstName": "A\nB"}), "firstName"),
        (NewUser("ann", {"firstName": "A\u202eB"}), "firstName"),
        (NewUser("ann", {"firstName": "A\ud800B"}), "firstName"),
        (NewUser("ann", {"firstName": "x" * 1025}), "firstName"),
        (NewUser("ann", {"email": "nobody"}), "email"),
        (NewUser("ann", {"email": "@corp.test"}), "email"),
        (NewUser("ann", {"email": "a b@corp.test"}), "email"),
        (NewUser("ann", {}, "short"), "password"),
        (NewUser("ann.miller", {}, "ann.miller1"), "password"),
        (NewUser("ann", {"lastName": "Millerowska"}, "Millerowska1"), "password"),
    ],
)
async def test_what_cannot_be_a_user_is_refused_by_field_and_leaves_nothing(
    desk: Desk, new: NewUser, field: str
) -> None:
    await refused(users.add_user(desk.store, desk.hasher, new, desk.change), "invalid_value", field)
    assert not await users.list_users(desk.store, desk.change)
    assert not desk.events("user.add")


async def test_disabling_raises_the_stamp_and_says_so(desk: Desk) -> None:
    user = await users.add_user(desk.store, desk.hasher, NewUser("ann", {}, PASSWORD), desk.change)
    disabled = await users.set_status(desk.store, user.id, "suspended", desk.change)
    assert (disabled.status, disabled.stamp) == ("suspended", 2)
    assert await desk.store.user(ORG_ID, user.id) == disabled
    (event,) = desk.events("user.status")
    assert event["detail"] == {"before": "active", "after": "suspended"}
    again = await users.set_status(desk.store, user.id, "suspended", desk.change)
    assert again.stamp == 2
    assert len(desk.events("user.status")) == 1
    enabled = await users.set_status(desk.store, user.id, "active", desk.change)
    assert (enabled.status, enabled.stamp) == ("active", 3)


async def test_a_new_password_replaces_the_old_one_and_raises_the_stamp(desk: Desk) -> None:
    user = await users.add_user(desk.store, desk.hasher, NewUser("ann", {}, PASSWORD), desk.change)
    change = desk.later(5000)
    changed = await users.set_password(desk.store, desk.hasher, user.id, "another long evening", change)
    assert (changed.stamp, changed.password_changed_at) == (2, change.now_at)
    assert (await desk.hasher.verify(changed.password_hash, b"another long evening")).ok
    assert not (await desk.hasher.verify(changed.password_hash, normalise_password(PASSWORD))).ok
    assert len(desk.events("user.password")) == 1
    await refused(users.set_password(desk.store, desk.hasher, user.id, "ann", change), "invalid_value", "password")


async def test_a_new_profile_ends_nothing_and_names_the_fields_alone(desk: Desk) -> None:
    user = await users.add_user(desk.store, desk.hasher, NewUser("ann", {"city": "Leeds", "x": "1"}), desk.change)
    changed = await users.set_profile(desk.store, user.id, {"city": "York", "x": "1", "y": "2"}, desk.change)
    assert (changed.stamp, changed.profile["city"]) == (1, "York")
    (event,) = desk.events("user.profile")
    assert event["detail"] == {"fields": ["city", "y"]}
    await refused(users.set_profile(desk.store, user.id, {"email": "no"}, desk.change), "invalid_value", "email")


async def test_changes_at_the_same_moment_all_count(desk: Desk) -> None:
    user = await users.add_user(desk.store, desk.hasher, NewUser("ann", {}, PASSWORD), desk.change)
    await asyncio.gather(
        users.set_status(desk.store, user.id, "suspended", desk.change),
        users.set_password(desk.store, desk.hasher, user.id, "another long evening", desk.change),
    )
    after = await desk.store.user(ORG_ID, user.id)
    assert after is not None
    assert (after.status, after.stamp) == ("suspended", 3)
    assert (await desk.hasher.verify(after.password_hash, b"another long evening")).ok


async def test_a_user_is_found_by_id_login_and_short_name(desk: Desk) -> None:
    user = await users.add_user(desk.store, desk.hasher, NewUser("Ann@corp.test", {}), desk.change)
    for name in (user.id, "Ann@corp.test", "ANN@CORP.TEST", " ann "):
        assert (await users.find_user(desk.store, name, desk.change)).id == user.id
    for name in ("bob", "", "two words", "00u" + "x" * 17):
        await refused(users.find_user(desk.store, name, desk.change), "not_found", "user")


async def test_nobody_is_changed_who_is_not_there_or_of_another_org(desk: Desk) -> None:
    user = await users.add_user(desk.store, desk.hasher, NewUser("ann", {}, PASSWORD), desk.change)
    stranger = desk.change.of(desk.change.new_id("00o"))
    for change, user_id in ((desk.change, desk.change.new_id("00u")), (stranger, user.id)):
        await refused(users.set_status(desk.store, user_id, "suspended", change), "not_found")
        await refused(users.set_password(desk.store, desk.hasher, user_id, "another long evening", change), "not_found")
        await refused(users.set_profile(desk.store, user_id, {}, change), "not_found")
    assert await desk.store.user(ORG_ID, user.id) == user


async def test_users_are_listed_a_page_at_a_time(desk: Desk) -> None:
    added = {
        (await users.add_user(desk.store, desk.hasher, NewUser(f"user{n}", {}), desk.later(n))).id for n in range(5)
    }
    seen: list[str] = []
    while page := await users.list_users(desk.store, desk.change, after=seen[-1] if seen else "", limit=2):
        assert len(page) <= 2
        seen += [user.id for user in page]
    assert seen == sorted(added)
