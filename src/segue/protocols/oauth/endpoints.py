"""The endpoints of one dialect's OAuth, as its routes call them."""

from dataclasses import dataclass

from segue.core.org import AuthorizationServer
from segue.core.refusal import Refusal
from segue.protocols.oauth import errors
from segue.protocols.oauth.authorize import Authorize, OidcChannel
from segue.protocols.oauth.bound_tokens import BoundTokens
from segue.protocols.oauth.client_assertion import Assertions
from segue.protocols.oauth.client_auth import ClientAuthenticator
from segue.protocols.oauth.client_keys import ClientKeys
from segue.protocols.oauth.dpop import ProofNonces
from segue.protocols.oauth.end_session import EndSession
from segue.protocols.oauth.introspect import Introspect
from segue.protocols.oauth.issue import Issuer
from segue.protocols.oauth.metadata import Metadata
from segue.protocols.oauth.presented import AccessTokens
from segue.protocols.oauth.profile import OAuthProfile
from segue.protocols.oauth.revoke import Revoke
from segue.protocols.oauth.server_rules import ServerRules
from segue.protocols.oauth.token import TokenEndpoint
from segue.protocols.oauth.token_request import Tools
from segue.protocols.oauth.userinfo import Userinfo
from segue.stores import ConfigStore, CredentialStore
from segue.tokens.signing import Signing
from segue.web.frontchannel import FrontDoor
from segue.web.message import Request, Response
from segue.web.sign_in_limits import SignInLimits


@dataclass(frozen=True, slots=True)
class OAuthEndpoints:
    """One instance a dialect. ``app`` registers ``channel`` with the front door under ``profile.channel``.

    Every method takes the request and the active authorization server that its address names. Routes: ``authorize`` GET
    and POST (form), a document; ``token``, ``revoke`` and ``introspect`` POST (form) and ``userinfo`` GET and POST
    (form), client CORS; ``keys`` and the two documents GET, idempotent, public CORS; ``end_session`` GET and POST
    (form), a document. They raise Refusal and strict.Malformed; the ``write_…`` methods are the routes' refusal
    writers.
    """

    door: FrontDoor
    config: ConfigStore
    store: CredentialStore
    signing: Signing
    profile: OAuthProfile
    limits: SignInLimits
    client_keys: ClientKeys
    nonces: ProofNonces

    @property
    def clients(self) -> ClientAuthenticator:
        """Who calls, for every endpoint that a client calls by itself."""
        return ClientAuthenticator(self.config, Assertions(self.store, self.client_keys), self.profile)

    @property
    def rules(self) -> ServerRules:
        """What servers' own settings make of tokens."""
        return ServerRules(self.config, self.door.store, self.profile)

    @property
    def channel(self) -> OidcChannel:
        """The front channel that finishes authorization requests."""
        return OidcChannel(self.config, Issuer(self.signing, self.profile), self.profile, self.rules)

    @property
    def access_tokens(self) -> AccessTokens:
        """Reads the access tokens of this dialect."""
        return AccessTokens(self.config, self.store, self.profile)

    async def authorize(self, request: Request, server: AuthorizationServer) -> Response:
        """RFC 6749 3.1. Refusals: ``write_error_page``; event ``oauth.authorize``."""
        return await Authorize(self.door, self.config, self.signing, self.profile, self.rules)(request, server)

    async def token(self, request: Request, server: AuthorizationServer) -> Response:
        """RFC 6749 3.2. Refusals: ``write_oauth_error``; event ``oauth.token``."""
        tools = Tools(self.door, self.store, Issuer(self.signing, self.profile), self.limits, self.rules)
        return await TokenEndpoint(self.door, self.clients, tools, self.nonces)(request, server)

    async def userinfo(self, request: Request, server: AuthorizationServer) -> Response:
        """OIDC Core 5.3. Refusals: ``write_bearer_error``; event ``oauth.userinfo``."""
        return await Userinfo(BoundTokens(self.access_tokens), self.profile, self.rules)(request, server)

    async def revoke(self, request: Request, server: AuthorizationServer) -> Response:
        """RFC 7009. Refusals: ``write_oauth_error``; event ``oauth.revoke``."""
        return await Revoke(self.door, self.clients, self.access_tokens)(request, server)

    async def introspect(self, request: Request, server: AuthorizationServer) -> Response:
        """RFC 7662. Refusals: ``write_oauth_error``; event ``oauth.introspect``."""
        return await Introspect(self.clients, self.access_tokens, self.profile)(request, server)

    async def keys(self, request: Request, server: AuthorizationServer) -> Response:
        """The public keys (RFC 7517 5), cacheable."""
        return await Metadata(self.signing, self.profile).keys(request, server)

    async def openid_configuration(self, request: Request, server: AuthorizationServer) -> Response:
        """OpenID Connect Discovery 1.0 section 4, cacheable."""
        return await Metadata(self.signing, self.profile).openid_configuration(request, server)

    async def oauth_metadata(self, request: Request, server: AuthorizationServer) -> Response:
        """RFC 8414 section 3, cacheable."""
        return await Metadata(self.signing, self.profile).oauth_metadata(request, server)

    async def end_session(self, request: Request, server: AuthorizationServer) -> Response:
        """RP-Initiated Logout 1.0. Refusals: ``write_error_page``; event ``oauth.end_session``."""
        return await EndSession(self.door, self.config, self.signing, self.profile)(request, server)

    def write_oauth_error(self, request: Request, refusal: Refusal, event_id: str) -> Response:
        return errors.write_oauth_error(request, refusal, event_id, self.profile.texts)

    def write_bearer_error(self, request: Request, refusal: Refusal, event_id: str) -> Response:
        return errors.write_bearer_error(request, refusal, event_id, self.profile.texts)

    def write_error_page(self, _request: Request, refusal: Refusal, event_id: str) -> Response:
        return errors.write_error_page(refusal, event_id)
