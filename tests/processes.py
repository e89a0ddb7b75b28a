"""Looking at a process and its children from outside (Linux)."""

from pathlib import Path


def memory_of(pid: int) -> int:
    """Resident bytes of a process and of all its descendants."""
    found = [pid]
    for known in found:
        children = Path(f"/proc/{known}/task/{known}/children").read_text()
        found += [int(child) for child in children.split()]
    return sum(_resident(known) for known in found)


def _resident(pid: int) -> int:
    for line in Path(f"/proc/{pid}/status").read_text().splitlines():
        if line.startswith("VmRSS:"):
            return int(line.split()[1]) * 1024
    return 0
