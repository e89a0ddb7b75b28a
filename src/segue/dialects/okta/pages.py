"""The pages people see: the sign-in page and what it leads back to, the start page, signing out, the style sheet."""

from dataclasses import dataclass
from typing import Final

from segue.core.refusal import Refusal
from segue.core.strict import Malformed, read_query
from segue.dialects.okta.errors import write_error, write_page
from segue.dialects.okta.names import FROM_URI, HOME, LIMIT_PAGE, OKTA_KEY, RESUME, SIGN_IN, SIGN_OUT
from segue.web.asked_first import CONTINUE_PATH, go_on
from segue.web.frontchannel import FrontDoor
from segue.web.interaction_pages import HOME_CHANNEL, HomeChannel, InteractionPages, see_other
from segue.web.message import Request, Response
from segue.web.refused_page import REFUSED_PATH, refused_page
from segue.web.return_address import ReturnAddresses
from segue.web.session_pages import SessionPages
from segue.web.static_files import STYLE_SHEET, style_sheet
from segue.web.surface import Body, Handler, Route

SIGN_IN_EVENT: Final = "sign_in.page"
FACTOR_EVENT: Final = "factor.page"


@dataclass(frozen=True, slots=True)
class Pages:
    door: FrontDoor
    interactions: InteractionPages
    sessions: SessionPages
    home_channel: HomeChannel
    addresses: ReturnAddresses

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
            page(("GET",), SIGN_IN, self.sign_in, SIGN_IN_EVENT, idempotent=False),
            page(("POST",), SIGN_IN, self.submit, SIGN_IN_EVENT, idempotent=False),
            page(("GET",), RESUME, self.resume, SIGN_IN_EVENT, idempotent=False),
            page(("GET",), REFUSED_PATH, refused_page, SIGN_IN_EVENT, idempotent=True),
            page(("POST",), CONTINUE_PATH, go_on, SIGN_IN_EVENT, idempotent=False),
            page(("GET", "POST"), SIGN_OUT, self.sign_out, "session.sign_out", idempotent=False),
            page(("GET",), "/", self.sessions.home, "page.home", idempotent=True),
            page(("GET",), HOME, self.sessions.home, "page.home", idempotent=True),
            page(("GET",), account.add_path, account.add, FACTOR_EVENT, idempotent=False),
            page(("GET", "POST"), account.remove_path("{factor}"), account.remove, FACTOR_EVENT, idempotent=False),
            Route(("GET",), STYLE_SHEET, style_sheet, write_error, "page.style", idempotent=True),
        )

    async def sign_in(self, request: Request) -> Response:
        """The page of the waiting request that ``fromURI`` names; otherwise a sign-in of its own that ends there."""
        key = _waiting_key(request)
        return await self.interactions.show(request, key) if key else await self._begin(request)

    async def submit(self, request: Request) -> Response:
        key = _waiting_key(request)
        return await self.interactions.submit(request, key) if key else see_other(await self._begin(request))

    async def resume(self, request: Request) -> Response:
        """Goes on with a waiting request by the session alone, for a login page that signed the user in elsewhere."""
        waiting = await self.door.load(request, request.query.get(OKTA_KEY) or "")
        return await self.door.resume(request, waiting)

    async def sign_out(self, request: Request) -> Response:
        """An address that is not allowed does not keep anybody signed in: it is left out (okta.md 3.4)."""
        asked = request.query.get(FROM_URI) or ""
        try:
            target = await self.addresses.absolute(request.site, asked) if asked else ""
        except Refusal as refusal:
            await self.door.recorder.refuse(self.door.circumstances(request), refusal, "session.sign_out")
            target = ""
        return await self.sessions.sign_out(request, target)

    async def _begin(self, request: Request) -> Response:
        location = request.query.get(FROM_URI) or HOME
        parameters = await self.home_channel.parameters(request.site, location)
        wanted = self.door.sign_in_request(request, channel=HOME_CHANNEL, app=None, parameters=parameters)
        return await self.door.begin(request, wanted)


def _waiting_key(request: Request) -> str:
    """The key of the waiting request that ``fromURI`` names, "" where it names something else or nothing."""
    location = (request.query.get(FROM_URI) or "").removeprefix(request.site.domain.base_url)
    path, _, query = location.partition("?")
    if path != RESUME:
        return ""
    try:
        return read_query(query.encode()).get(OKTA_KEY) or ""
    except Malformed:
        return ""
