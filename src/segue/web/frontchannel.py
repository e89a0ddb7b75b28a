"""The one dispatcher. Every way to sign in to something goes: begin → decide → finish, or begin → page → resume.

A front channel (OIDC authorize, SAML sign-on, a link) turns HTTP into a SignInRequest and an answer back into its
protocol. It never opens a session itself, and steps never call each other: each returns to this module.
"""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Protocol

from segue.core.application import Application, WhenOtherUser
from segue.core.clock import Source
from segue.core.credential import NewCredential, Participation
from segue.core.refusal import Refusal
from segue.core.requirement import Requirement
from segue.core.secret import partition_of
from segue.core.user import User
from segue.core.verdict import Check, Verdict
from segue.events import Circumstances, Event
from segue.handoff.redeem import PresentedTicket
from segue.handoff.signed import read_signed
from segue.signin import interaction as interactions
from segue.signin.decide import decide
from segue.signin.interaction import Interaction
from segue.signin.pending_factor import PendingFactor
from segue.signin.request import Answer, Challenge, Proved, Refused, SignedIn, SignInRequest
from segue.signin.sessions import (
    AdoptSession,
    BorrowSession,
    KeepSession,
    Opening,
    OpenSession,
    RenewSession,
    end_session,
    open_session,
)
from segue.signin.transaction import Transactions
from segue.stores import Commit, ConfigStore, FactorStep, Guard, SignInStore
from segue.web.asked_first import asks_first, question
from segue.web.cookies import SessionCookies, read_browser, read_device, write_browser, write_device
from segue.web.message import Redirect, Request, Response, SetCookie
from segue.web.recorder import Recorder
from segue.web.refused_page import without_ticket

_REPLAYED = "This code was used already. Wait for the next one."
_CHANGED = "Something changed while you were being signed in. Try again."


@dataclass(frozen=True, slots=True)
class Finished:
    """A front channel's answer, and what has to be written before it may leave."""

    response: Response
    credentials: tuple[NewCredential, ...] = ()
    participations: tuple[Participation, ...] = ()
    events: tuple[Event, ...] = ()


class FrontChannel(Protocol):
    """One protocol's way in. ``request.parameters`` holds what its parser put there."""

    @property
    def name(self) -> str: ...

    async def finish(self, request: SignInRequest, signed_in: SignedIn) -> Finished:
        """The answer for somebody who is signed in; may raise Refusal."""
        ...

    async def refuse(self, request: SignInRequest, refusal: Refusal, event_id: str) -> Response:
        """The protocol's way to say no."""
        ...


