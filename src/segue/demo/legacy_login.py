"""The older way of a login page: the Sessions API, called with an API token that stays on this server.

``POST /api/v1/sessions`` makes a session that waits for its browser, and a one-time token to go with it. The browser
takes the token to the redirect link, to an application's link or sign-on address, or loads it as an image.
"""

import secrets
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Final

from starlette.requests import Request
from starlette.responses import RedirectResponse, Response
from starlette.routing import Route

from segue.demo.authn_client import Problem, create_session
from segue.demo.backend import Backend
from segue.demo.handover import Destinations, add_query, carrying
from segue.demo.pages import Pages, read_form
from segue.demo.remembered import Remembered

_WAITING_S: Final = 240
_LANDING: Final = "landing"
_IMAGE: Final = "image"


@dataclass(frozen=True, slots=True)
class LegacyLogin:
    """``starts`` are the addresses that start an application and take a one-time token, by the form's choice."""

    own: str
    backend: Backend
    destinations: Destinations
    starts: Mapping[str, str]
    api_token: str
    pages: Pages
    images: Remembered[str] = field(default_factory=lambda: Remembered(life_s=_WAITING_S))

    def routes(self) -> list[Route]:
        return [
            Route("/legacy", self.show, methods=["GET"]),
            Route("/legacy", self.sign_in, methods=["POST"]),
            Route("/legacy/landing", self.land, methods=["GET"]),
            Route("/legacy/image", self.show_image, methods=["GET"]),
        ]

    async def show(self, request: Request) -> Response:
        return_to = request.query_params.get("return_to", "")
        if return_to and not self.destinations.allowed(return_to):
            return self.pages.html("login_wrong_way.html", status=400)
        return self._form(return_to)

    async def sign_in(self, request: Request) -> Response:
        form = await read_form(request)
        return_to, go = form.get("return_to", ""), form.get("go", _LANDING)
        if return_to and not self.destinations.allowed(return_to):
            return self.pages.html("login_wrong_way.html", status=400)
        ticket = "cookieTokenUrl" if go == _IMAGE and not return_to else "cookieToken"
        login, password = form.get("username", ""), form.get("password", "")
        async with self.backend.client("Harbor Books legacy login page") as client:
            made = await create_session(client, self.backend, self.api_token, login, password, ticket)
        if isinstance(made, Problem):
            return self._form(return_to, login=login, go=go, problem=made)
        if return_to:
            return carrying(self.destinations.with_token(return_to, made.ticket, name="onetimetoken"))
        if go == _IMAGE:
            handle = secrets.token_urlsafe(24)
            self.images.put(handle, made.ticket)
            request.session["image"] = handle
            return RedirectResponse("/legacy/image", 303)
        if go in self.starts:
            return carrying(self.destinations.with_token(self.starts[go], made.ticket, name="onetimetoken"))
        back = f"{self.own}/legacy/landing"
        link = f"{self.backend.base_url}/login/sessionCookieRedirect"
        return carrying(add_query(link, token=made.ticket, redirectUrl=back))

    async def land(self, _request: Request) -> Response:
        """Where the redirect link leads back to. Nothing tells this page who came: it asks Segue, like any other."""
        return self.pages.html("legacy_landing.html")

    async def show_image(self, request: Request) -> Response:
        """The page with the image. Loaded again it holds the same image, which does nothing any more."""
        image = self.images.get(request.session.get("image", ""))
        return self.pages.html("legacy_image.html", image=image) if image else RedirectResponse("/legacy", 303)

    def _form(self, return_to: str, login: str = "", go: str = _LANDING, problem: Problem | None = None) -> Response:
        return self.pages.html(
            "legacy_login.html",
            status=400 if problem else 200,
            return_to=return_to,
            where=self.destinations.name_of(return_to) if return_to else "",
            login=login,
            go=go,
            problem=problem,
        )
