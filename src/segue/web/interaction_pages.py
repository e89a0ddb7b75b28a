"""The pages that resolve a waiting sign-in: the password, and "continue as …?".

Each works without JavaScript and posts to its own address. An application may show them in a pop-up window and wait for
the answer there, so they keep their opener (ED-06). A waiting request is bound to the browser that made it, so
another site can neither answer these pages nor plant its own account in them (OT-15).
"""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Final

from segue.core.refusal import Refusal
from segue.core.requirement import Missing
from segue.core.user import User
from segue.core.verdict import Check, Verdict
from segue.signin import interaction as interactions
from segue.signin.decide import decide
from segue.signin.interaction import Interaction
from segue.signin.request import Answer, Challenge, Proved, SignedIn, SignInRequest
from segue.web.browser_session import browser_session
from segue.web.cookies import read_known, write_known
from segue.web.enrollment_pages import ENROLL_CHANNEL, EnrollmentPages
from segue.web.error_page import STATUS, error_page
from segue.web.frontchannel import Finished, FrontDoor
from segue.web.message import Page, Redirect, Request, Response, Site
from segue.web.return_address import ReturnAddresses
from segue.web.second_factor_pages import STEP, Asking, SecondFactorPages
from segue.web.sign_in_limits import SignInLimits, check_standing

HOME_CHANNEL: Final = "home"
_LOCATION: Final = "location"

_EMPTY: Final = "Enter your user name and your password."
_CANCELLED: Final = "The sign-in was stopped in the browser."
_TITLES: Final = {
    "interaction_gone": "This page has expired",
    "not_found": "Nothing here",
    "access_denied": "No access",
    "rate_limited": "One moment",
    "busy": "One moment",
    "unavailable": "One moment",
    "internal": "Something went wrong",
}
_LONGEST_NAME_SHOWN: Final = 256


@dataclass(frozen=True, slots=True)
class InteractionPages:
    door: FrontDoor
    limits: SignInLimits
    second_factor: SecondFactorPages
    enrollment: EnrollmentPages

    async def show(self, request: Request, key: str) -> Response:
        """The page for what the waiting request ``key`` lacks. Raises Refusal ``interaction_gone``.

        A request that arrived without cookies (a form of another site) meets the session only here, and so does its
        ticket; it may turn out that nothing is lacking. It does not go on by itself where a ticket failed: that ticket
        may have been another user's.
        """
        waiting = await self.door.load(request, key)
        if waiting.confirm is not None and waiting.confirm.unmet:
            return await self.door.resume(request, waiting, waiting.confirm)
        if waiting.confirm is not None:
            return await self._confirm_page(request, waiting, waiting.confirm.subject.user)
        if waiting.reference:
            return _sign_in_page(waiting, missing=waiting.missing, user_name=waiting.login)
        answer = await decide(waiting.request, self.door.store, waiting.proved)
        if asking := await self._factors_of(request, waiting, answer):
            ways = self.second_factor.ways(asking) if _lacks_factor(answer) else ()
            return await (self.second_factor.show(asking, ways) if ways else self.enrollment.show(asking))
        if not isinstance(answer, Challenge):
            return await self.door.resume(request, waiting, waiting.proved)
        user_name = answer.user.login if answer.user else waiting.login
        return _sign_in_page(waiting, missing=answer.missing, user_name=user_name)

    async def submit(self, request: Request, key: str) -> Response:
        """Takes what the user entered or chose. Raises Refusal ``interaction_gone``, and PoolFull under a flood."""
        waiting = await self.door.load(request, key)
        if waiting.handed_over is not None and request.form.get("choice") == "cancel":
            response = await self._cancel(waiting, waiting.handed_over.subject.user)
        elif waiting.confirm is not None:
            response = await self._choice(request, waiting, waiting.confirm)
        elif request.form.get(STEP) is not None:
            response = await self._factor_step(request, waiting)
        else:
            response = await self._password(request, waiting)
        return see_other(response)

    async def _factor_step(self, request: Request, waiting: Interaction) -> Response:
        """An answer on one of the pages of factors; where none is wanted any more, the request goes on."""
        answer = await decide(waiting.request, self.door.store, waiting.proved)
        asking = await self._factors_of(request, waiting, answer)
        if asking is None:
            return await self.door.resume(request, waiting, waiting.proved)
        ways = self.second_factor.ways(asking) if _lacks_factor(answer) else ()
        return await (self.second_factor.submit(asking, ways) if ways else self.enrollment.submit(asking))

    async def _factors_of(self, request: Request, waiting: Interaction, answer: Answer) -> Asking | None:
        """The factors of the user, where one has to be proved, or where they came to set one up."""
        if isinstance(answer, Challenge) and answer.missing == "second_factor" and answer.user is not None:
            return await self.second_factor.asking(request, waiting, answer, answer.user)
        if isinstance(answer, SignedIn) and waiting.request.channel == ENROLL_CHANNEL and waiting.proved is None:
            signed_in = Challenge(None, user=answer.user, assurance=answer.assurance)
            return await self.second_factor.asking(request, waiting, signed_in, answer.user)
        return None

    async def _password(self, request: Request, waiting: Interaction) -> Response:
        # Phones add a space behind a name they complete; no user name has one. A password is taken as it is (AU-05).
        user_name = (request.form.get("username") or "").strip()[:_LONGEST_NAME_SHOWN]
        if waiting.handed_over is not None:  # whoever was handed over stays who they are (NW-06)
            user_name = waiting.handed_over.subject.user.login
        password = request.form.get("password") or ""
        if not user_name or not password:
            return _sign_in_page(waiting, missing=waiting.missing, user_name=user_name, error=_EMPTY, status=400)
        where = waiting.request.circumstances
        standing = await self.limits.take(request, user_name)
        try:
            check_standing(standing)
            proved = await self.door.transactions.password(
                waiting.request.org, user_name, password, where, browser=read_known(request)
            )
        except Refusal as refusal:
            event_id = await self.door.recorder.refuse(where, refusal, "sign_in.password")
            page = _sign_in_page(
                waiting,
                missing=waiting.missing,
                user_name=user_name,
                error=refusal.public,
                event_id=event_id,
                status=STATUS.get(refusal.reason, 401),
            )
            if standing is None or standing.allowed:
                return page
            return page.with_headers(("retry-after", str(standing.reset_s)))
        browser, cookie = write_known(request, where)
        await self.door.transactions.browsers.remember(proved.subject.user, browser)
        return (await self.door.resume(request, waiting, _grown(waiting, proved))).with_cookies(cookie)

    async def _choice(self, request: Request, waiting: Interaction, confirm: Proved) -> Response:
        match request.form.get("choice"):
            case "continue":
                return await self.door.resume(request, waiting, confirm)
            case "stay":
                return await self._cancel(waiting, confirm.subject.user)
        check = Check("choice", passed=False, expected="continue or stay", mend="Use the buttons of the page.")
        raise Refusal("malformed", "Choose one of the two buttons.", Verdict((check,), rule="confirm_page"))

    async def _cancel(self, waiting: Interaction, user: User) -> Response:
        """The application is told that the user said no; the ticket is spent already and signs nobody in."""
        wanted = waiting.request
        await interactions.spend(self.door.store, waiting)
        check = Check("confirmed", False, "continue", "stopped", "Start again and continue.")
        refusal = Refusal(
            "access_denied",
            _CANCELLED,
            Verdict((check,), rule="person_at_the_page"),
            user_id=user.id,
            app_id=wanted.app.id if wanted.app else None,
        )
        event_id = await self.door.recorder.refuse(wanted.circumstances, refusal, f"sign_in.{wanted.channel}")
        return await self.door.channel_of(wanted).refuse(wanted, refusal, event_id)

    async def _confirm_page(self, request: Request, waiting: Interaction, user: User) -> Page:
        session = await browser_session(self.door, request)
        signed_in = session.subject.user if session is not None and session.subject is not None else None
        return Page(
            template="confirm.html",
            context={
                "app_label": _app_label(waiting),
                "user": person(user),
                "signed_in": person(signed_in) if signed_in else None,
            },
            keeps_opener=True,
        )


