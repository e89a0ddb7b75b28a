"""Values that an app keeps in its own memory for a while: sessions, requests it made, ids it has seen."""

import time
from collections import OrderedDict
from collections.abc import Callable
from typing import Generic, TypeVar

T = TypeVar("T")


class Remembered(Generic[T]):
    """Keeps each value for ``life_s`` seconds, and at most ``most`` of them: the oldest go first."""

    def __init__(self, *, life_s: float, most: int = 1000, clock: Callable[[], float] = time.monotonic) -> None:
        self._life_s, self._most, self._clock = life_s, most, clock
        self._values: OrderedDict[str, tuple[T, float]] = OrderedDict()

    def put(self, key: str, value: T) -> None:
        self._values.pop(key, None)
        self._values[key] = (value, self._clock() + self._life_s)
        while len(self._values) > self._most:
            self._values.popitem(last=False)

    def get(self, key: str) -> T | None:
        value, until = self._values.get(key, (None, 0.0))
        return value if until > self._clock() else None

    def take(self, key: str) -> T | None:
        """The value, which is forgotten: a second call answers None."""
        value, until = self._values.pop(key, (None, 0.0))
        return value if until > self._clock() else None
