"""The example service provider's reading of responses, with documents that Segue signed."""

import base64
import dataclasses
import re
import secrets
import time
from collections.abc import Callable
from datetime import UTC, datetime

import pytest
from lxml import etree
from tests.unit.protocols.saml.messages import ACS, IDP_ENTITY, OTHER_ACS, SP_ENTITY, SSO_URL, rsa_pair

from segue.demo.saml_response import (
    IdentityProvider,
    MetadataUnreadable,
    ResponseRefused,
    pretty,
    read_metadata,
    read_response,
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
from segue.protocols.saml.metadata import idp_metadata
from segue.protocols.saml.request import ServiceProvider

SAML = "{urn:oasis:names:tc:SAML:2.0:assertion}"
PAIR, NEXT, STRANGER = rsa_pair("idp"), rsa_pair("next"), rsa_pair("stranger")
IDP = IdentityProvider(IDP_ENTITY, SSO_URL, (PAIR.certificate, NEXT.certificate))
SP = ServiceProvider(SP_ENTITY, (ACS,))


def now_at() -> int:
    return time.time_ns() // 1_000_000


def respond(in_response_to: str | None = "_r", *, pair=PAIR, **changes) -> bytes:
    envelope = Envelope(
        issuer=IDP_ENTITY,
        sp=SP,
        acs_url=ACS,
        in_response_to=in_response_to,
        response_id=new_id(secrets.token_bytes),
        assertion_id=new_id(secrets.token_bytes),
        now_at=now_at(),
    )
    statement = Statement(
        name_id="ann@x.example",
        session_index="id1.2",
        authn_instant_at=now_at() - 1000,
        attributes=(Attribute("firstName", ("Änn",)), Attribute("groups", ("a", "b & c"))),
    )
    key = SigningKey(pair.private_key, pair.certificate)
    return build_response(dataclasses.replace(envelope, **changes), statement, key)


def read(document: bytes, *, idp: IdentityProvider = IDP, acs_url: str = ACS, entity_id: str = SP_ENTITY):
    return read_response(base64.b64encode(document).decode(), idp=idp, acs_url=acs_url, entity_id=entity_id)


@pytest.mark.parametrize("pair", [PAIR, NEXT], ids=["this key", "the next one"])
@pytest.mark.parametrize("unsigned", ["", "sign_response", "sign_assertion"])
def test_a_response_signs_somebody_in(pair, unsigned: str) -> None:
    sp = dataclasses.replace(SP, **{unsigned: False}) if unsigned else SP
    arrival = read(respond(pair=pair, sp=sp))
    assert (arrival.name_id, arrival.session_index, arrival.issuer) == ("ann@x.example", "id1.2", IDP_ENTITY)
    assert arrival.name_id_format.endswith("emailAddress")
    assert arrival.attributes == (("firstName", "Änn"), ("groups", "a, b & c"))
    assert arrival.in_response_to == "_r"
    assert 0 <= (datetime.now(UTC) - arrival.authenticated_at).total_seconds() < 60
    assert arrival.usable_until > datetime.now(UTC)
    assert re.fullmatch(r"[A-Za-z_][\w.\-]*", arrival.assertion_id)


def test_segue_may_speak_first() -> None:
    assert read(respond(None)).in_response_to is None


REFUSED: dict[str, tuple[Callable[[], bytes], str]] = {
    "another key": (lambda: respond(pair=STRANGER), "signature does not verify"),
    "another issuer": (lambda: respond(issuer="https://other-idp.example"), "another identity provider"),
    "another audience": (
        lambda: respond(sp=dataclasses.replace(SP, audience="https://other.example")),
        "another service provider",
    ),
    "another address": (
        lambda: respond(sp=dataclasses.replace(SP, acs_urls=(OTHER_ACS,)), acs_url=OTHER_ACS),
        "another address",
    ),
    "too late": (lambda: respond(now_at=now_at() - 900_000), "not valid at this time"),
    "too early": (lambda: respond(now_at=now_at() + 900_000), "not valid at this time"),
    "no": (
        lambda: build_error_response(
            Envelope(IDP_ENTITY, SP, ACS, "_r", "id1", "id2", now_at()),
            ErrorStatus.NO_PASSIVE,
            SigningKey(PAIR.private_key, PAIR.certificate),
        ),
        r"did not sign you in \(Responder, NoPassive\)",
    ),
}


@pytest.mark.parametrize("name", REFUSED)
def test_a_response_that_is_not_for_this_app(name: str) -> None:
    make, why = REFUSED[name]
    with pytest.raises(ResponseRefused, match=why):
        read(make())


def changed(change: Callable[[etree._Element, etree._Element], None], document: bytes | None = None) -> bytes:
    root = etree.fromstring(document or respond())
    assertion = root.find(f"{SAML}Assertion")
    assert assertion is not None
    change(root, assertion)
    return etree.tostring(root)


def without_signatures(root: etree._Element, _assertion: etree._Element) -> None:
    for signature in list(root.iter("{http://www.w3.org/2000/09/xmldsig#}Signature")):
        parent = signature.getparent()
        assert parent is not None
        parent.remove(signature)


def another_name(_root: etree._Element, assertion: etree._Element) -> None:
    name = assertion.find(f".//{SAML}NameID")
    assert name is not None
    name.text = "bob@x.example"


def comment_in_name(_root: etree._Element, assertion: etree._Element) -> None:
    name = assertion.find(f".//{SAML}NameID")
    assert name is not None
    comment = etree.Comment("x")
    name.text, comment.tail = "ann@", "x.example"
    name.append(comment)


def second_assertion(root: etree._Element, assertion: etree._Element) -> None:
    forged = etree.fromstring(etree.tostring(assertion))
    another_name(root, forged)
    forged.set("ID", "forged")
    root.insert(0, forged)


def assertion_moved_into_its_forgery(root: etree._Element, assertion: etree._Element) -> None:
    forged = etree.fromstring(etree.tostring(assertion))
    another_name(root, forged)
    forged.set("ID", "forged")
    root.replace(assertion, forged)
    forged.append(assertion)


def assertion_hidden_below_a_forgery_without_signature(root: etree._Element, assertion: etree._Element) -> None:
    assertion_moved_into_its_forgery(root, assertion)
    forged = root.find(f"{SAML}Assertion")
    assert forged is not None
    own = forged.find("{http://www.w3.org/2000/09/xmldsig#}Signature")
    assert own is not None
    forged.remove(own)


CHANGES = [
    without_signatures,
    another_name,
    comment_in_name,
    second_assertion,
    assertion_moved_into_its_forgery,
    assertion_hidden_below_a_forgery_without_signature,
]


@pytest.mark.parametrize(
    ("change", "unsigned"),
    [
        *((change, "") for change in CHANGES),
        *((change, "sign_response") for change in CHANGES),
        *((change, "sign_assertion") for change in CHANGES[:-1]),  # it has no signature to hide behind
    ],
)
def test_SA_08_a_changed_response_signs_nobody_in(change, unsigned: str) -> None:
    document = respond(sp=dataclasses.replace(SP, **{unsigned: False}) if unsigned else SP)
    with pytest.raises(ResponseRefused):
        read(changed(change, document))


@pytest.mark.parametrize(
    "encoded",
    [
        "",
        "not base64!",
        base64.b64encode(b"not xml").decode(),
        base64.b64encode(b"<other/>").decode(),
        base64.b64encode(b'<!DOCTYPE a [<!ENTITY e "x">]><a>&e;</a>').decode(),
    ],
)
def test_what_is_no_response(encoded: str) -> None:
    with pytest.raises(ResponseRefused):
        read_response(encoded, idp=IDP, acs_url=ACS, entity_id=SP_ENTITY)


def test_metadata_say_who_segue_is() -> None:
    document = idp_metadata(entity_id=IDP_ENTITY, sso_url=SSO_URL, certificates=[PAIR.certificate, NEXT.certificate])
    assert read_metadata(document) == IDP


@pytest.mark.parametrize("document", [b"", b"<a/>", b"<a>", b"\xff"])
def test_what_is_no_metadata(document: bytes) -> None:
    with pytest.raises(MetadataUnreadable):
        read_metadata(document)


def test_a_response_to_read() -> None:
    text = pretty(base64.b64encode(respond()).decode())
    assert text is not None
    assert text.splitlines()[0].startswith("<saml2p:Response")
    assert "    <saml2:Issuer" in text
    assert ">ann@x.example</saml2:NameID>" in text
    assert pretty("!") is None
    assert pretty(base64.b64encode(b"no xml").decode()) is None
