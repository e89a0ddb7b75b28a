"""The wire between a store and its server, to be cut at the worst moment."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from urllib.parse import urlsplit, urlunsplit


class Wire:
    """A relay on a port of its own. With ``lose_next_answer`` the server hears a statement and nobody its answer."""

    def __init__(self, url: str) -> None:
        self._server = urlsplit(url)
        self.url = ""
        self.lose_next_answer = False
        self.cut_new_connections = False
        self.lost = 0
        self._open: set[asyncio.StreamWriter] = set()

    async def accept(self, client: asyncio.StreamReader, back: asyncio.StreamWriter) -> None:
        if self.cut_new_connections:
            back.transport.abort()
            return
        answers, forth = await asyncio.open_connection(self._server.hostname, self._server.port)
        self._open |= {back, forth}
        await asyncio.gather(self._relay(client, forth), self._answer(answers, back))

    async def _relay(self, source: asyncio.StreamReader, target: asyncio.StreamWriter) -> None:
        with suppress(ConnectionError):
            while data := await source.read(65536):
                target.write(data)
                await target.drain()
        self._end(target)

    async def _answer(self, source: asyncio.StreamReader, target: asyncio.StreamWriter) -> None:
        with suppress(ConnectionError):
            while data := await source.read(65536):
                if self.lose_next_answer:
                    # The server has finished and committed: ReadyForQuery is what its answer ends with.
                    while not data.endswith(b"Z\0\0\0\5I"):
                        data = await source.read(65536)
                    self.lose_next_answer = False
                    self.lost += 1
                    target.transport.abort()
                    break
                target.write(data)
                await target.drain()
        self._end(target)

    def _end(self, writer: asyncio.StreamWriter) -> None:
        self._open.discard(writer)
        writer.close()

    def cut(self) -> None:
        """Breaks every connection and lets none be made."""
        self.cut_new_connections = True
        for writer in self._open:
            writer.transport.abort()


@asynccontextmanager
async def wire_to(url: str) -> AsyncIterator[Wire]:
    wire = Wire(url)
    server = await asyncio.start_server(wire.accept, "127.0.0.1", 0)
    port = server.sockets[0].getsockname()[1]
    parts = urlsplit(url)
    wire.url = urlunsplit(parts._replace(netloc=f"{parts.username}:{parts.password}@127.0.0.1:{port}"))
    try:
        yield wire
    finally:
        server.close()
        wire.cut()
        await asyncio.sleep(0)
