"""What a WS-Federation identity provider sends: a relying party's half of the work.

The answer is a WS-Trust RequestSecurityTokenResponse in the form field ``wresult``. It is not signed itself; the SAML
assertion inside it is, and all that counts is read from there.
"""

from typing import Any, Final

from minisignxml.internal.utils import deserialize_xml, serialize_xml

from segue.demo.saml_response import Arrival, IdentityProvider, ResponseRefused, read_signed, refusing, to_lines

_NAMES: Final = {
    "t": "http://schemas.xmlsoap.org/ws/2005/02/trust",
    "saml": "urn:oasis:names:tc:SAML:2.0:assertion",
}


def read_token_response(wresult: str, *, issuer: IdentityProvider, realm: str, reply_url: str) -> Arrival:
    """Who the ``wresult`` of a form signs in at the relying party ``realm``. Raises ResponseRefused.

    The caller still has to see to it that ``assertion_id`` was not used before.
    """
    with refusing():
        root: Any = deserialize_xml(wresult.encode())
        if root.tag != f"{{{_NAMES['t']}}}RequestSecurityTokenResponse":
            raise ResponseRefused("This is no security token response.")
        tokens = root.findall("t:RequestedSecurityToken/*", _NAMES)
        if len(tokens) != 1 or tokens[0].tag != f"{{{_NAMES['saml']}}}Assertion":
            raise ResponseRefused("The response does not hold exactly one SAML 2.0 assertion.")
        signed = serialize_xml(tokens[0])
        return read_signed(signed, to_lines(root), idp=issuer, audience=realm, recipient=reply_url)


def pretty_token_response(wresult: str) -> str | None:
    """A ``wresult`` as text that people can read; None for what is no XML. Proves nothing."""
    try:
        return to_lines(deserialize_xml(wresult.encode()))
    except (SyntaxError, ValueError):
        return None
