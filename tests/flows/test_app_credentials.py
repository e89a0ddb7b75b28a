"""Secrets of clients, certificates and metadata over the management API."""

import time
from secrets import token_urlsafe
from typing import Any

import httpx
import pytest
from joserfc import jwt
from joserfc.jwk import RSAKey
from lxml import etree
from tests.flows.test_apps_api import APPS, assign, call, client_of, made, oidc, saml, wait_for, wsfed
from tests.installation import Client
from tests.okta_steps import code_for, exchange, signed_in
from tests.server import Server, Site

ASSERTION_TYPE = "urn:ietf:params:oauth:client-assertion-type:jwt-bearer"
DS = "http://www.w3.org/2000/09/xmldsig#"


def works(site: Site, client: Client, secret: str) -> bool:
    """Whether the token endpoint takes the secret: a code that is no code is looked at only then."""
    known = Client(client.app_id, client.client_id, secret, client.redirect_uri, client.authentication)
    response = exchange(site, known, "no-code")
    assert response.json()["error"] in ("invalid_grant", "invalid_client")
    return bool(response.json()["error"] == "invalid_grant")


def secret_ids(site: Site, app: dict[str, Any]) -> list[tuple[str, str]]:
    found = call(site, "GET", f"{APPS}/{app['id']}/credentials/secrets")
    assert found.status_code == 200, found.text
    assert "client_secret" not in found.text
    return [(one["id"], one["status"]) for one in found.json()]


def test_a_secret_is_changed_over_while_both_work(server: Server, site: Site) -> None:
    app = made(site, oidc("Two secrets"))
    client, secrets = client_of(app), f"{APPS}/{app['id']}/credentials/secrets"
    ((first, status),) = secret_ids(site, app)
    assert (first[:3], status) == ("ocs", "ACTIVE")
    new = call(site, "POST", secrets, json={})
    assert new.status_code == 201, new.text
    second, text = new.json()["id"], new.json()["client_secret"]
    assert secret_ids(site, app) == [(second, "ACTIVE"), (first, "ACTIVE")]
    wait_for(lambda: works(site, client, text))
    assert works(site, client, client.secret)
    third = call(site, "POST", secrets, json={})
    assert (third.status_code, third.json()["errorSummary"]) == (400, "Api validation failed: client_secret")

    early = call(site, "DELETE", f"{secrets}/{first}")
    assert early.status_code == 400
    off = call(site, "POST", f"{secrets}/{first}/lifecycle/deactivate")
    assert (off.status_code, off.json()["status"]) == (200, "INACTIVE")
    assert "delete" in off.json()["_links"]
    wait_for(lambda: not works(site, client, client.secret))
    assert works(site, client, text)
    last = call(site, "POST", f"{secrets}/{second}/lifecycle/deactivate")
    assert last.status_code == 400
    assert call(site, "POST", f"{secrets}/{first}/lifecycle/activate").json()["status"] == "ACTIVE"
    wait_for(lambda: works(site, client, client.secret))
    call(site, "POST", f"{secrets}/{first}/lifecycle/deactivate")
    assert call(site, "DELETE", f"{secrets}/{first}").status_code == 204
    assert secret_ids(site, app) == [(second, "ACTIVE")]
    assert call(site, "GET", f"{secrets}/{first}").status_code == 404
    assert call(site, "GET", f"{secrets}/{second}").json()["id"] == second
    wait_for(lambda: not works(site, client, client.secret))
    assign(site, app["id"])
    renewed = Client(client.app_id, client.client_id, text, client.redirect_uri, client.authentication)
    assert exchange(site, renewed, code_for(signed_in(site), renewed)).status_code == 200
    found = server.rows("SELECT detail FROM events WHERE type = 'application.secret' AND app_id = $1", app["id"])
    assert len(found) == 5
    assert text not in str(found)


def test_MG_06_a_secret_is_shown_once(server: Server, site: Site) -> None:
    app = made(site, oidc("Shown once"))
    text = app["credentials"]["oauthClient"]["client_secret"]
    own = f"{APPS}/{app['id']}"
    read = call(site, "GET", own)
    put = call(site, "PUT", own, json=read.json())
    answers = [read, put, call(site, "GET", f"{APPS}?q=shown+once"), call(site, "GET", f"{own}/credentials/secrets")]
    for response in answers:
        assert response.status_code == 200, response.text
        assert text not in response.text
        assert 'client_secret"' not in response.text.replace('"client_secret_basic"', "")
    assert text not in str(server.rows("SELECT oidc FROM applications WHERE id = $1", app["id"]))
    assert text not in str(server.rows("SELECT detail FROM events WHERE app_id = $1", app["id"]))
    # Whoever comes to need a secret is given one, this one time.
    public = made(site, {**oidc("Public"), "credentials": {"oauthClient": {"token_endpoint_auth_method": "none"}}})
    public["credentials"]["oauthClient"]["token_endpoint_auth_method"] = "client_secret_post"
    given = call(site, "PUT", f"{APPS}/{public['id']}", json=public).json()
    wait_for(lambda: works(site, client_of(given), given["credentials"]["oauthClient"]["client_secret"]))
    again = call(site, "PUT", f"{APPS}/{public['id']}", json=call(site, "GET", f"{APPS}/{public['id']}").json())
    assert "client_secret" not in again.json()["credentials"]["oauthClient"]


