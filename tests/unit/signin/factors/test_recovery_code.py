"""Recovery codes: ten, each once, and nothing of them to be read in what is stored."""

import re
from dataclasses import replace

import pytest
from tests.unit.signin.factors.conftest import Bench, plain_secrets_in, refused

from segue.core.factor import FactorEnrollment
from segue.signin.factors.recovery_code import CODES, LOW


async def enrolled(bench: Bench) -> tuple[FactorEnrollment, list[str]]:
    offer = await bench.enroll("recovery_code")
    codes = offer.shown["codes"]
    assert isinstance(codes, list)
    return offer.enrollment, codes


async def test_ten_different_codes_without_letters_that_look_alike(bench: Bench) -> None:
    enrollment, codes = await enrolled(bench)
    assert enrollment.active
    assert len(set(codes)) == CODES == 10
    assert all(re.fullmatch(r"[2-9A-HJKMNP-Z]{5}-[2-9A-HJKMNP-Z]{5}", code) for code in codes)
    _, others = await enrolled(bench)
    assert not set(codes) & set(others)
    assert (await bench.ask(enrollment)).shown == {"remaining": "10"}


async def test_each_code_works_once_in_any_order_and_the_last_ones_are_noted(bench: Bench) -> None:
    enrollment, codes = await enrolled(bench)
    left = CODES
    for code in reversed(codes):
        accepted = await bench.verify(enrollment, code=code)
        assert accepted.enrollment is not None
        assert accepted.step == enrollment.last_step + 1
        left -= 1
        assert accepted.enrollment.profile == {"remaining": str(left)}
        assert bool(accepted.note) is (left <= LOW)
        enrollment = replace(accepted.enrollment, last_step=accepted.step)
        assert (await refused(bench.verify(enrollment, code=code))).reason == "factor_answer"
    for code in codes:
        assert (await refused(bench.verify(enrollment, code=code))).reason == "factor_answer"
    assert bench.factors.usable(bench.context.org, [enrollment]) == ()


async def test_ASVS_6_5_1_two_at_once_get_one_step_so_that_one_write_wins(bench: Bench) -> None:
    enrollment, codes = await enrolled(bench)
    same = [await bench.verify(enrollment, code=codes[0]) for _ in range(2)]
    other = await bench.verify(enrollment, code=codes[1])
    # Also of two different codes: the second write would bring the first one's code back.
    assert {one.step for one in (*same, other)} == {1}


@pytest.mark.parametrize("spelling", ["{lower}", "{bare}", " {code} ", "  {lower}\u00a0"])
async def test_case_dash_and_spaces_do_not_count(bench: Bench, spelling: str) -> None:
    enrollment, codes = await enrolled(bench)
    code = codes[3]
    typed = spelling.format(code=code, lower=code.lower(), bare=code.replace("-", ""))
    assert (await bench.verify(enrollment, code=typed)).step == 1


@pytest.mark.parametrize("typed", ["", "AAAAA-AAAAA", "0" * 5000, "\ud800", "-", "é" * 10])
async def test_what_is_no_code_of_mine_is_refused(bench: Bench, typed: str) -> None:
    enrollment, _ = await enrolled(bench)
    assert (await refused(bench.verify(enrollment, code=typed))).reason == "factor_answer"
    assert (await refused(bench.verify(enrollment))).reason == "factor_answer"


async def test_ASVS_6_5_2_KE_01_codes_are_digests_inside_the_seal(bench: Bench) -> None:
    offer = await bench.enroll("recovery_code")
    codes = [str(code) for code in offer.shown["codes"]]  # type: ignore[attr-defined]
    plain = [form for code in codes for form in (code, code.replace("-", ""))]
    assert not plain_secrets_in(offer.enrollment, *plain)
    assert offer.challenge == {}
    assert not [code for code in codes if code in repr(offer)]
    opened = bench.sealer.open(
        offer.enrollment.sealed_secret, context=f"{bench.context.org.id}|factor|{offer.enrollment.id}|1"
    )
    assert not plain_secrets_in(opened, *plain)


async def test_codes_are_never_shown_again(bench: Bench) -> None:
    enrollment, codes = await enrolled(bench)
    shown = repr(bench.factors.show(bench.context, enrollment, {})) + repr(await bench.ask(enrollment))
    assert not [code for code in codes if code in shown]
