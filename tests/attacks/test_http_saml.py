"""SAML sign-on attacked over HTTP: what a request may ask, and what a Response and its page may hold (SA)."""

import base64
import re
import string
from collections.abc import Callable
from urllib.parse import quote_plus, urlencode

import httpx
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from lxml import etree, html
from tests.attacks.hostile_markup import XSS, dangerous
from tests.http_client import Browser, form_of, policy_of, text_of
from tests.installation import Installation, SamlApp, service_provider_key
from tests.okta_steps import is_signed_in, session_token, sign_in_by_page, signed_in
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
from tests.server import Server, Site

from segue.admin import applications
from segue.core.application import SamlServiceProvider
from segue.core.refusal import Refusal


def send(
    browser: Browser, app: SamlApp, *, binding: str = "redirect", relay_state: str = "", **request: str
) -> httpx.Response:
    """An AuthnRequest of ``app``; what is named in ``request`` replaces what it should say."""
    wanted = {"issuer": app.entity_id, "at": instant_now(), **request}
    made = authn_request(**wanted)
    more = {"RelayState": relay_state} if relay_state else {}
    if binding == "post":
        return browser.post(app.sso_path, data={"SAMLRequest": base64.b64encode(made.text.encode()).decode(), **more})
    return browser.get(app.sso_path, params={"SAMLRequest": deflated(made.text), **more})


def assert_refused(response: httpx.Response) -> None:
    """A page of ours: no Response, no redirect, no cookie."""
    assert response.status_code == 400
    assert "SAMLResponse" not in response.text
    assert "location" not in response.headers
    assert "set-cookie" not in response.headers
    assert text_of(response, "event-id").startswith("evt")


BINDINGS = pytest.mark.parametrize("binding", ["redirect", "post"])


# --- SA-03: where the answer goes ---


@BINDINGS
@pytest.mark.parametrize(
    "attributes",
    [
        'AssertionConsumerServiceURL="https://evil.example/acs"',
        'AssertionConsumerServiceURL="https://sp.example.com/auth/saml20/"',
        'AssertionConsumerServiceURL="https://sp.example.com/auth/saml20?x=1"',
        'AssertionConsumerServiceURL="https://SP.example.com/auth/saml20"',
        'AssertionConsumerServiceURL="http://sp.example.com/auth/saml20"',
        'AssertionConsumerServiceURL="https://sp.example.com/auth/../auth/saml20"',
        'AssertionConsumerServiceURL="https://sp.example.com/other/acs"',
        'AssertionConsumerServiceURL=""',
        'AssertionConsumerServiceURL="javascript:alert(1)"',
        'AssertionConsumerServiceIndex="2"',
        'AssertionConsumerServiceIndex="65535"',
        'AssertionConsumerServiceIndex="-1"',
        'AssertionConsumerServiceIndex="65536"',
        'AssertionConsumerServiceIndex="x"',
        'AssertionConsumerServiceIndex="0" AssertionConsumerServiceURL="https://sp.example.com/auth/saml20"',
        'ProtocolBinding="urn:oasis:names:tc:SAML:2.0:bindings:HTTP-Redirect"',
        'ProtocolBinding="urn:oasis:names:tc:SAML:2.0:bindings:HTTP-Artifact"',
        'ProtocolBinding="urn:oasis:names:tc:SAML:2.0:bindings:PAOS"',
    ],
)
def test_SA_03_no_answer_to_an_address_that_is_not_registered(site: Site, binding: str, attributes: str) -> None:
    app, token = site.saml("saml"), session_token(site)
    for browser in (signed_in(site), site.browser()):
        cookie = browser.cookies.get("sid")
        assert_refused(send(browser, app, binding=binding, attributes=attributes))
        assert browser.cookies.get("sid") == cookie
    # A request that is refused leaves a token that came along unspent.
    made = authn_request(issuer=app.entity_id, at=instant_now(), attributes=attributes)
    query = {"SAMLRequest": deflated(made.text), "sessionToken": token}
    assert_refused(site.browser().get(app.sso_path, params=query))
    assert statuses(response_of(site.browser().get(app.sso_path, params={"sessionToken": token}))) == ["Success"]


