import base64
import json
from collections.abc import Mapping
from typing import Any

import jwt as pyjwt
import pytest
from hypothesis import given
from hypothesis import strategies as st

from segue.core.sealing import SealBroken, Sealer
from segue.tokens.jwt import MAX_TOKEN_CHARS, TokenRefused, half_hash, issue, verify
from segue.tokens.keys import KeyRing, SigningKey, from_stored, generate, to_stored

NOW = 1_800_000_000_000
NOW_S = NOW // 1000
ISSUER = "https://id.example.com"
CLAIMS: dict[str, Any] = {"iss": ISSUER, "aud": "app1", "sub": "usf1", "iat": NOW_S, "exp": NOW_S + 300}

text = st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\0"), max_size=20)
values = st.recursive(
    st.none() | st.booleans() | st.integers(-(2**53), 2**53) | st.floats(allow_nan=False, allow_infinity=False) | text,
    lambda children: st.lists(children, max_size=4) | st.dictionaries(text, children, max_size=4),
    max_leaves=10,
)


def check(token: str, *keys: SigningKey, **changes: Any) -> Mapping[str, Any]:
    expected: dict[str, Any] = {"typ": {None}, "issuer": ISSUER, "audience": "app1", "now_ms": NOW}
    return verify(token, keys=keys, **expected | changes)


def refusal(token: str, *keys: SigningKey, **changes: Any) -> tuple[str, str | None]:
    with pytest.raises(TokenRefused) as refused:
        check(token, *keys, **changes)
    return refused.value.reason, refused.value.claim


@pytest.fixture
def sign(rsa_key: SigningKey, ring: KeyRing) -> Any:
    """Issues the usual claims with changes; a change to None removes a claim."""

    def sign(typ: str | None = None, **changes: Any) -> str:
        claims = {name: value for name, value in (CLAIMS | changes).items() if value is not None}
        return issue(claims, typ=typ, key=rsa_key, ring=ring)

    return sign


# --- round trips ----------------------------------------------------------------------------------------------------


@given(extra=st.dictionaries(text.filter(lambda name: name not in ("nbf", "jti", *CLAIMS)), values, max_size=5))
def test_what_is_issued_verifies_with_the_same_claims(
    extra: dict[str, Any], ec_key: SigningKey, sealer: Sealer
) -> None:
    token = issue(CLAIMS | extra, typ="at+jwt", key=ec_key, ring=KeyRing(sealer))
    assert check(token, ec_key, typ={"at+jwt"}) == CLAIMS | extra


@pytest.mark.parametrize("name", ["rsa_key", "ec_key", "ed_key"])
def test_other_libraries_read_our_tokens(name: str, request: pytest.FixtureRequest, ring: KeyRing) -> None:
    key: SigningKey = request.getfixturevalue(name)
    token = issue({**CLAIMS, "name": "Zoë 😀"}, typ=None, key=key, ring=ring)
    public = pyjwt.PyJWK(dict(key.public_jwk))
    options: Any = {"verify_exp": False, "verify_iat": False}
    assert pyjwt.decode(token, public, [key.public_jwk["alg"]], audience="app1", options=options)["name"] == "Zoë 😀"


@pytest.mark.parametrize("name", ["rsa_key", "ec_key", "ed_key"])
def test_we_read_other_libraries_tokens(name: str, request: pytest.FixtureRequest, ring: KeyRing) -> None:
    key: SigningKey = request.getfixturevalue(name)
    ring.load(key)
    private: Any = ring.jose_key(key.kid).private_key
    token = pyjwt.encode(CLAIMS, private, key.public_jwk["alg"], headers={"kid": key.kid})
    assert check(token, key, typ={"JWT"}) == CLAIMS


@pytest.mark.parametrize(
    ("typ", "header"),
    [(None, {"alg": "RS256"}), ("at+jwt", {"alg": "RS256", "typ": "at+jwt"})],
)
def test_the_header_says_algorithm_key_and_type_and_nothing_else(
    typ: str | None, header: dict[str, str], sign: Any, rsa_key: SigningKey
) -> None:
    head = sign(typ).split(".")[0]
    assert json.loads(base64.urlsafe_b64decode(head + "==")) == {**header, "kid": rsa_key.kid}


