"""SAML and WS-Federation applications opened in the Auth0 dialect: by a session, and by a session transfer token."""

import base64
import time

import pyotp
import pytest
from lxml import etree
from tests.auth0_steps import HOST, Tenant, at_login, authorize, code_in, exchange, signs_in, transfer_token
from tests.flows.test_seed_003_native_to_web import failed_checks
from tests.hand_over import enroll_totp
from tests.http_client import Browser, form_of, forms_of
from tests.installation import Installation, Person
from tests.saml_messages import MD, SAML, authn_request, deflated, instant_now, response_of
from tests.saml_messages import verified as verified_saml
from tests.wsfed_messages import answer_of, token_of
from tests.wsfed_messages import asks as asks_wsfed
from tests.wsfed_messages import verified as verified_wsfed

from segue.core.requirement import Requirement

CARRIERS = pytest.mark.parametrize("carrier", ["query", "cookie", "cookie of the seed"])


def presented(browser: Browser, token: str, carrier: str) -> dict[str, str]:
    """What the query carries of a token that is sent in this way."""
    if carrier == "query":
        return {"session_transfer_token": token}
    name = "auth0_session_transfer_token" if carrier == "cookie" else "session_transfer_token"
    browser.cookies[name] = token
    return {}


def name_of(document: etree._Element) -> str:
    (name_id,) = document.iter(f"{{{SAML}}}NameID")
    return name_id.text or ""


def test_metadata_names_the_tenant_and_the_address(tenant: Tenant) -> None:
    app = tenant.service_provider
    metadata = etree.fromstring(tenant.browser().get(app.metadata_path).content)
    assert metadata.get("entityID") == f"urn:{HOST}"
    addresses = {node.get("Location") for node in metadata.iter(f"{{{MD}}}SingleSignOnService")}
    assert addresses == {f"https://{HOST}{app.sso_path}"}


@CARRIERS
def test_seed_003_saml_by_a_session_transfer_token(tenant: Tenant, carrier: str) -> None:
    app, browser, token = tenant.service_provider, tenant.browser(), transfer_token(tenant)
    query = presented(browser, token, carrier)
    page = browser.get(app.sso_path.replace("/samlp/", "/samlp//"), params=query)
    document = verified_saml(tenant, app, etree.tostring(response_of(page)))  # type: ignore[arg-type]
    assert name_of(document) == "ann@example.com"
    assert document.findtext(f"{{{SAML}}}Issuer") == f"urn:{HOST}"
    assert form_of(page).action == app.acs_url
    assert not {"auth0_session_transfer_token", "session_transfer_token"} & set(browser.cookies)
    assert code_in(authorize(browser, tenant.clients["web"], prompt="none"))
    again = tenant.browser()
    response = again.get(app.sso_path, params={"session_transfer_token": token})
    assert at_login(again, response)
    assert "unspent" in failed_checks(tenant)


@pytest.mark.parametrize("binding", ["HTTP-Redirect", "HTTP-POST"])
def test_a_saml_request_with_a_token_is_answered_to_the_request(tenant: Tenant, binding: str) -> None:
    app, browser = tenant.service_provider, tenant.browser()
    request = authn_request(issuer=app.entity_id, at=instant_now(), destination=f"https://{HOST}{app.sso_path}")
    token = {"session_transfer_token": transfer_token(tenant)}
    if binding == "HTTP-Redirect":
        page = browser.get(app.sso_path, params={"SAMLRequest": deflated(request.text), "RelayState": "r", **token})
    else:
        form = {"SAMLRequest": base64.b64encode(request.text.encode()).decode(), "RelayState": "r"}
        page = browser.post(app.sso_path, params=token, data=form)
    document = response_of(page, relay_state="r")
    assert document.get("InResponseTo") == request.id
    assert name_of(verified_saml(tenant, app, etree.tostring(document))) == "ann@example.com"  # type: ignore[arg-type]


@CARRIERS
def test_wsfed_by_a_session_transfer_token(tenant: Tenant, carrier: str) -> None:
    app, browser = tenant.relying_party, tenant.browser()
    query = presented(browser, transfer_token(tenant), carrier)
    page = browser.get(app.sso_path, params={**asks_wsfed(app, wctx="c"), **query})
    form = answer_of(page, app, context="c")
    assertion = verified_wsfed(tenant, form)  # type: ignore[arg-type]
    assert name_of(token_of(form)) == "ann@example.com"
    assert assertion.findtext(f"{{{SAML}}}Issuer") == f"urn:{HOST}"
    assert not {"auth0_session_transfer_token", "session_transfer_token"} & set(browser.cookies)


def test_wsfed_finds_its_application_by_the_realm_of_its_client_id(tenant: Tenant) -> None:
    app, browser = tenant.relying_party, tenant.browser()
    asked = asks_wsfed(app, wtrealm=f"urn:{app.external_key}")
    page = browser.get("/wsfed", params={**asked, "session_transfer_token": transfer_token(tenant)})
    assert answer_of(page, app)
    assert browser.get("/wsfed", params={**asked, "wtrealm": "urn:nobody"}).status_code == 404


