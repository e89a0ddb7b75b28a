"""The example relying party's reading of answers, with documents that Segue signed."""

import dataclasses
import secrets
import time
from collections.abc import Callable

import pytest
from lxml import etree
from tests.unit.protocols.saml.messages import rsa_pair

from segue.demo.saml_response import Arrival, IdentityProvider, ResponseRefused
from segue.demo.wsfed_response import pretty_token_response, read_token_response
from segue.protocols.saml.assertion import Attribute, Envelope, Statement, new_id
from segue.protocols.saml.keys import SigningKey
from segue.protocols.saml.request import ServiceProvider
from segue.protocols.saml.security_token import build_token_response

ISSUER, REALM, REPLY = "https://id.example/exk1", "https://ledger.example/", "https://ledger.example/reply"
OTHER = "https://other.example/reply"
SAML = "{urn:oasis:names:tc:SAML:2.0:assertion}"
PAIR, STRANGER = rsa_pair("idp"), rsa_pair("stranger")
IDP = IdentityProvider(ISSUER, "", (PAIR.certificate,))


def answer(*, pair=PAIR, saml11: bool = False, **changes: object) -> str:
    envelope = Envelope(
        issuer=ISSUER,
        sp=ServiceProvider(REALM, (REPLY,)),
        acs_url=REPLY,
        in_response_to=None,
        response_id=new_id(secrets.token_bytes),
        assertion_id=new_id(secrets.token_bytes),
        now_at=time.time_ns() // 1_000_000,
    )
    envelope = dataclasses.replace(envelope, **changes)  # type: ignore[arg-type]
    statement = Statement(
        name_id="ann@x.example",
        session_index="id1.2",
        authn_instant_at=envelope.now_at - 1000,
        attributes=(Attribute("firstName", ("Ann",)),),
    )
    return build_token_response(
        envelope, statement, SigningKey(pair.private_key, pair.certificate), saml11=saml11
    ).decode()


def read(wresult: str) -> Arrival:
    return read_token_response(wresult, issuer=IDP, realm=REALM, reply_url=REPLY)


def test_a_token_signs_somebody_in() -> None:
    arrival = read(answer())
    assert (arrival.name_id, arrival.issuer, arrival.in_response_to) == ("ann@x.example", ISSUER, None)
    assert arrival.attributes == (("firstName", "Ann"),)
    assert "RequestSecurityTokenResponse" in arrival.xml


REFUSED: dict[str, tuple[Callable[[], str], str]] = {
    "another key": (lambda: answer(pair=STRANGER), "signature does not verify"),
    "another issuer": (lambda: answer(issuer="https://id.example/exk2"), "another identity provider"),
    "another realm": (lambda: answer(sp=ServiceProvider("https://other.example/", (REPLY,))), "another service"),
    "another address": (lambda: answer(sp=ServiceProvider(REALM, (OTHER,)), acs_url=OTHER), "another address"),
    "too late": (lambda: answer(now_at=time.time_ns() // 1_000_000 - 900_000), "not valid at this time"),
    "too early": (lambda: answer(now_at=time.time_ns() // 1_000_000 + 900_000), "not valid at this time"),
    "an older token": (lambda: answer(saml11=True), "exactly one SAML 2.0 assertion"),
    "nothing": (lambda: "", "cannot be read"),
    "another document": (lambda: "<other/>", "no security token response"),
    "entities": (lambda: '<!DOCTYPE a [<!ENTITY e "x">]><a>&e;</a>', "cannot be read"),
}


@pytest.mark.parametrize("name", REFUSED)
def test_a_token_that_is_not_for_this_app(name: str) -> None:
    make, why = REFUSED[name]
    with pytest.raises(ResponseRefused, match=why):
        read(make())


def another_name(assertion: etree._Element) -> None:
    name = assertion.find(f".//{SAML}NameID")
    assert name is not None
    name.text = "bob@x.example"


def without_signature(assertion: etree._Element) -> None:
    signature = assertion.find("{http://www.w3.org/2000/09/xmldsig#}Signature")
    assert signature is not None
    assertion.remove(signature)


def second_token(assertion: etree._Element) -> None:
    forged = etree.fromstring(etree.tostring(assertion))
    another_name(forged)
    parent = assertion.getparent()
    assert parent is not None
    parent.insert(0, forged)


def moved_into_its_forgery(assertion: etree._Element) -> None:
    forged = etree.fromstring(etree.tostring(assertion))
    another_name(forged)
    forged.set("ID", "forged")
    parent = assertion.getparent()
    assert parent is not None
    parent.replace(assertion, forged)
    forged.append(assertion)


@pytest.mark.parametrize("change", [another_name, without_signature, second_token, moved_into_its_forgery])
def test_SA_08_a_changed_token_signs_nobody_in(change: Callable[[etree._Element], None]) -> None:
    root = etree.fromstring(answer().encode())
    [assertion] = root.iter(f"{SAML}Assertion")
    change(assertion)
    with pytest.raises(ResponseRefused):
        read(etree.tostring(root).decode())


def test_a_token_to_read() -> None:
    text = pretty_token_response(answer())
    assert text is not None
    assert ">ann@x.example</saml2:NameID>" in text
    assert pretty_token_response("no xml") is None
