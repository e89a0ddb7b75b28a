"""The decision: session, ticket and policy go in, one of three answers comes out. Only the claim of a ticket is
written.
"""

from dataclasses import dataclass, replace

from segue.core.assurance import Assurance
from segue.core.credential import Credential, Kind
from segue.core.policy import Risk
from segue.core.refusal import Refusal
from segue.core.requirement import Missing, Requirement
from segue.core.user import Subject
from segue.core.verdict import Check, Verdict
from segue.handoff.kinds import KINDS
from segue.handoff.redeem import PresentedTicket, redeem
from segue.policy.collision import resolve
from segue.policy.second_factor import asks_for_second_factor
from segue.policy.sign_on import SignOnQuestion, Surroundings, decide_sign_on, risk_of
from segue.signin.hand_over import handed_over, meets_session, plan_hand_over
from segue.signin.request import Answer, Challenge, HandOff, Proved, Refused, SignedIn, SignInRequest, Transfer
from segue.signin.sessions import (
    KeepSession,
    SessionPlan,
    address_known,
    assurance_of,
    current,
    limited,
    plan_adopt,
    plan_open,
    plan_renew,
)
from segue.stores import Found, SignInStore

_SIGN_IN_FIRST = "There is no session here that can be used. Sign in first."
_PROVE_MORE = {
    "sign_in": _SIGN_IN_FIRST,
    "fresh_sign_in": "The sign-in is too old for what was asked. Sign in again.",
    "second_factor": "The application asks for a second factor.",
}
_POLICY_DENIES = "A rule of your organisation does not allow this sign-in."
_OTHER_USER = "Somebody else is signed in in this browser."
_NO_ACCESS = {
    "user_active": "This account cannot be used.",
    "application_active": "The application is not available.",
    "assigned": "This account is not assigned to the application.",
}


@dataclass(frozen=True, slots=True)
class _Known:
    """Whose request it is, and what becomes of the browser's session where it is granted."""

    subject: Subject
    assurance: Assurance
    plan: SessionPlan
    live_ids: tuple[str, ...]
    proved: Proved | None = None


async def decide(request: SignInRequest, store: SignInStore, proved: Proved | None = None) -> Answer:
    """Answers a sign-in request; ``proved`` is what the user just proved in an interaction, or who arrived there by a
    ticket that has yet to meet the browser's session.

    A ticket in the request is spent here, whatever the answer. A refusal is an answer and is not raised.
    """
    session = await _session(request, store)
    if proved is not None and proved.unmet is not None:
        return await _meet(request, proved, proved.unmet, session, store)
    if proved is not None and proved.hand_off is not None:
        return await _by_hand_off(request, await _as_seen_now(request, proved, store), proved.hand_off, session, store)
    if proved is not None:
        known = _by_proof(request, await _as_seen_now(request, proved, store), session)
        return await _judge(request, known, session, store)
    if request.ticket is not None:
        return await _by_ticket(request, request.ticket, store, session)
    if session is not None and session.subject is not None:
        plan = KeepSession(session)
        known = _Known(session.subject, _of_session(request, session), plan, (session.credential.id,))
        return await _judge(request, known, session, store)
    return _ask_for(request, "sign_in", None, session)


async def _session(request: SignInRequest, store: SignInStore) -> Found | None:
    return await current(
        store,
        request.session_cookie,
        org=request.org,
        domain=request.domain.authority,
        app_id=request.app.id if request.app else None,
        now_at=request.circumstances.now_at,
    )


async def _as_seen_now(request: SignInRequest, proved: Proved, store: SignInStore) -> Proved:
    """The proof together with the user's groups and assignment. The user stays as they were when they proved it, so
    that a change since then (their stamp) fails the guard of the write."""
    app_id = request.app.id if request.app else None
    found = await store.subject(request.org.id, proved.subject.user.id, app_id)
    if found is None:
        return proved
    return replace(proved, subject=replace(found, user=proved.subject.user))


