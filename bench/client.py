"""A small HTTP/1.1 client that costs little: prepared requests on connections that stay open."""

import asyncio
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Final, Protocol

_LONGEST_HEAD: Final = 64 * 1024


class Unexpected(Exception):
    """An answer that is not the one this request has to get: what was measured would be something else."""


@dataclass(frozen=True, slots=True)
class Request:
    """A request with its bytes ready. Made by :func:`prepare`."""

    method: str
    target: str
    headers: tuple[tuple[str, str], ...]
    body: bytes
    raw: bytes = field(repr=False)


@dataclass(frozen=True, slots=True)
class Answer:
    status: int
    head: bytes
    body: bytes

    def header(self, name: str) -> str:
        """The first header of that name, "" where there is none."""
        return next(iter(self.headers(name)), "")

    def headers(self, name: str) -> list[str]:
        wanted = name.lower().encode()
        lines = (line.partition(b":") for line in self.head.split(b"\r\n")[1:])
        return [value.strip().decode("latin-1") for found, _, value in lines if found.lower() == wanted]

    def expect(self, status: int, text: bytes = b"") -> "Answer":
        """This answer, where it has that status and holds ``text``. Raises Unexpected."""
        if self.status != status or (text and text not in self.head and text not in self.body):
            raise Unexpected(f"wanted {status} with {text!r}, got\n{(self.head + self.body)[:2000].decode('latin-1')}")
        return self


class Caller(Protocol):
    """Somebody who asks a server, one thing at a time."""

    async def ask(self, request: Request) -> Answer: ...


def prepare(
    method: str, target: str, authority: str, headers: Mapping[str, str] | None = None, body: bytes = b""
) -> Request:
    """``target`` is path and query as they stand in the request line."""
    fields = (("host", authority), *(headers or {}).items())
    if method != "GET":
        fields = (*fields, ("content-length", str(len(body))))
    lines = [f"{method} {target} HTTP/1.1", *(f"{name}: {value}" for name, value in fields), "", ""]
    return Request(method, target, fields, body, "\r\n".join(lines).encode("latin-1") + body)


class Connection:
    """A connection over TCP."""

    def __init__(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self._reader = reader
        self._writer = writer

    @classmethod
    async def open(cls, port: int) -> "Connection":
        return cls(*await asyncio.open_connection("127.0.0.1", port, limit=_LONGEST_HEAD))

    async def ask(self, request: Request) -> Answer:
        self._writer.write(request.raw)
        head = await self._reader.readuntil(b"\r\n\r\n")
        size = _content_length(head)
        body = await self._reader.readexactly(size) if size else b""
        return Answer(int(head[9:12]), head, body)

    async def close(self) -> None:
        self._writer.close()
        await self._writer.wait_closed()


def _content_length(head: bytes) -> int:
    """The length of the body. Both servers name it; raises Unexpected where one does not."""
    lowered = head.lower()
    start = lowered.find(b"\r\ncontent-length:")
    if start < 0:
        if b"transfer-encoding" in lowered:
            raise Unexpected("an answer without a length, which this client does not read")
        return 0
    start += len(b"\r\ncontent-length:")
    return int(lowered[start : lowered.index(b"\r\n", start)])
