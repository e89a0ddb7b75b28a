"""Policies, rules and network zones over HTTP."""

import json
import secrets
from typing import Any

import pytest
from tests.flows.test_apps_api import call
from tests.policy_steps import (
    POLICIES,
    TOTP_ONLY,
    ZONES,
    Someone,
    access_rule,
    app_id_of,
    new_policy,
    new_rule,
    refused,
)
from tests.server import Server, Site


def test_a_policy_from_its_first_day_to_its_last(server: Server, site: Site) -> None:
    made = new_policy(site, description="What it is for", priority=3)
    own = f"{POLICIES}/{made['id']}"
    assert made["id"].startswith("00p")
    assert (made["type"], made["status"], made["system"], made["conditions"]) == (
        "ACCESS_POLICY",
        "ACTIVE",
        False,
        None,
    )
    assert made["_links"]["self"]["href"] == f"{site.base_url}{own}"
    assert call(site, "GET", own).json() == made
    (ending,) = call(site, "GET", f"{own}/rules").json()
    assert (ending["name"], ending["priority"], ending["system"]) == ("Catch-all Rule", 99, True)
    listed = call(site, "GET", f"{POLICIES}?type=ACCESS_POLICY").json()
    assert made["id"] in [policy["id"] for policy in listed]
    assert [policy["system"] for policy in listed].count(True) == 1
    assert listed[-1]["system"], "the default comes last"

    body = {**made, "name": f"{made['name']} changed", "description": ""}
    assert call(site, "PUT", own, json=body).json()["name"] == f"{made['name']} changed"
    assert call(site, "POST", f"{own}/lifecycle/deactivate").status_code == 204
    assert call(site, "GET", own).json()["status"] == "INACTIVE"
    assert call(site, "POST", f"{own}/lifecycle/activate").status_code == 204
    copy = call(site, "POST", f"{own}/clone").json()
    assert copy["id"] != made["id"]
    assert copy["name"] == f"{made['name']} changed (1)"
    for policy in (made, copy):
        assert call(site, "DELETE", f"{POLICIES}/{policy['id']}").status_code == 204
    gone = call(site, "GET", own)
    assert (gone.status_code, gone.json()["errorCode"]) == (404, "E0000007")
    types = [row[0] for row in server.rows("SELECT type FROM events WHERE type LIKE 'policy.%'")]
    assert {"policy.create", "policy.update", "policy.deactivate", "policy.activate", "policy.remove"} <= set(types)


FULL_RULE = {
    "type": "ACCESS_POLICY",
    "name": "Strong",
    "priority": 0,
    "conditions": {
        "people": {"users": {"include": [], "exclude": []}},
        "network": {"connection": "ANYWHERE"},
        "riskScore": {"level": "HIGH"},
        "userType": {"include": [], "exclude": ["contractor"]},
        "elCondition": None,
        "device": {"registered": True, "managed": True, "assurance": {"include": []}},
    },
    "actions": {
        "appSignOn": {
            "access": "ALLOW",
            "verificationMethod": {
                "type": "ASSURANCE",
                "factorMode": "2FA",
                "reauthenticateIn": "PT2H",
                "constraints": [
                    {
                        "knowledge": {
                            "types": ["PASSWORD"],
                            "methods": ["PASSWORD"],
                            "required": True,
                            "reauthenticateIn": "PT1H",
                        },
                        "possession": {
                            "required": True,
                            "deviceBound": "OPTIONAL",
                            "hardwareProtection": "REQUIRED",
                            "phishingResistant": "REQUIRED",
                            "userPresence": "REQUIRED",
                            "userVerification": "REQUIRED",
                            "methods": ["TOTP", "webauthn"],
                        },
                    }
                ],
            },
        }
    },
}


