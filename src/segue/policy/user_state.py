"""How an account stands, for people and programs that manage it: its status, and what of it keeps the user out."""

from typing import Final, Literal

from segue.core.org import PasswordRules
from segue.core.user import User
from segue.policy.password_age import password_state

UserState = Literal[
    "staged",
    "provisioned",
    "active",
    "recovery",
    "password_expired",
    "locked",
    "suspended",
    "deprovisioned",
]

STATES: Final[tuple[UserState, ...]] = (
    "staged",
    "provisioned",
    "active",
    "recovery",
    "password_expired",
    "locked",
    "suspended",
    "deprovisioned",
)


def user_state(user: User, rules: PasswordRules, *, locked: bool, now_at: int) -> UserState:
    """``provisioned`` waits for a first password, ``recovery`` for a new one; ``locked`` is who tried too many wrong
    ones. ``now_at`` is epoch ms."""
    if not user.active:
        return user.status
    if user.password_hash is None:
        return "recovery" if user.activated_at else "provisioned"
    if locked and not user.limits_exempt:
        return "locked"
    return "password_expired" if password_state(rules, user, now_at) == "ended" else "active"
