"""Our metadata, judged by the schema; that a service provider can use it is in test_service_providers."""

import base64

import pytest
from lxml import etree
from saml2.xml.schema import validate
from tests.unit.protocols.saml.messages import DS, EMAIL, IDP_ENTITY, NS, SSO_URL, ec_pair, rsa_pair

from segue.protocols.saml.metadata import idp_metadata

CURRENT, NEXT = rsa_pair("current"), ec_pair("next")


def metadata(**changes) -> bytes:
    settings = {
        "entity_id": IDP_ENTITY,
        "sso_url": SSO_URL,
        "certificates": [CURRENT.certificate, NEXT.certificate],
    }
    return idp_metadata(**(settings | changes))


def test_the_schema_accepts_it() -> None:
    validate(metadata().decode())
    validate(metadata(want_signed_requests=True, name_id_formats=(), certificates=[CURRENT.certificate]).decode())


def test_it_says_who_we_are_and_how_to_reach_us() -> None:
    root = etree.fromstring(metadata())
    assert root.get("entityID") == IDP_ENTITY
    [role] = root
    assert role.get("protocolSupportEnumeration") == "urn:oasis:names:tc:SAML:2.0:protocol"
    assert role.get("WantAuthnRequestsSigned") == "false"
    services = [
        (node.get("Binding").rpartition(":")[2], node.get("Location"))
        for node in role.findall("md:SingleSignOnService", NS)
    ]
    assert services == [("HTTP-POST", SSO_URL), ("HTTP-Redirect", SSO_URL)]
    formats = [node.text for node in role.findall("md:NameIDFormat", NS)]
    assert formats == [EMAIL, "urn:oasis:names:tc:SAML:1.1:nameid-format:unspecified"]


def test_every_active_certificate_is_there_the_current_one_first() -> None:
    root = etree.fromstring(metadata())
    assert {node.get("use") for node in root.iter(f"{{{NS['md']}}}KeyDescriptor")} == {"signing"}
    texts = [node.text for node in root.iter(f"{{{DS}}}X509Certificate")]
    ders = [base64.b64decode(text, validate=True) for text in texts]
    assert ders == [base64.b64decode("".join(pair.pem.splitlines()[1:-1])) for pair in (CURRENT, NEXT)]


def test_signed_requests_may_be_wanted() -> None:
    assert b'WantAuthnRequestsSigned="true"' in metadata(want_signed_requests=True)


def test_values_stay_values() -> None:
    hostile = 'https://x/?a=1&b="><md:IDPSSODescriptor/>'
    root = etree.fromstring(metadata(entity_id=hostile, sso_url=hostile))
    assert root.get("entityID") == hostile
    assert len(root) == 1
    with pytest.raises(ValueError, match="cannot carry"):
        metadata(entity_id="a\0")


def test_without_a_certificate_there_is_none() -> None:
    with pytest.raises(ValueError, match="certificate"):
        metadata(certificates=[])
