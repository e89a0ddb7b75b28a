"""Our own metadata: what a service provider needs to know to trust and reach us (SAML Metadata 2.4.3)."""

from collections.abc import Sequence

from cryptography import x509

from segue.protocols.saml.keys import certificate_text
from segue.protocols.saml.request import EMAIL_FORMAT, POST_BINDING, REDIRECT_BINDING
from segue.protocols.saml.xml import DS, METADATA, SAMLP, child, element, name, serialise

UNSPECIFIED_FORMAT = "urn:oasis:names:tc:SAML:1.1:nameid-format:unspecified"


def idp_metadata(
    *,
    entity_id: str,
    sso_url: str,
    certificates: Sequence[x509.Certificate],
    name_id_formats: Sequence[str] = (EMAIL_FORMAT, UNSPECIFIED_FORMAT),
    want_signed_requests: bool = False,
) -> bytes:
    """An EntityDescriptor with one single sign-on address for both bindings.

    ``certificates`` are all that may sign now or soon, the current one first, so that a service provider survives a
    rotation. Raises ValueError where there is none, or a value holds a character that XML 1.0 cannot carry.
    """
    if not certificates:
        raise ValueError("metadata without a certificate is of no use to anybody")
    prefixes = {"md": METADATA, "ds": DS}
    root = element(name(METADATA, "EntityDescriptor"), {"entityID": entity_id}, prefixes=prefixes)
    role = child(
        root,
        name(METADATA, "IDPSSODescriptor"),
        {"WantAuthnRequestsSigned": "true" if want_signed_requests else "false", "protocolSupportEnumeration": SAMLP},
    )
    for certificate in certificates:
        descriptor = child(role, name(METADATA, "KeyDescriptor"), {"use": "signing"})
        data = child(child(descriptor, name(DS, "KeyInfo")), name(DS, "X509Data"))
        child(data, name(DS, "X509Certificate"), text=certificate_text(certificate))
    for name_id_format in name_id_formats:
        child(role, name(METADATA, "NameIDFormat"), text=name_id_format)
    for binding in (POST_BINDING, REDIRECT_BINDING):
        child(role, name(METADATA, "SingleSignOnService"), {"Binding": binding, "Location": sso_url})
    return serialise(root)
