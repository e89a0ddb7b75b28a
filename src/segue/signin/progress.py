"""Transactions: signing in by several steps, each one conditional write, so that no step is skipped and none done twice
(AU-01, AU-02).

A transaction is a credential of its own kind, in its user's partition, that slides along for five minutes with every
step. Whoever loses a race against another request of the same transaction is told that it is not at this step.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import Final

from segue.core.assurance import Assurance
from segue.core.credential import Kind, NewCredential
from segue.core.factor import FactorEnrollment, FactorType
from segue.core.refusal import Refusal
from segue.core.secret import Bearer, new_bearer, partition_of, random_partition, read_bearer
from segue.core.user import Subject, User
from segue.core.verdict import Check, Verdict
from segue.events import Event
from segue.handoff.kinds import SESSION_TOKEN
from segue.handoff.mint import Minted, mint
from segue.policy.password_age import password_state
from segue.signin.demands import Demands, context_of
from segue.signin.factors.factor import FactorContext
from segue.signin.factors.registry import Factors
from segue.signin.second_factor import SecondFactors
from segue.signin.state import State, Status, read_state, state_data
from segue.signin.transaction_refusals import changed, no_factor_works, unusable, wrong_state
from segue.signin.visit import Visit
from segue.stores import Advance, Commit, FactorStep, Found, Guard, SignInStore, Tombstone

STATE_TOKENS: Final[frozenset[Kind]] = frozenset({"state_token"})
LIFE_MS: Final = 5 * 60_000
LONGEST_MS: Final = 60 * 60_000

#: Clients take ``01`` and ``02.`` at the beginning for another protocol.
_ID_PREFIX: Final = "00s"


@dataclass(frozen=True, slots=True)
class Transaction:
    """A transaction that waits for its next step. ``expires_at`` is epoch ms.

    ``subject`` is None where somebody recovers an account that there is not, and must not learn so. ``shown`` is what
    a factor just asked or enrolled shows, ``note`` a sentence the user should read.
    """

    bearer: Bearer
    generation: int
    subject: Subject | None
    state: State
    expires_at: int
    enrollments: tuple[FactorEnrollment, ...] = ()
    shown: Mapping[str, object] = field(default_factory=dict, repr=False)
    note: str = ""

    @property
    def known(self) -> Subject:
        """Whose transaction it is. Raises Refusal ``invalid_token`` where it is nobody's."""
        if self.subject is None:
            raise unusable("a transaction of nobody", self.bearer.id)
        return self.subject

    @property
    def user(self) -> User:
        return self.known.user

    @property
    def factor(self) -> FactorEnrollment | None:
        """The factor that is asked for or enrolled now."""
        return next((one for one in self.enrollments if one.id == self.state.factor_id), None)


@dataclass(frozen=True, slots=True)
class Completed:
    """A transaction at its end, written and spent. ``ticket`` carries the sign-in on; None where the transaction was
    a page's, or unlocked an account and signs nobody in."""

    subject: Subject
    state: State
    ticket: Minted | None = None
    note: str = ""

    @property
    def user(self) -> User:
        return self.subject.user

    @property
    def assurance(self) -> Assurance:
        return self.state.assurance


Outcome = Transaction | Completed


