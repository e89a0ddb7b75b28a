"""Seed 000: a SAML sign-on that a session token starts."""

import base64

import pytest
from lxml import etree
from tests.http_client import cookies_of, form_of
from tests.okta_steps import is_signed_in, session_token
from tests.saml_messages import authn_request, deflated, instant_now, response_of, verified
from tests.server import Site


def test_initiate_a_saml_sso_with_the_session_token(site: Site) -> None:
    app = site.saml("saml")
    browser = site.browser()
    response = browser.get(f"{app.sso_path}?RelayState=%2Fcustom%2Fdeep%2Flink&sessionToken={session_token(site)}")

    assert response.status_code == 200
    assert response.headers["content-type"] == "text/html;charset=utf-8"
    (cookie,) = cookies_of(response)
    assert cookie.name == "sid"
    assert cookie.attributes["path"] == "/"
    form = form_of(response)
    assert (form.id, form.method, form.action) == ("appForm", "POST", "https://sp.example.com/auth/saml20")
    assert list(form.fields) == ["SAMLResponse", "RelayState"]
    assert form.fields["RelayState"] == "/custom/deep/link"
    document = verified(site, app, base64.b64decode(form.fields["SAMLResponse"]))
    assert document.get("InResponseTo") is None
    assert document.get("Destination") == app.acs_url
    name_ids = document.findall(".//{urn:oasis:names:tc:SAML:2.0:assertion}NameID")
    assert [name_id.text for name_id in name_ids] == ["ann@example.com"]
    assert is_signed_in(browser) == "ann@example.com"


@pytest.mark.parametrize("parameter", ["sessionToken", "onetimetoken"])
@pytest.mark.parametrize("binding", ["HTTP-Redirect", "HTTP-POST"])
def test_either_binding_with_the_token_as_a_query_parameter(site: Site, binding: str, parameter: str) -> None:
    app = site.saml("saml")
    request = authn_request(issuer=app.entity_id, at=instant_now(), destination=f"{site.base_url}{app.sso_path}")
    browser = site.browser()
    token = {parameter: session_token(site)}
    if binding == "HTTP-Redirect":
        response = browser.get(app.sso_path, params={"SAMLRequest": deflated(request.text), "RelayState": "r", **token})
    else:
        form = {"SAMLRequest": base64.b64encode(request.text.encode()).decode(), "RelayState": "r"}
        response = browser.post(app.sso_path, params=token, data=form)
    document = response_of(response, relay_state="r")
    assert document.get("InResponseTo") == request.id
    assert verified(site, app, etree.tostring(document)) is not None
    assert is_signed_in(browser) == "ann@example.com"


def test_the_user_can_sign_on_to_additional_applications_until_the_session_ends(site: Site) -> None:
    browser = site.browser()
    browser.get(f"{site.saml('saml').sso_path}?sessionToken={session_token(site)}")
    other = site.saml("other")
    assert form_of(browser.get(other.sso_path)).action == other.acs_url
    browser.get("/login/signout")
    page = browser.follow(browser.get(other.sso_path))
    assert "password" in form_of(page).fields


def test_a_session_token_that_was_used_leads_to_the_sign_in_page(site: Site) -> None:
    app, token = site.saml("saml"), session_token(site)
    site.browser().get(f"{app.sso_path}?sessionToken={token}")
    browser = site.browser()
    page = browser.follow(browser.get(f"{app.sso_path}?RelayState=deep&sessionToken={token}"))
    assert "could not be used" in page.text
    assert "sid" not in browser.cookies
    person = site.person("bob")
    done = browser.submit(page, username=person.login, password=person.password)
    assert response_of(done, relay_state="deep").findtext(".//{*}NameID") == "bob@example.com"
