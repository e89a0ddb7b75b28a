"""What a dialect decides about OAuth: addresses, names and the shape of tokens. Everything else is the standard's."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Literal, TypeAlias

from segue.core.application import Application, OidcClient
from segue.core.assurance import Assurance
from segue.core.credential import Kind
from segue.core.org import AuthorizationServer, Domain
from segue.core.requirement import Requirement
from segue.core.strict import JsonValue
from segue.core.user import User
from segue.handoff.kinds import Slot
from segue.tokens.claims import CLAIMS_OF_SCOPES

Claims: TypeAlias = Mapping[str, JsonValue]

OPENID_FIELDS = (
    "issuer",
    "authorization_endpoint",
    "token_endpoint",
    "userinfo_endpoint",
    "jwks_uri",
    "end_session_endpoint",
    "response_types_supported",
    "response_modes_supported",
    "grant_types_supported",
    "subject_types_supported",
    "id_token_signing_alg_values_supported",
    "scopes_supported",
    "token_endpoint_auth_methods_supported",
    "token_endpoint_auth_signing_alg_values_supported",
    "claims_supported",
    "code_challenge_methods_supported",
    "introspection_endpoint",
    "introspection_endpoint_auth_methods_supported",
    "introspection_endpoint_auth_signing_alg_values_supported",
    "revocation_endpoint",
    "revocation_endpoint_auth_methods_supported",
    "revocation_endpoint_auth_signing_alg_values_supported",
    "dpop_signing_alg_values_supported",
    "prompt_values_supported",
    "authorization_response_iss_parameter_supported",
    "claims_parameter_supported",
    "request_parameter_supported",
    "request_uri_parameter_supported",
)
"""Fields of the OpenID Connect Discovery document in the order they are printed."""

OAUTH_FIELDS = (
    "issuer",
    "authorization_endpoint",
    "token_endpoint",
    "jwks_uri",
    "response_types_supported",
    "response_modes_supported",
    "grant_types_supported",
    "scopes_supported",
    "token_endpoint_auth_methods_supported",
    "token_endpoint_auth_signing_alg_values_supported",
    "code_challenge_methods_supported",
    "introspection_endpoint",
    "introspection_endpoint_auth_methods_supported",
    "introspection_endpoint_auth_signing_alg_values_supported",
    "revocation_endpoint",
    "revocation_endpoint_auth_methods_supported",
    "revocation_endpoint_auth_signing_alg_values_supported",
    "dpop_signing_alg_values_supported",
    "authorization_response_iss_parameter_supported",
    "end_session_endpoint",
    "subject_types_supported",
    "request_parameter_supported",
    "request_uri_parameter_supported",
)
"""Fields of the RFC 8414 document in the order they are printed."""


@dataclass(frozen=True, slots=True)
class Endpoints:
    """Absolute URLs of one authorization server at one domain; None for what it does not have."""

    authorization: str
    token: str
    userinfo: str
    jwks: str
    end_session: str
    introspection: str | None = None
    revocation: str | None = None


@dataclass(frozen=True, slots=True)
class TokenFacts:
    """What a token speaks of, before a dialect gives it its shape.

    ``issuer`` is the server's issuer at the domain in use. ``session_id`` is the public id of the browser session the
    token came from, None where there was none. ``acr`` is the class that was asked for and met, or "".
    """

    server: AuthorizationServer
    issuer: str
    app: Application
    user: User
    scopes: tuple[str, ...]
    assurance: Assurance
    session_id: str | None = None
    acr: str = ""
    #: What every token of this sign-in keeps with it in storage, refreshed ones too; no client sees it.
    kept: Mapping[str, JsonValue] = field(default_factory=dict)
    #: What the application calls the user where that is not their login.
    user_name: str = ""

    @property
    def known_user(self) -> User:
        """The user as the application knows them: who is meant stays the same, what they are called may not."""
        return replace(self.user, login=self.user_name) if self.user_name else self.user

    #: What the server's own claims come to, by the token they are for; the protocol's and the dialect's own win.
    access_claims: Claims = field(default_factory=dict)
    identity_claims: Claims = field(default_factory=dict)
    #: Identity claims that stand in an ID token also where an access token comes with it.
    always_claims: frozenset[str] = frozenset()
    #: How long a refresh token lives by the rule that gave it; None leaves it to its client.
    refresh_life_s: int | None = None
    refresh_idle_s: int | None = None

    @property
    def client_id(self) -> str:
        return self.app.oidc.client_id if self.app.oidc else ""

    @property
    def auth_time_s(self) -> int:
        """When the user proved who they are, in seconds (OIDC Core 2)."""
        return self.assurance.auth_time_at // 1000


@dataclass(frozen=True, slots=True)
class ClientFacts:
    """What a token of an application that acts for itself speaks of (RFC 6749 4.4)."""

    server: AuthorizationServer
    issuer: str
    app: Application
    scopes: tuple[str, ...]

    @property
    def client_id(self) -> str:
        return self.app.oidc.client_id if self.app.oidc else ""


def _as_client(facts: ClientFacts) -> Claims:
    return {"sub": facts.client_id, "client_id": facts.client_id, "scope": " ".join(facts.scopes)}


def _no_scopes(_server: AuthorizationServer, _client: OidcClient) -> frozenset[str]:
    return frozenset()


@dataclass(frozen=True, slots=True)
class TicketExchange:
    """An exchange of a sign-in for a ticket of ``kind`` (RFC 8693). The access token has to have ``scope``; the
    audience is ``audience_prefix`` with the id of the application that the ticket is for."""

    kind: Kind
    scope: str
    audience_prefix: str


@dataclass(frozen=True, slots=True)
class SessionTransferExchange:
    """What the refresh grant gives in place of an access token, for an audience of the prefix, a host name of the org
    and the suffix: a ticket of ``kind`` for a browser."""

    kind: Kind
    issued_token_type: str
    audience_prefix: str
    audience_suffix: str


def _nothing(_facts: TokenFacts) -> Claims:
    return {}


def _own_issuer(server: AuthorizationServer, domain: Domain) -> str:
    return server.issuer(domain)


def audience_of(server: AuthorizationServer, issuer: str) -> str:
    """The ``aud`` of a server's access tokens: its own audience, or itself."""
    return server.audience or issuer


