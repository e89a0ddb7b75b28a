"""Who may do what in administration: permissions, and the roles that grant them.

A permission is ``resource.read`` or ``resource.manage``; to manage a thing includes reading it. A dialect's scopes and
the console's roles come down to the same permissions, so there is one answer to "may they".
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import Final

from segue.core.refusal import Refusal
from segue.core.user import Role
from segue.core.verdict import Check, Verdict

ROLES: Final[Mapping[Role, frozenset[str]]] = MappingProxyType(
    {
        "owner": frozenset({"*.manage"}),
        "support": frozenset({"*.read", "users.manage", "sessions.manage", "factors.manage"}),
        "auditor": frozenset({"*.read"}),
    }
)
"""What each role may do; ``*`` stands for every resource."""


RESOURCES: Final = (
    "apiTokens",
    "appGrants",
    "apps",
    "apps.interclientTrust",
    "authenticators",
    "authorizationServers",
    "clients",
    "devices",
    "factors",
    "features",
    "groups",
    "idps",
    "logs",
    "networkZones",
    "oauthIntegrations",
    "orgs",
    "policies",
    "roles",
    "schemas",
    "sessions",
    "trustedOrigins",
    "userTypes",
    "users",
)
"""What is administered."""

PERMISSIONS: Final = frozenset(f"{resource}.{access}" for resource in RESOURCES for access in ("read", "manage"))
OWN_ACCOUNT: Final = frozenset({"users.read.self", "users.manage.self"})
"""What a token may let its user do to their own account alone."""


@dataclass(frozen=True, slots=True)
class Actor:
    """Whoever calls an administrative operation: ``id`` is a user, a token or an application."""

    id: str
    permissions: frozenset[str]

    def may(self, permission: str) -> bool:
        """Whether ``permission`` (``users.read``) is among what was granted."""
        resource, _, access = permission.rpartition(".")
        wide = {f"{resource}.manage", "*.manage"}
        if access == "read":
            wide |= {permission, "*.read"}
        return not wide.isdisjoint(self.permissions)

    def covers(self, permissions: Iterable[str]) -> bool:
        """Whether nothing of ``permissions`` goes beyond the actor's own."""
        return all(self.may(permission) for permission in permissions)

    def require(self, permission: str) -> None:
        """Raises Refusal ``forbidden`` where the actor may not."""
        if not self.may(permission):
            check = Check(
                "permission",
                passed=False,
                expected=permission,
                seen=" ".join(sorted(self.permissions))[:256],
                mend="Use an administrator's role, a token or a scope that allows this.",
            )
            raise Refusal("forbidden", "You are not allowed to do this.", Verdict((check,), rule="permission"))
