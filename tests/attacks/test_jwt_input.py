"""Hostile tokens against ``tokens.jwt.verify``: each is refused, by TokenRefused and nothing else, and the refusal
repeats nothing of the token. The genuine token that they are made from is accepted, so no refusal is an accident."""

import base64
import hashlib
import hmac
import json
import socket
import tracemalloc
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

import pytest
from cryptography.hazmat.primitives.asymmetric import ec, rsa
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat
from hypothesis import given
from hypothesis import strategies as st
from joserfc import jwe, jws
from joserfc.jwk import RSAKey

from segue.core.sealing import Sealer
from segue.tokens.jwt import TokenRefused, issue, verify
from segue.tokens.keys import KeyRing, SigningKey, generate

NOW = 1_800_000_000_000
NOW_S = NOW // 1000
ISSUER = "https://id.example.com"
CLAIMS: dict[str, Any] = {"iss": ISSUER, "aud": "app1", "sub": "usf1", "iat": NOW_S, "exp": NOW_S + 300}
P256_ORDER = 0xFFFFFFFF00000000FFFFFFFFFFFFFFFFBCE6FAADA7179E84F3B9CAC2FC632551


def b64(data: bytes) -> str:
    return base64.urlsafe_b64encode(data).decode().rstrip("=")


def segment(value: object) -> str:
    return b64(value if isinstance(value, bytes) else json.dumps(value).encode())


@dataclass(frozen=True)
class Key:
    """A verification key of any shape."""

    kid: str
    algorithm: str
    public_jwk: Mapping[str, Any]


@dataclass
class Kit:
    """Our keys, a genuine token of each, and the means to forge others."""

    rsa: SigningKey
    ec: SigningKey
    foreign: SigningKey
    ring: KeyRing
    address: str = ""
    token: str = field(init=False)
    ec_token: str = field(init=False)

    def __post_init__(self) -> None:
        self.token = issue(CLAIMS, typ="at+jwt", key=self.rsa, ring=self.ring)
        self.ec_token = issue(CLAIMS, typ="at+jwt", key=self.ec, ring=self.ring)
        self.ring.load(self.foreign)

    @property
    def public(self) -> rsa.RSAPublicKey:
        key = self.ring.private_key(self.rsa.kid).public_key()
        assert isinstance(key, rsa.RSAPublicKey)
        return key

    def header(self, **changes: object) -> dict[str, object]:
        return {"alg": "RS256", "kid": self.rsa.kid, "typ": "at+jwt"} | changes

    def signed(self, header: object, claims: object = CLAIMS, *, by: SigningKey | None = None) -> str:
        """Any header and payload under a genuine signature of ours (or of ``by``)."""
        signing_input = f"{segment(header)}.{segment(claims)}"
        return f"{signing_input}.{b64(self.ring.sign_bytes((by or self.rsa).kid, signing_input.encode()))}"

    def claims(self, **changes: object) -> str:
        """Genuinely signed claims with changes."""
        return self.signed(self.header(), CLAIMS | changes)

    def raw_claims(self, extra: str) -> str:
        """Genuinely signed claims, with JSON text added that no encoder would write."""
        return self.signed(self.header(), (json.dumps(CLAIMS)[:-1] + "," + extra + "}").encode())

    def unsigned(self, header: object, signature: str = "") -> str:
        return f"{segment(header)}.{segment(CLAIMS)}.{signature}"

    def hmac(self, header: object, secret: bytes, digest: str = "sha256") -> str:
        signing_input = f"{segment(header)}.{segment(CLAIMS)}"
        return f"{signing_input}.{b64(hmac.digest(secret, signing_input.encode(), digest))}"

    def with_signature(self, change: Callable[[bytes], bytes], token: str | None = None) -> str:
        head, payload, signature = (token or self.token).split(".")
        return f"{head}.{payload}.{b64(change(base64.urlsafe_b64decode(signature + '==')))}"

    def check(self, token: str, **changes: Any) -> Mapping[str, Any]:
        expected: dict[str, Any] = {"typ": {"at+jwt"}, "issuer": ISSUER, "audience": "app1", "now_ms": NOW}
        return verify(token, **{"keys": [self.rsa, self.ec], **expected, **changes})

    def refusal(self, token: str, **changes: Any) -> str:
        with pytest.raises(TokenRefused) as refused:
            self.check(token, **changes)
        said = f"{refused.value} {refused.value!r}"
        for part in token.split("."):
            assert len(part) < 8 or part not in said
        assert refused.value.__suppress_context__ or refused.value.__context__ is None
        return refused.value.reason


