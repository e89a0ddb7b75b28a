"""Custom authorization servers: made over the API, and what their settings do to the tokens they give."""

import base64
import json
import time
from typing import Any

import httpx
import pytest
from tests.okta_steps import (
    answer,
    authorize,
    claims_of,
    code_for,
    exchange,
    signed_in,
    tokens_for,
    userinfo,
    with_api_token,
)
from tests.server import Server, Site

BASE = "/api/v1/authorizationServers"


def call(site: Site, method: str, path: str, status: int = 200, **rest: Any) -> Any:
    response = site.browser().request(method, path, headers=with_api_token(site), **rest)
    assert response.status_code == status, response.text
    return response.json() if response.content else None


def new_server(site: Site, name: str, **rest: object) -> dict[str, Any]:
    body = {"name": name, "description": "For the test", "audiences": [f"api://{name.replace(' ', '-')}"], **rest}
    made: dict[str, Any] = call(site, "POST", BASE, 201, json=body)
    return made


def new_policy(site: Site, server: str, name: str = "All", clients: tuple[str, ...] = ("ALL_CLIENTS",)) -> str:
    body = {
        "type": "OAUTH_AUTHORIZATION_POLICY",
        "name": name,
        "description": "p",
        "priority": 1,
        "status": "ACTIVE",
        "conditions": {"clients": {"include": list(clients)}},
    }
    return str(call(site, "POST", f"{BASE}/{server}/policies", 201, json=body)["id"])


def rule(name: str = "Rule", **changes: Any) -> dict[str, Any]:
    conditions = {
        "people": {"users": {"include": []}, "groups": {"include": ["EVERYONE"]}},
        "grantTypes": {"include": ["authorization_code", "implicit"]},
        "scopes": {"include": ["*"]},
        **changes.pop("conditions", {}),
    }
    token = {
        "accessTokenLifetimeMinutes": 60,
        "refreshTokenLifetimeMinutes": 0,
        "refreshTokenWindowMinutes": 10080,
        **changes.pop("token", {}),
    }
    return {
        "type": "RESOURCE_ACCESS",
        "name": name,
        "priority": 1,
        "status": "ACTIVE",
        "conditions": conditions,
        "actions": {"token": token},
        **changes,
    }


def ready_server(site: Site, name: str, **changes: Any) -> str:
    """A server with a policy for everybody and one rule."""
    server = str(new_server(site, name)["id"])
    policy = new_policy(site, server)
    call(site, "POST", f"{BASE}/{server}/policies/{policy}/rules", 201, json=rule(**changes))
    return server


def at(server: str) -> str:
    return f"/oauth2/{server}/v1"


def wait_until_known(site: Site, server: str) -> None:
    """The process that answers looks at its configuration once a second."""
    for _ in range(40):
        time.sleep(0.1)
        if site.browser().get(f"/oauth2/{server}/.well-known/openid-configuration").status_code == 200:
            return
    raise AssertionError("the server is not known")


def test_a_server_from_its_first_day_to_its_last(server: Server, site: Site) -> None:
    made = new_server(site, "Orders")
    own = f"{BASE}/{made['id']}"
    assert made["id"].startswith("aus")
    assert (made["name"], made["audiences"], made["status"]) == ("Orders", ["api://Orders"], "ACTIVE")
    assert made["issuer"] == f"{site.base_url}/oauth2/{made['id']}"
    assert made["credentials"]["signing"]["kid"]
    assert made["id"] in [each["id"] for each in call(site, "GET", BASE)]
    changed = call(site, "PUT", own, json={**made, "name": "Renamed", "audiences": ["api://new"]})
    assert (changed["name"], changed["audiences"]) == ("Renamed", ["api://new"])
    call(site, "POST", f"{own}/lifecycle/deactivate", 204)
    assert call(site, "GET", own)["status"] == "INACTIVE"
    call(site, "POST", f"{own}/lifecycle/activate", 204)
    call(site, "DELETE", own, 204)
    for method, path in (
        ("GET", own),
        ("DELETE", own),
        ("GET", f"{own}/scopes"),
        ("POST", f"{own}/lifecycle/activate"),
    ):
        assert call(site, method, path, 404)["errorCode"] == "E0000007"
    types = [
        row[0]
        for row in server.rows("SELECT type FROM events WHERE type LIKE 'authorization_server.%' ORDER BY at, id")
    ]
    assert {"authorization_server.create", "authorization_server.update", "authorization_server.remove"} <= set(types)


