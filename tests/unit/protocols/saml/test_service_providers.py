"""A whole sign-in with pysaml2 as the service provider, and what it, minisaml and xmlsec1 make of a changed response.

pysaml2 checks signatures with the xmlsec1 program and judges Destination, Recipient, Audience, InResponseTo and times.
"""

import base64
import dataclasses
import gc
import re
import secrets
import time
import warnings
from collections.abc import Iterator
from urllib.parse import urlsplit

import pytest
from lxml import etree
from minisaml.response import validate_response
from saml2 import BINDING_HTTP_POST, BINDING_HTTP_REDIRECT
from saml2.client import Saml2Client
from saml2.config import SPConfig
from saml2.response import StatusError
from saml2.sigver import SIG_RSA_SHA1, SIG_RSA_SHA256, SignatureError
from saml2.xmldsig import DIGEST_SHA256
from tests.unit.protocols.saml.messages import (
    ACS,
    IDP_ENTITY,
    OTHER_ACS,
    SP_ENTITY,
    SSO_URL,
    XMLSEC1,
    rsa_pair,
    xmlsec1_verifies,
)

from segue.core.refusal import Refusal
from segue.protocols.saml.assertion import (
    Attribute,
    Envelope,
    ErrorStatus,
    Statement,
    build_error_response,
    build_response,
    new_id,
)
from segue.protocols.saml.binding import open_redirect
from segue.protocols.saml.keys import SigningKey
from segue.protocols.saml.metadata import idp_metadata
from segue.protocols.saml.request import AuthnRequest, ServiceProvider, check, read_post, read_redirect

IDP, SP_KEYS, NEXT = rsa_pair("idp"), rsa_pair("sp"), rsa_pair("next")
KEY = SigningKey(IDP.private_key, IDP.certificate)
SP = ServiceProvider(SP_ENTITY, (ACS, OTHER_ACS), want_signed_requests=True, certificates=(SP_KEYS.pem,))
BASIC = "urn:oasis:names:tc:SAML:2.0:attrname-format:basic"


pytestmark = pytest.mark.filterwarnings("ignore:unclosed file:ResourceWarning")  # pysaml2 forgets its temporary files


@pytest.fixture(scope="module", autouse=True)
def _forgotten_files_are_collected_here() -> Iterator[None]:
    """What pysaml2 forgets is collected before the next module, which has nothing to do with it."""
    yield
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", ResourceWarning)
        gc.collect()


def now_at() -> int:
    return time.time_ns() // 1_000_000


@pytest.fixture(scope="module")
def client(tmp_path_factory: pytest.TempPathFactory) -> Saml2Client:
    """A pysaml2 service provider that wants everything signed and knows us by our metadata alone."""
    folder = tmp_path_factory.mktemp("pysaml2")
    (folder / "sp.key").write_bytes(SP_KEYS.private_pem)
    (folder / "sp.pem").write_text(SP_KEYS.pem)
    metadata = idp_metadata(
        entity_id=IDP_ENTITY,
        sso_url=SSO_URL,
        certificates=[NEXT.certificate, IDP.certificate],
        want_signed_requests=True,
    )
    service = {
        "endpoints": {"assertion_consumer_service": [(ACS, BINDING_HTTP_POST), (OTHER_ACS, BINDING_HTTP_POST)]},
        "authn_requests_signed": True,
        "want_response_signed": True,
        "want_assertions_signed": True,
        "allow_unsolicited": False,
        "signing_algorithm": SIG_RSA_SHA256,
        "digest_algorithm": DIGEST_SHA256,
    }
    settings = {
        "entityid": SP_ENTITY,
        "service": {"sp": service},
        "metadata": {"inline": [metadata.decode()]},
        "xmlsec_binary": XMLSEC1,
        "key_file": str(folder / "sp.key"),
        "cert_file": str(folder / "sp.pem"),
        "allow_unknown_attributes": True,
    }
    return Saml2Client(SPConfig().load(settings))


def request_by(client: Saml2Client, binding: str) -> tuple[AuthnRequest, str | None]:
    """The request pysaml2 makes, read by us, and its RelayState."""
    _, http = client.prepare_for_authenticate(IDP_ENTITY, "/deep?a=b&c", binding, force_authn="true")
    if binding == BINDING_HTTP_REDIRECT:
        query = urlsplit(dict(http["headers"])["Location"]).query.encode()
        message = open_redirect(query, SP.certificates)
        assert message.saml_request is not None
        return read_redirect(message.saml_request, signed=message.signed), message.relay_state
    fields = dict(re.findall(r'name="(SAMLRequest|RelayState)" value="([^"]*)"', http["data"]))
    return read_post(fields["SAMLRequest"], SP.certificates), fields["RelayState"].replace("&amp;", "&")


