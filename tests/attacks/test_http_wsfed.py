"""WS-Federation attacked over HTTP (WF)."""

import base64
from datetime import UTC, datetime, timedelta
from urllib.parse import quote, urlencode

import pytest
from lxml import etree
from tests.attacks.hostile_markup import XSS
from tests.http_client import cookies_of, form_of, forms_of, policy_of
from tests.okta_steps import is_signed_in, session_token, signed_in
from tests.server import Server, Site
from tests.wsfed_messages import answer_of, asks, token_of, verified

HOSTILE_REPLIES = [
    "https://evil.example/",
    "https://example.com/App/",
    "https://example.com/App/signin/",
    "https://example.com/App/signin?",
    "https://example.com/App/signin#",
    "https://example.com/App/signin?x=1",
    "https://example.com/App/signin2",
    "https://example.com/App/signin/../evil",
    "https://example.com/App/..;/signin",
    "https://example.com/App/./signin",
    "https://example.com/App/%73ignin",
    "https://example.com/App//signin",
    "https://example.com/app/signin",
    "https://EXAMPLE.com/App/signin",
    "https://example.com./App/signin",
    "https://example.com:443/App/signin",
    "https://example.com:8443/App/signin",
    "http://example.com/App/signin",
    "https://example.com@evil.example/App/signin",
    "https://evil.example@example.com/App/signin",
    "https://example.com.evil.example/App/signin",
    "https://evil.example/example.com/App/signin",
    "https://example.com\\@evil.example/App/signin",
    "//example.com/App/signin",
    "/App/signin",
    "example.com/App/signin",
    "javascript:alert(1)",
    "javascript://example.com/App/signin",
    "data:text/html,<script>alert(1)</script>",
    "https://example.com/App/signin\n",
    " https://example.com/App/signin",
    "https://example.com/App/signin ",
    "https://example.com/App/signin,https://evil.example/",
    "https://*.example.com/App/signin",
    "https://exаmple.com/App/signin",
    "https://app.example.com/wsfed11",
    "",
]


def refused(response) -> bool:  # type: ignore[no-untyped-def]
    """A page of ours that posts nothing to anybody and sets nothing."""
    return response.status_code == 400 and not cookies_of(response) and "wresult" not in response.text


def test_WF_01_the_answer_goes_to_a_registered_address_alone(site: Site) -> None:
    app, token = site.wsfed("wsfed"), session_token(site)
    for reply in HOSTILE_REPLIES:
        response = site.browser().get(app.sso_path, params={**asks(app, wreply=reply), "sessionToken": token})
        assert refused(response), repr(reply)
    assert is_used(site, token) is False


def is_used(site: Site, token: str) -> bool:
    browser = site.browser()
    browser.get("/login/sessionCookieRedirect", params={"token": token, "redirectUrl": "/"})
    return not is_signed_in(browser)


def test_WF_01_either_registered_address_may_be_asked_for(site: Site) -> None:
    app, browser = site.wsfed("wsfed"), signed_in(site)
    second = f"{app.realm}second"
    assert answer_of(browser.get(app.sso_path, params=asks(app, wreply=second)), app, reply_url=second)
    assert answer_of(browser.get(app.sso_path, params=asks(app)), app)


def test_WF_02_a_realm_belongs_to_its_address(site: Site, twin: Site) -> None:
    browser = signed_in(site)
    apps = {name: site.wsfed(name) for name in ("wsfed", "wsfed11", "assigned")}
    for at, app in apps.items():
        for of, other in apps.items():
            response = browser.get(app.sso_path, params=asks(other))
            assert ("wresult" in response.text) == (at == of), (at, of)
    for realm in ("", "urn:unknown", f"{apps['wsfed'].realm}x", apps["wsfed"].realm.upper(), "*"):
        assert refused(browser.get(apps["wsfed"].sso_path, params=asks(apps["wsfed"], wtrealm=realm)))
    key = twin.wsfed("wsfed").external_key
    shared = browser.get(
        "/app/template_wsfed/sso/wsfed/passive", params={"wa": "wsignin1.0", "wtrealm": f"urn:okta:app:{key}"}
    )
    assert shared.status_code == 404


@pytest.mark.parametrize(
    "realm", ["", "urn:okta:app:", "urn:okta:app:nothing", "nothing", "urn:evil:app:{key}", "{key}"]
)
def test_WF_02_the_shared_address_knows_whole_names_only(site: Site, realm: str) -> None:
    wanted = realm.format(key=site.wsfed("wsfed").external_key)
    params = {"wa": "wsignin1.0", "wtrealm": wanted}
    response = signed_in(site).get("/app/template_wsfed/sso/wsfed/passive", params=params)
    assert response.status_code in (400, 404)
    assert "wresult" not in response.text


