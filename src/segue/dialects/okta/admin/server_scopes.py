"""Scopes and claims of an authorization server over HTTP."""

from dataclasses import dataclass
from typing import Final, cast

from segue.admin import servers
from segue.admin.change import Change, invalid
from segue.core.org import AuthorizationServer
from segue.core.server import ClaimKind, ClaimToken, Consent, GroupFilter, ServerClaim, ServerScope, Status
from segue.core.strict import read_json_object
from segue.dialects.okta.admin.fields import Fields
from segue.dialects.okta.admin.server_routes import ServerCall, paged, server_route
from segue.dialects.okta.names import SERVER_CLAIM, SERVER_CLAIMS, SERVER_SCOPE, SERVER_SCOPES
from segue.dialects.okta.shapes import link
from segue.stores import Store
from segue.web.frontchannel import FrontDoor
from segue.web.message import Empty, Json, Request, Response
from segue.web.surface import Route

_CONSENTS: Final = ("IMPLICIT", "REQUIRED", "FLEXIBLE")
_ALL, _NONE = "ALL_CLIENTS", "NO_CLIENTS"
_TOKENS: Final = {"RESOURCE": "access", "IDENTITY": "identity"}
_KINDS: Final = {"EXPRESSION": "expression", "GROUPS": "groups"}
_FILTERS: Final = ("STARTS_WITH", "EQUALS", "CONTAINS", "REGEX")
_STANDARD: Final = {
    "openid": "Signals that a request is one of OpenID Connect",
    "profile": "Name and profile of the user",
    "email": "Mail address of the user",
    "address": "Postal address of the user",
    "phone": "Telephone number of the user",
    "offline_access": "Access by a refresh token while the user is away",
}


@dataclass(frozen=True, slots=True)
class ServerScopesAndClaims:
    door: FrontDoor
    store: Store

    def routes(self) -> tuple[Route, ...]:
        def at(method: str, path: str, call: ServerCall, *, body: bool = False) -> Route:
            return server_route(self.door, method, path, call, body=body)

        return (
            at("GET", SERVER_SCOPES, self.list_scopes),
            at("POST", SERVER_SCOPES, self.add_scope, body=True),
            at("GET", SERVER_SCOPE, self.read_scope),
            at("PUT", SERVER_SCOPE, self.replace_scope, body=True),
            at("DELETE", SERVER_SCOPE, self.remove_scope),
            at("GET", SERVER_CLAIMS, self.list_claims),
            at("POST", SERVER_CLAIMS, self.add_claim, body=True),
            at("GET", SERVER_CLAIM, self.read_claim),
            at("PUT", SERVER_CLAIM, self.replace_claim, body=True),
            at("DELETE", SERVER_CLAIM, self.remove_claim),
        )

    async def list_scopes(self, request: Request, change: Change) -> Response:
        """The standard scopes, which nobody changes, then the server's own. ``q`` is the beginning of a name."""
        server = await self._server(request, change)
        start = (request.query.get("q") or "").lower()
        known = [*_standard_scopes(server), *server.scopes.values()]
        shapes = [(_scope_id(scope), _scope(request, server, scope)) for scope in known]
        found = [(ident, shape) for ident, shape in shapes if str(shape["name"]).lower().startswith(start)]
        return paged(request, SERVER_SCOPES.format(server=request.path_params["server"]), found, "q", "filter")

    async def add_scope(self, request: Request, change: Change) -> Response:
        sent = _read_scope(Fields(read_json_object(request.body)))
        made = await servers.add_scope(self.store, request.path_params["server"], sent, change)
        return Json(status=201, data=_scope(request, await self._server(request, change), made))

    async def read_scope(self, request: Request, change: Change) -> Response:
        server, ident = await self._server(request, change), request.path_params["scope"]
        standard = [scope for scope in _standard_scopes(server) if ident in (scope.id, scope.name)]
        return Json(data=_scope(request, server, standard[0] if standard else servers.scope_of(server, ident)))

    async def replace_scope(self, request: Request, change: Change) -> Response:
        sent = _read_scope(Fields(read_json_object(request.body)))
        server = await self._server(request, change)
        ident = _own(server, request.path_params["scope"])
        changed = await servers.change_scope(self.store, server.id, ident, sent, change)
        return Json(data=_scope(request, server, changed))

    async def remove_scope(self, request: Request, change: Change) -> Response:
        server = await self._server(request, change)
        await servers.remove_scope(self.store, server.id, _own(server, request.path_params["scope"]), change)
        return Empty(status=204)

    async def list_claims(self, request: Request, change: Change) -> Response:
        """The server's own claims; those of the protocol are not settings and are not listed."""
        server = await self._server(request, change)
        shapes = [(claim.id, _claim(request, server, claim)) for claim in server.claims]
        return paged(request, SERVER_CLAIMS.format(server=request.path_params["server"]), shapes)

    async def add_claim(self, request: Request, change: Change) -> Response:
        sent = _read_claim(Fields(read_json_object(request.body)))
        made = await servers.add_claim(self.store, request.path_params["server"], sent, change)
        return Json(status=201, data=_claim(request, await self._server(request, change), made))

    async def read_claim(self, request: Request, change: Change) -> Response:
        server = await self._server(request, change)
        return Json(data=_claim(request, server, servers.claim_of(server, request.path_params["claim"])))

    async def replace_claim(self, request: Request, change: Change) -> Response:
        sent = _read_claim(Fields(read_json_object(request.body)))
        server, ident = await self._server(request, change), request.path_params["claim"]
        return Json(
            data=_claim(request, server, await servers.change_claim(self.store, server.id, ident, sent, change))
        )

    async def remove_claim(self, request: Request, change: Change) -> Response:
        names = request.path_params
        await servers.remove_claim(self.store, names["server"], names["claim"], change)
        return Empty(status=204)

    async def _server(self, request: Request, change: Change) -> AuthorizationServer:
        return await servers.find_server(self.store, request.path_params["server"], change)


