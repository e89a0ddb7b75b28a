"""Links that carry a sign-in: the redirect link, the session image, and the links that start an application."""

from dataclasses import dataclass
from typing import Final

from segue.core.application import Application, AppLink
from segue.core.refusal import Refusal
from segue.core.url import BadUrl, add_query, parse_web_url
from segue.core.verdict import Check
from segue.dialects.okta.errors import ResourceNotFound, write_error, write_page
from segue.dialects.okta.names import (
    APP_LINK,
    HOME,
    HOME_LINK,
    IMAGE_SLOTS,
    LIMIT_PAGE,
    REDIRECT_LINK,
    REDIRECT_LINK_SLOTS,
    REDIRECT_URL,
    SESSION_IMAGE,
    TICKET_SLOTS,
    WSFED_REALM_PREFIX,
    WSFED_SHARED,
    WSFED_SSO,
)
from segue.protocols.saml.sso import SamlSignOn
from segue.protocols.wsfed import WsFedSignOn
from segue.stores import ConfigStore
from segue.web import carriers
from segue.web.frontchannel import FrontDoor
from segue.web.interaction_pages import HOME_CHANNEL, HomeChannel
from segue.web.launch import Launch
from segue.web.message import Request, Response
from segue.web.session_image import SessionImage, image
from segue.web.surface import Handler, Route

#: Sent along by the vendor's own clients and of no use here.
_OWN_PARAMETERS: Final = frozenset({"token", REDIRECT_URL, "checkAccountSetupComplete"})


@dataclass(frozen=True, slots=True)
class Links:
    """``saml`` and ``wsfed`` start the applications of their protocol; ``launch`` those that need only a visit."""

    door: FrontDoor
    config: ConfigStore
    home_channel: HomeChannel
    launch: Launch
    image: SessionImage
    saml: SamlSignOn
    wsfed: WsFedSignOn

    def routes(self) -> tuple[Route, ...]:
        return (
            _page(("GET", "POST"), REDIRECT_LINK, self.redirect, "link.redirect"),
            Route(("GET",), SESSION_IMAGE, self.show_image, _write_image, "link.image", limit=LIMIT_PAGE),
            _page(("GET", "POST"), WSFED_SHARED, self.wsfed_by_realm, "wsfed.sign_on"),
            _page(("GET", "POST"), WSFED_SSO, self.wsfed_by_key, "wsfed.sign_on"),
            _page(("GET",), HOME_LINK, self.start_by_id, "link.application"),
            _page(("GET",), APP_LINK, self.start_by_key, "link.application"),
        )

    async def redirect(self, request: Request) -> Response:
        """Signs in by a ticket and goes on to a trusted origin or an address of ours (F2-01..F2-05).

        Somebody else's session stays by default: the browser goes on as who it is, and an event says so. A POST may
        carry more parameters for an address of ours; they are added to its query.
        """
        params = request.params
        location = self._with_parameters(request, params.get(REDIRECT_URL) or HOME)
        wanted = self.door.sign_in_request(
            request,
            channel=HOME_CHANNEL,
            app=None,
            parameters=await self.home_channel.parameters(request.site, location),
            ticket=carriers.find(REDIRECT_LINK_SLOTS, request.query, request.form),
            when_other_user="keep",
        )
        return await self.door.begin(request, wanted)

    async def show_image(self, request: Request) -> Response:
        return await self.image.show(request, carriers.find(IMAGE_SLOTS, request.query))

    async def wsfed_by_key(self, request: Request) -> Response:
        app = await self._by_key(request.path_params["name"], request)
        if app.wsfed is None:
            raise _not_found(request.path_params["key"])
        return await self.wsfed.sign_on(request, app)

    async def wsfed_by_realm(self, request: Request) -> Response:
        """The shared address finds its application by ``wtrealm=urn:okta:app:{key}``."""
        realm = request.params.get("wtrealm") or ""
        app = await self.config.application_by_external_key(request.site.org.id, realm.removeprefix(WSFED_REALM_PREFIX))
        if app is None or app.wsfed is None:
            raise _not_found(realm)
        return await self.wsfed.sign_on(request, app)

    async def start_by_id(self, request: Request) -> Response:
        ident = request.path_params["app"]
        app = await self.config.application(request.site.org.id, ident)
        if app is None or app.name != request.path_params["name"]:
            raise _not_found(ident)
        return await self._start(request, app)

    async def start_by_key(self, request: Request) -> Response:
        return await self._start(request, await self._by_key(request.path_params["name"], request))

    async def _start(self, request: Request, app: Application) -> Response:
        """An application by one of its links, each protocol at its own front channel."""
        link = _link(app, request.path_params["link"])
        if app.saml is not None:
            return await self.saml.start(request, app, link.target)
        if app.wsfed is not None:
            return await self.wsfed.start(request, app, link.target)
        return await self.launch.start(request, app, link, carriers.find(TICKET_SLOTS, request.query))

    async def _by_key(self, name: str, request: Request) -> Application:
        key = request.path_params["key"]
        app = await self.config.application_by_external_key(request.site.org.id, key)
        if app is None or app.name != name:
            raise _not_found(key)
        return app

    def _with_parameters(self, request: Request, location: str) -> str:
        more = [pair for pair in request.form.items() if pair[0] not in _OWN_PARAMETERS]
        if not more or not _is_ours(request, location):
            return location
        return add_query(location, more)


def start_path(app: Application, link: AppLink) -> str:
    """The path at which a link starts its application."""
    return HOME_LINK.format(name=app.name, app=app.id, link=link.id)


def _is_ours(request: Request, location: str) -> bool:
    if location.startswith("/"):
        return True
    try:
        return parse_web_url(location).origin == request.site.domain.base_url
    except BadUrl:
        return False


def _link(app: Application, name: str) -> AppLink:
    """The link of that name or id. Raises ResourceNotFound."""
    for link in app.links:
        if name in (link.name, link.id):
            return link
    raise _not_found(name)


def _page(methods: tuple[str, ...], path: str, handler: Handler, event: str) -> Route:
    return Route(methods, path, handler, write_page, event, body="form", document=True, limit=LIMIT_PAGE)


def _write_image(request: Request, refusal: Refusal, event_id: str) -> Response:
    """The image also for an address that cannot be read, so that it tells nobody anything (F6-02)."""
    return image() if refusal.reason in ("two_tickets", "malformed") else write_error(request, refusal, event_id)


def _not_found(ident: str) -> ResourceNotFound:
    check = Check("application", passed=False, expected="an application and link of this org", seen=ident[:80])
    return ResourceNotFound(ident[:80], "AppInstance", check)
