"""What people who sign in to OIDC, SAML and WS-Federation notice of policies: the same, since one evaluator decides."""

import secrets
from typing import Any

import pytest
from tests.flows.test_apps_api import call, wait_for
from tests.http_client import form_of, forms_of
from tests.installation import Installation, Person
from tests.okta_steps import answer, authorize, session_token, sign_in_by_page
from tests.policy_steps import (
    POLICIES,
    STARTS,
    TOTP_ONLY,
    ZONES,
    Someone,
    Start,
    access_rule,
    app_id_of,
    arrived,
    enter,
    new_policy,
    new_rule,
    refused,
)
from tests.server import Server, Site

from segue.admin import policies
from segue.admin.policies import PolicyWish, RuleWish
from segue.core.policy import Conditions, Selection
from segue.core.requirement import Constraint, Need, Requirement


@pytest.mark.parametrize("protocol", list(STARTS))
def test_NW_06_an_application_asks_for_the_one_factor_that_its_policy_names(
    server: Server, site: Site, protocol: str
) -> None:
    someone, (start, _) = Someone(server), STARTS[protocol]
    policy = new_policy(site)
    body = {
        **access_rule(constraints=[TOTP_ONLY]),
        "conditions": {"people": {"users": {"include": [someone.person.id]}}},
    }
    new_rule(site, policy, body)
    browser = site.browser()
    assert arrived(sign_in_by_page(browser, start(site, browser), someone.person), site), "the default asks for no more"

    app_id = app_id_of(site, protocol)
    mapped = call(site, "POST", f"{POLICIES}/{policy['id']}/mappings", json={"resourceId": app_id})
    assert mapped.status_code == 200, mapped.text
    assert app_id in [app["id"] for app in call(site, "GET", f"{POLICIES}/{policy['id']}/app").json()]
    refused(call(site, "DELETE", f"{POLICIES}/{policy['id']}"), "policy")
    wait_for(lambda: not arrived(start(site, browser), site))
    page = browser.follow(start(site, browser))
    assert "passcode" in form_of(page).fields, "the session stands, and one factor is asked for"
    assert "password" not in form_of(page).fields
    assert arrived(enter(browser, page, someone.code), site)
    assert arrived(start(site, browser), site), "what was proved stays proved"

    default = call(site, "GET", f"{POLICIES}?type=ACCESS_POLICY").json()[-1]
    call(site, "POST", f"{POLICIES}/{default['id']}/mappings", json={"resourceId": app_id})
    assert call(site, "DELETE", f"{POLICIES}/{policy['id']}").status_code == 204


@pytest.mark.parametrize("protocol", list(STARTS))
def test_a_session_policy_is_for_every_way_in(server: Server, site: Site, protocol: str) -> None:
    someone, (start, _) = Someone(server), STARTS[protocol]
    conditions = {"people": {"groups": {"include": [someone.group]}}}
    policy = new_policy(site, "OKTA_SIGN_ON", conditions=conditions)
    signon = {"access": "ALLOW", "requireFactor": True, "session": {"maxSessionIdleMinutes": 5}}
    rule = new_rule(site, policy, {"type": "SIGN_ON", "name": "Two", "actions": {"signon": signon}})
    wait_for(lambda: _status(site, someone.person) == "MFA_REQUIRED")
    browser = site.browser()
    half = sign_in_by_page(browser, start(site, browser), someone.person)
    page = browser.follow(half)
    assert "passcode" in forms_of(page)[0].fields
    assert arrived(enter(browser, page, someone.code), site)
    session = browser.get("/api/v1/sessions/me").json()
    (idle,) = server.rows("SELECT idle_expires_at - issued_at FROM credentials WHERE id = ?", session["id"])
    assert idle[0] == 5 * 60_000

    never = {"type": "SIGN_ON", "name": "Two", "actions": {"signon": {"access": "DENY"}}}
    call(site, "PUT", f"{POLICIES}/{policy['id']}/rules/{rule['id']}", json=never)
    wait_for(lambda: not arrived(start(site, browser), site))
    denied = site.browser().post("/api/v1/authn", json=_credentials(someone.person))
    assert (denied.status_code, denied.json()["errorCode"]) == (403, "E0000006")
    event = server.inside(lambda installation: installation.event(denied.json()["errorId"]))
    trail: Any = event.detail["trail"]
    assert trail["rule"] == f"{policy['name']}: Two"
    assert [check["name"] for check in trail["checks"] if not check["passed"]] == ["session_policy"]
    assert call(site, "DELETE", f"{POLICIES}/{policy['id']}").status_code == 204


def _credentials(person: Person) -> dict[str, str]:
    return {"username": person.login, "password": person.password}


def _status(site: Site, person: Person) -> str:
    return str(site.browser().post("/api/v1/authn", json=_credentials(person)).json()["status"])


