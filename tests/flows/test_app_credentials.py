"""Secrets of clients, certificates and metadata over the management API."""

from typing import Any

import httpx
import pytest
from lxml import etree
from tests.flows.test_apps_api import APPS, assign, call, client_of, made, oidc, saml, wait_for, wsfed
from tests.installation import Client
from tests.okta_steps import code_for, exchange, signed_in
from tests.server import Server, Site

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
