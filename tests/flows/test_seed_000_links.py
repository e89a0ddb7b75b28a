"""Seed 000: the session redirect link, embed links, and a WS-Federation sign-on that a session token starts."""

import pytest
from tests.http_client import cookies_of, forms_of
from tests.installation import MAIL
from tests.okta_steps import is_signed_in, session_token
from tests.server import Site
from tests.wsfed_messages import answer_of, token_of, verified

LINK = "/login/sessionCookieRedirect"


def session_cookie(response) -> str:  # type: ignore[no-untyped-def]
    """The one cookie that an answer sets: the session's, for the browser's life, out of scripts' reach."""
    (cookie,) = cookies_of(response)
    assert cookie.name == "sid"
    assert cookie.attributes["path"] == "/"
    assert "httponly" in cookie.attributes
    assert not {"max-age", "expires", "domain"} & set(cookie.attributes)
    return str(cookie.value)


def test_retrieving_a_session_cookie_by_visiting_a_session_redirect_link(site: Site) -> None:
    browser = site.browser(accept="*/*")
    response = browser.get(f"{LINK}?token={session_token(site)}&redirectUrl=https%3A%2F%2Fyour-app.example.com")

    assert response.status_code == 302
    assert response.headers["location"] == "https://your-app.example.com"
    assert session_cookie(response)
    assert response.content == b""
    assert is_signed_in(browser) == "ann@example.com"


def test_the_landing_page_of_a_session_redirect_link(site: Site) -> None:
    token = session_token(site)
    response = site.browser().get(f"{LINK}?token={token}&redirectUrl=https%3A%2F%2Fwww.example.com%2Fportal%2Fhome")
    assert response.status_code == 302
    assert response.headers["location"] == "https://www.example.com/portal/home"
    assert session_cookie(response)


def test_the_redirect_uri_has_to_be_a_trusted_origin(site: Site) -> None:
    token = session_token(site)
    browser = site.browser()
    response = browser.get(f"{LINK}?token={token}&redirectUrl=https%3A%2F%2Fwww.example.org%2Fportal")
    assert response.status_code == 400
    assert "location" not in response.headers
    assert not cookies_of(response)
    # It was not spent: what leads elsewhere is refused before the token is looked at.
    assert browser.get(f"{LINK}?token={token}&redirectUrl=https%3A%2F%2Fwww.example.com").status_code == 302


def test_a_session_redirect_link_works_once(site: Site) -> None:
    address = f"{LINK}?token={session_token(site)}&redirectUrl=https%3A%2F%2Fyour-app.example.com"
    first = site.browser()
    assert first.get(address).headers["location"] == "https://your-app.example.com"
    first.get("/login/signout")
    for browser in (first, site.browser()):
        response = browser.get(address)
        assert response.status_code == 302
        assert response.headers["location"].startswith(f"{site.base_url}/login/login.htm?fromURI=")
        assert "sid" not in browser.cookies
    page = first.follow(first.get(address))
    assert "could not be used" in page.text
    person = site.person("ann")
    done = first.submit(page, username=person.login, password=person.password)
    assert done.headers["location"] == "https://your-app.example.com"


def test_a_post_takes_parameters_that_are_too_long_for_an_address(site: Site) -> None:
    browser = site.browser()
    long = "x" * 1500
    form = {"token": session_token(site), "redirectUrl": f"{site.base_url}/app/UserHome", "state": long, "a": "1 & 2"}
    response = browser.post(LINK, data=form)
    assert response.status_code == 303
    assert response.headers["location"] == f"{site.base_url}/app/UserHome?state={long}&a=1%20%26%202"
    assert session_cookie(response)
    assert browser.follow(response).status_code == 200


def test_a_post_to_another_site_carries_no_parameters_there(site: Site) -> None:
    form = {"token": session_token(site), "redirectUrl": "https://www.example.com/portal", "state": "s"}
    response = site.browser().post(LINK, data=form)
    assert (response.status_code, response.headers["location"]) == (303, "https://www.example.com/portal")


@pytest.mark.parametrize("target", ["/app/UserHome", "", "/home?x=1#part"])
def test_the_link_may_lead_to_the_org_itself(site: Site, target: str) -> None:
    params = {"checkAccountSetupComplete": "true", "token": session_token(site), "redirectUrl": target}
    response = site.browser().get(LINK, params=params)
    assert response.headers["location"] == f"{site.base_url}{target or '/app/UserHome'}"


def test_the_session_is_good_for_applications_until_it_is_closed(site: Site) -> None:
    browser = site.browser()
    browser.get(f"{LINK}?token={session_token(site)}&redirectUrl=https%3A%2F%2Fyour-app.example.com")
    other = site.saml("other")
    assert forms_of(browser.get(other.sso_path))[0].action == other.acs_url
    browser.get("/login/signout")
    assert browser.get(other.sso_path).status_code == 302


