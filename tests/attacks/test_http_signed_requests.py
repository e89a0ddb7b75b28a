"""Signed requests of service providers over HTTP: where they are required, and where they are merely accepted (SA-06,
SA-07, SA-08, SA-09)."""

import base64
import re
from urllib.parse import quote_plus

import httpx
import pytest
from lxml import etree
from tests.http_client import form_of
from tests.installation import SamlApp, service_provider_key
from tests.okta_steps import cookie_token, is_signed_in, session_token, signed_in
from tests.saml_messages import (
    AuthnRequest,
    authn_request,
    deflated,
    instant_now,
    response_of,
    signed_query,
    statuses,
)
from tests.server import Site
from tests.unit.protocols.saml.messages import KeyPair, rsa_pair, signed

APPS = pytest.mark.parametrize("name", ["signed", "accepting"])
BINDINGS = pytest.mark.parametrize("binding", ["redirect", "post"])


def own_key() -> KeyPair:
    """The key that both service providers registered."""
    known = service_provider_key()
    return KeyPair(known.key, known.certificate)


def request_for(site: Site, app: SamlApp, **changes: str) -> AuthnRequest:
    return authn_request(
        issuer=app.entity_id, at=instant_now(), destination=f"{site.base_url}{app.sso_path}", **changes
    )


def send(
    site: Site, app: SamlApp, binding: str, key: KeyPair | None, *, token: str = "", relay_state: str = "deep"
) -> httpx.Response:
    """A request signed by ``key``, or by nobody, from a browser of somebody signed in or of one who has a ticket."""
    browser = site.browser() if token else signed_in(site)
    made = request_for(site, app)
    more = f"onetimetoken={token}" if token else ""
    if binding == "redirect":
        if key is None:
            query = f"SAMLRequest={quote_plus(deflated(made.text))}&RelayState={relay_state}"
        else:
            query = signed_query(key.private_key, made, relay_state)  # type: ignore[arg-type]
        return browser.get(f"{app.sso_path}?{query}{'&' if more else ''}{more}")
    document = made.text.encode() if key is None else etree.tostring(signed(made.text, key))
    form = {"SAMLRequest": base64.b64encode(document).decode(), "RelayState": relay_state}
    return browser.post(f"{app.sso_path}{'?' if more else ''}{more}", data=form)


def answered(response: httpx.Response) -> bool:
    if "SAMLResponse" not in response.text:
        assert response.status_code == 400
        assert "sid=" not in str(response.headers.get_list("set-cookie"))
        return False
    return statuses(response_of(response, relay_state="deep")) == ["Success"]


@APPS
@BINDINGS
def test_a_request_with_the_registered_signature_is_answered(site: Site, name: str, binding: str) -> None:
    assert answered(send(site, site.saml(name), binding, own_key()))


@APPS
@BINDINGS
def test_and_a_ticket_may_come_along(site: Site, name: str, binding: str) -> None:
    """The ticket stands outside of what is signed."""
    response = send(site, site.saml(name), binding, own_key(), token=cookie_token(site))
    assert answered(response)
    assert response_of(response, relay_state="deep").findtext(".//{*}NameID") == "ann@example.com"


@BINDINGS
def test_SA_06_a_signature_is_left_out(site: Site, binding: str) -> None:
    assert not answered(send(site, site.saml("signed"), binding, None))
    assert answered(send(site, site.saml("accepting"), binding, None))


@APPS
@BINDINGS
def test_SA_09_the_key_of_somebody_else(site: Site, name: str, binding: str) -> None:
    """A signature that is there has to hold also where none is asked for, whatever the message says about keys."""
    token = session_token(site)
    assert not answered(send(site, site.saml(name), binding, rsa_pair("evil"), token=token))
    browser = site.browser()
    browser.get("/login/sessionCookieRedirect", params={"token": token, "redirectUrl": "/"})
    assert is_signed_in(browser), "a request that is refused spends no ticket"


@BINDINGS
def test_SA_09_the_signature_of_a_provider_without_a_certificate_counts_for_nothing(site: Site, binding: str) -> None:
    """It is answered like a request without one: to the registered address, whoever made it."""
    app = site.saml("other")
    response = send(site, app, binding, rsa_pair("evil"))
    assert answered(response)
    assert form_of(response).action == app.acs_url


@APPS
def test_SA_08_a_posted_request_that_was_changed_after_it_was_signed(site: Site, name: str) -> None:
    app, browser = site.saml(name), signed_in(site)
    good = etree.tostring(signed(request_for(site, app).text, own_key())).decode()
    evil = request_for(site, app).text
    changes = {
        "an attribute more": good.replace('Version="2.0"', 'Version="2.0" ForceAuthn="false"', 1),
        "another moment": re.sub(r'IssueInstant="[^"]+"', f'IssueInstant="{instant_now(ago_s=60)}"', good, count=1),
        "another id": re.sub(r' ID="_\w+"', ' ID="_0123456789abcdef0123456789abcdef"', good, count=1),
        "no value": re.sub(r"<ds:SignatureValue>[^<]+", "<ds:SignatureValue>", good),
        "another digest": re.sub(r"<ds:DigestValue>[^<]+", f"<ds:DigestValue>{'A' * 43}=", good),
        "a wrapper": evil.replace(
            "</samlp:AuthnRequest>", f"<samlp:Extensions>{good}</samlp:Extensions></samlp:AuthnRequest>"
        ),
        "two signatures": good.replace("</ds:Signature>", "</ds:Signature>" + _signature(good), 1),
        "sha-1": etree.tostring(
            signed(request_for(site, app).text, own_key(), algorithm="http://www.w3.org/2000/09/xmldsig#rsa-sha1")
        ).decode(),
    }
    for what, text in changes.items():
        form = {"SAMLRequest": base64.b64encode(text.encode()).decode(), "RelayState": "deep"}
        assert not answered(browser.post(app.sso_path, data=form)), what
    form = {"SAMLRequest": base64.b64encode(good.encode()).decode(), "RelayState": "deep"}
    assert answered(browser.post(app.sso_path, data=form))


def _signature(text: str) -> str:
    found = re.search(r"<ds:Signature.*?</ds:Signature>", text, re.DOTALL)
    assert found is not None
    return found[0]


@APPS
def test_SA_07_a_signed_query_with_something_more_or_less(site: Site, name: str) -> None:
    app, browser = site.saml(name), signed_in(site)
    key = service_provider_key().key
    other = quote_plus(deflated(request_for(site, app).text))

    def query() -> str:
        return signed_query(key, request_for(site, app), "deep")

    spoilt = {
        "another request after": f"{query()}&SAMLRequest={other}",
        "another relay state": query().replace("RelayState=deep", "RelayState=evil"),
        "two relay states": f"{query()}&RelayState=evil",
        "no algorithm": re.sub(r"&SigAlg=[^&]+", "", query()),
        "a name in disguise": f"{query()}&%53AMLRequest={other}",
        "a response too": f"{query()}&SAMLResponse={other}",
    }
    for what, text in spoilt.items():
        response = browser.get(f"{app.sso_path}?{text}")
        assert response.status_code == 400, what
        assert "SAMLResponse" not in response.text, what
    assert answered(browser.get(f"{app.sso_path}?{query()}"))
