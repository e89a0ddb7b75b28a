"""Revoking a token and asking about one, at the org's own server and at a custom one."""

import base64
import time
from typing import Any

import httpx
import pytest
from tests.installation import Client
from tests.okta_steps import DEFAULT, ORG, Pkce, basic, by_password, claims_of, code_for, exchange, signed_in, userinfo
from tests.server import Server, Site

BOTH = pytest.mark.parametrize("at", [ORG, DEFAULT], ids=["org", "default"])
SCOPE = "openid profile offline_access"


def tokens(site: Site, name: str = "direct", *, at: str = ORG, **changes: Any) -> dict[str, Any]:
    response = by_password(site, "ann", name, at=at, **{"scope": SCOPE, **changes})
    assert response.status_code == 200, response.text
    body: dict[str, Any] = response.json()
    return body


def call(site: Site, what: str, name: str = "direct", /, *, at: str = ORG, **form: str) -> httpx.Response:
    """``revoke`` or ``introspect`` by a client that authenticates as it is registered."""
    client: Client = site.org.clients[name]
    headers = {}
    if client.authentication == "client_secret_basic":
        headers["authorization"] = basic(client.client_id, client.secret)
    else:
        form |= {"client_id": client.client_id, **({"client_secret": client.secret} if client.secret else {})}
    return site.browser().post(f"{at}/{what}", data=form, headers=headers)


def ask(site: Site, token: str, name: str = "direct", /, *, at: str = ORG, **form: str) -> dict[str, Any]:
    response = call(site, "introspect", name, at=at, token=token, **form)
    assert response.status_code == 200, response.text
    body: dict[str, Any] = response.json()
    return body


def revoke(site: Site, token: str, name: str = "direct", /, *, at: str = ORG, **form: str) -> None:
    """It always succeeds, and says nothing."""
    response = call(site, "revoke", name, at=at, token=token, **form)
    assert (response.status_code, response.content) == (200, b"")
    assert "no-store" in response.headers["cache-control"]


def refresh_status(site: Site, token: str, *, at: str = ORG) -> int:
    client = site.org.clients["direct"]
    form = {"grant_type": "refresh_token", "refresh_token": token}
    headers = {"authorization": basic(client.client_id, client.secret)}
    return site.browser().post(f"{at}/token", data=form, headers=headers).status_code


# --- introspection ---


@BOTH
def test_an_access_token_that_holds(site: Site, at: str) -> None:
    token, ann = tokens(site, at=at)["access_token"], site.person("ann")
    claims, said = claims_of(token, site, at=at), ask(site, token, at=at, token_type_hint="access_token")
    assert said == {
        "active": True,
        "token_type": "Bearer",
        "scope": SCOPE,
        "client_id": "direct-client",
        "exp": claims["exp"],
        "iat": claims["iat"],
        "sub": ann.login,
        "aud": claims["aud"],
        "iss": claims["iss"],
        "jti": claims["jti"],
        "uid": ann.id,
        "auth_time": claims["auth_time"],
        "username": ann.login,
    }


@BOTH
def test_a_refresh_token_that_holds(site: Site, at: str) -> None:
    body = tokens(site, at=at)
    said = ask(site, body["refresh_token"], at=at, token_type_hint="refresh_token")
    assert (said["active"], said["scope"], said["client_id"]) == (True, SCOPE, "direct-client")
    assert (said["sub"], said["username"]) == ("ann@example.com", "ann@example.com")
    assert 0 < said["exp"] - time.time() <= 7 * 24 * 3600
    assert said["iss"] == claims_of(body["access_token"], site, at=at)["iss"]


@BOTH
def test_an_id_token_that_holds(site: Site, at: str) -> None:
    token = tokens(site, at=at)["id_token"]
    said = ask(site, token, at=at, token_type_hint="id_token")
    assert (said["active"], said["aud"], said["sub"]) == (True, "direct-client", site.person("ann").id)
    assert said["username"] == "ann@example.com"
    assert "token_type" not in said


