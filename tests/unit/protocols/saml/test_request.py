"""Reading an AuthnRequest and judging it; the hostile half is in tests/attacks/test_saml_input.py."""

import dataclasses
from urllib.parse import urlsplit

import pytest
from lxml import etree
from minisaml.request import get_request_redirect_url
from tests.unit.protocols.saml.messages import (
    ACS,
    EMAIL,
    OTHER_ACS,
    POST,
    SP_ENTITY,
    SSO_URL,
    authn_request,
    b64,
    deflated,
    rsa_pair,
    signed,
)

from segue.core.refusal import Refusal
from segue.protocols.saml.binding import open_redirect
from segue.protocols.saml.request import (
    MAX_AGE_MS,
    MAX_SKEW_MS,
    AuthnRequest,
    RequestedAuthnContext,
    ServiceProvider,
    check,
    chosen_acs,
    read_post,
    read_redirect,
)

NOW = 1_900_000_000_000
RSA = rsa_pair("request")
SP = ServiceProvider(SP_ENTITY, (ACS, OTHER_ACS), certificates=(RSA.pem,))
GOOD = AuthnRequest("_r", "2.0", SP_ENTITY, NOW, destination=SSO_URL, signed=True)
PASSWORD = "urn:oasis:names:tc:SAML:2.0:ac:classes:Password"
TIMESYNC = "urn:oasis:names:tc:SAML:2.0:ac:classes:TimeSyncToken"


def failed(request: AuthnRequest, sp: ServiceProvider = SP, now_at: int = NOW) -> list[str]:
    return [it.name for it in check(request, endpoint_url=SSO_URL, sp=sp, now_at=now_at).checks if not it.passed]


# --- reading ----------------------------------------------------------------------------------------------------------


def test_the_least_that_is_a_request() -> None:
    request = read_redirect(deflated(authn_request(at=NOW)))
    assert request == AuthnRequest("_request1", "2.0", SP_ENTITY, NOW)


def test_everything_a_request_may_say() -> None:
    text = authn_request(
        at=NOW,
        attributes=f'AssertionConsumerServiceURL="{ACS}" ProtocolBinding="{POST}" Destination="{SSO_URL}" '
        'ForceAuthn="1" IsPassive="true" ProviderName="SP" Consent="urn:oasis:names:tc:SAML:2.0:consent:unspecified"',
        body="<samlp:Extensions><x xmlns='urn:x'/></samlp:Extensions><saml:Subject><saml:NameID>ann@x.example"
        f'</saml:NameID></saml:Subject><samlp:NameIDPolicy AllowCreate="true" Format="{EMAIL}"/><saml:Conditions/>'
        f'<samlp:RequestedAuthnContext Comparison="minimum"><saml:AuthnContextClassRef>{PASSWORD}'
        f"</saml:AuthnContextClassRef><saml:AuthnContextClassRef>{TIMESYNC}</saml:AuthnContextClassRef>"
        '</samlp:RequestedAuthnContext><samlp:Scoping ProxyCount="0"/>',
    )
    expected = AuthnRequest(
        id="_request1",
        version="2.0",
        issuer=SP_ENTITY,
        issue_instant_at=NOW,
        acs_url=ACS,
        protocol_binding=POST,
        destination=SSO_URL,
        force_authn=True,
        is_passive=True,
        requested_authn_context=RequestedAuthnContext((PASSWORD, TIMESYNC), "minimum"),
        name_id_format=EMAIL,
        allow_create=True,
        subject="ann@x.example",
    )
    assert read_redirect(deflated(text)) == expected
    assert read_post(b64(text)) == expected
    assert read_post(b64(etree.tostring(signed(text, RSA))), [RSA.pem]) == dataclasses.replace(expected, signed=True)


def test_an_acs_index_is_read() -> None:
    text = authn_request(at=NOW, attributes='AssertionConsumerServiceIndex="1"')
    assert read_post(b64(text)).acs_index == 1


