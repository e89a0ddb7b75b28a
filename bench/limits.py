"""What the machine itself allows: signatures and password checks a second of one core, and what the generator costs."""

import time
from collections.abc import Callable
from dataclasses import dataclass
from statistics import median
from typing import Final

import argon2
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec, padding, rsa

from bench.client import Answer, Caller
from bench.machine import Cores
from bench.rounds import Round, connected, measure
from bench.servers import running_fixed_answer
from bench.sides import browser_get
from segue.signin.passwords import PasswordHasher

_TRIES: Final = 5
_DATA: Final = b"x" * 800
_ANSWERS: Final = 20_000


@dataclass(frozen=True, slots=True)
class Limits:
    """Signatures for each second of a core by algorithm; ``password_ms`` is one check of a password as Segue makes it;
    ``generator`` is the round against a server that does nothing."""

    signatures: dict[str, float]
    password_ms: float
    generator: Round


async def measure_limits(cores: Cores) -> Limits:
    """By the processor's time, so that a neighbour's load does not show."""
    rsa_key = rsa.generate_private_key(65537, 2048)
    ec_key = ec.generate_private_key(ec.SECP256R1())
    hasher = PasswordHasher(threads=1)
    stored = await hasher.hash(b"a password")
    hasher.close()
    checker = argon2.PasswordHasher()  # the parameters come from the hash
    return Limits(
        signatures={
            "RS256": _rate(lambda: rsa_key.sign(_DATA, padding.PKCS1v15(), hashes.SHA256()), 400),
            "ES256": _rate(lambda: ec_key.sign(_DATA, ec.ECDSA(hashes.SHA256())), 4000),
        },
        password_ms=1000 / _rate(lambda: checker.verify(stored, b"a password"), 10),
        generator=await _generator(cores),
    )


async def _generator(cores: Cores) -> Round:
    """What the load reaches where the server does nothing: with the same requests, callers and checks."""
    with running_fixed_answer(cores.server) as server:
        request = browser_get(f"localhost:{server.port}", "/authorize?" + "x" * 500, "sid=" + "x" * 64)

        async def job(caller: Caller) -> Answer:
            return (await caller.ask(request)).expect(200, b"ok")

        async with connected(server.port) as callers:
            return await measure([job] * _ANSWERS, callers, server.pid)


def _rate(work: Callable[[], object], times: int) -> float:
    seen = []
    for _ in range(_TRIES):
        started = time.process_time()
        for _ in range(times):
            work()
        seen.append(times / (time.process_time() - started))
    return median(seen)
