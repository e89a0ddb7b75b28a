"""The forms of applications, read into the values that administration takes, and the words for what they choose from.

What may stand in a value is administration's to say; here only the shape of the form is known.
"""

from collections.abc import Mapping
from dataclasses import replace
from typing import Any, Final, cast

from segue.admin.application_rules import grant_types
from segue.console.forms import choice, lines, number, optional, refused, required
from segue.core.application import Bookmark, OidcClient, SamlServiceProvider, WhenOtherUser, WsFedRelyingParty
from segue.core.strict import Params

OIDC_KINDS: Final = ("web", "browser", "native")
KINDS: Final = (
    ("web", "Web app", "OpenID Connect, with a server that keeps a secret."),
    ("browser", "Single-page app", "OpenID Connect in the browser alone: no secret, always with PKCE."),
    ("native", "Native app", "On a phone or a desktop: no secret, always with PKCE."),
    ("saml", "SAML 2.0", "A service provider that takes assertions."),
    ("wsfed", "WS-Federation", "A relying party of the passive profile."),
    ("bookmark", "Bookmark", "An address that people find on their start page."),
)
USUAL_GRANTS: Final = (
    ("authorization_code", "Authorization code", "The usual way: the app gets a code and exchanges it."),
    ("refresh_token", "Refresh token", "The app may renew its tokens while the user is away."),
    ("client_credentials", "Client credentials", "The app acts for itself, without a user."),
)
ADVANCED_GRANTS: Final = (
    (
        "urn:ietf:params:oauth:grant-type:token-exchange",
        "Token Exchange",
        "The app may hand a sign-in on to another application that trusts it.",
    ),
    ("password", "Resource owner password", "The app takes the user's password itself. Only where nothing else works."),
    ("implicit", "Implicit", "Tokens by the browser's address. Only for apps that cannot do better."),
)
RESPONSE_TYPES: Final = (
    ("code", "code", ""),
    ("id_token", "id_token", ""),
    ("code id_token", "code id_token", ""),
    ("id_token token", "id_token token", ""),
    ("code token", "code token", ""),
    ("code id_token token", "code id_token token", ""),
)
AUTHENTICATIONS: Final = (
    ("client_secret_basic", "A secret in the Authorization header"),
    ("client_secret_post", "A secret in the form"),
)
_BY_KEY: Final = (("private_key_jwt", "A signature by one of its keys"),)
ALGORITHMS: Final = (("RS256", "RS256"), ("ES256", "ES256"), ("Ed25519", "Ed25519"))
NAME_ID_FORMATS: Final = (
    ("urn:oasis:names:tc:SAML:1.1:nameid-format:emailAddress", "E-mail address"),
    ("urn:oasis:names:tc:SAML:1.1:nameid-format:unspecified", "Unspecified"),
    ("urn:oasis:names:tc:SAML:2.0:nameid-format:persistent", "Persistent"),
    ("urn:oasis:names:tc:SAML:2.0:nameid-format:transient", "Transient"),
)
ROTATIONS: Final = (("rotate", "Every use gives a new one"), ("static", "It stays the same"))
TOKEN_TYPES: Final = (("saml20", "SAML 2.0 assertion"), ("saml11", "SAML 1.1 assertion"))
WHEN_OTHER_USER: Final = (
    ("", "As its kind of ticket does by itself"),
    ("ask", "Ask: continue as …?"),
    ("keep", "Keep who is signed in, and go on without the hand-off"),
    ("login_required", "Tell the application that a sign-in is needed"),
    ("ask_always", "Ask whose sign-in it is, also where nobody is signed in"),
    ("end_and_prompt", "End the session and ask to sign in"),
    ("replace", "Replace the session by the new sign-in"),
    ("refuse", "Refuse"),
)


def offered_grants(group: tuple[tuple[str, str, str], ...]) -> list[tuple[str, str, str]]:
    """Those of a group that administration allows."""
    allowed = grant_types()
    return [row for row in group if row[0] in allowed]


def authentications(client: OidcClient) -> tuple[tuple[str, str], ...]:
    """How a client can authenticate; by a key of its own only one that has registered some."""
    has_keys = client.authentication == "private_key_jwt" or bool(client.jwks or client.jwks_uri)
    return (*AUTHENTICATIONS, *_BY_KEY) if has_keys else AUTHENTICATIONS


