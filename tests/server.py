"""Segue as a process of its own: a seeded installation in a temporary folder, served on a free port of loopback.

``running_server`` makes the installation through ``segue.admin``, starts ``segue serve`` and waits until it is ready.
One process serves two orgs, whose configuration and people look alike: ``site`` on localhost and its ``twin`` on
127.0.0.1, so that a test can try everything that belongs to the one at the other.
"""

import asyncio
import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Awaitable, Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, TypeVar

import httpx

from segue.app import Segue, build
from segue.core.org import OrgSettings
from segue.settings import Settings, ensure_master_key, load
from segue.storage import migrate
from tests.http_client import Browser, new_http
from tests.installation import Installation, LinkedApp, Person, SamlApp, SeededOrg, WsFedApp, seed
from tests.stores.databases import TestDatabase

START_WITHIN_S = 60
STOP_WITHIN_S = 40

_Result = TypeVar("_Result")


@dataclass(frozen=True, slots=True)
class Site:
    """An org at its address, as clients and browsers meet it."""

    base_url: str
    org: SeededOrg
    http: httpx.Client = field(repr=False)

    @property
    def authority(self) -> str:
        return self.base_url.partition("://")[2]

    def browser(self, **headers: str) -> Browser:
        """A browser that was never here. ``headers`` go with each of its requests (``sec_fetch_dest="image"``)."""
        return Browser(self.base_url, self.http, {name.replace("_", "-"): value for name, value in headers.items()})

    def person(self, name: str) -> Person:
        return self.org.people[name]

    def saml(self, name: str) -> SamlApp:
        return self.org.saml[name]

    def wsfed(self, name: str) -> WsFedApp:
        return self.org.wsfed[name]

    def linked(self, name: str) -> LinkedApp:
        return self.org.linked[name]


@dataclass(frozen=True, slots=True)
class Server:
    """A running server. ``settings`` are those it runs with, ``log`` is the file of all that its processes said."""

    site: Site
    twin: Site
    settings: Settings
    process: "subprocess.Popen[bytes]"
    log: Path
    database: TestDatabase
    environment: Mapping[str, str]

    def inside(self, work: Callable[[Installation], Awaitable[_Result]], *, twin: bool = False) -> _Result:
        """Does something as the command line would: in this process, on the same database."""
        org = (self.twin if twin else self.site).org

        async def run() -> _Result:
            segue = build(self.settings)
            await segue.store.open()
            try:
                return await work(Installation(segue, org.org_id, org.domain))
            finally:
                await segue.store.close()
                segue.hasher.close()

        return asyncio.run(run())

    def rows(self, statement: str, *values: object) -> list[tuple[Any, ...]]:
        """Rows of the database, read past the store."""
        return asyncio.run(self.database.rows(statement, *values))

    def execute(self, statement: str, *values: object) -> None:
        """Changes a row past the store: to move a moment as if time had passed."""
        asyncio.run(self.database.execute(statement, *values))

    def dump(self) -> bytes:
        """All that the database holds, and all that its files hold where it has files of its own."""
        cells = asyncio.run(self.database.dump())
        file = self.database.file
        files = [] if file is None else sorted(file.parent.glob(f"{file.name}*"))
        return cells + b"".join(path.read_bytes() for path in files)

    def said(self) -> str:
        return self.log.read_text(encoding="utf-8", errors="replace")

    def command(self, *arguments: str, check: bool = True) -> "subprocess.CompletedProcess[str]":
        """``segue …`` with the settings of this server."""
        return subprocess.run(
            [sys.executable, "-m", "segue", *arguments],
            env=dict(self.environment),
            cwd=self.settings.var,
            capture_output=True,
            text=True,
            timeout=60,
            check=check,
        )