def test_the_default_server_is_named_by_its_path(site: Site) -> None:
    known = call(site, "GET", f"{BASE}/default")
    assert known["issuer"] == f"{site.base_url}/oauth2/default"
    assert known["audiences"] == ["api://default"]
    (policy,) = call(site, "GET", f"{BASE}/default/policies")
    (default_rule,) = call(site, "GET", f"{BASE}/default/policies/{policy['id']}/rules")
    assert policy["conditions"]["clients"]["include"] == ["ALL_CLIENTS"]
    assert default_rule["conditions"]["scopes"]["include"] == ["*"]
    assert "password" in default_rule["conditions"]["grantTypes"]["include"]


def test_scopes(site: Site) -> None:
    server = ready_server(site, "Scopes")
    path = f"{BASE}/{server}/scopes"
    known = call(site, "GET", path)
    assert [scope["name"] for scope in known] == ["openid", "profile", "email", "address", "phone", "offline_access"]
    assert all(scope["system"] for scope in known)
    body = {
        "name": "orders:read",
        "description": "Read orders",
        "consent": "IMPLICIT",
        "metadataPublish": "ALL_CLIENTS",
    }
    made = call(site, "POST", path, 201, json=body)
    assert (made["name"], made["system"], made["default"]) == ("orders:read", False, False)
    call(site, "POST", path, 201, json={"name": "hidden", "default": True})
    own = f"{path}/{made['id']}"
    assert call(site, "GET", own) == made
    changed = call(site, "PUT", own, json={**made, "displayName": "Orders", "optional": True})
    assert (changed["displayName"], changed["optional"]) == ("Orders", True)
    for bad in ({"name": "openid"}, {"name": "orders:read"}, {"name": "a b"}, {"name": "x", "consent": "REQUIRED"}, {}):
        assert call(site, "POST", path, 400, json=bad)["errorCode"] == "E0000001"
    assert call(site, "PUT", f"{path}/{known[0]['id']}", 400, json={"name": "openid"})["errorCode"] == "E0000001"
    wait_until_known(site, server)
    supported = site.browser().get(f"/oauth2/{server}/.well-known/openid-configuration").json()["scopes_supported"]
    assert "orders:read" in supported
    assert "hidden" not in supported
    call(site, "DELETE", own, 204)
    call(site, "GET", own, 404)


def test_a_request_without_scopes_gets_the_default_ones(site: Site) -> None:
    server = ready_server(site, "Defaults")
    call(site, "POST", f"{BASE}/{server}/scopes", 201, json={"name": "orders:read", "default": True})
    wait_until_known(site, server)
    body = tokens_for(signed_in(site), site, at=at(server), scope=None)
    assert body["scope"] == "orders:read"


