"""The password grant: a user name and a password become tokens, for clients that may, and never instead of more."""

import pytest
from tests.installation import Person
from tests.okta_steps import DEFAULT, ORG, basic, by_password, claims_of, sign_in, signed_in, userinfo
from tests.server import Server, Site

BOTH = pytest.mark.parametrize("at", [ORG, DEFAULT], ids=["org", "default"])


@BOTH
@pytest.mark.parametrize("name", ["direct", "phone"])
def test_a_password_becomes_tokens(site: Site, at: str, name: str) -> None:
    response = by_password(site, "ann", name, at=at)
    assert response.status_code == 200, response.text
    assert "no-store" in response.headers["cache-control"]
    assert "set-cookie" not in response.headers
    body, ann = response.json(), site.person("ann")
    assert list(body) == ["token_type", "expires_in", "access_token", "scope", "id_token"]
    claims = claims_of(body["id_token"], site, at=at)
    assert (claims["sub"], claims["aud"], claims["amr"]) == (ann.id, site.org.clients[name].client_id, ["pwd"])
    assert abs(claims["auth_time"] - claims["iat"]) <= 1
    assert "nonce" not in claims
    access = claims_of(body["access_token"], site, at=at)
    assert (access["cid"], access["sub"], access["scp"]) == (claims["aud"], ann.login, ["openid", "profile"])
    assert userinfo(site, body["access_token"], at=at).json()["given_name"] == "Ann"


def test_the_request_that_the_seed_prints(site: Site) -> None:
    """Basic authentication and the same client_id in the form, the scopes with %20 between them."""
    client, ann = site.org.clients["direct"], site.person("ann")
    body = (
        f"grant_type=password&client_id={client.client_id}&username={ann.login.replace('@', '%40')}"
        f"&password={ann.password.replace('|', '%7C').replace('=', '%3D')}&scope=openid%20offline_access"
    )
    headers = {
        "accept": "application/json",
        "authorization": basic(client.client_id, client.secret),
        "content-type": "application/x-www-form-urlencoded",
    }
    response = site.browser().post(f"{ORG}/token", content=body, headers=headers)
    assert response.status_code == 200, response.text
    assert response.json()["scope"] == "openid offline_access"
    assert response.json()["id_token"]


def test_without_openid_there_is_no_id_token(site: Site) -> None:
    body = by_password(site, at=DEFAULT, scope="orders:read").json()
    assert "id_token" not in body
    assert body["scope"] == "orders:read"


def test_a_request_without_a_scope_is_for_openid(site: Site) -> None:
    assert by_password(site, scope=None).json()["scope"] == "openid"


def test_a_short_user_name_will_do(site: Site) -> None:
    assert by_password(site, username="ann").status_code == 200


def test_a_wrong_password_an_unknown_name_and_an_inactive_user_are_answered_alike(site: Site) -> None:
    told = set()
    for changes in ({"password": "wrong-password"}, {"username": "nobody@example.com"}, {"username": "é" * 300}):
        response = by_password(site, "carol", **changes)
        assert response.status_code == 400
        told.add((response.json()["error"], response.json()["error_description"]))
    for name in ("suspended", "deprovisioned"):
        response = by_password(site, name)
        told.add((response.json()["error"], response.json()["error_description"]))
    assert len(told) == 1
    assert told.pop()[0] == "invalid_grant"


@pytest.mark.parametrize(("missing", "error"), [("username", "invalid_request"), ("password", "invalid_request")])
def test_a_parameter_that_is_missing(site: Site, missing: str, error: str) -> None:
    response = by_password(site, **{missing: None})
    assert (response.status_code, response.json()["error"]) == (400, error)
    assert missing in response.json()["error_description"]


def test_NW_10_a_client_may_use_it_only_where_it_is_allowed(site: Site) -> None:
    for name in ("web", "spa", "post"):
        response = by_password(site, "ann", name)
        assert (response.status_code, response.json()["error"]) == (400, "unauthorized_client")


def test_NW_10_a_second_factor_is_never_left_out(server: Server, site: Site) -> None:
    response = by_password(site, "ann", "demanding")
    assert (response.status_code, response.json()["error"]) == (400, "invalid_grant")
    assert "browser" in response.json()["error_description"]
    event = server.inside(lambda org: org.event(response.json()["event_id"]))
    assert event.type == "oauth.token"
    assert [check["name"] for check in event.detail["trail"]["checks"] if not check["passed"]] == ["second_factor"]  # type: ignore[index]
    # Who does not know the password does not learn that more would be asked for.
    wrong = by_password(site, "ann", "demanding", password="wrong-password")
    assert wrong.json()["error_description"] != response.json()["error_description"]


def test_NW_10_the_lock_out_is_the_same_as_everywhere(server: Server, site: Site) -> None:
    person: Person = server.inside(lambda org: org.add_person("locksmith@example.com"))
    for _ in range(10):
        assert by_password(site, person, password="wrong-password").json()["error"] == "invalid_grant"
    assert by_password(site, person).json()["error"] == "invalid_grant"
    assert sign_in(site, person).status_code == 401


def test_NW_10_no_cookie_stands_in_for_the_password(site: Site) -> None:
    browser, client = signed_in(site), site.org.clients["direct"]
    form = {"grant_type": "password", "username": "ann@example.com", "password": "wrong-password"}
    headers = {"authorization": basic(client.client_id, client.secret)}
    assert browser.post(f"{ORG}/token", data=form, headers=headers).json()["error"] == "invalid_grant"


def test_an_assigned_application_gives_tokens_to_its_people_alone(site: Site) -> None:
    assert by_password(site, "ann", "direct assigned").status_code == 200
    refused = by_password(site, "carol", "direct assigned")
    assert (refused.status_code, refused.json()["error"]) == (400, "access_denied")


def test_a_scope_that_nobody_knows(site: Site) -> None:
    refused = by_password(site, scope="openid magic", password="wrong-password")
    assert (refused.status_code, refused.json()["error"]) == (400, "invalid_scope")


def test_credentials_never_travel_in_an_address(site: Site) -> None:
    ann, client = site.person("ann"), site.org.clients["direct"]
    query = {"grant_type": "password", "username": ann.login, "password": ann.password}
    headers = {"authorization": basic(client.client_id, client.secret)}
    response = site.browser().post(f"{ORG}/token", params=query, data={"scope": "openid"}, headers=headers)
    assert (response.status_code, response.json()["error"]) == (400, "invalid_request")


def test_the_grant_is_advertised(site: Site) -> None:
    document = site.browser().get("/.well-known/openid-configuration").json()
    assert "password" in document["grant_types_supported"]
