"""What a body says of a client: every member that is named changes, every other one stays as it is.

A setting that we do not have is refused unless it asks for what happens anyway: to drop it in silence would be a
promise that nobody keeps.
"""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Final, cast

from segue.admin.session_transfer import merged
from segue.core.application import Application, ClientAuthentication, OidcClient, SessionTransfer
from segue.core.strict import JsonValue
from segue.dialects.auth0.admin.client_shape import ANNOTATIONS, kept_settings
from segue.dialects.auth0.admin.errors import invalid_body, not_supported
from segue.dialects.auth0.admin.members import Members

_TYPES: Final = ("native", "spa", "regular_web", "non_interactive")
_METHODS: Final = ("none", "client_secret_post", "client_secret_basic")
_PUBLIC_TYPES: Final = ("native", "spa")
_DEFAULT_GRANTS: Final = frozenset({"authorization_code", "implicit", "refresh_token"})
_ROTATIONS: Final = {"rotating": "rotate", "non-rotating": "static"}
_TRANSFER: Final = {
    "can_create_session_transfer_token": "can_create",
    "allowed_authentication_methods": "carriers",
    "enforce_device_binding": "device_binding",
    "allow_refresh_token": "allow_refresh_token",
    "enforce_online_refresh_tokens": "online_refresh_tokens",
    "enforce_cascade_revocation": "cascade",
}
_REFRESH: Final = (
    *("rotation_type", "expiration_type", "leeway", "token_lifetime", "idle_token_lifetime", "policies"),
    *("infinite_token_lifetime", "infinite_idle_token_lifetime"),
)
_MOST_METADATA: Final = 10
_METADATA_CHARS: Final = 255
# Members with a meaning here; all others are harmless at one value, which is beside them, with the reason.
_READ: Final = (
    *("name", "app_type", "description", "logo_uri", "client_metadata", "oidc_conformant", "web_origins"),
    *("allowed_origins", "callbacks", "allowed_logout_urls", "initiate_login_uri", "grant_types", "session_transfer"),
    *("token_endpoint_auth_method", "jwt_configuration", "refresh_token", "require_proof_of_possession"),
)
_ONLY: Final[Mapping[str, tuple[tuple[JsonValue, ...], str]]] = {
    "is_first_party": ((True,), "all applications of this org are its own"),
    "is_token_endpoint_ip_header_trusted": ((False,), "no header of an application says where a caller is"),
    "sso_disabled": ((False,), "a session is used by every application"),
    "cross_origin_authentication": ((False,), "people sign in at our own page"),
    "cross_origin_auth": ((False,), "people sign in at our own page"),
    "cross_origin_loc": (("",), "people sign in at our own page"),
    "custom_login_page_on": ((True, False), "the sign-in page is our own"),
    "custom_login_page": (("",), "the sign-in page is our own"),
    "custom_login_page_preview": (("",), "the sign-in page is our own"),
    "form_template": (("",), "the page that posts an answer is our own"),
    "addons": (({},), "SAML and WS-Federation are applications of their own"),
    "client_aliases": (([],), "there are no aliases"),
    "allowed_clients": (([],), "no client is delegated to"),
    "mobile": (({},), "nothing is published for mobile platforms"),
    "native_social_login": (({},), "there are no social connections"),
    "encryption_key": ((), "tokens are signed and not encrypted"),
    "organization_usage": (("deny",), "there are no organizations inside this one"),
    "organization_require_behavior": (("no_prompt",), "there are no organizations inside this one"),
    "default_organization": ((), "there are no organizations inside this one"),
    "oidc_logout": (({},), "applications are not told of a sign-out"),
    "oidc_backchannel_logout": (({},), "applications are not told of a sign-out"),
    "client_authentication_methods": ((), "set the keys of a client in the console"),
    "client_secret": ((), "secrets are made here: rotate the secret"),
    "require_pushed_authorization_requests": ((False,), "requests are not pushed"),
    "par_request_expiry": ((), "requests are not pushed"),
    "signed_request_object": ((), "request objects are not read"),
    "compliance_level": (("none",), "there are no levels of compliance"),
    "token_exchange": ((), "there are no exchange profiles of one's own"),
}


