import pytest
from scripts import check_words
from tests.unit.scripts.conftest import MakeTree


@pytest.mark.parametrize("word", check_words.WORDS)
def test_every_word_is_found_in_any_file_and_any_case(make_tree: MakeTree, word: str) -> None:
    root = make_tree({"requirements/run.txt": f"first\nsee {word.upper()} there\n"})
    assert list(check_words.problems(root)) == [f"requirements/run.txt:2: names {word}"]


def test_a_lock_file_that_names_a_registry_fails(make_tree: MakeTree) -> None:
    address = "https://" + "registry.npm" + "js.org/clone/-/clone-2.1.2.tgz"
    root = make_tree({"package-lock.json": f'{{\n  "resolved": "{address}"\n}}\n'})
    assert len(list(check_words.problems(root))) == 1


def test_ordinary_text_and_pictures_pass(make_tree: MakeTree) -> None:
    root = make_tree({"README.md": "A framework/library that works; see docs/network/index.md\n"})
    (root / "page.png").write_bytes(b"\x89PNG\r\n\xff\xfe\x00")
    assert list(check_words.problems(root)) == []
