"""Starting an application from a link: sign in, then on to where the application begins.

For applications that take nothing from us but the visit: a bookmark, and an OpenID Connect client with an address at
which it starts its own sign-in (OIDC Core 4). SAML and WS-Federation applications start at their own front channels.
"""

from dataclasses import dataclass
from typing import Final

from segue.core.application import Application, AppLink
from segue.core.org import Domain
from segue.core.refusal import Refusal
from segue.core.url import add_query
from segue.core.verdict import Check, Verdict
from segue.handoff.redeem import PresentedTicket
from segue.signin.request import SignedIn, SignInRequest
from segue.web.error_page import error_page
from segue.web.frontchannel import Finished, FrontDoor
from segue.web.message import Redirect, Request, Response

CHANNEL: Final = "launch"
_NO_START: Final = "This application cannot be started from a link."


@dataclass(frozen=True, slots=True)
class Launch:
    """The front channel of such links."""

    door: FrontDoor

    @property
    def name(self) -> str:
        return CHANNEL

    async def start(
        self, request: Request, app: Application, link: AppLink | None, ticket: PresentedTicket | None
    ) -> Response:
        """Signs in to ``app`` and goes to where it starts. Raises Refusal ``no_start`` before anything is spent."""
        location = start_address(app, link, request.site.domain)
        if location is None:
            raise _no_start(app)
        wanted = self.door.sign_in_request(
            request, channel=CHANNEL, app=app, parameters={"location": location}, ticket=ticket
        )
        return await self.door.begin(request, wanted)

    async def finish(self, request: SignInRequest, signed_in: SignedIn) -> Finished:
        app_id = request.app.id if request.app else None
        event = request.circumstances.event("application.launch", user_id=signed_in.user.id, app_id=app_id)
        return Finished(Redirect(location=str(request.parameters["location"])), events=(event,))

    async def refuse(self, request: SignInRequest, refusal: Refusal, event_id: str) -> Response:
        return error_page(refusal, event_id)


def start_address(app: Application, link: AppLink | None, domain: Domain) -> str | None:
    """Where the application begins, from configuration alone (F3-02); None where it has no such place."""
    if app.bookmark is not None:
        return link.target if link is not None and link.target else app.bookmark.url
    if app.oidc is not None and app.oidc.initiate_login_uri:
        return add_query(app.oidc.initiate_login_uri, [("iss", domain.base_url)])
    return None


def _no_start(app: Application) -> Refusal:
    mend = "Give the application an address at which it starts its sign-in, or start it at its own page."
    check = Check("start_address", passed=False, expected="a bookmark or a login address", seen="none", mend=mend)
    return Refusal("no_start", _NO_START, Verdict((check,), rule="launch"), app_id=app.id)
