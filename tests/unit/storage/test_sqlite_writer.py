"""The writer: durable before it answers, one failure alone, fair between processes, 503 where the disk says no."""

import asyncio
import os
import resource
import signal
import sqlite3
import subprocess
import sys
import time
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest

from segue.storage import sqlite_checkpoint, sqlite_connection, sqlite_locks, sqlite_writer
from segue.storage.sqlite_connection import Reader, connect
from segue.storage.sqlite_writer import Writer
from segue.stores import AlreadyExists, StoreUnavailable


@pytest.fixture
def path(tmp_path: Path) -> Path:
    path = tmp_path / "plain.db"
    with sqlite3.connect(path) as connection:
        connection.execute("PRAGMA journal_mode = WAL")
        connection.execute("CREATE TABLE notes (id INTEGER PRIMARY KEY, text TEXT) STRICT")
    connection.close()
    return path


@pytest.fixture
async def writer(path: Path) -> AsyncIterator[Writer]:
    writer = Writer(path)
    yield writer
    await asyncio.to_thread(writer.close)


def add(ident: int | None = None, text: str = "") -> Any:
    def work(connection: sqlite3.Connection) -> int:
        connection.execute("INSERT INTO notes VALUES (?, ?)", (ident, text))
        return connection.total_changes

    return work


async def notes(path: Path) -> list[int]:
    reader = Reader(path)
    found = [row[0] for row in await reader.rows("SELECT id FROM notes ORDER BY id", ())]
    reader.close()
    return found


def held_up(seconds: float) -> Any:
    """Keeps the writer busy, so that what is sent meanwhile becomes one group."""
    return lambda connection: time.sleep(seconds)


async def test_what_was_answered_can_be_read(path: Path, writer: Writer) -> None:
    await writer.run(add(5))
    assert await notes(path) == [5]


async def test_a_commit_is_flushed_to_the_disk(path: Path) -> None:
    for writes in (True, False):
        connection = connect(path, writes=writes)
        assert connection.execute("PRAGMA synchronous").fetchone() == (2,)
        assert connection.execute("PRAGMA journal_mode").fetchone() == ("wal",)
        assert connection.execute("PRAGMA foreign_keys").fetchone() == (1,)
        connection.close()


async def test_what_waits_is_committed_together(path: Path, writer: Writer, monkeypatch: pytest.MonkeyPatch) -> None:
    groups: list[int] = []
    commit = Writer._commit

    def counted(self: Writer, group: Any) -> Any:
        groups.append(len(group))
        return commit(self, group)

    monkeypatch.setattr(Writer, "_commit", counted)
    await asyncio.gather(writer.run(held_up(0.1)), *(writer.run(add()) for _ in range(600)))
    assert len(await notes(path)) == 600
    assert sum(groups) == 601
    assert max(groups) == 256
    assert len(groups) < 10


async def test_a_failing_operation_fails_alone(path: Path, writer: Writer) -> None:
    def half(connection: sqlite3.Connection) -> None:
        connection.execute("INSERT INTO notes VALUES (2, '')")
        raise KeyError("half way")

    await writer.run(add(9))
    answers = await asyncio.gather(
        writer.run(held_up(0.05)),
        writer.run(add(1)),
        writer.run(half),
        writer.run(add(9)),
        writer.run(lambda connection: connection.execute("SELECT * FROM nowhere")),
        writer.run(add(3)),
        return_exceptions=True,
    )
    assert [type(answer) for answer in answers[2:5]] == [KeyError, AlreadyExists, sqlite3.OperationalError]
    assert isinstance(answers[3], AlreadyExists)
    assert answers[3].what == "id"
    assert await notes(path) == [1, 3, 9]


async def test_a_caller_who_leaves_takes_nothing_back(path: Path, writer: Writer) -> None:
    busy = asyncio.create_task(writer.run(held_up(0.05)))
    leaving, staying = (asyncio.create_task(writer.run(add(ident))) for ident in (1, 2))
    await asyncio.sleep(0)
    leaving.cancel()
    await busy
    await asyncio.wait_for(staying, 5)  # of the same group
    assert await notes(path) == [1, 2]


