"""User names and passwords have one normal form (M12, AU-05, AU-10)."""

import itertools
import string
import unicodedata

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from precis_i18n import get_profile

from segue.core.identifiers import BadPassword, BadUserName, normalise_login, normalise_password, short_name

LETTERS = st.characters(categories=["L", "M", "N"])
NAMES = st.text(LETTERS | st.sampled_from("aZ09@.+-_'\u212aßςΣİıﬁ\u0345\u200d\u30fbａ＠ "), min_size=1, max_size=12)


def outcome(text: str) -> str | None:
    try:
        return normalise_login(text)
    except BadUserName:
        return None


@pytest.mark.parametrize(
    ("typed", "key"),
    [
        ("Ann@Example.COM", "ann@example.com"),
        ("o'brien+okta@x.io", "o'brien+okta@x.io"),
        ("a.b@x.io", "a.b@x.io"),
        ("ａｄｍｉｎ", "admin"),  # full width
        ("ＡＤＭＩＮ＠x.io", "admin@x.io"),
        ("\u212aelvin", "kelvin"),  # Kelvin sign
        ("STRASSE", "strasse"),
        ("straße", "strasse"),
        ("ΝΙΚΟΣ.Α", "νικοσ.α"),
        ("νικος.α", "νικοσ.α"),
        ("Jose\u0301", "josé"),
        ("JOSÉ", "josé"),
        ("Владимир", "владимир"),
        ("משה", "משה"),
        ("山田太郎@例え.jp", "山田太郎@例え.jp"),
    ],
)
def test_M12_spellings_of_one_name_fold_together(typed: str, key: str) -> None:
    assert normalise_login(typed) == key


def test_M12_look_alikes_stay_different() -> None:
    names = ["admin", "admın", "аdmin", "αdmin", "adm1n", "ädmin"]
    assert len({normalise_login(name) for name in names}) == len(names)


@pytest.mark.parametrize(
    "text",
    [
        "",
        " ",
        " ann",
        "ann ",
        "an n",
        "ann\t",
        "ann\n",
        "ann\x00",
        "\x00",
        "ann\x7f",
        "ann\x85",
        "ann\u00a0b",
        "ann\u3000b",
        "ann\u2028",
        "an\u200bn",  # zero width space
        "an\u200dn",  # joiner out of context
        "an\u200cn",
        "an\u2060n",
        "\ufeffann",
        "an\u00adn",  # soft hyphen
        "ann\u202egro",  # right-to-left override
        "ann\u2066x",
        "annמשה",  # both directions at once
        "an\ufe0fn",
        "ann²",
        "Ⅷ",
        "ann🙂",
        "an\ud800n",
        "\U0010ffff",
        "\ue000",  # private use
        "an\u0378n",  # unassigned
        "an\u3164n",  # Hangul filler
        "@x.io",
        "＠x.io",
        "@",
        "a" * 257,
        "é" * 257,
        "e\u0301" * 257,
        "ß" * 129,  # folds to 258
        "a" * 10_000_000,
    ],
    ids=lambda text: f"{len(text)} {ascii(text)[:24]}",
)
def test_AU_10_names_that_are_refused(text: str) -> None:
    with pytest.raises(BadUserName) as refused:
        normalise_login(text)
    assert str(refused.value)
    assert refused.value.__cause__ is None


def test_AU_10_length_limits_are_inclusive() -> None:
    for text in ("a", "a" * 256, "é" * 256, "e\u0301" * 256, "ß" * 128):
        assert 1 <= len(normalise_login(text)) <= 256


@settings(max_examples=600)
@given(NAMES | st.text(max_size=20))
def test_AU_10_normal_form_is_a_fixed_point(text: str) -> None:
    key = outcome(text)
    if key is not None:
        assert outcome(key) == key
        assert not any(char.isspace() or unicodedata.category(char) in ("Cc", "Cf", "Cs") for char in key) or any(
            joiner in key for joiner in "\u200c\u200d"
        )
        key.encode()


