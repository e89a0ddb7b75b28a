"""The Auth0 dialect attacked over HTTP: every parameter of every route with hostile values, and the edge of each."""

from collections.abc import Iterator
from urllib.parse import quote_from_bytes

import pytest
from tests.attacks.test_http_fuzz import HOLE, HOSTILE, LOGOUT, ODD_TEXTS, ODD_TYPES, SAML, WSFED, encoded
from tests.auth0_steps import Tenant, asks, authorize, make_tenant, signs_in
from tests.http_client import Browser
from tests.management_steps import manager
from tests.server import Server

from segue.app import build
from segue.web.surface import Route

AUTHORIZE = (
    *("client_id", "client_ID", "redirect_uri", "response_type", "scope", "state", "nonce", "audience", "prompt"),
    *("max_age", "code_challenge", "code_challenge_method", "response_mode", "login_hint", "acr_values", "request"),
    *("id_token_hint", "dpop_jkt", "session_transfer_token", "unheard_of"),
)
TOKEN = (
    *("grant_type", "code", "redirect_uri", "code_verifier", "client_id", "client_secret", "refresh_token", "audience"),
    *("scope", "username", "password", "client_assertion", "client_assertion_type", "unheard_of"),
)
LISTED = (
    *("page", "per_page", "include_totals", "from", "take", "fields", "include_fields", "is_global", "is_first_party"),
    *("app_type", "unheard_of"),
)
# What each route reads; a route that is not here makes the test fail.
PARAMETERS: dict[str, tuple[str, ...]] = {
    "/authorize": AUTHORIZE,
    "/authorize/resume": ("state",),
    "/oauth/token": TOKEN,
    "/oauth/revoke": ("token", "token_type_hint", "client_id", "client_secret", "unheard_of"),
    "/userinfo": ("access_token", "schema"),
    "/oidc/logout": LOGOUT,
    "/v2/logout": ("client_id", "returnTo", "federated"),
    "/u/logout": ("client_id", "returnTo", "form_token"),
    "/u/login": ("state", "username", "password", "choice"),
    "/login/continue": ("to", "proof"),
    "/login/refused": ("unheard_of",),
    "/": ("unheard_of",),
    "/u/start/{app}/{link}": ("unheard_of",),
    **dict.fromkeys(("/samlp/{client}", "/samlp//{client}"), (*SAML, "session_transfer_token")),
    "/samlp/metadata/{client}": ("unheard_of",),
    **dict.fromkeys(("/wsfed/{client}", "/wsfed//{client}", "/wsfed"), (*WSFED, "session_transfer_token")),
    "/u/factors/add": ("unheard_of",),
    "/u/factors/{factor}/remove": ("form_token",),
    "/static/segue.css": ("v",),
    "/api/v2/clients": LISTED,
    **dict.fromkeys(("/api/v2/clients/{client}", "/api/v2/clients//{client}"), ("fields", "include_fields")),
    "/api/v2/clients/{client}/rotate-secret": ("unheard_of",),
    **dict.fromkeys(
        (
            "/.well-known/jwks.json",
            "/.well-known/openid-configuration",
            "/.well-known/oauth-authorization-server",
        ),
        ("client_id",),
    ),
}
_JSON_ROUTES = ("/oauth/token", "/oauth/revoke")


@pytest.fixture(scope="module")
def tenant(server: Server) -> Iterator[Tenant]:
    """An org of its own: so much nonsense is refused here that events count it instead of telling each."""
    made = make_tenant(server, "fuzzed.example.com")
    yield made
    made.http.close()


def routes(tenant: Tenant) -> list[Route]:
    """The dialect's own routes; those of the console are the same at every domain and tried elsewhere."""
    segue = build(tenant.server.settings)
    segue.hasher.close()
    return [
        route
        for route in segue.edge.surfaces["auth0"].routes
        if not route.path.startswith(("/console", "/static/console"))
    ]


def attempts(tenant: Tenant) -> Iterator[tuple[str, str, str | None, bytes]]:
    for route in routes(tenant):
        if route.path not in PARAMETERS:
            raise AssertionError(f"nobody said what {route.path} reads")
        path = _filled(tenant, route.path)
        for parameter in PARAMETERS[route.path]:
            rest = [(name, value.encode()) for name, value in _good(tenant, path).items() if name != parameter]
            for value in HOSTILE:
                for method in route.methods:
                    yield method, path, encoded([*rest, (parameter, value)]), value
        for hole in HOLE.findall(route.path):
            for value in HOSTILE:
                spoiled = route.path.replace(f"{{{hole}}}", quote_from_bytes(value[:2000], safe=""), 1)
                yield route.methods[0], HOLE.sub("x", spoiled), None, value


