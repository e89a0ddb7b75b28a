"""The custom login page of an imaginary bookshop: an app of its own, with its own form and its own look.

It asks for user name and password, has them checked by Segue's Authentication API (``POST /api/v1/authn``), asks for a
code where that wants one, and gets a session token. With that in the address the browser goes to an authorization
endpoint or to an application's sign-on address, and is signed in there. The page works without JavaScript; ``/browser``
shows the same with the API called by a script, ``/legacy`` the older way (see ``legacy_login``).
"""

import secrets
from dataclasses import dataclass
from typing import Final

from starlette.applications import Starlette
from starlette.middleware import Middleware
from starlette.middleware.sessions import SessionMiddleware
from starlette.requests import Request
from starlette.responses import RedirectResponse, Response
from starlette.routing import Route

from segue.demo.authn_client import TEXTS, CodeWanted, Problem, ask_for_recovery, authenticate, verify_code
from segue.demo.backend import Backend
from segue.demo.handover import Destinations, add_query, carrying
from segue.demo.legacy_login import LegacyLogin
from segue.demo.pages import Doorkeeper, Pages, new_pages, read_form, static_files
from segue.demo.remembered import Remembered

_NAME: Final = "Harbor Books"
_WAITING_S: Final = 240


@dataclass(frozen=True, slots=True)
class LoginApp:
    """``own`` is this page's origin. ``via`` is what the other apps call it when they send somebody here.

    ``orders`` starts a sign-in at the web app that comes back here; ``saml_app`` and ``ledger`` are where the SAML and
    the WS-Federation app are signed on to. ``starts`` are addresses that start an application and take a one-time
    token, by the choice of the form. ``people`` are (login, password) of those who may try it; ``codes`` is where the
    demo shows codes of an authenticator app; ``explain`` is the command that explains an event. ``api_token`` opens the
    Sessions API, and never leaves this server.
    """

    own: str
    backend: Backend
    destinations: Destinations
    orders: str
    saml_app: str
    ledger: str
    starts: dict[str, str]
    via: str
    api_token: str
    people: tuple[tuple[str, str], ...]
    explain: str
    codes: str = ""
    mail: str = ""
    neighbours: tuple[tuple[str, str], ...] = ()


@dataclass(frozen=True, slots=True)
class Intent:
    """Where somebody who signs in wants to go: to ``return_to``, or what they chose in the form."""

    return_to: str
    go: str
    login: str


def login_app(config: LoginApp) -> Starlette:
    """The ASGI application."""
    return _LoginPage(config).application()


