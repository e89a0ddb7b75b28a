import ssl
import stat
import subprocess
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from cryptography import x509

from segue.demo import certificates
from segue.demo.certificates import ensure_certificates
from segue.demo.trouble import Trouble


def test_they_are_made_once(tmp_path: Path) -> None:
    files = ensure_certificates(tmp_path / "tls")
    before = [path.read_bytes() for path in (files.ca, files.server, files.key)]
    assert ensure_certificates(tmp_path / "tls") == files
    assert before == [path.read_bytes() for path in (files.ca, files.server, files.key)]


def test_the_key_is_the_owners_alone_and_the_cas_is_nobodys(tmp_path: Path) -> None:
    files = ensure_certificates(tmp_path / "tls")
    assert stat.S_IMODE(files.key.stat().st_mode) == 0o600
    assert sorted(path.name for path in files.ca.parent.iterdir()) == ["ca.pem", "server.key", "server.pem"]
    assert b"PRIVATE" not in files.ca.read_bytes()


def test_openssl_agrees(tmp_path: Path) -> None:
    files = ensure_certificates(tmp_path / "tls")
    for name in (["-verify_hostname", "localhost"], ["-verify_ip", "127.0.0.1"], ["-verify_ip", "::1"]):
        command = ["openssl", "verify", "-x509_strict", *name, "-CAfile", str(files.ca), str(files.server)]
        assert subprocess.run(command, check=False, capture_output=True).returncode == 0
    other = ["openssl", "verify", "-verify_hostname", "elsewhere.example", "-CAfile", str(files.ca), str(files.server)]
    assert subprocess.run(other, check=False, capture_output=True).returncode != 0


def test_a_server_can_use_them(tmp_path: Path) -> None:
    files = ensure_certificates(tmp_path / "tls")
    ssl.create_default_context(cafile=files.ca)
    ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER).load_cert_chain(files.server, files.key)


def test_the_ca_can_vouch_for_this_machine_alone(tmp_path: Path) -> None:
    ca = x509.load_pem_x509_certificate(ensure_certificates(tmp_path / "tls").ca.read_bytes())
    permitted = ca.extensions.get_extension_for_class(x509.NameConstraints).value.permitted_subtrees
    assert permitted is not None
    assert x509.DNSName("localhost") in permitted


@pytest.mark.parametrize("damage", ["unreadable", "missing", "old"])
def test_what_cannot_be_used_is_made_anew(tmp_path: Path, damage: str, monkeypatch: pytest.MonkeyPatch) -> None:
    if damage == "old":
        monkeypatch.setattr(certificates, "_LIFE", timedelta(days=10))
    files = ensure_certificates(tmp_path / "tls")
    monkeypatch.undo()
    if damage == "unreadable":
        files.server.write_text("no certificate")
    elif damage == "missing":
        files.key.unlink()
    ensure_certificates(tmp_path / "tls")
    made = x509.load_pem_x509_certificate(files.server.read_bytes())
    assert made.not_valid_after_utc - datetime.now(UTC) > timedelta(days=300)
    ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER).load_cert_chain(files.server, files.key)


def test_a_place_that_cannot_be_written(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(Trouble, match="cannot be written"):
        ensure_certificates(tmp_path / "file" / "tls")
