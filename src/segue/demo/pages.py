"""How an example app makes a page: templates, style sheets, headers, forms, and who may post to it."""

import re
from collections.abc import Collection
from dataclasses import dataclass
from pathlib import Path
from typing import Final
from urllib.parse import parse_qsl, urlsplit

from jinja2 import Environment, FileSystemLoader, StrictUndefined, select_autoescape
from starlette.datastructures import Headers
from starlette.requests import Request
from starlette.responses import HTMLResponse, PlainTextResponse
from starlette.routing import Mount
from starlette.staticfiles import StaticFiles
from starlette.types import ASGIApp, Receive, Scope, Send

_HERE: Final = Path(__file__).parent
_MAX_FORM_BYTES: Final = 512 * 1024
_LOCAL_PATH: Final = re.compile(r"/(?![/\\])[A-Za-z0-9\-._~!$&'()*+,;=:@%/?]*")


class FormTooLarge(ValueError):
    """A form of more than half a megabyte, which no page of the demo sends."""


@dataclass(frozen=True, slots=True)
class Pages:
    """Makes the pages of one app. ``connect`` are the origins its scripts may call, ``frames`` those it may frame,
    ``images`` those it may show images of."""

    environment: Environment
    connect: tuple[str, ...] = ()
    frames: tuple[str, ...] = ()
    images: tuple[str, ...] = ()

    def html(self, template: str, *, status: int = 200, **context: object) -> HTMLResponse:
        """The page of ``template``, never cached, with nothing loaded from anywhere but here."""
        policy = [
            "default-src 'none'",
            "style-src 'self'",
            "script-src 'self'",
            " ".join(["img-src", "'self'", "data:", *self.images]),
            " ".join(["connect-src", "'self'", *self.connect]),
            " ".join(["frame-src", *(self.frames or ("'none'",))]),
            "frame-ancestors 'none'",
            "base-uri 'none'",
        ]
        headers = {
            "cache-control": "no-store",
            "content-security-policy": "; ".join(policy),
            # Not no-referrer: that would make the Origin of the page's own forms "null".
            "referrer-policy": "same-origin",
            "x-content-type-options": "nosniff",
        }
        return HTMLResponse(self.environment.get_template(template).render(context), status, headers)


def new_pages(
    *,
    connect: tuple[str, ...] = (),
    frames: tuple[str, ...] = (),
    images: tuple[str, ...] = (),
    **everywhere: object,
) -> Pages:
    """Pages whose templates all see ``everywhere``."""
    environment = Environment(
        loader=FileSystemLoader(_HERE / "templates"),
        autoescape=select_autoescape(default=True),
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    environment.globals.update(everywhere)
    return Pages(environment, connect, frames, images)


def static_files() -> Mount:
    return Mount("/static", StaticFiles(directory=_HERE / "static"))


async def read_form(request: Request) -> dict[str, str]:
    """The fields of a posted form; of a repeated one the first. Raises FormTooLarge."""
    body = bytearray()
    async for chunk in request.stream():
        body += chunk
        if len(body) > _MAX_FORM_BYTES:
            raise FormTooLarge(f"a form has at most {_MAX_FORM_BYTES} bytes")
    fields: dict[str, str] = {}
    for name, value in parse_qsl(body.decode("utf-8", errors="replace"), keep_blank_values=True):
        fields.setdefault(name, value)
    return fields


def local_path(text: str) -> str | None:
    """``text`` if it is a path on the app's own host, otherwise None: nothing else may be redirected to."""
    return text if len(text) <= 2048 and _LOCAL_PATH.fullmatch(text) else None


@dataclass(frozen=True, slots=True)
class Doorkeeper:
    """Middleware that keeps an app to its own address and its forms to its own pages.

    ``own`` is the app's origin; ``open_paths`` are the addresses that others post to by design.
    """

    app: ASGIApp
    own: str
    open_paths: Collection[str] = ()

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self.app(scope, receive, send)
            return
        headers = Headers(scope=scope)
        if headers.get("host") != urlsplit(self.own).netloc:
            answer = PlainTextResponse(f"This app of the demo is at {self.own}\n", 421)
        elif self._foreign_post(scope, headers):
            answer = PlainTextResponse("This form belongs to another page. Go back and start again.\n", 403)
        else:
            await self.app(scope, receive, send)
            return
        await answer(scope, receive, send)

    def _foreign_post(self, scope: Scope, headers: Headers) -> bool:
        """Whether a browser says that another site's page posts here. A program that says nothing may."""
        if scope["method"] in ("GET", "HEAD") or scope["path"] in self.open_paths:
            return False
        if "origin" in headers:
            return headers["origin"] != self.own
        return headers.get("sec-fetch-site", "same-origin") != "same-origin"
