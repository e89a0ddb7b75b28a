"""Users as this dialect's management interface shows them."""

from typing import Final

from segue.core.factor import FactorEnrollment
from segue.core.user import User
from segue.dialects.okta.names import USER
from segue.dialects.okta.shapes import timestamp
from segue.policy.user_state import UserState
from segue.stores import SignIns
from segue.web.message import Request

STATUS_WORDS: Final[dict[UserState, str]] = {
    "staged": "STAGED",
    "provisioned": "PROVISIONED",
    "active": "ACTIVE",
    "recovery": "RECOVERY",
    "password_expired": "PASSWORD_EXPIRED",
    "locked": "LOCKED_OUT",
    "suspended": "SUSPENDED",
    "deprovisioned": "DEPROVISIONED",
}
_ACTIVE_LINKS: Final = {
    "suspend": "lifecycle/suspend",
    "resetPassword": "lifecycle/reset_password",
    "expirePassword": "lifecycle/expire_password",
    "forgotPassword": "credentials/forgot_password",
    "changeRecoveryQuestion": "credentials/change_recovery_question",
    "changePassword": "credentials/change_password",
    "resetFactors": "lifecycle/reset_factors",
    "deactivate": "lifecycle/deactivate",
}
_LINKS: Final[dict[UserState, dict[str, str]]] = {
    "staged": {"activate": "lifecycle/activate", "deactivate": "lifecycle/deactivate"},
    "provisioned": {"reactivate": "lifecycle/reactivate", "deactivate": "lifecycle/deactivate"},
    "active": _ACTIVE_LINKS,
    "recovery": {"resetPassword": "lifecycle/reset_password", "deactivate": "lifecycle/deactivate"},
    "password_expired": _ACTIVE_LINKS,
    "locked": {"unlock": "lifecycle/unlock", **_ACTIVE_LINKS},
    "suspended": {"unsuspend": "lifecycle/unsuspend", "deactivate": "lifecycle/deactivate"},
    "deprovisioned": {"activate": "lifecycle/activate"},
}
# Clients read these members whether they are there or not.
_ALWAYS: Final = ("firstName", "lastName", "mobilePhone", "secondEmail")


def user_type_id(org_id: str) -> str:
    """The id of the one type that an org's users have: the org's own, under another prefix."""
    return f"oty{org_id[3:]}"


def user_object(
    request: Request, user: User, state: UserState, sign_ins: SignIns, question: FactorEnrollment | None = None
) -> dict[str, object]:
    """``question`` is the user's recovery question, where it was looked up."""
    base = f"{request.site.domain.base_url}{USER.format(user=user.id)}"
    links: dict[str, object] = {"self": {"href": base}}
    links |= {name: {"href": f"{base}/{path}", "method": "POST"} for name, path in _LINKS[state].items()}
    return {
        "id": user.id,
        "status": STATUS_WORDS[state],
        "created": timestamp(user.created_at),
        "activated": _moment(user.activated_at),
        "statusChanged": _moment(user.status_changed_at),
        "lastLogin": _moment(sign_ins.last_at),
        "lastUpdated": timestamp(user.updated_at or user.created_at),
        "passwordChanged": _moment(user.password_changed_at),
        "type": {"id": user_type_id(user.org_id)},
        "profile": profile_object(user),
        "credentials": credentials_object(user, question),
        "_links": links,
    }


def profile_object(user: User) -> dict[str, object]:
    profile: dict[str, object] = dict.fromkeys(_ALWAYS)
    return {**profile, **user.profile, "login": user.login, "email": user.email}


def credentials_object(user: User, question: FactorEnrollment | None = None) -> dict[str, object]:
    """What there is to prove oneself with, never what it is."""
    return {
        **({"password": {}} if user.password_hash is not None else {}),
        **({"recovery_question": {"question": question.profile.get("text", "")}} if question else {}),
        "provider": {"type": "OKTA", "name": "OKTA"},
    }


def _moment(at: int) -> str | None:
    return timestamp(at) if at else None
