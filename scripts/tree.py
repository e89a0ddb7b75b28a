"""The files a check looks at, and how it says what it found."""

import subprocess
import sys
from collections.abc import Iterable, Iterator
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent


def tracked_files(root: Path) -> list[Path]:
    """What git tracks below ``root`` and what it would track if added, as relative paths in a fixed order.

    Raises SystemExit where ``root`` is no git work tree: a check that silently saw no file would always pass.
    """
    # A checkout that belongs to another user, as in many build containers, is still the one we were asked to read.
    command = ["git", "-c", "safe.directory=*", "ls-files", "-z", "--cached", "--others", "--exclude-standard"]
    listing = subprocess.run(command, cwd=root, capture_output=True, check=False)
    if listing.returncode != 0:
        raise SystemExit(f"git cannot list the files of {root}: {listing.stderr.decode().strip()}")
    names = {name for name in listing.stdout.decode().split("\0") if name}
    return sorted(Path(name) for name in names if (root / name).is_file())


def source_modules(root: Path) -> Iterator[Path]:
    """Every Python module of the product, as a path relative to ``root``."""
    return (path for path in tracked_files(root) if path.suffix == ".py" and path.parts[:2] == ("src", "segue"))


def report(problems: Iterable[str]) -> int:
    """Prints one line for each problem and returns the exit status."""
    lines = list(problems)
    for line in lines:
        print(line, file=sys.stderr)
    return 1 if lines else 0
