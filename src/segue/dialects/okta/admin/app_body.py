"""An application as a caller sends it: the members that every kind of application has.

``app_oidc`` and ``app_federated`` read what belongs to a protocol. What this vendor offers and we do not have is
refused where leaving it out would change who gets in or what is protected, and otherwise kept and given back.
"""

from dataclasses import dataclass, field
from typing import Final

from segue.core.application import Application, AppLink, Bookmark, OidcClient, SamlServiceProvider, WsFedRelyingParty
from segue.core.strict import JsonValue
from segue.dialects.okta.admin.app_federated import WsFed, read_saml, read_wsfed
from segue.dialects.okta.admin.app_oidc import read_oidc
from segue.dialects.okta.admin.fields import Fields

OIDC: Final = "OPENID_CONNECT"
SAML: Final = "SAML_2_0"
WSFED: Final = "WS_FEDERATION"
BOOKMARK: Final = "BOOKMARK"
NAMES: Final = {OIDC: "oidc_client", WSFED: "template_wsfed", BOOKMARK: "bookmark"}
_MODES: Final = frozenset({OIDC, SAML, WSFED, BOOKMARK})

_READ_ONLY: Final = ("id", "created", "lastUpdated", "status", "orn", "features", "licensing", "_links", "_embedded")
_SETTINGS: Final = ("implicitAssignment", "notes", "notifications", "emOptInStatus")
_LOGIN_TEMPLATES: Final = ("${source.login}", "${source.userName}")
_ADDRESSES: Final = ("errorRedirectUrl", "loginRedirectUrl")
_MOST_KEPT: Final = 64


@dataclass(frozen=True, slots=True)
class Wanted:
    """What a caller wants an application to be. ``name`` "" leaves it to us; ``relay_state`` is what its link sends."""

    mode: str
    label: str
    name: str
    everyone: bool
    annotations: dict[str, JsonValue]
    oidc: OidcClient | None = None
    saml: SamlServiceProvider | None = None
    wsfed: WsFedRelyingParty | None = None
    bookmark: Bookmark | None = None
    relay_state: str = ""
    links: tuple[AppLink, ...] = field(default=())


def read_application(body: dict[str, JsonValue], known: Application | None = None) -> Wanted:
    """The application in ``body``; ``known`` is the one that it replaces. Raises ValidationFailed."""
    fields = Fields(body)
    fields.only(
        "label", "name", "signOnMode", "accessibility", "visibility", "profile", "credentials", "settings", *_READ_ONLY
    )
    mode = fields.text("signOnMode", mode_of(known) if known else "")
    if mode not in _MODES:
        fields.refuse("signOnMode", f"one of {', '.join(sorted(_MODES))}; other ways to sign on are not offered")
    if known is not None and mode != mode_of(known):
        fields.refuse("signOnMode", "what an application signs on by stays as it is: make another application")
    settings, credentials = fields.part("settings"), fields.part("credentials")
    _check_credentials(credentials, mode)
    common = {
        "mode": mode,
        "label": fields.needed("label"),
        "name": _name(fields, mode, known),
        "everyone": settings.flag("implicitAssignment"),
    }
    annotations = _annotations(fields, settings)
    match mode:
        case "OPENID_CONNECT":
            settings.only("oauthClient", *_SETTINGS)
            client, kept = read_oidc(settings.part("oauthClient"), credentials.part("oauthClient"), known)
            return Wanted(**common, annotations={**annotations, "oauthClient": kept}, oidc=client)  # type: ignore[arg-type]
        case "SAML_2_0":
            settings.only("signOn", "app", *_SETTINGS)
            saml = read_saml(settings.part("signOn"))
            annotations["signOn"] = saml.kept
            return Wanted(**common, annotations=annotations, saml=saml.provider, relay_state=saml.relay_state)  # type: ignore[arg-type]
        case "WS_FEDERATION":
            settings.only("app", *_SETTINGS)
            wsfed: WsFed = read_wsfed(settings.part("app"))
            return Wanted(**common, annotations={**annotations, "app": wsfed.kept}, wsfed=wsfed.party)  # type: ignore[arg-type]
    settings.only("app", *_SETTINGS)
    app = settings.part("app")
    app.only("url", "requestIntegration")
    kept_app = {**annotations, "app": app.kept("requestIntegration")}
    return Wanted(**common, annotations=kept_app, bookmark=Bookmark(app.needed("url")))  # type: ignore[arg-type]


def mode_of(app: Application) -> str:
    """What this vendor calls the protocol of an application."""
    if app.oidc is not None:
        return OIDC
    if app.saml is not None:
        return SAML
    return WSFED if app.wsfed is not None else BOOKMARK


def _name(fields: Fields, mode: str, known: Application | None) -> str:
    """The name in the application's addresses. A new one has the name of its kind, or ours where the kind has none."""
    given = fields.text("name")
    if known is not None:
        if given not in ("", known.name, NAMES.get(mode, known.name)):
            fields.refuse("name", "the name of an application stays as it is")
        return known.name
    expected = NAMES.get(mode, "")
    if given not in ("", expected):
        fields.refuse("name", f"{expected or 'no name'} for this way to sign on: there is no catalogue of applications")
    return expected


def _check_credentials(credentials: Fields, mode: str) -> None:
    credentials.only("userNameTemplate", "signing", *(("oauthClient",) if mode == OIDC else ()), "scheme")
    template = credentials.part("userNameTemplate")
    why = "users are known by their login; say subjectNameIdTemplate, or assign a user with another name"
    template.unless("template", *_LOGIN_TEMPLATES, why=why)
    template.unless("type", "BUILT_IN", "NONE", why=why)
    template.unless("userSuffix", "", why=why)
    credentials.unless("scheme", "", why="passwords of other applications are not kept here")


def _annotations(fields: Fields, settings: Fields) -> dict[str, JsonValue]:
    accessibility, visibility = fields.part("accessibility"), fields.part("visibility")
    accessibility.only("selfService", "errorRedirectUrl", "loginRedirectUrl")
    accessibility.unless("selfService", False, why="users are assigned by an administrator")
    visibility.only("autoSubmitToolbar", "autoLaunch", "hide", "appLinks")
    visibility.part("hide").only("iOS", "web")
    settings.unless("inlineHookId", why="there are no hooks for applications")
    found: dict[str, JsonValue] = {
        "accessibility": {
            **accessibility.kept("selfService"),
            **{name: accessibility.text(name) for name in _ADDRESSES if accessibility.has(name)},
        },
        "visibility": {
            **{name: visibility.flag(name) for name in ("autoSubmitToolbar", "autoLaunch") if visibility.has(name)},
            "hide": {name: visibility.part("hide").flag(name) for name in ("iOS", "web")},
            "appLinks": {name: visibility.part("appLinks").flag(name) for name in visibility.part("appLinks").data},
        },
        "settings": settings.part("notes").kept("admin", "enduser"),
    }
    if fields.has("profile"):
        found["profile"] = dict(fields.part("profile").data)
    if len(visibility.part("appLinks").data) > _MOST_KEPT:
        visibility.refuse("appLinks", f"at most {_MOST_KEPT} links")
    return found
