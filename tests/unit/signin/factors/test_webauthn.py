"""Security keys against a key in software: what is accepted, and every way it is not."""

import base64
from dataclasses import replace
from typing import Any

import cbor2
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from tests.unit.signin.factors.conftest import Bench, plain_secrets_in, refused
from tests.unit.signin.factors.security_key import (
    BACKUP_ELIGIBLE,
    USER_PRESENT,
    USER_VERIFIED,
    SecurityKey,
    b64url,
)

from segue.core.factor import FactorEnrollment
from segue.core.org import Domain
from segue.signin.factors.factor import Asked, Offer

ORIGIN = "https://id.example.com"


def options_of(made: Offer | Asked) -> dict[str, Any]:
    options = made.shown["options"]
    assert isinstance(options, dict)
    return options


async def registered(bench: Bench, key: SecurityKey) -> FactorEnrollment:
    offer = await bench.enroll("webauthn", name="Blue key")
    return await bench.activate(offer, **key.create(options_of(offer), ORIGIN))


async def why_not(bench: Bench, enrollment: FactorEnrollment, challenge: Any, answer: dict[str, str]) -> str:
    """What the event says of a refused answer."""
    refusal = await refused(bench.verify(enrollment, challenge, **answer))
    assert refusal.reason == "factor_answer"
    assert refusal.public == "That is not the right answer."
    failure = refusal.verdict.failure
    assert failure is not None
    return failure.seen


@pytest.mark.parametrize("curve", ["P-256", "Ed25519"])
async def test_a_key_is_registered_and_signs_in(bench: Bench, curve: str) -> None:
    key = SecurityKey(curve=curve)
    enrollment = await registered(bench, key)
    assert enrollment.last_step == 1
    assert enrollment.profile == {
        "name": "Blue key",
        "rp_id": "id.example.com",
        "credential_id": b64url(key.credential_id),
    }
    asked = await bench.ask(enrollment)
    accepted = await bench.verify(enrollment, asked.challenge, **key.get(options_of(asked), ORIGIN))
    assert (accepted.step, accepted.amr) == (2, ("hwk", "user"))
    assert bench.factors.proof(enrollment, accepted, 1).kind == "possession"


async def test_the_options_say_what_we_want(bench: Bench) -> None:
    key = SecurityKey()
    offer = await bench.enroll("webauthn")
    options = options_of(offer)
    assert options["rp"] == {"name": "Example", "id": "id.example.com"}
    assert options["user"]["name"] == "ann@example.com"
    assert base64.urlsafe_b64decode(options["user"]["id"] + "==").decode() == bench.context.user.id
    assert len(base64.urlsafe_b64decode(options["challenge"] + "==")) == 32
    assert [one["alg"] for one in options["pubKeyCredParams"]] == [-7, -8, -257]
    assert options["attestation"] == "none"
    assert options["authenticatorSelection"]["userVerification"] == "preferred"
    assert options["excludeCredentials"] == []
    assert bench.factors.show(bench.context, offer.enrollment, offer.challenge) == offer.shown
    enrollment = await bench.activate(offer, **key.create(options, ORIGIN))
    asked = await bench.ask(enrollment)
    wanted = options_of(asked)
    assert wanted["rpId"] == "id.example.com"
    assert wanted["userVerification"] == "preferred"
    assert wanted["allowCredentials"] == [{"id": b64url(key.credential_id), "type": "public-key"}]
    assert wanted["challenge"] != options["challenge"]
    assert bench.factors.show(bench.context, enrollment, asked.challenge) == asked.shown


async def test_a_registered_key_is_excluded_and_refused_a_second_time(bench: Bench) -> None:
    key = SecurityKey()
    bench.knows(await registered(bench, key))
    offer = await bench.enroll("webauthn")
    assert options_of(offer)["excludeCredentials"] == [{"id": b64url(key.credential_id), "type": "public-key"}]
    refusal = await refused(bench.activate(offer, **key.create(options_of(offer), ORIGIN)))
    assert refusal.public == "This key is registered already."
    await bench.activate(offer, **SecurityKey().create(options_of(offer), ORIGIN))


@pytest.mark.parametrize(
    "origin",
    [
        "https://evil.example",
        "http://id.example.com",
        "https://id.example.com:8443",
        "https://id.example.com.evil.example",
        "https://sub.id.example.com",
        "https://id.example.com/",
        "https://ID.example.com",
        "null",
        "",
    ],
)
async def test_an_answer_from_another_origin_is_refused(bench: Bench, origin: str) -> None:
    key = SecurityKey()
    offer = await bench.enroll("webauthn")
    refusal = await refused(bench.activate(offer, **key.create(options_of(offer), origin)))
    assert refusal.reason == "factor_setup"
    enrollment = await registered(bench, key)
    asked = await bench.ask(enrollment)
    assert "origin" in await why_not(bench, enrollment, asked.challenge, key.get(options_of(asked), origin))


