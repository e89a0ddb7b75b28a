"""What an application may do by itself, and the keys that it proves itself by, over HTTP."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

from segue.admin import client_keys, scope_grants
from segue.core.application import Application, ScopeGrant
from segue.core.refusal import Refusal
from segue.core.strict import read_json_object
from segue.core.verdict import Check
from segue.dialects.okta.admin.app_routes import app_route, named_app
from segue.dialects.okta.admin.caller import administrator, not_found
from segue.dialects.okta.admin.fields import Fields
from segue.dialects.okta.errors import ResourceNotFound
from segue.dialects.okta.names import (
    ADMIN_SCOPE_PREFIX,
    APP,
    APP_GRANT,
    APP_GRANTS,
    APP_JWK,
    APP_JWKS,
)
from segue.dialects.okta.shapes import link, timestamp
from segue.stores import Store
from segue.web.frontchannel import FrontDoor
from segue.web.message import Empty, Json, Request, Response
from segue.web.surface import Route

_READ_ONLY: Final = ("status", "id", "created", "lastUpdated", "_links")
_JWK: Final = ("kty", "kid", "use", "alg", "n", "e", "crv", "x", "y", *_READ_ONLY)


@dataclass(frozen=True, slots=True)
class AppGrants:
    door: FrontDoor
    store: Store

    def routes(self) -> tuple[Route, ...]:
        return (
            app_route("GET", APP_GRANTS, self.grants),
            app_route("POST", APP_GRANTS, self.grant, body=True),
            app_route("GET", APP_GRANT, self.granted),
            app_route("DELETE", APP_GRANT, self.revoke),
            app_route("GET", APP_JWKS, self.keys),
            app_route("POST", APP_JWKS, self.add_key, body=True),
            app_route("GET", APP_JWK, self.key),
            app_route("DELETE", APP_JWK, self.remove_key),
        )

    async def grants(self, request: Request) -> Response:
        app, found = await self._grants(request)
        return Json(data=[_shape_grant(request, app, each) for each in found])

    async def granted(self, request: Request) -> Response:
        app, found = await self._grants(request)
        ident = request.path_params["grant"]
        for each in found:
            if each.id == ident:
                return Json(data=_shape_grant(request, app, each))
        check = Check("grant", passed=False, expected="a grant of this application", seen=ident[:80])
        raise ResourceNotFound(ident[:80], "OAuth2ScopeConsentGrant", check)

    async def grant(self, request: Request) -> Response:
        """201 with the grant: from now on the application may ask for that scope by itself."""
        change = await administrator(self.door, request, "appGrants.manage")
        app = await named_app(self.store, request, change)
        body = Fields(read_json_object(request.body))
        body.only("scopeId", "issuer")
        issuer = request.site.domain.base_url
        if body.needed("issuer").rstrip("/") != issuer:
            body.refuse("issuer", f"scopes of administration are given by {issuer}")
        scope = body.needed("scopeId")
        if not scope.startswith(ADMIN_SCOPE_PREFIX):
            body.refuse("scopeId", f"a scope of administration begins with {ADMIN_SCOPE_PREFIX}")
        permission = scope.removeprefix(ADMIN_SCOPE_PREFIX)
        try:
            made = await scope_grants.grant_scope(self.store, app.id, permission, change)
        except Refusal as refusal:
            raise not_found(refusal, app.id, "OAuth2Client") from None
        return Json(status=201, data=_shape_grant(request, app, made))

    async def revoke(self, request: Request) -> Response:
        change = await administrator(self.door, request, "appGrants.manage")
        app = await named_app(self.store, request, change)
        ident = request.path_params["grant"]
        try:
            await scope_grants.revoke_scope(self.store, app.id, ident, change)
        except Refusal as refusal:
            raise not_found(refusal, ident, "OAuth2ScopeConsentGrant") from None
        return Empty(status=204)

    async def keys(self, request: Request) -> Response:
        change = await administrator(self.door, request, "apps.read")
        app = await named_app(self.store, request, change)
        found = await client_keys.list_client_keys(self.store, app.id, change)
        return Json(data=[_shape_key(request, app, each) for each in found])

    async def add_key(self, request: Request) -> Response:
        change = await administrator(self.door, request, "apps.manage")
        app = await named_app(self.store, request, change)
        body = Fields(read_json_object(request.body))
        body.only(*_JWK)
        body.unless("status", "ACTIVE", why="a key that is added may sign at once")
        made = await client_keys.add_client_key(self.store, app.id, body.kept(*_JWK), change)
        return Json(status=201, data=_shape_key(request, app, made))

    async def key(self, request: Request) -> Response:
        change = await administrator(self.door, request, "apps.read")
        app = await named_app(self.store, request, change)
        kid = request.path_params["key"]
        try:
            found = await client_keys.find_client_key(self.store, app.id, kid, change)
        except Refusal as refusal:
            raise not_found(refusal, kid, "JsonWebKey") from None
        return Json(data=_shape_key(request, app, found))

    async def remove_key(self, request: Request) -> Response:
        change = await administrator(self.door, request, "apps.manage")
        app = await named_app(self.store, request, change)
        kid = request.path_params["key"]
        try:
            await client_keys.remove_client_key(self.store, app.id, kid, change)
        except Refusal as refusal:
            raise not_found(refusal, kid, "JsonWebKey") from None
        return Empty(status=204)

    async def _grants(self, request: Request) -> tuple[Application, tuple[ScopeGrant, ...]]:
        change = await administrator(self.door, request, "appGrants.read")
        app = await named_app(self.store, request, change)
        return app, app.oidc.scope_grants if app.oidc is not None else ()


def _shape_grant(request: Request, app: Application, grant: ScopeGrant) -> dict[str, object]:
    base = request.site.domain.base_url
    return {
        "id": grant.id,
        "status": "ACTIVE",
        "created": timestamp(grant.created_at),
        "createdBy": {"id": grant.created_by, "type": "User"},
        "lastUpdated": timestamp(grant.created_at),
        "issuer": base,
        "clientId": app.oidc.client_id if app.oidc is not None else "",
        "scopeId": f"{ADMIN_SCOPE_PREFIX}{grant.permission}",
        "source": "ADMIN",
        "_links": {
            "app": {"href": f"{base}{APP.format(app=app.id)}", "title": app.label},
            "self": link(f"{base}{APP_GRANT.format(app=app.id, grant=grant.id)}", "GET", "DELETE"),
        },
    }


def _shape_key(request: Request, app: Application, jwk: Mapping[str, str]) -> dict[str, object]:
    own = f"{request.site.domain.base_url}{APP_JWK.format(app=app.id, key=jwk['kid'])}"
    return {**jwk, "id": jwk["kid"], "status": "ACTIVE", "_links": {"delete": link(own, "DELETE")}}
