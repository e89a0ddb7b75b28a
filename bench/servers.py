"""The servers under test as processes of their own, each tied to the same core."""

import contextlib
import os
import shutil
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from bench.machine import pinned
from segue.settings import Settings

PEER: Final = Path(__file__).parent / "peer"
START_WITHIN_S: Final = 60
STOP_WITHIN_S: Final = 30
_OLDEST_NODE: Final = 22


@dataclass(frozen=True, slots=True)
class Server:
    """A server that answers. ``cold_start_s`` is how long after its start it first did."""

    port: int
    pid: int
    cold_start_s: float


@contextmanager
def running_segue(settings: Settings, core: int, *, cheap_passwords: bool = False) -> Iterator[Server]:
    """One worker of ``segue serve``."""
    module = "bench.cheap_passwords" if cheap_passwords else "segue"
    given = settings.model_dump(include={"var", "database_url", "host", "port", "limit_scale", "log_level"})
    variables = {f"SEGUE_{name.upper()}": str(value) for name, value in given.items()}
    with _running([sys.executable, "-m", module, "serve"], settings.port, core, variables) as server:
        yield server


@contextmanager
def running_peer(core: int) -> Iterator[Server]:
    port = free_port()
    with _running([node(), str(PEER / "server.mjs"), str(port)], port, core, {"NODE_ENV": "production"}) as server:
        yield server


@contextmanager
def running_fixed_answer(core: int) -> Iterator[Server]:
    """A server that does nothing but answer: what the generator of the load can reach."""
    port = free_port()
    with _running([sys.executable, "-m", "bench.fixed_answer", str(port)], port, core, {}) as server:
        yield server


def node() -> str:
    """The Node.js that the lock of the peer pins, else one on PATH. Raises SystemExit where there is none to use."""
    for package in sorted((PEER / "node_modules").glob("node-*/bin/node")):
        return str(package)
    found = shutil.which("node")
    if found is None or _major(found) < _OLDEST_NODE or not (PEER / "node_modules" / "oidc-provider").is_dir():
        raise SystemExit(f"The peer is not installed: npm ci in {PEER} (it brings its Node.js), or ./dev bench.")
    return found


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port


def _major(program: str) -> int:
    said = subprocess.run([program, "--version"], capture_output=True, text=True, check=True).stdout
    return int(said.lstrip("v").partition(".")[0])


@contextmanager
def _running(command: list[str], port: int, core: int, variables: Mapping[str, str]) -> Iterator[Server]:
    plain = {name: value for name, value in os.environ.items() if not name.startswith("SEGUE_")}
    started = time.perf_counter()
    process = subprocess.Popen(
        pinned(core, *command), env={**plain, **variables}, stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL
    )
    try:
        _wait_until_it_answers(process, port)
        yield Server(port, process.pid, time.perf_counter() - started)
    finally:
        process.send_signal(signal.SIGTERM)
        try:
            process.wait(STOP_WITHIN_S)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()


def _wait_until_it_answers(process: "subprocess.Popen[bytes]", port: int) -> None:
    deadline = time.monotonic() + START_WITHIN_S
    while True:
        with contextlib.suppress(OSError), socket.create_connection(("127.0.0.1", port), timeout=1):
            return
        if process.poll() is not None or time.monotonic() > deadline:
            raise SystemExit(f"A server did not start: {process.args!r}")
        time.sleep(0.01)
