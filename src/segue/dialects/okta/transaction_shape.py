"""Transactions as the Authentication API shows them.

Clients make a method of every link, and insist on exactly one verb in each.
"""

from typing import Final
from urllib.parse import quote

from segue.core.org import Org
from segue.core.user import User
from segue.dialects.okta.factor_shapes import (
    NAMES,
    NOT_OFFERED,
    SENT,
    activating,
    challenged,
    enroll_element,
    factor_element,
    factor_object,
    name_of,
)
from segue.dialects.okta.names import (
    AUTHN_CANCEL,
    AUTHN_PREVIOUS,
    AUTHN_SKIP,
    CHANGE_PASSWORD,
    FACTOR_ACTIVATE,
    FACTOR_ACTIVATE_POLL,
    FACTOR_ACTIVATE_RESEND,
    FACTOR_PICTURE,
    FACTOR_QUESTIONS,
    FACTOR_RESEND,
    FACTOR_VERIFY,
    RECOVER_UNLOCK,
    RECOVERY_ANSWER,
    RECOVERY_RESEND,
    RECOVERY_TOKEN,
    RECOVERY_VERIFY,
    RESET_PASSWORD,
)
from segue.dialects.okta.shapes import link, timestamp, user_in_transaction
from segue.policy.password_age import password_days_left
from segue.signin.enrolment import picture_secret
from segue.signin.progress import Completed, Outcome, Transaction
from segue.signin.state import Purpose, Status
from segue.signin.steps import Steps, can_skip
from segue.signin.visit import Visit
from segue.web.message import Request

_STATUSES: Final[dict[Status, str]] = {
    "factor_required": "MFA_REQUIRED",
    "factor_challenge": "MFA_CHALLENGE",
    "factor_enroll": "MFA_ENROLL",
    "factor_activate": "MFA_ENROLL_ACTIVATE",
    "password_warn": "PASSWORD_WARN",
    "password_expired": "PASSWORD_EXPIRED",
    "password_reset": "PASSWORD_RESET",
    "recovery": "RECOVERY",
    "recovery_challenge": "RECOVERY_CHALLENGE",
}
_RECOVERY_TYPES: Final[dict[Purpose, str]] = {"reset_password": "PASSWORD", "unlock": "UNLOCK"}
_RESULTS: Final = {"waiting": "WAITING", "challenge": "CHALLENGE", "rejected": "REJECTED", "timeout": "TIMEOUT"}


def outcome_object(request: Request, steps: Steps, visit: Visit, outcome: Outcome) -> dict[str, object]:
    if isinstance(outcome, Completed):
        return completed_object(request, outcome)
    return transaction_object(request, steps, visit, outcome)


def completed_object(request: Request, done: Completed) -> dict[str, object]:
    """SUCCESS: no state token and no links."""
    ticket, state = done.ticket, done.state
    expires_at = ticket.expires_at if ticket else request.now_at
    return {
        "expiresAt": timestamp(expires_at),
        "status": "SUCCESS",
        **_relay_state(state.relay_state),
        **({"factorResultMessage": done.note} if done.note else {}),
        **({"recoveryType": _RECOVERY_TYPES[state.purpose]} if state.purpose == "unlock" else {}),
        **({"sessionToken": ticket.bearer.text} if ticket else {}),
        "_embedded": {"user": user_in_transaction(done.user)},
    }


def transaction_object(request: Request, steps: Steps, visit: Visit, at: Transaction) -> dict[str, object]:
    """A transaction that waits."""
    state = at.state
    return {
        "stateToken": at.bearer.text,
        "expiresAt": timestamp(at.expires_at),
        "status": _STATUSES[state.status],
        **_relay_state(state.relay_state),
        **({"factorResult": _RESULTS[state.result]} if state.result in _RESULTS else {}),
        **({"factorResultMessage": at.note} if at.note else {}),
        **_recovery(at),
        "_embedded": _embedded(request, steps, visit, at),
        "_links": _links(request.site.domain.base_url, at),
    }