def _no_more(_server: AuthorizationServer, _issuer: str, _scopes: Sequence[str]) -> tuple[str, ...]:
    return ()


def _no_extras(_server: AuthorizationServer, _domain: Domain) -> Claims:
    return {}


@dataclass(frozen=True, slots=True)
class OAuthProfile:
    """One dialect's OAuth.

    ``endpoints`` names the addresses. ``subject`` is the ``sub`` of ID tokens and of userinfo.
    ``access_token_claims`` gives an access token its ``sub`` and all else that is the vendor's; iss, aud, iat, exp and
    jti are set by the protocol and win. ``id_token_claims`` adds to an ID token in the same way, after sub, auth_time,
    amr, nonce and the claims of the scopes. ``jti`` is a prefix and the token's own id.

    ``sign_out_path`` is the dialect's page for somebody who is signed out and has nowhere to go on to.
    ``ticket_slots`` are the parameters of an authorization request that may carry a ticket. ``channel`` is the name
    under which the front channel is registered; two profiles in one process need two names.
    """

    endpoints: Callable[[AuthorizationServer, Domain], Endpoints]
    subject: Callable[[User], str]
    access_token_claims: Callable[[TokenFacts], Claims]
    sign_out_path: str
    #: What a server is called at a domain: its ``iss``.
    issuer: Callable[[AuthorizationServer, Domain], str] = _own_issuer
    #: Whether all servers of a domain are one issuer at one set of endpoints: a code or a token then says which of them
    #: it is of, and its keys are among those of all.
    one_issuer: bool = False
    #: The audience of a server's access tokens, and what stands beside it for a token with these scopes.
    audience: Callable[[AuthorizationServer, str], str] = audience_of
    more_audiences: Callable[[AuthorizationServer, str, Sequence[str]], tuple[str, ...]] = _no_more
    id_token_claims: Callable[[TokenFacts], Claims] = _nothing
    #: The ``sub`` and all else that is the vendor's in a token of an application that acts for itself (RFC 9068 2.2).
    client_token_claims: Callable[[ClientFacts], Claims] = _as_client
    #: Scopes of the org's own management API that a client was granted at a server.
    admin_scopes: Callable[[AuthorizationServer, OidcClient], frozenset[str]] = _no_scopes
    #: Whether a client gets them that authenticates by a secret, and one that names no scope all of them.
    admin_by_secret: bool = False
    ticket_slots: tuple[Slot, ...] = ()
    channel: str = "oidc"
    #: The claim of an access token that names its client (RFC 9068 2.2).
    client_claim: str = "client_id"
    access_token_prefix: str = ""
    id_token_prefix: str = ""
    #: Header ``typ`` (RFC 9068 2.1); None leaves it out.
    access_token_typ: str | None = "at+jwt"
    id_token_typ: str | None = "JWT"
    #: The vendor's ``response_mode`` for a page that hands the answer to the window that opened it.
    post_message_mode: str | None = None
    #: Scope of a request that names none; with "" such a request is refused (RFC 6749 3.3 allows both).
    default_scope: str = ""
    #: Whether a scope nobody knows is refused or left out (RFC 6749 3.3, OIDC Core 3.1.2.1).
    unknown_scopes: Literal["refuse", "ignore"] = "ignore"
    #: The error of a refresh request that asks for a scope the user did not grant (RFC 6749 5.2).
    widened_scope: Literal["invalid_scope", "access_denied"] = "invalid_scope"
    #: The scope by which an application keeps its sign-in here to hand it over; "" where there is no such thing.
    hand_off_scope: str = ""
    #: What the token exchange grant gives, by ``requested_token_type``.
    exchanges: Mapping[str, TicketExchange] = field(default_factory=dict)
    #: How a refresh token becomes a ticket for a browser; None where it does not.
    session_transfer: SessionTransferExchange | None = None
    #: The error for a client that may not use a grant, by ``grant_type``, where it is not ``unauthorized_client``.
    closed_grants: Mapping[str, str] = field(default_factory=dict)
    #: Error codes of the authorization endpoint that are the vendor's own, by the reason of a refusal.
    codes: Mapping[str, str] = field(default_factory=dict)
    state_required: bool = False
    #: The scope that asks the org's own server for the names of the user's groups; "" where there is none.
    group_scope: str = ""
    #: Authentication context classes (``acr_values``) and what each asks for.
    acr_requirements: Mapping[str, Requirement] = field(default_factory=dict)
    claims_of_scopes: Mapping[str, tuple[str, ...]] = field(default_factory=lambda: CLAIMS_OF_SCOPES)
    #: User claims an ID token keeps where an access token comes with it and userinfo has the rest; None keeps all.
    slim_id_token: frozenset[str] | None = None
    openid_fields: tuple[str, ...] = OPENID_FIELDS
    oauth_fields: tuple[str, ...] = OAUTH_FIELDS
    #: Fields of both documents that are the vendor's own; they are printed last.
    discovery_extras: Callable[[AuthorizationServer, Domain], Claims] = _no_extras
    keys_cache_s: int = 300
    #: Claims of access tokens that introspection repeats besides those of RFC 7662.
    introspected: tuple[str, ...] = ()
    #: Public sentences that clients of this vendor compare, by the name of the check that failed.
    texts: Mapping[str, str] = field(default_factory=dict)
