"""What the servers say about themselves, and that it is so."""

import re
from base64 import b64decode, urlsafe_b64encode

import pytest
from cryptography import x509
from joserfc.jwk import KeySet
from lxml import etree
from tests.okta_steps import DEFAULT, ORG
from tests.saml_messages import DS, MD
from tests.server import Site

DOCUMENTS = {
    "/.well-known/openid-configuration": "",
    "/.well-known/oauth-authorization-server": "",
    "/oauth2/default/.well-known/openid-configuration": "/oauth2/default",
    "/oauth2/default/.well-known/oauth-authorization-server": "/oauth2/default",
    "/.well-known/oauth-authorization-server/oauth2/default": "/oauth2/default",
}


@pytest.mark.parametrize(("path", "issuer_path"), DOCUMENTS.items())
def test_each_discovery_document_names_its_own_server(site: Site, path: str, issuer_path: str) -> None:
    response = site.browser().get(path)
    assert response.status_code == 200
    assert response.headers["content-type"].startswith("application/json")
    assert response.headers["cache-control"].startswith("public, max-age=")
    assert response.headers["access-control-allow-origin"] == "*"
    assert "access-control-allow-credentials" not in response.headers
    document = response.json()
    base = f"{site.base_url}{issuer_path or '/oauth2'}/v1"
    assert next(iter(document)) == "issuer"
    assert document["issuer"] == f"{site.base_url}{issuer_path}"
    assert document["authorization_endpoint"] == f"{base}/authorize"
    assert document["token_endpoint"] == f"{base}/token"
    assert document["jwks_uri"] == f"{base}/keys"
    assert document["end_session_endpoint"] == f"{base}/logout"
    assert document["code_challenge_methods_supported"] == ["S256"]
    assert document["authorization_response_iss_parameter_supported"] is True
    assert ("userinfo_endpoint" in document) == path.endswith("openid-configuration")
    for name in ("authorization_endpoint", "token_endpoint", "jwks_uri", "end_session_endpoint"):
        assert site.browser().request("OPTIONS", document[name]).status_code == 200


def test_the_documents_tell_what_works(site: Site) -> None:
    document = site.browser().get("/.well-known/openid-configuration").json()
    types = ["code", "id_token", "code id_token", "code token", "id_token token", "code id_token token"]
    assert document["response_types_supported"] == types
    assert document["response_modes_supported"] == ["query", "fragment", "form_post", "okta_post_message"]
    assert document["id_token_signing_alg_values_supported"] == ["RS256"]
    assert document["subject_types_supported"] == ["public"]
    methods = ["client_secret_basic", "client_secret_post", "private_key_jwt", "none"]
    assert document["token_endpoint_auth_methods_supported"] == methods
    assert "openid" in document["scopes_supported"]
    custom = site.browser().get("/oauth2/default/.well-known/openid-configuration").json()
    assert "orders:read" in custom["scopes_supported"]
    assert "orders:read" not in document["scopes_supported"]


def test_a_query_changes_nothing(site: Site) -> None:
    path = "/.well-known/openid-configuration"
    plain, asked = site.browser().get(path), site.browser().get(path, params={"client_id": "web-client"})
    assert plain.content == asked.content


@pytest.mark.parametrize("at", [ORG, DEFAULT])
def test_the_keys(site: Site, at: str) -> None:
    response = site.browser().get(f"{at}/keys")
    assert re.fullmatch(r"public, max-age=[1-9]\d*", response.headers["cache-control"])
    keys = response.json()["keys"]
    assert keys
    for key in keys:
        assert set(key) == {"kty", "alg", "kid", "use", "e", "n"}
        assert (key["kty"], key["alg"], key["use"], key["e"]) == ("RSA", "RS256", "sig", "AQAB")
    assert KeySet.import_key_set(response.json())


@pytest.mark.parametrize("name", ["nothing", "Default", "default%20", "%2e%2e", "default%2f"])
def test_a_server_that_is_not_there(site: Site, name: str) -> None:
    response = site.browser().get(f"/oauth2/{name}/v1/keys")
    assert response.status_code == 404
    assert response.json()["errorCode"] in ("E0000007", "E0000008")


def test_saml_metadata(site: Site) -> None:
    app = site.saml("saml")
    response = site.browser().get(app.metadata_path)
    assert response.status_code == 200
    assert "xml" in response.headers["content-type"]
    document = etree.fromstring(response.content)
    assert document.tag == f"{{{MD}}}EntityDescriptor"
    assert document.get("entityID") == f"{site.base_url}/{app.sso_path.split('/')[3]}"
    (descriptor,) = document.iter(f"{{{MD}}}IDPSSODescriptor")
    assert descriptor.get("WantAuthnRequestsSigned") == "false"
    services = {
        service.get("Binding", "").rpartition(":")[2]: service.get("Location")
        for service in document.iter(f"{{{MD}}}SingleSignOnService")
    }
    assert services == {
        "HTTP-POST": f"{site.base_url}{app.sso_path}",
        "HTTP-Redirect": f"{site.base_url}{app.sso_path}",
    }
    assert list(document.iter(f"{{{DS}}}X509Certificate"))
    wants = etree.fromstring(site.browser().get(site.saml("signed").metadata_path).content)
    (descriptor,) = wants.iter(f"{{{MD}}}IDPSSODescriptor")
    assert descriptor.get("WantAuthnRequestsSigned") == "true"


def test_the_saml_key_is_no_key_of_tokens(site: Site) -> None:
    document = etree.fromstring(site.browser().get(site.saml("saml").metadata_path).content)
    (text,) = (node.text or "" for node in document.iter(f"{{{DS}}}X509Certificate"))
    numbers = x509.load_der_x509_certificate(b64decode(text)).public_key().public_numbers()  # type: ignore[union-attr]
    modulus = urlsafe_b64encode(numbers.n.to_bytes(256, "big")).decode().rstrip("=")  # type: ignore[union-attr]
    assert modulus not in site.browser().get(f"{ORG}/keys").text


def test_health(site: Site) -> None:
    assert site.browser().get("/livez").text == "ok\n"
    assert site.browser().get("/readyz").status_code == 200
