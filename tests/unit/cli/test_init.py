"""``segue init`` and ``segue migrate``: from nothing to something that can serve."""

import os
import stat
from pathlib import Path

import pytest
from tests.postgres_server import FreshDatabase
from tests.unit.cli.commands import Segue, Workshop, failed, shown_password

from segue.core.identifiers import normalise_password
from segue.signin.passwords import PasswordHasher
from segue.stores import Store


def test_it_makes_everything_and_says_so(segue: Segue, folder: Path) -> None:
    done = segue("init", "--domain", "https://id.corp.test", "--name", "Corp", "--admin-login", "ann@corp.test")
    assert done.exit_code == 0
    for made in ("master key", "org Corp", "key of the set main", "key of the set saml", "domain https://id.corp.test"):
        assert f"Made: {made}" in done.stdout or f"Made: signing {made}" in done.stdout
    password = shown_password(done.stdout)
    assert len(password) >= 20
    for path in (folder / "var" / "master.key", folder / "var" / "segue.db"):
        assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert password not in (folder / "var" / "segue.db").read_bytes().decode("latin-1")

    async def look(store: Store) -> None:
        (org,) = await store.orgs()
        domain = await store.domain("id.corp.test")
        assert domain is not None
        assert (org.name, domain.org_id, domain.dialect) == ("Corp", org.id, "okta")
        servers = {server.path: server for server in await store.authorization_servers(org.id)}
        assert {path: server.audience for path, server in servers.items()} == {
            "": "",
            "oauth2/default": "api://default",
        }
        (user,) = await store.users(org.id)
        hasher = PasswordHasher()
        assert (await hasher.verify(user.password_hash, normalise_password(password))).ok
        hasher.close()

    Workshop(folder).inside(look)


def test_a_second_time_it_makes_nothing(segue: Segue, workshop: Workshop) -> None:
    before = workshop.rows("SELECT count(*) FROM events"), (workshop.folder / "var" / "master.key").read_text()
    again = segue("init")
    assert again.exit_code == 0
    assert "Nothing was missing." in again.stdout
    assert "Made:" not in again.stdout
    assert "assword" not in again.stdout
    same = segue("init", "--domain", "http://localhost:8080", "--admin-login", "ANN@corp.test")
    assert "Nothing was missing." in same.stdout
    assert before == (
        workshop.rows("SELECT count(*) FROM events"),
        (workshop.folder / "var" / "master.key").read_text(),
    )


def test_it_finishes_what_is_missing(segue: Segue, workshop: Workshop) -> None:
    workshop.rows("DELETE FROM signing_keys WHERE key_set = 'saml'")
    workshop.rows("DELETE FROM authorization_servers WHERE path = 'oauth2/default'")
    done = segue("init")
    assert "Made: signing key of the set saml" in done.stdout
    assert "Made: authorization server default" in done.stdout
    assert "org Corp" not in done.stdout


def test_another_first_user_and_another_org_are_made_when_they_are_asked_for(segue: Segue, workshop: Workshop) -> None:
    assert "Made: user bob" in segue("init", "--admin-login", "bob").stdout
    assert "Made: org id.corp.test" in segue("init", "--domain", "https://id.corp.test").stdout
    failed(segue("init"), "There are several domains; say which one to complete with --domain.")


def test_without_a_domain_it_is_for_this_machine(segue: Segue, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SEGUE_PORT", "9123")
    assert "ready at http://localhost:9123" in segue("init").stdout


@pytest.mark.parametrize(
    ("arguments", "says"),
    [
        (("--domain", "id.corp.test"), "The domain cannot be used"),
        (("--domain", "http://id.corp.test"), "plain http is for this machine only"),
        (("--domain", "https://id.corp.test/path"), "The domain cannot be used"),
        (("--name", ""), "ready at"),
        (("--name", "x" * 101), "The name is one line"),
        (("--admin-login", "two words"), "The login cannot be used"),
        (("--database", "mysql://host/db"), "starts with sqlite:/// or postgresql://"),
    ],
)
def test_what_cannot_be_is_one_sentence(segue: Segue, arguments: tuple[str, str], says: str) -> None:
    done = segue("init", *arguments)
    if says == "ready at":
        assert says in done.stdout
    else:
        failed(done, says)


def test_a_folder_that_cannot_be_made_is_one_sentence(segue: Segue, folder: Path) -> None:
    (folder / "var").write_text("a file where the folder belongs")
    failed(segue("init"), "cannot be written")


def test_a_broken_master_key_is_not_replaced(segue: Segue, folder: Path) -> None:
    (folder / "var").mkdir()
    (folder / "var" / "master.key").write_text("broken\n")
    failed(segue("init"), "cannot be used")
    assert (folder / "var" / "master.key").read_text() == "broken\n"


def test_a_mistake_in_the_environment_is_one_sentence(segue: Segue, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SEGUE_DATABSE_URL", "x")
    failed(segue("init"), "SEGUE_DATABSE_URL is not a setting of Segue; did you mean SEGUE_DATABASE_URL?")


def test_a_file_that_is_no_database_is_one_sentence(segue: Segue, folder: Path) -> None:
    (folder / "var").mkdir()
    (folder / "var" / "segue.db").write_text("this is no database, however long it gets" * 100)
    failed(segue("init"), "could not be brought up")


def test_migrate_says_where_the_schema_is(segue: Segue, folder: Path) -> None:
    first, second = segue("migrate"), segue("migrate")
    assert "there was none" in first.stdout
    assert "as it should be" in second.stdout


@pytest.mark.postgres
def test_it_sets_up_postgresql_and_says_how_to_find_it(segue: Segue, fresh_database: FreshDatabase) -> None:
    url = fresh_database()
    password = url.partition("@")[0].rpartition(":")[2]
    done = segue("init", "--database", url, "--domain", "https://id.corp.test")
    assert done.exit_code == 0, done.output
    assert "SEGUE_DATABASE_URL" in done.stdout
    assert password not in done.output
    assert "Nothing was missing." in segue("init", "--database", url).stdout
    os.environ["SEGUE_DATABASE_URL"] = url
    try:
        assert "admin" in segue("user", "list").stdout
    finally:
        del os.environ["SEGUE_DATABASE_URL"]


@pytest.mark.postgres
def test_a_database_that_refuses_is_one_sentence(segue: Segue, fresh_database: FreshDatabase) -> None:
    url = fresh_database()
    password = url.partition("@")[0].rpartition(":")[2]
    wrong = url.replace(password, "wrong")
    failed(segue("init", "--database", wrong), "could not be brought up")
    failed(segue("init", "--database", url + "_nowhere"), "does not exist")
    failed(segue("init", "--database", "postgresql://segue@127.0.0.1:1/segue"), "could not be brought up")
