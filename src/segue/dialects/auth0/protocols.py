"""The addresses of OAuth and OpenID Connect. One set of them serves every API of the org: ``audience`` says which."""

from collections.abc import Awaitable, Callable
from dataclasses import dataclass, replace

from segue.core.org import AuthorizationServer
from segue.core.refusal import Refusal
from segue.core.strict import Params
from segue.dialects.auth0.admin.resource import audiences, management_server
from segue.dialects.auth0.errors import (
    ResourceNotFound,
    ServiceNotFound,
    not_granted,
    write_authorize_page,
    write_bearer_error,
    write_error,
)
from segue.dialects.auth0.federation import Federation
from segue.dialects.auth0.names import (
    AUDIENCE,
    AUTHORIZE,
    CLIENT_CREDENTIALS,
    CLIENT_ID,
    CLIENT_ID_AS_PRINTED,
    GRANT_TYPE,
    KEYS,
    LIMIT_OAUTH,
    LIMIT_PAGE,
    OAUTH_DOCUMENT,
    OIDC_LOGOUT,
    OPENID_DOCUMENT,
    REVOKE,
    TOKEN,
    USERINFO,
)
from segue.protocols.oauth.endpoints import OAuthEndpoints
from segue.protocols.oauth.exchanges.session_transfer import names_us
from segue.stores import ConfigStore
from segue.web.message import Request, Response
from segue.web.surface import Handler, Route

ServerHandler = Callable[[Request, AuthorizationServer], Awaitable[Response]]


@dataclass(frozen=True, slots=True)
class OAuthRoutes:
    config: ConfigStore
    oauth: OAuthEndpoints
    federation: Federation

    def routes(self) -> tuple[Route, ...]:
        oauth, limit = self.oauth, LIMIT_OAUTH
        return (
            Route(
                ("GET", "POST"),
                AUTHORIZE,
                self.authorize,
                write_authorize_page,
                "oauth.authorize",
                body="form",
                document=True,
                limit=LIMIT_PAGE,
            ),
            Route(
                ("POST",),
                TOKEN,
                self.token,
                write_error,
                "oauth.token",
                cors="client",
                body="form_or_json",
                limit=limit,
            ),
            Route(
                ("POST",),
                REVOKE,
                self._own(oauth.revoke),
                write_error,
                "oauth.revoke",
                cors="client",
                body="form_or_json",
                limit=limit,
            ),
            Route(
                ("GET", "POST"),
                USERINFO,
                self._own(oauth.userinfo),
                write_bearer_error,
                "oauth.userinfo",
                cors="client",
                body="form",
                idempotent=True,
                limit=limit,
            ),
            Route(
                ("GET", "POST"),
                OIDC_LOGOUT,
                self._own(oauth.end_session),
                write_authorize_page,
                "oauth.end_session",
                body="form",
                document=True,
                limit=LIMIT_PAGE,
            ),
            self._document(KEYS, oauth.keys),
            self._document(OPENID_DOCUMENT, oauth.openid_configuration),
            self._document(OAUTH_DOCUMENT, oauth.oauth_metadata),
        )

    async def authorize(self, request: Request) -> Response:
        """RFC 6749 3.1, for the API that the request names."""
        request = _as_printed(request)
        if (elsewhere := await self.federation.detour(request)) is not None:
            return elsewhere
        return await self.oauth.authorize(request, await self._named(request, request.params))

    async def token(self, request: Request) -> Response:
        """RFC 6749 3.2. An exchanged code or refresh token says itself which API it is for."""
        audience = request.form.get(AUDIENCE) or ""
        for_itself = request.form.get(GRANT_TYPE) == CLIENT_CREDENTIALS
        if not for_itself or audience not in audiences(request.site.domain):
            return await self.oauth.token(request, await self._named(request, request.form))
        try:
            own = await self._own_server(request)
            return await self.oauth.token(request, management_server(own, request.site.domain))
        except Refusal as refusal:
            raise not_granted(refusal, audience) from None

    async def _named(self, request: Request, params: Params) -> AuthorizationServer:
        """The active server of the audience, the org's own where none is named. Raises ServiceNotFound."""
        audience, profile = params.get(AUDIENCE) or "", self.oauth.profile
        if not audience or await names_us(audience, profile, self.config, request.site.org.id):
            return await self._own_server(request)
        for server in await self.config.authorization_servers(request.site.org.id):
            names = profile.audience(server, profile.issuer(server, request.site.domain))
            if server.status == "active" and names == audience:
                return server
        raise ServiceNotFound(audience)

    def _document(self, path: str, handler: ServerHandler) -> Route:
        return Route(("GET",), path, self._own(handler), write_error, "oauth.metadata", cors="public", idempotent=True)

    def _own(self, handler: ServerHandler) -> Handler:
        async def handle(request: Request) -> Response:
            return await handler(request, await self._own_server(request))

        return handle

    async def _own_server(self, request: Request) -> AuthorizationServer:
        for server in await self.config.authorization_servers(request.site.org.id):
            if server.path == "" and server.status == "active":
                return server
        raise ResourceNotFound("the org's own server", "an active authorization server")


def _as_printed(request: Request) -> Request:
    """The request with the one parameter that a published example spells in another way under its right name."""
    query = request.query
    if CLIENT_ID_AS_PRINTED not in query or CLIENT_ID in query:
        return request
    named = [(CLIENT_ID if name == CLIENT_ID_AS_PRINTED else name, value) for name, value in query.items()]
    return replace(request, query=Params(tuple(named)))
