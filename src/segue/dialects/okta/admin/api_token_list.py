"""API tokens over HTTP: listed and revoked. They are made on the command line, where they are shown once."""

from dataclasses import dataclass

from segue.admin import tokens
from segue.admin.change import missing
from segue.core.credential import Credential
from segue.core.refusal import Refusal
from segue.dialects.okta.admin.caller import administrator, not_found
from segue.dialects.okta.admin.paging import page_after, page_limit, page_links
from segue.dialects.okta.api_tokens import presented_api_token
from segue.dialects.okta.errors import write_error
from segue.dialects.okta.names import API_TOKEN, API_TOKEN_CURRENT, API_TOKENS_LIST, LIMIT_API
from segue.dialects.okta.shapes import link, timestamp
from segue.stores import Store
from segue.web.frontchannel import FrontDoor
from segue.web.message import Empty, Json, Request, Response
from segue.web.surface import Handler, Route

_EVENT = "api_tokens"
_PAGE = 200
_DAY_MS = 86_400_000


@dataclass(frozen=True, slots=True)
class ApiTokenList:
    door: FrontDoor
    store: Store

    def routes(self) -> tuple[Route, ...]:
        return (
            _route("GET", API_TOKENS_LIST, self.list),
            _route("DELETE", API_TOKEN_CURRENT, self.revoke_current),
            _route("GET", API_TOKEN, self.read),
            _route("DELETE", API_TOKEN, self.revoke),
        )

    async def list(self, request: Request) -> Response:
        """The live tokens of the org's administrators in order of id; never what they are sent as."""
        change = await administrator(self.door, request, "apiTokens.read")
        known = await tokens.list_api_tokens(self.store, change)
        limit, after = page_limit(request, default=_PAGE, most=_PAGE), page_after(request)
        rest = [token for token in known if token.id > after]
        following = rest[limit - 1].id if len(rest) > limit else None
        links = page_links(request, API_TOKENS_LIST, ("q",), following)
        return Json(data=[_shape(request, token) for token in rest[:limit]]).with_headers(*links)

    async def read(self, request: Request) -> Response:
        change = await administrator(self.door, request, "apiTokens.read")
        ident = request.path_params["token"]
        for token in await tokens.list_api_tokens(self.store, change):
            if token.id == ident:
                return Json(data=_shape(request, token))
        raise not_found(missing("API token", ident, "There is no such API token."), ident, "ApiToken")

    async def revoke(self, request: Request) -> Response:
        change = await administrator(self.door, request, "apiTokens.manage")
        ident = request.path_params["token"]
        try:
            await tokens.revoke_api_token(self.store, ident, change)
        except Refusal as refusal:
            raise not_found(refusal, ident, "ApiToken") from None
        return Empty(status=204)

    async def revoke_current(self, request: Request) -> Response:
        """Ends the token that the call is made with; whoever holds it may always give it back."""
        token = await presented_api_token(self.door.store, request)
        change = await administrator(self.door, request, "apiTokens.read")
        if token is None:
            raise not_found(missing("API token", "current", "The call came without one."), "current", "ApiToken")
        await tokens.revoke_api_token(self.store, token.credential.id, change)
        return Empty(status=204)


def _route(method: str, path: str, handler: Handler) -> Route:
    return Route((method,), path, handler, write_error, _EVENT, idempotent=method == "GET", limit=LIMIT_API)


def _shape(request: Request, token: Credential) -> dict[str, object]:
    own = f"{request.site.domain.base_url}{API_TOKEN.format(token=token.id)}"
    return {
        "id": token.id,
        "name": str(token.data.get("name") or token.id),
        "userId": token.user_id,
        "tokenWindow": f"P{max(1, (token.expires_at - token.issued_at) // _DAY_MS)}D",
        "network": {"connection": "ANYWHERE"},
        "clientName": "Segue API",
        "expiresAt": timestamp(token.expires_at),
        "created": timestamp(token.issued_at),
        "lastUpdated": timestamp(token.issued_at),
        "_link": {"self": link(own, "GET", "DELETE")},
    }