def test_JO_01_one_name_for_an_algorithm(ed_key: SigningKey, ring: KeyRing) -> None:
    """RFC 9864's name says the same, and still is not what we issue."""
    token = issue(CLAIMS, typ=None, key=ed_key, ring=ring)
    assert json.loads(base64.urlsafe_b64decode(token.split(".")[0] + "=="))["alg"] == "EdDSA"
    head = base64.urlsafe_b64encode(json.dumps({"alg": "Ed25519", "kid": ed_key.kid}).encode()).decode().rstrip("=")
    signed = f"{head}.{token.split('.')[1]}"
    signature = base64.urlsafe_b64encode(ring.sign_bytes(ed_key.kid, signed.encode())).decode().rstrip("=")
    assert refusal(f"{signed}.{signature}", ed_key) == ("wrong_algorithm", None)


def test_a_token_signed_before_a_rotation_verifies_after_it(sign: Any, rsa_key: SigningKey, ec_key: SigningKey) -> None:
    assert check(sign(), ec_key, from_stored(to_stored(rsa_key))) == CLAIMS
    assert refusal(sign(), ec_key) == ("unknown_kid", None)
    assert refusal(sign()) == ("unknown_kid", None)


@pytest.mark.parametrize("claims", [{"x": float("nan")}, {"x": float("inf")}, {"x": "\ud800"}, {"\udfff": 1}])
def test_claims_that_json_cannot_carry_are_not_signed(
    claims: dict[str, Any], ec_key: SigningKey, ring: KeyRing
) -> None:
    with pytest.raises(ValueError):
        issue(CLAIMS | claims, typ=None, key=ec_key, ring=ring)


def test_a_token_that_nobody_would_read_is_not_issued(ec_key: SigningKey, ring: KeyRing) -> None:
    assert check(issue(CLAIMS | {"x": "x" * 11_000}, typ=None, key=ec_key, ring=ring), ec_key)
    with pytest.raises(ValueError, match=str(MAX_TOKEN_CHARS)):
        issue(CLAIMS | {"x": "x" * MAX_TOKEN_CHARS}, typ=None, key=ec_key, ring=ring)


def test_a_key_that_does_not_open_signs_nothing(ec_key: SigningKey) -> None:
    with pytest.raises(SealBroken):
        issue(CLAIMS, typ=None, key=ec_key, ring=KeyRing(Sealer(bytes(32))))


# --- claims ---------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("name", ["iss", "exp", "nonce", "jti"])
def test_a_required_claim_must_be_there(name: str, sign: Any, rsa_key: SigningKey) -> None:
    assert refusal(sign(**{name: None}), rsa_key, required={"nonce", "jti"})[0] == "missing_claim"


def test_required_claims_that_are_there_pass(sign: Any, rsa_key: SigningKey) -> None:
    assert check(sign(nonce="n"), rsa_key, required={"nonce", "sub", "aud", "iat"})["nonce"] == "n"


@pytest.mark.parametrize(
    ("aud", "audience", "outcome"),
    [
        ("app1", "app1", None),
        (["other", "app1"], "app1", None),
        ("app1", {"app1", "app2"}, None),
        (["app2"], ["app1", "app2"], None),
        ("app1", None, None),
        (None, None, None),
        ("app2", "app1", "wrong_audience"),
        ("app", "app1", "wrong_audience"),
        ("app11", "app1", "wrong_audience"),
        ("APP1", "app1", "wrong_audience"),
        ("", "app1", "wrong_audience"),
        ("app1", (), "wrong_audience"),
        (None, "app1", "missing_claim"),
        ([], "app1", "bad_claim"),
        ([], None, "bad_claim"),
        (["app1", 1], "app1", "bad_claim"),
        ([["app1"]], "app1", "bad_claim"),
        ({"app1": 1}, "app1", "bad_claim"),
        (1, None, "bad_claim"),
        (True, "app1", "bad_claim"),
    ],
)
def test_the_audience_is_one_of_ours(
    aud: object, audience: object, outcome: str | None, sign: Any, rsa_key: SigningKey
) -> None:
    if outcome is None:
        assert check(sign(aud=aud), rsa_key, audience=audience)["sub"] == "usf1"
    else:
        assert refusal(sign(aud=aud), rsa_key, audience=audience) == (outcome, "aud")


