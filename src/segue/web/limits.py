"""Rate limits: token buckets per class and caller, kept in the process."""

import time
from collections import OrderedDict
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Final

_MOST_BUCKETS: Final = 50_000


@dataclass(frozen=True, slots=True)
class Limit:
    """``requests`` per ``window_s`` seconds for one caller of one class."""

    requests: int
    window_s: int


@dataclass(frozen=True, slots=True)
class Standing:
    """How a caller stands: ``reset_s`` are seconds until the bucket is full again."""

    allowed: bool
    limit: int
    remaining: int
    reset_s: int


@dataclass(slots=True)
class _Bucket:
    level: float
    seen_at: float


@dataclass(slots=True)
class RateLimiter:
    """Buckets that fill steadily. Each worker keeps its own, so the limit of a site is the sum over its workers.

    ``clock`` gives monotonic seconds. Buckets are dropped oldest first, so a flood of callers cannot fill the memory.
    """

    limits: Mapping[str, Limit]
    clock: Callable[[], float] = time.monotonic
    _buckets: OrderedDict[tuple[str, str], _Bucket] = field(default_factory=OrderedDict)

    def take(self, name: str, caller: str) -> Standing | None:
        """Takes one request of ``caller`` from the class ``name``; None where the class has no limit."""
        limit = self.limits.get(name)
        if limit is None:
            return None
        now = self.clock()
        bucket = self._buckets.pop((name, caller), None) or _Bucket(limit.requests, now)
        rate = limit.requests / limit.window_s
        bucket.level = min(limit.requests, bucket.level + (now - bucket.seen_at) * rate)
        bucket.seen_at = now
        allowed = bucket.level >= 1
        if allowed:
            bucket.level -= 1
        self._buckets[(name, caller)] = bucket
        if len(self._buckets) > _MOST_BUCKETS:
            self._buckets.popitem(last=False)
        reset_s = int((limit.requests - bucket.level) / rate) + 1
        return Standing(allowed, limit.requests, int(bucket.level), reset_s)
