"""The one way to another server (SS-01): https to public addresses, one look-up, no redirects, little time, little
data.

What a name means is asked once, every address it means has to be allowed, and the connection goes to that very address
with the name in the TLS handshake: a name that means something else a moment later leads nowhere.
"""

import asyncio
import ssl
from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Final

import httpx

from segue.core.url import BadUrl, WebUrl, parse_web_url
from segue.outbound.addresses import is_public

TIMEOUT_S: Final = 3.0
MAX_BYTES: Final = 256 * 1024

Resolve = Callable[[str, int], Awaitable[Sequence[str]]]
"""The addresses of a host name and port."""


class FetchFailed(Exception):
    """Nothing usable came back, or nothing was sent. The text is for operators and holds no content."""


@dataclass(frozen=True, slots=True)
class Answer:
    """What another server said. ``content_type`` is without its parameters, in lower case."""

    status: int
    content_type: str
    body: bytes = field(repr=False)


async def look_up(host: str, port: int) -> Sequence[str]:
    """The addresses of ``host`` by the system's resolver. Raises OSError."""
    found = await asyncio.get_running_loop().getaddrinfo(host, port, proto=6)
    return list(dict.fromkeys(str(address[0]) for *_, address in found))


@dataclass(frozen=True, slots=True)
class Fetcher:
    """Sends requests. ``allowed`` are the ``host:port`` that an operator vouches for: they may have private addresses,
    other ports and plain http. ``tls`` and ``resolve`` are for tests and for a private certificate authority."""

    allowed: frozenset[str] = frozenset()
    tls: ssl.SSLContext = field(default_factory=ssl.create_default_context)
    resolve: Resolve = look_up
    timeout_s: float = TIMEOUT_S

    async def post(self, url: str, body: bytes, headers: Mapping[str, str]) -> Answer:
        """Raises FetchFailed; a status other than 2xx is an answer."""
        return await self._send("POST", url, body, headers)

    async def get(self, url: str, headers: Mapping[str, str]) -> Answer:
        """Raises FetchFailed; a status other than 2xx is an answer."""
        return await self._send("GET", url, None, headers)

    async def _send(self, method: str, url: str, body: bytes | None, headers: Mapping[str, str]) -> Answer:
        try:
            target = parse_web_url(url)
        except BadUrl as problem:
            raise FetchFailed(f"the address cannot be used: {problem}") from problem
        try:
            async with asyncio.timeout(self.timeout_s):
                address = await self._address_of(target)
                return await self._exchange(method, target, address, body, headers)
        except TimeoutError as problem:
            raise FetchFailed(f"no answer within {self.timeout_s:g} s") from problem
        except (httpx.HTTPError, httpx.InvalidURL, OSError) as problem:
            raise FetchFailed(f"{type(problem).__name__}: {problem}"[:200]) from problem

    async def _address_of(self, target: WebUrl) -> str:
        """The one address to connect to. Raises FetchFailed where the target may not be reached."""
        host, port = target.host.strip("[]"), _port(target)
        vouched_for = f"{target.host}:{port}" in self.allowed
        if not vouched_for and (target.scheme != "https" or port != 443):
            raise FetchFailed(f"{target.host}:{port} is not https on port 443, and not among the allowed ones")
        addresses = await self.resolve(host, port)
        if not addresses:
            raise FetchFailed("the name has no address")
        if not vouched_for and not all(is_public(address) for address in addresses):
            raise FetchFailed(f"{target.host} has an address that is not public, and is not among the allowed ones")
        return addresses[0]

    async def _exchange(
        self, method: str, target: WebUrl, address: str, body: bytes | None, headers: Mapping[str, str]
    ) -> Answer:
        # A client of its own for each request: a connection is kept for an address, and several names may share one.
        async with httpx.AsyncClient(
            verify=self.tls, trust_env=False, follow_redirects=False, timeout=self.timeout_s
        ) as client:
            request = client.build_request(
                method,
                _connect_to(target, address),
                content=body,
                headers={"Accept-Encoding": "identity", **headers, "Host": _host_header(target)},
                extensions={"sni_hostname": target.host.strip("[]")},
            )
            response = await client.send(request, stream=True)
            try:
                return await _read(response)
            finally:
                await response.aclose()


async def _read(response: httpx.Response) -> Answer:
    if response.headers.get("content-encoding", "identity") != "identity":
        raise FetchFailed("the answer is compressed, which was not asked for")
    body = bytearray()
    async for chunk in response.aiter_raw():
        body += chunk
        if len(body) > MAX_BYTES:
            raise FetchFailed(f"the answer is longer than {MAX_BYTES} bytes")
    content_type = response.headers.get("content-type", "").partition(";")[0].strip().lower()
    return Answer(response.status_code, content_type, bytes(body))


def _port(target: WebUrl) -> int:
    return target.port or (443 if target.scheme == "https" else 80)


def _host_header(target: WebUrl) -> str:
    return target.host if target.port is None else f"{target.host}:{target.port}"


def _connect_to(target: WebUrl, address: str) -> str:
    host = f"[{address}]" if ":" in address else address
    query = "" if target.query is None else f"?{target.query}"
    return f"{target.scheme}://{host}:{_port(target)}{target.path or '/'}{query}"
