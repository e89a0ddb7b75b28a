"""What is asked, what is missing of it, and which factors lead there: assurance constraints (NW-06)."""

from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from segue.core.assurance import Assurance, Device, FactorKind, Proof, Worth, from_data, to_data
from segue.core.requirement import (
    Constraint,
    Need,
    Requirement,
    missing,
    read_requirement,
    requirement_data,
    shortest,
)

NOW_AT = 1_790_000_000_000
MINUTE = 60_000
KINDS: dict[str, FactorKind] = {
    "password": "knowledge",
    "question": "knowledge",
    "totp": "possession",
    "sms": "possession",
    "webauthn": "possession",
}
PHISHING_RESISTANT = Worth(phishing_resistant=True)
IN_HARDWARE = Worth(phishing_resistant=True, hardware_protected=True)
VERIFIED = Worth(phishing_resistant=True, hardware_protected=True, user_verified=True)


def proof(factor: str, age_s: int = 0, worth: Worth | None = None) -> Proof:
    return Proof(factor, KINDS[factor], (), NOW_AT - age_s * 1000, worth or Worth())


PASSWORD = proof("password", 60)
CODE = proof("totp", 30)
KEY = proof("webauthn", 30, VERIFIED)
SYNCED = proof("webauthn", 30, Worth(phishing_resistant=True, user_verified=True))


def one_of(*constraints: Constraint, factors: int = 1, reauthenticate_s: int | None = None) -> Requirement:
    return Requirement(factors, reauthenticate_s=reauthenticate_s, constraints=(constraints,))


ANY_POSSESSION = Constraint(possession=Need("possession"))
TOTP_ONLY = Constraint(possession=Need("possession", frozenset({"totp"})))
KEY_ONLY = Constraint(possession=Need("possession", worth=PHISHING_RESISTANT))
HARD_KEY = Constraint(possession=Need("possession", worth=IN_HARDWARE))
VERIFIED_KEY = Constraint(possession=Need("possession", worth=Worth(user_verified=True)))
YOUNG_PASSWORD = Constraint(knowledge=Need("knowledge", frozenset({"password"}), max_age_s=30))
BOTH = Constraint(Need("knowledge", frozenset({"password"}), max_age_s=120), Need("possession", frozenset({"totp"})))
QUESTION = Constraint(knowledge=Need("knowledge", frozenset({"question"})))


@pytest.mark.parametrize(
    ("requirement", "proofs", "expected"),
    [
        (one_of(ANY_POSSESSION), (PASSWORD,), "second_factor"),
        (one_of(ANY_POSSESSION), (PASSWORD, CODE), None),
        (one_of(TOTP_ONLY), (PASSWORD, KEY), "second_factor"),
        (one_of(KEY_ONLY), (PASSWORD, CODE), "second_factor"),
        (one_of(KEY_ONLY), (PASSWORD, SYNCED), None),
        (one_of(HARD_KEY), (PASSWORD, SYNCED), "second_factor"),
        (one_of(HARD_KEY), (PASSWORD, KEY), None),
        (one_of(VERIFIED_KEY), (PASSWORD, replace(KEY, worth=IN_HARDWARE)), "second_factor"),
        (one_of(VERIFIED_KEY), (PASSWORD, KEY), None),
        (one_of(YOUNG_PASSWORD), (PASSWORD, KEY), "fresh_sign_in"),
        (one_of(YOUNG_PASSWORD), (proof("password", 29),), None),
        (one_of(YOUNG_PASSWORD, KEY_ONLY), (PASSWORD, KEY), None),
        (one_of(BOTH), (PASSWORD,), "second_factor"),
        (one_of(BOTH), (CODE,), "fresh_sign_in"),
        (one_of(BOTH), (PASSWORD, CODE), None),
        (one_of(BOTH), (proof("password", 121), CODE), "fresh_sign_in"),
        (one_of(QUESTION), (PASSWORD,), "second_factor"),
        (one_of(ANY_POSSESSION, reauthenticate_s=60), (proof("password", 61), CODE), None),
        (one_of(ANY_POSSESSION, reauthenticate_s=60), (PASSWORD, proof("totp", 61)), "second_factor"),
        (Requirement(2, reauthenticate_s=60), (proof("password", 61), CODE), "fresh_sign_in"),
        (Requirement(2, reauthenticate_s=60), (PASSWORD, proof("totp", 61)), "second_factor"),
        (Requirement(reauthenticate_s=60), (proof("password", 61),), "fresh_sign_in"),
        (Requirement(reauthenticate_s=60), (proof("password", 61), CODE), None),
        (Requirement(constraints=((ANY_POSSESSION,), (KEY_ONLY,))), (PASSWORD, CODE), "second_factor"),
        (Requirement(constraints=((TOTP_ONLY,), (KEY_ONLY,))), (PASSWORD, CODE, KEY), None),
    ],
)
def test_missing_of_constraints(requirement: Requirement, proofs: tuple[Proof, ...], expected: str | None) -> None:
    assert missing(requirement, Assurance(proofs), NOW_AT) == expected