async def test_an_answer_for_another_relying_party_is_refused(bench: Bench) -> None:
    key = SecurityKey()
    offer = await bench.enroll("webauthn")
    answer = key.create(options_of(offer), ORIGIN, rp_id="example.com")
    assert (await refused(bench.activate(offer, **answer))).reason == "factor_setup"
    enrollment = await registered(bench, key)
    asked = await bench.ask(enrollment)
    answer = key.get(options_of(asked), ORIGIN, rp_id="example.com")
    assert "RP ID" in await why_not(bench, enrollment, asked.challenge, answer)


async def test_ASVS_6_6_2_an_answer_to_a_foreign_challenge_is_refused(bench: Bench) -> None:
    key = SecurityKey()
    first, second = await bench.enroll("webauthn"), await bench.enroll("webauthn")
    refusal = await refused(bench.activate(second, **key.create(options_of(first), ORIGIN)))
    assert refusal.reason == "factor_setup"
    enrollment = await registered(bench, key)
    mine, other = await bench.ask(enrollment), await bench.ask(enrollment)
    answer = key.get(options_of(other), ORIGIN)
    assert "challenge" in await why_not(bench, enrollment, mine.challenge, answer)


async def test_AU_08_a_counter_that_goes_back_or_stands_still_is_refused(bench: Bench) -> None:
    key = SecurityKey(counter=10)
    enrollment = await registered(bench, key)
    assert enrollment.last_step == 11
    for counter in (0, 5, 9, 10):
        asked = await bench.ask(enrollment)
        key.counter = counter
        refusal = await refused(bench.verify(enrollment, asked.challenge, **key.get(options_of(asked), ORIGIN)))
        assert refusal.reason == "factor_replayed"
        failure = refusal.verdict.failure
        assert failure is not None
        assert "copied" in failure.seen
    asked = await bench.ask(enrollment)
    key.counter = 11
    assert (await bench.verify(enrollment, asked.challenge, **key.get(options_of(asked), ORIGIN))).step == 12


async def test_a_counter_that_goes_back_does_not_hide_a_wrong_signature(bench: Bench) -> None:
    key, other = SecurityKey(counter=10), SecurityKey()
    enrollment = await registered(bench, key)
    asked = await bench.ask(enrollment)
    assert await why_not(bench, enrollment, asked.challenge, other.get(options_of(asked), ORIGIN))


async def test_a_key_that_never_counts_is_spent_with_the_challenge_alone(bench: Bench) -> None:
    key = SecurityKey(counts=0, flags=USER_PRESENT | USER_VERIFIED | BACKUP_ELIGIBLE)
    enrollment = await registered(bench, key)
    assert enrollment.last_step == 0
    asked = await bench.ask(enrollment)
    accepted = await bench.verify(enrollment, asked.challenge, **key.get(options_of(asked), ORIGIN))
    assert (accepted.step, accepted.amr) == (None, ("swk", "user"))


async def test_without_a_touch_nothing_is_accepted(bench: Bench) -> None:
    key = SecurityKey(flags=0)
    offer = await bench.enroll("webauthn")
    assert (await refused(bench.activate(offer, **key.create(options_of(offer), ORIGIN)))).reason == "factor_setup"
    key.flags = USER_PRESENT
    enrollment = await registered(bench, key)
    asked = await bench.ask(enrollment)
    key.flags = 0
    await why_not(bench, enrollment, asked.challenge, key.get(options_of(asked), ORIGIN))


async def test_another_key_is_a_wrong_answer(bench: Bench) -> None:
    key, other = SecurityKey(), SecurityKey()
    other.credential_id = key.credential_id
    enrollment = await registered(bench, key)
    asked = await bench.ask(enrollment)
    assert "signature" in await why_not(bench, enrollment, asked.challenge, other.get(options_of(asked), ORIGIN))


@pytest.mark.parametrize(
    "changes",
    [
        {"crossOrigin": True},
        {"crossOrigin": "false"},
        {"type": "webauthn.create"},
        {"type": ["webauthn.get"]},
        {"challenge": ""},
        {"challenge": None},
        {"origin": ["https://id.example.com"]},
        {"padding": "x" * 5000},
    ],
)
async def test_client_data_that_is_not_of_this_page_is_refused(bench: Bench, changes: dict[str, Any]) -> None:
    key = SecurityKey()
    enrollment = await registered(bench, key)
    asked = await bench.ask(enrollment)
    answer = key.get(options_of(asked), ORIGIN, **changes)
    await why_not(bench, enrollment, asked.challenge, answer)