@dataclass(frozen=True, slots=True)
class BodyReader:
    """``id_token_s`` is how long ID tokens hold, which no client changes for itself."""

    id_token_s: int

    def new(self, body: Members, blank: Application) -> Application:
        """``blank`` with what a new client is asked to be and, of the rest, the defaults. Raises ApiRefusal, Refusal
        ``invalid_value``."""
        if "name" not in body:
            raise invalid_body("", "Missing required property: name")
        kind = body.choice("app_type", _TYPES) if "app_type" in body and not body.is_null("app_type") else ""
        public = kind in _PUBLIC_TYPES
        if "token_endpoint_auth_method" in body and not body.is_null("token_endpoint_auth_method"):
            public = body.choice("token_endpoint_auth_method", _METHODS) == "none"
        client = OidcClient(
            client_id="",
            response_types=frozenset(),
            grant_types=_DEFAULT_GRANTS if public else _DEFAULT_GRANTS | {"client_credentials"},
            authentication="none" if public else "client_secret_post",
        )
        return self.changed(body, replace(blank, oidc=client))

    def changed(self, body: Members, known: Application) -> Application:
        """``known`` as the body wants it. Raises ApiRefusal, Refusal ``invalid_value``."""
        body.only(*_READ, *_ONLY)
        for name, (harmless, why) in _ONLY.items():
            body.unless(name, *harmless, why=why)
        transfer = known.session_transfer
        if "session_transfer" in body:
            transfer = None if body.is_null("session_transfer") else _transfer(body.part("session_transfer"), transfer)
        return replace(
            known,
            label=_name(body) if "name" in body else known.label,
            oidc=self._client(body, known.oidc or OidcClient("")),
            session_transfer=transfer,
            annotations={**known.annotations, ANNOTATIONS: _kept(body, dict(kept_settings(known)))},
        )

    def _client(self, body: Members, client: OidcClient) -> OidcClient:
        def asked(name: str) -> bool:
            return name in body and not body.is_null(name)

        self._check_tokens(body, client)
        if "callbacks" in body:
            client = replace(client, redirect_uris=body.texts("callbacks"))
        if "allowed_logout_urls" in body:
            client = replace(client, post_logout_redirect_uris=body.texts("allowed_logout_urls"))
        if asked("initiate_login_uri"):
            client = replace(client, initiate_login_uri=body.text("initiate_login_uri"))
        if asked("app_type"):
            client = replace(client, native=body.choice("app_type", _TYPES) == "native")
        if "grant_types" in body:
            client = replace(client, grant_types=frozenset(body.texts("grant_types")))
        if asked("token_endpoint_auth_method"):
            method = cast("ClientAuthentication", body.choice("token_endpoint_auth_method", _METHODS))
            client = replace(client, authentication=method)
        if asked("require_proof_of_possession"):
            client = replace(client, dpop_bound_access_tokens=body.flag("require_proof_of_possession"))
        if "refresh_token" in body:
            client = _refresh(None if body.is_null("refresh_token") else body.part("refresh_token"), client)
        types = {"callbacks", "grant_types", "require_proof_of_possession"}
        return replace(client, response_types=_response_types(client)) if types & set(body.data) else client

    def _check_tokens(self, body: Members, client: OidcClient) -> None:
        """ID tokens are what the org's own server makes of them."""
        if "jwt_configuration" not in body or body.is_null("jwt_configuration"):
            return
        wanted = body.part("jwt_configuration")
        wanted.only("alg", "lifetime_in_seconds", "secret_encoded", "scopes")
        algorithm = client.id_token_algorithm
        wanted.unless("alg", algorithm, why=f"ID tokens of this client are signed by {algorithm}")
        wanted.unless("secret_encoded", False, why="secrets are texts")
        wanted.unless("scopes", {}, why="scopes belong to an API")
        wanted.unless("lifetime_in_seconds", self.id_token_s, why=f"ID tokens hold for {self.id_token_s} seconds")


def _name(body: Members) -> str:
    name = body.text("name", longest=256)
    if not name.strip() or "<" in name or ">" in name:
        raise invalid_body("name", f"String does not match pattern ^[^<>]+$: {name[:64]}")
    return name