def locked_out_object(request: Request) -> dict[str, object]:
    base = request.site.domain.base_url
    return {
        "status": "LOCKED_OUT",
        "_embedded": {},
        "_links": {
            "next": {"name": "unlock", **link(f"{base}{RECOVER_UNLOCK}", "POST")},
            "cancel": link(f"{base}{AUTHN_CANCEL}", "POST"),
        },
    }


def recovery_by_token_object(
    request: Request, user: User, purpose: Purpose, token: str, expires_at: int, relay_state: str | None
) -> dict[str, object]:
    """RECOVERY as a trusted caller gets it: the token itself, to be handed to the user."""
    base = request.site.domain.base_url
    return {
        "expiresAt": timestamp(expires_at),
        "status": "RECOVERY",
        **_relay_state(relay_state),
        "recoveryToken": token,
        "recoveryType": _RECOVERY_TYPES[purpose],
        "_embedded": {"user": user_in_transaction(user)},
        "_links": {
            "next": {"name": "recovery", **link(f"{base}{RECOVERY_TOKEN}", "POST")},
            "cancel": link(f"{base}{AUTHN_CANCEL}", "POST"),
        },
    }


def mailed_object(purpose: Purpose, relay_state: str | None) -> dict[str, object]:
    """RECOVERY_CHALLENGE by mail: the same for everybody, known or not, and without a token."""
    return {
        "status": "RECOVERY_CHALLENGE",
        "factorResult": "WAITING",
        **_relay_state(relay_state),
        "factorType": "EMAIL",
        "recoveryType": _RECOVERY_TYPES[purpose],
    }


def _recovery(at: Transaction) -> dict[str, object]:
    state = at.state
    if state.status not in ("password_reset", "recovery", "recovery_challenge"):
        return {}
    channel = {"factorType": state.channel.upper()} if state.status == "recovery_challenge" else {}
    recovery = {"recoveryType": _RECOVERY_TYPES[state.purpose]} if state.purpose in _RECOVERY_TYPES else {}
    return {**channel, **recovery}


def _embedded(request: Request, steps: Steps, visit: Visit, at: Transaction) -> dict[str, object]:
    base, org, state = request.site.domain.base_url, request.site.org, at.state
    if at.subject is None or state.status == "recovery_challenge":
        return {}
    user = at.user
    embedded: dict[str, object] = {"user": user_in_transaction(user)}
    match state.status:
        case "factor_required":
            listed = [factor_element(base, user, one) for one in steps.progress.usable(visit, at)]
            return {**embedded, "policy": _factor_policy(org, at), "factors": listed}
        case "factor_challenge" if at.factor is not None:
            shown = {**factor_object(user, at.factor), **challenged(at.factor, at.shown)}
            return {**embedded, "factor": shown, "policy": _factor_policy(org, at)}
        case "factor_enroll":
            return {**embedded, "factors": _to_enroll(base, steps, visit, at)}
        case "factor_activate" if at.factor is not None:
            shown = {**factor_object(user, at.factor), **activating(at.factor, at.shown, _picture(base, at))}
            return {**embedded, "factor": shown}
        case "password_warn" | "password_expired" | "password_reset":
            return {**embedded, "policy": _password_policy(org, user, request.now_at)}
        case "recovery":
            question = next((one for one in at.enrollments if one.type == "question" and one.active), None)
            text = question.profile.get("text", "") if question else ""
            return {"user": {**user_in_transaction(user), "recovery_question": {"question": text}}}
    return embedded


def _to_enroll(base: str, steps: Steps, visit: Visit, at: Transaction) -> list[dict[str, object]]:
    """What can be set up here, and what is: all of it optional, since any one will do (okta.md 1.7)."""
    active = {(one.type, one.provider): one for one in at.enrollments if one.active}
    offered = set(steps.progress.offered(visit, at)) - NOT_OFFERED
    questions = f"{base}{FACTOR_QUESTIONS.replace('{user}', at.user.id)}"
    return [
        enroll_element(base, at.user, name, active.get((name.type, name.provider)), questions)
        for name in NAMES
        if name.type in offered
    ]


