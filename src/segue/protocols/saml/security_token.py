"""The answer of WS-Federation: a WS-Trust RequestSecurityTokenResponse around a signed assertion (WS-Trust 2005/02)."""

from segue.protocols.saml.assertion import Envelope, Statement, build_assertion
from segue.protocols.saml.assertion11 import SAML11
from segue.protocols.saml.assertion11 import build_assertion as build_assertion11
from segue.protocols.saml.keys import SigningKey
from segue.protocols.saml.xml import SAML, Element, child, element, name, serialise, write_instant

TRUST = "http://schemas.xmlsoap.org/ws/2005/02/trust"
_POLICY = "http://schemas.xmlsoap.org/ws/2004/09/policy"
_ADDRESSING = "http://www.w3.org/2005/08/addressing"
_UTILITY = "http://docs.oasis-open.org/wss/2004/01/oasis-200401-wss-wssecurity-utility-1.0.xsd"


def build_token_response(envelope: Envelope, statement: Statement, key: SigningKey, *, saml11: bool) -> bytes:
    """The ``wresult`` document for the relying party ``envelope.sp.entity_id``. Raises ValueError as the assertion
    does.
    """
    assertion = (build_assertion11 if saml11 else build_assertion)(envelope, statement, key)
    prefixes = {"t": TRUST, "wsp": _POLICY, "wsa": _ADDRESSING, "wsu": _UTILITY}
    response = element(name(TRUST, "RequestSecurityTokenResponse"), prefixes=prefixes)
    _lifetime(response, envelope)
    applies_to = child(response, name(_POLICY, "AppliesTo"))
    reference = child(applies_to, name(_ADDRESSING, "EndpointReference"))
    child(reference, name(_ADDRESSING, "Address"), text=envelope.sp.entity_id)
    child(response, name(TRUST, "RequestedSecurityToken")).append(assertion)
    child(response, name(TRUST, "TokenType"), text=SAML11 if saml11 else SAML)
    child(response, name(TRUST, "RequestType"), text=f"{TRUST}/Issue")
    child(response, name(TRUST, "KeyType"), text="http://schemas.xmlsoap.org/ws/2005/05/identity/NoProofKey")
    return serialise(response)


def _lifetime(response: Element, envelope: Envelope) -> None:
    lifetime = child(response, name(TRUST, "Lifetime"))
    child(lifetime, name(_UTILITY, "Created"), text=write_instant(envelope.now_at))
    expires_at = envelope.now_at + envelope.sp.lifetime_s * 1000
    child(lifetime, name(_UTILITY, "Expires"), text=write_instant(expires_at))
