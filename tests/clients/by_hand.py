"""What stands around a client under test: the custom login page's call, and a browser reduced to its bare duties.

It keeps cookies, follows no redirect by itself, and submits the forms it is told to. Whatever judges a protocol is the
client of each test, not this.
"""

import ssl
from dataclasses import dataclass
from urllib.parse import parse_qs, urljoin, urlsplit

import httpx
from lxml import html
from tests.demo_process import Demo


def trust(demo: Demo) -> ssl.SSLContext:
    """Trusts the demo's own CA, and without one nobody's."""
    return ssl.create_default_context(cafile=demo.ca) if demo.ca else ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)


def new_browser(demo: Demo) -> httpx.Client:
    return httpx.Client(verify=trust(demo), trust_env=False, timeout=20)


def session_token(browser: httpx.Client, demo: Demo, name: str = "ann") -> str:
    """A session token of the user, by the Authentication API."""
    user = demo.manifest["okta"]["users"][name]
    answer = browser.post(
        f"{demo.manifest['okta']['base_url']}/api/v1/authn",
        json={"username": user["login"], "password": user["password"]},
    )
    assert answer.status_code == 200, answer.text
    return answer.json()["sessionToken"]


@dataclass(frozen=True, slots=True)
class Form:
    """A form of a page, filled in as the page has it."""

    action: str
    fields: dict[str, str]


def form_of(answer: httpx.Response) -> Form:
    """The one form of an HTML answer."""
    [form] = html.fromstring(answer.content).forms
    fields = {name: value or "" for name, value in form.fields.items()}
    return Form(urljoin(str(answer.url), form.action or str(answer.url)), fields)


def follow(browser: httpx.Client, answer: httpx.Response, *, until: str = "") -> httpx.Response:
    """The end of the redirects that begin with ``answer``; or the redirect itself that leads to ``until``."""
    for _ in range(10):
        if not answer.is_redirect:
            return answer
        location = urljoin(str(answer.url), answer.headers["location"])
        if until and location.startswith(until):
            return answer
        answer = browser.get(location)
    raise AssertionError("ten redirects and no end")


def sign_in_by_page(
    browser: httpx.Client, demo: Demo, answer: httpx.Response, name: str = "ann", *, until: str = ""
) -> httpx.Response:
    """From a redirect to the hosted page, through its form, to what comes after it."""
    user = demo.manifest["okta"]["users"][name]
    page = follow(browser, answer)
    form = form_of(page)
    assert {"username", "password"} <= form.fields.keys(), page.text
    filled = {**form.fields, "username": user["login"], "password": user["password"]}
    return follow(browser, browser.post(form.action, data=filled), until=until)


def parameters(answer: httpx.Response) -> dict[str, str]:
    """The query of the address that a redirect leads to."""
    return {name: value for name, [value] in parse_qs(urlsplit(answer.headers["location"]).query).items()}


def tokens(demo: Demo, *, issuer: str = "default_issuer", app: str = "web", nonce: str = "n-1") -> dict[str, str]:
    """Tokens of ann for a confidential client: session token, code, token endpoint."""
    okta = demo.manifest["okta"]
    client, own = okta["apps"][app], okta["issuer"]
    endpoints = f"{own}/oauth2/v1" if okta[issuer] == own else f"{okta[issuer]}/v1"
    with new_browser(demo) as browser:
        query = {
            "client_id": client["client_id"],
            "redirect_uri": client["redirect_uri"],
            "response_type": "code",
            "scope": "openid profile email",
            "state": "s-1",
            "nonce": nonce,
            "prompt": "none",
            "sessionToken": session_token(browser, demo),
        }
        code = parameters(browser.get(f"{endpoints}/authorize", params=query))["code"]
        answer = browser.post(
            f"{endpoints}/token",
            data={"grant_type": "authorization_code", "code": code, "redirect_uri": client["redirect_uri"]},
            auth=(client["client_id"], client["client_secret"]),
        )
        assert answer.status_code == 200, answer.text
        return answer.json()
