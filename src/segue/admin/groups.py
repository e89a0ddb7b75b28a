"""Groups and who is in them. Everybody is in the built-in one: nobody joins or leaves it."""

from dataclasses import replace

from segue.admin import prefixes
from segue.admin.change import Change, invalid, missing, taken
from segue.admin.group_rules import apply_rules
from segue.admin.text import MAX_VALUE_CHARS, check_value
from segue.core.org import Group, everyone_id
from segue.core.refusal import Refusal
from segue.core.user import User
from segue.core.verdict import Check, Verdict
from segue.stores import AlreadyExists, NotFound, Store

_MAX_NAME_CHARS = 255


async def create_group(store: Store, name: str, description: str, change: Change) -> Group:
    """A new group without members. Raises Refusal ``invalid_value``, ``already_exists``."""
    group = Group(
        id=change.new_id(prefixes.GROUP),
        org_id=change.org_id,
        name=_checked_name(name),
        description=_checked_description(description),
        created_at=change.now_at,
        updated_at=change.now_at,
    )
    await _put(store, group, "group.create", change)
    return group


async def find_group(store: Store, group_id: str, change: Change) -> Group:
    """Raises Refusal ``not_found``."""
    group = await store.group(change.org_id, group_id)
    if group is None:
        raise missing("group", group_id, "There is no such group.")
    return group


async def change_group(store: Store, group_id: str, name: str, description: str, change: Change) -> Group:
    """Raises Refusal ``not_found``, ``invalid_value``, ``already_exists``, ``built_in``."""
    group = await find_group(store, group_id, change)
    _require_standard(group)
    changed = replace(
        group, name=_checked_name(name), description=_checked_description(description), updated_at=change.now_at
    )
    await _put(store, changed, "group.update", change)
    return changed


async def remove_group(store: Store, group_id: str, change: Change) -> None:
    """Removes a group with all memberships and what was assigned to it. Raises Refusal ``not_found``, ``built_in``."""
    group = await find_group(store, group_id, change)
    _require_standard(group)
    event = change.event("group.remove", group_id=group.id, name=group.name)
    if not await store.remove_group(change.org_id, group.id, event):
        raise missing("group", group_id, "There is no such group.")


async def add_member(store: Store, group_id: str, user: User, change: Change) -> None:
    """Puts a user into a group in their own right. Who is there already stays. Raises Refusal."""
    group = await find_group(store, group_id, change)
    _require_standard(group)
    event = change.event("group.join", user_id=user.id, group_id=group.id, name=group.name)
    try:
        await store.add_member(change.org_id, group.id, user.id, event)
    except NotFound:
        raise missing("group", group_id, "There is no such group or user any more.") from None
    await apply_rules(store, user, change)


async def remove_member(store: Store, group_id: str, user: User, change: Change) -> None:
    """Takes a user out of a group; who is not in it is no trouble.

    Raises Refusal ``not_found``, ``built_in``, and ``by_rule`` for somebody whom a rule would put back at once.
    """
    group = await find_group(store, group_id, change)
    _require_standard(group)
    memberships = await store.memberships(change.org_id, [user.id])
    if memberships[user.id].get(group.id):
        sentence = "A rule puts this user into the group. Exclude the user from the rule, or change it."
        check = Check("membership", passed=False, expected="in their own right", seen="by a rule", mend=sentence)
        raise Refusal("by_rule", sentence, Verdict((check,), rule="group_rules"), user_id=user.id)
    event = change.event("group.leave", user_id=user.id, group_id=group.id, name=group.name)
    await store.remove_member(change.org_id, group.id, user.id, event)
    await apply_rules(store, user, change)


async def ensure_everyone(store: Store, change: Change) -> Group:
    """The built-in group of an org, made where it is not there yet."""
    known = await store.group(change.org_id, everyone_id(change.org_id))
    if known is not None:
        return known
    group = Group(
        everyone_id(change.org_id),
        change.org_id,
        "Everyone",
        "All users of this org",
        "built_in",
        created_at=change.now_at,
        updated_at=change.now_at,
    )
    await _put(store, group, "group.create", change)
    return group


async def _put(store: Store, group: Group, type: str, change: Change) -> None:
    try:
        await store.put_group(group, change.event(type, group_id=group.id, name=group.name))
    except AlreadyExists:
        raise taken("name", "There is a group of this name already.") from None


def _require_standard(group: Group) -> None:
    if group.type == "built_in":
        sentence = "Everybody is in this group: it cannot be changed, left or removed."
        check = Check("group_type", passed=False, expected="a group of the org's own", seen=group.name, mend=sentence)
        raise Refusal("built_in", sentence, Verdict((check,), rule="groups"))


def _checked_name(name: str) -> str:
    text = name.strip()
    if not 1 <= len(text) <= _MAX_NAME_CHARS:
        raise invalid("name", f"A group's name has 1 to {_MAX_NAME_CHARS} characters.")
    check_value("name", text)
    return text


def _checked_description(description: str) -> str:
    if len(description) > MAX_VALUE_CHARS:
        raise invalid("description", f"A description has at most {MAX_VALUE_CHARS} characters.")
    check_value("description", description)
    return description
