"""Pushes: asked on the user's device, answered there, good for one request and two minutes."""

from dataclasses import replace

import pytest
from tests.unit.signin.factors.conftest import Bench, refused

from segue.core.factor import FactorEnrollment
from segue.core.sealing import Sealer
from segue.signin.factors import throttle
from segue.signin.factors.registry import build_factors
from segue.signin.passwords import PasswordHasher

pytestmark = pytest.mark.usefixtures("no_pause")


async def enrolled(bench: Bench) -> FactorEnrollment:
    offer = await bench.enroll("push", name="Ann's phone")
    bench.devices.answers[bench.devices.asked[-1].id] = "approved"
    return await bench.activate(offer)


async def test_the_first_approval_activates_and_the_next_sign_in(bench: Bench) -> None:
    offer = await bench.enroll("push", name="Ann's  phone")
    assert offer.enrollment.status == "pending"
    assert offer.enrollment.profile == {"name": "Ann's phone"}
    assert (await refused(bench.activate(offer))).reason == "factor_waiting"
    bench.devices.answers[bench.devices.asked[-1].id] = "approved"
    enrollment = await bench.activate(offer)
    asked = await bench.ask(enrollment)
    assert asked.waiting
    assert (await refused(bench.verify(enrollment, asked.challenge))).reason == "factor_waiting"
    bench.devices.answers[bench.devices.asked[-1].id] = "approved"
    accepted = await bench.verify(enrollment, asked.challenge)
    assert (accepted.amr, accepted.step) == (("user",), None)


async def test_the_device_is_told_who_asks_from_where_with_the_number_on_the_screen(bench: Bench) -> None:
    enrollment = await enrolled(bench)
    circumstances = replace(bench.context.circumstances, user_agent="Browser/1")
    bench.context = replace(bench.context, circumstances=circumstances)
    asked = await bench.ask(enrollment)
    request = bench.devices.asked[-1]
    assert (request.org_name, request.login, request.user_id) == ("Example", "ann@example.com", bench.context.user.id)
    assert (request.address, request.user_agent) == ("192.0.2.1", "Browser/1")
    assert asked.shown == {"number": request.number}
    assert 10 <= int(request.number) <= 99
    assert bench.factors.show(bench.context, enrollment, asked.challenge) == asked.shown
    assert len({one.id for one in bench.devices.asked}) == 2
    assert len(request.id) == 43


async def test_a_no_is_a_no(bench: Bench) -> None:
    enrollment = await enrolled(bench)
    asked = await bench.ask(enrollment)
    bench.devices.answers[bench.devices.asked[-1].id] = "rejected"
    assert (await refused(bench.verify(enrollment, asked.challenge))).reason == "factor_rejected"


async def test_approval_of_one_request_is_none_of_another(bench: Bench) -> None:
    enrollment = await enrolled(bench)
    asked = await bench.ask(enrollment)
    bench.devices.answers[bench.devices.asked[0].id] = "approved"
    assert (await refused(bench.verify(enrollment, asked.challenge))).reason == "factor_waiting"


async def test_a_request_ends_after_two_minutes_whatever_the_provider_says(bench: Bench) -> None:
    enrollment = await enrolled(bench)
    asked = await bench.ask(enrollment)
    bench.devices.answers[bench.devices.asked[-1].id] = "approved"
    bench.advance(2 * 60_000 - 1)
    await bench.verify(enrollment, asked.challenge)
    bench.advance(1)
    assert (await refused(bench.verify(enrollment, asked.challenge))).reason == "factor_expired"


@pytest.mark.parametrize("challenge", [{}, {"request": 5, "expires_at": 2**52}, {"request": "x", "expires_at": "soon"}])
async def test_without_a_request_there_is_nothing_to_verify(bench: Bench, challenge: dict[str, object]) -> None:
    enrollment = await enrolled(bench)
    assert (await refused(bench.verify(enrollment, challenge))).reason == "factor_expired"


async def test_a_provider_that_fails_is_said(bench: Bench) -> None:
    enrollment = await enrolled(bench)
    asked = await bench.ask(enrollment)
    bench.devices.out_of_order = True
    assert (await refused(bench.verify(enrollment, asked.challenge))).reason == "factor_unavailable"
    assert (await refused(bench.ask(enrollment))).reason == "factor_unavailable"


async def test_requests_are_throttled_like_codes(bench: Bench, monkeypatch: pytest.MonkeyPatch) -> None:
    enrollment = await enrolled(bench)
    monkeypatch.setattr(throttle, "RESEND_MS", 5_000)
    await bench.ask(enrollment)
    assert (await refused(bench.ask(enrollment))).reason == "factor_throttled"
    assert len(bench.devices.asked) == 2


async def test_without_a_provider_the_refusal_names_the_setting(
    bench: Bench, sealer: Sealer, quick_hasher: PasswordHasher
) -> None:
    bench.factors = build_factors(sealer=sealer, hasher=quick_hasher, attempts=bench.world.store)
    refusal = await refused(bench.enroll("push"))
    assert refusal.reason == "factor_unavailable"
    assert "SEGUE_PUSH" in refusal.public


@pytest.mark.parametrize("name", ["x" * 65, "a\x1bb", "a\u202eb"])
async def test_a_name_that_cannot_be_shown_is_refused(bench: Bench, name: str) -> None:
    assert (await refused(bench.enroll("push", name=name))).reason == "factor_setup"
    assert bench.devices.asked == []
