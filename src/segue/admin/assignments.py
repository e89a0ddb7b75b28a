"""Applications assigned to users and to groups, with what belongs to an assignment."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Final

from segue.admin.change import Change, invalid, missing
from segue.admin.text import check_value
from segue.core.assignment import GroupAssignment, UserAssignment
from segue.core.org import everyone_id
from segue.core.strict import JsonValue
from segue.stores import NotFound, Store

_LONGEST_NAME: Final = 100
_LAST_PRIORITY: Final = 100
_SCAN: Final = 200


@dataclass(frozen=True, slots=True)
class WantedAssignment:
    """What an assignment by name says: what the application calls the user ("": by their login), and what is kept."""

    user_name: str = ""
    profile: Mapping[str, JsonValue] = field(default_factory=dict)


async def assign_user(
    store: Store, app_id: str, user_id: str, wanted: WantedAssignment, change: Change
) -> UserAssignment:
    """Assigns an application to a user by name, or changes what the assignment says. What an application calls its
    users decides who somebody is there, so the event names it. Raises Refusal ``not_found``, ``invalid_value``."""
    name = wanted.user_name.strip()
    check_value("user_name", name)
    if len(name) > _LONGEST_NAME:
        raise invalid("user_name", f"The user name has at most {_LONGEST_NAME} characters.")
    await _known_app(store, app_id, change)
    user = await store.user(change.org_id, user_id)
    if user is None:
        raise missing("user", user_id, "There is no such user.")
    made = UserAssignment(
        org_id=change.org_id,
        app_id=app_id,
        user_id=user_id,
        user_name="" if name == user.login else name,
        profile=wanted.profile,
        created_at=change.now_at,
        updated_at=change.now_at,
    )
    event = change.event("application.assign", user_id=user_id, app_id=app_id, user_name=made.user_name)
    try:
        await store.put_assignment(made, event)
    except NotFound:
        raise missing("assignment", f"{app_id} {user_id}", "There is no such application or no such user.") from None
    return replace(made, login=user.login)


async def find_assignment(store: Store, app_id: str, user_id: str, change: Change) -> UserAssignment:
    """How an application is assigned to a user, by name or through a group. Raises Refusal ``not_found``."""
    found = await store.assignment(change.org_id, app_id, user_id)
    if found is None:
        raise missing("assignment", user_id, "The application is not assigned to this user.")
    return found


async def list_assignments(
    store: Store, app_id: str, change: Change, *, begins: str = "", after: str = "", limit: int = 100
) -> Sequence[UserAssignment]:
    """Everybody who has an application in order of the user's id; ``begins`` is how their name there begins."""
    found: list[UserAssignment] = []
    wanted = begins.lower()
    while len(found) < limit and (
        page := await store.assignments(change.org_id, app_id, after=after, limit=_SCAN if wanted else limit)
    ):
        found += [one for one in page if (one.user_name or one.login).lower().startswith(wanted)]
        after = page[-1].user_id
    return found[:limit]


async def assign_group(
    store: Store, app_id: str, group_id: str, priority: int, profile: Mapping[str, JsonValue], change: Change
) -> GroupAssignment:
    """Assigns an application to whoever is in a group, now and later. Raises Refusal ``not_found``,
    ``invalid_value``."""
    if not 0 <= priority <= _LAST_PRIORITY:
        raise invalid("priority", f"The priority is a number from 0 to {_LAST_PRIORITY}.")
    await _known_app(store, app_id, change)
    if group_id == everyone_id(change.org_id):
        raise invalid("group", "Everybody is in this group. Set the application to be for everyone instead.")
    made = GroupAssignment(change.org_id, app_id, group_id, priority, profile, change.now_at, change.now_at)
    event = change.event("application.assign_group", app_id=app_id, group_id=group_id)
    try:
        await store.put_group_assignment(made, event)
    except NotFound:
        raise missing("group", group_id, "There is no such group.") from None
    return made


async def unassign_group(store: Store, app_id: str, group_id: str, change: Change) -> bool:
    """Takes an application away from a group; whether it had it. Members who have it otherwise keep it."""
    event = change.event("application.unassign_group", app_id=app_id, group_id=group_id)
    return await store.remove_group_assignment(change.org_id, app_id, group_id, event)


async def find_group_assignment(store: Store, app_id: str, group_id: str, change: Change) -> GroupAssignment:
    """How an application is assigned to a group. Raises Refusal ``not_found``."""
    found = await store.group_assignment(change.org_id, app_id, group_id)
    if found is None:
        raise missing("group_assignment", group_id, "The application is not assigned to this group.")
    return found


async def _known_app(store: Store, app_id: str, change: Change) -> None:
    if await store.application(change.org_id, app_id) is None:
        raise missing("application", app_id, "There is no such application.")
