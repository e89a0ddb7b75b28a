"""Anything issued that can be presented or revoked, each with a parent: together the lineage of a sign-in."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Final, Literal

Kind = Literal[
    "session",
    "backend_session",
    "interclient",
    "session_token",
    "cookie_token",
    "image_token",
    "session_transfer",
    "state_token",
    "recovery_token",
    "authorization_code",
    "access_token",
    "refresh_token",
    "interaction",
    "api_token",
]

LONGEST_BIND_PATH: Final = 8


@dataclass(frozen=True, slots=True)
class NewCredential:
    """A credential about to be written. The store adds the times, by the database's own clock.

    ``digest`` is the SHA-256 of the secret (32 bytes; empty where the credential is a signed token that only its id
    names). ``bind_path`` are the ids, at most eight, of the ancestors whose revocation ends this one; it is fixed here
    for good. ``life_ms`` and ``idle_ms`` are durations in milliseconds. ``data`` is JSON that no query looks into.
    """

    org_id: str
    id: str
    kind: Kind
    digest: bytes = field(repr=False)
    life_ms: int
    user_id: str | None = None
    user_stamp: int | None = None
    parent_id: str | None = None
    root_id: str | None = None
    bind_path: tuple[str, ...] = ()
    minted_by: str | None = None
    app_id: str | None = None
    target_app_id: str | None = None
    domain: str | None = None
    server_id: str | None = None
    idle_ms: int | None = None
    data: Mapping[str, object] = field(default_factory=dict)

    def __post_init__(self) -> None:
        if len(self.bind_path) > LONGEST_BIND_PATH:
            raise ValueError("a bind path names at most eight ancestors")


@dataclass(frozen=True, slots=True)
class Credential:
    """A stored credential. Times are epoch milliseconds by the database's clock."""

    org_id: str
    id: str
    kind: Kind
    issued_at: int
    expires_at: int
    user_id: str | None = None
    user_stamp: int | None = None
    parent_id: str | None = None
    root_id: str | None = None
    bind_path: tuple[str, ...] = ()
    minted_by: str | None = None
    app_id: str | None = None
    target_app_id: str | None = None
    domain: str | None = None
    server_id: str | None = None
    idle_expires_at: int | None = None
    consumed_at: int | None = None
    consumed_by: str | None = None
    generation: int = 0
    epoch: int = 0
    data: Mapping[str, object] = field(default_factory=dict)

    @property
    def lineage_path(self) -> tuple[str, ...]:
        """The bind path of a child that this credential's revocation should end."""
        return (*self.bind_path, self.id)


@dataclass(frozen=True, slots=True)
class Participation:
    """That an application took part in a session: what logout and the tree need.

    ``protocol`` is ``oidc`` or ``saml``; ``name_id`` and ``session_index`` are what a SAML party was told.
    """

    session_id: str
    app_id: str
    protocol: str
    name_id: str = ""
    session_index: str = ""
