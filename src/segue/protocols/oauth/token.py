"""The token endpoint: the phases every grant shares."""

from dataclasses import dataclass, replace
from typing import Final

from segue.core.org import AuthorizationServer
from segue.core.verdict import Check
from segue.protocols.oauth.client_auth import AuthenticatedClient, ClientAuthenticator
from segue.protocols.oauth.dpop import ProofNonces, read_proof, refused
from segue.protocols.oauth.errors import refusal
from segue.protocols.oauth.grants import GRANTS
from segue.protocols.oauth.parameters import check_once
from segue.protocols.oauth.profile import OAuthProfile
from segue.protocols.oauth.token_request import Grant, TokenRequest, Tools
from segue.web.frontchannel import FrontDoor
from segue.web.message import Json, Request, Response

_REPEATABLE: Final = frozenset({"resource", "audience"})


@dataclass(frozen=True, slots=True)
class TokenEndpoint:
    """RFC 6749 3.2: the client proves who it is, then may use the grant, then the grant runs."""

    door: FrontDoor
    clients: ClientAuthenticator
    tools: Tools
    nonces: ProofNonces

    async def __call__(self, request: Request, server: AuthorizationServer) -> Response:
        # RFC 8693 2.1: these two may name several targets.
        check_once(request.form, repeatable=_REPEATABLE)
        nonces = self.nonces if request.site.org.settings.use_dpop_nonce else None
        proof = read_proof(request, nonces=nonces)  # before the client's assertion is spent: it may have to come again
        client = await self.clients(request, server)
        grant = _grant(request.form.get("grant_type") or "", client, self.tools.issuer.profile)
        if proof is None and client.oidc.dpop_bound_access_tokens:  # RFC 9449 5.2
            raise refused("proof_present", "a DPoP header", "none")
        proof_key = await proof.spend(self.tools.store, server.org_id, request.now_at) if proof else None
        tokens = await grant(
            TokenRequest(
                client=client,
                server=server,
                issuer=self.tools.issuer.profile.issuer(server, request.site.domain),
                where=self.door.circumstances(request),
                request=request,
                proof_key=proof_key,
            ),
            replace(self.tools, issuer=replace(self.tools.issuer, proof_key=proof_key)),
        )
        body = tokens.body()
        if proof_key is not None and body["token_type"] == "Bearer":  # RFC 9449 5
            body["token_type"] = "DPoP"
        return Json(data=body, app_id=client.app.id)


def _grant(grant_type: str, client: AuthenticatedClient, profile: OAuthProfile) -> Grant:
    if not grant_type:
        text = "The parameter grant_type is missing."
        raise refusal("invalid_request", text, Check("grant_type_present", passed=False, mend=text))
    grant = GRANTS.get(grant_type)
    if grant is None:
        check = Check("grant_type_known", passed=False, expected=" ".join(GRANTS), seen=grant_type[:256])
        raise refusal("unsupported_grant_type", "There is no such grant_type.", check, app_id=client.app.id)
    if grant_type not in client.oidc.grant_types:
        mend = "Allow the grant type in the application's settings."
        allowed = " ".join(sorted(client.oidc.grant_types))
        check = Check("grant_type_allowed", passed=False, expected=allowed, seen=grant_type, mend=mend)
        text = "The application may not use this grant_type."
        code = profile.closed_grants.get(grant_type, "unauthorized_client")
        raise refusal(code, text, check, app_id=client.app.id)
    return grant