@pytest.mark.parametrize("name", ["wsfed", "wsfed11"])
def test_WF_02_the_token_is_for_its_realm(site: Site, name: str) -> None:
    app = site.wsfed(name)
    form = answer_of(signed_in(site).get(app.sso_path, params=asks(app)), app)
    assertion = verified(site, form, saml11=name == "wsfed11")
    assert [node.text for node in assertion.iter("{*}Audience")] == [app.realm]
    assert token_of(form).findtext(".//{*}AppliesTo//{*}Address") == app.realm


@pytest.mark.parametrize(
    "action", [None, "", "wsignin1.1", "WSIGNIN1.0", "wsignout1.0", "wsignoutcleanup1.0", "wattr1.0"]
)
def test_WF_05_another_action_is_none(site: Site, action: str | None) -> None:
    """Signing out has an address of its own, which asks where the user may not have meant it."""
    app, browser = site.wsfed("wsfed"), signed_in(site)
    response = browser.get(app.sso_path, params=asks(app, wa=action), headers={"sec-fetch-site": "cross-site"})
    assert refused(response)
    assert is_signed_in(browser) == "ann@example.com"


def test_WF_03_the_context_comes_back_as_it_was(site: Site) -> None:
    app, browser = site.wsfed("wsfed"), signed_in(site)
    for text in (*XSS, "rm=0&id=passive&ru=%2fApp", "x" * 4096, " ", "é—漢字", "a\r\nb"):
        page = browser.get(app.sso_path, params=asks(app, wctx=text))
        form = form_of(page)
        assert form.fields["wctx"].replace("\r\n", "\n") == text.replace("\r\n", "\n"), repr(text)
        assert (form.action, len(forms_of(page))) == (app.reply_url, 1)
        assert list(form.fields) == ["wa", "wresult", "wctx"]


def test_WF_03_a_context_has_four_kibibytes(site: Site) -> None:
    app, browser = site.wsfed("wsfed"), signed_in(site)
    assert refused(browser.get(app.sso_path, params=asks(app, wctx="x" * 4097)))
    assert refused(browser.get(app.sso_path, params=asks(app, wctx="é" * 2049)))
    assert refused(browser.get(app.link_path, params={"wctx": "x" * 4097}))


def test_WF_03_the_page_runs_one_script_and_posts_to_one_address(site: Site) -> None:
    app = site.wsfed("wsfed")
    page = signed_in(site).get(app.sso_path, params=asks(app, wctx="<script>alert(1)</script>"))
    policy = policy_of(page)
    assert policy["default-src"] == "'none'"
    assert policy["frame-ancestors"] == "'none'"
    assert policy["base-uri"] == "'none'"
    assert policy["form-action"].startswith("https://example.com")
    assert policy["script-src"].startswith("'nonce-")
    assert "<script>alert" not in page.text


@pytest.mark.parametrize("name", ["wsfed", "wsfed11"])
def test_WF_03_a_profile_stays_text(server: Server, site: Site, name: str) -> None:
    app = site.wsfed(name)
    person = server.inside(lambda org: org.add_person(f"wf03-{name}@example.com", exempt=True))
    browser = signed_in(site, person)
    for text in XSS[:20]:
        if any(ord(char) < 32 for char in text) or len(text) > 1000 or not text:
            continue
        server.inside(lambda org, text=text: org.set_profile(person.id, {"email": person.login, "firstName": text}))  # type: ignore[misc]
        form = answer_of(browser.get(app.sso_path, params=asks(app)), app)
        assertion = verified(site, form, saml11=name == "wsfed11")
        values = [node.text for node in assertion.iter("{*}AttributeValue")]
        assert text in values, repr(text)
        assert len(list(token_of(form).iter("{*}Assertion"))) == 1


def test_WF_04_a_fresh_sign_in_is_not_had_by_a_ticket(server: Server, site: Site) -> None:
    app = site.wsfed("wsfed")
    browser = signed_in(site)
    page = browser.follow(browser.get(app.sso_path, params=asks(app, wfresh="0")))
    assert "password" in form_of(page).fields
    # A ticket carries a sign-in from before, too.
    token = session_token(site)
    stranger = site.browser()
    page = stranger.follow(stranger.get(app.sso_path, params={**asks(app, wfresh="0"), "sessionToken": token}))
    assert "password" in form_of(page).fields
    person = site.person("ann")
    done = stranger.submit(page, username=person.login, password=person.password)
    assert verified(site, answer_of(done, app)).findtext(".//{*}NameID") == "ann@example.com"
    assert "wresult" in browser.get(app.sso_path, params=asks(app, wfresh="60")).text


@pytest.mark.parametrize("wfresh", ["-1", "x", "1.5", "", "1e3", "٣", "9999999"])
def test_WF_04_a_wish_that_cannot_be_read_is_not_ignored(site: Site, wfresh: str) -> None:
    app = site.wsfed("wsfed")
    assert refused(signed_in(site).get(app.sso_path, params=asks(app, wfresh=wfresh)))


