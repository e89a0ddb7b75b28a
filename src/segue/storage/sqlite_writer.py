"""The one thread of a process that writes to the SQLite file.

Operations that wait while a commit is on its way to the disk are committed together in the next one, each behind a
savepoint of its own; every caller hears its answer after the commit. Several processes take turns at the file.
"""

import asyncio
import logging
import sqlite3
import threading
from collections import deque
from collections.abc import Callable, Sequence
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final, TypeVar

from segue.storage.sqlite_checkpoint import Checkpointer
from segue.storage.sqlite_connection import connect, named
from segue.storage.sqlite_locks import begin, turns
from segue.stores import OutcomeUnknown, StoreUnavailable

_Result = TypeVar("_Result")
Work = Callable[[sqlite3.Connection], _Result]

_log = logging.getLogger(__name__)
_LARGEST_GROUP: Final = 256
_LONGEST_QUEUE: Final = 8192


class RolledBack(Exception):
    """Raised inside an operation that must leave nothing behind; the caller of ``run`` sees it."""


@dataclass(frozen=True, slots=True)
class _Waiting:
    work: Work[Any]
    future: asyncio.Future[Any]
    loop: asyncio.AbstractEventLoop


@dataclass(frozen=True, slots=True)
class _Answer:
    waiting: _Waiting
    result: Any = None
    error: BaseException | None = None


class Writer:
    """Runs operations in the writer thread. Made in ``open``; ``close`` lets what was accepted finish."""

    def __init__(self, path: Path) -> None:
        self._connection = connect(path, writes=True)
        self._turns = turns(path)
        self._queue: deque[_Waiting] = deque()
        self._arrived = threading.Condition()
        self._closing = False
        self._checkpointer = Checkpointer(path)
        self._thread = threading.Thread(target=self._loop, name="sqlite-writer", daemon=True)
        self._thread.start()

    async def run(self, work: Work[_Result]) -> _Result:
        """Runs ``work`` inside a transaction and answers after the commit.

        ``work`` runs in the writer thread and may be rolled back, but never runs twice. An exception undoes what it
        did, alone, and is raised here. Cancelling the caller does not take the write back. Raises StoreUnavailable
        (nothing was written) or OutcomeUnknown (the commit itself failed).
        """
        loop = asyncio.get_running_loop()
        waiting = _Waiting(work, loop.create_future(), loop)
        with self._arrived:
            if self._closing:
                raise StoreUnavailable("the store is closed")
            if len(self._queue) >= _LONGEST_QUEUE:
                raise StoreUnavailable("too many writes are waiting")
            self._queue.append(waiting)
            self._arrived.notify()
        result: _Result = await waiting.future
        return result

    def close(self) -> None:
        """Finishes what was accepted. Blocks until the last commit."""
        with self._arrived:
            self._closing = True
            self._arrived.notify()
        self._thread.join()
        self._checkpointer.close()
        self._connection.close()
        self._turns.close()

    def _loop(self) -> None:
        while group := self._next_group():
            try:
                answers = self._commit(group)
            except BaseException as error:  # the thread outlives any mistake: a dead writer would never answer again
                _log.exception("a group of writes failed")
                answers = _all(group, OutcomeUnknown(f"the writer failed: {error!r}"))
            self._checkpointer.note()
            _deliver(answers)

    def _next_group(self) -> list[_Waiting]:
        """What waits, as far as one commit takes it; empty when the store closes."""
        with self._arrived:
            while not self._queue and not self._closing:
                self._arrived.wait()
            return [self._queue.popleft() for _ in range(min(len(self._queue), _LARGEST_GROUP))]

    def _commit(self, group: Sequence[_Waiting]) -> list[_Answer]:
        try:
            if self._connection.in_transaction:  # what a failure left behind
                self._connection.execute("ROLLBACK")
            with self._turns.held():
                begin(self._connection)
        except sqlite3.Error as error:
            return _all(group, named(error))
        answers = []
        for waiting in group:
            answers.append(self._one(waiting))
            if not self._connection.in_transaction:
                # A full disk or a failed write made SQLite roll back everything that shared the transaction.
                return _all(group, StoreUnavailable(f"SQLite rolled back: {answers[-1].error}"))
        try:
            self._connection.execute("COMMIT")
        except sqlite3.Error as error:
            if self._connection.in_transaction:
                self._connection.execute("ROLLBACK")
            # The log may hold the commit although the disk complained.
            return _all(group, OutcomeUnknown(f"SQLite: {error}"))
        return answers

    def _one(self, waiting: _Waiting) -> _Answer:
        try:
            self._connection.execute("SAVEPOINT operation")
            result = waiting.work(self._connection)
            self._connection.execute("RELEASE operation")
            return _Answer(waiting, result)
        except Exception as error:
            if self._connection.in_transaction:
                self._undo()
            return _Answer(waiting, error=named(error) if isinstance(error, sqlite3.Error) else error)

    def _undo(self) -> None:
        try:
            self._connection.execute("ROLLBACK TO operation")
            self._connection.execute("RELEASE operation")
        except sqlite3.Error:
            # Without its savepoint the operation cannot be told from its neighbours: none of the group may stay.
            _log.exception("a savepoint could not be undone")
            if self._connection.in_transaction:
                self._connection.execute("ROLLBACK")


def _all(group: Sequence[_Waiting], error: Exception) -> list[_Answer]:
    return [_Answer(waiting, error=error) for waiting in group]


def _deliver(answers: Sequence[_Answer]) -> None:
    """Hands the answers over, with one wake-up for each event loop that waits."""
    loops = {id(answer.waiting.loop): answer.waiting.loop for answer in answers}
    for loop in loops.values():
        with suppress(RuntimeError):  # a closed loop has nobody left who could be told
            loop.call_soon_threadsafe(_settle, [answer for answer in answers if answer.waiting.loop is loop])


def _settle(answers: Sequence[_Answer]) -> None:
    for answer in answers:
        future = answer.waiting.future
        if future.done():  # the caller was cancelled meanwhile
            continue
        if answer.error is None:
            future.set_result(answer.result)
        else:
            future.set_exception(answer.error)
