"""Hostile SAML messages: rows SA-01 to SA-06 and SA-11 of the threat model, at the functions every message passes.

Signatures (SA-07 to SA-10) are in test_saml_redirect and test_saml_signatures; SA-13 (text in our own
documents) and SA-15 (responses used elsewhere) are in tests/unit/protocols/saml.
"""

import codecs
import dataclasses
import tracemalloc
import zlib
from contextlib import suppress
from urllib.parse import quote_plus

import pytest
from hypothesis import given
from hypothesis import strategies as st
from lxml import etree
from tests.attacks.hostile_saml import CERTIFICATES, EVIL, NOW, SP_KEYS, STRANGER, nobody_calls, refused
from tests.unit.protocols.saml.messages import (
    ACS,
    OTHER_ACS,
    SP_ENTITY,
    SSO_URL,
    authn_request,
    b64,
    deflated,
    redirect_query,
    signed,
)

from segue.core.refusal import Refusal
from segue.protocols.saml.binding import MAX_INFLATED_BYTES, MAX_MESSAGE_CHARS, inflate_message, open_redirect
from segue.protocols.saml.request import AuthnRequest, ServiceProvider, check, read_post, read_redirect
from segue.protocols.saml.xml import XmlRefused, parse

SP = ServiceProvider(SP_ENTITY, (ACS, OTHER_ACS), want_signed_requests=True, certificates=CERTIFICATES)


def failures(request: AuthnRequest, sp: ServiceProvider = SP, endpoint_url: str = SSO_URL) -> list[str]:
    return [it.name for it in check(request, endpoint_url=endpoint_url, sp=sp, now_at=NOW).checks if not it.passed]


# --- SA-01: the parser ------------------------------------------------------------------------------------------------


GOOD = authn_request(at=NOW)
LAUGHS = "".join(f'<!ENTITY l{i} "{f"&l{i - 1};" * 10}">' for i in range(1, 10))


def before(text: str) -> bytes:
    return (text + GOOD).encode()


def inside(text: str) -> bytes:
    return GOOD.replace(SP_ENTITY, text).encode()


def below(text: str) -> bytes:
    return GOOD.replace("</samlp:AuthnRequest>", f"{text}</samlp:AuthnRequest>").encode()