def test_claims_stand_in_the_tokens_they_are_for(server: Server, site: Site) -> None:
    ident = ready_server(site, "Claims")
    path = f"{BASE}/{ident}"
    call(site, "POST", f"{path}/scopes", 201, json={"name": "places"})
    claims = [
        {"name": "town", "claimType": "RESOURCE", "valueType": "EXPRESSION", "value": "user.city"},
        {"name": "client", "claimType": "RESOURCE", "valueType": "EXPRESSION", "value": "app.clientId"},
        {
            "name": "placed",
            "claimType": "RESOURCE",
            "valueType": "EXPRESSION",
            "value": '"yes"',
            "conditions": {"scopes": ["places"]},
        },
        {
            "name": "first",
            "claimType": "IDENTITY",
            "valueType": "EXPRESSION",
            "value": "user.firstName",
            "alwaysIncludeInToken": True,
        },
        {
            "name": "later",
            "claimType": "IDENTITY",
            "valueType": "EXPRESSION",
            "value": "user.lastName",
            "alwaysIncludeInToken": False,
        },
        {"name": "nothing", "claimType": "RESOURCE", "valueType": "EXPRESSION", "value": "user.shoeSize"},
    ]
    made = [call(site, "POST", f"{path}/claims", 201, json=claim) for claim in claims]
    assert [claim["name"] for claim in call(site, "GET", f"{path}/claims")] == [claim["name"] for claim in claims]
    assert call(site, "GET", f"{path}/claims/{made[0]['id']}") == made[0]
    wait_until_known(site, ident)
    browser = signed_in(site)
    body = tokens_for(browser, site, at=at(ident), scope="openid")
    access, identity = (claims_of(body[name], site, at=at(ident)) for name in ("access_token", "id_token"))
    assert (access["town"], access["client"]) == ("Leeds", "web-client")
    assert access.keys().isdisjoint({"placed", "nothing", "first", "later"})
    assert identity["first"] == "Ann"
    assert identity.keys().isdisjoint({"later", "town"})
    told = userinfo(site, body["access_token"], at=at(ident)).json()
    assert (told["first"], told["later"]) == ("Ann", "Lee")
    wide = tokens_for(browser, site, at=at(ident), scope="openid places")
    assert claims_of(wide["access_token"], site, at=at(ident))["placed"] == "yes"
    call(site, "PUT", f"{path}/claims/{made[0]['id']}", json={**made[0], "status": "INACTIVE"})
    call(site, "DELETE", f"{path}/claims/{made[1]['id']}", 204)
    call(site, "GET", f"{path}/claims/{made[1]['id']}", 404)


@pytest.mark.parametrize(
    "claim",
    [
        {"name": "sub", "value": "user.email"},
        {"name": "scp", "value": '"admin"'},
        {"name": "nonce", "value": '"x"'},
        {"name": "ok", "value": "user.password_hash.x"},
        {"name": "ok", "value": "user.email.matches(/(a+)+/)"},
        {"name": "ok", "value": "(a+)+\\1", "valueType": "GROUPS", "group_filter_type": "REGEX"},
        {"name": "ok", "value": "user.email", "conditions": {"scopes": ["unknown"]}},
        {"name": "ok", "value": "user.email", "valueType": "SYSTEM"},
        {"name": "ok", "value": "user.email", "claimType": "OTHER"},
        {"name": "ok", "value": "user.email", "unheard_of": 1},
        {"name": "ok"},
        {"value": "user.email"},
    ],
)
def test_AC_02_a_claim_that_cannot_be(site: Site, claim: dict[str, object]) -> None:
    path = f"{BASE}/default/claims"
    response = site.browser().post(path, json=claim, headers=with_api_token(site))
    assert response.status_code == 400, response.text
    assert response.json()["errorCode"] == "E0000001"


def test_groups_in_tokens(server: Server, site: Site) -> None:
    ann = site.person("ann").id

    async def join(installation: Any) -> None:
        for name in ("app-orders", "app-reports", "Staff"):
            group = await _group(installation, name)
            await installation.segue.store.add_member(
                installation.org_id, group, ann, installation.change.event("group.member_add", user_id=ann)
            )

    server.inside(join)
    ident = ready_server(site, "Groups")
    for name, how, value in (
        ("apps", "STARTS_WITH", "app-"),
        ("some", "REGEX", "^(app-o.*|Staff)$"),
        ("one", "EQUALS", "Staff"),
    ):
        body = {"name": name, "claimType": "RESOURCE", "valueType": "GROUPS", "group_filter_type": how, "value": value}
        call(site, "POST", f"{BASE}/{ident}/claims", 201, json=body)
    wait_until_known(site, ident)
    browser = signed_in(site)
    access = claims_of(tokens_for(browser, site, at=at(ident))["access_token"], site, at=at(ident))
    assert access["apps"] == ["app-orders", "app-reports"]
    assert access["some"] == ["Staff", "app-orders"]
    assert access["one"] == ["Staff"]
    own = tokens_for(browser, site, scope="openid groups")
    assert {"app-orders", "app-reports", "Staff"} <= set(claims_of(own["id_token"], site)["groups"])
    assert "groups" not in claims_of(tokens_for(browser, site, scope="openid")["id_token"], site)
    assert "Staff" in userinfo(site, own["access_token"]).json()["groups"]


