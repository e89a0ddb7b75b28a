"""Harbor Orders: a web app that signs its users in with OpenID Connect, on Authlib's client for Starlette.

Authorization code with PKCE, state and nonce; the ID token is verified; sign-out goes to Segue as well (RP-initiated
logout). The app never sees a password. ``/login`` goes straight to Segue, ``/login?via=custom`` by way of the custom
login page: the authorization request is made here either way, so its answer belongs to this browser.
"""

import secrets
import time
import warnings
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final

import httpx
from authlib.common.errors import AuthlibBaseError
from authlib.deprecate import AuthlibDeprecationWarning
from joserfc.errors import JoseError
from starlette.applications import Starlette
from starlette.middleware import Middleware
from starlette.middleware.sessions import SessionMiddleware
from starlette.requests import Request
from starlette.responses import RedirectResponse, Response
from starlette.routing import Route

from segue.demo.backend import Backend
from segue.demo.claims import explained
from segue.demo.handover import add_query, split_event
from segue.demo.pages import Doorkeeper, Pages, new_pages, static_files

with warnings.catch_warnings():
    # Authlib says to everybody who starts it that it looks forward to another HTTP library.
    warnings.filterwarnings("ignore", message="The httpx module is deprecated", category=AuthlibDeprecationWarning)
    from authlib.integrations.starlette_client import OAuth

_NAME: Final = "Harbor Orders"
_SCOPE: Final = "openid profile email"
#: What goes wrong between client and provider: a refusal, a token that does not verify, no answer, one without a token.
_FAILURES: Final = (AuthlibBaseError, JoseError, httpx.HTTPError, ValueError, KeyError)


@dataclass(frozen=True, slots=True)
class WebApp:
    """``login_pages`` are the custom login pages by the name that ``/login?via=`` knows them by, ``explain`` is the
    command that explains an event."""

    own: str
    backend: Backend
    client_id: str
    client_secret: str
    login_pages: Mapping[str, str]
    saml_app: str
    explain: str
    neighbours: tuple[tuple[str, str], ...] = ()

    @property
    def redirect_uri(self) -> str:
        return f"{self.own}/callback"

    @property
    def post_logout_redirect_uri(self) -> str:
        return f"{self.own}/signed-out"


def oidc_app(config: WebApp) -> Starlette:
    """The ASGI application."""
    return _Orders(config).application()


class _Orders:
    def __init__(self, config: WebApp) -> None:
        self.config = config
        # Authlib publishes no types.
        self.client: Any = OAuth().register(
            "segue",
            client_id=config.client_id,
            client_secret=config.client_secret,
            server_metadata_url=f"{config.backend.base_url}/.well-known/openid-configuration",
            client_kwargs={**config.backend.options, "scope": _SCOPE, "code_challenge_method": "S256"},
        )
        self.pages: Pages = new_pages(
            title_of_app=_NAME,
            look="harbor orders",
            home="/",
            idp=config.backend.base_url,
            speaks=f"Demo app: a web app on OpenID Connect, client {config.client_id}",
            neighbours=config.neighbours,
            saml_app=config.saml_app,
            explain=config.explain,
        )

    def application(self) -> Starlette:
        return Starlette(
            routes=[
                Route("/", self.home, methods=["GET"]),
                Route("/login", self.login, methods=["GET"]),
                Route("/callback", self.callback, methods=["GET"]),
                Route("/logout", self.logout, methods=["POST"]),
                Route("/signed-out", self.signed_out, methods=["GET"]),
                static_files(),
            ],
            middleware=[
                Middleware(Doorkeeper, own=self.config.own),
                Middleware(
                    SessionMiddleware,
                    secret_key=secrets.token_urlsafe(32),
                    session_cookie="harbor_orders",
                    same_site="lax",
                    https_only=self.config.own.startswith("https:"),
                ),
            ],
        )

    async def home(self, request: Request) -> Response:
        user = request.session.get("user")
        if user is None:
            return self.pages.html("orders_welcome.html", signed_out=False)
        now_s = time.time()
        return self.pages.html(
            "orders_home.html",
            name=_name(user),
            initials=_initials(_name(user)),
            token=explained(user["id_token_claims"], now_s),
            profile=explained(user["userinfo"], now_s),
        )

    async def login(self, request: Request) -> Response:
        # OpenID Connect Core 4: whoever starts a sign-in here from elsewhere names the issuer, and there is only one.
        if request.query_params.get("iss", self.config.backend.base_url) != self.config.backend.base_url:
            return self._failed(ValueError("this app signs in at Segue alone"))
        page = self.config.login_pages.get(request.query_params.get("via", ""))
        wishes = {"prompt": "login"} if request.query_params.get("prompt") == "login" else {}
        try:
            made = await self.client.create_authorization_url(self.config.redirect_uri, **wishes)
        except _FAILURES as error:
            return self._failed(error)
        await self.client.save_authorize_data(request, redirect_uri=self.config.redirect_uri, **made)
        return RedirectResponse(add_query(page, return_to=made["url"]) if page else made["url"], 303)

    async def callback(self, request: Request) -> Response:
        if not request.query_params.keys() & {"code", "error"}:
            return self.pages.html("orders_failed.html", status=400, error="", text=_NO_ANSWER, event_id="")
        try:
            # RFC 9207 2.4: an answer that names its issuer names ours.
            if request.query_params.get("iss", self.config.backend.base_url) != self.config.backend.base_url:
                raise ValueError("the answer comes from another issuer")
            token = await self.client.authorize_access_token(request)
            claims = token["userinfo"]
            profile = await self.client.userinfo(token=token)
            # OIDC Core 5.3.2: userinfo that speaks of somebody else must not be used.
            if profile["sub"] != claims["sub"]:
                raise ValueError("userinfo speaks of another user than the ID token")
        except _FAILURES as error:
            return self._failed(error)
        request.session.clear()
        request.session["user"] = {"id_token_claims": dict(claims), "userinfo": dict(profile)}
        request.session["id_token"] = token["id_token"]
        return RedirectResponse("/", 303)

    async def logout(self, request: Request) -> Response:
        """Ends the session here, then at Segue, which sends the browser back (OpenID Connect RP-Initiated Logout)."""
        hint = request.session.pop("id_token", None)
        request.session.clear()
        try:
            answer: Response = await self.client.logout_redirect(
                request, post_logout_redirect_uri=self.config.post_logout_redirect_uri, id_token_hint=hint
            )
        except (*_FAILURES, RuntimeError) as error:
            return self._failed(error)
        answer.status_code = 303
        return answer

    async def signed_out(self, request: Request) -> Response:
        try:
            await self.client.validate_logout_response(request)
        except AuthlibBaseError as error:
            return self._failed(error)
        return self.pages.html("orders_welcome.html", signed_out=True)

    def _failed(self, error: Exception) -> Response:
        code = getattr(error, "error", None) or type(error).__name__
        text, event_id = split_event(str(getattr(error, "description", None) or error))
        return self.pages.html("orders_failed.html", status=400, error=code, text=text, event_id=event_id)


_NO_ANSWER: Final = (
    "Nothing was answered here that this app could use: it asks for a code. An answer behind the # of the address "
    "stays in the browser, and is for apps that live there."
)


def _name(user: Mapping[str, Any]) -> str:
    merged = {**user["id_token_claims"], **user["userinfo"]}
    return str(merged.get("name") or merged.get("preferred_username") or merged["sub"])


def _initials(name: str) -> str:
    return "".join(word[0] for word in name.split()[:2]).upper()
