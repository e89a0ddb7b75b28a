"""Rules that put users into groups, and take them out again once no rule holds for them any more.

Rules look at a user's profile and at the groups that people put them into, never at what a rule did: there is one
answer, whatever the order. A user is looked at whenever they or their own memberships change. A change of a rule goes
through all users in batches, whose place is on record: the first ones at once, the rest by a job, which goes on after
a crash where it was.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Final, Literal

from segue.admin import prefixes
from segue.admin.change import Change, invalid, missing, taken
from segue.admin.text import check_label
from segue.core.group_expression import BadExpression, Expression, Person, asks_for_names, holds, read_expression
from segue.core.org import GroupRule, everyone_id
from segue.core.refusal import Refusal
from segue.core.user import User
from segue.core.verdict import Check, Verdict
from segue.stores import AlreadyExists, Store

MOST_RULES: Final = 200
BATCH: Final = 100
#: How many batches a call goes through itself before it leaves the rest to the job.
BATCHES_AT_ONCE: Final = 5
_MOST_GROUPS: Final = 50
_MOST_EXCLUDED: Final = 100


@dataclass(frozen=True, slots=True)
class WantedRule:
    """What a rule is to be: whom ``expression`` holds for, but for the ``excluded`` users, belongs to the groups."""

    name: str
    expression: str
    group_ids: tuple[str, ...]
    excluded: tuple[str, ...] = ()


async def create_rule(store: Store, wanted: WantedRule, change: Change) -> GroupRule:
    """A new rule, not active yet. Raises Refusal ``invalid_value``, ``already_exists``."""
    if len(await store.group_rules(change.org_id)) >= MOST_RULES:
        raise invalid("rule", f"An org has at most {MOST_RULES} group rules.")
    await _check(store, wanted, change)
    rule = GroupRule(
        id=change.new_id(prefixes.GROUP_RULE),
        org_id=change.org_id,
        name=check_label("name", wanted.name),
        expression=wanted.expression,
        group_ids=wanted.group_ids,
        excluded=wanted.excluded,
        created_at=change.now_at,
        updated_at=change.now_at,
    )
    await _put(store, rule, "group_rule.create", change)
    return rule


async def find_rule(store: Store, rule_id: str, change: Change) -> GroupRule:
    """Raises Refusal ``not_found``."""
    found = next((rule for rule in await store.group_rules(change.org_id) if rule.id == rule_id), None)
    if found is None:
        raise missing("group rule", rule_id, "There is no such group rule.")
    return found


async def change_rule(store: Store, rule_id: str, wanted: WantedRule, change: Change) -> GroupRule:
    """Replaces an inactive rule. Raises Refusal ``invalid_value``, ``not_found``, ``already_exists``,
    ``rule_active``."""
    rule = await find_rule(store, rule_id, change)
    _require(rule, "inactive", "Deactivate the rule before it is changed.")
    await _check(store, wanted, change)
    changed = replace(
        rule,
        name=check_label("name", wanted.name),
        expression=wanted.expression,
        group_ids=wanted.group_ids,
        excluded=wanted.excluded,
        updated_at=change.now_at,
    )
    await _put(store, changed, "group_rule.update", change)
    return changed


async def activate_rule(store: Store, rule_id: str, change: Change) -> None:
    """Has a rule hold from now on. Raises Refusal ``not_found``."""
    rule = await find_rule(store, rule_id, change)
    if not rule.active:
        changed = replace(rule, status="active", updated_at=change.now_at, applied_to="")
        await _put(store, changed, "group_rule.activate", change)
        await advance(store, changed, change, batches=BATCHES_AT_ONCE)


async def deactivate_rule(store: Store, rule_id: str, change: Change) -> None:
    """Has a rule hold no more: whom it alone put into a group leaves it. Raises Refusal ``not_found``."""
    rule = await find_rule(store, rule_id, change)
    if rule.active:
        changed = replace(rule, status="inactive", updated_at=change.now_at, applied_to="")
        await _put(store, changed, "group_rule.deactivate", change)
        await advance(store, changed, change, batches=BATCHES_AT_ONCE)


async def remove_rule(store: Store, rule_id: str, change: Change) -> None:
    """Removes an inactive rule that has come to its end. Raises Refusal ``not_found``, ``rule_active``."""
    rule = await find_rule(store, rule_id, change)
    _require(rule, "inactive", "Deactivate the rule before it is removed.")
    if rule.applied_to is not None and not await advance(store, rule, change, batches=BATCHES_AT_ONCE):
        sentence = "Users are still leaving the groups of this rule. Try again in a minute."
        raise _refusal("rule_active", sentence, "under way", "at its end")
    await store.remove_group_rule(
        change.org_id, rule.id, change.event("group_rule.remove", rule_id=rule.id, name=rule.name)
    )


async def apply_rules(store: Store, user: User, change: Change) -> None:
    """Brings the memberships of one user in line with the rules."""
    rules = await _active(store, change.org_id)
    await _apply(store, rules, [user], change)


async def advance(store: Store, rule: GroupRule, change: Change, *, batches: int) -> bool:
    """Goes through the next users after a change of ``rule``, at most ``batches`` of BATCH; whether that was the end.

    Users are looked at with all rules, so two that run at once come to the same. Stops where somebody else went on.
    """
    place = rule.applied_to
    for _ in range(batches):
        if place is None:
            return True
        rules = await _active(store, rule.org_id)
        page = await store.users(rule.org_id, after=place, limit=BATCH)
        await _apply(store, rules, page, change)
        following = page[-1].id if len(page) == BATCH else None
        if not await store.advance_group_rule(rule.org_id, rule.id, before=place, now=following):
            return False
        place = following
    return place is None


async def _active(store: Store, org_id: str) -> list[tuple[GroupRule, Expression]]:
    """The active rules; one that cannot be read by this release holds for nobody."""
    found = []
    for rule in await store.group_rules(org_id):
        if rule.active:
            try:
                found.append((rule, read_expression(rule.expression)))
            except BadExpression:
                continue
    return found


async def _apply(
    store: Store, rules: Sequence[tuple[GroupRule, Expression]], users: Sequence[User], change: Change
) -> None:
    if not users:
        return
    memberships = await store.memberships(change.org_id, [user.id for user in users])
    if not rules and not any(by_rule for groups in memberships.values() for by_rule in groups.values()):
        return
    by_name = any(asks_for_names(expression) for _, expression in rules)
    for user in users:
        groups = await store.groups_of(change.org_id, user.id) if by_name else ()
        names = {group.id: group.name for group in groups}
        await _apply_to(store, rules, user, memberships[user.id], names, change)


async def _apply_to(
    store: Store,
    rules: Sequence[tuple[GroupRule, Expression]],
    user: User,
    memberships: Mapping[str, bool],
    names: Mapping[str, str],
    change: Change,
) -> None:
    own = {everyone_id(change.org_id), *(group for group, by_rule in memberships.items() if not by_rule)}
    fields = {**user.profile, "login": user.login, "email": user.email}
    person = Person(fields, own, {names[group] for group in own if group in names})
    wanted = {
        group
        for rule, expression in rules
        if user.id not in rule.excluded and user.status != "deprovisioned" and holds(expression, person)
        for group in rule.group_ids
    }
    join = sorted(wanted - memberships.keys())
    leave = sorted(group for group, by_rule in memberships.items() if by_rule and group not in wanted)
    if join or leave:
        event = change.event("group_rule.apply", user_id=user.id, joined=join, left=leave)
        await store.set_rule_members(change.org_id, user.id, join=join, leave=leave, event=event)


async def _check(store: Store, wanted: WantedRule, change: Change) -> None:
    try:
        read_expression(wanted.expression)
    except BadExpression as error:
        raise invalid("expression", f"The expression cannot be read: {error}.") from None
    if not 1 <= len(wanted.group_ids) <= _MOST_GROUPS:
        raise invalid("groupIds", f"A rule has 1 to {_MOST_GROUPS} groups.")
    if len(wanted.excluded) > _MOST_EXCLUDED:
        raise invalid("exclude", f"A rule excludes at most {_MOST_EXCLUDED} users.")
    for group_id in wanted.group_ids:
        group = await store.group(change.org_id, group_id)
        if group is None or group.type == "built_in":
            raise invalid("groupIds", f"There is no group {group_id[:64]} that users can be put into.")
    for user_id in wanted.excluded:
        if await store.user(change.org_id, user_id) is None:
            raise invalid("exclude", f"There is no user {user_id[:64]}.")


async def _put(store: Store, rule: GroupRule, type: str, change: Change) -> None:
    try:
        await store.put_group_rule(rule, change.event(type, rule_id=rule.id, name=rule.name))
    except AlreadyExists:
        raise taken("name", "There is a group rule of this name already.") from None


def _require(rule: GroupRule, status: Literal["active", "inactive"], sentence: str) -> None:
    if rule.status != status:
        raise _refusal("rule_active", sentence, rule.status, status)


def _refusal(reason: str, sentence: str, seen: str, expected: str) -> Refusal:
    check = Check("rule_status", passed=False, expected=expected, seen=seen, mend=sentence)
    return Refusal(reason, sentence, Verdict((check,), rule="group_rules"))
