"""Trusted origins over HTTP: which pages may call the org's API, and where it may send a browser."""

import re
from dataclasses import dataclass, field
from typing import Final, cast

from segue.admin import origins
from segue.core.org import OriginScope, TrustedOrigin
from segue.core.refusal import Refusal
from segue.core.secret import made_at
from segue.core.strict import JsonValue, read_json_object
from segue.dialects.okta.admin.caller import administrator, not_found
from segue.dialects.okta.admin.paging import page_after, page_limit, page_links
from segue.dialects.okta.errors import ValidationFailed, write_error
from segue.dialects.okta.names import (
    LIMIT_API,
    TRUSTED_ORIGIN,
    TRUSTED_ORIGIN_ACTIVATE,
    TRUSTED_ORIGIN_DEACTIVATE,
    TRUSTED_ORIGINS,
)
from segue.dialects.okta.shapes import link, timestamp
from segue.stores import Store
from segue.web.frontchannel import FrontDoor
from segue.web.message import Empty, Json, Request, Response
from segue.web.surface import Handler, Route

_SUBJECT: Final = "trustedOrigin"
_PAGE: Final = 20
_MOST: Final = 200
_FILTER: Final = re.compile(r'\s*(status|name|origin)\s+eq\s+"([^"\\]{0,256})"\s*')


@dataclass(frozen=True, slots=True)
class Wanted:
    """What a caller sent, once its form is right."""

    name: str
    origin: str
    scopes: frozenset[OriginScope]


@dataclass(frozen=True, slots=True)
class TrustedOrigins:
    """``local_names`` are names of this machine, where plain http is allowed."""

    door: FrontDoor
    store: Store
    local_names: tuple[str, ...] = field(default=())

    def routes(self) -> tuple[Route, ...]:
        return (
            _route("GET", TRUSTED_ORIGINS, self.list),
            _route("POST", TRUSTED_ORIGINS, self.create),
            _route("GET", TRUSTED_ORIGIN, self.read),
            _route("PUT", TRUSTED_ORIGIN, self.replace),
            _route("DELETE", TRUSTED_ORIGIN, self.remove),
            _route("POST", TRUSTED_ORIGIN_ACTIVATE, self.activate),
            _route("POST", TRUSTED_ORIGIN_DEACTIVATE, self.deactivate),
        )

    async def list(self, request: Request) -> Response:
        """A page of the org's trusted origins in order of id; ``after`` is the last id of the page before."""
        change = await administrator(self.door, request, "trustedOrigins.read")
        known = sorted(await self.store.trusted_origins(change.org_id), key=lambda origin: origin.id)
        matching = [origin for origin in known if _matches(request, origin)]
        limit, after = page_limit(request, default=_PAGE, most=_MOST), page_after(request)
        rest = [origin for origin in matching if origin.id > after]
        page = rest[:limit]
        following = page[-1].id if len(rest) > len(page) else None
        headers = page_links(request, TRUSTED_ORIGINS, ("q", "filter"), following)
        return Json(data=[_shape(request, origin) for origin in page]).with_headers(*headers)

    async def create(self, request: Request) -> Response:
        """200 with the origin, trusted from now on."""
        change = await administrator(self.door, request, "trustedOrigins.manage")
        wanted = _read(read_json_object(request.body))
        made = await origins.trust_origin(
            self.store,
            name=wanted.name,
            origin=wanted.origin,
            scopes=wanted.scopes,
            change=change,
            local_names=self.local_names,
        )
        return Json(data=_shape(request, made))

    async def read(self, request: Request) -> Response:
        change = await administrator(self.door, request, "trustedOrigins.read")
        ident = request.path_params["id"]
        try:
            return Json(data=_shape(request, await origins.find_origin(self.store, ident, change)))
        except Refusal as refusal:
            raise not_found(refusal, ident, "TrustedOrigin") from None

    async def replace(self, request: Request) -> Response:
        change = await administrator(self.door, request, "trustedOrigins.manage")
        ident, wanted = request.path_params["id"], _read(read_json_object(request.body))
        try:
            changed = await origins.change_origin(
                self.store,
                ident,
                name=wanted.name,
                origin=wanted.origin,
                scopes=wanted.scopes,
                change=change,
                local_names=self.local_names,
            )
        except Refusal as refusal:
            raise not_found(refusal, ident, "TrustedOrigin") from None
        return Json(data=_shape(request, changed))

    async def remove(self, request: Request) -> Response:
        change = await administrator(self.door, request, "trustedOrigins.manage")
        ident = request.path_params["id"]
        try:
            await origins.remove_origin(self.store, ident, change)
        except Refusal as refusal:
            raise not_found(refusal, ident, "TrustedOrigin") from None
        return Empty(status=204)

    async def activate(self, request: Request) -> Response:
        return await self._set(request, trusted=True)

    async def deactivate(self, request: Request) -> Response:
        return await self._set(request, trusted=False)

    async def _set(self, request: Request, *, trusted: bool) -> Response:
        change = await administrator(self.door, request, "trustedOrigins.manage")
        ident = request.path_params["id"]
        act = origins.restore_origin if trusted else origins.distrust_origin
        try:
            return Json(data=_shape(request, await act(self.store, ident, change)))
        except Refusal as refusal:
            raise not_found(refusal, ident, "TrustedOrigin") from None


