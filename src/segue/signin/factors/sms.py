"""A code by text message."""

from dataclasses import dataclass
from typing import Final

from segue.core.factor import FactorType
from segue.signin.factors.contacts import mask_phone_number, read_phone_number
from segue.signin.factors.factor import FactorContext
from segue.signin.factors.one_time_code import LIFE_MS
from segue.signin.factors.wording import code_text
from segue.stores import DeliveryFailed, MessageSender

SETTING: Final = "SEGUE_MESSAGES"


@dataclass(frozen=True, slots=True)
class SmsChannel:
    sender: MessageSender | None
    type: FactorType = "sms"
    amr: tuple[str, ...] = ("sms",)
    contact: str = "phone"
    setting: str = SETTING

    @property
    def ready(self) -> bool:
        return self.sender is not None

    def read(self, context: FactorContext, text: str | None) -> str:
        return read_phone_number(text or "")

    def mask(self, address: str) -> str:
        return mask_phone_number(address)

    async def send(self, context: FactorContext, address: str, code: str, *, enrolling: bool) -> None:
        if self.sender is None:
            raise DeliveryFailed(f"{SETTING} is empty")
        await self.sender.send("sms", address, code_text(context, code, LIFE_MS // 60_000))
