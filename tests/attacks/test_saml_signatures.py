"""Hostile SAML signatures: rows SA-08 to SA-10 of the threat model, in messages that come by HTTP-POST."""

import base64
import copy
from collections.abc import Callable

import pytest
from hypothesis import given
from hypothesis import strategies as st
from lxml import etree
from tests.attacks.hostile_saml import CERTIFICATES, EVIL, NOW, SP_KEYS, STRANGER, nobody_calls, refused
from tests.unit.protocols.saml.messages import (
    DS,
    ECDSA_SHA256,
    ENVELOPED,
    EXC_C14N,
    HMAC_SHA256,
    NS,
    RSA_SHA1,
    SAML,
    SAMLP,
    SHA1,
    SP_ENTITY,
    authn_request,
    b64,
    ec_pair,
    signed,
)

from segue.core.refusal import Refusal
from segue.protocols.saml.keys import SignatureRefused
from segue.protocols.saml.request import read_post
from segue.protocols.saml.xml import parse, verify_enveloped

# --- SA-08: signature wrapping ----------------------------------------------------------------------------------------


def signature_of(root: etree._Element) -> etree._Element:
    found = root.find("ds:Signature", NS)
    assert found is not None
    return found


def without_signature(root: etree._Element) -> etree._Element:
    bare = copy.deepcopy(root)
    bare.remove(signature_of(bare))
    return bare


def evil_twin(root: etree._Element, identifier: str = "_evil") -> etree._Element:
    """The same message about somebody else, with the old signature still in it."""
    twin = copy.deepcopy(root)
    twin.set("ID", identifier)
    issuer = twin.find("saml:Issuer", NS)
    assert issuer is not None
    issuer.text = EVIL
    return twin


def tag(namespace: str, local: str) -> str:
    return f"{{{namespace}}}{local}"


def response_with(*parts: etree._Element) -> etree._Element:
    root = etree.Element(tag(SAMLP, "Response"), {"ID": "_response"})
    root.extend(parts)
    return root


def sa_assertion() -> etree._Element:
    text = (
        f'<saml:Assertion xmlns:saml="{SAML}" ID="_assertion" Version="2.0"><saml:Issuer>{SP_ENTITY}</saml:Issuer>'
        "<saml:Subject><saml:NameID>ann</saml:NameID></saml:Subject></saml:Assertion>"
    )
    return signed(text, SP_KEYS)


def wrapped(number: int, make: Callable[[], etree._Element]) -> etree._Element:
    """The eight published permutations: 1 and 2 wrap a whole message, 3 to 8 a part of one."""
    original = make()
    evil, bare = evil_twin(original), without_signature(original)
    if number == 1:  # the original hides in the signature of its twin
        signature_of(evil).append(bare)
        return evil
    if number == 2:  # the original stands before the signature in its twin
        signature_of(evil).addprevious(bare)
        return evil
    if number == 3:  # the twin stands before the original
        return response_with(without_signature(evil), original)
    if number == 4:  # the twin holds the original
        outer = without_signature(evil)
        outer.append(original)
        return response_with(outer)
    if number == 5:  # the twin took the signature, the original follows
        return response_with(evil, bare)
    if number == 6:  # the twin took the signature, and the original is in it
        signature_of(evil).append(bare)
        return response_with(evil)
    if number == 7:  # the twin hides in extensions
        extensions = etree.Element(tag(SAMLP, "Extensions"))
        extensions.append(without_signature(evil))
        return response_with(extensions, original)
    assert number == 8  # the original is an object of the twin's signature
    etree.SubElement(signature_of(evil), tag(DS, "Object")).append(bare)
    return response_with(evil)


def sa_request() -> etree._Element:
    return signed(authn_request(at=NOW), SP_KEYS)


@pytest.mark.parametrize("number", range(1, 9))
@pytest.mark.parametrize("make", [sa_request, sa_assertion])
def test_SA_08_no_wrapping_gets_past_the_verifier(number, make) -> None:
    root = parse(etree.tostring(wrapped(number, make)))
    with pytest.raises(SignatureRefused):
        verify_enveloped(root, CERTIFICATES)
    good = etree.tostring(verify_enveloped(parse(etree.tostring(make())), CERTIFICATES), method="c14n")
    for node in root.iter():  # whatever part somebody picks, the verifier gives back the original or nothing
        if node.get("ID") is None or node is root:
            continue
        try:
            verified = verify_enveloped(parse(etree.tostring(node, with_tail=False)), CERTIFICATES)
        except SignatureRefused:
            continue
        assert etree.tostring(verified, method="c14n") == good
        assert EVIL.encode() not in etree.tostring(verified)


