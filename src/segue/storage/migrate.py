"""Brings a database to the newest schema. The one module that imports Alembic and SQLAlchemy; only commands import it.

The whole upgrade is one transaction. Where two processes upgrade at once, one waits for the other or fails and finds
that the work is done.
"""

import asyncio
from collections.abc import Callable
from pathlib import Path
from typing import TypeVar

from alembic import command
from alembic.config import Config
from alembic.runtime.migration import MigrationContext
from alembic.script import ScriptDirectory
from sqlalchemy import Connection, create_engine, event
from sqlalchemy.engine import make_url
from sqlalchemy.engine.interfaces import DBAPIConnection
from sqlalchemy.exc import DBAPIError
from sqlalchemy.ext.asyncio import create_async_engine
from sqlalchemy.pool import NullPool

from segue.storage import sqlite_path

_MIGRATIONS = Path(__file__).parent / "migrations"
_Result = TypeVar("_Result")


def head() -> str:
    """The newest schema version that this release knows."""
    version = ScriptDirectory.from_config(_config()).get_current_head()
    if version is None:
        raise RuntimeError("the package holds no migrations")
    return version


def current(url: str) -> str | None:
    """The schema version of the database at ``url``, or None where it has no schema (or, SQLite, no file)."""
    path = sqlite_path(url)
    if path is not None and not path.exists():
        return None
    return _run(url, _version)


def upgrade(url: str) -> str:
    """Brings the database at ``url`` to :func:`head` and answers its version.

    A missing SQLite file is made, readable for its owner alone: it will hold password hashes. Raises SQLAlchemy's
    DBAPIError where the database refuses.
    """
    path = sqlite_path(url)
    if path is not None and not path.exists():
        path.parent.mkdir(parents=True, exist_ok=True)
        path.touch(mode=0o600)
    try:
        _run(url, _upgrade)
    except DBAPIError:
        if current(url) != head():
            raise
    return head()


def _upgrade(connection: Connection) -> None:
    config = _config()
    config.attributes["connection"] = connection
    command.upgrade(config, "head")


def _version(connection: Connection) -> str | None:
    return MigrationContext.configure(connection).get_current_revision()


def _config() -> Config:
    config = Config()
    # Alembic reads its options with %-interpolation.
    config.set_main_option("script_location", str(_MIGRATIONS).replace("%", "%%"))
    config.set_main_option("path_separator", "os")
    return config


def _run(url: str, work: Callable[[Connection], _Result]) -> _Result:
    """Runs ``work`` in one transaction on the database at ``url``."""
    if sqlite_path(url) is None:
        return asyncio.run(_run_postgres(url, work))
    engine = create_engine(url, poolclass=NullPool)

    # A checkpoint while servers write is theirs to make (``sqlite_checkpoint``).
    @event.listens_for(engine, "connect")
    def leave_the_log_alone(connection: DBAPIConnection, _record: object) -> None:
        cursor = connection.cursor()
        cursor.execute("PRAGMA wal_autocheckpoint = 0")
        cursor.close()

    # The driver begins no transaction before CREATE TABLE; IMMEDIATE also lines up processes that upgrade at once.
    @event.listens_for(engine, "begin")
    def begin(connection: Connection) -> None:
        connection.exec_driver_sql("BEGIN IMMEDIATE")

    with engine.begin() as connection:
        return work(connection)


async def _run_postgres(url: str, work: Callable[[Connection], _Result]) -> _Result:
    engine = create_async_engine(make_url(url).set(drivername="postgresql+asyncpg"), poolclass=NullPool)
    async with engine.begin() as connection:
        return await connection.run_sync(work)
