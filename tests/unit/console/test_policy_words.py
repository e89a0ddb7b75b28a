"""Rules of policies in sentences."""

from segue.console.policy_words import asks, rule_row, simple_worth
from segue.core.assurance import Worth
from segue.core.policy import ALL_ZONES, Conditions, Rule, Selection
from segue.core.requirement import Constraint, Need, Requirement

STRONG = Need("possession", worth=Worth(phishing_resistant=True))


def test_a_rule_for_everybody() -> None:
    row = rule_row(Rule("0pr", "Catch-all Rule", catch_all=True), {}, {})
    assert (row["whom"], row["asks"], row["place"]) == (["Everybody"], ["One factor"], "last")


def test_whom_a_rule_is_for() -> None:
    conditions = Conditions(
        groups=Selection(frozenset({"g1"}), frozenset({"g2"})),
        zones=Selection(exclude=frozenset({ALL_ZONES})),
        device="managed",
        risk="high",
    )
    row = rule_row(Rule("0pr", "R", 3, conditions=conditions), {"g1": "Staff", "g2": "Guests"}, {})
    assert row["whom"] == ["in Staff", "not in Guests", "not from any zone", "a managed device", "high risk"]


def test_a_rule_that_refuses() -> None:
    assert rule_row(Rule("0pr", "R", allow=False), {}, {})["asks"] == ["Nobody gets in"]


def test_what_is_asked() -> None:
    wanted = Requirement(
        factors=2,
        reauthenticate_s=0,
        max_age_s=4 * 3600,
        constraints=((Constraint(possession=STRONG), Constraint(knowledge=Need("knowledge"))),),
        also=(Requirement(reauthenticate_s=900),),
    )
    assert asks(wanted) == [
        "Two factors of different kinds",
        "something owned (phishing-resistant) or something known",
        "proved anew each time",
        "signed in within 4 hours",
        "One factor",
        "proved within 15 minutes",
    ]


def test_which_constraints_the_form_can_show() -> None:
    assert simple_worth(Requirement()) == frozenset()
    assert simple_worth(Requirement(constraints=((Constraint(possession=STRONG),),))) == {"phishing_resistant"}
    finer = (
        Need("possession", methods=frozenset({"totp"})),
        Need("possession", max_age_s=60),
    )
    for need in finer:
        assert simple_worth(Requirement(constraints=((Constraint(possession=need),),))) is None
    both = (Constraint(possession=STRONG), Constraint(knowledge=Need("knowledge")))
    assert simple_worth(Requirement(constraints=(both,))) is None
    assert simple_worth(Requirement(constraints=((both[0],), (both[0],)))) is None
