"""Groups and group rules over HTTP."""

import re
from typing import Any

import pytest
from tests.flows.test_users_api import USERS, call, create, refused, with_password
from tests.server import Server, Site

from segue.admin import roles, tokens

GROUPS = "/api/v1/groups"
RULES = "/api/v1/groups/rules"
NOBODY = "00uVbVkXRI0pxnQcYH5Z"


def group(site: Site, name: str, description: str = "") -> dict[str, Any]:
    profile = {"name": name, "description": description} if description else {"name": name}
    made = call(site, "POST", GROUPS, json={"profile": profile})
    assert made.status_code == 200, made.text
    found: dict[str, Any] = made.json()
    return found


def names_of(site: Site, user_id: str) -> list[str]:
    return sorted(one["profile"]["name"] for one in call(site, "GET", f"{USERS}/{user_id}/groups").json())


def rule(name: str, expression: str, *group_ids: str, exclude: tuple[str, ...] = ()) -> dict[str, Any]:
    return {
        "type": "group_rule",
        "name": name,
        "conditions": {
            "people": {"users": {"exclude": list(exclude)}, "groups": {"exclude": []}},
            "expression": {"value": expression, "type": "urn:okta:expression:1.0"},
        },
        "actions": {"assignUserToGroups": {"groupIds": list(group_ids)}},
    }


def person(site: Site, **profile: str) -> str:
    body = with_password()
    body["profile"] |= profile
    return str(create(site, body)["id"])


