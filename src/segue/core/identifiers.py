"""One normal form for user names and one for passwords (RFC 8265).

Look-up, uniqueness and failure counters all use the normal form of a user name, or an attacker finds the spelling that
one of them forgot.
"""

import re
import unicodedata

from precis_i18n import get_profile

MAX_LOGIN_CHARS = 256
MAX_PASSWORD_CHARS = 256
MAX_PASSWORD_BYTES = 1024

_NFC_SHRINKS = 4  # a character in NFC stands for at most four as typed: the limit on what is worth normalising

_LOGIN_LENGTH = "a user name has 1 to 256 characters"
_ASCII_LOGIN = re.compile(r"[!-~]+")
# Full case folding rather than lower-casing: what a capital sigma becomes in lower case depends on what follows it, so
# two spellings of one name would differ, and a short name would not be the beginning of its login.
_USERNAME = get_profile("UsernameCaseMapped:CaseFold")


class BadUserName(ValueError):
    """Not a user name. The text is fit for the public and never repeats the input."""


class BadPassword(ValueError):
    """Not a password that can be set or checked. The text is fit for the public and never repeats the input."""


def normalise_login(text: str) -> str:
    """The normal form of a user name: PRECIS UsernameCaseMapped (RFC 8265 section 3.3) with full case folding.

    1 to 256 characters, counted in NFC before and after folding. Width and case are folded; white space, control,
    invisible, compatibility and symbol characters are refused, and so is a name that mixes right-to-left and
    left-to-right letters (the Bidi rule of RFC 5893) or begins with ``@``. Look-alikes of other scripts stay different
    names. Normalising twice changes nothing. Raises :class:`BadUserName`.
    """
    if not 0 < len(text) <= MAX_LOGIN_CHARS * _NFC_SHRINKS:
        raise BadUserName(_LOGIN_LENGTH)
    composed = unicodedata.normalize("NFC", text)
    if len(composed) > MAX_LOGIN_CHARS:
        raise BadUserName(_LOGIN_LENGTH)
    login = _fold_ascii(composed) if composed.isascii() else _fold(composed)
    if len(login) > MAX_LOGIN_CHARS:  # folding may lengthen
        raise BadUserName(_LOGIN_LENGTH)
    if login.startswith("@"):
        raise BadUserName("a user name does not begin with @")
    return login


def short_name(login: str) -> str:
    """The part of a normalised login before its first ``@``, or the whole where it has none. Never empty."""
    return login.partition("@")[0]


def normalise_password(text: str) -> bytes:
    """The octets to hash: NFC, then UTF-8; nothing is trimmed, cut or folded.

    At most 256 characters (counted in NFC, so that every keyboard may type the same password) and 1,024 octets. How
    short a password may be is policy, not form. Raises :class:`BadPassword` if empty, too long, or with a NUL, where
    some imported hash functions would stop reading.
    """
    if not text:
        raise BadPassword("a password is needed")
    if len(text) > MAX_PASSWORD_CHARS * _NFC_SHRINKS:
        raise BadPassword("the password is too long")
    composed = unicodedata.normalize("NFC", text)
    if "\0" in composed:
        raise BadPassword("the password has a character that is not allowed")
    try:
        octets = composed.encode()
    except UnicodeEncodeError:  # a lone surrogate
        raise BadPassword("the password has a character that is not allowed") from None
    if len(composed) > MAX_PASSWORD_CHARS or len(octets) > MAX_PASSWORD_BYTES:
        raise BadPassword("the password is too long")
    return octets


def _fold_ascii(text: str) -> str:
    """What the PRECIS profile does to ASCII, thirty times faster."""
    if not _ASCII_LOGIN.fullmatch(text):
        raise BadUserName("a user name has no spaces or control characters")
    return text.lower()


def _fold(text: str) -> str:
    try:
        return _USERNAME.enforce(text)
    except UnicodeEncodeError:  # how the profile says no
        raise BadUserName("the user name has a character that is not allowed") from None
