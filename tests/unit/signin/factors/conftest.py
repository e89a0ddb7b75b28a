"""A user, a context, every factor with providers that write into a folder, and what was written."""

import email
import email.policy
import json
import re
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

import pytest
from tests.unit.signin.conftest import World

from segue.core.clock import Source
from segue.core.factor import FactorEnrollment, FactorType
from segue.core.refusal import Refusal
from segue.core.sealing import Sealer
from segue.outbound.folder import Folder
from segue.outbound.mail import FolderMail
from segue.outbound.messages import FolderMessages
from segue.signin.factors import throttle
from segue.signin.factors.factor import Accepted, Asked, FactorContext, Offer
from segue.signin.factors.registry import Factors, build_factors
from segue.signin.passwords import PasswordHasher
from segue.stores import DeliveryFailed, PushAnswer, PushRequest

ALL: tuple[FactorType, ...] = ("totp", "webauthn", "push", "email", "sms", "call", "question", "recovery_code")


@dataclass
class Devices:
    """A provider of pushes with the devices in it: a test says what people answer."""

    asked: list[PushRequest] = field(default_factory=list)
    answers: dict[str, PushAnswer] = field(default_factory=dict)
    out_of_order: bool = False

    async def start(self, request: PushRequest) -> None:
        if self.out_of_order:
            raise DeliveryFailed("the provider answered with status 503")
        self.asked.append(request)

    async def poll(self, request_id: str) -> PushAnswer:
        if self.out_of_order:
            raise DeliveryFailed("the provider answered with status 503")
        return self.answers.get(request_id, "waiting")


@dataclass
class Bench:
    """One user at the factors, step by step; ``advance`` moves the time of requests (not the database's clock)."""

    world: World
    factors: Factors
    sealer: Sealer
    devices: Devices
    outbox: Path
    context: FactorContext

    def advance(self, ms: int) -> None:
        circumstances = replace(self.context.circumstances, now_at=self.context.circumstances.now_at + ms)
        self.context = replace(self.context, circumstances=circumstances)

    def knows(self, *enrollments: FactorEnrollment) -> None:
        self.context = replace(self.context, enrollments=enrollments)

    async def enroll(self, type: FactorType, provider: str | None = None, **details: str) -> Offer:
        return await self.factors.enroll(self.context, type, provider, details)

    async def activate(self, offer: Offer, **answer: str) -> FactorEnrollment:
        accepted = await self.factors.activate(self.context, offer.enrollment, offer.challenge, answer)
        assert accepted.enrollment is not None
        assert accepted.enrollment.active
        assert accepted.step is None
        return accepted.enrollment

    async def ask(self, enrollment: FactorEnrollment) -> Asked:
        return await self.factors.ask(self.context, enrollment)

    async def verify(self, enrollment: FactorEnrollment, challenge: Any = None, /, **answer: str) -> Accepted:
        return await self.factors.verify(self.context, enrollment, challenge or {}, answer)

    def sent(self) -> list[bytes]:
        return [path.read_bytes() for path in sorted(self.outbox.glob("*.*"))]

    def last_mail(self) -> email.message.EmailMessage:
        return email.message_from_bytes(self.sent()[-1], policy=email.policy.default)  # type: ignore[return-value]

    def last_message(self) -> dict[str, str]:
        message: dict[str, str] = json.loads(self.sent()[-1])
        return message

    def last_code(self) -> str:
        """The code in what was sent last; a call says it digit by digit."""
        return re.findall(r"\b\d{6}\b", self.sent()[-1].decode().replace(", ", ""))[-1]


async def refused(work: Any) -> Refusal:
    """The refusal that awaiting ``work`` ends in."""
    with pytest.raises(Refusal) as caught:
        await work
    return caught.value


def plain_secrets_in(value: object, *secrets: str | bytes) -> list[str]:
    """Which of ``secrets`` can be read in ``value``: in its repr, its attributes, and every octet string in it."""
    haystack = _text_of(value).lower()
    octets = [secret if isinstance(secret, bytes) else secret.encode() for secret in secrets]
    forms = {form.lower() for secret in octets for form in (secret.decode("latin-1"), secret.hex())}
    return [form for form in forms if form in haystack]


def _text_of(value: object) -> str:
    if isinstance(value, bytes):
        return value.decode("latin-1") + value.hex()
    if isinstance(value, dict):
        return " ".join(_text_of(part) for pair in value.items() for part in pair)
    if isinstance(value, FactorEnrollment):
        return " ".join(_text_of(getattr(value, name)) for name in FactorEnrollment.__slots__)
    return f"{value!r}{value}"


@pytest.fixture
def sealer() -> Sealer:
    return Sealer(bytes(range(32)))


@pytest.fixture
def bench(world: World, sealer: Sealer, quick_hasher: PasswordHasher, tmp_path: Path) -> Bench:
    outbox, devices = tmp_path / "out", Devices()
    folder = Folder(outbox, Source())
    factors = build_factors(
        sealer=sealer,
        hasher=quick_hasher,
        attempts=world.store,
        mail=FolderMail(folder, "Segue <segue@id.example.com>"),
        messages=FolderMessages(folder),
        push=devices,
    )
    org = replace(world.org, name="Example", settings=replace(world.org.settings, factors=ALL))
    context = FactorContext(org, world.domain, world.ann, world.circumstances(), transaction_id="00transaction")
    return Bench(world, factors, sealer, devices, outbox, context)


@pytest.fixture
def no_pause(monkeypatch: pytest.MonkeyPatch) -> None:
    """No pause between two codes to one person."""
    monkeypatch.setattr(throttle, "RESEND_MS", 0)
