"""Saying no in OAuth: error codes, what they stand for, and the four shapes they take.

A refusal of this package has an OAuth error code as its reason. Refusals of the pipeline have Segue's own words, which
:func:`code_of` translates. The writers take a refusal and the id of its event, as the edge calls them.
"""

import re
from collections.abc import Mapping
from types import MappingProxyType
from typing import Final

from segue.core.refusal import Refusal
from segue.core.verdict import Check, Verdict
from segue.tokens.client_keys import CLIENT_ALGORITHMS
from segue.web.error_page import error_page
from segue.web.message import Json, Page, Request

_NO_TEXTS: Final[Mapping[str, str]] = MappingProxyType({})

# RFC 6749 4.1.2.1 and 5.2, RFC 6750 3.1, OIDC Core 3.1.2.6
_CODES: Final = frozenset(
    {
        "invalid_request",
        "invalid_client",
        "invalid_grant",
        "invalid_scope",
        "invalid_target",
        "invalid_token",
        "insufficient_scope",
        "invalid_dpop_proof",
        "use_dpop_nonce",
        "unauthorized_client",
        "unsupported_grant_type",
        "unsupported_response_type",
        "unsupported_response_mode",
        "access_denied",
        "login_required",
        "interaction_required",
        "consent_required",
        "request_not_supported",
        "request_uri_not_supported",
        "registration_not_supported",
        "server_error",
        "temporarily_unavailable",
    }
)
_PIPELINE: Final = {
    "malformed": "invalid_request",
    "two_tickets": "invalid_request",
    "interaction_gone": "invalid_request",
    "ticket_not_usable": "login_required",
    "session_kept": "login_required",
    "ticket_refused": "invalid_token",
    "ticket_replayed": "invalid_token",
    "assurance_not_met": "access_denied",
    "changed_meanwhile": "temporarily_unavailable",
    "form_token": "invalid_request",
    # What the edge says before or instead of an endpoint
    "not_a_document": "invalid_request",
    "too_large": "invalid_request",
    "wrong_media_type": "invalid_request",
    "rate_limited": "temporarily_unavailable",
    "busy": "temporarily_unavailable",
    "unavailable": "temporarily_unavailable",
    "internal": "server_error",
}
# Where no page may be shown, whatever a new sign-in would mend is login_required (OIDC Core 3.1.2.6): the client then
# knows that it has to ask again without prompt=none.
_PASSIVE: Final = {"assurance_not_met": "login_required", "changed_meanwhile": "login_required"}
_STATUS: Final = {
    "invalid_client": 401,
    "invalid_token": 401,
    "insufficient_scope": 403,
    "no_matching_policy": 401,
    "not_trusted": 403,
    "target_not_permitted": 403,
    "requesting_client": 403,
    "rate_limited": 429,
    "busy": 429,
    "internal": 500,
    "unavailable": 503,
}
_OF_PROOFS: Final = frozenset({"invalid_dpop_proof", "use_dpop_nonce"})
_UNPRINTABLE: Final = re.compile(r"[^\x20-\x21\x23-\x5b\x5d-\x7e]")


def refusal(
    code: str,
    public: str,
    *checks: Check,
    app_id: str | None = None,
    user_id: str | None = None,
    credential_id: str | None = None,
) -> Refusal:
    """A refusal whose reason is the OAuth error ``code``; without ``checks`` the trail says no more than the code."""
    trail = checks or (Check(code, passed=False, mend=public),)
    return Refusal(
        code, public, Verdict(trail, rule="oauth"), app_id=app_id, user_id=user_id, credential_id=credential_id
    )


def code_of(reason: str, *, passive: bool = False) -> str:
    """The OAuth error code of a refusal's reason; what has no code of its own is ``access_denied``."""
    if passive and reason in _PASSIVE:
        return _PASSIVE[reason]
    return reason if reason in _CODES else _PIPELINE.get(reason, "access_denied")


def description_of(refused: Refusal, texts: Mapping[str, str] = _NO_TEXTS) -> str:
    """The public sentence in the characters RFC 6749 5.2 allows for ``error_description``."""
    failure = refused.verdict.failure
    text = texts.get(failure.name, refused.public) if failure else refused.public
    return _UNPRINTABLE.sub("?", text)


def write_oauth_error(request: Request, refused: Refusal, event_id: str, texts: Mapping[str, str] = _NO_TEXTS) -> Json:
    """RFC 6749 5.2, with the event's id beside it."""
    code = code_of(refused.reason)
    answer = Json(status=_STATUS.get(refused.reason, 400), data=_body(code, refused, event_id, texts))
    answer = answer.with_headers(*_headers(refused))
    if code == "invalid_client" and request.headers.get("authorization", "")[:6].lower() == "basic ":
        # RFC 6749 5.2: the challenge answers a client that used the header; elsewhere it would only open a browser's
        # password dialog.
        return answer.with_headers(("www-authenticate", f'Basic realm="{request.site.domain.authority}"'))
    return answer


def write_bearer_error(request: Request, refused: Refusal, event_id: str, texts: Mapping[str, str] = _NO_TEXTS) -> Json:
    """RFC 6750 3: the header says it all; the body repeats it for people."""
    code = code_of(refused.reason)
    status = 401 if code in _OF_PROOFS else _STATUS.get(refused.reason, 400)
    answer = Json(status=status, data=_body(code, refused, event_id, texts))
    return answer.with_headers(("www-authenticate", challenge(request, refused, texts)), *_headers(refused))


def challenge(request: Request, refused: Refusal, texts: Mapping[str, str] = _NO_TEXTS) -> str:
    """What a caller is told of the token it sent (RFC 6750 3, RFC 9449 7.1), in the scheme that it used."""
    code = "insufficient_scope" if refused.reason == "forbidden" else code_of(refused.reason)
    with_proof = code in _OF_PROOFS or request.headers.get("authorization", "")[:5].lower() == "dpop "
    said = f'{"DPoP" if with_proof else "Bearer"} realm="{request.site.domain.authority}"'
    if with_proof:
        said += f', algs="{" ".join(CLIENT_ALGORITHMS)}"'
    failure = refused.verdict.failure
    if failure is None or failure.name != "token_presented":  # 3.1: no error code for a request without a token
        said += f', error="{code}", error_description="{description_of(refused, texts)}"'
    return said


def write_error_page(refused: Refusal, event_id: str) -> Page:
    """Our own page, for a request that must not be answered by a redirect (RFC 6749 4.1.2.1)."""
    return error_page(refused, event_id, error=code_of(refused.reason), title="This request cannot be answered")


def _headers(refused: Refusal) -> tuple[tuple[str, str], ...]:
    """RFC 9449 8: the value that the next proof has to hold."""
    nonce = getattr(refused, "nonce", "")
    return (("dpop-nonce", nonce),) if nonce else ()


def _body(code: str, refused: Refusal, event_id: str, texts: Mapping[str, str]) -> dict[str, str]:
    return {"error": code, "error_description": description_of(refused, texts), "event_id": event_id}
