"""What hands mails, messages and questions to people, as Protocols."""

from dataclasses import dataclass, field
from typing import Literal, Protocol


class DeliveryFailed(Exception):
    """Something could not be handed to its provider. The text is for operators: it names no secret and no content."""


@dataclass(frozen=True, slots=True)
class Mail:
    """A plain-text mail to one address. The content holds codes and is never logged."""

    to: str
    subject: str
    text: str = field(repr=False)


class MailSender(Protocol):
    async def send(self, mail: Mail) -> None:
        """Hands a mail over. Raises DeliveryFailed."""
        ...


class MessageSender(Protocol):
    """Text messages and telephone calls. ``to`` is a number in E.164 form, ``text`` is written or read out."""

    async def send(self, kind: Literal["sms", "call"], to: str, text: str) -> None:
        """Hands a message over. Raises DeliveryFailed."""
        ...


@dataclass(frozen=True, slots=True)
class PushRequest:
    """A question to a user's own device. ``number`` (two digits) is on the user's screen too: the device shows it or
    asks for it, so that nobody approves a sign-in of somebody else by habit. ``expires_at`` is epoch ms."""

    id: str
    org_name: str
    user_id: str
    login: str
    number: str
    address: str
    user_agent: str
    expires_at: int


PushAnswer = Literal["waiting", "approved", "rejected"]


class PushProvider(Protocol):
    async def start(self, request: PushRequest) -> None:
        """Puts the question on the user's device. Raises DeliveryFailed."""
        ...

    async def poll(self, request_id: str) -> PushAnswer:
        """What the user said so far. Raises DeliveryFailed."""
        ...