def test_a_group_from_its_first_day_to_its_last(server: Server, site: Site) -> None:
    made = group(site, "Night owls", "Awake when others sleep")
    own = f"{GROUPS}/{made['id']}"
    assert made["id"].startswith("00g")
    assert (made["type"], made["objectClass"]) == ("OKTA_GROUP", ["okta:user_group"])
    assert made["profile"] == {"name": "Night owls", "description": "Awake when others sleep"}
    assert made["_links"]["users"] == {"href": f"{site.base_url}{own}/users"}
    for name in ("created", "lastUpdated", "lastMembershipUpdated"):
        assert re.fullmatch(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.000Z", made[name])
    refused(call(site, "POST", GROUPS, json={"profile": {"name": "Night owls"}}), 400, "E0000001", "name: ")
    changed = call(site, "PUT", own, json={**made, "profile": {"name": "Larks"}})
    assert changed.json()["profile"] == {"name": "Larks", "description": None}

    ann, bob = site.person("ann").id, person(site)
    before = names_of(site, ann)
    for user in (ann, bob):
        assert call(site, "PUT", f"{own}/users/{user}").status_code == 204
        assert call(site, "PUT", f"{own}/users/{user}").status_code == 204
    assert {user["id"] for user in call(site, "GET", f"{own}/users").json()} == {ann, bob}
    first = call(site, "GET", f"{own}/users?limit=1")
    (following,) = re.findall(r'<([^>]+)>; rel="next"', ",".join(first.headers.get_list("link")))
    assert len(call(site, "GET", following.removeprefix(site.base_url)).json()) == 1
    assert names_of(site, bob) == ["Everyone", "Larks"]
    assert call(site, "DELETE", f"{own}/users/{bob}").status_code == 204
    assert names_of(site, bob) == ["Everyone"]
    refused(call(site, "PUT", f"{own}/users/{NOBODY}"), 404, "E0000007")

    app = site.org.clients["assigned"].app_id
    assert call(site, "PUT", f"/api/v1/apps/{app}/groups/{made['id']}", json={}).status_code == 200
    assert [one["id"] for one in call(site, "GET", f"{own}/apps").json()] == [app]
    assert call(site, "DELETE", own).status_code == 204
    refused(call(site, "GET", own), 404, "E0000007")
    assert names_of(site, ann) == before
    found = server.rows("SELECT type, actor_id, detail FROM events WHERE type LIKE 'group.%'")
    mine = {type for type, actor, detail in found if made["id"] in detail and actor == site.person("carol").id}
    assert mine == {"group.create", "group.update", "group.join", "group.leave", "group.remove"}


def test_everybody_is_in_the_built_in_group(site: Site) -> None:
    (everyone,) = call(site, "GET", GROUPS, params={"filter": 'type eq "BUILT_IN"'}).json()
    own = f"{GROUPS}/{everyone['id']}"
    assert everyone["profile"]["name"] == "Everyone"
    assert {user["id"] for user in call(site, "GET", f"{own}/users").json()} >= {site.person("ann").id}
    ann = site.person("ann").id
    for method, path, body in (
        ("PUT", own, {"profile": {"name": "Nobody"}}),
        ("DELETE", own, None),
        ("PUT", f"{own}/users/{ann}", None),
        ("DELETE", f"{own}/users/{ann}", None),
    ):
        refused(call(site, method, path, json=body), 403, "E0000006")


def test_groups_are_found_and_paged(site: Site) -> None:
    for name in ("Zeta one", "Zeta two", "Zeta three"):
        group(site, name, "Last of all")
    found = call(site, "GET", GROUPS, params={"q": "zeta"}).json()
    assert len(found) == 3
    for query in (
        {"search": 'profile.name eq "Zeta two"'},
        {"filter": 'type eq "OKTA_GROUP" and profile.name ew "two"'},
        {"search": 'profile.description eq "last of all" and profile.name co "two"'},
    ):
        assert [one["profile"]["name"] for one in call(site, "GET", GROUPS, params=query).json()] == ["Zeta two"]
    seen, address = [], f"{GROUPS}?q=Zeta&limit=2"
    while address:
        response = call(site, "GET", address)
        seen += [one["id"] for one in response.json()]
        links = re.findall(r'<([^>]+)>; rel="next"', ",".join(response.headers.get_list("link")))
        address = links[0].removeprefix(site.base_url) if links else ""
    assert seen == [one["id"] for one in found]
    for query in ({"filter": 'x eq "y"'}, {"search": "type"}, {"filter": 'type sw "O"'}, {"limit": "0"}):
        refused(call(site, "GET", GROUPS, params=query), 400, "E0000001")


@pytest.mark.parametrize(
    "body",
    [
        {},
        {"profile": {}},
        {"profile": {"name": ""}},
        {"profile": {"name": "a\nb"}},
        {"profile": {"name": 7}},
        {"profile": {"name": "x" * 300}},
        {"profile": {"name": "ok", "more": "x"}},
        {"profile": {"name": "ok"}, "org_id": "x"},
    ],
)
def test_MG_03_what_is_no_group(site: Site, body: dict[str, Any]) -> None:
    refused(call(site, "POST", GROUPS, json=body), 400, "E0000001")


def test_a_rule_puts_users_into_a_group_and_takes_them_out(server: Server, site: Site) -> None:
    owls = group(site, "Owls by rule")
    before, other = person(site, department="Owls"), person(site, department="Cats")
    out = person(site, department="Owls")
    made = call(site, "POST", RULES, json=rule("Owls", 'user.department == "Owls"', owls["id"], exclude=(out,)))
    assert made.status_code == 200, made.text
    body = made.json()
    own = f"{RULES}/{body['id']}"
    assert (body["status"], body["type"], body["id"][:3]) == ("INACTIVE", "group_rule", "0pr")
    assert body["conditions"]["expression"]["value"] == 'user.department == "Owls"'
    assert body["conditions"]["people"]["users"]["exclude"] == [out]
    assert body["actions"]["assignUserToGroups"]["groupIds"] == [owls["id"]]
    assert names_of(site, before) == ["Everyone"]

    assert call(site, "POST", f"{own}/lifecycle/activate").status_code == 204
    assert call(site, "GET", own).json()["status"] == "ACTIVE"
    assert names_of(site, before) == ["Everyone", "Owls by rule"]
    assert names_of(site, other) == names_of(site, out) == ["Everyone"]
    after = person(site, department="Owls")
    assert names_of(site, after) == ["Everyone", "Owls by rule"]
    call(site, "POST", f"{USERS}/{other}", json={"profile": {"department": "Owls"}})
    call(site, "POST", f"{USERS}/{before}", json={"profile": {"department": "Cats"}})
    assert names_of(site, other) == ["Everyone", "Owls by rule"]
    assert names_of(site, before) == ["Everyone"]
    refused(call(site, "DELETE", f"{GROUPS}/{owls['id']}/users/{other}"), 403, "E0000006", "A rule puts")
    call(site, "PUT", f"{GROUPS}/{owls['id']}/users/{other}")

    refused(call(site, "PUT", own, json=body), 403, "E0000006", "Deactivate")
    refused(call(site, "DELETE", own), 403, "E0000006", "Deactivate")
    assert call(site, "POST", f"{own}/lifecycle/deactivate").status_code == 204
    assert names_of(site, after) == ["Everyone"]
    assert names_of(site, other) == ["Everyone", "Owls by rule"]
    changed = call(site, "PUT", own, json=rule("Cats", 'user.department == "Cats"', owls["id"]))
    assert changed.json()["name"] == "Cats"
    assert [one["id"] for one in call(site, "GET", RULES, params={"search": "cat"}).json()] == [body["id"]]
    assert call(site, "DELETE", own).status_code == 202
    refused(call(site, "GET", own), 404, "E0000007")
    found = server.rows("SELECT type, detail, user_id FROM events WHERE type LIKE 'group_rule.%'")
    assert {type for type, detail, _ in found if body["id"] in detail} == {
        "group_rule.create",
        "group_rule.activate",
        "group_rule.deactivate",
        "group_rule.update",
        "group_rule.remove",
    }
    assert {user for type, _, user in found if type == "group_rule.apply"} >= {before, after, other}


def test_a_rule_goes_by_groups_that_people_put_users_into(site: Site) -> None:
    day, both, night = group(site, "By day"), group(site, "By both"), group(site, "By night")
    for name, expression, target in (
        ("Both", f'isMemberOfGroup("{day["id"]}")', both["id"]),
        # What a rule did is no reason for another one: nobody gets here.
        ("Night", 'isMemberOfGroupName("By both")', night["id"]),
    ):
        made = call(site, "POST", RULES, json=rule(name, expression, target)).json()
        assert call(site, "POST", f"{RULES}/{made['id']}/lifecycle/activate").status_code == 204
    user = person(site)
    assert names_of(site, user) == ["Everyone"]
    call(site, "PUT", f"{GROUPS}/{day['id']}/users/{user}")
    assert names_of(site, user) == ["By both", "By day", "Everyone"]
    call(site, "DELETE", f"{GROUPS}/{day['id']}/users/{user}")
    assert names_of(site, user) == ["Everyone"]


def test_a_rule_that_was_left_half_way_is_finished_by_the_job(server: Server, site: Site) -> None:
    late = group(site, "Found late")
    users = sorted(person(site, department="Late") for _ in range(3))
    made = call(site, "POST", RULES, json=rule("Late", 'user.department == "Late"', late["id"])).json()
    text = "UPDATE group_rules SET status = 'active', applied_to = $1 WHERE id = $2"
    server.execute(text, users[0], made["id"])

    async def run(at: Any) -> None:
        from segue.jobs.group_rules import GroupRules

        await GroupRules(at.segue.store, at.segue.source).round()

    server.inside(run)
    assert "Found late" not in names_of(site, users[0])
    assert all("Found late" in names_of(site, user) for user in users[1:])
    assert server.rows("SELECT applied_to FROM group_rules WHERE id = $1", made["id"]) == [(None,)]


@pytest.mark.parametrize(
    "changes",
    [
        {"type": "other"},
        {"name": ""},
        {"conditions": {}},
        {"conditions": {"expression": {"value": "user.x = 1", "type": "urn:okta:expression:1.0"}}},
        {"conditions": {"expression": {"value": "__import__('os')"}}},
        {"conditions": {"expression": {"value": 'user.x == ""', "type": "other"}}},
        {"conditions": {"expression": {"value": 'user.x == ""'}, "people": {"groups": {"exclude": ["x"]}}}},
        {"conditions": {"expression": {"value": 'user.x == ""'}, "people": {"users": {"exclude": [NOBODY]}}}},
        {"actions": {"assignUserToGroups": {"groupIds": []}}},
        {"actions": {"assignUserToGroups": {"groupIds": ["00gVbVkXRI0pxnQcYH5Z"]}}},
        {"actions": {"assignUserToGroups": {"groupIds": "x"}}},
        {"status": 1, "more": 2},
    ],
)
def test_MG_04_what_is_no_rule(site: Site, changes: dict[str, Any]) -> None:
    everything = call(site, "GET", GROUPS).json()
    target = next(one["id"] for one in everything if one["type"] == "OKTA_GROUP")
    refused(call(site, "POST", RULES, json={**rule("New", 'user.x == ""', target), **changes}), 400, "E0000001")


def test_nobody_is_put_into_the_built_in_group_by_a_rule(site: Site) -> None:
    (everyone,) = call(site, "GET", GROUPS, params={"filter": 'type eq "BUILT_IN"'}).json()
    refused(call(site, "POST", RULES, json=rule("All", 'user.x == ""', everyone["id"])), 400, "E0000001")


def test_MG_01_groups_and_rules_belong_to_their_org(site: Site, twin: Site) -> None:
    foreign = group(twin, "Only there")
    theirs = call(twin, "POST", RULES, json=rule("Theirs", 'user.x == ""', foreign["id"])).json()
    own, ann = f"{GROUPS}/{foreign['id']}", site.person("ann").id
    for method, path, body in (
        ("GET", own, None),
        ("PUT", own, {"profile": {"name": "Mine"}}),
        ("DELETE", own, None),
        ("GET", f"{own}/users", None),
        ("GET", f"{own}/apps", None),
        ("PUT", f"{own}/users/{ann}", None),
        ("DELETE", f"{own}/users/{ann}", None),
        ("GET", f"{RULES}/{theirs['id']}", None),
        ("PUT", f"{RULES}/{theirs['id']}", rule("x", 'user.x == ""', foreign["id"])),
        ("DELETE", f"{RULES}/{theirs['id']}", None),
        ("POST", f"{RULES}/{theirs['id']}/lifecycle/activate", None),
        ("POST", f"{RULES}/{theirs['id']}/lifecycle/deactivate", None),
    ):
        answer = call(site, method, path, json=body)
        refused(answer, 404, "E0000007")
    refused(call(site, "PUT", f"{GROUPS}/{group(site, 'Ours alone')['id']}/users/{person(twin)}"), 404, "E0000007")
    refused(call(site, "POST", USERS, json=with_password(groupIds=[foreign["id"]])), 400, "E0000001", "groupIds")
    refused(call(site, "POST", RULES, json=rule("Ours", 'user.x == ""', foreign["id"])), 400, "E0000001")
    assert [one["id"] for one in call(twin, "GET", GROUPS, params={"q": "Only there"}).json()] == [foreign["id"]]


def test_MG_02_each_role_changes_what_it_may(server: Server, site: Site) -> None:
    target = group(site, "For the roles")

    def as_role(role: Any) -> dict[str, str]:
        async def work(at: Any) -> str:
            someone = await at.add_person(f"{role}-{target['id']}@roles.example")
            user = await at.user(someone.id)
            await roles.assign_role(at.segue.store, user, role, at.change)
            return str((await tokens.mint_api_token(at.segue.store, user, role, at.change)).bearer.text)

        return {"authorization": f"SSWS {server.inside(work)}"}

    owner = f"{USERS}/{site.person('carol').id}"
    victim = f"{USERS}/{person(site)}"
    body = {"profile": {"firstName": "Mallory"}}
    calls = (
        ("GET", USERS, None),
        ("GET", GROUPS, None),
        ("POST", victim, body),
        ("POST", f"{victim}/lifecycle/suspend", None),
        ("POST", GROUPS, {"profile": {"name": "Made by a role"}}),
        ("PUT", f"{GROUPS}/{target['id']}/users/{site.person('ann').id}", None),
        ("POST", USERS, with_password(groupIds=[target["id"]])),
        ("POST", RULES, rule("By a role", 'user.x == ""', target["id"])),
        # Whoever can reset an owner's password is an owner.
        ("POST", f"{owner}/lifecycle/reset_password?sendEmail=false", None),
        ("POST", f"{owner}/credentials/forgot_password?sendEmail=false", None),
        ("POST", owner, {"credentials": {"password": {"value": "something else 9 quite long"}}}),
        ("POST", f"{owner}/lifecycle/reset_factors", None),
        ("DELETE", owner, None),
    )
    allowed = {"auditor": {0, 1}, "support": {0, 1, 2, 3}}
    for role, numbers in allowed.items():
        headers = as_role(role)
        for number, (method, path, sent) in enumerate(calls):
            answer = site.browser().request(method, path, headers=headers, json=sent)
            assert (answer.status_code != 403) == (number in numbers), (role, method, path, answer.text)
    assert call(site, "GET", owner).json()["status"] == "ACTIVE"


ODD: tuple[object, ...] = (
    None,
    True,
    0,
    -1,
    1.5,
    [],
    {},
    [[]],
    {"a": {"b": []}},
    ["x"],
    "",
    "\u202e",
    "a" * 5000,
    "\U0001f480",
)


def test_I9_no_field_makes_a_fault_for_somebody_who_may(site: Site) -> None:
    known = group(site, "For odd values")
    user = f"{USERS}/{person(site)}"
    calls: dict[str, dict[str, Any]] = {
        f"POST {USERS}": with_password(groupIds=[], type={"id": "default"}),
        f"POST {user}": {"profile": {}, "credentials": {}},
        f"PUT {GROUPS}/{known['id']}": {"profile": {"name": "x", "description": "y"}},
        f"POST {RULES}": rule("Odd", 'user.x == ""', known["id"]),
        f"POST {user}/credentials/change_password": {"oldPassword": {"value": "x"}, "newPassword": {"value": "y"}},
    }
    for address, good in calls.items():
        method, _, path = address.partition(" ")
        for name in good:
            for value in ODD:
                answer = call(site, method, path, json={**good, name: value})
                assert answer.status_code < 500, (address, name, value)
                if isinstance(good[name], dict):
                    for inner in good[name]:
                        answer = call(site, method, path, json={**good, name: {**good[name], inner: value}})
                        assert answer.status_code < 500, (address, name, inner, value)
