"""Writing refusals: durable before the answer that names them, many in one write, bounded for a flood."""

import asyncio
import secrets
from dataclasses import dataclass, field, replace
from typing import Final

from segue.core.refusal import Refusal
from segue.core.secret import new_id, partition_of
from segue.events import Circumstances, Event
from segue.stores import EventStore

_WINDOW_MS: Final = 60_000
BUDGET: Final = 100
_MOST_KEYS: Final = 10_000


@dataclass(slots=True)
class _Window:
    started_at: int
    seen: int = 0
    aggregate: Event | None = None


@dataclass(slots=True)
class Recorder:
    """Appends events in groups: what arrives while a write is under way goes into the next one.

    Beyond ``budget`` refusals per (org, address, reason) and minute, one aggregate event stands for the rest: the
    answers carry its id, and a second event counts them when the minute is over.
    """

    store: EventStore
    budget: int = BUDGET
    _waiting: list[tuple[Event, asyncio.Future[None]]] = field(default_factory=list)
    _writer: asyncio.Task[None] | None = None
    _windows: dict[tuple[str, str, str], _Window] = field(default_factory=dict)

    async def refuse(self, circumstances: Circumstances, refusal: Refusal, type: str) -> str:
        """Records a refusal and answers its event's id."""
        event = circumstances.refusal(type, refusal)
        window = await self._window(event)
        window.seen += 1
        if window.seen <= self.budget:
            await self.append(event)
            return event.id
        if window.aggregate is None:
            window.aggregate = replace(event, detail={**event.detail, "aggregate": "stands for more of its kind"})
            await self.append(window.aggregate)
        return window.aggregate.id

    async def flush(self) -> None:
        """Writes the counts of all windows; for shutdown."""
        windows, self._windows = self._windows, {}
        for window in windows.values():
            await self._close(window)

    async def append(self, event: Event) -> None:
        """Writes one event; returns when it is durable. Raises StoreUnavailable."""
        done = asyncio.get_running_loop().create_future()
        self._waiting.append((event, done))
        if self._writer is None or self._writer.done():
            self._writer = asyncio.create_task(self._write_waiting())
        await done

    async def _write_waiting(self) -> None:
        while self._waiting:
            group, self._waiting = self._waiting, []
            try:
                await self.store.append([event for event, _ in group])
            except Exception as error:
                for _, done in group:
                    if not done.done():
                        done.set_exception(error)
            else:
                for _, done in group:
                    if not done.done():
                        done.set_result(None)

    async def _window(self, event: Event) -> _Window:
        key = (event.org_id, event.address, event.reason)
        window = self._windows.get(key)
        if window is not None and event.at - window.started_at > _WINDOW_MS:
            del self._windows[key]
            await self._close(window)
            window = None
        if window is None:
            if len(self._windows) >= _MOST_KEYS:
                await self.flush()
            window = self._windows.setdefault(key, _Window(event.at))
        return window

    async def _close(self, window: _Window) -> None:
        """Says how many refusals the aggregate event stood for, in an event of its own."""
        first = window.aggregate
        if first is None:
            return
        ident = new_id("evt", partition_of(first.id), first.at, secrets.token_bytes)
        detail = {"counts": first.id}
        await self.append(replace(first, id=ident, count=window.seen - self.budget, detail=detail))
