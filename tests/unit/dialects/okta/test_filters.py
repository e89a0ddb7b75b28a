"""The filter language: what it means, and that no text makes it slow or lets it fall."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from segue.dialects.okta.admin.filters import (
    DEEPEST,
    MOST_CHARS,
    MOST_COMPARISONS,
    All,
    BadFilter,
    Comparison,
    Either,
    FieldValue,
    Filter,
    Not,
    equals,
    matches,
    moment,
    read_filter,
)

NAMES = ("status", "profile.login", "created", "count", "target.id", "flag", "not", "absent")
THING: dict[str, FieldValue] = {
    "status": "ACTIVE",
    "profile.login": "Ann@Example.com",
    "created": "2026-05-01T10:00:00.000Z",
    "count": 12,
    "target.id": ["0oa1", "00u2"],
    "flag": True,
    "not": "n",
}


def holds(text: str) -> bool:
    return matches(read_filter(text, NAMES), THING.get)


@pytest.mark.parametrize(
    "text",
    [
        'status eq "ACTIVE"',
        'STATUS EQ "active"',
        'status ne "INACTIVE"',
        'profile.login sw "ann@"',
        'profile.login ew ".COM"',
        'profile.login co "example"',
        "status pr",
        "not absent pr",
        'absent ne "x"',
        "absent eq null",
        "status ne null",
        'created gt "2026-05-01T09:59:59.999Z"',
        'created ge "2026-05-01T12:00:00+02:00"',
        'created lt "2026-05-02"',
        'created eq "2026-05-01T10:00:00Z"',
        "count gt 9",
        "count le 12",
        "flag eq true",
        'flag eq "true"',
        'target.id eq "00u2"',
        'target.id sw "0oa" and target.id sw "00u"',
        'status eq "X" or status eq "ACTIVE" and count eq 12',
        '(status eq "X" or status eq "ACTIVE") and count eq 12',
        'not (status eq "X" and count eq 12)',
        'not status eq "X"',
        'not not status eq "ACTIVE"',
        'not eq "n"',
        'not not eq "m"',
        '  ( (status eq "ACTIVE") )  ',
    ],
)
def test_what_fits(text: str) -> None:
    assert holds(text)


@pytest.mark.parametrize(
    "text",
    [
        'status eq "INACTIVE"',
        'status ne "ACTIVE"',
        "absent pr",
        'absent eq "x"',
        'absent gt "a"',
        "status eq null",
        'created lt "2026-05-01T10:00:00.000Z"',
        "count gt 12",
        "flag eq false",
        'target.id eq "00u"',
        'target.id ne "00u2"',
        'not (status eq "ACTIVE")',
        'status eq "ACTIVE" and status eq "X"',
        '(status eq "ACTIVE" or count eq 1) and count eq 1',
    ],
)
def test_what_does_not_fit(text: str) -> None:
    assert not holds(text)


def test_and_binds_closer_than_or() -> None:
    one, two, three = (Comparison("count", "eq", number) for number in (1, 2, 3))
    assert read_filter("count eq 1 or count eq 2 and count eq 3", NAMES) == Either((one, All((two, three))))
    assert read_filter("not count eq 1 and count eq 2", NAMES) == All((Not(one), two))


def test_a_text_holds_quotes_and_backslashes() -> None:
    assert read_filter(r'status eq "a \"b\" \\ c\n"', NAMES) == Comparison("status", "eq", 'a "b" \\ c\n')


@pytest.mark.parametrize(
    "text",
    [
        "",
        "   ",
        "status",
        "status eq",
        'eq "ACTIVE"',
        'status is "ACTIVE"',
        "status eq ACTIVE",
        "status eq 'ACTIVE'",
        'status eq "ACTIVE',
        'status eq "ACTIVE" count eq 1',
        'status eq "ACTIVE" and',
        '(status eq "ACTIVE"',
        'status eq "ACTIVE")',
        'password eq "x"',
        'status eq "a\\x"',
        "count eq 1.5",
        "count eq 1x",
        "()",
        "not",
        "and",
        'status eq "ACTIVE"; drop table users',
        "(" * (DEEPEST + 1) + "status pr" + ")" * (DEEPEST + 1),
        "not " * (DEEPEST + 1) + "status pr",
        " or ".join(["status pr"] * (MOST_COMPARISONS + 1)),
        " " * MOST_CHARS + "status pr",
    ],
)
def test_what_is_no_filter(text: str) -> None:
    with pytest.raises(BadFilter):
        read_filter(text, NAMES)


def test_the_limits_themselves_are_allowed() -> None:
    assert holds("(" * (DEEPEST - 1) + "status pr" + ")" * (DEEPEST - 1))
    assert holds(" or ".join(["status pr"] * MOST_COMPARISONS))


def test_names_may_be_a_rule() -> None:
    profile = read_filter('profile.shoeSize eq "46"', lambda name: name if name.startswith("profile.") else None)
    assert profile == Comparison("profile.shoeSize", "eq", "46")


def test_what_a_look_up_by_key_can_begin_with() -> None:
    assert equals(read_filter('status eq "A" and (count eq 1 or flag pr)', NAMES), "status") == "A"
    assert equals(read_filter('status eq "A" or count eq 1', NAMES), "status") is None
    assert equals(read_filter('not status eq "A"', NAMES), "status") is None
    assert equals(read_filter('status sw "A"', NAMES), "status") is None


def test_moments() -> None:
    assert moment("2026-05-01T10:00:00.000Z") == moment("2026-05-01T12:00:00+02:00") == moment("2026-05-01T10:00")
    for text in ("", "2026", "2026-13-01", "2026-05-01T25:00:00Z", "x2026-05-01", "2026-05-01T10:00:00.000ZZ"):
        assert moment(text) is None


@given(st.text(max_size=300))
def test_MG_04_any_text_is_read_or_refused(text: str) -> None:
    try:
        wanted = read_filter(text, NAMES)
    except BadFilter:
        return
    assert matches(wanted, THING.get) in (True, False)


PIECES = st.sampled_from(
    ["status", "count", "eq", "ne", "pr", "and", "or", "not", "(", ")", '"ACTIVE"', '"', "1", "true", "null", "\\"]
)


@given(st.lists(PIECES, max_size=40))
def test_MG_04_pieces_in_any_order_are_read_or_refused(pieces: list[str]) -> None:
    try:
        wanted = read_filter(" ".join(pieces), NAMES)
    except BadFilter:
        return
    assert matches(wanted, THING.get) is not matches(Not(wanted), THING.get)


def written(wanted: Filter) -> str:
    match wanted:
        case All(parts):
            return "(" + " and ".join(map(written, parts)) + ")"
        case Either(parts):
            return "(" + " or ".join(map(written, parts)) + ")"
        case Not(part):
            return f"not {written(part)}"
        case Comparison(name, operator, str(value)):
            escaped = value.replace("\\", "\\\\").replace('"', '\\"')
            return f'{name} {operator} "{escaped}"'
        case Comparison(name, operator, value):
            return f"{name} {operator} {'null' if value is None else str(value).lower()}"


comparisons = st.builds(
    Comparison,
    st.sampled_from([name for name in NAMES if name != "not"]),
    st.sampled_from(["eq", "ne", "gt", "ge", "lt", "le", "sw", "ew", "co"]),
    st.one_of(st.text(max_size=8), st.integers(-(10**6), 10**6), st.booleans(), st.none()),
)


@given(
    st.recursive(
        comparisons,
        lambda inner: st.one_of(
            st.builds(Not, inner),
            st.lists(inner, min_size=2, max_size=3).map(lambda parts: All(tuple(parts))),
            st.lists(inner, min_size=2, max_size=3).map(lambda parts: Either(tuple(parts))),
        ),
        max_leaves=5,
    )
)
def test_what_is_written_is_read_back(wanted: Filter) -> None:
    text = written(wanted)
    if len(text) <= MOST_CHARS:
        found = read_filter(text, NAMES)
        assert matches(found, THING.get) is matches(wanted, THING.get)


@pytest.mark.parametrize("text", ['status eq "' + "\\" * 1999, '"' * 2000, "(" * 2000, "a" * 2000, "status eq " * 200])
def test_MG_04_a_hostile_text_costs_nothing(text: str) -> None:
    with pytest.raises(BadFilter):
        read_filter(text, NAMES)