@pytest.fixture(scope="module")
def kit() -> Kit:
    sealer = Sealer(bytes(range(32)))

    def key(org: str, algorithm: str) -> SigningKey:
        return generate(org, "oidc", algorithm, sealer=sealer, now_ms=NOW, common_name="Example")

    return Kit(key("org1", "RS256"), key("org1", "ES256"), key("org2", "RS256"), KeyRing(sealer))


@pytest.fixture
def listener(kit: Kit) -> Iterator[socket.socket]:
    with socket.create_server(("127.0.0.1", 0)) as server:
        server.setblocking(False)
        kit.address = f"http://127.0.0.1:{server.getsockname()[1]}/keys"
        yield server


def test_the_genuine_tokens_are_accepted(kit: Kit) -> None:
    assert kit.check(kit.token) == CLAIMS
    assert kit.check(kit.ec_token) == CLAIMS
    assert kit.check(kit.signed(kit.header())) == CLAIMS
    assert kit.check(kit.claims(jti="x")) == CLAIMS | {"jti": "x"}
    assert kit.check(kit.raw_claims('"jti":"x"')) == CLAIMS | {"jti": "x"}
    assert kit.check(kit.with_signature(lambda signature: signature)) == CLAIMS


# --- JO-01: no signature --------------------------------------------------------------------------------------------

NONE_SPELLINGS = ["none", "None", "NONE", "nOnE", "none ", "\tnone", "nоne", "", "null", "NoNe\u0000"]


@pytest.mark.parametrize("algorithm", NONE_SPELLINGS)
@pytest.mark.parametrize("signature", ["", "AA", "genuine"])
def test_JO_01_alg_none(algorithm: str, signature: str, kit: Kit) -> None:
    text = kit.token.split(".")[2] if signature == "genuine" else signature
    assert kit.refusal(kit.unsigned(kit.header(alg=algorithm), text)) in ("malformed", "wrong_algorithm")


@pytest.mark.parametrize("algorithm", [None, True, 0, 256, ["RS256"], {"RS256": 1}, "missing"])
def test_JO_01_alg_is_no_text(algorithm: object, kit: Kit) -> None:
    header = kit.header(alg=algorithm)
    if algorithm == "missing":
        del header["alg"]
    assert kit.refusal(kit.signed(header)) == "malformed"


SIGNATURES: dict[str, Callable[[bytes], bytes]] = {
    "zeros": lambda signature: bytes(len(signature)),
    "ones": lambda signature: b"\xff" * len(signature),
    "one byte": lambda signature: b"\0",
    "cut": lambda signature: signature[:-1],
    "cut in front": lambda signature: signature[1:],
    "longer": lambda signature: signature + b"\0",
    "longer in front": lambda signature: b"\0" + signature,
    "reversed": lambda signature: signature[::-1],
    "one bit": lambda signature: bytes([signature[0] ^ 1]) + signature[1:],
    "last bit": lambda signature: signature[:-1] + bytes([signature[-1] ^ 1]),
}


@pytest.mark.parametrize("change", SIGNATURES.values(), ids=SIGNATURES.keys())
def test_JO_01_damaged_signatures(change: Callable[[bytes], bytes], kit: Kit) -> None:
    assert kit.refusal(kit.with_signature(change)) == "bad_signature"
    assert kit.refusal(kit.with_signature(change, kit.ec_token)) == "bad_signature"


def test_JO_01_a_signature_covers_its_own_header_and_payload(kit: Kit) -> None:
    head, _payload, signature = kit.token.split(".")
    assert kit.refusal(f"{head}.{segment(CLAIMS | {'sub': 'admin'})}.{signature}") == "bad_signature"
    assert kit.refusal(f"{segment(kit.header(cty='x'))}.{segment(CLAIMS)}.{signature}") == "bad_signature"


# --- JO-02: our public key as an HMAC secret ------------------------------------------------------------------------