def test_the_hint_may_be_missing_wrong_or_unheard_of(site: Site) -> None:
    body = tokens(site)
    for kind in ("access_token", "refresh_token", "id_token"):
        for hint in ({}, {"token_type_hint": "refresh_token"}, {"token_type_hint": "unheard_of"}):
            assert ask(site, body[kind], **hint)["active"] is True


def test_OA_10_of_other_clients_tokens_nothing_is_said(site: Site) -> None:
    body = tokens(site)
    for kind in ("access_token", "refresh_token", "id_token"):
        for other in ("phone", "web", "post", "spa"):
            assert ask(site, body[kind], other) == {"active": False}


def test_OA_10_of_another_servers_tokens_nothing_is_said(site: Site) -> None:
    body = tokens(site)
    for kind in ("access_token", "refresh_token", "id_token"):
        assert ask(site, body[kind], at=DEFAULT) == {"active": False}


def test_OA_10_of_another_orgs_tokens_nothing_is_said(site: Site, twin: Site) -> None:
    body = tokens(twin)
    for kind in ("access_token", "refresh_token", "id_token"):
        assert ask(twin, body[kind])["active"] is True
        assert ask(site, body[kind]) == {"active": False}


@pytest.mark.parametrize("token", ["x", "x.y.z", "eyJhbGciOiJub25lIn0.e30.", "é", "a" * 8000])
def test_what_is_no_token_is_not_active(site: Site, token: str) -> None:
    assert ask(site, token) == {"active": False}


def test_a_used_refresh_token_is_not_active_and_asking_ends_nothing(site: Site) -> None:
    client = site.org.clients["direct"]
    headers = {"authorization": basic(client.client_id, client.secret)}
    generations = [tokens(site)["refresh_token"]]
    for _ in range(2):
        form = {"grant_type": "refresh_token", "refresh_token": generations[-1]}
        generations.append(site.browser().post(f"{ORG}/token", data=form, headers=headers).json()["refresh_token"])
    # The one before the last would still be answered, for a client that lost its child.
    assert [ask(site, token)["active"] for token in generations] == [False, True, True]
    assert refresh_status(site, generations[-1]) == 200


def test_an_expired_token_is_not_active(server: Server, site: Site) -> None:
    body, now_ms = tokens(site), int(time.time() * 1000)
    for kind, ident in (
        ("access_token", claims_of(body["access_token"], site)["jti"].removeprefix("AT.")),
        ("refresh_token", body["refresh_token"].partition(".")[0]),
    ):
        assert ask(site, body[kind])["active"] is True
        server.execute("UPDATE credentials SET expires_at = $1 WHERE id = $2", now_ms, ident)
        assert ask(site, body[kind]) == {"active": False}


def test_what_happens_to_the_user_shows(server: Server, site: Site) -> None:
    person = server.inside(lambda org: org.add_person("introspected@example.com"))
    body = by_password(site, person, scope=SCOPE).json()
    assert ask(site, body["access_token"])["active"] is True
    server.inside(lambda org: org.set_status(person.id, "suspended"))
    for kind in ("access_token", "refresh_token"):
        assert ask(site, body[kind]) == {"active": False}


def test_tokens_of_somebody_who_lost_the_application_are_not_active(server: Server, site: Site) -> None:
    app_id = site.org.clients["direct assigned"].app_id
    person = server.inside(lambda org: org.add_person("unassigned@example.com"))
    server.inside(lambda org: org.assign(app_id, person.id))
    body = by_password(site, person, "direct assigned", scope=SCOPE).json()
    assert ask(site, body["access_token"], "direct assigned")["active"] is True
    server.inside(lambda org: org.unassign(app_id, person.id))
    for kind in ("access_token", "refresh_token"):
        assert ask(site, body[kind], "direct assigned") == {"active": False}


# --- revocation ---


