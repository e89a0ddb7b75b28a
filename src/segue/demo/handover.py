"""Where a custom login page may send a browser with a session token, and how the token gets into the address."""

import re
from collections.abc import Collection, Mapping
from dataclasses import dataclass
from typing import Final
from urllib.parse import parse_qsl, quote, urlencode, urlsplit, urlunsplit

from starlette.responses import RedirectResponse, Response

_MAX_CHARS: Final = 8000
_EVENT_ID: Final = re.compile(r" ?\[([0-9A-Za-z]{20})\]$")


@dataclass(frozen=True, slots=True)
class Destinations:
    """The addresses at Segue that take a session token: nothing else ever receives one.

    ``idp`` is Segue's origin, ``authorize_paths`` its authorization endpoints. ``app_paths`` are the sign-on addresses
    and links of applications, each with the name of its application.
    """

    idp: str
    authorize_paths: Collection[str]
    app_paths: Mapping[str, str]

    def allowed(self, address: str) -> bool:
        """Whether ``address`` is one of them, by scheme, host, port and path; its query is its own."""
        if len(address) > _MAX_CHARS or not address.isascii() or not address.isprintable():
            return False
        try:
            parts = urlsplit(address)
        except ValueError:
            return False
        same_origin = f"{parts.scheme}://{parts.netloc}" == self.idp
        return same_origin and not parts.fragment and parts.path in {*self.authorize_paths, *self.app_paths}

    def is_authorize(self, address: str) -> bool:
        return urlsplit(address).path in self.authorize_paths

    def name_of(self, address: str) -> str:
        """The application behind an allowed address, in words."""
        return self.app_paths.get(urlsplit(address).path, "Harbor Orders")

    def with_token(self, address: str, session_token: str, *, name: str = "sessionToken") -> str:
        """``address`` with the token in the parameter ``name``. Raises ValueError for an address that may not have it.

        An authorization request also gets ``prompt=none``: a token that does not do then comes back to the application
        as an error instead of leading to another login page.
        """
        if not self.allowed(address):
            raise ValueError("a session token goes to Segue alone")
        added = [(name, session_token)]
        if self.is_authorize(address):
            added.insert(0, ("prompt", "none"))
        names = {"sessionToken", "onetimetoken", *(name for name, _ in added)}
        parts = urlsplit(address)
        kept = [(name, value) for name, value in parse_qsl(parts.query, keep_blank_values=True) if name not in names]
        return urlunsplit(parts._replace(query=urlencode([*kept, *added], quote_via=quote)))


def carrying(address: str) -> Response:
    """The way to an address that carries a token: it must not travel on as a referrer, nor stay in a cache."""
    return RedirectResponse(address, 303, {"cache-control": "no-store", "referrer-policy": "no-referrer"})


def add_query(address: str, **params: str) -> str:
    """``address`` with ``params`` behind the query it has."""
    joint = "&" if urlsplit(address).query else "?"
    return f"{address}{joint}{urlencode(params, quote_via=quote)}"


def split_event(description: str) -> tuple[str, str]:
    """The sentence of an ``error_description`` and the event id at its end, "" where there is none."""
    match = _EVENT_ID.search(description)
    return (description[: match.start()], match[1]) if match else (description, "")