def test_a_wish_for_declarations_is_one_that_no_class_meets() -> None:
    declaration = "<saml:AuthnContextDeclRef>urn:x</saml:AuthnContextDeclRef>"
    body = f"<samlp:RequestedAuthnContext>{declaration}</samlp:RequestedAuthnContext>"
    assert read_post(b64(authn_request(at=NOW, body=body))).requested_authn_context == RequestedAuthnContext(())


def test_an_id_that_begins_with_a_digit_is_taken() -> None:
    assert read_post(b64(authn_request(at=NOW, identifier="9f-_A"))).id == "9f-_A"


def test_a_request_from_an_independent_service_provider() -> None:
    url = get_request_redirect_url(
        saml_endpoint=SSO_URL,
        expected_audience=SP_ENTITY,
        acs_url=ACS,
        force_reauthentication=True,
        relay_state="/a?b=c&d=é",
    )
    message = open_redirect(urlsplit(url).query.encode())
    assert message.saml_request is not None
    request = read_redirect(message.saml_request, signed=message.signed)
    assert (request.issuer, request.acs_url, request.force_authn) == (SP_ENTITY, ACS, True)
    assert message.relay_state == "/a?b=c&d=é"
    assert check(request, endpoint_url=SSO_URL, sp=SP, now_at=request.issue_instant_at).allowed


@pytest.mark.parametrize("certificates", [(), (RSA.pem,)])
def test_whether_a_posted_request_counts_as_signed(certificates) -> None:
    document = b64(etree.tostring(signed(authn_request(at=NOW), RSA)))
    assert read_post(document, certificates).signed is bool(certificates)


def test_a_signature_inside_a_redirect_message_counts_for_nothing() -> None:
    assert not read_redirect(deflated(etree.tostring(signed(authn_request(at=NOW), RSA)))).signed


@pytest.mark.parametrize(
    "change",
    [
        ("AuthnRequest", "LogoutRequest"),
        ('ID="_request1"', ""),
        ('ID="_request1"', 'ID=""'),
        ('ID="_request1"', 'ID="a b"'),
        ('IssueInstant="', 'IssueInstant="x'),
        ('Version="2.0"', 'Version="2.0" ForceAuthn="yes"'),
        ('Version="2.0"', 'Version="2.0" IsPassive=""'),
        ('Version="2.0"', 'Version="2.0" AssertionConsumerServiceIndex="-1"'),
        ('Version="2.0"', 'Version="2.0" AssertionConsumerServiceIndex="65536"'),
        ('Version="2.0"', 'Version="2.0" AssertionConsumerServiceIndex="١"'),
        ('Version="2.0"', 'Version="2.0" AssertionConsumerServiceIndex="999999999999999999999"'),
        ('Version="2.0"', f'Version="2.0" Destination="{"x" * 2049}"'),
        (SP_ENTITY, "x" * 2049),
        (SP_ENTITY, "https://<b/>sp.example"),
        ("<saml:Issuer>", '<saml:Issuer Format="urn:oasis:names:tc:SAML:2.0:nameid-format:persistent">'),
        (f"<saml:Issuer>{SP_ENTITY}</saml:Issuer>", ""),
        (f"<saml:Issuer>{SP_ENTITY}</saml:Issuer>", f"<saml:Issuer>{SP_ENTITY}</saml:Issuer>" * 2),
        ("</samlp:AuthnRequest>", "<samlp:Other/></samlp:AuthnRequest>"),
        ("</samlp:AuthnRequest>", "<NameIDPolicy/></samlp:AuthnRequest>"),
        ("</samlp:AuthnRequest>", "<saml:Subject><saml:EncryptedID/></saml:Subject></samlp:AuthnRequest>"),
        ("</samlp:AuthnRequest>", "<saml:Subject/></samlp:AuthnRequest>"),
        ("</samlp:AuthnRequest>", "<samlp:RequestedAuthnContext/></samlp:AuthnRequest>"),
        (
            "</samlp:AuthnRequest>",
            '<samlp:RequestedAuthnContext Comparison="worse"><saml:AuthnContextClassRef>a</saml:AuthnContextClassRef>'
            "</samlp:RequestedAuthnContext></samlp:AuthnRequest>",
        ),
        (
            "</samlp:AuthnRequest>",
            f"<samlp:RequestedAuthnContext>{'<saml:AuthnContextClassRef>a</saml:AuthnContextClassRef>' * 17}"
            "</samlp:RequestedAuthnContext></samlp:AuthnRequest>",
        ),
        ("SAML:2.0:protocol", "SAML:1.0:protocol"),
    ],
)
def test_what_does_not_follow_the_schema_is_refused(change) -> None:
    text = authn_request(at=NOW).replace(*change)
    assert text != authn_request(at=NOW)
    for read in (lambda: read_post(b64(text)), lambda: read_redirect(deflated(text))):
        with pytest.raises(Refusal) as refused:
            read()
        assert refused.value.reason == "saml_message_malformed"


