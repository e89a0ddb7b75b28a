"""The evaluator of sign-on policies: for every way in, the same (NW-06).

Of the session policies whose conditions hold, the first rule that matches decides; of an application's access policy,
its first rule. What they ask is asked together with what the org, the application and the request ask by themselves,
so a policy makes a sign-in harder and never easier than those.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field, replace
from typing import Final

from segue.core.application import Application
from segue.core.assurance import Assurance, Device
from segue.core.org import Org
from segue.core.policy import ALL_ZONES, Conditions, Policy, PolicySet, Risk, Rule, SessionLimits
from segue.core.requirement import Missing, Requirement
from segue.core.user import Subject
from segue.core.verdict import Check, Tried, Verdict
from segue.policy.access import AccessQuestion, decide_access
from segue.policy.second_factor import org_requirement

_BUILT_IN: Final = "built_in_access"


@dataclass(frozen=True, slots=True)
class Surroundings:
    """From where somebody signs in. ``device_remembered``: a second factor was proved on this device not long ago.
    ``risk`` is what :func:`risk_of` says, where a rule asks for it."""

    address: str = ""
    device: Device | None = None
    device_remembered: bool = False
    risk: Risk = "high"


@dataclass(frozen=True, slots=True)
class SignOnQuestion:
    """``application`` None asks about a session of the org alone. ``requirement`` is what the request itself asks.
    ``began_at`` is when it began to wait for its user (epoch ms)."""

    org: Org
    subject: Subject
    application: Application | None
    assurance: Assurance
    surroundings: Surroundings
    now_at: int
    began_at: int
    requirement: Requirement = field(default_factory=Requirement)


@dataclass(frozen=True, slots=True)
class SignOnDecision:
    """``verdict`` says whether the user may have access at all; ``missing`` what they still have to prove for it, of
    all that ``requirement`` asks. ``limits`` are those of a session that opens with it."""

    verdict: Verdict
    missing: Missing | None
    requirement: Requirement
    limits: SessionLimits

    @property
    def granted(self) -> bool:
        return self.verdict.allowed and self.missing is None


@dataclass(frozen=True, slots=True)
class Ruling:
    """The rule that matched, of which policy, and all that were tried on the way."""

    policy: Policy
    rule: Rule
    tried: tuple[Tried, ...]


def decide_sign_on(question: SignOnQuestion) -> SignOnDecision:
    """May this user sign in from here, and use this application?"""
    policies, org, where = question.org.policies, question.org, question.surroundings
    session = session_ruling(org, question.subject, where)
    access = access_ruling(org, question.application, question.subject, where) if question.application else None
    rulings = [ruling for ruling in (session, access) if isinstance(ruling, Ruling)]
    requirement = org_requirement(org.settings, question.subject, device_remembered=where.device_remembered)
    for ruling in rulings:
        requirement = requirement.stricter(_asked_by(ruling.rule, where))
    requirement = requirement.stricter(question.requirement)
    base = decide_access(
        AccessQuestion(
            question.subject,
            question.application,
            requirement,
            question.assurance,
            question.now_at,
            question.began_at,
        )
    )
    checks = [*base.verdict.checks, *_network_checks(policies, where), *(_check(ruling) for ruling in rulings)]
    if question.application is not None and access is None:
        checks.append(_no_policy(question.application))
    tried = tuple(one for ruling in rulings for one in ruling.tried)
    verdict = Verdict(tuple(checks), _deciding(rulings), tried)
    return SignOnDecision(verdict, base.missing, base.requirement, session.rule.limits)


def session_ruling(org: Org, subject: Subject, where: Surroundings) -> Ruling:
    """The rule of the org's session policies. The default's last rule matches everybody, so there is always one."""
    tried: list[Tried] = []
    for policy in org.policies.of(org.id, "session"):
        if not policy.active and not policy.default:
            tried.append(_tried(policy, None, "the policy is not active"))
            continue
        unmet = next(_unmet(policy.conditions, org.policies, subject, where), "")
        if unmet and not policy.default:
            tried.append(_tried(policy, None, unmet))
            continue
        found = _first(policy, org.policies, subject, where, tried)
        if found is not None:
            return Ruling(policy, found, tuple(tried))
    raise ValueError("the default session policy ends with a rule that matches everybody")


def access_ruling(org: Org, app: Application, subject: Subject, where: Surroundings) -> Ruling | None:
    """The rule of the application's access policy, the default one where it has none of its own; None where its policy
    is gone or not active."""
    policies = org.policies.of(org.id, "access")
    wanted = (policy for policy in policies if (policy.id == app.policy_id if app.policy_id else policy.default))
    policy = next(wanted, None)
    if policy is None or not policy.active:
        return None
    tried: list[Tried] = []
    found = _first(policy, org.policies, subject, where, tried)
    return Ruling(policy, found, tuple(tried)) if found is not None else None


def risk_of(*, browser_remembered: bool, address_known: bool) -> Risk:
    """Low where the browser is remembered and a session of the user was opened from the same address, high where
    neither is so."""
    if browser_remembered and address_known:
        return "low"
    return "medium" if browser_remembered or address_known else "high"


def _first(
    policy: Policy, policies: PolicySet, subject: Subject, where: Surroundings, tried: list[Tried]
) -> Rule | None:
    for rule in sorted(policy.rules, key=lambda rule: (rule.catch_all, rule.priority)):
        unmet = ""
        if not rule.catch_all:
            inactive = "" if rule.status == "active" else "the rule is not active"
            unmet = inactive or next(_unmet(rule.conditions, policies, subject, where), "")
        tried.append(_tried(policy, rule, unmet))
        if not unmet:
            return rule
    return None


def _tried(policy: Policy, rule: Rule | None, unmet: str) -> Tried:
    name, ident = (rule.name, rule.id) if rule else ("", "")
    return Tried(policy.name, name, not unmet, unmet, policy.type, policy.id, ident)


def _unmet(conditions: Conditions, policies: PolicySet, subject: Subject, where: Surroundings) -> Iterator[str]:
    """What does not hold, in words."""
    user = subject.user
    named = conditions.users.include or conditions.groups.include
    if named and user.id not in conditions.users.include and subject.group_ids.isdisjoint(conditions.groups.include):
        yield "the user is not among those it is for"
    if user.id in conditions.users.exclude or not subject.group_ids.isdisjoint(conditions.groups.exclude):
        yield "the user is excluded"
    if not conditions.user_types.admits({user.type}):
        yield f"the user's type is {user.type}"
    if not conditions.zones.admits(_zones_of(policies, where.address)):
        yield f"{where.address or 'an unknown address'} is not in its network"
    if conditions.device == "managed" and not (where.device and where.device.managed):
        yield "the device is not managed"
    if conditions.device == "known" and where.device is None:
        yield "the device is not known"
    if conditions.risk is not None and conditions.risk != where.risk:
        yield f"the risk is {where.risk}"


def _zones_of(policies: PolicySet, address: str) -> set[str]:
    inside = {zone.id for zone in policies.zones if not zone.blocks and zone.contains(address)}
    return inside | ({ALL_ZONES} if inside else set())


def _asked_by(rule: Rule, where: Surroundings) -> Requirement:
    if rule.device_excuses and where.device_remembered:
        return replace(rule.requirement, factors=1, constraints=())
    return rule.requirement


def _network_checks(policies: PolicySet, where: Surroundings) -> tuple[Check, ...]:
    blocking = next((zone for zone in policies.zones if zone.blocks and zone.contains(where.address)), None)
    if blocking is None:
        return ()
    mend = f"Take {where.address} out of the zone {blocking.name}, or sign in from elsewhere."
    return (
        Check(
            "network_allowed", passed=False, expected="an address that is not blocked", seen=where.address, mend=mend
        ),
    )


def _check(ruling: Ruling) -> Check:
    mend = f"The rule {ruling.rule.name} of the policy {ruling.policy.name} denies this; change it, or who it is for."
    seen = "allow" if ruling.rule.allow else "deny"
    return Check(f"{ruling.policy.type}_policy", ruling.rule.allow, "allow", seen, "" if ruling.rule.allow else mend)


def _no_policy(app: Application) -> Check:
    mend = "Assign an active access policy to the application."
    return Check("access_policy", passed=False, expected="an active access policy", seen=app.policy_id, mend=mend)


def _deciding(rulings: Sequence[Ruling]) -> str:
    """The name of the rule that denies; else of the last one that somebody made."""
    denying = (ruling for ruling in rulings if not ruling.rule.allow)
    made = (ruling for ruling in reversed(rulings) if ruling.policy.revision or not ruling.policy.default)
    ruling = next(denying, None) or next(made, None)
    return f"{ruling.policy.name}: {ruling.rule.name}" if ruling else _BUILT_IN
