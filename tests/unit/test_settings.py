"""Settings: where they come from, what is refused, and how that is said."""

import base64
import os
import stat
from pathlib import Path

import pytest

from segue import settings
from segue.settings import Secrets, SettingsError, load, read_epoch, read_secrets


@pytest.fixture(autouse=True)
def _nowhere(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A folder without an installation."""
    monkeypatch.chdir(tmp_path)


@pytest.fixture
def environment(monkeypatch: pytest.MonkeyPatch) -> pytest.MonkeyPatch:
    return monkeypatch


def key() -> str:
    return base64.urlsafe_b64encode(os.urandom(32)).decode().rstrip("=")


def refused(**given: object) -> str:
    with pytest.raises(SettingsError) as caught:
        load(**given)
    return str(caught.value)


def test_nothing_has_to_be_set_but_a_master_key() -> None:
    found = load()
    assert (found.mode, found.host, found.port, found.workers) == ("production", "localhost", 8080, 1)
    assert found.database == "sqlite:///var/segue.db"
    assert found.on_loopback


def test_ASVS_6_3_2_there_is_no_default_secret() -> None:
    assert load().master_key is None
    with pytest.raises(SettingsError, match="no master key: run `segue init`"):
        read_secrets(load())


def test_the_environment_is_read_and_a_command_wins(environment: pytest.MonkeyPatch) -> None:
    environment.setenv("SEGUE_PORT", "9000")
    environment.setenv("SEGUE_TRUSTED_PROXIES", "10.0.0.0/8, fd00::/8")
    environment.setenv("SEGUE_LOCAL_NAMES", "idp.LOCALHOST,idp.test")
    environment.setenv("SEGUE_HOST", "")
    found = load(port=None)
    assert (found.port, found.host) == (9000, "localhost")
    assert [str(network) for network in found.trusted_proxies] == ["10.0.0.0/8", "fd00::/8"]
    assert found.local_names == ("idp.localhost", "idp.test")
    assert load(port=9001).port == 9001


@pytest.mark.parametrize(
    ("name", "hint"),
    [
        ("SEGUE_TRUSTED_PROXY", "did you mean SEGUE_TRUSTED_PROXIES?"),
        ("SEGUE_MASTERKEY", "did you mean SEGUE_MASTER_KEY?"),
        ("segue_prot", "did you mean SEGUE_PORT?"),
        ("SEGUE_ZZZZZZ", "SEGUE_ZZZZZZ is not a setting of Segue."),
    ],
)
def test_a_variable_that_is_no_setting_is_refused(environment: pytest.MonkeyPatch, name: str, hint: str) -> None:
    environment.setenv(name, "1")
    assert hint in refused()


@pytest.mark.parametrize(
    ("given", "says"),
    [
        ({"port": 70000}, "SEGUE_PORT: "),
        ({"port": "http"}, "SEGUE_PORT: "),
        ({"workers": 0}, "SEGUE_WORKERS: "),
        ({"mode": "dev"}, "SEGUE_MODE: "),
        ({"log_level": "loud"}, "SEGUE_LOG_LEVEL: "),
        ({"database_url": "mysql://host/db"}, "starts with sqlite:/// or postgresql://"),
        ({"database_url": "postgresql://segue:changeme@host/db"}, "placeholder"),
        ({"database_url": "postgresql://<user>:<password>@host/db"}, "placeholder"),
        ({"trusted_proxies": "0.0.0.0/0"}, "everybody is no proxy"),
        ({"device_header": "X-Device"}, "SEGUE_TRUSTED_PROXIES"),
        ({"trusted_proxies": "10.0.0.0/8", "device_header": "X Device"}, "SEGUE_DEVICE_HEADER: "),
        ({"trusted_proxies": "::/0"}, "everybody is no proxy"),
        ({"trusted_proxies": "proxy.corp.test"}, "SEGUE_TRUSTED_PROXIES: "),
        ({"trusted_proxies": "10.1.2.3/8"}, "SEGUE_TRUSTED_PROXIES: "),
        ({"local_names": "id.corp.example"}, "plain http is allowed for names"),
        ({"local_names": "corp.com"}, "plain http is allowed for names"),
        ({"tls_cert": "cert.pem"}, "set together"),
        ({"tls_key": "key.pem"}, "set together"),
        ({"debug": True, "host": "0.0.0.0"}, "SEGUE_DEBUG is for loopback"),
        ({"debug": True, "host": "idp.corp.test"}, "SEGUE_DEBUG is for loopback"),
        ({"mode": "demo", "host": "::"}, "SEGUE_MODE=demo is for loopback"),
        ({"workers": 2, "port": 0}, "SEGUE_PORT=0 is for one"),
        ({"keep_hours": 0}, "SEGUE_KEEP_HOURS: "),
        ({"epoch": -1}, "SEGUE_EPOCH: "),
        ({"unheard_of": 1}, "SEGUE_UNHEARD_OF: "),
    ],
)
def test_each_mistake_is_a_sentence_that_names_the_variable(given: dict[str, object], says: str) -> None:
    sentence = refused(**given)
    assert says in sentence
    for line in sentence.splitlines():
        assert line.endswith(".")
        assert "pydantic" not in line
        assert "validation error" not in line


def test_ED_09_debug_is_for_loopback() -> None:
    for host in ("localhost", "127.0.0.1", "127.9.9.9", "::1", "[::1]"):
        assert load(debug=True, host=host).debug


def test_several_mistakes_are_told_at_once() -> None:
    sentences = refused(port=-1, workers=0).splitlines()
    assert [line.partition(":")[0] for line in sentences] == ["SEGUE_PORT", "SEGUE_WORKERS"]


def test_no_error_and_no_representation_repeats_a_secret(environment: pytest.MonkeyPatch) -> None:
    environment.setenv("SEGUE_MASTER_KEY", "s3cr3t-value")
    environment.setenv("SEGUE_DATABASE_URL", "postgresql://segue:hunter7@db.corp.test:5433/segue?sslmode=require")
    found = load()
    assert "s3cr3t-value" not in repr(found)
    assert "hunter7" not in repr(found)
    assert "hunter7" in found.database
    assert found.database_label == "postgresql://segue@db.corp.test:5433/segue"
    with pytest.raises(SettingsError) as caught:
        read_secrets(found)
    assert "s3cr3t-value" not in str(caught.value)
    environment.setenv("SEGUE_PREVIOUS_MASTER_KEYS", "also-s3cr3t")
    environment.setenv("SEGUE_MASTER_KEY", key())
    with pytest.raises(SettingsError) as caught:
        read_secrets(load())
    assert "also-s3cr3t" not in str(caught.value)
    assert "SEGUE_PREVIOUS_MASTER_KEYS" in str(caught.value)


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("changeme", "placeholder"),
        ("CHANGE_ME_CHANGE_ME_CHANGE_ME_CHANGE_ME_CHA", "placeholder"),
        ("<your master key>", "placeholder"),
        ("${MASTER_KEY}", "placeholder"),
        ("A" * 43, "not random"),
        ("abc", "cannot be used"),
        ("", "cannot be used"),
    ],
)
def test_ASVS_6_3_2_a_placeholder_is_no_master_key(tmp_path: Path, text: str, says: str) -> None:
    file = tmp_path / "key"
    file.write_text(text)
    with pytest.raises(SettingsError, match=says):
        read_secrets(load(master_key_file=file))


def test_master_keys_come_from_the_environment_or_a_file(tmp_path: Path) -> None:
    current, earlier = key(), key()
    (tmp_path / "key").write_text(current + "\n")
    by_file = read_secrets(load(master_key_file=tmp_path / "key", previous_master_keys=earlier))
    assert by_file == read_secrets(load(master_key=current, previous_master_keys=f"{earlier},"))
    assert len(by_file.master_key) == 32
    assert len(by_file.previous) == 1
    assert repr(Secrets(b"x" * 32)) == "Secrets()"


def test_a_master_key_that_cannot_be_read_is_a_sentence(tmp_path: Path) -> None:
    with pytest.raises(SettingsError, match="cannot be read"):
        read_secrets(load(master_key_file=tmp_path))
    (tmp_path / "key").write_bytes(b"\xff\xfe")
    with pytest.raises(SettingsError, match="it is not text"):
        read_secrets(load(master_key_file=tmp_path / "key"))


def test_a_master_key_is_made_once_for_its_owner_alone(tmp_path: Path) -> None:
    found = load(var=tmp_path / "deep" / "var")
    assert settings.ensure_master_key(found)
    text = found.key_file.read_text()
    assert stat.S_IMODE(found.key_file.stat().st_mode) == 0o600
    assert not settings.others_may_read(found.key_file)
    assert not settings.ensure_master_key(found)
    assert found.key_file.read_text() == text
    assert read_secrets(found).master_key
    found.key_file.chmod(0o640)
    assert settings.others_may_read(found.key_file)


def test_a_master_key_is_not_made_beside_a_given_or_a_broken_one(tmp_path: Path) -> None:
    assert not settings.ensure_master_key(load(var=tmp_path, master_key=key()))
    assert not (tmp_path / "master.key").exists()
    (tmp_path / "master.key").write_text("broken")
    with pytest.raises(SettingsError, match="cannot be used"):
        settings.ensure_master_key(load(var=tmp_path))


def test_a_folder_that_cannot_be_written_is_a_sentence(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(SettingsError, match="cannot be written"):
        settings.ensure_master_key(load(var=tmp_path / "file" / "var"))


def test_KE_03_the_epoch_is_a_number_outside_the_database(tmp_path: Path, environment: pytest.MonkeyPatch) -> None:
    assert read_epoch(load(var=tmp_path)) == 0
    settings.write_epoch(load(var=tmp_path), 1_700_000_000)
    settings.write_epoch(load(var=tmp_path), 1_700_000_001)
    assert read_epoch(load(var=tmp_path)) == 1_700_000_001
    assert [path.name for path in tmp_path.iterdir()] == ["epoch"]
    environment.setenv("SEGUE_EPOCH", "5")
    assert read_epoch(load(var=tmp_path)) == 5
    with pytest.raises(SettingsError, match="raise it there"):
        settings.write_epoch(load(var=tmp_path), 6)


@pytest.mark.parametrize("text", ["", "soon", "-5", "1.5"])
def test_KE_03_an_epoch_that_is_no_number_is_refused_and_not_taken_for_none(tmp_path: Path, text: str) -> None:
    (tmp_path / "epoch").write_text(text)
    with pytest.raises(SettingsError, match="not a number"):
        read_epoch(load(var=tmp_path))


def test_KE_03_an_epoch_file_that_was_named_and_is_gone_is_refused(tmp_path: Path) -> None:
    with pytest.raises(SettingsError, match="There is no epoch file"):
        read_epoch(load(epoch_file=tmp_path / "epoch"))
    (tmp_path / "epoch").mkdir()
    with pytest.raises(SettingsError, match="cannot be read"):
        read_epoch(load(epoch_file=tmp_path / "epoch"))


def test_exported_settings_are_what_the_next_process_loads(environment: pytest.MonkeyPatch, tmp_path: Path) -> None:
    for name in ("SEGUE_PORT", "SEGUE_VAR"):
        environment.setenv(name, "")  # so that what is exported is taken back after the test
    settings.export({"port": 9100, "var": tmp_path, "host": None})
    found = load()
    assert (found.port, found.var, found.host) == (9100, tmp_path, "localhost")


def test_settings_do_not_change_once_they_are_loaded() -> None:
    with pytest.raises(ValueError, match="frozen"):
        load().port = 1  # type: ignore[misc]
