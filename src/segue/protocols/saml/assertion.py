"""The answer: a samlp:Response with one bearer assertion, or with a status that says why there is none.

The shape is the web browser SSO profile's (SAML Profiles 4.1.4.2). Everything that ties the assertion to one use is in
it: Recipient, Audience, InResponseTo where a request was answered, NotBefore and NotOnOrAfter (SA-15). Documents are
built node by node and never from text, so a value can only ever be a value (SA-13).
"""

from dataclasses import dataclass
from enum import Enum

from segue.core.secret import RandomBytes
from segue.protocols.saml.keys import SigningKey
from segue.protocols.saml.request import ENTITY_FORMAT, ServiceProvider
from segue.protocols.saml.xml import (
    SAML,
    SAMLP,
    XS,
    XSI,
    Element,
    child,
    element,
    is_ncname,
    name,
    serialise,
    sign_enveloped,
    write_instant,
)

BEARER = "urn:oasis:names:tc:SAML:2.0:cm:bearer"
UNSPECIFIED_NAME = "urn:oasis:names:tc:SAML:2.0:attrname-format:unspecified"
PASSWORD_PROTECTED_TRANSPORT = "urn:oasis:names:tc:SAML:2.0:ac:classes:PasswordProtectedTransport"
NOT_BEFORE_SKEW_MS = 300_000

_STATUS = "urn:oasis:names:tc:SAML:2.0:status:"
_SUCCESS = f"{_STATUS}Success"
_PREFIXES = {"saml2p": SAMLP, "saml2": SAML}


class ErrorStatus(Enum):
    """Why no assertion is given: the first-level and the second-level status code (Core 3.2.2.2)."""

    NO_PASSIVE = (f"{_STATUS}Responder", f"{_STATUS}NoPassive")
    NO_AUTHN_CONTEXT = (f"{_STATUS}Responder", f"{_STATUS}NoAuthnContext")
    AUTHN_FAILED = (f"{_STATUS}Responder", f"{_STATUS}AuthnFailed")
    REQUEST_DENIED = (f"{_STATUS}Responder", f"{_STATUS}RequestDenied")
    UNKNOWN_PRINCIPAL = (f"{_STATUS}Responder", f"{_STATUS}UnknownPrincipal")
    INVALID_NAME_ID_POLICY = (f"{_STATUS}Requester", f"{_STATUS}InvalidNameIDPolicy")


@dataclass(frozen=True, slots=True)
class Attribute:
    """One attribute of the user; each value becomes an xs:string."""

    name: str
    values: tuple[str, ...]
    name_format: str = UNSPECIFIED_NAME


@dataclass(frozen=True, slots=True)
class Statement:
    """What the assertion says about the user.

    ``authn_instant_at`` is when they proved who they are, ``session_expires_at`` when the service provider should end
    its session (both epoch milliseconds). ``session_index`` names the session in a later logout.
    """

    name_id: str
    session_index: str
    authn_instant_at: int
    authn_context: str = PASSWORD_PROTECTED_TRANSPORT
    attributes: tuple[Attribute, ...] = ()
    session_expires_at: int | None = None


@dataclass(frozen=True, slots=True)
class Envelope:
    """Where a response goes and what ties it there; shared by answers of either kind.

    ``acs_url`` is one of the service provider's registered addresses. ``in_response_to`` is the request's ID, None
    where we speak first. ``response_id`` and ``assertion_id`` come from :func:`new_id`. Raises ValueError otherwise.
    """

    issuer: str
    sp: ServiceProvider
    acs_url: str
    in_response_to: str | None
    response_id: str
    assertion_id: str
    now_at: int

    def __post_init__(self) -> None:
        if self.acs_url not in self.sp.acs_urls:
            raise ValueError("a response goes to a registered ACS URL and nowhere else")
        if not (is_ncname(self.response_id) and is_ncname(self.assertion_id)) or self.response_id == self.assertion_id:
            raise ValueError("a response and its assertion each have an ID of their own")


def new_id(random: RandomBytes) -> str:
    """An ID for a message or an assertion: 160 random bits, beginning with a letter (Core 1.3.4)."""
    return f"id{random(20).hex()}"


def build_response(envelope: Envelope, statement: Statement, key: SigningKey) -> bytes:
    """The document of a successful response, signed as the service provider is registered: both parts by default.

    Raises ValueError where a value holds a character that XML 1.0 cannot carry or the NameID is empty.
    """
    response = _response(envelope)
    _status(response, (_SUCCESS,))
    assertion = _assertion(envelope, statement)
    response.append(sign_enveloped(assertion, key) if envelope.sp.sign_assertion else assertion)
    return serialise(sign_enveloped(response, key) if envelope.sp.sign_response else response)


