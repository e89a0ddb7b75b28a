"""Policies and network zones: rows, and the SQL that both engines run.

A policy is one row with its rules in it, so that a change of their order is one write; it is written only where nobody
changed it since it was read.
"""
# ruff: noqa: S608 -- the texts are put together from column names written here; a value is always bound.

import json
from collections.abc import Iterable, Mapping
from typing import Any, Final

from segue.core.policy import Conditions, Policy, PolicySet, Rule, Selection, SessionLimits
from segue.core.zone import Zone
from segue.storage import nested
from segue.storage.nested import Readers
from segue.storage.rows import Row, Values

POLICY_COLUMNS = "org_id, id, revision, body"
ZONE_COLUMNS = "org_id, id, body"

POLICIES = f"SELECT {POLICY_COLUMNS} FROM policies WHERE org_id = $1 ORDER BY id"
ZONES = f"SELECT {ZONE_COLUMNS} FROM zones WHERE org_id = $1 ORDER BY id"
# org, id, revision, body. Answers no row where the stored one is not the revision before.
PUT_POLICY = (
    f"INSERT INTO policies ({POLICY_COLUMNS}) VALUES ($1, $2, $3, $4) ON CONFLICT (org_id, id) "
    "DO UPDATE SET revision = excluded.revision, body = excluded.body "
    "WHERE policies.revision = excluded.revision - 1 RETURNING id"
)
PUT_ZONE = (
    f"INSERT INTO zones ({ZONE_COLUMNS}) VALUES ($1, $2, $3) ON CONFLICT (org_id, id) "
    "DO UPDATE SET body = excluded.body RETURNING id"
)
REMOVE_POLICY = "DELETE FROM policies WHERE org_id = $1 AND id = $2 RETURNING id"
REMOVE_ZONE = "DELETE FROM zones WHERE org_id = $1 AND id = $2 RETURNING id"


def _selection(value: Mapping[str, Any]) -> Selection:
    return Selection(frozenset(value["include"]), frozenset(value["exclude"]))


def _conditions(value: Mapping[str, Any]) -> Conditions:
    return Conditions(**nested.known(value, CONDITIONS))


def _limits(value: Mapping[str, Any]) -> SessionLimits:
    return SessionLimits(**nested.known(value, LIMITS))


def _rules(value: Iterable[Mapping[str, Any]]) -> tuple[Rule, ...]:
    return tuple(Rule(**nested.known(one, RULE)) for one in value)


CONDITIONS: Final[Readers] = {
    "users": _selection,
    "groups": _selection,
    "user_types": _selection,
    "zones": _selection,
    "device": str,
    "risk": nested.same,
}
LIMITS: Final[Readers] = {"idle_s": nested.same, "life_s": nested.same}
RULE: Final[Readers] = {
    "id": str,
    "name": str,
    "priority": int,
    "status": str,
    "conditions": _conditions,
    "allow": bool,
    "requirement": nested.requirement,
    "device_excuses": bool,
    "limits": _limits,
    "catch_all": bool,
    "created_at": int,
    "updated_at": int,
}
# The columns of their own are not in the body.
POLICY: Final[Readers] = {
    "type": str,
    "name": str,
    "description": str,
    "priority": int,
    "status": str,
    "conditions": _conditions,
    "rules": _rules,
    "default": bool,
    "created_at": int,
    "updated_at": int,
}
ZONE: Final[Readers] = {
    "name": str,
    "ranges": tuple,
    "blocks": bool,
    "status": str,
    "created_at": int,
    "updated_at": int,
}


def policy(row: Row) -> Policy:
    return Policy(org_id=row[0], id=row[1], revision=row[2], **nested.members(row[3], POLICY))


def policy_values(value: Policy) -> Values:
    return (value.org_id, value.id, value.revision, nested.text(value, POLICY))


def zone(row: Row) -> Zone:
    return Zone(org_id=row[0], id=row[1], **nested.known(json.loads(row[2]), ZONE))


def zone_values(value: Zone) -> Values:
    return (value.org_id, value.id, nested.text(value, ZONE))


def policy_set(policies: Iterable[Row], zones: Iterable[Row]) -> PolicySet:
    return PolicySet(tuple(policy(row) for row in policies), tuple(zone(row) for row in zones))
