"""Groups and their rules between rows and values, the same for both engines."""

import json

from segue.core.org import Group, GroupRule
from segue.storage import nested
from segue.storage.rows import Row, Values

GROUP_COLUMNS = "org_id, id, name, description, type, created_at, updated_at, members_changed_at"
GROUP_RULE_COLUMNS = "org_id, id, name, status, expression, excluded, group_ids, created_at, updated_at, applied_to"


def group(row: Row) -> Group:
    return Group(
        org_id=row[0],
        id=row[1],
        name=row[2],
        description=row[3],
        type=row[4],
        created_at=row[5],
        updated_at=row[6],
        members_changed_at=row[7],
    )


def group_values(value: Group) -> Values:
    return (
        value.org_id,
        value.id,
        value.name,
        value.description,
        value.type,
        value.created_at,
        value.updated_at,
        value.members_changed_at,
    )


def group_rule(row: Row) -> GroupRule:
    return GroupRule(
        org_id=row[0],
        id=row[1],
        name=row[2],
        status=row[3],
        expression=row[4],
        excluded=tuple(json.loads(row[5])),
        group_ids=tuple(json.loads(row[6])),
        created_at=row[7],
        updated_at=row[8],
        applied_to=row[9],
    )


def group_rule_values(value: GroupRule) -> Values:
    return (
        value.org_id,
        value.id,
        value.name,
        value.status,
        value.expression,
        nested.to_json(value.excluded),
        nested.to_json(value.group_ids),
        value.created_at,
        value.updated_at,
        value.applied_to,
    )
