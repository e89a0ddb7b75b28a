"""The response, judged by the schema, by xmlsec1 and by minisaml; pysaml2 has a file of its own."""

import base64
import dataclasses
import re
import secrets
import time
import xml.etree.ElementTree as Expat

import pytest
from hypothesis import example, given
from hypothesis import strategies as st
from lxml import etree
from minisaml.response import validate_response
from saml2.xml.schema import validate
from tests.unit.protocols.saml.messages import (
    ACS,
    EMAIL,
    IDP_ENTITY,
    NS,
    SP_ENTITY,
    ec_pair,
    rsa_pair,
    xmlsec1_verifies,
)

from segue.protocols.saml.assertion import (
    Attribute,
    Envelope,
    ErrorStatus,
    Statement,
    build_error_response,
    build_response,
    new_id,
)
from segue.protocols.saml.keys import SigningKey
from segue.protocols.saml.request import ServiceProvider

RSA = rsa_pair("assertion")
KEY = SigningKey(RSA.private_key, RSA.certificate)
EC_KEY = SigningKey(ec_pair("assertion").private_key, ec_pair("assertion").certificate)
SP = ServiceProvider(SP_ENTITY, (ACS,))
ASSERTION_SIGNED = dataclasses.replace(SP, sign_response=False)
RESPONSE_SIGNED = dataclasses.replace(SP, sign_assertion=False)
AT = 1_900_000_000_123
STATEMENT = Statement(
    name_id="ann@x.example",
    session_index="id1900000000123.77",
    authn_instant_at=AT - 60_000,
    attributes=(
        Attribute("email", ("ann@x.example",)),
        Attribute("groups", ("staff", "admins", ""), "urn:oasis:names:tc:SAML:2.0:attrname-format:basic"),
        Attribute("none", ()),
    ),
)


def envelope(**changes) -> Envelope:
    plain = Envelope(
        issuer=IDP_ENTITY,
        sp=SP,
        acs_url=ACS,
        in_response_to="_request1",
        response_id=new_id(secrets.token_bytes),
        assertion_id=new_id(secrets.token_bytes),
        now_at=AT,
    )
    return dataclasses.replace(plain, **changes)


def now_at() -> int:
    return time.time_ns() // 1_000_000


def find(document: bytes, path: str) -> etree._Element:
    found = etree.fromstring(document).findall(path, NS)
    assert len(found) == 1, path
    return found[0]


# --- shape ------------------------------------------------------------------------------------------------------------


def test_every_field_is_where_the_profile_wants_it() -> None:
    it = envelope()
    document = build_response(it, STATEMENT, KEY)
    response = etree.fromstring(document)
    assert dict(response.attrib) == {
        "Destination": ACS,
        "ID": it.response_id,
        "InResponseTo": "_request1",
        "IssueInstant": "2030-03-17T17:46:40.123Z",
        "Version": "2.0",
    }
    assert [etree.QName(node).localname for node in response] == ["Issuer", "Signature", "Status", "Assertion"]
    assert find(document, "./saml:Issuer").text == IDP_ENTITY
    assert (
        find(document, "./samlp:Status/samlp:StatusCode").get("Value") == "urn:oasis:names:tc:SAML:2.0:status:Success"
    )
    assertion = find(document, "./saml:Assertion")
    assert [etree.QName(node).localname for node in assertion] == [
        "Issuer",
        "Signature",
        "Subject",
        "Conditions",
        "AuthnStatement",
        "AttributeStatement",
    ]
    assert (assertion.get("ID"), assertion.get("Version")) == (it.assertion_id, "2.0")
    issuer = find(document, "./saml:Assertion/saml:Issuer")
    assert (issuer.text, issuer.get("Format")) == (IDP_ENTITY, "urn:oasis:names:tc:SAML:2.0:nameid-format:entity")
    name_id = find(document, ".//saml:NameID")
    assert (name_id.text, dict(name_id.attrib)) == ("ann@x.example", {"Format": EMAIL})
    assert find(document, ".//saml:SubjectConfirmation").get("Method") == "urn:oasis:names:tc:SAML:2.0:cm:bearer"
    assert dict(find(document, ".//saml:SubjectConfirmationData").attrib) == {
        "InResponseTo": "_request1",
        "NotOnOrAfter": "2030-03-17T17:51:40.123Z",
        "Recipient": ACS,
    }
    assert dict(find(document, ".//saml:Conditions").attrib) == {
        "NotBefore": "2030-03-17T17:41:40.123Z",
        "NotOnOrAfter": "2030-03-17T17:51:40.123Z",
    }
    assert find(document, ".//saml:AudienceRestriction/saml:Audience").text == SP_ENTITY
    assert dict(find(document, ".//saml:AuthnStatement").attrib) == {
        "AuthnInstant": "2030-03-17T17:45:40.123Z",
        "SessionIndex": "id1900000000123.77",
    }
    assert find(document, ".//saml:AuthnContextClassRef").text.endswith(":PasswordProtectedTransport")


