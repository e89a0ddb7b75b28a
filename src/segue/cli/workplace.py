"""What a command works with: the settings, an open database, and errors as sentences."""

import asyncio
import pwd
import sys
from collections.abc import AsyncIterator, Callable, Coroutine, Iterator, Sequence
from contextlib import asynccontextmanager, contextmanager
from dataclasses import dataclass
from os import getuid
from typing import Any, TypeVar

import typer

from segue.admin.change import Change
from segue.app.checks import CannotStart, open_checked
from segue.app.logs import escape_controls, hide_secrets
from segue.core.clock import Source
from segue.core.org import Org
from segue.core.refusal import Refusal
from segue.events import Circumstances
from segue.settings import Settings, SettingsError, load, read_epoch
from segue.signin.passwords import PasswordHasher, PoolFull
from segue.storage import open_store
from segue.stores import Store, StoreUnavailable

_Result = TypeVar("_Result")
FAILED = 1


class Problem(Exception):
    """What stands in the way of a command, as one sentence."""


@dataclass(frozen=True, slots=True)
class Workplace:
    """An open database and the means to change it. ``source`` gives the time and randomness of the command."""

    settings: Settings
    store: Store
    source: Source

    def change(self, org_id: str) -> Change:
        """An operation of whoever typed the command."""
        return Change(Circumstances(org_id, self.source.now_at(), self.source), actor())

    async def org(self, named: str | None) -> Org:
        """The org of that id, name or domain; without one, the only org there is. Raises Problem."""
        orgs = await self.store.orgs()
        if named is None:
            if len(orgs) == 1:
                return orgs[0]
            known = ", ".join(org.name for org in orgs)
            raise Problem(f"Say which org with --org: {known}." if orgs else "There is no org yet: run `segue init`.")
        domain = await self.store.domain(named.partition("://")[2] or named)
        found = [org for org in orgs if named in (org.id, org.name) or (domain is not None and domain.org_id == org.id)]
        if len(found) != 1:
            raise Problem(f"{'Several orgs are' if found else 'No org is'} called {named}; an org's id is unambiguous.")
        return found[0]


def actor() -> str:
    """Who types: the account at this machine, as events name it."""
    try:
        return f"cli:{pwd.getpwuid(getuid()).pw_name}"
    except KeyError:
        return f"cli:{getuid()}"


@asynccontextmanager
async def opened(settings: Settings) -> AsyncIterator[Workplace]:
    """The database of these settings, open and of a schema we know. Raises CannotStart, SettingsError."""
    store = open_store(settings.database, epoch=read_epoch(settings))
    await open_checked(store, settings)
    try:
        yield Workplace(settings, store, Source())
    finally:
        await store.close()


@contextmanager
def hashing(settings: Settings) -> Iterator[PasswordHasher]:
    """A pool that hashes passwords, for as long as the block."""
    hasher = PasswordHasher(threads=settings.password_threads)
    try:
        yield hasher
    finally:
        hasher.close()


def on_store(work: Callable[[Workplace], Coroutine[Any, Any, _Result]], *, database: str | None = None) -> _Result:
    """Runs ``work`` on the open database; what can be expected to fail ends the command with a sentence."""

    async def run() -> _Result:
        async with opened(load(database_url=database)) as workplace:
            return await work(workplace)

    with sentences():
        return asyncio.run(run())


@contextmanager
def sentences() -> Iterator[None]:
    """Turns the errors that an operator can do something about into one sentence and the exit status 1."""
    try:
        yield
    except (Problem, SettingsError, CannotStart) as error:
        fail(str(error))
    except Refusal as refusal:
        fail(refusal.public)
    except StoreUnavailable as error:
        fail(f"The database did not answer: {error}.")
    except PoolFull:
        fail("Too many passwords are being hashed; try again.")


def fail(text: str) -> None:
    """Says why on stderr and ends the command."""
    typer.echo(f"segue: {safe(text)}", err=True)
    raise typer.Exit(FAILED)


def say(*lines: str) -> None:
    """Prints lines that may hold what others wrote."""
    for line in lines:
        typer.echo(safe(line))


def safe(text: str) -> str:
    """``text`` without secrets by shape, and without anything a terminal would obey (ED-08)."""
    return "\n".join(escape_controls(hide_secrets(line)) for line in text.split("\n"))


def columns(rows: Sequence[Sequence[str]]) -> list[str]:
    """Rows as lines with aligned columns."""
    widths = [max(map(len, column)) for column in zip(*rows, strict=True)]
    return ["  ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True)).rstrip() for row in rows]


def read_password(from_stdin: bool) -> str | None:
    """A password from stdin (one line), typed twice at a terminal, or None where it is to be made."""
    if from_stdin:
        line = sys.stdin.readline()
        return line.removesuffix("\n").removesuffix("\r")
    return None
