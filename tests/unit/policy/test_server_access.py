"""Which rule of an authorization server lets a client have tokens."""

from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from segue.core.org import AuthorizationServer, built_in_policies
from segue.core.server import AccessPolicy, AccessRule
from segue.policy.server_access import ServerAccessQuestion, decide_server_access, needs_groups

CODE, TOKEN_EXCHANGE = "authorization_code", "urn:ietf:params:oauth:grant-type:token-exchange"
ANY = AccessRule("0pr1", "Any")
QUESTION = ServerAccessQuestion("web", CODE, ("openid", "orders:read"), "00u1", frozenset({"00g1"}))


def policy(*rules: AccessRule, **changes: object) -> AccessPolicy:
    return replace(AccessPolicy("00p1", "P", rules=rules), **changes)  # type: ignore[arg-type]


def rule_for(*policies: AccessPolicy, **changes: object) -> str | None:
    found = decide_server_access(policies, replace(QUESTION, **changes))  # type: ignore[arg-type]
    assert found.verdict.allowed is (found.rule is not None)
    return found.rule.id if found.rule else None


def failure(*policies: AccessPolicy, **changes: object) -> str:
    verdict = decide_server_access(policies, replace(QUESTION, **changes)).verdict  # type: ignore[arg-type]
    assert verdict.failure is not None
    assert verdict.failure.mend
    return verdict.failure.name


def test_nothing_is_given_without_a_rule() -> None:
    assert failure() == "no_matching_policy"
    assert failure(policy()) == "no_matching_policy"
    assert failure(policy(ANY, status="inactive")) == "no_matching_policy"
    assert failure(policy(replace(ANY, status="inactive"))) == "no_matching_policy"


def test_a_policy_is_for_its_clients() -> None:
    own = policy(ANY, client_ids=frozenset({"web"}))
    assert rule_for(own) == "0pr1"
    assert failure(own, client_id="spa") == "no_matching_policy"


def test_a_rule_is_for_its_grant_types() -> None:
    code = policy(replace(ANY, grant_types=frozenset({CODE})))
    assert rule_for(code) == "0pr1"
    assert failure(code, grant_type=TOKEN_EXCHANGE) == "no_matching_policy"
    assert failure(code, grant_type="client_credentials") == "no_matching_policy"


@pytest.mark.parametrize(("allowed", "answer"), [(CODE, "0pr1"), ("password", "0pr1"), ("client_credentials", None)])
def test_whoever_may_begin_may_refresh(allowed: str, answer: str | None) -> None:
    assert rule_for(policy(replace(ANY, grant_types=frozenset({allowed}))), grant_type="refresh_token") == answer


def test_a_rule_is_for_its_people() -> None:
    some = replace(ANY, everyone=False, user_ids=frozenset({"00u1"}), group_ids=frozenset({"00g9"}))
    assert rule_for(policy(some)) == "0pr1"
    assert failure(policy(some), user_id="00u2") == "no_matching_policy"
    assert rule_for(policy(some), user_id="00u2", group_ids=frozenset({"00g9"})) == "0pr1"
    assert failure(policy(replace(ANY, everyone=False))) == "no_matching_policy"
    assert needs_groups([policy(some)])
    assert not needs_groups([policy(ANY)])


def test_before_anybody_is_signed_in_people_are_no_question() -> None:
    nobody = replace(ANY, everyone=False)
    assert rule_for(policy(nobody), people_known=False) == "0pr1"


def test_a_client_that_asks_for_itself_is_nobody() -> None:
    assert rule_for(policy(replace(ANY, everyone=False)), user_id="", grant_type="client_credentials") == "0pr1"


def test_all_the_scopes_have_to_be_allowed() -> None:
    narrow = replace(ANY, scopes=frozenset({"openid"}))
    assert failure(policy(narrow)) == "no_matching_scope"
    assert rule_for(policy(narrow), scopes=("openid",)) == "0pr1"
    wide = replace(ANY, id="0pr2", scopes=frozenset({"openid", "orders:read"}))
    assert rule_for(policy(narrow, wide)) == "0pr2"


def test_the_first_rule_that_fits_decides() -> None:
    first, second = (policy(replace(ANY, id=ident)) for ident in ("0prA", "0prB"))
    assert rule_for(first, second) == "0prA"
    assert rule_for(second, first) == "0prB"


def test_a_server_that_nobody_made_rules_for_gives_as_before() -> None:
    server = AuthorizationServer("ausABC", "00o1", "S", "oauth2/x", "", "main", access_token_s=777)
    found = decide_server_access(built_in_policies(server), QUESTION)
    assert found.rule is not None
    assert (found.rule.id, found.rule.access_token_s) == ("0prABC", 777)


names = st.sampled_from(["a", "b", "c"])
rules = st.builds(
    AccessRule,
    st.sampled_from(["0prA", "0prB"]),
    st.just("r"),
    grant_types=st.one_of(st.none(), st.frozensets(st.sampled_from([CODE, "password"]))),
    user_ids=st.frozensets(names),
    group_ids=st.frozensets(names),
    everyone=st.booleans(),
    scopes=st.one_of(st.none(), st.frozensets(names)),
    status=st.sampled_from(["active", "inactive"]),
)


@given(st.lists(st.lists(rules, max_size=3).map(lambda each: policy(*each)), max_size=3), st.frozensets(names))
def test_MG_02_whatever_is_granted_one_active_rule_allows(policies: list[AccessPolicy], scopes: frozenset[str]) -> None:
    question = ServerAccessQuestion("web", CODE, sorted(scopes), "a", frozenset({"b"}))
    rule = decide_server_access(policies, question).rule
    fitting = [
        each
        for one in policies
        for each in one.rules
        if each.status == "active"
        and (each.grant_types is None or CODE in each.grant_types)
        and (each.everyone or "a" in each.user_ids or "b" in each.group_ids)
        and (each.scopes is None or scopes <= each.scopes)
    ]
    assert rule == (fitting[0] if fitting else None)