@contextmanager
def running_server(
    folder: Path,
    *,
    database_url: str | None = None,
    workers: int = 1,
    org_settings: OrgSettings | None = None,
    environment: Mapping[str, str] | None = None,
    tls: tuple[Path, Path] | None = None,
    faults: Sequence[str] = (),
    **settings: object,
) -> Iterator[Server]:
    """A server that lives as long as the block.

    ``database_url`` is an empty database, SQLite in ``folder`` without one. ``settings`` are those of
    ``segue.settings``; rate limits are out of the way unless ``limit_scale`` says otherwise. ``tls`` are certificate
    and key, PEM. At the end the server must stop as it should and must not have logged an error, but for the ``faults``
    that a test brings about.
    """
    port = free_port()
    scheme = "https" if tls else "http"
    chosen: dict[str, object] = {
        "var": folder / "var",
        "database_url": database_url or f"sqlite:///{folder / 'var' / 'segue.db'}",
        "host": "localhost",
        "port": port,
        "workers": workers,
        "limit_scale": 1000,
        "log_level": "info",
        **({"tls_cert": tls[0], "tls_key": tls[1]} if tls else {}),
        **settings,
    }
    known = load(**chosen)
    ensure_master_key(known)
    migrate.upgrade(known.database)
    site_url, twin_url = f"{scheme}://localhost:{port}", f"{scheme}://127.0.0.1:{port}"
    orgs = asyncio.run(_seed(known, (site_url, twin_url), org_settings or OrgSettings()))
    variables = {f"SEGUE_{name.upper()}": str(value) for name, value in chosen.items()}
    environment = {**_plain_environment(), **variables, **(environment or {})}
    log = folder / "server.log"
    with new_http() as http, log.open("wb") as output:
        process = subprocess.Popen(
            [sys.executable, "-m", "segue", "serve", "--workers", str(workers)],
            env=environment,
            cwd=folder,
            stdin=subprocess.DEVNULL,
            stdout=output,
            stderr=subprocess.STDOUT,
            start_new_session=True,
        )
        site, twin = (Site(url, org, http) for url, org in zip((site_url, twin_url), orgs, strict=True))
        server = Server(site, twin, known, process, log, TestDatabase(known.database), environment)
        try:
            _wait_until_ready(server)
            yield server
        finally:
            if tls:  # a client that never reads the server's farewell keeps its connection half open
                http.close()
            _stop(server, faults)


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port


async def _seed(settings: Settings, addresses: tuple[str, str], org_settings: OrgSettings) -> list[SeededOrg]:
    segue: Segue = build(settings)
    await segue.store.open()
    try:
        return [await seed(segue, address, org_settings) for address in addresses]
    finally:
        await segue.store.close()
        segue.hasher.close()


def _plain_environment() -> dict[str, str]:
    return {name: value for name, value in os.environ.items() if not name.startswith("SEGUE_")}


def _wait_until_ready(server: Server) -> None:
    deadline = time.monotonic() + START_WITHIN_S
    while True:
        if server.process.poll() is not None:
            raise RuntimeError(f"the server ended with status {server.process.returncode}:\n{server.said()}")
        try:
            if server.site.http.get(f"{server.twin.base_url}/readyz").status_code == 200:
                return
        except httpx.TransportError:
            pass
        if time.monotonic() > deadline:
            raise RuntimeError(f"the server was not ready within {START_WITHIN_S} s:\n{server.said()}")
        time.sleep(0.05)


def _stop(server: Server, faults: Sequence[str]) -> None:
    """Asks the server to stop; makes an end of it, with its workers, where it does not."""
    server.process.send_signal(signal.SIGTERM)
    try:
        status = server.process.wait(STOP_WITHIN_S)
    except subprocess.TimeoutExpired:
        os.killpg(server.process.pid, signal.SIGKILL)
        server.process.wait()
        raise
    assert status == 0, f"the server ended with status {status}:\n{server.said()}"
    errors = [line for line in server.said().splitlines() if "Traceback" in line or '"level": "error"' in line]
    unexpected = [line for line in errors if not any(fault in line for fault in faults)]
    assert not unexpected, "\n".join(unexpected)
