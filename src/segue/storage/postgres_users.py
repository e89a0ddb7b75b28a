"""Users, what a decision sees of them, and how often somebody tried to be one, on PostgreSQL."""
# ruff: noqa: S608 -- the texts are put together from column names written here; a value is always a parameter.

from collections.abc import Mapping, Sequence
from typing import Any, Final

from segue.core.application import Application
from segue.core.condition import Condition, Order
from segue.core.secret import partition_of
from segue.core.user import Subject, User
from segue.events import Event
from segue.storage import rows, statements
from segue.storage.assignment_rows import by_group, user_name
from segue.storage.conditions import POSTGRES, USERS, page_of
from segue.storage.postgres_pool import Database
from segue.storage.postgres_statements import events_json, local, with_event
from segue.storage.rows import USER_COLUMNS, prefixed
from segue.stores import Attempts, SignIns


def assigned(user: str, app_id: str) -> str:
    """Two columns: what the application of that id calls the user row ``user``, NULL where it is not assigned to them
    by name, and whether it is through a group."""
    return f"{user_name(user, app_id)}, {by_group(user, app_id)}"


def group_ids(user: str) -> str:
    """The ids of the groups of the user row ``user``."""
    return f"ARRAY(SELECT m.group_id FROM group_members AS m WHERE m.org_id = {user}.org_id AND m.user_id = {user}.id)"


def to_subject(row: Any) -> Subject:
    """The subject in the columns of a user, of :func:`assigned` and of :func:`group_ids`."""
    return rows.subject(rows.user(row), row[-3], row[-2], row[-1])


# org, user, application or NULL
_SUBJECT: Final = (
    f"SELECT {prefixed('u', USER_COLUMNS)}, {assigned('u', '$3')}, {group_ids('u')} "
    "FROM users AS u WHERE u.org_id = $1 AND u.id = $2"
)
_USERS_OF_IDS: Final = f"{statements.USERS_OF} AND id = ANY ($2)"
# org, user, partition, partition and key of the attempts
_ATTEMPTS_OF: Final = "DELETE FROM login_attempts WHERE org_id = $1 AND partition = $4 AND key = $5"
_ADD_USER: Final = with_event(statements.ADD_USER)
_UPDATE_USER: Final = with_event(statements.UPDATE_USER)
_COUNT_ATTEMPT: Final = local(statements.COUNT_ATTEMPT)
_CLEAR_ATTEMPTS: Final = local(statements.CLEAR_ATTEMPTS.replace("WHEN $4", "WHEN $4::boolean"))
# org, partitions, keys
_SIGN_INS: Final = local("""
    SELECT a.key, a.locked_until_at > {now}, a.succeeded_at
    FROM unnest($2::integer[], $3::text[]) AS wanted(partition, key)
    JOIN login_attempts AS a ON a.org_id = $1 AND a.partition = wanted.partition AND a.key = wanted.key
""")
_REMOVE_USER: Final = with_event(
    statements.REMOVE_USER,
    also=(*statements.OF_USER, *(text.replace("$3", "$3::integer") for text in statements.OF_USER_HOT), _ATTEMPTS_OF),
)
_LOCKED: Final = local(f"{statements.ATTEMPTS} AND locked_until_at > {{now}}")


class PostgresUsers:
    """``UserStore`` and ``AttemptStore``."""

    _database: Database

    async def user(self, org_id: str, user_id: str) -> User | None:
        found = await self._database.read(statements.USER, org_id, user_id)
        return rows.user(found[0]) if found else None

    async def user_by_login(self, org_id: str, login_key: str) -> User | None:
        found = await self._database.read(statements.USER_BY_LOGIN, org_id, login_key)
        if not found and "@" not in login_key:
            found = await self._database.read(statements.USERS_BY_SHORT_NAME, org_id, login_key)
        return rows.user(found[0]) if len(found) == 1 else None

    async def users_of_ids(self, org_id: str, ids: Sequence[str]) -> Sequence[User]:
        return [rows.user(row) for row in await self._database.read(_USERS_OF_IDS, org_id, list(ids))]

    async def users(self, org_id: str, *, after: str = "", limit: int = 100) -> Sequence[User]:
        return [rows.user(row) for row in await self._database.read(statements.USERS, org_id, after, limit)]

    async def subject(self, org_id: str, user_id: str, app_id: str | None) -> Subject | None:
        found = await self._database.read(_SUBJECT, org_id, user_id, app_id)
        return to_subject(found[0]) if found else None

    async def add_user(self, user: User, event: Event) -> None:
        await self._database.write(_ADD_USER, *rows.user_values(user), events_json([event]))

    async def update_user(self, user: User, *, expected_stamp: int, event: Event) -> bool:
        return await self._change(_UPDATE_USER, (*rows.user_values(user)[:-1], expected_stamp), event)

    async def find_users(
        self,
        org_id: str,
        condition: Condition | None = None,
        *,
        order: Order | None = None,
        after: str = "",
        limit: int = 100,
    ) -> Sequence[User]:
        page = page_of(
            statements.FIND_USERS,
            USERS,
            POSTGRES,
            org_id=org_id,
            condition=condition,
            order=order,
            after=after,
            limit=limit,
        )
        return [rows.user(row) for row in await self._database.read(local(page.text), *page.values)]

    async def remove_user(self, org_id: str, user_id: str, event: Event) -> bool:
        values = (org_id, user_id, partition_of(user_id), *rows.attempt_key(user_id))
        return await self._change(_REMOVE_USER, values, event)

    async def applications_of(self, org_id: str, user_id: str) -> Sequence[Application]:
        return [rows.application(row) for row in await self._database.read(statements.APPLICATIONS_OF, org_id, user_id)]

    async def upgrade_password_hash(self, org_id: str, user_id: str, old_hash: str, new_hash: str) -> bool:
        return bool(await self._database.write(statements.UPGRADE_PASSWORD_HASH, org_id, user_id, old_hash, new_hash))

    async def count_attempt(self, org_id: str, key: str, *, limit: int, lock_ms: int) -> Attempts:
        partition, stored = rows.attempt_key(key)
        while True:
            counted = await self._database.write(_COUNT_ATTEMPT, org_id, partition, stored, limit, lock_ms)
            if counted:
                count, locked_until_at = counted[0][0], counted[0][1]
                return Attempts(count, locked_until_at, locked_now=False, just_locked=locked_until_at > 0)
            # It was locked when it was counted, and may be free again by now: then it counts after all.
            locked = await self._database.read(_LOCKED, org_id, partition, stored)
            if locked:
                return Attempts(locked[0][0], locked[0][1], locked_now=True, just_locked=False)

    async def clear_attempts(self, org_id: str, key: str, *, succeeded: bool = False) -> None:
        partition, stored = rows.attempt_key(key)
        await self._database.write(_CLEAR_ATTEMPTS, org_id, partition, stored, succeeded)

    async def sign_ins(self, org_id: str, user_ids: Sequence[str]) -> Mapping[str, SignIns]:
        keys = [rows.attempt_key(user_id) for user_id in user_ids]
        partitions, stored = [partition for partition, _ in keys], [key for _, key in keys]
        found = await self._database.read(_SIGN_INS, org_id, partitions, stored)
        return {row[0]: SignIns(row[1], row[2]) for row in found}

    async def _change(self, statement: str, values: tuple[object, ...], event: Event) -> bool:
        """A conditional change with its event; False where it changed nothing."""
        return bool(await self._database.write(statement, *values, events_json([event])))