PUBLIC_FORMS: dict[str, Callable[[Kit], bytes]] = {
    "PEM": lambda kit: kit.public.public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo),
    "PEM without line end": lambda kit: PUBLIC_FORMS["PEM"](kit).rstrip(),
    "PEM with CRLF": lambda kit: PUBLIC_FORMS["PEM"](kit).replace(b"\n", b"\r\n"),
    "PEM body": lambda kit: b"".join(PUBLIC_FORMS["PEM"](kit).splitlines()[1:-1]),
    "PKCS1 PEM": lambda kit: kit.public.public_bytes(Encoding.PEM, PublicFormat.PKCS1),
    "DER": lambda kit: kit.public.public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo),
    "PKCS1 DER": lambda kit: kit.public.public_bytes(Encoding.DER, PublicFormat.PKCS1),
    "OpenSSH": lambda kit: kit.public.public_bytes(Encoding.OpenSSH, PublicFormat.OpenSSH),
    "JWK": lambda kit: json.dumps(dict(kit.rsa.public_jwk), separators=(",", ":")).encode(),
    "JWK with spaces": lambda kit: json.dumps(dict(kit.rsa.public_jwk)).encode(),
    "JWK set": lambda kit: json.dumps({"keys": [dict(kit.rsa.public_jwk)]}, separators=(",", ":")).encode(),
    "n as text": lambda kit: kit.rsa.public_jwk["n"].encode(),
    "n as bytes": lambda kit: base64.urlsafe_b64decode(kit.rsa.public_jwk["n"] + "=="),
    "certificate PEM": lambda kit: kit.rsa.certificate_pem,
    "certificate DER": lambda kit: kit.ring.certificate(kit.rsa.kid).public_bytes(Encoding.DER),
    "kid": lambda kit: kit.rsa.kid.encode(),
    "thumbprint": lambda kit: hashlib.sha256(PUBLIC_FORMS["DER"](kit)).digest(),
    "nothing": lambda kit: b"",
}


@pytest.mark.parametrize("form", PUBLIC_FORMS.values(), ids=PUBLIC_FORMS.keys())
@pytest.mark.parametrize(("algorithm", "digest"), [("HS256", "sha256"), ("HS384", "sha384"), ("HS512", "sha512")])
def test_JO_02_public_key_as_hmac_secret(form: Callable[[Kit], bytes], algorithm: str, digest: str, kit: Kit) -> None:
    secret = form(kit)
    assert kit.refusal(kit.hmac(kit.header(alg=algorithm), secret, digest)) == "wrong_algorithm"
    assert kit.refusal(kit.hmac(kit.header(), secret, digest)) == "bad_signature"
    assert kit.refusal(kit.hmac(kit.header(alg=algorithm, kid=kit.ec.kid), secret, digest)) == "wrong_algorithm"


@pytest.mark.parametrize(
    "algorithm", ["RS384", "RS512", "PS256", "PS384", "ES256", "ES256K", "EdDSA", "Ed25519", "rs256", "RS256 ", "RSA"]
)
def test_JO_02_the_key_names_the_algorithm(algorithm: str, kit: Kit) -> None:
    assert kit.refusal(kit.signed(kit.header(alg=algorithm))) == "wrong_algorithm"


@pytest.mark.parametrize("algorithm", ["RS384", "RS512", "PS256", "PS512"])
def test_JO_02_a_valid_signature_by_another_algorithm_of_the_same_key(algorithm: str, kit: Kit) -> None:
    private = kit.ring.jose_key(kit.rsa.kid)
    token = jws.serialize_compact(kit.header(alg=algorithm), json.dumps(CLAIMS), private, algorithms=[algorithm])
    assert kit.refusal(token) == "wrong_algorithm"


def test_JO_02_one_keys_signature_under_another_keys_name(kit: Kit) -> None:
    assert kit.refusal(kit.signed(kit.header(alg="ES256", kid=kit.ec.kid))) == "bad_signature"
    assert kit.refusal(kit.signed(kit.header(), by=kit.ec)) == "bad_signature"


# --- JO-03: kid -----------------------------------------------------------------------------------------------------

KIDS: list[object] = [
    None, True, 0, 1.5, [], {}, "", " ", "unknown", "../../../../dev/null", "/dev/null", "file:///etc/passwd",
    "x' UNION SELECT 'secret' --", "'; DROP TABLE keys; --", "$(id)", "|id", "%00", "*", "..", "a.b", "key one",
    "a" * 129, "A" * 8000, "ключ", "\u202ekey", "key\n", "http://127.0.0.1/key", "${jndi:ldap://x}", "__class__",
]  # fmt: skip


@pytest.mark.parametrize("kid", KIDS, ids=lambda kid: repr(kid)[:30])
def test_JO_03_hostile_kids(kid: object, kit: Kit) -> None:
    assert kit.refusal(kit.signed(kit.header(kid=kid))) == "unknown_kid"


