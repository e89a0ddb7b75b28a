"""Connections to the SQLite file, reads on them, and SQLite's errors in the words of ``segue.stores``."""

import asyncio
import re
import sqlite3
import time
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, Final
from urllib.parse import quote

from segue.stores import AlreadyExists, NotFound, StoreUnavailable

# 'now' is one moment for the whole of a statement. (unixepoch('subsec') needs SQLite 3.42.)
NOW: Final = "CAST(ROUND((julianday('now') - 2440587.5) * 86400000) AS INTEGER)"
# STRICT tables; RETURNING and UPSERT are older.
_OLDEST_SQLITE: Final = (3, 37)
# How long a locked file is asked again before the caller hears that the store is unavailable.
PATIENCE_S: Final = 5.0
_OPENING_S: Final = 5.0

Rows = list[tuple[Any, ...]]


def local(text: str) -> str:
    """A text of ``statements`` as SQLite reads it."""
    return re.sub(r"\$(\d+)", r"?\1", text).replace("{now}", NOW).replace("{false}", "0")


def connect(path: Path, *, writes: bool) -> sqlite3.Connection:
    """A connection that never waits for a lock by itself and begins no transaction of its own.

    A commit is answered after its WAL frame reached the disk (synchronous=FULL). Checkpoints are left to
    ``sqlite_checkpoint``. Raises StoreUnavailable.
    """
    if sqlite3.sqlite_version_info < _OLDEST_SQLITE:
        raise StoreUnavailable(f"SQLite 3.37 or later is needed; this Python has {sqlite3.sqlite_version}")
    if not path.exists():
        raise StoreUnavailable(f"there is no database at {path}")
    try:
        connection = sqlite3.connect(
            f"file:{quote(str(path.absolute()))}?mode=rw",
            uri=True,
            isolation_level=None,
            check_same_thread=False,
            timeout=_OPENING_S,
            cached_statements=256,
        )
        try:
            _prepare(connection, writes=writes)
        except BaseException:
            connection.close()
            raise
    except sqlite3.Error as error:
        raise named(error) from error
    return connection


def _prepare(connection: sqlite3.Connection, *, writes: bool) -> None:
    if connection.execute("PRAGMA journal_mode = WAL").fetchone() != ("wal",):
        raise StoreUnavailable("this file system cannot hold a database that several connections share")
    connection.execute("PRAGMA synchronous = FULL")
    connection.execute("PRAGMA foreign_keys = ON")
    connection.execute("PRAGMA wal_autocheckpoint = 0")
    connection.execute("PRAGMA busy_timeout = 0")
    if not writes:
        connection.execute("PRAGMA query_only = ON")


def is_locked(error: sqlite3.Error) -> bool:
    """Whether another connection held a lock; asking again may help."""
    return _primary(error) in (sqlite3.SQLITE_BUSY, sqlite3.SQLITE_LOCKED)


def named(error: sqlite3.Error) -> Exception:
    """``error`` in the words of ``segue.stores``; an error in our own SQL stays what it is."""
    message = str(error)
    code = getattr(error, "sqlite_errorcode", None)
    if code in (sqlite3.SQLITE_CONSTRAINT_UNIQUE, sqlite3.SQLITE_CONSTRAINT_PRIMARYKEY):
        # "UNIQUE constraint failed: users.org_id, users.login_key"
        return AlreadyExists(message.rpartition(".")[2])
    if code == sqlite3.SQLITE_CONSTRAINT_FOREIGNKEY:
        return NotFound("the org, user or application that this belongs to does not exist")
    if _primary(error) in _OUTSIDE_TROUBLE:
        return StoreUnavailable(f"SQLite: {message}")
    return error


# What the file, the disk or another process did to us, as opposed to a mistake in a statement.
_OUTSIDE_TROUBLE = frozenset(
    {
        sqlite3.SQLITE_BUSY,
        sqlite3.SQLITE_LOCKED,
        sqlite3.SQLITE_NOMEM,
        sqlite3.SQLITE_READONLY,
        sqlite3.SQLITE_IOERR,
        sqlite3.SQLITE_CORRUPT,
        sqlite3.SQLITE_FULL,
        sqlite3.SQLITE_CANTOPEN,
        sqlite3.SQLITE_PROTOCOL,
        sqlite3.SQLITE_NOTADB,
        sqlite3.SQLITE_PERM,
    }
)


def _primary(error: sqlite3.Error) -> int:
    """The error's primary code; its higher bits hold details. 0 where the driver itself complains."""
    return getattr(error, "sqlite_errorcode", 0) & 0xFF


class Reader:
    """Reads, inline on the event loop: a look-up takes microseconds, a change of thread would take longer.

    In WAL mode no writer makes a reader wait; while the file is being recovered or closed by another process, a read is
    tried again without holding up the loop.
    """

    def __init__(self, path: Path) -> None:
        self._connection = connect(path, writes=False)

    async def rows(self, text: str, values: Sequence[Any] | Mapping[str, Any]) -> Rows:
        """All rows of one statement. Raises StoreUnavailable."""
        deadline = time.monotonic() + PATIENCE_S
        while True:
            try:
                # fetchall, since a statement that is not read to its end keeps its snapshot.
                return self._connection.execute(text, values).fetchall()
            except sqlite3.Error as error:
                if not is_locked(error) or time.monotonic() > deadline:
                    raise named(error) from error
            await asyncio.sleep(0.005)

    def close(self) -> None:
        self._connection.close()
