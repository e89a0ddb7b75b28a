"""The command run in a folder of its own, on a real database."""

import os
import shutil
from pathlib import Path

import pytest
from tests.unit.cli.commands import Segue, Workshop, run


@pytest.fixture(autouse=True)
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The current folder of the test, empty."""
    monkeypatch.chdir(tmp_path)
    return tmp_path


@pytest.fixture
def segue() -> Segue:
    return run


@pytest.fixture(scope="session")
def template(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """An installation that ``segue init`` made, to be copied."""
    path = tmp_path_factory.mktemp("installation")
    before = Path.cwd()
    os.chdir(path)
    try:
        made = run("init", "--domain", "http://localhost:8080", "--name", "Corp", "--admin-login", "ann@corp.test")
        assert made.exit_code == 0, made.output
    finally:
        os.chdir(before)
    return path


@pytest.fixture
def workshop(template: Path, folder: Path) -> Workshop:
    """A folder with an installation in it."""
    shutil.copytree(template / "var", folder / "var")
    return Workshop(folder)