async def _group(installation: Any, name: str) -> str:
    from segue.core.org import Group

    group = Group(installation.change.new_id("00g"), installation.org_id, name)
    await installation.segue.store.put_group(group, installation.change.event("group.create", group_id=group.id))
    return group.id


def test_a_server_without_a_policy_gives_nobody_anything(server: Server, site: Site) -> None:
    ident = str(new_server(site, "Closed")["id"])
    wait_until_known(site, ident)
    refused = answer(authorize(signed_in(site), site.org.clients["web"], at=at(ident), prompt="none"))
    assert refused["error"] == "access_denied"
    rows = server.rows("SELECT detail FROM events WHERE reason = 'no_matching_policy' ORDER BY at DESC LIMIT 1")
    assert "Give the authorization server a policy" in rows[0][0]


def test_a_policy_is_for_its_clients(site: Site) -> None:
    ident = str(new_server(site, "For one")["id"])
    policy = new_policy(site, ident, clients=("spa-client",))
    call(site, "POST", f"{BASE}/{ident}/policies/{policy}/rules", 201, json=rule())
    wait_until_known(site, ident)
    browser = signed_in(site)
    assert tokens_for(browser, site, "spa", at=at(ident))["access_token"]
    assert answer(authorize(browser, site.org.clients["web"], at=at(ident), prompt="none"))["error"] == "access_denied"


def test_a_rule_is_for_its_scopes_and_people_and_sets_lifetimes(site: Site) -> None:
    ident = str(new_server(site, "Rules")["id"])
    policy = new_policy(site, ident)
    path = f"{BASE}/{ident}/policies/{policy}/rules"
    people = {"users": {"include": [site.person("ann").id]}, "groups": {"include": []}}
    made = call(
        site,
        "POST",
        path,
        201,
        json=rule(
            conditions={"people": people, "scopes": {"include": ["openid"]}}, token={"accessTokenLifetimeMinutes": 7}
        ),
    )
    assert made["actions"]["token"]["accessTokenLifetimeMinutes"] == 7
    assert made["conditions"]["people"]["users"]["include"] == [site.person("ann").id]
    wait_until_known(site, ident)
    body = tokens_for(signed_in(site), site, at=at(ident), scope="openid")
    access = claims_of(body["access_token"], site, at=at(ident))
    assert (body["expires_in"], access["exp"] - access["iat"]) == (420, 420)
    wide = answer(authorize(signed_in(site), site.org.clients["web"], at=at(ident), prompt="none"))
    assert wide["error"] == "invalid_scope"
    other = answer(
        authorize(signed_in(site, "bob"), site.org.clients["web"], at=at(ident), prompt="none", scope="openid")
    )
    assert other["error"] == "access_denied"
    changed = call(site, "PUT", f"{path}/{made['id']}", json={**made, "name": "Renamed"})
    assert changed["name"] == "Renamed"
    call(site, "POST", f"{path}/{made['id']}/lifecycle/deactivate", 204)
    assert call(site, "GET", f"{path}/{made['id']}")["status"] == "INACTIVE"
    call(site, "DELETE", f"{path}/{made['id']}", 204)
    call(site, "GET", f"{path}/{made['id']}", 404)


def test_a_rule_that_is_gone_counts_before_the_code_is_exchanged(site: Site) -> None:
    ident = str(new_server(site, "Gone")["id"])
    policy = new_policy(site, ident)
    made = call(site, "POST", f"{BASE}/{ident}/policies/{policy}/rules", 201, json=rule())
    wait_until_known(site, ident)
    client = site.org.clients["web"]
    code = code_for(signed_in(site), client, at=at(ident))
    call(site, "DELETE", f"{BASE}/{ident}/policies/{policy}/rules/{made['id']}", 204)
    refused = _eventually_refused(site, ident, client, code)
    assert (refused.status_code, refused.json()["error"]) == (401, "access_denied")


def _eventually_refused(site: Site, ident: str, client: Any, code: str) -> httpx.Response:
    time.sleep(1.2)  # what a process remembers of the configuration is at most a second old
    return exchange(site, client, code, at=at(ident))


