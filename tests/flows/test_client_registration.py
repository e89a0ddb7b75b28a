"""Clients registered with their metadata (RFC 7591), read and managed (RFC 7592) over HTTP."""

import re
from typing import Any

import pytest
from tests.flows.test_apps_api import APPS, assign, call, wait_for
from tests.installation import APP, Client
from tests.okta_steps import authorize, code_for, exchange, signed_in
from tests.server import Site

CLIENTS = "/oauth2/v1/clients"


def metadata(name: str = "Registered", **changes: Any) -> dict[str, Any]:
    return {"client_name": name, "redirect_uris": [f"{APP}/registered"], **changes}


def registered(site: Site, **changes: Any) -> dict[str, Any]:
    response = call(site, "POST", CLIENTS, json=metadata(**changes))
    assert response.status_code == 201, response.text
    found: dict[str, Any] = response.json()
    return found


def test_a_client_is_registered_signs_in_and_is_removed(site: Site) -> None:
    made = registered(site)
    assert made["client_secret_expires_at"] == 0
    assert made["client_id_issued_at"] > 1_700_000_000
    assert (made["grant_types"], made["response_types"], made["application_type"]) == (
        ["authorization_code"],
        ["code"],
        "web",
    )
    own = f"{CLIENTS}/{made['client_id']}"
    read = call(site, "GET", own).json()
    assert read == {name: value for name, value in made.items() if name != "client_secret"}
    app = call(site, "GET", f"{APPS}/{made['client_id']}").json()
    assert (app["label"], app["name"]) == ("Registered", "oidc_client")
    assign(site, app["id"])
    client = Client(
        app["id"], made["client_id"], made["client_secret"], made["redirect_uris"][0], "client_secret_basic"
    )
    browser = signed_in(site)
    wait_for(lambda: authorize(browser, client, prompt="none").is_redirect)
    assert exchange(site, client, code_for(browser, client)).status_code == 200

    changed = call(site, "PUT", own, json={**read, "client_name": "Renamed", "post_logout_redirect_uris": [f"{APP}/x"]})
    assert changed.status_code == 200, changed.text
    assert (changed.json()["client_name"], changed.json()["post_logout_redirect_uris"]) == ("Renamed", [f"{APP}/x"])
    assert "client_secret" not in changed.json()
    renewed = call(site, "POST", f"{own}/lifecycle/newSecret")
    assert renewed.status_code == 200, renewed.text
    assert renewed.json()["client_secret"] != made["client_secret"]
    wait_for(lambda: exchange(site, client, "x").json()["error"] == "invalid_client")
    assert call(site, "DELETE", own).status_code == 204
    gone = call(site, "GET", own)
    assert (gone.status_code, gone.json()["errorCode"]) == (404, "E0000007")


@pytest.mark.parametrize(
    ("change", "error"),
    [
        ({"redirect_uris": ["https://*.example.com/"]}, "invalid_redirect_uri"),
        ({"redirect_uris": []}, "invalid_redirect_uri"),
        ({"redirect_uris": "x"}, "invalid_redirect_uri"),
        ({"client_name": ""}, "invalid_client_metadata"),
        ({"grant_types": ["magic", "authorization_code"]}, "invalid_client_metadata"),
        ({"jwks_uri": "javascript:alert(1)"}, "invalid_client_metadata"),
        ({"software_statement": "x"}, "invalid_client_metadata"),
        ({"request_object_signing_alg": "RS256"}, "invalid_client_metadata"),
        ({"scope_grants": ["users.manage"]}, "invalid_client_metadata"),
    ],
)
def test_what_cannot_be_registered_says_so_in_the_registration_s_words(
    site: Site, change: dict[str, Any], error: str
) -> None:
    response = call(site, "POST", CLIENTS, json=metadata(**change) if "client_name" not in change else change)
    assert (response.status_code, response.json()["error"]) == (400, error), response.text
    assert re.search(r"\w{4,} .*\(evt\w+\)$", response.json()["error_description"])


def test_clients_are_listed_in_pages_and_belong_to_their_org(site: Site, twin: Site) -> None:
    foreign = call(twin, "POST", CLIENTS, json=metadata("Foreign client")).json()
    for number in range(3):
        registered(site, name=f"Listed {number}")
    found, address = [], f"{CLIENTS}?q=listed&limit=2"
    while address:
        response = call(site, "GET", address)
        assert 'client_secret"' not in response.text
        found += [each["client_name"] for each in response.json()]
        links = dict(re.findall(r'<([^>]+)>; rel="(\w+)"', ",".join(response.headers.get_list("link"))))
        address = next((url for url, rel in links.items() if rel == "next"), "")
    assert found == ["Listed 0", "Listed 1", "Listed 2"]
    for method, path, body in (
        ("GET", "", None),
        ("PUT", "", metadata("Mine now")),
        ("DELETE", "", None),
        ("POST", "/lifecycle/newSecret", None),
    ):
        rest = {"json": body} if body is not None else {}
        assert call(site, method, f"{CLIENTS}/{foreign['client_id']}{path}", **rest).status_code == 404, method
    assert call(twin, "GET", f"{CLIENTS}/{foreign['client_id']}").json()["client_name"] == "Foreign client"
    anonymous = site.browser().post(CLIENTS, json=metadata())
    assert (anonymous.status_code, anonymous.json()["errorCode"]) == (401, "E0000011")