def test_the_sign_in_page_and_a_session_open_both(tenant: Tenant) -> None:
    browser, ann = tenant.browser(), tenant.people["ann"]
    page = signs_in(browser, browser.get(tenant.service_provider.sso_path), ann)
    assert name_of(response_of(page)) == "ann@example.com"
    assert answer_of(browser.get(tenant.relying_party.link_path), tenant.relying_party)
    assert response_of(browser.get(tenant.service_provider.link_path)) is not None


def test_seed_003_authorize_with_the_sign_in_address_as_redirect_uri(tenant: Tenant) -> None:
    for app in (tenant.service_provider, tenant.relying_party):
        browser, client_id = tenant.browser(), app.sso_path.rpartition("/")[2]
        asked = {
            "client_id": client_id,
            "redirect_uri": f"https://{HOST}{app.sso_path}",
            "response_type": "code",
            "session_transfer_token": transfer_token(tenant),
        }
        form = form_of(browser.get("/authorize", params=asked))
        assert {"SAMLResponse", "wresult"} & set(form.fields)
        elsewhere = browser.get("/authorize", params={**asked, "client_id": tenant.clients["web"].client_id})
        assert elsewhere.status_code == 400
        foreign = browser.get("/authorize", params={**asked, "redirect_uri": f"https://evil.example.com{app.sso_path}"})
        assert foreign.status_code == 400


def test_ST_06_another_users_session_ends_before_saml_is_answered(tenant: Tenant) -> None:
    app, browser = tenant.service_provider, tenant.browser()
    signs_in(browser, browser.get(app.sso_path), tenant.people["bob"])
    response = browser.get(app.sso_path, params={"session_transfer_token": transfer_token(tenant)})
    assert at_login(browser, response)
    assert "auth0" not in browser.cookies
    assert name_of(response_of(signs_in(browser, response, tenant.people["bob"]))) == "bob@example.com"


def test_ST_02_saml_and_wsfed_bind_the_device_too(tenant: Tenant) -> None:
    for app, asked in ((tenant.service_provider, {}), (tenant.relying_party, asks_wsfed(tenant.relying_party))):
        with tenant.browser_from("127.0.0.2") as browser:
            token = transfer_token(tenant)
            response = browser.get(app.sso_path, params={**asked, "session_transfer_token": token})
            assert at_login(browser, response)
            assert failed_checks(tenant) == {"device_binding"}


def test_ST_09_revoking_the_refresh_token_ends_the_session_that_saml_opened(tenant: Tenant) -> None:
    app, browser = tenant.service_provider, tenant.browser()
    answer = exchange(tenant, tenant.by_password()["refresh_token"]).json()
    assert response_of(browser.get(app.sso_path, params={"session_transfer_token": answer["access_token"]})) is not None
    tenant.post("/oauth/revoke", {"client_id": "acme-native", "token": answer["refresh_token"]})
    assert at_login(browser, browser.get(app.sso_path))


def test_an_address_of_no_application_is_not_there(tenant: Tenant) -> None:
    browser, web = tenant.browser(), tenant.clients["web"]
    for path in ("/samlp/nobody", f"/samlp/{web.client_id}", "/wsfed/nobody", "/samlp/metadata/nobody"):
        assert browser.get(path).status_code == 404, path


def test_a_second_factor_is_asked_for_after_the_hand_over_and_the_lineage_stays(tenant: Tenant) -> None:
    """Native application, then a SAML application that wants a one-time code as well (ST-06, OT-17)."""

    async def enrol(installation: Installation) -> tuple[Person, str]:
        person = await installation.add_person("cara@example.com", exempt=True)
        return person, await enroll_totp(installation, person)

    async def demand(installation: Installation, factors: int) -> None:
        requirement = Requirement(factors=factors)
        await installation.change_application(tenant.service_provider.app_id, requirement=requirement)

    person, secret = tenant.inside(enrol)
    asked = {"username": person.login, "password": person.password, "scope": "openid offline_access"}
    first = tenant.token("native", grant_type="password", **asked).json()["refresh_token"]
    answer, app, browser = exchange(tenant, first).json(), tenant.service_provider, tenant.browser()
    tenant.inside(lambda installation: demand(installation, 2))
    try:
        time.sleep(1.1)  # a process may go on with the settings of a second ago
        page = browser.get(app.sso_path, params={"session_transfer_token": answer["access_token"]})
        assert at_login(browser, page)
        form = forms_of(page := browser.follow(page))[0]
        assert "password" not in form.fields
        address, fields = form.action or str(page.request.url), {**form.fields, "passcode": pyotp.TOTP(secret).now()}
        assert name_of(response_of(browser.follow(browser.post(address, data=fields)))) == "cara@example.com"
        tenant.post("/oauth/revoke", {"client_id": "acme-native", "token": answer["refresh_token"]})
        assert at_login(browser, browser.get(app.sso_path))
    finally:
        tenant.inside(lambda installation: demand(installation, 1))
