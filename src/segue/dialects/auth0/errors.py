"""How this dialect says no: OAuth's two fields with the vendor's status and sentences, a page for people."""

from collections.abc import Callable
from dataclasses import replace
from typing import Final

from segue.core.refusal import Refusal
from segue.core.verdict import Check, Verdict
from segue.dialects.auth0.admin.errors import write_error as write_api_error
from segue.dialects.auth0.names import MANAGEMENT
from segue.protocols.oauth import errors
from segue.web.interaction_pages import titled_error_page
from segue.web.limits import Standing
from segue.web.message import Request, Response

# By the code: what is no fault of the request's form is forbidden here, where the standard says 400.
_STATUS: Final = {
    "invalid_grant": 403,
    "unauthorized_client": 403,
    "unsupported_grant_type": 403,
    "access_denied": 403,
    "mfa_required": 403,
}
# What the house says before or instead of an endpoint, by the reason.
_HOUSE: Final = {
    "not_found": (404, "not_found"),
    "resource_not_found": (404, "not_found"),
    "wrong_method": (405, "method_not_allowed"),
    "too_large": (413, "invalid_request"),
    "wrong_media_type": (400, "invalid_request"),
    "rate_limited": (429, "too_many_requests"),
    "busy": (429, "too_many_requests"),
    "unavailable": (503, "temporarily_unavailable"),
    "internal": (500, "server_error"),
}
_TOO_MANY: Final = (
    "Too many requests. Check the X-RateLimit-Limit, X-RateLimit-Remaining and X-RateLimit-Reset headers."
)
# One sentence for every cause, by the rule that decided: clients show them and some compare them.
_BY_RULE: Final = {
    "refresh_token": "Unknown or invalid refresh token.",
    "authorization_code": "Invalid authorization code",
}
_BY_CHECK: Final[dict[str, Callable[[Check], str]]] = {
    "pkce": lambda _check: "Failed to verify code verifier",
    # Whichever of them it was: nobody learns which names are taken (AU-04).
    **dict.fromkeys(("user_known", "user_active", "not_locked", "password"), lambda _check: "Wrong email or password."),
    "grant_type_allowed": lambda check: f"Grant type '{check.seen}' not allowed for the client.",
    "grant_type_known": lambda check: f"Unsupported grant type: {check.seen}",
}
_MISSING: Final = "_present"
_MACHINE_PATHS: Final = ("/api/", "/oauth/", "/.well-known/", "/userinfo")


class ServiceNotFound(Refusal):
    """There is no API of that audience in the org."""

    def __init__(self, audience: str) -> None:
        mend = "Send the audience of an API of this org, as it is written there."
        check = Check("audience", passed=False, expected="an API of this org", seen=audience[:256], mend=mend)
        super().__init__("access_denied", f"Service not found: {audience[:256]}", Verdict((check,), rule="look_up"))


class ResourceNotFound(Refusal):
    """There is nothing of that name at this address."""

    def __init__(self, seen: str, expected: str) -> None:
        check = Check("exists", passed=False, expected=expected, seen=seen[:256])
        super().__init__("resource_not_found", "There is no such thing here.", Verdict((check,), rule="look_up"))


def not_granted(refusal: Refusal, audience: str) -> Refusal:
    """The refusal of a token for the Management API where the application was granted none of its scopes."""
    failure = refusal.verdict.failure
    if refusal.reason != "invalid_scope" or failure is None or failure.name != "scope_granted":
        return refusal
    public = f"Client is not authorized to access '{audience[:256]}'. Grant it scopes of this API first."
    return Refusal("access_denied", public, refusal.verdict, app_id=refusal.app_id)


def write_error(request: Request, refusal: Refusal, event_id: str) -> Response:
    """``error`` and ``error_description``, with the event's id beside them."""
    answer = errors.write_oauth_error(request, refusal, event_id)
    code = errors.code_of(refusal.reason)
    status, code = _HOUSE.get(refusal.reason, (_STATUS.get(code, answer.status), code))
    body = {"error": code, "error_description": _description(refusal), "event_id": event_id}
    return replace(answer, status=status, data=body)


def write_bearer_error(request: Request, refusal: Refusal, event_id: str) -> Response:
    """RFC 6750 3, for an access token that does not do; the house's own trouble as everywhere."""
    if refusal.reason in _HOUSE:
        return write_error(request, refusal, event_id)
    return errors.write_bearer_error(request, refusal, event_id)


def write_authorize_page(_request: Request, refusal: Refusal, event_id: str) -> Response:
    """For a request that must not be answered by a redirect (RFC 6749 4.1.2.1)."""
    if refusal.reason in _HOUSE:
        return write_page(_request, refusal, event_id)
    return errors.write_error_page(refusal, event_id)


def write_page(_request: Request, refusal: Refusal, event_id: str) -> Response:
    """A page for people."""
    page = titled_error_page(refusal, event_id)
    return replace(page, status=404) if refusal.reason == "resource_not_found" else page


def write_by_path(request: Request, refusal: Refusal, event_id: str) -> Response:
    """For addresses that are not there: the error body where programs call, a page elsewhere."""
    if request.path.startswith(f"{MANAGEMENT}/"):
        return write_api_error(request, refusal, event_id)
    writer = write_error if request.path.startswith(_MACHINE_PATHS) else write_page
    return writer(request, refusal, event_id)


def limit_headers(standing: Standing, now_at: int) -> tuple[tuple[str, str], ...]:
    """How a caller stands with a rate limit; the reset is in epoch seconds."""
    return (
        ("x-ratelimit-limit", str(standing.limit)),
        ("x-ratelimit-remaining", str(standing.remaining)),
        ("x-ratelimit-reset", str(now_at // 1000 + standing.reset_s)),
    )


def _description(refusal: Refusal) -> str:
    if refusal.reason in ("rate_limited", "busy"):
        return _TOO_MANY
    failure = refusal.verdict.failure
    if failure is not None and failure.name in _BY_CHECK:
        return errors.description_of(replace_public(refusal, _BY_CHECK[failure.name](failure)))
    if failure is not None and failure.name.endswith(_MISSING) and failure.expected == failure.name[: -len(_MISSING)]:
        return f"Missing required parameter: {failure.expected}"
    if refusal.reason == "invalid_grant" and refusal.verdict.rule in _BY_RULE:
        return _BY_RULE[refusal.verdict.rule]
    return errors.description_of(refusal)


def replace_public(refusal: Refusal, public: str) -> Refusal:
    """The same refusal with another sentence for the caller."""
    return Refusal(refusal.reason, public, refusal.verdict)
