import json
import stat
from pathlib import Path

import pytest

from segue.demo.folder import Folder, Kept, write_private
from segue.demo.trouble import Trouble


def test_a_new_folder_is_marked_and_private(tmp_path: Path) -> None:
    folder = Folder(tmp_path / "a" / "var")
    folder.close()
    assert stat.S_IMODE((tmp_path / "a" / "var").stat().st_mode) == 0o700
    assert "belongs to Segue's demo" in (tmp_path / "a" / "var" / "segue-demo").read_text()


def test_secrets_are_kept_for_the_next_run(tmp_path: Path) -> None:
    folder = Folder(tmp_path / "var")
    assert folder.read_kept() == Kept()
    kept = Kept({"ann": "pass"}, {"web": "secret"}, "token", announced=True)
    folder.write_kept(kept)
    folder.close()
    again = Folder(tmp_path / "var")
    assert again.read_kept() == kept
    assert stat.S_IMODE((tmp_path / "var" / "seed.json").stat().st_mode) == 0o600
    again.close()


@pytest.mark.parametrize("content", ["", "[]", '{"other": 1}', "null"])
def test_secrets_that_cannot_be_read(tmp_path: Path, content: str) -> None:
    folder = Folder(tmp_path / "var")
    (tmp_path / "var" / "seed.json").write_text(content)
    with pytest.raises(Trouble, match="--fresh"):
        folder.read_kept()
    folder.close()


def test_a_manifest_of_an_earlier_run_is_gone_when_the_next_begins(tmp_path: Path) -> None:
    Folder(tmp_path / "var").close()
    (tmp_path / "var" / "demo.json").write_text("{}")
    Folder(tmp_path / "var").close()
    assert not (tmp_path / "var" / "demo.json").exists()


def test_one_demo_at_a_time(tmp_path: Path) -> None:
    first = Folder(tmp_path / "var")
    write_private(first.manifest, {})
    with pytest.raises(Trouble, match="Another demo is running"):
        Folder(tmp_path / "var", fresh=True)
    assert first.manifest.exists()
    first.close()
    Folder(tmp_path / "var").close()


def test_fresh_removes_what_is_the_demos_and_nothing_else(tmp_path: Path) -> None:
    var = tmp_path / "var"
    Folder(var).close()
    for name in ("seed.json", "master.key", "epoch", "segue.db", "segue.db-wal", "segue.db-turn", "mine.txt"):
        (var / name).write_text("x")
    (var / "tls").mkdir()
    (var / "tls" / "ca.pem").write_text("x")
    outside = tmp_path / "outside"
    outside.mkdir()
    (outside / "kept.txt").write_text("x")
    (var / "segue.db-link").symlink_to(outside)
    Folder(var, fresh=True).close()
    assert sorted(path.name for path in var.iterdir()) == ["mine.txt", "segue-demo"]
    assert (outside / "kept.txt").exists()


@pytest.mark.parametrize("fresh", [False, True])
def test_a_folder_of_others_is_left_alone(tmp_path: Path, fresh: bool) -> None:
    (tmp_path / "segue.db").write_text("production")
    with pytest.raises(Trouble, match=r"no folder of the demo \(it holds segue\.db\)"):
        Folder(tmp_path, fresh=fresh)
    assert [path.name for path in tmp_path.iterdir()] == ["segue.db"]


@pytest.mark.parametrize("place", ["file", "file/below"])
def test_a_place_that_cannot_be_written(tmp_path: Path, place: str) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(Trouble, match="--var"):
        Folder(tmp_path / place)


def test_a_private_file_is_whole_or_not_there(tmp_path: Path) -> None:
    path = tmp_path / "demo.json"
    write_private(path, {"a": 1})
    assert json.loads(path.read_text()) == {"a": 1}
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    with pytest.raises(TypeError):
        write_private(path, {"a": object()})
    assert json.loads(path.read_text()) == {"a": 1}
    assert [found.name for found in tmp_path.iterdir()] == ["demo.json"]