def test_WF_04_a_request_has_its_time(site: Site) -> None:
    app, browser = site.wsfed("wsfed"), signed_in(site)
    now = datetime.now(UTC)
    for offset, good in ((0, True), (-300, True), (300, True), (-1200, False), (1200, False)):
        wct = (now + timedelta(seconds=offset)).strftime("%Y-%m-%dT%H:%M:%SZ")
        assert ("wresult" in browser.get(app.sso_path, params=asks(app, wct=wct)).text) == good, offset
    for wct in ("yesterday", "2026-13-01T00:00:00Z", "", "0"):
        assert refused(browser.get(app.sso_path, params=asks(app, wct=wct)))


@pytest.mark.parametrize("name", ["wsfed", "wsfed11"])
def test_WF_06_a_token_is_short_lived_signed_and_new_each_time(site: Site, name: str) -> None:
    app, saml11 = site.wsfed(name), name == "wsfed11"
    browser, idents = signed_in(site), set()
    for _ in range(3):
        form = answer_of(browser.get(app.sso_path, params=asks(app)), app)
        assertion = verified(site, form, saml11=saml11)
        idents.add(assertion.get("AssertionID" if saml11 else "ID"))
        (conditions,) = assertion.iter("{*}Conditions")
        begin, end = (instant(conditions.get(which, "")) for which in ("NotBefore", "NotOnOrAfter"))
        now = datetime.now(UTC)
        assert begin <= now < end <= now + timedelta(seconds=301)
        algorithms = {node.get("Algorithm", "") for node in assertion.iter("{*}SignatureMethod", "{*}DigestMethod")}
        assert all(algorithm.endswith("sha256") for algorithm in algorithms)
        reference = assertion.find(".//{*}Reference")
        assert reference is not None
        assert reference.get("URI") == f"#{assertion.get('AssertionID' if saml11 else 'ID')}"
        if saml11:
            methods = {node.text for node in assertion.iter("{*}ConfirmationMethod")}
            assert methods == {"urn:oasis:names:tc:SAML:1.0:cm:bearer"}
        else:
            data = assertion.find(".//{*}SubjectConfirmationData")
            assert data is not None
            assert data.get("Recipient") == app.reply_url
    assert len(idents) == 3


def instant(text: str) -> datetime:
    return datetime.fromisoformat(text.replace("Z", "+00:00"))


@pytest.mark.parametrize("name", ["wsfed", "wsfed11"])
def test_WF_06_a_token_that_was_changed_no_longer_verifies(site: Site, name: str) -> None:
    app = site.wsfed(name)
    form = answer_of(signed_in(site).get(app.sso_path, params=asks(app)), app)
    changed = form.fields["wresult"].replace("ann@example.com", "bob@example.com")
    assert changed != form.fields["wresult"]
    with pytest.raises(AssertionError):
        verified(site, type(form)(form.id, form.method, form.action, {"wresult": changed}), saml11=name == "wsfed11")


def test_WF_07_each_parameter_comes_once(site: Site) -> None:
    app, token = site.wsfed("wsfed"), session_token(site)
    base = urlencode(asks(app))
    for extra in (
        "wa=wsignin1.0",
        "wtrealm=x",
        f"wtrealm={quote(app.realm, safe='')}",
        f"wreply={quote(app.reply_url, safe='')}&wreply=https://evil.example/",
        "wctx=a&wctx=b",
        "wfresh=1&wfresh=0",
        "wct=x&wct=y",
    ):
        response = site.browser().get(f"{app.sso_path}?{base}&{extra}&sessionToken={token}")
        assert refused(response), extra
    assert not is_used(site, token)


@pytest.mark.parametrize("parameter", ["wreq", "wreqptr", "whr", "wauth", "wres"])
def test_WF_07_a_request_by_value_or_reference_is_not_read(site: Site, parameter: str) -> None:
    bomb = '<!DOCTYPE a [<!ENTITY b "x"><!ENTITY c "&b;&b;&b;">]><a>&c;</a>'
    app = site.wsfed("wsfed")
    for text in (bomb, "http://127.0.0.1:1/", base64.b64encode(b"x" * 3000).decode()):
        response = signed_in(site).get(app.sso_path, params=asks(app, **{parameter: text}))
        if parameter == "wreqptr":
            assert refused(response)
        else:
            assert "wresult" in response.text


def test_WF_07_an_address_has_its_length(site: Site) -> None:
    app, browser = site.wsfed("wsfed"), signed_in(site)
    for params in (asks(app, whr="x" * 9000), {**asks(app), **{f"p{number}": "x" for number in range(100)}}):
        assert refused(browser.get(app.sso_path, params=params))
    posted = browser.post(app.sso_path, data=asks(app, wctx="posted"))
    assert etree.fromstring(form_of(posted).fields["wresult"].encode()) is not None
    assert form_of(posted).fields["wctx"] == "posted"
