"""A code that is sent to a person: what mail, text message and call have in common, which is all but the sending."""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Protocol

from segue.core.assurance import NOTHING_MORE, FactorKind, Worth
from segue.core.factor import FactorEnrollment, FactorType
from segue.signin.factors.contacts import NotAContact
from segue.signin.factors.factor import Accepted, Asked, FactorContext, Offer
from segue.signin.factors.one_time_code import OneTimeCodes
from segue.signin.factors.refusals import bad_setup, not_now, not_set_up
from segue.signin.factors.sealed_secrets import STANDARD, SealedSecrets
from segue.stores import DeliveryFailed


class Channel(Protocol):
    """A way to a person. ``amr`` are RFC 8176 values, ``contact`` is the name of the address in details and profile,
    ``setting`` what an operator sets to have it, ``ready`` whether they did."""

    @property
    def type(self) -> FactorType: ...
    @property
    def amr(self) -> tuple[str, ...]: ...
    @property
    def contact(self) -> str: ...
    @property
    def setting(self) -> str: ...
    @property
    def ready(self) -> bool: ...

    def read(self, context: FactorContext, text: str | None) -> str:
        """The address to enrol; ``text`` is the one asked for, if any. Raises NotAContact."""
        ...

    def mask(self, address: str) -> str:
        """The address as it may be shown."""
        ...

    async def send(self, context: FactorContext, address: str, code: str, *, enrolling: bool) -> None:
        """Raises DeliveryFailed."""
        ...


@dataclass(frozen=True, slots=True)
class SentCode:
    """The factor over a channel."""

    secrets: SealedSecrets
    codes: OneTimeCodes
    channel: Channel
    kind: FactorKind = "possession"
    best: Worth = NOTHING_MORE
    providers: tuple[str, ...] = (STANDARD,)
    most: int = 1

    @property
    def type(self) -> FactorType:
        return self.channel.type

    @property
    def missing(self) -> str:
        return "" if self.channel.ready else self.channel.setting

    async def enroll(self, context: FactorContext, provider: str, details: Mapping[str, str]) -> Offer:
        """Sends a code to the address in ``details``, under the channel's name for one."""
        contact = self.channel.contact
        try:
            address = self.channel.read(context, details.get(contact))
        except NotAContact as problem:
            raise bad_setup(context, str(problem)) from problem
        profile = {contact: self.channel.mask(address)}
        enrollment = self.secrets.pending(context, self.type, provider, address.encode(), profile)
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
        if not self.channel.ready:
            raise not_set_up(context, self.type, self.channel.setting)
        address = self.secrets.open(context, enrollment).decode()
        code = await self.codes.new(context, enrollment)
        try:
            await self.channel.send(context, address, code.text, enrolling=not enrollment.active)
        except DeliveryFailed as failed:
            raise not_now(context, "The code could not be sent. Try again later.", seen=str(failed)) from failed
        return Asked(code.challenge, self.show(context, enrollment, code.challenge))

    def show(
        self, context: FactorContext, enrollment: FactorEnrollment, challenge: Mapping[str, object]
    ) -> Mapping[str, object]:
        """Where the code went, masked, under the channel's name for an address."""
        return {self.channel.contact: enrollment.profile.get(self.channel.contact, "")}

    async def verify(
        self,
        context: FactorContext,
        enrollment: FactorEnrollment,
        challenge: Mapping[str, object],
        answer: Mapping[str, str],
    ) -> Accepted:
        await self.codes.accept(context, enrollment, challenge, answer)
        return Accepted(amr=self.channel.amr)