@dataclass(frozen=True, slots=True)
class FrontDoor:
    """Holds what the dispatcher needs; one instance serves a process. ``channels`` is filled by ``app``."""

    config: ConfigStore
    store: SignInStore
    recorder: Recorder
    transactions: Transactions
    source: Source
    #: By dialect, then by name: two dialects may both have one of a name.
    channels: Mapping[str, Mapping[str, FrontChannel]]
    cookies: Mapping[str, SessionCookies]
    sign_in_pages: Mapping[str, "SignInPage"]

    def channel_of(self, wanted: SignInRequest) -> FrontChannel:
        return self.channels[wanted.domain.dialect][wanted.channel]

    def circumstances(self, request: Request) -> Circumstances:
        return request.circumstances(self.source)

    def sign_in_request(
        self,
        request: Request,
        *,
        channel: str,
        app: Application | None,
        parameters: Mapping[str, object],
        requirement: Requirement | None = None,
        passive: bool = False,
        login_hint: str = "",
        ticket: PresentedTicket | None = None,
        when_other_user: WhenOtherUser | None = None,
    ) -> SignInRequest:
        """A sign-in request with what every front channel takes from HTTP in the same way."""
        session_cookie = self._cookies(request).read(request)
        return SignInRequest(
            channel=channel,
            org=request.site.org,
            domain=request.site.domain,
            circumstances=self.circumstances(request),
            app=app,
            parameters=parameters,
            requirement=requirement or Requirement(),
            passive=passive,
            login_hint=login_hint,
            ticket=ticket,
            session_cookie=session_cookie,
            session_withheld=session_cookie is None and _cookies_withheld(request),
            device=read_device(request, self._cookies(request)),
            when_other_user=when_other_user,
        )

    async def begin(self, request: Request, wanted: SignInRequest) -> Response:
        """Answers a checked request of a front channel."""
        if asks_first(request, wanted):
            return question(request, wanted)
        ticket = wanted.ticket
        if ticket is not None and ticket.slot.signed:
            try:
                verified = await read_signed(self.config, ticket, app=wanted.app, where=wanted.circumstances)
            except Refusal as refusal:
                return await self._answer(request, wanted, Refused(refusal))
            wanted = replace(wanted, ticket=verified)
        return await self._answer(request, wanted, await decide(wanted, self.store))

    async def load(self, request: Request, key: str) -> Interaction:
        """The waiting request that ``key`` names. Raises Refusal ``interaction_gone``."""
        return await interactions.load(
            self.store,
            self.config,
            key,
            org=request.site.org,
            domain=request.site.domain,
            circumstances=self.circumstances(request),
            browser=read_browser(request),
            session_cookie=self._cookies(request).read(request),
            device=read_device(request, self._cookies(request)),
        )

    async def resume(self, request: Request, waiting: Interaction, proved: Proved | None = None) -> Response:
        """Goes on with a waiting request, after the user proved or confirmed something, or with the session alone.

        Raises Refusal ``factor_replayed`` where another request used the same answer of a factor first; the waiting
        request is spent then.
        """
        answer = await decide(waiting.request, self.store, proved)
        if proved is None and isinstance(answer, Challenge):
            return self._to_page(request, waiting.bearer.text)
        await interactions.spend(self.store, waiting)
        if proved is not None and proved.factor_step is not None and not isinstance(answer, SignedIn):
            await self._record_step(waiting.request, proved.subject.user, proved.factor_step)
        return await self._answer(request, waiting.request, answer)

    async def ask(
        self, request: Request, wanted: SignInRequest, challenge: Challenge, *, pending: PendingFactor | None = None
    ) -> Redirect:
        """Parks a request and sends the browser to the page that asks for what ``challenge`` names."""
        key, cookie = await self.park(request, wanted, challenge, pending=pending)
        return self._to_page(request, key).with_cookies(cookie)

    async def park(
        self,
        request: Request,
        wanted: SignInRequest,
        challenge: Challenge,
        *,
        reference: str = "",
        pending: PendingFactor | None = None,
    ) -> tuple[str, SetCookie]:
        """Parks a request for this browser; answers its key, and the cookie that the answer has to carry."""
        browser, cookie = write_browser(request, wanted.circumstances)
        bearer = await interactions.park(
            self.store, wanted, challenge, browser=browser, reference=reference, pending=pending
        )
        return bearer.text, cookie

    def page_location(self, request: Request, key: str) -> str:
        """The path and query of the page that resolves the waiting request of that key."""
        return self.sign_in_pages[request.site.domain.dialect](key)

    async def _answer(self, request: Request, wanted: SignInRequest, answer: Answer) -> Response:
        match answer:
            case SignedIn():
                return await self._finish(request, wanted, answer)
            case Challenge():
                return await self._challenge(request, wanted, answer)
            case Refused(refusal=refusal):
                return await self._refuse(request, wanted, refusal)

    async def _finish(self, request: Request, wanted: SignInRequest, signed_in: SignedIn) -> Response:
        channel = self.channel_of(wanted)
        try:
            finished = await channel.finish(wanted, signed_in)
        except Refusal as refusal:
            if signed_in.factor_step is not None:
                await self._record_step(wanted, signed_in.user, signed_in.factor_step)
            return await self._refuse(request, wanted, refusal)
        if not await self._write(wanted, signed_in, finished):
            if signed_in.factor_step is not None:
                await self._check_unused(wanted, signed_in.factor_step)
            return await self._refuse(request, wanted, _changed(wanted, signed_in))
        response = await self._remembered(request, wanted, signed_in, finished.response)
        match signed_in.session:
            case OpenSession(bearer=bearer) | RenewSession(bearer=bearer) | AdoptSession(bearer=bearer):
                cookies = self._cookies(request).write(bearer, wanted.org, wanted.domain)
                return response.with_cookies(*cookies)
            case KeepSession() | BorrowSession():
                return response

    async def _write(self, wanted: SignInRequest, signed_in: SignedIn, finished: Finished) -> bool:
        plan, where = signed_in.session, wanted.circumstances
        opened: tuple[Event, ...] = ()
        if isinstance(plan, OpenSession | AdoptSession):
            opened = (where.event("session.open", user_id=signed_in.user.id, credential_id=plan.bearer.id),)
        if isinstance(plan, OpenSession | AdoptSession) and plan.ends is not None:
            await end_session(self.store, plan.ends, reason="replaced", circumstances=where)
        app = wanted.app
        guard = Guard(
            user_id=signed_in.user.id,
            user_stamp=signed_in.user.stamp,
            app_id=app.id if app else None,
            assigned=app is not None and not app.everyone,
            live_ids=signed_in.live_ids,
        )
        opening = Opening(
            plan=plan,
            guard=guard,
            events=(*signed_in.events, *opened, *finished.events),
            credentials=finished.credentials,
            participations=finished.participations,
            factor_step=signed_in.factor_step,
        )
        return await open_session(self.store, wanted.org.id, opening)

    async def _record_step(self, wanted: SignInRequest, user: User, step: FactorStep) -> None:
        """A right answer that led to no session is used up all the same (AU-08)."""
        where = wanted.circumstances
        event = where.event("factor.verify", user_id=step.user_id, detail={"factor": step.factor_id})
        guard = Guard(user.id, user.stamp)
        commit = Commit(wanted.org.id, partition_of(user.id), (event,), guard, factor_step=step)
        if not await self.store.commit(commit):
            raise _replayed(step)

    async def _check_unused(self, wanted: SignInRequest, step: FactorStep) -> None:
        """Whether it was the factor's step that kept a sign-in from being written."""
        for factor in await self.store.factors(wanted.org.id, step.user_id):
            if factor.id == step.factor_id and (step.step is None or factor.last_step < step.step):
                return
        raise _replayed(step)

    async def _remembered(
        self, request: Request, wanted: SignInRequest, signed_in: SignedIn, response: Response
    ) -> Response:
        life_ms = wanted.org.settings.remember_device_s * 1000
        if not signed_in.remember or not life_ms:
            return response
        secret, cookies = write_device(request, self._cookies(request), wanted.circumstances)
        await self.store.remember_device(wanted.org.id, signed_in.user.id, secret, life_ms=life_ms)
        return response.with_cookies(*cookies)

    async def _challenge(self, request: Request, wanted: SignInRequest, challenge: Challenge) -> Response:
        reference = ""
        if challenge.refusal is not None:
            reference = await self.recorder.refuse(wanted.circumstances, challenge.refusal, "ticket.redeem")
        browser, cookie = write_browser(request, wanted.circumstances)
        key = await interactions.park(self.store, wanted, challenge, browser=browser, reference=reference)
        page = self._to_page(request, key.text).with_cookies(cookie)
        if challenge.ends is None:
            return page
        await end_session(self.store, challenge.ends, reason="another_user", circumstances=wanted.circumstances)
        return page.with_cookies(*self._cookies(request).clear(wanted.org, wanted.domain))

    async def _refuse(self, request: Request, wanted: SignInRequest, refusal: Refusal) -> Response:
        event_id = await self.recorder.refuse(wanted.circumstances, refusal, f"sign_in.{wanted.channel}")
        answer = await self.channel_of(wanted).refuse(wanted, refusal, event_id)
        return without_ticket(request, wanted, answer)

    def _to_page(self, request: Request, key: str) -> Redirect:
        location = self.page_location(request, key)
        # 303: a POST that starts a sign-in must become a GET of the page (OA-07).
        return Redirect(
            location=f"{request.site.domain.base_url}{location}", status=303 if request.method == "POST" else 302
        )

    def _cookies(self, request: Request) -> SessionCookies:
        return self.cookies[request.site.domain.dialect]


