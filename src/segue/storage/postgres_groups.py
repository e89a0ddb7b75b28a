"""Groups and who is in them, on PostgreSQL."""
# ruff: noqa: S608 -- the texts are put together from column names written here; a value is always a parameter.

from collections.abc import Mapping, Sequence
from typing import Final

from segue.core.condition import Condition
from segue.core.org import Group, GroupRule
from segue.core.user import User
from segue.events import Event
from segue.storage import group_rows, rows, statements
from segue.storage.conditions import GROUPS, POSTGRES, page_of
from segue.storage.postgres_pool import Database
from segue.storage.postgres_statements import NOW, add_events, events_json, local, with_event

_PUT_GROUP: Final = with_event(statements.PUT_GROUP, new_version_of="$1")
_REMOVE_GROUP: Final = with_event(statements.REMOVE_GROUP, new_version_of="$1", also=(statements.REMOVE_MEMBERS,))
_ADD_MEMBER: Final = with_event(statements.ADD_MEMBER, also=(statements.TOUCH_MEMBERS,))
_REMOVE_MEMBER: Final = with_event(statements.REMOVE_MEMBER, also=(statements.TOUCH_MEMBERS,))
_PUT_RULE: Final = with_event(statements.PUT_GROUP_RULE, new_version_of="$1")
_REMOVE_RULE: Final = with_event(statements.REMOVE_GROUP_RULE)
# org, users
_MEMBERSHIPS: Final = (
    "SELECT user_id, group_id, by_rule FROM group_members WHERE org_id = $1 AND user_id = ANY ($2::text[])"
)
# org, user, groups to join, groups to leave, event
_SET_RULE_MEMBERS: Final = local(f"""
    WITH joined AS (
        INSERT INTO group_members (org_id, user_id, group_id, by_rule)
        SELECT $1, $2, id, true FROM groups WHERE org_id = $1 AND type = 'standard' AND id = ANY ($3::text[])
        ON CONFLICT (org_id, user_id, group_id) DO NOTHING RETURNING group_id
    ), gone AS (
        DELETE FROM group_members WHERE org_id = $1 AND user_id = $2 AND by_rule AND group_id = ANY ($4::text[])
        RETURNING group_id
    ), changed AS (
        SELECT group_id FROM joined UNION ALL SELECT group_id FROM gone
    ), touched AS (
        UPDATE groups SET members_changed_at = {NOW} WHERE org_id = $1 AND id IN (SELECT group_id FROM changed)
    ), recorded AS ({add_events("$5", "EXISTS (SELECT FROM changed)")})
    SELECT 1 FROM changed LIMIT 1
""")


class PostgresGroups:
    """The groups of ``AdminStore``. Who is in one is no configuration: it is read with the user every time."""

    _database: Database

    async def put_group(self, group: Group, event: Event) -> None:
        await self._database.write(_PUT_GROUP, *group_rows.group_values(group), events_json([event]))

    async def group(self, org_id: str, group_id: str) -> Group | None:
        found = await self._database.read(statements.GROUP, org_id, group_id)
        return group_rows.group(found[0]) if found else None

    async def groups(self, org_id: str, *, after: str = "", limit: int = 100) -> Sequence[Group]:
        return [group_rows.group(row) for row in await self._database.read(statements.GROUPS, org_id, after, limit)]

    async def find_groups(
        self, org_id: str, condition: Condition | None = None, *, after: str = "", limit: int = 100
    ) -> Sequence[Group]:
        page = page_of(
            statements.FIND_GROUPS,
            GROUPS,
            POSTGRES,
            org_id=org_id,
            condition=condition,
            order=None,
            after=after,
            limit=limit,
        )
        return [group_rows.group(row) for row in await self._database.read(local(page.text), *page.values)]

    async def remove_group(self, org_id: str, group_id: str, event: Event) -> bool:
        """Nothing is written for the built-in group."""
        return bool(await self._database.write(_REMOVE_GROUP, org_id, group_id, events_json([event])))

    async def groups_of(self, org_id: str, user_id: str) -> Sequence[Group]:
        return [group_rows.group(row) for row in await self._database.read(statements.GROUPS_OF, org_id, user_id)]

    async def members(self, org_id: str, group_id: str, *, after: str = "", limit: int = 100) -> Sequence[User]:
        found = await self._database.read(statements.MEMBERS, org_id, group_id, after, limit)
        return [rows.user(row) for row in found]

    async def memberships(self, org_id: str, user_ids: Sequence[str]) -> Mapping[str, Mapping[str, bool]]:
        found: dict[str, dict[str, bool]] = {user_id: {} for user_id in user_ids}
        for row in await self._database.read(_MEMBERSHIPS, org_id, list(user_ids)):
            found[row[0]][row[1]] = row[2]
        return found

    async def add_member(self, org_id: str, group_id: str, user_id: str, event: Event) -> None:
        """Nothing is written where the user is in the group already."""
        await self._database.write(_ADD_MEMBER, org_id, group_id, user_id, events_json([event]))

    async def remove_member(self, org_id: str, group_id: str, user_id: str, event: Event) -> bool:
        return bool(await self._database.write(_REMOVE_MEMBER, org_id, group_id, user_id, events_json([event])))

    async def set_rule_members(
        self, org_id: str, user_id: str, *, join: Sequence[str], leave: Sequence[str], event: Event
    ) -> bool:
        values = (org_id, user_id, list(join), list(leave), events_json([event]))
        return bool(await self._database.write(_SET_RULE_MEMBERS, *values))

    async def put_group_rule(self, rule: GroupRule, event: Event) -> None:
        await self._database.write(_PUT_RULE, *group_rows.group_rule_values(rule), events_json([event]))

    async def group_rules(self, org_id: str) -> Sequence[GroupRule]:
        return [group_rows.group_rule(row) for row in await self._database.read(statements.GROUP_RULES, org_id)]

    async def remove_group_rule(self, org_id: str, rule_id: str, event: Event) -> bool:
        return bool(await self._database.write(_REMOVE_RULE, org_id, rule_id, events_json([event])))

    async def unfinished_rules(self) -> Sequence[GroupRule]:
        return [group_rows.group_rule(row) for row in await self._database.read(statements.UNFINISHED_RULES)]

    async def advance_group_rule(self, org_id: str, rule_id: str, *, before: str, now: str | None) -> bool:
        return bool(await self._database.write(statements.ADVANCE_GROUP_RULE, org_id, rule_id, before, now))
