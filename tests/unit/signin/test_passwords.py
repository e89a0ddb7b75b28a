import asyncio
import base64
import hashlib
import os
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import argon2
import pytest
from hypothesis import given
from hypothesis import strategies as st

from segue.core.identifiers import normalise_password
from segue.signin.passwords import (
    MAX_PASSWORD_BYTES,
    PasswordHasher,
    PasswordUnusable,
    PoolFull,
    UnsupportedHash,
    check_imported,
)

SALT = b"0123456789abcdef"


def phc(data: bytes) -> str:
    return base64.b64encode(data).decode().rstrip("=")


def scrypt_hash(password: bytes, log_n: int = 10, r: int = 8, p: int = 1) -> str:
    digest = hashlib.scrypt(password, salt=SALT, n=1 << log_n, r=r, p=p, maxmem=1 << 28, dklen=32)
    return f"$scrypt$ln={log_n},r={r},p={p}${phc(SALT)}${phc(digest)}"


def pbkdf2_hash(password: bytes, name: str = "sha256", iterations: int = 1000) -> str:
    return f"$pbkdf2-{name}$i={iterations}${phc(SALT)}${phc(hashlib.pbkdf2_hmac(name, password, SALT, iterations))}"


IMPORTED: dict[str, Any] = {
    "scrypt": scrypt_hash,
    "pbkdf2-sha256": pbkdf2_hash,
    "pbkdf2-sha512": lambda password: pbkdf2_hash(password, "sha512"),
    "argon2id with more memory": argon2.PasswordHasher(1, 1024, 1).hash,
    "argon2id with other lanes": argon2.PasswordHasher(1, 64, 2).hash,
    "argon2i": argon2.PasswordHasher(2, 64, 1, type=argon2.Type.I).hash,
    "argon2d": argon2.PasswordHasher(2, 64, 1, type=argon2.Type.D).hash,
}


@pytest.fixture
def hasher() -> Iterator[PasswordHasher]:
    """The real algorithm at a small cost."""
    hasher = PasswordHasher(memory_kib=64, passes=1, threads=2, waiting=1000)
    yield hasher
    hasher.close()


@pytest.fixture
def full_cost() -> Iterator[PasswordHasher]:
    hasher = PasswordHasher()
    yield hasher
    hasher.close()


# --- hashing and verifying ------------------------------------------------------------------------------------------


async def test_a_password_verifies_and_others_do_not(hasher: PasswordHasher) -> None:
    stored = await hasher.hash(b"correct horse")
    assert stored.startswith("$argon2id$v=19$m=64,t=1,p=1$")
    assert b"correct" not in stored.encode()
    right = await hasher.verify(stored, b"correct horse")
    assert (right.ok, right.rehash, right.problem) == (True, None, None)
    for wrong in (b"", b"correct hors", b"correct horse ", b"Correct horse", b"correct horse\0"):
        assert not (await hasher.verify(stored, wrong)).ok


async def test_two_hashes_of_one_password_differ(hasher: PasswordHasher) -> None:
    assert await hasher.hash(b"same") != await hasher.hash(b"same")


@pytest.mark.parametrize("difference", ["72 bytes", "NUL", "256 characters", "last byte"])
async def test_AU_05_no_byte_is_ignored(difference: str, hasher: PasswordHasher) -> None:
    one, other = {
        "72 bytes": (b"x" * 72 + b"a", b"x" * 72 + b"b"),  # where bcrypt stops (M11)
        "NUL": (b"secret\0one", b"secret\0two"),  # where C strings stop
        "256 characters": ("é" * 256, "é" * 255 + "è"),
        "last byte": (b"x" * (MAX_PASSWORD_BYTES - 1) + b"a", b"x" * (MAX_PASSWORD_BYTES - 1) + b"b"),
    }[difference]
    first, second = (text if isinstance(text, bytes) else normalise_password(text) for text in (one, other))
    stored = await hasher.hash(first)
    assert (await hasher.verify(stored, first)).ok
    assert not (await hasher.verify(stored, second)).ok


async def test_the_default_cost_is_the_measured_one(full_cost: PasswordHasher) -> None:
    assert (await full_cost.hash(b"x")).startswith("$argon2id$v=19$m=19456,t=2,p=1$")


