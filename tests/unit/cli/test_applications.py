"""``segue app …`` and ``segue key …``."""

import re
import sqlite3

import pytest
from tests.unit.cli.commands import Segue, Workshop, failed

from segue.core.secret import digest

ADDRESS = "https://app.corp.test/cb"


def test_a_client_is_added_with_a_secret_shown_once(segue: Segue, workshop: Workshop) -> None:
    done = segue("app", "add", "Orders", "--address", ADDRESS, "--everyone")
    assert done.exit_code == 0, done.output
    secret = re.search(r"Client secret: (\S+) {3}\(shown this once\)", done.stdout)
    assert secret is not None
    ((stored, everyone),) = workshop.rows("SELECT oidc, everyone FROM applications")
    assert digest(secret[1]).hex() in stored
    assert everyone
    assert "Issuer: http://localhost:8080" in done.stdout
    listed = segue("app", "list").stdout.splitlines()
    assert [line.split()[1:] for line in listed] == [
        ["NAME", "PROTOCOL", "STATUS", "LABEL"],
        ["orders", "oidc", "active", "Orders"],
    ]


@pytest.mark.usefixtures("workshop")
def test_a_public_client_has_no_secret(segue: Segue) -> None:
    done = segue("app", "add", "Orders", "--address", ADDRESS, "--public")
    assert done.exit_code == 0, done.output
    assert "secret" not in done.stdout
    assert "Nobody is assigned" in done.stdout


@pytest.mark.usefixtures("workshop")
@pytest.mark.parametrize(
    ("protocol", "says"),
    [
        ("saml", ("/sso/saml\n", "Metadata: http://localhost:8080/app/exk", "Link: http://localhost:8080/home/books/")),
        ("wsfed", ("/sso/wsfed/passive\n", "Link: http://localhost:8080/home/books/")),
        ("bookmark", ("Link: http://localhost:8080/home/books/",)),
    ],
)
def test_the_other_protocols_say_their_addresses(segue: Segue, protocol: str, says: tuple[str, ...]) -> None:
    identity = () if protocol == "bookmark" else ("--identity", "urn:books")
    done = segue("app", "add", "Books", "--protocol", protocol, "--address", ADDRESS, *identity)
    assert done.exit_code == 0, done.output
    assert all(text in done.stdout for text in says)
    assert protocol in segue("app", "list").stdout


@pytest.mark.usefixtures("workshop")
@pytest.mark.parametrize(
    ("arguments", "says"),
    [
        (("--protocol", "ldap", "--address", ADDRESS), "The protocol is one of"),
        (("--protocol", "bookmark"), "A bookmark has one address"),
        (("--address", "http://app.corp.test/cb"), "uses https"),
        (("--protocol", "saml", "--address", ADDRESS), "entity_id is a URI"),
        (("--protocol", "wsfed", "--identity", "urn:x"), "reply_urls holds 1 to"),
    ],
)
def test_what_cannot_be_added_says_why(segue: Segue, arguments: tuple[str, ...], says: str) -> None:
    failed(segue("app", "add", "Books", *arguments), says)
    assert "no applications" in segue("app", "list").stdout


def test_a_key_is_rotated_by_plan_and_in_an_emergency(segue: Segue, workshop: Workshop) -> None:
    kids = "SELECT kid, signs_from_at, retired_at FROM signing_keys WHERE key_set = 'main' ORDER BY created_at"
    assert len(workshop.rows(kids)) == 1
    planned = segue("key", "rotate")
    assert "is published and signs from" in planned.stdout
    assert len(workshop.rows(kids)) == 2
    failed(segue("key", "rotate"), "waits to sign")
    urgent = segue("key", "rotate", "--at-once")
    assert "signs now" in urgent.stdout
    *earlier, newest = workshop.rows(kids)
    assert len(earlier) == 2
    assert newest[2] is None
    assert all(retired_at is not None and retired_at <= newest[1] for _, _, retired_at in earlier)
    ((actor,),) = workshop.rows("SELECT actor_id FROM events WHERE type = 'keys.emergency'")
    assert actor.startswith("cli:")


