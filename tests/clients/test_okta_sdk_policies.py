"""The vendor's Python SDK manages policies with their rules, network zones and trusted origins."""

from typing import Any

import okta.models as m
import pytest
from okta.client import Client
from tests.clients.okta_sdk import done, pages, refused
from tests.flows.test_apps_api import wait_for
from tests.server import Server


async def new_group(sdk: Client, name: str) -> str:
    group = await done(sdk.add_group(m.AddGroupRequest(profile=m.OktaUserGroupProfile(name=name))))
    return str(group.id)


async def new_zone(sdk: Client, name: str, *ranges: tuple[str, str]) -> Any:
    gateways = [m.NetworkZoneAddress(type=type, value=value) for type, value in ranges]
    return await done(sdk.create_network_zone(m.IPNetworkZone(name=name, type="IP", gateways=gateways)))


async def new_application(sdk: Client, label: str) -> str:
    app = m.BookmarkApplicationSettingsApplication(request_integration=False, url="https://mark.example.com/")
    settings = m.BookmarkApplicationSettings(app=app)
    wanted = m.BookmarkApplication(name="bookmark", label=label, sign_on_mode="BOOKMARK", settings=settings)
    return str((await done(sdk.create_application(wanted))).id)


# --- zones ---


async def test_zones(sdk: Client) -> None:
    zone = await new_zone(sdk, "Offices", ("CIDR", "10.1.0.0/16"), ("RANGE", "10.2.0.1-10.2.0.9"))
    assert (zone.type.value, zone.status.value, zone.usage.value, zone.system) == ("IP", "ACTIVE", "POLICY", False)
    shown = [(each.type.value, each.value) for each in zone.gateways]
    assert shown == [("CIDR", "10.1.0.0/16"), ("RANGE", "10.2.0.1-10.2.0.9")]
    other = await new_zone(sdk, "Labs", ("CIDR", "10.3.0.0/16"))
    zone.name = "Old offices"
    zone.gateways = zone.gateways[:1]
    await done(sdk.replace_network_zone(zone.id, zone))
    found = await done(sdk.get_network_zone(zone.id))
    assert (found.name, len(found.gateways)) == ("Old offices", 1)
    assert (await done(sdk.deactivate_network_zone(zone.id))).status.value == "INACTIVE"
    assert (await done(sdk.activate_network_zone(zone.id))).status.value == "ACTIVE"
    listed = await pages(sdk.list_network_zones, limit=1)
    assert {each.id for page in listed for each in page} >= {zone.id, other.id}
    assert all(len(page) == 1 for page in listed)
    for each in (zone, other):
        await done(sdk.delete_network_zone(each.id))
    await refused(sdk.get_network_zone(zone.id), 404, "E0000007", zone.id)
    wrong = m.IPNetworkZone(name="Wrong", type="IP", gateways=[m.NetworkZoneAddress(type="CIDR", value="10.0.0.0/64")])
    await refused(sdk.create_network_zone(wrong), 400, "E0000001", "gateways")


# --- policies of sessions ---


def sign_on(group: str, **more: Any) -> m.OktaSignOnPolicy:
    groups = m.AuthenticatorEnrollmentPolicyConditionsAllOfPeopleGroups(include=[group])
    people = m.AuthenticatorEnrollmentPolicyConditionsAllOfPeople(groups=groups)
    return m.OktaSignOnPolicy(type="OKTA_SIGN_ON", conditions=m.OktaSignOnPolicyConditions(people=people), **more)


def sign_on_rule(name: str, **conditions: Any) -> m.OktaSignOnPolicyRule:
    session = m.OktaSignOnPolicyRuleSignonSessionActions(
        max_session_idle_minutes=60, max_session_lifetime_minutes=480, use_persistent_cookie=False
    )
    actions = m.OktaSignOnPolicyRuleSignonActions(
        access="ALLOW",
        require_factor=True,
        factor_prompt_mode="SESSION",
        factor_lifetime=15,
        primary_factor="PASSWORD_IDP_ANY_FACTOR",
        session=session,
    )
    return m.OktaSignOnPolicyRule(
        name=name,
        type="SIGN_ON",
        conditions=m.OktaSignOnPolicyRuleConditions(
            auth_context=m.PolicyRuleAuthContextCondition(auth_type="ANY"), **conditions
        ),
        actions=m.OktaSignOnPolicyRuleActions(signon=actions),
    )


