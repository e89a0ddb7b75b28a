"""Sign-on policies and their rules: who may sign in from where, and what they prove for it.

A policy is changed as a whole, with its rules in it, and only where nobody else changed it meanwhile. The rule that
ends a policy cannot be taken away: there is always one that decides.
"""

from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from typing import Final

from segue.admin import prefixes
from segue.admin.applications import find_application
from segue.admin.change import Change, invalid, missing, overtaken, taken
from segue.admin.policy_rules import check_conditions, check_limits, check_requirement
from segue.admin.text import check_label, check_value
from segue.core.application import Application
from segue.core.policy import (
    CATCH_ALL_NAME,
    CATCH_ALL_PRIORITY,
    POLICY_TYPES,
    Conditions,
    Policy,
    PolicySet,
    PolicyType,
    Rule,
    SessionLimits,
    Status,
)
from segue.core.requirement import Requirement
from segue.stores import Store

MOST_POLICIES: Final = 100
MOST_RULES: Final = CATCH_ALL_PRIORITY
_PAGE: Final = 200


@dataclass(frozen=True, slots=True)
class PolicyWish:
    """How a policy shall be. ``priority`` None puts a new one behind the others."""

    name: str
    description: str = ""
    priority: int | None = None
    conditions: Conditions = field(default_factory=Conditions)


@dataclass(frozen=True, slots=True)
class RuleWish:
    """How a rule shall be. ``priority`` None puts a new one behind the others, before the one that ends the policy."""

    name: str
    priority: int | None = None
    conditions: Conditions = field(default_factory=Conditions)
    allow: bool = True
    requirement: Requirement = field(default_factory=Requirement)
    device_excuses: bool = False
    limits: SessionLimits = field(default_factory=SessionLimits)


async def policies_of(store: Store, change: Change) -> PolicySet:
    """Everything the org has of policies and zones. Raises Refusal ``not_found``."""
    org = await store.org(change.org_id)
    if org is None:
        raise missing("org", change.org_id, "There is no such org.")
    return org.policies


async def list_policies(store: Store, type: PolicyType, change: Change) -> Sequence[Policy]:
    """The policies of a type in their order, the default last."""
    return (await policies_of(store, change)).of(change.org_id, type)


async def find_policy(store: Store, policy_id: str, change: Change) -> Policy:
    """Raises Refusal ``not_found``."""
    policy = (await policies_of(store, change)).find(change.org_id, policy_id)
    if policy is None:
        raise missing("policy", policy_id, "There is no such policy.")
    return policy


async def create_policy(
    store: Store, type: PolicyType, wish: PolicyWish, change: Change, *, active: bool = True
) -> Policy:
    """A new policy. One for applications begins with the rule that ends it. Raises Refusal ``invalid_value``,
    ``already_exists``."""
    known = await list_policies(store, type, change)
    if len(known) >= MOST_POLICIES:
        raise invalid("type", f"An org has at most {MOST_POLICIES} policies of a type.")
    blank = Policy(change.new_id(prefixes.POLICY), change.org_id, type, "", created_at=change.now_at)
    last = max((policy.priority for policy in known if not policy.default), default=0)
    policy = await _wished(store, blank, replace(wish, priority=wish.priority or last + 1), known, change)
    if type == "access":
        ending = Rule(
            change.new_id(prefixes.POLICY_RULE),
            CATCH_ALL_NAME,
            CATCH_ALL_PRIORITY,
            catch_all=True,
            created_at=change.now_at,
            updated_at=change.now_at,
        )
        policy = replace(policy, rules=(ending,))
    return await _put(store, replace(policy, status=_status(active)), "policy.create", change)


async def replace_policy(store: Store, policy_id: str, wish: PolicyWish, change: Change) -> Policy:
    """Name, description, priority and conditions as they are wished; the rules stay. Raises Refusal."""
    policy = await find_policy(store, policy_id, change)
    known = await list_policies(store, policy.type, change)
    return await _put(store, await _wished(store, policy, wish, known, change), "policy.update", change)


async def set_policy_status(store: Store, policy_id: str, change: Change, *, active: bool) -> Policy:
    """Puts a policy in or out of use. The default, and one that applications have, stays in use. Raises Refusal."""
    policy = await find_policy(store, policy_id, change)
    if not active:
        await _check_dispensable(store, policy, change)
    event = "policy.activate" if active else "policy.deactivate"
    return await _put(store, replace(policy, status=_status(active)), event, change)


async def remove_policy(store: Store, policy_id: str, change: Change) -> None:
    """Removes a policy with its rules. Raises Refusal ``not_found``, ``invalid_value`` for the default and for one that
    applications have."""
    policy = await find_policy(store, policy_id, change)
    await _check_dispensable(store, policy, change)
    event = change.event("policy.remove", policy_id=policy.id, name=policy.name)
    await store.remove_policy(change.org_id, policy.id, event)


