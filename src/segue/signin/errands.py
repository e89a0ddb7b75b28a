"""Work that an answer must not wait for: how long it takes would tell who there is (AU-04)."""

import asyncio
import logging
from collections.abc import Coroutine
from dataclasses import dataclass, field
from typing import Final

log = logging.getLogger(__name__)

MOST: Final = 200


@dataclass(slots=True)
class Errands:
    """Runs work after the answer. Belongs to one event loop; ``finish`` before the database closes.

    At most MOST at a time: beyond that work is dropped, since a flood of it is no person's.
    """

    _running: set[asyncio.Task[None]] = field(default_factory=set)

    def start(self, work: Coroutine[None, None, None], name: str) -> None:
        if len(self._running) >= MOST:
            work.close()
            log.warning("too much waits to be done after answers", extra={"dropped": name})
            return
        task = asyncio.create_task(work, name=name)
        self._running.add(task)
        task.add_done_callback(self._done)

    async def finish(self) -> None:
        """Waits for what is under way."""
        while self._running:
            await asyncio.wait(self._running)

    def _done(self, task: asyncio.Task[None]) -> None:
        self._running.discard(task)
        if not task.cancelled() and task.exception() is not None:
            log.error("work after an answer failed", exc_info=task.exception(), extra={"errand": task.get_name()})