@pytest.mark.usefixtures("workshop")
def test_service_providers_are_to_be_told(segue: Segue) -> None:
    assert "new metadata" in segue("key", "rotate", "--for", "assertions").stdout
    failed(segue("key", "rotate", "--for", "doors"), "tokens or assertions")


def test_a_key_of_another_algorithm(segue: Segue, workshop: Workshop) -> None:
    assert "is published" in segue("key", "rotate", "--algorithm", "ES256").stdout
    assert workshop.rows("SELECT count(*) FROM signing_keys WHERE algorithm = 'ES256'") == [(1,)]
    failed(segue("key", "rotate", "--algorithm", "HS256"), "We sign with one of")
    failed(segue("key", "rotate", "--for", "assertions", "--algorithm", "ES256"), "Assertions are signed by RS256")


EXCHANGE = "urn:ietf:params:oauth:grant-type:token-exchange"


def test_an_application_is_shown_and_changed(segue: Segue, workshop: Workshop) -> None:
    segue("app", "add", "Orders", "--address", ADDRESS)
    done = segue("app", "set", "Orders", "--grant", EXCHANGE, "--label", "Order book", "--address", f"{ADDRESS}/2")
    assert done.exit_code == 0, done.output
    shown = segue("app", "show", "Order book").stdout
    assert EXCHANGE in shown
    assert "client_secret_basic, 1 secrets" in shown
    assert f"Redirect address: {ADDRESS}/2" in shown
    assert "Nobody has it." in shown
    segue("app", "set", "orders", "--no-grant", EXCHANGE, "--everyone", "--disable")
    shown = segue("app", "show", "orders").stdout
    assert EXCHANGE not in shown
    assert "oidc, inactive" in shown
    assert "It is for everybody." in shown
    failed(segue("app", "set", "orders"), "Nothing was said")
    failed(segue("app", "set", "orders", "--grant", "magic"), "Grant types are")
    failed(segue("app", "show", "other"), "There is no application called other")
    assert segue("app", "delete", "orders").exit_code == 0
    assert workshop.rows("SELECT count(*) FROM applications") == [(0,)]


def test_a_new_secret_is_shown_once_and_the_old_one_dies_or_stays(segue: Segue, workshop: Workshop) -> None:
    segue("app", "add", "Orders", "--address", ADDRESS)

    def renew(*options: str) -> str:
        found = re.search(r"Client secret: (\S+) ", segue("app", "secret", "Orders", *options).stdout)
        assert found
        return digest(found[1]).hex()

    first, second = renew(), renew("--keep-old")
    ((stored,),) = workshop.rows("SELECT oidc FROM applications")
    assert first in stored
    assert second in stored
    third = renew()
    ((stored,),) = workshop.rows("SELECT oidc FROM applications")
    assert third in stored
    assert first not in stored
    assert second not in stored


def test_an_application_is_assigned_to_people_and_groups(segue: Segue, workshop: Workshop) -> None:
    segue("app", "add", "Orders", "--address", ADDRESS)
    with sqlite3.connect(workshop.folder / "var" / "segue.db") as connection:
        connection.execute("INSERT INTO groups (org_id, id, name) SELECT id, '00gDEVS', 'Devs' FROM orgs")
    ((login,),) = workshop.rows("SELECT login FROM users")
    assert (
        f"{login} may use Orders and is boss there."
        in segue("app", "assign", "Orders", "--user", login, "--as", "boss").stdout
    )
    assert "Whoever is in Devs" in segue("app", "assign", "Orders", "--group", "Devs").stdout
    shown = segue("app", "show", "Orders").stdout
    assert "Assigned to the group Devs." in shown
    assert re.search(rf"{login}\s+boss\s+by name", shown)
    failed(segue("app", "assign", "Orders"), "Say who")
    failed(segue("app", "assign", "Orders", "--group", "Ops"), "There is no group called Ops")
    failed(segue("app", "delete", "Orders"), "deactivate it first")
    assert "no more" in segue("app", "unassign", "Orders", "--user", login).stdout
    failed(segue("app", "unassign", "Orders", "--user", login), "is not assigned to")
    assert "no more" in segue("app", "unassign", "Orders", "--group", "Devs").stdout
    failed(segue("app", "unassign", "Orders"), "Say from whom")
    assert "Nobody has it." in segue("app", "show", "Orders").stdout
