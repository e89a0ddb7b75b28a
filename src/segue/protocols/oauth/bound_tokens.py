"""Access tokens as a caller presents them to an interface of ours (RFC 6750 2), with the proof of a bound one
(RFC 9449 7)."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Final, Literal

from segue.core.org import AuthorizationServer
from segue.core.refusal import Refusal
from segue.core.verdict import Check
from segue.protocols.oauth import dpop
from segue.protocols.oauth.errors import refusal
from segue.protocols.oauth.presented import AccessTokens, LiveAccessToken
from segue.web.message import Request

Scheme = Literal["Bearer", "DPoP"]
_SCHEMES: Final[Mapping[str, Scheme]] = {"bearer": "Bearer", "dpop": "DPoP"}
_MEND: Final = "Send a token that is bound to a key with the scheme DPoP and a proof by that key, any other as Bearer."


@dataclass(frozen=True, slots=True)
class Presented:
    text: str = field(repr=False)
    scheme: Scheme


def read_header(request: Request) -> Presented | None:
    """The token in the Authorization header; None where it has none, or credentials of another scheme."""
    scheme, _, text = request.headers.get("authorization", "").partition(" ")
    known = _SCHEMES.get(scheme.lower())
    return Presented(text.strip(" "), known) if known and text else None


@dataclass(frozen=True, slots=True)
class BoundTokens:
    """For the interfaces that a token opens; introspection looks at tokens of others and asks for no proof."""

    tokens: AccessTokens

    async def check(self, request: Request, server: AuthorizationServer, presented: Presented) -> LiveAccessToken:
        """The token, alive, and where it is bound to a key with a proof by that key, which is spent.

        Raises Refusal ``invalid_token``, ``invalid_dpop_proof``.
        """
        live = await self.tokens.read(presented.text, request, server)
        bound_to = live.credential.data.get("jkt")
        if bound_to is None and presented.scheme == "Bearer":
            return live
        if bound_to is None or presented.scheme == "Bearer":  # RFC 9449 7.1, 7.2: neither is taken for the other
            raise _invalid("a bound token, sent as Bearer" if bound_to else "a token bound to no key", live.app.id)
        proof = dpop.read_proof(request, access_token=presented.text)
        if proof is None:
            raise dpop.refused("proof_present", "a DPoP header", "none")
        if proof.thumbprint != bound_to:
            raise _invalid("a proof by another key", live.app.id)
        await proof.spend(self.tokens.store, server.org_id, request.now_at)
        return live


def _invalid(seen: str, app_id: str) -> Refusal:
    check = Check("token_key", passed=False, expected="a token by the scheme it is for", seen=seen, mend=_MEND)
    return refusal("invalid_token", "The access token is invalid, expired or revoked.", check, app_id=app_id)
