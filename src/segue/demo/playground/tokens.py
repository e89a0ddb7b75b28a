"""Tokens taken apart: header, payload, what each claim means, and whether the signature and the claims hold."""

import base64
import binascii
import json
import time
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final

from joserfc import jwt
from joserfc.errors import JoseError
from joserfc.jwk import KeySet
from joserfc.jws import JWSRegistry

from segue.demo.claims import Claim, explained

_SKEW_S: Final = 60


@dataclass(frozen=True, slots=True)
class Decoded:
    """A JWT as anybody can read it; reading proves nothing."""

    name: str
    raw: str
    header: tuple[Claim, ...]
    claims: tuple[Claim, ...]
    payload_json: str


@dataclass(frozen=True, slots=True)
class Finding:
    """One check of a token, what was expected, and what was there."""

    what: str
    passed: bool
    detail: str


@dataclass(frozen=True, slots=True)
class Expectation:
    """What an ID token has to say to be the answer to one request."""

    issuer: str
    client_id: str
    nonce: str


def decode(name: str, raw: str) -> Decoded | None:
    """The parts of a JWT, None for what is none."""
    header, payload = _segment(raw, 0), _segment(raw, 1)
    if header is None or payload is None or raw.count(".") != 2:
        return None
    meanings = {"alg": "how it is signed", "kid": "with which of the published keys", "typ": "what kind of token it is"}
    return Decoded(
        name=name,
        raw=raw,
        header=tuple(Claim(key, str(value), meanings.get(key, "")) for key, value in header.items()),
        claims=tuple(explained(payload, time.time())),
        payload_json=json.dumps(payload, indent=2, ensure_ascii=False),
    )


def verify(raw: str, key_set: Mapping[str, Any], expected: Expectation) -> tuple[Finding, ...]:
    """The checks that a client makes of an ID token (OpenID Connect Core 3.1.3.7), each with its outcome."""
    try:
        # Only what is published with the algorithm Segue promises: the token's own word counts for nothing.
        keys = KeySet.import_key_set({"keys": list(key_set["keys"])})
        claims = dict(jwt.decode(raw, keys, registry=JWSRegistry(algorithms=["RS256"])).claims)
    except (JoseError, ValueError, KeyError, TypeError) as error:
        return (Finding("signature", False, f"does not verify ({type(error).__name__})"),)
    now_s = time.time()
    audience = claims.get("aud")
    audiences = audience if isinstance(audience, list) else [audience]
    expires = claims.get("exp")
    return (
        Finding("signature", True, "RS256, with a key of Segue's published set"),
        Finding("iss", claims.get("iss") == expected.issuer, f"{claims.get('iss')}"),
        Finding("aud", expected.client_id in audiences, f"{audience}"),
        Finding("nonce", claims.get("nonce") == expected.nonce, "the one this run sent"),
        Finding("exp", isinstance(expires, int) and expires + _SKEW_S > now_s, "still to come"),
    )


def _segment(raw: str, index: int) -> dict[str, Any] | None:
    """A segment of a JWT as the JSON object it encodes."""
    try:
        text = raw.split(".")[index]
        value = json.loads(base64.urlsafe_b64decode(text + "=" * (-len(text) % 4)))
    except (IndexError, ValueError, binascii.Error):
        return None
    return value if isinstance(value, dict) else None
