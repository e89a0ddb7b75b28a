"""Sessions for programs: made from a ticket or a password, looked at, extended and closed by their id.

A session that is made here waits: nobody holds its cookie. The ticket that goes out with it, where one was asked for,
gives it to the browser that redeems it, and the id stays the same. The id itself opens nothing (OT-18).
"""

from dataclasses import dataclass
from typing import Final

from segue.admin import sessions
from segue.admin.change import Change
from segue.core.assurance import Assurance
from segue.core.refusal import Refusal
from segue.core.secret import partition_of
from segue.core.strict import JsonValue, read_json_object
from segue.core.user import Subject, User
from segue.core.verdict import Check, Verdict
from segue.dialects.okta.admin.caller import administrator, not_found, user_named
from segue.dialects.okta.api_tokens import required_api_token, trusted_api_token
from segue.dialects.okta.errors import ValidationFailed, limit_headers, write_error
from segue.dialects.okta.names import (
    LIMIT_API,
    SESSION,
    SESSION_BODY_SLOT,
    SESSION_IMAGE,
    SESSION_REFRESH,
    SESSIONS,
    USER_SESSIONS,
)
from segue.dialects.okta.session_shape import has_factor, session_object
from segue.events import Event
from segue.handoff.kinds import COOKIE_TOKEN, IMAGE_TOKEN, TicketKind
from segue.handoff.mint import Minted, mint
from segue.handoff.redeem import PresentedTicket, WaitingSession, redeem
from segue.policy.password_age import password_state
from segue.policy.sign_on import SignOnQuestion, Surroundings, decide_sign_on
from segue.signin.sessions import SESSION_KINDS, assurance_of, plan_open
from segue.stores import Commit, Found, Guard, Store
from segue.web.frontchannel import FrontDoor
from segue.web.message import Empty, Json, Request, Response
from segue.web.sign_in_limits import SignInLimits, check_standing
from segue.web.surface import Handler, Route

EVENT: Final = "session.create"
_FIELDS: Final = {"cookieToken": COOKIE_TOKEN, "cookieTokenUrl": IMAGE_TOKEN}
_SUBJECT: Final = "createSessionRequest"
_FAILED: Final = "The sign-in failed."


