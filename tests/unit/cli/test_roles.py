"""``segue role …``."""

import pytest
from tests.unit.cli.commands import Segue, Workshop, failed


@pytest.mark.usefixtures("workshop")
def test_the_first_user_is_an_owner(segue: Segue) -> None:
    assert [line.split() for line in segue("role", "list").stdout.splitlines()] == [
        ["LOGIN", "ROLE", "STATUS"],
        ["ann@corp.test", "owner", "active"],
    ]


def test_roles_are_given_and_taken_back(segue: Segue, workshop: Workshop) -> None:
    segue("user", "add", "bob@corp.test")
    assert "bob@corp.test is support now." in segue("role", "assign", "bob", "support").stdout
    assert "bob@corp.test is support already." in segue("role", "assign", "bob", "support").stdout
    assert workshop.rows("SELECT role FROM role_assignments ORDER BY role") == [("owner",), ("support",)]
    assert "bob@corp.test is support no more." in segue("role", "remove", "bob", "support").stdout
    assert workshop.rows("SELECT role FROM role_assignments") == [("owner",)]
    assert workshop.rows("SELECT count(*) FROM events WHERE type LIKE 'role.%' AND actor_id LIKE 'cli:%'") == [(3,)]


@pytest.mark.parametrize(
    ("arguments", "says"),
    [
        (("assign", "nobody", "owner"), "There is no user nobody here."),
        (("assign", "ann", "king"), "A role is one of: owner, support, auditor."),
        (("remove", "ann", "auditor"), "The user does not have this role."),
        (("remove", "ann", "owner"), "This is the last owner"),
    ],
)
@pytest.mark.usefixtures("workshop")
def test_what_cannot_be_is_one_sentence(segue: Segue, arguments: tuple[str, ...], says: str) -> None:
    failed(segue("role", *arguments), says)


def test_an_org_without_an_owner_is_given_one_by_init(segue: Segue, workshop: Workshop) -> None:
    workshop.rows("DELETE FROM role_assignments")
    assert "Nobody administers this org yet" in segue("role", "list").stdout
    assert "Nobody is an owner of this org yet" in segue("init").stdout
    assert "Made: ann@corp.test an owner" in segue("init", "--admin-login", "ann@corp.test").stdout
    assert workshop.rows("SELECT role FROM role_assignments") == [("owner",)]