def test_a_rule_is_shown_as_it_was_sent(site: Site) -> None:
    policy = new_policy(site)
    made = new_rule(site, policy, FULL_RULE)
    own = f"{POLICIES}/{policy['id']}/rules/{made['id']}"
    assert call(site, "GET", own).json() == made
    assert (made["status"], made["system"], made["priority"]) == ("ACTIVE", False, 0)
    method = made["actions"]["appSignOn"]["verificationMethod"]
    assert (method["factorMode"], method["reauthenticateIn"]) == ("2FA", "PT2H")
    (constraint,) = method["constraints"]
    assert constraint["knowledge"] == {"required": True, "methods": ["password"], "reauthenticateIn": "PT1H"}
    assert constraint["possession"] == {
        "required": True,
        "methods": ["totp", "webauthn"],
        "deviceBound": "OPTIONAL",
        "hardwareProtection": "REQUIRED",
        "phishingResistant": "REQUIRED",
        "userPresence": "REQUIRED",
        "userVerification": "REQUIRED",
    }
    assert made["conditions"]["riskScore"] == {"level": "HIGH"}
    assert made["conditions"]["device"] == {"registered": True, "managed": True}
    assert call(site, "PUT", own, json=made).json()["conditions"] == made["conditions"], "what was shown can be sent"
    assert call(site, "POST", f"{own}/lifecycle/deactivate").status_code == 204
    assert call(site, "GET", own).json()["status"] == "INACTIVE"

    second = new_rule(site, policy, access_rule("Second"))
    first = new_rule(site, policy, {**access_rule("First"), "priority": 0})
    order = [(rule["id"], rule["priority"]) for rule in call(site, "GET", f"{POLICIES}/{policy['id']}/rules").json()]
    assert [ident for ident, _ in order][:3] == [first["id"], made["id"], second["id"]]
    assert [priority for _, priority in order] == [0, 1, 2, 99]
    assert call(site, "DELETE", own).status_code == 204
    assert call(site, "GET", own).status_code == 404


def test_the_rule_that_ends_a_policy_can_be_changed_and_not_taken_away(site: Site) -> None:
    policy = new_policy(site)
    (ending,) = call(site, "GET", f"{POLICIES}/{policy['id']}/rules").json()
    own = f"{POLICIES}/{policy['id']}/rules/{ending['id']}"
    refused(call(site, "DELETE", own), "rule")
    refused(call(site, "POST", f"{own}/lifecycle/deactivate"), "rule")
    refused(call(site, "PUT", own, json={**access_rule("Other name"), "priority": 99}), "conditions")
    narrowed = {**ending, "conditions": {"device": {"managed": True}}}
    refused(call(site, "PUT", own, json=narrowed), "conditions")
    strict = {**ending, "actions": access_rule(factorMode="2FA")["actions"]}
    changed = call(site, "PUT", own, json=strict).json()
    assert changed["actions"]["appSignOn"]["verificationMethod"]["factorMode"] == "2FA"


def with_method(**members: Any) -> dict[str, Any]:
    return access_rule(**members)


def with_possession(**members: Any) -> dict[str, Any]:
    return access_rule(constraints=[{"possession": {"required": True, **members}}])


def with_conditions(**members: Any) -> dict[str, Any]:
    return {**access_rule(), "conditions": members}


