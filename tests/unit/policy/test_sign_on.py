"""The evaluator of sign-on policies: which rule decides, what it asks, and the trail that says why (NW-06)."""

from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from segue.core.application import Application
from segue.core.assurance import Assurance, Device, Proof, Worth
from segue.core.org import Org, OrgSettings
from segue.core.policy import (
    ALL_ZONES,
    CATCH_ALL_PRIORITY,
    Conditions,
    Policy,
    PolicySet,
    Rule,
    Selection,
    SessionLimits,
    default_policy,
)
from segue.core.requirement import Constraint, Missing, Need, Requirement
from segue.core.user import Subject, User
from segue.core.zone import Zone
from segue.policy.sign_on import SignOnDecision, SignOnQuestion, Surroundings, decide_sign_on, risk_of

NOW_AT = 1_790_000_000_000
USER = User("00u1", "00o1", "ann@example.com", "ann@example.com", profile={"userType": "contractor"})
SUBJECT = Subject(USER, assigned=True, group_ids=frozenset({"staff"}))
APP = Application("0oa1", "00o1", "web", "Web", "exk1", policy_id="00pA")
OFFICE = Zone("nzoOffice", "00o1", "Office", ("192.0.2.0/24",))
BLOCKED = Zone("nzoBlocked", "00o1", "Blocked", ("198.51.100.0/24",), blocks=True)
FROM_OFFICE = Surroundings("192.0.2.7")
CATCH_ALL = Rule("rulZ", "Catch-all Rule", CATCH_ALL_PRIORITY, catch_all=True)

PASSWORD = Proof("password", "knowledge", ("pwd",), NOW_AT - 60_000)
CODE = Proof("totp", "possession", ("otp",), NOW_AT - 30_000)
SYNCED = Proof("webauthn", "possession", ("swk",), NOW_AT - 30_000, Worth(phishing_resistant=True))
KEY = Proof("webauthn", "possession", ("hwk",), NOW_AT - 30_000, Worth(True, True, True))


def selected(*ids: str) -> Selection:
    return Selection(frozenset(ids))


def but(*ids: str) -> Selection:
    return Selection(exclude=frozenset(ids))


def access(*rules: Rule, ident: str = "00pA", status: str = "active") -> Policy:
    return Policy(ident, "00o1", "access", "App", status=status, rules=(*rules, CATCH_ALL))  # type: ignore[arg-type]


def session(*rules: Rule, **more: object) -> Policy:
    return Policy("00pS", "00o1", "session", "Sessions", rules=rules, **more)  # type: ignore[arg-type]


def rule(name: str, priority: int = 0, **more: object) -> Rule:
    return Rule(f"rul{name}", name, priority, **more)  # type: ignore[arg-type]


def ask(
    *policies: Policy,
    where: Surroundings = FROM_OFFICE,
    proofs: tuple[Proof, ...] = (PASSWORD,),
    app: Application | None = APP,
    request: Requirement | None = None,
    settings: OrgSettings | None = None,
    subject: Subject = SUBJECT,
) -> SignOnDecision:
    org = Org("00o1", "One", settings=settings or OrgSettings(), policies=PolicySet(policies, (OFFICE, BLOCKED)))
    return decide_sign_on(
        SignOnQuestion(org, subject, app, Assurance(proofs), where, NOW_AT, NOW_AT, request or Requirement())
    )


def test_without_policies_org_and_application_ask_as_they_always_did() -> None:
    plain = replace(APP, policy_id="")
    assert ask(app=plain).granted
    assert ask(app=plain).verdict.rule == "built_in_access"
    assert ask(app=replace(plain, requirement=Requirement(2))).missing == "second_factor"
    of_staff = OrgSettings(second_factor_groups=("staff",))
    assert ask(app=plain, settings=of_staff).missing == "second_factor"
    assert ask(app=None, settings=of_staff).missing == "second_factor"
    assert ask(app=plain, settings=of_staff, where=replace(FROM_OFFICE, device_remembered=True)).granted
    assert not ask(app=plain, subject=replace(SUBJECT, assigned=False)).verdict.allowed


