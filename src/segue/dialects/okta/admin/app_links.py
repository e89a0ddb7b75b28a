"""The links that a user starts applications with: what a dashboard shows."""

from dataclasses import dataclass

from segue.core.application import Application, AppLink
from segue.core.user import User
from segue.core.verdict import Check
from segue.dialects.okta.admin.caller import administrator, user_named
from segue.dialects.okta.errors import ResourceNotFound, write_error
from segue.dialects.okta.names import HOME_LINK, LIMIT_API, USER_APP_LINKS, USER_ME_APP_LINKS
from segue.stores import Store
from segue.web.browser_session import browser_session
from segue.web.frontchannel import FrontDoor
from segue.web.message import Json, Request, Response
from segue.web.surface import Route

_EVENT = "users.app_links"


@dataclass(frozen=True, slots=True)
class AppLinks:
    door: FrontDoor
    store: Store

    def routes(self) -> tuple[Route, ...]:
        own = Route(
            ("GET",),
            USER_ME_APP_LINKS,
            self.of_me,
            write_error,
            _EVENT,
            cors="credentialed",
            idempotent=True,
            limit=LIMIT_API,
        )
        of_user = Route(("GET",), USER_APP_LINKS, self.of_user, write_error, _EVENT, idempotent=True, limit=LIMIT_API)
        return own, of_user

    async def of_me(self, request: Request) -> Response:
        """Of whoever is signed in in the browser that asks."""
        session = await browser_session(self.door, request, touch=False)
        if session is None or session.subject is None:
            check = Check("session_live", passed=False, expected="a live session", seen="none", mend="Sign in first.")
            raise ResourceNotFound("me", "User", check)
        return await self._answer(request, session.subject.user)

    async def of_user(self, request: Request) -> Response:
        change = await administrator(self.door, request, "users.read")
        return await self._answer(request, await user_named(self.store, request.path_params["user"], change))

    async def _answer(self, request: Request, user: User) -> Response:
        apps = await self.store.applications_of(user.org_id, user.id)
        links = [(app, link) for app in sorted(apps, key=lambda app: app.label.lower()) for link in app.links]
        return Json(data=[_shape(request, app, link, order) for order, (app, link) in enumerate(links)])


def _shape(request: Request, app: Application, link: AppLink, order: int) -> dict[str, object]:
    path = HOME_LINK.format(name=app.name, app=app.id, link=link.id)
    return {
        "id": link.id,
        "label": link.label,
        "linkUrl": f"{request.site.domain.base_url}{path}",
        "logoUrl": "",
        "appName": app.name,
        "appInstanceId": app.id,
        "appAssignmentId": app.id,
        "credentialsSetup": False,
        "hidden": False,
        "sortOrder": order,
    }
