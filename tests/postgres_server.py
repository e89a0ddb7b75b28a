"""A PostgreSQL server of the tests' own: on a free port, in a temporary folder, gone when the tests are.

It runs with durable commits, as in production: what the tests prove about races and crashes has to hold there. As root,
which PostgreSQL refuses, it runs as an unprivileged user. `python -m tests.postgres_server` names its programs' folder.
"""

import os
import pwd
import secrets
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from itertools import count
from pathlib import Path
from typing import Any

# What the fixture fresh_database is: it makes a database and returns its URL.
FreshDatabase = Callable[..., str]

USER = "segue"
START_WITHIN_S = 60
STOP_WITHIN_S = 30
SETTINGS = {
    "fsync": "on",
    "full_page_writes": "on",
    "synchronous_commit": "on",
    "listen_addresses": "127.0.0.1",
    "max_connections": "200",
    "shared_buffers": "32MB",
    "log_min_messages": "warning",
}


class PostgresUnavailable(RuntimeError):
    """There is no PostgreSQL to start, or it does not start; the message says which and what it said."""


def find_programs() -> Path:
    """The folder of initdb, postgres and psql: the newest one installed. Raises PostgresUnavailable."""

    def folders() -> Iterator[Path]:
        versions = Path("/usr/lib/postgresql").glob("*/bin")
        yield from sorted(versions, key=lambda folder: [int(n) for n in folder.parent.name.split(".")], reverse=True)
        if pg_config := shutil.which("pg_config"):
            yield Path(
                subprocess.run([pg_config, "--bindir"], capture_output=True, text=True, check=True).stdout.strip()
            )
        if initdb := shutil.which("initdb"):
            yield Path(initdb).resolve().parent

    for folder in folders():
        if all((folder / program).is_file() for program in ("initdb", "postgres", "psql")):
            return folder
    raise PostgresUnavailable(
        "no PostgreSQL server is installed here: looked in /usr/lib/postgresql, at pg_config and on PATH "
        "(Debian and Ubuntu: apt-get install postgresql)"
    )


def _run_as() -> dict[str, Any]:
    """The arguments that make ``subprocess`` run a program as somebody whom PostgreSQL accepts."""
    if os.geteuid() != 0:
        return {}
    known = {entry.pw_name: entry for entry in pwd.getpwall()}
    entry = known.get("postgres") or known.get("nobody")
    if entry is None:
        raise PostgresUnavailable(
            "PostgreSQL does not run as root, and there is no user postgres or nobody to run it as"
        )
    return {"user": entry.pw_uid, "group": entry.pw_gid, "extra_groups": []}


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port


@dataclass(frozen=True, slots=True)
class PostgresServer:
    """A running server. Databases are made by :meth:`create_database` and vanish with it."""

    programs: Path
    port: int
    password: str = field(repr=False)
    _numbers: Iterator[int] = field(default_factory=lambda: count(1), repr=False)

    def url(self, database: str) -> str:
        return f"postgresql://{USER}:{self.password}@127.0.0.1:{self.port}/{database}"

    def create_database(self, template: str = "template0") -> str:
        """Makes an empty database, or a copy of the database ``template`` that nobody is connected to; its name."""
        name = f"segue_{next(self._numbers)}"
        self.execute(f'CREATE DATABASE "{name}" TEMPLATE "{template}"')
        return name

    def execute(self, statement: str) -> None:
        """Runs one statement as superuser, outside any database of a test. Raises CalledProcessError."""
        psql = [str(self.programs / "psql"), "-X", "-q", "-v", "ON_ERROR_STOP=1"]
        subprocess.run([*psql, "-d", self.url("postgres"), "-c", statement], check=True)


@contextmanager
def running_postgres() -> Iterator[PostgresServer]:
    """A server that lives as long as the block. Raises PostgresUnavailable."""
    programs, run_as = find_programs(), _run_as()
    with tempfile.TemporaryDirectory(prefix="segue-postgres-") as name:
        folder = Path(name)
        password = secrets.token_hex(16)
        _make_cluster(programs, folder, password, run_as)
        server = PostgresServer(programs, _free_port(), password)
        process = _start(server, folder, run_as)
        try:
            _wait_until_ready(server, process, folder)
            yield server
        finally:
            _stop(process)


def _make_cluster(programs: Path, folder: Path, password: str, run_as: dict[str, Any]) -> None:
    password_file = folder / "password"
    password_file.write_text(password)
    if run_as:
        for path in (folder, password_file):
            os.chown(path, run_as["user"], run_as["group"])
    command = [
        str(programs / "initdb"), "--pgdata", str(folder / "data"), "--username", USER, "--pwfile", str(password_file),
        "--auth", "scram-sha-256", "--encoding", "UTF8", "--no-locale", "--no-sync", "--no-instructions",
    ]  # fmt: skip
    done = subprocess.run(command, cwd=folder, capture_output=True, text=True, check=False, **run_as)
    if done.returncode != 0:
        raise PostgresUnavailable(f"initdb failed: {done.stderr.strip()}")


def _start(server: PostgresServer, folder: Path, run_as: dict[str, Any]) -> "subprocess.Popen[bytes]":
    settings = SETTINGS | {"port": str(server.port), "unix_socket_directories": str(folder)}
    command = [str(server.programs / "postgres"), "-D", str(folder / "data")]
    command += [part for name, value in settings.items() for part in ("-c", f"{name}={value}")]
    if setpriv := shutil.which("setpriv"):
        # The server stops even where the tests are killed and never reach their end.
        command = [setpriv, "--pdeathsig", "INT", "--", *command]
    with (folder / "log").open("wb") as log:
        return subprocess.Popen(command, cwd=folder, stdin=subprocess.DEVNULL, stdout=log, stderr=log, **run_as)


def _wait_until_ready(server: PostgresServer, process: "subprocess.Popen[bytes]", folder: Path) -> None:
    deadline = time.monotonic() + START_WITHIN_S
    status = folder / "data" / "postmaster.pid"
    # The last line of this file is the server's own word on whether it takes connections.
    while not (status.is_file() and status.read_text().rstrip().endswith("ready")):
        if process.poll() is not None or time.monotonic() > deadline:
            said = (folder / "log").read_text(errors="replace").strip()
            raise PostgresUnavailable(f"PostgreSQL did not start within {START_WITHIN_S} s: {said}")
        time.sleep(0.02)


def _stop(process: "subprocess.Popen[bytes]") -> None:
    """Fast shutdown, which ends open connections; then the immediate one."""
    for stop_signal in (signal.SIGINT, signal.SIGQUIT):
        process.send_signal(stop_signal)
        try:
            process.wait(STOP_WITHIN_S)
            return
        except subprocess.TimeoutExpired:
            continue
    process.kill()
    process.wait()


if __name__ == "__main__":
    try:
        print(find_programs())
    except PostgresUnavailable as unavailable:
        sys.exit(str(unavailable))
