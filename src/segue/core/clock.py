"""The two things a pure rule may not reach for itself, as values to be passed in."""

import secrets
import time
from collections.abc import Callable
from dataclasses import dataclass, field


def _system_now_at() -> int:
    return time.time_ns() // 1_000_000


@dataclass(frozen=True, slots=True)
class Source:
    """Where time (epoch ms) and randomness come from; a test passes its own."""

    now_at: Callable[[], int] = field(default=_system_now_at)
    random: Callable[[int], bytes] = field(default=secrets.token_bytes)