@pytest.mark.parametrize(
    "acs", ["javascript:alert(1)", "data:text/html,x", "http://sp.example.com/acs", "//x", "https://a b/"]
)
def test_SA_03_and_none_such_is_registered(server: Server, acs: str) -> None:
    async def register(org: Installation) -> None:
        provider = SamlServiceProvider(f"urn:{acs[:4]}", (acs,))
        traits = applications.Traits("x", home_authority=org.domain.authority)
        await applications.create_saml(org.segue.store, traits, provider, org.change)

    with pytest.raises(Refusal, match="acs_urls"):
        server.inside(register)


# --- SA-04: whose request it is ---


@BINDINGS
def test_SA_04_a_request_belongs_to_the_application_of_its_address(site: Site, binding: str) -> None:
    browser = signed_in(site)
    apps = [site.saml("saml"), site.saml("other")]
    for app in apps:
        for issuer in (
            *(other.entity_id for other in apps if other is not app),
            "https://sp.example.com/stranger",
            app.entity_id.upper(),
            f"{app.entity_id}/",
            f"{app.entity_id}<!-- -->.evil.example",
            f"<!-- x -->{app.entity_id}",
            f" {app.entity_id}",
            "",
        ):
            assert_refused(send(browser, app, binding=binding, issuer=issuer))
        assert statuses(response_of(send(browser, app, binding=binding))) == ["Success"]


def test_SA_04_an_application_of_the_twin_is_not_here(site: Site, twin: Site) -> None:
    assert site.browser().get(twin.saml("saml").sso_path).status_code == 404
    assert site.browser().get(twin.saml("saml").metadata_path).status_code == 404


# --- SA-05: where the request was sent ---


@BINDINGS
def test_SA_05_a_destination_is_ours_or_absent(site: Site, twin: Site, binding: str) -> None:
    app, browser = site.saml("saml"), signed_in(site)
    own = f"{site.base_url}{app.sso_path}"
    for destination in (
        f"{twin.base_url}{app.sso_path}",
        f"{site.base_url}{site.saml('other').sso_path}",
        "https://idp.example/sso",
        f"{own}/",
        f"{own}?x=1",
        own.replace("localhost", "LOCALHOST"),
        own.replace("http://", "https://"),
        "",
    ):
        assert_refused(send(browser, app, binding=binding, destination=destination))
    assert statuses(response_of(send(browser, app, binding=binding, destination=own))) == ["Success"]
    assert statuses(response_of(send(browser, app, binding=binding))) == ["Success"]


def test_SA_05_a_signed_request_names_its_destination(site: Site) -> None:
    app, browser = site.saml("signed"), signed_in(site)
    key, own = service_provider_key().key, f"{site.base_url}{app.sso_path}"
    for destination, good in ((own, True), (None, False), (f"{own}/", False)):
        made = authn_request(issuer=app.entity_id, at=instant_now(), destination=destination)
        response = browser.get(f"{app.sso_path}?{signed_query(key, made)}")
        if good:
            assert statuses(response_of(response)) == ["Success"]
        else:
            assert_refused(response)


@BINDINGS
def test_SA_06_a_signature_that_was_agreed_on_cannot_be_left_out(site: Site, binding: str) -> None:
    app, browser = site.saml("signed"), signed_in(site)
    assert_refused(send(browser, app, binding=binding, destination=f"{site.base_url}{app.sso_path}"))


def test_SA_07_a_signed_query_counts_as_it_stands(site: Site) -> None:
    app, browser = site.saml("signed"), signed_in(site)
    key, own = service_provider_key().key, f"{site.base_url}{app.sso_path}"

    def query() -> str:
        return signed_query(key, authn_request(issuer=app.entity_id, at=instant_now(), destination=own), "deep")

    other = quote_plus(deflated(authn_request(issuer=app.entity_id, at=instant_now(), destination=own).text))
    spoilers: dict[str, Callable[[str], str]] = {
        "another request before": lambda text: f"SAMLRequest={other}&{text}",
        "another request after": lambda text: f"{text}&SAMLRequest={other}",
        "another request instead": lambda text: re.sub(r"SAMLRequest=[^&]+", lambda _: f"SAMLRequest={other}", text),
        "another relay state": lambda text: text.replace("RelayState=deep", "RelayState=evil"),
        "two relay states": lambda text: f"{text}&RelayState=evil",
        "no relay state": lambda text: text.replace("RelayState=deep&", ""),
        "no algorithm": lambda text: re.sub(r"&SigAlg=[^&]+", "", text),
        "no signature": lambda text: re.sub(r"&Signature=[^&]+", "", text),
        "another algorithm": lambda text: text.replace("rsa-sha256", "rsa-sha1"),
        "two signatures": lambda text: f"{text}&Signature=AAAA",
        "a name in disguise": lambda text: f"{text}&%53AMLRequest={other}",
        "a response": lambda text: f"{text}&SAMLResponse={other}",
    }
    assert statuses(response_of(browser.get(f"{app.sso_path}?{query()}"), relay_state="deep")) == ["Success"]
    for name, spoil in spoilers.items():
        response = browser.get(f"{app.sso_path}?{spoil(query())}")
        assert "SAMLResponse" not in response.text, name
        assert_refused(response)


