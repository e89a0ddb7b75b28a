"""ID tokens that come back as hints: they say who somebody was, and grant nothing."""

from dataclasses import dataclass

from segue.core.org import AuthorizationServer
from segue.core.refusal import Refusal
from segue.core.verdict import Check
from segue.protocols.oauth.errors import refusal
from segue.protocols.oauth.one_issuer import verifying_keys
from segue.protocols.oauth.profile import OAuthProfile
from segue.tokens.jwt import TokenRefused, verify
from segue.tokens.signing import Signing
from segue.web.message import Request


@dataclass(frozen=True, slots=True)
class Hint:
    """``subject`` and ``client_id`` are the token's ``sub`` and ``aud``."""

    subject: str
    client_id: str


async def read_hint(
    token: str, request: Request, server: AuthorizationServer, signing: Signing, profile: OAuthProfile
) -> Hint:
    """An ``id_token_hint`` of this server at this domain, expired or not (OIDC Core 3.1.2.1, LO-03).

    An access token does not pass: its audience is no client, and its id has another prefix. Raises Refusal
    ``invalid_request``.
    """
    keys = await verifying_keys(signing.config, profile, server, request.now_at)
    try:
        claims = verify(
            token,
            keys=keys,
            typ={profile.id_token_typ},
            issuer=profile.issuer(server, request.site.domain),
            audience=None,
            now_ms=request.now_at,
            required=("sub", "aud", "jti"),
            allow_expired=True,
        )
    except TokenRefused as refused:
        raise bad_hint(f"{refused.reason} {refused.claim or ''}".strip()) from refused
    if not isinstance(claims["aud"], str) or not str(claims["jti"]).startswith(profile.id_token_prefix):
        raise bad_hint("not one of our ID tokens")
    return Hint(str(claims["sub"]), claims["aud"])


def bad_hint(seen: str) -> Refusal:
    text = "The id_token_hint is not one of our ID tokens for this client."
    check = Check("id_token_hint", passed=False, seen=seen, mend="Send the ID token as it was issued, or none.")
    return refusal("invalid_request", text, check)
