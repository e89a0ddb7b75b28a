"""Refresh tokens of a user over HTTP, by the application that holds them."""

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
from segue.dialects.okta.admin.token_shape import Issuers, issuers_of, refresh_token_object
from segue.dialects.okta.errors import ResourceNotFound, write_error
from segue.dialects.okta.names import LIMIT_API, USER_CLIENT_TOKEN, USER_CLIENT_TOKENS
from segue.stores import Store
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
        issuers = await issuers_of(self.store, request, change)
        path = USER_CLIENT_TOKENS.format(user=user.id, client=request.path_params["client"])
        headers = page_links(request, path, (), None)
        return Json(data=[self._shape(request, one, issuers) for one in found]).with_headers(*headers)

    async def read(self, request: Request) -> Response:
        change, user, app = await self._asked(request, "users.read")
        found = await self._one(request, user, app)
        return Json(data=self._shape(request, found, await issuers_of(self.store, request, change)))

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

    def _shape(self, request: Request, token: Credential, issuers: Issuers) -> dict[str, object]:
        client = request.path_params["client"]
        own = USER_CLIENT_TOKEN.format(user=token.user_id, client=client, token=token.id)
        return refresh_token_object(request, token, issuers, client_id=client, path=own)

    async def _asked(self, request: Request, permission: str) -> tuple[Change, User, Application]:
        change = await administrator(self.door, request, permission)
        user = await user_named(self.store, request.path_params["user"], change)
        client_id = request.path_params["client"]
        app = await self.store.application_by_client_id(change.org_id, client_id)
        if app is None:
            check = Check("client", passed=False, expected="a client of this org", seen=client_id[:80])
            raise ResourceNotFound(client_id[:80], "OAuth2Client", check)
        return change, user, app


def _route(method: str, path: str, handler: Handler) -> Route:
    return Route((method,), path, handler, write_error, "users.tokens", idempotent=method == "GET", limit=LIMIT_API)
