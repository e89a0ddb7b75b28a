"""A SAML 1.1 assertion, for relying parties of WS-Federation that know no later one (SAML 1.1 Core, oasis-sstc
2003).
"""

from segue.protocols.saml.assertion import NOT_BEFORE_SKEW_MS, Envelope, Statement
from segue.protocols.saml.keys import SigningKey
from segue.protocols.saml.xml import Element, child, element, name, sign_enveloped, write_instant

SAML11 = "urn:oasis:names:tc:SAML:1.0:assertion"
ATTRIBUTE_NAMESPACE = "http://schemas.xmlsoap.org/claims"

_BEARER = "urn:oasis:names:tc:SAML:1.0:cm:bearer"
_PASSWORD = "urn:oasis:names:tc:SAML:1.0:am:password"


def build_assertion(envelope: Envelope, statement: Statement, key: SigningKey) -> Element:
    """The signed assertion: one audience, at most the envelope's lifetime, confirmed by bearer (WF-06).

    ``statement.authn_context`` is the authentication method where it is a SAML 1.1 one, else it is the password's. An
    attribute's name that is an address is split at its last slash into namespace and name, as relying parties expect.
    Raises ValueError where a value holds a character that XML 1.0 cannot carry or the NameID is empty.
    """
    if not statement.name_id:
        raise ValueError("an assertion without a NameIdentifier is about nobody")
    assertion = element(
        name(SAML11, "Assertion"),
        {
            "MajorVersion": "1",
            "MinorVersion": "1",
            "AssertionID": envelope.assertion_id,
            "Issuer": envelope.issuer,
            "IssueInstant": write_instant(envelope.now_at),
        },
        prefixes={"saml": SAML11},
    )
    _conditions(assertion, envelope)
    _authentication(assertion, envelope, statement)
    if statement.attributes:
        _attributes(assertion, envelope, statement)
    return sign_enveloped(assertion, key, id_attribute="AssertionID", last=True)


def _conditions(assertion: Element, envelope: Envelope) -> None:
    times = {
        "NotBefore": write_instant(envelope.now_at - NOT_BEFORE_SKEW_MS),
        "NotOnOrAfter": write_instant(envelope.now_at + envelope.sp.lifetime_s * 1000),
    }
    conditions = child(assertion, name(SAML11, "Conditions"), times)
    restriction = child(conditions, name(SAML11, "AudienceRestrictionCondition"))
    child(restriction, name(SAML11, "Audience"), text=envelope.sp.audience or envelope.sp.entity_id)


def _authentication(assertion: Element, envelope: Envelope, statement: Statement) -> None:
    known = statement.authn_context.startswith("urn:oasis:names:tc:SAML:1.0:am:")
    method = statement.authn_context if known else _PASSWORD
    instant = write_instant(statement.authn_instant_at)
    attributes = {"AuthenticationMethod": method, "AuthenticationInstant": instant}
    authentication = child(assertion, name(SAML11, "AuthenticationStatement"), attributes)
    _subject(authentication, envelope, statement)


def _attributes(assertion: Element, envelope: Envelope, statement: Statement) -> None:
    group = child(assertion, name(SAML11, "AttributeStatement"))
    _subject(group, envelope, statement)
    for attribute in statement.attributes:
        namespace, slash, local = attribute.name.rpartition("/")
        names = {"AttributeName": local, "AttributeNamespace": namespace if slash else ATTRIBUTE_NAMESPACE}
        node = child(group, name(SAML11, "Attribute"), names)
        for value in attribute.values:
            child(node, name(SAML11, "AttributeValue"), text=value)


def _subject(parent: Element, envelope: Envelope, statement: Statement) -> None:
    subject = child(parent, name(SAML11, "Subject"))
    child(subject, name(SAML11, "NameIdentifier"), {"Format": envelope.sp.name_id_format}, statement.name_id)
    confirmation = child(subject, name(SAML11, "SubjectConfirmation"))
    child(confirmation, name(SAML11, "ConfirmationMethod"), text=_BEARER)
