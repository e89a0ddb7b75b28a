"""A factor a user has: what kind it is, whether it is ready, and what is remembered of it."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Literal

FactorType = Literal["totp", "question", "email", "webauthn", "recovery_code", "sms", "call", "push"]
"""Neutral names; a dialect has its own for them."""


@dataclass(frozen=True, slots=True)
class FactorEnrollment:
    """One factor of one user.

    ``pending`` waits to be activated and proves nothing. ``provider`` tells two factors of one type apart (an
    authenticator app of one vendor or another). ``sealed_secret`` holds what verifies it (a TOTP seed, a public key,
    the digest of an answer), sealed under ``sealing_context(org_id, "factor", id)``. ``last_step`` is the last TOTP
    time step or signature counter that was accepted, advanced by one conditional write so that nothing is accepted
    twice (AU-08). ``profile`` is what may be shown: a masked address, a question, a device's name. ``last_used_at``
    orders the choice.
    """

    id: str
    org_id: str
    user_id: str
    type: FactorType
    provider: str
    status: Literal["pending", "active"]
    sealed_secret: bytes = field(repr=False)
    last_step: int = 0
    profile: Mapping[str, str] = field(default_factory=dict)
    created_at: int = 0
    last_used_at: int = 0

    @property
    def active(self) -> bool:
        return self.status == "active"
