"""The vendor's Python SDK manages authorization servers, reads the log, ends API tokens and keeps to the limits."""

import asyncio
import time
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from typing import Any

import httpx
import okta.models as m
import pytest
from okta.client import Client
from okta.pagination import PaginationHelper
from tests.clients.okta_sdk import by_api_token, done, pages, refused
from tests.flows.test_apps_api import wait_for
from tests.installation import Installation
from tests.okta_steps import with_api_token
from tests.server import Server, running_server

from segue.admin import tokens
from segue.demo.certificates import Certificates
from segue.dialects.okta import LIMITS
from segue.dialects.okta.admin.system_log import SETTLED_MS
from segue.dialects.okta.names import LIMIT_API

EXCHANGE = "urn:ietf:params:oauth:grant-type:token-exchange"


async def new_server(sdk: Client, name: str) -> Any:
    wanted = m.AuthorizationServer(name=name, description="By the SDK", audiences=[f"api://{name}"])
    return await done(sdk.create_authorization_server(wanted))


# --- authorization servers ---


async def test_an_authorization_server_from_its_beginning_to_its_end(sdk: Client, managed: Server) -> None:
    server = await new_server(sdk, "whole")
    assert (server.status.value, server.audiences) == ("ACTIVE", ["api://whole"])
    assert server.issuer == f"{managed.site.base_url}/oauth2/{server.id}"
    assert server.credentials.signing.rotation_mode.value == "AUTO"

    def discovery() -> dict[str, Any]:
        answer = managed.site.browser().get(f"/oauth2/{server.id}/.well-known/openid-configuration")
        found: dict[str, Any] = answer.json() if answer.status_code == 200 else {}
        return found

    wait_for(lambda: discovery().get("issuer") == server.issuer)
    server.description, server.audiences = "Changed", ["api://changed"]
    await done(sdk.replace_authorization_server(server.id, server))
    found = await done(sdk.get_authorization_server(server.id))
    assert (found.name, found.description, found.audiences) == ("whole", "Changed", ["api://changed"])
    assert (await done(sdk.get_authorization_server("default"))).audiences == ["api://default"]
    listed = await pages(sdk.list_authorization_servers, limit=1)
    assert {each.name for page in listed for each in page} >= {"default", "whole"}
    assert all(len(page) == 1 for page in listed)
    await done(sdk.deactivate_authorization_server(server.id))
    assert (await done(sdk.get_authorization_server(server.id))).status.value == "INACTIVE"
    wait_for(lambda: discovery() == {})
    await done(sdk.activate_authorization_server(server.id))
    wait_for(lambda: discovery().get("issuer") == server.issuer)
    await done(sdk.deactivate_authorization_server(server.id))
    await done(sdk.delete_authorization_server(server.id))
    await refused(sdk.get_authorization_server(server.id), 404, "E0000007", server.id)


async def test_scopes(sdk: Client, managed: Server) -> None:
    server = await new_server(sdk, "scoped")
    wanted = m.OAuth2Scope(
        name="orders:write", display_name="Write", consent="IMPLICIT", metadata_publish="ALL_CLIENTS"
    )
    scope = await done(sdk.create_o_auth2_scope(server.id, wanted))
    assert (scope.name, scope.display_name, scope.system, scope.default) == ("orders:write", "Write", False, False)

    def published() -> set[str]:
        answer = managed.site.browser().get(f"/oauth2/{server.id}/.well-known/openid-configuration")
        return set(answer.json().get("scopes_supported", ()))

    wait_for(lambda: "orders:write" in published())
    scope.description, scope.metadata_publish = "Writes orders", "NO_CLIENTS"
    await done(sdk.replace_o_auth2_scope(server.id, scope.id, scope))
    found = await done(sdk.get_o_auth2_scope(server.id, scope.id))
    assert (found.description, found.metadata_publish.value) == ("Writes orders", "NO_CLIENTS")
    wait_for(lambda: "openid" in published() and "orders:write" not in published())
    names = {each.name: each.system for each in await done(sdk.list_o_auth2_scopes(server.id))}
    assert (names["openid"], names["orders:write"]) == (True, False)
    await refused(sdk.create_o_auth2_scope(server.id, wanted), 400, "E0000001", "name")
    await done(sdk.delete_o_auth2_scope(server.id, scope.id))
    await refused(sdk.get_o_auth2_scope(server.id, scope.id), 404, "E0000007", scope.id)


