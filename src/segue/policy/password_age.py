"""How long a password may still be used."""

from typing import Final, Literal

from segue.core.org import PasswordRules
from segue.core.user import User

PasswordState = Literal["good", "ends_soon", "ended"]

_DAY_MS: Final = 24 * 3_600_000


def password_state(rules: PasswordRules, user: User, now_at: int) -> PasswordState:
    """Whether the password may still be used (epoch ms); a temporary one is good for nothing but to be changed."""
    if user.password_temporary:
        return "ended"
    left_ms = _left_ms(rules, user, now_at)
    if left_ms is None:
        return "good"
    if left_ms <= 0:
        return "ended"
    return "ends_soon" if left_ms <= rules.warn_days * _DAY_MS else "good"


def password_days_left(rules: PasswordRules, user: User, now_at: int) -> int | None:
    """Whole days until the password has to be changed, 0 where it has to be now; None where it never has to."""
    if user.password_temporary:
        return 0
    left_ms = _left_ms(rules, user, now_at)
    return None if left_ms is None else max(0, left_ms // _DAY_MS)


def _left_ms(rules: PasswordRules, user: User, now_at: int) -> int | None:
    if not rules.expire_days:
        return None
    since_at = user.password_changed_at or user.created_at
    return since_at + rules.expire_days * _DAY_MS - now_at
