"""Public keys that others sign with: of a client (RFC 7523), or inside a proof of possession (RFC 9449).

A key is used with one algorithm, which its type says; keys of other algorithms, symmetric and private ones are refused
(JO-02, JO-09).
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

from segue.core.strict import JsonValue
from segue.tokens.jwt import TokenRefused, public_key
from segue.tokens.keys import ALGORITHMS

_KID: Final = re.compile(r"[A-Za-z0-9_-]{1,128}")
_MOST_KEYS: Final = 50
_BY_TYPE: Final = {("RSA", None): "RS256", ("EC", "P-256"): "ES256", ("OKP", "Ed25519"): "Ed25519"}
_PRIVATE: Final = frozenset({"d", "p", "q", "dp", "dq", "qi", "oth", "k"})
_LONGEST_MEMBER: Final = 2048

#: The ``alg`` of signatures that clients make.
CLIENT_ALGORITHMS: Final = tuple(row.alg for row in ALGORITHMS.values())


class BadKey(ValueError):
    """A JSON Web Key that is not used here. The text says why, and nothing of the key."""


@dataclass(frozen=True, slots=True)
class ClientKey:
    """A key to verify with. ``thumbprint`` is RFC 7638 with SHA-256; ``kid`` the key's own name, or else that."""

    kid: str
    algorithm: str
    public_jwk: Mapping[str, str]
    thumbprint: str


def read_key(jwk: object) -> ClientKey:
    """One public key. Raises BadKey."""
    if not isinstance(jwk, Mapping):
        raise BadKey("a key is a JSON object")
    if not _PRIVATE.isdisjoint(jwk):
        raise BadKey("it has private parts; send the public key alone")
    kty, crv = jwk.get("kty"), jwk.get("crv")
    algorithm = next((name for (type, curve), name in _BY_TYPE.items() if type == kty and curve in (None, crv)), None)
    if algorithm is None:
        raise BadKey("it is not an RSA, P-256 or Ed25519 key")
    row = ALGORITHMS[algorithm]
    if jwk.get("alg", row.alg) not in (row.alg, row.name):
        raise BadKey(f"its alg is not {row.alg}")
    if jwk.get("use", "sig") != "sig":
        raise BadKey("its use is not sig")
    members = {name: jwk.get(name) for name in ("kty", *row.members)}
    public = {name: text for name, text in members.items() if isinstance(text, str) and len(text) <= _LONGEST_MEMBER}
    if len(public) != len(members):
        raise BadKey("a member of it is missing or no text")
    try:
        thumbprint = public_key(ClientKey("", algorithm, public, "")).thumbprint()
    except TokenRefused:
        raise BadKey("it is malformed, or weaker than 2048 bits") from None
    kid = jwk.get("kid", thumbprint)
    if not isinstance(kid, str) or not _KID.fullmatch(kid):
        raise BadKey("its kid is not 1 to 128 letters, digits, - and _")
    return ClientKey(kid, algorithm, {**public, "kid": kid, "alg": row.alg, "use": "sig"}, thumbprint)


def read_key_set(document: Mapping[str, JsonValue]) -> tuple[ClientKey, ...]:
    """The usable keys of a key set document (RFC 7517 5: what is not understood is ignored). Raises BadKey for what is
    no key set, or too large."""
    keys = document.get("keys")
    if not isinstance(keys, list) or len(keys) > _MOST_KEYS:
        raise BadKey(f"a key set has keys, {_MOST_KEYS} at most")
    usable = []
    for jwk in keys:
        try:
            usable.append(read_key(jwk))
        except BadKey:
            continue
    return tuple(usable)
