"""Seed 004: from an application that has the user's tokens into a web application, by one exchange.

Each request of the document is a test under its heading, with its parameters and answers.
"""

from typing import Any

import pytest
from tests.hand_over import (
    ACCESS_TOKEN,
    AUDIENCE,
    GRANT,
    ID_TOKEN,
    INTERCLIENT,
    SCOPE,
    exchange,
    exchange_form,
    interclient_token,
    last_refusal,
    origin_tokens,
    outcome,
    present,
    target_id,
)
from tests.http_client import parameters
from tests.installation import TRUSTED_ORIGIN
from tests.okta_steps import (
    DEFAULT,
    ORG,
    Pkce,
    ask_token,
    authorize,
    basic,
    by_password,
    claims_of,
    code_for,
    is_signed_in,
    signed_in,
    userinfo,
)
from tests.okta_steps import exchange as exchange_code
from tests.saml_messages import response_of
from tests.server import Server, Site

BOTH = pytest.mark.parametrize("at", [ORG, DEFAULT], ids=["org", "default"])
PROTOCOLS = pytest.mark.parametrize("protocol", ["oidc", "saml", "wsfed"])
SAML = "urn:oasis:names:tc:SAML:2.0:assertion"
FORM = "application/x-www-form-urlencoded"


def event_id(description: str) -> str:
    return description.rpartition("[")[2].removesuffix("]")


# --- Request for initial tokens ---


def test_request_for_initial_tokens(server: Server, site: Site) -> None:
    """Basic authentication and the client_id in the form, the scopes with %20 between them."""
    client, ann = site.org.clients["origin"], site.person("ann")
    headers = {
        "accept": "application/json",
        "authorization": basic(client.client_id, client.secret),
        "content-type": FORM,
    }
    data = (
        f"grant_type=password&client_id={client.client_id}&username={ann.login.replace('@', '%40')}"
        f"&password={ann.password}&scope=openid%20offline_access%20interclient_access"
    )
    response = site.browser().post(f"{ORG}/token", content=data, headers=headers)
    assert response.status_code == 200, response.text
    assert "set-cookie" not in response.headers
    body = response.json()
    assert set(body) == {"token_type", "expires_in", "access_token", "scope", "refresh_token", "id_token"}
    assert (body["token_type"], body["expires_in"], body["scope"]) == ("Bearer", 3600, SCOPE)
    session = claims_of(body["id_token"], site)["sid"]
    rows = server.rows("SELECT kind, user_id, app_id FROM credentials WHERE id = $1", session)
    assert rows == [("backend_session", ann.id, client.app_id)]
    assert userinfo(site, body["access_token"]).json()["sub"] == ann.id


@BOTH
def test_any_flow_gives_the_tokens_a_code_for_one(site: Site, at: str) -> None:
    browser, client, pkce = signed_in(site), site.org.clients["phone origin"], Pkce.new()
    code = code_for(browser, client, at=at, scope=SCOPE, **pkce.challenge)
    tokens = exchange_code(site, client, code, at=at, code_verifier=pkce.verifier).json()
    assert tokens["scope"] == SCOPE
    browser_session = browser.get("/api/v1/sessions/me").json()["id"]
    assert claims_of(tokens["id_token"], site, at=at)["sid"] not in ("", browser_session)
    token = interclient_token(site, target_id(site, "oidc"), tokens=tokens, name="phone origin", at=at)
    assert outcome("oidc", present(site.browser(), site, "oidc", token)) == "in"


def test_offline_access_is_optional(site: Site) -> None:
    tokens = origin_tokens(site, scope="openid interclient_access")
    assert "refresh_token" not in tokens
    assert exchange(site, tokens, target_id(site, "oidc")).status_code == 200


def test_only_an_app_with_a_trust_relationship_may_ask_for_the_scope(server: Server, site: Site) -> None:
    """The first of the two critical points: during authentication."""
    refused = by_password(site, "ann", "lonely", scope=SCOPE)
    assert (refused.status_code, refused.json()["error"]) == (400, "invalid_scope")
    assert last_refusal(server, "oauth.token")[1:] == ("invalid_scope", ["stands_as_origin"])
    asked = authorize(signed_in(site), site.org.clients["lonely"], scope=SCOPE)
    assert parameters(asked.headers["location"])["error"] == "invalid_scope"
    assert last_refusal(server, "oauth.authorize")[2] == ["stands_as_origin"]
    assert by_password(site, "ann", "lonely", scope="openid").status_code == 200