@dataclass(frozen=True, slots=True)
class HomeChannel:
    """The way in for somebody who comes to sign in and to nothing in particular: on to an address of the org."""

    addresses: ReturnAddresses
    name: str = HOME_CHANNEL

    async def parameters(self, site: Site, location: str) -> Mapping[str, object]:
        """The parameters of a sign-in request that ends at ``location``. Raises Refusal ``return_address``."""
        return {_LOCATION: await self.addresses.absolute(site, location)}

    async def finish(self, request: SignInRequest, signed_in: SignedIn) -> Finished:
        """To the address, judged once more: it may have waited for half an hour (AU-12)."""
        site = Site(request.org, request.domain)
        location = await self.addresses.absolute(site, str(request.parameters[_LOCATION]))
        return Finished(Redirect(location=location))

    async def refuse(self, request: SignInRequest, refusal: Refusal, event_id: str) -> Response:
        """A page; but where the ticket met somebody else's session and that one stays, the person goes on as they
        are.
        """
        if refusal.reason == "session_kept":
            site = Site(request.org, request.domain)
            return Redirect(location=await self.addresses.absolute(site, str(request.parameters[_LOCATION])))
        return titled_error_page(refusal, event_id)


def _lacks_factor(answer: Answer) -> bool:
    """Whether a factor is missing; otherwise somebody came to set one up."""
    return isinstance(answer, Challenge)


def _grown(waiting: Interaction, proved: Proved) -> Proved:
    """A password proved once more by whoever was handed over adds to what they were handed over with."""
    before = waiting.handed_over
    if before is None:
        return proved
    return replace(before, assurance=before.assurance.merged(proved.assurance), events=proved.events)


def see_other(response: Response) -> Response:
    """The answer to a POST: no browser may send what was posted on to where it is redirected (OA-07)."""
    return replace(response, status=303) if isinstance(response, Redirect) else response


def person(user: User) -> dict[str, str]:
    """How pages name somebody."""
    return {"name": user.display_name, "login": user.login}


def titled_error_page(refusal: Refusal, event_id: str) -> Page:
    """The page that says no, under a title that fits the reason."""
    return error_page(refusal, event_id, title=_TITLES.get(refusal.reason, "This did not work"))


def _sign_in_page(
    waiting: Interaction,
    *,
    missing: Missing | None,
    user_name: str,
    error: str = "",
    event_id: str = "",
    status: int = 200,
) -> Page:
    return Page(
        status=status,
        template="sign_in.html",
        context={
            "app_label": _app_label(waiting),
            "again": missing == "fresh_sign_in",
            "user_name": user_name,
            "error": error,
            "event_id": event_id,
            "ticket_event_id": "" if error else waiting.reference,
            "pinned": person(waiting.handed_over.subject.user) if waiting.handed_over else None,
        },
        keeps_opener=True,
    )


def _app_label(waiting: Interaction) -> str:
    return waiting.request.app.label if waiting.request.app else ""
