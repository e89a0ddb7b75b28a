"""Building, reading, signing and verifying XML; the hostile half is in tests/attacks/test_saml_input.py."""

import logging

import pytest
from lxml import etree
from minisignxml.verify import extract_verified_element
from tests.unit.protocols.saml.messages import (
    DS,
    ECDSA_SHA256,
    EXC_C14N,
    authn_request,
    ec_pair,
    key_pair,
    rsa_pair,
    signed,
    xmlsec1_verifies,
)

from segue.protocols.saml.keys import SignatureRefused, SigningKey
from segue.protocols.saml.xml import (
    SAML,
    SAMLP,
    XmlRefused,
    child,
    element,
    is_identifier,
    is_ncname,
    name,
    parse,
    read_instant,
    serialise,
    sign_enveloped,
    text_of,
    verify_enveloped,
    write_instant,
)

NOW = 1_900_000_000_123
RSA = rsa_pair("xml")
EC = ec_pair("xml")


def signing_key(pair) -> SigningKey:
    return SigningKey(pair.private_key, pair.certificate)


def request_element():
    root = element(name(SAMLP, "AuthnRequest"), {"ID": "id1", "Version": "2.0"}, prefixes={"p": SAMLP, "a": SAML})
    child(root, name(SAML, "Issuer"), text="https://sp.example")
    child(root, name(SAMLP, "NameIDPolicy"), {"AllowCreate": "true"})
    return root


# --- reading ----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "document",
    [
        "<a/>",
        '<?xml version="1.0"?><a/>',
        "<?xml version='1.0' encoding='utf-8' standalone='no' ?>\n<a/>\n",
        '<?xml version="1.0" encoding="UTF-8"?><a>&amp;&lt;&#65;&#x1F600;é</a>',
        "\ufeff<a/>",
    ],
)
def test_ordinary_documents_are_read(document) -> None:
    assert parse(document.encode()).tag == "a"


def test_the_limits_are_inclusive() -> None:
    assert parse(b"<a>" + b"x" * 93 + b"</a>", max_bytes=100).tag == "a"
    with pytest.raises(XmlRefused, match="longer than 100"):
        parse(b"<a>" + b"x" * 94 + b"</a>", max_bytes=100)
    assert parse(b"<a>" * 32 + b"</a>" * 32).tag == "a"
    with pytest.raises(XmlRefused, match="deeper than 32"):
        parse(b"<a>" * 33 + b"</a>" * 33)


def test_text_is_all_text_or_nothing() -> None:
    assert text_of(parse(b"<a>ann &amp; bob</a>")) == "ann & bob"
    assert text_of(parse(b"<a/>")) == ""
    with pytest.raises(XmlRefused):
        text_of(parse(b"<a>ann<b/>.evil.example</a>"))


@pytest.mark.parametrize(
    ("text", "at"),
    [
        ("1970-01-01T00:00:00Z", 0),
        ("2030-03-17T17:46:40.123Z", NOW),
        ("2030-03-17T17:46:40.123999999Z", NOW),
        ("2030-03-17T17:46:40.1Z", NOW - 23),
        ("0001-01-01T00:00:00Z", -62135596800000),
    ],
)
def test_instants_are_read(text, at) -> None:
    assert read_instant(text) == at


@pytest.mark.parametrize(
    "text",
    [
        "",
        "now",
        "2030-03-17T17:46:40",
        "2030-03-17T17:46:40+01:00",
        "2030-02-30T00:00:00Z",
        "2030-03-17 17:46:40Z",
        "2030-03-17T25:00:00Z",
        "2030-03-17T17:46:60Z",
        "٢٠٣٠-03-17T17:46:40Z",
        "12030-03-17T17:46:40Z",
        "0000-01-01T00:00:00Z",
        "2030-03-17T17:46:40.1234567890Z",
        "2030-03-17T17:46:40Z\n",
        " 2030-03-17T17:46:40Z",
    ],
)
def test_other_instants_are_refused(text) -> None:
    with pytest.raises(XmlRefused):
        read_instant(text)


def test_an_instant_is_written_with_milliseconds() -> None:
    assert write_instant(NOW) == "2030-03-17T17:46:40.123Z"
    assert read_instant(write_instant(NOW)) == NOW
    assert write_instant(1_900_000_000_000) == "2030-03-17T17:46:40.000Z"


def test_identifiers_of_ours_and_of_others() -> None:
    assert all(map(is_ncname, ("id1", "_a.b-c", "a" * 256)))
    assert all(map(is_identifier, ("id1", "7f-_x", "-a")))
    assert not any(map(is_ncname, ("7f", "a:b", "-a")))
    wrong = ("", "a b", "a" * 257, "a\n", "é", '"', "#a")
    assert not any(map(is_ncname, wrong))
    assert not any(map(is_identifier, wrong))


# --- building ---------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("bad", ["\0", "\x08", "\x0b", "\x1f", "\ud800", "\ufffe", "\uffff"])
def test_what_xml_cannot_carry_is_refused(bad) -> None:
    root = request_element()
    with pytest.raises(ValueError, match="cannot carry"):
        child(root, "a", text=f"x{bad}")
    with pytest.raises(ValueError, match="cannot carry"):
        child(root, "a", {"b": f"x{bad}"})
    with pytest.raises(ValueError, match="cannot carry"):
        element("a", text=bad, prefixes={})


