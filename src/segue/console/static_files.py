"""The console's own style sheet and script, served from the package: no page of ours asks anybody else for anything."""

from importlib.resources import files
from typing import Final

from segue.console import paths
from segue.web.message import Document, Request, Response
from segue.web.surface import Handler, RefusalWriter, Route

_CACHE_S: Final = 3600


def routes(refuse: RefusalWriter) -> tuple[Route, ...]:
    served = {
        paths.STYLE_SHEET: ("console.css", "text/css;charset=utf-8"),
        paths.SCRIPT: ("console.js", "text/javascript;charset=utf-8"),
    }
    return tuple(
        Route(("GET",), path, _serve(name, content_type), refuse, "console.request", idempotent=True)
        for path, (name, content_type) in served.items()
    )


def _serve(name: str, content_type: str) -> Handler:
    body = (files("segue.console") / "static" / name).read_bytes()

    async def serve(_request: Request) -> Response:
        return Document(body=body, content_type=content_type, cache_s=_CACHE_S)

    return serve
