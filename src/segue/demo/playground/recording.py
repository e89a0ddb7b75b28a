"""Requests and responses as values that a page can show."""

import json
import time
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Final, Literal
from urllib.parse import parse_qsl, urlsplit

import httpx

Channel = Literal["server", "browser"]

#: Parameters and headers whose value is a secret, and what it is good for. The demo's may be looked at.
SECRETS: Final[Mapping[str, str]] = {
    "authorization": "the client's own secret",
    "client_secret": "the client's own secret",
    "code": "spent once, at the token endpoint",
    "code_verifier": "proves that the same client started it (PKCE)",
    "password": "what only the user should know",
    "sessiontoken": "spent once, within five minutes: whoever has it is signed in",
    "id_token": "says who the user is",
    "access_token": "opens what it was made for",
    "interclient_token": "spent once, within five minutes, for one app: whoever has it is signed in there",
    "refresh_token": "gets new tokens for as long as it lives",
    "actor_token": "opens what it was made for",
    "subject_token": "says who the user is",
    "samlresponse": "signs the user in, once",
    "wresult": "signs the user in, once",
    "onetimetoken": "spent once, within five minutes: whoever has it is signed in",
    "token": "spent once, within five minutes: whoever has it is signed in",
    "passcode": "good for half a minute, and once",
    "cookie": "the browser's sessions",
}
#: Headers that say nothing about the flow.
_DULL: Final = frozenset(
    {"accept-encoding", "connection", "user-agent", "date", "permissions-policy", "x-content-type-options", "server"}
    | {
        "strict-transport-security",
        "cache-control",
        "pragma",
        "expires",
        "upgrade-insecure-requests",
        "accept-language",
    }
)
_BROWSER_HEADERS: Final = ("host", "origin", "referer", "content-type", "sec-fetch-site", "sec-fetch-mode", "cookie")


@dataclass(frozen=True, slots=True)
class Pair:
    """One parameter or header. ``why`` is set where the value is a secret."""

    name: str
    value: str
    why: str = ""


@dataclass(frozen=True, slots=True)
class Sent:
    """A request: the address without its query, the query and a form as pairs, any other body as text."""

    method: str
    address: str
    query: tuple[Pair, ...] = ()
    headers: tuple[Pair, ...] = ()
    form: tuple[Pair, ...] = ()
    fragment: tuple[Pair, ...] = ()
    body: str = ""


@dataclass(frozen=True, slots=True)
class Got:
    status: int
    reason: str
    headers: tuple[Pair, ...]
    body: str


@dataclass(frozen=True, slots=True)
class Exchange:
    """One request and its response. What the browser does is not seen from here but for what arrives: its requests
    have no ``got``, but a ``note`` that says where they were seen."""

    channel: Channel
    sent: Sent
    got: Got | None = None
    took_ms: int = 0
    note: str = ""


@dataclass(slots=True)
class Recorder:
    """Listens to an httpx client and keeps what it sent and got, in order."""

    exchanges: list[Exchange] = field(default_factory=list)

    def client(self, client: httpx.AsyncClient) -> httpx.AsyncClient:
        """``client``, from now on listened to."""
        client.event_hooks = {"request": [self._sent], "response": [self._got]}
        return client

    async def _sent(self, request: httpx.Request) -> None:
        request.extensions["playground.started"] = time.monotonic()

    async def _got(self, response: httpx.Response) -> None:
        await response.aread()
        request = response.request
        took_ms = round(1000 * (time.monotonic() - request.extensions["playground.started"]))
        headers = [(name, value) for name, value in request.headers.multi_items() if name != "host"]
        sent = new_sent(request.method, str(request.url), headers, request.content)
        got = Got(
            status=response.status_code,
            reason=response.reason_phrase,
            headers=_pairs((name, value) for name, value in response.headers.multi_items() if name not in _DULL),
            body=_readable(response.headers.get("content-type", ""), response.text),
        )
        self.exchanges.append(Exchange("server", sent, got, took_ms))


def new_sent(method: str, url: str, headers: Iterable[tuple[str, str]] = (), content: bytes = b"") -> Sent:
    """A request from its parts."""
    kept = [(name, value) for name, value in headers if name.lower() not in _DULL]
    content_type = next((value for name, value in kept if name.lower() == "content-type"), "")
    text = content.decode("utf-8", errors="replace")
    is_form = content_type.startswith("application/x-www-form-urlencoded")
    parts = urlsplit(url)
    return Sent(
        method=method,
        address=parts._replace(query="", fragment="").geturl(),
        query=_pairs(parse_qsl(parts.query, keep_blank_values=True)),
        headers=_pairs(kept),
        form=_pairs(parse_qsl(text, keep_blank_values=True)) if is_form else (),
        body="" if is_form else _readable(content_type, text),
    )


def departed(url: str) -> Exchange:
    """What the browser asked Segue for."""
    return Exchange("browser", new_sent("GET", url), note="The browser went there by itself. Its way back:")


def arrived(
    method: str,
    url: str,
    headers: Mapping[str, str],
    form: Sequence[tuple[str, str]] = (),
    fragment: Sequence[tuple[str, str]] = (),
) -> Exchange:
    """What a browser came with, as the server it came to sees it; a ``fragment`` only its page does."""
    shown = [(name, headers[name]) for name in _BROWSER_HEADERS if name in headers]
    sent = replace(new_sent(method, url, shown), form=_pairs(form), fragment=_pairs(fragment))
    return Exchange("browser", sent, note="This is how the browser came back here.")


def _pairs(items: Iterable[tuple[str, str]]) -> tuple[Pair, ...]:
    return tuple(Pair(name, value, SECRETS.get(name.lower(), "")) for name, value in items)


def _readable(content_type: str, text: str) -> str:
    """JSON with one field a line, anything else as it is."""
    if "json" not in content_type:
        return text
    try:
        return json.dumps(json.loads(text), indent=2, ensure_ascii=False)
    except ValueError:
        return text