MATCHES = [
    (Conditions(), Surroundings(), True),
    (Conditions(users=selected("00u1")), Surroundings(), True),
    (Conditions(users=selected("00u2")), Surroundings(), False),
    (Conditions(users=selected("00u2"), groups=selected("staff")), Surroundings(), True),
    (Conditions(groups=selected("guests", "staff")), Surroundings(), True),
    (Conditions(groups=selected("guests")), Surroundings(), False),
    (Conditions(users=but("00u1")), Surroundings(), False),
    (Conditions(users=but("00u2")), Surroundings(), True),
    (Conditions(groups=but("staff")), Surroundings(), False),
    (Conditions(users=selected("00u1"), groups=but("staff")), Surroundings(), False),
    (Conditions(user_types=selected("contractor")), Surroundings(), True),
    (Conditions(user_types=selected("default")), Surroundings(), False),
    (Conditions(user_types=but("contractor")), Surroundings(), False),
    (Conditions(zones=selected("nzoOffice")), FROM_OFFICE, True),
    (Conditions(zones=selected("nzoOffice")), Surroundings("203.0.113.1"), False),
    (Conditions(zones=selected("nzoOffice")), Surroundings(""), False),
    (Conditions(zones=but("nzoOffice")), FROM_OFFICE, False),
    (Conditions(zones=but("nzoOffice")), Surroundings("203.0.113.1"), True),
    (Conditions(zones=selected(ALL_ZONES)), FROM_OFFICE, True),
    (Conditions(zones=but(ALL_ZONES)), FROM_OFFICE, False),
    (Conditions(zones=but(ALL_ZONES)), Surroundings("203.0.113.1"), True),
    (Conditions(device="known"), Surroundings(), False),
    (Conditions(device="known"), Surroundings(device=Device("laptop")), True),
    (Conditions(device="managed"), Surroundings(device=Device("laptop")), False),
    (Conditions(device="managed"), Surroundings(device=Device("laptop", managed=True)), True),
    (Conditions(risk="high"), Surroundings(risk="high"), True),
    (Conditions(risk="low"), Surroundings(risk="high"), False),
    (Conditions(groups=selected("staff"), zones=selected("nzoOffice")), Surroundings("203.0.113.1"), False),
]


@pytest.mark.parametrize(("conditions", "where", "matches"), MATCHES)
def test_a_rule_matches_where_all_of_its_conditions_hold(
    conditions: Conditions, where: Surroundings, matches: bool
) -> None:
    decision = ask(access(rule("no", conditions=conditions, allow=False)), where=where)
    assert decision.verdict.allowed == (not matches)
    tried = [(one.rule, one.matched) for one in decision.verdict.tried if one.policy == "App"]
    assert tried == ([("no", True)] if matches else [("no", False), ("Catch-all Rule", True)])
    assert all(one.why for one in decision.verdict.tried if not one.matched)


def test_the_first_rule_by_priority_decides() -> None:
    strict, lax = rule("strict", 1, requirement=Requirement(2)), rule("lax", 0)
    assert ask(access(strict, lax)).verdict.rule == "App: lax"
    assert ask(access(replace(strict, priority=0), replace(lax, priority=1))).missing == "second_factor"
    inactive = replace(lax, status="inactive")
    assert ask(access(strict, inactive)).verdict.rule == "App: strict"


def test_a_denial_names_its_rule_and_how_to_mend_it() -> None:
    failure = ask(access(rule("never", allow=False))).verdict.failure
    assert failure is not None
    assert (failure.name, failure.seen) == ("access_policy", "deny")
    assert "never" in failure.mend


@pytest.mark.parametrize("policies", [(), (access(status="inactive"),), (access(ident="00pOther"),)])
def test_an_application_whose_policy_is_gone_is_closed(policies: tuple[Policy, ...]) -> None:
    failure = ask(*policies).verdict.failure
    assert failure is not None
    assert failure.name == "access_policy"


def test_a_session_policy_is_for_every_application_and_its_conditions_come_first() -> None:
    for_guests = session(rule("no", allow=False), conditions=Conditions(groups=selected("guests")))
    assert ask(access(), for_guests).granted
    for_staff = session(rule("two", requirement=Requirement(2)), conditions=Conditions(groups=selected("staff")))
    assert ask(access(), for_staff).missing == "second_factor"
    assert ask(for_staff, app=None).missing == "second_factor"
    assert ask(access(), replace(for_staff, status="inactive")).granted


def test_where_no_rule_of_a_session_policy_matches_the_next_policy_is_tried() -> None:
    first = session(rule("elsewhere", conditions=Conditions(zones=selected("none"))))
    second = replace(session(rule("no", allow=False)), id="00pT", name="Later", priority=2)
    assert not ask(access(), second, first).verdict.allowed


def test_a_blocked_network_lets_nobody_in() -> None:
    failure = ask(access(), where=Surroundings("198.51.100.9")).verdict.failure
    assert failure is not None
    assert failure.name == "network_allowed"