@pytest.mark.parametrize(
    ("body", "field"),
    [
        ({"type": "ACCESS_POLICY"}, "name"),
        ({**access_rule(), "type": "SIGN_ON"}, "type"),
        ({**access_rule(), "priority": 99}, "priority"),
        ({**access_rule(), "priority": -1}, "priority"),
        ({**access_rule(), "surprise": 1}, "surprise"),
        (with_method(type="AUTH_METHOD_CHAIN"), "verificationMethod.type"),
        (with_method(factorMode="3FA"), "factorMode"),
        (with_method(reauthenticateIn="2 hours"), "reauthenticateIn"),
        (with_method(reauthenticateIn="P999D"), "reauthenticateIn"),
        (with_method(inactivityPeriod="PT1H"), "inactivityPeriod"),
        (with_method(constraints=[{}]), "constraints"),
        (with_method(constraints=[{"inherence": {}}]), "inherence"),
        (with_possession(methods=["SIGNED_NONCE"]), "methods"),
        (with_possession(methods=["PASSWORD"]), "methods"),
        (with_possession(types=["FEDERATED"]), "types"),
        (with_possession(types=["PHONE"], methods=["TOTP"]), "methods"),
        (with_possession(deviceBound="REQUIRED"), "deviceBound"),
        (with_possession(required=False), "required"),
        (with_possession(methods=["SMS"], phishingResistant="REQUIRED"), "methods"),
        (with_possession(excludedAuthenticationMethods=[{"key": "okta_email"}]), "excludedAuthenticationMethods"),
        (with_conditions(people={"users": {"include": ["00unobody"]}}), "users"),
        (with_conditions(people={"groups": {"exclude": ["00gnobody"]}}), "groups"),
        (with_conditions(people={"users": {"include": ["a"], "exclude": ["a"]}}), "users"),
        (with_conditions(network={"connection": "ZONE", "include": ["nzonowhere"]}), "zones"),
        (with_conditions(network={"connection": "ZONE"}), "include"),
        (with_conditions(network={"connection": "ANYWHERE", "include": ["x"]}), "connection"),
        (with_conditions(elCondition={"condition": "true"}), "elCondition"),
        (with_conditions(platform={"include": [{"type": "MOBILE"}]}), "platform"),
        (with_conditions(device={"assurance": {"include": ["dae1"]}}), "assurance"),
        (with_conditions(riskScore={"level": "EXTREME"}), "riskScore"),
        (with_conditions(clients={"include": ["x"]}), "clients"),
    ],
)
def test_what_would_make_a_rule_weaker_is_refused_and_names_its_field(
    site: Site, body: dict[str, Any], field: str
) -> None:
    policy = new_policy(site)
    refused(call(site, "POST", f"{POLICIES}/{policy['id']}/rules", json=body), field)
    assert len(call(site, "GET", f"{POLICIES}/{policy['id']}/rules").json()) == 1
    call(site, "DELETE", f"{POLICIES}/{policy['id']}")


@pytest.mark.parametrize(
    ("signon", "field"),
    [
        ({"access": "MAYBE"}, "access"),
        ({"session": {"usePersistentCookie": True}}, "usePersistentCookie"),
        ({"rememberDeviceByDefault": True}, "rememberDeviceByDefault"),
        ({"requireFactor": True, "factorPromptMode": "DEVICE", "factorLifetime": 15}, "factorLifetime"),
        ({"session": {"maxSessionIdleMinutes": 999_999_999}}, "maxSessionIdleMinutes"),
    ],
)
def test_session_rules_too(site: Site, signon: dict[str, Any], field: str) -> None:
    policy = new_policy(site, "OKTA_SIGN_ON", status="INACTIVE")
    body = {"type": "SIGN_ON", "name": "Rule", "actions": {"signon": signon}}
    refused(call(site, "POST", f"{POLICIES}/{policy['id']}/rules", json=body), field)
    call(site, "DELETE", f"{POLICIES}/{policy['id']}")


def test_a_session_rule_is_shown_as_it_was_sent(site: Site) -> None:
    policy = new_policy(site, "OKTA_SIGN_ON", status="INACTIVE")
    signon = {
        "access": "ALLOW",
        "requireFactor": True,
        "factorPromptMode": "SESSION",
        "factorLifetime": 15,
        "primaryFactor": "PASSWORD_IDP",
        "rememberDeviceByDefault": False,
        "session": {"usePersistentCookie": False, "maxSessionIdleMinutes": 30, "maxSessionLifetimeMinutes": 600},
    }
    conditions = {"authContext": {"authType": "ANY"}, "network": {"connection": "ANYWHERE"}}
    body = {"type": "SIGN_ON", "name": "Rule", "conditions": conditions, "actions": {"signon": signon}}
    made = new_rule(site, policy, body)
    assert made["actions"]["signon"] == signon
    device = {"access": "ALLOW", "requireFactor": True, "factorPromptMode": "DEVICE"}
    own = f"{POLICIES}/{policy['id']}/rules/{made['id']}"
    changed = call(site, "PUT", own, json={**body, "actions": {"signon": device}}).json()
    assert changed["actions"]["signon"]["factorPromptMode"] == "DEVICE"
    call(site, "DELETE", f"{POLICIES}/{policy['id']}")


