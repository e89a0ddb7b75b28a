"""How the Management API says no: ``statusCode``, ``error``, ``message`` and mostly an ``errorCode``."""

from collections.abc import Mapping
from http import HTTPStatus
from typing import Final

from segue.core.refusal import Refusal
from segue.core.verdict import Check, Verdict
from segue.web.message import Json, Request, Response

_MESSAGE_CHARS: Final = 600
# What the house and administration say, by the reason: the status, and the code where there is one.
_KNOWN: Final[Mapping[str, tuple[int, str]]] = {
    "malformed": (400, "invalid_body"),
    "wrong_media_type": (400, "invalid_body"),
    "invalid_value": (400, "invalid_body"),
    "invalid_token": (401, ""),
    "invalid_dpop_proof": (401, ""),
    "forbidden": (403, "insufficient_scope"),
    "not_found": (404, ""),
    "wrong_method": (405, ""),
    "already_exists": (409, "conflict"),
    "changed_meanwhile": (409, "conflict"),
    "application_in_use": (409, "conflict"),
    "too_large": (413, ""),
    "rate_limited": (429, "too_many_requests"),
    "busy": (429, "too_many_requests"),
    "internal": (500, ""),
    "unavailable": (503, ""),
}
_TOO_MANY: Final = (
    "Too many requests. Check the X-RateLimit-Limit, X-RateLimit-Remaining and X-RateLimit-Reset headers."
)
# A sentence for each way in which a token fails, as tools compare them; any other way has the first one.
_INVALID_TOKEN: Final = "Invalid token"
_TOKEN_FAULTS: Final = {
    "bad_signature": "Invalid signature received for JSON Web Token validation",
    "expired exp": "Expired token received for JSON Web Token validation",
    "expired": "Expired token received for JSON Web Token validation",
}


class ApiRefusal(Refusal):
    """A refusal in the API's own words. ``code`` may be empty."""

    def __init__(self, status: int, code: str, public: str, check: Check) -> None:
        super().__init__(code or "management", public, Verdict((check,), rule="management"))
        self.status = status
        self.code = code


def invalid_body(path: str, cause: str) -> ApiRefusal:
    """A member of the body that does not do; ``path`` is where it stands, "" for the body itself."""
    where = f" on property {path}" if path else ""
    return ApiRefusal(
        400, "invalid_body", f"Payload validation error: '{cause}'{where}.", _check(path or "body", cause)
    )


def invalid_query(name: str, cause: str) -> ApiRefusal:
    public = f"Query validation error: '{cause}' on property {name}."
    return ApiRefusal(400, "invalid_query_string", public, _check(name, cause))


def not_supported(path: str, cause: str) -> ApiRefusal:
    """A setting that is well formed and that we do not have: it would be a promise that is not kept."""
    return ApiRefusal(400, "operation_not_supported", f"{path}: {cause}.", _check(path, cause))


def no_header() -> ApiRefusal:
    """No access token, or not as RFC 6750 2.1 has it."""
    check = Check("authorization", passed=False, expected="Bearer and an access token", mend="Send the header.")
    return ApiRefusal(400, "Bearer", "Bad HTTP authentication header format", check)


def wrong_audience() -> ApiRefusal:
    check = Check("audience", passed=False, expected="the Management API of this domain", seen="another API")
    return ApiRefusal(401, "", _INVALID_TOKEN, check)


def insufficient_scope(wanted: tuple[str, ...], held: str) -> ApiRefusal:
    public = f"Insufficient scope, expected any of: {','.join(wanted)}"
    mend = "Grant the application the scope, and get a new token."
    return ApiRefusal(403, "insufficient_scope", public, Check("scope", False, " ".join(wanted), held[:256], mend))


def no_such_client(ident: str) -> ApiRefusal:
    check = Check("client", passed=False, expected="a client of this org", seen=ident[:80])
    return ApiRefusal(404, "inexistent_client", "The client does not exist", check)


def write_error(_request: Request, refusal: Refusal, event_id: str) -> Response:
    """The API's error body; ``event_id`` is beside it, for whoever looks for the cause."""
    status, code, message = _parts(refusal)
    body: dict[str, object] = {
        "statusCode": status,
        "error": HTTPStatus(status).phrase,
        "message": message[:_MESSAGE_CHARS],
        **({"errorCode": code} if code else {}),
        "event_id": event_id,
    }
    return Json(status=status, data=body)


def _parts(refusal: Refusal) -> tuple[int, str, str]:
    if isinstance(refusal, ApiRefusal):
        return refusal.status, refusal.code, refusal.public
    status, code = _KNOWN.get(refusal.reason, (400, "operation_not_supported"))
    failure = refusal.verdict.failure
    if refusal.reason in ("rate_limited", "busy"):
        return status, code, _TOO_MANY
    if refusal.reason == "invalid_token":
        return status, code, _TOKEN_FAULTS.get(failure.seen if failure else "", _INVALID_TOKEN)
    if refusal.reason == "invalid_value" and failure is not None:
        return status, code, f"Payload validation error: '{refusal.public}' on property {failure.name}."
    if refusal.reason == "malformed":
        return status, code, f"Payload validation error: '{refusal.public}'."
    return status, code, refusal.public


def _check(name: str, cause: str) -> Check:
    return Check(name[:80], passed=False, mend=cause[:256])
