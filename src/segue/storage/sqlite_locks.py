"""Whose turn it is at the SQLite file: locks between processes, and beginning a write."""

import fcntl
import os
import sqlite3
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from segue.storage.sqlite_connection import PATIENCE_S, is_locked


class FileLock:
    """A lock of its own on a file beside the database. It ends with the process that holds it.

    Every instance has its own open file: two of one process keep each other out as two processes do.
    """

    def __init__(self, path: Path, name: str) -> None:
        self._file = os.open(f"{path}-{name}", os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)

    @contextmanager
    def held(self) -> Iterator[None]:
        fcntl.flock(self._file, fcntl.LOCK_EX)
        try:
            yield
        finally:
            fcntl.flock(self._file, fcntl.LOCK_UN)

    @contextmanager
    def held_if_free(self) -> Iterator[bool]:
        try:
            fcntl.flock(self._file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            yield False
            return
        try:
            yield True
        finally:
            fcntl.flock(self._file, fcntl.LOCK_UN)

    def close(self) -> None:
        os.close(self._file)


def turns(path: Path) -> FileLock:
    """The right to be the next who begins a write.

    SQLite hands its lock on in no order: whoever has just committed takes it again before anybody else looks, and
    starves the others. With this they queue, behind whoever already waits for SQLite's lock.
    """
    return FileLock(path, "turn")


def begin(connection: sqlite3.Connection) -> None:
    """Begins a write, for whoever has the turn. Raises sqlite3.OperationalError where the file stays locked."""
    deadline = time.monotonic() + PATIENCE_S
    pause = 0.0002
    while True:
        try:
            connection.execute("BEGIN IMMEDIATE")
            return
        except sqlite3.Error as error:
            if not is_locked(error) or time.monotonic() > deadline:
                raise
        time.sleep(pause)
        pause = min(2 * pause, 0.005)
