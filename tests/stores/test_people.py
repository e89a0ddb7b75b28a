"""Users and groups as they are listed, removed, and filled by rules: the same on both engines."""

from dataclasses import replace

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from tests.stores.scene import MINUTE_MS, Scene, a_user, an_application, ident, unique

from segue.core.condition import AllOf, AnyOf, Condition, Negated, Operator, Order, Where
from segue.core.org import Group, GroupRule, everyone_id
from segue.core.user import User
from segue.stores import SignIns

OPERATORS: tuple[Operator, ...] = ("eq", "ne", "sw", "ew", "co", "gt", "ge", "lt", "le")


async def several(scene: Scene) -> list[User]:
    """The scene's user and four others, in order of id."""
    people = [
        a_user(scene.org_id, profile={"firstName": "Zoë", "email": "ZOE@example.com", "city": "100%_sure"}),
        a_user(scene.org_id, profile={"firstName": "ann", "city": "Leeds"}, status="suspended", updated_at=5000),
        a_user(scene.org_id, profile={"firstName": "Ann"}, password_hash=None, updated_at=6000),
        a_user(scene.org_id, profile={"lastName": "back\\slash 'quote'"}, password_temporary=True, activated_at=9),
    ]
    for user in people:
        await scene.store.add_user(user, scene.event(user_id=user.id))
    return sorted([scene.user, *people], key=lambda user: user.id)


def says(user: User, where: Where) -> bool:
    """What a question about a text means, told once more and apart from SQL."""
    field = where.field.removeprefix("profile.")
    found = user.profile.get(field, "") if where.field.startswith("profile.") else str(getattr(user, field))
    here = "".join(char.lower() if char.isascii() else char for char in found)
    there = "".join(char.lower() if char.isascii() else char for char in str(where.value))
    match where.operator:
        case "eq":
            return here == there
        case "ne":
            return here != there
        case "sw":
            return bool(here) and here.startswith(there)
        case "ew":
            return bool(here) and here.endswith(there)
        case "co":
            return bool(here) and there in here
    left, right = here.encode(), there.encode()
    order = {"gt": left > right, "ge": left >= right, "lt": left < right, "le": left <= right}
    return bool(here) and order[where.operator]


async def found(scene: Scene, condition: Condition) -> list[str]:
    return [user.id for user in await scene.store.find_users(scene.org_id, condition)]


async def test_MG_04_a_condition_means_the_same_in_sql_and_out_of_it(scene: Scene) -> None:
    people = await several(scene)
    texts = ("ann", "ANN", "zoë", "Zoë", "%", "_", "\\", "'", "\"' OR 1=1 --", "100%_SURE", "leeds", "", "$1", "?1")
    for field in ("profile.firstName", "profile.city", "profile.lastName", "profile.email", "login", "status"):
        for operator in OPERATORS:
            for text in texts:
                where = Where(field, operator, text)
                assert await found(scene, where) == [user.id for user in people if says(user, where)], where


async def test_what_is_absent_and_what_is_not(scene: Scene) -> None:
    people = await several(scene)
    with_city = [user.id for user in people if "city" in user.profile]
    assert await found(scene, Where("profile.city", "pr")) == with_city
    assert await found(scene, Where("profile.city", "ne", None)) == with_city
    assert await found(scene, Negated(Where("profile.city", "pr"))) == [
        user.id for user in people if "city" not in user.profile
    ]
    assert await found(scene, Where("profile.city", "eq", None)) == [
        user.id for user in people if "city" not in user.profile
    ]
    assert await found(scene, Negated(Where("profile.nothing", "sw", "x"))) == [user.id for user in people]


async def test_conditions_are_joined(scene: Scene) -> None:
    people = await several(scene)
    anns = Where("profile.firstName", "eq", "ann")
    active = Where("status", "eq", "active")
    names = {user.id: user for user in people}
    both = [names[one].profile["firstName"] for one in await found(scene, AllOf((anns, active)))]
    assert both == ["Ann"]
    assert len(await found(scene, AnyOf((anns, active)))) == 5
    assert await found(scene, Where("has_password", "eq", False)) == await found(
        scene, Negated(Where("has_password", "eq", True))
    )
    assert len(await found(scene, Where("password_temporary", "eq", True))) == 1
    assert len(await found(scene, Where("updated_at", "gt", 5000))) == 1
    assert len(await found(scene, Where("updated_at", "pr"))) == 2
    assert await found(scene, Where("login_key", "eq", scene.user.login_key)) == [scene.user.id]