async def _by_ticket(
    request: SignInRequest, ticket: PresentedTicket, store: SignInStore, session: Found | None
) -> Answer:
    app_id = request.app.id if request.app else None
    try:
        binding = request.app.transfer.device_binding if request.app else "none"
        where = request.circumstances
        redemption = await redeem(store, ticket, app_id=app_id, circumstances=where, binding=binding)
    except Refusal as refusal:
        if request.passive or ticket.slot.refuses:
            return Refused(refusal, session)
        return Challenge("sign_in", session=session, refusal=refusal)
    kind = redemption.credential.kind
    arrived = Proved(
        redemption.subject,
        redemption.assurance,
        origin=redemption.credential.lineage_path,
        waiting=redemption.waiting,
        hand_off=handed_over(redemption.credential),
        transfer=_transferred(redemption.credential),
    )
    if arrived.hand_off is not None and not meets_session(request.app):
        return await _by_hand_off(request, arrived, arrived.hand_off, session, store)
    if request.session_withheld:
        # OT-15: whose session the browser has shows with its next request, the one for the page.
        return Challenge(None, user=redemption.subject.user, confirm=replace(arrived, unmet=kind))
    return await _meet(request, arrived, kind, session, store)


def _transferred(ticket: Credential) -> Transfer | None:
    """Where a ticket came from that marks the session it opens."""
    if not KINDS[ticket.kind].marks_session or ticket.parent_id is None:
        return None
    return Transfer(ticket.parent_id, ticket.lineage_path if ticket.data.get("cascade") else ())


async def _meet(
    request: SignInRequest, arrived: Proved, kind: Kind, session: Found | None, store: SignInStore
) -> Answer:
    """What becomes of somebody who arrived by a ticket of that kind, now that the browser's session is known."""
    arrived, user = replace(arrived, unmet=None), arrived.subject.user
    outcome, verdict = resolve(
        ticket_user_id=user.id,
        session_user_id=session.credential.user_id if session else None,
        default=request.when_other_user or KINDS[kind].when_other_user,
        application_setting=request.app.when_other_user if request.app else None,
        passive=request.passive,
    )
    if outcome in ("none", "same_user", "replace") and arrived.hand_off is not None:
        return await _by_hand_off(request, arrived, arrived.hand_off, session, store)
    if outcome in ("none", "same_user", "replace"):
        return await _judge(request, _by_proof(request, arrived, session), session, store)
    if outcome == "ask":
        return Challenge(None, user=user, confirm=arrived, session=session)
    app_id = request.app.id if request.app else None
    reason = "session_kept" if outcome == "keep" else "login_required"
    collision = Refusal(reason, _OTHER_USER if session else _SIGN_IN_FIRST, verdict, user_id=user.id, app_id=app_id)
    if outcome == "end_and_prompt":
        return Challenge("sign_in", refusal=collision, ends=session.credential.id if session else None)
    return Refused(collision, session)


async def _by_hand_off(
    request: SignInRequest, arrived: Proved, hand_off: HandOff, session: Found | None, store: SignInStore
) -> Answer:
    """An answer for the one application, on the strength of what was proved at another one and since."""
    try:
        plan, live_ids = await plan_hand_over(request, arrived, hand_off, session, store)
    except Refusal as refusal:
        return Refused(refusal, session)
    return await _judge(request, _Known(arrived.subject, arrived.assurance, plan, live_ids, arrived), session, store)


def _by_proof(request: SignInRequest, proved: Proved, session: Found | None) -> _Known:
    user, cookie = proved.subject.user, request.session_cookie
    if request.circumstances.device is not None:
        proved = replace(proved, assurance=proved.assurance.on(request.circumstances.device))
    if session is not None and session.credential.user_id == user.id and cookie:
        merged = _of_session(request, session).merged(proved.assurance)
        renewed = plan_renew(session, merged, org=request.org, circumstances=request.circumstances, cookie=cookie)
        return _Known(proved.subject, merged, renewed, (session.credential.id,), proved)
    where, ends = request.circumstances, session.credential.id if session else None
    if proved.waiting is not None:
        adopted = plan_adopt(proved.waiting, proved.assurance, org=request.org, circumstances=where, ends=ends)
        return _Known(proved.subject, proved.assurance, adopted, (adopted.bearer.id,), proved)
    transfer = proved.transfer or Transfer("")
    plan = plan_open(
        user,
        proved.assurance,
        org=request.org,
        circumstances=where,
        origin=proved.origin,
        ends=ends,
        transferred_from=transfer.parent_id,
        bind_path=transfer.bind_path,
    )
    return _Known(proved.subject, proved.assurance, plan, (), proved)