def test_policies_are_asked_in_their_order(site: Site) -> None:
    ident = str(new_server(site, "Order")["id"])
    first, second = new_policy(site, ident, "First"), new_policy(site, ident, "Second")
    path = f"{BASE}/{ident}/policies"
    assert [policy["name"] for policy in call(site, "GET", path)] == ["Second", "First"]
    moved = call(site, "GET", f"{path}/{first}")
    call(site, "PUT", f"{path}/{first}", json={**moved, "priority": 1, "name": "Now first"})
    assert [(policy["name"], policy["priority"]) for policy in call(site, "GET", path)] == [
        ("Now first", 1),
        ("Second", 2),
    ]
    call(site, "POST", f"{path}/{second}/lifecycle/deactivate", 204)
    assert call(site, "GET", f"{path}/{second}")["status"] == "INACTIVE"
    call(site, "POST", f"{path}/{second}/lifecycle/activate", 204)
    call(site, "DELETE", f"{path}/{second}", 204)
    assert [policy["name"] for policy in call(site, "GET", path)] == ["Now first"]


@pytest.mark.parametrize(
    "change",
    [
        {"conditions": {"grantTypes": {"include": []}}},
        {"conditions": {"grantTypes": {"include": ["magic"]}}},
        {"conditions": {"scopes": {"include": []}}},
        {"conditions": {"people": {"users": {"include": []}, "groups": {"include": []}}}},
        {"conditions": {"people": {"users": {"include": ["00uNOBODY"]}, "groups": {"include": []}}}},
        {"token": {"accessTokenLifetimeMinutes": 4}},
        {"token": {"accessTokenLifetimeMinutes": 1441}},
        {"token": {"refreshTokenWindowMinutes": 9}},
        {"token": {"inlineHook": {"id": "cal1"}}},
        {"type": "SIGN_ON"},
        {"name": ""},
        {"unheard_of": True},
    ],
)
def test_a_rule_that_cannot_be(site: Site, change: dict[str, Any]) -> None:
    (policy,) = call(site, "GET", f"{BASE}/default/policies")
    answered = call(site, "POST", f"{BASE}/default/policies/{policy['id']}/rules", 400, json=rule(**change))
    assert answered["errorCode"] == "E0000001"


def test_keys_and_their_rotation(site: Site) -> None:
    ident = str(new_server(site, "Keys")["id"])
    path = f"{BASE}/{ident}/credentials"
    known = call(site, "GET", f"{path}/keys")
    (active,) = [key for key in known if key["status"] == "ACTIVE"]
    assert (active["kty"], active["alg"], active["use"]) == ("RSA", "RS256", "sig")
    assert "d" not in active
    assert call(site, "GET", f"{path}/keys/{active['kid']}") == active
    call(site, "GET", f"{path}/keys/unknown", 404)
    rotated = call(site, "POST", f"{path}/lifecycle/keyRotate", json={"use": "sig"})
    assert {key["status"] for key in rotated} >= {"ACTIVE", "NEXT"}
    assert call(site, "POST", f"{path}/lifecycle/keyRotate", 400, json={"use": "sig"})["errorCode"] == "E0000001"


def test_servers_that_trust_each_other(site: Site) -> None:
    one, two = (str(new_server(site, name)["id"]) for name in ("One", "Two"))
    path = f"{BASE}/{one}/associatedServers"
    assert call(site, "GET", path) == []
    assert [each["id"] for each in call(site, "POST", path, json={"trusted": [two]})] == [two]
    assert [each["id"] for each in call(site, "GET", f"{path}?trusted=true")] == [two]
    assert two not in [each["id"] for each in call(site, "GET", f"{path}?trusted=false")]
    assert call(site, "POST", path, 400, json={"trusted": ["ausUNKNOWN"]})["errorCode"] == "E0000001"
    call(site, "DELETE", f"{path}/{two}", 204)
    call(site, "DELETE", f"{path}/{two}", 404)


