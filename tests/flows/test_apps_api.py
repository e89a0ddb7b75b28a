"""The Apps API over HTTP: an application from its first day to its last, and people who sign in to it."""

import re
import time
from collections.abc import Callable
from typing import Any

import httpx
import pytest
from lxml import etree
from tests.http_client import parameters
from tests.installation import APP, SP, Client, SamlApp, WsFedApp
from tests.okta_steps import authorize, claims_of, code_for, exchange, signed_in, userinfo, with_api_token
from tests.saml_messages import SAML, authn_request, deflated, instant_now, response_of, verified
from tests.server import Server, Site
from tests.wsfed_messages import answer_of, asks
from tests.wsfed_messages import verified as verified_token

APPS = "/api/v1/apps"
EXCHANGE = "urn:ietf:params:oauth:grant-type:token-exchange"
EMAIL = "urn:oasis:names:tc:SAML:1.1:nameid-format:emailAddress"


def call(site: Site, method: str, path: str, **rest: Any) -> httpx.Response:
    return site.browser().request(method, path, headers=with_api_token(site), **rest)


def oidc(label: str = "Made here", /, **client: Any) -> dict[str, Any]:
    settings = {
        "redirect_uris": [f"{APP}/made"],
        "response_types": ["code"],
        "grant_types": ["authorization_code"],
        "application_type": "web",
        **client,
    }
    return {
        "name": "oidc_client",
        "label": label,
        "signOnMode": "OPENID_CONNECT",
        "credentials": {"oauthClient": {"token_endpoint_auth_method": "client_secret_basic"}},
        "settings": {"oauthClient": settings},
    }


def credentials(**client: Any) -> dict[str, Any]:
    return {**oidc(), "credentials": {"oauthClient": client}}


def saml(label: str = "Service", /, **sign_on: Any) -> dict[str, Any]:
    settings = {
        "ssoAcsUrl": f"{SP}/made/acs",
        "recipient": f"{SP}/made/acs",
        "destination": f"{SP}/made/acs",
        "audience": f"{SP}/made",
        "subjectNameIdTemplate": "${user.userName}",
        "subjectNameIdFormat": EMAIL,
        "responseSigned": True,
        "assertionSigned": True,
        "signatureAlgorithm": "RSA_SHA256",
        "digestAlgorithm": "SHA256",
        "honorForceAuthn": True,
        "authnContextClassRef": "urn:oasis:names:tc:SAML:2.0:ac:classes:PasswordProtectedTransport",
        "requestCompressed": False,
        "allowMultipleAcsEndpoints": False,
        **sign_on,
    }
    return {"label": label, "signOnMode": "SAML_2_0", "settings": {"signOn": settings}}


def wsfed(label: str = "Party", /, **app: Any) -> dict[str, Any]:
    settings = {
        "audienceRestriction": "urn:example:made",
        "groupName": None,
        "groupValueFormat": "windowsDomainQualifiedName",
        "realm": "urn:example:made",
        "wReplyURL": f"{APP}/made/wsfed",
        "attributeStatements": None,
        "nameIDFormat": EMAIL,
        "authnContextClassRef": "urn:oasis:names:tc:SAML:2.0:ac:classes:PasswordProtectedTransport",
        "siteURL": f"{APP}/made",
        "wReplyOverride": False,
        "groupFilter": None,
        "usernameAttribute": "username",
        **app,
    }
    return {"name": "template_wsfed", "label": label, "signOnMode": "WS_FEDERATION", "settings": {"app": settings}}


def bookmark(label: str = "Wiki", url: str = f"{APP}/wiki") -> dict[str, Any]:
    settings = {"app": {"requestIntegration": False, "url": url}}
    return {"name": "bookmark", "label": label, "signOnMode": "BOOKMARK", "settings": settings}


def made(site: Site, body: dict[str, Any], *, query: str = "") -> dict[str, Any]:
    response = call(site, "POST", f"{APPS}{query}", json=body)
    assert response.status_code == 200, response.text
    found: dict[str, Any] = response.json()
    return found


