"""A factor that a waiting sign-in has asked for, or is setting up: what has to be remembered until the answer comes."""

import base64
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import cast

from segue.core import strict
from segue.core.factor import FactorEnrollment, FactorType

_MAX_SEALED_CHARS = 8192


@dataclass(frozen=True, slots=True)
class PendingFactor:
    """``factor_id`` names the factor. ``transaction_id`` is the id of the interaction in which it was asked for: a sent
    code is good for that one alone. ``challenge`` is what the factor has to remember, its secrets sealed.

    ``enrollment`` is a factor that is being set up; it is stored when it is proved, so one that is given up leaves
    nothing behind.
    """

    factor_id: str
    transaction_id: str
    challenge: Mapping[str, object] = field(default_factory=dict, repr=False)
    enrollment: FactorEnrollment | None = None


def pending_data(pending: PendingFactor | None) -> dict[str, object] | None:
    """The JSON shape in which an interaction keeps it."""
    if pending is None:
        return None
    return {
        "factor": pending.factor_id,
        "transaction": pending.transaction_id,
        "challenge": dict(pending.challenge),
        "enrollment": _enrollment_data(pending.enrollment) if pending.enrollment else None,
    }


def read_pending(data: object, *, org_id: str) -> PendingFactor | None:
    """What :func:`pending_data` wrote. Raises ValueError, KeyError for anything else."""
    match data:
        case None:
            return None
        case {
            "factor": str(factor_id),
            "transaction": str(transaction_id),
            "challenge": dict(challenge),
            "enrollment": enrollment,
        }:
            enrolling = None if enrollment is None else _read_enrollment(enrollment, org_id)
            return PendingFactor(factor_id, transaction_id, challenge, enrolling)
    raise ValueError("a pending factor is kept as its id, its transaction, its challenge and its enrolment")


def _enrollment_data(enrollment: FactorEnrollment) -> dict[str, object]:
    sealed = base64.urlsafe_b64encode(enrollment.sealed_secret).decode().rstrip("=")
    return {
        "id": enrollment.id,
        "user_id": enrollment.user_id,
        "type": enrollment.type,
        "provider": enrollment.provider,
        "sealed_secret": sealed,
        "profile": dict(enrollment.profile),
        "created_at": enrollment.created_at,
    }


def _read_enrollment(data: object, org_id: str) -> FactorEnrollment:
    match data:
        case {
            "id": str(ident),
            "user_id": str(user_id),
            "type": str(factor_type),
            "provider": str(provider),
            "sealed_secret": str(sealed),
            "profile": dict(profile),
            "created_at": int(created_at),
        }:
            return FactorEnrollment(
                id=ident,
                org_id=org_id,
                user_id=user_id,
                type=cast("FactorType", factor_type),
                provider=provider,
                status="pending",
                sealed_secret=strict.read_base64url(sealed, max_chars=_MAX_SEALED_CHARS),
                profile={str(name): str(value) for name, value in profile.items()},
                created_at=created_at,
            )
    raise ValueError("an enrolment is kept with its owner, type, provider, sealed secret, profile and time")