def test_every_time_counts_from_when_the_request_began() -> None:
    every_time = Requirement(reauthenticate_s=0)
    assert missing(every_time, Assurance((PASSWORD,)), NOW_AT) == "fresh_sign_in"
    assert missing(every_time, Assurance((PASSWORD,)), NOW_AT, began_at=NOW_AT - 61_000) is None


HELD = {"code": proof("totp"), "text": proof("sms"), "key": proof("webauthn", 0, VERIFIED), "pet": proof("question")}


@pytest.mark.parametrize(
    ("requirement", "could", "expected"),
    [
        (Requirement(2), HELD, {"code", "text", "key"}),
        (one_of(TOTP_ONLY), HELD, {"code"}),
        (one_of(KEY_ONLY), HELD, {"key"}),
        (one_of(TOTP_ONLY, KEY_ONLY), HELD, {"code", "key"}),
        (one_of(QUESTION), HELD, {"pet"}),
        # The session asks for any, the application for a key: the key alone is one step.
        (Requirement(constraints=((ANY_POSSESSION,), (KEY_ONLY,))), HELD, {"key"}),
        # Both a code and a key: two steps, and each of them is one.
        (Requirement(constraints=((TOTP_ONLY,), (KEY_ONLY,))), HELD, {"code", "key"}),
        # Nobody is sent after a text message where a question would have to follow that they do not have.
        (
            one_of(Constraint(QUESTION.knowledge, Need("possession", frozenset({"sms"}))), KEY_ONLY),
            {"text": HELD["text"], "key": HELD["key"]},
            {"key"},
        ),
        (one_of(KEY_ONLY), {"code": HELD["code"]}, set()),
        (Requirement(), HELD, set()),
    ],
)
def test_only_factors_that_would_do_are_offered(
    requirement: Requirement, could: dict[str, Proof], expected: set[str]
) -> None:
    assert shortest(requirement, Assurance((PASSWORD,)), could, NOW_AT) == expected


worths = st.builds(Worth, st.booleans(), st.booleans(), st.booleans())
proofs = st.builds(
    lambda name, age, worth: proof(name, age, worth), st.sampled_from(sorted(KINDS)), st.integers(0, 300), worths
)
assurances = st.builds(Assurance, st.lists(proofs, min_size=1, max_size=4).map(tuple))
ages = st.none() | st.integers(0, 300)


def needs(kind: FactorKind) -> st.SearchStrategy[Need]:
    methods = st.frozensets(st.sampled_from([name for name, of in KINDS.items() if of == kind]), max_size=2)
    weakest = st.just(Worth()) if kind == "knowledge" else worths
    return st.builds(Need, st.just(kind), methods, weakest, ages)


