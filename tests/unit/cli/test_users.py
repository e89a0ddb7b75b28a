"""``segue user …``."""

import json

import pytest
from tests.unit.cli.commands import Segue, Workshop, failed, shown_password

from segue.core.identifiers import normalise_password
from segue.signin.passwords import PasswordHasher
from segue.stores import Store

PASSWORD = "winter is a long river"


def password_fits(workshop: Workshop, login: str, password: str) -> bool:
    async def look(store: Store) -> bool:
        (org,) = await store.orgs()
        user = await store.user_by_login(org.id, login)
        assert user is not None
        hasher = PasswordHasher()
        verified = await hasher.verify(user.password_hash, normalise_password(password))
        hasher.close()
        return verified.ok

    return workshop.inside(look)


@pytest.mark.usefixtures("workshop")
def test_a_user_is_added_with_a_password_shown_once(segue: Segue, workshop: Workshop) -> None:
    done = segue("user", "add", "Bob@corp.test", "--first-name", "Bob", "--last-name", "Lee")
    assert done.exit_code == 0, done.output
    assert password_fits(workshop, "bob@corp.test", shown_password(done.stdout))
    listed = segue("user", "list").stdout
    assert [line.split()[1:] for line in listed.splitlines()] == [
        ["LOGIN", "STATUS", "NAME"],
        ["ann@corp.test", "active"],
        ["Bob@corp.test", "active", "Bob", "Lee"],
    ]
    ((profile,),) = workshop.rows("SELECT profile FROM users WHERE login_key = 'bob@corp.test'")
    assert json.loads(profile) == {"firstName": "Bob", "lastName": "Lee", "email": "Bob@corp.test"}
    ((actor,),) = workshop.rows("SELECT actor_id FROM events WHERE type = 'user.add' AND detail LIKE '%Bob%'")
    assert actor.startswith("cli:")


def test_a_password_comes_from_stdin_and_is_not_shown(segue: Segue, workshop: Workshop) -> None:
    done = segue("user", "add", "bob", "--password-stdin", typed=f"{PASSWORD}\n")
    assert PASSWORD not in done.output
    assert "shown" not in done.output
    assert password_fits(workshop, "bob", PASSWORD)


def test_AU_05_a_password_from_stdin_is_not_trimmed(segue: Segue, workshop: Workshop) -> None:
    segue("user", "add", "bob", "--password-stdin", typed=f"  {PASSWORD} \r\n")
    assert password_fits(workshop, "bob", f"  {PASSWORD} ")


def test_a_user_is_disabled_and_enabled(segue: Segue, workshop: Workshop) -> None:
    assert "suspended now" in segue("user", "disable", "ann").stdout
    assert "suspended already" in segue("user", "disable", "ANN@corp.test").stdout
    assert workshop.rows("SELECT status, stamp FROM users") == [("suspended", 2)]
    assert "active now" in segue("user", "enable", "ann@corp.test").stdout
    assert workshop.rows("SELECT status, stamp FROM users") == [("active", 3)]


def test_a_password_is_set(segue: Segue, workshop: Workshop) -> None:
    made = segue("user", "set-password", "ann")
    assert password_fits(workshop, "ann@corp.test", shown_password(made.stdout))
    given = segue("user", "set-password", "ann", "--password-stdin", typed=PASSWORD)
    assert PASSWORD not in given.output
    assert password_fits(workshop, "ann@corp.test", PASSWORD)
    assert workshop.rows("SELECT stamp FROM users") == [(3,)]


@pytest.mark.parametrize(
    ("arguments", "typed", "says"),
    [
        (("add", "ann@CORP.test"), "", "There is a user ann@CORP.test already."),
        (("add", "two words"), "", "The login cannot be used"),
        (("add", "bob", "--email", "nowhere"), "", "The email is not an address."),
        (("add", "bob", "--first-name", "\x1b[31mBob"), "", "firstName is one line"),
        (("add", "bob", "--password-stdin"), "short\n", "A password has 8 to 256 characters."),
        (("add", "bob", "--password-stdin"), "password1\n", "too easy to guess"),
        (("add", "bob", "--password-stdin"), "", "A password has 8 to 256 characters."),
        (("add", "bob", "--org", "nowhere"), "", "No org is called nowhere"),
        (("disable", "nobody"), "", "There is no user nobody here."),
        (("set-password", "nobody"), "", "There is no user nobody here."),
        (("enable", "\x1b[2Jnobody"), "", "There is no user \\x1b[2Jnobody here."),
    ],
)
@pytest.mark.usefixtures("workshop")
def test_what_cannot_be_is_one_sentence(segue: Segue, arguments: tuple[str, ...], typed: str, says: str) -> None:
    failed(segue("user", *arguments, typed=typed), says)


@pytest.mark.usefixtures("workshop")
def test_where_there_are_two_orgs_one_is_named(segue: Segue) -> None:
    segue("init", "--domain", "https://id.other.test", "--name", "Other", "--admin-login", "olga")
    failed(segue("user", "list"), "Say which org with --org: ")
    assert "olga" in segue("user", "list", "--org", "Other").stdout
    assert "olga" in segue("user", "list", "--org", "https://id.other.test").stdout
    assert "ann@corp.test" in segue("user", "list", "--org", "localhost:8080").stdout


def test_without_an_installation_it_says_what_to_do(segue: Segue) -> None:
    failed(segue("user", "list"), "The database sqlite:///var/segue.db cannot be used")
    segue("migrate")
    failed(segue("user", "list"), "There is no org yet: run `segue init`.")


def test_a_command_typed_wrong_has_status_2(segue: Segue) -> None:
    assert segue("user", "add").exit_code == 2
    assert segue("users").exit_code == 2
    assert segue("serve", "--port", "http").exit_code == 2


def test_the_version_is_printed(segue: Segue) -> None:
    assert segue("version").stdout == "segue 0.1.0\n"