def _links(base: str, at: Transaction) -> dict[str, object]:
    state, factor = at.state, at.factor
    cancel = {"cancel": link(f"{base}{AUTHN_CANCEL}", "POST")}
    skip = {"skip": {"name": "skip", **link(f"{base}{AUTHN_SKIP}", "POST")}} if can_skip(state) else {}
    previous = {"prev": link(f"{base}{AUTHN_PREVIOUS}", "POST")}
    match state.status:
        case "factor_challenge" if factor is not None:
            name = "poll" if state.result == "waiting" else "verify"
            resend = _resend(base, FACTOR_RESEND, at) if factor.type in SENT else {}
            return {**_next(base, name, _of(FACTOR_VERIFY, factor.id)), **cancel, **previous, **resend}
        case "factor_activate" if factor is not None:
            polled = factor.type == "push"
            path = FACTOR_ACTIVATE_POLL if polled else FACTOR_ACTIVATE
            resend = _resend(base, FACTOR_ACTIVATE_RESEND, at) if factor.type in SENT else {}
            next_link = _next(base, "poll" if polled else "activate", _of(path, factor.id))
            return {**next_link, **cancel, **previous, **resend}
        case "password_warn" | "password_expired":
            return {**_next(base, "changePassword", CHANGE_PASSWORD), **skip, **cancel}
        case "password_reset":
            return {**_next(base, "resetPassword", RESET_PASSWORD), **cancel}
        case "recovery":
            return {**_next(base, "answer", RECOVERY_ANSWER), **cancel}
        case "recovery_challenge":
            type = state.channel.upper()
            resend = {"name": state.channel, **link(f"{base}{RECOVERY_RESEND.replace('{type}', type)}", "POST")}
            verify = _next(base, "verify", RECOVERY_VERIFY.replace("{type}", type))
            return {**verify, **cancel, "resend": resend}
    return {**skip, **cancel}


def _next(base: str, name: str, path: str) -> dict[str, object]:
    return {"next": {"name": name, **link(f"{base}{path}", "POST")}}


def _resend(base: str, path: str, at: Transaction) -> dict[str, object]:
    if at.factor is None:
        return {}
    name = name_of(at.factor).factor_type
    return {"resend": [{"name": name, **link(f"{base}{_of(path, at.factor.id)}", "POST")}]}


def _of(path: str, factor_id: str) -> str:
    return path.replace("{factor}", quote(factor_id, safe=""))


def _picture(base: str, at: Transaction) -> str:
    secret = f"{at.bearer.id}.{picture_secret(at.bearer)}"
    path = FACTOR_PICTURE.replace("{user}", at.user.id).replace("{factor}", at.state.factor_id)
    return f"{base}{path.replace('{token}', secret)}"


def _relay_state(relay_state: str | None) -> dict[str, object]:
    return {} if relay_state is None else {"relayState": relay_state}


def _factor_policy(org: Org, at: Transaction) -> dict[str, object]:
    life_s = org.settings.remember_device_s
    return {
        "allowRememberDevice": life_s > 0,
        "rememberDeviceLifetimeInMinutes": life_s // 60,
        "rememberDeviceByDefault": False,
        "factorsPolicyInfo": {one.id: {"autoPushEnabled": False} for one in at.enrollments if one.type == "push"},
    }


def _password_policy(org: Org, user: User, now_at: int) -> dict[str, object]:
    """There are no rules of composition (NIST SP 800-63B 5.1.1.2); common passwords and the user's own name are
    refused."""
    rules = org.settings.password_rules
    days = password_days_left(rules, user, now_at)
    return {
        **({"expiration": {"passwordExpireDays": days}} if days is not None else {}),
        "complexity": {
            "minLength": max(8, rules.min_length),
            "minLowerCase": 0,
            "minUpperCase": 0,
            "minNumber": 0,
            "minSymbol": 0,
            "excludeUsername": True,
        },
        "age": {"minAgeMinutes": 0, "historyCount": 0},
    }
