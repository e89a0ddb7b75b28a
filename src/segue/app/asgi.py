"""Segue as a server sees it: an ASGI application that starts and stops with its server."""

import asyncio
import gc
import sys

from starlette.types import ASGIApp, Message, Receive, Scope, Send

from segue.app import logs
from segue.app.checks import CannotStart
from segue.app.wiring import Segue, build
from segue.settings import SettingsError, load

STARTUP_FAILURE = 3
"""The exit status that tells a supervisor not to try again (uvicorn's own)."""

_TRY_AGAIN = [(b"retry-after", b"5"), (b"content-length", b"0"), (b"cache-control", b"no-store")]


class WithLifespan:
    """Starts a built installation when its server starts, and stops it when its server stops."""

    def __init__(self, segue: Segue) -> None:
        self._segue = segue

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] == "http":
            await self._http(scope, receive, send)
        elif scope["type"] == "lifespan":
            await self._lifespan(receive, send)

    async def _http(self, scope: Scope, receive: Receive, send: Send) -> None:
        started = False

        async def watched(message: Message) -> None:
            nonlocal started
            started = True
            await send(message)

        try:
            await self._segue.edge(scope, receive, watched)
        except asyncio.CancelledError:
            # The server's deadline for stopping has passed (G9). What was being written is settled by the store.
            if started:
                raise
            await send({"type": "http.response.start", "status": 503, "headers": _TRY_AGAIN})
            await send({"type": "http.response.body", "body": b""})

    async def _lifespan(self, receive: Receive, send: Send) -> None:
        await receive()  # lifespan.startup
        try:
            await self._segue.start()
        except CannotStart as error:
            await send({"type": "lifespan.startup.failed", "message": str(error)})
            return
        await send({"type": "lifespan.startup.complete"})
        await receive()  # lifespan.shutdown
        await self._segue.stop()
        await send({"type": "lifespan.shutdown.complete"})


def create_asgi() -> ASGIApp:
    """The application of one worker process, from the environment. Where the settings cannot be used, it says so and
    ends the process."""
    try:
        settings = load()
        logs.configure(settings)
        app = WithLifespan(build(settings))
        gc.freeze()  # what was loaded stays
        return app
    except (SettingsError, ValueError) as error:
        print(error, file=sys.stderr)
        sys.exit(STARTUP_FAILURE)
