"""What the console keeps in the browser, sealed: that its user was here a moment ago, and what to tell them next.

Both are bound to the session, so neither is worth anything with another one. A cookie that does not open is as good as
none.
"""

import base64
import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Final

from segue.core.sealing import SealBroken, Sealer, sealing_context
from segue.core.strict import JsonValue, Malformed, read_base64url, read_json
from segue.stores import Found
from segue.web.cookies import own_name
from segue.web.message import Request, SetCookie

_PRESENCE: Final = "segue-console"
_NOTICE: Final = "segue-console-notice"
_MOST_CHARS: Final = 3500
_IDLE_MS: Final = 30 * 60_000
_REFRESH_MS: Final = 60_000
_NOTICE_MS: Final = 5 * 60_000


@dataclass(frozen=True, slots=True)
class Notice:
    """What the next page tells once: that something was done, and what is shown this one time (a secret, by its label).

    It travels sealed, never as text in an address: nobody can put words into our mouth by a link.
    """

    text: str
    secrets: Mapping[str, str] = field(default_factory=dict, repr=False)


@dataclass(frozen=True, slots=True)
class Seals:
    """Reads and writes the console's cookies."""

    sealer: Sealer

    def is_present(self, request: Request, session: Found) -> bool:
        """Whether this session was used in the console from this address within the last half hour (CO-03).

        A cookie of the session that was carried elsewhere proves nothing here.
        """
        seen = self._open(request, session, _PRESENCE)
        match seen:
            case {"address": str(address), "at": int(at)}:
                return address == request.address and 0 <= request.now_at - at < _IDLE_MS
        return False

    def presence(self, request: Request, session: Found) -> tuple[SetCookie, ...]:
        """The cookie that says so from now on; none where the one that is there is new enough."""
        seen = self._open(request, session, _PRESENCE)
        if isinstance(seen, dict) and seen.get("address") == request.address:
            at = seen.get("at")
            if isinstance(at, int) and 0 <= request.now_at - at < _REFRESH_MS:
                return ()
        return (self._cookie(request, session, _PRESENCE, {"address": request.address, "at": request.now_at}),)

    def notice(self, request: Request, session: Found) -> Notice | None:
        """What the page before wanted to be told."""
        seen = self._open(request, session, _NOTICE)
        match seen:
            case {"text": str(text), "secrets": dict(given), "at": int(at)} if request.now_at - at < _NOTICE_MS:
                return Notice(text, {label: secret for label, secret in given.items() if isinstance(secret, str)})
        return None

    def keep(self, request: Request, session: Found, notice: Notice) -> SetCookie:
        """The cookie that carries a notice to the next page."""
        value: dict[str, JsonValue] = {
            "text": notice.text,
            "secrets": dict(notice.secrets),
            "at": request.now_at,
        }
        return self._cookie(request, session, _NOTICE, value)

    def forget(self, request: Request) -> tuple[SetCookie, ...]:
        """Takes the notice away where the browser has one."""
        name = own_name(_NOTICE, request.site.domain)
        return (SetCookie(name, None),) if name in request.cookies else ()

    def _open(self, request: Request, session: Found, kind: str) -> JsonValue:
        value = request.cookie(own_name(kind, request.site.domain))
        if value is None:
            return None
        try:
            sealed = read_base64url(value, max_chars=_MOST_CHARS)
            return read_json(self.sealer.open(sealed, context=_context(session, kind)))
        except (Malformed, SealBroken):
            return None

    def _cookie(self, request: Request, session: Found, kind: str, value: JsonValue) -> SetCookie:
        sealed = self.sealer.seal(_json(value), context=_context(session, kind))
        text = base64.urlsafe_b64encode(sealed).decode().rstrip("=")
        return SetCookie(own_name(kind, request.site.domain), text)


def _context(session: Found, kind: str) -> str:
    return sealing_context(session.credential.org_id, kind, session.credential.id)


def _json(value: JsonValue) -> bytes:
    return json.dumps(value, ensure_ascii=False, separators=(",", ":")).encode()
