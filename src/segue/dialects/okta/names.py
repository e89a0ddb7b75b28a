"""Every name of this dialect: paths, parameters, ticket slots, cookie, error codes."""

from dataclasses import dataclass
from typing import Final
from urllib.parse import quote

from segue.core.credential import Kind
from segue.handoff.kinds import Slot

DIALECT: Final = "okta"
SESSION_COOKIE: Final = "sid"
DEVICE_COOKIE: Final = "DT"
REQUEST_ID_HEADER: Final = "x-okta-request-id"
API_TOKEN_SCHEME: Final = "SSWS"
#: Before a permission of administration in a scope.
ADMIN_SCOPE_PREFIX: Final = "okta."
ACCESS_TOKEN_PREFIX: Final = "AT."

# --- addresses ---

AUTHN: Final = "/api/v1/authn"
AUTHN_INTROSPECT: Final = f"{AUTHN}/introspect"
AUTHN_PREVIOUS: Final = f"{AUTHN}/previous"
AUTHN_SKIP: Final = f"{AUTHN}/skip"
AUTHN_CANCEL: Final = f"{AUTHN}/cancel"
FACTORS: Final = f"{AUTHN}/factors"
FACTOR_VERIFY: Final = f"{FACTORS}/{{factor}}/verify"
FACTOR_RESEND: Final = f"{FACTORS}/{{factor}}/verify/resend"
FACTOR_ACTIVATE: Final = f"{FACTORS}/{{factor}}/lifecycle/activate"
FACTOR_ACTIVATE_POLL: Final = f"{FACTORS}/{{factor}}/lifecycle/activate/poll"
FACTOR_ACTIVATE_RESEND: Final = f"{FACTORS}/{{factor}}/lifecycle/resend"
FACTOR_PICTURE: Final = "/api/v1/users/{user}/factors/{factor}/qr/{token}"
FACTOR_QUESTIONS: Final = "/api/v1/users/{user}/factors/questions"
CHANGE_PASSWORD: Final = f"{AUTHN}/credentials/change_password"
RESET_PASSWORD: Final = f"{AUTHN}/credentials/reset_password"
RECOVER_PASSWORD: Final = f"{AUTHN}/recovery/password"
RECOVER_UNLOCK: Final = f"{AUTHN}/recovery/unlock"
RECOVERY_TOKEN: Final = f"{AUTHN}/recovery/token"
RECOVERY_ANSWER: Final = f"{AUTHN}/recovery/answer"
RECOVERY_VERIFY: Final = f"{AUTHN}/recovery/factors/{{type}}/verify"
RECOVERY_RESEND: Final = f"{AUTHN}/recovery/factors/{{type}}/resend"
SESSIONS: Final = "/api/v1/sessions"
SESSION: Final = "/api/v1/sessions/{id}"
SESSION_REFRESH: Final = "/api/v1/sessions/{id}/lifecycle/refresh"
SESSION_ME: Final = "/api/v1/sessions/me"
SESSION_ME_REFRESH: Final = "/api/v1/sessions/me/lifecycle/refresh"
USERS: Final = "/api/v1/users"
USER: Final = "/api/v1/users/{user}"
USER_ME: Final = "/api/v1/users/me"
USER_LIFECYCLE: Final = "/api/v1/users/{user}/lifecycle/"
USER_CREDENTIALS: Final = "/api/v1/users/{user}/credentials/"
USER_FACTORS: Final = "/api/v1/users/{user}/factors"
USER_FACTOR: Final = "/api/v1/users/{user}/factors/{factor}"
USER_FACTOR_ACTIVATE: Final = "/api/v1/users/{user}/factors/{factor}/lifecycle/activate"
USER_FACTOR_VERIFY: Final = "/api/v1/users/{user}/factors/{factor}/verify"
APP_TOKENS: Final = "/api/v1/apps/{app}/tokens"
APP_TOKEN: Final = "/api/v1/apps/{app}/tokens/{token}"
USER_CLIENT_TOKENS: Final = "/api/v1/users/{user}/clients/{client}/tokens"
USER_CLIENT_TOKEN: Final = "/api/v1/users/{user}/clients/{client}/tokens/{token}"
USER_GROUPS: Final = "/api/v1/users/{user}/groups"
GROUPS: Final = "/api/v1/groups"
GROUP: Final = "/api/v1/groups/{group}"
GROUP_USERS: Final = "/api/v1/groups/{group}/users"
GROUP_USER: Final = "/api/v1/groups/{group}/users/{user}"
GROUP_APPS: Final = "/api/v1/groups/{group}/apps"
GROUP_RULES: Final = "/api/v1/groups/rules"
GROUP_RULE: Final = "/api/v1/groups/rules/{rule}"
GROUP_RULE_ACTIVATE: Final = "/api/v1/groups/rules/{rule}/lifecycle/activate"
GROUP_RULE_DEACTIVATE: Final = "/api/v1/groups/rules/{rule}/lifecycle/deactivate"
USER_SESSIONS: Final = "/api/v1/users/{user}/sessions"
USER_APP_LINKS: Final = "/api/v1/users/{user}/appLinks"
USER_ME_APP_LINKS: Final = "/api/v1/users/me/appLinks"
LOGS: Final = "/api/v1/logs"
SERVERS: Final = "/api/v1/authorizationServers"
SERVER: Final = f"{SERVERS}/{{server}}"
SERVER_LIFECYCLE: Final = f"{SERVER}/lifecycle"
SERVER_KEYS: Final = f"{SERVER}/credentials/keys"
SERVER_KEY: Final = f"{SERVER_KEYS}/{{key}}"
SERVER_KEY_ROTATE: Final = f"{SERVER}/credentials/lifecycle/keyRotate"
SERVER_ASSOCIATED: Final = f"{SERVER}/associatedServers"
SERVER_ASSOCIATION: Final = f"{SERVER_ASSOCIATED}/{{other}}"
SERVER_SCOPES: Final = f"{SERVER}/scopes"
SERVER_SCOPE: Final = f"{SERVER_SCOPES}/{{scope}}"
SERVER_CLAIMS: Final = f"{SERVER}/claims"
SERVER_CLAIM: Final = f"{SERVER_CLAIMS}/{{claim}}"
SERVER_POLICIES: Final = f"{SERVER}/policies"
SERVER_POLICY: Final = f"{SERVER_POLICIES}/{{policy}}"
SERVER_RULES: Final = f"{SERVER_POLICY}/rules"
SERVER_RULE: Final = f"{SERVER_RULES}/{{rule}}"
ACTIVATE: Final = "/lifecycle/activate"
DEACTIVATE: Final = "/lifecycle/deactivate"
API_TOKENS_LIST: Final = "/api/v1/api-tokens"
API_TOKEN: Final = f"{API_TOKENS_LIST}/{{token}}"
API_TOKEN_CURRENT: Final = f"{API_TOKENS_LIST}/current"
ORG: Final = "/api/v1/org"
ORGANIZATION: Final = "/.well-known/okta-organization"
TRUSTED_ORIGINS: Final = "/api/v1/trustedOrigins"
TRUSTED_ORIGIN: Final = "/api/v1/trustedOrigins/{id}"
TRUSTED_ORIGIN_ACTIVATE: Final = "/api/v1/trustedOrigins/{id}/lifecycle/activate"
TRUSTED_ORIGIN_DEACTIVATE: Final = "/api/v1/trustedOrigins/{id}/lifecycle/deactivate"
POLICIES: Final = "/api/v1/policies"
POLICIES_SIMULATE: Final = f"{POLICIES}/simulate"
POLICY: Final = f"{POLICIES}/{{policy}}"
POLICY_ACTIVATE: Final = f"{POLICY}/lifecycle/activate"
POLICY_DEACTIVATE: Final = f"{POLICY}/lifecycle/deactivate"
POLICY_CLONE: Final = f"{POLICY}/clone"
POLICY_APPS: Final = f"{POLICY}/app"
POLICY_MAPPINGS: Final = f"{POLICY}/mappings"
POLICY_RULES: Final = f"{POLICY}/rules"
POLICY_RULE: Final = f"{POLICY_RULES}/{{rule}}"
POLICY_RULE_ACTIVATE: Final = f"{POLICY_RULE}/lifecycle/activate"
POLICY_RULE_DEACTIVATE: Final = f"{POLICY_RULE}/lifecycle/deactivate"
ZONES: Final = "/api/v1/zones"
ZONE: Final = f"{ZONES}/{{zone}}"
ZONE_ACTIVATE: Final = f"{ZONE}/lifecycle/activate"
ZONE_DEACTIVATE: Final = f"{ZONE}/lifecycle/deactivate"
TRUSTED_APPS: Final = "/api/v1/apps/{app}/interclient-allowed-apps"
TRUSTED_APP: Final = "/api/v1/apps/{app}/interclient-allowed-apps/{origin}"
TRUSTING_APPS: Final = "/api/v1/apps/{app}/interclient-target-apps"
APPS: Final = "/api/v1/apps"
APP: Final = "/api/v1/apps/{app}"
APP_ACTIVATE: Final = f"{APP}/lifecycle/activate"
APP_DEACTIVATE: Final = f"{APP}/lifecycle/deactivate"
APP_USERS: Final = f"{APP}/users"
APP_USER: Final = f"{APP}/users/{{user}}"
APP_GROUPS: Final = f"{APP}/groups"
APP_GROUP: Final = f"{APP}/groups/{{group}}"
APP_METADATA: Final = f"{APP}/sso/saml/metadata"
APP_SECRETS: Final = f"{APP}/credentials/secrets"
APP_SECRET: Final = f"{APP}/credentials/secrets/{{secret}}"
APP_SECRET_ACTIVATE: Final = f"{APP_SECRET}/lifecycle/activate"
APP_SECRET_DEACTIVATE: Final = f"{APP_SECRET}/lifecycle/deactivate"
APP_JWKS: Final = f"{APP}/credentials/jwks"
APP_JWK: Final = f"{APP}/credentials/jwks/{{key}}"
APP_POLICY: Final = f"{APP}/policies/{{policy}}"
APP_GRANTS: Final = f"{APP}/grants"
APP_GRANT: Final = f"{APP}/grants/{{grant}}"
APP_KEYS: Final = f"{APP}/credentials/keys"
APP_KEYS_GENERATE: Final = f"{APP}/credentials/keys/generate"
APP_KEY: Final = f"{APP}/credentials/keys/{{kid}}"

