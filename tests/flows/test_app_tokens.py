"""Refresh tokens of an application over the management API: found whosever they are, ended one by one or all."""

import httpx
from tests.flows.test_apps_api import APPS, call
from tests.flows.test_users_api import refused
from tests.okta_steps import ask_token, by_password
from tests.server import Server, Site

SCOPE = "openid offline_access"


def next_link(answer: httpx.Response) -> str:
    links = [value for name, value in answer.headers.multi_items() if name == "link"]
    (found,) = [link.partition(">")[0].strip("<") for link in links if 'rel="next"' in link] or [""]
    return found


def test_the_tokens_of_an_application_are_listed_in_pages_and_revoked(server: Server, site: Site, twin: Site) -> None:
    direct = site.org.clients["direct"]
    own = f"{APPS}/{direct.app_id}/tokens"
    assert call(site, "DELETE", own).status_code == 204
    assert call(site, "GET", own).json() == []
    given = [
        (name, by_password(site, site.person(name), scope=SCOPE).json()["refresh_token"])
        for name in ("ann", "bob", "ann")
    ]
    whose = {text.partition(".")[0]: site.person(name).id for name, text in given}
    first = call(site, "GET", f"{own}?limit=2")
    second = call(site, "GET", next_link(first).removeprefix(site.base_url))
    assert (len(first.json()), len(second.json()), next_link(second)) == (2, 1, "")
    found = first.json() + second.json()
    assert {one["id"]: one["userId"] for one in found} == whose
    assert {(one["clientId"], one["issuer"]) for one in found} == {(direct.client_id, site.base_url)}
    assert all(one["_links"]["app"]["href"].endswith(f"/apps/{direct.app_id}") for one in found)
    assert not any(text.partition(".")[2] in first.text + second.text for _, text in given)
    refused(call(site, "GET", f"{own}?limit=0"), 400, "E0000001")

    def works(text: str) -> bool:
        return ask_token(site, direct, "refresh_token", refresh_token=text).status_code == 200

    ids = [text.partition(".")[0] for _, text in given]
    assert call(site, "GET", f"{own}/{ids[0]}").json()["userId"] == whose[ids[0]]
    refused(call(twin, "GET", f"{own}/{ids[0]}"), 404, "E0000007")
    elsewhere = f"{APPS}/{site.org.clients['web'].app_id}/tokens"
    refused(call(site, "DELETE", f"{elsewhere}/{ids[0]}"), 404, "E0000007")
    refused(call(site, "GET", f"{own}/no-such-token"), 404, "E0000007")
    refused(call(site, "GET", f"{APPS}/nothing/tokens"), 404, "E0000007")
    assert call(site, "DELETE", elsewhere).status_code == 204
    assert call(site, "DELETE", f"{own}/{ids[0]}").status_code == 204
    refused(call(site, "GET", f"{own}/{ids[0]}"), 404, "E0000007")
    assert (works(given[0][1]), works(given[1][1])) == (False, True)
    assert call(site, "DELETE", own).status_code == 204
    assert call(site, "GET", own).json() == []
    assert not works(given[2][1])
    told = server.rows("SELECT user_id, app_id FROM events WHERE type = 'token.revoke' ORDER BY id DESC LIMIT 2")
    assert {(row[0], row[1]) for row in told} == {(site.person(name).id, direct.app_id) for name in ("ann", "bob")}
