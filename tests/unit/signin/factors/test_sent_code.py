"""Codes by mail, text message and call: for one transaction, one use, five minutes, and not too many of them."""

import asyncio
from dataclasses import replace
from typing import Any

import pytest
from tests.unit.signin.conftest import World
from tests.unit.signin.factors.conftest import Bench, plain_secrets_in, refused

from segue.core.factor import FactorEnrollment, FactorType
from segue.core.sealing import Sealer
from segue.outbound.folder import Folder
from segue.outbound.mail import FolderMail
from segue.signin.factors import throttle
from segue.signin.factors.registry import build_factors
from segue.signin.factors.throttle import MOST_UNANSWERED
from segue.signin.passwords import PasswordHasher

MINUTE_MS = 60_000
PHONE = "+1 (555) 123-1234"
DETAILS: dict[FactorType, dict[str, str]] = {"email": {}, "sms": {"phone": PHONE}, "call": {"phone": PHONE}}
EACH = pytest.mark.parametrize("type", ["email", "sms", "call"])

pytestmark = pytest.mark.usefixtures("no_pause")


async def enrolled(bench: Bench, type: FactorType) -> FactorEnrollment:
    offer = await bench.enroll(type, **DETAILS[type])
    return await bench.activate(offer, code=bench.last_code())


def another(code: str) -> str:
    return f"{(int(code) + 1) % 10**6:06}"


@EACH
async def test_a_code_enrols_and_then_signs_in(bench: Bench, type: FactorType) -> None:
    offer = await bench.enroll(type, **DETAILS[type])
    assert offer.enrollment.status == "pending"
    enrollment = await bench.activate(offer, code=bench.last_code())
    asked = await bench.ask(enrollment)
    assert not asked.waiting
    accepted = await bench.verify(enrollment, asked.challenge, code=bench.last_code())
    assert accepted.amr == {"email": ("otp",), "sms": ("sms",), "call": ("tel",)}[type]
    assert (accepted.step, accepted.enrollment) == (None, None)


@EACH
async def test_a_wrong_code_and_none_at_all_are_refused(bench: Bench, type: FactorType) -> None:
    enrollment = await enrolled(bench, type)
    asked = await bench.ask(enrollment)
    answers: list[dict[str, str]] = [{"code": another(bench.last_code())}, {"code": ""}, {}, {"passCode": "123456"}]
    for answer in answers:
        assert (await refused(bench.verify(enrollment, asked.challenge, **answer))).reason == "factor_answer"
    await bench.verify(enrollment, asked.challenge, code=bench.last_code())


@EACH
async def test_a_code_is_good_for_five_minutes(bench: Bench, type: FactorType) -> None:
    enrollment = await enrolled(bench, type)
    asked = await bench.ask(enrollment)
    bench.advance(5 * MINUTE_MS - 1)
    await bench.verify(enrollment, asked.challenge, code=bench.last_code())
    bench.advance(1)
    refusal = await refused(bench.verify(enrollment, asked.challenge, code=bench.last_code()))
    assert refusal.reason == "factor_expired"


async def test_ASVS_6_6_2_a_code_answers_only_the_transaction_it_was_sent_for(bench: Bench) -> None:
    enrollment = await enrolled(bench, "email")
    asked = await bench.ask(enrollment)
    mine = bench.context
    bench.context = replace(mine, transaction_id="00another")
    refusal = await refused(bench.verify(enrollment, asked.challenge, code=bench.last_code()))
    assert refusal.reason == "factor_expired"
    bench.context = mine
    await bench.verify(enrollment, asked.challenge, code=bench.last_code())


async def test_a_code_for_one_factor_is_none_for_another(bench: Bench) -> None:
    by_mail, by_text = await enrolled(bench, "email"), await enrolled(bench, "sms")
    asked = await bench.ask(by_mail)
    assert (await refused(bench.verify(by_text, asked.challenge, code=bench.last_code()))).reason == "factor_expired"


async def test_the_newest_challenge_knows_only_its_own_code(bench: Bench) -> None:
    enrollment = await enrolled(bench, "email")
    first = await bench.ask(enrollment)
    old = bench.last_code()
    await asyncio.sleep(0.002)  # files sort by the millisecond
    second = await bench.ask(enrollment)
    if bench.last_code() != old:
        assert (await refused(bench.verify(enrollment, second.challenge, code=old))).reason == "factor_answer"
    await bench.verify(enrollment, second.challenge, code=bench.last_code())
    await bench.verify(enrollment, first.challenge, code=old)  # which the transaction has forgotten by then


