"""Signed tokens (RFC 7519 in JWS compact form): issue one, verify one.

Verification trusts nothing in the token until the signature holds: the ``kid`` is looked up among the keys of the one
issuer expected, and that key names the algorithm (RFC 8725, JO-01 to JO-07). A header that would bring a key, an
address or an extension along is refused by ``core.strict`` before anything else.
"""

import json
import re
from base64 import urlsafe_b64encode
from collections.abc import Collection, Iterable, Mapping
from collections.abc import Set as AbstractSet
from functools import lru_cache
from hashlib import sha256, sha384, sha512
from typing import Literal, Protocol

from joserfc.errors import JoseError
from joserfc.jwk import RSAKey

from segue.core import strict
from segue.core.strict import JsonValue
from segue.tokens.keys import ALGORITHMS, JoseKey, KeyRing, SigningKey

MAX_TOKEN_CHARS = 16384
DEFAULT_LEEWAY_S = 60

Reason = Literal[
    "malformed",
    "wrong_typ",
    "unknown_kid",
    "wrong_algorithm",
    "unusable_key",
    "bad_signature",
    "missing_claim",
    "bad_claim",
    "wrong_issuer",
    "wrong_audience",
    "expired",
    "not_yet_valid",
]

_KID = re.compile(r"[A-Za-z0-9_-]{1,128}")
_LAST_SECOND = 253_402_300_799  # the end of the year 9999
_PRIVATE_MEMBERS = frozenset({"d", "p", "q", "dp", "dq", "qi", "oth", "k"})
_RSA_BITS = range(2048, 8192 + 1)
_MAX_RSA_CHARS = 1366
_TIMES = ("exp", "nbf", "iat")
_TEXTS = ("iss", "sub", "jti")
_HASHES = {"256": sha256, "384": sha384, "512": sha512}


class VerificationKey(Protocol):
    """What :func:`verify` needs of a key; ``keys.SigningKey`` is one."""

    @property
    def kid(self) -> str: ...
    @property
    def algorithm(self) -> str: ...
    @property
    def public_jwk(self) -> Mapping[str, str]: ...


class TokenRefused(ValueError):
    """A token does not hold. ``reason`` is for machines; ``claim`` names the claim at fault, where there is one.

    The text says no more than these two: nothing of the token is repeated.
    """

    def __init__(self, reason: Reason, claim: str | None = None) -> None:
        super().__init__(f"token refused: {reason}" + (f" ({claim})" if claim else ""))
        self.reason: Reason = reason
        self.claim = claim


def issue(claims: Mapping[str, JsonValue], *, typ: str | None, key: SigningKey, ring: KeyRing) -> str:
    """A signed token with these claims; ``typ`` None leaves the header member out.

    Costs one signature and a few microseconds. Raises ValueError for claims that JSON cannot carry (NaN, a lone
    surrogate) or a token that no verifier of ours would read (MAX_TOKEN_CHARS), SealBroken where the key does not open.
    """
    ring.load(key)
    header = {"alg": ALGORITHMS[key.algorithm].alg, "kid": key.kid}
    if typ is not None:
        header["typ"] = typ
    signing_input = f"{_json_part(header)}.{_json_part(claims)}"
    token = f"{signing_input}.{_base64url(ring.sign_bytes(key.kid, signing_input.encode()))}"
    if len(token) > MAX_TOKEN_CHARS:
        raise ValueError(f"the token would have {len(token)} characters, more than {MAX_TOKEN_CHARS}")
    return token


