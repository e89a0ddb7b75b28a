"""The second factor of a sign-in: which of a user's factors help, whether an answer is right, and setting up a new one.

The same for every way in. Guesses are counted by the user, apart from wrong passwords: whoever knows the password would
start that count anew with each right one (AU-03).
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

from segue.core.assurance import Assurance, Proof
from segue.core.factor import FactorEnrollment, FactorType
from segue.core.org import Domain, Org
from segue.core.refusal import Refusal
from segue.core.requirement import Missing, Requirement, missing, shortest
from segue.core.secret import partition_of
from segue.core.user import User
from segue.core.verdict import Check, Verdict
from segue.events import Circumstances, Event
from segue.signin.factors.factor import Accepted, Factor, FactorContext, Offer
from segue.signin.factors.registry import Factors
from segue.signin.request import Proved
from segue.stores import AttemptStore, Commit, FactorStep, Guard, SignInStore

CHANGED = "Something changed while this was being set up. Sign in again."
LOCKED = "Too many wrong answers. Wait a while, then try again."


@dataclass(frozen=True, slots=True)
class Lacking:
    """What is asked of a sign-in, and what was proved. ``began_at`` is when it began to wait for its user."""

    requirement: Requirement
    assurance: Assurance
    now_at: int
    began_at: int

    @property
    def missing(self) -> Missing | None:
        return missing(self.requirement, self.assurance, self.now_at, began_at=self.began_at)

    def helped_by(self, could: Mapping[str, Proof]) -> frozenset[str]:
        """Which of these proofs lead to what is asked with the fewest steps."""
        return shortest(self.requirement, self.assurance, could, self.now_at, began_at=self.began_at)


@dataclass(frozen=True, slots=True)
class SecondFactors:
    """One instance serves a process."""

    factors: Factors
    store: SignInStore
    attempts: AttemptStore

    async def context(
        self, org: Org, domain: Domain, user: User, circumstances: Circumstances, transaction_id: str
    ) -> FactorContext:
        """For whom a factor is asked for, with all the factors they have."""
        enrollments = tuple(await self.store.factors(org.id, user.id))
        return FactorContext(org, domain, user, circumstances, transaction_id, enrollments)

    def helpful(self, context: FactorContext, lacking: Lacking) -> tuple[FactorEnrollment, ...]:
        """The user's factors that lead to what is asked with the fewest steps, the one to ask for first in front.

        Where none does and they may set up one that would, those that prove who may (AU-13).
        """
        usable = self.factors.usable(context.org, context.enrollments)
        wanted = lacking.helped_by(self._prospects(context, usable))
        if not wanted and not self._held(context, lacking) and self.offered(context, lacking):
            strong = replace(lacking, requirement=Requirement(factors=self.strength(context)))
            wanted = strong.helped_by(self._prospects(context, usable))
        return tuple(one for one in usable if one.id in wanted)

    def may_enroll_instead(self, context: FactorContext, lacking: Lacking) -> bool:
        """Whether the user may set up a factor because they have none that would do.

        One that cannot be used now counts: otherwise the password alone would do whenever it is out of order. Somebody
        who has other factors proves with them that they may (AU-13).
        """
        known = [self.factors.factors.get(one.type) for one in context.enrollments if one.active]
        kinds = {proof.kind for proof in lacking.assurance.proofs}
        return None not in known and not self._held(context, lacking) and len(kinds) >= self.strength(context)

    def strength(self, context: FactorContext) -> int:
        """How many kinds of factor it takes to change the user's factors: as many as they sign in with (AU-13)."""
        known = (self.factors.factors.get(one.type) for one in context.enrollments if one.active)
        return 2 if any(factor is None or factor.kind != "knowledge" for factor in known) else 1

    def offered(self, context: FactorContext, lacking: Lacking | None = None) -> tuple[FactorType, ...]:
        """The types that the user can set up now; with ``lacking`` only those that lead to what is asked."""
        free = [one for one in self.factors.offered(context.org) if _free_provider(context, one) is not None]
        if lacking is None:
            return tuple(factor.type for factor in free)
        held = self._prospects(context, self.factors.usable(context.org, context.enrollments))
        new: dict[str, Proof] = {
            factor.type: Proof(factor.type, factor.kind, (), lacking.now_at, factor.best) for factor in free
        }
        wanted = lacking.helped_by({**held, **new})
        return tuple(factor.type for factor in free if factor.type in wanted)

    def _held(self, context: FactorContext, lacking: Lacking) -> bool:
        """Whether the user has what would do, usable now or not."""
        active = [one for one in context.enrollments if one.active]
        return bool(lacking.helped_by(self._prospects(context, active)))

    def _prospects(self, context: FactorContext, enrollments: Sequence[FactorEnrollment]) -> dict[str, Proof]:
        """What each of these factors would prove, by its id."""
        now_at = context.circumstances.now_at
        found = {one.id: self.factors.prospect(one, now_at) for one in enrollments}
        return {ident: proof for ident, proof in found.items() if proof is not None}

    async def enroll(self, context: FactorContext, type: FactorType, details: Mapping[str, str]) -> Offer:
        """Starts to set up a factor, with the first provider of it that the user has room for. Raises the Refusals of a
        factor."""
        factor = self.factors.factors.get(type)
        provider = _free_provider(context, factor) if factor else None
        return await self.factors.enroll(context, type, provider, details)

    async def verify(
        self,
        context: FactorContext,
        enrollment: FactorEnrollment,
        challenge: Mapping[str, object],
        answer: Mapping[str, str],
        *,
        before: Proved,
    ) -> tuple[Proved, Accepted]:
        """What is proved with a right answer, to be written by whatever it allows. Raises the Refusals of a factor, and
        ``factor_locked`` after too many wrong answers."""
        if _guessed(enrollment.type):
            await self._count(context)
        accepted = await self.factors.verify(context, enrollment, challenge, answer)
        await self._clear(context)
        step = FactorStep(enrollment.id, context.user.id, accepted.step, accepted.enrollment)
        return self._with_proof(context, enrollment, accepted, before, "factor.verify", step), accepted

    async def activate(
        self,
        context: FactorContext,
        enrollment: FactorEnrollment,
        challenge: Mapping[str, object],
        answer: Mapping[str, str],
        *,
        before: Proved,
    ) -> Proved:
        """A new factor whose first answer is right: that proves it too, and the write of what it allows makes it
        active. Raises as :meth:`verify`."""
        if _guessed(enrollment.type):
            await self._count(context)
        accepted = await self.factors.activate(context, enrollment, challenge, answer)
        await self._clear(context)
        active = accepted.enrollment or replace(enrollment, status="active")
        await self.store.put_factor(
            replace(active, status="pending", last_step=0), _event(context, "factor.start", active)
        )
        step = FactorStep(active.id, context.user.id, active.last_step or None, active)
        return self._with_proof(context, active, accepted, before, "factor.enroll", step)

    async def keep(self, context: FactorContext, enrollment: FactorEnrollment) -> None:
        """Stores a factor that needs no first answer. Raises Refusal ``changed_meanwhile`` where the user is no longer
        as they were when they signed in."""
        user = context.user
        await self.store.put_factor(replace(enrollment, status="pending"), _event(context, "factor.start", enrollment))
        commit = Commit(
            context.org.id,
            partition_of(user.id),
            (_event(context, "factor.enroll", enrollment),),
            Guard(user.id, user.stamp),
            factor_step=FactorStep(enrollment.id, user.id, None, enrollment),
        )
        if not await self.store.commit(commit):
            check = Check("unchanged", False, "the user as they signed in", "changed since", "Sign in again.")
            raise Refusal("changed_meanwhile", CHANGED, Verdict((check,), rule="write_guard"), user_id=user.id)

    async def remove(self, context: FactorContext, factor_id: str) -> bool:
        """Removes one of the user's factors, and what browsers are remembered by; False where they have no such one."""
        enrollment = next((one for one in context.enrollments if one.id == factor_id), None)
        if enrollment is None:
            return False
        event = _event(context, "factor.remove", enrollment)
        if not await self.store.remove_factor(context.org.id, context.user.id, factor_id, event):
            return False
        await self.store.forget_devices(context.org.id, context.user.id)
        return True

    async def _count(self, context: FactorContext) -> None:
        """Counts a guess before it is looked at."""
        settings, user = context.org.settings, context.user
        attempts = await self.attempts.count_attempt(
            context.org.id, _attempts_key(user), limit=settings.lockout_attempts, lock_ms=settings.lockout_s * 1000
        )
        if attempts.locked_now and not user.limits_exempt:
            expected, seen = f"at most {settings.lockout_attempts} wrong answers in a row", f"attempt {attempts.count}"
            check = Check("not_locked", False, expected, seen, "Wait until the lock ends.")
            raise Refusal("factor_locked", LOCKED, Verdict((check,), rule="factor"), user_id=user.id)

    async def _clear(self, context: FactorContext) -> None:
        await self.attempts.clear_attempts(context.org.id, _attempts_key(context.user))

    def _with_proof(
        self,
        context: FactorContext,
        enrollment: FactorEnrollment,
        accepted: Accepted,
        before: Proved,
        event: str,
        step: FactorStep | None,
    ) -> Proved:
        proof = self.factors.proof(enrollment, accepted, context.circumstances.now_at)
        return replace(
            before,
            assurance=before.assurance.merged(Assurance((proof,))),
            events=(*before.events, _event(context, event, enrollment)),
            factor_step=step,
        )


def _guessed(type: FactorType) -> bool:
    """Whether an answer could be guessed; how a push stands is asked for again and again."""
    return type != "push"


def _attempts_key(user: User) -> str:
    return f"factor:{user.id}"


def _free_provider(context: FactorContext, factor: Factor) -> str | None:
    active = [one.provider for one in context.enrollments if one.active and one.type == factor.type]
    return next((name for name in factor.providers if active.count(name) < factor.most), None)


def _event(context: FactorContext, type: str, enrollment: FactorEnrollment) -> Event:
    detail = {"factor": enrollment.id, "type": enrollment.type}
    return context.circumstances.event(type, user_id=context.user.id, detail=detail)
