"""The one style sheet of the pages, served from our own host: no page of ours asks anybody else for anything."""

from importlib.resources import files
from typing import Final

from segue.web.message import Document, Request, Response

STYLE_SHEET: Final = "/static/segue.css"
"""Its path in every dialect; ``templates/base.html`` links to it."""

_BODY: Final = (files("segue.web") / "static" / "segue.css").read_bytes()
_CACHE_S: Final = 3600


async def style_sheet(_request: Request) -> Response:
    return Document(body=_BODY, content_type="text/css;charset=utf-8", cache_s=_CACHE_S)