HOME: Final = "/app/UserHome"
MY_FACTORS: Final = "/app/UserHome/factors"
SIGN_IN: Final = "/login/login.htm"
SIGN_OUT: Final = "/login/signout"
RESET_PAGE: Final = "/signin/reset-password/{token}"
UNLOCK_PAGE: Final = "/signin/unlock/{token}"
WELCOME_PAGE: Final = "/welcome/{token}"
RESUME: Final = "/oauth2/v1/authorize/redirect"

SAML_SSO: Final = "/app/{name}/{key}/sso/saml"
WSFED_SSO: Final = "/app/{name}/{key}/sso/wsfed/passive"
WSFED_REALM_PREFIX: Final = "urn:okta:app:"
WSFED_SHARED: Final = "/app/template_wsfed/sso/wsfed/passive"
REDIRECT_LINK: Final = "/login/sessionCookieRedirect"
SESSION_IMAGE: Final = "/login/sessionCookie"
HOME_LINK: Final = "/home/{name}/{app}/{link}"
APP_LINK: Final = "/app/{name}/{key}/{link}"
SAML_METADATA: Final = "/app/{key}/sso/saml/metadata"

ORG_SERVER: Final = "/oauth2/v1"
CUSTOM_SERVER: Final = "/oauth2/{server}/v1"
CLIENTS: Final = "/oauth2/v1/clients"
CLIENT: Final = "/oauth2/v1/clients/{client}"
CLIENT_NEW_SECRET: Final = "/oauth2/v1/clients/{client}/lifecycle/newSecret"
OPENID_DOCUMENT: Final = "/.well-known/openid-configuration"
OAUTH_DOCUMENT: Final = "/.well-known/oauth-authorization-server"

