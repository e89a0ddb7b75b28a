"""Starting and stopping the demo as a process: how it ends, what it says, what it leaves behind."""

import json
import signal
import socket
import stat
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import httpx
import pytest
from tests.demo_process import Demo
from tests.unit.demo.test_servers import free_port

from segue.demo.__main__ import main
from segue.demo.addresses import Addresses
from segue.demo.backend import Backend

pytestmark = pytest.mark.server


@contextmanager
def started(var: Path, *arguments: str) -> Iterator[subprocess.Popen[str]]:
    command = [sys.executable, "-m", "segue.demo", "--var", str(var), *arguments]
    process = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
    try:
        deadline = time.monotonic() + 60
        while not (var / "demo.json").exists():
            assert process.poll() is None, process.communicate()
            assert time.monotonic() < deadline
            time.sleep(0.05)
        yield process
    finally:
        if process.poll() is None:
            process.kill()
        process.communicate()


def block() -> int:
    """A first port whose followers are free too."""
    while True:
        port = free_port()
        if not 12_000 < port < 60_000:
            continue
        try:
            for listener in Addresses(port).listeners:
                socket.create_server(("127.0.0.1", listener.port)).close()
        except OSError:
            continue
        return port


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_a_run_a_stop_and_a_second_run(tmp_path: Path, number: signal.Signals) -> None:
    var, port = tmp_path / "var", block()
    manifests, printed = [], []
    for _ in range(2):
        with started(var, "--port", str(port)) as process:
            assert stat.S_IMODE((var / "demo.json").stat().st_mode) == 0o600
            manifests.append(json.loads((var / "demo.json").read_text()))
            process.send_signal(number)
            out, err = process.communicate(timeout=20)
            assert (process.returncode, err) == (0, "")
            printed.append(out)
        assert not (var / "demo.json").exists(), "who waits for the manifest waits for a demo that answers"
    assert manifests[0] == manifests[1]
    password = manifests[0]["admin"]["password"]
    assert password in printed[0]
    assert password not in printed[1]
    assert all(address in printed[0] for address in Addresses(port).all)
    for secret in ("master.key", "seed.json", "segue.db"):
        assert stat.S_IMODE((var / secret).stat().st_mode) == 0o600


def test_fresh_is_another_org(tmp_path: Path) -> None:
    var, port = tmp_path / "var", block()
    manifests = []
    for arguments in ((), ("--fresh",)):
        with started(var, "--port", str(port), *arguments) as process:
            manifests.append(json.loads((var / "demo.json").read_text()))
            process.send_signal(signal.SIGINT)
            assert process.wait(20) == 0
    first, second = manifests
    assert first["admin"]["password"] != second["admin"]["password"]
    assert first["okta"]["apps"]["web"]["client_secret"] != second["okta"]["apps"]["web"]["client_secret"]


async def test_every_address_answers_once_the_manifest_is_there(demo: Demo) -> None:
    async with Backend("").client("test") as client:
        for address in demo.addresses.all:
            assert (await client.get(f"{address}/")).status_code == httpx.codes.OK


async def test_over_https_every_address_answers_to_who_trusts_the_ca(demo_tls: Demo) -> None:
    assert demo_tls.addresses.idp.startswith("https:")
    async with Backend("", demo_tls.ca).client("test") as client:
        for address in demo_tls.addresses.all:
            assert (await client.get(f"{address}/")).status_code == httpx.codes.OK


def test_a_busy_port_is_one_sentence(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    port = block()
    busy = Addresses(port).playground_listener.port
    with socket.create_server(("127.0.0.1", busy)):
        assert main(["--var", str(tmp_path / "var"), "--port", str(port)]) == 1
    said = capsys.readouterr()
    assert said.out == ""
    assert said.err.count("\n") == 1
    assert f"Port {busy} is in use" in said.err
    assert "--port" in said.err
    assert not (tmp_path / "var").exists()


@pytest.mark.parametrize("port", ["0", "-1", "65535"])
def test_a_port_that_leaves_no_room(port: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["--var", str(tmp_path / "var"), "--port", port]) == 2
    assert capsys.readouterr().err == f"--port {port} cannot be used: the first port is a number from 1 to 64509.\n"


def test_a_place_that_cannot_be_written(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (tmp_path / "file").write_text("")
    assert main(["--var", str(tmp_path / "file" / "var"), "--port", str(block())]) == 1
    said = capsys.readouterr().err
    assert said.count("\n") == 1
    assert "--var" in said


def test_a_running_demo_keeps_its_folder(demo: Demo, capsys: pytest.CaptureFixture[str]) -> None:
    var = demo.folder / "var"
    assert main(["--var", str(var), "--port", str(block()), "--fresh"]) == 1
    assert "Another demo is running" in capsys.readouterr().err
    assert (var / "demo.json").exists()


def test_keys_of_somebody_else_are_not_used(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    """Nor a database: the demo would seed it."""
    monkeypatch.setenv("SEGUE_DATABASE_URL", f"sqlite:///{tmp_path / 'production.db'}")
    monkeypatch.setenv("SEGUE_MASTER_KEY", "bm90IGEgcmVhbCBrZXksIGJ1dCBsb25nIGVub3VnaCE")
    assert main(["--var", str(tmp_path / "var"), "--port", str(block())]) == 1
    assert "unset SEGUE_MASTER_KEY" in capsys.readouterr().err
    assert not (tmp_path / "production.db").exists()


def test_a_database_that_is_none(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    var = tmp_path / "var"
    var.mkdir()
    (var / "segue-demo").write_text("")
    (var / "segue.db").write_text("no database at all, but a long text that only looks like a file of one " * 20)
    assert main(["--var", str(var), "--port", str(block())]) == 1
    said = capsys.readouterr().err
    assert said.count("\n") == 1
    assert "--fresh starts over" in said
