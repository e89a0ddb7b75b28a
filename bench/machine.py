"""The machine: which core serves and which ones load, what a process has used of its core, how fast the disk is."""

import os
import platform
import subprocess
import sys
import time
from dataclasses import dataclass
from pathlib import Path
from typing import Final

_TICKS: Final = os.sysconf("SC_CLK_TCK")
_DISK_WRITES: Final = 200
# After the name of the program, which is in parentheses: utime and stime are fields 14 and 15 (proc(5)).
_UTIME, _STIME = 11, 12


@dataclass(frozen=True, slots=True)
class Cores:
    """One core for the server under test, the others for the load and the database. Equal where there is but one."""

    server: int
    others: frozenset[int]


def cores() -> Cores:
    """Raises SystemExit on a system that cannot tie a process to a core: its figures would say little."""
    if not hasattr(os, "sched_setaffinity"):
        raise SystemExit("The benchmark ties servers to a core and reads /proc: it needs Linux.")
    allowed = sorted(os.sched_getaffinity(0))
    return Cores(allowed[0], frozenset(allowed[1:]) or frozenset(allowed))


def pinned(core: int, *command: str) -> list[str]:
    """The command that runs ``command`` on one core alone."""
    return [sys.executable, "-m", "bench.pinned", str(core), *command]


def cpu_seconds(pid: int) -> float:
    """What a process has used of its core so far, with all its threads."""
    stat = Path(f"/proc/{pid}/stat").read_text(encoding="ascii", errors="replace")
    fields = stat.rpartition(")")[2].split()
    return (int(fields[_UTIME]) + int(fields[_STIME])) / _TICKS


def resident_mib(pid: int) -> float:
    pages = int(Path(f"/proc/{pid}/statm").read_text(encoding="ascii").split()[1])
    return pages * os.sysconf("SC_PAGE_SIZE") / 2**20


def durable_write_ms(folder: Path) -> float:
    """How long one small write takes until it is on the disk of ``folder``; the median of some hundred."""
    file, seen = folder / "durable-write", []
    with file.open("wb", buffering=0) as output:
        for _ in range(_DISK_WRITES):
            started = time.perf_counter()
            output.write(b"x" * 4096)
            os.fdatasync(output.fileno())
            seen.append(time.perf_counter() - started)
    file.unlink()
    return sorted(seen)[len(seen) // 2] * 1000


def description(root: Path, used: Cores) -> dict[str, str]:
    """What somebody who reads the figures has to know of the machine and the code."""
    one, five, _ = os.getloadavg()
    return {
        "processor": _processor(),
        "cores": f"the server on {used.server}, load and database on {', '.join(map(str, sorted(used.others)))}",
        "system": platform.platform(),
        "Python": platform.python_version(),
        "load average at the start": f"{one:.1f} (1 min), {five:.1f} (5 min)",
        "Segue": _commit(root),
    }


def _processor() -> str:
    for line in Path("/proc/cpuinfo").read_text(encoding="utf-8").splitlines():
        if line.startswith("model name"):
            return line.partition(":")[2].strip()
    return platform.machine()


def _commit(root: Path) -> str:
    command = ["git", "-c", "safe.directory=*", "-C", str(root), "describe", "--always", "--dirty"]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    return done.stdout.strip() or "not a git checkout"