@pytest.mark.parametrize("issuer", [ISSUER + "/", ISSUER.upper(), "https://id.example.co", "", ISSUER + "\n"])
def test_the_issuer_is_exactly_the_one_expected(issuer: str, sign: Any, rsa_key: SigningKey) -> None:
    assert refusal(sign(iss=issuer), rsa_key) == ("wrong_issuer", "iss")


def test_times_are_held_to_the_second_with_a_leeway_on_both_ends(sign: Any, rsa_key: SigningKey) -> None:
    token = sign(iat=NOW_S, nbf=NOW_S + 10, exp=NOW_S + 300)
    begins, ends = NOW + 10_000, NOW + 300_000
    for leeway_s in (0, 60):
        assert check(token, rsa_key, now_ms=begins - leeway_s * 1000, leeway_s=leeway_s)
        assert refusal(token, rsa_key, now_ms=begins - leeway_s * 1000 - 1, leeway_s=leeway_s)[0] == "not_yet_valid"
        assert check(token, rsa_key, now_ms=ends + leeway_s * 1000 - 1, leeway_s=leeway_s)
        assert refusal(token, rsa_key, now_ms=ends + leeway_s * 1000, leeway_s=leeway_s) == ("expired", "exp")
    assert refusal(sign(iat=NOW_S + 61), rsa_key) == ("not_yet_valid", "iat")


def test_an_expired_hint_is_read_only_on_request(sign: Any, rsa_key: SigningKey) -> None:
    old = sign(iat=1, exp=2)
    assert refusal(old, rsa_key) == ("expired", "exp")
    assert check(old, rsa_key, allow_expired=True)["sub"] == "usf1"
    assert refusal(sign(exp=None), rsa_key, allow_expired=True) == ("missing_claim", "exp")
    assert refusal(sign(exp=2, iat=NOW_S + 3600), rsa_key, allow_expired=True) == ("not_yet_valid", "iat")
    assert refusal(old, rsa_key, allow_expired=True, audience="app2") == ("wrong_audience", "aud")


# --- half hashes ----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("value", "algorithm", "expected"),
    [
        # OIDC Core A.3 and A.4: the c_hash and at_hash that the specification prints.
        ("jHkWEdUXMU1BwAsC4vtUsZwnNvTIxEl0z9K3vx5KF0Y", "RS256", "77QmUPtjPfzWtF2AnpK9RQ"),
        ("Qcb0Orv1zh30vL1MPRsbm-diHiMwcLyZvn1arpZv-Jxf_11jnpEX3Tgfvk", "RS256", "LDktKdoQak3Pk0cnXxCltA"),
    ],
)
def test_half_hashes_are_those_of_the_specification(value: str, algorithm: str, expected: str) -> None:
    assert half_hash(value, algorithm) == expected
    assert half_hash(value, "ES256") == expected
    assert half_hash(value, "RS384") != expected


def test_a_half_hash_is_half_as_long_as_its_hash() -> None:
    assert [len(half_hash("x", name)) for name in ("RS256", "ES384", "PS512", "Ed25519")] == [22, 32, 43, 43]
    assert half_hash("x", "Ed25519") == half_hash("x", "RS512")  # RFC 8032 5.1: Ed25519 hashes with SHA-512


@pytest.mark.parametrize("algorithm", ["none", "", "EdDSA", "RS1", "XX256", "rs256"])
def test_no_half_hash_without_a_known_hash(algorithm: str) -> None:
    with pytest.raises(ValueError):
        half_hash("x", algorithm)


def test_keys_of_two_issuers_never_mix(sign: Any, rsa_key: SigningKey, sealer: Sealer, ring: KeyRing) -> None:
    other = generate("org2", "oidc", "ES256", sealer=sealer, now_ms=NOW, common_name="Other")
    forged = issue(CLAIMS, typ=None, key=other, ring=ring)  # our issuer's name under another org's key
    assert refusal(forged, rsa_key) == ("unknown_kid", None)
