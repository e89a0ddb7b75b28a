"""How this dialect says no: its error body for calls, a page for people, OAuth's own shape for OAuth.

A client takes an empty body for success whatever the status, so no refusal here is ever empty.
"""

from collections.abc import Mapping
from dataclasses import replace
from typing import Final

from segue.core.factor import FactorType
from segue.core.refusal import Refusal
from segue.core.verdict import Check, Verdict
from segue.dialects.okta.names import (
    ALREADY_ACTIVE,
    AUTHENTICATION,
    CALL_TOO_SOON,
    CREDENTIALS_KEPT,
    DELETE_FORBIDDEN,
    EMAIL_TOO_SOON,
    FORBIDDEN,
    INTERNAL,
    INVALID_TOKEN,
    LINK_USED,
    LOCKED,
    MALFORMED,
    MEDIA_TYPE,
    NO_PHONE,
    NO_RECOVERY,
    NO_SUCH_PATH,
    NOT_FOUND,
    NOT_LOCKED,
    PASSCODE_REPLAYED,
    PASSWORD_RULES,
    SMS_TOO_SOON,
    TOO_MANY,
    UNAVAILABLE,
    UNKNOWN_USER,
    VALIDATION,
    WRONG_ANSWER,
    WRONG_METHOD,
    WRONG_PASSCODE,
    WRONG_STATE,
    WRONG_STATUS,
    ErrorCode,
)
from segue.protocols.oauth.errors import challenge
from segue.signin.verification import FactorRefusal
from segue.web.interaction_pages import titled_error_page
from segue.web.limits import Standing
from segue.web.message import Json, Request, Response
from segue.web.surface import RefusalWriter

_CODES: Final = {
    "credentials": AUTHENTICATION,
    "invalid_token": INVALID_TOKEN,
    "invalid_dpop_proof": INVALID_TOKEN,
    "malformed": MALFORMED,
    "too_large": MALFORMED,
    "wrong_media_type": MEDIA_TYPE,
    "two_tickets": VALIDATION,
    "rate_limited": TOO_MANY,
    "busy": TOO_MANY,
    "not_found": NO_SUCH_PATH,
    "wrong_method": WRONG_METHOD,
    "unavailable": UNAVAILABLE,
    "internal": INTERNAL,
    "wrong_state": WRONG_STATE,
    "locked": LOCKED,
    "factor_answer": WRONG_PASSCODE,
    "factor_expired": WRONG_PASSCODE,
    "factor_replayed": PASSCODE_REPLAYED,
    "password_kept": CREDENTIALS_KEPT,
    "password_rules": PASSWORD_RULES,
    "recovery_answer": WRONG_ANSWER,
    "recovery_link": LINK_USED,
    "recovery_unknown": UNKNOWN_USER,
    "recovery_refused": NO_RECOVERY,
    "no_phone": NO_PHONE,
    "application_in_use": DELETE_FORBIDDEN,
    "already_active": ALREADY_ACTIVE,
    "not_locked": NOT_LOCKED,
    "wrong_status": WRONG_STATUS,
    "built_in": FORBIDDEN,
    "by_rule": FORBIDDEN,
    "rule_active": FORBIDDEN,
}
_TOO_SOON: Final[Mapping[FactorType, ErrorCode]] = {
    "sms": SMS_TOO_SOON,
    "email": EMAIL_TOO_SOON,
    "call": CALL_TOO_SOON,
}
# The caller can mend these, so the answer says what is wrong; elsewhere the summary is all that anybody is told.
_EXPLAINED: Final = frozenset(
    {VALIDATION, MALFORMED, MEDIA_TYPE, FORBIDDEN, CREDENTIALS_KEPT, PASSWORD_RULES, DELETE_FORBIDDEN, WRONG_STATUS}
)
# These have the vendor's body, or a page, also where everything else is in a protocol's own shape.
_OF_THE_HOUSE: Final = frozenset({"rate_limited", "busy", "unavailable", "internal", "resource_not_found"})
# What administration says about one field of a request.
_OF_A_FIELD: Final = frozenset({"invalid_value", "already_exists"})
# Told to whoever came with an access token in a header as well.
_OF_TOKENS: Final = frozenset({"invalid_token", "invalid_dpop_proof", "forbidden"})
_MACHINE_PATHS: Final = ("/api/", "/oauth2/", "/.well-known/")


