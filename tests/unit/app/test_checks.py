"""What must hold at a start."""

import asyncio
import base64
import os
import sqlite3
from pathlib import Path

import pytest

from segue.admin.change import Change
from segue.admin.orgs import NewOrg, NewServer, establish_org
from segue.app import build
from segue.app.asgi import WithLifespan, create_asgi
from segue.app.checks import CannotStart, check_startable, newest_schema
from segue.core.clock import Source
from segue.events import Circumstances
from segue.settings import Settings, SettingsError, ensure_master_key, load
from segue.storage import migrate


@pytest.fixture
async def installation(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Settings:
    monkeypatch.chdir(tmp_path)
    settings = load(var=tmp_path / "var")
    ensure_master_key(settings)
    migrate.upgrade(settings.database)
    segue = build(settings)
    await segue.store.open()
    where = Circumstances("", Source().now_at(), Source())
    new = NewOrg("Corp", "http://localhost:8080", "okta", (NewServer("Own", ""),))
    await establish_org(segue.store, segue.sealer, new, Change(where, "cli:test"))
    await segue.store.close()
    return settings


def execute(settings: Settings, statement: str) -> None:
    with sqlite3.connect(settings.var / "segue.db") as connection:
        connection.execute(statement)
    connection.close()


def test_the_newest_schema_is_read_without_alembic_and_is_the_same() -> None:
    assert newest_schema() == migrate.head()


async def test_what_is_complete_starts_and_stops(installation: Settings) -> None:
    await check_startable(installation)
    segue = build(installation)
    await segue.start()
    assert await segue.edge.ready()
    await segue.stop()
    assert not await segue.edge.ready()


@pytest.mark.parametrize(
    ("statement", "says"),
    [
        ("DROP TABLE alembic_version", "no schema yet: run `segue init`"),
        ("UPDATE alembic_version SET version_num = '0000'", "schema 0000: run `segue migrate`"),
        ("UPDATE domains SET authority = 'id.corp.test'", "would send passwords in the clear"),
        ("UPDATE domains SET authority = 'idp.localhost:8080'", "SEGUE_LOCAL_NAMES"),
        ("UPDATE signing_keys SET sealed_private = x'0102'", "The master key does not open the signing keys"),
    ],
)
async def test_what_cannot_serve_does_not_start(installation: Settings, statement: str, says: str) -> None:
    execute(installation, statement)
    with pytest.raises(CannotStart, match=says):
        await check_startable(installation)
    segue = build(installation)
    with pytest.raises(CannotStart, match=says):
        await segue.start()
    segue.hasher.close()


async def test_more_names_of_this_machine_may_be_served(installation: Settings) -> None:
    execute(installation, "UPDATE domains SET authority = 'idp.localhost:8080'")
    await check_startable(load(var=installation.var, local_names="idp.localhost"))


async def test_a_newer_schema_is_served(installation: Settings) -> None:
    """Releases are rolled over: the new one migrates while the old one still answers."""
    execute(installation, "UPDATE alembic_version SET version_num = '9999'")
    await check_startable(installation)


async def test_KE_01_another_master_key_does_not_start(installation: Settings) -> None:
    other = base64.urlsafe_b64encode(os.urandom(32)).decode().rstrip("=")
    with pytest.raises(CannotStart, match="The master key does not open the signing keys"):
        await check_startable(load(var=installation.var, master_key=other))


async def test_a_database_that_is_not_there_does_not_start(installation: Settings) -> None:
    (installation.var / "segue.db").unlink()
    with pytest.raises(CannotStart, match="cannot be used"):
        await check_startable(installation)


async def test_without_a_master_key_nothing_is_built(installation: Settings) -> None:
    installation.key_file.unlink()
    with pytest.raises(SettingsError, match="no master key"):
        build(installation)


async def test_the_server_is_told_why_it_did_not_start(installation: Settings) -> None:
    execute(installation, "UPDATE alembic_version SET version_num = '0000'")
    segue = build(installation)
    sent: list[dict[str, object]] = []

    async def receive() -> dict[str, object]:
        return {"type": "lifespan.startup"}

    async def send(message: object) -> None:
        sent.append(dict(message))  # type: ignore[call-overload]

    await WithLifespan(segue)({"type": "lifespan"}, receive, send)
    segue.hasher.close()
    ((kind, message),) = [(item["type"], item["message"]) for item in sent]
    assert kind == "lifespan.startup.failed"
    assert "run `segue migrate`" in str(message)


def test_a_worker_that_cannot_be_built_says_so_and_is_not_tried_again(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("SEGUE_VAR", str(tmp_path))
    with pytest.raises(SystemExit) as caught:
        create_asgi()
    assert caught.value.code == 3
    assert "There is no master key" in capsys.readouterr().err


async def test_G9_who_is_still_waiting_at_the_deadline_is_told_to_try_again(installation: Settings) -> None:
    """The server cancels what it cannot wait for any longer; that is no fault and no empty answer."""
    segue = build(installation)
    await segue.start()
    sent: list[dict[str, object]] = []
    waiting = asyncio.Event()

    async def receive() -> dict[str, object]:
        waiting.set()
        await asyncio.Event().wait()
        return {}

    async def send(message: object) -> None:
        sent.append(dict(message))  # type: ignore[call-overload]

    scope = {
        "type": "http",
        "method": "POST",
        "path": "/api/v1/authn",
        "query_string": b"",
        "headers": [(b"host", b"localhost:8080"), (b"content-type", b"application/json"), (b"content-length", b"9")],
        "client": ("127.0.0.1", 5),
    }
    request = asyncio.create_task(WithLifespan(segue)(scope, receive, send))
    await waiting.wait()
    request.cancel()
    await request
    await segue.stop()
    assert [message["type"] for message in sent] == ["http.response.start", "http.response.body"]
    assert sent[0]["status"] == 503
    assert (b"retry-after", b"5") in sent[0]["headers"]  # type: ignore[operator]
