"""Assignments between rows and values, and their SQL, the same for both engines. ``$n`` marks a value."""
# ruff: noqa: S608 -- the texts are put together from column names written here; a value is always bound.

import json

from segue.core.assignment import GroupAssignment, UserAssignment
from segue.storage import nested
from segue.storage.rows import APPLICATION_COLUMNS, Row, Values, prefixed

GROUP_ASSIGNMENT_COLUMNS = "org_id, app_id, group_id, priority, profile, created_at, updated_at"


def by_group(user: str, app_id: str) -> str:
    """Whether one of the groups of the user row ``user`` has the application of that id; not where that is NULL."""
    return (
        "EXISTS (SELECT 1 FROM group_members AS m JOIN group_assignments AS g ON g.org_id = m.org_id "
        f"AND g.app_id = {app_id} AND g.group_id = m.group_id "
        f"WHERE m.org_id = {user}.org_id AND m.user_id = {user}.id)"
    )


def user_name(user: str, app_id: str) -> str:
    """What an application calls the user row ``user`` ("": by their login); NULL where they have it not by name."""
    return (
        f"(SELECT a.user_name FROM assignments AS a WHERE a.org_id = {user}.org_id AND a.app_id = {app_id} "
        f"AND a.user_id = {user}.id)"
    )


# org, application, user, time; answers no row where nothing changed
ASSIGN = (
    "INSERT INTO assignments (org_id, app_id, user_id, created_at, updated_at) VALUES ($1, $2, $3, $4, $4) "
    "ON CONFLICT (org_id, app_id, user_id) DO NOTHING RETURNING user_id"
)
UNASSIGN = "DELETE FROM assignments WHERE org_id = $1 AND app_id = $2 AND user_id = $3 RETURNING user_id"
# org, application, user, user name, profile, created, updated; the moment of the first stays
PUT_ASSIGNMENT = (
    "INSERT INTO assignments (org_id, app_id, user_id, user_name, profile, created_at, updated_at) "
    "VALUES ($1, $2, $3, $4, $5, $6, $7) ON CONFLICT (org_id, app_id, user_id) DO UPDATE SET "
    "user_name = excluded.user_name, profile = excluded.profile, updated_at = excluded.updated_at RETURNING user_id"
)
_OF_APPLICATION = """
    SELECT page.user_id, a.user_name, a.profile, a.created_at, a.updated_at, u.login FROM (
        SELECT named_page.user_id FROM (
            SELECT n.user_id FROM assignments AS n
            WHERE n.org_id = $1 AND n.app_id = $2 AND {condition_n} ORDER BY n.user_id LIMIT {limit}
        ) AS named_page
        UNION
        SELECT grouped_page.user_id FROM (
            SELECT DISTINCT m.user_id FROM group_assignments AS g
            JOIN group_members AS m ON m.org_id = g.org_id AND m.group_id = g.group_id
            WHERE g.org_id = $1 AND g.app_id = $2 AND {condition_m} ORDER BY m.user_id LIMIT {limit}
        ) AS grouped_page
    ) AS page JOIN users AS u ON u.org_id = $1 AND u.id = page.user_id
    LEFT JOIN assignments AS a ON a.org_id = $1 AND a.app_id = $2 AND a.user_id = page.user_id
    ORDER BY page.user_id LIMIT {limit}
"""
# org, application, after, limit
ASSIGNMENTS = _OF_APPLICATION.format(condition_n="n.user_id > $3", condition_m="m.user_id > $3", limit="$4")
# org, application, user
ASSIGNMENT = _OF_APPLICATION.format(condition_n="n.user_id = $3", condition_m="m.user_id = $3", limit="1")

_GROUP_ASSIGNMENT = f"SELECT {GROUP_ASSIGNMENT_COLUMNS} FROM group_assignments WHERE org_id = $1 AND app_id = $2"
# org, application, after, limit
GROUP_ASSIGNMENTS = f"{_GROUP_ASSIGNMENT} AND group_id > $3 ORDER BY group_id LIMIT $4"
# org, application, group
GROUP_ASSIGNMENT = f"{_GROUP_ASSIGNMENT} AND group_id = $3"
# org, group
APPLICATIONS_OF_GROUP = (
    f"SELECT {prefixed('p', APPLICATION_COLUMNS)} FROM group_assignments AS g "
    "JOIN applications AS p ON p.org_id = g.org_id AND p.id = g.app_id "
    "WHERE g.org_id = $1 AND g.group_id = $2 ORDER BY g.app_id"
)
PUT_GROUP_ASSIGNMENT = (
    f"INSERT INTO group_assignments ({GROUP_ASSIGNMENT_COLUMNS}) VALUES ($1, $2, $3, $4, $5, $6, $7) "
    "ON CONFLICT (org_id, app_id, group_id) DO UPDATE SET priority = excluded.priority, profile = excluded.profile, "
    "updated_at = excluded.updated_at RETURNING group_id"
)
REMOVE_GROUP_ASSIGNMENT = (
    "DELETE FROM group_assignments WHERE org_id = $1 AND app_id = $2 AND group_id = $3 RETURNING group_id"
)
# org, application: everything that names it goes with it, and it goes only while it is inactive
REMOVE_APPLICATION = "DELETE FROM applications WHERE org_id = $1 AND id = $2 AND status = 'inactive' RETURNING id"
PARTS_OF_APPLICATION = (
    "DELETE FROM assignments WHERE org_id = $1 AND app_id = $2",
    "DELETE FROM group_assignments WHERE org_id = $1 AND app_id = $2",
)


def user_assignment(org_id: str, app_id: str, row: Row) -> UserAssignment:
    """A row of ASSIGNMENTS."""
    if row[1] is None:
        return UserAssignment(org_id, app_id, row[0], by_name=False, login=row[5])
    return UserAssignment(org_id, app_id, row[0], row[1], json.loads(row[2]), row[3], row[4], login=row[5])


def user_assignment_values(value: UserAssignment) -> Values:
    profile = nested.to_json(value.profile)
    return (value.org_id, value.app_id, value.user_id, value.user_name, profile, value.created_at, value.updated_at)


def group_assignment(row: Row) -> GroupAssignment:
    return GroupAssignment(row[0], row[1], row[2], row[3], json.loads(row[4]), row[5], row[6])


def group_assignment_values(value: GroupAssignment) -> Values:
    profile = nested.to_json(value.profile)
    return (value.org_id, value.app_id, value.group_id, value.priority, profile, value.created_at, value.updated_at)