HOSTILE = {
    "doctype": before("<!DOCTYPE r>"),
    "doctype lower case": before("<!doctype r>"),
    "doctype after a declaration": before('<?xml version="1.0"?>\n<!DOCTYPE r>'),
    "external dtd": before('<!DOCTYPE r SYSTEM "LISTENER/x.dtd">'),
    "public dtd": before('<!DOCTYPE r PUBLIC "-//X//Y//EN" "LISTENER/x.dtd">'),
    "external parameter entity": before('<!DOCTYPE r [<!ENTITY % p SYSTEM "LISTENER/p"> %p;]>'),
    "external entity by http": before('<!DOCTYPE r [<!ENTITY x SYSTEM "LISTENER/x">]>').replace(b"sp.example", b"&x;"),
    "external entity from a file": before('<!DOCTYPE r [<!ENTITY x SYSTEM "file:///etc/passwd">]>').replace(
        b"sp.example", b"&x;"
    ),
    "billion laughs": before(f'<!DOCTYPE r [<!ENTITY l0 "ha">{LAUGHS}]>').replace(b"sp.example", b"&l9;"),
    "quadratic blow-up": before(f'<!DOCTYPE r [<!ENTITY x "{"a" * 20000}">]>').replace(b"sp.example", b"&x;" * 9000),
    "default attributes": before('<!DOCTYPE r [<!ATTLIST samlp:AuthnRequest ForceAuthn CDATA "false">]>'),
    "conditional section": before("<![INCLUDE[<!DOCTYPE r>]]>"),
    "undefined entity": inside("&x;"),
    "entity without an end": inside("&amp"),
    "style sheet": before('<?xml-stylesheet href="LISTENER/x.xsl" type="text/xsl"?>'),
    "processing instruction": inside("https://sp.example/meta<?x?>data"),
    "second declaration": below('<?xml version="1.0"?>'),
    "comment in the issuer": inside("https://sp.example/metadata<!-- -->.evil.example"),
    "comment before the root": before("<!-- -->"),
    "comment after the root": (GOOD + "<!-- -->").encode(),
    "cdata": inside("<![CDATA[https://sp.example/metadata]]>"),
    "xinclude": below('<xi:include xmlns:xi="http://www.w3.org/2001/XInclude" href="LISTENER/x"/>'),
    "utf-16 with a doctype": codecs.BOM_UTF16_LE + ("<!DOCTYPE r>" + GOOD).encode("utf-16-le"),
    "utf-16 without a mark": ("<!DOCTYPE r>" + GOOD).encode("utf-16-be"),
    "utf-32": GOOD.encode("utf-32"),
    "utf-7": b'<?xml version="1.0" encoding="UTF-7"?>+ADwAIQ-DOCTYPE r+AD4-' + GOOD.encode(),
    "ebcdic": ('<?xml version="1.0" encoding="cp037"?>' + GOOD).encode("cp037"),
    "another encoding declared": before('<?xml version="1.0" encoding="ISO-8859-1"?>'),
    "latin-1": inside("https://sp.example/é").replace("é".encode(), b"\xe9"),
    "overlong utf-8": inside("x").replace(b"<saml", b"\xc0\xbcsaml"),
    "surrogate in utf-8": inside("x").replace(b">x<", b">\xed\xa0\x80<"),
    "xml 1.1": before('<?xml version="1.1"?>'),
    "nul": inside("a\0b"),
    "control character": inside("a\x01b"),
    "control character by reference": inside("a&#1;b"),
    "surrogate by reference": inside("a&#xD800;b"),
    "noncharacter": inside("a\uffffb"),
    "nested 33 deep": below("<a>" * 32 + "</a>" * 32),
    "nested 5000 deep": below("<a>" * 5000 + "</a>" * 5000),
    "one long text": inside("x" * 70_000),
    "one long attribute": GOOD.replace("Version=", f'Long="{"x" * 70_000}" Version=').encode(),
    "attribute twice": GOOD.replace("Version=", 'ID="_x" Version=').encode(),
    "attribute twice by namespace": GOOD.replace(
        "Version=", 'xmlns:a="urn:x" xmlns:b="urn:x" a:i="" b:i="" Version='
    ).encode(),
    "unbound prefix": below("<x:a/>"),
    "two roots": (GOOD + GOOD).encode(),
    "text after the root": (GOOD + "x").encode(),
    "cut off": GOOD[:-5].encode(),
    "empty": b"",
    "white space": b" \n",
    "byte order mark alone": codecs.BOM_UTF8,
    "json": b'{"AuthnRequest": {}}',
}


@pytest.mark.parametrize("document", HOSTILE.values(), ids=HOSTILE)
def test_SA_01_hostile_documents_are_refused_quickly_and_silently(document) -> None:
    with nobody_calls() as address:
        document = document.replace(b"LISTENER", address.encode())
        assert refused(lambda: read_post(b64(document))).reason == "saml_message_malformed"
        assert refused(lambda: read_redirect(deflated(document))).reason == "saml_message_malformed"
        assert refused(lambda: read_post(b64(document)))


def test_SA_01_the_documents_are_hostile_and_not_merely_broken() -> None:
    assert len(HOSTILE) >= 25
    assert read_post(b64(GOOD)).issuer == SP_ENTITY  # what all of them were made from


@pytest.mark.parametrize("text", ["&x;", "&amp", "& ", "&#x;", "&#12345678;", "&AMP;"])
def test_SA_01_an_entity_is_refused_before_the_parser_meets_it(text) -> None:
    with pytest.raises(XmlRefused, match="entity"):
        parse(inside(text))


