"""Only ``segue.settings`` reads the environment: elsewhere a value arrives as an argument."""

import ast
import sys
from collections.abc import Iterator
from pathlib import Path

from scripts.tree import ROOT, report, source_modules

READERS = frozenset({"environ", "environb", "getenv", "getenvb", "putenv", "unsetenv"})
EXEMPT = (Path("src/segue/settings.py"), Path("src/segue/settings"))


def environment_reads(source: str) -> Iterator[int]:
    """The lines of ``source`` that reach for the environment: by ``os``, or by a command line option's ``envvar``."""
    tree = ast.parse(source)
    names = {
        alias.asname or alias.name
        for node in ast.walk(tree)
        if isinstance(node, ast.Import)
        for alias in node.names
        if alias.name in ("os", "posix")
    }
    for node in ast.walk(tree):
        match node:
            case ast.Attribute(value=ast.Name(id=name), attr=attribute) if name in names and attribute in READERS:
                yield node.lineno
            case ast.ImportFrom(module="os" | "posix", names=imported) if READERS & {alias.name for alias in imported}:
                yield node.lineno
            case ast.keyword(arg="envvar"):
                yield node.lineno


def problems(root: Path) -> Iterator[str]:
    for path in source_modules(root):
        if any(path == exempt or exempt in path.parents for exempt in EXEMPT):
            continue
        for line in environment_reads((root / path).read_text(encoding="utf-8")):
            yield f"{path}:{line}: reads the environment; only segue.settings does"


if __name__ == "__main__":
    sys.exit(report(problems(ROOT)))