def test_NW_06_prompt_none_and_max_age_meet_the_same_evaluator(server: Server, site: Site) -> None:
    someone, client = Someone(server), site.org.clients["web"]
    policy = new_policy(site)
    body = {
        **access_rule(constraints=[TOTP_ONLY]),
        "conditions": {"people": {"users": {"include": [someone.person.id]}}},
    }
    new_rule(site, policy, body)
    call(site, "POST", f"{POLICIES}/{policy['id']}/mappings", json={"resourceId": client.app_id})

    def silent(**changes: str) -> dict[str, str]:
        browser = site.browser()
        token = session_token(site, someone.person)
        return answer(authorize(browser, client, prompt="none", sessionToken=token, **changes))

    wait_for(lambda: silent().get("error") == "login_required")
    wait_for(lambda: silent(acr_values="phr").get("error") == "unmet_authentication_requirements")
    default = call(site, "GET", f"{POLICIES}?type=ACCESS_POLICY").json()[-1]
    call(site, "POST", f"{POLICIES}/{default['id']}/mappings", json={"resourceId": client.app_id})
    wait_for(lambda: "error" not in silent())
    wait_for(lambda: "code" in silent(max_age="60"))
    if_possible = "urn:okta:loa:2fa:any:ifpossible"
    wait_for(lambda: silent(acr_values=if_possible).get("error") == "unmet_authentication_requirements")
    call(site, "DELETE", f"{POLICIES}/{policy['id']}")


def test_the_authentication_api_offers_what_would_do_and_nothing_else(server: Server, site: Site) -> None:
    """A rule of the session that names a factor: of the user's factors that one is listed, and where they have none
    that would do, that one is set up."""
    someone, bare = Someone(server), server.inside(lambda org: org.add_person(f"p{secrets.token_hex(6)}@x.example"))

    async def demand(installation: Installation) -> str:
        store, change = installation.segue.store, installation.change
        policy = await policies.create_policy(store, "session", PolicyWish(f"For {someone.person.id}"), change)
        need = Need("possession", frozenset({"totp"}))
        for person in (someone.person, bare):
            rule = RuleWish(
                f"For {person.id}",
                conditions=Conditions(users=Selection(frozenset({person.id}))),
                requirement=Requirement(constraints=((Constraint(possession=need),),)),
            )
            await policies.create_rule(store, policy.id, rule, change)
        return policy.id

    def begun(person: Person) -> dict[str, Any]:
        answered: dict[str, Any] = site.browser().post("/api/v1/authn", json=_credentials(person)).json()
        return answered

    policy_id = server.inside(demand)
    wait_for(lambda: begun(someone.person)["status"] == "MFA_REQUIRED")
    transaction = begun(someone.person)
    (factor,) = transaction["_embedded"]["factors"]
    assert factor["factorType"] == "token:software:totp"
    body = {"stateToken": transaction["stateToken"], "passCode": someone.code}
    done = site.browser().post(f"/api/v1/authn/factors/{factor['id']}/verify", json=body).json()
    assert done["status"] == "SUCCESS"
    enrolling = begun(bare)
    assert enrolling["status"] == "MFA_ENROLL"
    assert {one["factorType"] for one in enrolling["_embedded"]["factors"]} == {"token:software:totp"}
    assert call(site, "DELETE", f"{POLICIES}/{policy_id}").status_code == 204


def test_every_time_asks_each_time_and_never_in_circles(server: Server, site: Site) -> None:
    someone, (start, _) = Someone(server), STARTS["oidc"]
    app_id = app_id_of(site, "oidc")
    policy = new_policy(site)
    body = {
        **access_rule(reauthenticateIn="PT0S"),
        "conditions": {"people": {"users": {"include": [someone.person.id]}}},
    }
    new_rule(site, policy, body)
    call(site, "POST", f"{POLICIES}/{policy['id']}/mappings", json={"resourceId": app_id})
    browser = site.browser()
    wait_for(lambda: _asks_again(site, someone, start))
    for _ in range(2):
        page = browser.follow(start(site, browser))
        assert "password" in form_of(page).fields
        assert arrived(browser.submit(page, username=someone.person.login, password=someone.person.password), site)
    default = call(site, "GET", f"{POLICIES}?type=ACCESS_POLICY").json()[-1]
    call(site, "POST", f"{POLICIES}/{default['id']}/mappings", json={"resourceId": app_id})
    call(site, "DELETE", f"{POLICIES}/{policy['id']}")


def _asks_again(site: Site, someone: Someone, start: Start) -> bool:
    browser = site.browser()
    return arrived(sign_in_by_page(browser, start(site, browser), someone.person), site) and not arrived(
        start(site, browser), site
    )


def test_a_blocked_network_lets_nobody_in(server: Server, site: Site) -> None:
    """Of the other org, where nobody else signs in meanwhile."""
    body = {
        "type": "IP",
        "name": "Everybody",
        "usage": "BLOCKLIST",
        "gateways": [{"type": "CIDR", "value": "127.0.0.0/8"}],
    }
    twin = server.twin
    zone = call(twin, "POST", ZONES, json=body).json()
    try:
        wait_for(lambda: twin.browser().post("/api/v1/authn", json=_credentials(twin.person("ann"))).status_code == 403)
    finally:
        assert call(twin, "DELETE", f"{ZONES}/{zone['id']}").status_code == 204
    wait_for(lambda: twin.browser().post("/api/v1/authn", json=_credentials(twin.person("ann"))).status_code == 200)