def client_of(app: dict[str, Any]) -> Client:
    credentials = app["credentials"]["oauthClient"]
    return Client(
        app["id"],
        credentials["client_id"],
        credentials.get("client_secret", ""),
        app["settings"]["oauthClient"]["redirect_uris"][0],
        credentials["token_endpoint_auth_method"],
    )


def path_of(app: dict[str, Any], site: Site) -> tuple[str, str]:
    """Name and external key of an application that reads assertions, from the address of its metadata or issuer."""
    issuer = app["settings"]["signOn"]["idpIssuer"]
    return app["name"], issuer.rpartition("/")[2]


def wait_for(condition: Callable[[], bool]) -> None:
    """Configuration is cached for a second at most."""
    deadline = time.monotonic() + 3
    while not condition():
        assert time.monotonic() < deadline
        time.sleep(0.1)


def assign(site: Site, app_id: str, person: str = "ann", **body: Any) -> dict[str, Any]:
    wanted = {"id": site.person(person).id, "scope": "USER", **body}
    response = call(site, "POST", f"{APPS}/{app_id}/users", json=wanted)
    assert response.status_code == 200, response.text
    found: dict[str, Any] = response.json()
    return found


def a_group(site: Site, server: Server, *people: str) -> str:
    """A group with these people in it."""
    from tests.stores.scene import ident, unique

    group = ident("00g")
    server.execute("INSERT INTO groups (org_id, id, name) VALUES ($1, $2, $3)", site.org.org_id, group, unique("g"))
    for person in people:
        text = "INSERT INTO group_members (org_id, user_id, group_id) VALUES ($1, $2, $3)"
        server.execute(text, site.org.org_id, site.person(person).id, group)
    return group


# --- from the first day to the last ---


