"""The pages behind a recovery link: a new password, or an account unlocked.

Opening the link spends nothing, so a mail scanner that follows it leaves it whole (OT-09): the first button does. What
follows travels in the form as the transaction's own token, which is good for this one recovery.
"""

from dataclasses import dataclass
from typing import Final

from segue.core.refusal import Refusal
from segue.signin.password_change import PasswordChange
from segue.signin.progress import Completed, Outcome
from segue.signin.recovery import ACTIVATIONS, RECOVERIES, Recovery
from segue.signin.state import Purpose
from segue.signin.visit import Visit
from segue.web.frontchannel import FrontDoor
from segue.web.message import Page, Request, Response

_UNUSABLE: Final = frozenset({"invalid_token", "recovery_link", "wrong_state"})
_DIFFERENT: Final = "The two passwords are not the same."


@dataclass(frozen=True, slots=True)
class RecoveryPages:
    door: FrontDoor
    recovery: Recovery
    passwords: PasswordChange
    sign_in_path: str
    purposes: frozenset[Purpose] = RECOVERIES

    async def show(self, request: Request) -> Response:
        """The first page. It is the same for every link; whether this one is good shows when it is used (OT-13)."""
        return self._page("begin")

    async def submit(self, request: Request, token: str) -> Response:
        """Takes the next step. Raises Refusal for a link that cannot be used any more."""
        visit = self._visit(request)
        transaction = request.form.get("transaction") or ""
        match request.form.get("step"):
            case "answer":
                return await self._answer(request, visit, transaction)
            case "password":
                return await self._password(request, visit, transaction)
        return self._next(await self.recovery.redeem(visit, token, purposes=self.purposes))

    async def _answer(self, request: Request, visit: Visit, transaction: str) -> Response:
        try:
            outcome = await self.recovery.answer(visit, transaction, request.form.get("answer") or "")
        except Refusal as refusal:
            return await self._again(request, refusal, "answer", transaction)
        return self._next(outcome)

    async def _password(self, request: Request, visit: Visit, transaction: str) -> Response:
        new = request.form.get("password") or ""
        if new != request.form.get("password_again"):
            return self._page("password", transaction=transaction, error=_DIFFERENT, status=400)
        try:
            await self.passwords.reset(visit, transaction, new)
        except Refusal as refusal:
            return await self._again(request, refusal, "password", transaction)
        return self._page("password_set")

    async def _again(self, request: Request, refusal: Refusal, step: str, transaction: str) -> Response:
        """The same step once more, with what was wrong; raises ``refusal`` where it cannot be taken any more."""
        if refusal.reason in _UNUSABLE:
            raise refusal
        event_id = await self.door.recorder.refuse(self.door.circumstances(request), refusal, "recovery.page")
        return self._page(step, transaction=transaction, error=refusal.public, event_id=event_id, status=400)

    def _next(self, outcome: Outcome) -> Page:
        if isinstance(outcome, Completed):
            return self._page("unlocked")
        if outcome.state.status == "recovery":
            asked = next((one for one in outcome.enrollments if one.type == "question"), None)
            question = asked.profile.get("text", "") if asked else ""
            return self._page("answer", transaction=outcome.bearer.text, question=question)
        return self._page("password", transaction=outcome.bearer.text)

    def _page(
        self,
        step: str,
        *,
        transaction: str = "",
        question: str = "",
        error: str = "",
        event_id: str = "",
        status: int = 200,
    ) -> Page:
        return Page(
            status=status,
            template="recovery.html",
            context={
                "step": step,
                "transaction": transaction,
                "question": question,
                "error": error,
                "event_id": event_id,
                "sign_in_path": self.sign_in_path,
                "welcome": self.purposes == ACTIVATIONS,
            },
        )

    def _visit(self, request: Request) -> Visit:
        return Visit(org=request.site.org, domain=request.site.domain, circumstances=self.door.circumstances(request))
