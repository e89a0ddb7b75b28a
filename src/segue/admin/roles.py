"""Who administers an org: roles given to users and taken back, and what they let somebody do.

Nobody gives more than they have, and nobody changes an account that may do more than they may themselves: whoever can
set a password can be that user (MG-02). The command line has no such limits; it is where an org that lost its owners
gets one back.
"""

from collections.abc import Iterable, Sequence
from typing import Final

from segue.admin.actor import ROLES, Actor
from segue.admin.change import Change, invalid, missing
from segue.core.refusal import Refusal
from segue.core.user import Role, RoleAssignment, User
from segue.core.verdict import Check, Verdict
from segue.stores import NotFound, UserStore

MANAGE_ROLES: Final = "roles.manage"


def read_role(text: str) -> Role:
    """The role of that name. Raises Refusal ``invalid_value``."""
    for role in ROLES:
        if role == text:
            return role
    names = ", ".join(ROLES)
    raise invalid("role", f"A role is one of: {names}.", expected=names, seen=text[:64])


async def assign_role(store: UserStore, user: User, role: Role, change: Change) -> None:
    """Gives a user a role; nothing happens where they have it. Raises Refusal ``forbidden``, ``not_found``."""
    _check_own(ROLES[role], change)
    assignment = RoleAssignment(change.org_id, user.id, role, change.now_at)
    try:
        await store.assign_role(assignment, change.event("role.assign", user_id=user.id, role=role))
    except NotFound:
        raise missing("user", user.id, "There is no such user.") from None


async def remove_role(store: UserStore, user: User, role: Role, change: Change) -> None:
    """Takes a role back, at once for whoever uses it.

    Raises Refusal ``forbidden``, ``not_found`` where the user does not have it, ``invalid_value`` where nobody active
    would be left who may do everything.
    """
    _check_own(ROLES[role], change)
    if role == "owner" and not await _other_owner(store, user.id, change):
        raise invalid("role", "This is the last owner; make somebody else an owner first.")
    if not await store.remove_role(
        change.org_id, user.id, role, change.event("role.remove", user_id=user.id, role=role)
    ):
        raise missing("role", role, "The user does not have this role.")


async def roles_of(store: UserStore, user_id: str, change: Change) -> tuple[Role, ...]:
    """The roles of a user, none for somebody who administers nothing."""
    return tuple(found.role for found in await store.role_assignments(change.org_id, user_id))


async def list_roles(store: UserStore, change: Change) -> Sequence[RoleAssignment]:
    """Everybody who administers the org."""
    return await store.role_assignments(change.org_id)


async def actor_of(store: UserStore, org_id: str, user_id: str) -> Actor | None:
    """The user as an actor of administration; None for somebody without a role, or who is not active."""
    user = await store.user(org_id, user_id)
    return None if user is None or not user.active else await actor_by_roles(store, org_id, user_id)


async def actor_by_roles(store: UserStore, org_id: str, user_id: str) -> Actor | None:
    """:func:`actor_of` for a caller who knows already that the user is active."""
    found = await store.role_assignments(org_id, user_id)
    return Actor(user_id, permissions_of(each.role for each in found)) if found else None


def permissions_of(roles: Iterable[Role]) -> frozenset[str]:
    return frozenset().union(*(ROLES[role] for role in roles))


async def check_reach(store: UserStore, user_id: str, change: Change) -> None:
    """Raises Refusal ``forbidden`` where the user may do things in this org that whoever makes the change may not."""
    if change.actor is None or change.actor.id == user_id or change.actor.may(MANAGE_ROLES):
        return
    roles = await roles_of(store, user_id, change)
    if not change.actor.covers(permissions_of(roles)):
        raise _forbidden("reach", " ".join(roles), "Ask somebody whose role is at least that of the user.")


def _check_own(permissions: frozenset[str], change: Change) -> None:
    if change.actor is None:
        return
    change.actor.require(MANAGE_ROLES)
    if not change.actor.covers(permissions):
        raise _forbidden("own_role", " ".join(sorted(permissions)), "Nobody gives or takes a role beyond their own.")


async def _other_owner(store: UserStore, user_id: str, change: Change) -> bool:
    for found in await store.role_assignments(change.org_id):
        if found.role == "owner" and found.user_id != user_id:
            owner = await store.user(change.org_id, found.user_id)
            if owner is not None and owner.active:
                return True
    return False


def _forbidden(check: str, seen: str, mend: str) -> Refusal:
    made = Check(check, passed=False, expected="no more than one's own", seen=seen, mend=mend)
    return Refusal("forbidden", "You are not allowed to do this.", Verdict((made,), rule="role"))