@pytest.mark.parametrize("body", [{"client_secret": "chosen-by-the-caller"}, {"status": "INACTIVE"}, {"other": 1}])
def test_a_secret_is_never_the_caller_s(site: Site, body: dict[str, object]) -> None:
    app = made(site, oidc("Own secret"))
    assert call(site, "POST", f"{APPS}/{app['id']}/credentials/secrets", json=body).status_code == 400
    assert len(secret_ids(site, app)) == 1


def test_an_application_without_a_secret_has_none(site: Site) -> None:
    for app in (made(site, saml("No secret")), made(site, oidc("Public") | {
        "credentials": {"oauthClient": {"token_endpoint_auth_method": "none"}}
    })):  # fmt: skip
        assert call(site, "GET", f"{APPS}/{app['id']}/credentials/secrets").status_code == 400


def certificates(response: httpx.Response) -> list[str]:
    root = etree.fromstring(response.content)
    return ["".join((node.text or "").split()) for node in root.iter(f"{{{DS}}}X509Certificate")]


def test_certificates_and_metadata_are_those_that_sign(site: Site) -> None:
    for app in (made(site, saml("Has keys")), made(site, wsfed("Has keys too"))):
        keys = call(site, "GET", f"{APPS}/{app['id']}/credentials/keys")
        (key,) = keys.json()
        assert (key["kty"], key["use"], bool(key["n"])) == ("RSA", "sig", True)
        assert call(site, "GET", f"{APPS}/{app['id']}/credentials/keys/{key['kid']}").json() == key
        assert call(site, "GET", f"{APPS}/{app['id']}/credentials/keys/other").status_code == 404
        refused = call(site, "POST", f"{APPS}/{app['id']}/credentials/keys/generate?validityYears=2")
        assert (refused.status_code, refused.json()["errorCode"]) == (400, "E0000001")
    app = made(site, saml("Has metadata"))
    metadata = f"{APPS}/{app['id']}/sso/saml/metadata"
    whole, one = call(site, "GET", metadata), call(site, "GET", f"{metadata}?kid={key['kid']}")
    assert whole.status_code == one.status_code == 200
    assert certificates(whole) == certificates(one) == key["x5c"]
    assert etree.fromstring(whole.content).get("entityID") == app["settings"]["signOn"]["idpIssuer"]
    assert call(site, "GET", f"{metadata}?kid=other").status_code == 404
    client = made(site, oidc("No keys"))
    assert call(site, "GET", f"{APPS}/{client['id']}/credentials/keys").status_code == 400
    assert call(site, "GET", f"{APPS}/{client['id']}/sso/saml/metadata").status_code == 400


def test_MG_01_credentials_belong_to_their_org(site: Site, twin: Site) -> None:
    foreign = made(twin, oidc("Foreign secret"))
    ((ident, _),) = secret_ids(twin, foreign)
    mine = made(site, oidc("My secret"))
    for app_id in (foreign["id"], mine["id"]):
        secrets = f"{APPS}/{app_id}/credentials/secrets"
        for method, path in (
            ("GET", f"{secrets}/{ident}"),
            ("DELETE", f"{secrets}/{ident}"),
            ("POST", f"{secrets}/{ident}/lifecycle/deactivate"),
        ):
            assert call(site, method, path).status_code == 404, (method, path)
    for method, path in (
        ("GET", "credentials/secrets"),
        ("POST", "credentials/secrets"),
        ("GET", "credentials/keys"),
        ("GET", "sso/saml/metadata"),
    ):
        rest = {"json": {}} if method == "POST" else {}
        assert call(site, method, f"{APPS}/{foreign['id']}/{path}", **rest).status_code == 404, path
    assert secret_ids(twin, foreign) == [(ident, "ACTIVE")]


def a_key(kid: str | None = None) -> RSAKey:
    return RSAKey.generate_key(2048, parameters={"kid": kid} if kid else None, private=True)


