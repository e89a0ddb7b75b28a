"""What every factor has in common is checked once: whose it is, whether it is allowed, in what state it is."""

from dataclasses import replace

import pytest
from tests.unit.signin.factors.conftest import ALL, Bench, refused

from segue.core.factor import FactorEnrollment, FactorType
from segue.core.refusal import Refusal
from segue.core.sealing import Sealer
from segue.core.secret import is_id, partition_of
from segue.signin.factors.registry import build_factors
from segue.signin.passwords import PasswordHasher

pytestmark = pytest.mark.usefixtures("no_pause")


def allow(bench: Bench, *types: FactorType) -> None:
    org = bench.context.org
    bench.context = replace(bench.context, org=replace(org, settings=replace(org.settings, factors=types)))


async def active(bench: Bench, **changes: object) -> FactorEnrollment:
    offer = await bench.enroll("question", question="first_pet", answer="a white mouse")
    return replace(offer.enrollment, **changes)  # type: ignore[arg-type]


async def test_the_org_says_what_is_offered_and_in_which_order(
    bench: Bench, sealer: Sealer, quick_hasher: PasswordHasher
) -> None:
    assert [factor.type for factor in bench.factors.offered(bench.context.org)] == list(ALL)
    allow(bench, "question", "totp")
    assert [factor.type for factor in bench.factors.offered(bench.context.org)] == ["question", "totp"]
    allow(bench, *ALL)
    bare = build_factors(sealer=sealer, hasher=quick_hasher, attempts=bench.world.store)
    offered = [factor.type for factor in bare.offered(bench.context.org)]
    assert offered == ["totp", "webauthn", "question", "recovery_code"]


async def test_the_last_used_comes_first_and_recovery_codes_last(bench: Bench) -> None:
    base = await active(bench)

    def one(type: FactorType, used: int, status: str = "active") -> FactorEnrollment:
        return replace(base, id=f"{type}{used}", type=type, last_used_at=used, status=status, profile={})  # type: ignore[arg-type]

    enrollments = [
        one("recovery_code", 900),
        one("question", 0),
        one("email", 100),
        one("totp", 0),
        one("sms", 300, "pending"),
        one("webauthn", 200),
    ]
    usable = bench.factors.usable(bench.context.org, enrollments)
    assert [one.type for one in usable] == ["webauthn", "email", "totp", "question", "recovery_code"]
    allow(bench, "question")
    assert [one.type for one in bench.factors.usable(bench.context.org, enrollments)] == ["question"]


async def test_a_factor_the_org_does_not_allow_is_refused_everywhere(bench: Bench) -> None:
    enrollment = await active(bench)
    allow(bench, "totp")
    answers: list[Refusal] = [
        await refused(bench.enroll("question", question="first_pet", answer="a white mouse")),
        await refused(bench.ask(enrollment)),
        await refused(bench.verify(enrollment, answer="a white mouse")),
    ]
    assert {refusal.reason for refusal in answers} == {"factor_unavailable"}
    assert bench.factors.usable(bench.context.org, [enrollment]) == ()


@pytest.mark.parametrize("changes", [{"user_id": "somebody else"}, {"org_id": "another org"}])
async def test_a_factor_of_somebody_else_is_refused(bench: Bench, changes: dict[str, object]) -> None:
    enrollment = await active(bench, **changes)
    assert (await refused(bench.verify(enrollment, answer="a white mouse"))).reason == "factor_unavailable"
    assert (await refused(bench.ask(enrollment))).reason == "factor_unavailable"
    with pytest.raises(Refusal):
        bench.factors.show(bench.context, enrollment, {})


async def test_AU_01_a_pending_factor_proves_nothing_and_an_active_one_is_not_activated_again(bench: Bench) -> None:
    pending = await bench.enroll("email")
    code = bench.last_code()
    refusal = await refused(bench.verify(pending.enrollment, pending.challenge, code=code))
    assert refusal.reason == "factor_unavailable"
    activated = await bench.activate(pending, code=code)
    again = replace(pending, enrollment=activated)
    assert (await refused(bench.activate(again, code=code))).reason == "factor_setup"


async def test_a_factor_is_set_up_once_for_each_provider(bench: Bench) -> None:
    enrollment = await active(bench)
    bench.knows(enrollment)
    refusal = await refused(bench.enroll("question", question="first_pet", answer="a black mouse"))
    assert refusal.reason == "factor_setup"
    bench.knows(replace(enrollment, status="pending"))
    await bench.enroll("question", question="first_pet", answer="a black mouse")
    bench.knows(replace(enrollment, type="totp"))
    assert (await refused(bench.enroll("totp"))).reason == "factor_setup"
    await bench.enroll("totp", "alternative")


@pytest.mark.parametrize("type", ALL)
async def test_a_provider_that_is_none_is_refused(bench: Bench, type: FactorType) -> None:
    assert (await refused(bench.enroll(type, "nonesuch"))).reason == "factor_setup"


async def test_an_enrolment_has_an_id_in_the_partition_of_its_user(bench: Bench) -> None:
    offer = await bench.enroll("totp")
    assert is_id(offer.enrollment.id)
    assert partition_of(offer.enrollment.id) == partition_of(bench.context.user.id)
    assert offer.enrollment.created_at == bench.context.circumstances.now_at