async def clone_policy(store: Store, policy_id: str, change: Change) -> Policy:
    """The same policy once more, with its rules, for no application yet. Raises Refusal."""
    policy = await find_policy(store, policy_id, change)
    known = await list_policies(store, policy.type, change)
    if len(known) >= MOST_POLICIES:
        raise invalid("type", f"An org has at most {MOST_POLICIES} policies of a type.")
    names = {one.name for one in known}
    name = next(name for number in range(1, MOST_POLICIES + 2) if (name := f"{policy.name} ({number})") not in names)
    now_at = change.now_at
    rules = tuple(
        replace(rule, id=change.new_id(prefixes.POLICY_RULE), created_at=now_at, updated_at=now_at)
        for rule in policy.rules
    )
    copy = replace(
        policy,
        id=change.new_id(prefixes.POLICY),
        name=check_label("name", name),
        priority=max((one.priority for one in known if not one.default), default=0) + 1,
        rules=rules if policy.type == "access" else tuple(rule for rule in rules if not rule.catch_all),
        default=False,
        revision=0,
        created_at=now_at,
    )
    return await _put(store, copy, "policy.create", change)


async def applications_of(store: Store, policy_id: str, change: Change) -> Sequence[Application]:
    """The applications that have a policy, by name or because it is the default. Raises Refusal ``not_found``."""
    policy = await find_policy(store, policy_id, change)
    if policy.type != "access":
        return []
    found: list[Application] = []
    after = ""
    while page := await store.applications(change.org_id, after=after, limit=_PAGE):
        found += [app for app in page if app.policy_id == policy.id or (policy.default and not app.policy_id)]
        after = page[-1].id
    return found


async def assign_policy(store: Store, app_id: str, policy_id: str, change: Change) -> Application:
    """Gives an application its access policy. Raises Refusal ``not_found``, ``invalid_value``."""
    app = await find_application(store, app_id, change)
    policy = await find_policy(store, policy_id, change)
    if policy.type != "access" or not policy.active:
        raise invalid("policyId", "An application takes an active access policy.", seen=policy.type)
    changed = replace(app, policy_id="" if policy.default else policy.id, updated_at=change.now_at)
    event = change.event("application.policy", app_id=app.id, policy_id=policy.id, name=policy.name)
    await store.put_application(changed, event)
    return changed


# --- rules ---


async def find_rule(store: Store, policy_id: str, rule_id: str, change: Change) -> Rule:
    """Raises Refusal ``not_found``."""
    return _rule(await find_policy(store, policy_id, change), rule_id)


async def create_rule(
    store: Store, policy_id: str, wish: RuleWish, change: Change, *, active: bool = True
) -> tuple[Policy, Rule]:
    """A new rule of a policy; those at its priority and behind make room. Raises Refusal."""
    policy = await find_policy(store, policy_id, change)
    if len(policy.rules) >= MOST_RULES:
        raise invalid("priority", f"A policy has at most {MOST_RULES} rules.")
    blank = Rule(change.new_id(prefixes.POLICY_RULE), "", status=_status(active), created_at=change.now_at)
    return await _put_rule(store, policy, await _wished_rule(store, policy, blank, wish, change), "rule.add", change)


async def replace_rule(
    store: Store, policy_id: str, rule_id: str, wish: RuleWish, change: Change
) -> tuple[Policy, Rule]:
    """A rule as it is wished. The one that ends a policy keeps its name, place and conditions. Raises Refusal."""
    policy = await find_policy(store, policy_id, change)
    rule = await _wished_rule(store, policy, _rule(policy, rule_id), wish, change)
    return await _put_rule(store, policy, rule, "rule.update", change)


async def set_rule_status(
    store: Store, policy_id: str, rule_id: str, change: Change, *, active: bool
) -> tuple[Policy, Rule]:
    """Puts a rule in or out of use. Raises Refusal, for the one that ends a policy too."""
    policy = await find_policy(store, policy_id, change)
    rule = _rule(policy, rule_id)
    _check_not_the_end(rule)
    changed = replace(rule, status=_status(active), updated_at=change.now_at)
    return await _put_rule(store, policy, changed, "rule.activate" if active else "rule.deactivate", change)


async def remove_rule(store: Store, policy_id: str, rule_id: str, change: Change) -> None:
    """Raises Refusal ``not_found``, ``invalid_value`` for the rule that ends a policy."""
    policy = await find_policy(store, policy_id, change)
    rule = _rule(policy, rule_id)
    _check_not_the_end(rule)
    rest = tuple(one for one in policy.rules if one.id != rule.id)
    await _put(store, replace(policy, rules=rest), "rule.remove", change, rule)


def _rule(policy: Policy, rule_id: str) -> Rule:
    rule = policy.rule(rule_id)
    if rule is None:
        raise missing("rule", rule_id, "The policy has no such rule.")
    return rule


def _check_not_the_end(rule: Rule) -> None:
    if rule.catch_all:
        raise invalid("rule", "The rule that ends a policy cannot be taken away; change what it asks.", seen=rule.id)


