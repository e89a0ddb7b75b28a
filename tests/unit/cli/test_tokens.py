"""``segue token …``."""

import re

import pytest
from tests.unit.cli.commands import Segue, Workshop, failed

from segue.core.credential import Kind
from segue.core.secret import read_bearer
from segue.stores import Store

KINDS: frozenset[Kind] = frozenset({"api_token"})


def works(workshop: Workshop, text: str) -> bool:
    async def look(store: Store) -> bool:
        (org,) = await store.orgs()
        bearer = read_bearer(text)
        assert bearer is not None
        return await store.find(org.id, bearer.id, bearer.digest, KINDS) is not None

    return workshop.inside(look)


def test_MG_05_a_token_is_made_shown_once_and_ended(segue: Segue, workshop: Workshop) -> None:
    made = segue("token", "add", "ann", "Deploys", "--days", "30")
    found = re.search(r"^Token: (\S+)   \(shown this once\)$", made.stdout, re.MULTILINE)
    assert found, made.output
    ident = found[1].partition(".")[0]
    assert "has no role" not in made.stdout
    assert works(workshop, found[1])
    listed = segue("token", "list").stdout
    assert [line.split()[:2] + line.split()[3:] for line in listed.splitlines()] == [
        ["ID", "OWNER", "NAME"],
        [ident, "ann@corp.test", "Deploys"],
    ]
    assert found[1].partition(".")[2] not in listed
    assert "has ended" in segue("token", "revoke", ident).stdout
    assert not works(workshop, found[1])
    assert "There are no API tokens." in segue("token", "list").stdout
    failed(segue("token", "revoke", ident), "There is no such API token")


@pytest.mark.usefixtures("workshop")
def test_a_token_of_somebody_without_a_role_says_so(segue: Segue) -> None:
    segue("user", "add", "bob@corp.test")
    assert "bob@corp.test has no role, so it may do nothing yet" in segue("token", "add", "bob", "Mine").stdout


@pytest.mark.parametrize(
    ("arguments", "says"),
    [
        (("add", "nobody", "x"), "There is no user nobody here."),
        (("add", "ann", ""), "name"),
        (("add", "ann", "x", "--days", "0"), "An API token lives for 1 to 731 days."),
        (("revoke", "nonsense"), "There is no such API token"),
    ],
)
@pytest.mark.usefixtures("workshop")
def test_what_cannot_be_is_one_sentence(segue: Segue, arguments: tuple[str, ...], says: str) -> None:
    failed(segue("token", *arguments), says)
