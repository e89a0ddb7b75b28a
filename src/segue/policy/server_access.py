"""May this client get these scopes for this user from this authorization server, and for how long?"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

from segue.core.server import AccessPolicy, AccessRule
from segue.core.verdict import Check, Verdict

RENEWABLE: Final = frozenset({"authorization_code", "password"})
"""The grants that lead to refresh tokens: a rule that allows one of them allows to refresh."""

_REFRESH: Final = "refresh_token"
_MEND_POLICY: Final = "Give the authorization server a policy for this client with a rule for this grant type and user."
_MEND_SCOPES: Final = "Allow the scopes in a rule of the authorization server, or ask for fewer."


@dataclass(frozen=True, slots=True)
class ServerAccessQuestion:
    """``user_id`` is "" where a client asks for itself. ``people_known`` False asks before anybody is signed in:
    whatever a rule says of people is then taken to hold."""

    client_id: str
    grant_type: str
    scopes: Sequence[str]
    user_id: str = ""
    group_ids: frozenset[str] = frozenset()
    people_known: bool = True


@dataclass(frozen=True, slots=True)
class ServerAccess:
    """``rule`` is the one that lets the client have the tokens, None where the verdict says no."""

    verdict: Verdict
    rule: AccessRule | None = None


def decide_server_access(policies: Sequence[AccessPolicy], question: ServerAccessQuestion) -> ServerAccess:
    """The first rule that fits, of the first policy that has one: policies and rules in their order.

    The failing check is ``no_matching_policy`` where no rule is about this client, grant and user, and
    ``no_matching_scope`` where one is but does not allow all the scopes.
    """
    tried, short = [], None
    for policy in policies:
        if policy.status != "active" or not _for_client(policy, question.client_id):
            continue
        for rule in policy.rules:
            if rule.status != "active":
                continue
            tried.append(f"{policy.name} / {rule.name}")
            if not (_for_grant(rule, question.grant_type) and _for_person(rule, question)):
                continue
            missing = [name for name in question.scopes if rule.scopes is not None and name not in rule.scopes]
            if not missing:
                return ServerAccess(_granted(policy, rule, question), rule)
            short = short or (policy, rule, missing)
    if short is None:
        return ServerAccess(_no_rule(question, tried))
    return ServerAccess(_no_scope(*short))


def needs_groups(policies: Sequence[AccessPolicy]) -> bool:
    """Whether the answer depends on the groups of the user."""
    return any(rule.group_ids for policy in policies for rule in policy.rules)


def _for_client(policy: AccessPolicy, client_id: str) -> bool:
    return policy.client_ids is None or client_id in policy.client_ids


def _for_grant(rule: AccessRule, grant_type: str) -> bool:
    allowed = rule.grant_types
    if allowed is None or grant_type in allowed:
        return True
    return grant_type == _REFRESH and not RENEWABLE.isdisjoint(allowed)


def _for_person(rule: AccessRule, question: ServerAccessQuestion) -> bool:
    """People are no question where a client asks for itself."""
    if rule.everyone or not question.people_known or not question.user_id:
        return True
    return question.user_id in rule.user_ids or not rule.group_ids.isdisjoint(question.group_ids)


def _granted(policy: AccessPolicy, rule: AccessRule, question: ServerAccessQuestion) -> Verdict:
    seen = f"{policy.name} / {rule.name}"
    return Verdict((Check("matching_policy", True, question.grant_type, seen),), rule=f"server_policy:{rule.id}")


def _no_rule(question: ServerAccessQuestion, tried: list[str]) -> Verdict:
    expected = f"a rule for {question.client_id}, {question.grant_type}"
    seen = ", ".join(tried)[:512] or "no policy for this client"
    return Verdict((Check("no_matching_policy", False, expected, seen, _MEND_POLICY),), rule="server_policy")


def _no_scope(policy: AccessPolicy, rule: AccessRule, missing: list[str]) -> Verdict:
    allowed = " ".join(sorted(rule.scopes or ()))[:512]
    check = Check("no_matching_scope", False, allowed, " ".join(missing)[:256], _MEND_SCOPES)
    return Verdict((Check("matching_policy", True, "", f"{policy.name} / {rule.name}"), check), rule="server_policy")
