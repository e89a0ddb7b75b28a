import base64
import json
from dataclasses import replace
from hashlib import sha256

import pytest
from cryptography import x509
from cryptography.hazmat.primitives.asymmetric import ec, ed25519, padding, rsa
from cryptography.hazmat.primitives.hashes import SHA256
from hypothesis import given
from hypothesis import strategies as st

from segue.core.sealing import SealBroken, Sealer
from segue.tokens.keys import (
    PUBLISH_AHEAD_MS,
    KeyNotLoaded,
    KeyRing,
    NoSigningKey,
    RotationUnderWay,
    SigningKey,
    algorithms,
    current,
    emergency,
    from_stored,
    generate,
    jwks,
    published,
    rotate,
    to_stored,
)

NOW = 1_800_000_000_000
HOUR = 3600 * 1000
KEEP = 24 * HOUR


def key(name: str, signs_from_at: int, signs_until_at: int | None = None, retired_at: int | None = None) -> SigningKey:
    """A key of which only the times matter."""
    jwk = {"kty": "RSA", "kid": name}
    return SigningKey("org1", "oidc", name, "RS256", jwk, b"", b"", 0, signs_from_at, signs_until_at, retired_at)


def apply(keys: tuple[SigningKey, ...], changed: tuple[SigningKey, ...]) -> tuple[SigningKey, ...]:
    return tuple({one.kid: one for one in (*keys, *changed)}.values())


# --- making a key ---------------------------------------------------------------------------------------------------


def test_a_generated_key_signs_at_once_and_names_itself_by_its_thumbprint(rsa_key: SigningKey) -> None:
    jwk = rsa_key.public_jwk
    required = json.dumps({name: jwk[name] for name in ("e", "kty", "n")}, separators=(",", ":"), sort_keys=True)
    thumbprint = base64.urlsafe_b64encode(sha256(required.encode()).digest()).decode().rstrip("=")  # RFC 7638 3
    assert rsa_key.kid == thumbprint == jwk["kid"]
    assert current([rsa_key], NOW) is rsa_key
    assert (rsa_key.created_at, rsa_key.signs_from_at) == (NOW, NOW)
    assert (rsa_key.signs_until_at, rsa_key.retired_at) == (None, None)


def test_a_public_jwk_has_the_public_members_and_no_others(
    rsa_key: SigningKey, ec_key: SigningKey, ed_key: SigningKey
) -> None:
    assert list(rsa_key.public_jwk) == ["kty", "alg", "kid", "use", "e", "n"]
    assert list(ec_key.public_jwk) == ["kty", "alg", "kid", "use", "crv", "x", "y"]
    assert list(ed_key.public_jwk) == ["kty", "alg", "kid", "use", "crv", "x"]
    assert [ed_key.public_jwk[name] for name in ("kty", "alg", "crv")] == ["OKP", "EdDSA", "Ed25519"]  # RFC 8037 2
    assert (rsa_key.public_jwk["alg"], rsa_key.public_jwk["use"], rsa_key.public_jwk["e"]) == ("RS256", "sig", "AQAB")
    assert len(base64.urlsafe_b64decode(rsa_key.public_jwk["n"] + "==")) == 256


