"""Who administers an org, on PostgreSQL."""

from collections.abc import Sequence
from typing import Final

from segue.core.user import Role, RoleAssignment
from segue.events import Event
from segue.storage import rows, statements
from segue.storage.postgres_pool import Database
from segue.storage.postgres_statements import events_json, with_event

_ASSIGN: Final = with_event(statements.ASSIGN_ROLE)
_REMOVE: Final = with_event(statements.REMOVE_ROLE)


class PostgresRoles:
    """The roles of ``UserStore``. They are no configuration: a call reads them every time."""

    _database: Database

    async def role_assignments(self, org_id: str, user_id: str | None = None) -> Sequence[RoleAssignment]:
        if user_id is None:
            found = await self._database.read(statements.ROLES, org_id)
        else:
            found = await self._database.read(statements.ROLES_OF_USER, org_id, user_id)
        return [rows.role_assignment(row) for row in found]

    async def assign_role(self, assignment: RoleAssignment, event: Event) -> bool:
        return bool(await self._database.write(_ASSIGN, *rows.role_values(assignment), events_json([event])))

    async def remove_role(self, org_id: str, user_id: str, role: Role, event: Event) -> bool:
        return bool(await self._database.write(_REMOVE, org_id, user_id, role, events_json([event])))