async def test_closing_finishes_what_was_accepted(path: Path) -> None:
    writer = Writer(path)
    pending = [asyncio.create_task(writer.run(add())) for _ in range(1000)]
    await asyncio.sleep(0)
    await asyncio.to_thread(writer.close)
    await asyncio.gather(*pending)
    assert len(await notes(path)) == 1000
    with pytest.raises(StoreUnavailable):
        await writer.run(add())
    assert not path.with_name("plain.db-wal").exists()


async def test_G11_too_many_writes_are_turned_away(path: Path, writer: Writer, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sqlite_writer, "_LONGEST_QUEUE", 10)
    busy = asyncio.create_task(writer.run(held_up(0.1)))
    await asyncio.sleep(0.05)
    answers = await asyncio.gather(*(writer.run(add()) for _ in range(15)), return_exceptions=True)
    await busy
    assert sum(isinstance(answer, StoreUnavailable) for answer in answers) == 5
    assert len(await notes(path)) == 10


async def test_a_lock_that_stays_is_503_and_then_it_goes_on(
    path: Path, writer: Writer, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sqlite_locks, "PATIENCE_S", 0.2)
    other = sqlite3.connect(path, isolation_level=None)
    other.execute("BEGIN IMMEDIATE")
    with pytest.raises(StoreUnavailable, match="locked"):
        await writer.run(add(1))
    monkeypatch.setattr(sqlite_locks, "PATIENCE_S", 5.0)
    waiting = asyncio.create_task(writer.run(add(2)))
    await asyncio.sleep(0.05)
    other.execute("COMMIT")
    await waiting
    other.close()
    assert await notes(path) == [2]


async def test_a_reader_waits_for_no_writer(path: Path, writer: Writer) -> None:
    await writer.run(add(1))
    busy = asyncio.create_task(writer.run(held_up(0.3)))
    await asyncio.sleep(0.05)
    started = time.monotonic()
    assert await notes(path) == [1]
    assert time.monotonic() - started < 0.2
    await busy


async def test_a_file_that_another_process_keeps_to_itself_is_503(path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sqlite_connection, "_OPENING_S", 0.05)
    other = sqlite3.connect(path, isolation_level=None)
    other.execute("PRAGMA locking_mode = EXCLUSIVE")
    other.execute("INSERT INTO notes VALUES (1, '')")
    with pytest.raises(StoreUnavailable, match="locked"):
        Reader(path)
    other.close()
    assert await notes(path) == [1]


class _Locked:
    """A connection while another process recovers the log, which no test can time: locked for so many reads."""

    def __init__(self, connection: sqlite3.Connection, reads: int) -> None:
        self._connection = connection
        self._reads = reads

    def execute(self, text: str, values: Any) -> sqlite3.Cursor:
        self._reads -= 1
        if self._reads >= 0:
            error = sqlite3.OperationalError("database is locked")
            error.sqlite_errorcode = sqlite3.SQLITE_BUSY_RECOVERY
            raise error
        return self._connection.execute(text, values)


