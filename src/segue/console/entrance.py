"""Who may enter the console, and the way in: the hosted sign-in of the domain, for users with a role.

Coming in takes a sign-in of a moment ago; after that the browser is known for half an hour of rest, as long as it stays
at its address (CO-03). What could hand the org over to somebody (keys, tokens, roles, secrets) takes a fresh sign-in
each time. Whoever has a second factor proves it here.
"""

import hmac
from collections.abc import Awaitable, Callable, Collection, Mapping
from dataclasses import dataclass
from typing import Final, Protocol

from segue.admin.actor import Actor
from segue.admin.change import Change
from segue.console import paths
from segue.console.forms import Form, failed
from segue.console.seals import Seals
from segue.console.visit import Done, Visit
from segue.core.refusal import Refusal
from segue.core.requirement import Requirement, missing
from segue.core.user import User
from segue.core.verdict import Check, Verdict
from segue.signin.request import SignedIn, SignInRequest
from segue.signin.second_factor import SecondFactors
from segue.signin.sessions import assurance_of
from segue.stores import Found, Store
from segue.web.browser_session import browser_session, check_form_token, form_token
from segue.web.error_page import STATUS
from segue.web.frontchannel import Finished, FrontDoor
from segue.web.message import Page, Redirect, Request, Response
from segue.web.surface import Route

CHANNEL: Final = "console"
"""The front channel of somebody who signs in to the console."""

FRESH_MS: Final = 5 * 60_000
_EVENT: Final = "console.request"
_CHANGE_EVENT: Final = "console.change"
_LOCATION: Final = "location"
# What a person mends in the form that they have before them; everything else is a page of its own.
_MENDABLE: Final = frozenset(
    {
        "invalid_value",
        "already_exists",
        "changed_meanwhile",
        "wrong_status",
        "not_locked",
        "already_active",
        "by_rule",
        "rule_active",
    }
)
_TITLES: Final[Mapping[str, str]] = {
    "forbidden": "Not for your role",
    "no_role": "The console is not for this account",
    "not_found": "Nothing here",
    "form_token": "This page is out of date",
    "foreign_form": "This did not come from the console",
    "internal": "Something went wrong",
    "unavailable": "One moment",
}

Show = Callable[[Visit], Awaitable[Response]]
Submit = Callable[[Visit], Awaitable[Done]]


class FindActor(Protocol):
    """Who a user is to administration: None where they have no role."""

    async def __call__(self, store: Store, org_id: str, user_id: str, /) -> Actor | None: ...