# --- SA-11: once, and soon ---


@BINDINGS
def test_SA_11_a_request_is_answered_once(site: Site, binding: str) -> None:
    app, browser = site.saml("saml"), signed_in(site)
    ident = f"_{binding}0123456789abcdef"
    assert statuses(response_of(send(browser, app, binding=binding, id=ident))) == ["Success"]
    for again in (browser, signed_in(site, "bob")):
        response = send(again, app, binding=binding, id=ident)
        assert response.status_code == 400
        assert "SAMLResponse" not in response.text
    # The id of one service provider's request says nothing about another's.
    assert statuses(response_of(send(browser, site.saml("other"), binding=binding, id=ident))) == ["Success"]


@BINDINGS
def test_SA_11_a_request_is_neither_old_nor_from_the_future(site: Site, binding: str) -> None:
    app, browser = site.saml("saml"), signed_in(site)
    for seconds, good in ((0, True), (500, True), (-150, True), (700, False), (-240, False), (86_400, False)):
        response = send(browser, app, binding=binding, at=instant_now(ago_s=seconds))
        assert ("SAMLResponse" in response.text) == good, seconds
    for text in ("", "yesterday", "2026-13-45T00:00:00Z", "2026-01-01", "1e9"):
        assert_refused(send(browser, app, binding=binding, at=text))


def test_SA_11_a_waiting_request_is_still_answered_once(site: Site) -> None:
    app, browser, ident = site.saml("saml"), site.browser(), "_waiting0123456789abcdef"
    waiting = [send(browser, app, id=ident) for _ in range(2)]
    person = site.person("ann")
    assert statuses(response_of(sign_in_by_page(browser, waiting[0], person))) == ["Success"]
    second = browser.follow(waiting[1])
    assert "SAMLResponse" not in second.text


# --- SA-12: what the request asks of the sign-in ---


def test_SA_12_force_authn_wants_the_password_again(site: Site) -> None:
    app = site.saml("saml")
    browser = signed_in(site)
    page = browser.follow(send(browser, app, attributes='ForceAuthn="true"', relay_state="r"))
    assert "password" in form_of(page).fields
    done = browser.submit(page, password=site.person("ann").password)
    assert statuses(response_of(done, relay_state="r")) == ["Success"]
    # A token carries a sign-in from before the request: it is no fresh one.
    for value in ("true", "1"):
        made = authn_request(issuer=app.entity_id, at=instant_now(), attributes=f'ForceAuthn="{value}"')
        query = {"SAMLRequest": deflated(made.text), "sessionToken": session_token(site)}
        fresh = site.browser()
        assert "password" in form_of(fresh.follow(fresh.get(app.sso_path, params=query))).fields


def test_SA_12_is_passive_shows_no_page(site: Site) -> None:
    app = site.saml("saml")
    nobody = response_of(send(site.browser(), app, attributes='IsPassive="true"', relay_state="r"), relay_state="r")
    assert statuses(nobody) == ["Responder", "NoPassive"]
    assert not list(nobody.iter(f"{{{SAML}}}Assertion"))
    somebody = response_of(send(signed_in(site), app, attributes='IsPassive="true"'))
    assert statuses(somebody) == ["Success"]
    both = response_of(send(signed_in(site), app, attributes='IsPassive="true" ForceAuthn="true"'))
    assert statuses(both) == ["Responder", "NoPassive"]
    assert not list(both.iter(f"{{{SAML}}}Assertion"))


CONTEXT = (
    '<samlp:RequestedAuthnContext Comparison="{}">'
    "<saml:AuthnContextClassRef>{}</saml:AuthnContextClassRef></samlp:RequestedAuthnContext>"
)
CLASSES = "urn:oasis:names:tc:SAML:2.0:ac:classes:"