@pytest.mark.parametrize("number", range(1, 9))
def test_SA_08_no_wrapped_request_is_read(number) -> None:
    refused(lambda: read_post(b64(etree.tostring(wrapped(number, sa_request))), CERTIFICATES))


def variant(change: Callable[[etree._Element, etree._Element], etree._Element | None]) -> bytes:
    original = sa_request()
    result = change(original, evil_twin(original, "_request1"))
    return etree.tostring(original if result is None else result)


def nested(evil: etree._Element, inner: etree._Element) -> etree._Element:
    etree.SubElement(evil, tag(SAMLP, "Extensions")).append(inner)
    return evil


def renamed_id(inner: etree._Element, attribute: str) -> etree._Element:
    inner.set(attribute, inner.attrib.pop("ID"))
    return inner


def moved(root: etree._Element) -> None:
    etree.SubElement(root, tag(SAMLP, "Extensions")).append(signature_of(root))


VARIANTS = {
    "one id twice": lambda good, evil: nested(evil, without_signature(good)),
    "one id twice, twin inside": lambda good, evil: nested(good, without_signature(evil)),
    "id spelled Id": lambda good, evil: nested(evil, renamed_id(without_signature(good), "Id")),
    "id spelled id": lambda good, evil: nested(evil, renamed_id(without_signature(good), "id")),
    "id spelled xml:id": lambda good, evil: nested(
        evil, renamed_id(without_signature(good), "{http://www.w3.org/XML/1998/namespace}id")
    ),
    "id in a namespace": lambda good, evil: nested(evil, renamed_id(without_signature(good), "{urn:x}ID")),
    "id of the signature itself": lambda good, evil: signature_of(good).set("Id", "_request1"),
    "two signatures": lambda good, evil: good.append(copy.deepcopy(signature_of(good))),
    "a second signature elsewhere": lambda good, evil: nested(good, copy.deepcopy(signature_of(good))),
    "a signature in a signature": lambda good, evil: signature_of(good).append(copy.deepcopy(signature_of(good))),
    "signature elsewhere": lambda good, evil: moved(good),
    "an object in the signature": lambda good, evil: signature_of(good).append(etree.Element(tag(DS, "Object"))),
    "two key infos": lambda good, evil: signature_of(good).append(copy.deepcopy(signature_of(good)[2])),
    "two signed infos": lambda good, evil: signature_of(good).insert(0, copy.deepcopy(signature_of(good)[0])),
    "two values": lambda good, evil: signature_of(good).insert(1, copy.deepcopy(signature_of(good)[1])),
    "no value": lambda good, evil: signature_of(good).remove(signature_of(good)[1]),
    "an empty signature": lambda good, evil: signature_of(good).clear(),
    "two references": lambda good, evil: signature_of(good)[0].append(copy.deepcopy(signature_of(good)[0][2])),
    "no reference": lambda good, evil: signature_of(good)[0].remove(signature_of(good)[0][2]),
    "another id": lambda good, evil: good.set("ID", "_other"),
    "changed issuer": lambda good, evil: evil,
    "added attribute": lambda good, evil: good.set("ForceAuthn", "false"),
    "added element": lambda good, evil: good.append(etree.Element(tag(SAMLP, "Scoping"))),
    "added text": lambda good, evil: setattr(good, "text", "x"),
    "signature in another namespace": lambda good, evil: setattr(signature_of(good), "tag", tag("urn:x", "Signature")),
}


@pytest.mark.parametrize("change", VARIANTS.values(), ids=VARIANTS)
def test_SA_08_other_shapes_are_refused(change) -> None:
    document = variant(change)
    refused(lambda: read_post(b64(document), CERTIFICATES))


@pytest.mark.parametrize(
    "name", ["two signatures", "a second signature elsewhere", "a signature in a signature", "signature elsewhere"]
)
def test_SA_08_there_is_one_signature_and_it_is_the_root_s(name) -> None:
    document = variant(VARIANTS[name])
    assert "exactly one signature" in str(refused(lambda: read_post(b64(document), CERTIFICATES)).verdict)


@pytest.mark.parametrize("uri", ["", "#_other", "_request1", "#xpointer(/)", "#xpointer(id('_request1'))", "#", EVIL])
def test_SA_08_the_reference_is_to_the_root(uri) -> None:
    root = signed(authn_request(at=NOW), SP_KEYS, uri=uri)
    assert "refers to" in str(refused(lambda: read_post(b64(etree.tostring(root)), CERTIFICATES)).verdict)


