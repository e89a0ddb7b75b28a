"""Codes of six digits that are sent to a person, and are good for one transaction, five minutes and one use.

A million codes are tried in no time, so the code lies sealed in the challenge, under a key that is not in the database
and for the one transaction and factor it was made for: a copy of the database shows none (KE-01), and a code answers
only the request it was sent for (ASVS 6.6.2). Wrong answers are counted by the transaction (ASVS 6.6.3).
"""

import base64
import hmac
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

from segue.core import strict
from segue.core.factor import FactorEnrollment
from segue.core.sealing import SealBroken, Sealer, sealing_context
from segue.signin.factors.factor import FactorContext
from segue.signin.factors.refusals import expired, wrong_answer
from segue.signin.factors.throttle import Throttle

DIGITS: Final = 6
LIFE_MS: Final = 5 * 60_000

_MAX_SEALED_CHARS = 256
_IGNORED = str.maketrans("", "", " -\u00a0")


@dataclass(frozen=True, slots=True, repr=False)
class NewCode:
    """A new code, and what the transaction remembers of it."""

    text: str
    challenge: Mapping[str, object]


@dataclass(frozen=True, slots=True)
class OneTimeCodes:
    sealer: Sealer
    throttle: Throttle

    async def new(self, context: FactorContext, enrollment: FactorEnrollment) -> NewCode:
        """A new code. Raises Refusal ``factor_throttled`` where the user was sent one a moment ago, or too many."""
        await self.throttle.count(context, enrollment.type)
        circumstances = context.circumstances
        number = int.from_bytes(circumstances.source.random(8), "big") % 10**DIGITS
        code = f"{number:0{DIGITS}}"
        until_at = circumstances.now_at + LIFE_MS
        sealed = self.sealer.seal(f"{code} {until_at}".encode(), context=_context(context, enrollment))
        return NewCode(code, {"code": base64.urlsafe_b64encode(sealed).decode().rstrip("=")})

    async def accept(
        self,
        context: FactorContext,
        enrollment: FactorEnrollment,
        challenge: Mapping[str, object],
        answer: Mapping[str, str],
    ) -> None:
        """Raises Refusal unless ``answer`` holds the code of ``challenge``: ``factor_answer``, ``factor_expired``."""
        code, until_at = self._remembered(context, enrollment, challenge)
        if context.circumstances.now_at >= until_at:
            raise expired(context, seen="expired")
        if not hmac.compare_digest(code, typed_code(answer)):
            raise wrong_answer(context, enrollment)
        await self.throttle.clear(context, enrollment.type)

    def _remembered(
        self, context: FactorContext, enrollment: FactorEnrollment, challenge: Mapping[str, object]
    ) -> tuple[str, int]:
        sealed = challenge.get("code")
        if not isinstance(sealed, str):
            raise expired(context, seen="no code was sent in this transaction")
        try:
            octets = strict.read_base64url(sealed, max_chars=_MAX_SEALED_CHARS)
            code, _, until = self.sealer.open(octets, context=_context(context, enrollment)).decode().partition(" ")
        except (strict.Malformed, SealBroken) as broken:
            raise expired(context, seen=str(broken)) from broken
        return code, int(until)


def typed_code(answer: Mapping[str, str]) -> str:
    """The member ``code`` of an answer without the spaces and dashes that people type; empty where it is no code."""
    code = answer.get("code", "").translate(_IGNORED)
    return code if len(code) == DIGITS and code.isascii() and code.isdecimal() else ""


def _context(context: FactorContext, enrollment: FactorEnrollment) -> str:
    return sealing_context(context.org.id, "factor code", f"{context.transaction_id}/{enrollment.id}")