def respond(in_response_to: str | None, *, key: SigningKey = KEY, later_ms: int = 0, **changes) -> bytes:
    envelope = Envelope(
        issuer=IDP_ENTITY,
        sp=SP,
        acs_url=ACS,
        in_response_to=in_response_to,
        response_id=new_id(secrets.token_bytes),
        assertion_id=new_id(secrets.token_bytes),
        now_at=now_at() + later_ms,
    )
    statement = Statement(
        name_id="ann@x.example",
        session_index="id1.2",
        authn_instant_at=now_at() - 1000,
        attributes=(Attribute("groups", ("staff", "ädmins & <co>"), BASIC), Attribute("level", ("3",), BASIC)),
    )
    return build_response(dataclasses.replace(envelope, **changes), statement, key)


def accept(client: Saml2Client, document: bytes, outstanding: str = "_r"):
    return client.parse_authn_request_response(
        base64.b64encode(document).decode(), BINDING_HTTP_POST, {outstanding: "/came/from"}
    )


def rejected_by_pysaml2(client: Saml2Client, document: bytes, outstanding: str = "_r") -> bool:
    """pysaml2 says no by many kinds of exception, or by an answer without an assertion."""
    try:
        seen = accept(client, document, outstanding)
    except Exception:
        return True
    return seen is None or seen.assertion is None


def rejected_by_minisaml(document: bytes) -> bool:
    try:
        validate_response(
            data=base64.b64encode(document),
            certificate=IDP.certificate,
            expected_audience=SP_ENTITY,
            idp_issuer=IDP_ENTITY,
        )
    except Exception:
        return True
    return False


# --- the way that works -----------------------------------------------------------------------------------------------


@pytest.mark.parametrize("binding", [BINDING_HTTP_REDIRECT, BINDING_HTTP_POST])
def test_a_whole_sign_in(client, binding) -> None:
    request, relay_state = request_by(client, binding)
    assert relay_state == "/deep?a=b&c"
    assert request.signed
    assert request.force_authn
    assert check(request, endpoint_url=SSO_URL, sp=SP, now_at=now_at()).allowed
    seen = accept(client, respond(request.id), request.id)
    assert seen.get_subject().text == "ann@x.example"
    assert seen.came_from == "/came/from"
    assert seen.ava == {"groups": ["staff", "ädmins & <co>"], "level": ["3"]}
    assert seen.session_info()["session_index"] == "id1.2"
    assert seen.in_response_to == request.id


def test_the_signature_that_pysaml2_makes_unless_told_otherwise_is_refused(client) -> None:
    """RSA with SHA-1 (SA-09): whoever wants signed requests from it must configure a better one."""
    _, http = client.prepare_for_authenticate(IDP_ENTITY, "", BINDING_HTTP_POST, sigalg=SIG_RSA_SHA1)
    [saml_request] = re.findall(r'name="SAMLRequest" value="([^"]*)"', http["data"])
    with pytest.raises(Refusal) as refused:
        read_post(saml_request, SP.certificates)
    assert refused.value.reason == "saml_signature_invalid"


def test_the_next_key_is_trusted_before_it_is_used(client) -> None:
    document = respond("_r", key=SigningKey(NEXT.private_key, NEXT.certificate))
    assert accept(client, document).get_subject().text == "ann@x.example"


@pytest.mark.parametrize("status", ErrorStatus)
def test_an_error_arrives_as_one(client, status) -> None:
    envelope = Envelope(IDP_ENTITY, SP, ACS, "_r", "id1", "id2", now_at())
    with pytest.raises(StatusError, match=status.value[1].rpartition(":")[2]):
        accept(client, build_error_response(envelope, status, KEY))


# --- SA-15: one use, one place ----------------------------------------------------------------------------------------


ELSEWHERE = "https://other.example/acs"