async def test_claims(sdk: Client) -> None:
    server = await new_server(sdk, "claiming")
    wanted = m.OAuth2Claim(
        name="mail",
        status="ACTIVE",
        claim_type="RESOURCE",
        value_type="EXPRESSION",
        value="user.email",
        always_include_in_token=True,
        conditions=m.OAuth2ClaimConditions(scopes=["profile"]),
    )
    claim = await done(sdk.create_o_auth2_claim(server.id, wanted))
    assert (claim.value, claim.conditions.scopes, claim.claim_type.value) == ("user.email", ["profile"], "RESOURCE")
    of_groups = m.OAuth2Claim(
        name="teams", status="ACTIVE", claim_type="IDENTITY", value_type="GROUPS", group_filter_type="REGEX", value=".*"
    )
    groups = await done(sdk.create_o_auth2_claim(server.id, of_groups))
    assert (groups.group_filter_type.value, groups.value_type.value) == ("REGEX", "GROUPS")
    claim.value, claim.status = "user.login", m.LifecycleStatus.INACTIVE
    await done(sdk.replace_o_auth2_claim(server.id, claim.id, claim))
    found = await done(sdk.get_o_auth2_claim(server.id, claim.id))
    assert (found.value, found.status.value) == ("user.login", "INACTIVE")
    assert {each.id for each in await done(sdk.list_o_auth2_claims(server.id))} >= {claim.id, groups.id}
    wanted.name, wanted.value = "bad", "user.email +"
    await refused(sdk.create_o_auth2_claim(server.id, wanted), 400, "E0000001")
    await done(sdk.delete_o_auth2_claim(server.id, claim.id))
    await refused(sdk.get_o_auth2_claim(server.id, claim.id), 404, "E0000007", claim.id)


async def test_policies_and_rules(sdk: Client) -> None:
    server = await new_server(sdk, "ruled")
    wanted = m.AuthorizationServerPolicy(
        name="Everybody",
        description="d",
        type="OAUTH_AUTHORIZATION_POLICY",
        priority=1,
        conditions=m.AuthorizationServerPolicyConditions(clients=m.ClientPolicyCondition(include=["ALL_CLIENTS"])),
    )
    policy = await done(sdk.create_authorization_server_policy(server.id, wanted))
    assert (policy.priority, policy.conditions.clients.include) == (1, ["ALL_CLIENTS"])
    people = m.AuthorizationServerPolicyPeopleCondition(
        groups=m.AuthorizationServerPolicyRuleGroupCondition(include=["EVERYONE"])
    )
    new_rule = m.AuthorizationServerPolicyRuleRequest(
        name="Hand over",
        type="RESOURCE_ACCESS",
        priority=1,
        conditions=m.AuthorizationServerPolicyRuleConditions(
            people=people,
            grant_types=m.GrantTypePolicyRuleCondition(include=["authorization_code", EXCHANGE]),
            scopes=m.OAuth2ScopesMediationPolicyRuleCondition(include=["*"]),
        ),
        actions=m.AuthorizationServerPolicyRuleActions(
            token=m.TokenAuthorizationServerPolicyRuleAction(
                access_token_lifetime_minutes=10, refresh_token_lifetime_minutes=0, refresh_token_window_minutes=10080
            )
        ),
    )
    rule = await done(sdk.create_authorization_server_policy_rule(server.id, policy.id, new_rule))
    assert rule.conditions.grant_types.include == ["authorization_code", EXCHANGE]
    assert rule.conditions.people.groups.include == ["EVERYONE"]
    assert rule.actions.token.access_token_lifetime_minutes == 10
    new_rule.name, new_rule.actions.token.access_token_lifetime_minutes = "Handed over", 20
    await done(sdk.replace_authorization_server_policy_rule(server.id, policy.id, rule.id, new_rule))
    found = await done(sdk.get_authorization_server_policy_rule(server.id, policy.id, rule.id))
    assert (found.name, found.actions.token.access_token_lifetime_minutes) == ("Handed over", 20)
    await done(sdk.deactivate_authorization_server_policy_rule(server.id, policy.id, rule.id))
    (listed,) = await done(sdk.list_authorization_server_policy_rules(server.id, policy.id))
    assert (listed.id, listed.status) == (rule.id, "INACTIVE")
    await done(sdk.activate_authorization_server_policy_rule(server.id, policy.id, rule.id))
    again = await done(sdk.get_authorization_server_policy_rule(server.id, policy.id, rule.id))
    assert again.status == "ACTIVE"
    await done(sdk.delete_authorization_server_policy_rule(server.id, policy.id, rule.id))
    assert await done(sdk.list_authorization_server_policy_rules(server.id, policy.id)) == []

    policy.description = "Changed"
    await done(sdk.replace_authorization_server_policy(server.id, policy.id, policy))
    assert (await done(sdk.get_authorization_server_policy(server.id, policy.id))).description == "Changed"
    await done(sdk.deactivate_authorization_server_policy(server.id, policy.id))
    assert [each.status for each in await done(sdk.list_authorization_server_policies(server.id))] == ["INACTIVE"]
    await done(sdk.activate_authorization_server_policy(server.id, policy.id))
    await done(sdk.delete_authorization_server_policy(server.id, policy.id))
    assert await done(sdk.list_authorization_server_policies(server.id)) == []


