"""The pages people see: the sign-in page, their own page, signing out, and what starts an application."""

from dataclasses import dataclass
from typing import Final

from segue.core.application import Application, AppLink
from segue.core.refusal import Refusal
from segue.core.url import registered_redirect
from segue.core.verdict import Check, Verdict
from segue.dialects.auth0.errors import ResourceNotFound, write_error, write_page
from segue.dialects.auth0.federation import Federation
from segue.dialects.auth0.names import (
    CLIENT_ID,
    HOME,
    LIMIT_PAGE,
    LOGIN,
    LOGOUT,
    RESUME,
    RETURN_TO,
    SIGN_OUT,
    START,
    STATE,
)
from segue.web.asked_first import CONTINUE_PATH, go_on
from segue.web.frontchannel import FrontDoor
from segue.web.interaction_pages import HOME_CHANNEL, HomeChannel, InteractionPages, see_other
from segue.web.launch import Launch
from segue.web.message import Document, Page, Request, Response
from segue.web.refused_page import REFUSED_PATH, refused_page
from segue.web.return_address import ReturnAddresses
from segue.web.session_pages import SessionPages
from segue.web.static_files import STYLE_SHEET, style_sheet
from segue.web.surface import Body, Handler, Route

SIGN_IN_EVENT: Final = "sign_in.page"
FACTOR_EVENT: Final = "factor.page"
_NOT_LISTED: Final = "The address to go on to is not listed for this application."


@dataclass(frozen=True, slots=True)
class Pages:
    door: FrontDoor
    interactions: InteractionPages
    sessions: SessionPages
    home_channel: HomeChannel
    addresses: ReturnAddresses
    launch: Launch
    federation: Federation

    def routes(self) -> tuple[Route, ...]:
        def page(methods: tuple[str, ...], path: str, handler: Handler, event: str, *, idempotent: bool) -> Route:
            body: Body = "form" if "POST" in methods else "none"
            return Route(
                methods,
                path,
                handler,
                write_page,
                event,
                body=body,
                idempotent=idempotent,
                document=True,
                limit=LIMIT_PAGE,
            )

        account = self.sessions.account
        return (
            page(("GET",), LOGIN, self.sign_in, SIGN_IN_EVENT, idempotent=False),
            page(("POST",), LOGIN, self.submit, SIGN_IN_EVENT, idempotent=False),
            page(("GET",), RESUME, self.resume, SIGN_IN_EVENT, idempotent=False),
            page(("GET",), REFUSED_PATH, refused_page, SIGN_IN_EVENT, idempotent=True),
            page(("POST",), CONTINUE_PATH, go_on, SIGN_IN_EVENT, idempotent=False),
            page(("GET",), LOGOUT, self.logout, "session.sign_out", idempotent=False),
            page(("GET", "POST"), SIGN_OUT, self.sign_out, "session.sign_out", idempotent=False),
            page(("GET",), HOME, self.sessions.home, "page.home", idempotent=True),
            page(("GET",), START, self.start, "link.application", idempotent=False),
            page(("GET",), account.add_path, account.add, FACTOR_EVENT, idempotent=False),
            page(("GET", "POST"), account.remove_path("{factor}"), account.remove, FACTOR_EVENT, idempotent=False),
            Route(("GET",), STYLE_SHEET, style_sheet, write_error, "page.style", idempotent=True),
        )

    async def sign_in(self, request: Request) -> Response:
        """The page of the waiting request that ``state`` names; without one a sign-in of its own."""
        key = request.query.get(STATE)
        return await self.interactions.show(request, key) if key else await self._begin(request)

    async def submit(self, request: Request) -> Response:
        key = request.query.get(STATE)
        return await self.interactions.submit(request, key) if key else see_other(await self._begin(request))

    async def resume(self, request: Request) -> Response:
        """Goes on with a waiting request by the session alone."""
        waiting = await self.door.load(request, request.query.get(STATE) or "")
        return await self.door.resume(request, waiting)

    async def logout(self, request: Request) -> Response:
        """What applications send browsers to. Where there is nowhere to go on to, the answer says OK and no more."""
        response = await self.sessions.sign_out(request, await self._return_to(request))
        if isinstance(response, Page) and response.template == "signed_out.html":
            return Document(body=b"OK", content_type="text/plain; charset=utf-8", cookies=response.cookies)
        return response

    async def sign_out(self, request: Request) -> Response:
        return await self.sessions.sign_out(request, await self._return_to(request))

    async def start(self, request: Request) -> Response:
        """An application of somebody's own page."""
        app = await self.door.config.application(request.site.org.id, request.path_params["app"])
        link = next((one for one in app.links if one.id == request.path_params["link"]), None) if app else None
        if app is None or link is None:
            raise ResourceNotFound(request.path_params["app"], "a link of an application")
        if app.saml is not None:
            return await self.federation.saml.start(request, app, link.target)
        if app.wsfed is not None:
            return await self.federation.wsfed.start(request, app, link.target)
        return await self.launch.start(request, app, link, None)

    async def _return_to(self, request: Request) -> str:
        """Where to go after signing out: an address that the named application lists, its first one where none is
        asked for; without an application an address that the org trusts. "" for nowhere. Raises Refusal."""
        asked, client_id = request.query.get(RETURN_TO) or "", request.query.get(CLIENT_ID) or ""
        if not client_id:
            return await self.addresses.absolute(request.site, asked) if asked else ""
        app = await self.door.config.application_by_client_id(request.site.org.id, client_id)
        client = app.oidc if app is not None else None
        listed = client.post_logout_redirect_uris if client is not None else ()
        if not asked:
            return listed[0] if listed else ""
        if client is None or not registered_redirect(asked, listed, native=client.native):
            mend = "List exactly this address among the logout addresses of the application."
            check = Check(RETURN_TO, False, " ".join(listed) or "a listed address", asked[:512], mend)
            verdict = Verdict((check,), rule="return_address")
            raise Refusal("return_address", _NOT_LISTED, verdict, app_id=app.id if app else None)
        return asked

    async def _begin(self, request: Request) -> Response:
        parameters = await self.home_channel.parameters(request.site, HOME)
        wanted = self.door.sign_in_request(request, channel=HOME_CHANNEL, app=None, parameters=parameters)
        return await self.door.begin(request, wanted)


def start_path(app: Application, link: AppLink) -> str:
    """The path at which a link starts its application."""
    return START.format(app=app.id, link=link.id)