def assertion(site: Site, client_id: str, key: RSAKey) -> dict[str, str]:
    """RFC 7523 2.2: the client signs that it is who it says."""
    now = int(time.time())
    audience = f"{site.base_url}/oauth2/v1/token"
    claims = {
        "iss": client_id,
        "sub": client_id,
        "aud": audience,
        "iat": now,
        "exp": now + 60,
        "jti": token_urlsafe(16),
    }
    signed = jwt.encode({"alg": "RS256", "kid": key.kid}, claims, key)
    return {"client_assertion_type": ASSERTION_TYPE, "client_assertion": signed}


def permitted(site: Site, client_id: str, key: RSAKey, scope: str) -> httpx.Response:
    form = {"grant_type": "client_credentials", "scope": scope, **assertion(site, client_id, key)}
    return site.browser().post("/oauth2/v1/token", data=form)


def test_a_service_is_made_granted_and_acts_by_its_key(site: Site) -> None:
    key, second = a_key("first"), a_key("second")
    body = oidc(
        "A service",
        redirect_uris=[],
        response_types=[],
        grant_types=["client_credentials"],
        application_type="service",
        jwks={"keys": [key.as_dict(private=False)]},
    ) | {"credentials": {"oauthClient": {"token_endpoint_auth_method": "private_key_jwt"}}}
    app = made(site, body)
    own, client_id = f"{APPS}/{app['id']}", app["credentials"]["oauthClient"]["client_id"]
    assert "client_secret" not in app["credentials"]["oauthClient"]
    assert [each["kid"] for each in app["settings"]["oauthClient"]["jwks"]["keys"]] == ["first"]
    read = call(site, "GET", own).json()
    assert call(site, "PUT", own, json=read).status_code == 200
    wait_for(lambda: permitted(site, client_id, key, "okta.users.read").status_code in (400, 403))
    granted = call(site, "POST", f"{own}/grants", json={"scopeId": "okta.users.read", "issuer": site.base_url})
    assert granted.status_code == 201, granted.text
    grant = granted.json()
    assert (grant["scopeId"], grant["issuer"], grant["clientId"], grant["status"]) == (
        "okta.users.read",
        site.base_url,
        client_id,
        "ACTIVE",
    )
    assert call(site, "GET", f"{own}/grants").json() == [grant]
    assert call(site, "GET", f"{own}/grants/{grant['id']}").json() == grant
    wait_for(lambda: permitted(site, client_id, key, "okta.users.read").status_code == 200)

    added = call(site, "POST", f"{own}/credentials/jwks", json=second.as_dict(private=False))
    assert (added.status_code, added.json()["id"]) == (201, "second"), added.text
    assert [each["id"] for each in call(site, "GET", f"{own}/credentials/jwks").json()] == ["first", "second"]
    wait_for(lambda: permitted(site, client_id, second, "okta.users.read").status_code == 200)
    assert call(site, "DELETE", f"{own}/credentials/jwks/first").status_code == 204
    wait_for(lambda: permitted(site, client_id, key, "okta.users.read").status_code == 401)
    assert call(site, "DELETE", f"{own}/credentials/jwks/first").status_code == 404
    assert call(site, "GET", f"{own}/credentials/jwks/second").json()["n"] == second.as_dict(private=False)["n"]
    assert call(site, "DELETE", f"{own}/credentials/jwks/second").status_code == 400
    assert call(site, "DELETE", f"{own}/grants/{grant['id']}").status_code == 204
    assert call(site, "GET", f"{own}/grants/{grant['id']}").status_code == 404
    wait_for(lambda: permitted(site, client_id, second, "okta.users.read").status_code in (400, 403))


def test_what_cannot_be_granted_or_signed_with(site: Site) -> None:
    app = made(site, oidc("Grants and keys"))
    own = f"{APPS}/{app['id']}"
    for body in (
        {"scopeId": "okta.users.read", "issuer": "https://other.example"},
        {"scopeId": "openid", "issuer": site.base_url},
        {"scopeId": "okta.everything.manage", "issuer": site.base_url},
        {"scopeId": "okta.users.read"},
        {"scopeId": "okta.users.read", "issuer": site.base_url, "status": "ACTIVE"},
    ):
        assert call(site, "POST", f"{own}/grants", json=body).status_code == 400, body
    private = a_key("private").as_dict(private=True)
    for jwk in (private, {"kty": "oct", "k": "AAAA"}, {"kty": "RSA", "n": "AQAB", "e": "AQAB"}, {}):
        refused = call(site, "POST", f"{own}/credentials/jwks", json=jwk)
        assert refused.status_code == 400, jwk
        assert str(private["d"]) not in refused.text
    assert call(site, "GET", f"{own}/grants").json() == []
    assert call(site, "GET", f"{own}/credentials/jwks").json() == []
    service = made(site, saml("No grants"))
    assert call(site, "POST", f"{APPS}/{service['id']}/grants", json={
        "scopeId": "okta.users.read", "issuer": site.base_url
    }).status_code == 404  # fmt: skip
