"""Running ``segue …`` in this process, and looking at what it left behind."""

import asyncio
import re
import sqlite3
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Protocol, TypeVar

from click.testing import Result
from typer.testing import CliRunner

from segue.cli.commands import app
from segue.storage import open_store
from segue.stores import Store

_Value = TypeVar("_Value")


class Segue(Protocol):
    def __call__(self, *arguments: str, typed: str = "") -> Result: ...


def run(*arguments: str, typed: str = "") -> Result:
    """``segue arguments`` with ``typed`` on stdin. An error that is no exit is raised."""
    return CliRunner().invoke(app, arguments, input=typed, catch_exceptions=False)


def failed(result: Result, says: str, *, status: int = 1) -> None:
    """It ended with that status and one sentence on stderr, without a traceback."""
    assert result.exit_code == status, result.output
    lines = result.stderr.strip().splitlines()
    assert says in result.stderr
    assert "Traceback" not in result.output, result.output
    if status == 1:
        assert len(lines) == 1
        assert lines[0].startswith("segue: ")
        assert lines[0].endswith((".", "?"))


def shown_password(output: str) -> str:
    """The password that a command showed once."""
    found = re.search(r"[Pp]assword(?: of \S+)?: (\S+) {3}\(shown this once\)", output)
    assert found is not None, output
    return found[1]


@dataclass(frozen=True)
class Workshop:
    folder: Path

    @property
    def url(self) -> str:
        return f"sqlite:///{self.folder / 'var' / 'segue.db'}"

    def inside(self, work: Callable[[Store], Awaitable[_Value]]) -> _Value:
        """Does something on the open database."""

        async def do() -> _Value:
            store = open_store(self.url, epoch=0)
            await store.open()
            try:
                return await work(store)
            finally:
                await store.close()

        return asyncio.run(do())

    def rows(self, statement: str, *values: object) -> list[tuple[Any, ...]]:
        """Rows of the database, read or changed past the store."""
        with sqlite3.connect(self.folder / "var" / "segue.db") as connection:
            rows = connection.execute(statement, values).fetchall()
        connection.close()
        return rows