def _filled(tenant: Tenant, path: str) -> str:
    """The path with the names of applications that are there."""
    app = tenant.relying_party.sso_path if path.startswith("/wsfed") else tenant.service_provider.sso_path
    return HOLE.sub("x", path.replace("{client}", app.rpartition("/")[2]))


def _good(tenant: Tenant, path: str) -> dict[str, str]:
    """The other parameters of a request, so that the hostile one is really looked at."""
    if path == "/authorize":
        return asks(tenant.clients["web"])
    if path in _JSON_ROUTES:
        return {"client_id": "acme-native", "grant_type": "refresh_token", "refresh_token": "x", "token": "x"}
    if path.startswith("/wsfed"):
        return {"wa": "wsignin1.0", "wtrealm": tenant.relying_party.realm}
    return {}


def test_I9_no_parameter_of_any_route_makes_a_fault(tenant: Tenant) -> None:
    browser = tenant.browser()
    signs_in(browser, authorize(browser, tenant.clients["web"]), tenant.people["ann"])
    session, asked = dict(browser.cookies), 0
    for number, (method, path, parameters, value) in enumerate(attempts(tenant)):
        sender = Browser(tenant.base_url, tenant.http, {}, dict(session) if number % 2 else {})
        if method == "POST":
            headers = {"content-type": "application/x-www-form-urlencoded"}
            response = sender.request(method, path, content=(parameters or "").encode(), headers=headers)
        else:
            response = sender.request(method, f"{path}?{parameters}" if parameters is not None else path)
        assert response.status_code < 500, (method, path, parameters and parameters[:300], value[:80])
        assert b"Traceback" not in response.content
        asked += 1
    assert asked > 2000


def test_I9_no_parameter_of_the_management_api_makes_a_fault_for_who_may_call_it(tenant: Tenant) -> None:
    api = manager(tenant, "apps.manage")
    known = api.client.client_id
    for parameter in LISTED:
        for value in HOSTILE:
            query = encoded([(parameter, value)])
            for path in (f"/clients?{query}", f"/clients/{known}?{query}"):
                assert api.get(path).status_code < 500, (path, parameter, value[:80])
    for value in HOSTILE:
        spoiled = quote_from_bytes(value[:2000], safe="")
        for method in ("GET", "PATCH", "DELETE"):
            response = api.call(method, f"/clients/{spoiled}", json={})
            assert response.status_code < 500, (method, value[:80])


def test_I9_no_member_of_a_json_body_makes_a_fault(tenant: Tenant) -> None:
    for path in _JSON_ROUTES:
        for member in PARAMETERS[path]:
            for value in [*ODD_TYPES, *ODD_TEXTS]:
                body = {**_good(tenant, path), member: value}
                response = tenant.browser().post(path, json=body)
                assert response.status_code < 500, (path, member, value)
                if response.status_code >= 400:
                    assert response.json()["error"], (path, member, value)


def test_ED_no_answer_is_cached_or_read_by_other_origins_unless_it_is_public(tenant: Tenant) -> None:
    for route in routes(tenant):
        path = _filled(tenant, route.path)
        for method in route.methods:
            response = tenant.browser().request(method, path, headers={"origin": "https://evil.example.com"})
            assert response.headers["x-content-type-options"] == "nosniff", route.path
            public = route.cors == "public"
            allowed = response.headers.get("access-control-allow-origin", "")
            assert allowed == ("*" if public else ""), route.path
            if not public and not path.startswith("/static/"):
                assert "no-store" in response.headers["cache-control"], route.path


def test_ED_01_the_issuer_is_the_configured_domain_whatever_a_header_says(tenant: Tenant) -> None:
    headers = {"x-forwarded-host": "evil.example.com", "forwarded": "host=evil.example.com"}
    document = tenant.browser().get("/.well-known/openid-configuration", headers=headers).json()
    assert document["issuer"] == f"{tenant.base_url}/"


def test_JO_08_an_id_token_opens_nothing(tenant: Tenant) -> None:
    token = tenant.by_password()["id_token"]
    response = tenant.browser().get("/userinfo", headers={"authorization": f"Bearer {token}"})
    assert (response.status_code, response.json()["error"]) == (401, "invalid_token")


def test_OA_03_a_refresh_token_of_another_client_gives_nothing_and_stays(tenant: Tenant) -> None:
    token = tenant.by_password()["refresh_token"]
    stolen = tenant.token("other native", grant_type="refresh_token", refresh_token=token)
    assert (stolen.status_code, stolen.json()["error"]) == (403, "invalid_grant")
    assert tenant.token("native", grant_type="refresh_token", refresh_token=token).status_code == 200


def test_twin_orgs_tokens_of_one_org_mean_nothing_to_the_other(tenant: Tenant) -> None:
    body = tenant.by_password()
    site = tenant.server.site
    elsewhere = site.browser().get("/oauth2/v1/userinfo", headers={"authorization": f"Bearer {body['access_token']}"})
    assert elsewhere.status_code == 401