def test_MG_01_a_server_belongs_to_its_org(site: Site, twin: Site) -> None:
    ident = str(new_server(twin, "Foreign")["id"])
    for method, path in (
        ("GET", ""),
        ("DELETE", ""),
        ("GET", "/scopes"),
        ("GET", "/policies"),
        ("GET", "/credentials/keys"),
    ):
        assert call(site, method, f"{BASE}/{ident}{path}", 404)["errorCode"] == "E0000007"
    assert ident not in [each["id"] for each in call(site, "GET", BASE)]
    assert call(twin, "GET", f"{BASE}/{ident}")["id"] == ident


def test_nobody_manages_servers_without_a_token(site: Site) -> None:
    assert site.browser().get(BASE).status_code == 401
    assert site.browser().post(BASE, json={"name": "x", "audiences": ["y"]}).status_code == 401


def test_MG_09_scopes_added_at_the_same_moment_are_all_there(site: Site) -> None:
    from concurrent.futures import ThreadPoolExecutor

    ident = str(new_server(site, "Crowd")["id"])

    def add(number: int) -> int:
        body = {"name": f"s{number}"}
        return site.browser().post(f"{BASE}/{ident}/scopes", json=body, headers=with_api_token(site)).status_code

    with ThreadPoolExecutor(4) as pool:
        assert set(pool.map(add, range(8))) == {201}
    names = {scope["name"] for scope in call(site, "GET", f"{BASE}/{ident}/scopes")}
    assert {f"s{number}" for number in range(8)} <= names


ODD: list[object] = [
    None,
    True,
    0,
    -1,
    1.5,
    2**53,
    [],
    {},
    [[]],
    {"a": {"b": []}},
    ["x"],
    "",
    "\n",
    "a" * 5000,
    "\u202e",
    "<x>",
]


def test_I9_no_field_of_these_calls_makes_a_fault(site: Site) -> None:
    """With a token that may do all of it, unlike where every route is tried."""
    ident = str(new_server(site, "Odd")["id"])
    policy = new_policy(site, ident)
    calls = {
        BASE: {"name": "n", "description": "d", "audiences": ["a"], "issuerMode": "ORG_URL"},
        f"{BASE}/{ident}/scopes": {
            "name": "n",
            "consent": "IMPLICIT",
            "default": True,
            "metadataPublish": "NO_CLIENTS",
        },
        f"{BASE}/{ident}/claims": {"name": "n", "value": "user.email", "claimType": "RESOURCE", "conditions": {}},
        f"{BASE}/{ident}/policies": {
            "name": "n",
            "priority": 1,
            "conditions": {"clients": {"include": ["ALL_CLIENTS"]}},
        },
        f"{BASE}/{ident}/policies/{policy}/rules": rule(),
        f"{BASE}/{ident}/associatedServers": {"trusted": []},
        f"{BASE}/{ident}/credentials/lifecycle/keyRotate": {"use": "sig"},
    }
    for path, good in calls.items():
        for field in good:
            for value in ODD:
                response = site.browser().post(path, json={**good, field: value}, headers=with_api_token(site))
                assert response.status_code in (200, 201, 400), (path, field, value, response.text)
                assert json.loads(response.content) is not None


def test_api_tokens_are_listed_and_revoked(server: Server, site: Site) -> None:
    listed = call(site, "GET", "/api/v1/api-tokens")
    own = next(token for token in listed if token["name"] == "tests")
    assert own["userId"] == site.person("carol").id
    assert site.org.api_token.partition(".")[2] not in str(listed)
    assert call(site, "GET", f"/api/v1/api-tokens/{own['id']}") == own
    assert call(site, "GET", "/api/v1/api-tokens/00Tunknown", 404)["errorCode"] == "E0000007"

    async def another(installation: Any) -> str:
        from segue.admin import tokens

        owner = await installation.user(site.person("carol").id)
        minted = await tokens.mint_api_token(installation.segue.store, owner, "short-lived", installation.change)
        return str(minted.bearer.text)

    for revoke in ("current", "by id"):
        text = server.inside(another)
        headers = {"authorization": f"SSWS {text}"}
        path = "/api/v1/api-tokens/current" if revoke == "current" else f"/api/v1/api-tokens/{text.partition('.')[0]}"
        assert site.browser().request("DELETE", path, headers=headers).status_code == 204
        assert site.browser().get("/api/v1/api-tokens", headers=headers).status_code == 401


