"""What claims say: expressions and filters of groups."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from segue.core.user import User
from segue.policy.expressions import (
    BadExpression,
    ClaimFacts,
    check_group_filter,
    evaluate,
    filter_groups,
    read_expression,
)

ANN = User("00u1", "00o1", "ann@example.com", "ann@example.com", profile={"firstName": "Ann", "department": "Sales"})
FACTS = ClaimFacts(
    ANN, {"id": "0oa1", "clientId": "web", "label": "Orders"}, {"id": "00o1", "name": "Acme"}, ("Staff", "Sales")
)
GROUPS = ["Sales EU", "Sales US", "Staff", "app-orders", "sales"]


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("user.id", "00u1"),
        ("user.login", "ann@example.com"),
        ("user.email", "ann@example.com"),
        ("user.firstName", "Ann"),
        (" user.department ", "Sales"),
        ("user.displayName", "Ann"),
        ("user.status", "active"),
        ("user.shoeSize", None),
        ("user.groups", ["Staff", "Sales"]),
        ("appuser.userName", "ann@example.com"),
        ("appuser.department", "Sales"),
        ("app.clientId", "web"),
        ("app.label", "Orders"),
        ("org.name", "Acme"),
        ('"a constant"', "a constant"),
    ],
)
def test_what_an_expression_says(text: str, value: object) -> None:
    assert evaluate(read_expression(text), FACTS) == value


def test_an_application_may_call_a_user_by_another_name() -> None:
    facts = ClaimFacts(ANN, {}, {}, app_user_name="ann.lee")
    assert evaluate(read_expression("appuser.userName"), facts) == "ann.lee"


@pytest.mark.parametrize(
    "text",
    [
        "",
        "user",
        "user.",
        "user.a.b",
        "user.password_hash.x",
        "app.secret",
        "org.settings",
        "user.__class__.x",
        "user.email + 1",
        "String.len(user.email)",
        'user["email"]',
        "${user.email}",
        '"a" + "b"',
        '"open',
        "session.id",
        "x" * 2000,
    ],
)
def test_AC_01_what_is_no_expression(text: str) -> None:
    with pytest.raises(BadExpression):
        read_expression(text)


def test_MG_06_no_expression_reads_what_is_not_of_the_profile() -> None:
    user = User("00u1", "00o1", "a", "a", password_hash="$argon2id$secret")
    for name in ("password_hash", "stamp", "__class__", "__slots__", "limits_exempt"):
        assert evaluate(read_expression(f"user.{name}"), ClaimFacts(user, {}, {})) is None


@given(st.text(max_size=60))
def test_any_text_is_an_expression_or_refused(text: str) -> None:
    try:
        found = read_expression(text)
    except BadExpression:
        return
    value = evaluate(found, FACTS)
    assert value is None or isinstance(value, str | list)


def test_filters_of_groups() -> None:
    assert filter_groups(GROUPS, "starts_with", "Sales") == ["Sales EU", "Sales US"]
    assert filter_groups(GROUPS, "equals", "Staff") == ["Staff"]
    assert filter_groups(GROUPS, "contains", "ales") == ["Sales EU", "Sales US", "sales"]
    assert filter_groups(GROUPS, "regex", "^(Sales .*|app-.+)$") == ["Sales EU", "Sales US", "app-orders"]
    assert filter_groups(GROUPS, "regex", "Sales") == []


@pytest.mark.parametrize(
    ("how", "value"), [("equals", ""), ("regex", "("), ("regex", "(a+)+\\1"), ("contains", "x" * 2000)]
)
def test_a_filter_that_cannot_be_used(how: str, value: str) -> None:
    with pytest.raises(BadExpression):
        check_group_filter(how, value)  # type: ignore[arg-type]