async def test_a_hash_of_another_cost_is_replaced_at_the_next_right_password(hasher: PasswordHasher) -> None:
    old = await hasher.hash(b"secret")
    dearer = PasswordHasher(memory_kib=128, passes=1, threads=1)
    try:
        assert not hasher.needs_rehash(old)
        assert dearer.needs_rehash(old)
        assert (await dearer.verify(old, b"wrong")).rehash is None
        renewed = (await dearer.verify(old, b"secret")).rehash
        assert renewed is not None
        assert "m=128," in renewed
        assert (await dearer.verify(renewed, b"secret")).rehash is None
        assert renewed not in repr(await dearer.verify(old, b"secret"))
    finally:
        dearer.close()


# --- imported hashes ------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("make", IMPORTED.values(), ids=IMPORTED.keys())
async def test_AU_05_imported_hashes_are_verified_and_replaced(make: Any, hasher: PasswordHasher) -> None:
    stored = make(b"imported secret")
    check_imported(stored)
    wrong = await hasher.verify(stored, b"imported secres")
    assert (wrong.ok, wrong.rehash, wrong.problem) == (False, None, None)
    right = await hasher.verify(stored, b"imported secret")
    assert right.ok
    assert right.rehash is not None
    assert not hasher.needs_rehash(right.rehash)
    assert (await hasher.verify(right.rehash, b"imported secret")).ok


async def test_published_vectors_in_our_notation(hasher: PasswordHasher) -> None:
    """RFC 7914 section 12 (scrypt, third vector) and section 11 (PBKDF2-HMAC-SHA-256, second vector)."""
    scrypt_digest = bytes.fromhex(
        "7023bdcb3afd7348461c06cd81fd38ebfda8fbba904f8e3ea9b543f6545da1f2"
        "d5432955613f0fcf62d49705242a9af9e61e85dc0d651e40dfcf017b45575887"
    )
    pbkdf2_digest = bytes.fromhex(
        "4ddcd8f60b98be21830cee5ef22701f9641a4418d04c0414aeff08876b34ab56"
        "a1d425a1225833549adb841b51c9b3176a272bdebba1d078478f62b397f33c8d"
    )

    for stored, password in (
        (f"$scrypt$ln=14,r=8,p=1${phc(b'SodiumChloride')}${phc(scrypt_digest)}", b"pleaseletmein"),
        (f"$pbkdf2-sha256$i=80000${phc(b'NaCl')}${phc(pbkdf2_digest)}", b"Password"),
    ):
        assert (await hasher.verify(stored, password)).ok
        assert not (await hasher.verify(stored, password.lower() + b" ")).ok


@pytest.mark.parametrize("prefix", ["$2$", "$2a$", "$2b$", "$2x$", "$2y$"])
def test_M11_bcrypt_is_refused_with_a_clear_word(prefix: str) -> None:
    with pytest.raises(UnsupportedHash, match="bcrypt"):
        check_imported(prefix + "10$N9qo8uLOickgx2ZMRZoMyeIjZAgcfl7p92ldGxad68LJZdL17lhWy")


