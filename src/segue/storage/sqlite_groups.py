"""Groups and who is in them, on SQLite."""

import json
import sqlite3
from collections.abc import Mapping, Sequence

from segue.core.condition import Condition
from segue.core.org import Group, GroupRule
from segue.core.user import User
from segue.events import Event
from segue.storage import group_rows, rows, statements
from segue.storage.conditions import GROUPS, SQLITE, page_of
from segue.storage.sqlite_config import raise_version
from segue.storage.sqlite_connection import local
from segue.storage.sqlite_events import add_event, with_event
from segue.storage.sqlite_part import SqlitePart

_PUT_GROUP = local(statements.PUT_GROUP)
_GROUPS = local(statements.GROUPS)
_GROUP = local(statements.GROUP)
_REMOVE_GROUP = local(statements.REMOVE_GROUP)
_REMOVE_MEMBERS = local(statements.REMOVE_MEMBERS)
_TOUCH_MEMBERS = local(statements.TOUCH_MEMBERS)
_GROUPS_OF = local(statements.GROUPS_OF)
_MEMBERS = local(statements.MEMBERS)
_ADD_MEMBER = local(statements.ADD_MEMBER)
_REMOVE_MEMBER = local(statements.REMOVE_MEMBER)
_PUT_RULE = local(statements.PUT_GROUP_RULE)
_RULES = local(statements.GROUP_RULES)
_REMOVE_RULE = local(statements.REMOVE_GROUP_RULE)
_ADVANCE_RULE = local(statements.ADVANCE_GROUP_RULE)
_UNFINISHED_RULES = local(statements.UNFINISHED_RULES)
# org, users as JSON
_MEMBERSHIPS = (
    "SELECT user_id, group_id, by_rule FROM group_members "
    "WHERE org_id = ?1 AND user_id IN (SELECT value FROM json_each(?2))"
)
# org, user, groups as JSON
_JOIN_BY_RULE = (
    "INSERT INTO group_members (org_id, user_id, group_id, by_rule) SELECT ?1, ?2, id, 1 FROM groups "
    "WHERE org_id = ?1 AND type = 'standard' AND id IN (SELECT value FROM json_each(?3)) "
    "ON CONFLICT (org_id, user_id, group_id) DO NOTHING RETURNING group_id"
)
_LEAVE_BY_RULE = (
    "DELETE FROM group_members WHERE org_id = ?1 AND user_id = ?2 AND by_rule "
    "AND group_id IN (SELECT value FROM json_each(?3)) RETURNING group_id"
)


class SqliteGroups(SqlitePart):
    """The groups of ``AdminStore``. Who is in one is no configuration: it is read with the user every time."""

    async def put_group(self, group: Group, event: Event) -> None:
        def work(connection: sqlite3.Connection) -> None:
            raise_version(connection, group.org_id)
            connection.execute(_PUT_GROUP, group_rows.group_values(group))
            add_event(connection, event)

        await self._write(work)

    async def group(self, org_id: str, group_id: str) -> Group | None:
        row = await self._row(_GROUP, org_id, group_id)
        return group_rows.group(row) if row else None

    async def groups(self, org_id: str, *, after: str = "", limit: int = 100) -> Sequence[Group]:
        return [group_rows.group(row) for row in await self._rows(_GROUPS, org_id, after, limit)]

    async def find_groups(
        self, org_id: str, condition: Condition | None = None, *, after: str = "", limit: int = 100
    ) -> Sequence[Group]:
        page = page_of(
            statements.FIND_GROUPS,
            GROUPS,
            SQLITE,
            org_id=org_id,
            condition=condition,
            order=None,
            after=after,
            limit=limit,
        )
        return [group_rows.group(row) for row in await self._rows(local(page.text), *page.values)]

    async def remove_group(self, org_id: str, group_id: str, event: Event) -> bool:
        """Nothing is written for the built-in group."""

        def work(connection: sqlite3.Connection) -> bool:
            row = connection.execute(_GROUP, (org_id, group_id)).fetchone()
            if row is None or group_rows.group(row).type == "built_in":
                return False
            raise_version(connection, org_id)
            connection.execute(_REMOVE_MEMBERS, (org_id, group_id))
            connection.execute(_REMOVE_GROUP, (org_id, group_id))
            add_event(connection, event)
            return True

        return await self._write(work)

    async def groups_of(self, org_id: str, user_id: str) -> Sequence[Group]:
        return [group_rows.group(row) for row in await self._rows(_GROUPS_OF, org_id, user_id)]

    async def members(self, org_id: str, group_id: str, *, after: str = "", limit: int = 100) -> Sequence[User]:
        return [rows.user(row) for row in await self._rows(_MEMBERS, org_id, group_id, after, limit)]

    async def memberships(self, org_id: str, user_ids: Sequence[str]) -> Mapping[str, Mapping[str, bool]]:
        found: dict[str, dict[str, bool]] = {user_id: {} for user_id in user_ids}
        for row in await self._rows(_MEMBERSHIPS, org_id, json.dumps(list(user_ids))):
            found[row[0]][row[1]] = bool(row[2])
        return found

    async def add_member(self, org_id: str, group_id: str, user_id: str, event: Event) -> None:
        """Nothing is written where the user is in the group already."""
        touch = (_TOUCH_MEMBERS, (org_id, group_id))
        await self._write(with_event(_ADD_MEMBER, (org_id, group_id, user_id), event, touch))

    async def remove_member(self, org_id: str, group_id: str, user_id: str, event: Event) -> bool:
        touch = (_TOUCH_MEMBERS, (org_id, group_id))
        return await self._write(with_event(_REMOVE_MEMBER, (org_id, group_id, user_id), event, touch))

    async def set_rule_members(
        self, org_id: str, user_id: str, *, join: Sequence[str], leave: Sequence[str], event: Event
    ) -> bool:
        def work(connection: sqlite3.Connection) -> bool:
            joined = connection.execute(_JOIN_BY_RULE, (org_id, user_id, json.dumps(list(join)))).fetchall()
            left = connection.execute(_LEAVE_BY_RULE, (org_id, user_id, json.dumps(list(leave)))).fetchall()
            for (group_id,) in (*joined, *left):
                connection.execute(_TOUCH_MEMBERS, (org_id, group_id))
            if joined or left:
                add_event(connection, event)
            return bool(joined or left)

        return await self._write(work)

    async def put_group_rule(self, rule: GroupRule, event: Event) -> None:
        def work(connection: sqlite3.Connection) -> None:
            raise_version(connection, rule.org_id)
            connection.execute(_PUT_RULE, group_rows.group_rule_values(rule))
            add_event(connection, event)

        await self._write(work)

    async def group_rules(self, org_id: str) -> Sequence[GroupRule]:
        return [group_rows.group_rule(row) for row in await self._rows(_RULES, org_id)]

    async def remove_group_rule(self, org_id: str, rule_id: str, event: Event) -> bool:
        return await self._write(with_event(_REMOVE_RULE, (org_id, rule_id), event))

    async def unfinished_rules(self) -> Sequence[GroupRule]:
        return [group_rows.group_rule(row) for row in await self._rows(_UNFINISHED_RULES)]

    async def advance_group_rule(self, org_id: str, rule_id: str, *, before: str, now: str | None) -> bool:
        def work(connection: sqlite3.Connection) -> bool:
            return bool(connection.execute(_ADVANCE_RULE, (org_id, rule_id, before, now)).fetchall())

        return await self._write(work)