def test_attributes_are_strings_with_a_name_format() -> None:
    attributes = find(build_response(envelope(), STATEMENT, KEY), ".//saml:AttributeStatement")
    kind = "{http://www.w3.org/2001/XMLSchema-instance}type"
    seen = [(a.get("Name"), a.get("NameFormat").rpartition(":")[2], [v.text for v in a]) for a in attributes]
    assert seen == [
        ("email", "unspecified", ["ann@x.example"]),
        ("groups", "basic", ["staff", "admins", None]),
        ("none", "unspecified", []),
    ]
    assert {value.get(kind) for value in attributes.iter(f"{{{NS['saml']}}}AttributeValue")} == {"xs:string"}
    assert attributes.nsmap["xs"] == "http://www.w3.org/2001/XMLSchema"


def test_a_response_of_our_own_accord_answers_nothing() -> None:
    document = build_response(envelope(in_response_to=None), STATEMENT, KEY)
    assert b"InResponseTo" not in document


def test_settings_of_the_service_provider_are_kept() -> None:
    persistent = "urn:oasis:names:tc:SAML:2.0:nameid-format:persistent"
    sp = ServiceProvider(SP_ENTITY, (ACS,), audience="urn:aud", lifetime_s=60, name_id_format=persistent)
    statement = dataclasses.replace(STATEMENT, session_expires_at=AT + 1, attributes=(), authn_context="urn:ctx")
    document = build_response(envelope(sp=sp), statement, KEY)
    assert find(document, ".//saml:Audience").text == "urn:aud"
    assert find(document, ".//saml:Conditions").get("NotOnOrAfter") == "2030-03-17T17:47:40.123Z"
    assert find(document, ".//saml:SubjectConfirmationData").get("NotOnOrAfter") == "2030-03-17T17:47:40.123Z"
    assert find(document, ".//saml:NameID").get("Format") == persistent
    assert find(document, ".//saml:AuthnStatement").get("SessionNotOnOrAfter") == "2030-03-17T17:46:40.124Z"
    assert find(document, ".//saml:AuthnContextClassRef").text == "urn:ctx"
    assert b"AttributeStatement" not in document


@pytest.mark.parametrize("status", ErrorStatus)
def test_an_error_says_why_and_carries_no_assertion(status, tmp_path) -> None:
    document = build_error_response(envelope(), status, KEY, "Sign in first.")
    codes = [node.get("Value") for node in etree.fromstring(document).iter(f"{{{NS['samlp']}}}StatusCode")]
    assert codes == list(status.value)
    assert find(document, ".//samlp:StatusMessage").text == "Sign in first."
    assert b"Assertion" not in document
    validate(document.decode())
    assert xmlsec1_verifies(document, RSA, tmp_path, of="Response")


def test_an_error_without_a_message_has_none() -> None:
    assert b"StatusMessage" not in build_error_response(envelope(), ErrorStatus.NO_PASSIVE, KEY)


def test_ids_are_names_of_160_random_bits() -> None:
    made = {new_id(secrets.token_bytes) for _ in range(200)}
    assert len(made) == 200
    assert all(re.fullmatch("id[0-9a-f]{40}", it) for it in made)
    assert new_id(lambda count: b"\x07" * count) == "id" + "07" * 20


# --- what is never built ----------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "changes",
    [
        {"acs_url": "https://evil.example/acs"},
        {"acs_url": ACS + "/"},
        {"response_id": "1"},
        {"assertion_id": 'a" x="'},
        {"response_id": "same", "assertion_id": "same"},
    ],
)
def test_an_envelope_that_ties_to_nothing_is_refused(changes) -> None:
    with pytest.raises(ValueError):
        envelope(**changes)


def test_an_assertion_about_nobody_is_refused() -> None:
    with pytest.raises(ValueError, match="nobody"):
        build_response(envelope(), dataclasses.replace(STATEMENT, name_id=""), KEY)


# --- judged by others -------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("in_response_to", [None, "_request1"])
@pytest.mark.parametrize("signing", [(True, True), (True, False), (False, True)])
def test_the_schema_accepts_every_shape(in_response_to, signing) -> None:
    sp = dataclasses.replace(SP, sign_response=signing[0], sign_assertion=signing[1])
    validate(build_response(envelope(sp=sp, in_response_to=in_response_to), STATEMENT, KEY).decode())


@pytest.mark.parametrize(("key", "pair"), [(KEY, RSA), (EC_KEY, ec_pair("assertion"))], ids=["rsa", "ecdsa"])
@pytest.mark.parametrize("signing", [(True, True), (True, False), (False, True)])
def test_xmlsec1_verifies_what_is_signed(key, pair, signing, tmp_path) -> None:
    sp = dataclasses.replace(SP, sign_response=signing[0], sign_assertion=signing[1])
    document = build_response(envelope(sp=sp), STATEMENT, key)
    assert xmlsec1_verifies(document, pair, tmp_path, of="Response") is signing[0]
    assert xmlsec1_verifies(document, pair, tmp_path, of="Assertion") is signing[1]