def verify(
    token: str,
    *,
    keys: Iterable[VerificationKey],
    typ: AbstractSet[str | None],
    issuer: str,
    audience: str | Collection[str] | None,
    now_ms: int,
    leeway_s: int = DEFAULT_LEEWAY_S,
    required: Collection[str] = (),
    allow_expired: bool = False,
    kid_required: bool = True,
) -> Mapping[str, JsonValue]:
    """The claims of ``token``, or TokenRefused and nothing else.

    ``keys`` are the published keys of one issuer. ``typ`` holds the header types accepted, compared exactly; None among
    them accepts a token without one. ``audience`` must name one of ``aud``; with None ``aud`` is not compared, which is
    right only where the caller compares it. ``exp`` and ``iss`` are always required, ``required`` names more.
    ``allow_expired`` is for hints that say who somebody was, never for a token that grants anything. Without
    ``kid_required`` a token that names no key is tried with the one key there is of its algorithm, if it is one.
    """
    try:
        parts = strict.split_jwt(token, max_chars=MAX_TOKEN_CHARS)
    except strict.Malformed:
        raise TokenRefused("malformed") from None
    if kid_required or "kid" in parts.header:
        key = _choose(parts.header, keys)
    else:
        key = _only_one(parts.header, keys)
    check_signature(parts, key, typ)
    claims = parts.payload
    _check_shapes(claims, {"iss", "exp", *required})
    if claims["iss"] != issuer:
        raise TokenRefused("wrong_issuer", "iss")
    _check_audience(claims.get("aud"), audience)
    _check_times(claims, now_ms, leeway_s, allow_expired)
    return claims


def check_signature(parts: strict.JwtParts, key: VerificationKey, typ: AbstractSet[str | None]) -> None:
    """That ``key`` made the signature and the header agrees with the key. Raises TokenRefused."""
    _check_header(parts.header, key, typ)
    if not ALGORITHMS[key.algorithm].model.verify(parts.signing_input, parts.signature, public_key(key)):
        raise TokenRefused("bad_signature")


