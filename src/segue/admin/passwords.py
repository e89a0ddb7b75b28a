"""Which passwords may be set: long enough, and not one that everybody tries first (AU-05, AU-07).

There is no rule about kinds of characters. The common ones are found in a list of those that were used most, and by how
people make them: a word everybody uses, or a pattern of the keyboard, with capitals, look-alike signs, and a year or
some digits around it. Offline, no list can be complete; this covers what is guessed first, which lock-out leaves as the
only chance.
"""

import re
import unicodedata
from collections.abc import Iterable, Iterator
from functools import cache
from importlib.resources import files
from typing import Final

from segue.admin.change import invalid
from segue.core.identifiers import MAX_PASSWORD_CHARS, BadPassword, normalise_password

MIN_PASSWORD_CHARS: Final = 8

_LONGEST_UNIT = 4
_MIN_NAME_CHARS = 3
_FEW_SIGNS = 4
_FEW_LETTERS = 3
_LOOKALIKES = tuple(str.maketrans("4@3!05$7+8961", letters) for letters in ("aaeiossttbggi", "aaeiossttbggl"))
_EDGES = re.compile(r"([\W\d_]*)(.*?)([\W\d_]*)", re.DOTALL)
_MIN_DIGITS = 12
_TWO_WORDS_CHARS = 12
_NUMBER_AND_SIGNS = re.compile(r"[\W_]{0,2}\d{0,4}[\W_]{0,2}")
_YEAR = r"(?:19|20)\d\d"
_DATE = re.compile(rf"(?:{_YEAR}(?:[01]\d[0-3]\d|[0-3]\d[01]\d)|(?:[01]\d[0-3]\d|[0-3]\d[01]\d){_YEAR})")
# What fingers or eyes walk along: rows and columns of keyboards, zigzags, the alphabet. Read in both directions.
_WALKS = tuple(
    walk
    for path in (
        "01234567890123456789",
        "abcdefghijklmnopqrstuvwxyz",
        "qwertyuiop[]",
        "qwertzuiop",
        "azertyuiop",
        "asdfghjkl;'",
        "zxcvbnm,./",
        "!@#$%^&*()_+",
        "qwertyuiopasdfghjklzxcvbnm",
        "1qaz2wsx3edc4rfv5tgb6yhn7ujm8ik9ol0p",
        "1qazxsw23edcvfr45tgbnhy67ujm",
        "zaq12wsxcde34rfv",
        "qazwsxedcrfvtgbyhnujmikolp",
        "qweasdzxc",
        "q1w2e3r4t5y6u7i8o9p0",
        "1q2w3e4r5t6y7u8i9o0p",
        "1a2b3c4d5e6f7g8h9i0j",
        "a1b2c3d4e5f6g7h8i9j0",
        "a1s2d3f4g5h6j7k8l9",
        "1234qwerasdfzxcv",
        "asdf1234asdf",
        "qwer1234qwer",
    )
    for walk in (path, path[::-1])
)


def check_password(password: str, *, about: Iterable[str] = ()) -> bytes:
    """The octets to hash of a password that may be set. Raises Refusal ``invalid_value``, which does not repeat it.

    8 to 256 characters, counted in NFC as it is hashed. ``about`` holds the user's own name and the like: what somebody
    who aims at this account tries first.
    """
    length = len(unicodedata.normalize("NFC", password))
    if not MIN_PASSWORD_CHARS <= length <= MAX_PASSWORD_CHARS:
        raise invalid("password", f"A password has {MIN_PASSWORD_CHARS} to {MAX_PASSWORD_CHARS} characters.")
    try:
        octets = normalise_password(password)
    except BadPassword as error:
        raise invalid("password", f"This cannot be a password: {error}.") from None
    if is_common(password, about=about):
        raise invalid("password", "This password is too easy to guess. Choose one that is not a well-known word.")
    return octets


def is_common(password: str, *, about: Iterable[str] = ()) -> bool:
    """Whether ``password`` is among those that are tried first."""
    text = unicodedata.normalize("NFKC", password).casefold()
    own_names = {name.casefold() for name in about if len(name) >= _MIN_NAME_CHARS}
    return text in common_passwords() or _is_common(text, common_words() | own_names)


@cache
def common_passwords() -> frozenset[str]:
    """What leaked passwords show to be used most (ASVS 6.2.4), in lower case; read once from the package."""
    return frozenset(_entries("common_passwords.txt"))


@cache
def common_words() -> frozenset[str]:
    """The words that passwords are made of, in lower case; read once from the package."""
    return frozenset(word for line in _entries("common_words.txt") for word in line.split())


def _entries(name: str) -> Iterator[str]:
    """The lines of one of the package's lists that are no comments."""
    text = files("segue.admin").joinpath(name).read_text(encoding="utf-8")
    return (line for line in text.splitlines() if not line.startswith("#"))


def _is_common(text: str, words: frozenset[str]) -> bool:
    if text.isdecimal() and len(text) < _MIN_DIGITS:  # a date, a telephone number, a way over the keypad
        return True
    if _is_nearly_a_pattern(text) or any(_is_made_of(form, words) for form in _forms(text)):
        return True
    unit = _repeated_unit(text)
    return unit is not None and (len(unit) < MIN_PASSWORD_CHARS or _is_common(unit, words))


def _is_made_of(form: str, words: frozenset[str]) -> bool:
    """Whether this is a word, a word backwards, or two short words side by side."""
    if form in words or form[::-1] in words:
        return True
    places = range(_MIN_NAME_CHARS, len(form) - _MIN_NAME_CHARS + 1) if len(form) <= _TWO_WORDS_CHARS else ()
    return any(form[:place] in words and form[place:] in words for place in places)


def _forms(text: str) -> Iterator[str]:
    """``text`` as the word it may have been made of: with and without what stands around it, signs read as letters."""
    yield from _spellings(text)
    match = _EDGES.fullmatch(text)
    if match is not None and all(_is_usual_edge(edge) for edge in match.group(1, 3)):
        yield from _spellings(match[2])
        # A sign at the edge may itself be a letter: pa$$ and the year behind it.
        yield from _spellings(text.rstrip("0123456789"))


def _spellings(text: str) -> Iterator[str]:
    yield text
    for table in _LOOKALIKES:
        yield text.translate(table)


def _is_usual_edge(edge: str) -> bool:
    """Whether this is what people put before or behind a word to please a rule."""
    return len(edge) <= _FEW_SIGNS or _NUMBER_AND_SIGNS.fullmatch(edge) is not None or _is_pattern(edge)


def _is_nearly_a_pattern(text: str) -> bool:
    """A pattern, also with a few more characters at one of its ends (a1234567, qwertyui7)."""
    return _is_pattern(text) or any(
        _is_pattern(rest) for cut in range(1, _FEW_LETTERS + 1) for rest in (text[cut:], text[:-cut]) if len(rest) > cut
    )


def _is_pattern(text: str) -> bool:
    """A date, a walk on the keyboard, or a few characters over and over."""
    return (
        _DATE.fullmatch(text) is not None
        or any(text in walk for walk in _WALKS)
        or any((text[:size] * len(text)).startswith(text) for size in range(1, min(_LONGEST_UNIT, len(text) // 2) + 1))
    )


def _repeated_unit(text: str) -> str | None:
    """The part that ``text`` is two or more copies of, or None."""
    start = (text + text).find(text, 1)
    return text[:start] if start < len(text) else None
