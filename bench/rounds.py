"""Alternated rounds: each side does the same number of jobs in turn, and every round is compared with itself.

What else the machine does changes from one second to the next, and it changes for neighbours in time alike. So a ratio
is taken within a round, and the median of the rounds is told with its spread. Beside the clock there is the time that
the server's process spent on its core, which somebody else's load hardly touches.
"""

import time
from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass
from statistics import median
from typing import Final

from bench.client import Caller, Connection
from bench.machine import cpu_seconds
from bench.servers import Server
from bench.sides import CALLERS, CodeSide, Job, run_jobs

_TRIAL_JOBS: Final = 8 * CALLERS
_FEWEST_JOBS: Final = 4 * CALLERS
_MOST_JOBS: Final = 40_000


@dataclass(frozen=True, slots=True)
class Round:
    """One side's part of one round. ``busy`` is the share of the time that the server's process had its core."""

    per_second: float
    cpu_us: float
    busy: float
    p50_ms: float
    p99_ms: float

    @property
    def per_core_second(self) -> float:
        """Jobs for each second of the server's core."""
        return 1e6 / self.cpu_us


@dataclass(frozen=True, slots=True)
class Contestant:
    """A side with its server."""

    side: CodeSide
    server: Server

    async def part(self, operation: str, count: int) -> Round:
        """Makes so many jobs of an operation, then does them, on connections of their own."""
        async with connected(self.server.port) as callers:
            return await measure(await self.side.jobs(operation, count, callers), callers, self.server.pid)


@asynccontextmanager
async def connected(port: int) -> AsyncIterator[list[Connection]]:
    """As many open connections as there are callers."""
    callers = [await Connection.open(port) for _ in range(CALLERS)]
    try:
        yield callers
    finally:
        for caller in callers:
            await caller.close()


async def alternate(
    contestants: Mapping[str, Contestant], operations: Mapping[str, str], *, rounds: int, seconds: float
) -> dict[str, list[Round]]:
    """``rounds`` rounds of about ``seconds`` for each contestant; ``operations`` says what each of them does."""
    counts = {name: await _count(contestants[name], operations[name], seconds) for name in contestants}
    results: dict[str, list[Round]] = {name: [] for name in contestants}
    order = list(contestants)
    for _ in range(rounds):
        for name in order:
            results[name].append(await contestants[name].part(operations[name], counts[name]))
        order.append(order.pop(0))
    return results


async def measure(jobs: Sequence[Job], callers: Sequence[Caller], pid: int) -> Round:
    """Does the jobs and watches the clock, the core, and each job's time."""
    times: list[float] = []

    def timed(job: Job) -> Job:
        async def run(caller: Caller) -> None:
            begun = time.perf_counter()
            await job(caller)
            times.append(time.perf_counter() - begun)

        return run

    waiting = [timed(job) for job in jobs]
    used, started = cpu_seconds(pid), time.perf_counter()
    await run_jobs(waiting, callers)
    elapsed = time.perf_counter() - started
    cpu = cpu_seconds(pid) - used
    times.sort()
    return Round(
        per_second=len(jobs) / elapsed,
        cpu_us=1e6 * cpu / len(jobs),
        busy=cpu / elapsed,
        p50_ms=1000 * median(times),
        p99_ms=1000 * times[int(0.99 * (len(times) - 1))],
    )


async def _count(contestant: Contestant, operation: str, seconds: float) -> int:
    """How many jobs fill a round: found out by a trial, after one more that warms everything up."""
    await contestant.part(operation, _TRIAL_JOBS)
    trial = await contestant.part(operation, _TRIAL_JOBS)
    return max(_FEWEST_JOBS, min(_MOST_JOBS, round(trial.per_second * seconds)))


@dataclass(frozen=True, slots=True)
class Spread:
    """A median with the smallest and the largest value."""

    middle: float
    least: float
    most: float

    @classmethod
    def of(cls, values: Sequence[float]) -> "Spread":
        return cls(median(values), min(values), max(values))


def ratio(ours: Sequence[Round], theirs: Sequence[Round]) -> Spread:
    """By the clock, within each round."""
    return Spread.of([mine.per_second / other.per_second for mine, other in zip(ours, theirs, strict=True)])


def core_ratio(ours: Sequence[Round], theirs: Sequence[Round]) -> Spread:
    """By the time spent on the core, within each round."""
    return Spread.of([mine.per_core_second / other.per_core_second for mine, other in zip(ours, theirs, strict=True)])