@pytest.mark.parametrize(
    ("changes", "in_response_to"),
    [
        ({"sp": ServiceProvider("https://other.example", (ACS,))}, "_r"),
        ({"sp": ServiceProvider(SP_ENTITY, (ACS,), audience="https://other.example")}, "_r"),
        ({"sp": ServiceProvider(SP_ENTITY, (ELSEWHERE,)), "acs_url": ELSEWHERE}, "_r"),
        ({}, "_another"),
        ({}, None),
        ({"issuer": "https://other-idp.example"}, "_r"),
        ({"later_ms": -600_000}, "_r"),
        ({"later_ms": 900_000}, "_r"),
    ],
    ids=["sp", "audience", "recipient", "request", "unsolicited", "issuer", "expired", "early"],
)
def test_SA_15_a_well_signed_response_is_of_no_use_elsewhere(client, changes, in_response_to) -> None:
    assert not rejected_by_pysaml2(client, respond("_r"))
    assert rejected_by_pysaml2(client, respond(in_response_to, **changes))


def test_SA_15_a_key_that_is_not_in_the_metadata_signs_for_nobody(client) -> None:
    other = rsa_pair("stranger")
    assert rejected_by_pysaml2(client, respond("_r", key=SigningKey(other.private_key, other.certificate)))


@pytest.mark.parametrize("part", ["sign_response", "sign_assertion"])
def test_SA_15_each_signature_is_missed(client, part) -> None:
    document = respond("_r", sp=dataclasses.replace(SP, **{part: False}))
    with pytest.raises(SignatureError):
        accept(client, document)


# --- any change is seen -----------------------------------------------------------------------------------------------


def places(document: bytes) -> list[str]:
    """Every attribute and text of a signed response, as XPaths, but for the key that is only a hint."""
    root = etree.fromstring(document)
    found = []
    for node in root.iter():
        path = root.getroottree().getelementpath(node)
        if "KeyInfo" in path:
            continue
        found += [f"{path}@{key}" for key in node.attrib]
        if node.text and node.text.strip():
            found.append(path)
    return found


def changed(document: bytes, place: str) -> bytes:
    """``document`` with one character of one value replaced by its neighbour."""
    root = etree.fromstring(document)
    path, _, key = place.partition("@")
    node = root.find(path)
    value = node.get(key) if key else node.text
    middle = next(at for at in range(len(value) // 2, len(value)) if value[at].isalnum())
    value = value[:middle] + chr(ord(value[middle]) ^ 1) + value[middle + 1 :]
    if key:
        node.set(key, value)
    else:
        node.text = value
    return etree.tostring(root)


SAMPLE = respond("_r")


def test_the_sample_covers_every_field() -> None:
    text = " ".join(places(SAMPLE))
    for word in ("Destination", "InResponseTo", "Recipient", "Audience", "NotOnOrAfter", "NotBefore", "SessionIndex"):
        assert word in text
    for word in ("AuthnInstant", "AuthnContextClassRef", "NameID", "AttributeValue", "StatusCode", "SignatureValue"):
        assert word in text
    assert len(places(SAMPLE)) > 50


@pytest.mark.parametrize("place", places(SAMPLE), ids=lambda place: re.sub(r"\{[^}]*\}", "", place))
def test_a_changed_value_is_rejected_by_everybody(client, place, tmp_path) -> None:
    fresh = respond("_r")
    assert changed(fresh, place) != etree.tostring(etree.fromstring(fresh))
    assert rejected_by_pysaml2(client, changed(fresh, place))
    assert not xmlsec1_verifies(changed(fresh, place), IDP, tmp_path, of="Response")
    single = respond("_r", sp=dataclasses.replace(SP, sign_assertion=False))
    if place in places(single):
        assert rejected_by_minisaml(changed(single, place))


def test_the_judges_accept_what_was_not_changed(client, tmp_path) -> None:
    fresh = respond("_r")
    again = etree.tostring(etree.fromstring(fresh))
    assert not rejected_by_pysaml2(client, again)
    assert xmlsec1_verifies(again, IDP, tmp_path, of="Response")
    assert not rejected_by_minisaml(respond("_r", sp=dataclasses.replace(SP, sign_assertion=False)))


def test_an_assertion_moved_into_another_envelope_is_rejected(client) -> None:
    """Both parts well signed, but not together."""
    one, two = etree.fromstring(respond("_r")), etree.fromstring(respond("_r"))
    saml = "{urn:oasis:names:tc:SAML:2.0:assertion}Assertion"
    one.replace(one.find(saml), two.find(saml))
    assert rejected_by_pysaml2(client, etree.tostring(one))
