"""A newer schema beside the release before: what it wrote is read, and what it goes on writing is taken."""

import asyncio
from pathlib import Path

import pytest
from alembic import command
from sqlalchemy import Connection
from tests.postgres_server import FreshDatabase
from tests.stores.databases import TestDatabase
from tests.stores.scene import a_scene, unique

from segue.core.user import RoleAssignment
from segue.storage import migrate


def _to_the_first(connection: Connection) -> None:
    config = migrate._config()
    config.attributes["connection"] = connection
    command.upgrade(config, "0001")


# As the first release writes them: its columns by name, and no other.
OLD_WRITES = (
    "INSERT INTO users (org_id, id, login, login_key, short_key, status, stamp, profile, password_hash, "
    "password_changed_at, limits_exempt, created_at) "
    "VALUES ($1, $2, $2, $2, $2, 'active', 1, '{}', NULL, 0, {false}, 0)",
    "INSERT INTO applications (org_id, id, name, label, external_key, status, client_id, oidc, saml, requirement, "
    "home_authority, everyone, when_other_user) "
    "VALUES ($1, $2, $2, $2, $2, 'active', NULL, NULL, NULL, '{}', '', {false}, NULL)",
    "INSERT INTO credentials (org_id, partition, id, kind, digest, issued_at, expires_at, epoch, data) "
    "VALUES ($1, 0, $2, 'session', NO_BYTES, 0, 0, 0, '{}')",
    "INSERT INTO credentials (org_id, partition, id, kind, digest, user_id, issued_at, expires_at, epoch, data) "
    "VALUES ($1, 1, $2, 'api_token', NO_BYTES, $2, 7, 0, 0, '{}')",
)


async def write_as_before(database: TestDatabase, org_id: str, name: str) -> None:
    for text in OLD_WRITES:
        flags = text.replace("{false}", "0" if database.file else "false")
        await database.execute(flags.replace("NO_BYTES", "x''" if database.file else "''"), org_id, name)


@pytest.mark.parametrize("engine", ["sqlite", pytest.param("postgresql", marks=pytest.mark.postgres)])
def test_G10_the_release_before_goes_on_working_on_the_new_schema(
    engine: str, tmp_path: Path, request: pytest.FixtureRequest
) -> None:
    if engine == "sqlite":
        path = tmp_path / "segue.db"
        path.touch()
        database = TestDatabase(f"sqlite:///{path}")
    else:
        fresh_database: FreshDatabase = request.getfixturevalue("fresh_database")
        database = TestDatabase(fresh_database())
    migrate._run(database.url, _to_the_first)
    assert migrate.current(database.url) == "0001"
    org_id, old, late = unique("org"), unique("old"), unique("late")
    put_org = "INSERT INTO orgs (id, name, status, settings, config_version) VALUES ($1, 'n', 'active', '{}', 1)"

    asyncio.run(database.execute(put_org, org_id))
    asyncio.run(write_as_before(database, org_id, old))
    assert migrate.upgrade(database.url) == migrate.head()
    asyncio.run(write_as_before(database, org_id, late))

    async def read() -> None:
        store = database.store()
        await store.open()
        for name in (old, late):
            user, app = await store.user(org_id, name), await store.application(org_id, name)
            assert user
            assert not user.password_temporary
            assert app
            assert (app.wsfed, app.bookmark, app.links) == (None, None, ())
        # Whoever had an API token when roles came is an owner: their programs go on working.
        assert await store.role_assignments(org_id) == [RoleAssignment(org_id, old, "owner", 7)]
        await a_scene(store, database)
        await store.close()

    asyncio.run(read())