async def test_a_read_is_tried_again_while_the_log_is_recovered(path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    reader = Reader(path)
    real = reader._connection
    reader._connection = _Locked(real, 3)  # type: ignore[assignment]
    assert await reader.rows("SELECT 1", ()) == [(1,)]
    monkeypatch.setattr(sqlite_connection, "PATIENCE_S", 0.05)
    reader._connection = _Locked(real, 1000)  # type: ignore[assignment]
    with pytest.raises(StoreUnavailable):
        await reader.rows("SELECT 1", ())
    real.close()


async def test_readers_cannot_write(path: Path) -> None:
    reader = Reader(path)
    with pytest.raises(StoreUnavailable, match="readonly"):
        await reader.rows("INSERT INTO notes VALUES (1, '')", ())
    reader.close()


async def test_G15_a_full_file_is_503_and_recovers(path: Path, writer: Writer) -> None:
    await writer.run(add(1, "kept"))
    pages = await writer.run(lambda connection: connection.execute("PRAGMA page_count").fetchone()[0])
    await writer.run(lambda connection: connection.execute(f"PRAGMA max_page_count = {pages}").fetchall())
    answers = await asyncio.gather(
        writer.run(held_up(0.05)),
        writer.run(add(2)),
        writer.run(add(3, "x" * 100_000)),
        writer.run(add(4)),
        return_exceptions=True,
    )
    assert isinstance(answers[2], StoreUnavailable)
    done = {ident for ident, answer in ((2, answers[1]), (4, answers[3])) if not isinstance(answer, Exception)}
    assert set(await notes(path)) == {1} | done  # whoever was told "done" is there, whoever was not is not
    await writer.run(lambda connection: connection.execute("PRAGMA max_page_count = 1000000").fetchall())
    await writer.run(add(5, "x" * 100_000))
    assert 5 in await notes(path)


_FILL = """
import asyncio, resource, sqlite3, sys
from pathlib import Path
from segue.storage.sqlite_writer import Writer
from segue.stores import OutcomeUnknown, StoreUnavailable

async def main():
    path = Path(sys.argv[1])
    writer = Writer(path)
    add = lambda number: lambda connection: connection.execute(
        "INSERT INTO notes VALUES (?, ?)", (number, "x" * 5000)) and None
    resource.setrlimit(resource.RLIMIT_FSIZE, (200_000, resource.RLIM_INFINITY))
    done, unknown = [], 0
    for number in range(200):
        try:
            await writer.run(add(number))
            done.append(number)
        except OutcomeUnknown:
            unknown += 1
        except StoreUnavailable:
            pass
    resource.setrlimit(resource.RLIMIT_FSIZE, (resource.RLIM_INFINITY, resource.RLIM_INFINITY))
    await writer.run(add(1000))
    done.append(1000)
    writer.close()
    with sqlite3.connect(path) as connection:
        there = [row[0] for row in connection.execute("SELECT id FROM notes ORDER BY id")]
        sound = connection.execute("PRAGMA integrity_check").fetchone()[0]
    print(unknown > 0, set(done) <= set(there), len(there) - len(done), sound)
asyncio.run(main())
"""


def test_G15_M4_a_disk_that_refuses_a_commit_loses_nothing_that_was_answered(path: Path) -> None:
    assert resource.getrlimit(resource.RLIMIT_FSIZE)[1] == resource.RLIM_INFINITY
    command = [sys.executable, "-c", _FILL, str(path)]
    ran = subprocess.run(command, capture_output=True, text=True, timeout=60, check=False)
    assert ran.stdout.split() == ["True", "True", "0", "ok"], ran.stderr


_KILLED = """
import asyncio, sys
from pathlib import Path
from segue.storage.sqlite_writer import Writer

async def main():
    writer = Writer(Path(sys.argv[1]))
    async def add(start):
        for number in range(start, 10**6, 16):
            work = lambda connection: connection.execute("INSERT INTO notes VALUES (?, '')", (number,)) and None
            await writer.run(work)
            print(number, flush=True)
    await asyncio.gather(*(add(start) for start in range(16)))
asyncio.run(main())
"""


def test_I10_G2_what_was_answered_survives_a_kill(path: Path) -> None:
    process = subprocess.Popen([sys.executable, "-c", _KILLED, str(path)], stdout=subprocess.PIPE, text=True)
    assert process.stdout
    answered = [int(process.stdout.readline()) for _ in range(500)]
    process.send_signal(signal.SIGKILL)
    answered += [int(line) for line in process.stdout.read().splitlines(keepends=True) if line.endswith("\n")]
    process.wait()
    process.stdout.close()
    with sqlite3.connect(path) as connection:
        there = {row[0] for row in connection.execute("SELECT id FROM notes")}
    connection.close()
    assert set(answered) <= there


async def test_a_busy_process_starves_no_other(path: Path, writer: Writer, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sqlite_writer, "_LARGEST_GROUP", 1)
    done = 0

    def slow(connection: sqlite3.Connection) -> None:
        nonlocal done
        time.sleep(0.02)
        done += 1

    busy = [asyncio.create_task(writer.run(slow)) for _ in range(50)]
    other = Writer(path)  # locks of one process on two open files keep each other out as those of two processes do
    await asyncio.sleep(0.05)
    before = done
    await other.run(add(1))
    assert done - before <= 3
    await asyncio.gather(*busy)
    await asyncio.to_thread(other.close)


async def test_the_log_starts_over_while_writes_go_on(path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sqlite_checkpoint, "_EVERY_S", 0.02)
    monkeypatch.setattr(sqlite_checkpoint, "_LONG_LOG", 50)
    writer = Writer(path)
    log = path.with_name("plain.db-wal")
    sizes = []
    end = time.monotonic() + 1

    async def write() -> None:
        while time.monotonic() < end:
            await writer.run(add(None, "x" * 3000))
            sizes.append(os.stat(log).st_size)

    await asyncio.gather(*(write() for _ in range(8)))
    written = len(await notes(path))
    await asyncio.to_thread(writer.close)
    assert written * 3000 > 2 * max(sizes), "the log took in everything that was ever written"


async def test_a_reader_that_stays_is_not_waited_for_again_and_again(
    path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sqlite_checkpoint, "_EVERY_S", 0.01)
    monkeypatch.setattr(sqlite_checkpoint, "_LONG_LOG", 200)
    writer = Writer(path)
    restarts: list[str] = []

    def noted(text: str) -> None:
        if "RESTART" in text:
            restarts.append(text)

    writer._checkpointer._connection.set_trace_callback(noted)
    await writer.run(add(None, "x"))
    backup = sqlite3.connect(path, isolation_level=None)
    backup.execute("BEGIN")
    backup.execute("SELECT * FROM notes").fetchall()
    for _ in range(30):
        await asyncio.gather(*(writer.run(add(None, "x" * 3000)) for _ in range(20)))
        await asyncio.sleep(0.02)
    pages = os.stat(path.with_name("plain.db-wal")).st_size // 4096
    backup.close()
    await asyncio.to_thread(writer.close)
    assert pages > 600
    assert 1 <= len(restarts) <= 1 + pages // 200
    assert len(await notes(path)) == 601


async def test_no_checkpoint_begins_while_a_writer_could_start_the_log_over(
    path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sqlite_checkpoint, "_EVERY_S", 0.01)
    monkeypatch.setattr(sqlite_checkpoint, "_LONG_LOG", 1)
    writer = Writer(path)
    steps: list[str] = []
    writer._checkpointer._connection.set_trace_callback(steps.append)
    while len(steps) < 24:
        await writer.run(add())
        await asyncio.sleep(0.005)
    await asyncio.to_thread(writer.close)
    page = ["BEGIN IMMEDIATE", "PRAGMA user_version = 1", "COMMIT"]
    checkpoints = [index for index, step in enumerate(steps) if "wal_checkpoint" in step]
    assert len(checkpoints) >= 6
    assert all(steps[index - 3 : index] == page for index in checkpoints)


def test_a_lock_has_one_holder(path: Path) -> None:
    one, two = (sqlite_locks.FileLock(path, "checkpoint") for _ in range(2))
    with one.held_if_free() as first, two.held_if_free() as second:
        assert (first, second) == (True, False)
    with two.held_if_free() as now:
        assert now
    one.close()
    two.close()


async def test_one_process_at_a_time_makes_a_checkpoint(path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sqlite_checkpoint, "_EVERY_S", 0.01)
    writer = Writer(path)
    steps: list[str] = []
    writer._checkpointer._connection.set_trace_callback(steps.append)
    other = sqlite_locks.FileLock(path, "checkpoint")
    with other.held():
        await writer.run(add(1))
        await asyncio.sleep(0.1)
        assert steps == []
    await asyncio.sleep(0.2)
    assert "PRAGMA wal_checkpoint(PASSIVE)" in steps  # what was written meanwhile is not forgotten
    other.close()
    await asyncio.to_thread(writer.close)