# --- parameters ---

FROM_URI: Final = "fromURI"
REDIRECT_URL: Final = "redirectUrl"
OKTA_KEY: Final = "okta_key"

# --- ticket slots: a constant set of kinds each (OT-04) ---

_SIGN_IN_TICKETS: Final[frozenset[Kind]] = frozenset({"session_token", "cookie_token"})
TICKET_SLOTS: Final = (Slot("sessionToken", _SIGN_IN_TICKETS), Slot("onetimetoken", _SIGN_IN_TICKETS))
APP_AUDIENCE: Final = "urn:okta:apps:"
INTERCLIENT_SLOT: Final = Slot("interclient_token", frozenset({"interclient"}), APP_AUDIENCE)
# What an application may be opened with, at its own address of a protocol.
APP_SLOTS: Final = (*TICKET_SLOTS, INTERCLIENT_SLOT)
REDIRECT_LINK_SLOTS: Final = (Slot("token", _SIGN_IN_TICKETS),)
SESSION_BODY_SLOT: Final = Slot("sessionToken", frozenset({"session_token"}))
IMAGE_SLOTS: Final = (Slot("token", frozenset({"image_token"})),)

API_TOKENS: Final[frozenset[Kind]] = frozenset({"api_token"})

# --- handing a sign-in over ---

