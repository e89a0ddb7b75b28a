"""The custom login page of an imaginary bookshop: an app of its own, with its own form and its own look.

It asks for user name and password, has them checked by Segue's Authentication API (``POST /api/v1/authn``) and gets a
session token. With that in the address the browser goes to an authorization endpoint or a SAML sign-on address, and is
signed in there. The page works without JavaScript; ``/browser`` shows the same with the API called by a script.
"""

import secrets
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

import httpx
from starlette.applications import Starlette
from starlette.middleware import Middleware
from starlette.middleware.sessions import SessionMiddleware
from starlette.requests import Request
from starlette.responses import RedirectResponse, Response
from starlette.routing import Route

from segue.demo.backend import Backend
from segue.demo.handover import Destinations, add_query
from segue.demo.pages import Doorkeeper, Pages, new_pages, read_form, static_files
from segue.demo.remembered import Remembered

_NAME: Final = "Harbor Books"
_WAITING_S: Final = 240
_TEXTS: Final[Mapping[str, str]] = {
    "E0000001": "Enter both your user name and your password.",
    "E0000004": "That user name and password do not match.",
    "E0000047": "There were too many attempts. Wait a moment, then try again.",
}


@dataclass(frozen=True, slots=True)
class LoginApp:
    """``own`` is this page's origin. ``via`` is what the other apps call it when they send somebody here.

    ``orders`` starts a sign-in at the web app that comes back here, ``library`` is the SAML app's sign-on address.
    ``people`` are (login, password) of those who may try it; ``explain`` is the command that explains an event.
    """

    own: str
    backend: Backend
    destinations: Destinations
    orders: str
    library: str
    via: str
    people: tuple[tuple[str, str], ...]
    explain: str
    neighbours: tuple[tuple[str, str], ...] = ()


@dataclass(frozen=True, slots=True)
class Problem:
    """Why there is no session token: a sentence for the person, and what helps to find out more."""

    text: str
    code: str = ""
    event_id: str = ""


def login_app(config: LoginApp) -> Starlette:
    """The ASGI application."""
    return _LoginPage(config).application()


class _LoginPage:
    def __init__(self, config: LoginApp) -> None:
        self.config = config
        # Session tokens of people whose application still has to say where it wants them.
        self.waiting: Remembered[str] = Remembered(life_s=_WAITING_S)
        self.pages: Pages = new_pages(
            connect=(config.backend.base_url,),
            title_of_app=_NAME,
            look="harbor",
            home="/",
            idp=config.backend.base_url,
            own=config.own,
            speaks="Demo app: a custom login page that calls the Authentication API",
            neighbours=config.neighbours,
            people=config.people,
            explain=config.explain,
        )

    def application(self) -> Starlette:
        return Starlette(
            routes=[
                Route("/", self.show, methods=["GET"]),
                Route("/", self.sign_in, methods=["POST"]),
                Route("/browser", self.show_browser_variant, methods=["GET"]),
                static_files(),
            ],
            middleware=[
                Middleware(Doorkeeper, own=self.config.own),
                Middleware(
                    SessionMiddleware,
                    secret_key=secrets.token_urlsafe(32),
                    session_cookie="harbor_books",
                    same_site="lax",
                    https_only=self.config.own.startswith("https:"),
                ),
            ],
        )

    async def show(self, request: Request) -> Response:
        """The form; or, for somebody who just signed in here and whose app now says where to, the way there."""
        return_to = request.query_params.get("return_to", "")
        if return_to and not self.config.destinations.allowed(return_to):
            return self._wrong_way()
        session_token = self.waiting.take(request.session.pop("waiting", "")) if return_to else None
        if session_token:
            return self._go(return_to, session_token)
        return self._form(return_to)

    async def show_browser_variant(self, request: Request) -> Response:
        return_to = request.query_params.get("return_to", "")
        if return_to and not self.config.destinations.allowed(return_to):
            return self._wrong_way()
        config = self.config
        return self.pages.html(
            "login_browser.html",
            return_to=return_to,
            to_authorize=bool(return_to) and config.destinations.is_authorize(return_to),
            orders=add_query(config.orders, via=f"{config.via}-browser"),
            library=add_query(config.library, RelayState="/"),
            texts=_TEXTS,
        )

    async def sign_in(self, request: Request) -> Response:
        form = await read_form(request)
        return_to = form.get("return_to", "")
        if return_to and not self.config.destinations.allowed(return_to):
            return self._wrong_way()
        login, go = form.get("username", ""), form.get("go", "orders")
        async with self.config.backend.client(f"{_NAME} login page") as client:
            token_or_problem = await authenticate(client, self.config.backend, login, form.get("password", ""))
        if isinstance(token_or_problem, Problem):
            return self._form(return_to, login=login, go=go, problem=token_or_problem)
        if return_to:
            return self._go(return_to, token_or_problem)
        if go == "library":
            return self._go(add_query(self.config.library, RelayState="/"), token_or_problem)
        # The web app must make the authorization request itself: its state and PKCE verifier tie the answer to it.
        handle = secrets.token_urlsafe(24)
        self.waiting.put(handle, token_or_problem)
        request.session["waiting"] = handle
        return RedirectResponse(add_query(self.config.orders, via=self.config.via), 303)

    def _form(self, return_to: str, login: str = "", go: str = "orders", problem: Problem | None = None) -> Response:
        return self.pages.html(
            "login.html",
            status=400 if problem else 200,
            return_to=return_to,
            to_authorize=bool(return_to) and self.config.destinations.is_authorize(return_to),
            login=login,
            go=go,
            problem=problem,
        )

    def _go(self, address: str, session_token: str) -> Response:
        location = self.config.destinations.with_token(address, session_token)
        # The address carries a token: it must not travel on as a referrer, nor stay in a cache.
        headers = {"cache-control": "no-store", "referrer-policy": "no-referrer"}
        return RedirectResponse(location, 303, headers)

    def _wrong_way(self) -> Response:
        return self.pages.html("login_wrong_way.html", status=400)


async def authenticate(client: httpx.AsyncClient, backend: Backend, login: str, password: str) -> str | Problem:
    """The session token for a user name and a password, or why there is none."""
    try:
        answer = await client.post(
            f"{backend.base_url}/api/v1/authn",
            json={"username": login, "password": password},
            headers={"accept": "application/json"},
        )
        body = answer.json()
    except (httpx.HTTPError, ValueError):
        return Problem("Signing in is not possible right now: Segue does not answer.")
    match body:
        case {"status": "SUCCESS", "sessionToken": str(session_token)}:
            return session_token
        case {"status": str(status)}:
            return Problem(f"One more step is asked for ({status}), which this page cannot show yet.")
        case {"errorCode": str(code), "errorSummary": str(summary), "errorId": str(event_id)}:
            return Problem(_TEXTS.get(code, summary), code, event_id)
    return Problem(f"Segue gave an answer that this page does not understand (HTTP {answer.status_code}).")
