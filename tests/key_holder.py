"""A client that holds a key, and what it signs with it."""

import hmac
import json
import uuid
import warnings
from base64 import urlsafe_b64encode
from collections.abc import Mapping
from functools import cache
from typing import Any

from joserfc import jws
from joserfc.jwk import ECKey, OKPKey, RSAKey

from segue.tokens.client_keys import read_key

ASSERTION_TYPE = "urn:ietf:params:oauth:client-assertion-type:jwt-bearer"
KEYS = {"RS256": (RSAKey, 2048), "ES256": (ECKey, "P-256"), "EdDSA": (OKPKey, "Ed25519")}


def a_key(algorithm: str = "ES256", name: str = "") -> Any:
    """A private key; another ``name`` is another key."""
    return _made(algorithm, name)


@cache
def _made(algorithm: str, _name: str) -> Any:
    type, size = KEYS[algorithm]
    return type.generate_key(size)  # type: ignore[attr-defined]


def public(key: Any, **members: Any) -> dict[str, Any]:
    return {**key.as_dict(private=False), **members}


def registered(key: Any, **members: Any) -> Mapping[str, str]:
    """The key as an application keeps it."""
    return read_key(public(key, **members)).public_jwk


def signed(key: Any, claims: Mapping[str, Any], algorithm: str = "ES256", **header: Any) -> str:
    """A JWT. A header member that is None is left out."""
    members = {name: value for name, value in {"alg": algorithm, **header}.items() if value is not None}
    octets = json.dumps(claims).encode()
    with warnings.catch_warnings():  # RFC 9864 has a new name for EdDSA, which clients do not use yet
        warnings.simplefilter("ignore")
        return jws.serialize_compact(members, octets, key, algorithms=[algorithm])


def unsigned(claims: Mapping[str, Any], **header: Any) -> str:
    parts = [json.dumps(part).encode() for part in ({"alg": "none", **header}, claims)] + [b"x"]
    return ".".join(urlsafe_b64encode(part).decode().rstrip("=") for part in parts)


def by_secret(secret: bytes, claims: Mapping[str, Any], **header: Any) -> str:
    """A JWT with an HMAC, whatever the secret looks like."""
    parts = [json.dumps(part).encode() for part in ({"alg": "HS256", **header}, claims)]
    text = ".".join(urlsafe_b64encode(part).decode().rstrip("=") for part in parts)
    mac = hmac.new(secret, text.encode(), "sha256").digest()
    return f"{text}.{urlsafe_b64encode(mac).decode().rstrip('=')}"


def a_proof(key: Any, address: str, now_s: int, *, algorithm: str = "ES256", header: Any = None, **claims: Any) -> str:
    """A DPoP proof for a POST; a claim that is None is left out."""
    members = {"htm": "POST", "htu": address, "iat": now_s, "jti": new_jti(), **claims}
    said = {name: value for name, value in members.items() if value is not None}
    return signed(key, said, algorithm, **{"typ": "dpop+jwt", "jwk": public(key), **(header or {})})


def new_jti() -> str:
    return uuid.uuid4().hex
