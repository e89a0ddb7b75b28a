"""HTTP as a browser or a program speaks it, with nothing done behind the test's back: no redirect is followed, and the
only cookies are those that the test can see.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from http.cookiejar import CookieJar, DefaultCookiePolicy
from typing import Any
from urllib.parse import parse_qsl, urljoin, urlsplit

import httpx
from lxml import html


def new_http() -> httpx.Client:
    """A client for many browsers at once: connections are kept, cookies are not."""
    nothing = CookieJar(policy=DefaultCookiePolicy(allowed_domains=[]))
    limits = httpx.Limits(max_connections=400, max_keepalive_connections=40)
    return httpx.Client(verify=False, trust_env=False, timeout=60, limits=limits, cookies=nothing)


@dataclass(slots=True)
class Browser:
    """A browser at one host. ``cookies`` are what it holds; ``headers`` go with each request."""

    base_url: str
    http: httpx.Client = field(repr=False)
    headers: Mapping[str, str] = field(default_factory=dict)
    cookies: dict[str, str] = field(default_factory=dict)

    def request(
        self, method: str, address: str, *, headers: Mapping[str, str] | None = None, **rest: Any
    ) -> httpx.Response:
        """One request to an absolute address or a path, and nothing after it."""
        sent = {**self.headers, **(headers or {})}
        if self.cookies:
            sent.setdefault("cookie", "; ".join(f"{name}={value}" for name, value in self.cookies.items()))
        response = self.http.request(method, urljoin(self.base_url, address), headers=sent, **rest)
        self.cookies.update({cookie.name: cookie.value for cookie in cookies_of(response) if not cookie.removed})
        for cookie in cookies_of(response):
            if cookie.removed:
                self.cookies.pop(cookie.name, None)
        return response

    def get(self, address: str, **rest: Any) -> httpx.Response:
        return self.request("GET", address, **rest)

    def post(self, address: str, **rest: Any) -> httpx.Response:
        return self.request("POST", address, **rest)

    def follow(self, response: httpx.Response) -> httpx.Response:
        """The page that a redirect of the same host leads to, over any number of them."""
        while response.is_redirect:
            location = urljoin(str(response.request.url), response.headers["location"])
            if not location.startswith(self.base_url + "/"):
                return response
            response = self.get(location)
        return response

    def submit(self, page: httpx.Response, *, press: tuple[str, str] | None = None, **fields: str) -> httpx.Response:
        """Fills in the page's one form and sends it."""
        form = form_of(page)
        data = {**form.fields, **fields, **(dict([press]) if press else {})}
        return self.request(form.method, urljoin(str(page.request.url), form.action), data=data)

    def copy(self) -> "Browser":
        """Another browser with the same cookies: somebody who stole them."""
        return Browser(self.base_url, self.http, self.headers, dict(self.cookies))


@dataclass(frozen=True, slots=True)
class Cookie:
    """A Set-Cookie header; ``attributes`` have lower-case names, "" where there is no value."""

    name: str
    value: str
    attributes: Mapping[str, str]

    @property
    def removed(self) -> bool:
        return self.attributes.get("max-age") == "0"


@dataclass(frozen=True, slots=True)
class Form:
    id: str
    method: str
    action: str
    fields: Mapping[str, str]


def cookies_of(response: httpx.Response) -> list[Cookie]:
    found = []
    for header in response.headers.get_list("set-cookie"):
        pair, *rest = header.split(";")
        name, _, value = pair.partition("=")
        attributes = [part.strip().partition("=") for part in rest]
        found.append(Cookie(name, value, {key.lower(): text for key, _, text in attributes}))
    return found


def forms_of(page: httpx.Response) -> Sequence[Form]:
    document = html.document_fromstring(page.content.decode())
    return [
        Form(
            id=form.get("id", ""),
            method=form.get("method", "GET").upper(),
            action=form.get("action", ""),
            fields={
                field.get("name", ""): field.get("value", "")
                for field in form.iter("input")
                if field.get("name") and field.get("type") != "submit"
            },
        )
        for form in document.iter("form")
    ]


def form_of(page: httpx.Response) -> Form:
    forms = forms_of(page)
    assert len(forms) == 1, f"{page.status_code}: {page.text[:2000]}"
    return forms[0]


def text_of(page: httpx.Response, element_id: str) -> str:
    """The text of the element of that id; "" where there is none."""
    document = html.document_fromstring(page.content.decode())
    found = document.xpath("//*[@id=$id]", id=element_id)
    return " ".join(found[0].text_content().split()) if found else ""


def policy_of(response: httpx.Response) -> dict[str, str]:
    """The Content-Security-Policy, each directive once."""
    parts = [part.strip().partition(" ") for part in response.headers["content-security-policy"].split(";")]
    assert len({name for name, _, _ in parts}) == len(parts)
    return {name: value for name, _, value in parts}


def parameters(address: str) -> dict[str, str]:
    """The parameters of an address, from its query and its fragment; each may be there once."""
    parts = urlsplit(address)
    pairs = parse_qsl(parts.query, keep_blank_values=True) + parse_qsl(parts.fragment, keep_blank_values=True)
    assert len(dict(pairs)) == len(pairs), address
    return dict(pairs)
