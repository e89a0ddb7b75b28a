"""Secrets at rest: AES-256-GCM under a key derived from the master key, bound to the row that holds them.

A sealed value is ``version (1 byte) · master key id (8) · nonce (12) · ciphertext and tag``. The version, the key id
and the caller's context are authenticated, so a value that was moved to another row, another kind or another org does
not open (KE-01). The tag is always the full 16 bytes.

Nonces are random: NIST SP 800-38D 8.3 allows 2^32 values under one master key, far more than an installation seals.
"""

import base64
import re
import secrets
from collections.abc import Sequence

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDF

from segue.core import strict
from segue.core.secret import RandomBytes

MASTER_KEY_BYTES = 32

_VERSION = b"\x01"
_KEY_ID_BYTES = 8
_NONCE_BYTES = 12
_TAG_BYTES = 16
_HEADER_BYTES = len(_VERSION) + _KEY_ID_BYTES
_MASTER_KEY = re.compile(r"(?:[A-Za-z0-9_-]{43}|[A-Za-z0-9+/]{43})=?")
_TO_BASE64URL = str.maketrans("+/", "-_")


class SealBroken(Exception):
    """A sealed value does not open: another master key, another context, or changed bytes."""


class Sealer:
    """Seals and opens secrets. Safe to share between threads.

    ``master_key`` (32 bytes) seals and opens; the ``previous`` ones only open, so a master key can be replaced while
    values sealed under the old one are still around. ``random`` must be cryptographically strong: a nonce used twice
    gives the plaintexts away. Raises ValueError where a key is not 32 bytes.
    """

    def __init__(
        self, master_key: bytes, *, previous: Sequence[bytes] = (), random: RandomBytes = secrets.token_bytes
    ) -> None:
        self._random = random
        self._key_id = _derive(master_key, b"key id", _KEY_ID_BYTES)
        self._ciphers = {
            _derive(key, b"key id", _KEY_ID_BYTES): AESGCM(_derive(key, b"encryption", 32))
            for key in (master_key, *previous)
        }

    def seal(self, plaintext: bytes, *, context: str) -> bytes:
        """``plaintext`` sealed for the one place that ``context`` names (see :func:`sealing_context`)."""
        header = _VERSION + self._key_id
        nonce = self._random(_NONCE_BYTES)
        return header + nonce + self._ciphers[self._key_id].encrypt(nonce, plaintext, _bound(header, context))

    def open(self, sealed: bytes, *, context: str) -> bytes:
        """The plaintext. Raises SealBroken, which says nothing of the content."""
        if len(sealed) < _HEADER_BYTES + _NONCE_BYTES + _TAG_BYTES or sealed[:1] != _VERSION:
            raise SealBroken("not a sealed value of a version we know")
        header, nonce = sealed[:_HEADER_BYTES], sealed[_HEADER_BYTES : _HEADER_BYTES + _NONCE_BYTES]
        cipher = self._ciphers.get(header[1:])
        if cipher is None:
            raise SealBroken("sealed under a master key that is not configured")
        try:
            return cipher.decrypt(nonce, sealed[_HEADER_BYTES + _NONCE_BYTES :], _bound(header, context))
        except InvalidTag:
            raise SealBroken("the sealed value was changed or belongs somewhere else") from None

    def is_current(self, sealed: bytes) -> bool:
        """Whether ``sealed`` names today's master key; the others want sealing again before an old key is dropped."""
        return sealed[:_HEADER_BYTES] == _VERSION + self._key_id


def sealing_context(org_id: str, kind: str, ident: str, version: int = 1) -> str:
    """The context of a row: ``org|kind|id|version``. Raises ValueError where a part would blur the borders."""
    parts = (org_id, kind, ident)
    if any("|" in part or not part for part in parts):
        raise ValueError("an org, kind or id in a sealing context is empty or contains |")
    return "|".join((*parts, str(version)))


def read_master_key(text: str) -> bytes:
    """A master key from configuration: 32 bytes as base64url or base64, with or without padding.

    Space around it (the line end of a file) is ignored. Raises ValueError, which does not repeat the text.
    """
    key_text = text.strip()
    if not _MASTER_KEY.fullmatch(key_text):
        raise ValueError(
            "a master key is 32 random bytes written as 43 characters of base64url or base64 (44 with the = at the "
            f"end); this one has {len(key_text)} characters, or has others among them"
        )
    try:
        return strict.read_base64url(key_text.rstrip("=").translate(_TO_BASE64URL), max_chars=43)
    except strict.Malformed:  # RFC 4648 3.5: the spare bits of the last character are zero
        raise ValueError("the last character of the master key cannot be right: was it cut or mistyped?") from None


def new_master_key(random: RandomBytes = secrets.token_bytes) -> str:
    """A fresh master key in the form that :func:`read_master_key` reads (base64url without padding)."""
    return base64.urlsafe_b64encode(random(MASTER_KEY_BYTES)).decode().rstrip("=")


def _derive(master_key: bytes, purpose: bytes, length: int) -> bytes:
    if len(master_key) != MASTER_KEY_BYTES:
        raise ValueError(f"a master key has {MASTER_KEY_BYTES} bytes, this one {len(master_key)}")
    return HKDF(SHA256(), length, salt=None, info=b"segue sealing 1: " + purpose).derive(master_key)


def _bound(header: bytes, context: str) -> bytes:
    return header + context.encode()