INTERCLIENT_SCOPE: Final = "interclient_access"
INTERCLIENT_TYPE: Final = "urn:okta:params:oauth:token-type:interclient_token"
REPLAYED: Final = "one_time_sso_token_replayed"

# --- rate limit classes of routes; those of passwords are in web.sign_in_limits ---

LIMIT_API: Final = "api"
LIMIT_OAUTH: Final = "oauth"
LIMIT_PAGE: Final = "page"


def resume_location(key: str) -> str:
    """Where a waiting request goes on, as path and query."""
    return f"{RESUME}?{OKTA_KEY}={quote(key, safe='')}"


def sign_in_location(key: str) -> str:
    """The sign-in page that resolves the waiting request of that key, as path and query."""
    return f"{SIGN_IN}?{FROM_URI}={quote(resume_location(key), safe='')}"


@dataclass(frozen=True, slots=True)
class ErrorCode:
    """A row of the vendor's error table: ``status`` over HTTP and a summary in our words."""

    code: str
    status: int
    summary: str


VALIDATION: Final = ErrorCode("E0000001", 400, "Api validation failed: {subject}")
MALFORMED: Final = ErrorCode("E0000003", 400, "The request body is missing or not well formed.")
AUTHENTICATION: Final = ErrorCode("E0000004", 401, "Authentication failed")
FORBIDDEN: Final = ErrorCode("E0000006", 403, "You are not allowed to do this.")
NOT_FOUND: Final = ErrorCode("E0000007", 404, "Not found: Resource not found: {id} ({type})")
NO_SUCH_PATH: Final = ErrorCode("E0000008", 404, "There is nothing at this address.")
INTERNAL: Final = ErrorCode("E0000009", 500, "Something went wrong on our side.")
UNAVAILABLE: Final = ErrorCode("E0000009", 503, "The service cannot answer right now.")
INVALID_TOKEN: Final = ErrorCode("E0000011", 401, "Invalid token provided")
CREDENTIALS_KEPT: Final = ErrorCode("E0000014", 403, "The credentials were not changed.")
ALREADY_ACTIVE: Final = ErrorCode("E0000016", 403, "The user is active already.")
MEDIA_TYPE: Final = ErrorCode("E0000021", 400, "The media type of the request is not accepted here.")
DELETE_FORBIDDEN: Final = ErrorCode("E0000056", 403, "An active application is not deleted.")
WRONG_METHOD: Final = ErrorCode("E0000022", 405, "This address does not answer that method.")
TOO_MANY: Final = ErrorCode("E0000047", 429, "Too many requests: wait, then try again.")
NOT_LOCKED: Final = ErrorCode("E0000032", 403, "The user is not locked out.")
WRONG_STATUS: Final = ErrorCode("E0000038", 403, "This is not possible in the user's current status.")
NO_RECOVERY: Final = ErrorCode("E0000034", 403, "This user cannot recover a password here.")
WRONG_PASSCODE: Final = ErrorCode("E0000068", 403, "Invalid passcode or answer")
LOCKED: Final = ErrorCode("E0000069", 403, "This user is locked.")
WRONG_STATE: Final = ErrorCode("E0000079", 403, "This is not possible at the current step of the transaction.")
PASSWORD_RULES: Final = ErrorCode("E0000080", 403, "The password does not meet the rules.")
PASSCODE_REPLAYED: Final = ErrorCode("E0000082", 403, "Each passcode can be used once. Wait for the next one.")
WRONG_ANSWER: Final = ErrorCode("E0000087", 403, "The recovery answer is not right.")
UNKNOWN_USER: Final = ErrorCode("E0000095", 403, "There is no such user to recover.")
NO_PHONE: Final = ErrorCode("E0000097", 403, "The user has no verified telephone for this.")
LINK_USED: Final = ErrorCode("E0000105", 403, "The recovery link has expired or was used before.")
SMS_TOO_SOON: Final = ErrorCode("E0000109", 429, "A text message was sent a moment ago. Wait before the next.")
EMAIL_TOO_SOON: Final = ErrorCode("E0000118", 429, "A mail was sent a moment ago. Wait before the next.")
CALL_TOO_SOON: Final = ErrorCode("E0000133", 429, "A call was made a moment ago. Wait before the next.")
