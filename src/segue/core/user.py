"""The person: profile, status, and the stamp that voids what was issued before a change of credentials."""

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import Literal

from segue.core.org import everyone_id

UserStatus = Literal["staged", "provisioned", "active", "suspended", "deprovisioned"]
Role = Literal["owner", "support", "auditor"]


@dataclass(frozen=True, slots=True)
class User:
    """``login`` is shown as entered, ``login_key`` is its normal form (``core.identifiers``).

    ``stamp`` counts changes that must end what was issued earlier (password, status, factors): a credential carries the
    stamp of its minting and is live only while it is the current one. ``limits_exempt`` frees a demo or test user of
    rate limits and lock-out. An active user without a password can do nothing but choose one by a link. Times are epoch
    ms; ``activated_at`` is 0 until the user could first sign in. ``profile`` holds text values only (``firstName``,
    ``lastName``, ``email`` …).
    """

    id: str
    org_id: str
    login: str
    login_key: str
    status: UserStatus = "active"
    stamp: int = 1
    profile: Mapping[str, str] = field(default_factory=dict)
    password_hash: str | None = field(default=None, repr=False)
    password_changed_at: int = 0
    password_temporary: bool = False
    created_at: int = 0
    limits_exempt: bool = False
    status_changed_at: int = 0
    activated_at: int = 0
    updated_at: int = 0

    @property
    def active(self) -> bool:
        return self.status == "active"

    @property
    def display_name(self) -> str:
        name = f"{self.profile.get('firstName', '')} {self.profile.get('lastName', '')}".strip()
        return name or self.login

    @property
    def type(self) -> str:
        """What kind of user this is in the org's own words; ``default`` where it has none."""
        return self.profile.get("userType") or "default"

    @property
    def email(self) -> str:
        return self.profile.get("email", self.login)


@dataclass(frozen=True, slots=True)
class Subject:
    """A user as one decision sees them: with their groups, and whether they were assigned the application in question.

    They are by name, or as a member of a group that is. An application for everyone assigns nobody: that is read from
    the application (``Application.everyone``). ``user_name`` is what the application calls them; empty: their login.
    """

    user: User
    assigned: bool = False
    group_ids: frozenset[str] = frozenset()
    user_name: str = ""

    def __post_init__(self) -> None:
        # Nobody has to be put into the group of everybody, and nobody can be left out of it.
        object.__setattr__(self, "group_ids", self.group_ids | {everyone_id(self.user.org_id)})

    @property
    def for_application(self) -> User:
        """The user as the application in question knows them."""
        return replace(self.user, login=self.user_name) if self.user_name else self.user


@dataclass(frozen=True, slots=True)
class RoleAssignment:
    """That a user administers the org, and as what. A user may have several roles: each adds to what they may do."""

    org_id: str
    user_id: str
    role: Role
    assigned_at: int
