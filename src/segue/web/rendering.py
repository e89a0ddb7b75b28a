"""From response values to status, headers and bytes, with the security headers every answer carries."""

from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import Final

import orjson
from jinja2 import ChoiceLoader, Environment, PackageLoader, PrefixLoader, StrictUndefined, select_autoescape

from segue.core.secret import RandomBytes, new_secret
from segue.core.url import parse_web_url
from segue.web.message import (
    AutoPost,
    Document,
    Empty,
    Json,
    Page,
    PostMessage,
    Redirect,
    Request,
    Response,
    SetCookie,
)

_HTML: Final = "text/html;charset=utf-8"
_BARE_CSP: Final = "default-src 'none'; frame-ancestors 'none'; base-uri 'none'"
_NO_PACKAGES: Final[Mapping[str, str]] = MappingProxyType({})
# Of pages whose scripts are files and whose forms stay with us: not even a script element of ours may stand in them.
_STAYING_CSP: Final = (
    "default-src 'none'; style-src 'self'; img-src 'self' data:; script-src 'self'; connect-src 'self'; "
    "form-action 'self'; frame-ancestors 'none'; base-uri 'none'"
)


@dataclass(frozen=True, slots=True)
class Rendered:
    status: int
    headers: tuple[tuple[str, str], ...]
    body: bytes


@dataclass(frozen=True, slots=True)
class Renderer:
    """Renders responses; one instance serves a process."""

    templates: Environment
    random: RandomBytes

    def render(self, request: Request, response: Response) -> Rendered:
        """The answer as bytes. Raises jinja2's errors where a template lacks a value: a fault of ours."""
        content_type, body, policy = self._content(request, response)
        # Without a referrer of its own a browser says Origin: null with a form, and that says nothing (MG-07).
        staying = isinstance(response, Page) and response.stays_here
        headers = [
            ("cache-control", f"public, max-age={response.cache_s}" if response.cache_s else "no-cache, no-store"),
            ("x-content-type-options", "nosniff"),
            ("referrer-policy", "same-origin" if staying else "no-referrer"),
            ("content-security-policy", policy),
            ("permissions-policy", "camera=(), microphone=(), geolocation=(), browsing-topics=()"),
        ]
        if not response.cache_s:
            headers += [("pragma", "no-cache"), ("expires", "0")]
        if request.site.domain.secure:
            headers.append(("strict-transport-security", "max-age=31536000"))
        if isinstance(response, Page) and not response.keeps_opener:
            headers.append(("cross-origin-opener-policy", "same-origin"))
        if content_type:
            headers.append(("content-type", content_type))
        if isinstance(response, Redirect):
            headers.append(("location", response.location))
        headers += [
            ("set-cookie", set_cookie(cookie, secure=request.site.domain.secure)) for cookie in response.cookies
        ]
        status = response.status
        if isinstance(response, Redirect) and request.method == "POST":
            status = 303  # by 302 or 307 a browser may send the credentials of the form on (OA-07)
        return Rendered(status, (*headers, *response.headers), body)

    def _content(self, request: Request, response: Response) -> tuple[str, bytes, str]:
        """Content type, body and content security policy."""
        match response:
            case Json(data=data, content_type=content_type):
                return content_type, orjson.dumps(data), _BARE_CSP
            case Document(body=body, content_type=content_type):
                return content_type, body, _BARE_CSP
            case Page():
                return self._page(request, response)
            case AutoPost():
                return self._auto_post(response)
            case PostMessage():
                return self._post_message(response)
            case Redirect() | Empty():
                return "", b"", _BARE_CSP
        raise TypeError(f"no rendering for {type(response).__name__}")

    def _page(self, request: Request, page: Page) -> tuple[str, bytes, str]:
        nonce = new_secret(self.random)
        # No form-action: browsers apply it to the redirects that follow a form, and after a sign-in those rightly lead
        # to the application. Templates escape everything, and no page of ours has a form that a request could change.
        policy = (
            f"default-src 'none'; style-src 'self'; img-src 'self' data:; script-src 'nonce-{nonce}'; "
            "frame-ancestors 'none'; base-uri 'none'"
        )
        body = self.templates.get_template(page.template).render(
            org_name=request.site.org.name, base_url=request.site.domain.base_url, nonce=nonce, **page.context
        )
        return _HTML, body.encode(), _STAYING_CSP if page.stays_here else policy

    def _auto_post(self, response: AutoPost) -> tuple[str, bytes, str]:
        nonce = new_secret(self.random)
        # SA-14. Any https origin is allowed beside the action's own, since a browser applies form-action to the
        # redirect by which a service provider goes on from its consumer address to its start page.
        own_origin = parse_web_url(response.action).origin
        policy = (
            f"default-src 'none'; style-src 'self'; script-src 'nonce-{nonce}'; form-action {own_origin} https:; "
            "frame-ancestors 'none'; base-uri 'none'"
        )
        body = self.templates.get_template("auto_post.html").render(
            action=response.action, fields=response.fields, form_id=response.form_id, nonce=nonce
        )
        return _HTML, body.encode(), policy

    def _post_message(self, response: PostMessage) -> tuple[str, bytes, str]:
        nonce = new_secret(self.random)
        policy = (
            f"default-src 'none'; script-src 'nonce-{nonce}'; frame-ancestors {response.target_origin}; base-uri 'none'"
        )
        body = self.templates.get_template("post_message.html").render(
            data_json=script_json(response.data), target_json=script_json(response.target_origin), nonce=nonce
        )
        return _HTML, body.encode(), policy


def new_renderer(random: RandomBytes, packages: Mapping[str, str] = _NO_PACKAGES) -> Renderer:
    """``packages`` are more packages with templates, by the first part of their templates' names."""
    others = {name: PackageLoader(package, "templates") for name, package in packages.items()}
    templates = Environment(
        loader=ChoiceLoader([PackageLoader("segue.web", "templates"), PrefixLoader(others)]),
        autoescape=select_autoescape(default=True),
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    return Renderer(templates, random)


def script_json(value: object) -> str:
    """JSON that may stand inside a script element: no ``<``, no line separators that end a statement."""
    text = orjson.dumps(value).decode()
    return text.replace("<", "\\u003c").replace("\u2028", "\\u2028").replace("\u2029", "\\u2029")


def set_cookie(cookie: SetCookie, *, secure: bool) -> str:
    """The Set-Cookie value: always HttpOnly, host-only and Path=/ (ED-05); SameSite=None only where it is Secure."""
    same_site = cookie.same_site if secure or cookie.same_site != "None" else "Lax"
    attributes = f"Path=/; HttpOnly; SameSite={same_site}" + ("; Secure" if secure else "")
    if cookie.value is None:
        return f"{cookie.name}=; Max-Age=0; Expires=Thu, 01 Jan 1970 00:00:00 GMT; {attributes}"
    life = f"; Max-Age={cookie.max_age_s}" if cookie.max_age_s is not None else ""
    return f"{cookie.name}={cookie.value}{life}; {attributes}"
