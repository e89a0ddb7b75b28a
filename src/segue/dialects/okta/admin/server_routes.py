"""What the routes of authorization servers have in common: who may call, how a missing thing is named, their shapes."""

from collections.abc import Awaitable, Callable
from typing import Final

from segue.admin.change import Change
from segue.core.refusal import Refusal
from segue.core.secret import is_id, made_at
from segue.dialects.okta.admin.caller import administrator, not_found
from segue.dialects.okta.admin.paging import page_after, page_limit, page_links
from segue.dialects.okta.errors import write_error
from segue.dialects.okta.names import LIMIT_API
from segue.dialects.okta.shapes import timestamp
from segue.web.frontchannel import FrontDoor
from segue.web.message import Json, Request, Response
from segue.web.surface import Route

ServerCall = Callable[[Request, Change], Awaitable[Response]]

EVENT: Final = "authorization_servers"
_TYPES: Final = {
    "authorization server": "AuthorizationServer",
    "scope": "OAuth2Scope",
    "claim": "OAuth2Claim",
    "policy": "Policy",
    "rule": "PolicyRule",
    "key": "AuthorizationServerJsonWebKey",
}
_PAGE: Final = 200


def server_route(door: FrontDoor, method: str, path: str, call: ServerCall, *, body: bool = False) -> Route:
    """A route whose caller may read authorization servers, or manage them for everything but GET."""
    permission = "authorizationServers.read" if method == "GET" else "authorizationServers.manage"

    async def handle(request: Request) -> Response:
        change = await administrator(door, request, permission)
        try:
            return await call(request, change)
        except Refusal as refusal:
            failure = refusal.verdict.failure
            if failure is None or failure.name not in _TYPES:
                raise
            raise not_found(refusal, failure.seen, _TYPES[failure.name]) from None

    return Route(
        (method,),
        path,
        handle,
        write_error,
        EVENT,
        body="json" if body else "none",
        idempotent=method == "GET",
        limit=LIMIT_API,
    )


def paged(request: Request, path: str, items: list[tuple[str, dict[str, object]]], *kept: str) -> Response:
    """A page of a list in its own order; each item comes with the id that a next link goes on behind."""
    limit, after = page_limit(request, default=_PAGE, most=_PAGE), page_after(request)
    ids = [ident for ident, _ in items]
    start = ids.index(after) + 1 if after in ids else len(ids) if after else 0
    page = items[start : start + limit]
    following = page[-1][0] if page and start + len(page) < len(items) else None
    return Json(data=[shape for _, shape in page]).with_headers(*page_links(request, path, kept, following))


def times(ident: str, updated_at: int) -> dict[str, object]:
    """When a thing was made, which its id says, and last changed."""
    created_at = made_at(ident) if is_id(ident) else 0
    return {"created": timestamp(created_at), "lastUpdated": timestamp(updated_at or created_at)}
