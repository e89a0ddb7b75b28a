"""``segue serve``: the server, in one process or several."""

import asyncio
import gc
import signal
import socket
import ssl
from collections.abc import Callable, Sequence
from typing import Any, Final

import uvicorn
from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol, RequestResponseCycle
from uvicorn.supervisors.multiprocess import Multiprocess

from segue.app import logs
from segue.app.checks import check_startable
from segue.cli.workplace import Problem, say
from segue.settings import Settings, export, load

# A worker is given 20 s for what it is answering, and has stopped within 25 s (G9).
_GRACEFUL_S: Final = 20
_KEEP_ALIVE_S: Final = 30
_BACKLOG: Final = 2048
_WORKERS_READY_WITHIN_S: Final = 30


def serve(given: dict[str, object]) -> int:
    """Serves until SIGTERM or Ctrl-C; the exit status. ``given`` are settings from the command line.

    Raises SettingsError, CannotStart, Problem.
    """
    settings = load(**given)
    logs.configure(settings)
    _check_tls(settings)
    asyncio.run(check_startable(settings))
    sockets = _bind(settings)
    try:
        if settings.workers > 1:
            return _serve_many(settings, given, sockets)
        return _serve_one(settings, sockets)
    finally:
        for sock in sockets:
            sock.close()


def _serve_one(settings: Settings, sockets: Sequence[socket.socket]) -> int:
    gc.disable()
    from segue.app.asgi import WithLifespan
    from segue.app.wiring import build

    app = WithLifespan(build(settings))
    # What was loaded stays: the collector looks through it neither while it loads nor at each of its rounds.
    gc.freeze()
    gc.enable()
    server = _Server(_config(settings, app), lambda: _announce(settings, sockets))

    def stop(*_: object) -> None:
        server.should_exit = True

    # Before the server listens for signals itself, and after: it passes the one that stopped it on when it is done.
    for stop_signal in (signal.SIGINT, signal.SIGTERM):
        signal.signal(stop_signal, stop)
    server.run(list(sockets))
    return 0


def _serve_many(settings: Settings, given: dict[str, object], sockets: Sequence[socket.socket]) -> int:
    """Several processes that share the sockets; one that dies is replaced."""
    export(given)  # the workers read their settings from the environment
    config = _config(settings, "segue.app.asgi:create_asgi", factory=True, workers=settings.workers)
    workers = _Workers(config, list(sockets), lambda: _announce(settings, sockets))
    workers.run()
    if workers.failed:
        raise Problem("A worker did not start; the log above says why.")
    return 0


class _Connection(HttpToolsProtocol):
    """One connection of a client."""

    def shutdown(self) -> None:
        """As told by its server to come to an end. One that waits for its next request is cut where it is encrypted:
        its farewell would wait for half a minute for a client that is not listening."""
        cycle: RequestResponseCycle | None = self.cycle  # None before the first request
        idle = cycle is None or cycle.response_complete
        if idle and self.transport.get_extra_info("ssl_object") is not None:
            self.transport.abort()
        else:
            super().shutdown()


class _Server(uvicorn.Server):
    """Says when it can be reached, and not before."""

    def __init__(self, config: uvicorn.Config, announce: Callable[[], None]) -> None:
        super().__init__(config)
        self._announce = announce

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        await super().startup(sockets)
        if self.started:
            self._announce()


class _Workers(Multiprocess):
    """The supervisor, which takes no more connections once it was told to stop."""

    def __init__(self, config: uvicorn.Config, sockets: list[socket.socket], announce: Callable[[], None]) -> None:
        super().__init__(config, sockets)
        self._announce = announce
        self.failed = False

    def init_processes(self) -> None:
        super().init_processes()
        if all(process.wait_until_ready(_WORKERS_READY_WITHIN_S, self.should_exit) for process in self.processes):
            self._announce()
        elif not self.should_exit.is_set() and not self.signal_queue:
            self.failed = True
            self.should_exit.set()

    def terminate_all(self) -> None:
        # The kernel would go on accepting for sockets that nobody serves any more, and drop those clients at the end.
        for sock in self.sockets:
            sock.close()
        super().terminate_all()


def _config(settings: Settings, app: Any, **more: Any) -> uvicorn.Config:
    return uvicorn.Config(
        app,
        loop="uvloop",
        http=_Connection,
        ws="none",
        lifespan="on",
        log_config=None,
        access_log=False,  # addresses carry tickets (OT-10)
        proxy_headers=False,  # the edge knows which proxies to believe (ST-02)
        server_header=False,
        backlog=_BACKLOG,
        limit_concurrency=settings.connections,
        timeout_keep_alive=_KEEP_ALIVE_S,
        timeout_graceful_shutdown=_GRACEFUL_S,
        ssl_certfile=settings.tls_cert,
        ssl_keyfile=settings.tls_key,
        **more,
    )


def _bind(settings: Settings) -> list[socket.socket]:
    """A socket for every address of the host, all at one port. Raises Problem."""
    sockets: list[socket.socket] = []
    port = settings.port
    for family, address in _addresses(settings.host.strip("[]")):
        try:
            sockets.append(_listen(family, address, port))
        except OSError as error:
            if family == socket.AF_INET6 and sockets:  # a machine without IPv6
                continue
            raise Problem(f"Port {port} of {settings.host} cannot be used: {_why(error)}.") from None
        port = sockets[0].getsockname()[1]
    return sockets


def _addresses(host: str) -> list[tuple[int, str]]:
    """``localhost`` has two addresses, whatever the machine's list of hosts says: browsers try both."""
    if host == "localhost":
        return [(socket.AF_INET, "127.0.0.1"), (socket.AF_INET6, "::1")]
    try:
        found = socket.getaddrinfo(host, None, type=socket.SOCK_STREAM)
    except OSError as error:
        raise Problem(f"The host {host} is no address of this machine: {error.strerror}.") from None
    return list(dict.fromkeys((int(family), str(address[0])) for family, _, _, _, address in found))


def _listen(family: int, host: str, port: int) -> socket.socket:
    sock = socket.socket(family, socket.SOCK_STREAM)
    try:
        if family == socket.AF_INET6:
            sock.setsockopt(socket.IPPROTO_IPV6, socket.IPV6_V6ONLY, 1)
        sock.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        sock.bind((host, port))
    except BaseException:
        sock.close()
        raise
    sock.set_inheritable(True)
    return sock


def _why(error: OSError) -> str:
    reason = error.strerror or str(error)
    return f"{reason[:1].lower()}{reason[1:]}; stop what uses it, or choose another with --port"


def _check_tls(settings: Settings) -> None:
    if settings.tls_cert is None:
        return
    try:
        ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER).load_cert_chain(settings.tls_cert, settings.tls_key)
    except (OSError, ssl.SSLError) as error:
        raise Problem(f"The TLS certificate {settings.tls_cert} and its key cannot be used: {error}.") from None


def _announce(settings: Settings, sockets: Sequence[socket.socket]) -> None:
    port = sockets[0].getsockname()[1]
    host = f"[{settings.host}]" if ":" in settings.host.strip("[]") else settings.host
    workers = f" with {settings.workers} workers" if settings.workers > 1 else ""
    say(f"Segue listens at {settings.scheme}://{host}:{port}{workers}. Ctrl-C stops it.")