constraints = st.builds(Constraint, st.none() | needs("knowledge"), st.none() | needs("possession"))
simple = st.builds(
    Requirement,
    st.sampled_from([1, 2]),
    ages,
    st.none() | st.integers(NOW_AT - 300_000, NOW_AT),
    ages,
    st.lists(st.lists(constraints, min_size=1, max_size=2).map(tuple), max_size=2).map(tuple),
)
requirements = st.one_of(simple, st.builds(Requirement.stricter, simple, simple))


@given(requirements, assurances, proofs)
def test_NW_06_a_proof_never_makes_more_missing(requirement: Requirement, assurance: Assurance, more: Proof) -> None:
    if missing(requirement, assurance, NOW_AT) is None:
        assert missing(requirement, assurance.merged(Assurance((more,))), NOW_AT) is None


@given(requirements, requirements, assurances)
def test_NW_06_stricter_is_met_only_where_both_are(a: Requirement, b: Requirement, assurance: Assurance) -> None:
    met = [missing(one, assurance, NOW_AT) is None for one in (a, b)]
    assert (missing(a.stricter(b), assurance, NOW_AT) is None) == all(met)


def test_one_rules_haste_is_not_anothers() -> None:
    """Every application asks for a password each time; the second factor of the session is good for the day."""
    both = Requirement(2).stricter(Requirement(1, reauthenticate_s=0))
    assert missing(both, Assurance((proof("password", 0), proof("totp", 7200))), NOW_AT) is None
    assert missing(both, Assurance((proof("password", 0),)), NOW_AT) == "second_factor"
    assert missing(both, Assurance((proof("password", 60), proof("totp", 60))), NOW_AT) == "fresh_sign_in"


@given(requirements, assurances, st.dictionaries(st.integers(0, 9), proofs, max_size=4))
def test_what_is_offered_leads_to_what_is_asked(
    requirement: Requirement, assurance: Assurance, could: dict[int, Proof]
) -> None:
    offered = shortest(requirement, assurance, could, NOW_AT)
    assert offered <= set(could)
    if offered:
        whole = Assurance((*assurance.proofs, *(could[item] for item in offered)))
        lasting = replace(requirement, max_age_s=None, fresh_after_at=None)
        assert missing(lasting, assurance, NOW_AT) is not None
        assert missing(lasting, whole, NOW_AT) is None


@given(requirements, assurances)
def test_a_password_page_is_shown_where_it_gets_somebody_further(
    requirement: Requirement, assurance: Assurance
) -> None:
    """No page asks for a password time and again: with one of this moment, something else is missing or nothing."""
    now = Assurance((proof("password"),))
    assert missing(requirement, assurance.merged(now), NOW_AT) != "fresh_sign_in"


@given(requirements)
def test_a_requirement_survives_its_json_shape(requirement: Requirement) -> None:
    assert read_requirement(requirement_data(requirement)) == requirement


@given(assurances, st.none() | st.builds(Device, st.sampled_from(["", "laptop"]), st.booleans()))
def test_assurance_survives_its_json_shape(assurance: Assurance, device: Device | None) -> None:
    known = assurance.on(device)
    assert from_data(to_data(known)) == known


def test_what_an_earlier_release_wrote_is_read() -> None:
    old = [{"factor": "webauthn", "kind": "possession", "amr": ["hwk"], "at": 5}]
    assert from_data(old) == Assurance((Proof("webauthn", "possession", ("hwk",), 5),))
    assert read_requirement({"factors": 2, "max_age_s": None, "fresh_after_at": 7}) == Requirement(2, None, 7)


@pytest.mark.parametrize("data", [{}, {"factors": 1, "max_age_s": None, "fresh_after_at": None, "constraints": [[{}]]}])
def test_what_is_no_requirement_is_refused(data: object) -> None:
    with pytest.raises(ValueError, match="kept as"):
        read_requirement(data)
