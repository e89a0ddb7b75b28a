"""Custom authorization servers over HTTP, with their keys and the servers they trust."""

from dataclasses import dataclass
from typing import Final

from segue.admin import keys, servers
from segue.admin.change import Change, missing
from segue.admin.servers import ServerDraft
from segue.core.org import AuthorizationServer
from segue.core.sealing import Sealer
from segue.core.strict import JsonValue, read_json, read_json_object
from segue.dialects.okta.admin.fields import Fields
from segue.dialects.okta.admin.server_routes import ServerCall, paged, server_route, times
from segue.dialects.okta.errors import ValidationFailed
from segue.dialects.okta.names import (
    ACTIVATE,
    DEACTIVATE,
    SERVER,
    SERVER_ASSOCIATED,
    SERVER_ASSOCIATION,
    SERVER_KEY,
    SERVER_KEY_ROTATE,
    SERVER_KEYS,
    SERVERS,
)
from segue.dialects.okta.shapes import link, timestamp
from segue.stores import Store
from segue.tokens.keys import DEFAULT_ALGORITHM, SigningKey, jwks
from segue.tokens.signing import Signing
from segue.web.frontchannel import FrontDoor
from segue.web.message import Empty, Json, Request, Response
from segue.web.surface import Route

PATH: Final = "oauth2/{id}"
_READ_ONLY: Final = ("id", "issuer", "status", "created", "lastUpdated", "_links", "default", "_embedded", "jwks")