@pytest.mark.parametrize(
    ("comparison", "wanted", "met"),
    [
        ("exact", f"{CLASSES}PasswordProtectedTransport", True),
        ("minimum", f"{CLASSES}Password", True),
        ("exact", f"{CLASSES}X509", False),
        ("exact", f"{CLASSES}TimeSyncToken", False),
        ("better", f"{CLASSES}PasswordProtectedTransport", False),
        ("exact", "https://refeds.org/profile/mfa", False),
    ],
)
def test_SA_12_a_context_that_was_not_met_is_not_claimed(site: Site, comparison: str, wanted: str, met: bool) -> None:
    app, body = site.saml("saml"), CONTEXT.format(comparison, wanted)
    passive = response_of(send(signed_in(site), app, attributes='IsPassive="true"', body=body))
    assert statuses(passive) == (["Success"] if met else ["Responder", "NoAuthnContext"])
    response = send(signed_in(site), app, body=body)
    assert ("SAMLResponse" in response.text) == met


@pytest.mark.parametrize("attributes", ['ForceAuthn="yes"', 'IsPassive="TRUE"', 'ForceAuthn=""'])
def test_SA_12_a_wish_that_cannot_be_read_is_not_ignored(site: Site, attributes: str) -> None:
    assert_refused(send(signed_in(site), site.saml("saml"), attributes=attributes))


# --- SA-13, SA-14: what comes out ---

PROFILES = [
    {"firstName": "<saml:Attribute Name='role'>", "lastName": "</saml:Assertion>"},
    {"firstName": "]]><evil/>", "lastName": "<![CDATA[x"},
    {"firstName": "&lt;b&gt; &amp; &#60;", "lastName": "&xxe;"},
    {"firstName": "<!-- x -->", "lastName": "a<!-- -->b"},
    {"firstName": "<?php x ?>", "lastName": "{{7*7}}"},
    {"firstName": '" Name="role', "lastName": "' x='"},
    {"firstName": "a b", "lastName": "émile 龍 𝔘"},
    {"firstName": "x" * 1000, "lastName": "-"},
]


def test_SA_13_a_profile_stays_text_in_an_assertion(server: Server, site: Site) -> None:
    app = site.saml("saml")
    person = server.inside(lambda org: org.add_person("sa13@example.com"))
    browser = signed_in(site, person)
    for profile in PROFILES:
        wanted = {"email": "sa13@example.com", **profile}
        server.inside(lambda org, wanted=wanted: org.set_profile(person.id, wanted))  # type: ignore[misc]
        document = verified(site, app, etree.tostring(response_of(browser.get(app.sso_path))))
        assert len(list(document.iter(f"{{{SAML}}}Assertion"))) == 1
        told = {node.get("Name"): node.findtext("{*}AttributeValue") for node in document.iter(f"{{{SAML}}}Attribute")}
        assert told == {"email": "sa13@example.com", "first": profile["firstName"], "last": profile["lastName"]}
        assert [node.text for node in document.iter(f"{{{SAML}}}NameID")] == ["sa13@example.com"]


@pytest.mark.parametrize("text", ["a\x00b", "\x08", "\x1b[31m", "\ufffe", "\ud800", "a\x7f", "\u202eevil"])
def test_SA_13_what_xml_cannot_hold_is_no_profile(server: Server, site: Site, text: str) -> None:
    with pytest.raises((Refusal, UnicodeEncodeError)):
        server.inside(lambda org: org.set_profile(site.person("carol").id, {"firstName": text}))


def test_SA_13_any_relay_state_comes_back_as_it_was(site: Site) -> None:
    app, browser = site.saml("saml"), signed_in(site)

    @settings(max_examples=60)
    @given(text=st.text(st.characters(exclude_categories=["Cs", "Cc"], exclude_characters="\ufffe\uffff"), max_size=60))
    def check(text: str) -> None:
        page = browser.get(app.sso_path, params={"RelayState": text})
        assert page.status_code == 200
        (field,) = html.document_fromstring(page.text).xpath("//input[@name='RelayState']")
        assert field.get("value") == text
        assert dangerous(page) == []

    check()


