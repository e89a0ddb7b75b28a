"""``segue serve`` as a process of its own: it starts quickly, says where it is, and stops without dropping anything."""

import base64
import http.client
import json
import os
import re
import signal
import socket
import ssl
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from contextlib import closing, contextmanager
from dataclasses import dataclass
from pathlib import Path

import pytest
from tests.server import free_port
from tests.unit.cli.commands import Workshop
from tests.unit.cli.test_doctor import write_certificate

pytestmark = pytest.mark.server

PASSWORD = "winter is a long river"
WITHIN_S = 30


@dataclass
class Answer:
    status: int
    headers: dict[str, str]
    body: bytes


@dataclass
class Running:
    process: "subprocess.Popen[str]"
    port: int
    log: Path

    def ask(self, path: str, *, body: str | None = None) -> Answer:
        with closing(http.client.HTTPConnection("127.0.0.1", self.port, timeout=WITHIN_S)) as connection:
            headers = {"Host": "localhost:8080", "Content-Type": "application/json"}
            connection.request("GET" if body is None else "POST", path, body, headers)
            response = connection.getresponse()
            return Answer(
                response.status, {name.lower(): value for name, value in response.getheaders()}, response.read()
            )

    def stop(self, stop_signal: int = signal.SIGTERM) -> tuple[int, float]:
        """Exit status and seconds to stop."""
        began = time.monotonic()
        self.process.send_signal(stop_signal)
        return self.process.wait(WITHIN_S), time.monotonic() - began

    def rest(self) -> str:
        """What it said beside announcing itself. Call after it has ended."""
        assert self.process.stdout is not None
        return self.process.stdout.read() + self.log.read_text()


@contextmanager
def serving(folder: Path, *arguments: str, **environment: str) -> Iterator[Running]:
    """A server at a free port of 127.0.0.1, once it has said that it listens."""
    process = start(folder, "--host", "127.0.0.1", "--port", str(port := free_port()), *arguments, **environment)
    try:
        assert process.stdout is not None
        said = process.stdout.readline()
        assert re.match(rf"Segue listens at https?://127\.0\.0\.1:{port}( with \d workers)?\. ", said), said
        yield Running(process, port, folder / "log")
    finally:
        if process.poll() is None:
            os.killpg(process.pid, signal.SIGKILL)
        process.wait()
        if process.stdout is not None:
            process.stdout.close()


def start(folder: Path, *arguments: str, **environment: str) -> "subprocess.Popen[str]":
    """What it logs goes to a file: a pipe that nobody reads would make it wait."""
    with (folder / "log").open("wb") as log:
        return subprocess.Popen(
            [sys.executable, "-m", "segue", "serve", *arguments],
            cwd=folder,
            env={**os.environ, **environment},
            stdout=subprocess.PIPE,
            stderr=log,
            text=True,
            start_new_session=True,
        )


def refuses(folder: Path, says: str, *arguments: str, **environment: str) -> None:
    """It does not start, and says why in one sentence."""
    process = start(folder, *arguments, **environment)
    said, _ = process.communicate(timeout=WITHIN_S)
    output = said + (folder / "log").read_text()
    assert process.returncode == 1, output
    assert output.startswith("segue: ")
    assert len(output.strip().splitlines()) == 1, output
    assert says in output


def test_it_answers_as_soon_as_it_says_that_it_listens(workshop: Workshop) -> None:
    with serving(workshop.folder) as server:
        answer = server.ask("/.well-known/openid-configuration")
        assert json.loads(answer.body)["issuer"] == "http://localhost:8080"
        assert server.stop()[0] == 0


def test_OT_10_ED_06_nothing_is_logged_of_a_request_and_no_version_is_shown(workshop: Workshop) -> None:
    with serving(workshop.folder) as server:
        answer = server.ask("/oauth2/v1/authorize?sessionToken=20t00000000000000000.secret")
        assert answer.status == 400
        assert "server" not in answer.headers
        server.stop()
        assert server.rest() == ""


@pytest.mark.parametrize("stop_signal", [signal.SIGTERM, signal.SIGINT])
@pytest.mark.parametrize("workers", ["1", "2"])
def test_G9_what_is_being_answered_when_it_stops_is_answered(
    workshop: Workshop, workers: str, stop_signal: int
) -> None:
    """A queue of passwords being hashed keeps it busy over the moment of the signal."""
    with serving(workshop.folder, "--workers", workers, SEGUE_PASSWORD_THREADS="1", SEGUE_LIMIT_SCALE="100") as server:
        statuses: list[int] = []
        body = json.dumps({"username": "ann", "password": PASSWORD})

        def sign_in() -> None:
            statuses.append(server.ask("/api/v1/authn", body=body).status)

        callers = [threading.Thread(target=sign_in) for _ in range(24)]
        for caller in callers:
            caller.start()
        while not statuses:
            time.sleep(0.005)
        status, took = server.stop(stop_signal)
        for caller in callers:
            caller.join()
        assert statuses == [401] * 24
        assert (status, took < 25) == (0, True)
        with pytest.raises(ConnectionRefusedError):
            server.ask("/readyz")


