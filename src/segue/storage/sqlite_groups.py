"""Groups and who is in them, on SQLite."""

import sqlite3
from collections.abc import Sequence

from segue.core.org import Group
from segue.events import Event
from segue.storage import rows, statements
from segue.storage.sqlite_config import raise_version
from segue.storage.sqlite_connection import local
from segue.storage.sqlite_events import add_event, with_event
from segue.storage.sqlite_part import SqlitePart

_PUT_GROUP = local(statements.PUT_GROUP)
_GROUPS = local(statements.GROUPS)
_GROUPS_OF = local(statements.GROUPS_OF)
_ADD_MEMBER = local(statements.ADD_MEMBER)
_REMOVE_MEMBER = local(statements.REMOVE_MEMBER)


class SqliteGroups(SqlitePart):
    """The groups of ``AdminStore``. Who is in one is no configuration: it is read with the user every time."""

    async def put_group(self, group: Group, event: Event) -> None:
        def work(connection: sqlite3.Connection) -> None:
            raise_version(connection, group.org_id)
            connection.execute(_PUT_GROUP, rows.group_values(group))
            add_event(connection, event)

        await self._write(work)

    async def groups(self, org_id: str, *, after: str = "", limit: int = 100) -> Sequence[Group]:
        return [rows.group(row) for row in await self._rows(_GROUPS, org_id, after, limit)]

    async def groups_of(self, org_id: str, user_id: str) -> Sequence[Group]:
        return [rows.group(row) for row in await self._rows(_GROUPS_OF, org_id, user_id)]

    async def add_member(self, org_id: str, group_id: str, user_id: str, event: Event) -> None:
        """Nothing is written where the user is in the group already."""
        await self._write(with_event(_ADD_MEMBER, (org_id, group_id, user_id), event))

    async def remove_member(self, org_id: str, group_id: str, user_id: str, event: Event) -> bool:
        return await self._write(with_event(_REMOVE_MEMBER, (org_id, group_id, user_id), event))
