"""Token revocation (RFC 7009): a client says that it needs a token no more.

A refresh token ends with all access tokens of its family; an access token ends alone. The answer is the same for a
token that ended before, that nobody knows or that is another client's: nothing is told, and nothing is ended.
"""

from dataclasses import dataclass

from segue.core.org import AuthorizationServer
from segue.core.refusal import Refusal
from segue.core.secret import partition_of
from segue.protocols.oauth.client_auth import AuthenticatedClient, ClientAuthenticator
from segue.protocols.oauth.one_issuer import server_called
from segue.protocols.oauth.parameters import check_once, needed
from segue.protocols.oauth.presented import AccessTokens
from segue.stores import Commit, Tombstone
from segue.tokens.refresh import REFRESH_KINDS, RefreshToken, read_refresh_token
from segue.web.frontchannel import FrontDoor
from segue.web.message import Empty, Request, Response


@dataclass(frozen=True, slots=True)
class Revoke:
    """The endpoint. A store that does not answer is no success (OA-11): its error becomes a 503."""

    door: FrontDoor
    clients: ClientAuthenticator
    tokens: AccessTokens

    async def __call__(self, request: Request, server: AuthorizationServer) -> Response:
        check_once(request.form)
        client = await self.clients(request, server, bare_basic=True)
        token = needed(request.form, "token", app_id=client.app.id)
        refresh_token = read_refresh_token(token)  # each kind has its own shape, so the hint is not needed (2.1)
        if refresh_token is not None:
            await self._end_family(request, server, client, refresh_token)
        else:
            await self._end_access_token(request, server, client, token)
        return Empty(status=200, app_id=client.app.id)

    async def _end_family(
        self, request: Request, server: AuthorizationServer, client: AuthenticatedClient, token: RefreshToken
    ) -> None:
        """Any token of a family ends it: an older one was in the same hands."""
        family = token.family
        found = await self.tokens.store.find(server.org_id, family.id, family.digest, REFRESH_KINDS)
        if found is None:
            return
        credential = found.credential
        server = await server_called(self.tokens.config, self.tokens.profile, server, credential.server_id)
        if (credential.app_id, credential.server_id) == (client.app.id, server.id):
            await self._write(request, client, credential.id, credential.user_id, "refresh_token")

    async def _end_access_token(
        self, request: Request, server: AuthorizationServer, client: AuthenticatedClient, token: str
    ) -> None:
        try:
            live = await self.tokens.read(token, request, server, usable=False)
        except Refusal:  # 2.2: an invalid token is as good as revoked
            return
        if live.app.id == client.app.id:
            await self._write(request, client, live.credential.id, live.credential.user_id, "access_token")

    async def _write(
        self, request: Request, client: AuthenticatedClient, ident: str, user_id: str | None, kind: str
    ) -> None:
        where = self.door.circumstances(request)
        detail = {"kind": kind}
        event = where.event("token.revoke", user_id=user_id, app_id=client.app.id, credential_id=ident, detail=detail)
        stones = (Tombstone(ident, "revoked_by_client"),)
        await self.door.store.commit(Commit(where.org_id, partition_of(ident), (event,), tombstones=stones))