def test_KE_01_nothing_private_is_in_the_clear(rsa_key: SigningKey, ring: KeyRing) -> None:
    ring.load(rsa_key)
    private = ring.private_key(rsa_key.kid)
    assert isinstance(private, rsa.RSAPrivateKey)
    for secret in (private.private_numbers().d, private.private_numbers().p):
        raw = secret.to_bytes((secret.bit_length() + 7) // 8, "big")
        assert raw not in rsa_key.sealed_private
        assert base64.urlsafe_b64encode(raw).decode().rstrip("=") not in json.dumps(dict(rsa_key.public_jwk))
    assert "sealed_private" not in repr(rsa_key)


def test_two_keys_are_never_the_same(rsa_key: SigningKey, sealer: Sealer) -> None:
    other = generate("org1", "oidc", "RS256", sealer=sealer, now_ms=NOW, common_name="Example")
    assert other.kid != rsa_key.kid


@pytest.mark.parametrize("algorithm", ["none", "HS256", "RS512", "rs256", "", "EdDSA"])
def test_only_known_algorithms_get_a_key(algorithm: str, sealer: Sealer) -> None:
    with pytest.raises(ValueError, match="RS256"):
        generate("org1", "oidc", algorithm, sealer=sealer, now_ms=NOW, common_name="Example")


@pytest.mark.parametrize("common_name", ["", "x" * 65])
def test_a_common_name_that_no_certificate_can_carry(common_name: str, sealer: Sealer) -> None:
    with pytest.raises(ValueError, match="64"):
        generate("org1", "oidc", "ES256", sealer=sealer, now_ms=NOW, common_name=common_name)


@pytest.mark.parametrize("name", ["rsa_key", "ec_key", "ed_key"])
def test_the_certificate_is_of_the_key_long_lived_and_in_order(
    name: str, request: pytest.FixtureRequest, ring: KeyRing
) -> None:
    one: SigningKey = request.getfixturevalue(name)
    ring.load(one)
    certificate = ring.certificate(one.kid)
    assert certificate.public_key() == ring.jose_key(one.kid).public_key
    certificate.verify_directly_issued_by(certificate)
    assert certificate.subject.rfc4514_string() == "CN=Example"
    assert certificate.not_valid_before_utc.timestamp() * 1000 < NOW
    assert certificate.not_valid_after_utc.timestamp() * 1000 > NOW + 15 * 365 * 24 * HOUR
    assert not certificate.extensions.get_extension_for_class(x509.BasicConstraints).value.ca


def test_a_key_on_an_edwards_curve_signs_no_xml(ed_key: SigningKey, ring: KeyRing) -> None:
    ring.load(ed_key)
    with pytest.raises(ValueError, match="XML"):
        ring.private_key(ed_key.kid)


# --- which key signs, which keys are shown --------------------------------------------------------------------------


def test_the_newest_key_that_has_begun_signs() -> None:
    old, new, coming = key("old", NOW - 2 * HOUR), key("new", NOW), key("next", NOW + 1)
    assert current([old, new, coming], NOW) is new
    assert current([coming, new, old], NOW - 1) is old
    assert current([new, coming, old], NOW + 1) is coming


@pytest.mark.parametrize(
    "keys",
    [
        [],
        [key("next", NOW + 1)],
        [key("stopped", NOW - HOUR, NOW, NOW + HOUR)],
        [key("retired", NOW - HOUR, None, NOW)],
    ],
)
def test_no_key_signs_before_its_start_or_after_its_end(keys: list[SigningKey]) -> None:
    with pytest.raises(NoSigningKey):
        current(keys, NOW)


def test_published_are_next_current_and_previous_until_it_retires() -> None:
    retired = key("retired", NOW - 3 * HOUR, NOW - 2 * HOUR, NOW)
    previous = key("previous", NOW - 2 * HOUR, NOW - HOUR, NOW + 1)
    signing, coming = key("signing", NOW - HOUR), key("next", NOW + HOUR)
    names = [one.kid for one in published([previous, coming, retired, signing], NOW)]
    assert names == ["next", "signing", "previous"]
    assert [one["kid"] for one in jwks([previous, coming, retired, signing], NOW)["keys"]] == names
    assert "retired" in [one.kid for one in published([retired], NOW - 1)]


def test_the_key_set_document_is_a_copy(rsa_key: SigningKey) -> None:
    document = jwks([rsa_key], NOW)
    assert document == {"keys": [dict(rsa_key.public_jwk)]}
    document["keys"][0]["n"] = "changed"
    assert rsa_key.public_jwk["n"] != "changed"


# --- rotation -------------------------------------------------------------------------------------------------------


def test_KE_02_a_new_key_is_published_before_it_signs_and_the_old_one_stays_for_its_tokens() -> None:
    old = key("old", NOW - HOUR)
    keys = apply((old,), rotate([old], key("new", NOW), now_ms=NOW, keep_ms=KEEP))
    starts = NOW + PUBLISH_AHEAD_MS
    assert PUBLISH_AHEAD_MS >= 15 * 60 * 1000
    for moment, signer, shown in [
        (NOW, "old", {"old", "new"}),
        (starts - 1, "old", {"old", "new"}),
        (starts, "new", {"old", "new"}),
        (starts + KEEP - 1, "new", {"old", "new"}),
        (starts + KEEP, "new", {"new"}),
    ]:
        assert current(keys, moment).kid == signer
        assert {one.kid for one in published(keys, moment)} == shown


def test_the_first_key_of_a_set_waits_for_nobody() -> None:
    (first,) = rotate([], key("first", 5), now_ms=NOW, keep_ms=KEEP)
    assert first.signs_from_at == NOW
    dead = key("dead", 0, NOW - HOUR, NOW - 1)
    (second,) = rotate([dead], key("second", 5), now_ms=NOW, keep_ms=KEEP)
    assert current([dead, second], NOW) is second


def test_a_rotation_changes_only_what_it_names() -> None:
    signing = key("signing", NOW - HOUR)
    previous = key("previous", NOW - 2 * HOUR, NOW - HOUR, NOW + HOUR)
    changed = rotate([signing, previous], key("new", NOW), now_ms=NOW, keep_ms=KEEP)
    assert [one.kid for one in changed] == ["new", "signing"]


def test_a_second_rotation_waits_for_the_first() -> None:
    old = key("old", NOW - HOUR)
    keys = apply((old,), rotate([old], key("new", NOW), now_ms=NOW, keep_ms=KEEP))
    with pytest.raises(RotationUnderWay):
        rotate(keys, key("third", NOW), now_ms=NOW + 1, keep_ms=KEEP)
    later = NOW + PUBLISH_AHEAD_MS
    changed = rotate(keys, key("third", NOW), now_ms=later, keep_ms=KEEP)
    assert [one.kid for one in changed] == ["third", "new"]


def test_KE_02_an_emergency_retires_every_other_key_now() -> None:
    keys = (
        key("previous", NOW - 2 * HOUR, NOW - HOUR, NOW + HOUR),
        key("signing", NOW - HOUR, NOW + 1, NOW + HOUR),
        key("next", NOW + 1),
        key("retired", 0, 1, 2),
    )
    changed = emergency(keys, [key("new", 0)], now_ms=NOW)
    after = apply(keys, changed)
    assert "retired" not in [one.kid for one in changed]
    assert current(after, NOW).kid == "new"
    for moment in (NOW, NOW + HOUR):
        assert [one.kid for one in published(after, moment)] == ["new"]
    assert all(one.signs_until_at is not None and one.signs_until_at <= NOW for one in after if one.kid != "new")


@pytest.mark.parametrize("plan", [rotate, emergency])
def test_a_rotation_stays_within_its_set(plan: object) -> None:
    def run(keys: list[SigningKey], incoming: SigningKey) -> None:
        if plan is rotate:
            rotate(keys, incoming, now_ms=NOW, keep_ms=KEEP)
        else:
            emergency(keys, [incoming], now_ms=NOW)

    with pytest.raises(ValueError, match="one key set"):
        run([key("old", 0)], replace(key("new", NOW), org_id="org2"))
    with pytest.raises(ValueError, match="one key set"):
        run([key("old", 0)], replace(key("new", NOW), key_set="saml"))
    with pytest.raises(ValueError, match="already"):
        run([key("old", 0)], key("old", NOW))


@pytest.mark.parametrize(("ahead", "keep"), [(PUBLISH_AHEAD_MS - 1, KEEP), (0, KEEP), (PUBLISH_AHEAD_MS, -1)])
def test_KE_02_a_rotation_cannot_be_hurried(ahead: int, keep: int) -> None:
    with pytest.raises(ValueError, match="publish"):
        rotate([key("old", 0)], key("new", NOW), now_ms=NOW, publish_ahead_ms=ahead, keep_ms=keep)


@given(steps=st.lists(st.tuples(st.integers(0, 3 * KEEP), st.booleans()), max_size=12), look=st.integers(0, KEEP))
def test_KE_02_whatever_was_signed_verifies_as_long_as_it_lives(steps: list[tuple[int, bool]], look: int) -> None:
    """However rotations follow each other, at any moment one key signs, and it was published 15 minutes before."""
    now = NOW
    keys: tuple[SigningKey, ...] = rotate([], key("k0", 0), now_ms=now, keep_ms=KEEP)
    first_seen = {"k0": 0}
    for number, (wait, hurry) in enumerate(steps, 1):
        now += wait
        incoming = key(f"k{number}", 0)
        if hurry and number % 3 == 0:
            keys = apply(keys, emergency(keys, [incoming], now_ms=now))
            first_seen[incoming.kid] = 0
        else:
            try:
                keys = apply(keys, rotate(keys, incoming, now_ms=now, keep_ms=KEEP))
            except RotationUnderWay:
                continue
            first_seen[incoming.kid] = now
        moment = now + look
        signer = current(keys, moment)
        assert signer in published(keys, moment)
        assert moment - first_seen[signer.kid] >= PUBLISH_AHEAD_MS
        assert signer.retired_at is None or signer.retired_at >= moment + KEEP


def line(algorithm: str, *keys: SigningKey) -> list[SigningKey]:
    return [replace(one, algorithm=algorithm) for one in keys]


def test_each_algorithm_has_a_key_of_its_own() -> None:
    keys = [*line("ES256", key("es", NOW - 1), key("es next", NOW + 1)), *line("RS256", key("rs", NOW - HOUR))]
    assert current(keys, NOW).kid == current(keys, NOW, "RS256").kid == "rs"
    assert current(keys, NOW, "ES256").kid == "es"
    assert [one.kid for one in published(keys, NOW)] == ["es next", "es", "rs"]
    assert algorithms(keys, NOW) == ("RS256", "ES256")
    with pytest.raises(NoSigningKey, match="Ed25519"):
        current(keys, NOW, "Ed25519")


def test_KE_02_each_algorithm_is_rotated_by_itself() -> None:
    rs, es = key("rs", NOW - HOUR), replace(key("es", NOW - HOUR), algorithm="ES256")
    keys = apply((rs, es), rotate([rs, es], key("new rs", 0), now_ms=NOW, keep_ms=KEEP))
    (new_es,) = line("ES256", key("new es", 0))
    changed = rotate(keys, new_es, now_ms=NOW + 1, keep_ms=KEEP)  # not held up by the RSA key that waits
    assert [one.kid for one in changed] == ["new es", "es"]
    keys, later = apply(keys, changed), NOW + 1 + PUBLISH_AHEAD_MS
    assert (current(keys, later).kid, current(keys, later, "ES256").kid) == ("new rs", "new es")
    (ed,) = line("Ed25519", key("ed", 0))
    (first,) = rotate(keys, ed, now_ms=later, keep_ms=KEEP)
    assert first.signs_from_at == later


def test_KE_02_an_emergency_has_a_new_key_for_every_algorithm() -> None:
    keys = (key("rs", 0), *line("ES256", key("es", 0)))
    incoming = [key("new rs", 0), *line("ES256", key("new es", 0))]
    after = apply(keys, emergency(keys, incoming, now_ms=NOW))
    assert {one.kid for one in published(after, NOW)} == {"new rs", "new es"}
    assert (current(after, NOW).kid, current(after, NOW, "ES256").kid) == ("new rs", "new es")


# --- storage --------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("name", ["rsa_key", "ec_key", "ed_key"])
def test_a_key_comes_back_from_storage_as_it_was(name: str, request: pytest.FixtureRequest, ring: KeyRing) -> None:
    one: SigningKey = replace(request.getfixturevalue(name), signs_until_at=NOW + 1, retired_at=NOW + 2)
    back = from_stored(to_stored(one))
    assert back == one
    assert list(back.public_jwk) == list(one.public_jwk)
    ring.load(back)


# --- the ring -------------------------------------------------------------------------------------------------------


def test_the_ring_signs_so_that_others_can_verify(
    rsa_key: SigningKey, ec_key: SigningKey, ed_key: SigningKey, ring: KeyRing
) -> None:
    for one in (rsa_key, ec_key, ed_key):
        ring.load(one)
    public = ring.private_key(rsa_key.kid).public_key()
    assert isinstance(public, rsa.RSAPublicKey)
    public.verify(ring.sign_bytes(rsa_key.kid, b"data"), b"data", padding.PKCS1v15(), SHA256())
    assert len(ring.sign_bytes(ec_key.kid, b"data")) == 64  # RFC 7518 3.4: r and s, 32 bytes each
    assert isinstance(ring.private_key(ec_key.kid), ec.EllipticCurvePrivateKey)
    x = base64.urlsafe_b64decode(ed_key.public_jwk["x"] + "=")
    ed25519.Ed25519PublicKey.from_public_bytes(x).verify(ring.sign_bytes(ed_key.kid, b"data"), b"data")


def test_a_key_is_unsealed_once_and_forgotten_on_request(rsa_key: SigningKey, ec_key: SigningKey) -> None:
    class Counting(Sealer):
        opened = 0

        def open(self, sealed: bytes, *, context: str) -> bytes:
            self.opened += 1
            return super().open(sealed, context=context)

    sealer = Counting(bytes(range(32)))
    ring = KeyRing(sealer)
    for _ in range(3):
        ring.load(rsa_key)
        ring.load(ec_key)
    assert sealer.opened == 2
    assert ring.private_key(rsa_key.kid) is ring.private_key(rsa_key.kid)
    ring.retain({ec_key.kid})
    ring.sign_bytes(ec_key.kid, b"data")
    for ask in (ring.private_key, ring.certificate, ring.jose_key, lambda kid: ring.sign_bytes(kid, b"data")):
        with pytest.raises(KeyNotLoaded):
            ask(rsa_key.kid)


@pytest.mark.parametrize("change", [{"org_id": "org2"}, {"key_set": "saml"}, {"algorithm": "ES256"}])
def test_KE_01_a_row_copied_to_another_org_or_set_does_not_open(
    change: dict[str, str], rsa_key: SigningKey, ring: KeyRing
) -> None:
    copied = replace(rsa_key, **change)
    with pytest.raises(SealBroken):
        ring.load(copied)
    ring.load(rsa_key)  # not even while the original is open
    with pytest.raises(SealBroken):
        ring.load(copied)


def test_KE_01_the_shown_key_and_certificate_must_be_of_the_sealed_key(
    rsa_key: SigningKey, ec_key: SigningKey, sealer: Sealer, ring: KeyRing
) -> None:
    other = generate("org1", "oidc", "RS256", sealer=sealer, now_ms=NOW, common_name="Example")
    for changed in (
        replace(rsa_key, public_jwk={**rsa_key.public_jwk, "n": other.public_jwk["n"]}),
        replace(rsa_key, public_jwk={**rsa_key.public_jwk, "k": "c2VjcmV0"}),
        replace(rsa_key, certificate_pem=other.certificate_pem),
        replace(rsa_key, sealed_private=other.sealed_private),
        replace(rsa_key, kid=other.kid),
        replace(rsa_key, algorithm="none"),
        replace(rsa_key, algorithm="HS256"),
        replace(rsa_key, algorithm="ES256"),
        replace(rsa_key, certificate_pem=b"none"),
    ):
        with pytest.raises(SealBroken):
            ring.load(changed)
    assert ec_key.kid != rsa_key.kid


def test_KE_01_another_master_key_opens_no_signing_key(rsa_key: SigningKey) -> None:
    with pytest.raises(SealBroken):
        KeyRing(Sealer(bytes(32))).load(rsa_key)
