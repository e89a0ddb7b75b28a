"""Where a custom login page may send a browser with a session token, and how the token gets into the address."""

import re
from collections.abc import Collection
from dataclasses import dataclass
from typing import Final
from urllib.parse import parse_qsl, quote, urlencode, urlsplit, urlunsplit

_MAX_CHARS: Final = 8000
_EVENT_ID: Final = re.compile(r" ?\[([0-9A-Za-z]{20})\]$")


@dataclass(frozen=True, slots=True)
class Destinations:
    """The addresses at Segue that take a session token: nothing else ever receives one.

    ``idp`` is Segue's origin, ``authorize_paths`` its authorization endpoints, ``saml_paths`` the sign-on addresses of
    SAML applications.
    """

    idp: str
    authorize_paths: Collection[str]
    saml_paths: Collection[str]

    def allowed(self, address: str) -> bool:
        """Whether ``address`` is one of them, by scheme, host, port and path; its query is its own."""
        if len(address) > _MAX_CHARS or not address.isascii() or not address.isprintable():
            return False
        try:
            parts = urlsplit(address)
        except ValueError:
            return False
        same_origin = f"{parts.scheme}://{parts.netloc}" == self.idp
        return same_origin and not parts.fragment and parts.path in {*self.authorize_paths, *self.saml_paths}

    def is_authorize(self, address: str) -> bool:
        return urlsplit(address).path in self.authorize_paths

    def with_token(self, address: str, session_token: str) -> str:
        """``address`` with the token. Raises ValueError for an address that may not have it.

        An authorization request also gets ``prompt=none``: a token that does not do then comes back to the application
        as an error instead of leading to another login page.
        """
        if not self.allowed(address):
            raise ValueError("a session token goes to Segue alone")
        added = [("sessionToken", session_token)]
        if self.is_authorize(address):
            added.insert(0, ("prompt", "none"))
        names = {name for name, _ in added}
        parts = urlsplit(address)
        kept = [(name, value) for name, value in parse_qsl(parts.query, keep_blank_values=True) if name not in names]
        return urlunsplit(parts._replace(query=urlencode([*kept, *added], quote_via=quote)))


def add_query(address: str, **params: str) -> str:
    """``address`` with ``params`` behind the query it has."""
    joint = "&" if urlsplit(address).query else "?"
    return f"{address}{joint}{urlencode(params, quote_via=quote)}"


def split_event(description: str) -> tuple[str, str]:
    """The sentence of an ``error_description`` and the event id at its end, "" where there is none."""
    match = _EVENT_ID.search(description)
    return (description[: match.start()], match[1]) if match else (description, "")
