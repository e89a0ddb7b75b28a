"""Codes of an authenticator app: TOTP (RFC 6238) with six digits, 30 seconds and SHA-1, which every app can do."""

import base64
import hmac
import io
from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Final

import pyotp
import segno

from segue.core.assurance import NOTHING_MORE, FactorKind, Worth
from segue.core.factor import FactorEnrollment, FactorType
from segue.signin.factors.factor import Accepted, Asked, FactorContext, Offer
from segue.signin.factors.one_time_code import DIGITS, typed_code
from segue.signin.factors.refusals import used_before, wrong_answer
from segue.signin.factors.sealed_secrets import STANDARD, SealedSecrets

STEP_S: Final = 30
SECRET_BYTES: Final = 20  # as long as the hash, RFC 4226 section 4 (R6)
WINDOW: Final = 1  # steps of difference either way, RFC 6238 section 5.2
ALTERNATIVE: Final = "alternative"

_AMR = ("otp",)
_LABEL_CHARS = 64  # a longer one makes a picture that cameras do not read


@dataclass(frozen=True, slots=True)
class Totp:
    """Two providers, so that a user may have two apps: what tells them apart is a name in a dialect."""

    secrets: SealedSecrets
    type: FactorType = "totp"
    kind: FactorKind = "possession"
    best: Worth = NOTHING_MORE
    providers: tuple[str, ...] = (STANDARD, ALTERNATIVE)
    most: int = 1
    missing: str = ""

    async def enroll(self, context: FactorContext, provider: str, details: Mapping[str, str]) -> Offer:
        """A new seed of 160 bits; ``details`` are not used."""
        seed = context.circumstances.source.random(SECRET_BYTES)
        enrollment = self.secrets.pending(context, self.type, provider, seed, {"account": context.user.login})
        return Offer(enrollment, shown=self.show(context, enrollment, {}))

    async def activate(
        self,
        context: FactorContext,
        enrollment: FactorEnrollment,
        challenge: Mapping[str, object],
        answer: Mapping[str, str],
    ) -> Accepted:
        step = self._accepted_step(context, enrollment, answer)
        return Accepted(enrollment=replace(enrollment, status="active", last_step=step), amr=_AMR)

    async def ask(self, context: FactorContext, enrollment: FactorEnrollment) -> Asked:
        return Asked(shown=self.show(context, enrollment, {}))

    def show(
        self, context: FactorContext, enrollment: FactorEnrollment, challenge: Mapping[str, object]
    ) -> Mapping[str, object]:
        """While pending: the seed in base32 (``secret``), its ``uri`` (see :func:`qr_code`), and the parameters."""
        if enrollment.active:
            return {}
        app = self._app(context, enrollment)
        return {
            "secret": app.secret,
            "uri": _uri(context, app),
            "step_s": STEP_S,
            "digits": DIGITS,
            "algorithm": "SHA1",
        }

    async def verify(
        self,
        context: FactorContext,
        enrollment: FactorEnrollment,
        challenge: Mapping[str, object],
        answer: Mapping[str, str],
    ) -> Accepted:
        return Accepted(step=self._accepted_step(context, enrollment, answer), amr=_AMR)

    def _app(self, context: FactorContext, enrollment: FactorEnrollment) -> pyotp.TOTP:
        seed = self.secrets.open(context, enrollment)
        return pyotp.TOTP(base64.b32encode(seed).decode(), digits=DIGITS, interval=STEP_S)

    def _accepted_step(self, context: FactorContext, enrollment: FactorEnrollment, answer: Mapping[str, str]) -> int:
        """The time step that the code belongs to, newer than every step accepted before (RFC 6238 section 5.2)."""
        code = typed_code(answer)
        app = self._app(context, enrollment)
        now_step = context.circumstances.now_at // (STEP_S * 1000)
        window = range(max(0, now_step - WINDOW), now_step + WINDOW + 1)
        matches = [step for step in window if hmac.compare_digest(app.generate_otp(step), code)]
        if not matches:
            raise wrong_answer(context, enrollment)
        fresh = [step for step in matches if step > enrollment.last_step]
        if not fresh:
            raise used_before(context, enrollment, seen=f"step {matches[-1]}")
        return fresh[0]


def _uri(context: FactorContext, app: pyotp.TOTP) -> str:
    """The ``otpauth`` address that apps read from a picture."""
    return app.provisioning_uri(name=context.user.login[:_LABEL_CHARS], issuer_name=context.org.name[:_LABEL_CHARS])


def qr_code(uri: str) -> bytes:
    """A PNG with ``uri``, to be photographed by an app. It holds the seed: no cache may keep it."""
    picture = io.BytesIO()
    segno.make_qr(uri, error="l").save(picture, kind="png", scale=5)
    return picture.getvalue()