@pytest.mark.parametrize(
    "wrong",
    [
        Where("password_hash", "eq", "x"),
        Where("org_id", "ne", "x"),
        Where("profile.a'b", "eq", "x"),
        Where('profile.a"b', "eq", "x"),
        Where("profile.", "eq", "x"),
        Where("updated_at", "eq", "now"),
        Where("updated_at", "co", 3),
        Where("locked", "eq", "yes"),
        Where("locked", "gt", True),
        Where("id; DROP TABLE users", "eq", "x"),
    ],
)
async def test_MG_04_what_cannot_be_asked_is_refused(scene: Scene, wrong: Where) -> None:
    with pytest.raises(ValueError, match=r"."):
        await scene.store.find_users(scene.org_id, wrong)


@settings(max_examples=60, suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None)
@given(value=st.text(max_size=30), operator=st.sampled_from(OPERATORS))
async def test_MG_04_no_text_breaks_out_of_its_place(scene: Scene, value: str, operator: Operator) -> None:
    for field in ("profile.firstName", "login", "id"):
        answered = await scene.store.find_users(scene.org_id, Where(field, operator, value))
        assert {user.org_id for user in answered} <= {scene.org_id}


async def test_a_list_is_walked_in_any_order(scene: Scene) -> None:
    people = await several(scene)
    for field in ("profile.firstName", "profile.city", "login", "updated_at"):
        for descending in (False, True):
            order, seen = Order(field, descending), []
            while page := await scene.store.find_users(scene.org_id, order=order, limit=2):
                seen += page
                last = page[-1]
                raw = last.profile.get(field[8:], "") if field.startswith("profile.") else getattr(last, field)
                value = raw if isinstance(raw, int) else "".join(c.lower() if c.isascii() else c for c in raw)
                order = replace(order, after=(value, last.id))
            assert sorted(user.id for user in seen) == [user.id for user in people], field
            assert seen == list(await scene.store.find_users(scene.org_id, order=Order(field, descending)))
    with pytest.raises(ValueError, match="type"):
        await scene.store.find_users(scene.org_id, order=Order("updated_at", after=("x", "y")))
    with pytest.raises(ValueError, match="ordered"):
        await scene.store.find_users(scene.org_id, order=Order("locked"))


async def test_sign_ins_are_remembered_beside_the_count(scene: Scene) -> None:
    store, org_id, user_id = scene.store, scene.org_id, scene.user.id
    assert await store.sign_ins(org_id, (user_id,)) == {}
    await store.count_attempt(org_id, user_id, limit=1, lock_ms=MINUTE_MS)
    assert await store.sign_ins(org_id, (user_id, ident())) == {user_id: SignIns(True, 0)}
    assert await found(scene, Where("locked", "eq", True)) == [user_id]
    before = await store.ping()
    await store.clear_attempts(org_id, user_id, succeeded=True)
    signed_in = (await store.sign_ins(org_id, (user_id,)))[user_id]
    assert not signed_in.locked
    assert before <= signed_in.last_at <= await store.ping()
    assert await found(scene, Where("locked", "eq", True)) == []
    await store.count_attempt(org_id, user_id, limit=9, lock_ms=MINUTE_MS)
    await store.clear_attempts(org_id, user_id)
    assert (await store.sign_ins(org_id, (user_id,)))[user_id] == signed_in


async def test_MG_08_a_removed_user_leaves_nothing_that_works(scene: Scene) -> None:
    store, org_id = scene.store, scene.org_id
    session, app, group = await scene.session(), an_application(org_id), Group(ident("00g"), org_id, unique("g"))
    await store.put_application(app, scene.event())
    await store.put_group(group, scene.event())
    await store.assign(org_id, app.id, scene.user.id, scene.event())
    await store.add_member(org_id, group.id, scene.user.id, scene.event())
    await scene.factor()
    await store.remember_device(org_id, scene.user.id, "device", life_ms=MINUTE_MS)
    await store.count_attempt(org_id, scene.user.id, limit=9, lock_ms=MINUTE_MS)
    event = scene.event("user.remove")
    assert not await store.remove_user(org_id, scene.user.id, event)
    assert await scene.find(session) is not None
    await scene.change_user(status="deprovisioned", stamp=scene.user.stamp + 1)
    assert await store.remove_user(org_id, scene.user.id, event)
    assert not await store.remove_user(org_id, scene.user.id, scene.event("user.remove"))
    assert await store.user(org_id, scene.user.id) is None
    assert await scene.find(session) is None
    for table in ("users", "factors", "remembered_devices", "group_members", "assignments", "credentials"):
        assert await scene.database.rows(f"SELECT 1 FROM {table} WHERE org_id = $1", org_id) == [], table
    assert await scene.database.rows("SELECT 1 FROM login_attempts WHERE org_id = $1", org_id) == []
    assert await scene.events("user.remove") == [(event.id, "user.remove")]
    again = replace(scene.user, id=ident())
    await store.add_user(again, scene.event(user_id=again.id))
    assert await store.user_by_login(org_id, again.login_key) == again


