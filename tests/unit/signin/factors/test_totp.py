"""Codes of an authenticator app: the vectors of the RFC, the window, and no code twice."""

import base64
from dataclasses import replace
from urllib.parse import parse_qs, unquote, urlsplit

import pyotp
import pytest
from tests.unit.signin.factors.conftest import Bench, plain_secrets_in, refused

from segue.core.factor import FactorEnrollment
from segue.signin.factors.sealed_secrets import SealedSecrets
from segue.signin.factors.totp import qr_code

RFC_SEED = b"12345678901234567890"
STEP_MS = 30_000
# RFC 6238 appendix B, SHA-1: seconds and the code of eight digits, of which ours are the last six.
VECTORS = [
    (59, "94287082"),
    (1111111109, "07081804"),
    (1111111111, "14050471"),
    (1234567890, "89005924"),
    (2000000000, "69279037"),
    (20000000000, "65353130"),
]


def at(bench: Bench, now_at: int) -> None:
    bench.advance(now_at - bench.context.circumstances.now_at)


def rfc_enrollment(bench: Bench, **changes: int) -> FactorEnrollment:
    made = SealedSecrets(bench.sealer).active(bench.context, "totp", "standard", RFC_SEED, {})
    return replace(made, **changes)


def code_of(step: int) -> str:
    return pyotp.HOTP(base64.b32encode(RFC_SEED).decode()).at(step)


@pytest.mark.parametrize(("seconds", "code"), VECTORS)
async def test_the_vectors_of_RFC_6238(bench: Bench, seconds: int, code: str) -> None:
    enrollment = rfc_enrollment(bench)  # today: an id has no room for the year 2603
    at(bench, seconds * 1000)
    accepted = await bench.verify(enrollment, code=code[2:])
    assert accepted.step == seconds // 30
    assert accepted.amr == ("otp",)


@pytest.mark.parametrize(
    ("offset_ms", "ok"),
    [
        (-STEP_MS - 1, False),
        (-STEP_MS, True),
        (0, True),
        (STEP_MS - 1, True),
        (2 * STEP_MS - 1, True),
        (2 * STEP_MS, False),
    ],
)
async def test_AU_08_a_code_holds_one_step_before_and_after_its_own(bench: Bench, offset_ms: int, ok: bool) -> None:
    step = 60_000_000
    at(bench, step * STEP_MS + offset_ms)
    if ok:
        assert (await bench.verify(rfc_enrollment(bench), code=code_of(step))).step == step
    else:
        assert (await refused(bench.verify(rfc_enrollment(bench), code=code_of(step)))).reason == "factor_answer"


async def test_AU_08_a_code_is_accepted_once(bench: Bench) -> None:
    step = 60_000_000
    at(bench, step * STEP_MS)
    first = await bench.verify(rfc_enrollment(bench), code=code_of(step))
    assert first.step == step
    used = rfc_enrollment(bench, last_step=step)
    refusal = await refused(bench.verify(used, code=code_of(step)))
    assert refusal.reason == "factor_replayed"
    assert refusal.user_id == bench.context.user.id
    # An older code inside the window was not used, but comes after a newer one: RFC 6238 5.2 wants neither.
    assert (await refused(bench.verify(used, code=code_of(step - 1)))).reason == "factor_replayed"
    assert (await bench.verify(used, code=code_of(step + 1))).step == step + 1


async def test_AU_08_two_at_once_get_one_step_so_that_one_write_wins(bench: Bench) -> None:
    step = 60_000_000
    at(bench, step * STEP_MS)
    enrollment = rfc_enrollment(bench)
    steps = [(await bench.verify(enrollment, code=code_of(step))).step for _ in range(2)]
    assert steps == [step, step]


@pytest.mark.parametrize("typed", ["{}", " {} ", "{:.3} {rest}", "{:.3}-{rest}"])
async def test_spaces_and_dashes_in_a_code_are_nothing(bench: Bench, typed: str) -> None:
    step = 60_000_000
    at(bench, step * STEP_MS)
    code = code_of(step)
    answer = typed.format(code, rest=code[3:])
    assert (await bench.verify(rfc_enrollment(bench), code=answer)).step == step