def workers_of(server: Running) -> set[int]:
    """The processes that answer: the supervisor's children, without the one that watches over shared resources."""
    listing = subprocess.run(["pgrep", "-P", str(server.process.pid)], capture_output=True, text=True, check=True)
    commands = {int(pid): Path(f"/proc/{pid}/cmdline") for pid in listing.stdout.split()}
    return {pid for pid, command in commands.items() if command.exists() and b"spawn_main" in command.read_bytes()}


def test_several_workers_share_the_port_and_a_dead_one_is_replaced(workshop: Workshop) -> None:
    with serving(workshop.folder, "--workers", "2") as server:
        first = workers_of(server)
        assert len(first) == 2
        os.kill(min(first), signal.SIGKILL)
        deadline = time.monotonic() + WITHIN_S
        while len(workers_of(server) - {min(first)}) < 2:
            assert time.monotonic() < deadline
            time.sleep(0.1)
        assert server.ask("/readyz").status == 200
        assert server.stop()[0] == 0


def test_it_serves_https_with_a_certificate(workshop: Workshop) -> None:
    write_certificate(workshop.folder / "cert.pem", workshop.folder / "key.pem", 30)
    with serving(workshop.folder, "--tls-cert", "cert.pem", "--tls-key", "key.pem") as server:
        assert server.stop()[0] == 0


def test_G9_it_stops_although_a_client_keeps_an_encrypted_connection(workshop: Workshop) -> None:
    write_certificate(workshop.folder / "cert.pem", workshop.folder / "key.pem", 30)
    trusting = ssl.create_default_context(cafile=str(workshop.folder / "cert.pem"))
    trusting.check_hostname = False
    with (
        serving(workshop.folder, "--tls-cert", "cert.pem", "--tls-key", "key.pem") as server,
        closing(http.client.HTTPSConnection("127.0.0.1", server.port, context=trusting)) as idle,
    ):
        idle.request("GET", "/readyz")
        idle.getresponse().read()
        assert server.stop()[0] == 0
    assert "shutdown exceeded" not in (workshop.folder / "log").read_text()


def has_ipv6() -> bool:
    with socket.socket(socket.AF_INET6) as probe:
        try:
            probe.bind(("::1", 0))
        except OSError:
            return False
    return True


def test_localhost_is_both_of_its_addresses(workshop: Workshop) -> None:
    port = free_port()
    process = start(workshop.folder, "--port", str(port))
    assert process.stdout is not None
    try:
        assert f"http://localhost:{port}" in process.stdout.readline()
        for family, address in ((socket.AF_INET, "127.0.0.1"), (socket.AF_INET6, "::1")):
            if family == socket.AF_INET or has_ipv6():
                with socket.socket(family) as client:
                    client.connect((address, port))
    finally:
        process.send_signal(signal.SIGTERM)
        status = process.wait(WITHIN_S)
        process.stdout.close()
    assert status == 0


@pytest.mark.parametrize("workers", ["1", "2"])
def test_what_cannot_start_says_why_in_one_sentence(workshop: Workshop, workers: str) -> None:
    folder, many = workshop.folder, ("--workers", workers)
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        port = str(taken.getsockname()[1])
        refuses(folder, "address already in use", "--host", "127.0.0.1", "--port", port, *many)
    other = base64.urlsafe_b64encode(os.urandom(32)).decode().rstrip("=")
    refuses(folder, "The master key does not open the signing keys", *many, SEGUE_MASTER_KEY=other)
    refuses(folder, "placeholder", *many, SEGUE_MASTER_KEY="changeme")
    refuses(folder, "is no address of this machine", "--host", "nowhere.invalid", *many)
    refuses(folder, "The TLS certificate", "--tls-cert", "a.pem", "--tls-key", "b.pem", *many)
    refuses(folder, "set together", "--tls-cert", "a.pem", *many)
    refuses(folder, "SEGUE_DEBUG is for loopback", "--host", "0.0.0.0", *many, SEGUE_DEBUG="1")
    workshop.rows("UPDATE alembic_version SET version_num = '0000'")
    refuses(folder, "run `segue migrate`", *many)


def test_without_an_installation_it_says_to_make_one(folder: Path) -> None:
    refuses(folder, "There is no master key: run `segue init`")
