"""The endpoints of one dialect's OAuth, as its routes call them."""

from dataclasses import dataclass

from segue.core.clock import Source
from segue.core.org import AuthorizationServer
from segue.core.refusal import Refusal
from segue.protocols.oauth import errors
from segue.protocols.oauth.profile import OAuthProfile
from segue.stores import ConfigStore, SignInStore
from segue.tokens.signing import Signing
from segue.web.frontchannel import FrontChannel, FrontDoor
from segue.web.message import Request, Response


@dataclass(frozen=True, slots=True)
class OAuthEndpoints:
    """One instance a dialect. ``app`` registers ``channel`` with the front door under ``profile.channel``.

    Every method takes the request and the authorization server its address names. Routes: ``authorize`` GET and POST
    (form), ``token`` POST (form), ``userinfo`` GET and POST (form), ``keys`` and both documents GET with public CORS,
    ``end_session`` GET and POST (form). They raise Refusal; the ``write_…`` methods are the routes' refusal writers.
    """

    door: FrontDoor
    config: ConfigStore
    store: SignInStore
    signing: Signing
    source: Source
    profile: OAuthProfile

    @property
    def channel(self) -> FrontChannel:
        """The front channel that finishes authorization requests."""
        raise NotImplementedError

    async def authorize(self, request: Request, server: AuthorizationServer) -> Response:
        """Refusals: ``write_error_page``; event ``oauth.authorize``."""
        raise NotImplementedError

    async def token(self, request: Request, server: AuthorizationServer) -> Response:
        """Refusals: ``write_oauth_error``; event ``oauth.token``."""
        raise NotImplementedError

    async def userinfo(self, request: Request, server: AuthorizationServer) -> Response:
        """Refusals: ``write_bearer_error``; event ``oauth.userinfo``."""
        raise NotImplementedError

    async def keys(self, request: Request, server: AuthorizationServer) -> Response:
        """The public keys (RFC 7517), cacheable."""
        raise NotImplementedError

    async def openid_configuration(self, request: Request, server: AuthorizationServer) -> Response:
        """OpenID Connect Discovery 1.0 section 4."""
        raise NotImplementedError

    async def oauth_metadata(self, request: Request, server: AuthorizationServer) -> Response:
        """RFC 8414 section 3."""
        raise NotImplementedError

    async def end_session(self, request: Request, server: AuthorizationServer) -> Response:
        """OpenID Connect RP-Initiated Logout 1.0. Refusals: ``write_error_page``; event ``oauth.end_session``."""
        raise NotImplementedError

    def write_oauth_error(self, request: Request, refusal: Refusal, event_id: str) -> Response:
        return errors.write_oauth_error(request, refusal, event_id, self.profile.texts)

    def write_bearer_error(self, request: Request, refusal: Refusal, event_id: str) -> Response:
        return errors.write_bearer_error(request, refusal, event_id, self.profile.texts)

    def write_error_page(self, request: Request, refusal: Refusal, event_id: str) -> Response:
        return errors.error_page(refusal, event_id, self.profile.texts)