@dataclass(frozen=True, slots=True)
class _Proof:
    """Who a session shall be for, and what shows it. ``origin`` is the lineage of a ticket it came from."""

    user: User
    assurance: Assurance
    events: tuple[Event, ...] = ()
    origin: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class SessionsApi:
    door: FrontDoor
    store: Store
    limits: SignInLimits

    def routes(self) -> tuple[Route, ...]:
        def route(method: str, path: str, handler: Handler, event: str) -> Route:
            return Route((method,), path, handler, write_error, event, idempotent=method == "GET", limit=LIMIT_API)

        return (
            Route(("POST",), SESSIONS, self.create, write_error, EVENT, body="json", limit=LIMIT_API),
            route("GET", SESSION, self.read, "session.read"),
            route("PUT", SESSION, self.refresh, "session.extend"),
            route("POST", SESSION_REFRESH, self.refresh, "session.extend"),
            route("DELETE", SESSION, self.close, "session.end"),
            route("DELETE", USER_SESSIONS, self.close_all, "user.sign_out"),
        )

    async def create(self, request: Request) -> Response:
        """200 with the session. A session token needs no API token; a password, and a ticket to take away, do.

        Who lacks the API token is turned away before a password is looked at (F6-03).
        """
        token = await trusted_api_token(self.store, request, "sessions.manage")
        wanted = _additional_fields(request)
        if wanted and token is None:
            await required_api_token(self.store, request)
        body = read_json_object(request.body)
        session_token = body.get("sessionToken")
        if session_token is None:
            token = token or await required_api_token(self.store, request)
            return await self._by_password(request, body, wanted, token)
        if not isinstance(session_token, str) or "username" in body or "password" in body:
            raise ValidationFailed(_SUBJECT, "sessionToken", "sessionToken: one text, and no user name or password")
        proof = await self._redeemed(request, session_token)
        return await self._create(request, proof, wanted, token)

    async def read(self, request: Request) -> Response:
        """The session; looking extends nothing."""
        change, ident = await administrator(self.door, request, "sessions.read"), request.path_params["id"]
        try:
            found = await sessions.find_session(self.store, ident, change)
        except Refusal as refusal:
            raise not_found(refusal, ident, "Session") from None
        return Json(data=await self._shape(request, found))

    async def refresh(self, request: Request) -> Response:
        """The session, extended by the idle time of the org."""
        change, ident = await administrator(self.door, request, "sessions.manage"), request.path_params["id"]
        idle_ms = request.site.org.settings.session_idle_s * 1000
        try:
            found = await sessions.extend_session(self.store, ident, change, idle_ms=idle_ms)
        except Refusal as refusal:
            raise not_found(refusal, ident, "Session") from None
        return Json(data=await self._shape(request, found))

    async def close(self, request: Request) -> Response:
        """204; the session is over, with everything bound to it."""
        change, ident = await administrator(self.door, request, "sessions.manage"), request.path_params["id"]
        try:
            await sessions.close_session(self.store, ident, change)
        except Refusal as refusal:
            raise not_found(refusal, ident, "Session") from None
        return Empty(status=204)

    async def close_all(self, request: Request) -> Response:
        """204; every session of the user is over, and with ``oauthTokens=true`` what applications hold for them."""
        change = await administrator(self.door, request, "sessions.manage")
        tokens = _flag(request, "oauthTokens", default=False)
        forget = _flag(request, "forgetDevices", default=True)
        user = await user_named(self.store, request.path_params["user"], change)
        await sessions.close_sessions_of(self.store, user, change, tokens=tokens, forget_devices=forget)
        return Empty(status=204)

    async def _by_password(
        self, request: Request, body: dict[str, JsonValue], wanted: tuple[str, ...], token: Found
    ) -> Response:
        user_name, password = body.get("username"), body.get("password")
        if not isinstance(user_name, str) or not isinstance(password, str) or not user_name or not password:
            raise ValidationFailed(
                _SUBJECT, "credentials", "A session token, or a user name and a password, are needed."
            )
        standing = await self.limits.take(request, user_name)
        try:
            check_standing(standing)
            proof = await self._checked(request, user_name, password)
            response: Response = await self._create(request, proof, wanted, token)
        except Refusal as refusal:  # written here and not at the edge, so that it too says how the caller stands
            event_id = await self.door.recorder.refuse(self.door.circumstances(request), refusal, EVENT)
            response = write_error(request, refusal, event_id)
        return response.with_headers(*limit_headers(standing, request.now_at)) if standing else response

    async def _checked(self, request: Request, user_name: str, password: str) -> _Proof:
        """Whoever's password this is, by the same counters as everywhere (AU-03). One that may only be changed makes no
        session."""
        where, org = self.door.circumstances(request), request.site.org
        proved = await self.door.transactions.password(org, user_name, password, where)
        user = proved.subject.user
        state = password_state(org.settings.password_rules, user, request.now_at)
        if state == "ended":
            mend = "The user changes the password first, by the Authentication API or the sign-in page."
            check = Check("password_age", passed=False, expected="a password in force", seen="expired", mend=mend)
            raise Refusal("credentials", _FAILED, Verdict((check,), rule="password"), user_id=user.id)
        return _Proof(user, proved.assurance, proved.events)

    async def _redeemed(self, request: Request, text: str) -> _Proof:
        """Whoever's sign-in the token carries. It is spent; one that will not do is answered like a wrong password."""
        where = self.door.circumstances(request)
        try:
            spent = await redeem(self.store, PresentedTicket(SESSION_BODY_SLOT, text), app_id=None, circumstances=where)
        except Refusal as refusal:
            raise Refusal(
                "credentials", _FAILED, refusal.verdict, user_id=refusal.user_id, credential_id=refusal.credential_id
            ) from None
        return _Proof(spent.subject.user, spent.assurance, origin=spent.credential.lineage_path)

    async def _create(self, request: Request, proof: _Proof, wanted: tuple[str, ...], token: Found | None) -> Json:
        """Session and tickets in one write, if the user is still who they were when they proved it."""
        where, user = self.door.circumstances(request), proof.user
        plan = plan_open(user, proof.assurance, org=request.site.org, circumstances=where, origin=proof.origin)
        waiting = WaitingSession(plan.bearer.id, plan.bearer.digest)
        tickets = {name: self._mint(request, proof, _FIELDS[name], waiting, token) for name in wanted}
        actor = token.credential.user_id if token else None
        made = [
            where.event("session.open", actor_id=actor, user_id=user.id, credential_id=plan.bearer.id),
            *(_minted(ticket, user, Change(where, actor or "")) for ticket in tickets.values()),
        ]
        commit = Commit(
            org_id=user.org_id,
            partition=partition_of(user.id),
            events=(*proof.events, *made),
            guard=Guard(user.id, user.stamp),
            credentials=(plan.credential, *(ticket.credential for ticket in tickets.values())),
        )
        written = await self.store.commit(commit)
        found = await self.store.find(user.org_id, plan.bearer.id, None, SESSION_KINDS) if written else None
        if found is None:
            check = Check("unchanged", passed=False, expected="the user as they signed in", seen="changed since")
            raise Refusal("credentials", _FAILED, Verdict((check,), rule="write_guard"), user_id=user.id)
        given = {name: _given(request, name, ticket) for name, ticket in tickets.items()}
        return Json(data={**await self._shape(request, found), **given})

    def _mint(
        self, request: Request, proof: _Proof, kind: TicketKind, waiting: WaitingSession, token: Found | None
    ) -> Minted:
        where = self.door.circumstances(request)
        return mint(
            kind,
            user=proof.user,
            assurance=proof.assurance,
            domain=where.domain,
            source=where.source,
            now_at=where.now_at,
            minted_by=token.credential.id if token else None,
            waiting=waiting,
        )

    async def _shape(self, request: Request, found: Found) -> dict[str, object]:
        session, user = found.credential, _subject(found).user
        subject = await self.store.subject(user.org_id, user.id, None) or _subject(found)
        return session_object(
            request,
            session,
            user,
            of=session.id,
            mfa=await has_factor(self.store, user),
            status=_status(request, found, subject),
        )