async def test_everybody_is_in_the_built_in_group_and_it_stays(scene: Scene) -> None:
    store, org_id = scene.store, scene.org_id
    group = Group(everyone_id(org_id), org_id, "Everyone", type="built_in")
    await store.put_group(group, scene.event())
    subject = await store.subject(org_id, scene.user.id, None)
    assert subject is not None
    assert subject.group_ids == {group.id}
    assert not await store.remove_group(org_id, group.id, scene.event())
    assert await store.group(org_id, group.id) == group
    assert await store.groups_of(org_id, scene.user.id) == []
    await store.set_rule_members(org_id, scene.user.id, join=[group.id], leave=[], event=scene.event())
    assert await store.memberships(org_id, [scene.user.id]) == {scene.user.id: {}}


async def test_a_group_is_found_emptied_and_removed(scene: Scene) -> None:
    store, org_id = scene.store, scene.org_id
    group = Group(ident("00g"), org_id, unique("Ops"), "Keeps it running", created_at=3000, updated_at=3000)
    await store.put_group(group, scene.event())
    for user in (people := await several(scene)):
        await store.add_member(org_id, group.id, user.id, scene.event(user_id=user.id))
    first = await store.members(org_id, group.id, limit=2)
    rest = await store.members(org_id, group.id, after=first[-1].id)
    assert [*first, *rest] == people
    now = await store.group(org_id, group.id)
    assert now is not None
    assert now.members_changed_at > 0
    assert replace(now, members_changed_at=0) == group
    assert await store.find_groups(org_id, Where("name", "sw", "ops")) == [now]
    assert await store.find_groups(org_id, Where("description", "co", "nothing")) == []
    assert await store.remove_group(org_id, group.id, scene.event("group.remove"))
    assert not await store.remove_group(org_id, group.id, scene.event())
    assert await store.group(org_id, group.id) is None
    assert await store.groups_of(org_id, scene.user.id) == []


async def test_what_a_rule_did_is_told_from_what_people_did(scene: Scene) -> None:
    store, org_id, user_id = scene.store, scene.org_id, scene.user.id
    mine, ruled = (Group(ident("00g"), org_id, unique("g")) for _ in range(2))
    for group in (mine, ruled):
        await store.put_group(group, scene.event())
    await store.add_member(org_id, mine.id, user_id, scene.event())
    joined = scene.event("rule.apply")
    both, missing = [mine.id, ruled.id], ident("00g")
    assert await store.set_rule_members(org_id, user_id, join=[*both, missing], leave=[], event=joined)
    assert await store.memberships(org_id, [user_id]) == {user_id: {mine.id: False, ruled.id: True}}
    nothing = scene.event("rule.apply")
    assert not await store.set_rule_members(org_id, user_id, join=both, leave=[mine.id], event=nothing)
    assert await scene.events("rule.apply") == [(joined.id, "rule.apply")]
    await store.add_member(org_id, ruled.id, user_id, scene.event())
    assert not await store.set_rule_members(org_id, user_id, join=[], leave=both, event=nothing)
    await store.remove_member(org_id, ruled.id, user_id, scene.event())
    assert await store.set_rule_members(org_id, user_id, join=[ruled.id], leave=[], event=scene.event())
    assert await store.set_rule_members(org_id, user_id, join=[], leave=both, event=scene.event())
    assert await store.memberships(org_id, [user_id]) == {user_id: {mine.id: False}}


async def test_a_rule_is_kept_with_how_far_it_has_come(scene: Scene) -> None:
    store, org_id = scene.store, scene.org_id
    rule = GroupRule(
        ident("0pr"), org_id, unique("rule"), 'user.city == "Leeds"', ("g1",), ("u1",), "active", 1, 2, applied_to=""
    )
    await store.put_group_rule(rule, scene.event())
    assert await store.group_rules(org_id) == [rule]
    assert rule in await store.unfinished_rules()
    assert not await store.advance_group_rule(org_id, rule.id, before="x", now="y")
    assert await store.advance_group_rule(org_id, rule.id, before="", now="y")
    assert not await store.advance_group_rule(org_id, rule.id, before="", now="z")
    assert await store.advance_group_rule(org_id, rule.id, before="y", now=None)
    assert await store.group_rules(org_id) == [replace(rule, applied_to=None)]
    assert rule.id not in {one.id for one in await store.unfinished_rules()}
    assert await store.remove_group_rule(org_id, rule.id, scene.event())
    assert not await store.remove_group_rule(org_id, rule.id, scene.event())