def _of_session(request: SignInRequest, session: Found) -> Assurance:
    """What a session proved. On which device its browser is, every request says anew: a cookie may have been moved."""
    return assurance_of(session).on(request.circumstances.device)


async def _judge(request: SignInRequest, known: _Known, session: Found | None, store: SignInStore) -> Answer:
    """The policies of org and application, the same for every way in."""
    now_at = request.circumstances.now_at
    decision = decide_sign_on(
        SignOnQuestion(
            org=request.org,
            subject=known.subject,
            application=request.app,
            assurance=known.assurance,
            surroundings=await _surroundings(request, known, store),
            now_at=now_at,
            began_at=request.waiting_since_at or now_at,
            requirement=await _requirement(request, known.subject, store),
        )
    )
    failure = decision.verdict.failure
    user = known.subject.user
    if failure is not None:
        refusal = Refusal(
            "access_denied",
            _NO_ACCESS.get(failure.name, _POLICY_DENIES),
            decision.verdict,
            user_id=user.id,
            app_id=request.app.id if request.app else None,
        )
        return Refused(refusal, session)
    if decision.missing is not None:
        return _ask_for(request, decision.missing, known, session, decision.requirement)
    return SignedIn(
        subject=known.subject,
        assurance=known.assurance,
        session=limited(known.plan, decision.limits),
        verdict=decision.verdict,
        events=known.proved.events if known.proved else (),
        live_ids=known.live_ids,
        factor_step=known.proved.factor_step if known.proved else None,
        remember=known.proved is not None and known.proved.remember,
    )


async def _surroundings(request: SignInRequest, known_as: _Known, store: SignInStore) -> Surroundings:
    """From where the request comes; what takes a look into storage only where a rule asks for it. The device of a
    sign-in that was handed over is the one that it was made on."""
    org, where, subject = request.org, request.circumstances, known_as.subject
    user = subject.user
    asked = asks_for_second_factor(org.settings, subject) or org.policies.asks_for_device or org.policies.asks_for_risk
    remembered = False
    if request.device and org.settings.remember_device_s and asked:
        remembered = await store.remembers_device(org.id, user.id, request.device)
    risk: Risk = "high"
    if org.policies.asks_for_risk:
        known = await address_known(store, user, where.address)
        risk = risk_of(browser_remembered=remembered, address_known=known)
    return Surroundings(where.address, where.device or known_as.assurance.device, remembered, risk)


async def _requirement(request: SignInRequest, subject: Subject, store: SignInStore) -> Requirement:
    """What the request asks; a second factor that it wants of those who have one is looked for now."""
    requirement, user = request.requirement, subject.user
    if not requirement.second_if_held or requirement.factors > 1:
        return requirement
    usable = request.org.settings.factors
    held = any(one.active and one.type in usable for one in await store.factors(user.org_id, user.id))
    return replace(requirement, factors=2) if held else requirement


def _ask_for(
    request: SignInRequest,
    missing: Missing,
    known: _Known | None,
    session: Found | None,
    requirement: Requirement | None = None,
) -> Answer:
    user = known.subject.user if known else None
    if not request.passive:
        proved, assurance = (known.proved, known.assurance) if known else (None, Assurance())
        return Challenge(
            missing,
            user=user,
            proved=proved,
            assurance=assurance,
            requirement=requirement or request.requirement,
            session=session,
        )
    check = Check(missing, passed=False, expected="already proved", seen="missing", mend=_PROVE_MORE[missing])
    refusal = Refusal(
        _passive_reason(missing, known),
        _PROVE_MORE[missing],
        Verdict((check,), rule="missing_proof"),
        user_id=user.id if user else None,
        app_id=request.app.id if request.app else None,
    )
    return Refused(refusal, session)


def _passive_reason(missing: Missing, known: _Known | None) -> str:
    """Why nobody may be asked: who was handed over has to be asked here, a new sign-in would not help them."""
    if missing != "second_factor":
        return "login_required"
    handed_over = known is not None and known.proved is not None and known.proved.hand_off is not None
    return "interaction_required" if handed_over else "assurance_not_met"
