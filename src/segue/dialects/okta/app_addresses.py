"""The addresses that an application's own side is set up with, as this dialect has them."""

from segue.core.application import Application
from segue.core.org import Domain
from segue.dialects.okta.links import start_path
from segue.dialects.okta.names import OPENID_DOCUMENT, SAML_METADATA, SAML_SSO, WSFED_SSO


def app_addresses(app: Application, domain: Domain) -> list[tuple[str, str]]:
    """Each with its label, absolute at ``domain``."""
    base, names = domain.base_url, {"name": app.name, "key": app.external_key}
    if app.oidc is not None:
        found = [("Issuer", base), ("Discovery document", f"{base}{OPENID_DOCUMENT}")]
    elif app.saml is not None:
        found = [
            ("Sign-on address", f"{base}{SAML_SSO.format_map(names)}"),
            ("Metadata", f"{base}{SAML_METADATA.format_map(names)}"),
        ]
    elif app.wsfed is not None:
        found = [("Passive sign-on address", f"{base}{WSFED_SSO.format_map(names)}")]
    else:
        found = []
    return [*found, *((f"Link: {link.label}", f"{base}{start_path(app, link)}") for link in app.links)]