def test_an_assertion_cut_out_of_its_response_still_verifies(tmp_path) -> None:
    assertion = find(build_response(envelope(), STATEMENT, KEY), "./saml:Assertion")
    assert xmlsec1_verifies(etree.tostring(assertion), RSA, tmp_path, of="Assertion")


@pytest.mark.parametrize("sp", [ASSERTION_SIGNED, RESPONSE_SIGNED], ids=["assertion", "response"])
def test_minisaml_accepts_it(sp) -> None:
    """minisaml takes one signature alone, so an application built with it is registered for one."""
    seen = read_by_minisaml(build_response(envelope(sp=sp, now_at=now_at()), STATEMENT, KEY))
    assert (seen.name_id, seen.issuer, seen.in_response_to) == ("ann@x.example", IDP_ENTITY, "_request1")
    assert seen.attrs["email"] == "ann@x.example"


def read_by_minisaml(document: bytes, issuer: str = IDP_ENTITY):
    return validate_response(
        data=base64.b64encode(document), certificate=RSA.certificate, expected_audience=SP_ENTITY, idp_issuer=issuer
    )


# --- any text at all --------------------------------------------------------------------------------------------------


def xml_can_carry(text: str) -> bool:
    """Production 2 of XML 1.0, written out once more so that the code is not judged by itself."""
    return all(
        code in (9, 10, 13) or 0x20 <= code <= 0xD7FF or 0xE000 <= code <= 0xFFFD or 0x10000 <= code <= 0x10FFFF
        for code in map(ord, text)
    )


ANY_TEXT = st.text(st.characters(exclude_categories=()), max_size=40)
BREAKOUT = '</saml2:AttributeValue></saml2:Attribute><saml2:Attribute Name="admin">\r\n<!--]]>&#0;&x;'


@given(name_id=ANY_TEXT.filter(bool), name=ANY_TEXT, values=st.lists(ANY_TEXT, max_size=4), issuer=ANY_TEXT)
@example(name_id="admin@x.example<!-- -->.evil.example", name=BREAKOUT, values=[BREAKOUT, ""], issuer='"><x/>')
@example(name_id="\r", name="\t\n", values=["\r\n", " "], issuer="\u0085\u2028")
@example(name_id="a\ud800", name="", values=[], issuer="")
def test_SA_13_any_text_stays_text(name_id, name, values, issuer) -> None:
    statement = Statement(name_id, "s1", AT, attributes=(Attribute(name, tuple(values)),))
    it = envelope(sp=ASSERTION_SIGNED, issuer=issuer, now_at=now_at())
    if not all(map(xml_can_carry, (name_id, name, issuer, *values))):
        with pytest.raises(ValueError, match="cannot carry"):
            build_response(it, statement, KEY)
        return
    document = build_response(it, statement, KEY)
    root = Expat.fromstring(document)  # an XML parser that is not the one that built it
    assert len(list(root.iter(f"{{{NS['saml']}}}Assertion"))) == 1
    [attribute] = root.iter(f"{{{NS['saml']}}}Attribute")
    assert attribute.get("Name") == name
    assert [value.text or "" for value in attribute] == values
    assert [node.text for node in root.iter(f"{{{NS['saml']}}}NameID")] == [name_id]
    assert {node.text or "" for node in root.iter(f"{{{NS['saml']}}}Issuer")} == {issuer}
    if issuer:  # minisaml reads an empty issuer as none
        assert read_by_minisaml(document, issuer).name_id == name_id


@given(text=ANY_TEXT)
def test_SA_13_any_text_in_the_remaining_fields(text) -> None:
    statement = Statement("ann", text, AT, authn_context=text, attributes=(Attribute("a", ("b",), name_format=text),))
    sp = ServiceProvider(SP_ENTITY, (ACS,), audience="a" + text, name_id_format=text)
    it = envelope(sp=sp, in_response_to=text)
    if not xml_can_carry(text):
        with pytest.raises(ValueError, match="cannot carry"):
            build_response(it, statement, KEY)
        with pytest.raises(ValueError, match="cannot carry"):
            build_error_response(envelope(), ErrorStatus.REQUEST_DENIED, KEY, text)
        return
    root = Expat.fromstring(build_response(it, statement, KEY))
    assert root.get("InResponseTo") == text
    [authn] = root.iter(f"{{{NS['saml']}}}AuthnStatement")
    assert authn.get("SessionIndex") == text
    assert [node.text for node in root.iter(f"{{{NS['saml']}}}Audience")] == ["a" + text]
    assert [node.text or "" for node in root.iter(f"{{{NS['saml']}}}AuthnContextClassRef")] == [text]
    error = Expat.fromstring(build_error_response(envelope(), ErrorStatus.REQUEST_DENIED, KEY, text))
    assert [node.text or "" for node in error.iter(f"{{{NS['samlp']}}}StatusMessage")] == [text]