def test_the_org_says_what_it_is(site: Site) -> None:
    org = call(site, "GET", "/api/v1/org")
    assert (org["id"], org["companyName"], org["status"]) == (site.org.org_id, "Tests & Trials", "ACTIVE")
    known = site.browser().get("/.well-known/okta-organization").json()
    assert (known["id"], known["pipeline"]) == (site.org.org_id, "v1")
    assert site.browser().get("/api/v1/org").status_code == 401


def test_a_token_of_a_custom_server_says_whose_it_is(site: Site) -> None:
    """Its header has no type and its claims are those of the vendor, whatever a claim is called."""
    ident = ready_server(site, "Header")
    wait_until_known(site, ident)
    token = tokens_for(signed_in(site), site, at=at(ident))["access_token"]
    header = json.loads(base64.urlsafe_b64decode(token.split(".")[0] + "=="))
    assert set(header) == {"alg", "kid"}
    claims = claims_of(token, site, at=at(ident))
    assert (claims["aud"], claims["iss"]) == ("api://Header", f"{site.base_url}/oauth2/{ident}")


def test_whoever_is_in_more_groups_than_a_token_can_name_gets_none(server: Server, site: Site) -> None:
    """A part of the truth would be taken for all of it."""
    bob = site.person("bob").id

    async def join(installation: Any) -> None:
        for number in range(101):
            group = await _group(installation, f"crowd-{number:03d}")
            event = installation.change.event("group.member_add", user_id=bob)
            await installation.segue.store.add_member(installation.org_id, group, bob, event)

    server.inside(join)
    ident = ready_server(site, "Crowded")
    body = {"name": "crowd", "claimType": "RESOURCE", "valueType": "GROUPS", "value": "crowd-"}
    call(site, "POST", f"{BASE}/{ident}/claims", 201, json={**body, "conditions": {"scopes": ["profile"]}})
    wait_until_known(site, ident)
    browser, client = signed_in(site, "bob"), site.org.clients["web"]
    assert answer(authorize(browser, client, at=at(ident), prompt="none"))["error"] == "access_denied"
    rows = server.rows("SELECT detail FROM events WHERE reason = 'access_denied' ORDER BY at DESC LIMIT 1")
    assert "at most 100 in crowd" in rows[0][0]
    assert tokens_for(browser, site, at=at(ident), scope="openid")["access_token"]


def test_a_rule_for_people_of_a_group(server: Server, site: Site) -> None:
    async def make(installation: Any) -> str:
        group = await _group(installation, "testers of rules")
        event = installation.change.event("group.member_add", user_id=site.person("ann").id)
        await installation.segue.store.add_member(installation.org_id, group, site.person("ann").id, event)
        return group

    people = {"users": {"include": []}, "groups": {"include": [server.inside(make)]}}
    ident = ready_server(site, "Of a group", conditions={"people": people})
    wait_until_known(site, ident)
    assert tokens_for(signed_in(site), site, at=at(ident))["access_token"]
    refused = answer(authorize(signed_in(site, "bob"), site.org.clients["web"], at=at(ident), prompt="none"))
    assert refused["error"] == "access_denied"


def test_a_rule_says_how_long_a_refresh_token_lives(server: Server, site: Site) -> None:
    token = {"refreshTokenLifetimeMinutes": 120, "refreshTokenWindowMinutes": 30}
    ident = ready_server(site, "Refreshing", token=token)
    wait_until_known(site, ident)
    name = next(name for name, client in site.org.clients.items() if _may_refresh(server, client.app_id))
    body = tokens_for(signed_in(site), site, name, at=at(ident), scope="openid offline_access")
    assert body["refresh_token"]
    rows = server.rows("SELECT issued_at, expires_at, idle_expires_at FROM credentials WHERE kind = 'refresh_token'")
    lives = {((end - start) // 60_000, (idle - start) // 60_000) for start, end, idle in rows if idle is not None}
    assert (120, 30) in lives


def _may_refresh(server: Server, app_id: str) -> bool:
    ((settings,),) = server.rows("SELECT oidc FROM applications WHERE id = ?", app_id)
    return "refresh_token" in json.loads(settings)["grant_types"]
