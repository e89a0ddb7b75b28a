"""A sign-in that another application handed over: who may use it, and what it hangs on.

Nobody's browser holds it. It answers for the one application it was made for, whoever else is signed in there, and it
ends with the backend session of the application it came from. Trust and session are asked again at every step, since
either may end while a page waits for its user (NW-01).
"""

from typing import Final

from segue.core.application import Application
from segue.core.credential import Credential
from segue.core.refusal import Refusal
from segue.core.verdict import Verdict
from segue.handoff.kinds import KINDS
from segue.policy.trust import TrustQuestion, decide_trust
from segue.signin.request import HandOff, Proved, SignInRequest
from segue.signin.sessions import BACKEND_KINDS, BorrowSession, SessionPlan, plan_open
from segue.stores import Found, SignInStore

_NOT_TRUSTED: Final = "The application may not take this sign-in over."
_ENDED: Final = "The sign-in that was handed over has ended. Sign in again where you came from."


def handed_over(ticket: Credential) -> HandOff | None:
    """What a ticket of one application to another hands over; None for tickets that sign a browser in."""
    if KINDS[ticket.kind].opens_session or ticket.parent_id is None or ticket.app_id is None:
        return None
    return HandOff(session_id=ticket.parent_id, origin_app_id=ticket.app_id)


def meets_session(app: Application | None) -> bool:
    """Whether the application has people asked, or refused, before a sign-in of somebody else is used for it."""
    return app is not None and app.when_other_user in ("ask", "ask_always", "refuse")


async def plan_hand_over(
    request: SignInRequest, proved: Proved, hand_off: HandOff, session: Found | None, store: SignInStore
) -> tuple[SessionPlan, tuple[str, ...]]:
    """What the answer hangs on, and the ids that must still be live when it is written.

    Raises Refusal ``ticket_refused`` where the backend session has ended, ``not_trusted`` where the trust is gone.
    """
    app = request.app
    if app is None:
        raise ValueError("a sign-in is handed over to an application")
    backend = await store.find(request.org.id, hand_off.session_id, None, BACKEND_KINDS)
    entry = await store.standing_trust(request.org.id, app.id, hand_off.origin_app_id)
    verdict = decide_trust(TrustQuestion(hand_off.origin_app_id, app, entry, session_live=backend is not None))
    if backend is None or not verdict.allowed:
        raise _refusal(verdict, proved, app)
    live_ids = (backend.credential.id,)
    if not app.hand_off_opens_session or session is not None:
        return BorrowSession(backend), live_ids
    opened = plan_open(
        proved.subject.user,
        proved.assurance,
        org=request.org,
        circumstances=request.circumstances,
        origin=proved.origin,
        handed_over=True,
    )
    return opened, live_ids


def _refusal(verdict: Verdict, proved: Proved, app: Application) -> Refusal:
    trusted = all(check.passed for check in verdict.checks if check.name != "session_live")
    reason, public = ("ticket_refused", _ENDED) if trusted else ("not_trusted", _NOT_TRUSTED)
    return Refusal(reason, public, verdict, user_id=proved.subject.user.id, app_id=app.id)
