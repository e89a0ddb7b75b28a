"""Client authentication by a signed assertion, ``private_key_jwt`` (RFC 7523, OIDC Core 9)."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Final

from segue.core.application import Application, OidcClient
from segue.core.refusal import Refusal
from segue.core.strict import JsonValue, Malformed, split_jwt
from segue.core.verdict import Check
from segue.protocols.oauth.client_keys import ClientKeys
from segue.protocols.oauth.errors import refusal
from segue.stores import CredentialStore
from segue.tokens.jwt import DEFAULT_LEEWAY_S, TokenRefused, verify

ASSERTION_TYPE: Final = "urn:ietf:params:oauth:client-assertion-type:jwt-bearer"
LONGEST_LIFE_S: Final = 3600
_LONGEST_JTI: Final = 256
# A client says nothing, JWT, or the type made for this purpose; no token of another purpose has one of these.
_TYPES: Final = frozenset({None, "JWT", "client-authentication+jwt"})
_MEND: Final = (
    "Sign an assertion with iss and sub the client_id, aud the address called, exp within the hour and a new jti, by a "
    "key that the application is registered with."
)


@dataclass(frozen=True, slots=True)
class Assertion:
    """An assertion of which nothing is verified yet; ``client_id`` is who it says it is from."""

    text: str = field(repr=False)
    client_id: str
    kid: str | None


def read_assertion(assertion_type: str, text: str) -> Assertion:
    """Raises Refusal ``invalid_client``."""
    if assertion_type != ASSERTION_TYPE:
        raise refused("assertion_type", ASSERTION_TYPE, assertion_type[:128])
    try:
        parts = split_jwt(text)
    except Malformed as problem:
        raise refused("assertion_form", "a signed JWT", str(problem)) from None
    algorithm, kid, subject = parts.header["alg"], parts.header.get("kid"), parts.payload.get("sub")
    if str(algorithm).startswith("HS"):
        public = "client_secret_jwt cannot be used here: secrets are kept as digests. Use private_key_jwt."
        check = Check("assertion_algorithm", passed=False, expected="an asymmetric one", seen=str(algorithm)[:16])
        raise refusal("invalid_client", public, check)
    if not isinstance(subject, str) or not subject:
        raise refused("assertion_sub", "the client_id", "none")
    return Assertion(text, subject, kid if isinstance(kid, str) else None)


@dataclass(frozen=True, slots=True)
class Assertions:
    """``keys`` serve the whole process."""

    store: CredentialStore
    keys: ClientKeys

    async def check(
        self, assertion: Assertion, app: Application, client: OidcClient, audiences: frozenset[str], now_at: int
    ) -> None:
        """That the client made the assertion, for us, now, and for the first time. It is spent last, so that nothing
        that is refused spends anything. Raises Refusal ``invalid_client``."""
        keys, problem = await self.keys.of(client, assertion.kid, now_at)
        if problem:
            raise refused("client_keys", "the client's keys", problem, app.id)
        try:
            claims = verify(
                assertion.text,
                keys=keys,
                typ=_TYPES,
                issuer=client.client_id,
                audience=audiences,
                now_ms=now_at,
                required=("sub", "aud", "jti"),
                kid_required=False,
            )
        except TokenRefused as problem_:
            seen = f"{problem_.reason} {problem_.claim or ''}".strip()
            raise refused("assertion", "an assertion that holds", seen, app.id) from None
        life_ms = _check_claims(claims, client, now_at, app.id)
        # RFC 7523 3 (7): the same jti is not accepted again while the assertion could be
        value = f"{client.client_id} {claims['jti']}"
        if not await self.store.claim_foreign(app.org_id, "client_assertion", value, life_ms=life_ms):
            raise refused("assertion_unused", "a new jti", "one that was used", app.id)


def _check_claims(claims: Mapping[str, JsonValue], client: OidcClient, now_at: int, app_id: str) -> int:
    """For how long the assertion has to be remembered, in ms."""
    expires_at = claims["exp"]
    if claims["sub"] != client.client_id:
        raise refused("assertion_sub", client.client_id, "another", app_id)
    if isinstance(claims["aud"], list) and len(claims["aud"]) != 1:
        raise refused("assertion_audience", "one audience", "several", app_id)
    if not isinstance(expires_at, int) or expires_at > now_at // 1000 + LONGEST_LIFE_S + DEFAULT_LEEWAY_S:
        raise refused("assertion_life", f"exp within {LONGEST_LIFE_S} s", str(expires_at), app_id)
    if not 1 <= len(str(claims["jti"])) <= _LONGEST_JTI:
        raise refused("assertion_jti", f"1 to {_LONGEST_JTI} characters", "another length", app_id)
    return (expires_at + DEFAULT_LEEWAY_S) * 1000 - now_at


def refused(check: str, expected: str, seen: str, app_id: str | None = None) -> Refusal:
    made = Check(check, passed=False, expected=expected, seen=seen[:256], mend=_MEND)
    return refusal("invalid_client", "The client could not be authenticated.", made, app_id=app_id)