class _LoginPage:
    def __init__(self, config: LoginApp) -> None:
        self.config = config
        # Session tokens of people whose application still has to say where it wants them.
        self.waiting: Remembered[str] = Remembered(life_s=_WAITING_S)
        # Sign-ins that a code is asked for: their state token never reaches the browser.
        self.halfway: Remembered[tuple[CodeWanted, Intent]] = Remembered(life_s=_WAITING_S)
        self.pages: Pages = new_pages(
            connect=(config.backend.base_url,),
            images=(config.backend.base_url,),
            title_of_app=_NAME,
            look="harbor",
            home="/",
            idp=config.backend.base_url,
            own=config.own,
            speaks="Demo app: a custom login page that calls the Authentication API",
            neighbours=config.neighbours,
            people=config.people,
            explain=config.explain,
            codes=config.codes,
        )
        self.legacy = LegacyLogin(
            own=config.own,
            backend=config.backend,
            destinations=config.destinations,
            starts=config.starts,
            api_token=config.api_token,
            pages=self.pages,
        )

    def application(self) -> Starlette:
        return Starlette(
            routes=[
                Route("/", self.show, methods=["GET"]),
                Route("/", self.sign_in, methods=["POST"]),
                Route("/code", self.show_code, methods=["GET"]),
                Route("/code", self.check_code, methods=["POST"]),
                Route("/recover", self.show_recovery, methods=["GET"]),
                Route("/recover", self.recover, methods=["POST"]),
                Route("/browser", self.show_browser_variant, methods=["GET"]),
                Route("/hours", self.show_hours, methods=["GET"]),
                *self.legacy.routes(),
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
            return carrying(self.config.destinations.with_token(return_to, session_token))
        return self._form(Intent(return_to, "orders", ""))

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
            saml_app=add_query(config.saml_app, RelayState="/"),
            ledger=config.ledger,
            texts=TEXTS,
        )

    async def sign_in(self, request: Request) -> Response:
        form = await read_form(request)
        intent = Intent(form.get("return_to", ""), form.get("go", "orders"), form.get("username", ""))
        if intent.return_to and not self.config.destinations.allowed(intent.return_to):
            return self._wrong_way()
        async with self.config.backend.client(f"{_NAME} login page") as client:
            outcome = await authenticate(client, self.config.backend, intent.login, form.get("password", ""))
        match outcome:
            case Problem():
                return self._form(intent, outcome)
            case CodeWanted():
                handle = secrets.token_urlsafe(24)
                self.halfway.put(handle, (outcome, intent))
                request.session["halfway"] = handle
                return RedirectResponse("/code", 303)
        return self._go_on(request, intent, outcome)

    async def show_code(self, request: Request) -> Response:
        found = self.halfway.get(request.session.get("halfway", ""))
        return self._code_form(*found) if found else RedirectResponse("/", 303)

    async def check_code(self, request: Request) -> Response:
        handle = request.session.get("halfway", "")
        found = self.halfway.get(handle)
        if found is None:
            return self._form(Intent("", "orders", ""), Problem("The time to sign in is over. Start again."))
        wanted, intent = found
        code = (await read_form(request)).get("code", "").replace(" ", "")
        async with self.config.backend.client(f"{_NAME} login page") as client:
            outcome = await verify_code(client, self.config.backend, wanted, code)
        if not isinstance(outcome, str):
            return self._code_form(wanted, intent, outcome)
        self.halfway.take(handle)
        request.session.pop("halfway", None)
        return self._go_on(request, intent, outcome)

    async def show_recovery(self, _request: Request) -> Response:
        return self.pages.html("login_recover.html", problem=None, sent=False, mail=self.config.mail)

    async def recover(self, request: Request) -> Response:
        """Asks for a link by mail. The answer is the same for every user name, so that nobody learns who is known."""
        login = (await read_form(request)).get("username", "")
        async with self.config.backend.client(f"{_NAME} login page") as client:
            problem = await ask_for_recovery(client, self.config.backend, login)
        status = 400 if problem else 200
        return self.pages.html(
            "login_recover.html", status=status, problem=problem, sent=problem is None, mail=self.config.mail
        )

    async def show_hours(self, _request: Request) -> Response:
        """What the bookmark of the demo leads to: a page that knows nothing of sign-ins."""
        return self.pages.html("login_hours.html")

    def _go_on(self, request: Request, intent: Intent, session_token: str) -> Response:
        """The way from a session token to where somebody wants to go."""
        config = self.config
        if intent.return_to:
            return carrying(config.destinations.with_token(intent.return_to, session_token))
        if intent.go == "library":
            return carrying(config.destinations.with_token(add_query(config.saml_app, RelayState="/"), session_token))
        if intent.go == "ledger":
            return carrying(config.destinations.with_token(config.ledger, session_token))
        # The web app must make the authorization request itself: its state and PKCE verifier tie the answer to it.
        handle = secrets.token_urlsafe(24)
        self.waiting.put(handle, session_token)
        request.session["waiting"] = handle
        return RedirectResponse(add_query(config.orders, via=config.via), 303)

    def _form(self, intent: Intent, problem: Problem | None = None) -> Response:
        return self.pages.html(
            "login.html",
            status=400 if problem else 200,
            return_to=intent.return_to,
            where=self.config.destinations.name_of(intent.return_to) if intent.return_to else "",
            login=intent.login,
            go=intent.go,
            problem=problem,
        )

    def _code_form(self, wanted: CodeWanted, intent: Intent, problem: Problem | CodeWanted | None = None) -> Response:
        return self.pages.html(
            "login_code.html",
            status=400 if problem else 200,
            prompt=wanted.prompt,
            login=intent.login,
            problem=problem,
        )

    def _wrong_way(self) -> Response:
        return self.pages.html("login_wrong_way.html", status=400)
