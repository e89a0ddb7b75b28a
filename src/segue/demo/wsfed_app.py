"""Harbor Ledger: a small WS-Federation relying party (passive requestor profile), with a session of its own.

``/login`` sends the browser to Segue's passive endpoint, ``/login?via=custom`` by way of the custom login page. The
answer is a form with ``wresult``; one that nobody asked for is welcome too, since a login page may open the app by
itself. The certificates that may sign are those of Segue's SAML metadata: assertions of both protocols have one key.
"""

import secrets
from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from typing import Final

import httpx
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
from segue.demo.saml_response import Arrival, IdentityProvider, MetadataUnreadable, ResponseRefused, read_metadata
from segue.demo.times import readable
from segue.demo.wsfed_response import read_token_response

_NAME: Final = "Harbor Ledger"
_METADATA_S: Final = 300
_USED_S: Final = 900
_SESSION_S: Final = 8 * 3600


@dataclass(frozen=True, slots=True)
class WsFedApp:
    """``sso_url`` and ``issuer`` are Segue's for this app, ``realm`` and ``reply_url`` its own. ``metadata_url`` is
    where the certificates stand."""

    own: str
    backend: Backend
    sso_url: str
    issuer: str
    realm: str
    reply_url: str
    metadata_url: str
    login_pages: Mapping[str, str]
    orders: str
    neighbours: tuple[tuple[str, str], ...] = ()


def wsfed_app(config: WsFedApp) -> Starlette:
    """The ASGI application."""
    return _Ledger(config).application()


class _Ledger:
    def __init__(self, config: WsFedApp) -> None:
        self.config = config
        self.issuer: Remembered[IdentityProvider] = Remembered(life_s=_METADATA_S)
        self.used: Remembered[bool] = Remembered(life_s=_USED_S, most=10_000)
        self.sessions: Remembered[tuple[Arrival, str]] = Remembered(life_s=_SESSION_S)
        self.pages: Pages = new_pages(
            title_of_app=_NAME,
            look="harbor ledger",
            home="/",
            idp=config.backend.base_url,
            speaks="Demo app: a relying party on WS-Federation",
            neighbours=config.neighbours,
            orders=config.orders,
        )

    def application(self) -> Starlette:
        return Starlette(
            routes=[
                Route("/", self.home, methods=["GET"]),
                Route("/books/{name:path}", self.home, methods=["GET"]),
                Route("/login", self.login, methods=["GET"]),
                Route("/reply", self.consume, methods=["POST"]),
                Route("/logout", self.logout, methods=["POST"]),
                static_files(),
            ],
            middleware=[
                Middleware(Doorkeeper, own=self.config.own, open_paths=("/reply",)),
                Middleware(
                    SessionMiddleware,
                    secret_key=secrets.token_urlsafe(32),
                    session_cookie="harbor_ledger",
                    same_site="lax",
                    https_only=self.config.own.startswith("https:"),
                ),
            ],
        )

    async def home(self, request: Request) -> Response:
        known = self.sessions.get(request.session.get("id", ""))
        if known is None:
            return self.pages.html("ledger_welcome.html", path=request.url.path)
        arrival, context = known
        now_s = datetime.now(UTC).timestamp()
        return self.pages.html(
            "ledger_home.html",
            arrival=arrival,
            name=dict(arrival.attributes).get("firstName", arrival.name_id),
            context=context,
            authenticated=readable(arrival.authenticated_at.timestamp(), now_s),
            usable=readable(arrival.usable_until.timestamp(), now_s),
        )

    async def login(self, request: Request) -> Response:
        back = local_path(request.query_params.get("to", "/")) or "/"
        page = self.config.login_pages.get(request.query_params.get("via", ""))
        address = add_query(self.config.sso_url, wa="wsignin1.0", wtrealm=self.config.realm, wctx=back)
        return RedirectResponse(add_query(page, return_to=address) if page else address, 303)

    async def consume(self, request: Request) -> Response:
        """The reply address (WS-Federation 1.2, 13.2.4)."""
        form = await read_form(request)
        try:
            arrival = read_token_response(
                form.get("wresult", ""),
                issuer=await self._issuer(),
                realm=self.config.realm,
                reply_url=self.config.reply_url,
            )
        except ResponseRefused as error:
            return self._failed(str(error))
        except (httpx.HTTPError, MetadataUnreadable) as error:
            return self._failed(f"Segue's certificates cannot be had ({type(error).__name__}).")
        if self.used.get(arrival.assertion_id):
            return self._failed("This response was used before.")
        self.used.put(arrival.assertion_id, True)
        context = form.get("wctx", "")
        request.session.clear()
        request.session["id"] = secrets.token_urlsafe(24)
        self.sessions.put(request.session["id"], (arrival, context))
        return RedirectResponse(local_path(context) or "/", 303)

    async def logout(self, request: Request) -> Response:
        self.sessions.take(request.session.pop("id", ""))
        return RedirectResponse("/", 303)

    async def _issuer(self) -> IdentityProvider:
        """Segue as the issuer of this app's tokens, with the certificates of today."""
        known = self.issuer.get("issuer")
        if known is None:
            async with self.config.backend.client(_NAME) as client:
                answer = await client.get(self.config.metadata_url)
            answer.raise_for_status()
            known = replace(read_metadata(answer.content), entity_id=self.config.issuer, sso_url=self.config.sso_url)
            self.issuer.put("issuer", known)
        return known

    def _failed(self, text: str) -> Response:
        return self.pages.html("library_failed.html", status=400, text=text)
