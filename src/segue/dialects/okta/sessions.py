"""The browser's own session over the sessions API: looking at it, extending it and closing it, by its cookie alone."""

from dataclasses import dataclass
from typing import Final

from segue.core.user import User
from segue.core.verdict import Check
from segue.dialects.okta.errors import ResourceNotFound, write_error
from segue.dialects.okta.names import LIMIT_API, SESSION_ME, SESSION_ME_REFRESH
from segue.dialects.okta.session_shape import has_factor, session_object
from segue.stores import Found
from segue.web.browser_session import browser_session, close_browser_session
from segue.web.frontchannel import FrontDoor
from segue.web.message import Empty, Json, Request, Response
from segue.web.surface import Handler, Route

EVENT: Final = "session.read"
MINIMAL: Final = "return=minimal"


@dataclass(frozen=True, slots=True)
class SessionMe:
    door: FrontDoor

    def routes(self) -> tuple[Route, ...]:
        def route(method: str, path: str, handler: Handler) -> Route:
            return Route(
                (method,),
                path,
                handler,
                write_error,
                EVENT,
                cors="credentialed",
                idempotent=method == "GET",
                limit=LIMIT_API,
            )

        return (
            route("GET", SESSION_ME, self.read),
            route("PUT", SESSION_ME, self.refresh),
            route("DELETE", SESSION_ME, self.close),
            route("POST", SESSION_ME_REFRESH, self.refresh),
        )

    async def read(self, request: Request) -> Response:
        """The session object. Looking does not extend it: a page that polls would keep it alive for ever."""
        session, user = await self._session(request)
        return Json(data=await self._shape(request, session, user))

    async def refresh(self, request: Request) -> Response:
        """Extends the session by its idle time; the object, or 204 where the caller prefers no body (RFC 7240)."""
        session, _ = await self._session(request)
        org = request.site.org
        await self.door.store.touch_session(org.id, session.credential.id, idle_ms=org.settings.session_idle_s * 1000)
        session, user = await self._session(request)
        if _prefers_minimal(request):
            return Empty(status=204).with_headers(("preference-applied", MINIMAL))
        return Json(data=await self._shape(request, session, user))

    async def close(self, request: Request) -> Response:
        """204; the session is over, with everything bound to it."""
        session, _ = await self._session(request)
        cookies = await close_browser_session(self.door, request, session, reason="closed")
        return Empty(status=204, cookies=cookies)

    async def _shape(self, request: Request, session: Found, user: User) -> dict[str, object]:
        return session_object(request, session.credential, user, of="me", mfa=await has_factor(self.door.store, user))

    async def _session(self, request: Request) -> tuple[Found, User]:
        session = await browser_session(self.door, request, touch=False)
        if session is None or session.subject is None:
            check = Check(
                "session_live",
                passed=False,
                expected="the cookie of a live session of this domain",
                seen="none",
                mend="Sign in first, and send the request with credentials.",
            )
            raise ResourceNotFound("me", "Session", check)
        return session, session.subject.user


def _prefers_minimal(request: Request) -> bool:
    wishes = request.headers.get("prefer", "").lower().replace(" ", "").replace('"', "").split(",")
    return MINIMAL in wishes
