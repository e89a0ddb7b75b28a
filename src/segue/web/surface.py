"""What a dialect tells the web layer: its routes, its cookie, where its pages are, and how it says no."""

from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import Literal

from segue.core.refusal import Refusal
from segue.web.cookies import SessionCookies
from segue.web.message import Request, Response

Handler = Callable[[Request], Awaitable[Response]]
RefusalWriter = Callable[[Request, Refusal, str], Response]
"""Turns a refusal and the id of its event into an answer of the route's own shape."""

Cors = Literal["none", "public", "credentialed"]
Body = Literal["none", "form", "json"]


@dataclass(frozen=True, slots=True)
class Route:
    """One address. ``path`` may hold ``{name}`` segments.

    ``cors``: ``public`` answers any origin without credentials, ``credentialed`` the org's trusted origins with them.
    ``idempotent`` says that a HEAD or a browser's prefetch may run it; elsewhere they are answered without touching
    anything (OT-09). ``event`` is the type of the events of its refusals. ``value_limits`` widens the limit (in
    characters) of named parameters. ``limit`` names a rate limit class.
    """

    methods: tuple[str, ...]
    path: str
    handler: Handler
    refuse: RefusalWriter
    event: str
    cors: Cors = "none"
    body: Body = "none"
    idempotent: bool = False
    limit: str = ""
    value_limits: tuple[tuple[str, int], ...] = ()


@dataclass(frozen=True, slots=True)
class Surface:
    """A dialect as the web layer sees it.

    ``sign_in_location`` is the path and query of the page that resolves a waiting request, by its key; ``not_found``
    and ``wrong_method`` answer addresses that are not there.
    """

    dialect: str
    cookies: SessionCookies
    routes: tuple[Route, ...]
    sign_in_location: Callable[[str], str]
    home_location: str
    refuse: RefusalWriter