@pytest.mark.parametrize("challenge", [{}, {"code": 5}, {"code": "***"}, {"code": "AAAA"}, {"code": "A" * 9999}])
async def test_a_challenge_that_is_none_is_refused(bench: Bench, challenge: dict[str, Any]) -> None:
    enrollment = await enrolled(bench, "email")
    assert (await refused(bench.verify(enrollment, challenge, code="123456"))).reason == "factor_expired"


@EACH
async def test_KE_01_neither_code_nor_address_is_in_what_is_stored(bench: Bench, type: FactorType) -> None:
    offer = await bench.enroll(type, **DETAILS[type])
    code = bench.last_code()
    assert not plain_secrets_in(dict(offer.challenge), code)
    assert not plain_secrets_in(offer.enrollment, code, "ann@example.com", "+15551231234")
    assert code not in repr(offer)
    other = Sealer(bytes(32))
    with pytest.raises(Exception, match="master key"):
        other.open(offer.enrollment.sealed_secret, context=f"{bench.context.org.id}|factor|{offer.enrollment.id}|1")


@EACH
async def test_only_a_mask_is_shown(bench: Bench, type: FactorType) -> None:
    enrollment = await enrolled(bench, type)
    shown = {"email": {"address": "a...n@example.com"}}.get(type, {"phone": "+1 XXX-XXX-1234"})
    assert enrollment.profile == shown
    asked = await bench.ask(enrollment)
    assert asked.shown == shown
    assert bench.factors.show(bench.context, enrollment, asked.challenge) == shown


async def test_a_mail_says_what_it_is_for_and_holds_no_link(bench: Bench) -> None:
    offer = await bench.enroll("email")
    mail = bench.last_mail()
    assert mail["To"] == "ann@example.com"
    assert mail["From"] == "Segue <segue@id.example.com>"
    assert mail["Subject"] == "Your code for Example"
    assert mail["Auto-Submitted"] == "auto-generated"
    text = mail.get_content()
    code = bench.last_code()
    assert text.count(code) == 1
    assert code not in mail["Subject"]
    assert "to add this address to your sign-in" in text
    assert "id.example.com" in text
    assert "If you did not ask for this code" in text
    assert "://" not in text
    assert "www." not in text
    enrollment = await bench.activate(offer, code=code)
    await asyncio.sleep(0.002)
    await bench.ask(enrollment)
    assert "to sign in" in bench.last_mail().get_content()


async def test_a_name_with_line_ends_makes_no_header(bench: Bench) -> None:
    name = "Example\r\nBcc: eve@example.com\r\n\r\nClick https://evil.example " + "x" * 200
    bench.context = replace(bench.context, org=replace(bench.context.org, name=name))
    await bench.enroll("email")
    mail = bench.last_mail()
    assert mail["Bcc"] is None
    assert mail["Subject"].startswith("Your code for Example Bcc: eve@example.com Click")
    assert len(mail["Subject"]) < 120


async def test_a_text_message_and_a_call_say_the_code(bench: Bench) -> None:
    await bench.enroll("sms", phone=PHONE)
    message = bench.last_message()
    code = bench.last_code()
    assert (message["kind"], message["to"]) == ("sms", "+15551231234")
    assert message["text"].startswith(f"{code} is your code for Example.")
    assert len(message["text"]) <= 160
    await asyncio.sleep(0.002)
    await bench.enroll("call", phone=PHONE)
    call = bench.last_message()
    assert call["kind"] == "call"
    digits = ", ".join(bench.last_code())
    assert call["text"].count(digits) == 2


async def test_mail_goes_to_the_address_of_the_profile_alone(bench: Bench) -> None:
    refusal = await refused(bench.enroll("email", address="eve@example.com"))
    assert refusal.reason == "factor_setup"
    assert bench.sent() == []
    await bench.enroll("email", address="Ann@Example.com")
    assert bench.last_mail()["To"] == "ann@example.com"


@pytest.mark.parametrize("address", ["ann", "ann@x.io, eve@x.io", "ann@x.io\nBcc: eve@x.io", ""])
async def test_a_profile_without_an_address_cannot_enrol(bench: Bench, address: str) -> None:
    bench.context = replace(bench.context, user=replace(bench.context.user, profile={"email": address}))
    assert (await refused(bench.enroll("email"))).reason == "factor_setup"
    assert bench.sent() == []