def test_JO_03_a_kid_matches_exactly_or_not_at_all(kit: Kit) -> None:
    kid = kit.rsa.kid
    for changed in (kid.lower(), kid.upper(), kid + " ", kid[:-1], kid[1:], kid * 2):
        assert kit.refusal(kit.signed(kit.header(kid=changed))) == "unknown_kid"


@pytest.mark.parametrize("kid", ["a.b", "../k", "a" * 129, "key\n", "ключ", ""])
def test_JO_03_a_hostile_kid_is_refused_even_where_a_key_has_it(kid: str, kit: Kit) -> None:
    named = Key(kid, "RS256", kit.rsa.public_jwk)
    assert kit.refusal(kit.signed(kit.header(kid=kid)), keys=[named]) == "unknown_kid"
    longest = Key("a" * 128, "RS256", kit.rsa.public_jwk)
    assert kit.check(kit.signed(kit.header(kid=longest.kid)), keys=[longest]) == CLAIMS


def test_JO_03_no_kid_a_NUL_and_a_megabyte(kit: Kit) -> None:
    header = kit.header()
    del header["kid"]
    assert kit.refusal(kit.signed(header)) == "unknown_kid"
    assert kit.refusal(kit.signed(kit.header(kid=kit.rsa.kid + "\0"))) == "malformed"
    assert kit.refusal(kit.signed(kit.header(kid="k" * 1_000_000))) == "malformed"


def test_JO_03_the_key_of_another_org(kit: Kit) -> None:
    forged = kit.signed(kit.header(kid=kit.foreign.kid), by=kit.foreign)
    assert kit.check(forged, keys=[kit.foreign]) == CLAIMS  # sound in itself, yet not of this issuer
    assert kit.refusal(forged) == "unknown_kid"
    assert kit.refusal(kit.signed(kit.header(), by=kit.foreign)) == "bad_signature"


def test_JO_03_two_keys_of_one_name(kit: Kit) -> None:
    twin = Key(kit.rsa.kid, "RS256", kit.foreign.public_jwk)
    for keys in ([kit.rsa, twin], [twin, kit.rsa], [kit.rsa, kit.rsa]):
        assert kit.refusal(kit.token, keys=keys) == "unknown_kid"


def test_JO_03_a_kid_shared_by_two_issuers_never_shares_their_keys(kit: Kit) -> None:
    """Imported keys are cached by what they are, not by what they are called."""
    twin = Key(kit.rsa.kid, "RS256", kit.foreign.public_jwk)
    assert kit.check(kit.token, keys=[kit.rsa]) == CLAIMS
    assert kit.refusal(kit.token, keys=[twin]) == "bad_signature"
    assert kit.check(kit.token, keys=[kit.rsa]) == CLAIMS


# --- JO-04: keys that come with the token ---------------------------------------------------------------------------

KEY_HEADERS: dict[str, Callable[[Kit], dict[str, object]]] = {
    "jwk": lambda kit: {"jwk": dict(kit.foreign.public_jwk)},
    "jku": lambda kit: {"jku": kit.address},
    "x5u": lambda kit: {"x5u": kit.address},
    "x5c": lambda kit: {
        "x5c": [base64.b64encode(kit.ring.certificate(kit.foreign.kid).public_bytes(Encoding.DER)).decode()]
    },
    "all": lambda kit: {"jwk": dict(kit.foreign.public_jwk), "jku": kit.address, "x5u": kit.address, "x5c": []},
    "our own jwk": lambda kit: {"jwk": dict(kit.rsa.public_jwk)},
}


@pytest.mark.parametrize("extra", KEY_HEADERS.values(), ids=KEY_HEADERS.keys())
def test_JO_04_a_token_brings_no_key(
    extra: Callable[[Kit], dict[str, object]], kit: Kit, listener: socket.socket
) -> None:
    for kid, by in ((kit.foreign.kid, kit.foreign), (kit.rsa.kid, kit.foreign), (kit.rsa.kid, kit.rsa)):
        assert kit.refusal(kit.signed(kit.header(kid=kid, **extra(kit)), by=by)) in ("malformed", "unknown_kid")
    with pytest.raises(BlockingIOError):  # nobody called
        listener.accept()


# --- JO-05: shapes --------------------------------------------------------------------------------------------------

