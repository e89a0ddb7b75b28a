"""Segue asked within this process, by ASGI and without a network: for counting and profiling."""

from collections.abc import Iterable, MutableMapping
from typing import Any

from bench.client import Answer, Request
from segue.web.edge import Edge


class InProcess:
    """A ``Caller`` of one Segue in this process."""

    def __init__(self, edge: Edge) -> None:
        self._edge = edge

    async def ask(self, request: Request) -> Answer:
        path, _, query = request.target.partition("?")
        scope = {
            "type": "http",
            "method": request.method,
            "path": path,
            "query_string": query.encode(),
            "headers": [(name.encode(), value.encode()) for name, value in request.headers],
            "client": ("127.0.0.1", 0),
        }
        sent: list[MutableMapping[str, Any]] = []

        async def receive() -> MutableMapping[str, Any]:
            return {"type": "http.request", "body": request.body}

        async def send(message: MutableMapping[str, Any]) -> None:
            sent.append(message)

        await self._edge(scope, receive, send)
        start, body = sent
        return Answer(start["status"], _head(start["status"], start["headers"]), body["body"])


def _head(status: int, headers: Iterable[tuple[bytes, bytes]]) -> bytes:
    return b"\r\n".join([b"HTTP/1.1 %d" % status, *(name + b": " + value for name, value in headers), b"", b""])
