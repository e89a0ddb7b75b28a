"""Requests and responses as values, so that everything above the edge can be called and tested without a server."""

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import Literal, Self

from segue.core.assurance import Device
from segue.core.clock import Source
from segue.core.org import Domain, Org
from segue.core.strict import Params
from segue.events import Circumstances

SameSite = Literal["Lax", "None", "Strict"]


@dataclass(frozen=True, slots=True)
class Site:
    """The configured place a request arrived at: the domain (from configuration, never from a header) and its org."""

    org: Org
    domain: Domain


@dataclass(frozen=True, slots=True)
class Request:
    """One HTTP request after the edge has checked its size and grammar.

    ``query`` and ``form`` are decoded once and refuse duplicates on access; ``raw_query`` keeps the octets for
    signatures over them. ``headers`` are lower-cased. ``cookies`` keep every value of a repeated name. ``address`` is
    the client's address by the trusted-proxy rule, ``device`` what such a proxy says of their device. ``now_at`` is the
    one clock reading of this request (epoch ms).
    """

    method: str
    site: Site
    path: str
    now_at: int
    request_id: str
    path_params: Mapping[str, str] = field(default_factory=dict)
    query: Params = field(default_factory=Params)
    form: Params = field(default_factory=Params)
    raw_query: bytes = b""
    body: bytes = b""
    headers: Mapping[str, str] = field(default_factory=dict)
    cookies: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    address: str = ""
    device: Device | None = None

    @property
    def user_agent(self) -> str:
        return self.headers.get("user-agent", "")[:512]

    @property
    def params(self) -> Params:
        """The parameters of a request that may come by GET or POST: the form of a POST, else the query."""
        return self.form if self.method == "POST" else self.query

    def circumstances(self, source: Source) -> Circumstances:
        """What every event of this request has in common."""
        return Circumstances(
            org_id=self.site.org.id,
            now_at=self.now_at,
            source=source,
            domain=self.site.domain.authority,
            address=self.address,
            user_agent=self.user_agent,
            request_id=self.request_id,
            device=self.device,
        )

    def cookie(self, name: str) -> str | None:
        """The value of a cookie; None where it is absent or given twice (OT-16: two of one name mean none)."""
        values = self.cookies.get(name, ())
        return values[0] if len(values) == 1 else None


@dataclass(frozen=True, slots=True)
class SetCookie:
    """A cookie to set; ``value`` None removes it. Always HttpOnly, Path=/ and host-only; Secure where the site is."""

    name: str
    value: str | None
    max_age_s: int | None = None
    same_site: SameSite = "Lax"


@dataclass(frozen=True, slots=True, kw_only=True)
class Response:
    """The base of every answer: status, extra headers, cookies. Nothing is cached unless ``cache_s`` says so.

    ``app_id`` is the application an answer is for, where that decides who may read it (``Route.cors``).
    """

    status: int = 200
    headers: tuple[tuple[str, str], ...] = ()
    cookies: tuple[SetCookie, ...] = ()
    cache_s: int = 0
    app_id: str = ""

    def with_cookies(self, *cookies: SetCookie) -> Self:
        return replace(self, cookies=(*self.cookies, *cookies))

    def with_headers(self, *headers: tuple[str, str]) -> Self:
        return replace(self, headers=(*self.headers, *headers))


@dataclass(frozen=True, slots=True, kw_only=True)
class Empty(Response):
    status: int = 204


@dataclass(frozen=True, slots=True, kw_only=True)
class Redirect(Response):
    """302 after a GET; the answer to a POST becomes a 303, so that no browser sends the credentials on (OA-07)."""

    location: str
    status: int = 302


@dataclass(frozen=True, slots=True, kw_only=True)
class Json(Response):
    data: object
    content_type: str = "application/json;charset=UTF-8"


@dataclass(frozen=True, slots=True, kw_only=True)
class Document(Response):
    """Ready-made bytes of a type that no browser renders as a page: XML metadata, an image, style sheets."""

    body: bytes
    content_type: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Page(Response):
    """An HTML page from a template of this package, or of one that the renderer was given.

    ``keeps_opener``: the page may stand in a window that another site opened and that will hand it an answer.
    ``stays_here``: its scripts are files of ours and its forms lead nowhere else, unlike those of a sign-in.
    """

    template: str
    context: Mapping[str, object] = field(default_factory=dict)
    keeps_opener: bool = False
    stays_here: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class AutoPost(Response):
    """A page that posts hidden fields to ``action`` by itself; without JavaScript it shows a button."""

    action: str
    fields: tuple[tuple[str, str], ...]
    form_id: str = "appForm"


@dataclass(frozen=True, slots=True, kw_only=True)
class PostMessage(Response):
    """A page that hands ``data`` to the window that opened or framed it, only if that is at ``target_origin``
    (F1-04).
    """

    target_origin: str
    data: Mapping[str, object]
