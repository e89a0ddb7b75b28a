"""The shape of the source: no module too long, none with a name that says nothing, no package without a docstring."""

import ast
import re
import sys
from collections.abc import Iterator
from pathlib import Path

from scripts.tree import ROOT, report, source_modules, tracked_files

MAX_LINES = 400
REASON_WITHIN = 20
REASON = re.compile(r"#\s*long:\s*\S")
EMPTY_NAMES = frozenset({"util", "utils", "helper", "helpers", "common", "misc"})


def long_modules(root: Path) -> Iterator[str]:
    """Modules of more than MAX_LINES lines that do not say why near their top (``# long: <reason>``)."""
    for path in source_modules(root):
        lines = (root / path).read_text(encoding="utf-8").splitlines()
        if len(lines) > MAX_LINES and not any(REASON.match(line) for line in lines[:REASON_WITHIN]):
            yield (
                f"{path}: {len(lines)} lines; make it two modules, or give the reason as "
                f"'# long: ...' in its first {REASON_WITHIN} lines (at most {MAX_LINES} without one)"
            )


def empty_names(root: Path) -> Iterator[str]:
    """Files and folders whose name says nothing about what is in them."""
    for path in tracked_files(root):
        for part in (*path.parts[:-1], path.stem):
            if part.lower() in EMPTY_NAMES:
                yield f"{path}: '{part}' says nothing; name it for what it holds"


def silent_packages(root: Path) -> Iterator[str]:
    """Folders with modules in them that have no ``__init__.py``, or one without a docstring."""
    for folder in sorted({path.parent for path in source_modules(root)}):
        init = folder / "__init__.py"
        if not (root / init).is_file():
            yield f"{init}: missing; every package says in a docstring what it owns and how to add to it"
        elif not ast.get_docstring(ast.parse((root / init).read_text(encoding="utf-8"))):
            yield f"{init}: no docstring; say what the package owns and how to add to it"


def problems(root: Path) -> Iterator[str]:
    yield from long_modules(root)
    yield from empty_names(root)
    yield from silent_packages(root)


if __name__ == "__main__":
    sys.exit(report(problems(ROOT)))
