"""The token endpoint: the phases every grant shares."""

from dataclasses import dataclass
from typing import Final

from segue.core.org import AuthorizationServer
from segue.core.verdict import Check
from segue.protocols.oauth.client_auth import AuthenticatedClient, ClientAuthenticator
from segue.protocols.oauth.errors import refusal
from segue.protocols.oauth.grants import GRANTS
from segue.protocols.oauth.parameters import check_once
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

    async def __call__(self, request: Request, server: AuthorizationServer) -> Response:
        # RFC 8693 2.1: these two may name several targets.
        check_once(request.form, repeatable=_REPEATABLE)
        client = await self.clients(request, server)
        grant = _grant(request.form.get("grant_type") or "", client)
        tokens = await grant(
            TokenRequest(
                client=client,
                server=server,
                issuer=server.issuer(request.site.domain),
                where=self.door.circumstances(request),
                request=request,
            ),
            self.tools,
        )
        return Json(data=tokens.body(), app_id=client.app.id)


def _grant(grant_type: str, client: AuthenticatedClient) -> Grant:
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
        raise refusal("unauthorized_client", text, check, app_id=client.app.id)
    return grant
