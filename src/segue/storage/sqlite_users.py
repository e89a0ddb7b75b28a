"""Users on SQLite, and what a decision sees of them."""

import json
import sqlite3
from collections.abc import Sequence
from typing import Any

from segue.core.application import Application
from segue.core.condition import Condition, Order
from segue.core.secret import partition_of
from segue.core.user import Subject, User
from segue.events import Event
from segue.storage import rows, statements
from segue.storage.assignment_rows import by_group, user_name
from segue.storage.conditions import SQLITE, USERS, page_of
from segue.storage.sqlite_connection import local
from segue.storage.sqlite_events import add_event, with_event
from segue.storage.sqlite_part import SqlitePart

# ruff: noqa: S608 -- the texts are put together from column names written here; a value is always bound.

_USER = local(statements.USER)
_USER_BY_LOGIN = local(statements.USER_BY_LOGIN)
_USERS_BY_SHORT_NAME = local(statements.USERS_BY_SHORT_NAME)
_USERS = local(statements.USERS)
_USERS_OF_IDS = f"{local(statements.USERS_OF)} AND id IN (SELECT value FROM json_each(?2))"
_ADD_USER = local(statements.ADD_USER)
_UPDATE_USER = local(statements.UPDATE_USER)
_REMOVABLE = f"{_USER} AND status = 'deprovisioned'"
_REMOVE_USER = local(statements.REMOVE_USER)
_REMOVE_ATTEMPTS = local(statements.REMOVE_ATTEMPTS)
_OF_USER = tuple(local(text) for text in (*statements.OF_USER, *statements.OF_USER_HOT))
_UPGRADE_PASSWORD_HASH = local(statements.UPGRADE_PASSWORD_HASH)
_APPLICATIONS_OF = local(statements.APPLICATIONS_OF)
# Columns of a user ``u`` as a decision about the application ``?1`` sees them.
SUBJECT_COLUMNS = (
    f"{rows.prefixed('u', rows.USER_COLUMNS)}, "
    f"{user_name('u', '?1')}, {by_group('u', '?1')}, "
    "(SELECT json_group_array(m.group_id) FROM group_members AS m WHERE m.org_id = u.org_id AND m.user_id = u.id)"
)
SUBJECT = f"SELECT {SUBJECT_COLUMNS} FROM users AS u WHERE u.org_id = ?2 AND u.id = ?3"


def subject(row: Sequence[Any]) -> Subject:
    """The subject in the columns of SUBJECT_COLUMNS."""
    return rows.subject(rows.user(row), row[-3], row[-2], row[-1])


class SqliteUsers(SqlitePart):
    """``UserStore`` of ``segue.stores``."""

    async def user(self, org_id: str, user_id: str) -> User | None:
        row = await self._row(_USER, org_id, user_id)
        return rows.user(row) if row else None

    async def user_by_login(self, org_id: str, login_key: str) -> User | None:
        found = await self._rows(_USER_BY_LOGIN, org_id, login_key)
        if not found and "@" not in login_key:
            found = await self._rows(_USERS_BY_SHORT_NAME, org_id, login_key)
        return rows.user(found[0]) if len(found) == 1 else None

    async def users_of_ids(self, org_id: str, ids: Sequence[str]) -> Sequence[User]:
        return [rows.user(row) for row in await self._rows(_USERS_OF_IDS, org_id, json.dumps(list(ids)))]

    async def users(self, org_id: str, *, after: str = "", limit: int = 100) -> Sequence[User]:
        return [rows.user(row) for row in await self._rows(_USERS, org_id, after, limit)]

    async def subject(self, org_id: str, user_id: str, app_id: str | None) -> Subject | None:
        row = await self._row(SUBJECT, app_id, org_id, user_id)
        return subject(row) if row else None

    async def add_user(self, user: User, event: Event) -> None:
        def work(connection: sqlite3.Connection) -> None:
            connection.execute(_ADD_USER, rows.user_values(user))
            add_event(connection, event)

        await self._write(work)

    async def update_user(self, user: User, *, expected_stamp: int, event: Event) -> bool:
        values = (*rows.user_values(user)[:-1], expected_stamp)
        return await self._write(with_event(_UPDATE_USER, values, event))

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
            SQLITE,
            org_id=org_id,
            condition=condition,
            order=order,
            after=after,
            limit=limit,
        )
        return [rows.user(row) for row in await self._rows(local(page.text), *page.values)]

    async def remove_user(self, org_id: str, user_id: str, event: Event) -> bool:
        values = (org_id, user_id, partition_of(user_id))

        def work(connection: sqlite3.Connection) -> bool:
            if not connection.execute(_REMOVABLE, (org_id, user_id)).fetchall():
                return False
            for text in _OF_USER:
                connection.execute(text, values[: 3 if "?3" in text else 2])
            connection.execute(_REMOVE_ATTEMPTS, (org_id, *rows.attempt_key(user_id)))
            connection.execute(_REMOVE_USER, (org_id, user_id))
            add_event(connection, event)
            return True

        return await self._write(work)

    async def applications_of(self, org_id: str, user_id: str) -> Sequence[Application]:
        return [rows.application(row) for row in await self._rows(_APPLICATIONS_OF, org_id, user_id)]

    async def upgrade_password_hash(self, org_id: str, user_id: str, old_hash: str, new_hash: str) -> bool:
        def work(connection: sqlite3.Connection) -> bool:
            return bool(connection.execute(_UPGRADE_PASSWORD_HASH, (org_id, user_id, old_hash, new_hash)).fetchall())

        return await self._write(work)
