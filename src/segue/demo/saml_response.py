"""What a SAML identity provider says about itself, and what it sends: a service provider's half of the work.

The signature, the audience and the times are checked by minisaml. This module adds what that library leaves to its
caller: which part of a response is the signed one, that it was meant for this address and this moment, and the session
it belongs to.
"""

import base64
import binascii
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any, Final

from cryptography.x509 import Certificate, load_der_x509_certificate
from minisaml.errors import AudienceMismatch, IssuerMismatch, MiniSAMLError, ResponseExpired, ResponseTooEarly
from minisaml.response import TimeDriftLimits, validate_response
from minisignxml.errors import MiniSignXMLError

# The library's own parser (no entities, no DTD of others) and writer (exclusive canonical form): what is cut out here
# has to be, byte by byte, what it will check.
from minisignxml.internal.utils import deserialize_xml, serialize_xml
from minisignxml.verify import extract_verified_element_and_certificate

_NAMES: Final = {
    "saml": "urn:oasis:names:tc:SAML:2.0:assertion",
    "samlp": "urn:oasis:names:tc:SAML:2.0:protocol",
    "md": "urn:oasis:names:tc:SAML:2.0:metadata",
    "ds": "http://www.w3.org/2000/09/xmldsig#",
}
_REDIRECT: Final = "urn:oasis:names:tc:SAML:2.0:bindings:HTTP-Redirect"
_SUCCESS: Final = "urn:oasis:names:tc:SAML:2.0:status:Success"
_DRIFT: Final = timedelta(seconds=60)
_UNREADABLE: Final = (SyntaxError, ValueError, KeyError, TypeError, MiniSignXMLError)


class ResponseRefused(Exception):
    """A response that signs nobody in; the text says why."""


class MetadataUnreadable(Exception):
    """A document that is no metadata of an identity provider."""


@dataclass(frozen=True, slots=True)
class IdentityProvider:
    """An identity provider as its metadata describe it. ``certificates`` are all that may sign."""

    entity_id: str
    sso_url: str
    certificates: tuple[Certificate, ...]


@dataclass(frozen=True, slots=True)
class Arrival:
    """Somebody who was signed in by a response, and where the response said so. ``xml`` is its text, for reading."""

    name_id: str
    name_id_format: str
    attributes: tuple[tuple[str, str], ...]
    session_index: str
    issuer: str
    assertion_id: str
    in_response_to: str | None
    authenticated_at: datetime
    usable_until: datetime
    xml: str


def read_metadata(document: bytes) -> IdentityProvider:
    """Raises MetadataUnreadable."""
    try:
        root: Any = deserialize_xml(document)
        role = root.find("md:IDPSSODescriptor", _NAMES)
        services = {s.get("Binding"): s.get("Location") for s in role.findall("md:SingleSignOnService", _NAMES)}
        texts = [
            "".join(node.text.split())
            for descriptor in role.findall("md:KeyDescriptor", _NAMES)
            if descriptor.get("use") in ("signing", None)
            for node in descriptor.findall(".//ds:X509Certificate", _NAMES)
        ]
        certificates = tuple(load_der_x509_certificate(base64.b64decode(text, validate=True)) for text in texts)
        return IdentityProvider(root.attrib["entityID"], services[_REDIRECT], certificates)
    except (*_UNREADABLE, AttributeError) as error:
        raise MetadataUnreadable(str(error)) from error


def read_response(encoded: str, *, idp: IdentityProvider, entity_id: str, acs_url: str) -> Arrival:
    """Who the ``SAMLResponse`` of a form signs in at the service provider ``entity_id``. Raises ResponseRefused.

    The caller still has to see to it that ``assertion_id`` was not used before and that ``in_response_to`` is a request
    of its own.
    """
    with refusing():
        root: Any = deserialize_xml(base64.b64decode("".join(encoded.split()), validate=True))
        _check_status(root)
        return read_signed(_signed_part(root), to_lines(root), idp=idp, audience=entity_id, recipient=acs_url)


def read_signed(signed: bytes, text: str, *, idp: IdentityProvider, audience: str, recipient: str) -> Arrival:
    """Who the one assertion in ``signed`` signs in: a document of its own, or one that holds it, with a signature that
    covers all of it. ``text`` is what the whole answer looks like. Raises what :func:`refusing` takes."""
    said = validate_response(
        data=base64.b64encode(signed),
        certificate=idp.certificates,
        expected_audience=audience,
        idp_issuer=idp.entity_id,
        allowed_time_drift=TimeDriftLimits(_DRIFT, _DRIFT),
    )
    assertion = _verified_assertion(signed, idp.certificates)
    _check_confirmation(assertion, recipient)
    name_id, statement = assertion.find("saml:Subject/saml:NameID", _NAMES), _statement(assertion)
    return Arrival(
        name_id=said.name_id,
        name_id_format=name_id.get("Format", ""),
        attributes=tuple((attribute.name, ", ".join(attribute.values)) for attribute in said.attributes),
        session_index=statement.get("SessionIndex", ""),
        issuer=said.issuer,
        assertion_id=assertion.attrib["ID"],
        in_response_to=said.in_response_to,
        authenticated_at=_instant(statement.attrib["AuthnInstant"]),
        usable_until=_instant(_confirmation(assertion).attrib["NotOnOrAfter"]),
        xml=text,
    )