@BOTH
def test_revoking_a_refresh_token_ends_its_access_tokens(server: Server, site: Site, at: str) -> None:
    body, other = tokens(site, at=at), tokens(site, at=at)
    revoke(site, body["refresh_token"], at=at, token_type_hint="refresh_token")
    assert userinfo(site, body["access_token"], at=at).status_code == 401
    for kind in ("access_token", "refresh_token"):
        assert ask(site, body[kind], at=at) == {"active": False}
    assert refresh_status(site, body["refresh_token"], at=at) == 400
    assert userinfo(site, other["access_token"], at=at).status_code == 200
    assert refresh_status(site, other["refresh_token"], at=at) == 200


@BOTH
def test_revoking_an_access_token_leaves_the_refresh_token(site: Site, at: str) -> None:
    body = tokens(site, at=at)
    revoke(site, body["access_token"], at=at, token_type_hint="access_token")
    assert userinfo(site, body["access_token"], at=at).status_code == 401
    assert ask(site, body["access_token"], at=at) == {"active": False}
    assert refresh_status(site, body["refresh_token"], at=at) == 200


def test_an_older_generation_ends_the_family_as_well(site: Site) -> None:
    client, old = site.org.clients["direct"], tokens(site)["refresh_token"]
    form = {"grant_type": "refresh_token", "refresh_token": old}
    headers = {"authorization": basic(client.client_id, client.secret)}
    new = site.browser().post(f"{ORG}/token", data=form, headers=headers).json()
    revoke(site, old)
    assert refresh_status(site, new["refresh_token"]) == 400
    assert userinfo(site, new["access_token"]).status_code == 401


def test_revoking_is_written_with_its_event(server: Server, site: Site) -> None:
    family = (body := tokens(site))["refresh_token"].partition(".")[0]
    revoke(site, body["refresh_token"])
    statement = "SELECT type, user_id, app_id FROM events WHERE credential_id = $1 AND type = 'token.revoke'"
    expected = [("token.revoke", site.person("ann").id, site.org.clients["direct"].app_id)]
    assert server.rows(statement, family) == expected
    revoke(site, body["refresh_token"])  # a second time nothing happens
    assert server.rows(statement, family) == expected


def test_nobody_revokes_what_is_somebody_elses(site: Site) -> None:
    body = tokens(site)
    for kind in ("access_token", "refresh_token"):
        for other in ("phone", "web", "spa"):
            revoke(site, body[kind], other)
        revoke(site, body[kind], at=DEFAULT)
    assert userinfo(site, body["access_token"]).status_code == 200
    assert refresh_status(site, body["refresh_token"]) == 200


def test_the_id_of_a_family_does_not_end_it(site: Site) -> None:
    body = tokens(site)
    family = body["refresh_token"].partition(".")[0]
    for guess in (family, f"{family}.{'a' * 43}", f"{family}.{'a' * 43}.{'a' * 43}"):
        revoke(site, guess)
    assert refresh_status(site, body["refresh_token"]) == 200


@pytest.mark.parametrize("token", ["x", "x.y.z", "é", "a" * 8000])
def test_what_nobody_knows_is_as_good_as_revoked(site: Site, token: str) -> None:
    revoke(site, token)
    revoke(site, token, token_type_hint="device_secret")


def test_an_id_token_cannot_be_revoked(site: Site) -> None:
    body = tokens(site)
    revoke(site, body["id_token"])
    assert ask(site, body["id_token"])["active"] is True


# --- both ---

EITHER = pytest.mark.parametrize("what", ["revoke", "introspect"])


@EITHER
def test_a_token_has_to_be_sent(site: Site, what: str) -> None:
    for form in ({}, {"token": ""}):
        response = call(site, what, **form)
        assert (response.status_code, response.json()["error"]) == (400, "invalid_request")


@EITHER
def test_OA_12_the_client_says_who_it_is(site: Site, what: str) -> None:
    client, token = site.org.clients["direct"], tokens(site)["access_token"]
    bad: list[tuple[dict[str, str], dict[str, str], int]] = [
        ({}, {}, 401),
        ({"client_id": client.client_id}, {}, 401),
        ({}, {"authorization": basic(client.client_id, "wrong")}, 401),
        ({}, {"authorization": "Basic " + base64.b64encode(client.client_id.encode()).decode()}, 401),
        ({"client_secret": client.secret}, {"authorization": basic(client.client_id, client.secret)}, 400),
    ]
    for form, headers, status in bad:
        response = site.browser().post(f"{ORG}/{what}", data={"token": token, **form}, headers=headers)
        assert response.status_code == status, response.text
        assert response.json()["error"] == ("invalid_client" if status == 401 else "invalid_request")
    assert userinfo(site, token).status_code == 200


