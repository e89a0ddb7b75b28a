"""Which scopes a client gets."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from segue.policy.scopes import MOST_SCOPES, ScopeQuestion, decide_scopes, narrow_scopes

OFFERED = {"openid", "email", "reports"}


def ask(requested: str, *, refreshable: bool = False, unknown: str = "ignore"):
    return decide_scopes(ScopeQuestion(requested, OFFERED, refreshable, unknown))  # type: ignore[arg-type]


def test_what_is_offered_is_granted_in_the_order_asked_once_each():
    decision = ask("reports openid reports")
    assert decision.verdict.allowed
    assert decision.granted == ("reports", "openid")


def test_unknown_scopes_are_left_out_or_refused():
    assert ask("openid wine").granted == ("openid",)
    assert ask("openid wine").verdict.allowed
    refused = ask("openid wine", unknown="refuse").verdict
    assert refused.failure
    assert refused.failure.name == "scope_known"
    assert refused.failure.seen == "wine"


@pytest.mark.parametrize("requested", ["", "wine", "offline_access"])
def test_something_has_to_be_granted(requested: str):
    failure = ask(requested).verdict.failure
    assert failure
    assert failure.name in {"scope_granted", "scope_form"}


@pytest.mark.parametrize("unknown", ["ignore", "refuse"])
def test_offline_access_follows_the_client(unknown: str):
    assert ask("openid offline_access", unknown=unknown).granted == ("openid",)
    assert ask("openid offline_access", unknown=unknown).verdict.allowed
    assert ask("openid offline_access", refreshable=True).granted == ("openid", "offline_access")


@pytest.mark.parametrize(
    "requested", [" openid", "openid ", "openid  email", 'a"b', "a\\b", "openid\temail", "é", "a" * 257]
)
def test_the_form(requested: str):
    failure = ask(requested).verdict.failure
    assert failure
    assert failure.name == "scope_form"


def test_the_number():
    names = [f"s{number}" for number in range(MOST_SCOPES)]
    assert ask(" ".join(["openid", *names[1:]])).verdict.allowed
    assert not ask(" ".join(["openid", *names])).verdict.allowed


@given(st.text(max_size=200), st.booleans(), st.sampled_from(["ignore", "refuse"]))
def test_nothing_is_granted_that_is_not_offered(requested: str, refreshable: bool, unknown: str):
    decision = ask(requested, refreshable=refreshable, unknown=unknown)
    assert set(decision.granted) <= OFFERED | ({"offline_access"} if refreshable else set())
    if decision.verdict.allowed:
        assert set(decision.granted) <= set(requested.split(" "))


def test_a_refresh_gets_what_was_granted_or_the_part_it_asks_for():
    granted = ("openid", "email", "offline_access")
    assert narrow_scopes("", granted).granted == granted
    assert narrow_scopes("email openid email", granted).granted == ("email", "openid")
    assert narrow_scopes("email", granted).verdict.allowed


@pytest.mark.parametrize("requested", ["reports", "openid reports", "OPENID"])
def test_a_refresh_gets_no_more(requested: str):
    failure = narrow_scopes(requested, ("openid", "email")).verdict.failure
    assert failure
    assert failure.name == "scope_granted_before"
    assert "openid" not in failure.seen.split()


@pytest.mark.parametrize("requested", [" ", "openid  email", "a\tb", " ".join(f"s{n}" for n in range(MOST_SCOPES + 1))])
def test_OA_14_a_malformed_scope_of_a_refresh(requested: str):
    failure = narrow_scopes(requested, ("openid", "email")).verdict.failure
    assert failure
    assert failure.name == "scope_form"
