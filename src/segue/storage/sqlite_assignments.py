"""Assignments of applications on SQLite, and the end of an application."""

import sqlite3
from collections.abc import Sequence

from segue.core.application import Application
from segue.core.assignment import GroupAssignment, UserAssignment
from segue.events import Event
from segue.storage import assignment_rows, rows
from segue.storage.sqlite_config import raise_version
from segue.storage.sqlite_connection import local
from segue.storage.sqlite_events import add_event, with_event
from segue.storage.sqlite_part import SqlitePart
from segue.storage.sqlite_writer import RolledBack

_ASSIGN = local(assignment_rows.ASSIGN)
_UNASSIGN = local(assignment_rows.UNASSIGN)
_PUT_ASSIGNMENT = local(assignment_rows.PUT_ASSIGNMENT)
_ASSIGNMENTS = local(assignment_rows.ASSIGNMENTS)
_ASSIGNMENT = local(assignment_rows.ASSIGNMENT)
_GROUP_ASSIGNMENTS = local(assignment_rows.GROUP_ASSIGNMENTS)
_GROUP_ASSIGNMENT = local(assignment_rows.GROUP_ASSIGNMENT)
_APPLICATIONS_OF_GROUP = local(assignment_rows.APPLICATIONS_OF_GROUP)
_PUT_GROUP_ASSIGNMENT = local(assignment_rows.PUT_GROUP_ASSIGNMENT)
_REMOVE_GROUP_ASSIGNMENT = local(assignment_rows.REMOVE_GROUP_ASSIGNMENT)
_REMOVE_APPLICATION = local(assignment_rows.REMOVE_APPLICATION)
_PARTS = tuple(map(local, assignment_rows.PARTS_OF_APPLICATION))


class SqliteAssignments(SqlitePart):
    """``AssignmentStore`` of ``segue.stores``."""

    async def assign(self, org_id: str, app_id: str, user_id: str, event: Event) -> None:
        """Nothing is written where the user has the application already."""
        await self._write(with_event(_ASSIGN, (org_id, app_id, user_id, event.at), event))

    async def unassign(self, org_id: str, app_id: str, user_id: str, event: Event) -> bool:
        return await self._write(with_event(_UNASSIGN, (org_id, app_id, user_id), event))

    async def put_assignment(self, assignment: UserAssignment, event: Event) -> None:
        values = assignment_rows.user_assignment_values(assignment)
        await self._write(with_event(_PUT_ASSIGNMENT, values, event))

    async def assignment(self, org_id: str, app_id: str, user_id: str) -> UserAssignment | None:
        row = await self._row(_ASSIGNMENT, org_id, app_id, user_id)
        return assignment_rows.user_assignment(org_id, app_id, row) if row else None

    async def assignments(
        self, org_id: str, app_id: str, *, after: str = "", limit: int = 100
    ) -> Sequence[UserAssignment]:
        found = await self._rows(_ASSIGNMENTS, org_id, app_id, after, limit)
        return [assignment_rows.user_assignment(org_id, app_id, row) for row in found]

    async def group_assignments(
        self, org_id: str, app_id: str, *, after: str = "", limit: int = 100
    ) -> Sequence[GroupAssignment]:
        found = await self._rows(_GROUP_ASSIGNMENTS, org_id, app_id, after, limit)
        return [assignment_rows.group_assignment(row) for row in found]

    async def group_assignment(self, org_id: str, app_id: str, group_id: str) -> GroupAssignment | None:
        row = await self._row(_GROUP_ASSIGNMENT, org_id, app_id, group_id)
        return assignment_rows.group_assignment(row) if row else None

    async def applications_of_group(self, org_id: str, group_id: str) -> Sequence[Application]:
        return [rows.application(row) for row in await self._rows(_APPLICATIONS_OF_GROUP, org_id, group_id)]

    async def put_group_assignment(self, assignment: GroupAssignment, event: Event) -> None:
        values = assignment_rows.group_assignment_values(assignment)
        await self._write(with_event(_PUT_GROUP_ASSIGNMENT, values, event))

    async def remove_group_assignment(self, org_id: str, app_id: str, group_id: str, event: Event) -> bool:
        return await self._write(with_event(_REMOVE_GROUP_ASSIGNMENT, (org_id, app_id, group_id), event))

    async def remove_application(self, org_id: str, app_id: str, event: Event) -> bool:
        def work(connection: sqlite3.Connection) -> None:
            for text in _PARTS:
                connection.execute(text, (org_id, app_id))
            if not connection.execute(_REMOVE_APPLICATION, (org_id, app_id)).fetchall():
                raise RolledBack
            raise_version(connection, org_id)
            add_event(connection, event)

        try:
            await self._write(work)
        except RolledBack:
            return False
        return True