def test_visit_an_embed_link_with_the_session_token(site: Site) -> None:
    _, by_key = site.linked("suite").links["mail"]
    assert by_key.startswith("/app/google/")
    assert by_key.endswith("/mail")
    browser = site.browser()
    response = browser.get(f"{by_key}?sessionToken={session_token(site)}")

    assert response.status_code == 302
    assert response.headers["location"] == MAIL
    assert session_cookie(response)
    assert is_signed_in(browser) == "ann@example.com"


@pytest.mark.parametrize("app", ["suite", "assigned", "starting"])
@pytest.mark.parametrize("form", [0, 1])
def test_either_form_of_an_embed_link_starts_the_application(site: Site, app: str, form: int) -> None:
    linked = site.linked(app)
    for name, paths in linked.links.items():
        browser = site.browser()
        response = browser.get(paths[form], params={"sessionToken": session_token(site), "fromHome": "true"})
        assert (response.status_code, response.headers["location"]) == (302, linked.starts[name])
        assert session_cookie(response)
        again = browser.get(paths[form])
        assert (again.headers["location"], cookies_of(again)) == (linked.starts[name], [])


def test_an_embed_link_without_a_session_asks_to_sign_in_and_goes_on(site: Site) -> None:
    linked = site.linked("assigned")
    browser = site.browser()
    page = browser.follow(browser.get(linked.links["start"][0]))
    person = site.person("bob")
    done = browser.submit(page, username=person.login, password=person.password)
    assert (done.status_code, done.headers["location"]) == (303, linked.starts["start"])


def test_initiate_a_saml_sso_by_an_embed_link(site: Site) -> None:
    app = site.saml("saml")
    browser = site.browser(accept="*/*")
    query = f"RelayState=%2Fcustom%2Fdeep%2Flink&sessionToken={session_token(site)}"
    response = browser.get(f"{app.link_path}?{query}")
    assert response.status_code == 200
    assert response.headers["content-type"] == "text/html;charset=utf-8"
    assert session_cookie(response)
    (form,) = forms_of(response)
    assert (form.id, form.method, form.action) == ("appForm", "POST", "https://sp.example.com/auth/saml20")
    assert list(form.fields) == ["SAMLResponse", "RelayState"]
    assert form.fields["RelayState"] == "/custom/deep/link"


@pytest.mark.parametrize("parameter", ["sessionToken", "onetimetoken"])
def test_initiate_a_ws_federation_sso_with_the_session_token(site: Site, parameter: str) -> None:
    app = site.wsfed("wsfed")
    assert app.sso_path.startswith("/app/template_wsfed/")
    browser = site.browser(accept="*/*")
    query = (
        "wa=wsignin1.0&wtrealm=https%3A%2F%2Fexample.com%2FApp%2F"
        f"&wctx=rm%3D0%26id%3Dpassive%26ru%3D%2FApp%2FHome%2FAbout&{parameter}={session_token(site)}"
    )
    response = browser.get(f"{app.sso_path}?{query}")

    assert response.headers["content-type"] == "text/html;charset=utf-8"
    assert session_cookie(response)
    form = answer_of(response, app, context="rm=0&id=passive&ru=/App/Home/About")
    assert list(form.fields) == ["wa", "wresult", "wctx"]
    assertion = verified(site, form)
    assert assertion.findtext(".//{*}NameID") == "ann@example.com"
    assert assertion.findtext(".//{*}Audience") == "https://example.com/App/"
    assert assertion.findtext("./{*}Issuer") == f"{site.base_url}/{app.external_key}"
    assert token_of(form).findtext(".//{http://www.w3.org/2005/08/addressing}Address") == "https://example.com/App/"
    assert is_signed_in(browser) == "ann@example.com"


def test_a_relying_party_of_saml_11(site: Site) -> None:
    app = site.wsfed("wsfed11")
    params = {"wa": "wsignin1.0", "wtrealm": app.realm, "sessionToken": session_token(site)}
    form = answer_of(site.browser().get(app.sso_path, params=params), app)
    assertion = verified(site, form, saml11=True)
    assert {node.text for node in assertion.iter("{*}NameIdentifier")} == {"ann@example.com"}
    assert token_of(form).findtext("{*}TokenType") == "urn:oasis:names:tc:SAML:1.0:assertion"


def test_the_shared_address_finds_the_application_by_its_key(site: Site) -> None:
    app = site.wsfed("wsfed")
    path = "/app/template_wsfed/sso/wsfed/passive"
    own = {"wa": "wsignin1.0", "wtrealm": f"urn:okta:app:{app.external_key}", "sessionToken": session_token(site)}
    form = answer_of(site.browser().get(path, params=own), app)
    assert verified(site, form).findtext(".//{*}NameID") == "ann@example.com"


def test_a_link_starts_a_relying_party_unsolicited(site: Site) -> None:
    app = site.wsfed("wsfed")
    browser = site.browser()
    response = browser.get(app.link_path, params={"sessionToken": session_token(site), "wctx": "deep"})
    assert verified(site, answer_of(response, app, context="deep")).findtext(".//{*}NameID") == "ann@example.com"
