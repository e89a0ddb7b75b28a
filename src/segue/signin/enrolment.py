"""Setting up a factor within a transaction: chosen, proved, and a proof of this very sign-in."""

import hmac
from collections.abc import Mapping
from dataclasses import dataclass, replace

from segue.core.assurance import Assurance
from segue.core.factor import FactorEnrollment, FactorType
from segue.core.refusal import Refusal
from segue.core.secret import Bearer, digest
from segue.signin.factors.registry import Factors
from segue.signin.factors.totp import qr_code
from segue.signin.progress import Outcome, Progress, Transaction
from segue.signin.state import MOST_TRIES, Result, Status
from segue.signin.transaction_refusals import wrong_state
from segue.signin.verification import FactorRefusal, answers_key, count_answer, unknown_factor
from segue.signin.visit import Visit
from segue.stores import AttemptStore, FactorStep


@dataclass(frozen=True, slots=True)
class Enrolment:
    progress: Progress
    attempts: AttemptStore

    @property
    def factors(self) -> Factors:
        return self.progress.factors

    async def enroll(
        self, visit: Visit, token: str, type: FactorType, provider: str | None, details: Mapping[str, str]
    ) -> Outcome:
        """Begins a factor; one that needs no proof is done with it. Raises the Refusals of the factor as
        FactorRefusal."""
        at = await self._load(visit, token, "factor_enroll")
        context = self.progress.context(visit, at)
        try:
            offer = await self.factors.enroll(context, type, provider, details)
        except Refusal as refusal:
            raise FactorRefusal(refusal, type) from refusal
        pending = replace(offer.enrollment, status="pending")
        at = await self._store(visit, at, pending)
        if offer.enrollment.active:
            return await self._done(visit, at, offer.enrollment, at.state.assurance)
        result: Result = "waiting" if type == "push" else ""
        state = at.state.asking("factor_activate", pending.id, offer.challenge, result)
        state = replace(state, picture=digest(picture_secret(at.bearer)).hex())
        return await self.progress.go(
            visit, at, state, event="factor.enroll", shown=offer.shown, detail={"factor": type}
        )

    async def activate(self, visit: Visit, token: str, factor_id: str, answer: Mapping[str, str]) -> Outcome:
        """Proves the factor that is being set up. Raises Refusal ``factor_unknown``, ``locked``, and those of the
        factor as FactorRefusal."""
        at = await self._load(visit, token, "factor_activate")
        factor = _pending(at, factor_id)
        out_of_hand = factor.type == "push"
        if not out_of_hand:
            await count_answer(self.attempts, visit, at.user)
        try:
            accepted = await self.factors.activate(self.progress.context(visit, at), factor, at.state.challenge, answer)
        except Refusal as refusal:
            if out_of_hand:
                return await self._not_yet(visit, at, factor, refusal)
            if refusal.reason in ("factor_answer", "factor_expired", "factor_setup"):
                await self._count_try(visit, at, factor)
            raise FactorRefusal(refusal, factor.type) from refusal
        active = accepted.enrollment or replace(factor, status="active")
        proof = self.factors.proof(active, accepted, visit.circumstances.now_at)
        outcome = await self._done(visit, at, active, at.state.assurance.merged(Assurance((proof,))))
        await self.attempts.clear_attempts(visit.org.id, answers_key(at.user))
        return outcome

    async def resend(self, visit: Visit, token: str, factor_id: str) -> Transaction:
        """Sends again what proves the factor."""
        at = await self.progress.load(visit, token, "factor_activate")
        factor = _pending(at, factor_id)
        try:
            asked = await self.factors.ask(self.progress.context(visit, at), factor)
        except Refusal as refusal:
            raise FactorRefusal(refusal, factor.type) from refusal
        state = at.state.asking("factor_activate", factor.id, asked.challenge, "waiting" if asked.waiting else "")
        return await self.progress.go(visit, at, state, event="factor.ask", shown=asked.shown)

    async def picture(self, visit: Visit, ident: str, secret: str, factor_id: str) -> bytes:
        """The PNG that an authenticator app is set up with, for whoever was given its address in this transaction.

        ``ident`` names the transaction, ``secret`` comes from :func:`picture_secret`. Raises Refusal
        ``factor_unknown``.
        """
        at = await self.progress.look(visit, ident)
        factor = at.factor if at is not None else None
        known = at is not None and hmac.compare_digest(at.state.picture, digest(secret).hex())
        if at is None or factor is None or not known or factor.id != factor_id or factor.active:
            raise unknown_factor(None, factor_id)
        uri = self.factors.show(self.progress.context(visit, at), factor, at.state.challenge).get("uri")
        if not isinstance(uri, str):
            raise unknown_factor(at.user, factor_id)
        return qr_code(uri)

    async def _load(self, visit: Visit, token: str, status: Status) -> Transaction:
        """The transaction, if its user may still set up a factor in it.

        Where they set one up elsewhere in the meantime, that one is asked for first: a transaction that somebody with
        the password alone keeps open must not become a way around it.
        """
        at = await self.progress.load(visit, token, status)
        lacking = self.progress.demands.lacking(visit, at.known, at.state, at.enrollments)
        if self.progress.second.may_enroll_instead(self.progress.context(visit, at), lacking):
            return at
        at = await self.progress.go(visit, at, at.state.at("factor_required"), event="factor.overtaken")
        raise wrong_state(at.bearer, at.subject, at.state, (status,))

    async def _store(self, visit: Visit, at: Transaction, pending: FactorEnrollment) -> Transaction:
        """Stores a factor that is not proved yet, in the place of one that never was."""
        store, where = self.progress.store, visit.circumstances
        kept = []
        for one in at.enrollments:
            if one.active or (one.type, one.provider) != (pending.type, pending.provider):
                kept.append(one)
                continue
            removed = where.event("factor.remove", user_id=at.user.id, detail={"factor": one.type, "status": "pending"})
            await store.remove_factor(visit.org.id, at.user.id, one.id, removed)
        started = where.event("factor.start", user_id=at.user.id, detail={"factor": pending.type})
        await store.put_factor(pending, started)
        return replace(at, enrollments=(*kept, pending))

    async def _done(self, visit: Visit, at: Transaction, factor: FactorEnrollment, assurance: Assurance) -> Outcome:
        state = replace(at.state, assurance=assurance, enrolled_here=True)
        step = FactorStep(factor.id, at.user.id, factor.last_step or None, factor)
        return await self.progress.settle(visit, at, state, event="factor.activate", step=step)

    async def _not_yet(self, visit: Visit, at: Transaction, factor: FactorEnrollment, refusal: Refusal) -> Transaction:
        """No answer on the device so far, a no, or none in time."""
        results: dict[str, Result] = {
            "factor_waiting": "waiting",
            "factor_rejected": "rejected",
            "factor_expired": "timeout",
        }
        result = results.get(refusal.reason)
        if result is None:
            raise FactorRefusal(refusal, factor.type) from refusal
        return await self.progress.go(visit, at, replace(at.state, result=result), event="factor.poll")

    async def _count_try(self, visit: Visit, at: Transaction, factor: FactorEnrollment) -> None:
        tries = at.state.tries + 1
        state = at.state.at("factor_enroll") if tries >= MOST_TRIES else replace(at.state, tries=tries)
        await self.progress.go(visit, at, state, event="factor.wrong", detail={"factor": factor.type})


def picture_secret(bearer: Bearer) -> str:
    """What opens the picture: known to whoever has the state token, and no way back to it."""
    return digest(f"picture {bearer.secret}").hex()


def _pending(at: Transaction, factor_id: str) -> FactorEnrollment:
    factor = at.factor
    if factor is None or factor.id != factor_id or factor.active:
        raise unknown_factor(at.user, factor_id)
    return factor
