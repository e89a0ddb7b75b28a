"""Asking for a second factor within a transaction, and judging the answer."""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Final

from segue.core.assurance import Assurance
from segue.core.factor import FactorEnrollment, FactorType
from segue.core.refusal import Refusal
from segue.core.user import User
from segue.core.verdict import Check, Verdict
from segue.signin.factors.factor import Accepted
from segue.signin.factors.registry import Factors
from segue.signin.progress import Outcome, Progress, Transaction
from segue.signin.state import MOST_TRIES, State, Status
from segue.signin.visit import Visit
from segue.stores import AttemptStore, FactorStep

_ASKABLE: Final[tuple[Status, ...]] = ("factor_required", "factor_challenge")
_WRONG: Final = frozenset({"factor_answer", "factor_replayed", "factor_expired"})
_LOCKED: Final = "This account is locked. Wait, or ask your administrator."


class FactorRefusal(Refusal):
    """What a factor refused, with the type that it is of."""

    def __init__(self, refusal: Refusal, factor_type: FactorType) -> None:
        super().__init__(refusal.reason, refusal.public, refusal.verdict, user_id=refusal.user_id)
        self.factor_type = factor_type


@dataclass(frozen=True, slots=True)
class Verification:
    progress: Progress
    attempts: AttemptStore

    @property
    def factors(self) -> Factors:
        return self.progress.factors

    async def ask(self, visit: Visit, token: str, factor_id: str) -> Transaction:
        """Asks for a factor: sends its code, starts its request, makes its challenge. Asked again, it does so again.

        Raises Refusal ``factor_unknown``, and those of the factor as FactorRefusal.
        """
        at = await self.progress.load(visit, token, *_ASKABLE)
        factor = self._factor(visit, at, factor_id)
        try:
            asked = await self.factors.ask(self.progress.context(visit, at), factor)
        except Refusal as refusal:
            raise FactorRefusal(refusal, factor.type) from refusal
        result = "waiting" if asked.waiting else "challenge" if factor.type == "webauthn" else ""
        state = at.state.asking("factor_challenge", factor.id, asked.challenge, result)  # type: ignore[arg-type]
        return await self.progress.go(
            visit, at, state, event="factor.ask", shown=asked.shown, detail={"factor": factor.type}
        )

    async def verify(
        self, visit: Visit, token: str, factor_id: str, answer: Mapping[str, str], *, remember: bool = False
    ) -> Outcome:
        """Judges an answer; ``remember`` asks that this device is not asked again for a while.

        Raises Refusal ``factor_unknown``, ``locked`` after too many wrong answers, and those of the factor as
        FactorRefusal. Counted before anything is judged (AU-03, ASVS 6.6.3).
        """
        at = await self.progress.load(visit, token, *_ASKABLE)
        factor = self._factor(visit, at, factor_id)
        await count_answer(self.attempts, visit, at.user)
        context = self.progress.context(visit, at)
        try:
            accepted = await self.factors.verify(context, factor, at.state.challenge_for(factor.id), answer)
        except Refusal as refusal:
            if refusal.reason in _WRONG:
                await self._count_try(visit, at, factor, refusal)
            raise FactorRefusal(refusal, factor.type) from refusal
        outcome = await self._accept(visit, at, factor, accepted)
        await self._remember(visit, at, remember)
        return outcome

    async def ask_or_poll(self, visit: Visit, token: str, factor_id: str, *, remember: bool = False) -> Outcome:
        """Looks for the answer to a question that waits for one out of hand; asks where there is none."""
        at = await self.progress.load(visit, token, *_ASKABLE)
        if at.state.result == "waiting" and at.state.factor_id == factor_id:
            return await self.poll(visit, token, factor_id, remember=remember)
        return await self.ask(visit, token, factor_id)

    async def poll(self, visit: Visit, token: str, factor_id: str, *, remember: bool = False) -> Outcome:
        """Looks for an answer that comes out of hand. A rejection and the end of the time are answers too: they leave
        the transaction at its step."""
        at = await self.progress.load(visit, token, "factor_challenge")
        factor = self._factor(visit, at, factor_id)
        context, challenge = self.progress.context(visit, at), at.state.challenge_for(factor.id)
        try:
            accepted = await self.factors.verify(context, factor, challenge, {})
        except Refusal as refusal:
            if refusal.reason == "factor_waiting":
                shown = self.factors.show(context, factor, challenge)
                return await self.progress.go(visit, at, at.state, event="factor.poll", shown=shown)
            if refusal.reason in ("factor_rejected", "factor_expired"):
                result = "rejected" if refusal.reason == "factor_rejected" else "timeout"
                state = at.state.asking("factor_challenge", factor.id, {}, result)  # type: ignore[arg-type]
                return await self.progress.go(
                    visit, at, state, event=f"factor.{result}", detail={"factor": factor.type}
                )
            raise FactorRefusal(refusal, factor.type) from refusal
        outcome = await self._accept(visit, at, factor, accepted)
        await self._remember(visit, at, remember)
        return outcome

    def shown(self, visit: Visit, at: Transaction) -> Transaction:
        """The transaction with what its factor showed when it was asked for."""
        factor = at.factor
        if factor is None or at.shown:
            return at
        if not factor.active or at.state.challenge or factor.type == "question":
            return replace(at, shown=self.factors.show(self.progress.context(visit, at), factor, at.state.challenge))
        return at

    def _factor(self, visit: Visit, at: Transaction, factor_id: str) -> FactorEnrollment:
        for one in self.progress.usable(visit, at):
            if one.id == factor_id:
                return one
        raise unknown_factor(at.user, factor_id)

    async def _accept(self, visit: Visit, at: Transaction, factor: FactorEnrollment, accepted: Accepted) -> Outcome:
        proof = self.factors.proof(factor, accepted, visit.circumstances.now_at)
        state = replace(at.state, assurance=at.state.assurance.merged(Assurance((proof,))))
        step = FactorStep(factor.id, at.user.id, accepted.step, accepted.enrollment)
        outcome = await self.progress.settle(visit, at, state, event="factor.verify", step=step, note=accepted.note)
        await self.attempts.clear_attempts(visit.org.id, answers_key(at.user))
        return outcome

    async def _count_try(self, visit: Visit, at: Transaction, factor: FactorEnrollment, refusal: Refusal) -> None:
        """Remembers a wrong answer in the transaction; with the last one its challenge is gone."""
        tries = at.state.tries + 1
        state: State = replace(at.state, tries=tries)
        if tries >= MOST_TRIES:
            state = at.state.at("factor_required")
        await self.progress.go(
            visit, at, state, event="factor.wrong", detail={"factor": factor.type, "reason": refusal.reason}
        )

    async def _remember(self, visit: Visit, at: Transaction, remember: bool) -> None:
        device, life_s = visit.device or at.state.device, visit.org.settings.remember_device_s
        if remember and device and life_s:
            await self.progress.store.remember_device(visit.org.id, at.user.id, device, life_ms=life_s * 1000)


def answers_key(user: User) -> str:
    """What wrong answers to factors are counted under: not the password's count, which every right password clears."""
    return f"factor:{user.id}"


async def count_answer(attempts: AttemptStore, visit: Visit, user: User) -> None:
    """Counts an answer before it is judged. Raises Refusal ``locked`` where it may not be."""
    if user.limits_exempt:
        return
    settings = visit.org.settings
    seen = await attempts.count_attempt(
        visit.org.id, answers_key(user), limit=settings.lockout_attempts, lock_ms=settings.lockout_s * 1000
    )
    if seen.locked_now:
        expected = f"fewer than {settings.lockout_attempts} wrong answers in a row"
        check = Check("not_locked", False, expected, f"{seen.count}", "Wait, or unlock the user.")
        raise Refusal("locked", _LOCKED, Verdict((check,), rule="factor"), user_id=user.id)


def unknown_factor(user: User | None, factor_id: str) -> Refusal:
    check = Check("factor_known", False, "a usable factor of this user", factor_id[:40], "Take one of those offered.")
    verdict = Verdict((check,), "factor")
    return Refusal("factor_unknown", "There is no such factor.", verdict, user_id=user.id if user else None)