async def test_keys_are_rotated(sdk: Client) -> None:
    server = await new_server(sdk, "turning")
    before = {key.kid: key.status for key in await done(sdk.list_authorization_server_keys(server.id))}
    assert "ACTIVE" in before.values()
    after = {
        key.kid: key.status for key in await done(sdk.rotate_authorization_server_keys(server.id, m.JwkUse(use="sig")))
    }
    (new,) = after.keys() - before.keys()
    assert after[new] == "NEXT"
    assert (await done(sdk.get_authorization_server_key(server.id, new))).kid == new


# --- the system log ---


async def test_the_system_log_is_filtered_and_walked(sdk: Client, managed: Server) -> None:
    since = (datetime.now(UTC) - timedelta(seconds=5)).isoformat(timespec="milliseconds").replace("+00:00", "Z")
    made = []
    for number in range(5):
        login = f"logged{number}@log.example.com"
        wanted = m.UserProfile(first_name="Log", last_name="Ged", email=login, login=login)
        made.append((await done(sdk.create_user(m.CreateUserRequest(profile=wanted), activate=False))).id)
    until = (datetime.now(UTC) + timedelta(seconds=5)).isoformat(timespec="milliseconds").replace("+00:00", "Z")
    filter = f'eventType eq "user.lifecycle.create" and actor.id eq "{managed.site.person("carol").id}"'
    query = {"since": since, "until": until, "filter": filter}
    found = await pages(sdk.list_log_events, limit=2, sort_order="ASCENDING", **query)
    events = [event for page in found for event in page]
    assert all(len(page) <= 2 for page in found)
    targets = [target.id for event in events for target in event.target if target.type == "User"]
    assert [ident for ident in targets if ident in made] == made
    for event in events:
        assert (event.event_type, event.outcome.result, event.severity.value) == (
            "user.lifecycle.create",
            "SUCCESS",
            "INFO",
        )
        assert (event.actor.type, event.actor.alternate_id) == ("User", "carol@example.com")
        assert event.client.ip_address == "127.0.0.1"
        assert event.client.user_agent.raw_user_agent.startswith("OpenAPI-Generator/")
    newest = await pages(sdk.list_log_events, limit=1000, sort_order="DESCENDING", **query)
    assert [event.uuid for page in newest for event in page] == [event.uuid for event in reversed(events)]
    one = await done(sdk.list_log_events(filter=f'target.id eq "{made[2]}"', since=since, until=until))
    assert [event.event_type for event in one] == ["user.lifecycle.create"]
    await refused(sdk.list_log_events(filter="eventType is nothing"), 400, "E0000001", "filter")


async def test_a_log_without_an_end_can_be_asked_again(sdk: Client) -> None:
    _, response, error = await sdk.list_log_events(limit=1000)
    assert error is None
    after = PaginationHelper.extract_next_cursor(response.headers)
    assert after, "whoever asks for what comes is always told where to go on"
    login = "polled@log.example.com"
    wanted = m.UserProfile(first_name="Po", last_name="Lled", email=login, login=login)
    user = await done(sdk.create_user(m.CreateUserRequest(profile=wanted), activate=False))
    seen: list[str] = []
    deadline = time.monotonic() + SETTLED_MS / 1000 + 10  # younger events are not told to whoever polls
    while user.id not in seen:
        assert time.monotonic() < deadline
        await asyncio.sleep(0.2)
        events, response, error = await sdk.list_log_events(limit=1000, after=after)
        assert error is None
        seen += [target.id for event in events for target in event.target or []]
        after = PaginationHelper.extract_next_cursor(response.headers)
    assert seen.count(user.id) == 1


