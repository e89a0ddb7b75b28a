"""The OAuth client of an application between this vendor's JSON and ours."""

from collections.abc import Collection, Mapping
from typing import Final, cast

from segue.admin.client_keys import read_client_key
from segue.core.application import Application, ClientAuthentication, OidcClient, RefreshRotation
from segue.core.strict import JsonValue
from segue.dialects.okta.admin.fields import Fields

_RESPONSES: Final = frozenset({"code", "id_token", "token"})
_COMBINATIONS: Final = ("code", "id_token", "code id_token", "code token", "id_token token", "code id_token token")
_GRANT_OF: Final = {"code": "authorization_code", "id_token": "implicit", "token": "implicit"}
_KINDS: Final = frozenset({"web", "native", "browser", "service"})
_METHODS: Final = ("client_secret_basic", "client_secret_post", "private_key_jwt", "none")
_ROTATIONS: Final[Mapping[str, RefreshRotation]] = {"ROTATE": "rotate", "STATIC": "static"}
_KEPT: Final = ("client_uri", "logo_uri", "policy_uri", "tos_uri", "issuer_mode", "idp_initiated_login")
_MEMBERS: Final = (
    "redirect_uris",
    "post_logout_redirect_uris",
    "response_types",
    "grant_types",
    "application_type",
    "initiate_login_uri",
    "consent_method",
    "wildcard_redirect",
    "refresh_token",
    "jwks",
    "jwks_uri",
    "dpop_bound_access_tokens",
    "participate_slo",
    "frontchannel_logout_session_required",
    "subject_type",
    "network",
    *_KEPT,
)
# Each would be a promise that is not kept: to encrypt, to sign, to ask, to end sessions elsewhere.
_NOT_OFFERED: Final = {
    "id_token_encrypted_response_alg": "tokens are signed and not encrypted",
    "request_object_signing_alg": "request objects are not read",
    "frontchannel_logout_uri": "applications are not signed out by front channel",
    "sector_identifier_uri": "every application sees the same subject",
    "backchannel_authentication_request_signing_alg": "there is no backchannel authentication",
    "backchannel_custom_authenticator_id": "there is no backchannel authentication",
    "backchannel_token_delivery_mode": "there is no backchannel authentication",
}


def read_oidc(
    settings: Fields, credentials: Fields, known: Application | None
) -> tuple[OidcClient, dict[str, JsonValue]]:
    """The client that ``settings.oauthClient`` and ``credentials.oauthClient`` speak of, and what is only kept.

    Raises ValidationFailed.
    """
    _refuse_what_is_not_offered(settings)
    settings.only(*_MEMBERS)
    kind = settings.choice("application_type", _KINDS, "web")
    grants = frozenset(settings.texts("grant_types")) or settings.refuse("grant_types", "at least one is needed")
    before = known.oidc if known else None
    method = _method(credentials, kind)
    client = OidcClient(
        client_id=_client_id(credentials, before),
        redirect_uris=settings.texts("redirect_uris"),
        post_logout_redirect_uris=settings.texts("post_logout_redirect_uris"),
        response_types=_response_types(settings, grants),
        grant_types=grants,
        authentication=method,
        pkce_required=credentials.flag("pkce_required", default=method == "none"),
        native=kind == "native",
        initiate_login_uri=settings.text("initiate_login_uri"),
        id_token_algorithm=before.id_token_algorithm if before else "RS256",
        refresh_rotation=_ROTATIONS[_rotation(settings, method)],
        refresh_grace_s=settings.part("refresh_token").number("leeway", 30),
        jwks=_keys(settings),
        jwks_uri=settings.text("jwks_uri"),
        dpop_bound_access_tokens=settings.flag("dpop_bound_access_tokens"),
    )
    if method == "none" and not client.pkce_required:
        credentials.refuse("pkce_required", "a client without a secret always proves its codes (PKCE)")
    kept: dict[str, JsonValue] = {name: settings.text(name) for name in _KEPT[:-1] if settings.has(name)}
    kept |= settings.kept("idp_initiated_login")
    kept["application_type"] = kind
    if credentials.has("autoKeyRotation"):
        kept["autoKeyRotation"] = credentials.flag("autoKeyRotation")
    return client, kept


