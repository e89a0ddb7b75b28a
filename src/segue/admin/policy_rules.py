"""What may stand in a rule of a policy: every id names something, every number can be kept, every factor exists."""

from typing import Final, get_args

from segue.admin.change import Change, invalid
from segue.core.assurance import PASSWORD
from segue.core.factor import FactorType
from segue.core.org import everyone_id
from segue.core.policy import ALL_ZONES, Conditions, PolicySet, SessionLimits
from segue.core.requirement import Need, Requirement
from segue.core.user import User
from segue.stores import Store

MOST_IDS: Final = 100
MOST_CONSTRAINTS: Final = 10
_LONGEST_S: Final = 365 * 24 * 3600
_METHODS: Final = frozenset({PASSWORD, *get_args(FactorType)})
_KNOWLEDGE: Final = frozenset({PASSWORD, "question"})


async def check_conditions(store: Store, conditions: Conditions, known: PolicySet, change: Change) -> None:
    """Raises Refusal ``invalid_value`` where a user, group or zone is not of this org: a rule that names nobody would
    be taken for one that protects somebody."""
    for field, selection in (
        ("users", conditions.users),
        ("groups", conditions.groups),
        ("zones", conditions.zones),
        ("userType", conditions.user_types),
    ):
        if len(selection.include) + len(selection.exclude) > MOST_IDS:
            raise invalid(field, f"A rule names at most {MOST_IDS} of each.")
        if not selection.include.isdisjoint(selection.exclude):
            raise invalid(field, "Something is included and excluded at once.")
    for user_id in sorted(conditions.users.include | conditions.users.exclude):
        user: User | None = await store.user(change.org_id, user_id)
        if user is None:
            raise invalid("users", "There is no such user.", seen=user_id[:64])
    for group_id in sorted(conditions.groups.include | conditions.groups.exclude):
        if not await _is_group(store, group_id, change):
            raise invalid("groups", "There is no such group.", seen=group_id[:64])
    zones = {zone.id for zone in known.zones if not zone.blocks} | {ALL_ZONES}
    for zone_id in sorted(conditions.zones.include | conditions.zones.exclude):
        if zone_id not in zones:
            raise invalid("zones", "There is no such zone that rules can speak of.", seen=zone_id[:64])
    for name in conditions.user_types.include | conditions.user_types.exclude:
        if not 1 <= len(name) <= MOST_IDS:
            raise invalid("userType", f"A user type has 1 to {MOST_IDS} characters.")


def check_requirement(requirement: Requirement) -> None:
    """Raises Refusal ``invalid_value`` where nobody could ever meet it, or a number makes no sense."""
    if requirement.factors not in (1, 2):
        raise invalid("factorMode", "A rule asks for one factor or for two.", seen=str(requirement.factors))
    _check_age("reauthenticateIn", requirement.reauthenticate_s)
    for one_of in requirement.constraints:
        if not 1 <= len(one_of) <= MOST_CONSTRAINTS:
            raise invalid("constraints", f"There are 1 to {MOST_CONSTRAINTS} constraints, of which one has to be met.")
        if not all(constraint.needs for constraint in one_of):
            raise invalid("constraints", "A constraint asks for knowledge, for possession or for both.")
    for need in requirement.needs:
        _check_need(need)


def check_limits(limits: SessionLimits) -> None:
    """Raises Refusal ``invalid_value``."""
    for field, seconds in (("maxSessionIdleMinutes", limits.idle_s), ("maxSessionLifetimeMinutes", limits.life_s)):
        if seconds is not None and not 60 <= seconds <= _LONGEST_S:
            raise invalid(field, "A session lasts a minute to a year.", seen=f"{seconds} s")


def _check_need(need: Need) -> None:
    _check_age("reauthenticateIn", need.max_age_s)
    if not need.methods <= _METHODS:
        raise invalid("methods", "There is no such factor.", seen=" ".join(sorted(need.methods - _METHODS))[:64])
    fitting = _KNOWLEDGE if need.kind == "knowledge" else _METHODS - _KNOWLEDGE
    if need.methods and need.methods.isdisjoint(fitting):
        raise invalid(
            "methods", f"None of the methods is a factor of {need.kind}.", seen=" ".join(sorted(need.methods))
        )
    worth = need.worth
    special = worth.phishing_resistant or worth.hardware_protected or worth.user_verified
    if special and need.methods and "webauthn" not in need.methods:
        raise invalid("methods", "Only security keys can be worth what the constraint asks: allow WEBAUTHN.")


def _check_age(field: str, seconds: int | None) -> None:
    if seconds is not None and not 0 <= seconds <= _LONGEST_S:
        raise invalid(field, "An age is at most a year.", seen=f"{seconds} s")


async def _is_group(store: Store, group_id: str, change: Change) -> bool:
    """Whether the org has that group: of ids that differ in their last sign alone there are fewer than a page."""
    if group_id == everyone_id(change.org_id):
        return True
    found = await store.groups(change.org_id, after=group_id[:-1], limit=100)
    return any(group.id == group_id for group in found)
