"""What becomes of an account: activated, suspended, unlocked, recovered, removed.

Every operation says which accounts it is for; whatever ends the use of an account also ends what was issued to it.
"""

from collections.abc import Collection
from dataclasses import replace
from typing import Final

from segue.admin.change import Change
from segue.admin.roles import check_reach
from segue.admin.users import find_user, set_password, set_status, update_user
from segue.core.org import PasswordRules
from segue.core.refusal import Refusal
from segue.core.secret import RandomBytes
from segue.core.user import User
from segue.core.verdict import Check, Verdict
from segue.policy.user_state import UserState, user_state
from segue.signin.passwords import PasswordHasher
from segue.signin.verification import answers_key
from segue.stores import SignIns, Store

_SIGNS: Final = "abcdefghjkmnpqrstuvwxyzABCDEFGHJKLMNPQRSTUVWXYZ23456789"
_TEMPORARY_CHARS: Final = 16


async def state_of(store: Store, rules: PasswordRules, user: User, change: Change) -> UserState:
    """How the account stands now."""
    standing = await store.sign_ins(user.org_id, (user.id,))
    return user_state(user, rules, locked=standing.get(user.id, SignIns()).locked, now_at=change.now_at)


async def activate(store: Store, user: User, change: Change) -> User:
    """Opens a staged or deprovisioned account; without a password it waits for one to be chosen by a link.

    Raises Refusal ``already_active``, ``changed_meanwhile``.
    """
    if user.status not in ("staged", "deprovisioned"):
        raise _refused("already_active", "The user is active already.", user.status, "staged or deprovisioned")
    return await set_status(store, user.id, "active", change)


async def deactivate(store: Store, user: User, change: Change) -> User:
    """Closes an account for good or until it is activated again; all that was issued ends. Raises Refusal."""
    _require(user.status != "deprovisioned", user.status, "any other status", "The user is deactivated already.")
    return await set_status(store, user.id, "deprovisioned", change)


async def suspend(store: Store, user: User, change: Change) -> User:
    """Keeps an active user out; all that was issued ends. Raises Refusal ``wrong_status``."""
    _require(user.active, user.status, "active", "Cannot suspend a user that is not active.")
    return await set_status(store, user.id, "suspended", change)


async def unsuspend(store: Store, user: User, change: Change) -> User:
    """Lets a suspended user in again. Raises Refusal ``wrong_status``."""
    _require(user.status == "suspended", user.status, "suspended", "Cannot unsuspend a user that is not suspended.")
    return await set_status(store, user.id, "active", change)


async def unlock(store: Store, user: User, change: Change) -> None:
    """Ends the lock of too many wrong passwords or answers. Raises Refusal ``not_locked``."""
    await check_reach(store, user.id, change)
    standing = await store.sign_ins(user.org_id, (user.id,))
    if not standing.get(user.id, SignIns()).locked:
        raise _refused("not_locked", "The user is not locked out.", "not locked", "locked")
    for key in (user.id, answers_key(user)):
        await store.clear_attempts(user.org_id, key)
    await store.append((change.event("user.unlock", user_id=user.id),))


async def reset_factors(store: Store, user: User, change: Change) -> int:
    """Removes all factors and remembered devices of a user, and ends what was issued; how many factors there were."""
    await check_reach(store, user.id, change)
    factors = await store.factors(user.org_id, user.id)
    for factor in factors:
        event = change.event("factor.remove", user_id=user.id, factor=factor.id, factor_type=factor.type)
        await store.remove_factor(user.org_id, user.id, factor.id, event)
    await store.forget_devices(user.org_id, user.id)
    await update_user(
        store,
        user.id,
        lambda now: replace(now, stamp=now.stamp + 1),
        lambda before, after: change.event("user.reset_factors", user_id=user.id, factors=len(factors)),
        change,
    )
    return len(factors)


async def require_recovery(store: Store, user: User, change: Change) -> User:
    """Takes the password away, so that the user has to choose another by a link; all that was issued ends.

    Raises Refusal ``wrong_status`` for a user who never had one, or who is kept out.
    """
    _require(
        user.active and bool(user.activated_at), user.status, "active", "Only an active user's password can be reset."
    )
    return await update_user(
        store,
        user.id,
        lambda now: replace(
            now, password_hash=None, password_temporary=False, stamp=now.stamp + 1, status_changed_at=change.now_at
        ),
        lambda before, after: change.event("user.reset_password", user_id=user.id),
        change,
    )


async def expire_password(store: Store, user: User, change: Change) -> User:
    """Has the user choose another password at the next sign-in. Raises Refusal ``wrong_status``."""
    _with_password(user)
    return await update_user(
        store,
        user.id,
        lambda now: replace(now, password_temporary=True, status_changed_at=change.now_at),
        lambda before, after: change.event("user.expire_password", user_id=user.id),
        change,
    )


async def give_temporary_password(store: Store, hasher: PasswordHasher, user: User, change: Change) -> tuple[User, str]:
    """A password made here, good for nothing but to choose another; all that was issued ends. Raises Refusal."""
    _with_password(user)
    password = temporary_password(change.random)
    changed = await set_password(store, hasher, user.id, password, change, temporary=True)
    await store.clear_attempts(user.org_id, user.id)
    return changed, password


async def remove(store: Store, user: User, change: Change) -> None:
    """Removes a deactivated user with all that is on record of them; the events stay. Raises Refusal."""
    await check_reach(store, user.id, change)
    event = change.event("user.remove", user_id=user.id, login=user.login)
    if not await store.remove_user(user.org_id, user.id, event):
        now = await find_user(store, user.id, change)
        raise _refused("wrong_status", "Only a deactivated user can be removed.", now.status, "deprovisioned")


def require_state(state: UserState, allowed: Collection[UserState], public: str) -> None:
    """Raises Refusal ``wrong_status`` where the account stands otherwise."""
    _require(state in allowed, state, " or ".join(sorted(allowed)), public)


def temporary_password(random: RandomBytes) -> str:
    """16 characters without those that look alike: more than 92 bits."""
    chosen: list[str] = []
    while len(chosen) < _TEMPORARY_CHARS:
        # A byte beyond the last whole round of signs would make the first ones likelier.
        chosen += [_SIGNS[byte % len(_SIGNS)] for byte in random(32) if byte < 256 // len(_SIGNS) * len(_SIGNS)]
    return "".join(chosen[:_TEMPORARY_CHARS])


def _with_password(user: User) -> None:
    has_one = user.active and user.password_hash is not None
    _require(has_one, user.status, "active, with a password", "Only an active user's password can expire.")


def _require(condition: bool, seen: str, expected: str, public: str) -> None:
    if not condition:
        raise _refused("wrong_status", public, seen, expected)


def _refused(reason: str, public: str, seen: str, expected: str) -> Refusal:
    check = Check("user_status", passed=False, expected=expected, seen=seen, mend=public)
    return Refusal(reason, public, Verdict((check,), rule="lifecycle"))