@dataclass(frozen=True, slots=True)
class Entrance:
    """Makes routes of handlers that need a visit."""

    door: FrontDoor
    store: Store
    seals: Seals
    second_factors: SecondFactors
    find_actor: FindActor

    def shows(self, path: str, show: Show, permission: str = "", *, fresh: bool = False) -> Route:
        """A page to look at."""

        async def handle(request: Request) -> Response:
            visit = await self._enter(request, permission, fresh=fresh)
            return self._sealed(visit, await show(visit)) if isinstance(visit, Visit) else visit

        return Route(("GET",), path, handle, refuse, _EVENT, idempotent=True)

    def changes(
        self,
        path: str,
        show: Show,
        submit: Submit,
        permission: str,
        *,
        fresh: bool = False,
        fields: Mapping[str, str] | None = None,
        buttons: Collection[str] = (),
    ) -> Route:
        """What a form posts to. A value that will not do brings back the page that ``show`` makes, with what was typed;
        ``fields`` are names of the form by the names that administration has for them. ``buttons`` are what ``do`` says
        of forms that are a button alone: nothing was typed there."""

        async def handle(request: Request) -> Response:
            visit = await self._enter(request, permission, fresh=fresh)
            return await self._change(visit, show, submit, fields or {}, buttons) if isinstance(visit, Visit) else visit

        return Route(("POST",), path, handle, refuse, _CHANGE_EVENT, body="form")

    async def _change(
        self, visit: Visit, show: Show, submit: Submit, fields: Mapping[str, str], buttons: Collection[str]
    ) -> Response:
        try:
            made = await submit(visit)
        except Refusal as refusal:
            if refusal.reason not in _MENDABLE:
                raise
            event_id = await self.door.recorder.refuse(visit.change.circumstances, refusal, _CHANGE_EVENT)
            form = failed(visit.posted, refusal, event_id, fields)
            if visit.posted.get("do") in buttons:
                form = Form(message=form.message, event_id=form.event_id)
            return self._sealed(visit, await show(visit.with_form(form)))
        told = self.seals.keep(visit.request, visit.session, made.notice)
        return made.response(visit, told, *self.seals.presence(visit.request, visit.session))

    def _sealed(self, visit: Visit, response: Response) -> Response:
        forgotten = self.seals.forget(visit.request)
        return response.with_cookies(*self.seals.presence(visit.request, visit.session), *forgotten)

    async def _enter(self, request: Request, permission: str, *, fresh: bool) -> Visit | Response:
        """The visit, or the way to the sign-in that it takes. Raises Refusal."""
        session = await browser_session(self.door, request)
        if session is None or session.subject is None:
            return await self._sign_in(request, Requirement())
        user = session.subject.user
        if request.method == "POST":
            check_ours(request)
            check_form_token(self.door, request)
        actor = await self.find_actor(self.store, user.org_id, user.id)
        if actor is None:
            raise _no_role(user)
        if stronger := await self._stronger(request, session, user, fresh=fresh):
            return stronger
        if permission:
            actor.require(permission)
        return Visit(
            request=request,
            user=user,
            actor=actor,
            change=Change(self.door.circumstances(request), actor.id, actor),
            session=session,
            token=form_token(self.door, request),
            notice=self.seals.notice(request, session) if request.method == "GET" else None,
        )

    async def _stronger(self, request: Request, session: Found, user: User, *, fresh: bool) -> Response | None:
        if not fresh and self.seals.is_present(request, session):
            return None
        site, where = request.site, self.door.circumstances(request)
        context = await self.second_factors.context(site.org, site.domain, user, where, "")
        requirement = Requirement(
            factors=self.second_factors.strength(context), fresh_after_at=request.now_at - FRESH_MS
        )
        if missing(requirement, assurance_of(session), request.now_at) is None:
            return None
        return await self._sign_in(request, requirement)

    async def _sign_in(self, request: Request, requirement: Requirement) -> Response:
        query = f"?{request.query.encode()}" if request.method == "GET" and len(request.query) else ""
        wanted = self.door.sign_in_request(
            request,
            channel=CHANNEL,
            app=None,
            parameters={_LOCATION: f"{request.path}{query}"},
            requirement=requirement,
        )
        return await self.door.begin(request, wanted)


@dataclass(frozen=True, slots=True)
class ConsoleChannel:
    """The front channel behind the console's own sign-in: it ends at the page that was asked for."""

    name: str = CHANNEL

    async def finish(self, request: SignInRequest, signed_in: SignedIn) -> Finished:
        location = str(request.parameters[_LOCATION])
        within = location == paths.HOME or location.startswith((f"{paths.HOME}/", f"{paths.HOME}?"))
        return Finished(Redirect(location=f"{request.domain.base_url}{location if within else paths.HOME}"))

    async def refuse(self, request: SignInRequest, refusal: Refusal, event_id: str) -> Response:
        return refusal_page(refusal, event_id)


def check_ours(request: Request) -> None:
    """Raises Refusal ``foreign_form`` where the browser says that another site sent the form (MG-07)."""
    site, origin = request.headers.get("sec-fetch-site"), request.headers.get("origin")
    ours = request.site.domain.base_url
    same = origin is None or hmac.compare_digest(origin.encode(), ours.encode())
    if site in (None, "same-origin") and same:
        return
    check = Check(
        "same_origin",
        passed=False,
        expected=ours,
        seen=f"{site or ''} {origin or ''}".strip()[:200],
        mend="Open the console itself and use its form.",
    )
    raise Refusal("foreign_form", "The form was sent by another site. Nothing was changed.", Verdict((check,), "form"))


def refuse(_request: Request, refusal: Refusal, event_id: str) -> Response:
    return refusal_page(refusal, event_id)


def refusal_page(refusal: Refusal, event_id: str) -> Page:
    """The page that says no: what happened, and the event that explains it."""
    status = 403 if refusal.reason in ("no_role", "form_token", "foreign_form") else STATUS.get(refusal.reason, 400)
    context = {
        "title": _TITLES.get(refusal.reason, "This did not work"),
        "message": refusal.public,
        "reason": refusal.reason,
        "event_id": event_id,
        "home": "/" if refusal.reason == "no_role" else paths.HOME,
    }
    return Page(template="console/refused.html", status=status, stays_here=True, context=context)


def _no_role(user: User) -> Refusal:
    check = Check(
        "role",
        passed=False,
        expected="owner, support or auditor",
        seen="no role",
        mend="Have an owner of the org give this user a role.",
    )
    text = "Your account has no role in this organisation's administration. Ask one of its owners for a role."
    return Refusal("no_role", text, Verdict((check,), rule="console"), user_id=user.id)
