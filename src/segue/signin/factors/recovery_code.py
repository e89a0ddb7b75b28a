"""Codes on paper for the day the other factors are lost: ten, shown once, each good for one sign-in (ASVS 6.5.1)."""

import base64
import hashlib
import hmac
import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

from segue.core import strict
from segue.core.assurance import NOTHING_MORE, FactorKind, Worth
from segue.core.factor import FactorEnrollment, FactorType
from segue.signin.factors.factor import Accepted, Asked, FactorContext, Offer
from segue.signin.factors.refusals import bad_setup, wrong_answer
from segue.signin.factors.sealed_secrets import STANDARD, SealedSecrets

CODES: Final = 10
CHARS: Final = 10
LOW: Final = 3
"""With so many codes left a user should make new ones."""

_ALPHABET = "23456789ABCDEFGHJKMNPQRSTUVWXYZ"
_GROUP = 5
_IGNORED = str.maketrans("", "", " -\u00a0")
_MAX_TYPED = 40
_AMR = ("otp",)


@dataclass(frozen=True, slots=True)
class RecoveryCodes:
    """The factor. Digests of the codes lie in the sealed secret; the count of uses is the enrolment's ``last_step``, so
    of two uses at once one wins, and the loser finds the code gone."""

    secrets: SealedSecrets
    type: FactorType = "recovery_code"
    kind: FactorKind = "possession"
    best: Worth = NOTHING_MORE
    providers: tuple[str, ...] = (STANDARD,)
    most: int = 1
    missing: str = ""

    async def enroll(self, context: FactorContext, provider: str, details: Mapping[str, str]) -> Offer:
        """Ten ``codes``, shown here and never again. Active at once."""
        source = context.circumstances.source
        codes = [_new_code(source.random(8)) for _ in range(CODES)]
        secret = _write([_digest(context.user.id, code) for code in codes])
        enrollment = self.secrets.active(context, self.type, provider, secret, _profile(CODES))
        return Offer(enrollment, shown={"codes": [f"{code[:_GROUP]}-{code[_GROUP:]}" for code in codes]})

    async def activate(
        self,
        context: FactorContext,
        enrollment: FactorEnrollment,
        challenge: Mapping[str, object],
        answer: Mapping[str, str],
    ) -> Accepted:
        raise bad_setup(context, "Recovery codes need no activation.")

    async def ask(self, context: FactorContext, enrollment: FactorEnrollment) -> Asked:
        return Asked(shown=self.show(context, enrollment, {}))

    def show(
        self, context: FactorContext, enrollment: FactorEnrollment, challenge: Mapping[str, object]
    ) -> Mapping[str, object]:
        """How many codes are left, as text: ``remaining``."""
        return dict(enrollment.profile)

    async def verify(
        self,
        context: FactorContext,
        enrollment: FactorEnrollment,
        challenge: Mapping[str, object],
        answer: Mapping[str, str],
    ) -> Accepted:
        digests = _read(self.secrets.open(context, enrollment))
        typed = _digest(context.user.id, _typed(answer))
        left = [digest for digest in digests if not hmac.compare_digest(digest, typed)]
        if len(left) == len(digests):
            raise wrong_answer(context, enrollment, seen=f"{len(left)} codes left")
        changed = self.secrets.changed(enrollment, _write(left), _profile(len(left)))
        return Accepted(enrollment.last_step + 1, changed, _AMR, _note(len(left)))


def _new_code(random: bytes) -> str:
    """Ten characters, 49 bits, without those that look like others."""
    number = int.from_bytes(random, "big")
    code = ""
    for _ in range(CHARS):
        number, rest = divmod(number, len(_ALPHABET))
        code += _ALPHABET[rest]
    return code


def _typed(answer: Mapping[str, str]) -> str:
    code = answer.get("code", "")
    return code.translate(_IGNORED).upper() if len(code) <= _MAX_TYPED else ""


def _digest(user_id: str, code: str) -> bytes:
    return hashlib.sha256(f"{user_id}|{code}".encode("utf-8", "surrogatepass")).digest()


def _write(digests: list[bytes]) -> bytes:
    return json.dumps([base64.b64encode(digest).decode() for digest in digests]).encode()


def _read(secret: bytes) -> list[bytes]:
    digests = json.loads(secret)
    return [strict.read_base64(digest, max_chars=64) for digest in digests]


def _profile(left: int) -> dict[str, str]:
    return {"remaining": str(left)}


def _note(left: int) -> str:
    if left > LOW:
        return ""
    codes = {0: "no recovery codes", 1: "one recovery code"}.get(left, f"{left} recovery codes")
    return f"You have {codes} left. Make new ones soon."