def test_SA_01_addresses_inside_a_good_document_are_never_fetched() -> None:
    with nobody_calls() as address:
        body = (
            '<samlp:Extensions><xi:include xmlns:xi="http://www.w3.org/2001/XInclude" href="ADDRESS/i"/>'
            '<x xmlns="urn:x" xmlns:xsi="http://www.w3.org/2001/XMLSchema-instance" xsi:schemaLocation="u ADDRESS/s"'
            ' xml:base="ADDRESS/"/></samlp:Extensions>'
        ).replace("ADDRESS", address)
        root = signed(authn_request(at=NOW, body=body), SP_KEYS)
        assert read_post(b64(etree.tostring(root)), CERTIFICATES).signed


@given(st.binary(max_size=200))
def test_SA_01_any_bytes_are_read_or_refused(data) -> None:
    for document in (data, GOOD.encode()[:100] + data + GOOD.encode()[100:]):
        with suppress(XmlRefused):
            parse(document)


# --- SA-02: compression -----------------------------------------------------------------------------------------------


def compress(data: bytes, wbits: int = -15) -> bytes:
    compressor = zlib.compressobj(9, wbits=wbits)
    return compressor.compress(data) + compressor.flush()


def test_SA_02_a_bomb_costs_neither_time_nor_memory() -> None:
    bomb = b64(compress(bytes(60_000_000)))
    assert len(bomb) < MAX_MESSAGE_CHARS  # small enough to come to the inflater

    def attempt() -> None:
        with pytest.raises(Refusal):
            inflate_message(bomb)

    tracemalloc.start()
    try:
        attempt()
        assert tracemalloc.get_traced_memory()[1] < 2_000_000
    finally:
        tracemalloc.stop()


def test_SA_02_a_larger_bomb_is_not_even_decoded() -> None:
    assert refused(lambda: inflate_message(b64(compress(bytes(200_000_000))))).reason == "saml_message_malformed"


def test_SA_02_the_limit_is_exact() -> None:
    assert len(inflate_message(b64(compress(bytes(MAX_INFLATED_BYTES - 1))))) == MAX_INFLATED_BYTES - 1
    refused(lambda: inflate_message(b64(compress(bytes(MAX_INFLATED_BYTES + 1)))))


@pytest.mark.parametrize(
    "data",
    [
        compress(GOOD.encode()) + b"x",
        compress(GOOD.encode()) + compress(GOOD.encode()),
        compress(GOOD.encode())[:-1],
        compress(GOOD.encode(), 15),
        compress(GOOD.encode(), 31),
        GOOD.encode(),
        b"",
        b"\xff" * 50,
    ],
    ids=["tail", "two streams", "cut off", "zlib header", "gzip header", "not deflated", "empty", "noise"],
)
def test_SA_02_one_stream_and_nothing_else(data) -> None:
    assert refused(lambda: read_redirect(b64(data))).reason == "saml_message_malformed"


@pytest.mark.parametrize("read", [read_post, read_redirect])
@pytest.mark.parametrize("text", ["", "!", "YWJj!ZGVm", "YWI", "YWJ=", "YW Jj", "YWJj====", "é", "_-_-", "A" * 100_000])
def test_SA_02_base64_is_strict(read, text) -> None:
    refused(lambda: read(text))


# --- SA-03 to SA-06, SA-11: judged against the registration -----------------------------------------------------------


SIGNED_GOOD = AuthnRequest("_r", "2.0", SP_ENTITY, NOW, destination=SSO_URL, signed=True)


@pytest.mark.parametrize(
    "acs",
    [
        EVIL,
        ACS + "/",
        ACS + "?x=1",
        ACS + "#x",
        ACS + "/../acs",
        ACS + "%20",
        ACS + " ",
        " " + ACS,
        ACS.upper(),
        ACS.replace("https", "http"),
        ACS.replace("sp.example", "sp.example:443"),
        ACS.replace("sp.example", "sp.example."),
        ACS.replace("https://", "https://evil@"),
        ACS.replace("sp.example", "sp.example\\.evil.example"),
        ACS[:-1],
        "",
        "/acs",
        "//sp.example/acs",
        "javascript:alert(1)//" + ACS,
        "data:text/html," + ACS,
    ],
)
def test_SA_03_an_address_is_registered_character_by_character(acs) -> None:
    assert failures(dataclasses.replace(SIGNED_GOOD, acs_url=acs)) == ["assertion_consumer_service"]


