"""Patterns that cannot be made expensive: they mean what the standard library's mean, and answer in one pass."""

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from segue.policy.patterns import MOST_CHARS, BadPattern, read_pattern

MEANINGS = [
    (".*", ["", "anything at all"], []),
    ("app-(a|b)", ["app-a", "app-b"], ["app-c", "app-ab", "xapp-a"]),
    ("^app-.+$", ["app-x"], ["app-", "my app-x"]),
    ("[A-Z][a-z]{2,4}", ["Abc", "Abcde"], ["Ab", "Abcdef", "abc"]),
    ("[^0-9]+", ["abc"], ["ab1", ""]),
    ("(?:ab)*c?", ["", "ab", "ababc", "c"], ["a", "abab x"]),
    (r"\d\w\s", ["1_ ", "9a\t"], ["a_ ", "1- "]),
    (r"\D\W\S", ["a-x"], ["1-x"]),
    (r"a\.b\\", ["a.b\\"], ["axb\\"]),
    ("a{3}", ["aaa"], ["aa", "aaaa"]),
    ("a{2,}", ["aa", "aaaaa"], ["a"]),
    (r"[\]\-]+|x", ["]-", "x"], ["y"]),
    ("[a-]+", ["a-"], ["b"]),
    ("", [""], ["a"]),
    ("a|", ["a", ""], ["b"]),
    (r"price\$", ["price$"], ["price"]),
    ("ü+", ["üü"], ["u"]),
]


@pytest.mark.parametrize(("pattern", "fits", "other"), MEANINGS)
def test_what_a_pattern_means(pattern: str, fits: list[str], other: list[str]) -> None:
    found = read_pattern(pattern)
    assert [text for text in fits if not found.matches(text)] == []
    assert [text for text in other if found.matches(text)] == []


@pytest.mark.parametrize(
    "pattern",
    [
        "(",
        ")",
        "[",
        "[a",
        "[]",
        "a**",
        "a+?",
        "a++",
        "*a",
        "a{",
        "a{x}",
        "a{2,1}",
        "a{101}",
        "a{,3}",
        "(?=a)",
        "(?P<x>a)",
        r"\1",
        r"\b",
        "a^b",
        "a$b",
        "[z-a]",
        "\\",
        "(" * 17 + ")" * 17,
        "((((a{100}){100}){100}){100})",
        "a" * (MOST_CHARS + 1),
    ],
)
def test_what_is_no_pattern(pattern: str) -> None:
    with pytest.raises(BadPattern):
        read_pattern(pattern)


@pytest.mark.parametrize(
    ("pattern", "text"),
    [
        ("(a+)+b", "a" * 5000),
        ("(a|a)*b", "a" * 5000),
        ("(.*)*x", "y" * 5000),
        ("(a?){50}a{50}", "a" * 50),
        (".*.*.*.*.*.*.*.*x", "y" * 5000),
    ],
)
def test_MG_04_what_brings_others_to_a_standstill_is_answered(pattern: str, text: str) -> None:
    assert read_pattern(pattern).matches(text) is (text == "a" * 50)


PIECES = st.sampled_from(
    ["a", "b", "c", ".", "[ab]", "[^a]", "(a|b)", "(?:bc)", "a*", "b+", "c?", "(ab)*", "a{1,2}", "|"]
)


@given(st.lists(PIECES, max_size=8), st.lists(st.sampled_from("abc"), max_size=10))
def test_it_agrees_with_the_standard_library(pieces: list[str], letters: list[str]) -> None:
    pattern, text = "".join(pieces), "".join(letters)
    assert read_pattern(pattern).matches(text) is (re.fullmatch(pattern, text) is not None)


@given(st.text(max_size=80), st.text(max_size=40))
def test_any_text_is_a_pattern_or_refused(pattern: str, text: str) -> None:
    try:
        found = read_pattern(pattern)
    except BadPattern:
        return
    assert found.matches(text) in (True, False)
