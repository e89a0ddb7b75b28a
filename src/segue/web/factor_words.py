"""How pages name factors to people."""

from collections.abc import Mapping, Sequence
from typing import Final

from segue.core.factor import FactorEnrollment, FactorType
from segue.signin.factors.question import QUESTIONS

_NAMES: Final[Mapping[FactorType, tuple[str, str]]] = {
    "totp": ("Authenticator app", "A code of six digits that an app on your phone shows."),
    "webauthn": ("Security key", "A key that you plug in, or your phone's or computer's own lock."),
    "email": ("Code by mail", "A code that is sent to the address in your profile."),
    "sms": ("Text message", "A code that is sent to your phone."),
    "call": ("Telephone call", "A code that is read out to you."),
    "push": ("Phone approval", "A question on your phone that you answer with yes."),
    "question": ("Security question", "A question that only you can answer."),
    "recovery_code": ("Recovery code", "One of the codes that you wrote down, for the day all else is lost."),
}
_DETAILS: Final = ("address", "phone", "text")


def way(enrollment: FactorEnrollment, enrollments: Sequence[FactorEnrollment] = ()) -> dict[str, str]:
    """A factor that somebody has: ``id``, ``type``, its ``name`` and what tells it from others (``detail``).

    ``enrollments`` are all of them: two authenticator apps are told apart by number.
    """
    return {
        "id": enrollment.id,
        "type": enrollment.type,
        "name": f"{_NAMES[enrollment.type][0]}{_number(enrollment, enrollments)}",
        "detail": _detail(enrollment),
    }


def kind_of_factor(type: FactorType) -> dict[str, str]:
    """A type of factor that somebody could have."""
    name, explanation = _NAMES[type]
    return {"type": type, "name": name, "detail": explanation}


def questions() -> list[dict[str, str]]:
    """The questions to choose from."""
    return [{"key": key, "text": text} for key, text in QUESTIONS.items()]


def _detail(enrollment: FactorEnrollment) -> str:
    profile = enrollment.profile
    if enrollment.type == "recovery_code":
        return f"{profile.get('remaining', '0')} left"
    if enrollment.type in ("webauthn", "push"):
        return profile.get("name", "")
    return next((profile[name] for name in _DETAILS if profile.get(name)), "")


def _number(enrollment: FactorEnrollment, enrollments: Sequence[FactorEnrollment]) -> str:
    if enrollment.type != "totp":
        return ""
    same = sorted((one for one in enrollments if one.type == "totp" and one.active), key=lambda one: one.created_at)
    place = next((place for place, one in enumerate(same, 1) if one.id == enrollment.id), 1)
    return f" {place}" if len(same) > 1 else ""