def test_SA_14_the_page_runs_nothing_and_posts_to_the_registered_address(site: Site) -> None:
    app, browser = site.saml("saml"), signed_in(site)
    for text in XSS:
        for binding in ("redirect", "post"):
            page = send(browser, app, binding=binding, relay_state=text)
            assert dangerous(page) == [], text
            form = form_of(page)
            assert (form.action, form.fields["RelayState"]) == (app.acs_url, text)
            policy = policy_of(page)
            assert policy["default-src"] == "'none'"
            assert policy["form-action"].split() == ["https://sp.example.com", "https:"]
            assert policy["frame-ancestors"] == policy["base-uri"] == "'none'"
            scripts = list(html.document_fromstring(page.text).iter("script"))
            assert len(scripts) == 1
            assert policy["script-src"] == f"'nonce-{scripts[0].get('nonce')}'"


def test_SA_14_a_relay_state_has_two_kibibytes(site: Site) -> None:
    app, browser = site.saml("saml"), signed_in(site)
    fits, too_long = "é" * 1024, "é" * 1024 + "x"
    assert form_of(browser.get(app.sso_path, params={"RelayState": fits})).fields["RelayState"] == fits
    assert_refused(browser.get(app.sso_path, params={"RelayState": too_long}))
    assert_refused(browser.post(app.sso_path, data={"RelayState": too_long}))
    token = session_token(site)
    assert_refused(site.browser().get(app.sso_path, params={"RelayState": too_long, "sessionToken": token}))
    assert statuses(response_of(site.browser().get(app.sso_path, params={"sessionToken": token}))) == ["Success"]


def test_SA_14_a_hostile_relay_state_survives_the_sign_in_page(site: Site) -> None:
    app = site.saml("saml")
    for text in XSS[:10]:
        browser = site.browser()
        waiting = send(browser, app, relay_state=text)
        assert text not in waiting.headers["location"]
        page = browser.follow(waiting)
        assert dangerous(page) == []
        person = site.person("ann")
        done = browser.submit(page, username=person.login, password=person.password)
        assert form_of(done).fields["RelayState"] == text


def test_SA_15_each_answer_has_ids_of_its_own(site: Site) -> None:
    app, browser = site.saml("saml"), signed_in(site)
    documents = [response_of(browser.get(app.sso_path)) for _ in range(20)]
    idents = [node.get("ID", "") for document in documents for node in document.iter() if node.get("ID")]
    assert len(set(idents)) == len(idents) == 40
    assert all(len(ident) >= 33 and ident[0] in string.ascii_letters + "_" for ident in idents)
    indexes = {
        node.get("SessionIndex") for document in documents for node in document.iter(f"{{{SAML}}}AuthnStatement")
    }
    assert len(indexes) == 20


def test_a_response_that_was_changed_no_longer_verifies(site: Site) -> None:
    app, browser = site.saml("saml"), signed_in(site)
    document = base64.b64decode(form_of(browser.get(app.sso_path)).fields["SAMLResponse"])
    verified(site, app, document)
    for old, new in (
        (b"ann@example.com", b"bob@example.com"),
        (b"Ann", b"Bob"),
        (app.acs_url.encode(), b"https://evil.example/acs"),
    ):
        assert old in document
        with pytest.raises(AssertionError):
            verified(site, app, document.replace(old, new))


def test_SA_02_bombs_and_rubbish_are_no_requests(site: Site) -> None:
    app, browser = site.saml("saml"), signed_in(site)
    good = authn_request(issuer=app.entity_id, at=instant_now()).text
    bomb = deflated("<a>" + " " * 20_000_000 + "</a>")
    doctype = f'<!DOCTYPE x [<!ENTITY e SYSTEM "file:///etc/passwd">]>{good}'
    entities = '<!DOCTYPE l [<!ENTITY a "ha"><!ENTITY b "&a;&a;&a;">]>'
    billion = entities + good.replace("saml:Issuer>https", "saml:Issuer>&b;https")
    rubbish = [bomb, deflated(doctype), deflated(billion), deflated(good) + "AAAA", "AAAA", "%%%", deflated("")]
    rubbish += [deflated("<a/>")]
    rubbish += [deflated(good)[:-8], deflated("<" * 30_000), deflated("<a>" * 5_000), deflated(f"{good}{good}")]
    for text in rubbish:
        assert_refused(browser.get(f"{app.sso_path}?{urlencode({'SAMLRequest': text})}"))
    for document in (doctype, billion, "", "<a/>", f"{good}x", "\ufeff" + doctype):
        encoded = base64.b64encode(document.encode()).decode()
        response = browser.post(app.sso_path, data={"SAMLRequest": encoded})
        if document:
            assert_refused(response)
    assert is_signed_in(browser)
