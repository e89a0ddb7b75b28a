"""Passwords: Argon2id, in a pool of its own so that a flood of sign-ins leaves everything else answering (AU-06).

Stored hashes are PHC strings. New ones are always Argon2id with the current parameters; imported ones are accepted as

- ``$argon2id$``, ``$argon2i$`` and ``$argon2d$`` with other parameters,
- ``$scrypt$ln=15,r=8,p=1$<salt>$<hash>`` (RFC 7914; ln is the base-2 logarithm of the cost),
- ``$pbkdf2-sha256$i=600000$<salt>$<hash>`` and ``$pbkdf2-sha512$…`` (RFC 8018),

with salt and hash in base64 without padding, and are replaced at the first successful sign-in. bcrypt hashes need the
optional dependency ``bcrypt`` and are refused at import until it is there. Until it was replaced, an imported hash
takes its own time to check: a stranger can tell such an account from the others by the clock (AU-04 holds for the
rest).
"""

import asyncio
import base64
import hashlib
import hmac
import os
import re
import secrets
import threading
from collections.abc import Callable
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass, field
from typing import TypeVar

import argon2
from argon2.exceptions import InvalidHashError, VerificationError, VerifyMismatchError

from segue.core import strict
from segue.core.identifiers import MAX_PASSWORD_BYTES

_MAX_HASH_CHARS = 512
_MAX_MEMORY_KIB = 128 * 1024
_MAX_ARGON2_PASSES = 16
_MAX_LANES = 16
_PBKDF2_ITERATIONS = range(1_000, 5_000_001)
_SCRYPT = re.compile(r"\$scrypt\$ln=(\d{1,2}),r=(\d{1,2}),p=(\d{1,2})\$([A-Za-z0-9+/]{6,86})\$([A-Za-z0-9+/]{22,86})")
_PBKDF2 = re.compile(r"\$pbkdf2-(sha256|sha512)\$i=(\d{1,7})\$([A-Za-z0-9+/]{6,86})\$([A-Za-z0-9+/]{22,86})")
_TO_BASE64URL = str.maketrans("+/", "-_")
_BCRYPT = re.compile(r"\$2[abxy]?\$")

_ARGON2 = argon2.PasswordHasher()  # to verify with: the parameters come from the hash

_T = TypeVar("_T")


class PasswordUnusable(ValueError):
    """A password that cannot be one: more than MAX_PASSWORD_BYTES."""


class UnsupportedHash(ValueError):
    """A stored or imported hash that we cannot check. The text does not repeat it."""


class PoolFull(Exception):
    """More sign-ins wait than can be served soon: answer 429 with ``Retry-After: retry_after_s``."""

    retry_after_s = 2


@dataclass(frozen=True, slots=True)
class Verification:
    """Whether a password is right; ``rehash`` is what to store instead where the stored hash is out of date.

    ``problem`` says, for an operator, why a stored hash could not be checked at all; ``ok`` is False then.
    """

    ok: bool
    rehash: str | None = field(default=None, repr=False)
    problem: str | None = None


def check_imported(stored: str) -> None:
    """Raises UnsupportedHash unless ``stored`` is a hash that :class:`PasswordHasher` can check at a bearable cost."""
    _checker(stored)


class PasswordHasher:
    """Hashes and verifies passwords. One per process.

    ``threads`` (2 per core unless told) evaluate, at most ``waiting`` calls wait for them, more raise PoolFull.
    ``evaluations`` counts the hash evaluations that were begun.
    """

    def __init__(
        self,
        *,
        memory_kib: int = 19 * 1024,
        passes: int = 2,
        lanes: int = 1,
        threads: int | None = None,
        waiting: int = 32,
    ) -> None:
        self._argon2 = argon2.PasswordHasher(passes, memory_kib, lanes, type=argon2.Type.ID)
        self._dummy = _dummy_hash(self._argon2)
        self._threads = threads or 2 * (os.cpu_count() or 1)
        self._capacity = self._threads + waiting
        self._pool = ThreadPoolExecutor(self._threads, thread_name_prefix="password")
        self._lock = threading.Lock()
        self._admitted = 0
        self.evaluations = 0

    async def verify(self, stored: str | None, password: bytes) -> Verification:
        """Whether ``password`` is the one that ``stored`` was made from.

        None (no such user, no password set) and a password that is too long cost exactly what a wrong password costs
        (AU-04). Raises PoolFull.
        """
        return await self._run(lambda: self._verify(stored, password))

    async def hash(self, password: bytes) -> str:
        """A new Argon2id hash with a new salt. Raises PoolFull, PasswordUnusable."""
        if len(password) > MAX_PASSWORD_BYTES:
            raise PasswordUnusable(f"the password is longer than {MAX_PASSWORD_BYTES} bytes")
        return await self._run(lambda: self._hash(password))

    def needs_rehash(self, stored: str) -> bool:
        """Whether ``stored`` was made by another algorithm or with other parameters than new hashes are."""
        return not stored.startswith("$argon2id$") or self._argon2.check_needs_rehash(stored)

    def close(self) -> None:
        """Drops what waits and lets running evaluations end on their own."""
        self._pool.shutdown(wait=False, cancel_futures=True)

    async def _run(self, work: Callable[[], _T]) -> _T:
        with self._lock:
            if self._admitted >= self._capacity:
                raise PoolFull("the password pool is full")
            future = self._pool.submit(work)
            self._admitted += 1
        # Leaving is tied to the work, not to the caller: one who gives up does not make room that is not there.
        future.add_done_callback(self._leave)
        return await asyncio.wrap_future(future)

    def _leave(self, _: Future[_T]) -> None:
        with self._lock:
            self._admitted -= 1

    def _verify(self, stored: str | None, password: bytes) -> Verification:
        if stored is None or len(password) > MAX_PASSWORD_BYTES:
            self._evaluate(self._dummy, b"")
            return Verification(ok=False)
        try:
            ok = self._evaluate(stored, password)
        except UnsupportedHash as unsupported:
            self._evaluate(self._dummy, b"")
            return Verification(ok=False, problem=str(unsupported))
        rehash = self._hash(password) if ok and self.needs_rehash(stored) else None
        return Verification(ok, rehash)

    def _evaluate(self, stored: str, password: bytes) -> bool:
        check = _checker(stored)
        self._count()
        return check(password)

    def _hash(self, password: bytes) -> str:
        self._count()
        return self._argon2.hash(password)

    def _count(self) -> None:
        with self._lock:
            self.evaluations += 1


