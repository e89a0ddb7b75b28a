"""What an authorization server grants, says and allows: its scopes, its claims, and the policies for its clients."""

from dataclasses import dataclass, field
from typing import Final, Literal

Consent = Literal["implicit", "required", "flexible"]
ClaimToken = Literal["access", "identity"]
ClaimKind = Literal["expression", "groups"]
GroupFilter = Literal["starts_with", "equals", "contains", "regex"]
Status = Literal["active", "inactive"]

MOST_GROUPS: Final = 100
"""How many groups a claim can name; somebody in more that fit gets no token instead of a part of the truth."""

RESERVED_CLAIMS: Final = frozenset(
    {
        *("iss", "sub", "aud", "exp", "nbf", "iat", "jti", "nonce", "acr", "amr", "auth_time", "azp", "sid", "at_hash"),
        *("c_hash", "s_hash", "cnf", "act", "may_act", "client_id", "cid", "uid", "scope", "scp", "ver", "idp", "typ"),
        *("active", "token_type", "username", "tenant", "events"),
    }
)
"""What the protocol itself says in a token or about one: no setting can put words into its mouth (AC-02)."""


@dataclass(frozen=True, slots=True)
class ServerScope:
    """A scope of a server's own. ``default`` ones are granted to a request that names none; ``published`` says that
    discovery lists it. ``description`` is what people read of it."""

    name: str
    id: str = ""
    description: str = ""
    display_name: str = ""
    consent: Consent = "implicit"
    default: bool = False
    published: bool = True
    optional: bool = False


@dataclass(frozen=True, slots=True)
class ServerClaim:
    """A claim that a server adds to access tokens or to what it says of somebody's identity.

    ``value`` is an expression (``user.email``, see ``policy.expressions``), or what the names of groups are compared
    with by ``group_filter``. It is there for those who were granted one of ``scopes``, or for everybody where none is
    named. An identity claim goes into the ID token beside an access token only where ``always``; userinfo has it
    anyway.
    """

    id: str
    name: str
    token: ClaimToken
    kind: ClaimKind = "expression"
    value: str = ""
    group_filter: GroupFilter = "starts_with"
    scopes: frozenset[str] = frozenset()
    always: bool = True
    status: Status = "active"


@dataclass(frozen=True, slots=True)
class AccessRule:
    """Whom a policy lets get tokens, how, and for how long. None stands for everybody and everything.

    Times in seconds; ``refresh_life_s`` and ``refresh_idle_s`` None leave a refresh token to what its client is
    registered for. ``updated_at`` is epoch ms.
    """

    id: str
    name: str
    grant_types: frozenset[str] | None = None
    user_ids: frozenset[str] = frozenset()
    group_ids: frozenset[str] = frozenset()
    everyone: bool = True
    scopes: frozenset[str] | None = None
    access_token_s: int = 3600
    refresh_life_s: int | None = None
    refresh_idle_s: int | None = None
    status: Status = "active"
    updated_at: int = 0
    system: bool = False


@dataclass(frozen=True, slots=True)
class AccessPolicy:
    """Rules for some clients of a server, by ``client_ids``, or for all (None). Rules are asked in their order."""

    id: str
    name: str
    description: str = ""
    client_ids: frozenset[str] | None = None
    rules: tuple[AccessRule, ...] = field(default=())
    status: Status = "active"
    updated_at: int = 0
    system: bool = False
