"""Harbor Shelf: an app that lives in the browser, and a server that only hands out its page.

A public client without a secret: authorization code with PKCE made by the page's own script, the answer by a redirect,
or by a message from a hidden frame where there is a session already (``response_mode=okta_post_message``).
"""

from dataclasses import dataclass
from typing import Final

from starlette.applications import Starlette
from starlette.middleware import Middleware
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from segue.demo.pages import Doorkeeper, Pages, new_pages, static_files

_NAME: Final = "Harbor Shelf"


@dataclass(frozen=True, slots=True)
class SpaApp:
    """``idp`` is Segue's origin and the issuer this app trusts."""

    own: str
    idp: str
    client_id: str
    neighbours: tuple[tuple[str, str], ...] = ()

    @property
    def redirect_uri(self) -> str:
        return f"{self.own}/callback"

    @property
    def post_logout_redirect_uri(self) -> str:
        return f"{self.own}/"


def spa_app(config: SpaApp) -> Starlette:
    """The ASGI application."""
    pages: Pages = new_pages(
        connect=(config.idp,),
        frames=(config.idp,),
        title_of_app=_NAME,
        look="harbor shelf",
        home="/",
        idp=config.idp,
        speaks="Demo app: a single-page app on OpenID Connect, with no secret and no server to talk to",
        neighbours=config.neighbours,
        client_id=config.client_id,
        redirect_uri=config.redirect_uri,
        post_logout_redirect_uri=config.post_logout_redirect_uri,
    )

    async def show(_request: Request) -> Response:
        return pages.html("shelf.html")

    return Starlette(
        routes=[Route("/", show, methods=["GET"]), Route("/callback", show, methods=["GET"]), static_files()],
        middleware=[Middleware(Doorkeeper, own=config.own)],
    )
