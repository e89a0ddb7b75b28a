"""What was proved, what is asked, what is missing."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from segue.core.assurance import Assurance, Proof, from_data, to_data
from segue.core.requirement import Requirement, missing, read_requirement, requirement_data

NOW_AT = 1_790_000_000_000
PASSWORD = Proof("password", "knowledge", ("pwd",), NOW_AT - 60_000)
CODE = Proof("totp", "possession", ("otp",), NOW_AT - 30_000)

proofs = st.builds(
    Proof,
    st.sampled_from(["password", "totp", "webauthn"]),
    st.sampled_from(["knowledge", "possession", "inherence"]),
    st.tuples(st.sampled_from(["pwd", "otp", "hwk"])),
    st.integers(min_value=1, max_value=NOW_AT),
)
assurances = st.builds(Assurance, st.lists(proofs, max_size=4).map(tuple))


@pytest.mark.parametrize(
    ("requirement", "assurance", "expected"),
    [
        (Requirement(), Assurance(), "sign_in"),
        (Requirement(), Assurance((PASSWORD,)), None),
        (Requirement(max_age_s=60), Assurance((PASSWORD,)), None),
        (Requirement(max_age_s=59), Assurance((PASSWORD,)), "fresh_sign_in"),
        (Requirement(max_age_s=0), Assurance((PASSWORD,)), "fresh_sign_in"),
        (Requirement(fresh_after_at=NOW_AT), Assurance((PASSWORD,)), "fresh_sign_in"),
        (Requirement(fresh_after_at=NOW_AT - 60_000), Assurance((PASSWORD,)), None),
        (Requirement(factors=2), Assurance((PASSWORD,)), "second_factor"),
        (Requirement(factors=2), Assurance((PASSWORD, CODE)), None),
        (Requirement(factors=2), Assurance((CODE, Proof("webauthn", "possession", ("hwk",), NOW_AT))), "fresh_sign_in"),
    ],
)
def test_missing_asks_for_the_next_thing(requirement: Requirement, assurance: Assurance, expected: str | None) -> None:
    assert missing(requirement, assurance, NOW_AT) == expected


def test_two_kinds_of_factor_are_mfa() -> None:
    assert Assurance((PASSWORD,)).amr == ("pwd",)
    assert Assurance((PASSWORD, CODE)).amr == ("pwd", "otp", "mfa")


@given(assurances, assurances)
def test_merging_keeps_the_newest_proof_of_each_factor_and_makes_up_none(a: Assurance, b: Assurance) -> None:
    merged = a.merged(b)
    assert set(merged.proofs) <= {*a.proofs, *b.proofs}
    assert {proof.factor for proof in merged.proofs} == {proof.factor for proof in (*a.proofs, *b.proofs)}
    for proof in (*a.proofs, *b.proofs):
        kept = next(p for p in merged.proofs if p.factor == proof.factor)
        assert kept.verified_at >= proof.verified_at


@given(assurances)
def test_assurance_survives_its_json_shape(assurance: Assurance) -> None:
    assert from_data(to_data(assurance)) == assurance


@pytest.mark.parametrize(
    "data", [None, {}, "x", [{}], [{"factor": "password"}], [{"factor": 1, "kind": "x", "amr": [], "at": 1}]]
)
def test_what_is_no_assurance_is_refused(data: object) -> None:
    with pytest.raises(ValueError, match="kept as"):
        from_data(data)


@given(st.builds(Requirement, st.sampled_from([1, 2]), st.none() | st.integers(0, 9), st.none() | st.integers(0, 9)))
def test_a_requirement_survives_its_json_shape(requirement: Requirement) -> None:
    assert read_requirement(requirement_data(requirement)) == requirement
    assert requirement.stricter(Requirement()) == requirement


def test_the_stricter_requirement_meets_both() -> None:
    assert Requirement(1, 60, 5).stricter(Requirement(2, 30, 9)) == Requirement(2, 30, 9)
