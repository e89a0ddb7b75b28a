"""A stand-in for an authenticator app, for people who try the demo without one.

It makes its codes itself (RFC 6238 with SHA-1, six digits and 30 seconds, as every app does), so that what Segue checks
comes from another hand than its own.
"""

import base64
import hashlib
import hmac
import time
from collections.abc import Callable
from typing import Final

_STEP_S: Final = 30
_DIGITS: Final = 6


class Authenticator:
    """Shows the codes of one ``secret``, given in base32. ``clock`` is in seconds."""

    def __init__(self, secret: str, clock: Callable[[], float] = time.time) -> None:
        self.secret = secret
        self._key = base64.b32decode(secret)
        self._clock = clock
        self._given = 0

    @property
    def left_s(self) -> int:
        """How many seconds the code of this moment is still shown."""
        return _STEP_S - int(self._clock()) % _STEP_S

    def code(self) -> str:
        """The code of this moment."""
        return self._code_of(self._step)

    def unused_code(self) -> str:
        """A code that was not given out before, where there is one: codes work once, and the next one is accepted a
        little early."""
        self._given = min(max(self._step, self._given + 1), self._step + 1)
        return self._code_of(self._given)

    @property
    def _step(self) -> int:
        return int(self._clock()) // _STEP_S

    def _code_of(self, step: int) -> str:
        """RFC 4226 5.3."""
        mac = hmac.digest(self._key, step.to_bytes(8, "big"), hashlib.sha1)
        start = mac[-1] & 0x0F
        number = int.from_bytes(mac[start : start + 4], "big") & 0x7FFFFFFF
        return f"{number % 10**_DIGITS:0{_DIGITS}}"