async def test_a_policy_of_sessions(sdk: Client) -> None:
    group, zone = await new_group(sdk, "Session people"), await new_zone(sdk, "Session net", ("CIDR", "10.9.0.0/16"))
    policy = await done(sdk.create_policy(sign_on(group, name="Sessions", description="For some", priority=1)))
    assert (policy.type.value, policy.status.value, policy.priority) == ("OKTA_SIGN_ON", "ACTIVE", 1)
    assert policy.conditions.people.groups.include == [group]
    network = m.PolicyNetworkCondition(connection="ZONE", include=[zone.id])
    rule = await done(sdk.create_policy_rule(policy.id, sign_on_rule("Inside", network=network)))
    assert (rule.conditions.network.connection.value, rule.conditions.network.include) == ("ZONE", [zone.id])
    shown = rule.actions.signon
    assert (shown.access, shown.require_factor, shown.factor_prompt_mode) == ("ALLOW", True, "SESSION")
    assert shown.factor_lifetime == 15
    assert (shown.session.max_session_idle_minutes, shown.session.max_session_lifetime_minutes) == (60, 480)
    await refused(sdk.delete_network_zone(zone.id), 400, "E0000001", "Inside")

    rule.name, rule.actions.signon.session.max_session_idle_minutes = "Within", 30
    await done(sdk.replace_policy_rule(policy.id, rule.id, rule))
    found = await done(sdk.get_policy_rule(policy.id, rule.id))
    assert (found.name, found.actions.signon.session.max_session_idle_minutes) == ("Within", 30)
    await done(sdk.deactivate_policy_rule(policy.id, rule.id))
    assert (await done(sdk.get_policy_rule(policy.id, rule.id))).status.value == "INACTIVE"
    await done(sdk.activate_policy_rule(policy.id, rule.id))
    assert [(each.id, each.status.value) for each in await done(sdk.list_policy_rules(policy.id))] == [
        (rule.id, "ACTIVE")
    ]
    await done(sdk.delete_policy_rule(policy.id, rule.id))
    await refused(sdk.get_policy_rule(policy.id, rule.id), 404, "E0000007", rule.id)
    await done(sdk.delete_network_zone(zone.id))

    policy.name = "Sessions of some"
    assert (await done(sdk.replace_policy(policy.id, policy))).name == "Sessions of some"
    await done(sdk.deactivate_policy(policy.id))
    assert (await done(sdk.get_policy(policy.id))).status.value == "INACTIVE"
    await done(sdk.activate_policy(policy.id))
    listed = await done(sdk.list_policies("OKTA_SIGN_ON"))
    assert {type(each) for each in listed} == {m.OktaSignOnPolicy}
    assert listed[0].id == policy.id, "in order of priority"
    await done(sdk.delete_policy(policy.id))
    await refused(sdk.get_policy(policy.id), 404, "E0000007", policy.id)


# --- policies of applications ---


def access_rule(name: str, access: str = "ALLOW", **people: Any) -> m.AccessPolicyRule:
    knowledge = m.KnowledgeConstraint(types=["password"], required=True, reauthenticate_in="PT1H")
    possession = m.PossessionConstraint(methods=["totp", "webauthn"], required=True, user_verification="REQUIRED")
    method = m.AssuranceMethod(
        type="ASSURANCE",
        factor_mode="2FA",
        reauthenticate_in="PT2H",
        constraints=[m.AccessPolicyConstraints(knowledge=knowledge, possession=possession)],
    )
    return m.AccessPolicyRule(
        name=name,
        type="ACCESS_POLICY",
        priority=0,
        conditions=m.AccessPolicyRuleConditions(
            people=m.PolicyPeopleCondition(**people), network=m.PolicyNetworkCondition(connection="ANYWHERE")
        ),
        actions=m.AccessPolicyRuleActions(
            app_sign_on=m.AccessPolicyRuleApplicationSignOn(access=access, verification_method=method)
        ),
    )