@EITHER
@pytest.mark.parametrize("place", ["header", "form"])
def test_a_client_without_a_secret(site: Site, what: str, place: str) -> None:
    """One library sends the id alone as Basic credentials, without a colon."""
    token, client = tokens(site, "phone")["access_token"], site.org.clients["phone"]
    bare = "Basic " + base64.b64encode(client.client_id.encode()).decode()
    headers, form = ({"authorization": bare}, {}) if place == "header" else ({}, {"client_id": client.client_id})
    response = site.browser().post(f"{ORG}/{what}", data={"token": token, **form}, headers=headers)
    assert response.status_code == 200
    assert userinfo(site, token).status_code == (401 if what == "revoke" else 200)
    if what == "introspect":
        assert response.json()["active"] is True


def test_the_token_endpoint_takes_no_bare_id(site: Site) -> None:
    client, pkce = site.org.clients["spa"], Pkce.new()
    code = code_for(signed_in(site), client, **pkce.challenge)
    bare = {"authorization": "Basic " + base64.b64encode(client.client_id.encode()).decode()}
    refused = exchange(site, client, code, headers=bare, code_verifier=pkce.verifier)
    assert (refused.status_code, refused.json()["error"]) == (401, "invalid_client")


@EITHER
def test_only_forms_and_only_by_post(site: Site, what: str) -> None:
    assert site.browser().get(f"{ORG}/{what}").status_code == 405
    client, token = site.org.clients["direct"], tokens(site)["access_token"]
    headers = {"authorization": basic(client.client_id, client.secret)}
    for sent in ({"json": {"token": token}}, {"params": {"token": token}, "data": {"x": "y"}}):
        response = site.browser().post(f"{ORG}/{what}", headers=headers, **sent)
        assert (response.status_code, response.json()["error"]) == (400, "invalid_request")
    twice = site.browser().post(f"{ORG}/{what}", headers=headers, data={"token": [token, token]})
    assert (twice.status_code, twice.json()["error"]) == (400, "invalid_request")
    assert userinfo(site, token).status_code == 200


@EITHER
def test_a_page_of_the_application_may_read_the_answer(site: Site, what: str) -> None:
    client = site.org.clients["spa"]
    origin = "https://app.example.com"
    preflight = site.browser().request(
        "OPTIONS",
        f"{ORG}/{what}",
        headers={
            "origin": origin,
            "access-control-request-method": "POST",
            "access-control-request-headers": "authorization,x-okta-user-agent-extended",
        },
    )
    assert preflight.headers["access-control-allow-origin"] == origin
    assert "authorization" in preflight.headers["access-control-allow-headers"]
    form = {"token": "x", "client_id": client.client_id}
    answer = site.browser().post(f"{ORG}/{what}", data=form, headers={"origin": origin})
    assert answer.headers["access-control-allow-origin"] == origin
    other = site.browser().post(f"{ORG}/{what}", data=form, headers={"origin": "https://evil.example"})
    assert "access-control-allow-origin" not in other.headers


@BOTH
def test_both_are_in_the_documents(site: Site, at: str) -> None:
    base = at.removesuffix("/v1") if at == DEFAULT else ""
    for name in ("openid-configuration", "oauth-authorization-server"):
        document = site.browser().get(f"{base}/.well-known/{name}").json()
        for what in ("introspection", "revocation"):
            path = "introspect" if what == "introspection" else "revoke"
            assert document[f"{what}_endpoint"] == f"{site.base_url}{at}/{path}"
            assert "none" in document[f"{what}_endpoint_auth_methods_supported"]
        assert "offline_access" in document["scopes_supported"]
        assert {"refresh_token", "password"} <= set(document["grant_types_supported"])