@pytest.mark.parametrize("type", ["sms", "call"])
@pytest.mark.parametrize("phone", [None, "", "5551234567", "+1 555 CALL NOW"])
async def test_a_number_without_its_country_is_refused(bench: Bench, type: FactorType, phone: str | None) -> None:
    details = {} if phone is None else {"phone": phone}
    assert (await refused(bench.enroll(type, **details))).reason == "factor_setup"
    assert bench.sent() == []


async def test_asking_again_for_a_pending_factor_sends_what_activates_it(bench: Bench) -> None:
    offer = await bench.enroll("email")
    await asyncio.sleep(0.002)
    asked = await bench.ask(offer.enrollment)
    again = replace(offer, challenge=asked.challenge)
    assert (await bench.activate(again, code=bench.last_code())).active


class TestThrottle:
    async def test_a_second_code_within_five_seconds_is_refused(
        self, bench: Bench, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setattr(throttle, "RESEND_MS", 5_000)
        offer = await bench.enroll("email")
        refusal = await refused(bench.ask(offer.enrollment))
        assert refusal.reason == "factor_throttled"
        # Another enrolment, even another transaction, is no way around it; another person is not held up.
        assert (await refused(bench.enroll("email"))).reason == "factor_throttled"
        assert len(bench.sent()) == 1
        bench.context = replace(bench.context, user=bench.world.bob)
        await bench.enroll("email")

    async def test_the_pause_ends(self, bench: Bench, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setattr(throttle, "RESEND_MS", 300)
        offer = await bench.enroll("email")
        assert (await refused(bench.ask(offer.enrollment))).reason == "factor_throttled"
        await asyncio.sleep(0.4)
        await bench.ask(offer.enrollment)

    async def test_of_many_at_once_one_is_sent(self, bench: Bench, monkeypatch: pytest.MonkeyPatch) -> None:
        enrollment = await enrolled(bench, "sms")
        before = len(bench.sent())
        monkeypatch.setattr(throttle, "RESEND_MS", 5_000)
        results = await asyncio.gather(*(bench.ask(enrollment) for _ in range(16)), return_exceptions=True)
        assert sum(not isinstance(result, BaseException) for result in results) == 1
        assert len(bench.sent()) == before + 1

    async def test_codes_that_nobody_answers_come_to_an_end(self, bench: Bench) -> None:
        offer = await bench.enroll("sms", phone=PHONE)
        for _ in range(MOST_UNANSWERED - 1):
            await bench.ask(offer.enrollment)
        assert (await refused(bench.ask(offer.enrollment))).reason == "factor_throttled"
        assert len(bench.sent()) == MOST_UNANSWERED
        await bench.enroll("email")  # another way is still open

    async def test_a_right_answer_starts_the_count_again(self, bench: Bench) -> None:
        for _ in range(MOST_UNANSWERED):
            offer = await bench.enroll("sms", phone=PHONE)
            await asyncio.sleep(0.002)  # files sort by the millisecond
        await refused(bench.enroll("sms", phone=PHONE))
        await bench.activate(offer, code=bench.last_code())
        await bench.enroll("sms", phone=PHONE)

    async def test_an_exempt_user_never_waits(self, bench: Bench, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setattr(throttle, "RESEND_MS", 5_000)
        bench.context = replace(bench.context, user=replace(bench.context.user, limits_exempt=True))
        for _ in range(MOST_UNANSWERED + 2):
            await bench.enroll("email")


@EACH
async def test_without_a_provider_the_refusal_names_the_setting(
    bench: Bench, world: World, sealer: Sealer, quick_hasher: PasswordHasher, type: FactorType
) -> None:
    bench.factors = build_factors(sealer=sealer, hasher=quick_hasher, attempts=world.store)
    refusal = await refused(bench.enroll(type, **DETAILS[type]))
    assert refusal.reason == "factor_unavailable"
    assert {"email": "SEGUE_MAIL"}.get(type, "SEGUE_MESSAGES") in refusal.public


async def test_a_provider_that_fails_is_said_and_its_reason_kept_for_the_event(
    bench: Bench, world: World, sealer: Sealer, quick_hasher: PasswordHasher
) -> None:
    bench.outbox.write_text("a file where the folder should be")
    mail = FolderMail(Folder(bench.outbox), "segue@id.example.com")
    bench.factors = build_factors(sealer=sealer, hasher=quick_hasher, attempts=world.store, mail=mail)
    refusal = await refused(bench.enroll("email"))
    assert (refusal.reason, refusal.public) == ("factor_unavailable", "The code could not be sent. Try again later.")
    assert refusal.verdict.failure is not None
    assert "folder cannot be written" in refusal.verdict.failure.seen
