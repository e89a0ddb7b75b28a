"""An HTTP server that says what a test wants and remembers what it was told."""

import asyncio
import contextlib
import ssl
from collections.abc import AsyncIterator, Awaitable, Callable
from dataclasses import dataclass, field

Reply = Callable[[asyncio.StreamWriter], Awaitable[None]]


def saying(status: str, body: bytes = b"", *headers: str) -> Reply:
    """A whole answer with a length."""
    lines = [f"HTTP/1.1 {status}", f"Content-Length: {len(body)}", *headers, "", ""]

    async def reply(writer: asyncio.StreamWriter) -> None:
        writer.write("\r\n".join(lines).encode() + body)
        await writer.drain()

    return reply


def saying_json(body: bytes, status: str = "200 OK") -> Reply:
    return saying(status, body, "Content-Type: application/json; charset=utf-8")


@dataclass
class Seen:
    """One request as it arrived: its first line, its headers in lower case, its body, the name in the handshake."""

    line: str
    headers: dict[str, str]
    body: bytes
    server_name: str | None


@dataclass
class WebServer:
    """``reply`` answers every request; ``seen`` are all that came."""

    port: int = 0
    reply: Reply = field(default_factory=lambda: saying("204 No Content"))
    seen: list[Seen] = field(default_factory=list)
    connections: int = 0

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.connections += 1
        with contextlib.suppress(ConnectionError, asyncio.IncompleteReadError, ssl.SSLError):
            line = (await reader.readline()).decode().strip()
            headers: dict[str, str] = {}
            while raw := (await reader.readline()).strip():
                name, _, value = raw.decode().partition(":")
                headers[name.lower()] = value.strip()
            body = await reader.readexactly(int(headers.get("content-length", "0")))
            tls = writer.get_extra_info("ssl_object")
            self.seen.append(Seen(line, headers, body, getattr(tls, "asked_for", None)))
            await self.reply(writer)
        writer.close()


@contextlib.asynccontextmanager
async def running(tls: ssl.SSLContext | None) -> AsyncIterator[WebServer]:
    server = WebServer()
    if tls is not None:

        def remember(connection: ssl.SSLObject, name: str | None, _: ssl.SSLContext) -> None:
            connection.asked_for = name  # type: ignore[attr-defined]

        tls.sni_callback = remember  # type: ignore[assignment]
    listening = await asyncio.start_server(server.serve, "127.0.0.1", 0, ssl=tls)
    server.port = listening.sockets[0].getsockname()[1]
    try:
        yield server
    finally:
        listening.close()
        await listening.wait_closed()