# --- API tokens ---


async def test_api_tokens_are_listed_and_revoked(sdk: Client, managed: Server, certificates: Certificates) -> None:
    async def mint(installation: Installation) -> str:
        owner = await installation.user(managed.site.person("carol").id)
        made = await tokens.mint_api_token(installation.segue.store, owner, "Spare", installation.change)
        return made.bearer.text

    async def minted() -> Client:
        return by_api_token(managed, certificates, await asyncio.to_thread(managed.inside, mint))

    spare, last = await minted(), await minted()
    await done(spare.list_users(limit=1))
    listed = [each for each in await done(sdk.list_api_tokens()) if each.name == "Spare"]
    assert len(listed) == 2
    assert {each.user_id for each in listed} == {managed.site.person("carol").id}
    found = await done(sdk.get_api_token(listed[0].id))
    assert (found.id, found.name, found.expires_at) == (listed[0].id, "Spare", listed[0].expires_at)
    await done(last.revoke_current_api_token())
    await refused(last.list_users(limit=1), 401, "E0000011")
    (kept,) = [each for each in await done(sdk.list_api_tokens()) if each.name == "Spare"]
    await done(spare.list_users(limit=1))
    await done(sdk.revoke_api_token(kept.id))
    await refused(spare.list_users(limit=1), 401, "E0000011")
    await refused(sdk.get_api_token(kept.id), 404, "E0000007", kept.id)


# --- limits ---


@pytest.fixture(scope="module")
def narrow(certificates: Certificates, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    """A server that takes the fewest calls that its settings allow."""
    tls = (certificates.server, certificates.key)
    with running_server(tmp_path_factory.mktemp("narrow"), tls=tls, limit_scale=0.01) as server:
        yield server


def first_refusal(narrow: Server) -> httpx.Response:
    """Calls with the same token until there are no more."""
    browser = narrow.site.browser()
    while True:
        answer = browser.get("/api/v1/api-tokens", headers=with_api_token(narrow.site))
        if answer.status_code != 200:
            assert answer.status_code == 429, answer.text
            return answer


async def test_the_sdk_waits_where_it_is_told_to(
    narrow: Server, certificates: Certificates, monkeypatch: pytest.MonkeyPatch
) -> None:
    whole = LIMITS[LIMIT_API]
    limit = round(whole.requests * 0.01)
    answer = first_refusal(narrow)
    assert int(answer.headers["x-rate-limit-limit"]) == limit
    assert (answer.json()["errorCode"], answer.headers["x-rate-limit-remaining"]) == ("E0000047", "0")

    sdk = by_api_token(narrow, certificates)
    executor, waits, sent = sdk.get_request_executor(), [], []
    pause, send = executor.pause_for_backoff, executor._http_client.send_request

    async def shortened(seconds: float) -> None:
        # It would wait until the bucket is full. A test waits only until there is something in it.
        waits.append(seconds)
        await pause(1.5)

    async def counted(request: Any) -> Any:
        sent.append(dict(request["headers"]))
        return await send(request)

    monkeypatch.setattr(executor, "pause_for_backoff", shortened)
    monkeypatch.setattr(executor._http_client, "send_request", counted)
    while not waits:  # each call that is let through leaves less for the next
        people = await done(sdk.list_users(limit=1))
        assert len(people) == 1
    assert len(waits) == 1
    assert whole.window_s - 2 <= waits[0] <= whole.window_s + 10, "the date of an answer may be some seconds old"
    assert sent[-1]["X-Okta-Retry-Count"] == "1"
    assert sent[-1]["X-Okta-Retry-For"].startswith("req")


async def test_the_sdk_gives_up_where_it_may_not_wait(narrow: Server, certificates: Certificates) -> None:
    sdk = by_api_token(narrow, certificates, rateLimit={"maxRetries": 0})
    error = None
    while error is None:  # a call may have come back meanwhile
        first_refusal(narrow)
        _, _, error = await sdk.list_users(limit=1)
    assert (error.status, error.error_code) == (429, "E0000047")