class SignInPage(Protocol):
    """The path and query of a dialect's page that resolves the waiting request of that key."""

    def __call__(self, key: str, /) -> str: ...


def _cookies_withheld(request: Request) -> bool:
    """Whether the browser sends a form of another site, to which it adds no Lax cookies. A browser that does not say
    what kind of request it makes names at least the origin of a form; whatever names neither is no browser."""
    if request.method != "POST":
        return False
    site = request.headers.get("sec-fetch-site")
    if site is not None:
        return site == "cross-site"
    return request.headers.get("origin") not in (None, request.site.domain.base_url)


def _replayed(step: FactorStep) -> Refusal:
    check = Check("factor_replayed", False, "an answer that is new", f"step {step.step}", "Wait for the next code.")
    return Refusal("factor_replayed", _REPLAYED, Verdict((check,), rule="factor"), user_id=step.user_id)


def _changed(wanted: SignInRequest, signed_in: SignedIn) -> Refusal:
    check = Check(
        "unchanged_since_decision",
        passed=False,
        expected="the same user stamp, assignment and live credentials",
        seen="one of them changed",
        mend="Try again; look for an event about the user, the application or the session just before this one.",
    )
    return Refusal(
        "changed_meanwhile",
        _CHANGED,
        Verdict((check,), rule="write_guard"),
        user_id=signed_in.user.id,
        app_id=wanted.app.id if wanted.app else None,
    )