UNSUPPORTED = {
    "empty": "",
    "plain text": "secret",
    "MD5": hashlib.md5(b"secret").hexdigest(),
    "crypt": "$6$salt$hash",
    "argon2 alone": "$argon2id$",
    "argon2 of a new kind": "$argon2x$v=19$m=64,t=1,p=1$MDEyMzQ1Njc4OWFiY2RlZg$MDEyMzQ1Njc4OWFiY2RlZg",
    "argon2 with words": "$argon2id$v=19$m=many,t=1,p=1$MDEyMzQ1Njc4OWFiY2RlZg$MDEyMzQ1Njc4OWFiY2RlZg",
    "argon2 of 4 GiB": "$argon2id$v=19$m=4194304,t=1,p=1$MDEyMzQ1Njc4OWFiY2RlZg$MDEyMzQ1Njc4OWFiY2RlZg",
    "argon2 of 1,000 passes": "$argon2id$v=19$m=64,t=1000,p=1$MDEyMzQ1Njc4OWFiY2RlZg$MDEyMzQ1Njc4OWFiY2RlZg",
    "argon2 of 1,000 lanes": "$argon2id$v=19$m=8192,t=1,p=1000$MDEyMzQ1Njc4OWFiY2RlZg$MDEyMzQ1Njc4OWFiY2RlZg",
    "scrypt of 16 GiB": scrypt_hash(b"x").replace("ln=10", "ln=24"),
    "scrypt of no cost": scrypt_hash(b"x").replace("ln=10", "ln=0"),
    "scrypt of no blocks": scrypt_hash(b"x").replace("r=8", "r=0"),
    "scrypt of no lanes": scrypt_hash(b"x").replace("p=1", "p=0"),
    "scrypt of 99 lanes": scrypt_hash(b"x").replace("p=1", "p=99"),
    "PBKDF2 once": pbkdf2_hash(b"x").replace("i=1000", "i=1"),
    "PBKDF2 for ever": pbkdf2_hash(b"x").replace("i=1000", "i=9999999"),
    "PBKDF2 of MD5": pbkdf2_hash(b"x").replace("sha256", "md5"),
    "PBKDF2 with a short digest": f"$pbkdf2-sha256$i=1000${phc(SALT)}${phc(b'x')}",
    "PBKDF2 with impossible base64": f"$pbkdf2-sha256$i=1000${phc(SALT)}${'A' * 25}",
    "digits of another script": pbkdf2_hash(b"x").replace("i=1000", "i=١٠٠٠"),
    "a line end": pbkdf2_hash(b"x") + "\n",
    "half a megabyte": "$argon2id$" + "A" * 500_000,
    "not ASCII": "$argon2id$v=19$m=64,t=1,p=1$é$é",
}


@pytest.mark.parametrize("stored", UNSUPPORTED.values(), ids=UNSUPPORTED.keys())
async def test_a_hash_that_cannot_be_checked_is_refused_at_import_and_never_signs_in(
    stored: str, hasher: PasswordHasher
) -> None:
    with pytest.raises(UnsupportedHash) as refused:
        check_imported(stored)
    assert not stored or stored not in str(refused.value)
    before = hasher.evaluations
    answer = await hasher.verify(stored, b"secret")
    assert (answer.ok, answer.rehash) == (False, None)
    assert answer.problem == str(refused.value)
    assert hasher.evaluations == before + 1  # the same work as for anybody (AU-04)


@given(
    stored=st.text(max_size=60) | st.from_regex(r"\A\$(argon2id|scrypt|pbkdf2-sha256)\$[vmtpilnr=0-9,$A-Za-z]{0,60}")
)
def test_any_stored_text_raises_nothing_but_UnsupportedHash(stored: str) -> None:
    try:
        check_imported(stored)
    except UnsupportedHash:
        return


async def test_an_argon2_hash_with_broken_parts_is_found_when_it_is_used(hasher: PasswordHasher) -> None:
    for stored in (
        "$argon2id$v=19$m=64,t=1,p=1$!!!!!!!!!!!!!!!!$!!!!!!!!!!!!!!!!!!!!!!",
        "$argon2id$v=19$m=1,t=1,p=1$MDEyMzQ1Njc4OWFiY2RlZg$MDEyMzQ1Njc4OWFiY2RlZg",
        "$argon2id$v=99$m=64,t=0,p=1$MDEyMzQ1Njc4OWFiY2RlZg$MDEyMzQ1Njc4OWFiY2RlZg",
    ):
        answer = await hasher.verify(stored, b"secret")
        assert (answer.ok, answer.rehash) == (False, None)
        assert answer.problem is not None


# --- AU-04: nobody learns which users exist -------------------------------------------------------------------------


async def test_AU_04_an_unknown_user_costs_one_evaluation_with_the_current_parameters(hasher: PasswordHasher) -> None:
    stored = await hasher.hash(b"secret")
    for case, password in (
        (None, b"secret"),
        (None, b""),
        (stored, b"wrong"),
        (stored, b"x" * 2000),
        (None, b"x" * 2000),
    ):
        before = hasher.evaluations
        answer = await hasher.verify(case, password)
        assert (answer.ok, answer.rehash, answer.problem) == (False, None, None)
        assert hasher.evaluations == before + 1


