from pathlib import Path

import pytest
from scripts import check_modules
from scripts.tree import tracked_files
from tests.unit.scripts.conftest import MakeTree

DOCSTRING = '"""What it owns."""\n'


def test_a_tidy_tree_passes(make_tree: MakeTree) -> None:
    root = make_tree({"src/segue/__init__.py": DOCSTRING, "src/segue/core.py": "x = 1\n" * check_modules.MAX_LINES})
    assert list(check_modules.problems(root)) == []


def test_a_module_past_the_limit_fails(make_tree: MakeTree) -> None:
    root = make_tree({"src/segue/core.py": "x = 1\n" * (check_modules.MAX_LINES + 1)})
    (problem,) = check_modules.long_modules(root)
    assert problem.startswith("src/segue/core.py: 401 lines")


@pytest.mark.parametrize(
    ("first_lines", "passes"),
    [
        ("# long: one table, and a table is read in one piece\n", True),
        ('"""Docstring."""\n' * 19 + "# long: a reason on line 20\n", True),
        ('"""Docstring."""\n' * 20 + "# long: a reason on line 21\n", False),
        ("# long:\n", False),
        ("# long:   \n", False),
        ("x = 1  # long: not a line of its own\n", False),
    ],
)
def test_a_long_module_needs_a_reason_near_its_top(make_tree: MakeTree, first_lines: str, passes: bool) -> None:
    root = make_tree({"src/segue/core.py": first_lines + "x = 1\n" * check_modules.MAX_LINES})
    assert (list(check_modules.long_modules(root)) == []) is passes


def test_only_the_product_has_a_limit(make_tree: MakeTree) -> None:
    root = make_tree({"tests/test_x.py": "x = 1\n" * 1000, "src/other/x.py": "x = 1\n" * 1000})
    assert list(check_modules.long_modules(root)) == []


@pytest.mark.parametrize(
    "name", ["src/segue/utils.py", "src/segue/core/Helpers.py", "src/segue/common/x.py", "tests/misc.mjs"]
)
def test_a_name_that_says_nothing_fails(make_tree: MakeTree, name: str) -> None:
    (problem,) = check_modules.empty_names(make_tree({name: ""}))
    assert problem.startswith(f"{name}: ")


def test_a_name_that_only_contains_such_a_word_passes(make_tree: MakeTree) -> None:
    assert list(check_modules.empty_names(make_tree({"src/segue/utility_bill.py": "", "docs/commons.md": ""}))) == []


@pytest.mark.parametrize(
    ("files", "expected"),
    [
        ({"src/segue/core/x.py": ""}, "src/segue/core/__init__.py: missing"),
        ({"src/segue/core/__init__.py": "# only a comment\n"}, "src/segue/core/__init__.py: no docstring"),
        ({"src/segue/core/__init__.py": '""""""\n'}, "src/segue/core/__init__.py: no docstring"),
    ],
)
def test_a_package_without_a_docstring_fails(make_tree: MakeTree, files: dict[str, str], expected: str) -> None:
    (problem,) = check_modules.silent_packages(make_tree(files))
    assert problem.startswith(expected)


def test_ignored_and_deleted_files_are_not_looked_at(make_tree: MakeTree) -> None:
    root = make_tree({".gitignore": "var/\n", "var/helpers.py": "", "kept.py": ""})
    assert tracked_files(root) == [Path(".gitignore"), Path("kept.py")]


def test_a_folder_that_git_does_not_know_is_an_error_not_a_pass(tmp_path: Path) -> None:
    with pytest.raises(SystemExit, match="git cannot list"):
        list(check_modules.problems(tmp_path))
