"""``segue simulate``."""

import json
from dataclasses import replace

from tests.unit.cli.commands import Segue, Workshop, failed

from segue.admin import policies
from segue.admin.change import Change
from segue.admin.policies import PolicyWish, RuleWish
from segue.core.clock import Source
from segue.core.policy import Conditions, Selection
from segue.core.requirement import Requirement
from segue.events import Circumstances
from segue.stores import Store

USER = "ann@corp.test"


async def strict_policy(store: Store) -> None:
    """Ann needs two factors, and may not sign in from a device that nobody looks after."""
    (org,) = await store.orgs()
    user = await store.user_by_login(org.id, USER)
    assert user is not None
    source = Source()
    change = Change(Circumstances(org.id, source.now_at(), source), "cli:test")
    policy = await policies.create_policy(store, "session", PolicyWish("Ann's"), change)
    hers = Conditions(users=Selection(frozenset({user.id})))
    managed = RuleWish("Managed", conditions=replace(hers, device="managed"), requirement=Requirement(2))
    await policies.create_rule(store, policy.id, managed, change)
    never = RuleWish("Never", conditions=hers, allow=False)
    await policies.create_rule(store, policy.id, never, change)


def test_the_rules_that_were_tried_are_shown(segue: Segue, workshop: Workshop) -> None:
    assert "would be let in" in segue("simulate", USER).stdout
    workshop.inside(strict_policy)
    denied = segue("simulate", USER)
    assert denied.exit_code == 0, denied.output
    assert "would be refused" in denied.stdout
    assert "no: the device is not managed" in denied.stdout
    assert "Rule: Ann's: Never" in denied.stdout
    assert "Missing: another factor." in segue("simulate", USER, "--managed").stdout
    assert "would be let in" in segue("simulate", USER, "--managed", "--factor", "password", "--factor", "totp").stdout


def test_the_same_as_json(segue: Segue, workshop: Workshop) -> None:
    workshop.inside(strict_policy)
    found = json.loads(segue("simulate", USER, "--managed", "--json").stdout)
    assert (found["outcome"], found["missing"], found["rule"]) == ("challenge", "second_factor", "Ann's: Managed")
    assert [(one["rule"], one["matched"]) for one in found["tried"]] == [("Managed", True)]


def test_what_cannot_be_tried_is_said_in_words(segue: Segue, workshop: Workshop) -> None:
    assert workshop
    failed(segue("simulate", "nobody"), "There is no user")
    failed(segue("simulate", USER, "--app", "0oanone"), "no such application")
    failed(segue("simulate", USER, "--factor", "iris"), "no such factor")
    failed(segue("simulate", USER, "--risk", "extreme"), "risk")