def build_assertion(envelope: Envelope, statement: Statement, key: SigningKey) -> Element:
    """The signed assertion alone, for a protocol that carries it in an envelope of its own.

    Raises ValueError as :func:`build_response`.
    """
    return sign_enveloped(_assertion(envelope, statement), key)


def build_error_response(envelope: Envelope, status: ErrorStatus, key: SigningKey, message: str | None = None) -> bytes:
    """The document of a response without an assertion, always signed. Raises ValueError as :func:`build_response`."""
    response = _response(envelope)
    _status(response, status.value, message)
    return serialise(sign_enveloped(response, key))


def _response(envelope: Envelope) -> Element:
    attributes = {"Destination": envelope.acs_url, "ID": envelope.response_id}
    if envelope.in_response_to is not None:
        attributes["InResponseTo"] = envelope.in_response_to
    attributes |= {"IssueInstant": write_instant(envelope.now_at), "Version": "2.0"}
    response = element(name(SAMLP, "Response"), attributes, prefixes=_PREFIXES)
    _issuer(response, envelope)
    return response


def _issuer(parent: Element, envelope: Envelope) -> None:
    child(parent, name(SAML, "Issuer"), {"Format": ENTITY_FORMAT}, envelope.issuer)


def _status(response: Element, codes: tuple[str, ...], message: str | None = None) -> None:
    status = child(response, name(SAMLP, "Status"))
    parent = status
    for code in codes:
        parent = child(parent, name(SAMLP, "StatusCode"), {"Value": code})
    if message is not None:
        child(status, name(SAMLP, "StatusMessage"), text=message)


def _assertion(envelope: Envelope, statement: Statement) -> Element:
    assertion = element(
        name(SAML, "Assertion"),
        {"ID": envelope.assertion_id, "IssueInstant": write_instant(envelope.now_at), "Version": "2.0"},
        prefixes={"saml2": SAML, "xs": XS, "xsi": XSI},
    )
    _issuer(assertion, envelope)
    _subject(assertion, envelope, statement)
    _conditions(assertion, envelope)
    _authn_statement(assertion, statement)
    if statement.attributes:
        _attribute_statement(assertion, statement.attributes)
    return assertion


def _not_on_or_after(envelope: Envelope) -> str:
    return write_instant(envelope.now_at + envelope.sp.lifetime_s * 1000)


def _subject(assertion: Element, envelope: Envelope, statement: Statement) -> None:
    if not statement.name_id:
        raise ValueError("an assertion without a NameID is about nobody")
    subject = child(assertion, name(SAML, "Subject"))
    child(subject, name(SAML, "NameID"), {"Format": envelope.sp.name_id_format}, statement.name_id)
    confirmation = child(subject, name(SAML, "SubjectConfirmation"), {"Method": BEARER})
    data = {} if envelope.in_response_to is None else {"InResponseTo": envelope.in_response_to}
    data |= {"NotOnOrAfter": _not_on_or_after(envelope), "Recipient": envelope.acs_url}
    child(confirmation, name(SAML, "SubjectConfirmationData"), data)


def _conditions(assertion: Element, envelope: Envelope) -> None:
    """Valid from a little before now, since clocks differ, until the end of the lifetime, for one audience alone."""
    times = {
        "NotBefore": write_instant(envelope.now_at - NOT_BEFORE_SKEW_MS),
        "NotOnOrAfter": _not_on_or_after(envelope),
    }
    conditions = child(assertion, name(SAML, "Conditions"), times)
    restriction = child(conditions, name(SAML, "AudienceRestriction"))
    child(restriction, name(SAML, "Audience"), text=envelope.sp.audience or envelope.sp.entity_id)


def _authn_statement(assertion: Element, statement: Statement) -> None:
    attributes = {"AuthnInstant": write_instant(statement.authn_instant_at), "SessionIndex": statement.session_index}
    if statement.session_expires_at is not None:
        attributes["SessionNotOnOrAfter"] = write_instant(statement.session_expires_at)
    authn = child(assertion, name(SAML, "AuthnStatement"), attributes)
    context = child(authn, name(SAML, "AuthnContext"))
    child(context, name(SAML, "AuthnContextClassRef"), text=statement.authn_context)


def _attribute_statement(assertion: Element, attributes: tuple[Attribute, ...]) -> None:
    statement = child(assertion, name(SAML, "AttributeStatement"))
    for attribute in attributes:
        names = {"Name": attribute.name, "NameFormat": attribute.name_format}
        node = child(statement, name(SAML, "Attribute"), names)
        for value in attribute.values:
            child(node, name(SAML, "AttributeValue"), {name(XSI, "type"): "xs:string"}, value)
