"""The language of group rules: what it says of a person, and that nothing outside it is taken."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from segue.core.group_expression import (
    DEEPEST,
    MOST_CHARS,
    MOST_TESTS,
    BadExpression,
    Every,
    Expression,
    Fact,
    Field,
    No,
    Person,
    Some,
    asks_for_names,
    holds,
    read_expression,
)

ANN = Person({"login": "ann@example.com", "department": "Owls", "city": "Leeds"}, {"00g1"}, {"Night shift"})


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ('user.department == "Owls"', True),
        ("user.department=='Owls'", True),
        ('user.department == "owls"', False),
        ('user.department != "Cats"', True),
        ('user.nothing == ""', True),
        ("user.city == user.city", True),
        ('String.startsWith(user.login, "ann")', True),
        ('String.stringContains(user.login, "@example")', True),
        ('String.contains(user.login,"@other")', False),
        ('String.endsWith(user.login, ".com") AND user.city == "Leeds"', True),
        ('user.city == "York" or user.department == "Owls" and user.city == "Leeds"', True),
        ('(user.city == "York" or user.department == "Owls") && user.city == "York"', False),
        ('!(user.city == "York") || user.city == "York"', True),
        ('not user.city == "Leeds"', False),
        ('NOT NOT user.city == "Leeds"', True),
        ('isMemberOfGroup("00g1")', True),
        ('isMemberOfGroup("00g2")', False),
        ('isMemberOfAnyGroup("00g2", "00g1")', True),
        ('isMemberOfGroupName("Night shift")', True),
        ('isMemberOfGroupNameStartsWith("Night")', True),
        ('isMemberOfGroupNameContains("day")', False),
        (r'user.city == "Le\eds"', True),
        (r'user.city != "\"\\"', True),
    ],
)
def test_what_an_expression_says(text: str, expected: bool) -> None:
    assert holds(read_expression(text), ANN) is expected


@pytest.mark.parametrize(
    "text",
    [
        "",
        " ",
        "user.city",
        'user.city = "x"',
        'user.city == "x',
        "user.city == x",
        'city == "x"',
        "user.city == 1",
        'user. city == "x"',
        'user.a.b == "x"',
        'user.__class__.x == "x"',
        'String.replace(user.city, "x")',
        "String.startsWith(user.city)",
        'String.startsWith(user.city, "x", "y")',
        "isMemberOfGroup()",
        'isMemberOfGroup("a", "b")',
        'isMemberOfGroup(isMemberOfGroup("a"))',
        '(user.city == "x"',
        'user.city == "x")',
        'user.city == "x" user.city == "y"',
        'user.city == "x" and',
        'and user.city == "x"',
        '__import__("os")',
        'user.city == "x"; DROP TABLE users',
        'user.city matches "(a+)+$"',
        "true",
        "(" * (DEEPEST + 1) + 'user.a == ""' + ")" * (DEEPEST + 1),
        "!" * (DEEPEST + 1) + 'user.a == ""',
        " and ".join(['user.a == ""'] * (MOST_TESTS + 1)),
        'user.a == "' + "x" * MOST_CHARS + '"',
    ],
)
def test_MG_04_what_is_no_expression(text: str) -> None:
    with pytest.raises(BadExpression):
        read_expression(text)


@given(st.text(max_size=80))
def test_MG_04_any_text_is_an_expression_or_refused(text: str) -> None:
    try:
        expression = read_expression(text)
    except BadExpression:
        return
    assert holds(expression, ANN) in (True, False)


def quoted(text: str) -> str:
    escaped = text.replace("\\", "\\\\").replace('"', '\\"')
    return f'"{escaped}"'


fields = st.sampled_from(["login", "department", "city", "nothing"]).map(Field)
texts = st.one_of(fields, st.text(max_size=6))
tests = st.one_of(
    st.builds(
        lambda name, one, other: Fact(name, (one, other)),
        st.sampled_from(["==", "!=", "String.contains", "String.startsWith", "String.endsWith"]),
        texts,
        texts,
    ),
    st.builds(lambda text: Fact("isMemberOfGroup", (text,)), texts),
)
expressions: st.SearchStrategy[Expression] = st.recursive(
    tests,
    lambda inner: st.one_of(
        st.builds(No, inner),
        st.lists(inner, min_size=2, max_size=3).map(lambda parts: Every(tuple(parts))),
        st.lists(inner, min_size=2, max_size=3).map(lambda parts: Some(tuple(parts))),
    ),
    max_leaves=8,
)


def written(expression: Expression) -> str:
    match expression:
        case Every(parts):
            return f"({' and '.join(written(part) for part in parts)})"
        case Some(parts):
            return f"({' or '.join(written(part) for part in parts)})"
        case No(part):
            return f"not ({written(part)})"
        case Fact(name, texts):
            values = [f"user.{text.name}" if isinstance(text, Field) else quoted(text) for text in texts]
            return f"{values[0]} {name} {values[1]}" if name in ("==", "!=") else f"{name}({', '.join(values)})"


def depth(expression: Expression) -> int:
    match expression:
        case Every(parts) | Some(parts):
            return 1 + max(depth(part) for part in parts)
        case No(part):
            return 2 + depth(part)
    return 0


@given(expressions)
def test_what_is_written_is_read_again(expression: Expression) -> None:
    if depth(expression) < DEEPEST:
        assert read_expression(written(expression)) == expression


def test_it_is_known_whether_names_of_groups_matter() -> None:
    assert asks_for_names(read_expression('user.a == "" and not isMemberOfGroupName("x")'))
    assert not asks_for_names(read_expression('isMemberOfGroup("x") or user.a == "GroupName"'))
