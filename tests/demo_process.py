"""The demo as a process of its own, as `./dev run` starts it: on free ports, in a temporary folder, gone afterwards.

What listens is Segue and its example apps, so tests reach them as browsers and clients do: through the addresses of the
manifest. The folder keeps what the process printed, for a test that looks for secrets in it.
"""

import errno
import json
import random
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from segue.demo.addresses import Addresses, Listener

START_WITHIN_S = 60
STOP_WITHIN_S = 20
# Below the ports that Linux gives to outgoing connections, so that none of those is in the way.
FIRST_PORTS = range(12_000, 31_000, 10)


class DemoFailed(AssertionError):
    """The demo did not start, or did not stop as it should; the message holds the end of what it printed."""


@dataclass(frozen=True, slots=True)
class Demo:
    """A demo that answers. ``folder`` is its own, ``ca`` the certificate of its throw-away CA, None without TLS."""

    manifest: dict[str, Any]
    addresses: Addresses
    folder: Path
    ca: Path | None


@contextmanager
def running_demo(folder: Path, *, tls: bool = False) -> Iterator[Demo]:
    """A fresh demo in ``folder``, stopped by Ctrl-C at the end. Raises DemoFailed."""
    var, log, addresses = folder / "var", folder / "printed.txt", _free_addresses(tls)
    command = [sys.executable, "-m", "segue.demo", "--port", str(addresses.port), "--var", str(var)]
    with log.open("wb") as printed:
        process = subprocess.Popen(
            [*command, *(["--tls"] if tls else [])],
            stdin=subprocess.DEVNULL,
            stdout=printed,
            stderr=subprocess.STDOUT,
        )
    try:
        manifest = _wait_for_manifest(process, var / "demo.json", log)
        yield Demo(manifest, addresses, folder, var / "tls" / "ca.pem" if tls else None)
        _stop(process, log)
    finally:
        if process.poll() is None:
            process.kill()
            process.wait()


def _wait_for_manifest(process: subprocess.Popen[bytes], path: Path, log: Path) -> dict[str, Any]:
    """The manifest, which the demo writes once every port answers."""
    deadline = time.monotonic() + START_WITHIN_S
    while not path.exists():
        if process.poll() is not None:
            raise DemoFailed(f"the demo ended with {process.returncode}:\n{_tail(log)}")
        if time.monotonic() > deadline:
            raise DemoFailed(f"the demo wrote no manifest within {START_WITHIN_S} s:\n{_tail(log)}")
        time.sleep(0.05)
    manifest: dict[str, Any] = json.loads(path.read_text(encoding="utf-8"))
    return manifest


def _stop(process: subprocess.Popen[bytes], log: Path) -> None:
    """Ctrl-C must end it in peace, and nothing may have gone wrong unseen meanwhile."""
    process.send_signal(signal.SIGINT)
    try:
        code = process.wait(STOP_WITHIN_S)
    except subprocess.TimeoutExpired:
        raise DemoFailed(f"the demo did not stop within {STOP_WITHIN_S} s of Ctrl-C:\n{_tail(log)}") from None
    if code != 0:
        raise DemoFailed(f"the demo answered Ctrl-C with {code}:\n{_tail(log)}")
    if "Traceback (most recent call last)" in log.read_text(encoding="utf-8", errors="replace"):
        raise DemoFailed(f"something went wrong in the demo while it ran:\n{_tail(log)}")


def _tail(log: Path) -> str:
    return log.read_text(encoding="utf-8", errors="replace")[-6000:]


def _free_addresses(tls: bool) -> Addresses:
    """Addresses whose whole block of ports is free, on both loopback addresses."""
    for port in random.sample(FIRST_PORTS, 50):
        addresses = Addresses(port, tls)
        names = [name for name in dir(addresses) if name.endswith("_listener")]
        if all(_free(getattr(addresses, name)) for name in names):
            return addresses
    raise DemoFailed("no block of free ports was found")


def _free(listener: Listener) -> bool:
    for family, host in ((socket.AF_INET, "127.0.0.1"), (socket.AF_INET6, "::1")):
        try:
            with socket.socket(family, socket.SOCK_STREAM) as probe:
                probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
                probe.bind((host, listener.port))
        except OSError as error:
            if error.errno == errno.EADDRINUSE:
                return False  # any other error: a machine without IPv6, say, where nobody else listens either
    return True