@contextmanager
def refusing() -> Iterator[None]:
    """Makes one ResponseRefused of all that can be wrong with an answer."""
    try:
        yield
    except MiniSAMLError as error:
        raise ResponseRefused(_reason(error)) from error
    except binascii.Error as error:
        raise ResponseRefused("The response is not base64.") from error
    except (*_UNREADABLE, AttributeError) as error:
        text = "The signature does not verify" if isinstance(error, MiniSignXMLError) else "The response cannot be read"
        raise ResponseRefused(f"{text} ({type(error).__name__}).") from error


def pretty(encoded: str) -> str | None:
    """A ``SAMLResponse`` as text that people can read, one element a line; None for what is none. Proves nothing."""
    try:
        return to_lines(deserialize_xml(base64.b64decode("".join(encoded.split()), validate=True)))
    except _UNREADABLE:
        return None


def to_lines(root: Any) -> str:
    """A document as text that people can read, one element a line."""
    return "\n".join(_lines(root, 0))


def _lines(element: Any, depth: int) -> Sequence[str]:
    pad = "  " * depth
    name = f"{element.prefix}:{_local(element)}" if element.prefix else _local(element)
    attributes = "".join(f'\n{pad}    {_local_name(key)}="{value}"' for key, value in element.attrib.items())
    text = (element.text or "").strip()
    children = list(element)
    if not children:
        return [f"{pad}<{name}{attributes}>{text}</{name}>" if text else f"{pad}<{name}{attributes}/>"]
    inner = [line for child in children for line in _lines(child, depth + 1)]
    return [f"{pad}<{name}{attributes}>", *inner, f"{pad}</{name}>"]


def _local(element: Any) -> str:
    return _local_name(str(element.tag))


def _local_name(name: str) -> str:
    return name.rpartition("}")[2]


def _check_status(root: Any) -> None:
    if root.tag != f"{{{_NAMES['samlp']}}}Response":
        raise ResponseRefused("This is no SAML response.")
    codes = [code.get("Value") for code in root.findall("samlp:Status//samlp:StatusCode", _NAMES)]
    if codes[:1] != [_SUCCESS]:
        said = ", ".join(str(code).rpartition(":")[2] for code in codes)
        raise ResponseRefused(f"The identity provider did not sign you in ({said or 'without a status'}).")


def _signed_part(root: Any) -> bytes:
    """The assertion where it is signed itself, else the whole response.

    minisaml reads documents with one signature. The assertion alone is enough to go by: it names its issuer, its
    audience, its recipient and the request it answers (SAML Profiles 4.1.4.3).
    """
    assertions = root.findall("saml:Assertion", _NAMES)
    if len(assertions) != 1:
        raise ResponseRefused("The response does not hold exactly one assertion.")
    part = root if assertions[0].find("ds:Signature", _NAMES) is None else assertions[0]
    return serialize_xml(part)


def _verified_assertion(signed: bytes, certificates: Sequence[Certificate]) -> Any:
    """The assertion as the signature covers it, so that nothing below is read from anywhere else.

    The signature has to cover all of ``signed``: one of a part inside it says nothing about what is around.
    """
    element: Any = extract_verified_element_and_certificate(xml=signed, certificates=certificates)[0]
    if element.tag != deserialize_xml(signed).tag:
        raise ResponseRefused("The signature covers a part of the response alone.")
    return element if _local(element) == "Assertion" else element.find("saml:Assertion", _NAMES)


def _check_confirmation(assertion: Any, acs_url: str) -> None:
    """Bearer confirmation: for this address, and not too late (SAML Profiles 4.1.4.3)."""
    confirmation = _confirmation(assertion)
    if confirmation.get("Recipient") != acs_url:
        raise ResponseRefused("The response is meant for another address.")
    if _instant(confirmation.attrib["NotOnOrAfter"]) + _DRIFT <= datetime.now(UTC):
        raise ResponseRefused("The response has expired.")


def _confirmation(assertion: Any) -> Any:
    return assertion.find("saml:Subject/saml:SubjectConfirmation/saml:SubjectConfirmationData", _NAMES)


def _statement(assertion: Any) -> Any:
    return assertion.find("saml:AuthnStatement", _NAMES)


def _instant(text: str) -> datetime:
    moment = datetime.fromisoformat(text)
    if moment.tzinfo is None:
        raise ValueError("a time without a zone")
    return moment


def _reason(error: MiniSAMLError) -> str:
    match error:
        case IssuerMismatch():
            return "The response comes from another identity provider."
        case AudienceMismatch():
            return "The response is meant for another service provider."
        case ResponseExpired() | ResponseTooEarly():
            return "The response is not valid at this time."
    return f"The response cannot be used ({type(error).__name__})."
