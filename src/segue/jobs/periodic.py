"""Running a job again and again, and living through its failures."""

import asyncio
import logging
import random
from collections.abc import Awaitable, Callable, Iterable
from dataclasses import dataclass
from typing import Final

from segue.stores import StoreUnavailable

log = logging.getLogger(__name__)

_SPREAD: Final = 0.2


@dataclass(frozen=True, slots=True)
class Periodic:
    """``work`` does one round; it runs every ``every_s`` seconds, give or take a fifth, so that processes that were
    started together do not stay in step."""

    name: str
    every_s: float
    work: Callable[[], Awaitable[None]]

    async def run(self) -> None:
        """Until cancelled. A failure is logged, and the next round comes all the same."""
        while True:
            await asyncio.sleep(self.every_s * random.uniform(1 - _SPREAD, 1 + _SPREAD))  # noqa: S311 # no secret
            try:
                await self.work()
            except StoreUnavailable as error:
                log.warning("a job found the database away", extra={"job": self.name, "reason": str(error)})
            except Exception:
                log.exception("a job failed", extra={"job": self.name})


async def run_all(jobs: Iterable[Periodic]) -> None:
    """Runs every job until cancelled."""
    async with asyncio.TaskGroup() as group:
        for job in jobs:
            group.create_task(job.run(), name=job.name)
