"""The schema is made in one step, once, and keeps to its own rules."""

import os
import sqlite3
import stat
import subprocess
import sys
from pathlib import Path

import pytest

from segue.storage import migrate, open_store, sqlite_path
from segue.storage.sqlite import SqliteStore
from segue.stores import Store, StoreUnavailable

HOT = {
    "credentials",
    "tombstones",
    "participations",
    "foreign_uses",
    "login_attempts",
    "events",
    "factors",
    "remembered_devices",
}


def _tables(path: Path) -> dict[str, list[tuple[str, bool, bool, list[str]]]]:
    """Of each table its indexes: name, unique, whether the primary key, columns."""
    with sqlite3.connect(path) as connection:
        names = [row[0] for row in connection.execute("SELECT name FROM sqlite_schema WHERE type = 'table'")]
        return {
            name: [
                (
                    index[1],
                    bool(index[2]),
                    index[3] == "pk",
                    [column[2] for column in connection.execute(f"PRAGMA index_info({index[1]})")],
                )
                for index in connection.execute(f"PRAGMA index_list({name})")
            ]
            for name in names
        }


def test_upgrade_makes_the_file_and_is_done_once(tmp_path: Path) -> None:
    path = tmp_path / "deep" / "segue.db"
    url = f"sqlite:///{path}"
    assert migrate.current(url) is None
    assert not path.exists()
    assert migrate.upgrade(url) == migrate.head() == migrate.current(url)
    before = path.read_bytes()
    assert migrate.upgrade(url) == migrate.head()
    assert path.read_bytes() == before


def test_OT_07_nobody_else_may_read_the_file(url: str, tmp_path: Path) -> None:
    assert stat.S_IMODE((tmp_path / "segue.db").stat().st_mode) == 0o600


def test_processes_that_upgrade_at_once_all_succeed(tmp_path: Path) -> None:
    url = f"sqlite:///{tmp_path}/segue.db"
    program = "import sys; from segue.storage import migrate; print(migrate.upgrade(sys.argv[1]))"
    running = [
        subprocess.Popen([sys.executable, "-W", "error", "-c", program, url], stdout=subprocess.PIPE, text=True)
        for _ in range(4)
    ]
    answers = [process.communicate(timeout=60)[0].strip() for process in running]
    assert answers == [migrate.head()] * 4


def test_R_24_a_step_that_fails_leaves_nothing(tmp_path: Path) -> None:
    path = tmp_path / "segue.db"
    with sqlite3.connect(path) as connection:
        connection.execute("CREATE TABLE events (in_the_way TEXT)")
    connection.close()
    with pytest.raises(Exception, match="already exists"):
        migrate.upgrade(f"sqlite:///{path}")
    assert list(_tables(path)) == ["events"]
    assert migrate.current(f"sqlite:///{path}") is None


def test_hot_tables_have_one_unique_index_that_leads_with_org_and_partition(url: str, tmp_path: Path) -> None:
    tables = _tables(tmp_path / "segue.db")
    assert set(tables) >= HOT
    for name in HOT:
        assert [primary for _, unique, primary, _ in tables[name] if unique] == [True], name
        # Administration reads the log by time, and the refresh tokens of an application.
        across = {"events": [["org_id", "at"]], "credentials": [["org_id", "app_id"]]}
        leading = [columns[:2] for _, _, _, columns in tables[name]]
        assert [columns for columns in leading if columns != ["org_id", "partition"]] == across.get(name, []), name


def test_TE_01_every_key_starts_with_the_org(url: str, tmp_path: Path) -> None:
    for name, indexes in _tables(tmp_path / "segue.db").items():
        for index, _, _, columns in indexes:
            # An org is its own key; an authority leads to the org and so belongs to all of the installation.
            if name not in ("orgs", "domains", "alembic_version"):
                assert columns[0] == "org_id", index


async def test_the_store_tells_its_schema_version(url: str, tmp_path: Path) -> None:
    store = open_store(url, epoch=1)
    await store.open()
    assert await store.schema_version() == migrate.head()
    await store.close()


async def test_a_file_without_a_schema_has_no_version(tmp_path: Path) -> None:
    (tmp_path / "empty.db").touch()
    store = SqliteStore(tmp_path / "empty.db", epoch=1)
    await store.open()
    assert await store.schema_version() is None
    await store.close()


async def test_a_missing_file_is_not_made_by_opening(tmp_path: Path) -> None:
    store: Store = open_store(f"sqlite:///{tmp_path}/none.db", epoch=1)
    with pytest.raises(StoreUnavailable, match="no database"):
        await store.open()
    assert os.listdir(tmp_path) == []


async def test_what_is_no_database_is_refused(tmp_path: Path) -> None:
    (tmp_path / "text.db").write_text("not a database at all, but long enough to have a header" * 50)
    with pytest.raises(StoreUnavailable):
        await SqliteStore(tmp_path / "text.db", epoch=1).open()


def test_addresses() -> None:
    assert sqlite_path("sqlite:///var/segue.db") == Path("var/segue.db")
    assert sqlite_path("sqlite:////srv/segue.db") == Path("/srv/segue.db")
    assert sqlite_path("postgresql://localhost/segue") is None


@pytest.mark.parametrize(
    "url", ["sqlite://", "sqlite:///", "sqlite:var/x.db", "sqlite:///:memory:", "sqlite:///x?mode=ro"]
)
def test_addresses_that_are_none(url: str) -> None:
    with pytest.raises(ValueError):
        open_store(url, epoch=1)


@pytest.mark.parametrize("url", ["", "mysql://localhost/x", "var/segue.db"])
def test_engines_that_are_not_ours(url: str) -> None:
    with pytest.raises(ValueError, match="starts with"):
        open_store(url, epoch=1)


def test_the_hot_path_imports_no_migration_tool(url: str) -> None:
    program = (
        "import asyncio, sys; from segue.storage import open_store; s = open_store(sys.argv[1], epoch=1); "
        "asyncio.run(s.open()); print(sorted({'alembic', 'sqlalchemy', 'asyncpg'} & set(sys.modules)))"
    )
    ran = subprocess.run([sys.executable, "-c", program, url], capture_output=True, text=True, check=True, timeout=60)
    assert ran.stdout.strip() == "[]"