@pytest.mark.parametrize(
    "change",
    [
        {"acs_index": 2},
        {"acs_index": 65535},
        {"acs_index": 0, "acs_url": ACS},
        {"acs_index": 0, "protocol_binding": "urn:oasis:names:tc:SAML:2.0:bindings:HTTP-POST"},
    ],
)
def test_SA_03_an_index_exists_and_stands_alone(change) -> None:
    assert failures(dataclasses.replace(SIGNED_GOOD, **change)) == ["assertion_consumer_service"]


@pytest.mark.parametrize("binding", ["HTTP-Artifact", "HTTP-Redirect", "PAOS", "SOAP", "http-post", ""])
def test_SA_03_the_answer_is_posted(binding) -> None:
    request = dataclasses.replace(SIGNED_GOOD, protocol_binding=f"urn:oasis:names:tc:SAML:2.0:bindings:{binding}")
    assert failures(request) == ["protocol_binding"]


@pytest.mark.parametrize(
    "issuer", ["", EVIL, SP_ENTITY + "/", SP_ENTITY.upper(), f" {SP_ENTITY}", f"{SP_ENTITY}\n", SP_ENTITY[:-1]]
)
def test_SA_04_a_request_is_for_the_application_it_was_sent_to(issuer) -> None:
    assert failures(dataclasses.replace(SIGNED_GOOD, issuer=issuer)) == ["issuer"]


@pytest.mark.parametrize("destination", [EVIL, SSO_URL + "/", SSO_URL + "?x", SSO_URL.upper(), ""])
@pytest.mark.parametrize("is_signed", [True, False])
def test_SA_05_a_foreign_destination_is_refused(destination, is_signed) -> None:
    request = dataclasses.replace(SIGNED_GOOD, destination=destination, signed=is_signed)
    assert failures(request, dataclasses.replace(SP, want_signed_requests=False)) == ["destination"]


def test_SA_05_a_signed_request_names_its_destination() -> None:
    assert failures(dataclasses.replace(SIGNED_GOOD, destination=None)) == ["destination"]


@pytest.mark.parametrize("certificates", [(), CERTIFICATES])
def test_SA_06_a_stripped_signature_is_missed(certificates) -> None:
    text = authn_request(at=NOW, attributes=f'Destination="{SSO_URL}"')
    sp = dataclasses.replace(SP, certificates=certificates)
    redirected = open_redirect(f"SAMLRequest={quote_plus(deflated(text))}".encode(), certificates)
    assert redirected.saml_request is not None
    assert failures(read_redirect(redirected.saml_request, signed=redirected.signed), sp) == ["signature"]
    assert failures(read_post(b64(text), certificates), sp) == ["signature"]


def test_SA_06_a_signature_that_was_never_checked_counts_for_nothing() -> None:
    text = authn_request(at=NOW, attributes=f'Destination="{SSO_URL}"')
    sp = dataclasses.replace(SP, certificates=())
    assert failures(read_post(b64(etree.tostring(signed(text, STRANGER))), ()), sp) == ["signature"]
    assert not open_redirect(redirect_query(STRANGER, deflated(text)), ()).signed
    assert failures(read_redirect(deflated(etree.tostring(signed(text, SP_KEYS)))), SP) == ["signature"]


@pytest.mark.parametrize("age", [600_001, 86_400_000, -180_001, -86_400_000])
def test_SA_11_a_request_of_another_time_is_refused(age) -> None:
    assert failures(dataclasses.replace(SIGNED_GOOD, issue_instant_at=NOW - age)) == ["issue_instant"]
