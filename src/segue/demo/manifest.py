"""``var/demo.json``: all that a page, a script or a test needs to walk the flows.

Its keys are stable: add, never rename.
"""

from typing import Any, Final

from segue.core.application import Application
from segue.demo.addresses import Addresses
from segue.demo.folder import Kept
from segue.demo.seed import Person, Seeded

Manifest = dict[str, Any]

_NATIVE: Final = ("native", "native_public", "stranger", "target", "target_mfa")


def new_manifest(seeded: Seeded, kept: Kept, addresses: Addresses) -> Manifest:
    """The manifest of the org as it was seeded. A section appears when its flows work."""
    return {
        "version": 1,
        "admin": {
            "login": seeded.admin.login,
            "password": seeded.admin.password,
            "console_url": f"{addresses.idp}/console",
        },
        "okta": {
            "base_url": addresses.idp,
            "issuer": addresses.idp,
            "default_issuer": f"{addresses.idp}/oauth2/default",
            "ssws": kept.api_token,
            "trusted_origin": addresses.login,
            "users": {name: _person(name, person, kept) for name, person in seeded.people.items()},
            "apps": {
                "web": _oidc("web", seeded, kept) | _embed_url(seeded.apps["web"], addresses),
                "spa": _oidc("spa", seeded, kept),
                "playground": _oidc("playground", seeded, kept) | _embed_url(seeded.apps["playground"], addresses),
                "saml": saml_addresses(seeded.apps["saml"], addresses),
                "playground_saml": saml_addresses(seeded.apps["playground_saml"], addresses),
                "wsfed": wsfed_addresses(seeded.apps["wsfed"], addresses),
                **{name: _oidc(name, seeded, kept) for name in _NATIVE},
                "bookmark": {"app_id": seeded.apps["bookmark"].id} | _embed_url(seeded.apps["bookmark"], addresses),
            },
        },
    }


def saml_addresses(app: Application, addresses: Addresses) -> dict[str, str]:
    """A SAML application's entry; ``entity_id`` is the service provider's."""
    if app.saml is None:
        raise ValueError("not a SAML application")
    base = f"{addresses.idp}/app"
    return {
        "app_id": app.id,
        "sso_url": f"{base}/{app.name}/{app.external_key}/sso/saml",
        **_embed_url(app, addresses),
        "metadata_url": f"{base}/{app.external_key}/sso/saml/metadata",
        "entity_id": app.saml.entity_id,
        "acs_url": app.saml.acs_urls[0],
    }


def wsfed_addresses(app: Application, addresses: Addresses) -> dict[str, str]:
    """A WS-Federation application's entry; ``issuer`` is what its tokens name as theirs."""
    if app.wsfed is None:
        raise ValueError("not a WS-Federation application")
    return {
        "app_id": app.id,
        "sso_url": f"{addresses.idp}/app/{app.name}/{app.external_key}/sso/wsfed/passive",
        **_embed_url(app, addresses),
        "issuer": f"{addresses.idp}/{app.external_key}",
        "realm": app.wsfed.realm,
        "reply_url": app.wsfed.reply_urls[0],
    }


def _embed_url(app: Application, addresses: Addresses) -> dict[str, str]:
    """The address of the application's first link."""
    return {"embed_url": f"{addresses.idp}/home/{app.name}/{app.id}/{app.links[0].id}"}


def _person(name: str, person: Person, kept: Kept) -> dict[str, str]:
    entry = {"login": person.login, "password": person.password, "id": person.user.id}
    secret = kept.totp_secrets.get(name)
    return entry | {"totp_secret": secret} if secret else entry


def _oidc(key: str, seeded: Seeded, kept: Kept) -> dict[str, str]:
    app = seeded.apps[key]
    if app.oidc is None:
        raise ValueError("not an OpenID Connect application")
    entry = {"app_id": app.id, "client_id": app.oidc.client_id}
    if not app.oidc.public:
        entry["client_secret"] = kept.client_secrets[key]
    return entry | ({"redirect_uri": app.oidc.redirect_uris[0]} if app.oidc.redirect_uris else {})
