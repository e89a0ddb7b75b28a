"""SAML sign-on that a service provider starts, by both bindings."""

import base64
import time
from datetime import datetime

import pytest
from lxml import etree
from tests.http_client import form_of
from tests.installation import service_provider_key
from tests.okta_steps import is_signed_in, sign_in_by_page, signed_in
from tests.saml_messages import (
    SAML,
    authn_request,
    deflated,
    instant_now,
    response_of,
    signed_query,
    statuses,
    verified,
)
from tests.server import Site


def moment(text: str | None) -> float:
    return datetime.fromisoformat(str(text)).timestamp()


def test_with_a_session_the_response_comes_at_once(site: Site) -> None:
    app, browser = site.saml("saml"), signed_in(site)
    request = authn_request(issuer=app.entity_id, at=instant_now(), destination=f"{site.base_url}{app.sso_path}")
    page = browser.get(app.sso_path, params={"SAMLRequest": deflated(request.text), "RelayState": "opaque"})
    document = verified(site, app, etree.tostring(response_of(page, relay_state="opaque")))
    assert document.get("Destination") == app.acs_url
    assert document.get("InResponseTo") == request.id
    (assertion,) = document.iter(f"{{{SAML}}}Assertion")
    (confirmation,) = assertion.iter(f"{{{SAML}}}SubjectConfirmationData")
    assert confirmation.get("Recipient") == app.acs_url
    assert confirmation.get("InResponseTo") == request.id
    assert time.time() < moment(confirmation.get("NotOnOrAfter")) <= time.time() + 301
    (conditions,) = assertion.iter(f"{{{SAML}}}Conditions")
    assert moment(conditions.get("NotBefore")) <= time.time() < moment(conditions.get("NotOnOrAfter"))
    assert [node.text for node in assertion.iter(f"{{{SAML}}}Audience")] == [app.entity_id]
    (statement,) = assertion.iter(f"{{{SAML}}}AuthnStatement")
    assert statement.get("SessionIndex")
    assert moment(statement.get("AuthnInstant")) <= time.time() + 1
    assert (
        assertion.findtext(".//{*}AuthnContextClassRef")
        == "urn:oasis:names:tc:SAML:2.0:ac:classes:PasswordProtectedTransport"
    )
    (name_id,) = assertion.iter(f"{{{SAML}}}NameID")
    assert (name_id.text, name_id.get("Format")) == (
        "ann@example.com",
        "urn:oasis:names:tc:SAML:1.1:nameid-format:emailAddress",
    )
    attributes = {
        node.get("Name"): node.findtext("{*}AttributeValue") for node in assertion.iter(f"{{{SAML}}}Attribute")
    }
    assert attributes == {"email": "ann@example.com", "first": "Ann", "last": "Lee"}


@pytest.mark.parametrize("binding", ["redirect", "post"])
def test_without_a_session_the_user_signs_in_first(site: Site, binding: str) -> None:
    app, browser = site.saml("saml"), site.browser()
    request = authn_request(issuer=app.entity_id, at=instant_now())
    if binding == "redirect":
        waiting = browser.get(app.sso_path, params={"SAMLRequest": deflated(request.text), "RelayState": "deep"})
        assert waiting.status_code == 302
    else:
        form = {"SAMLRequest": base64.b64encode(request.text.encode()).decode(), "RelayState": "deep"}
        waiting = browser.post(app.sso_path, data=form, headers={"origin": "https://sp.example.com"})
        assert waiting.status_code == 303
    page = sign_in_by_page(browser, waiting, site.person("bob"))
    document = response_of(page, relay_state="deep")
    assert document.get("InResponseTo") == request.id
    assert document.findtext(".//{*}NameID") == "bob@example.com"
    assert is_signed_in(browser) == "bob@example.com"


def test_a_post_from_another_site_meets_the_session_on_the_way(site: Site) -> None:
    """A browser keeps its Lax cookies out of the first request, and sends them with the redirect that follows."""
    app, browser = site.saml("saml"), site.browser()
    request = authn_request(issuer=app.entity_id, at=instant_now())
    form = {"SAMLRequest": base64.b64encode(request.text.encode()).decode(), "RelayState": "deep"}
    waiting = browser.post(app.sso_path, data=form)
    browser.cookies.update(signed_in(site).cookies)
    document = response_of(browser.follow(waiting), relay_state="deep")
    assert document.get("InResponseTo") == request.id


def test_opened_without_a_request_it_is_answered_unsolicited(site: Site) -> None:
    app, browser = site.saml("saml"), signed_in(site)
    document = response_of(browser.get(app.sso_path))
    assert document.get("InResponseTo") is None
    assert document.get("Destination") == app.acs_url


def test_a_registered_address_may_be_chosen(site: Site) -> None:
    app, browser = site.saml("saml"), signed_in(site)
    for attributes in (
        'AssertionConsumerServiceURL="https://sp.example.com/acs/second"',
        'AssertionConsumerServiceIndex="1"',
    ):
        request = authn_request(issuer=app.entity_id, at=instant_now(), attributes=attributes)
        page = browser.get(app.sso_path, params={"SAMLRequest": deflated(request.text)})
        assert form_of(page).action == "https://sp.example.com/acs/second"
        assert response_of(page).get("Destination") == "https://sp.example.com/acs/second"


def test_a_signed_request(site: Site) -> None:
    app, browser = site.saml("signed"), signed_in(site)
    request = authn_request(issuer=app.entity_id, at=instant_now(), destination=f"{site.base_url}{app.sso_path}")
    query = signed_query(service_provider_key().key, request, "signed & sealed")
    document = response_of(browser.get(f"{app.sso_path}?{query}"), relay_state="signed & sealed")
    assert statuses(document) == ["Success"]


def test_an_application_for_some_alone(site: Site) -> None:
    """Everybody has the applications of these tests; an inactive one answers nobody and says so on a page."""
    response = site.browser().get("/app/app_saml_1/exk00000000000000000/sso/saml")
    assert response.status_code == 404
    assert "location" not in response.headers
    wrong_name = site.saml("saml").sso_path.replace("app_saml_1", "app_other_1")
    assert site.browser().get(wrong_name).status_code == 404
