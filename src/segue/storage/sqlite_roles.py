"""Who administers an org, on SQLite."""

from collections.abc import Sequence

from segue.core.user import Role, RoleAssignment
from segue.events import Event
from segue.storage import rows, statements
from segue.storage.sqlite_connection import local
from segue.storage.sqlite_events import with_event
from segue.storage.sqlite_part import SqlitePart

_ROLES = local(statements.ROLES)
_ROLES_OF_USER = local(statements.ROLES_OF_USER)
_ASSIGN = local(statements.ASSIGN_ROLE)
_REMOVE = local(statements.REMOVE_ROLE)


class SqliteRoles(SqlitePart):
    """The roles of ``UserStore``. They are no configuration: a call reads them every time."""

    async def role_assignments(self, org_id: str, user_id: str | None = None) -> Sequence[RoleAssignment]:
        found = await (self._rows(_ROLES, org_id) if user_id is None else self._rows(_ROLES_OF_USER, org_id, user_id))
        return [rows.role_assignment(row) for row in found]

    async def assign_role(self, assignment: RoleAssignment, event: Event) -> bool:
        return await self._write(with_event(_ASSIGN, rows.role_values(assignment), event))

    async def remove_role(self, org_id: str, user_id: str, role: Role, event: Event) -> bool:
        return await self._write(with_event(_REMOVE, (org_id, user_id, role), event))
