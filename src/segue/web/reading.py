"""From an ASGI scope to a request value, within limits of size and grammar (OA-14, ED-07)."""

from collections.abc import Awaitable, Callable, Mapping, MutableMapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

from segue.core.refusal import Refusal
from segue.core.strict import Params, parse_cookies, read_form, read_json_form, read_query
from segue.core.verdict import Check, Verdict
from segue.web.client_address import Network, client_address, client_device
from segue.web.message import Request, Site
from segue.web.surface import Route

_MOST_HEADER_BYTES: Final = 16 * 1024
_MOST_BODY_BYTES: Final = 64 * 1024
_MOST_QUERY_BYTES: Final = 64 * 1024
_FORM: Final = "application/x-www-form-urlencoded"
_JSON: Final = "application/json"
_CONTENT_TYPES: Final = {"form": (_FORM,), "json": (_JSON,), "form_or_json": (_FORM, _JSON)}


Scope = MutableMapping[str, Any]
Receive = Callable[[], Awaitable[MutableMapping[str, Any]]]


class Disconnected(Exception):
    """The client went away before its request was read."""


@dataclass(frozen=True, slots=True)
class Head:
    """What a request says before its body. ``headers`` are lower-cased; repeated ones are joined by a comma, but for
    ``host`` and ``content-length``, of which a second one makes ``ambiguous`` true (ED-02)."""

    method: str
    path: str
    raw_query: bytes
    headers: Mapping[str, str]
    peer: str
    ambiguous: bool
    too_large: bool


def read_head(scope: Scope) -> Head:
    headers: dict[str, str] = {}
    ambiguous = False
    size = 0
    for raw_name, raw_value in scope["headers"]:
        size += len(raw_name) + len(raw_value)
        name, value = raw_name.decode("latin-1").lower(), raw_value.decode("latin-1")
        if name in headers:
            ambiguous |= name in ("host", "content-length", "content-type", "authorization", "origin")
            value = headers[name] + ("; " if name == "cookie" else ", ") + value
        headers[name] = value
    client = scope.get("client")
    return Head(
        method=scope["method"],
        path=scope["path"],
        raw_query=scope["query_string"],
        headers=headers,
        peer=client[0] if client else "",
        ambiguous=ambiguous,
        too_large=size > _MOST_HEADER_BYTES,
    )


def new_request(
    head: Head, site: Site, *, now_at: int, request_id: str, trusted: Sequence[Network], device_header: str = ""
) -> Request:
    """The request without its parameters: enough to refuse it in the right shape."""
    return Request(
        method=head.method,
        site=site,
        path=head.path,
        now_at=now_at,
        request_id=request_id,
        raw_query=head.raw_query,
        headers=head.headers,
        cookies=parse_cookies(head.headers.get("cookie", "")),
        address=client_address(head.peer, head.headers.get("x-forwarded-for"), trusted),
        device=client_device(head.peer, head.headers.get(device_header), trusted) if device_header else None,
    )


def read_parameters(route: Route, head: Head, body: bytes) -> tuple[Params, Params]:
    """Query and form of a request. Raises Malformed, or Refusal ``wrong_media_type``."""
    limits = dict(route.value_limits)
    query = read_query(head.raw_query, max_bytes=_MOST_QUERY_BYTES, value_limits=limits)
    if head.method != "POST" or route.body == "none":
        return query, Params()
    given = head.headers.get("content-type", "").partition(";")[0].strip().lower()
    wanted = _CONTENT_TYPES[route.body]
    if given not in wanted and (body or route.body == "json"):
        raise _wrong_media_type(" or ".join(wanted), given)
    if route.body == "form_or_json" and given == _JSON:
        return query, read_json_form(body, value_limits=limits)
    return query, Params() if route.body == "json" else read_form(body, value_limits=limits)


async def read_body(head: Head, receive: Receive) -> bytes:
    """The whole body, at most 64 KiB. Raises Refusal ``too_large``; Disconnected where the client went away."""
    declared = head.headers.get("content-length", "0")
    if not declared.isdecimal() or int(declared[:12]) > _MOST_BODY_BYTES:
        raise _too_large()
    chunks: list[bytes] = []
    size = 0
    while True:
        message = await receive()
        if message["type"] == "http.disconnect":
            raise Disconnected
        chunk = message.get("body", b"")
        size += len(chunk)
        if size > _MOST_BODY_BYTES:
            raise _too_large()
        chunks.append(chunk)
        if not message.get("more_body", False):
            return b"".join(chunks)


def _too_large() -> Refusal:
    check = Check("body_size", passed=False, expected=f"at most {_MOST_BODY_BYTES} bytes", mend="Send less.")
    return Refusal("too_large", "The request is too large.", Verdict((check,), rule="limits"))


def _wrong_media_type(wanted: str, given: str) -> Refusal:
    check = Check("content_type", passed=False, expected=wanted, seen=given[:80], mend=f"Send {wanted}.")
    return Refusal("wrong_media_type", f"The request body has to be {wanted}.", Verdict((check,), rule="limits"))