def _standard_scopes(server: AuthorizationServer) -> list[ServerScope]:
    """The scopes that every server has, under ids that follow from the server's own."""
    start = f"scp{server.id[3:-2]}"
    return [
        ServerScope(name, f"{start}{number:02d}", text, name) for number, (name, text) in enumerate(_STANDARD.items())
    ]


def _own(server: AuthorizationServer, ident: str) -> str:
    """That the scope named is one that may be changed."""
    if any(ident in (scope.id, scope.name) for scope in _standard_scopes(server)):
        raise invalid("scope", "A standard scope stays as it is.")
    return ident


def _scope_id(scope: ServerScope) -> str:
    return scope.id or scope.name


def _scope(request: Request, server: AuthorizationServer, scope: ServerScope) -> dict[str, object]:
    path = SERVER_SCOPE.format(server=server.id, scope=_scope_id(scope))
    standard = scope.name in _STANDARD
    return {
        "id": _scope_id(scope),
        "name": scope.name,
        "displayName": scope.display_name or scope.name,
        "description": scope.description,
        "consent": scope.consent.upper(),
        "default": scope.default,
        "metadataPublish": _ALL if scope.published else _NONE,
        "optional": scope.optional,
        "system": standard,
        "_links": {
            "self": link(f"{request.site.domain.base_url}{path}", "GET", *(() if standard else ("PUT", "DELETE")))
        },
    }


def _read_scope(sent: Fields) -> ServerScope:
    sent.only(
        *("id", "name", "displayName", "description", "consent", "default", "metadataPublish", "optional", "system"),
        "_links",
    )
    return ServerScope(
        name=sent.needed("name"),
        description=sent.text("description"),
        display_name=sent.text("displayName"),
        consent=cast("Consent", sent.choice("consent", _CONSENTS, "IMPLICIT").lower()),
        default=sent.flag("default"),
        published=sent.choice("metadataPublish", (_ALL, _NONE), _NONE) == _ALL,
        optional=sent.flag("optional"),
    )


def _claim(request: Request, server: AuthorizationServer, claim: ServerClaim) -> dict[str, object]:
    path = SERVER_CLAIM.format(server=server.id, claim=claim.id)
    of_groups = claim.kind == "groups"
    return {
        "id": claim.id,
        "name": claim.name,
        "status": claim.status.upper(),
        "claimType": "RESOURCE" if claim.token == "access" else "IDENTITY",
        "valueType": claim.kind.upper(),
        "value": claim.value,
        **({"group_filter_type": claim.group_filter.upper()} if of_groups else {}),
        "conditions": {"scopes": sorted(claim.scopes)},
        "alwaysIncludeInToken": claim.always,
        "system": False,
        "_links": {"self": link(f"{request.site.domain.base_url}{path}", "GET", "PUT", "DELETE")},
    }


def _read_claim(sent: Fields) -> ServerClaim:
    sent.only(
        *("id", "name", "status", "claimType", "valueType", "value", "group_filter_type", "conditions"),
        *("alwaysIncludeInToken", "system", "_links"),
    )
    conditions = sent.part("conditions")
    conditions.only("scopes")
    token = _TOKENS[sent.choice("claimType", _TOKENS, "RESOURCE")]
    return ServerClaim(
        id="",
        name=sent.needed("name"),
        token=cast("ClaimToken", token),
        kind=cast("ClaimKind", _KINDS[sent.choice("valueType", _KINDS, "EXPRESSION")]),
        value=sent.needed("value"),
        group_filter=cast("GroupFilter", sent.choice("group_filter_type", _FILTERS, "STARTS_WITH").lower()),
        scopes=frozenset(conditions.texts("scopes")),
        # An access token has no userinfo to leave a claim to.
        always=sent.flag("alwaysIncludeInToken", default=token == "access"),
        status=cast("Status", sent.choice("status", ("ACTIVE", "INACTIVE"), "ACTIVE").lower()),
    )