@dataclass(frozen=True, slots=True)
class Progress:
    """Reads and writes transactions, and decides which step comes next."""

    store: SignInStore
    second: SecondFactors

    @property
    def factors(self) -> Factors:
        return self.second.factors

    @property
    def demands(self) -> Demands:
        return Demands(self.store, self.second)

    async def begin(self, visit: Visit, subject: Subject, state: State, events: tuple[Event, ...] = ()) -> Outcome:
        """A new transaction of a user who proved what ``state`` says: at its first step, or at its end at once."""
        enrollments = await self.enrollments(visit, subject)
        state = replace(state, password_changed_at=subject.user.password_changed_at)
        state = await self.demands.with_risk(visit, subject, state)
        status = await self._next(visit, subject, state, enrollments)
        if status is None:
            return await self._complete(visit, subject, state, events)
        return await self.open(visit, subject, state.at(status), enrollments, events)

    async def open(
        self,
        visit: Visit,
        subject: Subject | None,
        state: State,
        enrollments: tuple[FactorEnrollment, ...] = (),
        events: tuple[Event, ...] = (),
    ) -> Transaction:
        """Writes a new transaction at the step it has."""
        where = visit.circumstances
        random, user = where.source.random, subject.user if subject else None
        partition = partition_of(user.id) if user else random_partition(random)
        bearer = new_bearer(_ID_PREFIX, partition, where.now_at, random)
        credential = NewCredential(
            org_id=visit.org.id,
            id=bearer.id,
            kind="state_token",
            digest=bearer.digest,
            life_ms=LIFE_MS,
            user_id=user.id if user else None,
            user_stamp=user.stamp if user else None,
            root_id=bearer.id,
            domain=visit.domain.authority,
            minted_by=state.trusted_by or None,
            data=state_data(state),
        )
        event = where.event(
            "transaction.begin",
            user_id=user.id if user else None,
            credential_id=bearer.id,
            detail={"status": state.status, "purpose": state.purpose},
        )
        commit = Commit(visit.org.id, partition, (*events, event), _guard(user), credentials=(credential,))
        if not await self.store.commit(commit):
            raise changed(user)
        return Transaction(bearer, 0, subject, state, where.now_at + LIFE_MS, enrollments)

    async def load(self, visit: Visit, token: str, *statuses: Status) -> Transaction:
        """The transaction that ``token`` names. Raises Refusal ``invalid_token``, and ``wrong_state`` where it is at
        none of ``statuses``, if any are named."""
        bearer = read_bearer(token)
        if bearer is None:
            raise unusable("something else", None)
        found = await self.store.find(visit.org.id, bearer.id, bearer.digest, STATE_TOKENS)
        if found is None or found.credential.domain != visit.domain.authority:
            raise unusable("no live transaction of this org and domain", bearer.id)
        at = await self._read(visit, bearer, found)
        if at.state.status == "closed" or (statuses and at.state.status not in statuses):
            raise wrong_state(bearer, at.subject, at.state, statuses)
        return at

    async def look(self, visit: Visit, ident: str) -> Transaction | None:
        """The transaction of that id, for a caller who has another secret of it. It cannot be moved by this."""
        found = await self.store.find(visit.org.id, ident, None, STATE_TOKENS)
        if found is None or found.credential.domain != visit.domain.authority or found.subject is None:
            return None
        return await self._read(visit, Bearer(ident, ""), found)

    async def _read(self, visit: Visit, bearer: Bearer, found: Found) -> Transaction:
        state, subject, credential = read_state(found.credential.data), found.subject, found.credential
        if visit.circumstances.now_at - state.began_at > LONGEST_MS:
            raise unusable("a transaction that takes too long", bearer.id)
        if subject is not None and subject.user.password_changed_at != state.password_changed_at:
            raise unusable("the password was changed since", bearer.id)
        enrollments = await self.enrollments(visit, subject) if subject else ()
        return Transaction(bearer, credential.generation, subject, state, credential.expires_at, enrollments)

    async def go(
        self,
        visit: Visit,
        at: Transaction,
        state: State,
        *,
        event: str,
        step: FactorStep | None = None,
        shown: Mapping[str, object] | None = None,
        detail: Mapping[str, object] | None = None,
        end: str = "",
    ) -> Transaction:
        """Moves a transaction on to ``state``; ``end`` ends it there, for that reason.

        Raises Refusal ``wrong_state`` where another request was first, ``factor_replayed`` where the answer was.
        """
        advance = Advance(at.bearer.id, at.bearer.digest, at.generation, LIFE_MS, state_data(state))
        happened = visit.circumstances.event(
            event,
            user_id=at.subject.user.id if at.subject else None,
            credential_id=at.bearer.id,
            detail={"from": at.state.status, "to": state.status, **(detail or {})},
        )
        commit = Commit(
            visit.org.id,
            partition_of(at.bearer.id),
            (happened,),
            _guard(at.subject.user if at.subject else None),
            advance=advance,
            factor_step=step,
            tombstones=(Tombstone(at.bearer.id, end),) if end else (),
        )
        if not await self.store.commit(commit):
            raise await self._lost(visit, at, step)
        return replace(
            at,
            state=state,
            generation=at.generation + 1,
            expires_at=visit.circumstances.now_at + LIFE_MS,
            shown=shown or {},
        )

    async def settle(
        self, visit: Visit, at: Transaction, state: State, *, event: str, step: FactorStep | None = None, note: str = ""
    ) -> Outcome:
        """Moves a transaction on to whatever comes after what was just proved, which may be its end."""
        enrollments = tuple(_changed(one, step) for one in at.enrollments)
        state = await self.demands.with_risk(visit, at.known, state)
        status = await self._next(visit, at.known, state, enrollments)
        if status is None:
            return await self._complete(visit, at.known, state, (), at=at, event=event, step=step, note=note)
        moved = await self.go(visit, at, state.at(status), event=event, step=step)
        return replace(moved, enrollments=enrollments, note=note)

    async def enrollments(self, visit: Visit, subject: Subject) -> tuple[FactorEnrollment, ...]:
        return tuple(await self.store.factors(visit.org.id, subject.user.id))

    def usable(self, visit: Visit, at: Transaction) -> tuple[FactorEnrollment, ...]:
        """The factors that help, the one to offer first at the front."""
        return self.second.helpful(
            self.context(visit, at), self.demands.lacking(visit, at.known, at.state, at.enrollments)
        )

    def offered(self, visit: Visit, at: Transaction) -> tuple[FactorType, ...]:
        """The types to set up: any, unless what is asked says more than how many factors there have to be."""
        lacking = self.demands.lacking(visit, at.known, at.state, at.enrollments)
        if lacking.missing is None or not lacking.requirement.constraints:
            return tuple(factor.type for factor in self.factors.offered(visit.org))
        return self.second.offered(self.context(visit, at), lacking)

    def context(self, visit: Visit, at: Transaction) -> FactorContext:
        context = context_of(visit, at.user, at.bearer.id, at.enrollments)
        requirement = self.demands.decision(visit, at.known, at.state).requirement
        return replace(context, user_verified=requirement.wants_user_verified)

    async def _next(
        self, visit: Visit, subject: Subject, state: State, enrollments: tuple[FactorEnrollment, ...]
    ) -> Status | None:
        """The next step, in the one order that there is; None at the end."""
        if await self.demands.second_factor_missing(visit, subject, state, enrollments):
            lacking = self.demands.lacking(visit, subject, state, enrollments)
            context = context_of(visit, subject.user, "", enrollments)
            if self.second.helpful(context, lacking):
                return "factor_required"
            none_would_do = lacking.requirement.constraints and not self.second.offered(context, lacking)
            if none_would_do or not self.second.may_enroll_instead(context, lacking):
                raise no_factor_works(subject.user)
            return "factor_enroll"
        password = password_state(visit.org.settings.password_rules, subject.user, visit.circumstances.now_at)
        if password == "ended" and not state.password_set:
            return "password_expired"
        if password == "ends_soon" and state.warn and "password_warn" not in state.skipped:
            return "password_warn"
        if state.enroll_more and state.enrolled_here and "factor_enroll" not in state.skipped:
            return "factor_enroll" if self._more_to_enroll(visit, enrollments) else None
        return None

    def _more_to_enroll(self, visit: Visit, enrollments: tuple[FactorEnrollment, ...]) -> bool:
        """Whether there is a type of factor that the user has none of. Recovery codes are no reason to stop: they are
        made at a page of ours."""
        have = {one.type for one in enrollments if one.active} | {"recovery_code"}
        return any(factor.type not in have for factor in self.factors.offered(visit.org))

    async def _complete(
        self,
        visit: Visit,
        subject: Subject,
        state: State,
        events: tuple[Event, ...],
        *,
        at: Transaction | None = None,
        event: str = "",
        step: FactorStep | None = None,
        note: str = "",
    ) -> Completed:
        """The end of a transaction: the ticket and the end of the state token are one write."""
        where, user = visit.circumstances, subject.user
        ticket = _ticket(visit, user, state) if state.ticket and state.purpose != "unlock" else None
        if ticket is not None:
            minted = where.event(
                "ticket.mint", user_id=user.id, credential_id=ticket.bearer.id, detail={"kind": SESSION_TOKEN.kind}
            )
            events = (*events, minted)
        if at is not None:
            detail = {"from": at.state.status, "to": "success"}
            events = (where.event(event, user_id=user.id, credential_id=at.bearer.id, detail=detail), *events)
        commit = Commit(
            org_id=visit.org.id,
            partition=partition_of(user.id),
            events=events,
            guard=_guard(user),
            credentials=(ticket.credential,) if ticket else (),
            advance=_last(at, state) if at else None,
            factor_step=step,
            tombstones=(Tombstone(at.bearer.id, "completed"),) if at else (),
        )
        if not await self.store.commit(commit):
            raise changed(user) if at is None else await self._lost(visit, at, step)
        return Completed(subject, state, ticket, note)

    async def _lost(self, visit: Visit, at: Transaction, step: FactorStep | None) -> Refusal:
        """Why a step was not written: its answer was used elsewhere, or the transaction has moved on."""
        if step is not None and step.step is not None:
            now = {one.id: one.last_step for one in await self.store.factors(visit.org.id, step.user_id)}
            if now.get(step.factor_id, 0) >= step.step:
                check = Check("factor_replayed", False, "an answer that was not used", "used by another request")
                sentence = "This answer was used before. Wait for the next one."
                return Refusal("factor_replayed", sentence, Verdict((check,), "factor"), user_id=step.user_id)
        return wrong_state(at.bearer, at.subject, at.state, ())


def _ticket(visit: Visit, user: User, state: State) -> Minted:
    return mint(
        SESSION_TOKEN,
        user=user,
        assurance=state.assurance,
        domain=visit.domain.authority,
        source=visit.circumstances.source,
        now_at=visit.circumstances.now_at,
        minted_by=state.trusted_by or None,
    )


def _last(at: Transaction, state: State) -> Advance:
    return Advance(at.bearer.id, at.bearer.digest, at.generation, LIFE_MS, state_data(state.at("closed")))


def _guard(user: User | None) -> Guard | None:
    return Guard(user.id, user.stamp) if user else None


def _changed(enrollment: FactorEnrollment, step: FactorStep | None) -> FactorEnrollment:
    if step is None or step.factor_id != enrollment.id:
        return enrollment
    return step.enrollment or enrollment
