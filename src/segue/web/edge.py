"""The edge: ASGI in, values through, ASGI out. The only module besides ``app`` that knows the web framework.

It finds the configured site, picks the route, keeps browsers' own habits (HEAD, prefetch, preflight) away from what
must not happen twice, and turns every failure into an answer of the route's own shape.
"""

import logging
from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Final

from starlette.types import Receive, Scope, Send

from segue.core.clock import Source
from segue.core.refusal import Refusal
from segue.core.secret import new_id, random_partition
from segue.core.strict import Malformed
from segue.core.verdict import Check, Verdict
from segue.signin.passwords import PoolFull
from segue.stores import StoreUnavailable
from segue.web.client_address import Network
from segue.web.cors import CorsPolicy
from segue.web.limits import RateLimiter, Standing
from segue.web.message import Empty, Request, Response, Site
from segue.web.reading import Disconnected, Head, new_request, read_body, read_head, read_parameters
from segue.web.recorder import Recorder
from segue.web.rendering import Rendered, Renderer
from segue.web.routing import RouteTable
from segue.web.surface import Route, Surface

log = logging.getLogger(__name__)

_WINDOWS: Final = frozenset({"document", "iframe", "frame"})


@dataclass(frozen=True, slots=True)
class Edge:
    """The ASGI application for HTTP.

    ``find_site`` answers the configured site of an authority, ``addresses`` what to tell a loopback caller who used
    another one, ``ready`` whether this process can serve.
    """

    surfaces: Mapping[str, Surface]
    find_site: Callable[[str], Awaitable[Site | None]]
    addresses: Callable[[], Awaitable[Sequence[str]]]
    ready: Callable[[], Awaitable[bool]]
    cors: CorsPolicy
    limiter: RateLimiter
    renderer: Renderer
    recorder: Recorder
    source: Source
    tables: Mapping[str, RouteTable]
    trusted_proxies: tuple[Network, ...] = ()
    device_header: str = ""

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        try:
            answer = await self._answer(read_head(scope), receive)
        except Disconnected:
            return
        headers = [(name.encode("latin-1"), value.encode("latin-1")) for name, value in answer.headers]
        headers.append((b"content-length", str(len(answer.body)).encode()))
        await send({"type": "http.response.start", "status": answer.status, "headers": headers})
        await send({"type": "http.response.body", "body": b"" if scope["method"] == "HEAD" else answer.body})

    async def _answer(self, head: Head, receive: Receive) -> Rendered:
        if head.path in ("/livez", "/readyz"):
            return await self._health(head.path)
        if head.ambiguous or head.too_large:
            return _unreadable(head)
        site = await self.find_site(head.headers.get("host", "").lower())
        if site is None:
            return await self._misdirected(head)
        now_at = self.source.now_at()
        request_id = new_id("req", random_partition(self.source.random), now_at, self.source.random)
        request = new_request(
            head,
            site,
            now_at=now_at,
            request_id=request_id,
            trusted=self.trusted_proxies,
            device_header=self.device_header,
        )
        surface = self.surfaces[site.domain.dialect]
        response, extra = await self._route(surface, request, head, receive)
        rendered = self.renderer.render(request, response)
        return replace(rendered, headers=(*rendered.headers, *extra))

    async def _route(
        self, surface: Surface, request: Request, head: Head, receive: Receive
    ) -> tuple[Response, tuple[tuple[str, str], ...]]:
        table = self.tables[surface.dialect]
        match = table.find(head.path, head.method)
        if match is None:
            methods = table.methods(head.path)
            refusal = _wrong_method() if methods else _not_found()
            response = surface.refuse(request, refusal, request.request_id)
            return response, (("allow", ", ".join(methods)),) if methods else ()
        route = match.route
        origin = head.headers.get("origin")
        if head.method == "OPTIONS":
            asked = head.headers.get("access-control-request-headers", "")
            methods = table.methods(head.path)
            return Empty(status=200), await self.cors.preflight(request.site, route, origin, asked, methods)
        if _only_a_look(head, route):
            return Empty(status=204), ()
        request = replace(request, path_params=match.path_params)
        standing = self.limiter.take(route.limit, f"{request.site.org.id} {request.address}")
        response = await self._run(route, request, head, receive, standing)
        limits = surface.limit_headers(standing, request.now_at) if standing else ()
        if standing is not None and not standing.allowed:
            limits = (*limits, ("retry-after", str(standing.reset_s)))
        return response, (*limits, *await self.cors.headers(request.site, route, origin, response.app_id))

    async def _run(
        self, route: Route, request: Request, head: Head, receive: Receive, standing: Standing | None
    ) -> Response:
        """Runs the handler; whatever goes wrong becomes an answer of the route."""
        try:
            if standing is not None and not standing.allowed:
                raise _rate_limited(standing)
            _check_destination(head, route)
            body = await read_body(head, receive)
            query, form = read_parameters(route, head, body)
            return await route.handler(replace(request, query=query, form=form, body=body))
        except Refusal as refusal:
            return await self._refuse(route, request, refusal)
        except Malformed as error:
            check = Check("well_formed", passed=False, seen=str(error), mend="Send the request as it is documented.")
            return await self._refuse(
                route, request, Refusal("malformed", str(error), Verdict((check,), rule="strict_reader"))
            )
        except PoolFull as error:
            busy = Refusal("busy", "Too many sign-ins are waiting. Try again in a moment.")
            response = await self._refuse(route, request, busy)
            return response.with_headers(("retry-after", str(error.retry_after_s)))
        except StoreUnavailable:
            log.exception("the store did not answer", extra={"request_id": request.request_id})
            return _unavailable(route, request)
        except Disconnected:
            raise
        except Exception:
            log.exception("a handler failed", extra={"request_id": request.request_id, "path": head.path})
            fault = Refusal("internal", "Something went wrong on our side. It has been written to the log.")
            return await self._refuse(route, request, fault)

    async def _refuse(self, route: Route, request: Request, refusal: Refusal) -> Response:
        try:
            event_id = await self.recorder.refuse(request.circumstances(self.source), refusal, route.event)
        except StoreUnavailable:
            log.exception("a refusal could not be recorded", extra={"request_id": request.request_id})
            return _unavailable(route, request)
        return replace(route.refuse(request, refusal, event_id), app_id=refusal.app_id or "")

    async def _health(self, path: str) -> Rendered:
        well = path == "/livez" or await self.ready()
        return Rendered(200 if well else 503, (("content-type", "text/plain"),), b"ok\n" if well else b"not ready\n")

    async def _misdirected(self, head: Head) -> Rendered:
        """421: no site of ours (ED-01). A caller on this machine is told the addresses that work."""
        if head.peer not in ("127.0.0.1", "::1"):
            return Rendered(421, (), b"")
        lines = ["No site is configured for this host name. These work:", *await self.addresses(), ""]
        return Rendered(421, (("content-type", "text/plain; charset=utf-8"),), "\n".join(lines).encode())


