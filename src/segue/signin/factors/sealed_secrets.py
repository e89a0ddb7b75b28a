"""Enrolments and the secrets in them: sealed for the one row that holds them (KE-01)."""

from collections.abc import Mapping
from dataclasses import dataclass, replace

from segue.core.factor import FactorEnrollment, FactorType
from segue.core.sealing import SealBroken, Sealer, sealing_context
from segue.core.secret import new_id, partition_of
from segue.signin.factors.factor import FactorContext
from segue.signin.factors.refusals import not_now

STANDARD = "standard"
"""The provider of a factor that has only one."""

_ID_PREFIX = "fac"
_KIND = "factor"


@dataclass(frozen=True, slots=True)
class SealedSecrets:
    """Makes enrolments and opens what they hold."""

    sealer: Sealer

    def pending(
        self, context: FactorContext, type: FactorType, provider: str, secret: bytes, profile: Mapping[str, str]
    ) -> FactorEnrollment:
        """A new enrolment of the user, in the user's partition, that waits to be activated."""
        circumstances = context.circumstances
        ident = new_id(_ID_PREFIX, partition_of(context.user.id), circumstances.now_at, circumstances.source.random)
        return FactorEnrollment(
            id=ident,
            org_id=context.org.id,
            user_id=context.user.id,
            type=type,
            provider=provider,
            status="pending",
            sealed_secret=self.sealer.seal(secret, context=sealing_context(context.org.id, _KIND, ident)),
            profile=profile,
            created_at=circumstances.now_at,
        )

    def active(
        self, context: FactorContext, type: FactorType, provider: str, secret: bytes, profile: Mapping[str, str]
    ) -> FactorEnrollment:
        """As :meth:`pending`, where nothing has to be proved first."""
        return replace(self.pending(context, type, provider, secret, profile), status="active")

    def changed(
        self, enrollment: FactorEnrollment, secret: bytes, profile: Mapping[str, str] | None = None
    ) -> FactorEnrollment:
        """The same enrolment with another secret, and another profile where one is given."""
        sealed = self.sealer.seal(secret, context=_context(enrollment))
        return replace(enrollment, sealed_secret=sealed, profile=enrollment.profile if profile is None else profile)

    def open(self, context: FactorContext, enrollment: FactorEnrollment) -> bytes:
        """The secret. Raises Refusal ``factor_unavailable`` where it does not open."""
        try:
            return self.sealer.open(enrollment.sealed_secret, context=_context(enrollment))
        except SealBroken as broken:
            raise not_now(context, "This factor cannot be used now. Use another one.", seen=str(broken)) from broken


def _context(enrollment: FactorEnrollment) -> str:
    return sealing_context(enrollment.org_id, _KIND, enrollment.id)