def _status(request: Request, found: Found, subject: Subject) -> str:
    """``MFA_REQUIRED`` where the org asks this user for more than was proved: the browser will be asked for it."""
    decision = decide_sign_on(
        SignOnQuestion(
            org=request.site.org,
            subject=subject,
            application=None,
            assurance=assurance_of(found),
            surroundings=Surroundings(request.address, request.device),
            now_at=request.now_at,
            began_at=request.now_at,
        )
    )
    return "MFA_REQUIRED" if decision.missing == "second_factor" else "ACTIVE"


def _subject(found: Found) -> Subject:
    if found.subject is None:
        raise ValueError("a session is always somebody's")
    return found.subject


def _minted(ticket: Minted, user: User, change: Change) -> Event:
    return change.event("ticket.mint", user_id=user.id, credential_id=ticket.bearer.id, kind=ticket.credential.kind)


def _given(request: Request, name: str, ticket: Minted) -> str:
    if name == "cookieTokenUrl":
        return f"{request.site.domain.base_url}{SESSION_IMAGE}?token={ticket.bearer.text}"
    return ticket.bearer.text


def _additional_fields(request: Request) -> tuple[str, ...]:
    """The tickets to make besides the session, each once."""
    given = request.query.get("additionalFields")
    names = tuple(dict.fromkeys(name.strip() for name in given.split(","))) if given else ()
    if not all(name in _FIELDS for name in names):
        raise ValidationFailed("additionalFields", "additionalFields", "additionalFields: cookieToken, cookieTokenUrl")
    return names


def _flag(request: Request, name: str, *, default: bool) -> bool:
    given = request.query.get(name)
    if given is None:
        return default
    if given not in ("true", "false"):
        raise ValidationFailed(name, name, f"{name}: true or false")
    return given == "true"
