"""A login page of one's own with the Okta Sign-In Widget in it, as the vendor's npm package brings it.

It is on another origin than the identity provider, one that the org trusts; script, styles and texts come from there
too, as whoever builds such a page would serve them.
"""

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from mimetypes import guess_type
from pathlib import Path
from urllib.parse import urlsplit

from tests.browser.factor_place import Place
from tests.installation import Installation

from segue.admin import applications, origins
from segue.core.application import OidcClient

ASSETS = Path(__file__).parents[1] / "clients/node/node_modules/@okta/okta-signin-widget/dist"
CLIENT_ID = "widget-client"

PAGE = """<!doctype html>
<html lang="en">
<meta charset="utf-8">
<title>Our login page</title>
<link rel="icon" href="data:,">
<link rel="stylesheet" href="/assets/css/okta-sign-in.min.css">
<script src="/assets/js/okta-sign-in.min.js"></script>
<main id="widget"></main>
<p id="outcome"></p>
<script>
    // What came of it, for whoever watches the page.
    const tell = (outcome) => { document.querySelector('#outcome').textContent = JSON.stringify(outcome); };
    const newWidget = (settings) => new OktaSignIn({
        useClassicEngine: true,
        assets: { baseUrl: '/assets' },
        language: 'en',
        ...settings,
    });

    /** A session cookie by a redirect, without OpenID Connect. */
    function showForSession(settings, target) {
        newWidget(settings).renderEl({ el: '#widget' }, (done) => {
            if (done.status === 'SUCCESS') done.session.setCookieAndRedirect(target);
            else tell(done);
        }, (error) => tell({ error: String(error) }));
    }

    /** Tokens, in this page. */
    function showForTokens(settings) {
        newWidget(settings).showSignInToGetTokens({ el: '#widget' }).then(
            ({ idToken, accessToken }) => tell({ claims: idToken.claims, scopes: accessToken.scopes }),
            (error) => tell({ error: String(error) }),
        );
    }
</script>
"""


@dataclass(frozen=True, slots=True)
class WidgetSite:
    """``origin`` is a trusted one; ``redirect_uri`` is registered for the public client ``CLIENT_ID``."""

    origin: str
    place: Place

    @property
    def redirect_uri(self) -> str:
        return f"{self.origin}/callback"

    @property
    def settings(self) -> dict[str, object]:
        return {"baseUrl": self.place.url}

    @property
    def token_settings(self) -> dict[str, object]:
        return {
            "issuer": f"{self.place.url}/oauth2/default",
            "clientId": CLIENT_ID,
            "redirectUri": self.redirect_uri,
            "authParams": {"scopes": ["openid", "profile", "email"]},
        }


class _Handler(BaseHTTPRequestHandler):
    def do_GET(self) -> None:
        path = urlsplit(self.path).path
        if path.startswith("/assets/"):
            file = (ASSETS / path.removeprefix("/assets/")).resolve()
            if not file.is_relative_to(ASSETS.resolve()) or not file.is_file():
                self._write(404, b"", "text/plain")
                return
            self._write(200, file.read_bytes(), guess_type(file.name)[0] or "application/octet-stream")
        else:
            self._write(200, PAGE.encode(), "text/html; charset=utf-8")

    def _write(self, status: int, body: bytes, content_type: str) -> None:
        self.send_response(status)
        self.send_header("content-type", content_type)
        self.send_header("content-length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, format: str, *args: object) -> None:
        """Nothing."""


@contextmanager
def running_widget_site(place: Place) -> Iterator[WidgetSite]:
    """On ``localhost``, as the identity provider is: to a browser one site, as two hosts of one domain are, so that its
    cookies are sent with what the page asks for."""
    with ThreadingHTTPServer(("localhost", 0), _Handler) as server:
        site = WidgetSite(f"http://localhost:{server.server_port}", place)
        place.server.inside(lambda installation: _trust(installation, site))
        thread = threading.Thread(target=server.serve_forever, daemon=True)
        thread.start()
        try:
            yield site
        finally:
            server.shutdown()
            thread.join()


async def _trust(installation: Installation, site: WidgetSite) -> None:
    store, change = installation.segue.store, installation.change
    await origins.trust_origin(store, name="Our page", origin=site.origin, scopes=["CORS", "REDIRECT"], change=change)
    client = OidcClient(CLIENT_ID, (site.redirect_uri,), authentication="none", pkce_required=True)
    traits = applications.Traits(label="Our page", name="our-page", everyone=True)
    await applications.create_oidc(store, traits, client, change)