SHAPES: dict[str, Callable[[Kit], str]] = {
    "empty": lambda kit: "",
    "dots": lambda kit: "..",
    "space": lambda kit: " ",
    "two parts": lambda kit: kit.token.rpartition(".")[0],
    "four parts": lambda kit: kit.token + ".AA",
    "trailing dot": lambda kit: kit.token + ".",
    "line end": lambda kit: kit.token + "\n",
    "leading space": lambda kit: " " + kit.token,
    "Bearer": lambda kit: "Bearer " + kit.token,
    "padding": lambda kit: kit.token + "=",
    "foreign character": lambda kit: kit.token.replace(".", ".!", 1),
    "NUL": lambda kit: kit.token + "\0",
    "not ASCII": lambda kit: kit.token[:-1] + "é",
    "lone surrogate": lambda kit: kit.token[:-1] + "\ud800",
    "full-width dot": lambda kit: kit.token.replace(".", "．"),
    "standard base64": lambda kit: kit.with_signature(lambda s: s) + "+/",
    "spare bits": lambda kit: kit.token[:-1] + chr(ord(kit.token[-1]) + 1),
    "JSON serialisation": lambda kit: json.dumps(
        {"payload": segment(CLAIMS), "protected": segment(kit.header()), "signature": kit.token.split(".")[2]}
    ),
    "general JSON": lambda kit: json.dumps({"payload": segment(CLAIMS), "signatures": [{"protected": "e30"}]}),
    "crit": lambda kit: kit.signed(kit.header(crit=["exp"])),
    "crit of nothing": lambda kit: kit.signed(kit.header(crit=[])),
    "crit of an unknown": lambda kit: kit.signed(kit.header(crit=["x-y"], **{"x-y": 1})),
    "b64 false": lambda kit: kit.signed(kit.header(b64=False, crit=["b64"])),
    "b64 without crit": lambda kit: kit.signed(kit.header(b64=False)),
    "zip": lambda kit: kit.signed(kit.header(zip="DEF")),
    "nested": lambda kit: kit.signed(kit.header(cty="JWT"), kit.token.encode()),
    "nested as text": lambda kit: kit.signed(kit.header(cty="JWT"), json.dumps(kit.token).encode()),
    "payload array": lambda kit: kit.signed(kit.header(), [CLAIMS]),
    "payload text": lambda kit: kit.signed(kit.header(), "claims"),
    "payload null": lambda kit: kit.signed(kit.header(), None),
    "payload no JSON": lambda kit: kit.signed(kit.header(), b"{"),
    "payload not UTF-8": lambda kit: kit.signed(kit.header(), b'{"a":"\xff"}'),
    "payload with a mark": lambda kit: kit.signed(kit.header(), b"\xef\xbb\xbf" + json.dumps(CLAIMS).encode()),
    "payload twice": lambda kit: kit.signed(kit.header(), json.dumps(CLAIMS).encode() * 2),
    "header array": lambda kit: kit.signed([kit.header()]),
    "header null": lambda kit: kit.signed(None),
    "header no JSON": lambda kit: kit.signed(b"{alg:RS256}"),
    "alg twice": lambda kit: kit.signed(json.dumps(kit.header()).encode()[:-1] + b',"alg":"none"}'),
    "kid twice": lambda kit: kit.signed(json.dumps(kit.header()).encode()[:-1] + b',"kid":"x"}'),
    "exp twice": lambda kit: kit.raw_claims('"exp":9999999999'),
    "sub twice": lambda kit: kit.raw_claims('"sub":"admin"'),
    "sub twice by escape": lambda kit: kit.raw_claims('"s\\u0075b":"admin"'),
    "NaN": lambda kit: kit.raw_claims('"nbf":NaN'),
    "Infinity": lambda kit: kit.raw_claims('"nbf":-Infinity'),
    "1e400": lambda kit: kit.raw_claims('"nbf":1e400'),
    "5,000 digits": lambda kit: kit.raw_claims('"nbf":' + "9" * 5000),
    "deep arrays": lambda kit: kit.raw_claims('"a":' + "[" * 4000 + "]" * 4000),
    "deep header": lambda kit: kit.signed(
        (json.dumps(kit.header())[:-1] + ',"a":' + '{"a":' * 900 + "1" + "}" * 901).encode()
    ),
    "surrogate": lambda kit: kit.raw_claims('"a":"\\ud800"'),
    "NUL in a claim": lambda kit: kit.raw_claims('"a":"\\u0000"'),
}  # fmt: skip


@pytest.mark.parametrize("make", SHAPES.values(), ids=SHAPES.keys())
def test_JO_05_what_is_no_plain_signed_token(make: Callable[[Kit], str], kit: Kit) -> None:
    assert kit.refusal(make(kit)) == "malformed"


