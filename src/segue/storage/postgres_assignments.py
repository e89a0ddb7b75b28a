"""Assignments of applications on PostgreSQL, and the end of an application."""
# ruff: noqa: S608 -- the texts are put together from texts written here; a value is always a parameter.

from collections.abc import Sequence
from typing import Final

from segue.core.application import Application
from segue.core.assignment import GroupAssignment, UserAssignment
from segue.events import Event
from segue.storage import assignment_rows, rows
from segue.storage.postgres_pool import Database
from segue.storage.postgres_statements import add_events, events_json, raise_version, with_event

_ASSIGN: Final = with_event(assignment_rows.ASSIGN)
_UNASSIGN: Final = with_event(assignment_rows.UNASSIGN)
_PUT_ASSIGNMENT: Final = with_event(assignment_rows.PUT_ASSIGNMENT)
_PUT_GROUP_ASSIGNMENT: Final = with_event(assignment_rows.PUT_GROUP_ASSIGNMENT)
_REMOVE_GROUP_ASSIGNMENT: Final = with_event(assignment_rows.REMOVE_GROUP_ASSIGNMENT)
_PARTS: Final = ", ".join(
    f"part{number} AS ({text} AND EXISTS (SELECT FROM changed))"
    for number, text in enumerate(assignment_rows.PARTS_OF_APPLICATION)
)
# org, application, event. The foreign keys are checked when the whole statement has run. Somebody who is assigned at
# the same moment holds the application's row until then; their row is not seen here and the check fails it all.
_REMOVE_APPLICATION: Final = f"""
    WITH changed AS ({assignment_rows.REMOVE_APPLICATION}), {_PARTS}, raised AS ({raise_version("$1")}),
    recorded AS ({add_events("$3", "EXISTS (SELECT FROM changed)")})
    SELECT 1 FROM changed
"""


class PostgresAssignments:
    """``AssignmentStore``."""

    _database: Database

    async def assign(self, org_id: str, app_id: str, user_id: str, event: Event) -> None:
        """Nothing is written where the user has the application already."""
        await self._database.write(_ASSIGN, org_id, app_id, user_id, event.at, events_json([event]))

    async def unassign(self, org_id: str, app_id: str, user_id: str, event: Event) -> bool:
        return bool(await self._database.write(_UNASSIGN, org_id, app_id, user_id, events_json([event])))

    async def put_assignment(self, assignment: UserAssignment, event: Event) -> None:
        values = assignment_rows.user_assignment_values(assignment)
        await self._database.write(_PUT_ASSIGNMENT, *values, events_json([event]))

    async def assignment(self, org_id: str, app_id: str, user_id: str) -> UserAssignment | None:
        found = await self._database.read(assignment_rows.ASSIGNMENT, org_id, app_id, user_id)
        return assignment_rows.user_assignment(org_id, app_id, found[0]) if found else None

    async def assignments(
        self, org_id: str, app_id: str, *, after: str = "", limit: int = 100
    ) -> Sequence[UserAssignment]:
        found = await self._database.read(assignment_rows.ASSIGNMENTS, org_id, app_id, after, limit)
        return [assignment_rows.user_assignment(org_id, app_id, row) for row in found]

    async def group_assignments(
        self, org_id: str, app_id: str, *, after: str = "", limit: int = 100
    ) -> Sequence[GroupAssignment]:
        found = await self._database.read(assignment_rows.GROUP_ASSIGNMENTS, org_id, app_id, after, limit)
        return [assignment_rows.group_assignment(row) for row in found]

    async def group_assignment(self, org_id: str, app_id: str, group_id: str) -> GroupAssignment | None:
        found = await self._database.read(assignment_rows.GROUP_ASSIGNMENT, org_id, app_id, group_id)
        return assignment_rows.group_assignment(found[0]) if found else None

    async def applications_of_group(self, org_id: str, group_id: str) -> Sequence[Application]:
        found = await self._database.read(assignment_rows.APPLICATIONS_OF_GROUP, org_id, group_id)
        return [rows.application(row) for row in found]

    async def put_group_assignment(self, assignment: GroupAssignment, event: Event) -> None:
        values = assignment_rows.group_assignment_values(assignment)
        await self._database.write(_PUT_GROUP_ASSIGNMENT, *values, events_json([event]))

    async def remove_group_assignment(self, org_id: str, app_id: str, group_id: str, event: Event) -> bool:
        values = (org_id, app_id, group_id)
        return bool(await self._database.write(_REMOVE_GROUP_ASSIGNMENT, *values, events_json([event])))

    async def remove_application(self, org_id: str, app_id: str, event: Event) -> bool:
        return bool(await self._database.write(_REMOVE_APPLICATION, org_id, app_id, events_json([event])))
