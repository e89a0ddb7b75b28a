"""The words in which the two engines differ, for the texts of the migrations."""

from collections.abc import Mapping
from typing import Final

_POSTGRES: Final = {
    "id": 'text COLLATE "C"',
    "text": "text",
    "bytes": "bytea",
    "int": "integer",
    "big": "bigint",
    "flag": "boolean",
    "false": "false",
    "ids": "text[]",
    "no_ids": "'{}'",
    "end": "",
    # Room on the page for the new version of a row: an update then touches no index.
    "updated": "WITH (fillfactor = 80)",
}
# STRICT keeps SQLite from storing a text where a number belongs; WITHOUT ROWID makes the primary key the table.
_SQLITE: Final = {
    "id": "TEXT",
    "text": "TEXT",
    "bytes": "BLOB",
    "int": "INTEGER",
    "big": "INTEGER",
    "flag": "INTEGER",
    "false": "0",
    "ids": "TEXT",
    "no_ids": "'[]'",
    "end": "STRICT, WITHOUT ROWID",
    "updated": "STRICT, WITHOUT ROWID",
}


def words(dialect: str) -> Mapping[str, str]:
    """The words of an engine, by the name SQLAlchemy has for it: ``sqlite`` or ``postgresql``."""
    return _SQLITE if dialect == "sqlite" else _POSTGRES
