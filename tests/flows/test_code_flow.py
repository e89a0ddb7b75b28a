"""The authorization code flow: each way to authenticate, PKCE, the tokens it gives, on both authorization servers."""

import base64
import hashlib
import time
from urllib.parse import quote_plus, urlsplit

import pytest
from tests.installation import AUDIENCE
from tests.okta_steps import (
    DEFAULT,
    ORG,
    Pkce,
    answer,
    asks,
    authorize,
    basic,
    claims_of,
    code_for,
    exchange,
    is_signed_in,
    session_token,
    sign_in_by_page,
    signed_in,
    tokens_for,
    userinfo,
)
from tests.server import Server, Site

SERVERS = pytest.mark.parametrize("at", [ORG, DEFAULT], ids=["org", "default"])


def issuer(site: Site, at: str) -> str:
    return site.base_url if at == ORG else f"{site.base_url}/oauth2/default"


@SERVERS
@pytest.mark.parametrize("name", ["web", "post", "spa"])
def test_a_code_becomes_tokens(site: Site, name: str, at: str) -> None:
    client, pkce = site.org.clients[name], Pkce.new()
    code = code_for(signed_in(site), client, at=at, **pkce.challenge)
    response = exchange(site, client, code, at=at, code_verifier=pkce.verifier)
    assert response.status_code == 200, response.text
    assert "no-store" in response.headers["cache-control"]
    assert response.headers["pragma"] == "no-cache"
    body = response.json()
    assert list(body) == ["token_type", "expires_in", "access_token", "scope", "id_token"]
    assert (body["token_type"], body["expires_in"], body["scope"]) == ("Bearer", 3600, "openid profile email")
    claims = claims_of(body["id_token"], site, at=at)
    assert claims["iss"] == issuer(site, at)
    assert claims["aud"] == client.client_id
    assert claims["sub"] == site.person("ann").id
    assert claims["nonce"] == "n-0815"
    assert claims["ver"] == 1
    assert claims["jti"].startswith("ID.")
    half = hashlib.sha256(body["access_token"].encode()).digest()[:16]
    assert claims["at_hash"] == base64.urlsafe_b64encode(half).decode().rstrip("=")


@SERVERS
def test_an_access_token_has_the_claims_of_its_server(site: Site, at: str) -> None:
    token = tokens_for(signed_in(site), site, at=at)["access_token"]
    claims = claims_of(token, site, at=at)
    person = site.person("ann")
    assert claims["aud"] == (site.base_url if at == ORG else AUDIENCE)
    assert claims["iss"] == issuer(site, at)
    assert (claims["cid"], claims["uid"], claims["sub"]) == ("web-client", person.id, person.login)
    assert claims["scp"] == ["openid", "profile", "email"]
    assert claims["jti"].startswith("AT.")
    assert claims["exp"] - claims["iat"] == 3600
    assert abs(claims["iat"] - time.time()) < 30


def test_an_id_token_beside_an_access_token_is_slim_and_userinfo_has_the_rest(site: Site) -> None:
    browser = signed_in(site)
    scope = "openid profile email address phone"
    body = tokens_for(browser, site, scope=scope)
    claims = claims_of(body["id_token"], site)
    assert (claims["name"], claims["email"], claims["preferred_username"]) == ("Ann Lee", *["ann@example.com"] * 2)
    assert not {"given_name", "family_name", "zoneinfo", "locale", "address"}.intersection(claims)
    told = userinfo(site, body["access_token"]).json()
    assert told["sub"] == site.person("ann").id
    assert (told["given_name"], told["family_name"], told["zoneinfo"]) == ("Ann", "Lee", "Europe/London")
    assert told["address"] == {"locality": "Leeds"}
    alone = answer(authorize(browser, site.org.clients["web"], response_type="id_token", scope=scope, prompt="none"))
    assert claims_of(alone["id_token"], site)["given_name"] == "Ann"


def test_a_scope_of_the_custom_server_and_no_openid(site: Site) -> None:
    body = tokens_for(signed_in(site), site, at=DEFAULT, scope="orders:read", nonce=None)
    assert "id_token" not in body
    assert claims_of(body["access_token"], site, at=DEFAULT)["scp"] == ["orders:read"]
    refused = userinfo(site, body["access_token"], at=DEFAULT)
    assert refused.status_code == 403
    assert 'error="insufficient_scope"' in refused.headers["www-authenticate"]


