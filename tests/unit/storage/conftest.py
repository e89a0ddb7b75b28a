"""A migrated SQLite file, and one with an org in it."""

import os
from collections.abc import AsyncIterator
from pathlib import Path

import pytest
from tests.unit.storage.scene import EPOCH, PARTITION, Scene, event

from segue.core.application import Application, OidcClient
from segue.core.org import Org
from segue.core.secret import new_id
from segue.core.user import User
from segue.storage import migrate
from segue.storage.sqlite import SqliteStore


@pytest.fixture
def url(tmp_path: Path) -> str:
    """The address of a migrated, empty database."""
    url = f"sqlite:///{tmp_path}/segue.db"
    migrate.upgrade(url)
    return url


@pytest.fixture
async def scene(url: str, tmp_path: Path) -> AsyncIterator[Scene]:
    path = tmp_path / "segue.db"
    store = SqliteStore(path, epoch=EPOCH)
    await store.open()
    user = User(new_id("usr", PARTITION, 1, os.urandom), "org1", "Ann@corp.example", "ann@corp.example")
    await store.put_org(Org("org1", "One"), event())
    for number in ("1", "2"):
        app = Application(f"app{number}", "org1", "app", "App", f"key{number}", oidc=OidcClient(f"client{number}"))
        await store.put_application(app, event())
    await store.add_user(user, event())
    await store.assign("org1", "app1", user.id, event())
    yield Scene(store, path, user)
    await store.close()
