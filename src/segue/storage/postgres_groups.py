"""Groups and who is in them, on PostgreSQL."""

from collections.abc import Sequence
from typing import Final

from segue.core.org import Group
from segue.events import Event
from segue.storage import rows, statements
from segue.storage.postgres_pool import Database
from segue.storage.postgres_statements import events_json, with_event

_PUT_GROUP: Final = with_event(statements.PUT_GROUP, new_version_of="$1")
_ADD_MEMBER: Final = with_event(statements.ADD_MEMBER)
_REMOVE_MEMBER: Final = with_event(statements.REMOVE_MEMBER)


class PostgresGroups:
    """The groups of ``AdminStore``. Who is in one is no configuration: it is read with the user every time."""

    _database: Database

    async def put_group(self, group: Group, event: Event) -> None:
        await self._database.write(_PUT_GROUP, *rows.group_values(group), events_json([event]))

    async def groups(self, org_id: str, *, after: str = "", limit: int = 100) -> Sequence[Group]:
        return [rows.group(row) for row in await self._database.read(statements.GROUPS, org_id, after, limit)]

    async def groups_of(self, org_id: str, user_id: str) -> Sequence[Group]:
        return [rows.group(row) for row in await self._database.read(statements.GROUPS_OF, org_id, user_id)]

    async def add_member(self, org_id: str, group_id: str, user_id: str, event: Event) -> None:
        """Nothing is written where the user is in the group already."""
        await self._database.write(_ADD_MEMBER, org_id, group_id, user_id, events_json([event]))

    async def remove_member(self, org_id: str, group_id: str, user_id: str, event: Event) -> bool:
        return bool(await self._database.write(_REMOVE_MEMBER, org_id, group_id, user_id, events_json([event])))