def test_types_and_names(site: Site) -> None:
    refused(call(site, "GET", POLICIES), "type")
    refused(call(site, "GET", f"{POLICIES}?type=PASSWORD"), "type")
    refused(call(site, "POST", POLICIES, json={"type": "MFA_ENROLL", "name": "x"}), "type")
    made = new_policy(site)
    refused(call(site, "POST", POLICIES, json={"type": "ACCESS_POLICY", "name": made["name"]}), "name")
    default = call(site, "GET", f"{POLICIES}?type=ACCESS_POLICY").json()[-1]
    refused(call(site, "DELETE", f"{POLICIES}/{default['id']}"), "policy")
    assert site.browser().get(f"{POLICIES}?type=ACCESS_POLICY").status_code == 401


def test_a_zone_from_its_first_day_to_its_last(site: Site) -> None:
    gateways = [{"type": "CIDR", "value": "192.0.2.0/24"}, {"type": "RANGE", "value": "198.51.100.7-198.51.100.9"}]
    body = {"type": "IP", "name": f"Zone {secrets.token_hex(4)}", "gateways": gateways}
    made = call(site, "POST", ZONES, json=body).json()
    own = f"{ZONES}/{made['id']}"
    assert (made["gateways"], made["status"], made["usage"]) == (gateways, "ACTIVE", "POLICY")
    assert call(site, "GET", own).json() == made
    assert made["id"] in [zone["id"] for zone in call(site, "GET", ZONES).json()]
    policy = new_policy(site)
    rule = {**access_rule(), "conditions": {"network": {"connection": "ZONE", "include": [made["id"]]}}}
    shown = new_rule(site, policy, rule)
    assert shown["conditions"]["network"] == {"connection": "ZONE", "include": [made["id"]]}
    for response in (
        call(site, "DELETE", own),
        call(site, "POST", f"{own}/lifecycle/deactivate"),
        call(site, "PUT", own, json={**body, "usage": "BLOCKLIST"}),
    ):
        refused(response, "zone")
    call(site, "DELETE", f"{POLICIES}/{policy['id']}")
    changed = call(site, "PUT", own, json={**made, "name": f"{made['name']} moved"}).json()
    assert changed["name"] == f"{made['name']} moved"
    assert call(site, "POST", f"{own}/lifecycle/deactivate").json()["status"] == "INACTIVE"
    assert call(site, "POST", f"{own}/lifecycle/activate").json()["status"] == "ACTIVE"
    for wrong, field in (
        ({**body, "name": "x", "proxies": [{"type": "CIDR", "value": "10.0.0.0/8"}]}, "proxies"),
        ({**body, "name": "x", "type": "DYNAMIC"}, "type"),
        ({**body, "name": "x", "gateways": [{"type": "CIDR", "value": "192.0.2.1/24"}]}, "gateways"),
        ({**body, "name": "x", "gateways": []}, "gateways"),
        ({**body, "name": "x", "asns": ["1"]}, "asns"),
    ):
        refused(call(site, "POST", ZONES, json=wrong), field)
    assert call(site, "DELETE", own).status_code == 204
    assert call(site, "GET", own).status_code == 404


