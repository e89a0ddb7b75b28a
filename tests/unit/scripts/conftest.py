"""A small git work tree that a check can be pointed at."""

import subprocess
from collections.abc import Callable
from pathlib import Path

import pytest

MakeTree = Callable[[dict[str, str]], Path]


@pytest.fixture
def make_tree(tmp_path: Path) -> MakeTree:
    """``make_tree({"src/segue/app.py": "text"})`` writes those files into a work tree and returns its root."""
    subprocess.run(["git", "init", "--quiet", str(tmp_path)], check=True)

    def make(files: dict[str, str]) -> Path:
        for name, text in files.items():
            path = tmp_path / name
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(text, encoding="utf-8")
        return tmp_path

    return make
