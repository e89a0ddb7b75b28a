"""``segue trust …``."""

import pytest
from tests.unit.cli.commands import Segue, failed

pytestmark = pytest.mark.usefixtures("workshop")


def add_apps(segue: Segue) -> None:
    for label in ("Phone", "Web", "Books"):
        protocol = ("--protocol", "saml", "--identity", "urn:books") if label == "Books" else ()
        done = segue("app", "add", label, "--address", f"https://{label.lower()}.corp.test/cb", *protocol)
        assert done.exit_code == 0, done.output


def test_trust_is_added_listed_and_removed(segue: Segue) -> None:
    add_apps(segue)
    assert "No application takes" in segue("trust", "list").stdout
    done = segue("trust", "add", "Web", "Phone")
    assert done.exit_code == 0, done.output
    assert done.stdout.startswith("Web takes sign-ins from Phone (itm")
    assert segue("trust", "add", "books", "phone").exit_code == 0
    lines = segue("trust", "list").stdout.splitlines()
    assert sorted(line.split()[1::2] for line in lines[1:]) == [["Books", "Phone"], ["Web", "Phone"]]
    assert len(segue("trust", "list", "Web").stdout.splitlines()) == 2
    assert segue("trust", "remove", "Web", "Phone").stdout == "Web takes no sign-ins from Phone any more.\n"
    assert len(segue("trust", "list").stdout.splitlines()) == 2


def test_what_cannot_be_said_is_a_sentence(segue: Segue) -> None:
    add_apps(segue)
    failed(segue("trust", "add", "Web", "Tablet"), "There is no application called Tablet")
    failed(segue("trust", "add", "Web", "Books"), "Only an OpenID Connect application")
    failed(segue("trust", "remove", "Web", "Phone"), "does not trust that one")
    assert segue("app", "add", "Web", "--address", "https://web.corp.test/cb").exit_code == 0
    failed(segue("trust", "add", "Web", "Phone"), "There are several applications called Web")