def test_userinfo_by_get_and_post_header_and_form(site: Site) -> None:
    token = tokens_for(signed_in(site), site)["access_token"]
    browser = site.browser()
    by_header = browser.get(f"{ORG}/userinfo", headers={"authorization": f"Bearer {token}"})
    assert by_header.status_code == 200
    for other in (
        browser.post(f"{ORG}/userinfo", headers={"authorization": f"bearer {token}"}),
        browser.post(f"{ORG}/userinfo", data={"access_token": token}),
    ):
        assert other.json() == by_header.json()


def test_userinfo_says_no_in_the_header(site: Site) -> None:
    nothing = site.browser().get(f"{ORG}/userinfo")
    assert nothing.status_code == 401
    assert nothing.headers["www-authenticate"].startswith("Bearer ")
    assert "error=" not in nothing.headers["www-authenticate"]
    wrong = userinfo(site, "nonsense")
    assert wrong.status_code == 401
    assert 'error="invalid_token"' in wrong.headers["www-authenticate"]
    in_query = site.browser().get(f"{ORG}/userinfo", params={"access_token": "x"})
    assert in_query.status_code == 401


def test_a_code_that_is_used_again_ends_what_the_first_use_gave(site: Site) -> None:
    client, browser = site.org.clients["web"], signed_in(site)
    code = code_for(browser, client)
    token = exchange(site, client, code).json()["access_token"]
    assert userinfo(site, token).status_code == 200
    again = exchange(site, client, code)
    assert (again.status_code, again.json()["error"]) == (400, "invalid_grant")
    assert userinfo(site, token).status_code == 401
    assert is_signed_in(browser) == "ann@example.com"


def test_an_access_token_ends_with_its_user_and_not_with_the_session(server: Server, site: Site) -> None:
    person = server.inside(lambda org: org.add_person("leaver@example.com"))
    browser = signed_in(site, person)
    token = tokens_for(browser, site)["access_token"]
    browser.get("/login/signout")
    assert userinfo(site, token).status_code == 200
    server.inside(lambda org: org.set_status(person.id, "suspended"))
    assert userinfo(site, token).status_code == 401


def test_a_code_dies_with_the_session_it_came_from(site: Site) -> None:
    browser, client = signed_in(site), site.org.clients["web"]
    code = code_for(browser, client)
    browser.get("/login/signout")
    assert exchange(site, client, code).json()["error"] == "invalid_grant"


def test_a_confidential_client_may_use_pkce_or_leave_it_out(site: Site) -> None:
    browser, client = signed_in(site), site.org.clients["web"]
    assert exchange(site, client, code_for(browser, client)).status_code == 200
    pkce = Pkce.new()
    code = code_for(browser, client, **pkce.challenge)
    assert exchange(site, client, code, code_verifier=pkce.verifier).status_code == 200


@pytest.mark.parametrize("name", ["spa", "native", "strict"])
def test_pkce_where_it_is_required(site: Site, name: str) -> None:
    refused = answer(authorize(signed_in(site), site.org.clients[name], prompt="none"))
    assert refused["error"] == "invalid_request"
    assert "code_challenge" in refused["error_description"]


def test_a_native_client_may_choose_its_loopback_port(site: Site) -> None:
    client, pkce = site.org.clients["native"], Pkce.new()
    uri = "http://127.0.0.1:51234/done"
    response = authorize(signed_in(site), client, prompt="none", redirect_uri=uri, **pkce.challenge)
    assert response.headers["location"].startswith(f"{uri}?code=")
    code = answer(response)["code"]
    assert exchange(site, client, code, redirect_uri=uri, code_verifier=pkce.verifier).status_code == 200


def test_a_native_client_with_an_address_of_its_own(site: Site) -> None:
    client, pkce = site.org.clients["native"], Pkce.new()
    uri = "com.example.app:/done"
    response = authorize(signed_in(site), client, prompt="none", redirect_uri=uri, **pkce.challenge)
    assert response.headers["location"].startswith(f"{uri}?code=")


def test_a_registered_query_stays_in_the_redirect(site: Site) -> None:
    client, pkce = site.org.clients["spa"], Pkce.new()
    uri = "https://app.example.com/spa?tab=1"
    response = authorize(signed_in(site), client, prompt="none", redirect_uri=uri, **pkce.challenge)
    location = urlsplit(response.headers["location"])
    assert location.query.startswith("tab=1&code=")
    assert location.fragment == ""


def test_basic_credentials_are_form_encoded_first(site: Site) -> None:
    client, browser = site.org.clients["web"], signed_in(site)
    header = basic(quote_plus(client.client_id), quote_plus(client.secret))
    assert exchange(site, client, code_for(browser, client), headers={"authorization": header}).status_code == 200


