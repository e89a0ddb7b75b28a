"""What a dialect tells the web layer: its routes, its cookie, where its pages are, and how it says no."""

from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import Literal

from segue.core.refusal import Refusal
from segue.web.cookies import SessionCookies
from segue.web.limits import Standing
from segue.web.message import Request, Response

Handler = Callable[[Request], Awaitable[Response]]
RefusalWriter = Callable[[Request, Refusal, str], Response]
"""Turns a refusal and the id of its event into an answer of the route's own shape."""

LimitHeaders = Callable[[Standing, int], tuple[tuple[str, str], ...]]
"""The headers of a rate limit, from how the caller stands and the time now (epoch ms)."""

Cors = Literal["none", "public", "credentialed", "client"]
Body = Literal["none", "form", "json", "form_or_json"]


@dataclass(frozen=True, slots=True)
class Route:
    """One address. ``path`` may hold ``{name}`` segments.

    ``cors``: ``public`` answers any origin without credentials, ``credentialed`` the org's trusted origins with them,
    ``client`` also, without them, the origins of the redirect addresses of the application that the answer is for.
    ``idempotent`` says that a HEAD or a browser's prefetch may run it; elsewhere they are answered without touching
    anything (OT-09). ``document`` routes are for a window or frame: a browser that asks for them as an image, script or
    fetch is refused. ``event`` is the type of the events of its refusals. ``value_limits`` widens the limit (in
    characters) of named parameters. A ``form_or_json`` body is read into the same parameters from either. ``limit``
    names a rate limit class.
    """

    methods: tuple[str, ...]
    path: str
    handler: Handler
    refuse: RefusalWriter
    event: str
    cors: Cors = "none"
    body: Body = "none"
    idempotent: bool = False
    document: bool = False
    limit: str = ""
    value_limits: tuple[tuple[str, int], ...] = ()


@dataclass(frozen=True, slots=True)
class Surface:
    """A dialect as the web layer sees it.

    ``sign_in_location`` is the path and query of the page that resolves a waiting request, by its key. ``refuse``
    answers for addresses that are not there. ``limit_headers`` tells a caller how they stand with a rate limit.
    """

    dialect: str
    cookies: SessionCookies
    routes: tuple[Route, ...]
    sign_in_location: Callable[[str], str]
    home_location: str
    refuse: RefusalWriter
    limit_headers: LimitHeaders
