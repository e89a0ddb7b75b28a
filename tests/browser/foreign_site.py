"""A website that is none of ours, for a browser to visit: another host than the identity provider's.

``localhost`` and ``127.0.0.1`` are different sites to a browser, as two domains are. What the pages do is up to a test.
"""

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from itertools import count


@dataclass
class ForeignSite:
    origin: str
    pages: dict[str, str] = field(default_factory=dict)
    _numbers: Iterator[int] = field(default_factory=lambda: count(1))

    def page(self, body: str) -> str:
        """The address of a new page with ``body``."""
        path = f"/{next(self._numbers)}"
        self.pages[path] = f"<!doctype html><meta charset=utf-8><title>elsewhere</title><body>{body}"
        return f"{self.origin}{path}"


@contextmanager
def foreign_site() -> Iterator[ForeignSite]:
    site = ForeignSite("")

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            page = site.pages.get(self.path)
            body = (page or "There is no such page.").encode()  # an empty one would be the browser's own error page
            self.send_response(200 if page else 404)
            self.send_header("content-type", "text/html; charset=utf-8")
            self.send_header("content-length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, format: str, *args: object) -> None:
            pass

    with ThreadingHTTPServer(("127.0.0.1", 0), Handler) as server:
        site.origin = f"http://127.0.0.1:{server.server_port}"
        thread = threading.Thread(target=server.serve_forever, daemon=True)
        thread.start()
        try:
            yield site
        finally:
            server.shutdown()
            thread.join()
