"""The Application Interclient Trust Mappings API over HTTP."""

import re
from typing import Any

import httpx
import pytest
from tests.installation import Installation
from tests.okta_steps import with_api_token
from tests.server import Server, Site

from segue.admin import applications, orgs
from segue.core.application import OidcClient

SUMMARY = "Api validation failed: Interclient Trust Mappings"


def allowed(app_id: str) -> str:
    return f"/api/v1/apps/{app_id}/interclient-allowed-apps"


def targets(app_id: str) -> str:
    return f"/api/v1/apps/{app_id}/interclient-target-apps"


def call(site: Site, method: str, path: str, **rest: Any) -> httpx.Response:
    return site.browser().request(method, path, headers=with_api_token(site), **rest)


def new_apps(server: Server, count: int) -> list[str]:
    """Applications of the test's own, in order of id."""

    async def make(org: Installation) -> list[str]:
        made = []
        for number in range(count):
            client = OidcClient("", (f"https://trust{number}.example.com/cb",))
            traits = applications.Traits(f"Trust {number}")
            made.append((await applications.create_oidc(org.segue.store, traits, client, org.change)).application.id)
        return sorted(made)

    return server.inside(make)


def test_create_an_allowed_app_mapping_for_a_target_app(server: Server, site: Site) -> None:
    target, origin = new_apps(server, 2)
    made = call(site, "POST", allowed(target), json={"id": origin})
    assert made.status_code == 201
    body = made.json()
    assert re.fullmatch(r"itm[0-9A-Za-z]{17}", body.pop("id"))
    created = body.pop("created")
    assert re.fullmatch(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.000Z", created)
    assert body == {
        "orgId": site.org.org_id,
        "appInstanceId": target,
        "trustedAppInstanceId": origin,
        "lastUpdated": created,
        "lastUpdatedBy": site.person("carol").id,
    }
    again = call(site, "POST", allowed(target), json={"id": origin})
    assert (again.status_code, again.json()) == (201, made.json())
    found = server.rows("SELECT actor_id, detail FROM events WHERE type = 'trust.add' AND app_id = $1", target)
    assert [(actor, origin in detail) for actor, detail in found] == [(site.person("carol").id, True)]


def test_list_all_allowed_apps_for_a_target_app(server: Server, site: Site) -> None:
    target, *origins = new_apps(server, 5)
    assert call(site, "GET", allowed(target)).json() == []
    for origin in origins:
        call(site, "POST", allowed(target), json={"id": origin})
    assert call(site, "GET", allowed(target)).json() == origins
    assert walk(site, f"{allowed(target)}?limit=3") == origins
    assert walk(site, f"{allowed(target)}?limit=2") == origins


def test_list_all_target_apps_for_an_allowed_app(server: Server, site: Site) -> None:
    origin, *others = new_apps(server, 5)
    for target in others:
        call(site, "POST", allowed(target), json={"id": origin})
    assert call(site, "GET", targets(origin)).json() == others
    assert walk(site, f"{targets(origin)}?limit=3") == others
    assert call(site, "GET", targets(others[0])).json() == []


def walk(site: Site, address: str) -> list[str]:
    seen: list[str] = []
    while address:
        response = call(site, "GET", address)
        assert response.status_code == 200
        seen += response.json()
        links = re.findall(r'<([^>]+)>; rel="(\w+)"', ",".join(response.headers.get_list("link")))
        assert "self" in [rel for _, rel in links]
        address = next((url for url, rel in links if rel == "next"), "")
    return seen


def test_delete_an_interclient_trust_mapping(server: Server, site: Site) -> None:
    target, origin = new_apps(server, 2)
    call(site, "POST", allowed(target), json={"id": origin})
    gone = call(site, "DELETE", f"{allowed(target)}/{origin}")
    assert (gone.status_code, gone.content) == (204, b"")
    assert call(site, "GET", allowed(target)).json() == []
    again = call(site, "DELETE", f"{allowed(target)}/{origin}")
    assert (again.status_code, again.json()["errorCode"]) == (404, "E0000007")


def test_you_can_define_up_to_five_trusted_apps_per_target(server: Server, site: Site) -> None:
    target, *origins = new_apps(server, 8)
    for origin in origins[:5]:
        assert call(site, "POST", allowed(target), json={"id": origin}).status_code == 201
    sixth = call(site, "POST", allowed(target), json={"id": origins[5]})
    assert (sixth.status_code, sixth.json()["errorSummary"]) == (400, SUMMARY)
    assert sixth.json()["errorCauses"] == [{"errorSummary": "An application trusts at most 5 others."}]
    server.inside(with_limit(6))
    try:
        assert call(site, "POST", allowed(target), json={"id": origins[5]}).status_code == 201
        assert call(site, "POST", allowed(target), json={"id": origins[6]}).status_code == 400
    finally:
        server.inside(with_limit(5))


def with_limit(limit: int) -> Any:
    async def change(org: Installation) -> None:
        from dataclasses import replace

        known = await org.segue.store.org(org.org_id)
        assert known is not None
        await orgs.change_settings(org.segue.store, replace(known.settings, trust_limit=limit), org.change)

    return change


def test_who_cannot_take_part(server: Server, site: Site, twin: Site) -> None:
    (app,) = new_apps(server, 1)
    bookmark, saml = site.linked("suite").app_id, site.saml("saml").app_id
    foreign = twin.org.clients["web"].app_id
    for target, origin in ((bookmark, app), (app, bookmark), (app, saml), (app, app), (app, foreign), (app, "0oaNo")):
        refused = call(site, "POST", allowed(target), json={"id": origin})
        assert (refused.status_code, refused.json()["errorSummary"]) == (400, SUMMARY), (target, origin)
        assert refused.json()["errorCauses"]
    for body in ({}, {"id": 1}, {"id": ""}, {"id": [app]}):
        assert call(site, "POST", allowed(app), json=body).json()["errorSummary"] == SUMMARY
    for target in ("0oaNobody", foreign):
        for response in (
            call(site, "POST", allowed(target), json={"id": app}),
            call(site, "GET", allowed(target)),
            call(site, "GET", targets(target)),
        ):
            assert (response.status_code, response.json()["errorCode"]) == (404, "E0000007")


@pytest.mark.parametrize(("method", "suffix"), [("GET", ""), ("POST", ""), ("DELETE", "/0oaX")])
def test_who_may_not_ask(site: Site, method: str, suffix: str) -> None:
    path = allowed(site.org.clients["web"].app_id) + suffix
    body = {"json": {"id": "0oaX"}} if method == "POST" else {}
    for headers in ({}, {"authorization": "SSWS 00nobody"}):
        response = site.browser().request(method, path, headers=headers, **body)
        assert (response.status_code, response.json()["errorCode"]) == (401, "E0000011")