def test_AU_10_every_code_point_is_a_fixed_point_or_refused() -> None:
    allowed = 0
    for code in itertools.chain(range(0x33480), range(0xE0000, 0xE0200)):  # what lies between and above is unassigned
        key = outcome(chr(code))
        if key is not None:
            allowed += 1
            assert outcome(key) == key, hex(code)
            assert outcome(unicodedata.normalize("NFD", chr(code))) in (key, None), hex(code)
    assert allowed > 100_000


@settings(max_examples=600)
@given(NAMES)
def test_AU_10_canonically_equal_names_have_one_key(text: str) -> None:
    composed = outcome(unicodedata.normalize("NFC", text))
    assert outcome(text) == composed
    assert outcome(unicodedata.normalize("NFD", text)) == composed


@given(st.text(string.ascii_letters + string.digits + "@.+-_" + "éÉñÑüÜжЖωΩ", min_size=1, max_size=20))
def test_AU_10_case_does_not_matter(text: str) -> None:
    assert outcome(text.upper()) == outcome(text.lower()) == outcome(text)


@settings(max_examples=400)
@given(st.text(st.characters(max_codepoint=127), min_size=1, max_size=20))
def test_the_short_way_for_ascii_agrees_with_the_profile(text: str) -> None:
    try:
        expected: str | None = get_profile("UsernameCaseMapped:CaseFold").enforce(text)
    except UnicodeEncodeError:
        expected = None
    if text.startswith("@"):
        expected = None
    assert outcome(text) == expected


@given(NAMES)
def test_a_short_name_is_found_by_typing_it(text: str) -> None:
    key = outcome(text)
    if key is not None and key.isascii():
        assert outcome(short_name(key)) == short_name(key)


def test_short_names() -> None:
    assert short_name("ann@example.com") == "ann"
    assert short_name("ann") == "ann"
    assert short_name("ann@evil@example.com") == "ann"
    assert short_name(normalise_login("ＮΙΚΟΣ＠x.io")) == normalise_login("ＮΙΚΟΣ")


# --- passwords ---


def test_AU_05_passwords_are_composed_and_nothing_else() -> None:
    assert normalise_password("pässword") == normalise_password("pa\u0308ssword") == "pässword".encode()
    assert normalise_password(" Spaces  kept \t\n") == b" Spaces  kept \t\n"
    assert normalise_password("ＡＢＣ") == "ＡＢＣ".encode()
    assert normalise_password("Aa") != normalise_password("aa")
    assert normalise_password("👩‍👩‍👧🔑") == "👩‍👩‍👧🔑".encode()


def test_AU_05_nothing_is_cut() -> None:
    assert normalise_password("a" * 72 + "b") != normalise_password("a" * 72 + "c")
    for text in ("a", "a" * 64, "a" * 256, "é" * 256, "😀" * 256, "e\u0301" * 256):
        assert unicodedata.normalize("NFC", text).encode() == normalise_password(text)


@pytest.mark.parametrize(
    "text",
    [
        "",
        "a" * 257,
        "😀" * 257,
        "e\u0301" * 257,
        "\u0344" * 200 + "a" * 57,
        "\ud800",
        "abc\udfff",
        "\0",
        "good\0bad",
        "a" * 10_000_000,
    ],
    ids=lambda text: f"{len(text)} {ascii(text)[:24]}",
)
def test_AU_05_passwords_that_are_refused(text: str) -> None:
    with pytest.raises(BadPassword) as refused:
        normalise_password(text)
    assert str(refused.value)
    assert refused.value.__cause__ is None


@settings(max_examples=400)
@given(st.text(max_size=300))
def test_AU_05_one_form_whatever_the_keyboard(text: str) -> None:
    def octets(typed: str) -> bytes | None:
        try:
            return normalise_password(typed)
        except BadPassword:
            return None

    found = octets(text)
    assert octets(unicodedata.normalize("NFC", text)) == found
    if found is not None:
        assert 0 < len(found) <= 1024
        assert octets(found.decode()) == found
