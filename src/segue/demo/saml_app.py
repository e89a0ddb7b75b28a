"""Harbor Library: a small SAML 2.0 service provider on minisaml, with a session of its own.

Everything it knows about Segue comes from Segue's metadata. ``/login`` sends an AuthnRequest by the Redirect binding,
``/login?via=custom`` by way of the custom login page; a response that answers no request of ours is welcome too, since
the login page may open the app by itself.
"""

import secrets
import time
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

import httpx
from minisaml.request import get_request_redirect_url
from starlette.applications import Starlette
from starlette.middleware import Middleware
from starlette.middleware.sessions import SessionMiddleware
from starlette.requests import Request
from starlette.responses import RedirectResponse, Response
from starlette.routing import Route

from segue.demo.backend import Backend
from segue.demo.handover import add_query
from segue.demo.pages import Doorkeeper, Pages, local_path, new_pages, read_form, static_files
from segue.demo.remembered import Remembered
from segue.demo.saml_response import (
    Arrival,
    IdentityProvider,
    MetadataUnreadable,
    ResponseRefused,
    read_metadata,
    read_response,
)
from segue.demo.times import readable

_NAME: Final = "Harbor Library"
_METADATA_S: Final = 300
_REQUEST_S: Final = 600
_SESSION_S: Final = 8 * 3600


@dataclass(frozen=True, slots=True)
class SamlApp:
    """``metadata_url`` is where Segue describes itself to this app."""

    own: str
    backend: Backend
    metadata_url: str
    login_pages: Mapping[str, str]
    orders: str
    neighbours: tuple[tuple[str, str], ...] = ()

    @property
    def entity_id(self) -> str:
        return f"{self.own}/metadata"

    @property
    def acs_url(self) -> str:
        return f"{self.own}/acs"


def saml_app(config: SamlApp) -> Starlette:
    """The ASGI application."""
    return _Library(config).application()


class _Library:
    def __init__(self, config: SamlApp) -> None:
        self.config = config
        self.idp: Remembered[IdentityProvider] = Remembered(life_s=_METADATA_S)
        self.requests: Remembered[str] = Remembered(life_s=_REQUEST_S)
        self.used: Remembered[bool] = Remembered(life_s=_REQUEST_S, most=10_000)
        self.sessions: Remembered[tuple[Arrival, str]] = Remembered(life_s=_SESSION_S)
        self.pages: Pages = new_pages(
            title_of_app=_NAME,
            look="harbor saml",
            home="/",
            idp=config.backend.base_url,
            speaks="Demo app: a service provider on SAML 2.0",
            neighbours=config.neighbours,
            orders=config.orders,
            entity_id=config.entity_id,
        )

    def application(self) -> Starlette:
        return Starlette(
            routes=[
                Route("/", self.home, methods=["GET"]),
                Route("/shelf/{name:path}", self.home, methods=["GET"]),
                Route("/login", self.login, methods=["GET"]),
                Route("/acs", self.consume, methods=["POST"]),
                Route("/logout", self.logout, methods=["POST"]),
                Route("/metadata", self.metadata, methods=["GET"]),
                static_files(),
            ],
            middleware=[
                Middleware(Doorkeeper, own=self.config.own, open_paths=("/acs",)),
                Middleware(
                    SessionMiddleware,
                    secret_key=secrets.token_urlsafe(32),
                    session_cookie="harbor_library",
                    same_site="lax",
                    https_only=self.config.own.startswith("https:"),
                ),
            ],
        )

    async def home(self, request: Request) -> Response:
        known = self.sessions.get(request.session.get("id", ""))
        if known is None:
            return self.pages.html("library_welcome.html", path=request.url.path, shelf=_shelf(request))
        arrival, relay_state = known
        now_s = time.time()
        return self.pages.html(
            "library_home.html",
            arrival=arrival,
            name=dict(arrival.attributes).get("firstName", arrival.name_id),
            relay_state=relay_state,
            authenticated=readable(arrival.authenticated_at.timestamp(), now_s),
            usable=readable(arrival.usable_until.timestamp(), now_s),
            shelf=_shelf(request),
        )

    async def login(self, request: Request) -> Response:
        back = local_path(request.query_params.get("to", "/")) or "/"
        page = self.config.login_pages.get(request.query_params.get("via", ""))
        try:
            idp = await self._identity_provider()
        except (httpx.HTTPError, MetadataUnreadable) as error:
            return self._failed(f"Segue's metadata cannot be had ({type(error).__name__}).")
        request_id = f"_{secrets.token_hex(16)}"  # an xs:ID starts with no digit
        address = get_request_redirect_url(
            saml_endpoint=idp.sso_url,
            expected_audience=self.config.entity_id,
            acs_url=self.config.acs_url,
            request_id=request_id,
            relay_state=back,
        )
        self.requests.put(request_id, back)
        return RedirectResponse(add_query(page, return_to=address) if page else address, 303)

    async def consume(self, request: Request) -> Response:
        """The assertion consumer service."""
        form = await read_form(request)
        try:
            idp = await self._identity_provider()
            arrival = read_response(
                form.get("SAMLResponse", ""),
                idp=idp,
                entity_id=self.config.entity_id,
                acs_url=self.config.acs_url,
            )
            self._check_first_use(arrival)
        except ResponseRefused as error:
            return self._failed(str(error))
        except (httpx.HTTPError, MetadataUnreadable) as error:
            return self._failed(f"Segue's metadata cannot be had ({type(error).__name__}).")
        relay_state = form.get("RelayState", "")
        request.session.clear()
        request.session["id"] = secrets.token_urlsafe(24)
        self.sessions.put(request.session["id"], (arrival, relay_state))
        return RedirectResponse(local_path(relay_state) or "/", 303)

    async def logout(self, request: Request) -> Response:
        self.sessions.take(request.session.pop("id", ""))
        return RedirectResponse("/", 303)

    async def metadata(self, _request: Request) -> Response:
        """What Segue needs to know about this app (SAML Metadata 2.4.4)."""
        text = self.pages.environment.get_template("library_metadata.xml").render(
            entity_id=self.config.entity_id, acs_url=self.config.acs_url
        )
        return Response(text, media_type="application/samlmetadata+xml")

    def _check_first_use(self, arrival: Arrival) -> None:
        """An assertion signs in once, and one that answers a request answers one that is still open here."""
        if self.used.get(arrival.assertion_id):
            raise ResponseRefused("This response was used before.")
        if arrival.in_response_to is not None and self.requests.take(arrival.in_response_to) is None:
            raise ResponseRefused("This response answers no request that is still open here.")
        self.used.put(arrival.assertion_id, True)

    async def _identity_provider(self) -> IdentityProvider:
        """Segue as its metadata say, asked for again every few minutes: keys change."""
        known = self.idp.get("idp")
        if known is None:
            async with self.config.backend.client(_NAME) as client:
                answer = await client.get(self.config.metadata_url)
            answer.raise_for_status()
            known = read_metadata(answer.content)
            self.idp.put("idp", known)
        return known

    def _failed(self, text: str) -> Response:
        return self.pages.html("library_failed.html", status=400, text=text)


def _shelf(request: Request) -> str:
    return str(request.path_params.get("name", ""))
