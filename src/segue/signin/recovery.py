"""Getting back in: a password that was forgotten, an account that was locked.

Whoever asks from outside learns nothing of who there is (AU-04): the answer is the same for everybody and does not wait
for what is done for those who exist. A link is built from configuration alone (AU-09).
"""

from dataclasses import dataclass, replace
from typing import Final, Literal

from segue.core.factor import FactorEnrollment
from segue.core.identifiers import BadUserName, normalise_login
from segue.core.refusal import Refusal
from segue.core.secret import Bearer
from segue.core.user import User
from segue.core.verdict import Check, Verdict
from segue.signin.errands import Errands
from segue.signin.factors.factor import FactorContext
from segue.signin.factors.refusals import wrong_answer
from segue.signin.progress import Completed, Outcome, Progress, Transaction
from segue.signin.recovery_mail import recovery_mail
from segue.signin.recovery_token import LIFE_MS, Recovering, give_recovery_token, spend_recovery_token
from segue.signin.state import MOST_TRIES, Purpose, State
from segue.signin.verification import answers_key, count_answer
from segue.signin.visit import Visit
from segue.stores import AttemptStore, DeliveryFailed, EventStore, FactorStep, MailSender

Channel = Literal["sms", "call"]

RECOVERIES: Final[frozenset[Purpose]] = frozenset({"reset_password", "unlock"})
ACTIVATIONS: Final[frozenset[Purpose]] = frozenset({"activate"})
_MOST_MAILS: Final = 5
_PAUSE_MS: Final = 15 * 60_000
_WRONG: Final = frozenset({"factor_answer", "factor_expired"})


@dataclass(frozen=True, slots=True)
class Handed:
    """A recovery token for a trusted caller. ``expires_at`` is epoch ms."""

    user: User
    token: Bearer
    expires_at: int