@pytest.mark.parametrize(
    "typed", ["", "12345", "1234567", "abcdef", "１２３４５６", "-12345", "0x1234", "12345\n", "9" * 5000, "\ud800"]
)
async def test_what_is_no_code_is_a_wrong_answer(bench: Bench, typed: str) -> None:
    assert (await refused(bench.verify(rfc_enrollment(bench), code=typed))).reason == "factor_answer"


async def test_no_code_at_all_is_a_wrong_answer(bench: Bench) -> None:
    assert (await refused(bench.verify(rfc_enrollment(bench)))).reason == "factor_answer"


async def test_enrolling_shows_a_seed_that_an_app_can_use(bench: Bench) -> None:
    offer = await bench.enroll("totp")
    assert offer.enrollment.status == "pending"
    assert offer.enrollment.provider == "standard"
    secret, uri = str(offer.shown["secret"]), str(offer.shown["uri"])
    assert len(base64.b32decode(secret)) == 20
    parts = urlsplit(uri)
    assert (parts.scheme, parts.netloc, unquote(parts.path)) == ("otpauth", "totp", "/Example:ann@example.com")
    assert parse_qs(parts.query) == {"secret": [secret], "issuer": ["Example"]}
    # What the user comes back to is the same, until the app is proved.
    assert bench.factors.show(bench.context, offer.enrollment, {}) == offer.shown
    code = pyotp.parse_uri(uri).at(bench.context.circumstances.now_at / 1000)
    active = await bench.activate(offer, code=code)
    assert bench.factors.show(bench.context, active, {}) == {}
    assert (await refused(bench.verify(active, code=code))).reason == "factor_replayed"


async def test_a_wrong_code_activates_nothing(bench: Bench) -> None:
    offer = await bench.enroll("totp")
    app, now_s = pyotp.TOTP(str(offer.shown["secret"])), bench.context.circumstances.now_at // 1000
    right = {app.at(now_s, counter_offset=offset) for offset in (-1, 0, 1)}
    wrong = next(code for code in ("000000", "000001", "000002", "000003") if code not in right)
    refusal = await refused(bench.activate(offer, code=wrong))
    assert refusal.reason == "factor_answer"


async def test_every_seed_is_new_and_the_two_apps_differ(bench: Bench) -> None:
    first, second = await bench.enroll("totp"), await bench.enroll("totp", "alternative")
    assert second.enrollment.provider == "alternative"
    assert first.shown["secret"] != second.shown["secret"]


async def test_KE_01_the_seed_is_nowhere_in_what_is_stored(bench: Bench) -> None:
    offer = await bench.enroll("totp")
    secret = str(offer.shown["secret"])
    assert not plain_secrets_in(offer.enrollment, secret, base64.b32decode(secret))
    assert not plain_secrets_in(dict(offer.challenge), secret, base64.b32decode(secret))
    assert secret not in repr(offer)
    # The search finds what is there.
    assert plain_secrets_in({"seed": base64.b32decode(secret)}, base64.b32decode(secret))


async def test_KE_01_a_seed_moved_to_another_row_does_not_open(bench: Bench) -> None:
    mine, other = rfc_enrollment(bench), rfc_enrollment(bench)
    moved = replace(mine, sealed_secret=other.sealed_secret)
    refusal = await refused(bench.verify(moved, code="000000"))
    assert refusal.reason == "factor_unavailable"


@pytest.mark.parametrize("name", ["Example", "Büro & Söhne: 100% / #1?", "𝔈" * 500, ""])
async def test_any_name_makes_a_picture(bench: Bench, name: str) -> None:
    bench.context = replace(bench.context, org=replace(bench.context.org, name=name))
    offer = await bench.enroll("totp")
    uri = str(offer.shown["uri"])
    assert qr_code(uri).startswith(b"\x89PNG\r\n\x1a\n")
    assert pyotp.parse_uri(uri).secret == offer.shown["secret"]
