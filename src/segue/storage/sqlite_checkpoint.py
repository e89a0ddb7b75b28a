"""Moving committed pages from SQLite's log into the file, in a thread of its own, while writers go on.

SQLite up to 3.51.2 (but for 3.50.7 and 3.44.6) can lose a commit where a writer starts the log over in the moment in
which a checkpoint begins (https://sqlite.org/wal.html#walresetbug), and most systems have such a version. A writer
starts the log over only when all of it is in the file. So one process at a time makes a checkpoint, and before each it
commits a page of its own: until that page is in the file, which is the end of the checkpoint, the log goes on.
"""

import logging
import sqlite3
import threading
from pathlib import Path
from typing import Final

from segue.storage.sqlite_connection import connect, is_locked
from segue.storage.sqlite_locks import FileLock, begin, turns

_log = logging.getLogger(__name__)
_EVERY_S: Final = 0.5
# The log starts over once it has this many pages (64 MiB), however busy the writers are.
_LONG_LOG: Final = 16384
# How long writers wait for readers that still use the log when it is to start over.
_RESTART_PATIENCE_MS: Final = 50


class Checkpointer:
    """Made and closed by the writer, which tells it of every commit."""

    def __init__(self, path: Path) -> None:
        self._connection = connect(path, writes=True)
        self._connection.execute(f"PRAGMA busy_timeout = {_RESTART_PATIENCE_MS}")
        self._alone = FileLock(path, "checkpoint")
        self._turns = turns(path)
        self._written = False
        self._end = threading.Event()
        self._restart_at = _LONG_LOG
        self._thread = threading.Thread(target=self._loop, name="sqlite-checkpointer", daemon=True)
        self._thread.start()

    def note(self) -> None:
        """Something was committed."""
        self._written = True

    def close(self) -> None:
        self._end.set()
        self._thread.join()
        self._connection.close()
        self._turns.close()
        self._alone.close()

    def _loop(self) -> None:
        while not self._end.wait(_EVERY_S):
            if not self._written:
                continue
            self._written = False
            try:
                with self._alone.held_if_free() as alone:
                    if alone:
                        self._checkpoint()
                    else:
                        self._written = True  # another process is at it and may have begun before our last commit
            except sqlite3.Error as error:
                # Nothing is lost: what was committed stays in the log, and the next round tries again.
                self._written = True
                if not is_locked(error):
                    _log.exception("a checkpoint failed")

    def _checkpoint(self) -> None:
        with self._turns.held():
            self._commit_a_page()
        _, pages, _ = self._connection.execute("PRAGMA wal_checkpoint(PASSIVE)").fetchone()
        if pages < self._restart_at:
            return
        # Under steady writing the log is never all in the file. What is left is little; writers wait for that.
        with self._turns.held():
            self._commit_a_page()
            blocked, pages, _ = self._connection.execute("PRAGMA wal_checkpoint(RESTART)").fetchone()
        # A reader that stays (a backup) keeps the log from starting over; asking at once again would hold up writers.
        self._restart_at = pages + _LONG_LOG if blocked else _LONG_LOG

    def _commit_a_page(self) -> None:
        begin(self._connection)
        self._connection.execute("PRAGMA user_version = 1")  # the file's first page, whatever it says already
        self._connection.execute("COMMIT")
