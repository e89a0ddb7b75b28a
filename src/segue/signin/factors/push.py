"""A question on the user's own device, which is answered there: approve or reject.

The device and its app belong to a provider. Segue starts a request and asks the provider how it stands each time the
user's browser asks us; nothing calls back, so no address of ours has to be reachable for the provider.
"""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Final

from segue.core.assurance import NOTHING_MORE, FactorKind, Worth
from segue.core.factor import FactorEnrollment, FactorType
from segue.core.secret import new_secret
from segue.signin.factors.factor import Accepted, Asked, FactorContext, Offer
from segue.signin.factors.refusals import bad_setup, expired, not_now, not_set_up, rejected, waiting
from segue.signin.factors.sealed_secrets import STANDARD, SealedSecrets
from segue.signin.factors.throttle import Throttle
from segue.signin.factors.wording import org_name
from segue.stores import DeliveryFailed, PushProvider, PushRequest

SETTING: Final = "SEGUE_PUSH"
LIFE_MS: Final = 2 * 60_000

_MAX_NAME_CHARS = 64
_AMR = ("user",)


@dataclass(frozen=True, slots=True)
class Push:
    """The factor. Nothing secret is kept of a device: the provider knows it by the user's id."""

    secrets: SealedSecrets
    throttle: Throttle
    provider: PushProvider | None
    type: FactorType = "push"
    kind: FactorKind = "possession"
    best: Worth = NOTHING_MORE
    providers: tuple[str, ...] = (STANDARD,)
    most: int = 1

    @property
    def missing(self) -> str:
        return "" if self.provider is not None else SETTING

    async def enroll(self, context: FactorContext, provider: str, details: Mapping[str, str]) -> Offer:
        """Asks the device that the provider has for this user; its first approval activates the factor.

        ``details`` may hold a ``name`` for the device.
        """
        name = " ".join(details.get("name", "").split())
        if len(name) > _MAX_NAME_CHARS or not name.isprintable():
            raise bad_setup(context, f"A name has at most {_MAX_NAME_CHARS} characters that can be seen.")
        enrollment = self.secrets.pending(context, self.type, provider, b"", {"name": name or "Device"})
        asked = await self.ask(context, enrollment)
        return Offer(enrollment, shown=asked.shown, challenge=asked.challenge)

    async def activate(
        self,
        context: FactorContext,
        enrollment: FactorEnrollment,
        challenge: Mapping[str, object],
        answer: Mapping[str, str],
    ) -> Accepted:
        accepted = await self.verify(context, enrollment, challenge, answer)
        return replace(accepted, enrollment=replace(enrollment, status="active"))

    async def ask(self, context: FactorContext, enrollment: FactorEnrollment) -> Asked:
        """Starts a request. Its number is on both screens, so that nobody approves by habit what they did not ask."""
        if self.provider is None:
            raise not_set_up(context, self.type, SETTING)
        await self.throttle.count(context, self.type)
        circumstances = context.circumstances
        random = circumstances.source.random
        number = f"{10 + int.from_bytes(random(4), 'big') % 90}"
        request = PushRequest(
            id=new_secret(random),
            org_name=org_name(context),
            user_id=context.user.id,
            login=context.user.login,
            number=number,
            address=circumstances.address,
            user_agent=circumstances.user_agent,
            expires_at=circumstances.now_at + LIFE_MS,
        )
        try:
            await self.provider.start(request)
        except DeliveryFailed as failed:
            raise not_now(context, "Your device could not be asked. Try again later.", seen=str(failed)) from failed
        challenge = {"request": request.id, "number": number, "expires_at": request.expires_at}
        return Asked(challenge, self.show(context, enrollment, challenge), waiting=True)

    def show(
        self, context: FactorContext, enrollment: FactorEnrollment, challenge: Mapping[str, object]
    ) -> Mapping[str, object]:
        """The ``number`` that the device shows too."""
        return {"number": challenge["number"]} if "number" in challenge else {}

    async def verify(
        self,
        context: FactorContext,
        enrollment: FactorEnrollment,
        challenge: Mapping[str, object],
        answer: Mapping[str, str],
    ) -> Accepted:
        """How the request stands; ``answer`` is not used. Raises Refusal ``factor_waiting``, ``factor_rejected``."""
        if self.provider is None:
            raise not_set_up(context, self.type, SETTING)
        request, expires_at = challenge.get("request"), challenge.get("expires_at")
        if not isinstance(request, str) or not isinstance(expires_at, int):
            raise expired(context, seen="no request was started in this transaction")
        if context.circumstances.now_at >= expires_at:
            raise expired(context, seen="expired")
        try:
            said = await self.provider.poll(request)
        except DeliveryFailed as failed:
            raise not_now(context, "Your device cannot be reached now. Try again.", seen=str(failed)) from failed
        if said == "waiting":
            raise waiting(context)
        if said != "approved":
            raise rejected(context)
        await self.throttle.clear(context, self.type)
        return Accepted(amr=_AMR)