def half_hash(value: str, algorithm: str) -> str:
    """``at_hash`` or ``c_hash`` of an access token or code: the left half of its hash, base64url (OIDC Core 3.1.3.6).

    ``algorithm`` is the ID token's (``RS256`` …). The hash is the one in its name; Ed25519, whose name has none, hashes
    with SHA-512 inside (RFC 8032 5.1), and clients compare with that. Raises ValueError for any other algorithm.
    """
    make = sha512 if algorithm == "Ed25519" else None
    if algorithm[:2] in ("RS", "ES", "PS"):
        make = _HASHES.get(algorithm[2:])
    if make is None:
        raise ValueError(f"no hash is defined for {algorithm!r}")
    whole = make(value.encode("ascii")).digest()
    return _base64url(whole[: len(whole) // 2])


def _json_part(data: Mapping[str, JsonValue]) -> str:
    return _base64url(json.dumps(dict(data), separators=(",", ":"), ensure_ascii=False, allow_nan=False).encode())


def _base64url(data: bytes) -> str:
    """RFC 7515 2: without padding."""
    return urlsafe_b64encode(data).decode().rstrip("=")


def _choose(header: Mapping[str, JsonValue], keys: Iterable[VerificationKey]) -> VerificationKey:
    """The one key of the issuer that the token's kid names (JO-03)."""
    kid = header.get("kid")
    if not isinstance(kid, str) or not _KID.fullmatch(kid):
        raise TokenRefused("unknown_kid")
    matching = [key for key in keys if key.kid == kid]
    if len(matching) != 1:  # two keys of one name: neither is *the* key
        raise TokenRefused("unknown_kid")
    return matching[0]


def _only_one(header: Mapping[str, JsonValue], keys: Iterable[VerificationKey]) -> VerificationKey:
    """The key of a token without a kid, where there is no choice."""
    matching = [key for key in keys if key.algorithm in ALGORITHMS and ALGORITHMS[key.algorithm].alg == header["alg"]]
    if len(matching) != 1:
        raise TokenRefused("unknown_kid")
    return matching[0]


def _check_header(header: Mapping[str, JsonValue], key: VerificationKey, typ: AbstractSet[str | None]) -> None:
    # RFC 8725 3.1: the key says which algorithm, the header can only agree.
    row = ALGORITHMS.get(key.algorithm)
    if row is None or header.get("alg") != row.alg:
        raise TokenRefused("wrong_algorithm")
    seen = header.get("typ")
    if "typ" in header and not isinstance(seen, str):
        raise TokenRefused("wrong_typ")
    if seen not in typ:
        raise TokenRefused("wrong_typ")


def _check_shapes(claims: Mapping[str, JsonValue], required: Collection[str]) -> None:
    for name in sorted(required):
        if claims.get(name) is None:
            raise TokenRefused("missing_claim", name)
    for name in _TEXTS:
        if name in claims and not isinstance(claims[name], str):
            raise TokenRefused("bad_claim", name)
    for name in _TIMES:
        if name in claims and not _is_time(claims[name]):
            raise TokenRefused("bad_claim", name)


def _is_time(value: JsonValue) -> bool:
    """RFC 7519 2 allows fractions; no issuer we know sends them, and bool is an int in Python (M9)."""
    return type(value) is int and 0 <= value <= _LAST_SECOND


def _check_audience(seen: JsonValue, audience: str | Collection[str] | None) -> None:
    """RFC 7519 4.1.3: a string or an array of strings, one of which must be us."""
    if audience is None and seen is None:
        return
    if seen is None:
        raise TokenRefused("missing_claim", "aud")
    named = [seen] if isinstance(seen, str) else seen
    if not isinstance(named, list) or not named or not all(isinstance(item, str) for item in named):
        raise TokenRefused("bad_claim", "aud")
    accepted = (audience,) if isinstance(audience, str) else audience
    if accepted is not None and not any(item in accepted for item in named):
        raise TokenRefused("wrong_audience", "aud")


def _check_times(claims: Mapping[str, JsonValue], now_ms: int, leeway_s: int, allow_expired: bool) -> None:
    """RFC 7519 4.1.4 to 4.1.6, with the same leeway for both ends. The shapes were checked before."""
    now_s = now_ms / 1000
    times = {name: value for name in _TIMES if isinstance(value := claims.get(name), int)}
    if not allow_expired and now_s >= times["exp"] + leeway_s:
        raise TokenRefused("expired", "exp")
    for name in ("nbf", "iat"):
        if name in times and now_s < times[name] - leeway_s:
            raise TokenRefused("not_yet_valid", name)


def public_key(key: VerificationKey) -> JoseKey:
    """The public key of a JWK: of the algorithm's type, strong enough, and with nothing private in it (JO-09). Raises
    TokenRefused."""
    jwk = key.public_jwk
    members = tuple(jwk.get(member) for member in ("kty", *ALGORITHMS[key.algorithm].members))
    if not _PRIVATE_MEMBERS.isdisjoint(jwk) or not all(isinstance(member, str) for member in members):
        raise TokenRefused("unusable_key")
    return _import_public(key.algorithm, members)


@lru_cache(maxsize=1024)
def _import_public(algorithm: str, members: tuple[str, ...]) -> JoseKey:
    """Keyed by the key itself, never by a kid, which two issuers may share."""
    row = ALGORITHMS[algorithm]
    jwk: dict[str, str | list[str]] = dict(zip(("kty", *row.members), members, strict=True))
    if jwk["kty"] != row.key_type.key_type:
        raise TokenRefused("unusable_key")
    if row.key_type is RSAKey and _bits(str(jwk["n"])) not in _RSA_BITS:
        raise TokenRefused("unusable_key")
    try:
        public = row.key_type.import_key(jwk)
        row.model.check_key(public)
    except (ValueError, KeyError, JoseError):  # KeyError: how joserfc greets an unknown curve
        raise TokenRefused("unusable_key") from None
    return public


def _bits(number: str) -> int:
    """The length of a Base64urlUInt (RFC 7518 2); 0 where it is none."""
    try:
        return int.from_bytes(strict.read_base64url(number, max_chars=_MAX_RSA_CHARS), "big").bit_length()
    except strict.Malformed:
        return 0