def test_an_application_from_its_first_day_to_its_last(server: Server, site: Site) -> None:
    app = made(site, oidc("First day"))
    own = f"{APPS}/{app['id']}"
    assert app["id"].startswith("0oa")
    assert (app["name"], app["label"], app["status"], app["signOnMode"]) == (
        "oidc_client",
        "First day",
        "ACTIVE",
        "OPENID_CONNECT",
    )
    assert re.fullmatch(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.000Z", app["created"])
    credentials = app["credentials"]["oauthClient"]
    assert credentials["client_id"] == app["id"]
    assert len(credentials["client_secret"]) >= 40
    assert app["_links"]["self"] == {"href": f"{site.base_url}{own}", "hints": {"allow": ["GET", "PUT", "DELETE"]}}
    assert app["_links"]["deactivate"]["href"] == f"{site.base_url}{own}/lifecycle/deactivate"
    read = call(site, "GET", own).json()
    assert "client_secret" not in read["credentials"]["oauthClient"]
    assert {**read, "credentials": None} == {**app, "credentials": None}

    refused = call(site, "DELETE", own)
    assert (refused.status_code, refused.json()["errorCode"]) == (403, "E0000056")
    off = call(site, "POST", f"{own}/lifecycle/deactivate")
    assert (off.status_code, off.json()) == (200, {})
    assert call(site, "GET", own).json()["status"] == "INACTIVE"
    assert call(site, "POST", f"{own}/lifecycle/activate").json() == {}
    assert call(site, "GET", own).json()["status"] == "ACTIVE"
    assign(site, app["id"])
    assert call(site, "POST", f"{own}/lifecycle/deactivate").status_code == 200
    assert call(site, "DELETE", own).status_code == 204
    gone = call(site, "GET", own)
    assert (gone.status_code, gone.json()["errorCode"]) == (404, "E0000007")
    assert gone.json()["errorSummary"] == f"Not found: Resource not found: {app['id']} (AppInstance)"
    text = "SELECT type, actor_id FROM events WHERE app_id = $1 AND type LIKE 'application.%'"
    found = server.rows(text, app["id"])
    assert {actor for _, actor in found} == {site.person("carol").id}
    assert {type for type, _ in found} >= {
        "application.create",
        "application.status",
        "application.assign",
        "application.delete",
    }


def test_004_configure_the_app(site: Site) -> None:
    """The seed's call: the application as it was read, put back with the token exchange among its grant types."""
    app = made(
        site,
        oidc(
            "Origin",
            redirect_uris=["com.example.origin:/callback"],
            application_type="native",
            grant_types=["authorization_code", "refresh_token", "password"],
        )
        | {"credentials": {"oauthClient": {"token_endpoint_auth_method": "none", "pkce_required": True}}},
    )
    assert "client_secret" not in app["credentials"]["oauthClient"]
    read = call(site, "GET", f"{APPS}/{app['id']}").json()
    read["settings"]["oauthClient"]["grant_types"].append(EXCHANGE)
    replaced = call(site, "PUT", f"{APPS}/{app['id']}", json=read)
    assert replaced.status_code == 200, replaced.text
    expected = sorted(["authorization_code", "refresh_token", "password", EXCHANGE])
    assert sorted(replaced.json()["settings"]["oauthClient"]["grant_types"]) == expected
    after = call(site, "GET", f"{APPS}/{app['id']}").json()
    assert {**after, "lastUpdated": None} == {**read, "settings": after["settings"], "lastUpdated": None}
    # To replace is to replace: what is left out is gone.
    read["settings"]["oauthClient"]["grant_types"] = ["authorization_code"]
    call(site, "PUT", f"{APPS}/{app['id']}", json=read)
    after = call(site, "GET", f"{APPS}/{app['id']}").json()
    assert after["settings"]["oauthClient"]["grant_types"] == ["authorization_code"]


# --- what is made signs people in ---


def test_an_oidc_application_made_here_signs_in_whom_it_is_assigned_to(site: Site) -> None:
    app = made(site, oidc("Signs in"))
    client, ann, bob = client_of(app), signed_in(site, "ann"), signed_in(site, "bob")
    wait_for(lambda: authorize(ann, client, prompt="none").is_redirect)
    denied = authorize(ann, client, prompt="none")
    assert parameters(denied.headers["location"])["error"] == "access_denied"
    mine = assign(site, app["id"], credentials={"userName": "ann.at.app"}, profile={"role": "buyer"})
    assert (mine["id"], mine["scope"], mine["status"]) == (site.person("ann").id, "USER", "ACTIVE")
    assert (mine["credentials"], mine["profile"]) == ({"userName": "ann.at.app"}, {"role": "buyer"})
    tokens = exchange(site, client, code_for(ann, client)).json()
    claims = claims_of(tokens["id_token"], site)
    assert (claims["sub"], claims["aud"]) == (site.person("ann").id, client.client_id)
    assert claims["preferred_username"] == "ann.at.app"
    assert userinfo(site, tokens["access_token"]).json()["preferred_username"] == "ann.at.app"
    assert claims_of(tokens["access_token"], site)["sub"] == "ann@example.com"
    assert parameters(authorize(bob, client, prompt="none").headers["location"])["error"] == "access_denied"
    assert call(site, "DELETE", f"{APPS}/{app['id']}/users/{site.person('ann').id}").status_code == 204
    assert parameters(authorize(ann, client, prompt="none").headers["location"])["error"] == "access_denied"


def test_a_group_signs_in_and_out_of_an_application(server: Server, site: Site) -> None:
    app = made(site, oidc("For a group"))
    client, bob = client_of(app), signed_in(site, "bob")
    group = a_group(site, server, "bob")
    own = f"{APPS}/{app['id']}/groups/{group}"
    given = call(site, "PUT", own, json={"priority": 3, "profile": {"level": 1}})
    assert given.status_code == 200, given.text
    assert (given.json()["id"], given.json()["priority"], given.json()["profile"]) == (group, 3, {"level": 1})
    assert call(site, "GET", own).json() == given.json()
    assert call(site, "GET", f"{APPS}/{app['id']}/groups").json() == [given.json()]
    wait_for(lambda: authorize(bob, client, prompt="none").is_redirect)
    code = code_for(bob, client)
    assert exchange(site, client, code).status_code == 200
    (member,) = call(site, "GET", f"{APPS}/{app['id']}/users").json()
    assert (member["id"], member["scope"], member["credentials"]["userName"]) == (
        site.person("bob").id,
        "GROUP",
        "bob@example.com",
    )
    refused = call(site, "DELETE", f"{APPS}/{app['id']}/users/{site.person('bob').id}")
    assert refused.status_code == 404
    # A code from before is worth nothing once the group has it no more.
    code = code_for(bob, client)
    assert call(site, "DELETE", own).status_code == 204
    late = exchange(site, client, code)
    assert (late.status_code, late.json()["error"]) == (400, "access_denied")
    assert parameters(authorize(bob, client, prompt="none").headers["location"])["error"] == "access_denied"
    assert call(site, "DELETE", own).status_code == 404
    empty = call(site, "PUT", own)
    assert (empty.status_code, empty.json()["priority"]) == (200, 0)


def links_of(site: Site, person: str) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = call(site, "GET", f"/api/v1/users/{site.person(person).id}/appLinks").json()
    return found


def test_a_saml_application_made_here_signs_in(site: Site) -> None:
    statements = [{"type": "EXPRESSION", "name": "mail", "values": ["user.email"]}]
    body = saml("My SAML!", attributeStatements=statements, defaultRelayState="deep", samlAssertionLifetimeSeconds=120)
    app = made(site, body)
    assert re.fullmatch(r"[a-z0-9_]+_my_saml_1", app["name"])
    name, key = path_of(app, site)
    assert app["settings"]["signOn"]["idpIssuer"] == f"{site.base_url}/{key}"
    assign(site, app["id"], credentials={"userName": "ann@sp.example"})
    sso = f"/app/{name}/{key}/sso/saml"
    as_app = SamlApp(app["id"], sso, f"/app/{key}/sso/saml/metadata", f"{SP}/made", f"{SP}/made/acs")
    browser = signed_in(site, "ann")
    request = authn_request(issuer=f"{SP}/made", at=instant_now(), destination=f"{site.base_url}{sso}")
    page = browser.get(sso, params={"SAMLRequest": deflated(request.text)})
    document = verified(site, as_app, etree.tostring(response_of(page)))
    assert document.get("Destination") == f"{SP}/made/acs"
    assert document.findtext(f".//{{{SAML}}}NameID") == "ann@sp.example"
    assert document.findtext(".//{*}AttributeValue") == "ann@example.com"
    started = browser.get(app["_links"]["appLinks"][0]["href"])
    assert response_of(started, relay_state="deep").findtext(f".//{{{SAML}}}NameID") == "ann@sp.example"


def test_a_ws_federation_application_made_here_signs_in(site: Site) -> None:
    app = made(site, wsfed("My WS-Fed", attributeStatements="mail|${user.email}"))
    assert app["settings"]["app"]["attributeStatements"] == "mail|${user.email}"
    assign(site, app["id"], credentials={"userName": "ann@party"})
    link = app["_links"]["appLinks"][0]["href"]
    browser = signed_in(site, "ann")
    started = browser.get(link)
    assert started.status_code == 200, started.text
    rows = call(site, "GET", f"{APPS}/{app['id']}").json()
    assert rows["signOnMode"] == "WS_FEDERATION"
    shared = "/app/template_wsfed/sso/wsfed/passive"
    party = WsFedApp(app["id"], shared, "", "", "urn:example:made", f"{APP}/made/wsfed")
    token = verified_token(site, answer_of(started, party))
    assert token.findtext(".//{*}NameID") == "ann@party"
    values = {node.get("Name"): node.findtext("{*}AttributeValue") for node in token.iter("{*}Attribute")}
    assert values["mail"] == "ann@example.com"
    assert values["http://schemas.xmlsoap.org/ws/2005/05/identity/claims/name"] == "ann@party"
    assert asks(party)["wtrealm"] == "urn:example:made"


def test_a_bookmark_leads_to_its_address(site: Site) -> None:
    app = made(site, bookmark("A bookmark"))
    assign(site, app["id"])
    response = signed_in(site, "ann").get(app["_links"]["appLinks"][0]["href"])
    assert response.headers["location"] == f"{APP}/wiki"
    assert any(link["appInstanceId"] == app["id"] for link in links_of(site, "ann"))


def test_MG_08_an_inactive_application_signs_nobody_in(site: Site) -> None:
    app = made(site, oidc("To be switched off") | {"settings": {**oidc()["settings"], "implicitAssignment": True}})
    assert app["settings"]["implicitAssignment"] is True
    client, ann = client_of(app), signed_in(site, "ann")
    wait_for(lambda: authorize(ann, client, prompt="none").is_redirect)
    code = code_for(ann, client)
    call(site, "POST", f"{APPS}/{app['id']}/lifecycle/deactivate")
    late = exchange(site, client, code)
    assert late.status_code in (400, 401)
    assert not authorize(ann, client, prompt="none").headers.get("location", "").startswith(f"{APP}/made?code")
    off = made(site, oidc("Never on"), query="?activate=false")
    assert off["status"] == "INACTIVE"


# --- lists ---


def test_a_list_is_walked_page_by_page(site: Site) -> None:
    everything = call(site, "GET", f"{APPS}?limit=200").json()
    seen: list[Any] = []
    address = f"{APPS}?limit=7"
    while address:
        response = call(site, "GET", address)
        seen += response.json()
        links = dict(re.findall(r'<([^>]+)>; rel="(\w+)"', ",".join(response.headers.get_list("link"))))
        address = next((url for url, rel in links.items() if rel == "next"), "")
    assert [app["id"] for app in seen] == [app["id"] for app in everything]
    assert len(seen) > 14


def test_a_list_is_filtered_and_shows_how_a_user_has_it(server: Server, site: Site) -> None:
    app = made(site, oidc("Quite unusual"))
    off = made(site, saml("Quite off"), query="?activate=false")

    def ids(query: str) -> set[str]:
        response = call(site, "GET", f"{APPS}?limit=200&{query}")
        assert response.status_code == 200, response.text
        return {one["id"] for one in response.json()}

    assert ids("q=quite+UN") == {app["id"]}
    assert ids("q=quite") == {app["id"], off["id"]}
    assert off["id"] in ids('filter=status eq "INACTIVE"')
    assert app["id"] not in ids('filter=status eq "INACTIVE"')
    assert off["id"] in ids('filter=signOnMode eq "SAML_2_0"')
    assert ids('filter=label eq "Quite unusual" and status eq "ACTIVE"') == {app["id"]}
    assert app["id"] not in ids(f'filter=user.id eq "{site.person("ann").id}"')
    assign(site, app["id"])
    assert app["id"] in ids(f'filter=user.id eq "{site.person("ann").id}"')
    group = a_group(site, server, "bob")
    assert ids(f'filter=group.id eq "{group}"') == set()
    call(site, "PUT", f"{APPS}/{app['id']}/groups/{group}", json={})
    assert ids(f'filter=group.id eq "{group}"') == {app["id"]}
    query = f'filter=user.id eq "{site.person("ann").id}"&expand=user/{site.person("ann").id}&limit=200'
    shown = next(one for one in call(site, "GET", f"{APPS}?{query}").json() if one["id"] == app["id"])
    assert shown["_embedded"]["user"]["id"] == site.person("ann").id
    for wrong in ("filter=status", 'filter=secret eq "x"', "limit=0", "limit=201", "limit=x"):
        assert call(site, "GET", f"{APPS}?{wrong}").status_code == 400, wrong


def test_who_has_an_application_is_listed_in_pages(server: Server, site: Site) -> None:
    app = made(site, oidc("Has people"))
    for person in ("ann", "bob"):
        assign(site, app["id"], person)
    call(site, "PUT", f"{APPS}/{app['id']}/groups/{a_group(site, server, 'bob', 'carol')}", json={})
    users = f"{APPS}/{app['id']}/users"
    whole = call(site, "GET", users).json()
    assert {one["id"] for one in whole} == {site.person(name).id for name in ("ann", "bob", "carol")}
    first = call(site, "GET", f"{users}?limit=2")
    after = re.search(r'<[^>]+[?&]after=([^&>]+)[^>]*>; rel="next"', ",".join(first.headers.get_list("link")))
    assert after
    assert first.json() + call(site, "GET", f"{users}?limit=2&after={after[1]}").json() == whole
    (carol,) = call(site, "GET", f"{users}?q=CAR").json()
    assert carol["credentials"]["userName"] == "carol@example.com"
    ann = f"{users}/{site.person('ann').id}"
    changed = call(site, "POST", ann, json={"credentials": {"userName": "annie"}, "profile": {"a": 1}})
    assert (changed.status_code, changed.json()["credentials"]) == (200, {"userName": "annie"})
    kept = call(site, "POST", ann, json={"profile": {"a": 2}}).json()
    assert (kept["credentials"], kept["profile"]) == ({"userName": "annie"}, {"a": 2})
    assert call(site, "GET", ann).json() == kept


# --- what cannot be ---


@pytest.mark.parametrize(
    ("body", "field"),
    [
        ({}, "signOnMode"),
        ({"label": "x", "signOnMode": "AUTO_LOGIN"}, "signOnMode"),
        ({**oidc(), "label": ""}, "label"),
        ({**oidc(), "label": "x" * 101}, "label"),
        ({**oidc(), "name": "salesforce"}, "name"),
        (oidc("Wild", wildcard_redirect="SUBDOMAIN"), "settings.oauthClient.wildcard_redirect"),
        (oidc("Wild", redirect_uris=["https://*.example.com/cb"]), "redirect_uris"),
        (oidc("Plain", redirect_uris=["http://app.example.com/cb"]), "redirect_uris"),
        (oidc("Script", redirect_uris=["javascript:alert(1)"]), "redirect_uris"),
        (oidc("None", redirect_uris=[]), "redirect_uris"),
        (oidc("Grants", grant_types=[]), "settings.oauthClient.grant_types"),
        (oidc("Grants", grant_types=["authorization_code", "saml3"]), "grant_types"),
        (oidc("Grants", grant_types=["password"]), "settings.oauthClient.grant_types"),
        (oidc("Type", response_types=["code", "mood"]), "settings.oauthClient.response_types"),
        (oidc("E", id_token_encrypted_response_alg="RSA1_5"), "settings.oauthClient.id_token_encrypted_response_alg"),
        (oidc("Consent", consent_method="REQUIRED"), "settings.oauthClient.consent_method"),
        (oidc("Pair", subject_type="pairwise"), "settings.oauthClient.subject_type"),
        (oidc("SLO", participate_slo=True), "settings.oauthClient.participate_slo"),
        (oidc("Wrong", redirect_uris="x"), "settings.oauthClient.redirect_uris"),
        (credentials(client_secret="mine-and-long-enough"), "credentials.oauthClient.client_secret"),
        (
            credentials(token_endpoint_auth_method="client_secret_jwt"),
            "credentials.oauthClient.token_endpoint_auth_method",
        ),
        (
            {**oidc(), "credentials": {"userNameTemplate": {"template": "${source.email}"}}},
            "credentials.userNameTemplate.template",
        ),
        (saml("E", assertionEncryption={"enabled": True}), "settings.signOn.assertionEncryption.enabled"),
        (saml("S", signatureAlgorithm="RSA_SHA1"), "settings.signOn.signatureAlgorithm"),
        (saml("N", responseSigned=False, assertionSigned=False), "settings.signOn.assertionSigned"),
        (saml("L", slo={"enabled": True}), "settings.signOn.slo.enabled"),
        (saml("R", recipient="https://other.example/acs"), "settings.signOn.recipient"),
        (saml("T", subjectNameIdTemplate="${fn:substring(user.login)}"), "settings.signOn.subjectNameIdTemplate"),
        (
            saml("G", attributeStatements=[{"type": "GROUP", "name": "g"}]),
            "settings.signOn.attributeStatements[0].type",
        ),
        (saml("A", ssoAcsUrl="javascript:alert(1)", recipient=None, destination=None), "acs_urls"),
        (wsfed("W", wReplyOverride=True), "settings.app.wReplyOverride"),
        (wsfed("W", groupName="groups"), "settings.app.groupName"),
        (bookmark("B", "javascript:alert(1)"), "url"),
        (bookmark("B", ""), "settings.app.url"),
    ],
)
def test_what_is_not_offered_is_refused_with_its_cause(site: Site, body: dict[str, Any], field: str) -> None:
    response = call(site, "POST", APPS, json=body)
    assert response.status_code == 400, response.text
    answer = response.json()
    assert (answer["errorCode"], answer["errorSummary"]) == ("E0000001", f"Api validation failed: {field}")
    assert len(answer["errorCauses"][0]["errorSummary"]) > 15


def test_MG_03_nothing_is_set_that_is_not_offered(site: Site) -> None:
    planted = {"org_id": "x", "external_key": "y", "policy_id": "z", "everyone": True, "roles": ["owner"]}
    for name, value in planted.items():
        response = call(site, "POST", APPS, json={**oidc(), name: value})
        assert (response.status_code, response.json()["errorSummary"]) == (400, f"Api validation failed: {name}")
        hidden = oidc("Hidden", **{name: value})
        assert call(site, "POST", APPS, json=hidden).status_code == 400
    # What the server alone says is ignored, as clients send back what they read.
    said = {"id": "0oaMINE", "status": "INACTIVE", "created": "2001-01-01T00:00:00.000Z"}
    app = made(site, {**oidc("Own ideas"), **said})
    assert (app["id"] != "0oaMINE", app["status"], app["created"][:2]) == (True, "ACTIVE", "20")
    assert not app["created"].startswith("2001")
    own = f"{APPS}/{app['id']}"
    for change in (
        {"name": "other"},
        {"signOnMode": "SAML_2_0"},
        {"credentials": {"oauthClient": {"client_id": "another-client"}}},
    ):
        assert call(site, "PUT", own, json={**app, "credentials": {}, **change}).status_code == 400, change
    assert call(site, "GET", own).json()["credentials"]["oauthClient"]["client_id"] == app["id"]


def test_MG_01_an_application_belongs_to_its_org(server: Server, site: Site, twin: Site) -> None:
    foreign = made(twin, oidc("Of the twin"))
    group = a_group(twin, server, "ann")
    own, users = f"{APPS}/{foreign['id']}", f"{APPS}/{foreign['id']}/users"
    assert call(twin, "PUT", f"{own}/groups/{group}", json={}).status_code == 200
    ours = made(site, oidc("Ours"))
    for method, path, body in (
        ("GET", own, None),
        ("PUT", own, oidc("Taken over")),
        ("DELETE", own, None),
        ("POST", f"{own}/lifecycle/deactivate", None),
        ("POST", f"{own}/lifecycle/activate", None),
        ("GET", users, None),
        ("POST", users, {"id": site.person("ann").id}),
        ("GET", f"{users}/{twin.person('ann').id}", None),
        ("DELETE", f"{users}/{twin.person('ann').id}", None),
        ("GET", f"{own}/groups", None),
        ("PUT", f"{own}/groups/{group}", {}),
        ("DELETE", f"{own}/groups/{group}", None),
        ("POST", f"{APPS}/{ours['id']}/users", {"id": twin.person("ann").id}),
        ("PUT", f"{APPS}/{ours['id']}/groups/{group}", {}),
        ("GET", f"{APPS}/{ours['id']}/groups/{group}", None),
    ):
        response = call(site, method, path, **({"json": body} if body is not None else {}))
        assert (response.status_code, response.json()["errorCode"]) == (404, "E0000007"), (method, path)
    assert call(twin, "GET", own).json()["label"] == "Of the twin"
    assert foreign["id"] not in {app["id"] for app in call(site, "GET", f"{APPS}?limit=200").json()}


def test_nobody_manages_applications_without_a_token(site: Site) -> None:
    for method, path in (("GET", APPS), ("POST", APPS), ("DELETE", f"{APPS}/x"), ("GET", f"{APPS}/x/users")):
        response = signed_in(site).request(method, path, **({"json": oidc()} if method == "POST" else {}))
        assert (response.status_code, response.json()["errorCode"]) == (401, "E0000011"), (method, path)


ODD: list[Any] = [True, -1, 1.5, 2**40, "", " ", "\u202e", "a" * 3000, "${", "${user.", [], [[]]]
ODD += [[{}], {}, {"a": {"b": [1]}}]


def spoiled(value: Any, odd: Any) -> list[Any]:
    """Every way to put ``odd`` in the place of one member, however deep."""
    if isinstance(value, dict):
        found = [{**value, name: odd} for name in value]
        return found + [{**value, name: other} for name in value for other in spoiled(value[name], odd)]
    if isinstance(value, list):
        return [[odd]] + [[other] for item in value for other in spoiled(item, odd)]
    return []


@pytest.mark.parametrize("kind", ["oidc", "saml", "wsfed", "bookmark"])
def test_I9_no_member_of_an_application_makes_a_fault(site: Site, kind: str) -> None:
    more = {"visibility": {"hide": {"iOS": True}, "appLinks": {"x": True}}, "accessibility": {"selfService": False}}
    statement = {"type": "EXPRESSION", "name": "a", "values": ["user.email"]}
    endpoint = {"url": f"{SP}/second", "index": 0}
    body = {
        "oidc": oidc("Odd", refresh_token={"rotation_type": "ROTATE", "leeway": 5}),
        "saml": saml("Odd", attributeStatements=[statement], acsEndpoints=[endpoint], allowMultipleAcsEndpoints=True),
        "wsfed": wsfed("Odd", attributeStatements="a|${user.email}"),
        "bookmark": bookmark("Odd"),
    }[kind] | more
    app = made(site, body)
    tried = 0
    for odd in ODD:
        for wrong in spoiled(body, odd):
            response = call(site, "PUT", f"{APPS}/{app['id']}", json=wrong)
            assert response.status_code in (200, 400), (response.status_code, wrong, response.text)
            assert response.json()
            if response.status_code == 200:
                assert call(site, "GET", f"{APPS}/{app['id']}").status_code == 200, wrong
            tried += 1
    assert tried > 100


def test_an_application_is_given_its_access_policy(site: Site, twin: Site) -> None:
    app, foreign = made(site, oidc("Has a policy")), made(twin, oidc("Has none"))
    wanted = {"type": "ACCESS_POLICY", "name": "For the apps API", "description": "", "status": "ACTIVE"}
    policy = call(site, "POST", "/api/v1/policies", json=wanted)
    assert policy.status_code == 200, policy.text
    ident = policy.json()["id"]
    given = call(site, "PUT", f"{APPS}/{app['id']}/policies/{ident}")
    assert (given.status_code, given.content) == (204, b"")
    link = call(site, "GET", f"{APPS}/{app['id']}").json()["_links"]["accessPolicy"]
    assert link["href"] == f"{site.base_url}/api/v1/policies/{ident}"
    # To replace the application leaves its policy as it is.
    assert call(site, "PUT", f"{APPS}/{app['id']}", json=oidc("Still has it")).json()["_links"]["accessPolicy"] == link
    assert call(site, "PUT", f"{APPS}/{app['id']}/policies/other").status_code == 404
    assert call(twin, "PUT", f"{APPS}/{foreign['id']}/policies/{ident}").status_code == 404
    assert call(site, "PUT", f"{APPS}/{foreign['id']}/policies/{ident}").status_code == 404
