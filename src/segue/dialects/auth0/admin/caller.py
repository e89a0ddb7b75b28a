"""Who calls the Management API: an application with an access token for it, which it got for itself."""

from dataclasses import dataclass
from typing import Final

from segue.admin.actor import PERMISSIONS, Actor
from segue.admin.change import Change
from segue.dialects.auth0.admin.errors import insufficient_scope, no_header, write_error, wrong_audience
from segue.dialects.auth0.admin.resource import SCOPES, management_server
from segue.dialects.auth0.names import LIMIT_API, MANAGEMENT
from segue.dialects.auth0.profile import oauth_profile
from segue.protocols.oauth.bound_tokens import BoundTokens, read_header
from segue.protocols.oauth.presented import AccessTokens, LiveAccessToken
from segue.stores import Store
from segue.web.frontchannel import FrontDoor
from segue.web.message import Request
from segue.web.surface import Body, Handler, Route

_PROFILE: Final = oauth_profile()


@dataclass(frozen=True, slots=True)
class Callers:
    """Reads the tokens that the API is called with."""

    door: FrontDoor
    store: Store

    async def administrator(self, request: Request, *scopes: str) -> Change:
        """The change that a caller makes who has any of the scopes. A scope counts while the token names it and the
        application is still granted what it stands for, so that a grant taken back holds at once.

        Raises Refusal ``invalid_token``, ApiRefusal.
        """
        live = await self._live(request)
        granted = live.app.oidc.granted_permissions if live.app.oidc is not None else frozenset()
        named = {SCOPES[scope] for scope in live.scopes if scope in SCOPES}
        reach = Actor(live.app.id, granted & PERMISSIONS)
        actor = Actor(live.app.id, frozenset(permission for permission in named if reach.may(permission)))
        if not any(scope in live.scopes and reach.may(SCOPES[scope]) for scope in scopes):
            raise insufficient_scope(scopes, " ".join(live.scopes))
        return Change(self.door.circumstances(request), actor.id, actor)

    async def _live(self, request: Request) -> LiveAccessToken:
        """The token in the header, for this API and at this domain."""
        presented = read_header(request)
        if presented is None:
            raise no_header()
        tokens = BoundTokens(AccessTokens(self.door.config, self.door.store, _PROFILE))
        for own in await self.door.config.authorization_servers(request.site.org.id):
            if own.path == "" and own.status == "active":
                server = management_server(own, request.site.domain)
                live = await tokens.check(request, server, presented)
                # A token of another API of the same issuer is alive, and not for us.
                if live.credential.server_id == server.id and live.user is None:
                    return live
        raise wrong_audience()


def api_route(method: str, path: str, handler: Handler, event: str, *, json: bool = False) -> Route:
    """A route of the API; ``path`` follows its address. ``json`` says that it reads a body."""
    body: Body = "json" if json else "none"
    return Route(
        (method,),
        f"{MANAGEMENT}{path}",
        handler,
        write_error,
        event,
        body=body,
        idempotent=method == "GET",
        limit=LIMIT_API,
    )