def read_oidc(kind: str, values: Params, known: OidcClient) -> OidcClient:
    """The client that the form describes; what the form does not show stays as ``known`` has it."""
    public = kind in ("browser", "native")
    grants = frozenset(values.all("grant_types")) or known.grant_types
    ways = dict(authentications(known))
    authentication = "none" if public else choice(values, "authentication", ways, "authentication")
    return replace(
        known,
        native=kind == "native",
        authentication=cast(Any, authentication),
        redirect_uris=lines(values, "redirect_uris"),
        post_logout_redirect_uris=lines(values, "post_logout_redirect_uris"),
        initiate_login_uri=optional(values, "initiate_login_uri"),
        grant_types=grants,
        response_types=_response_types(values, known, grants),
        refresh_rotation=cast(Any, optional(values, "refresh_rotation") or known.refresh_rotation),
        dpop_bound_access_tokens=values.get("dpop_bound_access_tokens") == "yes",
        pkce_required=public or values.get("pkce_required") == "yes",
        id_token_algorithm=cast(Any, choice(values, "id_token_algorithm", dict(ALGORITHMS), "signature")),
    )


def read_saml(values: Params, known: SamlServiceProvider) -> SamlServiceProvider:
    return replace(
        known,
        entity_id=required(values, "entity_id", "Entity id"),
        acs_urls=lines(values, "acs_urls"),
        audience=optional(values, "audience"),
        name_id_format=required(values, "name_id_format", "NameID format"),
        name_id_from=required(values, "name_id_from", "NameID from"),
        attributes=_attributes(values),
        sign_response=values.get("sign_response") == "yes",
        sign_assertion=values.get("sign_assertion") == "yes",
        want_signed_requests=values.get("want_signed_requests") == "yes",
        certificates_pem=_certificates(values),
        assertion_s=number(values, "assertion_s", "Life") or known.assertion_s,
    )


def read_wsfed(values: Params, known: WsFedRelyingParty) -> WsFedRelyingParty:
    return replace(
        known,
        realm=required(values, "realm", "Realm"),
        reply_urls=lines(values, "reply_urls"),
        token_type=cast(Any, choice(values, "token_type", dict(TOKEN_TYPES), "token")),
        audience=optional(values, "audience"),
        name_id_format=required(values, "name_id_format", "NameID format"),
        name_id_from=required(values, "name_id_from", "NameID from"),
        attributes=_attributes(values),
        assertion_s=number(values, "assertion_s", "Life") or known.assertion_s,
    )


def read_bookmark(values: Params) -> Bookmark:
    return Bookmark(required(values, "url", "Address"))


def read_when_other_user(values: Params) -> WhenOtherUser | None:
    chosen = choice(values, "when_other_user", dict(WHEN_OTHER_USER), "another user")
    return cast("WhenOtherUser", chosen) if chosen else None


def attributes_text(attributes: Mapping[str, str]) -> str:
    """Attributes as the lines of a text area."""
    return "\n".join(f"{name} = {source}" for name, source in attributes.items())


def _response_types(values: Params, known: OidcClient, grants: frozenset[str]) -> frozenset[str]:
    """Those that are ticked; where the form shows none, what goes with the grant types."""
    if "response_types_shown" in values:
        return frozenset(values.all("response_types"))
    kept = {each for each in known.response_types if "implicit" in grants or each == "code"}
    return frozenset(kept | ({"code"} if "authorization_code" in grants else set()))


def _attributes(values: Params) -> dict[str, str]:
    found: dict[str, str] = {}
    for line in lines(values, "attributes"):
        name, equals, source = (part.strip() for part in line.rpartition("="))
        if not equals or not name or not source:
            raise refused("attributes", "Each line is an attribute's name, =, and the field of the profile it is from.")
        found[name] = source
    return found


def _certificates(values: Params) -> tuple[str, ...]:
    text = values.get("certificates_pem") or ""
    mark = "-----END CERTIFICATE-----"
    return tuple(f"{part.strip()}\n{mark}\n" for part in text.split(mark) if part.strip())
