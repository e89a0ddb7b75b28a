"""Access policies of authorization servers and their rules, in the order in which they are asked."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Final, TypeVar

from segue.admin import prefixes
from segue.admin.change import Change, invalid, missing, taken
from segue.admin.servers import edit_server, find_server
from segue.admin.text import check_label, check_value
from segue.core.org import AuthorizationServer, built_in_policies
from segue.core.server import AccessPolicy, AccessRule, Status
from segue.events import Event
from segue.stores import Store

_MOST_POLICIES: Final = 50
_MOST_RULES: Final = 50
_MOST_NAMED: Final = 500
_ACCESS_S: Final = range(5 * 60, 86_400 + 1)
_REFRESH_S: Final = range(10 * 60, 5 * 366 * 86_400 + 1)
_Item = TypeVar("_Item", AccessPolicy, AccessRule)


@dataclass(frozen=True, slots=True)
class PolicyDraft:
    """What an administrator decides of a policy. ``client_ids`` None stands for every client; ``place`` is where it is
    asked among the others, from 1, None at the end or where it is."""

    name: str
    description: str = ""
    client_ids: frozenset[str] | None = None
    place: int | None = None


async def list_policies(store: Store, server: str, change: Change) -> Sequence[AccessPolicy]:
    """In the order in which they are asked. Raises Refusal ``not_found``."""
    return policies_of(await find_server(store, server, change))


async def add_policy(store: Store, server: str, draft: PolicyDraft, change: Change) -> AccessPolicy:
    """A new policy, which lets nobody have anything until it has a rule. Raises Refusal."""
    new = AccessPolicy(change.new_id(prefixes.POLICY), "", updated_at=change.now_at)
    new = await _drafted(store, new, draft, change)

    def edit(known: AuthorizationServer) -> tuple[AuthorizationServer, Event]:
        policies = policies_of(known)
        _check_names(policies, new)
        if len(policies) >= _MOST_POLICIES:
            raise invalid("name", f"A server has at most {_MOST_POLICIES} policies.")
        after = replace(known, policies=_placed((*policies, new), new, draft.place))
        return after, _event("server_policy.add", known, new, change)

    await edit_server(store, server, change, edit)
    return new


async def change_policy(store: Store, server: str, ident: str, draft: PolicyDraft, change: Change) -> AccessPolicy:
    """Replaces what an administrator decides of a policy; its rules stay. Raises Refusal."""
    drafted = await _drafted(store, AccessPolicy(ident, ""), draft, change)
    names = ("name", "description", "client_ids")
    fields = {name: getattr(drafted, name) for name in names}
    return await _edit_policy(store, server, ident, change, "update", fields, draft.place)


async def set_policy_status(store: Store, server: str, ident: str, status: Status, change: Change) -> AccessPolicy:
    """Raises Refusal ``not_found``."""
    act = "activate" if status == "active" else "deactivate"
    return await _edit_policy(store, server, ident, change, act, {"status": status}, None)


async def remove_policy(store: Store, server: str, ident: str, change: Change) -> None:
    """Raises Refusal ``not_found``."""

    def edit(known: AuthorizationServer) -> tuple[AuthorizationServer, Event]:
        old = policy_of(known, ident)
        rest = tuple(each for each in policies_of(known) if each.id != ident)
        return replace(known, policies=rest), _event("server_policy.remove", known, old, change)

    await edit_server(store, server, change, edit)


async def add_rule(
    store: Store, server: str, policy: str, rule: AccessRule, change: Change, *, place: int | None = None
) -> AccessRule:
    """A new rule of a policy, asked at ``place`` among the others (from 1; None at the end). Raises Refusal."""
    new = replace(
        await _checked_rule(store, rule, change), id=change.new_id(prefixes.POLICY_RULE), updated_at=change.now_at
    )

    def edit(known: AuthorizationServer) -> tuple[AuthorizationServer, Event]:
        into = policy_of(known, policy)
        _check_names(into.rules, new)
        if len(into.rules) >= _MOST_RULES:
            raise invalid("name", f"A policy has at most {_MOST_RULES} rules.")
        changed = replace(into, rules=_placed((*into.rules, new), new, place))
        return _with_policy(known, changed), _event("server_rule.add", known, into, change, rule=new)

    await edit_server(store, server, change, edit)
    return new


async def change_rule(
    store: Store, server: str, policy: str, rule: AccessRule, change: Change, *, place: int | None = None
) -> AccessRule:
    """Replaces the rule of that id. Raises Refusal."""
    new = replace(await _checked_rule(store, rule, change), updated_at=change.now_at)
    await _edit_rule(store, server, policy, new.id, change, "update", new, place)
    return new


async def set_rule_status(
    store: Store, server: str, policy: str, ident: str, status: Status, change: Change
) -> AccessRule:
    """Raises Refusal ``not_found``."""
    old = rule_of(policy_of(await find_server(store, server, change), policy), ident)
    new = replace(old, status=status, updated_at=change.now_at)
    act = "activate" if status == "active" else "deactivate"
    await _edit_rule(store, server, policy, ident, change, act, new, None)
    return new


async def remove_rule(store: Store, server: str, policy: str, ident: str, change: Change) -> None:
    """Raises Refusal ``not_found``."""

    def edit(known: AuthorizationServer) -> tuple[AuthorizationServer, Event]:
        of = policy_of(known, policy)
        old = rule_of(of, ident)
        changed = replace(of, rules=tuple(each for each in of.rules if each.id != ident))
        return _with_policy(known, changed), _event("server_rule.remove", known, of, change, rule=old)

    await edit_server(store, server, change, edit)


def policies_of(server: AuthorizationServer) -> tuple[AccessPolicy, ...]:
    """The policies that are asked, also where nobody made any."""
    return built_in_policies(server) if server.policies is None else server.policies


def policy_of(server: AuthorizationServer, ident: str) -> AccessPolicy:
    """Raises Refusal ``not_found``."""
    for policy in policies_of(server):
        if policy.id == ident:
            return policy
    raise missing("policy", ident, "The authorization server has no such policy.")


def rule_of(policy: AccessPolicy, ident: str) -> AccessRule:
    """Raises Refusal ``not_found``."""
    for rule in policy.rules:
        if rule.id == ident:
            return rule
    raise missing("rule", ident, "The policy has no such rule.")


async def _edit_policy(
    store: Store,
    server: str,
    ident: str,
    change: Change,
    act: str,
    fields: dict[str, object],
    place: int | None,
) -> AccessPolicy:
    changed: list[AccessPolicy] = []

    def edit(known: AuthorizationServer) -> tuple[AuthorizationServer, Event]:
        new = replace(policy_of(known, ident), updated_at=change.now_at, **fields)  # type: ignore[arg-type]
        policies = tuple(new if each.id == ident else each for each in policies_of(known))
        _check_names(policies, new)
        changed[:] = [new]
        return replace(known, policies=_placed(policies, new, place)), _event(
            f"server_policy.{act}", known, new, change
        )

    await edit_server(store, server, change, edit)
    return changed[0]


async def _edit_rule(
    store: Store, server: str, policy: str, ident: str, change: Change, act: str, new: AccessRule, place: int | None
) -> None:
    def edit(known: AuthorizationServer) -> tuple[AuthorizationServer, Event]:
        of = policy_of(known, policy)
        rule_of(of, ident)
        rules = tuple(new if each.id == ident else each for each in of.rules)
        _check_names(rules, new)
        changed = replace(of, rules=_placed(rules, new, place))
        return _with_policy(known, changed), _event(f"server_rule.{act}", known, of, change, rule=new)

    await edit_server(store, server, change, edit)


async def _drafted(store: Store, policy: AccessPolicy, draft: PolicyDraft, change: Change) -> AccessPolicy:
    check_value("description", draft.description)
    for client_id in sorted(draft.client_ids or ())[: _MOST_NAMED + 1]:
        if await store.application_by_client_id(change.org_id, client_id) is None:
            raise invalid("clients", "There is no application of this client id.", seen=client_id[:256])
    _check_count("clients", draft.client_ids)
    name, description = check_label("name", draft.name), draft.description.strip()
    return replace(policy, name=name, description=description, client_ids=draft.client_ids)


async def _checked_rule(store: Store, rule: AccessRule, change: Change) -> AccessRule:
    if rule.grant_types is not None and not rule.grant_types:
        raise invalid("grant_types", "A rule names at least one grant type.")
    if rule.scopes is not None and not rule.scopes:
        raise invalid("scopes", "A rule allows at least one scope, or all of them.")
    if not rule.everyone and not rule.user_ids and not rule.group_ids:
        raise invalid("people", "A rule is for everyone, or names users or groups.")
    for field, named in (("scopes", rule.scopes), ("users", rule.user_ids), ("groups", rule.group_ids)):
        _check_count(field, named)
    found = {user.id for user in await store.users_of_ids(change.org_id, sorted(rule.user_ids))}
    if unknown := sorted(rule.user_ids - found):
        raise invalid("users", "There is no such user.", seen=unknown[0][:256])
    _check_range("access_token_s", rule.access_token_s, _ACCESS_S)
    _check_range("refresh_life_s", rule.refresh_life_s, _REFRESH_S)
    _check_range("refresh_idle_s", rule.refresh_idle_s, _REFRESH_S)
    if rule.refresh_life_s is not None and rule.access_token_s > rule.refresh_life_s:
        raise invalid("refresh_life_s", "A refresh token lives at least as long as an access token.")
    return replace(rule, name=check_label("name", rule.name))


def _check_count(field: str, named: frozenset[str] | None) -> None:
    if named is not None and len(named) > _MOST_NAMED:
        raise invalid(field, f"At most {_MOST_NAMED} can be named.")


def _check_range(field: str, value: int | None, allowed: range) -> None:
    if value is not None and value not in allowed:
        raise invalid(field, f"{field} is a number of seconds from {allowed[0]} to {allowed[-1]}.", seen=str(value))


def _check_names(items: Sequence[_Item], new: _Item) -> None:
    if any(each.name == new.name and each.id != new.id for each in items):
        raise taken("name", "Another one here has this name.")


def _placed(items: tuple[_Item, ...], item: _Item, place: int | None) -> tuple[_Item, ...]:
    """The items with ``item`` as the one that is asked at ``place``."""
    if place is None:
        return items
    rest = [each for each in items if each.id != item.id]
    rest.insert(max(0, place - 1), item)
    return tuple(rest)


def _with_policy(server: AuthorizationServer, policy: AccessPolicy) -> AuthorizationServer:
    return replace(server, policies=tuple(policy if each.id == policy.id else each for each in policies_of(server)))


def _event(
    type: str, server: AuthorizationServer, policy: AccessPolicy, change: Change, *, rule: AccessRule | None = None
) -> Event:
    about = {"server_id": server.id, "policy_id": policy.id, "name": policy.name}
    return change.event(type, **about, **({"rule_id": rule.id, "rule": rule.name} if rule else {}))