TIMES: list[object] = [
    True, False, 0.5, float(NOW_S + 300), str(NOW_S + 300), "", "never", [NOW_S + 300], {}, -1, 2**53, 253402300800,
]  # fmt: skip


@pytest.mark.parametrize("name", ["exp", "nbf", "iat"])
@pytest.mark.parametrize("value", TIMES, ids=repr)
def test_JO_05_times_are_whole_seconds_of_this_age(name: str, value: object, kit: Kit) -> None:
    assert kit.refusal(kit.claims(**{name: value})) == "bad_claim"


@pytest.mark.parametrize("name", ["nbf", "iat"])
def test_JO_05_a_time_of_null_is_no_time(name: str, kit: Kit) -> None:
    assert kit.refusal(kit.claims(**{name: None})) == "bad_claim"
    assert kit.refusal(kit.claims(exp=None)) == "missing_claim"


@pytest.mark.parametrize("name", ["iss", "sub", "jti"])
@pytest.mark.parametrize("value", [1, True, [ISSUER], {"a": 1}, 1.5], ids=repr)
def test_JO_05_names_are_text(name: str, value: object, kit: Kit) -> None:
    assert kit.refusal(kit.claims(**{name: value})) == "bad_claim"


# --- JO-06: encrypted tokens ----------------------------------------------------------------------------------------


def encrypted(kit: Kit, header: dict[str, object], plaintext: bytes) -> str:
    registry = jwe.JWERegistry(algorithms=[str(header["alg"]), str(header["enc"]), "DEF"])
    key = RSAKey.import_key(kit.public)
    return jwe.encrypt_compact({"kid": kit.rsa.kid, **header}, plaintext, key, registry=registry)


ENCRYPTED: dict[str, Callable[[Kit], str]] = {
    "claims": lambda kit: encrypted(kit, {"alg": "RSA-OAEP", "enc": "A128GCM"}, json.dumps(CLAIMS).encode()),
    "a genuine token": lambda kit: encrypted(
        kit, {"alg": "RSA-OAEP-256", "enc": "A256GCM", "cty": "JWT"}, kit.token.encode()
    ),
    "a zip bomb": lambda kit: encrypted(kit, {"alg": "RSA-OAEP", "enc": "A128GCM", "zip": "DEF"}, bytes(200_000)),
    "PBES2 flood": lambda kit: ".".join(
        [segment({"alg": "PBES2-HS256+A128KW", "enc": "A128GCM", "p2c": 2**31 - 1, "p2s": "AAAA"}), *["AAAA"] * 4]
    ),
    "RSA1_5": lambda kit: ".".join([segment({"alg": "RSA1_5", "enc": "A128CBC-HS256"}), *["AAAA"] * 4]),
    "invalid curve": lambda kit: ".".join(
        [segment({"alg": "ECDH-ES", "enc": "A128GCM", "epk": {"kty": "EC", "crv": "P-256", "x": "AA", "y": "AA"}})]
        + [""] + ["AAAA"] * 3
    ),
}  # fmt: skip


@pytest.mark.parametrize("make", ENCRYPTED.values(), ids=ENCRYPTED.keys())
def test_JO_06_an_encrypted_token_is_not_a_signed_one(make: Callable[[Kit], str], kit: Kit) -> None:
    assert kit.refusal(make(kit)) == "malformed"  # refused by its shape: nothing of it is decrypted or inflated


# --- JO-07: size ----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("part", [0, 1, 2])
@pytest.mark.parametrize("size", [16_384, 10_000_000])
def test_JO_07_giant_segments_are_not_even_decoded(part: int, size: int, kit: Kit) -> None:
    parts = kit.token.split(".")
    parts[part] = "A" * size
    token = ".".join(parts)
    tracemalloc.start()
    try:
        with pytest.raises(TokenRefused, match="malformed"):
            kit.check(token)
        _, peak = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    assert peak < 200_000


def test_JO_07_a_million_dots(kit: Kit) -> None:
    assert kit.refusal("." * 1_000_000) == "malformed"
    assert kit.refusal("." * 16_000) == "malformed"


# --- JO-08: one kind of token for another ---------------------------------------------------------------------------

TYPES: list[str | None] = [
    None, "JWT", "at+jwt", "oauth-id-jag+jwt", "logout+jwt", "dpop+jwt", "oauth-authz-req+jwt",
    "client-authentication+jwt",
]  # fmt: skip


