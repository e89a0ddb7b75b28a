"""No file speaks of one machine: no path of a workplace, no address of a package registry.

A lock file that names a registry sends everybody there, mirrors or not; what makes a download trustworthy is its hash.
"""

import sys
from collections.abc import Iterator
from pathlib import Path

from scripts.tree import ROOT, report, tracked_files

# In two pieces each, so that this file passes its own check.
WORDS = tuple(
    first + second
    for first, second in (
        ("/wo", "rk/"),
        ("/t", "mp/bash"),
        ("py", "pi.org"),
        ("files.python", "hosted.org"),
        ("registry.npm", "js.org"),
        ("deb.deb", "ian.org"),
        ("repo1.ma", "ven.org"),
    )
)


def problems(root: Path) -> Iterator[str]:
    for path in tracked_files(root):
        # Pictures and other binary files hold no words; what is no UTF-8 is read byte by byte.
        text = (root / path).read_bytes().decode("utf-8", errors="replace").lower()
        for number, line in enumerate(text.splitlines(), start=1):
            for word in WORDS:
                if word in line:
                    yield f"{path}:{number}: names {word}"


if __name__ == "__main__":
    sys.exit(report(problems(ROOT)))
