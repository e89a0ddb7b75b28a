"""A code by mail, to the address in the user's profile and no other: whoever may choose the inbox owns the factor."""

from dataclasses import dataclass
from typing import Final

from segue.core.factor import FactorType
from segue.signin.factors.contacts import NotAContact, mask_mail_address, read_mail_address
from segue.signin.factors.factor import FactorContext
from segue.signin.factors.one_time_code import LIFE_MS
from segue.signin.factors.wording import code_mail
from segue.stores import DeliveryFailed, Mail, MailSender

SETTING: Final = "SEGUE_MAIL"


@dataclass(frozen=True, slots=True)
class EmailChannel:
    sender: MailSender | None
    type: FactorType = "email"
    amr: tuple[str, ...] = ("otp",)
    contact: str = "address"
    setting: str = SETTING

    @property
    def ready(self) -> bool:
        return self.sender is not None

    def read(self, context: FactorContext, text: str | None) -> str:
        """The user's own address; ``text`` may repeat it and may not differ."""
        own = context.user.email
        if text is not None and text.casefold() != own.casefold():
            raise NotAContact("Codes go to the address in your profile; have that one changed first.")
        return read_mail_address(own)

    def mask(self, address: str) -> str:
        return mask_mail_address(address)

    async def send(self, context: FactorContext, address: str, code: str, *, enrolling: bool) -> None:
        if self.sender is None:
            raise DeliveryFailed(f"{SETTING} is empty")
        wording = code_mail(context, code, LIFE_MS // 60_000, enrolling=enrolling)
        await self.sender.send(Mail(address, wording.subject, wording.text))
