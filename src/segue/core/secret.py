"""New secrets, their digests, and ids that find their row without an index of their own."""

import hashlib
import re
from collections.abc import Callable
from dataclasses import dataclass

RandomBytes = Callable[[int], bytes]

PARTITIONS = 4096
_ALPHABET = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz"
# Two digits at once: ids and secrets are written and read several times in every request.
_PAIRS = tuple(high + low for high in _ALPHABET for low in _ALPHABET)
_PREFIX_CHARS = 3
_TIME_CHARS = 7
_PARTITION_CHARS = 3
_RANDOM_CHARS = 7
_ID = re.compile(r"[0-9A-Za-z]{20}")
_SECRET = re.compile(r"[0-9A-Za-z]{43}")


@dataclass(frozen=True, slots=True)
class Bearer:
    """What a client holds: ``id.secret``. The id may be shown and logged, the secret is given out once."""

    id: str
    secret: str

    @property
    def text(self) -> str:
        return f"{self.id}.{self.secret}"

    @property
    def digest(self) -> bytes:
        """SHA-256 of the secret, 32 bytes: all that is ever stored."""
        return digest(self.secret)

    def __repr__(self) -> str:
        return f"Bearer({self.id})"


def new_bearer(prefix: str, partition: int, now_at: int, random: RandomBytes) -> Bearer:
    """A new bearer value: a time-ordered id and a secret of 256 bits."""
    return Bearer(new_id(prefix, partition, now_at, random), new_secret(random))


def read_bearer(text: str) -> Bearer | None:
    """The bearer value in ``text``, or None where it does not have the shape of one (whole-string match: OT-07)."""
    ident, dot, secret = text.partition(".")
    if not dot or not _ID.fullmatch(ident) or not _SECRET.fullmatch(secret):
        return None
    return Bearer(ident, secret) if is_id(ident) else None


def new_secret(random: RandomBytes) -> str:
    """43 characters of [0-9A-Za-z] drawn from 256 random bits."""
    return _encode(int.from_bytes(random(32), "big"), 43)


def digest(secret: str) -> bytes:
    """SHA-256 of a secret of full entropy, 32 bytes. Not for passwords or short codes."""
    return hashlib.sha256(secret.encode()).digest()


def new_id(prefix: str, partition: int, now_at: int, random: RandomBytes) -> str:
    """A 20-character id: three of ``prefix``, then time (ms), partition and randomness in an order-keeping alphabet."""
    if len(prefix) != _PREFIX_CHARS or not 0 <= partition < PARTITIONS:
        raise ValueError("an id takes a three-character prefix and a partition from 0 to 4095")
    noise = int.from_bytes(random(6), "big") % len(_ALPHABET) ** _RANDOM_CHARS
    return prefix + _encode(now_at, _TIME_CHARS) + _encode(partition, _PARTITION_CHARS) + _encode(noise, _RANDOM_CHARS)


def is_id(text: str) -> bool:
    """Whether ``text`` has the shape of an id made by :func:`new_id`."""
    return _ID.fullmatch(text) is not None and _partition_part(text) in _PARTITIONS


def partition_of(ident: str) -> int:
    """The partition an id carries. Raises ValueError where ``ident`` is not an id."""
    partition = _PARTITIONS.get(_partition_part(ident)) if _ID.fullmatch(ident) else None
    if partition is None:
        raise ValueError("not an id of ours")
    return partition


def made_at(ident: str) -> int:
    """When an id was made (epoch ms), as it says itself. Raises ValueError where ``ident`` is not an id."""
    if not is_id(ident):
        raise ValueError("not an id of ours")
    return _decode(ident[_PREFIX_CHARS : _PREFIX_CHARS + _TIME_CHARS])


def partition_for(text: str) -> int:
    """A partition for something that has no owner yet, spread evenly by its text."""
    return int.from_bytes(hashlib.sha256(text.encode()).digest()[:2], "big") % PARTITIONS


def random_partition(random: RandomBytes) -> int:
    return int.from_bytes(random(2), "big") % PARTITIONS


def _partition_part(ident: str) -> str:
    start = _PREFIX_CHARS + _TIME_CHARS
    return ident[start : start + _PARTITION_CHARS]


def _encode(number: int, width: int) -> str:
    digits = []
    for _ in range(width // 2):
        number, rest = divmod(number, len(_PAIRS))
        digits.append(_PAIRS[rest])
    if width % 2:
        number, rest = divmod(number, len(_ALPHABET))
        digits.append(_ALPHABET[rest])
    if number:
        raise ValueError("the number does not fit")
    digits.reverse()
    return "".join(digits)


def _decode(text: str) -> int:
    number = 0
    for char in text:
        number = number * len(_ALPHABET) + _ALPHABET.index(char)
    return number


_PARTITIONS = {_encode(partition, _PARTITION_CHARS): partition for partition in range(PARTITIONS)}