async def test_client_data_with_a_member_twice_is_refused(bench: Bench) -> None:
    key = SecurityKey()
    enrollment = await registered(bench, key)
    asked = await bench.ask(enrollment)
    said = key.client_data("webauthn.get", options_of(asked), "https://evil.example")
    said = said[:-1] + f', "origin": "{ORIGIN}"}}'.encode()
    answer = key.get(options_of(asked), ORIGIN) | {"client_data": b64url(said)}
    assert "twice" in await why_not(bench, enrollment, asked.challenge, answer)


async def test_a_challenge_is_good_for_five_minutes(bench: Bench) -> None:
    key = SecurityKey()
    enrollment = await registered(bench, key)
    asked = await bench.ask(enrollment)
    answer = key.get(options_of(asked), ORIGIN)
    bench.advance(5 * 60_000)
    assert (await refused(bench.verify(enrollment, asked.challenge, **answer))).reason == "factor_expired"
    bench.advance(-1)
    await bench.verify(enrollment, asked.challenge, **answer)


@pytest.mark.parametrize("challenge", [{}, {"expires_at": 2**52}, {"challenge": "AA", "expires_at": "x"}])
async def test_without_a_challenge_there_is_nothing_to_verify(bench: Bench, challenge: dict[str, Any]) -> None:
    key = SecurityKey()
    enrollment = await registered(bench, key)
    asked = await bench.ask(enrollment)
    answer = key.get(options_of(asked), ORIGIN)
    assert (await refused(bench.verify(enrollment, challenge, **answer))).reason == "factor_expired"


async def test_padded_base64_is_read_like_base64url(bench: Bench) -> None:
    def padded(answer: dict[str, str]) -> dict[str, str]:
        octets = {name: base64.urlsafe_b64decode(text + "==") for name, text in answer.items()}
        return {name: base64.b64encode(value).decode() for name, value in octets.items()}

    key = SecurityKey()
    offer = await bench.enroll("webauthn")
    enrollment = await bench.activate(offer, **padded(key.create(options_of(offer), ORIGIN)))
    for _ in range(3):  # of other lengths and other octets
        asked = await bench.ask(enrollment)
        await bench.verify(enrollment, asked.challenge, **padded(key.get(options_of(asked), ORIGIN)))


def _attestation(auth_data: Any, fmt: Any = "none", statement: Any = None) -> dict[str, str]:
    return {"attestation": b64url(cbor2.dumps({"fmt": fmt, "attStmt": statement or {}, "authData": auth_data}))}


def _broken_registrations(key: SecurityKey) -> dict[str, dict[str, str]]:
    data = key.auth_data("id.example.com", new=True)
    without_key = data[: -len(key.cose_key())]
    return {
        "nothing": {"attestation": ""},
        "no base64": {"attestation": "%%%"},
        "no CBOR": {"attestation": b64url(b"\xff" * 40)},
        "endless array": {"attestation": b64url(b"\x9b" + b"\xff" * 8)},
        "deep nesting": {"attestation": b64url(b"\x81" * 15_000)},
        "a list": {"attestation": b64url(cbor2.dumps([1, 2]))},
        "no data": _attestation(b""),
        "short data": _attestation(data[:36]),
        "cut key": _attestation(data[:-5]),
        "more behind": _attestation(data + b"\0"),
        "text for data": _attestation("x" * 40),
        "unknown format": _attestation(data, fmt="nonesuch"),
        "format no text": _attestation(data, fmt=5),
        "statement in none": _attestation(data, statement={"sig": b"x"}),
        "packed without signature": _attestation(data, fmt="packed"),
        "key no map": _attestation(without_key + cbor2.dumps(5)),
        "key empty": _attestation(without_key + cbor2.dumps({})),
        "key of unknown type": _attestation(without_key + cbor2.dumps({1: 99, 3: -7})),
        "key of an algorithm we did not ask for": _attestation(without_key + cbor2.dumps({1: 2, 3: -36, -1: 1})),
    }


@pytest.mark.parametrize("name", _broken_registrations(SecurityKey()))
async def test_a_broken_registration_is_refused_and_never_an_error(bench: Bench, name: str) -> None:
    key = SecurityKey()
    offer = await bench.enroll("webauthn")
    answer = key.create(options_of(offer), ORIGIN) | _broken_registrations(key)[name]
    refusal = await refused(bench.activate(offer, **answer))
    assert (refusal.reason, refusal.public) == ("factor_setup", "This key could not be registered. Try again.")


