"""Signing in step by step, as the Authentication API and every page of ours do it.

``begin`` follows a right password; what comes back is a transaction that waits (and what for), or one at its end.
``verification``, ``enrolment``, ``passwords`` and ``recovery`` take the user from step to step. A transaction is named
by its state token alone, and every step is one conditional write: see ``progress``.
"""

from dataclasses import dataclass, replace
from typing import Final, Protocol

from segue.core.refusal import Refusal
from segue.signin.enrolment import Enrolment
from segue.signin.errands import Errands
from segue.signin.factors.registry import Factors
from segue.signin.password_change import PasswordChange, PasswordCheck
from segue.signin.progress import Outcome, Progress, Transaction
from segue.signin.recovery import Recovery
from segue.signin.request import Proved
from segue.signin.second_factor import SecondFactors
from segue.signin.state import Purpose, State, Status
from segue.signin.transaction import Transactions
from segue.signin.transaction_refusals import wrong_state
from segue.signin.verification import Verification
from segue.signin.visit import Visit
from segue.stores import EventStore, MailSender, SignInStore

_BACK: Final[dict[Status, Status]] = {"factor_challenge": "factor_required", "factor_activate": "factor_enroll"}


@dataclass(frozen=True, slots=True)
class Wishes:
    """What a caller wants of a transaction: see ``State``. ``device`` is named by a caller that is trusted."""

    relay_state: str | None = None
    enroll_more: bool = False
    warn: bool = False
    ticket: bool = True
    device: str = ""


@dataclass(frozen=True, slots=True)
class Steps:
    """One instance serves a process. Every method raises Refusal ``invalid_token`` where the state token names no live
    transaction of this domain, and ``wrong_state`` where it is at another step."""

    progress: Progress
    verification: Verification
    enrolment: Enrolment
    passwords: PasswordChange
    recovery: Recovery

    @property
    def factors(self) -> Factors:
        return self.progress.factors

    async def begin(self, visit: Visit, proved: Proved, wishes: Wishes, purpose: Purpose = "sign_in") -> Outcome:
        """A transaction of somebody who just proved their password. Raises Refusal ``credentials`` where they are no
        longer who proved it."""
        subject = await self.progress.store.subject(visit.org.id, proved.subject.user.id, None)
        groups = subject.group_ids if subject else frozenset()
        state = State(
            status="factor_required",
            began_at=visit.circumstances.now_at,
            purpose=purpose,
            assurance=proved.assurance,
            relay_state=wishes.relay_state,
            enroll_more=wishes.enroll_more,
            warn=wishes.warn,
            ticket=wishes.ticket,
            device=wishes.device,
            trusted_by=visit.trusted_by,
        )
        seen = replace(proved.subject, group_ids=groups)
        return await self.progress.begin(visit, seen, state, proved.events)

    async def introspect(self, visit: Visit, token: str) -> Transaction:
        """Where a transaction stands; nothing changes."""
        return self.verification.shown(visit, await self.progress.load(visit, token))

    async def resume(self, visit: Visit, token: str) -> Transaction:
        """Where a transaction stands, for a user who comes back to it: its time begins anew."""
        at = await self.progress.load(visit, token)
        return self.verification.shown(visit, await self.progress.go(visit, at, at.state, event="transaction.resume"))

    async def refuse_password(self, visit: Visit, token: str) -> Refusal:
        """The refusal of a user name for a transaction that begins with one already given."""
        at = await self.progress.load(visit, token)
        return wrong_state(at.bearer, at.subject, at.state, ())

    async def previous(self, visit: Visit, token: str) -> Transaction:
        """Back to the choice of a factor."""
        at = await self.progress.load(visit, token, *_BACK)
        return await self.progress.go(visit, at, at.state.at(_BACK[at.state.status]), event="transaction.previous")

    async def skip(self, visit: Visit, token: str) -> Outcome:
        """Past what the user need not do. Raises Refusal ``wrong_state`` where they must."""
        at = await self.progress.load(visit, token, "password_warn", "factor_enroll")
        if not can_skip(at.state):
            raise wrong_state(at.bearer, at.subject, at.state, ("password_warn",))
        state = replace(at.state, skipped=(*at.state.skipped, at.state.status))
        return await self.progress.settle(visit, at, state, event="transaction.skip")

    async def cancel(self, visit: Visit, token: str) -> Transaction:
        """Ends a transaction; its state token is dead afterwards."""
        at = await self.progress.load(visit, token)
        return await self.progress.go(visit, at, at.state.at("closed"), event="transaction.cancel", end="cancelled")


def can_skip(state: State) -> bool:
    """Whether the step may be left out: a warning, and another factor once what was asked for is there. A first factor
    of the password's own kind is not yet that."""
    if state.status == "password_warn":
        return True
    kinds = {proof.kind for proof in state.assurance.proofs}
    return state.status == "factor_enroll" and state.enrolled_here and len(kinds) > 1


class StepStore(SignInStore, EventStore, Protocol):
    """What the steps need of storage."""


def build_steps(
    store: StepStore,
    factors: Factors,
    transactions: Transactions,
    *,
    check_password: PasswordCheck,
    mail: MailSender | None = None,
) -> Steps:
    """``check_password`` says which passwords may be set; ``mail`` sends links for recovery."""
    attempts = transactions.attempts
    progress = Progress(store, SecondFactors(factors, store, attempts))
    return Steps(
        progress,
        Verification(progress, attempts),
        Enrolment(progress, attempts),
        PasswordChange(progress, transactions, check_password),
        Recovery(progress, attempts, store, Errands(), mail),
    )
