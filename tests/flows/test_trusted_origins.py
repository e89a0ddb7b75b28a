"""The Trusted Origins API over HTTP."""

import re
from typing import Any

import httpx
import pytest
from tests.okta_steps import session_token, with_api_token
from tests.server import Server, Site

BASE = "/api/v1/trustedOrigins"
LINK = "/login/sessionCookieRedirect"


def call(site: Site, method: str, path: str, **rest: Any) -> httpx.Response:
    return site.browser().request(method, path, headers=with_api_token(site), **rest)


def wanted(origin: str, *scopes: str, name: str = "New") -> dict[str, object]:
    return {"name": name, "origin": origin, "scopes": [{"type": scope} for scope in scopes]}


def leads_to(site: Site, address: str) -> bool:
    response = site.browser().get(LINK, params={"token": session_token(site), "redirectUrl": address})
    return response.headers.get("location") == address


def test_an_origin_from_its_first_day_to_its_last(server: Server, site: Site) -> None:
    origin = "https://first.example.com"
    made = call(site, "POST", BASE, json=wanted(origin, "CORS", "REDIRECT"))
    assert made.status_code == 200
    body = made.json()
    assert body["id"].startswith("tos")
    assert (body["name"], body["origin"], body["status"]) == ("New", origin, "ACTIVE")
    assert body["scopes"] == [{"type": "CORS"}, {"type": "REDIRECT"}]
    assert re.fullmatch(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.000Z", body["created"])
    own = f"{BASE}/{body['id']}"
    assert body["_links"]["self"] == {"href": f"{site.base_url}{own}", "hints": {"allow": ["GET", "PUT", "DELETE"]}}
    assert body["_links"]["deactivate"]["href"] == f"{site.base_url}{own}/lifecycle/deactivate"
    assert call(site, "GET", own).json() == body
    wait_for(lambda: leads_to(site, f"{origin}/path?x=1"))

    off = call(site, "POST", f"{own}/lifecycle/deactivate")
    assert (off.status_code, off.json()["status"]) == (200, "INACTIVE")
    assert "activate" in off.json()["_links"]
    wait_for(lambda: not leads_to(site, origin))
    assert call(site, "POST", f"{own}/lifecycle/activate").json()["status"] == "ACTIVE"
    wait_for(lambda: leads_to(site, origin))

    changed = call(site, "PUT", own, json=wanted("https://second.example.com", "REDIRECT", name="Changed"))
    assert (changed.json()["name"], changed.json()["scopes"]) == ("Changed", [{"type": "REDIRECT"}])
    wait_for(lambda: leads_to(site, "https://second.example.com") and not leads_to(site, origin))

    assert call(site, "DELETE", own).status_code == 204
    wait_for(lambda: not leads_to(site, "https://second.example.com"))
    for method, path in (("GET", own), ("DELETE", own), ("POST", f"{own}/lifecycle/activate")):
        gone = call(site, method, path)
        summary = f"Not found: Resource not found: {body['id']} (TrustedOrigin)"
        assert (gone.status_code, gone.json()["errorSummary"]) == (404, summary)
    found = server.rows("SELECT type, actor_id, detail FROM events WHERE type LIKE 'origin.%' ORDER BY at, id")
    mine = [(type, actor) for type, actor, detail in found if body["id"] in str(detail)]
    assert {actor for _, actor in mine} == {site.person("carol").id}
    assert sorted(type for type, _ in mine) == [
        "origin.distrust",
        "origin.remove",
        "origin.trust",
        "origin.trust",
        "origin.update",
    ]


def wait_for(condition: Any) -> None:
    """Configuration is cached for a second at most."""
    import time

    deadline = time.monotonic() + 3
    while not condition():
        assert time.monotonic() < deadline
        time.sleep(0.1)


@pytest.mark.parametrize(
    ("origin", "scopes", "field"),
    [
        ("https://*.example.com", ("REDIRECT",), "origin"),
        ("https://app.example.com/path", ("REDIRECT",), "origin"),
        ("https://app.example.com?x", ("REDIRECT",), "origin"),
        ("https://user@app.example.com", ("REDIRECT",), "origin"),
        ("http://app.example.com", ("REDIRECT",), "origin"),
        ("javascript:alert(1)", ("REDIRECT",), "origin"),
        ("null", ("CORS",), "origin"),
        ("https://app.example.com", (), "scopes"),
        ("https://app.example.com", ("IFRAME_EMBED",), "scopes"),
        ("https://portal.example.com", ("REDIRECT",), "origin"),
        ("", ("REDIRECT",), "origin"),
    ],
)
def test_what_cannot_be_trusted(site: Site, origin: str, scopes: tuple[str, ...], field: str) -> None:
    response = call(site, "POST", BASE, json=wanted(origin, *scopes))
    assert response.status_code == 400
    body = response.json()
    assert (body["errorCode"], body["errorSummary"]) == ("E0000001", f"Api validation failed: {field}")
    assert body["errorCauses"]


@pytest.mark.parametrize("body", [b"", b"[]", b"{", b'{"name": 1}', b'{"name": "x", "origin": "https://x.example"}'])
def test_what_is_no_origin_at_all(site: Site, body: bytes) -> None:
    headers = {**with_api_token(site), "content-type": "application/json"}
    assert site.browser().post(BASE, content=body, headers=headers).status_code == 400


def test_a_list_is_walked_page_by_page(site: Site) -> None:
    everything = call(site, "GET", f"{BASE}?limit=200").json()
    seen, address = [], f"{BASE}?limit=2"
    while address:
        response = call(site, "GET", address)
        seen += response.json()
        links = dict(re.findall(r'<([^>]+)>; rel="(\w+)"', ",".join(response.headers.get_list("link")))) or {}
        address = next((url for url, rel in links.items() if rel == "next"), "")
        assert "self" in links.values()
    assert seen == everything
    assert len(seen) > 3


def test_a_list_is_filtered(site: Site) -> None:
    def names(query: str) -> set[str]:
        return {origin["name"] for origin in call(site, "GET", f"{BASE}?{query}").json()}

    assert names("q=Portal") == {"Portal"}
    assert names('filter=name eq "Login page"') == {"Login page"}
    assert "Portal" in names('filter=status eq "ACTIVE"')
    assert "Portal" not in names('filter=status eq "INACTIVE"')
    for query in ("filter=status", 'filter=id eq "x"', "limit=0", "limit=201", "limit=x"):
        assert call(site, "GET", f"{BASE}?{query}").status_code == 400, query


def test_an_origin_belongs_to_its_org(site: Site, twin: Site) -> None:
    (foreign,) = call(twin, "GET", f"{BASE}?q=Portal").json()
    assert call(site, "GET", f"{BASE}/{foreign['id']}").status_code == 404
    assert call(site, "DELETE", f"{BASE}/{foreign['id']}").status_code == 404
    assert call(twin, "GET", f"{BASE}/{foreign['id']}").status_code == 200