# --- judging ----------------------------------------------------------------------------------------------------------


def test_a_good_request_passes_every_check() -> None:
    verdict = check(GOOD, endpoint_url=SSO_URL, sp=SP, now_at=NOW)
    assert verdict.allowed
    assert [it.name for it in verdict.checks] == [
        "version",
        "issuer",
        "destination",
        "signature",
        "assertion_consumer_service",
        "protocol_binding",
        "issue_instant",
    ]


def test_every_check_is_made_and_says_how_to_mend_it() -> None:
    bad = AuthnRequest("_r", "1.1", "other", 0, "https://evil.example", None, "urn:other", "https://evil.example")
    verdict = check(bad, endpoint_url=SSO_URL, sp=dataclasses.replace(SP, want_signed_requests=True), now_at=NOW)
    assert not any(it.passed for it in verdict.checks)
    assert all(it.mend and it.expected and it.seen for it in verdict.checks)


@pytest.mark.parametrize(
    ("change", "expected"),
    [
        ({}, ACS),
        ({"acs_url": ACS}, ACS),
        ({"acs_url": OTHER_ACS}, OTHER_ACS),
        ({"acs_index": 0}, ACS),
        ({"acs_index": 1}, OTHER_ACS),
    ],
)
def test_the_address_of_the_answer(change, expected) -> None:
    request = dataclasses.replace(GOOD, **change)
    assert chosen_acs(request, SP) == expected
    assert failed(request) == []


def test_the_post_binding_may_be_asked_for() -> None:
    assert failed(dataclasses.replace(GOOD, protocol_binding=POST)) == []


@pytest.mark.parametrize(
    ("age", "fails"),
    [
        (0, []),
        (MAX_AGE_MS, []),
        (MAX_AGE_MS + 1, ["issue_instant"]),
        (-MAX_SKEW_MS, []),
        (-MAX_SKEW_MS - 1, ["issue_instant"]),
    ],
)
def test_the_age_of_a_request(age, fails) -> None:
    assert failed(GOOD, now_at=NOW + age) == fails


def test_an_id_is_remembered_as_long_as_the_request_could_be_accepted() -> None:
    assert failed(GOOD, now_at=GOOD.replay_until_at) == []
    assert failed(GOOD, now_at=GOOD.replay_until_at + 1) == ["issue_instant"]


def test_an_unsigned_request_needs_no_destination() -> None:
    assert failed(dataclasses.replace(GOOD, signed=False, destination=None)) == []


@pytest.mark.parametrize(
    "change",
    [
        {"entity_id": ""},
        {"acs_urls": ()},
        {"acs_urls": (ACS, "javascript:alert(1)")},
        {"acs_urls": ("data:text/html,x",)},
        {"acs_urls": ("//sp.example/acs",)},
        {"sign_response": False, "sign_assertion": False},
        {"lifetime_s": 0},
    ],
)
def test_a_registration_that_cannot_be_safe_is_refused(change) -> None:
    with pytest.raises(ValueError):
        dataclasses.replace(SP, **change)