SIGNED_DOCUMENT = etree.tostring(sa_request())


@given(at=st.integers(0, len(SIGNED_DOCUMENT) - 1), octet=st.integers(0, 255))
def test_SA_08_a_changed_octet_is_refused_or_means_nothing(at, octet) -> None:
    document = SIGNED_DOCUMENT[:at] + bytes([octet]) + SIGNED_DOCUMENT[at + 1 :]
    try:
        seen = read_post(b64(document), CERTIFICATES)
    except Refusal:
        return
    assert seen == read_post(b64(SIGNED_DOCUMENT), CERTIFICATES)


# --- SA-09: keys and algorithms ---------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "root",
    [
        lambda: signed(authn_request(at=NOW), STRANGER),
        lambda: signed(authn_request(at=NOW), STRANGER, key_info=SP_KEYS),
        lambda: signed(authn_request(at=NOW), ec_pair("stranger"), algorithm=ECDSA_SHA256),
        lambda: signed(authn_request(at=NOW), SP_KEYS, algorithm=RSA_SHA1),
        lambda: signed(authn_request(at=NOW), SP_KEYS, algorithm=HMAC_SHA256),
        lambda: signed(authn_request(at=NOW), SP_KEYS, algorithm=ECDSA_SHA256),
        lambda: signed(authn_request(at=NOW), SP_KEYS, algorithm="http://www.w3.org/2000/09/xmldsig#dsa-sha1"),
        lambda: signed(authn_request(at=NOW), SP_KEYS, algorithm=""),
        lambda: signed(authn_request(at=NOW), SP_KEYS, digest=SHA1),
        lambda: signed(authn_request(at=NOW), SP_KEYS, digest="http://www.w3.org/2001/04/xmldsig-more#md5"),
    ],
    ids=[
        "stranger",
        "stranger's signature, our key named",
        "stranger's curve",
        "sha-1",
        "hmac with the certificate",
        "key of another kind",
        "dsa",
        "no algorithm",
        "sha-1 digest",
        "md5 digest",
    ],
)
def test_SA_09_only_registered_keys_and_strong_algorithms_count(root) -> None:
    refusal = refused(lambda: read_post(b64(etree.tostring(root())), CERTIFICATES))
    assert refusal.reason == "saml_signature_invalid"


def test_SA_09_a_weak_digest_is_refused_before_it_is_computed() -> None:
    root = signed(authn_request(at=NOW), SP_KEYS, digest=SHA1)
    seen = str(refused(lambda: read_post(b64(etree.tostring(root)), CERTIFICATES)).verdict)
    assert "digest algorithm is not allowed" in seen


def test_SA_09_what_the_message_says_about_its_key_is_not_read() -> None:
    """The registered key signed it; that the message names another one changes nothing, for good or ill."""
    root = signed(authn_request(at=NOW), SP_KEYS, key_info=STRANGER)
    assert read_post(b64(etree.tostring(root)), CERTIFICATES).signed
    signature_of(root).remove(signature_of(root)[2])
    assert read_post(b64(etree.tostring(root)), CERTIFICATES).signed


@pytest.mark.parametrize(
    "key_info",
    [
        '<ds:RetrievalMethod URI="LISTENER/key"/>',
        "<ds:X509Data><ds:X509Certificate>AAAA</ds:X509Certificate></ds:X509Data>",
        "<ds:KeyValue><ds:RSAKeyValue><ds:Modulus>AA==</ds:Modulus><ds:Exponent>AA==</ds:Exponent></ds:RSAKeyValue>"
        "</ds:KeyValue>",
        "<x/>" * 5000,
    ],
)
def test_SA_09_nothing_in_the_key_info_is_followed(key_info) -> None:
    root = signed(authn_request(at=NOW), SP_KEYS)
    with nobody_calls() as address:
        text = f'<ds:KeyInfo xmlns:ds="{DS}">{key_info}</ds:KeyInfo>'.replace("LISTENER", address)
        signature_of(root)[2] = etree.fromstring(text)
        assert read_post(b64(etree.tostring(root)), CERTIFICATES).signed


# --- SA-10: transforms ------------------------------------------------------------------------------------------------


