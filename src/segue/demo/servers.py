"""Several servers in one event loop: sockets first, so that a busy port is known before anything else happens."""

import asyncio
import contextlib
import errno
import signal
import socket
from collections.abc import AsyncIterator, Iterator, Sequence
from dataclasses import dataclass
from types import TracebackType
from typing import Final, Self

import uvicorn
from starlette.types import ASGIApp

from segue.demo.addresses import Listener
from segue.demo.certificates import Certificates
from segue.demo.trouble import Trouble

_BACKLOG: Final = 256
_LAST_REQUESTS_S: Final = 2
_HOSTS: Final = {"localhost": (socket.AF_INET, socket.AF_INET6), "127.0.0.1": (socket.AF_INET,)}
_SENTENCES: Final = {errno.EADDRINUSE: "is in use", errno.EACCES: "needs privileges"}
_LOOPBACK: Final = {socket.AF_INET: "127.0.0.1", socket.AF_INET6: "::1"}


class Sockets:
    """Listening sockets for all of ``listeners``, closed at the end of the block. Raises Trouble for a busy port."""

    def __init__(self, listeners: Sequence[Listener]) -> None:
        self._open: dict[Listener, list[socket.socket]] = {}
        try:
            for listener in listeners:
                self._open[listener] = _listen(listener)
        except BaseException:
            self._close()
            raise

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._close()

    def of(self, listener: Listener) -> list[socket.socket]:
        return self._open[listener]

    def _close(self) -> None:
        for sockets in self._open.values():
            for each in sockets:
                each.close()


@dataclass(frozen=True, slots=True)
class Site:
    """One application and where it listens."""

    listener: Listener
    app: ASGIApp


class _Server(uvicorn.Server):
    """Sets ``ready`` when it listens; leaves signals to :func:`stop_signal`, which is for all servers together."""

    def __init__(self, config: uvicorn.Config) -> None:
        super().__init__(config)
        self.ready = asyncio.Event()

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        await super().startup(sockets)
        self.ready.set()

    @contextlib.contextmanager
    def capture_signals(self) -> Iterator[None]:
        yield


@contextlib.asynccontextmanager
async def serving(
    sites: Sequence[Site], sockets: Sockets, tls: Certificates | None
) -> AsyncIterator[asyncio.Task[None]]:
    """Serves ``sites`` for as long as the block. The task ends only if a server ends by itself, with its error."""
    servers = [_Server(_config(site, tls)) for site in sites]
    running = asyncio.create_task(_run_all(servers, [sockets.of(site.listener) for site in sites]))
    try:
        ready = asyncio.gather(*(server.ready.wait() for server in servers))
        await asyncio.wait((ready, running), return_when=asyncio.FIRST_COMPLETED)
        ready.cancel()
        yield running
    finally:
        for server in servers:
            server.should_exit = True
        await running


def stop_signal() -> asyncio.Event:
    """An event that SIGINT and SIGTERM set, from now on and in this loop."""
    stop = asyncio.Event()
    for number in (signal.SIGINT, signal.SIGTERM):
        asyncio.get_running_loop().add_signal_handler(number, stop.set)
    return stop


async def until(stop: asyncio.Event, running: asyncio.Task[None]) -> None:
    """Returns when ``stop`` is set, or when ``running`` ends."""
    waiting = asyncio.create_task(stop.wait())
    await asyncio.wait((waiting, running), return_when=asyncio.FIRST_COMPLETED)
    waiting.cancel()


async def _run_all(servers: Sequence[_Server], sockets: Sequence[list[socket.socket]]) -> None:
    async with asyncio.TaskGroup() as group:
        for server, own in zip(servers, sockets, strict=True):
            group.create_task(server.serve(own))


def _config(site: Site, tls: Certificates | None) -> uvicorn.Config:
    return uvicorn.Config(
        site.app,
        http="httptools",
        ws="none",
        ssl_certfile=tls.server if tls else None,
        ssl_keyfile=tls.key if tls else None,
        lifespan="off",
        log_config=None,
        access_log=False,
        server_header=False,
        proxy_headers=False,
        timeout_graceful_shutdown=_LAST_REQUESTS_S,
    )


def _listen(listener: Listener) -> list[socket.socket]:
    """The sockets of a listener; on a machine without IPv6, those that there are."""
    opened: list[socket.socket] = []
    try:
        for family in _HOSTS[listener.host]:
            try:
                opened.append(_bound(family, listener.port))
            except OSError as error:
                if family == socket.AF_INET or error.errno in _SENTENCES:
                    raise
    except OSError as error:
        for each in opened:
            each.close()
        what = _SENTENCES.get(error.errno or 0, f"cannot be opened ({error.strerror or error})")
        raise Trouble(
            f"Port {listener.port} {what}: stop what listens there, or move all of the demo's ports with --port N "
            "(--port 18080, for example)."
        ) from None
    return opened


def _bound(family: socket.AddressFamily, port: int) -> socket.socket:
    made = socket.socket(family, socket.SOCK_STREAM)
    try:
        # A demo that was just stopped leaves connections behind; the port is free all the same.
        made.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        if family == socket.AF_INET6:
            made.setsockopt(socket.IPPROTO_IPV6, socket.IPV6_V6ONLY, 1)
        made.bind((_LOOPBACK[family], port))
        made.listen(_BACKLOG)
        made.setblocking(False)
    except OSError:
        made.close()
        raise
    return made