async def test_a_policy_of_applications(sdk: Client, managed: Server) -> None:
    group, app = await new_group(sdk, "Careful people"), await new_application(sdk, "Careful")
    policy = await done(sdk.create_policy(m.AccessPolicy(name="Careful", type="ACCESS_POLICY", description="d")))
    assert (policy.type.value, policy.system) == ("ACCESS_POLICY", False)
    (last,) = await done(sdk.list_policy_rules(policy.id))
    assert (last.name, last.priority, last.system) == ("Catch-all Rule", 99, True)
    strong = access_rule("Strong", groups=m.GroupCondition(include=[group]))
    rule = await done(sdk.create_policy_rule(policy.id, strong))
    shown = rule.actions.app_sign_on.verification_method
    (constraint,) = shown.constraints
    assert (shown.factor_mode.value, shown.reauthenticate_in) == ("2FA", "PT2H")
    assert (constraint.knowledge.methods, constraint.knowledge.reauthenticate_in) == (["password"], "PT1H")
    assert constraint.possession.methods == ["totp", "webauthn"]
    assert (constraint.possession.user_verification, constraint.possession.phishing_resistant) == (
        "REQUIRED",
        "OPTIONAL",
    )
    assert rule.conditions.people.groups.include == [group]
    assert (await done(sdk.replace_policy_rule(policy.id, rule.id, rule))).actions == rule.actions, "as it was shown"
    assert [each.name for each in await done(sdk.list_policy_rules(policy.id))] == ["Strong", "Catch-all Rule"]

    await done(sdk.assign_application_policy(app, policy.id))
    with pytest.deprecated_call():  # the vendor prefers the mappings
        assert [each.id for each in await done(sdk.list_policy_apps(policy.id))] == [app]
    assert [each.id for each in await done(sdk.list_policy_mappings(policy.id))] == [app]
    assert (await done(sdk.get_application(app))).links.access_policy.href.endswith(f"/policies/{policy.id}")
    bob = managed.site.person("bob").id
    assert await met(sdk, app, bob) == "Catch-all Rule"
    await done(sdk.assign_user_to_group(group, bob))
    assert await met(sdk, app, bob) == "Strong"
    await done(sdk.deactivate_policy_rule(policy.id, rule.id))
    assert await met(sdk, app, bob) == "Catch-all Rule"

    copy = await done(sdk.clone_policy(policy.id))
    assert (copy.id != policy.id, copy.type.value) == (True, "ACCESS_POLICY")
    assert [each.name for each in await done(sdk.list_policy_rules(copy.id))] == ["Strong", "Catch-all Rule"]
    await refused(sdk.delete_policy(policy.id), 400, "E0000001", "Applications have this policy")
    await done(sdk.assign_application_policy(app, copy.id))
    await done(sdk.delete_policy(policy.id))
    assert {each.id for each in await done(sdk.list_policies("ACCESS_POLICY"))} >= {copy.id}
    await refused(sdk.get_policy(policy.id), 404, "E0000007", policy.id)


async def met(sdk: Client, app: str, user: str) -> str:
    """The rule of the application's policy that this user meets, as a simulation says."""
    # The SDK's model wants groups beside the user, and says that only one of them may be filled.
    context = m.PolicyContext(user=m.PolicyContextUser(id=user), groups=m.PolicyContextGroups(ids=[]))
    body = m.SimulatePolicyBody(app_instance=app, policy_types=["ACCESS_POLICY"], policy_context=context)
    (found,) = await done(sdk.create_policy_simulation([body]))
    (policy,) = found.result.policies
    (rule,) = policy.rules
    assert (found.status.value, rule.status.value) == ("MATCH", "MATCH")
    return str(rule.name)


async def test_what_is_not_evaluated_is_refused(sdk: Client) -> None:
    policy = await done(sdk.create_policy(m.AccessPolicy(name="Refusing", type="ACCESS_POLICY")))
    unknown = access_rule("Unknown")
    unknown.actions.app_sign_on.verification_method.constraints[0].possession.device_bound = "REQUIRED"
    await refused(sdk.create_policy_rule(policy.id, unknown), 400, "E0000001", "deviceBound")
    assert len(await done(sdk.list_policy_rules(policy.id))) == 1
    await done(sdk.delete_policy(policy.id))


# --- trusted origins ---


async def test_trusted_origins(sdk: Client, managed: Server) -> None:
    origin = "https://sdk-origin.example.com"
    scopes = [m.TrustedOriginScope(type="CORS"), m.TrustedOriginScope(type="REDIRECT")]
    made = await done(sdk.create_trusted_origin(m.TrustedOriginWrite(name="By the SDK", origin=origin, scopes=scopes)))
    assert (made.origin, made.status.value) == (origin, "ACTIVE")
    assert [each.type.value for each in made.scopes] == ["CORS", "REDIRECT"]

    def may_call() -> bool:
        answer = managed.site.browser().get("/api/v1/sessions/me", headers={"origin": origin})
        return answer.headers.get("access-control-allow-origin") == origin

    wait_for(may_call)
    assert [each.id for each in await done(sdk.list_trusted_origins(filter=f'origin eq "{origin}"'))] == [made.id]
    made.name, made.scopes = "Renamed", made.scopes[1:]
    await done(sdk.replace_trusted_origin(made.id, made))
    found = await done(sdk.get_trusted_origin(made.id))
    assert (found.name, [each.type.value for each in found.scopes]) == ("Renamed", ["REDIRECT"])
    wait_for(lambda: not may_call())
    assert (await done(sdk.deactivate_trusted_origin(made.id))).status.value == "INACTIVE"
    assert (await done(sdk.activate_trusted_origin(made.id))).status.value == "ACTIVE"
    listed = await pages(sdk.list_trusted_origins, limit=2)
    assert made.id in {each.id for page in listed for each in page}
    assert len(listed) > 1
    await done(sdk.delete_trusted_origin(made.id))
    await refused(sdk.get_trusted_origin(made.id), 404, "E0000007", made.id)