@pytest.mark.parametrize("made", TYPES, ids=str)
@pytest.mark.parametrize("wanted", TYPES, ids=str)
def test_JO_08_a_type_passes_for_itself_alone(made: str | None, wanted: str | None, kit: Kit) -> None:
    token = issue(CLAIMS, typ=made, key=kit.rsa, ring=kit.ring)
    if made == wanted:
        assert kit.check(token, typ={wanted}) == CLAIMS
    else:
        assert kit.refusal(token, typ={wanted}) == "wrong_typ"


@pytest.mark.parametrize(
    "typ",
    [None, True, 1, ["at+jwt"], {"at+jwt": 1}, "", "AT+JWT", "at+JWT", "at+jwt ", "application/at+jwt", "at", "jwt"],
)
def test_JO_08_a_type_is_compared_exactly(typ: object, kit: Kit) -> None:
    assert kit.refusal(kit.signed(kit.header(typ=typ))) == "wrong_typ"
    assert kit.refusal(kit.signed(kit.header(typ=typ)), typ={"at+jwt", None}) == "wrong_typ"


# --- JO-09: weak keys and signatures --------------------------------------------------------------------------------


def pair(r: int, s: int) -> bytes:
    return (r % 2**256).to_bytes(32, "big") + (s % 2**256).to_bytes(32, "big")


def parts_of(signature: bytes) -> tuple[int, int]:
    return int.from_bytes(signature[:32], "big"), int.from_bytes(signature[32:], "big")


EC_SIGNATURES: dict[str, Callable[[int, int], bytes]] = {
    "zero": lambda r, s: pair(0, 0),
    "zero r": lambda r, s: pair(0, s),
    "zero s": lambda r, s: pair(r, 0),
    "one": lambda r, s: pair(1, 1),
    "order": lambda r, s: pair(P256_ORDER, P256_ORDER),
    "r over the order": lambda r, s: pair(r + P256_ORDER, s) if r + P256_ORDER < 2**256 else pair(P256_ORDER, s),
    "swapped": lambda r, s: pair(s, r),
    "negative s of another r": lambda r, s: pair(r ^ 1, P256_ORDER - s),
    "short": lambda r, s: pair(r, s)[:63],
    "DER": lambda r, s: b"\x30\x06\x02\x01\x01\x02\x01\x01",
    "P-521 length": lambda r, s: bytes(132),
}


@pytest.mark.parametrize("make", EC_SIGNATURES.values(), ids=EC_SIGNATURES.keys())
def test_JO_09_ecdsa_signatures(make: Callable[[int, int], bytes], kit: Kit) -> None:
    forged = kit.with_signature(lambda signature: make(*parts_of(signature)), kit.ec_token)
    assert kit.refusal(forged) == "bad_signature"


def rsa_jwk(public: rsa.RSAPublicKey) -> dict[str, Any]:
    return dict(RSAKey.import_key(public).as_dict(private=False))


def p384_jwk() -> dict[str, Any]:
    numbers = ec.generate_private_key(ec.SECP384R1()).public_key().public_numbers()
    x, y = (b64(number.to_bytes(48, "big")) for number in (numbers.x, numbers.y))
    return {"kty": "EC", "crv": "P-384", "x": x, "y": y}