def test_basic_with_the_same_client_id_in_the_form(site: Site) -> None:
    client, browser = site.org.clients["web"], signed_in(site)
    assert exchange(site, client, code_for(browser, client), client_id=client.client_id).status_code == 200


def test_errors_of_the_token_endpoint(site: Site) -> None:
    client = site.org.clients["web"]
    cases = [
        ({"grant_type": None}, 400, "invalid_request"),
        ({"grant_type": "magic"}, 400, "unsupported_grant_type"),
        ({"code": None}, 400, "invalid_request"),
        ({"redirect_uri": None}, 400, "invalid_request"),
        ({}, 400, "invalid_grant"),
    ]
    for changes, status, error in cases:
        response = exchange(site, client, "no-such-code", **changes)
        assert (response.status_code, response.json()["error"]) == (status, error), changes
        assert response.json()["event_id"].startswith("evt")
        assert response.json()["error_description"]


def test_a_client_that_is_not_who_it_says(site: Site) -> None:
    client = site.org.clients["web"]
    wrong = exchange(site, client, "code", headers={"authorization": basic(client.client_id, "wrong")})
    assert (wrong.status_code, wrong.json()["error"]) == (401, "invalid_client")
    assert wrong.headers["www-authenticate"].startswith("Basic ")
    nobody = site.browser().post(f"{ORG}/token", data={"grant_type": "authorization_code", "code": "c"})
    assert (nobody.status_code, nobody.json()["error"]) == (401, "invalid_client")
    assert "www-authenticate" not in nobody.headers


def test_the_whole_flow_from_the_hosted_page(site: Site) -> None:
    client, pkce, browser = site.org.clients["spa"], Pkce.new(), site.browser()
    page = authorize(browser, client, **pkce.challenge)
    done = sign_in_by_page(browser, page, site.person("bob"))
    assert done.status_code == 303
    assert done.headers["location"].startswith(f"{client.redirect_uri}?code=")
    body = exchange(site, client, answer(done)["code"], code_verifier=pkce.verifier).json()
    assert claims_of(body["id_token"], site)["sub"] == site.person("bob").id


def test_a_code_lives_for_sixty_seconds(server: Server, site: Site) -> None:
    code = code_for(signed_in(site), site.org.clients["web"])
    ident = code.partition(".")[0]
    ((issued_at, expires_at),) = server.rows("SELECT issued_at, expires_at FROM credentials WHERE id = $1", ident)
    assert expires_at - issued_at == 60_000


def test_an_assigned_application_answers_its_people_alone(site: Site) -> None:
    client = site.org.clients["assigned"]
    assert "code" in answer(authorize(signed_in(site, "ann"), client, prompt="none"))
    browser = signed_in(site, "carol")
    assert answer(authorize(browser, client, prompt="none"))["error"] == "access_denied"
    assert answer(authorize(browser, client))["error"] == "access_denied"
    assert is_signed_in(browser) == "carol@example.com"


def test_parameters_of_a_post_stay_in_the_form(site: Site) -> None:
    client, browser = site.org.clients["web"], signed_in(site)
    response = browser.post(f"{ORG}/authorize", data=asks(client, prompt="none"))
    assert response.status_code == 303
    assert "code" in answer(response)
    without_cookies = site.browser()
    first = without_cookies.post(f"{ORG}/authorize", data=asks(client))
    assert first.status_code == 303
    assert first.headers["location"].startswith(f"{site.base_url}{ORG}/authorize?")
    mixed = browser.post(f"{ORG}/authorize?nonce=other", data=asks(client, prompt="none"))
    assert mixed.status_code == 400


def test_a_scope_that_nobody_knows(site: Site) -> None:
    refused = answer(authorize(signed_in(site), site.org.clients["web"], prompt="none", scope="openid magic"))
    assert refused["error"] == "invalid_scope"


def test_a_request_without_a_scope_is_for_openid(site: Site) -> None:
    body = tokens_for(signed_in(site), site, scope=None)
    assert body["scope"] == "openid"


def test_a_request_without_a_state_is_refused(site: Site) -> None:
    refused = answer(authorize(signed_in(site), site.org.clients["web"], prompt="none", state=None))
    assert refused["error"] == "invalid_request"
    assert "state" not in refused


def test_the_token_endpoint_reads_no_cookie_and_no_session_token(site: Site) -> None:
    browser, client = signed_in(site), site.org.clients["web"]
    response = browser.post(
        f"{ORG}/token",
        data={"grant_type": "authorization_code", "code": session_token(site), "redirect_uri": client.redirect_uri},
        headers={"authorization": basic(client.client_id, client.secret)},
    )
    assert response.json()["error"] == "invalid_grant"