@pytest.mark.parametrize("response_type", ["id_token", "code id_token"])
def test_the_scope_comes_by_a_code_alone(site: Site, response_type: str) -> None:
    """A token in an address cannot be tied to a session that nobody but the application may hand over."""
    asked = authorize(signed_in(site), site.org.clients["web"], scope=SCOPE, response_type=response_type)
    assert parameters(asked.headers["location"])["error"] in ("invalid_scope", "unsupported_response_type")


# --- Request to initialize Native to Web SSO ---


def test_request_to_refresh_the_access_token(server: Server, site: Site) -> None:
    """It makes a request to refresh the access token, if necessary; the new tokens are of the same session."""
    first = origin_tokens(site)
    client = site.org.clients["origin"]
    response = ask_token(site, client, "refresh_token", refresh_token=first["refresh_token"])
    assert response.status_code == 200, response.text
    tokens = response.json()
    assert tokens["scope"] == SCOPE
    assert claims_of(tokens["id_token"], site)["sid"] == claims_of(first["id_token"], site)["sid"]
    assert exchange(site, tokens, target_id(site, "oidc")).status_code == 200
    mixed = {**tokens, "id_token": first["id_token"]}
    assert exchange(site, mixed, target_id(site, "oidc")).status_code == 200
    sessions = server.rows("SELECT count(*) FROM credentials WHERE id = $1", claims_of(first["id_token"], site)["sid"])
    assert sessions == [(1,)]


@BOTH
def test_request_example(site: Site, at: str) -> None:
    """A public client: the client_id in the form and nothing else, as the document prints it."""
    client, target = site.org.clients["phone origin"], target_id(site, "oidc")
    tokens = origin_tokens(site, name="phone origin", at=at)
    data = {
        "grant_type": GRANT,
        "client_id": client.client_id,
        "actor_token": tokens["access_token"],
        "actor_token_type": ACCESS_TOKEN,
        "subject_token": tokens["id_token"],
        "subject_token_type": ID_TOKEN,
        "requested_token_type": INTERCLIENT,
        "audience": f"{AUDIENCE}{target}",
    }
    headers = {"content-type": FORM, "accept": "application/json"}
    response = site.browser().post(f"{at}/token", data=data, headers=headers)
    assert response.status_code == 200, response.text
    assert "no-store" in response.headers["cache-control"]
    assert "set-cookie" not in response.headers
    body = response.json()
    token = body.pop("access_token")
    assert body == {"token_type": "N_A", "expires_in": 300, "issued_token_type": INTERCLIENT}
    claims = claims_of(token, site, at=at)
    issuer = site.base_url if at == ORG else f"{site.base_url}/oauth2/default"
    assert (claims["iss"], claims["aud"], claims["tid"]) == (issuer, f"{AUDIENCE}{target}", target)
    assert claims["sub"] == site.person("ann").id
    assert claims["exp"] - claims["iat"] == 300
    assert claims["sid"] == claims_of(tokens["id_token"], site, at=at)["sid"]
    assert outcome("oidc", present(site.browser(), site, "oidc", token)) == "in"


def test_the_audience_may_name_the_client_id(site: Site) -> None:
    """``urn:okta:apps:{target web app client_id}``; the ticket then names the application's id."""
    client = site.org.clients["web"]
    response = exchange(site, origin_tokens(site), client.client_id)
    assert response.status_code == 200, response.text
    assert claims_of(response.json()["access_token"], site)["tid"] == client.app_id


def test_the_origin_may_be_a_page_of_another_site(site: Site) -> None:
    tokens = origin_tokens(site, name="phone origin")
    form = {"client_id": "phone-origin-client", **exchange_form(tokens, target_id(site, "oidc"))}
    response = site.browser().post(f"{ORG}/token", data=form, headers={"origin": TRUSTED_ORIGIN})
    assert response.status_code == 200
    assert response.headers["access-control-allow-origin"] == TRUSTED_ORIGIN


REFUSED: list[tuple[dict[str, Any], int, str, str]] = [
    ({"audience": None}, 400, "invalid_target", "audience"),
    ({"audience": ""}, 400, "invalid_target", "audience"),
    ({"audience": "https://app.example.com"}, 400, "invalid_target", "audience"),
    ({"audience": f"{AUDIENCE}"}, 400, "invalid_target", "audience"),
    ({"audience": f"{AUDIENCE}0oaNobody"}, 400, "invalid_target", "audience"),
    ({"actor_token": None}, 400, "invalid_request", "actor_token_present"),
    ({"actor_token_type": None}, 400, "invalid_request", "actor_token_type_present"),
    ({"subject_token": None}, 400, "invalid_request", "subject_token_present"),
    ({"subject_token_type": None}, 400, "invalid_request", "subject_token_type_present"),
    ({"requested_token_type": None}, 400, "invalid_request", "requested_token_type_present"),
    ({"requested_token_type": ACCESS_TOKEN}, 400, "invalid_request", "requested_token_type"),
    ({"actor_token_type": ID_TOKEN}, 400, "invalid_request", "actor_token_type"),
    ({"subject_token_type": ACCESS_TOKEN}, 400, "invalid_request", "subject_token_type"),
    ({"scope": "openid"}, 400, "invalid_request", "scope"),
    ({"resource": "https://api.example.com"}, 400, "invalid_request", "resource"),
]