def _kept(body: Members, kept: dict[str, JsonValue]) -> dict[str, JsonValue]:
    """What is given back as it came; null takes a member away."""
    if "app_type" in body:
        kept["app_type"] = None if body.is_null("app_type") else body.choice("app_type", _TYPES)
    if "description" in body:
        kept["description"] = None if body.is_null("description") else body.text("description", longest=140)
    if "logo_uri" in body:
        kept["logo_uri"] = None if body.is_null("logo_uri") else body.text("logo_uri")
    if "oidc_conformant" in body and not body.is_null("oidc_conformant"):
        kept["oidc_conformant"] = body.flag("oidc_conformant")
    for name in ("web_origins", "allowed_origins"):
        if name in body:
            kept[name] = None if body.is_null(name) else list(body.texts(name))
    if "client_metadata" in body:
        kept["client_metadata"] = _metadata(body, kept.get("client_metadata"))
    return {name: value for name, value in kept.items() if value is not None}


def _metadata(body: Members, known: JsonValue) -> JsonValue:
    """Merged key by key; a key that is null goes away."""
    if body.is_null("client_metadata"):
        return None
    wanted = body.part("client_metadata")
    found: dict[str, JsonValue] = dict(known) if isinstance(known, dict) else {}
    for name in wanted.data:
        if wanted.is_null(name):
            found.pop(name, None)
        else:
            found[name] = wanted.text(name, longest=_METADATA_CHARS)
    if len(found) > _MOST_METADATA:
        raise invalid_body("client_metadata", f"Too many properties defined ({len(found)}), maximum {_MOST_METADATA}")
    return found


def _transfer(wanted: Members, known: SessionTransfer | None) -> SessionTransfer:
    wanted.only(*_TRANSFER, "delegation")
    wanted.unless("delegation", why="sessions are not delegated")
    changes: dict[str, object] = {}
    for name, own in _TRANSFER.items():
        if name not in wanted:
            continue
        if own == "carriers":
            changes[own] = () if wanted.is_null(name) else _methods(wanted, name)
        elif own == "device_binding":
            changes[own] = wanted.choice(name, ("ip", "asn", "none"))
        else:
            changes[own] = wanted.flag(name)
    return merged(known, changes)


def _methods(wanted: Members, name: str) -> tuple[str, ...]:
    """The ways, each once: one that is named twice is no fault."""
    value = wanted.data[name]
    if isinstance(value, list):
        once = list(dict.fromkeys(item if isinstance(item, str) else repr(item) for item in value))
        if len(once) < len(value) and all(isinstance(item, str) for item in value):
            wanted = replace(wanted, data={**wanted.data, name: cast("JsonValue", once)})
    methods = wanted.texts(name)
    for number, method in enumerate(methods):
        if method not in ("cookie", "query"):
            raise invalid_body(f"{wanted.path}.{name}[{number}]", f'No enum match for: "{method[:64]}"')
    return methods


def _refresh(wanted: Members | None, client: OidcClient) -> OidcClient:
    """The settings of refresh tokens, which are replaced as a whole."""
    fresh = OidcClient("")
    if wanted is None:
        wanted = Members({"rotation_type": "rotating", "expiration_type": "expiring"})
    wanted.only(*_REFRESH)
    rotation = _ROTATIONS[wanted.choice("rotation_type", _ROTATIONS)]
    if wanted.choice("expiration_type", ("expiring", "non-expiring")) == "non-expiring":
        raise not_supported("refresh_token.expiration_type", "refresh tokens come to an end")
    for name in ("infinite_token_lifetime", "infinite_idle_token_lifetime"):
        wanted.unless(name, False, why="refresh tokens come to an end")
    wanted.unless("policies", [], why="a refresh token is for the API that it was given for")

    def number(name: str, default: int) -> int:
        return wanted.number(name) if name in wanted and not wanted.is_null(name) else default

    return replace(
        client,
        refresh_rotation="rotate" if rotation == "rotate" else "static",
        refresh_grace_s=number("leeway", fresh.refresh_grace_s),
        refresh_life_s=number("token_lifetime", fresh.refresh_life_s),
        refresh_idle_s=number("idle_token_lifetime", fresh.refresh_idle_s),
    )


def _response_types(client: OidcClient) -> frozenset[str]:
    """What the client may be answered with in the browser: nothing where it has no address."""
    types: set[str] = set()
    if client.redirect_uris and "authorization_code" in client.grant_types:
        types.add("code")
    if client.redirect_uris and "implicit" in client.grant_types:
        types |= {"id_token"} if client.dpop_bound_access_tokens else {"id_token", "id_token token"}
    return frozenset(types | ({"code id_token"} if {"code", "id_token"} <= types else set()))