async def _check_dispensable(store: Store, policy: Policy, change: Change) -> None:
    if policy.default:
        raise invalid("policy", "The default policy stays in use; change its rules.", seen=policy.id)
    if any(app.policy_id == policy.id for app in await applications_of(store, policy.id, change)):
        raise invalid("policy", "Applications have this policy. Give them another one first.", seen=policy.id)


async def _wished(store: Store, policy: Policy, wish: PolicyWish, known: Sequence[Policy], change: Change) -> Policy:
    name = check_label("name", wish.name)
    if any(one.name == name and one.id != policy.id for one in known):
        raise taken("name", "Another policy of this type has this name.")
    check_value("description", wish.description)
    if policy.type == "access" and wish.conditions != Conditions():
        raise invalid("conditions", "Conditions of an access policy belong to its rules.")
    conditions = Conditions(groups=wish.conditions.groups)
    if wish.conditions != conditions:
        raise invalid("conditions", "A session policy is for groups; other conditions belong to its rules.")
    if policy.default and conditions != Conditions():
        raise invalid("conditions", "The default policy is for everybody.")
    await check_conditions(store, conditions, await policies_of(store, change), change)
    priority = policy.priority if policy.default or wish.priority is None else wish.priority
    if not policy.default and not 1 <= priority <= MOST_POLICIES * 10:
        raise invalid("priority", f"A priority is a number from 1 to {MOST_POLICIES * 10}.", seen=str(priority))
    return replace(policy, name=name, description=wish.description, priority=priority, conditions=conditions)


async def _wished_rule(store: Store, policy: Policy, rule: Rule, wish: RuleWish, change: Change) -> Rule:
    check_requirement(wish.requirement)
    check_limits(wish.limits)
    if policy.type == "access" and (wish.limits != SessionLimits() or wish.device_excuses):
        raise invalid("actions", "How long a session lasts, and devices that excuse, belong to session policies.")
    asked = replace(
        rule,
        allow=wish.allow,
        requirement=wish.requirement,
        device_excuses=wish.device_excuses,
        limits=wish.limits,
        updated_at=change.now_at,
    )
    if rule.catch_all:
        same_place = wish.priority is None or wish.priority == rule.priority
        if wish.name != rule.name or wish.conditions != Conditions() or not same_place:
            raise invalid("conditions", "The rule that ends a policy keeps its name and place and is for everybody.")
        return asked
    await check_conditions(store, wish.conditions, await policies_of(store, change), change)
    name = check_label("name", wish.name)
    if any(one.name == name and one.id != rule.id for one in policy.rules):
        raise taken("name", "Another rule of this policy has this name.")
    others = [one.priority for one in policy.rules if not one.catch_all and one.id != rule.id]
    priority = max(others, default=-1) + 1 if wish.priority is None else wish.priority
    if not 0 <= priority < CATCH_ALL_PRIORITY:
        raise invalid("priority", f"A priority is a number from 0 to {CATCH_ALL_PRIORITY - 1}.", seen=str(priority))
    return replace(asked, name=name, priority=priority, conditions=wish.conditions)


async def _put_rule(store: Store, policy: Policy, rule: Rule, event: str, change: Change) -> tuple[Policy, Rule]:
    ordered = sorted((one for one in policy.rules if one.id != rule.id), key=lambda one: (one.catch_all, one.priority))
    placed: list[Rule] = []
    pushed = rule.priority
    for one in ordered:
        if not rule.catch_all and not one.catch_all and one.priority == pushed:
            pushed += 1
            placed.append(replace(one, priority=pushed))
        else:
            placed.append(one)
    if pushed >= CATCH_ALL_PRIORITY and not rule.catch_all:
        raise invalid("priority", "There is no room behind this priority; take a lower one.", seen=str(rule.priority))
    rules = tuple(sorted((*placed, rule), key=lambda one: (one.catch_all, one.priority)))
    return await _put(store, replace(policy, rules=rules), event, change, rule), rule


async def _put(store: Store, policy: Policy, event: str, change: Change, rule: Rule | None = None) -> Policy:
    """Writes the next revision. Raises Refusal ``changed_meanwhile`` where somebody else wrote it first."""
    about = {"rule_id": rule.id, "rule": rule.name} if rule is not None else {}
    happened = change.event(event, policy_id=policy.id, name=policy.name, policy_type=policy.type, **about)
    written = replace(policy, revision=policy.revision + 1, updated_at=change.now_at)
    if not await store.put_policy(written, happened):
        raise overtaken("policy", policy.id)
    return written


def _status(active: bool) -> Status:
    return "active" if active else "inactive"


def read_type(text: str) -> PolicyType:
    """A type by its name here. Raises Refusal ``invalid_value``."""
    for type in POLICY_TYPES:
        if type == text:
            return type
    raise invalid("type", f"A policy is of one of the types {', '.join(POLICY_TYPES)}.", seen=text[:64])