def shape_settings(client: OidcClient, kept: dict[str, JsonValue]) -> dict[str, JsonValue]:
    """``settings.oauthClient``."""
    parts = {part for combination in client.response_types for part in combination.split()}
    responses: list[JsonValue] = [name for name in ("code", "id_token", "token") if name in parts]
    shown: dict[str, JsonValue] = {
        "redirect_uris": list(client.redirect_uris),
        "post_logout_redirect_uris": list(client.post_logout_redirect_uris),
        "response_types": responses,
        "grant_types": [*sorted(client.grant_types)],
        "application_type": kept.get("application_type") or _kind_of(client),
        "consent_method": "TRUSTED",
        "issuer_mode": kept.get("issuer_mode") or "DYNAMIC",
        "idp_initiated_login": kept.get("idp_initiated_login")
        or {"mode": "SPEC" if client.initiate_login_uri else "DISABLED", "default_scope": []},
        "wildcard_redirect": "DISABLED",
        "dpop_bound_access_tokens": client.dpop_bound_access_tokens,
        "participate_slo": False,
        "refresh_token": {
            "rotation_type": "ROTATE" if client.refresh_rotation == "rotate" else "STATIC",
            "leeway": client.refresh_grace_s,
        },
        **{name: kept[name] for name in _KEPT[:4] if name in kept},
    }
    if client.initiate_login_uri:
        shown["initiate_login_uri"] = client.initiate_login_uri
    if client.jwks:
        shown["jwks"] = {"keys": [{**jwk, "status": "ACTIVE"} for jwk in client.jwks]}
    if client.jwks_uri:
        shown["jwks_uri"] = client.jwks_uri
    return shown


def shape_credentials(client: OidcClient, kept: dict[str, JsonValue], secret: str | None) -> dict[str, JsonValue]:
    """``credentials.oauthClient``; ``secret`` is there in the one answer that tells it (MG-06)."""
    shown: dict[str, JsonValue] = {
        "autoKeyRotation": kept.get("autoKeyRotation", True),
        "client_id": client.client_id,
        "token_endpoint_auth_method": client.authentication,
        "pkce_required": client.needs_pkce,
    }
    if secret is not None:
        shown["client_secret"] = secret
    return shown


def _kind_of(client: OidcClient) -> str:
    """What a client is that was not made here."""
    if client.native:
        return "native"
    if client.public:
        return "browser"
    return "web" if client.redirect_uris else "service"


def _method(credentials: Fields, kind: str) -> ClientAuthentication:
    credentials.only("client_id", "client_secret", "token_endpoint_auth_method", "pkce_required", "autoKeyRotation")
    credentials.unless("client_secret", why="secrets are made here and shown once: leave it out")
    default = "none" if kind in ("browser", "native") else "client_secret_basic"
    method = credentials.choice("token_endpoint_auth_method", _METHODS, default)
    return cast("ClientAuthentication", method)


def _keys(settings: Fields) -> tuple[Mapping[str, str], ...]:
    jwks = settings.part("jwks")
    jwks.only("keys")
    return tuple(read_client_key(key.data).public_jwk for key in jwks.parts("keys"))


def _rotation(settings: Fields, method: str) -> str:
    """A public client's refresh tokens rotate (RFC 9700 4.14.2); others do where nothing else is said."""
    refresh = settings.part("refresh_token")
    refresh.only("rotation_type", "leeway")
    rotation = refresh.choice("rotation_type", _ROTATIONS.keys(), "ROTATE")
    if rotation == "STATIC" and method == "none":
        refresh.refuse("rotation_type", "a client without a secret gets a new refresh token with every use: ROTATE")
    return rotation


def _client_id(credentials: Fields, before: OidcClient | None) -> str:
    """ "" where a new client is called like its application."""
    given = credentials.text("client_id")
    if before is None:
        return given
    if given not in ("", before.client_id):
        credentials.refuse("client_id", "the client id of an application stays as it is")
    return before.client_id


def _response_types(settings: Fields, grants: Collection[str]) -> frozenset[str]:
    """Here each part is named; a client that may get two of them may ask for both at once (hybrid flow)."""
    given = settings.texts("response_types")
    if not settings.has("response_types") and "authorization_code" in grants:
        given = ("code",)
    parts = frozenset(given)
    if not parts <= _RESPONSES:
        settings.refuse("response_types", f"each is one of {', '.join(sorted(_RESPONSES))}")
    for part in sorted(parts):
        if _GRANT_OF[part] not in grants:
            settings.refuse("grant_types", f"the response type {part} needs the grant type {_GRANT_OF[part]}")
    if parts == {"token"}:
        settings.refuse("response_types", "a token alone in a fragment is not given out: use code")
    return frozenset(each for each in _COMBINATIONS if set(each.split()) <= parts)


def _refuse_what_is_not_offered(settings: Fields) -> None:
    for name, why in _NOT_OFFERED.items():
        settings.unless(name, "", why=why)
    settings.unless("wildcard_redirect", "DISABLED", why="redirect addresses match exactly, wildcards are not offered")
    settings.unless("consent_method", "TRUSTED", why="there is no page that asks for consent yet: only TRUSTED")
    settings.unless("subject_type", "public", why="every application sees the same subject")
    settings.unless("participate_slo", False, why="applications are not signed out by front channel")
    settings.unless("frontchannel_logout_session_required", False, why="there is no sign-out by front channel")
    network = settings.part("network")
    network.unless("connection", "ANYWHERE", why="where a client may call from is said by policies")
    login = settings.part("idp_initiated_login")
    login.unless("mode", "DISABLED", "SPEC", why="an application begins its own sign-in: DISABLED or SPEC")
