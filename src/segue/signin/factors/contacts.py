"""Where a code can be sent: what is a mail address or a telephone number, and how each is shown without giving it
away."""

import re
from typing import Final

MAX_MAIL_CHARS: Final = 254  # RFC 3696 errata 1690: what fits in a path of RFC 5321 section 4.5.3.1.3

# RFC 5321 section 4.1.2 without quoted local parts and address literals, which no inbox of a person needs.
_ATOM = r"[A-Za-z0-9!#$%&'*+/=?^_`{|}~-]+"
_LABEL = r"[A-Za-z0-9](?:[A-Za-z0-9-]{0,61}[A-Za-z0-9])?"
_MAIL = re.compile(rf"{_ATOM}(?:\.{_ATOM})*@{_LABEL}(?:\.{_LABEL})*")
_MAX_LOCAL_CHARS = 64

_E164 = re.compile(r"\+[1-9][0-9]{6,14}")
_TYPED_NUMBER = re.compile(r"\+[0-9 ().\-/]{7,40}")
_PUNCTUATION = str.maketrans("", "", " ().-/")
# ITU-T E.164: country codes of one and of two digits; all others have three.
_ONE_DIGIT = "17"
_TWO_DIGITS = re.compile(r"2[07]|3[0-469]|4[013-9]|5[1-8]|6[0-6]|8[1246]|9[0-58]")
_SHOWN_DIGITS = 4
_LEAST_HIDDEN = 4
_GROUP = 3


class NotAContact(ValueError):
    """Not an address or number that a code can be sent to. The text is fit for the public and repeats no input."""


def read_mail_address(text: str) -> str:
    """``text`` itself, if it is a plain ASCII mail address. Raises NotAContact."""
    local = text.rpartition("@")[0]
    if len(text) > MAX_MAIL_CHARS or len(local) > _MAX_LOCAL_CHARS or not _MAIL.fullmatch(text):
        raise NotAContact("This is no address that mail can be sent to.")
    return text


def mask_mail_address(address: str) -> str:
    """``a...n@x.io``: the first and the last letter before the @, where more are left to hide."""
    local, _, host = address.rpartition("@")
    first, last = (local[:1], local[-1:]) if len(local) > 2 else (local[: len(local) - 1], "")
    return f"{first}...{last}@{host}"


def read_phone_number(text: str) -> str:
    """A telephone number in E.164 form (``+15551234567``), from how people write it. Raises NotAContact."""
    number = text.strip().translate(_PUNCTUATION) if _TYPED_NUMBER.fullmatch(text.strip()) else ""
    if not _E164.fullmatch(number):
        raise NotAContact("Write the number with + and its country code, like +1 555 123 4567.")
    return number


def mask_phone_number(number: str) -> str:
    """``+1 XXX-XXX-1234``: the country code and at most the last four digits, at least four hidden."""
    code, national = _country(number)
    shown = max(0, min(_SHOWN_DIGITS, len(national) - _LEAST_HIDDEN))
    hidden = "X" * (len(national) - shown)
    groups = [hidden[start : start + _GROUP] for start in range(0, len(hidden), _GROUP)]
    return f"+{code} {'-'.join([*groups, national[len(national) - shown :]] if shown else groups)}"


def _country(number: str) -> tuple[str, str]:
    digits = number.removeprefix("+")
    width = 1 if digits[0] in _ONE_DIGIT else 2 if _TWO_DIGITS.match(digits) else 3
    return digits[:width], digits[width:]
