"""Refresh tokens of an application over HTTP, whosever they are."""

from dataclasses import dataclass
from typing import Final

from segue.admin import app_tokens
from segue.core.application import Application
from segue.core.credential import Credential
from segue.core.refusal import Refusal
from segue.dialects.okta.admin.app_routes import app_route, named_app
from segue.dialects.okta.admin.caller import administrator, not_found
from segue.dialects.okta.admin.paging import page_after, page_limit, page_links
from segue.dialects.okta.admin.token_shape import Issuers, issuers_of, refresh_token_object
from segue.dialects.okta.names import APP_TOKEN, APP_TOKENS
from segue.stores import Store
from segue.web.frontchannel import FrontDoor
from segue.web.message import Empty, Json, Request, Response
from segue.web.surface import Route

_PAGE: Final = 20
_MOST: Final = 200


@dataclass(frozen=True, slots=True)
class AppTokens:
    door: FrontDoor
    store: Store

    def routes(self) -> tuple[Route, ...]:
        return (
            app_route("GET", APP_TOKENS, self.list),
            app_route("DELETE", APP_TOKENS, self.revoke_all),
            app_route("GET", APP_TOKEN, self.read),
            app_route("DELETE", APP_TOKEN, self.revoke),
        )

    async def list(self, request: Request) -> Response:
        """A page in order of id."""
        change = await administrator(self.door, request, "apps.read")
        app = await named_app(self.store, request, change)
        limit, after = page_limit(request, default=_PAGE, most=_MOST), page_after(request)
        found = await self.store.refresh_tokens_of(change.org_id, app.id, after=after, limit=limit + 1)
        page, issuers = found[:limit], await issuers_of(self.store, request, change)
        headers = page_links(request, APP_TOKENS.format(app=app.id), (), page[-1].id if len(found) > limit else None)
        return Json(data=[_shape(request, app, token, issuers) for token in page]).with_headers(*headers)

    async def read(self, request: Request) -> Response:
        change = await administrator(self.door, request, "apps.read")
        app = await named_app(self.store, request, change)
        token = await self._one(request, app)
        return Json(data=_shape(request, app, token, await issuers_of(self.store, request, change)))

    async def revoke(self, request: Request) -> Response:
        change = await administrator(self.door, request, "apps.manage")
        app = await named_app(self.store, request, change)
        await app_tokens.revoke_tokens(self.store, app, [await self._one(request, app)], change)
        return Empty(status=204)

    async def revoke_all(self, request: Request) -> Response:
        change = await administrator(self.door, request, "apps.manage")
        await app_tokens.revoke_all(self.store, await named_app(self.store, request, change), change)
        return Empty(status=204)

    async def _one(self, request: Request, app: Application) -> Credential:
        ident = request.path_params["token"]
        try:
            return await app_tokens.find_token(self.store, app, ident)
        except Refusal as refusal:
            raise not_found(refusal, ident, "OAuth2RefreshToken") from None


def _shape(request: Request, app: Application, token: Credential, issuers: Issuers) -> dict[str, object]:
    client_id = app.oidc.client_id if app.oidc else app.id
    path = APP_TOKEN.format(app=app.id, token=token.id)
    return refresh_token_object(request, token, issuers, client_id=client_id, path=path, app_id=app.id)