BAD_KEYS: dict[str, Callable[[Kit], Key]] = {
    "oct": lambda kit: Key("k", "RS256", {"kty": "oct", "k": "c2VjcmV0"}),
    "oct beside RSA": lambda kit: Key("k", "RS256", {**kit.rsa.public_jwk, "k": "c2VjcmV0"}),
    "private": lambda kit: Key("k", "RS256", kit.ring.jose_key(kit.rsa.kid).as_dict(private=True)),
    "private EC": lambda kit: Key("k", "ES256", kit.ring.jose_key(kit.ec.kid).as_dict(private=True)),
    "RSA as EC": lambda kit: Key("k", "ES256", kit.rsa.public_jwk),
    "EC as RSA": lambda kit: Key("k", "RS256", kit.ec.public_jwk),
    "RSA called EC": lambda kit: Key("k", "RS256", {**kit.rsa.public_jwk, "kty": "EC"}),
    "RSA-1024": lambda kit: Key("k", "RS256", {"kty": "RSA", "e": "AQAB", "n": b64(b"\xc1" + bytes(126) + b"\x01")}),
    "RSA-2040": lambda kit: Key("k", "RS256", {"kty": "RSA", "e": "AQAB", "n": b64(b"\xc1" + bytes(253) + b"\x01")}),
    "RSA-16384": lambda kit: Key("k", "RS256", {"kty": "RSA", "e": "AQAB", "n": b64(b"\xc1" + bytes(2046) + b"\x01")}),
    "e is 1": lambda kit: Key("k", "RS256", {**kit.rsa.public_jwk, "e": "AQ"}),
    "e is 0": lambda kit: Key("k", "RS256", {**kit.rsa.public_jwk, "e": "AA"}),
    "no n": lambda kit: Key("k", "RS256", {"kty": "RSA", "e": "AQAB"}),
    "n is a number": lambda kit: Key("k", "RS256", {"kty": "RSA", "e": "AQAB", "n": 5}),
    "n is a list": lambda kit: Key("k", "RS256", {"kty": "RSA", "e": "AQAB", "n": ["AQAB"]}),
    "n is no base64": lambda kit: Key("k", "RS256", {"kty": "RSA", "e": "AQAB", "n": "!" * 342}),
    "e is no base64": lambda kit: Key("k", "RS256", {**kit.rsa.public_jwk, "e": "!"}),
    "e is empty": lambda kit: Key("k", "RS256", {**kit.rsa.public_jwk, "e": ""}),
    "n is not ASCII": lambda kit: Key("k", "RS256", {**kit.rsa.public_jwk, "n": "é" * 342}),
    "P-384 for ES256": lambda kit: Key("k", "ES256", p384_jwk()),
    "off the curve": lambda kit: Key("k", "ES256", {**kit.ec.public_jwk, "y": kit.ec.public_jwk["x"]}),
    "point at infinity": lambda kit: Key("k", "ES256", {"kty": "EC", "crv": "P-256", "x": "AA", "y": "AA"}),
    "unknown curve": lambda kit: Key("k", "ES256", {**kit.ec.public_jwk, "crv": "P-0"}),
    "nothing": lambda kit: Key("k", "RS256", {}),
}


@pytest.mark.parametrize("make", BAD_KEYS.values(), ids=BAD_KEYS.keys())
def test_JO_09_keys_that_must_not_verify(make: Callable[[Kit], Key], kit: Kit) -> None:
    key = make(kit)
    by = kit.ec if key.algorithm == "ES256" else kit.rsa
    token = kit.signed(kit.header(alg=key.algorithm, kid="k"), by=by)
    assert kit.refusal(token, keys=[key]) == "unusable_key"


@pytest.mark.parametrize("algorithm", ["none", "HS256", "RS512", "", "dir"])
def test_JO_09_a_key_for_an_algorithm_that_we_do_not_verify(algorithm: str, kit: Kit) -> None:
    key = Key("k", algorithm, {"kty": "oct", "k": b64(b"s" * 32)})
    token = kit.hmac(kit.header(alg=algorithm or "HS256", kid="k"), b"s" * 32)
    assert kit.refusal(token, keys=[key]) == "wrong_algorithm"


# --- anything at all ------------------------------------------------------------------------------------------------

json_values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=10),
    lambda children: st.lists(children, max_size=3) | st.dictionaries(st.text(max_size=5), children, max_size=3),
    max_leaves=8,
)


@given(token=st.text(max_size=200) | st.text("abcdefghAEIOU019-_.", max_size=200))
def test_any_text_is_refused(token: str, kit: Kit) -> None:
    kit.refusal(token)


@given(
    header=st.dictionaries(st.sampled_from(["alg", "kid", "typ", "crit", "zip", "cty", "jwk"]), json_values),
    claims=st.dictionaries(st.sampled_from([*CLAIMS, "nbf", "jti", "x"]), json_values),
)
def test_any_signed_claims_are_refused_or_sound(header: dict[str, Any], claims: dict[str, Any], kit: Kit) -> None:
    """Even under a genuine signature: whatever is accepted has the issuer, audience and times that were asked for."""
    for head, body in ((kit.header() | header, CLAIMS), (kit.header(), CLAIMS | claims), (header, claims)):
        try:
            seen = kit.check(kit.signed(head, body, by=kit.rsa))
        except TokenRefused:
            continue
        assert seen["iss"] == ISSUER
        assert "app1" in seen["aud"]
        assert type(seen["exp"]) is int
        assert seen["exp"] + 60 > NOW_S


@given(data=st.data())
def test_any_changed_character_is_noticed(data: st.DataObject, kit: Kit) -> None:
    place = data.draw(st.integers(0, len(kit.ec_token) - 1))
    char = data.draw(st.sampled_from("ABCxyz019-_.=+/ \n\0é"))
    changed = kit.ec_token[:place] + char + kit.ec_token[place + 1 :]
    if changed != kit.ec_token:
        kit.refusal(changed)
