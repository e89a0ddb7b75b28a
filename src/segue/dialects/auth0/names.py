"""Every name of this dialect: paths, parameters, cookie, prefixes."""

from typing import Final
from urllib.parse import quote

from segue.handoff.kinds import Slot

DIALECT: Final = "auth0"
SESSION_COOKIE: Final = "auth0"
DEVICE_COOKIE: Final = "did"
#: Before the id of a user whose password we hold: connection and id make up the name that applications see.
USER_PREFIX: Final = "auth0|"

# --- addresses ---

AUTHORIZE: Final = "/authorize"
RESUME: Final = "/authorize/resume"
TOKEN: Final = "/oauth/token"  # an address, no secret
REVOKE: Final = "/oauth/revoke"
USERINFO: Final = "/userinfo"
LOGOUT: Final = "/v2/logout"
OIDC_LOGOUT: Final = "/oidc/logout"
KEYS: Final = "/.well-known/jwks.json"
OPENID_DOCUMENT: Final = "/.well-known/openid-configuration"
OAUTH_DOCUMENT: Final = "/.well-known/oauth-authorization-server"

SAML_SSO: Final = "/samlp/{client}"
#: With the slash that a published example has twice.
SAML_PATHS: Final = (SAML_SSO, "/samlp//{client}")
SAML_METADATA: Final = "/samlp/metadata/{client}"
WSFED_PATHS: Final = ("/wsfed/{client}", "/wsfed//{client}")
WSFED_SHARED: Final = "/wsfed"
WSFED_REALM_PREFIX: Final = "urn:"

LOGIN: Final = "/u/login"
SIGN_OUT: Final = "/u/logout"
HOME: Final = "/"
MY_FACTORS: Final = "/u/factors"
START: Final = "/u/start/{app}/{link}"

MANAGEMENT: Final = "/api/v2"

# --- parameters ---

STATE: Final = "state"
RETURN_TO: Final = "returnTo"
AUDIENCE: Final = "audience"
GRANT_TYPE: Final = "grant_type"
CLIENT_CREDENTIALS: Final = "client_credentials"
CLIENT_ID: Final = "client_id"
#: How one published request spells it.
CLIENT_ID_AS_PRINTED: Final = "client_ID"

# --- handing a sign-in over to a browser ---

TRANSFER_PREFIX: Final = "urn:"
TRANSFER_SUFFIX: Final = ":session_transfer"
TRANSFER_TYPE: Final = "urn:auth0:params:oauth:token-type:session_transfer_token"
#: The second cookie is how one published example calls it.
TRANSFER_SLOT: Final = Slot(
    "session_transfer_token",
    frozenset({"session_transfer"}),
    cookies=("auth0_session_transfer_token", "session_transfer_token"),
    by_leave=True,
)
APP_SLOTS: Final = (TRANSFER_SLOT,)
#: The addresses that such a ticket opens.
OPENED_BY_TICKET: Final = frozenset({AUTHORIZE, *SAML_PATHS, *WSFED_PATHS, WSFED_SHARED})

# --- rate limit classes of routes; those of passwords are in web.sign_in_limits ---

LIMIT_OAUTH: Final = "oauth"
LIMIT_PAGE: Final = "page"
LIMIT_API: Final = "management"


def login_location(key: str) -> str:
    """The sign-in page that resolves the waiting request of that key, as path and query."""
    return f"{LOGIN}?{STATE}={quote(key, safe='')}"
