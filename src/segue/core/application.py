"""A relying party: its protocol settings, what it requires of a sign-in, and how it treats a hand-off."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Literal

from segue.core.requirement import Requirement
from segue.core.strict import JsonValue

RefreshRotation = Literal["rotate", "static"]
ClientAuthentication = Literal["client_secret_basic", "client_secret_post", "private_key_jwt", "none"]
Carrier = Literal["query", "cookie"]
DeviceBinding = Literal["ip", "asn", "none"]
WhenOtherUser = Literal["keep", "login_required", "ask", "ask_always", "end_and_prompt", "replace", "refuse"]


@dataclass(frozen=True, slots=True)
class ClientSecret:
    """What is known of a client secret beside its digest: how it is called, since when, and whether it is in use."""

    id: str
    digest: bytes = field(repr=False)
    created_at: int = 0
    updated_at: int = 0
    active: bool = True


@dataclass(frozen=True, slots=True)
class ScopeGrant:
    """That an application may act on the org itself: ``permission`` is ``resource.read`` or ``resource.manage``."""

    id: str
    permission: str
    created_at: int = 0
    created_by: str = ""


@dataclass(frozen=True, slots=True)
class OidcClient:
    """OpenID Connect settings. ``native`` clients may vary the port of a loopback redirect (RFC 8252 7.3).

    ``secret_digests`` hold the SHA-256 digests of the secrets in use, 32 bytes each: two during a change of secret.
    ``secrets`` says more of them, and of one that was put out of use. An empty ``authentication`` set would lock a
    client out, so it is never empty.
    """

    client_id: str
    redirect_uris: tuple[str, ...] = ()
    post_logout_redirect_uris: tuple[str, ...] = ()
    response_types: frozenset[str] = frozenset({"code"})
    grant_types: frozenset[str] = frozenset({"authorization_code"})
    authentication: ClientAuthentication = "client_secret_basic"
    secret_digests: tuple[bytes, ...] = field(default=(), repr=False)
    secrets: tuple[ClientSecret, ...] = field(default=(), repr=False)
    pkce_required: bool = False
    native: bool = False
    #: Where a link on the dashboard starts the application's own sign-in (OIDC Core 4); empty: it has none.
    initiate_login_uri: str = ""
    id_token_algorithm: Literal["RS256", "ES256", "Ed25519"] = "RS256"
    #: Whether every use of a refresh token gives a new one; ``static`` ones are for clients that keep a secret.
    refresh_rotation: RefreshRotation = "rotate"
    #: For how long a used refresh token gives its child once more, for a client that lost the answer (0 to 60).
    refresh_grace_s: int = 30
    #: How long a refresh token works after the sign-in, and after its last use.
    refresh_life_s: int = 90 * 24 * 3600
    refresh_idle_s: int = 7 * 24 * 3600
    #: Public keys as JSON Web Keys (RFC 7517), in the form of ``tokens.client_keys``; or the address they are at.
    jwks: tuple[Mapping[str, str], ...] = ()
    jwks_uri: str = ""
    scope_grants: tuple[ScopeGrant, ...] = ()
    #: Every access token of this client is bound to a key that it proves to hold (RFC 9449 5.2).
    dpop_bound_access_tokens: bool = False

    @property
    def public(self) -> bool:
        return self.authentication == "none"

    @property
    def has_secret(self) -> bool:
        """Whether it authenticates by a secret that both sides know."""
        return self.authentication in ("client_secret_basic", "client_secret_post")

    @property
    def granted_permissions(self) -> frozenset[str]:
        """What the application itself may do in administration."""
        return frozenset(grant.permission for grant in self.scope_grants)

    @property
    def needs_pkce(self) -> bool:
        """RFC 9700 2.1.1: always for a public client, by setting for others."""
        return self.public or self.pkce_required


@dataclass(frozen=True, slots=True)
class SamlServiceProvider:
    """SAML 2.0 settings of a service provider; the first of ``acs_urls`` is the default.

    ``name_id_from`` names the profile field (or ``login``) that becomes the NameID; ``attributes`` maps an attribute
    name to a profile field. ``certificates_pem`` verify its signed requests. Both the response and the assertion are
    signed unless a service provider cannot take two signatures; one always is. ``idp_entity_id`` overrides ours where a
    service provider pins another one.
    """

    entity_id: str
    acs_urls: tuple[str, ...]
    audience: str = ""
    name_id_format: str = "urn:oasis:names:tc:SAML:1.1:nameid-format:emailAddress"
    name_id_from: str = "login"
    attributes: Mapping[str, str] = field(default_factory=dict)
    want_signed_requests: bool = False
    certificates_pem: tuple[str, ...] = ()
    sign_response: bool = True
    sign_assertion: bool = True
    assertion_s: int = 300
    idp_entity_id: str = ""


@dataclass(frozen=True, slots=True)
class WsFedRelyingParty:
    """WS-Federation settings; the first of ``reply_urls`` is the default. ``token_type`` is the assertion inside."""

    realm: str
    reply_urls: tuple[str, ...]
    token_type: Literal["saml20", "saml11"] = "saml20"
    audience: str = ""
    name_id_format: str = "urn:oasis:names:tc:SAML:1.1:nameid-format:emailAddress"
    name_id_from: str = "login"
    attributes: Mapping[str, str] = field(default_factory=dict)
    assertion_s: int = 300
    idp_entity_id: str = ""


@dataclass(frozen=True, slots=True)
class Bookmark:
    """A link that people reach through their dashboard; the application itself knows nothing of us."""

    url: str


@dataclass(frozen=True, slots=True)
class AppLink:
    """A named address of an application on the dashboard. ``id`` and ``name`` are parts of its embed links."""

    id: str
    name: str
    label: str
    #: Sent to the application as RelayState, or as the bookmark's address where it has several.
    target: str = ""


@dataclass(frozen=True, slots=True)
class SessionTransfer:
    """How an application hands the sign-in of its refresh tokens over to a browser, and how it takes one that another
    application handed over.

    The application that hands over: ``can_create`` tickets, and whether revoking the refresh token ends the sessions
    that came from it (``cascade``). The one that takes: by which ``carriers``, from which device, whether such a
    sign-in gives it refresh tokens, and whether those end with the browser's session (``online_refresh_tokens``).
    """

    can_create: bool = False
    carriers: tuple[Carrier, ...] = ()
    device_binding: DeviceBinding = "ip"
    allow_refresh_token: bool = False
    online_refresh_tokens: bool = True
    cascade: bool = True


@dataclass(frozen=True, slots=True)
class Application:
    """One application of an org. ``name`` and ``external_key`` form its addresses, ``label`` is what people read.

    ``home_authority`` is the domain whose issuer a SAML or WS-Federation application sees, whichever door was used.
    ``everyone`` assigns it to all users. ``when_other_user`` overrides the ticket kind's default where a ticket meets
    somebody else's session; ``ask_always`` shows "continue as …?" also where nobody is signed in (OT-15).
    ``annotations`` are what an administrator's tool keeps with it: given back as they came, they decide nothing.
    ``updated_at`` is the last change in epoch ms, 0 before the first.
    """

    id: str
    org_id: str
    name: str
    label: str
    external_key: str
    status: Literal["active", "inactive"] = "active"
    oidc: OidcClient | None = None
    saml: SamlServiceProvider | None = None
    wsfed: WsFedRelyingParty | None = None
    bookmark: Bookmark | None = None
    links: tuple[AppLink, ...] = ()
    requirement: Requirement = field(default_factory=Requirement)
    home_authority: str = ""
    everyone: bool = False
    when_other_user: WhenOtherUser | None = None
    annotations: Mapping[str, JsonValue] = field(default_factory=dict)
    updated_at: int = 0
    #: Whether a sign-in that another application handed over opens a session of the browser's; else it is for this
    #: application alone.
    hand_off_opens_session: bool = False
    #: The access policy that decides about it; empty: the org's default one.
    policy_id: str = ""
    #: None where nobody ever said anything about it, which means what the defaults mean.
    session_transfer: SessionTransfer | None = None

    @property
    def transfer(self) -> SessionTransfer:
        return self.session_transfer or SessionTransfer()

    @property
    def active(self) -> bool:
        return self.status == "active"