def _unreadable(head: Head) -> Rendered:
    """For what cannot even be given to a site: in plain words, since no dialect is known yet."""
    text = b"The request's headers are too large.\n" if head.too_large else b"A header is given twice.\n"
    headers = (
        ("content-type", "text/plain; charset=utf-8"),
        ("cache-control", "no-store"),
        ("x-content-type-options", "nosniff"),
    )
    return Rendered(431 if head.too_large else 400, headers, text)


def _only_a_look(head: Head, route: Route) -> bool:
    """Whether a browser or scanner only looks at a link that may be followed once (OT-09)."""
    if route.idempotent:
        return False
    purpose = head.headers.get("sec-purpose", "") + head.headers.get("purpose", "")
    return head.method == "HEAD" or (head.method == "GET" and "prefetch" in purpose)


def _check_destination(head: Head, route: Route) -> None:
    """A hand-off route is for a window: not for an image, a script or a fetch of another site (OT-09, OT-15)."""
    destination = head.headers.get("sec-fetch-dest")
    if route.document and destination is not None and destination not in _WINDOWS:
        check = Check(
            "destination", passed=False, expected="a window", seen=destination[:40], mend="Open it in a window."
        )
        raise Refusal("not_a_document", "Open this address in a browser window.", Verdict((check,), rule="edge"))


def _not_found() -> Refusal:
    return Refusal("not_found", "There is nothing at this address.")


def _wrong_method() -> Refusal:
    return Refusal("wrong_method", "This address does not answer that method.")


def _rate_limited(standing: Standing) -> Refusal:
    seen = f"more than {standing.limit} in the window"
    check = Check(
        "rate_limit", passed=False, expected=f"at most {standing.limit}", seen=seen, mend="Wait, then try again."
    )
    return Refusal("rate_limited", "Too many requests. Wait a moment.", Verdict((check,), rule="rate_limit"))


def _unavailable(route: Route, request: Request) -> Response:
    refusal = Refusal("unavailable", "The service cannot answer right now. Try again in a moment.")
    return route.refuse(request, refusal, request.request_id).with_headers(("retry-after", "5"))
