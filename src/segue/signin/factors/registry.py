"""All factors of an installation, and the checks that every one of them needs."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

from segue.core.assurance import Proof
from segue.core.factor import FactorEnrollment, FactorType
from segue.core.org import Org
from segue.core.sealing import Sealer
from segue.signin.factors.call import CallChannel
from segue.signin.factors.email import EmailChannel
from segue.signin.factors.factor import Accepted, Asked, Factor, FactorContext, Offer
from segue.signin.factors.one_time_code import OneTimeCodes
from segue.signin.factors.push import Push
from segue.signin.factors.question import Question
from segue.signin.factors.recovery_code import RecoveryCodes
from segue.signin.factors.refusals import bad_setup, not_now, not_set_up
from segue.signin.factors.sealed_secrets import SealedSecrets
from segue.signin.factors.sent_code import SentCode
from segue.signin.factors.sms import SmsChannel
from segue.signin.factors.throttle import Throttle
from segue.signin.factors.totp import Totp
from segue.signin.factors.webauthn import WebAuthn
from segue.signin.passwords import PasswordHasher
from segue.stores import AttemptStore, MailSender, MessageSender, PushProvider


@dataclass(frozen=True, slots=True)
class Factors:
    """The one way to factors. Every method may raise the Refusals of :class:`Factor`.

    A user all of whose factors are unusable is not a user without factors: who lets them enrol a new one there lets in
    whoever knows the password.
    """

    factors: Mapping[FactorType, Factor]

    def offered(self, org: Org) -> tuple[Factor, ...]:
        """What users of the org may enrol: allowed by it, and set up here; in the org's order."""
        allowed = (self.factors.get(type) for type in org.settings.factors)
        return tuple(factor for factor in allowed if factor is not None and not factor.missing)

    def usable(self, org: Org, enrollments: Sequence[FactorEnrollment]) -> tuple[FactorEnrollment, ...]:
        """The active enrolments that can be asked for: the last used first, then in the org's order of types.

        Recovery codes come last, and not at all once they are used up.
        """
        order = {factor.type: place for place, factor in enumerate(self.offered(org))}
        candidates = [one for one in enrollments if one.active and one.type in order and not _used_up(one)]
        return tuple(
            sorted(
                candidates,
                key=lambda one: (
                    one.type == "recovery_code",
                    -one.last_used_at,
                    order[one.type],
                    one.created_at,
                    one.id,
                ),
            )
        )

    async def enroll(
        self, context: FactorContext, type: FactorType, provider: str | None, details: Mapping[str, str]
    ) -> Offer:
        """Starts an enrolment; ``provider`` None takes the factor's default."""
        factor = self._allowed(context, type)
        chosen = provider or factor.providers[0]
        if chosen not in factor.providers:
            raise bad_setup(context, "There is no such provider of this factor.")
        same = [one for one in context.enrollments if one.active and (one.type, one.provider) == (type, chosen)]
        if len(same) >= factor.most:
            raise bad_setup(context, "This factor is set up already. Remove it first.", seen=f"{len(same)} active")
        return await factor.enroll(context, chosen, details)

    async def activate(
        self,
        context: FactorContext,
        enrollment: FactorEnrollment,
        challenge: Mapping[str, object],
        answer: Mapping[str, str],
    ) -> Accepted:
        """Proves a pending enrolment. ``Accepted.enrollment`` is what to store."""
        factor = self._factor_of(context, enrollment)
        if enrollment.active:
            raise bad_setup(context, "This factor is set up already.", seen="active")
        return await factor.activate(context, enrollment, challenge, answer)

    async def ask(self, context: FactorContext, enrollment: FactorEnrollment) -> Asked:
        """Asks for an active factor, or again for what activates a pending one."""
        return await self._factor_of(context, enrollment).ask(context, enrollment)

    def show(
        self, context: FactorContext, enrollment: FactorEnrollment, challenge: Mapping[str, object]
    ) -> Mapping[str, object]:
        """What was shown with ``challenge``, again."""
        return self._factor_of(context, enrollment).show(context, enrollment, challenge)

    async def verify(
        self,
        context: FactorContext,
        enrollment: FactorEnrollment,
        challenge: Mapping[str, object],
        answer: Mapping[str, str],
    ) -> Accepted:
        """Whether the answer of an active factor is right; the caller counts the attempt before (ASVS 6.6.3)."""
        factor = self._factor_of(context, enrollment)
        if not enrollment.active:
            raise not_now(context, "This factor is not set up yet.", seen="pending")
        return await factor.verify(context, enrollment, challenge, answer)

    def proof(self, enrollment: FactorEnrollment, accepted: Accepted, now_at: int) -> Proof:
        """What an accepted answer adds to an assurance (epoch ms)."""
        return Proof(enrollment.type, self.factors[enrollment.type].kind, accepted.amr, now_at, accepted.worth)

    def prospect(self, enrollment: FactorEnrollment, now_at: int) -> Proof | None:
        """What a right answer of this factor could add at best; None of a type that is not known here."""
        factor = self.factors.get(enrollment.type)
        if factor is None:
            return None
        worth = factor.best
        if enrollment.profile.get("synced"):
            worth = replace(worth, hardware_protected=False)
        return Proof(factor.type, factor.kind, (), now_at, worth)

    def _factor_of(self, context: FactorContext, enrollment: FactorEnrollment) -> Factor:
        if (enrollment.org_id, enrollment.user_id) != (context.org.id, context.user.id):
            raise not_now(context, "There is no such factor.", seen="a factor of somebody else")
        return self._allowed(context, enrollment.type)

    def _allowed(self, context: FactorContext, type: FactorType) -> Factor:
        factor = self.factors.get(type)
        if factor is None or type not in context.org.settings.factors:
            raise not_now(context, "This factor is not allowed here.", seen=type)
        if factor.missing:
            raise not_set_up(context, type, factor.missing)
        return factor


def _used_up(enrollment: FactorEnrollment) -> bool:
    return enrollment.type == "recovery_code" and enrollment.profile.get("remaining") == "0"


def build_factors(
    *,
    sealer: Sealer,
    hasher: PasswordHasher,
    attempts: AttemptStore,
    mail: MailSender | None = None,
    messages: MessageSender | None = None,
    push: PushProvider | None = None,
) -> Factors:
    """Every factor there is. What lacks its provider is refused with the name of the setting that would give it one."""
    secrets = SealedSecrets(sealer)
    throttle = Throttle(attempts)
    codes = OneTimeCodes(sealer, throttle)
    every: tuple[Factor, ...] = (
        Totp(secrets),
        WebAuthn(secrets),
        Push(secrets, throttle, push),
        SentCode(secrets, codes, EmailChannel(mail)),
        SentCode(secrets, codes, SmsChannel(messages)),
        SentCode(secrets, codes, CallChannel(messages)),
        Question(secrets, hasher),
        RecoveryCodes(secrets),
    )
    return Factors({factor.type: factor for factor in every})