async def test_AU_04_unknown_and_wrong_are_the_same_work(
    full_cost: PasswordHasher, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The same work, not the same time: what is hashed, with which parameters, and how often."""
    stored = await full_cost.hash(b"secret")
    evaluated: list[str] = []
    evaluate = full_cost._evaluate

    def watched(hashed: str, password: bytes) -> bool:
        evaluated.append(hashed.rsplit("$", 2)[0])
        return evaluate(hashed, password)

    monkeypatch.setattr(full_cost, "_evaluate", watched)
    for case, password in ((None, b"wrong"), (stored, b"wrong"), (stored, b"x" * (MAX_PASSWORD_BYTES + 1))):
        await full_cost.verify(case, password)
    assert evaluated == ["$argon2id$v=19$m=19456,t=2,p=1"] * 3


# --- AU-06: a flood of sign-ins -------------------------------------------------------------------------------------


@contextmanager
def all_threads_busy(hasher: PasswordHasher, threads: int) -> Iterator[None]:
    """Work that ends when the test says so, in every thread of the pool."""
    gate = threading.Event()
    busy = [asyncio.ensure_future(hasher._run(gate.wait)) for _ in range(threads)]
    try:
        yield
    finally:
        gate.set()
        assert not any(work.done() and work.exception() for work in busy)


async def test_AU_06_beyond_the_queue_the_pool_refuses_at_once(hasher: PasswordHasher) -> None:
    flooded = PasswordHasher(memory_kib=64, passes=1, threads=2, waiting=32)
    try:
        with all_threads_busy(flooded, 2):
            calls = [asyncio.ensure_future(flooded.verify(None, b"x")) for _ in range(300)]
            done, waiting = await asyncio.wait(calls, timeout=0.2)
            assert len(waiting) == 32
            refusals = [call.exception() for call in done]
            assert all(isinstance(refusal, PoolFull) and refusal.retry_after_s >= 1 for refusal in refusals)
            assert flooded.evaluations == 0
            assert (await hasher.verify(None, b"x")).ok is False  # another pool has its own room
        await asyncio.wait(waiting)
        assert flooded.evaluations == 32
        assert (await flooded.verify(None, b"x")).ok is False  # and there is room again
    finally:
        flooded.close()


async def test_AU_06_the_default_pool_has_two_threads_per_core_and_32_waiting(full_cost: PasswordHasher) -> None:
    threads = 2 * (os.cpu_count() or 1)
    with all_threads_busy(full_cost, threads):
        calls = [asyncio.ensure_future(full_cost.verify(None, b"x")) for _ in range(32 + 3)]
        done, waiting = await asyncio.wait(calls, timeout=0.2)
        assert (len(done), len(waiting)) == (3, 32)
        for call in waiting:
            call.cancel()


async def test_AU_06_those_who_give_up_make_room_only_when_their_work_is_dropped() -> None:
    hasher = PasswordHasher(memory_kib=64, passes=1, threads=1, waiting=2)
    gate = threading.Event()
    try:
        running = asyncio.ensure_future(hasher._run(gate.wait))
        calls = [running, *(asyncio.ensure_future(hasher.verify(None, b"x")) for _ in range(2))]
        await asyncio.sleep(0.05)
        for call in calls:
            call.cancel()
        await asyncio.gather(*calls, return_exceptions=True)
        # The two that waited are gone; the one that runs cannot be stopped and still takes its place.
        late = [asyncio.ensure_future(hasher.verify(None, b"x")) for _ in range(3)]
        done, waiting = await asyncio.wait(late, timeout=0.2)
        assert (len(done), len(waiting)) == (1, 2)
        assert isinstance(done.pop().exception(), PoolFull)
        gate.set()
        await asyncio.wait(waiting)
        assert hasher.evaluations == 2
    finally:
        gate.set()
        hasher.close()


async def test_AU_06_the_event_loop_goes_on_while_passwords_are_hashed(full_cost: PasswordHasher) -> None:
    flood = asyncio.gather(*(full_cost.verify(None, b"x") for _ in range(30)))
    turns = 0
    while not flood.done():
        await asyncio.sleep(0)
        turns += 1
    await flood
    assert turns > 300  # a loop that hashed by itself would come round once a password


async def test_too_long_a_password_is_not_hashed(hasher: PasswordHasher) -> None:
    with pytest.raises(PasswordUnusable):
        await hasher.hash(b"x" * (MAX_PASSWORD_BYTES + 1))
    assert hasher.evaluations == 0


async def test_AU_05_too_long_a_password_is_wrong_even_where_an_import_made_it_right(hasher: PasswordHasher) -> None:
    assert not (await hasher.verify(pbkdf2_hash(b"x" * 2000), b"x" * 2000)).ok