def test_a_policy_never_takes_away_what_org_application_or_request_ask() -> None:
    lax = access(rule("lax"))
    assert ask(lax, app=replace(APP, requirement=Requirement(2))).missing == "second_factor"
    assert ask(lax, request=Requirement(2)).missing == "second_factor"
    assert ask(lax, settings=OrgSettings(second_factor_groups=("staff",))).missing == "second_factor"


def test_a_remembered_device_excuses_where_the_rule_says_so() -> None:
    two = rule("two", requirement=Requirement(2))
    remembered = replace(FROM_OFFICE, device_remembered=True)
    assert ask(access(), session(two), where=remembered).missing == "second_factor"
    assert ask(access(), session(replace(two, device_excuses=True)), where=remembered).granted
    assert ask(access(), session(replace(two, device_excuses=True))).missing == "second_factor"


def test_limits_are_the_session_rules() -> None:
    limits = SessionLimits(600, 3600)
    assert ask(access(), session(rule("short", limits=limits))).limits == limits
    assert ask(access()).limits == SessionLimits()


def test_an_orgs_default_can_be_changed_and_stays_last() -> None:
    own = replace(default_policy("00o1", "access"), rules=(rule("no", allow=False), CATCH_ALL), revision=1)
    decision = ask(own, app=replace(APP, policy_id=""))
    assert decision.verdict.rule == f"{own.name}: no"
    assert [policy.default for policy in PolicySet((own,)).of("00o1", "session")] == [True]


def test_risk_is_what_is_new() -> None:
    assert risk_of(browser_remembered=True, address_known=True) == "low"
    assert risk_of(browser_remembered=False, address_known=True) == "medium"
    assert risk_of(browser_remembered=False, address_known=False) == "high"


def possession(*methods: str, **worth: bool) -> Need:
    return Need("possession", frozenset(methods), Worth(**worth))


def needs(knowledge: Need | None = None, held: Need | None = None, **more: int) -> Requirement:
    return Requirement(constraints=((Constraint(knowledge, held),),), **more)  # type: ignore[arg-type]


ONE, TWO = Requirement(1), Requirement(2)
ANY = needs(None, possession())
TOTP = needs(None, possession("totp"))
WEBAUTHN = needs(None, possession("webauthn"))
PHISHING_RESISTANT = needs(None, possession(phishing_resistant=True))
HARDWARE = needs(None, possession(phishing_resistant=True, hardware_protected=True))
VERIFIED = needs(None, possession(user_verified=True))
YOUNG_PASSWORD = needs(Need("knowledge", frozenset({"password"}), max_age_s=30))
HOURLY = Requirement(2, reauthenticate_s=3600)
ALWAYS = Requirement(1, reauthenticate_s=0)
MINUTE = Requirement(2, reauthenticate_s=45)

FACTOR_TABLE: list[tuple[Requirement, tuple[Proof, ...], Missing | None]] = [
    (ONE, (), "sign_in"),
    (ONE, (PASSWORD,), None),
    (ONE, (PASSWORD, CODE), None),
    (TWO, (), "sign_in"),
    (TWO, (PASSWORD,), "second_factor"),
    (TWO, (PASSWORD, CODE), None),
    (TWO, (PASSWORD, SYNCED), None),
    (TWO, (PASSWORD, KEY), None),
    (TWO, (CODE,), "fresh_sign_in"),
    (ANY, (PASSWORD,), "second_factor"),
    (ANY, (PASSWORD, CODE), None),
    (ANY, (PASSWORD, KEY), None),
    (TOTP, (PASSWORD,), "second_factor"),
    (TOTP, (PASSWORD, CODE), None),
    (TOTP, (PASSWORD, SYNCED), "second_factor"),
    (TOTP, (PASSWORD, KEY), "second_factor"),
    (WEBAUTHN, (PASSWORD, CODE), "second_factor"),
    (WEBAUTHN, (PASSWORD, SYNCED), None),
    (WEBAUTHN, (PASSWORD, KEY), None),
    (PHISHING_RESISTANT, (PASSWORD,), "second_factor"),
    (PHISHING_RESISTANT, (PASSWORD, CODE), "second_factor"),
    (PHISHING_RESISTANT, (PASSWORD, SYNCED), None),
    (PHISHING_RESISTANT, (PASSWORD, KEY), None),
    (HARDWARE, (PASSWORD, CODE), "second_factor"),
    (HARDWARE, (PASSWORD, SYNCED), "second_factor"),
    (HARDWARE, (PASSWORD, KEY), None),
    (VERIFIED, (PASSWORD, CODE), "second_factor"),
    (VERIFIED, (PASSWORD, SYNCED), "second_factor"),
    (VERIFIED, (PASSWORD, KEY), None),
    (YOUNG_PASSWORD, (PASSWORD,), "fresh_sign_in"),
    (YOUNG_PASSWORD, (PASSWORD, KEY), "fresh_sign_in"),
    (YOUNG_PASSWORD, (replace(PASSWORD, verified_at=NOW_AT - 30_000),), None),
    (HOURLY, (PASSWORD, CODE), None),
    (HOURLY, (PASSWORD,), "second_factor"),
    (HOURLY, (replace(PASSWORD, verified_at=NOW_AT - 3_601_000), CODE), "fresh_sign_in"),
    (HOURLY, (PASSWORD, replace(CODE, verified_at=NOW_AT - 3_601_000)), "second_factor"),
    (ALWAYS, (PASSWORD,), "fresh_sign_in"),
    (ALWAYS, (PASSWORD, CODE), "fresh_sign_in"),
    (ALWAYS, (replace(PASSWORD, verified_at=NOW_AT),), None),
    (MINUTE, (PASSWORD, CODE), "fresh_sign_in"),
    (MINUTE, (replace(PASSWORD, verified_at=NOW_AT), CODE), None),
    (Requirement(max_age_s=60), (PASSWORD,), None),
    (Requirement(max_age_s=59), (PASSWORD,), "fresh_sign_in"),
    (Requirement(max_age_s=59), (PASSWORD, CODE), None),
    (Requirement(2, max_age_s=10), (PASSWORD, CODE), "fresh_sign_in"),
    (Requirement(fresh_after_at=NOW_AT), (PASSWORD, KEY), "fresh_sign_in"),
    (Requirement(fresh_after_at=NOW_AT - 60_000), (PASSWORD,), None),
]


