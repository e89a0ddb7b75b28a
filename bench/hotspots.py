"""Where the time of one operation goes within Segue: a profile of the event loop's thread, without a network.

The profiler makes small functions dearer than they are. What signs or hashes does so in threads and shows as waiting.
"""

import cProfile
import pstats
import time
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from bench.in_process import InProcess
from bench.installation import Installation
from bench.sides import SegueSide, run_jobs

_JOBS: Final = 2000
_BATCH: Final = 50
_TRIAL: Final = 200
_ROOTS: Final = ("site-packages/", "src/", "lib/python3")


@dataclass(frozen=True, slots=True)
class Spot:
    """A function: its calls in one job, and microseconds of one job in it alone and with what it calls."""

    where: str
    calls: float
    own_us: float
    total_us: float


async def profile(installation: Installation, operation: str, *, jobs: int = _JOBS) -> tuple[float, list[Spot]]:
    """Microseconds of one job without the profiler, and the functions of the profile.

    The former is of the quickest batch: what a neighbour on the core adds is never negative.
    """
    side, caller = SegueSide("profile", installation), InProcess(installation.segue.edge)
    await side.open(caller)
    await run_jobs(await side.jobs(operation, _TRIAL, [caller]), [caller])
    plain = await side.jobs(operation, jobs, [caller])
    batches = []
    for first in range(0, jobs, _BATCH):
        started = time.process_time()
        await run_jobs(plain[first : first + _BATCH], [caller])
        batches.append(1e6 * (time.process_time() - started) / _BATCH)
    waiting = await side.jobs(operation, jobs, [caller])
    profiler = cProfile.Profile()
    profiler.enable()
    await run_jobs(waiting, [caller])
    profiler.disable()
    return min(batches), _spots(pstats.Stats(profiler), jobs)


def _spots(stats: pstats.Stats, jobs: int) -> list[Spot]:
    table = stats.stats  # type: ignore[attr-defined]  # what every reader of a profile uses
    return [
        Spot(_place(*place), calls / jobs, 1e6 * own / jobs, 1e6 * total / jobs)
        for place, (_, calls, own, total, _) in table.items()
    ]


def _place(file: str, line: int, name: str) -> str:
    if file == "~":
        return name
    path = Path(file).as_posix()
    for root in _ROOTS:
        path = path.rpartition(root)[2]
    return f"{path}:{line} {name}"