def test_white_space_and_markup_survive_as_text() -> None:
    value = "\t\r\n<b>&amp;'\"]]>\u0085\u2028\U0001f600"
    root = element("a", {"v": value}, value, prefixes={})
    again = etree.fromstring(serialise(root))
    assert (again.text, again.get("v")) == (value, value)


# --- signing ----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(("pair", "another"), [(RSA, rsa_pair("b")), (EC, ec_pair("b"))], ids=["rsa", "ecdsa"])
def test_others_verify_what_we_sign(pair, another, tmp_path) -> None:
    document = serialise(sign_enveloped(request_element(), signing_key(pair)))
    assert xmlsec1_verifies(document, pair, tmp_path, of="AuthnRequest")
    assert not xmlsec1_verifies(document.replace(b"sp.example", b"zp.example"), pair, tmp_path, of="AuthnRequest")
    assert not xmlsec1_verifies(document, another, tmp_path, of="AuthnRequest")


def test_a_third_implementation_verifies_what_we_sign() -> None:
    document = serialise(sign_enveloped(request_element(), signing_key(RSA)))
    assert extract_verified_element(xml=document, certificate=RSA.certificate).get("ID") == "id1"


def test_the_signature_follows_the_issuer_and_the_original_stays_as_it_was() -> None:
    root = request_element()
    before = serialise(root)
    result = sign_enveloped(root, signing_key(RSA))
    assert [etree.QName(node).localname for node in result] == ["Issuer", "Signature", "NameIDPolicy"]
    assert serialise(root) == before


def test_without_an_issuer_the_signature_comes_first() -> None:
    root = element("{urn:x}Thing", {"ID": "id1"}, prefixes={"x": "urn:x"})
    child(root, "{urn:x}Part")
    assert sign_enveloped(root, signing_key(RSA))[0].tag == f"{{{DS}}}Signature"


def test_only_an_unsigned_root_with_an_id_is_signed() -> None:
    key = signing_key(RSA)
    with pytest.raises(ValueError, match="ID"):
        sign_enveloped(element("a", prefixes={}), key)
    with pytest.raises(ValueError, match="unsigned root"):
        sign_enveloped(sign_enveloped(request_element(), key), key)
    inner = child(request_element(), name(SAML, "Assertion"), {"ID": "id2"})
    with pytest.raises(ValueError, match="unsigned root"):
        sign_enveloped(inner, key)


def test_signed_documents_stay_out_of_the_debug_log(caplog) -> None:
    with caplog.at_level(logging.DEBUG):
        verify_enveloped(parse(serialise(sign_enveloped(request_element(), signing_key(RSA)))), [RSA.pem])
    assert "sp.example" not in caplog.text


# --- verifying --------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(("pair", "algorithm"), [(RSA, None), (EC, ECDSA_SHA256)], ids=["rsa", "ecdsa"])
def test_what_others_sign_is_verified(pair, algorithm) -> None:
    root = signed(authn_request(at=NOW), pair, **({"algorithm": algorithm} if algorithm else {}))
    verified = verify_enveloped(parse(etree.tostring(root)), [rsa_pair("other").pem, pair.pem])
    assert verified.get("ID") == "_request1"
    assert [etree.QName(node).localname for node in verified] == ["Issuer"]


def test_a_signature_with_inclusive_namespaces_is_verified() -> None:
    """OpenSAML names the prefixes that attribute values use."""
    transforms = (
        f'<ds:Transform Algorithm="{DS}enveloped-signature"/>',
        f'<ds:Transform Algorithm="{EXC_C14N}"><ec:InclusiveNamespaces xmlns:ec="{EXC_C14N}" PrefixList="xs"/>'
        "</ds:Transform>",
    )
    request = authn_request(at=NOW, attributes='xmlns:xs="http://www.w3.org/2001/XMLSchema"')
    root = signed(request, RSA, transforms=transforms, prefixes=("xs",))
    assert verify_enveloped(parse(etree.tostring(root)), [RSA.pem]).get("ID") == "_request1"


def test_a_certificate_is_a_container_of_a_key_whatever_its_dates() -> None:
    old = key_pair(RSA.private_key, expired=True)
    root = signed(authn_request(at=NOW), RSA)
    assert verify_enveloped(parse(etree.tostring(root)), [old.pem]).get("ID") == "_request1"


def test_our_own_signature_goes_round() -> None:
    document = serialise(sign_enveloped(request_element(), signing_key(EC)))
    assert verify_enveloped(parse(document), [EC.pem])[0].text == "https://sp.example"


def test_without_certificates_nothing_is_verified() -> None:
    root = signed(authn_request(at=NOW), RSA)
    with pytest.raises(SignatureRefused):
        verify_enveloped(root, [])


def test_only_a_whole_document_is_verified() -> None:
    outer = etree.Element("outer")
    outer.append(signed(authn_request(at=NOW), RSA))
    with pytest.raises(SignatureRefused, match="document of its own"):
        verify_enveloped(outer[0], [RSA.pem])


def test_namespaces_by_the_thousand_are_verified() -> None:
    declarations = " ".join(f'xmlns:n{i}="urn:{i}"' for i in range(1200))
    body = f"<samlp:Extensions>{'<a/>' * 6000}</samlp:Extensions>"
    root = signed(authn_request(at=NOW, attributes=declarations, body=body), RSA)
    assert verify_enveloped(parse(etree.tostring(root)), [RSA.pem]).tag == root.tag
