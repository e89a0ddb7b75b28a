"""Refresh tokens of a user over HTTP, by the application that holds them."""

from collections.abc import Mapping
from dataclasses import dataclass

from segue.admin import user_tokens
from segue.admin.change import Change
from segue.core.application import Application
from segue.core.credential import Credential
from segue.core.refusal import Refusal
from segue.core.user import User
from segue.core.verdict import Check
from segue.dialects.okta.admin.caller import administrator, not_found, user_named
from segue.dialects.okta.admin.paging import page_links
from segue.dialects.okta.errors import ResourceNotFound, write_error
from segue.dialects.okta.names import LIMIT_API, USER_CLIENT_TOKEN, USER_CLIENT_TOKENS
from segue.dialects.okta.shapes import link, timestamp
from segue.stores import Store
from segue.tokens.refresh import read_family
from segue.web.frontchannel import FrontDoor
from segue.web.message import Empty, Json, Request, Response
from segue.web.surface import Handler, Route


@dataclass(frozen=True, slots=True)
class UserTokens:
    door: FrontDoor
    store: Store

    def routes(self) -> tuple[Route, ...]:
        return (
            _route("GET", USER_CLIENT_TOKENS, self.list),
            _route("DELETE", USER_CLIENT_TOKENS, self.revoke_all),
            _route("GET", USER_CLIENT_TOKEN, self.read),
            _route("DELETE", USER_CLIENT_TOKEN, self.revoke),
        )

    async def list(self, request: Request) -> Response:
        """All of them on one page: a user has two hundred at most."""
        change, user, app = await self._asked(request, "users.read")
        found = await user_tokens.tokens_of(self.store, user, app)
        issuers = await self._issuers(request, change)
        path = USER_CLIENT_TOKENS.format(user=user.id, client=request.path_params["client"])
        headers = page_links(request, path, (), None)
        return Json(data=[_shape(request, one, issuers) for one in found]).with_headers(*headers)

    async def read(self, request: Request) -> Response:
        change, user, app = await self._asked(request, "users.read")
        found = await self._one(request, user, app)
        return Json(data=_shape(request, found, await self._issuers(request, change)))

    async def revoke(self, request: Request) -> Response:
        change, user, app = await self._asked(request, "users.manage")
        await user_tokens.revoke_tokens(self.store, user, [await self._one(request, user, app)], change)
        return Empty(status=204)

    async def revoke_all(self, request: Request) -> Response:
        change, user, app = await self._asked(request, "users.manage")
        found = await user_tokens.tokens_of(self.store, user, app)
        await user_tokens.revoke_tokens(self.store, user, found, change)
        return Empty(status=204)

    async def _one(self, request: Request, user: User, app: Application) -> Credential:
        ident = request.path_params["token"]
        try:
            return await user_tokens.find_token(self.store, user, app, ident)
        except Refusal as refusal:
            raise not_found(refusal, ident, "OAuth2RefreshToken") from None

    async def _asked(self, request: Request, permission: str) -> tuple[Change, User, Application]:
        change = await administrator(self.door, request, permission)
        user = await user_named(self.store, request.path_params["user"], change)
        client_id = request.path_params["client"]
        app = await self.store.application_by_client_id(change.org_id, client_id)
        if app is None:
            check = Check("client", passed=False, expected="a client of this org", seen=client_id[:80])
            raise ResourceNotFound(client_id[:80], "OAuth2Client", check)
        return change, user, app

    async def _issuers(self, request: Request, change: Change) -> Mapping[str, str]:
        servers = await self.store.authorization_servers(change.org_id)
        return {server.id: server.issuer(request.site.domain) for server in servers}


def _shape(request: Request, token: Credential, issuers: Mapping[str, str]) -> dict[str, object]:
    client = request.path_params["client"]
    own = USER_CLIENT_TOKEN.format(user=token.user_id, client=client, token=token.id)
    family, base = read_family(token.data), request.site.domain.base_url
    ends = [at for at in (token.expires_at, token.idle_expires_at) if at is not None]
    return {
        "id": token.id,
        "status": "ACTIVE",
        "created": timestamp(token.issued_at),
        "lastUpdated": timestamp(family.rotated_at or token.issued_at),
        "expiresAt": timestamp(min(ends)),
        "issuer": issuers.get(token.server_id or "", ""),
        "clientId": client,
        "userId": token.user_id,
        "scopes": list(family.grant.scopes),
        "_links": {
            "self": link(f"{base}{own}", "GET", "DELETE"),
            "user": {"href": f"{base}/api/v1/users/{token.user_id}"},
        },
    }


def _route(method: str, path: str, handler: Handler) -> Route:
    return Route((method,), path, handler, write_error, "users.tokens", idempotent=method == "GET", limit=LIMIT_API)