def _dummy_hash(hasher: argon2.PasswordHasher) -> str:
    """A hash that no password matches (its 256 bits are random), with the parameters of new hashes."""
    salt, digest = (base64.b64encode(secrets.token_bytes(size)).decode().rstrip("=") for size in (16, 32))
    cost = f"m={hasher.memory_cost},t={hasher.time_cost},p={hasher.parallelism}"
    return f"$argon2id$v={argon2.low_level.ARGON2_VERSION}${cost}${salt}${digest}"


def _checker(stored: str) -> Callable[[bytes], bool]:
    """The function that compares a password with ``stored``. Raises UnsupportedHash."""
    if len(stored) > _MAX_HASH_CHARS or not stored.isascii():
        raise UnsupportedHash("a password hash has at most 512 characters, all of them ASCII")
    if stored.startswith("$argon2"):
        return _argon2_checker(stored)
    if match := _SCRYPT.fullmatch(stored):
        return _scrypt_checker(match)
    if match := _PBKDF2.fullmatch(stored):
        return _pbkdf2_checker(match)
    if _BCRYPT.match(stored):
        raise UnsupportedHash(
            "bcrypt hashes need the optional dependency bcrypt, which this version does not use: "
            "let these users set a new password"
        )
    raise UnsupportedHash("this is no Argon2, scrypt or PBKDF2 hash in PHC form")


def _argon2_checker(stored: str) -> Callable[[bytes], bool]:
    try:
        cost = argon2.extract_parameters(stored)
    except InvalidHashError:
        raise UnsupportedHash("the Argon2 hash is malformed") from None
    if cost.memory_cost > _MAX_MEMORY_KIB or cost.time_cost > _MAX_ARGON2_PASSES or cost.parallelism > _MAX_LANES:
        raise UnsupportedHash("the Argon2 hash asks for more work than a sign-in may cost")

    def check(password: bytes) -> bool:
        try:
            return _ARGON2.verify(stored, password)
        except VerifyMismatchError:
            return False
        except VerificationError:
            raise UnsupportedHash("the Argon2 hash is malformed") from None

    return check


def _scrypt_checker(match: re.Match[str]) -> Callable[[bytes], bool]:
    log_n, r, p = (int(number) for number in match.group(1, 2, 3))
    salt, digest = (_base64(text) for text in match.group(4, 5))
    memory = 128 * r * (1 << log_n)
    if not log_n or not r or not 1 <= p <= _MAX_LANES or memory > _MAX_MEMORY_KIB * 1024:
        raise UnsupportedHash("the scrypt hash asks for no work, or for more than a sign-in may cost")

    def check(password: bytes) -> bool:
        # OpenSSL counts its own buffers too: twice the table is enough for any p allowed here.
        seen = hashlib.scrypt(
            password, salt=salt, n=1 << log_n, r=r, p=p, maxmem=2 * memory + (1 << 20), dklen=len(digest)
        )
        return hmac.compare_digest(seen, digest)

    return check


def _pbkdf2_checker(match: re.Match[str]) -> Callable[[bytes], bool]:
    name, iterations = match[1], int(match[2])
    salt, digest = (_base64(text) for text in match.group(3, 4))
    if iterations not in _PBKDF2_ITERATIONS:
        raise UnsupportedHash("the PBKDF2 hash asks for too few iterations, or for more than a sign-in may cost")

    def check(password: bytes) -> bool:
        return hmac.compare_digest(hashlib.pbkdf2_hmac(name, password, salt, iterations, len(digest)), digest)

    return check


def _base64(text: str) -> bytes:
    try:
        return strict.read_base64url(text.translate(_TO_BASE64URL), max_chars=_MAX_HASH_CHARS)
    except strict.Malformed:
        raise UnsupportedHash("the salt or the digest of the hash is not base64") from None