@pytest.mark.parametrize(("requirement", "proofs", "expected"), FACTOR_TABLE)
@pytest.mark.parametrize("asked_by", ["access", "session", "application", "request"])
def test_NW_06_policy_by_factor(
    requirement: Requirement, proofs: tuple[Proof, ...], expected: Missing | None, asked_by: str
) -> None:
    """Whoever asks, the same is missing."""
    asking = rule("asks", requirement=requirement)
    match asked_by:
        case "access":
            decision = ask(access(asking), proofs=proofs)
        case "session":
            decision = ask(access(), session(asking), proofs=proofs)
        case "application":
            decision = ask(access(), app=replace(APP, requirement=requirement), proofs=proofs)
        case _:
            decision = ask(access(), request=requirement, proofs=proofs)
    assert decision.missing == expected


requirements = st.sampled_from([row[0] for row in FACTOR_TABLE])
conditions = st.sampled_from([row[0] for row in MATCHES])
wheres = st.sampled_from([row[1] for row in MATCHES])
held = st.lists(st.sampled_from([PASSWORD, CODE, SYNCED, KEY]), max_size=3, unique=True).map(tuple)
rules = st.lists(
    st.builds(
        lambda number, when, asked, allow: rule(f"r{number}", number, conditions=when, requirement=asked, allow=allow),
        st.integers(0, 9),
        conditions,
        requirements,
        st.sampled_from([True, True, True, False]),
    ),
    max_size=4,
)


@given(rules, rules, wheres, held, held)
def test_NW_06_more_proofs_never_lose_access(
    of_app: list[Rule], of_session: list[Rule], where: Surroundings, proofs: tuple[Proof, ...], more: tuple[Proof, ...]
) -> None:
    policies = (access(*of_app), session(*of_session))
    before = ask(*policies, where=where, proofs=proofs)
    merged = Assurance(proofs).merged(Assurance(more)).proofs
    after = ask(*policies, where=where, proofs=merged)
    assert after.verdict == before.verdict
    if before.missing is None:
        assert after.missing is None


@given(rules, rules, wheres, held, requirements)
def test_NW_06_what_is_asked_besides_only_adds(
    of_app: list[Rule], of_session: list[Rule], where: Surroundings, proofs: tuple[Proof, ...], more: Requirement
) -> None:
    policies = (access(*of_app), session(*of_session))
    harder = ask(*policies, where=where, proofs=proofs, request=more)
    if harder.granted:
        assert ask(*policies, where=where, proofs=proofs).granted


@given(rules, wheres, held)
def test_exactly_one_rule_of_a_policy_decides(
    of_app: list[Rule], where: Surroundings, proofs: tuple[Proof, ...]
) -> None:
    tried = [one for one in ask(access(*of_app), where=where, proofs=proofs).verdict.tried if one.policy == "App"]
    assert [one.matched for one in tried].count(True) == 1
    assert tried[-1].matched
