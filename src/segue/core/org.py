"""A tenant and what belongs to it as a whole: domains, authorization servers, trusted origins, defaults."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Literal

from segue.core.factor import FactorType
from segue.core.policy import PolicySet
from segue.core.server import AccessPolicy, AccessRule, ServerClaim, ServerScope


@dataclass(frozen=True, slots=True)
class PasswordRules:
    """What a password of this org has to be, and how long it lasts (0: for ever). A password is at least eight
    characters whatever ``min_length`` says; there are no rules of composition (NIST SP 800-63B 5.1.1.2)."""

    min_length: int = 8
    expire_days: int = 0
    warn_days: int = 0


OriginScope = Literal["CORS", "REDIRECT"]


@dataclass(frozen=True, slots=True)
class OrgSettings:
    """Defaults of an org. Times as named: ``_s`` seconds.

    ``lockout_attempts`` wrong passwords in a row lock an account for ``lockout_s``. A browser session ends after
    ``session_idle_s`` without use and after ``session_life_s`` at the latest. ``landing_links`` are (label, address,
    description) shown on the start page to somebody who is not signed in.
    """

    lockout_attempts: int = 10
    lockout_s: int = 3600
    session_idle_s: int = 2 * 3600
    session_life_s: int = 24 * 3600
    password_rules: PasswordRules = field(default_factory=PasswordRules)
    #: Whether a locked account is told so; otherwise it is answered like a wrong password (AU-04).
    show_lockout: bool = False
    #: Groups whose members are always asked for a second factor.
    second_factor_groups: tuple[str, ...] = ()
    #: Factor types that users of this org may enrol.
    factors: tuple[FactorType, ...] = ("totp", "webauthn", "email", "question", "recovery_code")
    #: How long a browser that asked to be remembered needs no second factor; 0 switches remembering off.
    remember_device_s: int = 0
    #: Whether an image may sign a browser in. Off: browsers block third-party cookies, and any page can hold an image.
    session_image: bool = False
    #: Whether a link that carries a ticket asks "go on?" before it spends it, so that a mail scanner burns nothing.
    confirm_links: bool = False
    #: Networks of gateways that call with an API token on behalf of people: what such a call says in X-Forwarded-For is
    #: whose address it is about.
    gateways: tuple[str, ...] = ()
    #: How many applications may be trusted to hand a sign-in over to one target.
    trust_limit: int = 5
    landing_links: tuple[tuple[str, str, str], ...] = ()
    #: Whether a proof of possession at the token endpoint has to hold a value of ours (RFC 9449 8).
    use_dpop_nonce: bool = False


@dataclass(frozen=True, slots=True)
class Org:
    id: str
    name: str
    status: Literal["active", "inactive"] = "active"
    settings: OrgSettings = field(default_factory=OrgSettings)
    #: Read together with the org and written by themselves.
    policies: PolicySet = field(default_factory=PolicySet)


@dataclass(frozen=True, slots=True)
class Domain:
    """A public authority (``host`` or ``host:port`` as configured) of an org, and the dialect it speaks.

    Issuers, links and cookie names come from here, never from a request header (ED-01).
    """

    authority: str
    org_id: str
    dialect: str
    scheme: Literal["https", "http"] = "https"

    @property
    def base_url(self) -> str:
        """``scheme://authority`` without a slash at the end."""
        return f"{self.scheme}://{self.authority}"

    @property
    def secure(self) -> bool:
        return self.scheme == "https"


@dataclass(frozen=True, slots=True)
class Group:
    """A set of users. ``built_in`` is the one of everybody: its members are not stored. Times as epoch ms;
    ``members_changed_at`` 0 where nobody ever joined or left."""

    id: str
    org_id: str
    name: str
    description: str = ""
    type: Literal["standard", "built_in"] = "standard"
    created_at: int = 0
    updated_at: int = 0
    members_changed_at: int = 0


@dataclass(frozen=True, slots=True)
class GroupRule:
    """Puts every user for whom ``expression`` holds into the groups, but for the ``excluded`` users.

    ``applied_to`` says how far a change of the rule has come through the users: the id of the last one, None where it
    has come to its end.
    """

    id: str
    org_id: str
    name: str
    expression: str
    group_ids: tuple[str, ...]
    excluded: tuple[str, ...] = ()
    status: Literal["active", "inactive"] = "inactive"
    created_at: int = 0
    updated_at: int = 0
    applied_to: str | None = None

    @property
    def active(self) -> bool:
        return self.status == "active"


def everyone_id(org_id: str) -> str:
    """The id of the built-in group of an org: the org's own, under another prefix."""
    return f"00g{org_id[3:]}"


@dataclass(frozen=True, slots=True)
class TrustedOrigin:
    id: str
    org_id: str
    name: str
    origin: str
    scopes: frozenset[OriginScope]
    status: Literal["active", "inactive"] = "active"


@dataclass(frozen=True, slots=True)
class AuthorizationServer:
    """An issuer of tokens. ``path`` is what follows the domain's base URL in the issuer ("" for the org's own server).

    ``audience`` is the ``aud`` of access tokens; an empty one means the issuer itself. ``scopes`` maps a scope of its
    own to its settings; the OpenID scopes need no entry. Lifetimes in seconds.

    ``policies`` are asked in their order; a server with none of its own (None) has those of :func:`built_in_policies`,
    one with an empty list gives no tokens to anybody. ``updated_at`` is epoch ms.
    """

    id: str
    org_id: str
    name: str
    path: str
    audience: str
    key_set: str
    scopes: Mapping[str, ServerScope] = field(default_factory=dict)
    access_token_s: int = 3600
    id_token_s: int = 3600
    code_s: int = 60
    status: Literal["active", "inactive"] = "active"
    description: str = ""
    claims: tuple[ServerClaim, ...] = ()
    policies: tuple[AccessPolicy, ...] | None = None
    #: Other servers of the org whose access tokens may be exchanged for this one's.
    trusted_server_ids: tuple[str, ...] = ()
    rotation: Literal["auto", "manual"] = "auto"
    updated_at: int = 0
    #: Grows with every change; a change is made to the one it was read at.
    revision: int = 0

    @property
    def default_scopes(self) -> tuple[str, ...]:
        """What is granted to a request that names no scope, in the order of the settings."""
        return tuple(scope.name for scope in self.scopes.values() if scope.default)

    def issuer(self, domain: Domain) -> str:
        return f"{domain.base_url}/{self.path}" if self.path else domain.base_url


def built_in_policies(server: AuthorizationServer) -> tuple[AccessPolicy, ...]:
    """The policy of a server that nobody made rules for: every client, every user it is assigned to, every scope. Its
    ids follow from the server's, so that it can be named and changed like any other."""
    ending = server.id[3:] or server.id
    rule = AccessRule(f"0pr{ending}", "Default rule", access_token_s=server.access_token_s, system=True)
    return (AccessPolicy(f"00p{ending}", "Default policy", "Every client and everybody", rules=(rule,), system=True),)
