"""What people see of their own account: the applications they may start, and the factors they sign in with.

Changing factors takes a sign-in of a moment ago, with a second factor where they have one: whoever finds a browser that
was left open must not be able to make it their own (AU-13).
"""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Final

from segue.core.application import Application, AppLink
from segue.core.refusal import Refusal
from segue.core.requirement import Requirement, missing
from segue.core.user import User
from segue.core.verdict import Check, Verdict
from segue.signin.factors.factor import FactorContext
from segue.signin.factors.recovery_code import LOW
from segue.signin.request import Challenge
from segue.signin.second_factor import SecondFactors
from segue.signin.sessions import assurance_of
from segue.stores import Found
from segue.web.browser_session import FORM_TOKEN, browser_session, check_form_token, form_token
from segue.web.enrollment_pages import ENROLL_CHANNEL, FRESH_MS
from segue.web.factor_words import way
from segue.web.frontchannel import FrontDoor
from segue.web.interaction_pages import HOME_CHANNEL, HomeChannel
from segue.web.message import Page, Redirect, Request, Response

StartPath = Callable[[Application, AppLink], str]
"""The path at which a link of an application starts it."""

_NO_SUCH: Final = "You have no such factor."


@dataclass(frozen=True, slots=True)
class AccountPages:
    """``home_path`` is the address of somebody's own page, ``factors_path`` that of their factors."""

    door: FrontDoor
    second_factors: SecondFactors
    home_channel: HomeChannel
    start_path: StartPath
    home_path: str
    factors_path: str

    @property
    def add_path(self) -> str:
        return f"{self.factors_path}/add"

    def remove_path(self, factor_id: str) -> str:
        return f"{self.factors_path}/{factor_id}/remove"

    async def overview(self, request: Request, user: User) -> dict[str, object]:
        """What the start page shows of somebody's account."""
        context = await self._context(request, user)
        usable = self.second_factors.factors.usable(context.org, context.enrollments)
        active = [one for one in context.enrollments if one.active]
        factors = [
            {
                **way(one, context.enrollments),
                "remove": self.remove_path(one.id),
                "works": one in usable,
                "low": one.type == "recovery_code" and int(one.profile.get("remaining", "0")) <= LOW,
            }
            for one in active
        ]
        can_add = bool(self.second_factors.offered(context))
        return {"apps": await self._apps(user), "factors": factors, "add_factor": self.add_path if can_add else ""}

    async def add(self, request: Request) -> Response:
        """To the pages on which a factor is set up."""
        session = await self._session(request)
        if session is None or session.subject is None:
            return await self._sign_in(request, Requirement())
        user = session.subject.user
        context = await self._context(request, user)
        if stronger := await self._stronger(request, session, context):
            return stronger
        requirement = Requirement(factors=self.second_factors.strength(context))
        wanted = self.door.sign_in_request(
            request, channel=ENROLL_CHANNEL, app=None, parameters={}, requirement=requirement
        )
        return await self.door.ask(request, wanted, Challenge(None, user=user))

    async def remove(self, request: Request) -> Response:
        """Asks whether a factor shall go, and removes it. Raises Refusal ``not_found``, ``form_token``."""
        session = await self._session(request)
        if session is None or session.subject is None:
            return await self._sign_in(request, Requirement())
        context = await self._context(request, session.subject.user)
        factor_id = request.path_params["factor"]
        enrollment = next((one for one in context.enrollments if one.id == factor_id and one.active), None)
        if enrollment is None:
            check = Check("factor_known", passed=False, expected="one of the user's factors", seen=factor_id[:40])
            raise Refusal("not_found", _NO_SUCH, Verdict((check,), rule="factor"), user_id=context.user.id)
        if stronger := await self._stronger(request, session, context):
            return stronger
        if request.method == "POST":
            check_form_token(self.door, request)
            await self.second_factors.remove(context, factor_id)
            return Redirect(location=f"{request.site.domain.base_url}{self.home_path}", status=303)
        page = {
            "way": way(enrollment, context.enrollments),
            "fields": ((FORM_TOKEN, form_token(self.door, request)),),
            "home_path": self.home_path,
        }
        return Page(template="factor_remove.html", context=page)

    async def _stronger(self, request: Request, session: Found, context: FactorContext) -> Response | None:
        """The way to the sign-in that changing factors takes, and back here; None where it was just made."""
        requirement = Requirement(
            factors=self.second_factors.strength(context), fresh_after_at=request.now_at - FRESH_MS
        )
        if missing(requirement, assurance_of(session), request.now_at) is None:
            return None
        return await self._sign_in(request, requirement)

    async def _sign_in(self, request: Request, requirement: Requirement) -> Response:
        parameters = await self.home_channel.parameters(request.site, request.path)
        wanted = self.door.sign_in_request(
            request, channel=HOME_CHANNEL, app=None, parameters=parameters, requirement=requirement
        )
        return await self.door.begin(request, wanted)

    async def _session(self, request: Request) -> Found | None:
        return await browser_session(self.door, request)

    async def _context(self, request: Request, user: User) -> FactorContext:
        site, where = request.site, self.door.circumstances(request)
        return await self.second_factors.context(site.org, site.domain, user, where, "")

    async def _apps(self, user: User) -> list[dict[str, str]]:
        """The links of all applications of somebody; one without a link is started at its own page."""
        apps = sorted(await self.door.store.applications_of(user.org_id, user.id), key=lambda app: app.label.casefold())
        return [tile for app in apps for tile in self._tiles(app)]

    def _tiles(self, app: Application) -> list[dict[str, str]]:
        several = len(app.links) > 1
        return [
            {
                "label": link.label or app.label,
                "detail": app.label if several and link.label != app.label else "",
                "address": self.start_path(app, link),
            }
            for link in app.links
        ]
