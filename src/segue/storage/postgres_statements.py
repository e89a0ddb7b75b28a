"""How PostgreSQL reads the shared statements, and what its own statements are put together from.

One operation is one statement: what it changes, the events of the change and what it answers are parts of one WITH. All
parts see one snapshot, the one taken when the statement began; only a row that a part locks or changes is seen as it is
by then. Each statement that relies on something says why that is enough.
"""
# ruff: noqa: S608 -- the texts are put together from names written here; a value is always a parameter.

import re
from collections.abc import Iterable, Mapping, Sequence
from typing import Any, Final

import orjson

from segue.events import Event
from segue.storage import rows
from segue.storage.rows import EVENT_COLUMNS

# The moment at which the statement began, one for all of its parts.
NOW: Final = "(extract(epoch FROM statement_timestamp()) * 1000)::bigint"

_TYPES: Final = {"partition": "integer", "at": "bigint", "count": "integer"}
_EVENT_NAMES: Final = EVENT_COLUMNS.split(", ")


def local(text: str) -> str:
    """A text of ``statements`` as PostgreSQL reads it."""
    return text.replace("{now}", NOW).replace("{false}", "false")


def add_events(parameter: str, condition: str = "true", *, user_id: str = "NULL") -> str:
    """An INSERT of the events in ``parameter`` (made by :func:`events_json`) where ``condition`` holds.

    ``user_id`` is an expression for the user they are about; where it is NULL, each names its own.
    """
    types = ", ".join(f"{name} {_TYPES.get(name, 'text')}" for name in _EVENT_NAMES)
    values = EVENT_COLUMNS.replace(" user_id,", f" coalesce({user_id}, event.user_id),")
    return (
        f"INSERT INTO events ({EVENT_COLUMNS}) SELECT {values} "
        f"FROM json_to_recordset({parameter}::json) AS event({types}) WHERE {condition}"
    )


def with_event(change: str, *, new_version_of: str = "", also: Sequence[str] = ()) -> str:
    """A shared ``change`` in one statement with its event, which comes as one more parameter after its own.

    Answers one row where something changed and none where nothing did; then there is no event either.
    ``new_version_of`` is the parameter of the org whose configuration it changes; ``also`` are further changes that
    have a WHERE, made where the first one was.
    """
    event = f"${max(int(number) for number in re.findall(r'[$]([0-9]+)', ' '.join((change, *also)))) + 1}"
    parts = [f"changed AS ({change if ' RETURNING ' in change else f'{change} RETURNING 1'})"]
    parts += [f"also_{number} AS ({one} AND EXISTS (SELECT FROM changed))" for number, one in enumerate(also, start=1)]
    if new_version_of:
        parts.append(f"raised AS ({raise_version(new_version_of)})")
    parts.append(f"recorded AS ({add_events(event, 'EXISTS (SELECT FROM changed)')})")
    return local(f"WITH {', '.join(parts)} SELECT 1 FROM changed LIMIT 1")


def raise_version(org_id: str) -> str:
    """Gives the org in the parameter ``org_id`` a new version where the part ``changed`` changed anything."""
    return f"UPDATE orgs SET config_version = config_version + 1 WHERE id = {org_id} AND EXISTS (SELECT FROM changed)"


def events_json(events: Iterable[Event]) -> str:
    """The parameter of :func:`add_events`."""
    return to_json(dict(zip(_EVENT_NAMES, rows.event_values(event), strict=True)) for event in events)


def to_json(values: Iterable[Mapping[str, Any]]) -> str:
    """Rows as one parameter, for json_to_recordset: cheaper than an array for each column."""
    return orjson.dumps(list(values)).decode()
