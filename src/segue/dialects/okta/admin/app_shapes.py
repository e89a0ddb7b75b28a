"""An application as this vendor's JSON shows it, in the form that the vendor's own strict clients take."""

from collections.abc import Mapping
from typing import Final, cast

from segue.core.application import Application
from segue.core.org import Domain
from segue.core.secret import made_at
from segue.core.strict import JsonValue
from segue.dialects.okta.admin.app_body import BOOKMARK, OIDC, SAML, WSFED, mode_of
from segue.dialects.okta.admin.app_federated import shape_saml, shape_wsfed
from segue.dialects.okta.admin.app_oidc import shape_credentials, shape_settings
from segue.dialects.okta.names import (
    APP,
    APP_ACTIVATE,
    APP_DEACTIVATE,
    APP_GROUPS,
    APP_METADATA,
    APP_USERS,
    HOME_LINK,
    POLICY,
)
from segue.dialects.okta.protocols import saml_profile
from segue.dialects.okta.shapes import link, timestamp

_ACCESSIBILITY: Final = {"selfService": False, "errorRedirectUrl": None, "loginRedirectUrl": None}
_TEMPLATE: Final = {"template": "${source.login}", "type": "BUILT_IN"}


def shape_application(
    app: Application, domain: Domain, home: Domain, *, secret: str | None = None
) -> dict[str, object]:
    """``domain`` is where the request came to, ``home`` where a reader of assertions knows us; ``secret`` is a client's
    new one, in the one answer that tells it."""
    return {
        "id": app.id,
        "orn": f"orn:okta:idp:{app.org_id}:apps:{app.name}:{app.id}",
        "name": app.name,
        "label": app.label,
        "status": app.status.upper(),
        "created": timestamp(made_at(app.id)),
        "lastUpdated": timestamp(app.updated_at or made_at(app.id)),
        "accessibility": {**_ACCESSIBILITY, **_kept(app, "accessibility")},
        "visibility": {"autoSubmitToolbar": False, "hide": {"iOS": False, "web": False}, **_visibility(app)},
        "features": [],
        "signOnMode": mode_of(app),
        "credentials": _credentials(app, secret),
        "settings": {
            "implicitAssignment": app.everyone,
            "notes": {"admin": None, "enduser": None, **_kept(app, "settings")},
            **_protocol(app, home),
        },
        **({"profile": app.annotations["profile"]} if "profile" in app.annotations else {}),
        "_links": _links(app, domain),
    }


def _kept(app: Application, name: str) -> dict[str, JsonValue]:
    value = app.annotations.get(name)
    return dict(value) if isinstance(value, dict) else {}


def _visibility(app: Application) -> Mapping[str, JsonValue]:
    kept = _kept(app, "visibility")
    shown = {link.name: True for link in app.links}
    given = kept.get("appLinks")
    return {**kept, "appLinks": {**shown, **(given if isinstance(given, dict) else {})}}


def _credentials(app: Application, secret: str | None) -> dict[str, object]:
    shown: dict[str, object] = {"userNameTemplate": _TEMPLATE, "signing": {}}
    if app.oidc is not None:
        shown["oauthClient"] = shape_credentials(app.oidc, _kept(app, "oauthClient"), secret)
    return shown


def _protocol(app: Application, home: Domain) -> dict[str, JsonValue]:
    match mode_of(app):
        case mode if mode == OIDC and app.oidc is not None:
            return {"oauthClient": shape_settings(app.oidc, _kept(app, "oauthClient"))}
        case mode if mode == SAML and app.saml is not None:
            entity_id = app.saml.idp_entity_id or saml_profile().entity_id(app, home)
            relay_state = app.links[0].target if app.links else ""
            kept = _kept(app, "signOn")
            return {"signOn": shape_saml(app.saml, entity_id=entity_id, relay_state=relay_state, kept=kept)}
        case mode if mode == WSFED and app.wsfed is not None:
            return {"app": shape_wsfed(app.wsfed, _kept(app, "app"))}
        case mode if mode == BOOKMARK and app.bookmark is not None:
            return {"app": {"url": app.bookmark.url, "requestIntegration": False, **_kept(app, "app")}}
    raise ValueError("an application has a protocol")


def _links(app: Application, domain: Domain) -> dict[str, object]:
    base = domain.base_url
    own, other = APP.format(app=app.id), APP_DEACTIVATE if app.active else APP_ACTIVATE
    paths = {each.name: HOME_LINK.format(name=app.name, app=app.id, link=each.id) for each in app.links}
    embeds = [{"name": name, "href": f"{base}{path}", "type": "text/html"} for name, path in paths.items()]
    shown: dict[str, object] = {
        "self": link(f"{base}{own}", "GET", "PUT", "DELETE"),
        "users": {"href": f"{base}{APP_USERS.format(app=app.id)}"},
        "groups": {"href": f"{base}{APP_GROUPS.format(app=app.id)}"},
        "appLinks": embeds,
        "logo": [],
        "deactivate" if app.active else "activate": link(f"{base}{other.format(app=app.id)}", "POST"),
    }
    if app.policy_id:
        shown["accessPolicy"] = {"href": f"{base}{POLICY.format(policy=app.policy_id)}"}
    if app.saml is not None:
        metadata = link(f"{base}{APP_METADATA.format(app=app.id)}", "GET")
        shown["metadata"] = cast("object", {**metadata, "type": "application/xml"})
    return shown
