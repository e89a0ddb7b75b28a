"""Which users a list asks for, and in which order."""

from typing import Final

from segue.core.condition import AllOf, AnyOf, Condition, Negated, Order, Where
from segue.core.org import PasswordRules
from segue.core.user import User
from segue.dialects.okta.admin.conditions import ListFields, read_condition
from segue.dialects.okta.admin.filters import BadFilter, Comparison
from segue.dialects.okta.admin.paging import page_after
from segue.dialects.okta.admin.user_shapes import STATUS_WORDS
from segue.dialects.okta.errors import ValidationFailed
from segue.policy.user_state import UserState
from segue.stores import UserStore
from segue.web.message import Request

_DAY_MS: Final = 24 * 3_600_000
_MOMENTS: Final = {
    "created": "created_at",
    "activated": "activated_at",
    "statusChanged": "status_changed_at",
    "lastUpdated": "updated_at",
    "passwordChanged": "password_changed_at",
}
_TEXTS: Final = {"id": "id", "profile.login": "login"}
_LONGEST_TEXT: Final = 256
_BEGINNINGS: Final = ("profile.firstName", "profile.lastName", "profile.email", "login")


def wanted_users(request: Request) -> Condition | None:
    """What ``q``, ``filter`` and ``search`` ask for together. Who was deactivated is listed only where a filter asks.

    Raises ValidationFailed.
    """
    rules, query = request.site.org.settings.password_rules, request.query
    fields = _fields(rules, request.now_at)
    parts = [read_condition(text, name, fields) for name in ("filter", "search") if (text := query.get(name))]
    if not parts:
        parts.append(Where("status", "ne", "deprovisioned"))
    beginning = query.get("q")
    if beginning:
        if len(beginning) > _LONGEST_TEXT:
            raise ValidationFailed("q", "q", f"q: a text of at most {_LONGEST_TEXT} characters")
        parts.append(AnyOf(tuple(Where(name, "sw", beginning) for name in _BEGINNINGS)))
    return AllOf(tuple(parts))


async def wanted_order(request: Request, store: UserStore) -> Order | None:
    """``sortBy`` and ``sortOrder``, and where the page before ended: behind its last user, wherever they stand by now.
    None for the order of ids. Raises ValidationFailed."""
    name, direction = request.query.get("sortBy"), (request.query.get("sortOrder") or "asc").lower()
    if direction not in ("asc", "desc"):
        raise ValidationFailed("sortOrder", "sortOrder", "sortOrder: asc or desc")
    if not name:
        return None
    field = _sort_field(name)
    after = page_after(request)
    if not after:
        return Order(field, direction == "desc")
    last = await store.user(request.site.org.id, after)
    if last is None:
        raise ValidationFailed("after", "after", "after: the last user of the page before is gone, so begin again")
    return Order(field, direction == "desc", (_sorted_by(last, field), last.id))


def state_condition(state: UserState, rules: PasswordRules, now_at: int) -> Condition:
    """The condition of the accounts that stand so (``policy.user_state``)."""
    if state in ("staged", "suspended", "deprovisioned"):
        return Where("status", "eq", state)
    active, password = Where("status", "eq", "active"), Where("has_password", "eq", True)
    locked = AllOf((Where("locked", "eq", True), Where("limits_exempt", "eq", False)))
    ended: Condition = Where("password_temporary", "eq", True)
    if rules.expire_days:
        ended = AnyOf((ended, Where("password_changed_at", "le", now_at - rules.expire_days * _DAY_MS)))
    match state:
        case "provisioned" | "recovery":
            before = Where("activated_at", "eq" if state == "provisioned" else "ne", 0)
            return AllOf((active, Where("has_password", "eq", False), before))
        case "locked":
            return AllOf((active, password, locked))
        case "password_expired":
            return AllOf((active, password, Negated(locked), ended))
    return AllOf((active, password, Negated(locked), Negated(ended)))


def _fields(rules: PasswordRules, now_at: int) -> ListFields:
    def status(wanted: Comparison) -> Condition:
        words = {word.lower(): state for state, word in STATUS_WORDS.items()}
        state = words.get(str(wanted.value).lower())
        if wanted.operator not in ("eq", "ne") or state is None:
            raise BadFilter(f"status is eq or ne to one of {', '.join(STATUS_WORDS.values())}")
        condition = state_condition(state, rules, now_at)
        return condition if wanted.operator == "eq" else Negated(condition)

    return ListFields(
        {
            **{name: (field, "moment") for name, field in _MOMENTS.items()},
            **{name: (field, "text") for name, field in _TEXTS.items()},
        },
        open_profile=True,
        words={"status": status},
    )


def _sort_field(name: str) -> str:
    known = _fields(PasswordRules(), 0).known(name)
    if known is None or known == "status":
        raise ValidationFailed("sortBy", "sortBy", f"sortBy: this list is not ordered by {name[:80]}")
    return _MOMENTS.get(known) or _TEXTS.get(known) or known


def _sorted_by(user: User, field: str) -> str | int:
    """As storage orders: texts without regard to the case of ASCII letters, "" for what is absent."""
    if field.startswith("profile."):
        return _folded(user.profile.get(field.removeprefix("profile."), ""))
    value = getattr(user, field)
    return value if isinstance(value, int) else _folded(str(value))


def _folded(text: str) -> str:
    return "".join(char.lower() if char.isascii() else char for char in text)