@dataclass(frozen=True, slots=True)
class Recovery:
    """``mail`` is None where none is set up."""

    progress: Progress
    attempts: AttemptStore
    events: EventStore
    errands: Errands
    mail: MailSender | None

    async def by_mail(self, visit: Visit, login: str, purpose: Purpose, relay_state: str | None, *, page: str) -> None:
        """Mails a link to ``page`` of our domain, a path with ``{token}`` in it. Returns before anybody is looked up.

        Raises Refusal ``factor_unavailable`` where no mail is set up, for everybody alike.
        """
        if self.mail is None:
            sentence = "Recovery by mail is not set up here: SEGUE_MAIL is empty."
            check = Check("mail_provider", False, "SEGUE_MAIL", mend=sentence)
            raise Refusal("factor_unavailable", sentence, Verdict((check,), rule="recovery"))
        self.errands.start(self._mail(self.mail, visit, login, purpose, relay_state, page), "recovery by mail")

    async def by_code(
        self, visit: Visit, login: str, purpose: Purpose, channel: Channel, relay_state: str | None
    ) -> Transaction:
        """Sends a code to the user's telephone. The transaction is nobody's until the code comes back."""
        user = await self._user(visit, login)
        state = State(
            status="recovery_challenge",
            began_at=visit.circumstances.now_at,
            purpose=purpose,
            relay_state=relay_state,
            trusted_by=visit.trusted_by,
            channel=channel,
            account=user.id if user else "",
        )
        at = await self.progress.open(visit, None, state)
        self.errands.start(self._send(visit, at), "recovery by code")
        return at

    async def by_hand(self, visit: Visit, login: str, purpose: Purpose, relay_state: str | None) -> Handed:
        """A token for a trusted caller, who hands it to the user. Raises Refusal ``recovery_unknown``,
        ``recovery_refused``."""
        user = await self._user(visit, login)
        if user is None:
            check = Check("user_known", False, "a user of this name", mend="Check the user name.")
            raise Refusal("recovery_unknown", "There is no such user.", Verdict((check,), rule="recovery"))
        if not user.active:
            check = Check("user_active", False, "active", user.status, "Activate the user.")
            sentence = "This user cannot recover an account."
            raise Refusal("recovery_refused", sentence, Verdict((check,), rule="recovery"), user_id=user.id)
        token = await give_recovery_token(self.progress.store, visit, user, purpose, relay_state)
        return Handed(user, token, visit.circumstances.now_at + LIFE_MS)

    async def redeem(
        self, visit: Visit, token: str, *, enroll_more: bool = False, purposes: frozenset[Purpose] = RECOVERIES
    ) -> Outcome:
        """Spends a token for one of ``purposes``; ``enroll_more`` as in ``Wishes``. Raises Refusal ``invalid_token``,
        ``recovery_link``."""
        recovering = await spend_recovery_token(self.progress.store, visit, token, purposes)
        return await self._begin(visit, recovering, enroll_more=enroll_more)

    async def verify(self, visit: Visit, token: str, channel: Channel, code: str) -> Outcome:
        """Judges the code of a telephone. Raises Refusal ``factor_answer``, for every cause."""
        at = await self.progress.load(visit, token, "recovery_challenge")
        if at.state.channel != channel:
            raise _no_answer(None)
        user, factor = await self._account(visit, at)
        key = f"recovery:code:{at.state.account or at.bearer.id}"
        settings = visit.org.settings
        counted = await self.attempts.count_attempt(
            visit.org.id, key, limit=settings.lockout_attempts, lock_ms=settings.lockout_s * 1000
        )
        if user is None or factor is None or (counted.locked_now and not user.limits_exempt):
            await self._count_try(visit, at)
            raise _no_answer(user)
        context = self._context(visit, at, user, (factor,))
        try:
            await self.progress.factors.verify(context, factor, at.state.challenge, {"code": code})
        except Refusal as refusal:
            if refusal.reason in _WRONG:
                await self._count_try(visit, at)
                raise wrong_answer(context, factor, seen=refusal.reason) from refusal
            raise
        await self.progress.go(visit, at, at.state.at("closed"), event="recovery.code", end="code accepted")
        await self.attempts.clear_attempts(visit.org.id, key)
        subject = await self.progress.store.subject(visit.org.id, user.id, None)
        if subject is None:
            raise _no_answer(user)
        return await self._begin(visit, Recovering(subject, at.state.purpose, at.state.relay_state), at.state)

    async def resend(self, visit: Visit, token: str, channel: Channel) -> Transaction:
        """Sends a code again; whether it was too soon is not said."""
        at = await self.progress.load(visit, token, "recovery_challenge")
        if at.state.channel != channel:
            raise _no_answer(None)
        at = await self.progress.go(visit, at, at.state, event="recovery.resend")
        self.errands.start(self._send(visit, at), "recovery by code")
        return at

    async def answer(self, visit: Visit, token: str, answer: str) -> Outcome:
        """Judges the answer to the user's question. Raises Refusal ``recovery_answer``, ``locked``."""
        at = await self.progress.load(visit, token, "recovery")
        question = _question(visit, at.enrollments)
        if question is None:
            raise _wrong(at.user)
        await count_answer(self.attempts, visit, at.user)
        context = self.progress.context(visit, at)
        try:
            accepted = await self.progress.factors.verify(context, question, {}, {"answer": answer})
        except Refusal as refusal:
            if refusal.reason != "factor_answer":
                raise
            await self._count_try(visit, at)
            raise _wrong(at.user) from refusal
        step = FactorStep(question.id, at.user.id, accepted.step, accepted.enrollment)
        await self.attempts.clear_attempts(visit.org.id, answers_key(at.user))
        if at.state.purpose == "unlock":
            return await self._unlock(visit, at, step)
        return await self.progress.go(visit, at, at.state.at("password_reset"), event="recovery.answer", step=step)

    async def _begin(
        self, visit: Visit, recovering: Recovering, before: State | None = None, *, enroll_more: bool = False
    ) -> Outcome:
        """The transaction of somebody who was reached: their question first, where the org has questions."""
        subject = recovering.subject
        enrollments = await self.progress.enrollments(visit, subject)
        asked = recovering.purpose != "activate" and _question(visit, enrollments) is not None
        state = State(
            status="recovery" if asked or recovering.purpose == "unlock" else "password_reset",
            began_at=before.began_at if before else visit.circumstances.now_at,
            purpose=recovering.purpose,
            relay_state=recovering.relay_state,
            enroll_more=enroll_more,
            trusted_by=visit.trusted_by,
            password_changed_at=subject.user.password_changed_at,
        )
        at = await self.progress.open(visit, subject, state, enrollments)
        if recovering.purpose == "unlock" and not asked:
            return await self._unlock(visit, at, None)
        return at

    async def _unlock(self, visit: Visit, at: Transaction, step: FactorStep | None) -> Completed:
        """Ends the lock. It signs nobody in: the password is still to be proved."""
        await self.progress.go(visit, at, at.state.at("closed"), event="account.unlock", step=step, end="completed")
        for key in (at.user.id, answers_key(at.user)):
            await self.attempts.clear_attempts(visit.org.id, key)
        return Completed(at.known, at.state)

    async def _mail(
        self, mail: MailSender, visit: Visit, login: str, purpose: Purpose, relay_state: str | None, page: str
    ) -> None:
        user = await self._user(visit, login)
        if user is None or not user.active:
            await self._record(visit, user, Check("user_active", False, "an active user", "none of this name"))
            return
        if not user.limits_exempt:
            seen = await self.attempts.count_attempt(
                visit.org.id, f"recovery:mail:{user.id}", limit=_MOST_MAILS, lock_ms=_PAUSE_MS
            )
            if seen.locked_now:
                await self._record(visit, user, Check("mails", False, f"at most {_MOST_MAILS}", f"{seen.count}"))
                return
        token = await give_recovery_token(self.progress.store, visit, user, purpose, relay_state)
        link = f"{visit.domain.base_url}{page.replace('{token}', token.text)}"
        try:
            await mail.send(recovery_mail(visit.org, visit.domain, user, link, purpose, LIFE_MS // 60_000))
        except DeliveryFailed as failed:
            await self._record(visit, user, Check("mail_sent", False, "a mail handed over", str(failed)))

    async def _send(self, visit: Visit, at: Transaction) -> None:
        """Sends a code and remembers it in the transaction, if there is somebody to send it to."""
        user, factor = await self._account(visit, at)
        if user is None or factor is None:
            await self._record(visit, user, Check("telephone", False, f"a user with {at.state.channel}", "none"))
            return
        context = self._context(visit, at, user, (factor,))
        try:
            asked = await self.progress.factors.ask(context, factor)
            state = at.state.asking("recovery_challenge", factor.id, asked.challenge)
            await self.progress.go(visit, at, state, event="recovery.send", detail={"factor": factor.type})
        except Refusal as refusal:
            await self.events.append([visit.circumstances.refusal("recovery.send", refusal)])

    async def _account(self, visit: Visit, at: Transaction) -> tuple[User | None, FactorEnrollment | None]:
        """Who a transaction of nobody is about, and their telephone; the same look-ups where there is no one."""
        store, ident = self.progress.store, at.state.account or at.bearer.id
        user = await store.user(visit.org.id, ident)
        factors = await store.factors(visit.org.id, ident)
        telephone = next((one for one in factors if one.active and one.type == at.state.channel), None)
        return (user, telephone) if user is not None and user.active else (None, None)

    async def _user(self, visit: Visit, login: str) -> User | None:
        try:
            return await self.progress.store.user_by_login(visit.org.id, normalise_login(login))
        except BadUserName:
            return None

    async def _count_try(self, visit: Visit, at: Transaction) -> None:
        """With the last wrong answer the transaction ends."""
        tries = at.state.tries + 1
        over = tries >= MOST_TRIES
        state = at.state.at("closed") if over else replace(at.state, tries=tries)
        await self.progress.go(visit, at, state, event="recovery.wrong", end="wrong answers" if over else "")

    async def _record(self, visit: Visit, user: User | None, check: Check) -> None:
        """What came of a recovery that nobody is told about."""
        refusal = Refusal(
            "recovery_refused", "No recovery.", Verdict((check,), "recovery"), user_id=user.id if user else None
        )
        await self.events.append([visit.circumstances.refusal("recovery.begin", refusal)])

    def _context(
        self, visit: Visit, at: Transaction, user: User, enrollments: tuple[FactorEnrollment, ...]
    ) -> FactorContext:
        return FactorContext(visit.org, visit.domain, user, visit.circumstances, at.bearer.id, enrollments)


def _question(visit: Visit, enrollments: tuple[FactorEnrollment, ...]) -> FactorEnrollment | None:
    if "question" not in visit.org.settings.factors:
        return None
    return next((one for one in enrollments if one.active and one.type == "question"), None)


def _no_answer(user: User | None) -> Refusal:
    check = Check("recovery_code", False, "the code that was sent", "another, or none was sent", "Ask for a new one.")
    verdict = Verdict((check,), rule="recovery")
    return Refusal("factor_answer", "That is not the right answer.", verdict, user_id=user.id if user else None)


def _wrong(user: User) -> Refusal:
    check = Check("recovery_answer", False, "the answer to the user's question", mend="Use the right one.")
    return Refusal("recovery_answer", "That is not the right answer.", Verdict((check,), "recovery"), user_id=user.id)