@dataclass(frozen=True, slots=True)
class AuthorizationServers:
    door: FrontDoor
    store: Store
    signing: Signing
    sealer: Sealer

    def routes(self) -> tuple[Route, ...]:
        def at(method: str, path: str, call: ServerCall, *, body: bool = False) -> Route:
            return server_route(self.door, method, path, call, body=body)

        return (
            at("GET", SERVERS, self.list_servers),
            at("POST", SERVERS, self.create, body=True),
            at("GET", SERVER, self.read),
            at("PUT", SERVER, self.replace, body=True),
            at("DELETE", SERVER, self.remove),
            at("POST", f"{SERVER}{ACTIVATE}", self.activate),
            at("POST", f"{SERVER}{DEACTIVATE}", self.deactivate),
            at("GET", SERVER_KEYS, self.list_keys),
            at("GET", SERVER_KEY, self.read_key),
            at("POST", SERVER_KEY_ROTATE, self.rotate, body=True),
            at("GET", SERVER_ASSOCIATED, self.associated),
            at("POST", SERVER_ASSOCIATED, self.associate, body=True),
            at("DELETE", SERVER_ASSOCIATION, self.dissociate),
        )

    async def list_servers(self, request: Request, change: Change) -> Response:
        """In order of id. ``q`` is looked for in name and audience."""
        wanted = (request.query.get("q") or "").lower()
        known = await servers.list_servers(self.store, change)
        found = [each for each in known if wanted in f"{each.name} {each.audience}".lower()]
        return paged(request, SERVERS, [(each.id, await self._shape(request, each)) for each in found], "q")

    async def create(self, request: Request, change: Change) -> Response:
        """201. The new server gives nobody tokens until it has a policy with a rule."""
        draft = _draft(Fields(read_json_object(request.body)))
        made = await servers.create_server(self.store, draft, PATH, change)
        return Json(status=201, data=await self._shape(request, made))

    async def read(self, request: Request, change: Change) -> Response:
        return await self._answer(request, await self._named(request, change))

    async def replace(self, request: Request, change: Change) -> Response:
        draft = _draft(Fields(read_json_object(request.body)))
        return await self._answer(request, await servers.change_server(self.store, _name(request), draft, change))

    async def remove(self, request: Request, change: Change) -> Response:
        await servers.remove_server(self.store, _name(request), change)
        return Empty(status=204)

    async def activate(self, request: Request, change: Change) -> Response:
        await servers.set_server_status(self.store, _name(request), "active", change)
        return Empty(status=204)

    async def deactivate(self, request: Request, change: Change) -> Response:
        await servers.set_server_status(self.store, _name(request), "inactive", change)
        return Empty(status=204)

    async def list_keys(self, request: Request, change: Change) -> Response:
        """The keys that tokens are signed with: the next one, the current one, and those that retired last."""
        server = await self._named(request, change)
        return Json(data=[shape for _, shape in await self._key_shapes(request, server, change)])

    async def read_key(self, request: Request, change: Change) -> Response:
        server, kid = await self._named(request, change), request.path_params["key"]
        for known, shape in await self._key_shapes(request, server, change):
            if known.kid == kid:
                return Json(data=shape)
        raise missing("key", kid, "The authorization server has no such key.")

    async def rotate(self, request: Request, change: Change) -> Response:
        """Publishes a key that signs once every verifier had time to fetch it; servers of one key set rotate together.
        400 where one waits already."""
        sent = Fields(read_json_object(request.body))
        sent.only("use")
        sent.choice("use", ("sig",), "sig")
        server = await self._named(request, change)
        await keys.rotate(self.store, self.sealer, server.key_set, name=request.site.domain.authority, change=change)
        return Json(data=[shape for _, shape in await self._key_shapes(request, server, change)])

    async def associated(self, request: Request, change: Change) -> Response:
        """The servers that this one trusts (``trusted=true``, the default) or those it does not."""
        server = await self._named(request, change)
        trusted = (request.query.get("trusted") or "true").lower() == "true"
        known = await servers.list_servers(self.store, change)
        found = [each for each in known if (each.id in server.trusted_server_ids) is trusted and each.id != server.id]
        path = SERVER_ASSOCIATED.format(server=_name(request))
        return paged(request, path, [(each.id, await self._shape(request, each)) for each in found], "trusted", "q")

    async def associate(self, request: Request, change: Change) -> Response:
        """200 with the servers that are trusted by this call. The vendor's body is ``{"trusted": [ids]}``."""
        body = read_json(request.body)
        sent = Fields(body if isinstance(body, dict) else {"trusted": body})
        sent.only("trusted")
        wanted = sent.texts("trusted")
        server = await self._named(request, change)
        together = tuple(dict.fromkeys((*server.trusted_server_ids, *wanted)))
        await servers.trust_servers(self.store, server.id, together, change)
        found = [await servers.find_server(self.store, ident, change) for ident in wanted]
        return Json(data=[await self._shape(request, each) for each in found])

    async def dissociate(self, request: Request, change: Change) -> Response:
        server, other = await self._named(request, change), request.path_params["other"]
        if other not in server.trusted_server_ids:
            raise missing("authorization server", other, "The server is not trusted.")
        rest = [ident for ident in server.trusted_server_ids if ident != other]
        await servers.trust_servers(self.store, server.id, rest, change)
        return Empty(status=204)

    async def _named(self, request: Request, change: Change) -> AuthorizationServer:
        return await servers.find_server(self.store, _name(request), change)

    async def _answer(self, request: Request, server: AuthorizationServer) -> Response:
        return Json(data=await self._shape(request, server))

    async def _shape(self, request: Request, server: AuthorizationServer) -> dict[str, object]:
        key = await self.signing.current(server.org_id, server.key_set, request.now_at)
        own = f"{request.site.domain.base_url}{SERVER.format(server=server.id)}"
        issuer = server.issuer(request.site.domain)
        other = "deactivate" if server.status == "active" else "activate"
        return {
            "id": server.id,
            "name": server.name,
            "description": server.description,
            "audiences": [server.audience or issuer],
            "issuer": issuer,
            "issuerMode": "ORG_URL",
            "status": server.status.upper(),
            **times(server.id, server.updated_at),
            "credentials": {
                "signing": {
                    "kid": key.kid,
                    "rotationMode": server.rotation.upper(),
                    "lastRotated": timestamp(key.signs_from_at),
                    "use": "sig",
                }
            },
            "_links": {
                "self": link(own, "GET", "DELETE", "PUT"),
                "scopes": link(f"{own}/scopes", "GET"),
                "claims": link(f"{own}/claims", "GET"),
                "policies": link(f"{own}/policies", "GET"),
                "rotateKey": link(f"{own}/credentials/lifecycle/keyRotate", "POST"),
                "metadata": [
                    {
                        "name": "oauth-authorization-server",
                        **link(f"{issuer}/.well-known/oauth-authorization-server", "GET"),
                    },
                    {"name": "openid-configuration", **link(f"{issuer}/.well-known/openid-configuration", "GET")},
                ],
                other: link(f"{own}/lifecycle/{other}", "POST"),
            },
        }

    async def _key_shapes(
        self, request: Request, server: AuthorizationServer, change: Change
    ) -> list[tuple[SigningKey, dict[str, JsonValue]]]:
        known = [
            key
            for key in await keys.key_set_of(self.store, server.key_set, change)
            if key.algorithm == DEFAULT_ALGORITHM and not key.retired(request.now_at)
        ]
        current = await self.signing.current(server.org_id, server.key_set, request.now_at)
        base = f"{request.site.domain.base_url}{SERVER_KEYS.format(server=server.id)}"
        return [
            (key, {**_public(key), "status": _status(key, current), "_links": _self(f"{base}/{key.kid}")})
            for key in sorted(known, key=lambda key: -key.signs_from_at)
        ]


def _public(key: SigningKey) -> dict[str, JsonValue]:
    """The public half as a verifier sees it."""
    (shape,) = jwks((key,), key.created_at)["keys"]
    return {str(name): str(value) for name, value in shape.items()}


def _status(key: SigningKey, current: SigningKey) -> str:
    if key.kid == current.kid:
        return "ACTIVE"
    return "NEXT" if key.signs_from_at > current.signs_from_at else "EXPIRED"


def _self(href: str) -> JsonValue:
    return {"self": {"href": href, "hints": {"allow": ["GET"]}}}


def _name(request: Request) -> str:
    return request.path_params["server"]


def _draft(sent: Fields) -> ServerDraft:
    sent.only("name", "description", "audiences", "issuerMode", "credentials", *_READ_ONLY)
    sent.unless("issuerMode", "ORG_URL", "CUSTOM_URL", "DYNAMIC", why="ORG_URL: the issuer follows the org's address")
    audiences = sent.texts("audiences")
    if len(audiences) != 1:
        raise ValidationFailed("audiences", "audiences", "audiences: a list of exactly one audience")
    return ServerDraft(sent.needed("name"), audiences[0], sent.text("description"))