@pytest.mark.parametrize(("changes", "status", "error", "check"), REFUSED, ids=lambda value: str(value)[:40])
def test_an_exchange_that_is_not_as_the_document_says(
    server: Server, site: Site, changes: dict[str, Any], status: int, error: str, check: str
) -> None:
    response = exchange(site, origin_tokens(site), target_id(site, "oidc"), **changes)
    assert (response.status_code, response.json()["error"]) == (status, error), response.text
    assert check in last_refusal(server, "oauth.token")[2]


def test_the_token_exchange_grant_has_to_be_enabled(server: Server, site: Site) -> None:
    tokens = origin_tokens(site)
    client = site.org.clients["direct"]
    headers = {"authorization": basic(client.client_id, client.secret)}
    form = exchange_form(tokens, target_id(site, "oidc"))
    response = site.browser().post(f"{ORG}/token", data=form, headers=headers)
    assert (response.status_code, response.json()["error"]) == (400, "unsupported_grant_type")
    assert last_refusal(server, "oauth.token")[2] == ["grant_type_allowed"]


def test_the_actor_token_needs_the_scope(server: Server, site: Site) -> None:
    tokens = origin_tokens(site, scope="openid")
    response = exchange(site, tokens, target_id(site, "oidc"))
    assert (response.status_code, response.json()["error"]) == (400, "invalid_grant")
    assert last_refusal(server, "oauth.token")[2] == ["actor_scope"]


def test_if_it_is_not_on_the_list_the_token_exchange_is_denied(server: Server, site: Site) -> None:
    """The second of the two critical points: during token exchange."""
    response = exchange(site, origin_tokens(site), target_id(site, "oidc", "spa"))
    assert (response.status_code, response.json()["error"]) == (403, "access_denied")
    assert last_refusal(server, "oauth.token")[1:] == ("not_trusted", ["trusted"])


def test_a_bookmark_is_no_target(server: Server, site: Site) -> None:
    response = exchange(site, origin_tokens(site), site.linked("suite").app_id)
    assert (response.status_code, response.json()["error"]) == (403, "access_denied")
    assert last_refusal(server, "oauth.token")[1] == "target_not_permitted"


@PROTOCOLS
def test_the_user_has_to_be_assigned_to_the_target(server: Server, site: Site, protocol: str) -> None:
    response = exchange(site, origin_tokens(site, "carol"), target_id(site, protocol, "assigned"))
    assert (response.status_code, response.json()["error"]) == (400, "access_denied")
    assert "assigned" in last_refusal(server, "oauth.token")[2]
    assert exchange(site, origin_tokens(site), target_id(site, protocol, "assigned")).status_code == 200


# --- Authorize request by target app ---


def test_authorize_request_by_target_app(server: Server, site: Site) -> None:
    """A POST with the parameters that the document prints; no cookie comes of it."""
    client, browser = site.org.clients["web"], site.browser()
    tokens = origin_tokens(site)
    token = interclient_token(site, client.app_id, tokens=tokens)
    data = {
        "client_id": client.client_id,
        "response_type": "code",
        "scope": "openid",
        "redirect_uri": client.redirect_uri,
        "state": "1234",
        "interclient_token": token,
    }
    headers = {"content-type": FORM, "accept": "application/json"}
    response = browser.post(f"{ORG}/authorize", data=data, headers=headers)
    assert response.status_code == 303
    answer = parameters(response.headers["location"])
    assert set(answer) == {"code", "state", "iss"}
    assert answer["state"] == "1234"
    assert browser.cookies == {}
    given = exchange_code(site, client, answer["code"]).json()
    claims = claims_of(given["id_token"], site)
    origin = claims_of(tokens["id_token"], site)
    assert (claims["sub"], claims["amr"], claims["auth_time"]) == (origin["sub"], origin["amr"], origin["auth_time"])
    assert is_signed_in(browser) == ""
    types = [type for (type,) in server.rows("SELECT type FROM events WHERE user_id = $1", claims["sub"])]
    assert {"ticket.exchange", "ticket.redeem", "code.mint", "session.backend"} <= set(types)


