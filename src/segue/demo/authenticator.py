"""A stand-in for an authenticator app, for people who try the demo without one."""

import time
from collections.abc import Callable
from typing import Final

import pyotp

_STEP_S: Final = 30


class Authenticator:
    """Shows the codes of one secret (RFC 6238). ``clock`` is in seconds."""

    def __init__(self, secret: str, clock: Callable[[], float] = time.time) -> None:
        self._codes = pyotp.TOTP(secret, interval=_STEP_S)
        self._clock = clock
        self._given = 0

    @property
    def secret(self) -> str:
        return self._codes.secret

    @property
    def left_s(self) -> int:
        """How many seconds the code of this moment is still shown."""
        return _STEP_S - int(self._clock()) % _STEP_S

    def code(self) -> str:
        """The code of this moment."""
        return self._codes.generate_otp(self._step)

    def unused_code(self) -> str:
        """A code that was not given out before, where there is one: codes work once, and the next one is accepted a
        little early."""
        step = min(max(self._step, self._given + 1), self._step + 1)
        self._given = step
        return self._codes.generate_otp(step)

    @property
    def _step(self) -> int:
        return int(self._clock()) // _STEP_S