async def test_a_key_that_is_no_point_of_its_curve_is_refused_at_once(bench: Bench) -> None:
    key = SecurityKey()
    offer = await bench.enroll("webauthn")
    broken = cbor2.dumps({1: 2, 3: -7, -1: 1, -2: b"\1" * 32, -3: b"\1" * 32})
    data = key.auth_data("id.example.com", new=True)[: -len(key.cose_key())] + broken
    answer = key.create(options_of(offer), ORIGIN) | _attestation(data)
    assert (await refused(bench.activate(offer, **answer))).reason == "factor_setup"


@pytest.mark.parametrize("name", ["client_data", "authenticator_data", "signature"])
@pytest.mark.parametrize("value", ["", "%%%", "AAA=A", "AAAA", "A" * 100_000, b64url(b"[]"), b64url(b'{"type":')])
async def test_a_broken_answer_is_refused_and_never_an_error(bench: Bench, name: str, value: str) -> None:
    key = SecurityKey()
    enrollment = await registered(bench, key)
    asked = await bench.ask(enrollment)
    answer = key.get(options_of(asked), ORIGIN)
    await why_not(bench, enrollment, asked.challenge, answer | {name: value})
    del answer[name]
    await why_not(bench, enrollment, asked.challenge, answer)


@settings(max_examples=150, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(data=st.data())
async def test_no_octet_of_an_answer_can_be_changed(bench: Bench, data: st.DataObject) -> None:
    key = SecurityKey()
    enrollment = await registered(bench, key)
    asked = await bench.ask(enrollment)
    answer = key.get(options_of(asked), ORIGIN)
    name = data.draw(st.sampled_from(sorted(answer)))
    octets = bytearray(base64.urlsafe_b64decode(answer[name] + "=="))
    place = data.draw(st.integers(0, 9999)) % len(octets)  # a signature is not always as long
    octets[place] ^= data.draw(st.integers(1, 255))
    refusal = await refused(bench.verify(enrollment, asked.challenge, **(answer | {name: b64url(octets)})))
    assert refusal.reason == "factor_answer"


async def test_KE_01_the_public_key_is_sealed_too(bench: Bench) -> None:
    key = SecurityKey()
    enrollment = await registered(bench, key)
    assert not plain_secrets_in(enrollment, key.cose_key())


class TestDomains:
    @staticmethod
    def at(bench: Bench, authority: str, scheme: str = "https") -> None:
        domain = Domain(authority, bench.context.org.id, "test", scheme)  # type: ignore[arg-type]
        bench.context = replace(bench.context, domain=domain)

    @pytest.mark.parametrize(
        ("authority", "scheme", "rp_id", "origin"),
        [
            ("id.example.com", "https", "id.example.com", "https://id.example.com"),
            ("id.example.com:8443", "https", "id.example.com", "https://id.example.com:8443"),
            ("id.example.com:443", "https", "id.example.com", "https://id.example.com"),
            ("localhost:8080", "http", "localhost", "http://localhost:8080"),
        ],
    )
    async def test_the_relying_party_is_the_host_and_the_origin_has_its_port(
        self, bench: Bench, authority: str, scheme: str, rp_id: str, origin: str
    ) -> None:
        self.at(bench, authority, scheme)
        key = SecurityKey()
        offer = await bench.enroll("webauthn")
        assert options_of(offer)["rp"]["id"] == rp_id
        enrollment = await bench.activate(offer, **key.create(options_of(offer), origin))
        asked = await bench.ask(enrollment)
        await bench.verify(enrollment, asked.challenge, **key.get(options_of(asked), origin))

    @pytest.mark.parametrize("authority", ["127.0.0.1:8082", "192.0.2.1", "[::1]:8080"])
    async def test_an_address_is_no_relying_party(self, bench: Bench, authority: str) -> None:
        self.at(bench, authority, "http")
        refusal = await refused(bench.enroll("webauthn"))
        assert refusal.reason == "factor_unavailable"
        assert "host name" in refusal.public

    async def test_a_key_of_one_domain_is_not_asked_for_at_another(self, bench: Bench) -> None:
        key = SecurityKey()
        enrollment = await registered(bench, key)
        asked = await bench.ask(enrollment)
        self.at(bench, "login.example.org")
        assert (await refused(bench.ask(enrollment))).reason == "factor_unavailable"
        answer = key.get(options_of(asked), "https://login.example.org", rp_id="login.example.org")
        assert (await refused(bench.verify(enrollment, asked.challenge, **answer))).reason == "factor_unavailable"


@pytest.mark.parametrize("name", ["x" * 65, "a\x1bb", "a\u202eb"])
async def test_a_name_that_cannot_be_shown_is_refused(bench: Bench, name: str) -> None:
    assert (await refused(bench.enroll("webauthn", name=name))).reason == "factor_setup"