def _route(method: str, path: str, handler: Handler) -> Route:
    takes_body = method == "PUT" or (method == "POST" and path == TRUSTED_ORIGINS)
    return Route(
        (method,),
        path,
        handler,
        write_error,
        "trusted_origins",
        body="json" if takes_body else "none",
        idempotent=method == "GET",
        limit=LIMIT_API,
    )


def _read(body: dict[str, JsonValue]) -> Wanted:
    return Wanted(_text(body, "name"), _text(body, "origin"), _scopes(body.get("scopes")))


def _text(body: dict[str, JsonValue], name: str) -> str:
    value = body.get(name)
    if not isinstance(value, str) or not value:
        raise ValidationFailed(name, name, f"{name}: a text is needed")
    return value


def _scopes(given: JsonValue) -> frozenset[OriginScope]:
    """The types of the scopes. What else this vendor knows of (frames) is not offered, so it is refused and not
    dropped."""
    if not isinstance(given, list):
        raise ValidationFailed("scopes", "scopes", "scopes: a list of objects with a type")
    found = []
    for item in given[:8]:
        kind = item.get("type") if isinstance(item, dict) else None
        if kind not in ("CORS", "REDIRECT"):
            raise ValidationFailed("scopes", "scopes", "scopes: each type is CORS or REDIRECT")
        found.append(cast("OriginScope", kind))
    return frozenset(found)


def _matches(request: Request, origin: TrustedOrigin) -> bool:
    """Whether ``q`` (the beginning of a name or origin) and ``filter`` (``status eq "ACTIVE"``) hold."""
    text = (request.query.get("q") or "").lower()
    if text and not (origin.name.lower().startswith(text) or text in origin.origin):
        return False
    wanted = request.query.get("filter")
    if not wanted:
        return True
    found = _FILTER.fullmatch(wanted)
    if found is None:
        raise ValidationFailed(
            "filter", "filter", 'filter: status, name or origin, eq, and a text in quotes ("ACTIVE")'
        )
    values = {"status": _status(origin), "name": origin.name, "origin": origin.origin}
    return values[found[1]] == found[2]


def _status(origin: TrustedOrigin) -> str:
    return origin.status.upper()


def _shape(request: Request, origin: TrustedOrigin) -> dict[str, object]:
    own = f"{request.site.domain.base_url}{TRUSTED_ORIGIN.format(id=origin.id)}"
    other = "deactivate" if origin.status == "active" else "activate"
    return {
        "id": origin.id,
        "name": origin.name,
        "origin": origin.origin,
        "status": _status(origin),
        "scopes": [{"type": scope} for scope in sorted(origin.scopes)],
        "created": timestamp(made_at(origin.id)),
        "_links": {
            "self": link(own, "GET", "PUT", "DELETE"),
            other: link(f"{own}/lifecycle/{other}", "POST"),
        },
    }