ENVELOPED_TRANSFORM = f'<ds:Transform Algorithm="{ENVELOPED}"/>'
C14N_TRANSFORM = f'<ds:Transform Algorithm="{EXC_C14N}"/>'
XSLT_BOMB = (
    '<ds:Transform Algorithm="http://www.w3.org/TR/1999/REC-xslt-19991116"><xsl:stylesheet version="1.0" '
    'xmlns:xsl="http://www.w3.org/1999/XSL/Transform"><xsl:template match="/"><xsl:for-each select="//*">'
    '<xsl:for-each select="//*"><xsl:for-each select="//*"><xsl:value-of select="document(\'LISTENER/\')"/>'
    "</xsl:for-each></xsl:for-each></xsl:for-each></xsl:template></xsl:stylesheet></ds:Transform>"
)
XPATH_BOMB = (
    '<ds:Transform Algorithm="http://www.w3.org/TR/1999/REC-xpath-19991116"><ds:XPath>'
    f"{'count(//. | //@* | //namespace::*) + ' * 50}1</ds:XPath></ds:Transform>"
)


def transform(algorithm: str, inner: str = "") -> str:
    return f'<ds:Transform Algorithm="{algorithm}">{inner}</ds:Transform>'


@pytest.mark.parametrize(
    "transforms",
    [
        (),
        (ENVELOPED_TRANSFORM,),
        (C14N_TRANSFORM,),
        (C14N_TRANSFORM, ENVELOPED_TRANSFORM),
        (ENVELOPED_TRANSFORM, ENVELOPED_TRANSFORM),
        (ENVELOPED_TRANSFORM, C14N_TRANSFORM, C14N_TRANSFORM),
        (ENVELOPED_TRANSFORM, C14N_TRANSFORM, XSLT_BOMB),
        (ENVELOPED_TRANSFORM, XSLT_BOMB),
        (XSLT_BOMB, C14N_TRANSFORM),
        (ENVELOPED_TRANSFORM, XPATH_BOMB),
        (XPATH_BOMB, C14N_TRANSFORM),
        (ENVELOPED_TRANSFORM, transform("http://www.w3.org/2002/06/xmldsig-filter2", "<x/>")),
        (ENVELOPED_TRANSFORM, transform(f"{DS}base64")),
        (ENVELOPED_TRANSFORM, transform(f"{EXC_C14N}WithComments")),
        (ENVELOPED_TRANSFORM, transform("http://www.w3.org/TR/2001/REC-xml-c14n-20010315")),
        (ENVELOPED_TRANSFORM, transform("http://www.w3.org/TR/2001/REC-xml-c14n-20010315#WithComments")),
        (ENVELOPED_TRANSFORM, transform(EXC_C14N, "<x/>")),
        (ENVELOPED_TRANSFORM, transform(EXC_C14N, f'<InclusiveNamespaces xmlns="{EXC_C14N}"/>' * 2)),
        (transform(ENVELOPED, "<x/>"), C14N_TRANSFORM),
        (ENVELOPED_TRANSFORM, *[C14N_TRANSFORM] * 500),
    ],
    ids=[
        "none",
        "enveloped alone",
        "c14n alone",
        "turned round",
        "enveloped twice",
        "c14n twice",
        "xslt last",
        "xslt second",
        "xslt first",
        "xpath second",
        "xpath first",
        "filter",
        "base64",
        "with comments",
        "inclusive",
        "inclusive with comments",
        "a parameter",
        "two parameters",
        "enveloped with a parameter",
        "five hundred",
    ],
)
def test_SA_10_other_transforms_are_refused_before_any_of_them_runs(transforms) -> None:
    with nobody_calls() as address:
        root = signed(
            authn_request(at=NOW), SP_KEYS, transforms=tuple(it.replace("LISTENER", address) for it in transforms)
        )
        document = b64(etree.tostring(root))
        seen = str(refused(lambda: read_post(document, CERTIFICATES)).verdict)
        assert any(rule in seen for rule in ("must hold exactly", "canonicalisation", "first transform"))


@pytest.mark.parametrize("method", [f"{EXC_C14N}WithComments", "http://www.w3.org/TR/2001/REC-xml-c14n-20010315", ""])
def test_SA_10_the_signed_info_has_the_same_canonical_form(method) -> None:
    root = signed(authn_request(at=NOW), SP_KEYS, c14n_method=method)
    assert "canonicalisation" in str(refused(lambda: read_post(b64(etree.tostring(root)), CERTIFICATES)).verdict)


def test_SA_10_what_is_signed_well_is_still_read() -> None:
    assert read_post(base64.b64encode(SIGNED_DOCUMENT).decode(), CERTIFICATES).signed