@BOTH
def test_a_client_that_names_no_scope_gets_openid(site: Site, at: str) -> None:
    """As the vendor's own client library sends it; either issuer of the org has made the token."""
    client = site.org.clients["web"]
    token = interclient_token(site, client.app_id, at=at)
    query = {
        "client_id": client.client_id,
        "redirect_uri": client.redirect_uri,
        "state": "1234",
        "response_type": "code",
        "interclient_token": token,
    }
    response = site.browser().get(f"{ORG}/authorize", params=query)
    answer = parameters(response.headers["location"])
    assert exchange_code(site, client, answer["code"]).json()["scope"] == "openid"


def test_a_token_of_the_org_opens_a_custom_server_and_the_other_way_round(site: Site) -> None:
    client = site.org.clients["web"]
    for made, used in ((ORG, DEFAULT), (DEFAULT, ORG)):
        token = interclient_token(site, client.app_id, at=made)
        response = authorize(site.browser(), client, at=used, scope="openid", interclient_token=token)
        answer = parameters(response.headers["location"])
        given = exchange_code(site, client, answer["code"], at=used)
        assert claims_of(given.json()["id_token"], site, at=used)["sub"] == site.person("ann").id


def test_the_scope_is_not_allowed_beside_the_token(server: Server, site: Site) -> None:
    """Note: the interclient_access scope isn't allowed in the request when interclient_token is used."""
    phone = site.org.clients["phone origin"]
    token = interclient_token(site, target_id(site, "oidc"))
    sent = {**Pkce.new().challenge, "interclient_token": token, "scope": "openid interclient_access"}
    response = authorize(site.browser(), phone, **sent)
    assert parameters(response.headers["location"])["error"] == "invalid_scope"
    assert last_refusal(server, "oauth.authorize")[2] == ["hand_off_not_nested"]
    assert outcome("oidc", present(site.browser(), site, "oidc", token)) == "in"


def test_a_saml_request_would_look_similar(site: Site) -> None:
    token = interclient_token(site, target_id(site, "saml"))
    browser = site.browser()
    page = browser.get(f"{site.saml('saml').sso_path}?interclient_token={token}")
    assert page.status_code == 200
    assert browser.cookies == {}
    assert response_of(page).findtext(f".//{{{SAML}}}NameID") == site.person("ann").login


@PROTOCOLS
@pytest.mark.parametrize("method", ["GET", "POST"])
def test_every_target_takes_the_token_once(server: Server, site: Site, protocol: str, method: str) -> None:
    token = interclient_token(site, target_id(site, protocol))
    browser = site.browser()
    assert outcome(protocol, present(browser, site, protocol, token, method=method)) == "in"
    again = present(browser, site, protocol, token, method=method)
    assert outcome(protocol, again) == ("one_time_sso_token_replayed" if protocol == "oidc" else "400")
    assert last_refusal(server, f"sign_in.{protocol}")[1:] == ("ticket_replayed", ["unspent"])
    assert "sid" not in browser.cookies


# --- Final checks by Okta ---


@PROTOCOLS
def test_a_token_is_for_its_target_alone_and_is_not_burnt_elsewhere(server: Server, site: Site, protocol: str) -> None:
    token = interclient_token(site, target_id(site, protocol))
    for other in ("oidc", "saml", "wsfed"):
        refused = present(site.browser(), site, other, token, "assigned")
        assert outcome(other, refused) == ("invalid_token" if other == "oidc" else "401")
        assert last_refusal(server, f"sign_in.{other}")[1:] == ("ticket_refused", ["signed_token"])
    assert outcome(protocol, present(site.browser(), site, protocol, token)) == "in"


@PROTOCOLS
def test_it_answers_for_the_target_alone_whoever_is_signed_in(site: Site, protocol: str) -> None:
    browser = signed_in(site, "bob")
    before = dict(browser.cookies)
    token = interclient_token(site, target_id(site, protocol))
    answer = present(browser, site, protocol, token)
    assert outcome(protocol, answer) == "in"
    assert browser.cookies == before
    assert is_signed_in(browser) == "bob@example.com"
    if protocol == "oidc":
        code = parameters(answer.headers["location"])["code"]
        given = exchange_code(site, site.org.clients["web"], code).json()
        assert claims_of(given["id_token"], site)["sub"] == site.person("ann").id


def test_an_error_page_or_answer_names_the_event_that_explains_it(server: Server, site: Site) -> None:
    token = interclient_token(site, target_id(site, "oidc"))
    present(site.browser(), site, "oidc", token)
    answer = parameters(present(site.browser(), site, "oidc", token).headers["location"])
    explained = server.command("explain", event_id(answer["error_description"])).stdout
    assert "unspent" in explained
    assert "ticket_replayed" in explained
    assert token not in explained
