"""A new password within a transaction: instead of one that ended, and after it was forgotten.

The transaction that allowed it is closed first, in one conditional write, and a new one goes on from the new password:
of two requests in parallel one sets a password.
"""

from collections.abc import Iterable
from dataclasses import dataclass, replace
from typing import Protocol

from segue.core.assurance import PASSWORD, Assurance, Proof
from segue.core.identifiers import short_name
from segue.core.refusal import Refusal
from segue.core.user import User
from segue.core.verdict import Check, Verdict
from segue.signin.progress import Outcome, Progress, Transaction
from segue.signin.state import State
from segue.signin.transaction import Transactions
from segue.signin.transaction_refusals import wrong_state
from segue.signin.visit import Visit


class PasswordCheck(Protocol):
    """The octets to hash of a password that may be set. Raises Refusal, whose text does not repeat it."""

    def __call__(self, password: str, *, about: Iterable[str] = ()) -> bytes: ...


@dataclass(frozen=True, slots=True)
class PasswordChange:
    progress: Progress
    transactions: Transactions
    check: PasswordCheck

    async def change(self, visit: Visit, token: str, old: str, new: str, *, revoke: bool = False) -> Outcome:
        """Replaces a password that has ended or soon will. ``revoke`` ends what was issued under the old one too.

        Raises Refusal ``password_kept`` where ``old`` is not right, ``password_rules`` where ``new`` will not do.
        """
        at = await self.progress.load(visit, token, "password_expired", "password_warn")
        try:
            proved = await self.transactions.password(visit.org, at.user.login, old, visit.circumstances)
        except Refusal as refusal:
            if refusal.reason != "credentials":
                raise
            sentence = "The old password is not right."
            raise Refusal("password_kept", sentence, refusal.verdict, user_id=at.user.id) from refusal
        if proved.subject.user.id != at.user.id:
            raise wrong_state(at.bearer, at.subject, at.state, ())
        if new == old:
            raise _against_rules(at.user, "The new password has to be another one.")
        state = replace(at.state, assurance=at.state.assurance.merged(proved.assurance))
        return await self._set(visit, at, state, new, event="password.change", revoke=revoke)

    async def reset(self, visit: Visit, token: str, new: str) -> Outcome:
        """Sets the password of somebody who forgot theirs. All that was issued before ends, every remembered device is
        forgotten, and a second factor is still asked for (ASVS 6.4.3, 7.4.3). Raises Refusal ``password_rules``."""
        at = await self.progress.load(visit, token, "password_reset")
        proof = Proof(PASSWORD, "knowledge", ("pwd",), visit.circumstances.now_at)
        state = replace(at.state, assurance=Assurance((proof,)))
        return await self._set(visit, at, state, new, event="password.reset", revoke=True)

    async def _set(self, visit: Visit, at: Transaction, state: State, new: str, *, event: str, revoke: bool) -> Outcome:
        user, store, where = at.user, self.progress.store, visit.circumstances
        octets = self._acceptable(visit, user, new)
        hashed = await self.transactions.hasher.hash(octets)
        await self.progress.go(visit, at, at.state.at("closed"), event=event, end="password set")
        changed = replace(
            user,
            password_hash=hashed,
            password_changed_at=where.now_at,
            password_temporary=False,
            activated_at=user.activated_at or where.now_at,
            updated_at=where.now_at,
            stamp=user.stamp + 1 if revoke else user.stamp,
        )
        happened = where.event("user.password", user_id=user.id, credential_id=at.bearer.id, detail={"revoke": revoke})
        if not await store.update_user(changed, expected_stamp=user.stamp, event=happened):
            raise wrong_state(at.bearer, at.subject, at.state, ())
        await self.transactions.attempts.clear_attempts(visit.org.id, user.id)
        if revoke:
            await store.forget_devices(visit.org.id, user.id)
        return await self.progress.begin(visit, replace(at.known, user=changed), replace(state, password_set=True))

    def _acceptable(self, visit: Visit, user: User, new: str) -> bytes:
        names = (user.login, short_name(user.login_key), user.email, user.display_name, *user.profile.values())
        least = visit.org.settings.password_rules.min_length
        if len(new) < least:
            raise _against_rules(user, f"A password has at least {least} characters here.")
        try:
            return self.check(new, about=names)
        except Refusal as refusal:
            raise Refusal("password_rules", refusal.public, refusal.verdict, user_id=user.id) from refusal


def _against_rules(user: User, sentence: str) -> Refusal:
    check = Check("password", passed=False, mend=sentence)
    return Refusal("password_rules", sentence, Verdict((check,), rule="password"), user_id=user.id)
