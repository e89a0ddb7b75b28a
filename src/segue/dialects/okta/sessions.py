"""The browser's own session over the sessions API: looking at it and closing it, by its cookie alone."""

from dataclasses import dataclass
from typing import Final

from segue.core.assurance import PASSWORD
from segue.core.user import User
from segue.core.verdict import Check
from segue.dialects.okta.errors import ResourceNotFound, write_error
from segue.dialects.okta.names import LIMIT_API, SESSION_ME, SESSION_ME_REFRESH, USER_ME
from segue.dialects.okta.shapes import link, timestamp
from segue.signin.sessions import assurance_of
from segue.stores import Found
from segue.web.browser_session import browser_session, close_browser_session
from segue.web.frontchannel import FrontDoor
from segue.web.message import Empty, Json, Request, Response
from segue.web.surface import Route

EVENT: Final = "session.read"


@dataclass(frozen=True, slots=True)
class SessionMe:
    door: FrontDoor

    def routes(self) -> tuple[Route, ...]:
        look = Route(
            ("GET",), SESSION_ME, self.read, write_error, EVENT, cors="credentialed", idempotent=True, limit=LIMIT_API
        )
        close = Route(("DELETE",), SESSION_ME, self.close, write_error, EVENT, cors="credentialed", limit=LIMIT_API)
        return look, close

    async def read(self, request: Request) -> Response:
        """The session object. Looking does not extend it: a page that polls would keep it alive for ever."""
        session, user = await self._session(request)
        return Json(data=_session_object(request, session, user))

    async def close(self, request: Request) -> Response:
        """204; the session is over, with everything bound to it."""
        session, _ = await self._session(request)
        cookies = await close_browser_session(self.door, request, session, reason="closed")
        return Empty(status=204, cookies=cookies)

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


def _session_object(request: Request, session: Found, user: User) -> dict[str, object]:
    credential, assurance = session.credential, assurance_of(session)
    ends = [at for at in (credential.expires_at, credential.idle_expires_at) if at is not None]
    knowledge = max((proof.verified_at for proof in assurance.proofs if proof.factor == PASSWORD), default=None)
    others = max((proof.verified_at for proof in assurance.proofs if proof.factor != PASSWORD), default=None)
    base = request.site.domain.base_url
    return {
        "id": credential.id,
        "login": user.login,
        "userId": user.id,
        "expiresAt": timestamp(min(ends)),
        "createdAt": timestamp(credential.issued_at),
        "status": "ACTIVE",
        "lastPasswordVerification": None if knowledge is None else timestamp(knowledge),
        "lastFactorVerification": None if others is None else timestamp(others),
        "amr": list(assurance.amr),
        "idp": {"id": credential.org_id, "type": "OKTA"},
        "mfaActive": others is not None,
        "_links": {
            "self": link(f"{base}{SESSION_ME}", "GET", "DELETE"),
            "refresh": link(f"{base}{SESSION_ME_REFRESH}", "POST"),
            "user": {"name": user.display_name, **link(f"{base}{USER_ME}", "GET", "POST")},
        },
    }