def test_a_sign_in_is_tried_out_without_anybody_signing_in(server: Server, site: Site) -> None:
    someone, app_id = Someone(server), app_id_of(site, "saml")
    policy = new_policy(site)
    body = {
        **access_rule("Managed only", constraints=[TOTP_ONLY]),
        "conditions": {"people": {"users": {"include": [someone.person.id]}}, "device": {"managed": True}},
    }
    rule = new_rule(site, policy, body)
    call(site, "POST", f"{POLICIES}/{policy['id']}/mappings", json={"resourceId": app_id})

    def simulated(**context: Any) -> dict[str, Any]:
        wanted = {
            "policyTypes": ["ACCESS_POLICY"],
            "appInstance": app_id,
            "policyContext": {"user": {"id": someone.person.id}, **context},
        }
        response = call(site, "POST", f"{POLICIES}/simulate", json=[wanted])
        assert response.status_code == 200, response.text
        (found,) = response.json()
        assert isinstance(found, dict)
        return found

    found = simulated()
    assert found["verdict"]["outcome"] == "ALLOW"
    (tried,) = found["evaluated"]["policies"]
    assert [(one["name"], one["status"]) for one in tried["rules"]] == [
        ("Managed only", "NOT_MATCH"),
        ("Catch-all Rule", "MATCH"),
    ]
    found = simulated(device={"managed": True})
    assert (found["status"], found["verdict"]["outcome"]) == ("MATCH", "CHALLENGE")
    assert found["verdict"]["missing"] == "second_factor"
    (decided,) = found["result"]["policies"]
    assert [one["id"] for one in decided["rules"]] == [rule["id"]]
    assert simulated(device={"managed": True}, factors=["PASSWORD", "TOTP"])["verdict"]["outcome"] == "ALLOW"
    before = server.rows("SELECT count(*) FROM credentials")
    simulated()
    assert server.rows("SELECT count(*) FROM credentials") == before
    for wrong, field in (
        ({"policyTypes": ["ACCESS_POLICY"], "policyContext": {"user": {"id": "x"}}}, "appInstance"),
        ({"policyTypes": ["PASSWORD"]}, "policyTypes"),
        ({"policyContext": {"user": {"id": someone.person.id}, "groups": {"ids": ["00g"]}}}, "ids"),
        ({"policyContext": {}}, "id"),
        ({"policyContext": {"user": {"id": someone.person.id}, "factors": ["CERT"]}}, "factors"),
    ):
        refused(call(site, "POST", f"{POLICIES}/simulate", json=wrong), field)
    nobody = call(site, "POST", f"{POLICIES}/simulate", json={"policyContext": {"user": {"id": "00unobody"}}})
    assert nobody.status_code == 404
    default = call(site, "GET", f"{POLICIES}?type=ACCESS_POLICY").json()[-1]
    call(site, "POST", f"{POLICIES}/{default['id']}/mappings", json={"resourceId": app_id})
    call(site, "DELETE", f"{POLICIES}/{policy['id']}")


def test_another_org_has_other_policies(server: Server, site: Site) -> None:
    policy, body = new_policy(site), {"type": "IP", "name": f"Zone {secrets.token_hex(4)}"}
    gateways = [{"type": "CIDR", "value": "192.0.2.0/24"}]
    zone = call(site, "POST", ZONES, json={**body, "gateways": gateways}).json()
    for method, path in (
        ("GET", f"{POLICIES}/{policy['id']}"),
        ("DELETE", f"{POLICIES}/{policy['id']}"),
        ("GET", f"{POLICIES}/{policy['id']}/rules"),
        ("GET", f"{ZONES}/{zone['id']}"),
        ("DELETE", f"{ZONES}/{zone['id']}"),
    ):
        assert call(server.twin, method, path).status_code == 404
    theirs = new_policy(server.twin)
    elsewhere = {**access_rule(), "conditions": {"network": {"connection": "ZONE", "include": [zone["id"]]}}}
    refused(call(server.twin, "POST", f"{POLICIES}/{theirs['id']}/rules", json=elsewhere), "zones")
    app_id = app_id_of(site, "oidc")
    mapped = call(server.twin, "POST", f"{POLICIES}/{theirs['id']}/mappings", json={"resourceId": app_id})
    assert mapped.status_code == 404
    for origin, path in (
        (site, f"{POLICIES}/{policy['id']}"),
        (server.twin, f"{POLICIES}/{theirs['id']}"),
        (site, f"{ZONES}/{zone['id']}"),
    ):
        assert call(origin, "DELETE", path).status_code == 204


def test_two_changes_at_once_do_not_undo_each_other(server: Server, site: Site) -> None:
    policy = new_policy(site)
    for number in range(4):
        new_rule(site, policy, access_rule(f"Rule {number}"))
    (row,) = server.rows("SELECT revision, body FROM policies WHERE id = ?", policy["id"])
    assert row[0] == 5
    assert len(json.loads(row[1])["rules"]) == 5
