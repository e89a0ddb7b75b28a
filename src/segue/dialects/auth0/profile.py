"""What this dialect makes of OAuth: one issuer with a slash at its end, APIs by their audience, the shape of tokens."""

from collections.abc import Sequence
from typing import Final

from segue.core.org import AuthorizationServer, Domain
from segue.core.user import User
from segue.dialects.auth0.admin.resource import granted_scopes
from segue.dialects.auth0.names import (
    APP_SLOTS,
    AUTHORIZE,
    KEYS,
    OIDC_LOGOUT,
    REVOKE,
    SIGN_OUT,
    TOKEN,
    TRANSFER_PREFIX,
    TRANSFER_SUFFIX,
    TRANSFER_TYPE,
    USER_PREFIX,
    USERINFO,
)
from segue.policy.scopes import OPENID
from segue.protocols.oauth.profile import (
    Claims,
    ClientFacts,
    Endpoints,
    OAuthProfile,
    SessionTransferExchange,
    TokenFacts,
)

_FIELDS: Final = (
    "issuer",
    "authorization_endpoint",
    "token_endpoint",
    "userinfo_endpoint",
    "jwks_uri",
    "revocation_endpoint",
    "end_session_endpoint",
    "scopes_supported",
    "response_types_supported",
    "code_challenge_methods_supported",
    "response_modes_supported",
    "subject_types_supported",
    "id_token_signing_alg_values_supported",
    "token_endpoint_auth_methods_supported",
    "token_endpoint_auth_signing_alg_values_supported",
    "claims_supported",
    "grant_types_supported",
    "request_uri_parameter_supported",
    "request_parameter_supported",
    "dpop_signing_alg_values_supported",
    "authorization_response_iss_parameter_supported",
)


def issuer(_server: AuthorizationServer, domain: Domain) -> str:
    return f"{domain.base_url}/"


def oauth_profile() -> OAuthProfile:
    """The vendor's OAuth. A request that names no API gets tokens of the org's own server: they open userinfo alone."""
    return OAuthProfile(
        endpoints=_endpoints,
        subject=subject,
        access_token_claims=_access_token_claims,
        sign_out_path=SIGN_OUT,
        id_token_claims=_id_token_claims,
        client_token_claims=_client_token_claims,
        issuer=issuer,
        one_issuer=True,
        audience=_audience,
        more_audiences=_more_audiences,
        admin_scopes=granted_scopes,
        admin_by_secret=True,
        ticket_slots=APP_SLOTS,
        session_transfer=SessionTransferExchange("session_transfer", TRANSFER_TYPE, TRANSFER_PREFIX, TRANSFER_SUFFIX),
        client_claim="azp",
        access_token_typ="JWT",
        id_token_typ="JWT",
        id_token_prefix="id.",
        default_scope=OPENID,
        unknown_scopes="ignore",
        openid_fields=_FIELDS,
        oauth_fields=_FIELDS,
    )


def subject(user: User) -> str:
    """The user as applications know them."""
    return f"{USER_PREFIX}{user.id}"


def _endpoints(_server: AuthorizationServer, domain: Domain) -> Endpoints:
    base = domain.base_url
    return Endpoints(
        authorization=f"{base}{AUTHORIZE}",
        token=f"{base}{TOKEN}",
        userinfo=f"{base}{USERINFO}",
        jwks=f"{base}{KEYS}",
        end_session=f"{base}{OIDC_LOGOUT}",
        revocation=f"{base}{REVOKE}",
    )


def _audience(server: AuthorizationServer, own: str) -> str:
    return server.audience if server.path and server.audience else f"{own}userinfo"


def _more_audiences(server: AuthorizationServer, own: str, scopes: Sequence[str]) -> tuple[str, ...]:
    """A token of an API opens userinfo as well, where it may."""
    userinfo = f"{own}userinfo"
    return (userinfo,) if OPENID in scopes and _audience(server, own) != userinfo else ()


def _access_token_claims(facts: TokenFacts) -> Claims:
    return {"sub": subject(facts.user), "azp": facts.client_id, "scope": " ".join(facts.scopes)}


def _client_token_claims(facts: ClientFacts) -> Claims:
    return {
        "sub": f"{facts.client_id}@clients",
        "azp": facts.client_id,
        "scope": " ".join(facts.scopes),
        "gty": "client-credentials",
    }


def _id_token_claims(facts: TokenFacts) -> Claims:
    return {"sid": facts.session_id} if facts.session_id else {}
