"""Sign-on policies: rules in an order, of which the first that matches decides.

A ``session`` policy is for everybody of its conditions who signs in to the org; an ``access`` policy is for the
applications that it is assigned to. Each ends with a rule that matches everybody.
"""

from collections.abc import Collection
from dataclasses import dataclass, field
from functools import lru_cache
from hashlib import sha256
from typing import Final, Literal

from segue.core.requirement import Requirement
from segue.core.zone import Zone

PolicyType = Literal["session", "access"]
Status = Literal["active", "inactive"]
Risk = Literal["low", "medium", "high"]
DeviceState = Literal["any", "known", "managed"]

POLICY_TYPES: Final[tuple[PolicyType, ...]] = ("session", "access")
ALL_ZONES: Final = "ALL_ZONES"
"""Stands for every zone that does not block."""
CATCH_ALL_PRIORITY: Final = 99
DEFAULT_PRIORITY: Final = 10_000


@dataclass(frozen=True, slots=True)
class Selection:
    """Ids that are meant and ids that are not; an empty ``include`` means everything."""

    include: frozenset[str] = frozenset()
    exclude: frozenset[str] = frozenset()

    def admits(self, values: Collection[str]) -> bool:
        return (not self.include or not self.include.isdisjoint(values)) and self.exclude.isdisjoint(values)


@dataclass(frozen=True, slots=True)
class Conditions:
    """Whom and what a rule is for; all of it has to hold.

    Users and groups are one condition: somebody is meant who is named, or is in a group that is, and neither they nor
    one of their groups is excluded. ``risk`` None is any.
    """

    users: Selection = field(default_factory=Selection)
    groups: Selection = field(default_factory=Selection)
    user_types: Selection = field(default_factory=Selection)
    zones: Selection = field(default_factory=Selection)
    device: DeviceState = "any"
    risk: Risk | None = None


@dataclass(frozen=True, slots=True)
class SessionLimits:
    """How long a session lasts, in seconds; None leaves it to the org."""

    idle_s: int | None = None
    life_s: int | None = None


@dataclass(frozen=True, slots=True)
class Rule:
    """``device_excuses``: somebody who proved a second factor on this device not long ago need not again.
    ``catch_all`` is the rule at the end that cannot be taken away. Times are epoch ms."""

    id: str
    name: str
    priority: int = 0
    status: Status = "active"
    conditions: Conditions = field(default_factory=Conditions)
    allow: bool = True
    requirement: Requirement = field(default_factory=Requirement)
    device_excuses: bool = False
    limits: SessionLimits = field(default_factory=SessionLimits)
    catch_all: bool = False
    created_at: int = 0
    updated_at: int = 0


@dataclass(frozen=True, slots=True)
class Policy:
    """``rules`` are in order of priority, the catch-all last. ``conditions`` are a session policy's own. ``revision``
    counts its changes; ``default`` is the one that is there from the beginning."""

    id: str
    org_id: str
    type: PolicyType
    name: str
    description: str = ""
    priority: int = 1
    status: Status = "active"
    conditions: Conditions = field(default_factory=Conditions)
    rules: tuple[Rule, ...] = ()
    default: bool = False
    revision: int = 0
    created_at: int = 0
    updated_at: int = 0

    @property
    def active(self) -> bool:
        return self.status == "active"

    def rule(self, rule_id: str) -> Rule | None:
        return next((rule for rule in self.rules if rule.id == rule_id), None)


@dataclass(frozen=True, slots=True)
class PolicySet:
    """The policies and zones of an org as they are stored; the defaults are added where nobody changed them."""

    policies: tuple[Policy, ...] = ()
    zones: tuple[Zone, ...] = ()

    def of(self, org_id: str, type: PolicyType) -> tuple[Policy, ...]:
        """The policies of a type in their order, the default last."""
        stored = [policy for policy in self.policies if policy.type == type]
        if not any(policy.default for policy in stored):
            stored.append(default_policy(org_id, type))
        return tuple(sorted(stored, key=lambda policy: (policy.default, policy.priority, policy.id)))

    def find(self, org_id: str, policy_id: str) -> Policy | None:
        every = (policy for type in POLICY_TYPES for policy in self.of(org_id, type))
        return next((policy for policy in every if policy.id == policy_id), None)

    @property
    def asks_for_risk(self) -> bool:
        """Whether a rule wants to know it, which takes a look at the user's sessions."""
        return any(rule.conditions.risk is not None for policy in self.policies for rule in policy.rules)

    @property
    def asks_for_device(self) -> bool:
        """Whether a rule excuses a device that is remembered."""
        return any(rule.device_excuses for policy in self.policies for rule in policy.rules)


@lru_cache(maxsize=1024)
def default_policy(org_id: str, type: PolicyType) -> Policy:
    """The policy for whom no other is: it asks for no more than org and application do by themselves."""
    rule = Rule(_own_id("0pr", org_id, type), CATCH_ALL_NAME, CATCH_ALL_PRIORITY, catch_all=True)
    name = "Default session policy" if type == "session" else "Default access policy"
    return Policy(
        _own_id("00p", org_id, type), org_id, type, name, priority=DEFAULT_PRIORITY, rules=(rule,), default=True
    )


CATCH_ALL_NAME: Final = "Catch-all Rule"
_ID_CHARS: Final = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz"


def _own_id(prefix: str, org_id: str, type: PolicyType) -> str:
    """An id that an org's default has before it is stored; the same in every process."""
    octets = sha256(f"{prefix} {org_id} {type}".encode()).digest()[:17]
    return prefix + "".join(_ID_CHARS[octet % len(_ID_CHARS)] for octet in octets)