class ValidationFailed(Refusal):
    """A field of a request is missing or wrong. ``subject`` names the object, ``public`` is the cause."""

    def __init__(self, subject: str, field: str, public: str) -> None:
        check = Check(field, passed=False, mend=public)
        super().__init__("validation_failed", public, Verdict((check,), rule="validation"))
        self.subject = subject


class ResourceNotFound(Refusal):
    """No ``type`` of that ``id`` is here for this caller."""

    def __init__(self, id: str, type: str, check: Check) -> None:
        super().__init__("resource_not_found", "There is no such thing here.", Verdict((check,), rule="look_up"))
        self.id = id
        self.type = type


def write_error(request: Request, refusal: Refusal, event_id: str) -> Response:
    """The vendor's error body; ``errorId`` is the event's id."""
    code, summary = _code_and_summary(refusal)
    body = {
        "errorCode": code.code,
        "errorSummary": summary,
        "errorLink": code.code,
        "errorId": event_id,
        "errorCauses": [{"errorSummary": refusal.public}] if code in _EXPLAINED else [],
    }
    answer = Json(status=code.status, data=body)
    if refusal.reason in _OF_TOKENS and _carries_access_token(request):
        return answer.with_headers(("www-authenticate", challenge(request, refusal)))
    return answer


def _carries_access_token(request: Request) -> bool:
    return request.headers.get("authorization", "").partition(" ")[0].lower() in ("bearer", "dpop")


def write_page(_request: Request, refusal: Refusal, event_id: str) -> Response:
    """A page for people."""
    page = titled_error_page(refusal, event_id)
    return replace(page, status=404) if refusal.reason == "resource_not_found" else page


def write_by_path(request: Request, refusal: Refusal, event_id: str) -> Response:
    """For addresses that are not there: the error body where programs call, a page elsewhere."""
    writer = write_error if request.path.startswith(_MACHINE_PATHS) else write_page
    return writer(request, refusal, event_id)


def either(protocol: RefusalWriter, house: RefusalWriter) -> RefusalWriter:
    """A protocol's own writer; ``house`` where the trouble is no matter of the protocol: overload, faults, and
    addresses that name nothing."""

    def write(request: Request, refusal: Refusal, event_id: str) -> Response:
        writer = house if refusal.reason in _OF_THE_HOUSE else protocol
        return writer(request, refusal, event_id)

    return write


def limit_headers(standing: Standing, now_at: int) -> tuple[tuple[str, str], ...]:
    """How a caller stands with a rate limit; the reset is in epoch seconds, which one client subtracts Date from."""
    return (
        ("x-rate-limit-limit", str(standing.limit)),
        ("x-rate-limit-remaining", str(standing.remaining)),
        ("x-rate-limit-reset", str(now_at // 1000 + standing.reset_s)),
    )


def _code_and_summary(refusal: Refusal) -> tuple[ErrorCode, str]:
    match refusal:
        case ValidationFailed(subject=subject):
            return VALIDATION, VALIDATION.summary.format(subject=subject)
        case ResourceNotFound(id=ident, type=type):
            return NOT_FOUND, NOT_FOUND.summary.format(id=ident, type=type)
        case FactorRefusal(reason="factor_throttled", factor_type=factor_type):
            code = _TOO_SOON.get(factor_type, TOO_MANY)
            return code, code.summary
        case FactorRefusal(reason="factor_setup"):
            return VALIDATION, VALIDATION.summary.format(subject="factorEnrollRequest")
    if refusal.reason in _OF_A_FIELD and refusal.verdict.failure is not None:
        return VALIDATION, VALIDATION.summary.format(subject=refusal.verdict.failure.name)
    code = _CODES.get(refusal.reason, FORBIDDEN)
    return code, code.summary.format(subject="request") if code is VALIDATION else code.summary
