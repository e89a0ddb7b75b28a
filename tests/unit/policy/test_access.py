"""Who may use an application, and what they still have to prove."""

from dataclasses import replace

import pytest

from segue.core.application import Application
from segue.core.assurance import Assurance, Proof
from segue.core.requirement import Requirement
from segue.core.user import Subject, User
from segue.policy.access import AccessQuestion, decide_access

NOW_AT = 1_790_000_000_000
USER = User("00u1", "00o1", "ann@example.com", "ann@example.com")
APP = Application("0oa1", "00o1", "web", "Web", "exk1")
SIGNED_IN = Assurance((Proof("password", "knowledge", ("pwd",), NOW_AT),))


def ask(subject: Subject, app: Application | None, requirement: Requirement | None = None) -> AccessQuestion:
    return AccessQuestion(subject, app, requirement or Requirement(), SIGNED_IN, NOW_AT)


def test_an_assigned_active_user_has_access() -> None:
    assert decide_access(ask(Subject(USER, assigned=True), APP)).granted


def test_an_application_for_everyone_needs_no_assignment() -> None:
    assert decide_access(ask(Subject(USER), replace(APP, everyone=True))).granted


@pytest.mark.parametrize(
    ("subject", "app", "failed"),
    [
        (Subject(USER), APP, "assigned"),
        (Subject(replace(USER, status="suspended"), assigned=True), APP, "user_active"),
        (Subject(USER, assigned=True), replace(APP, status="inactive"), "application_active"),
    ],
)
def test_each_check_can_refuse_and_says_how_to_mend_it(subject: Subject, app: Application, failed: str) -> None:
    decision = decide_access(ask(subject, app))
    assert not decision.granted
    assert decision.verdict.failure is not None
    assert decision.verdict.failure.name == failed
    assert decision.verdict.failure.mend


def test_the_stricter_of_request_and_application_counts() -> None:
    two_factors = replace(APP, requirement=Requirement(factors=2))
    assert decide_access(ask(Subject(USER, assigned=True), two_factors)).missing == "second_factor"
    assert decide_access(ask(Subject(USER, assigned=True), APP, Requirement(factors=2))).missing == "second_factor"


def test_without_an_application_only_the_user_counts() -> None:
    assert decide_access(ask(Subject(USER), None)).granted
