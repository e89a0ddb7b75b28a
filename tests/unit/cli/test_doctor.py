"""``segue doctor``: each thing that can be wrong, made wrong."""

import base64
import os
import time
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat
from tests.postgres_server import FreshDatabase
from tests.unit.cli.commands import Segue, Workshop

DAY_MS = 86_400_000


def finding(output: str, what: str) -> tuple[str, str]:
    """Level and advice of the finding about ``what``."""
    lines = output.splitlines()
    for number, line in enumerate(lines):
        if line[6:].startswith(what):
            mend = lines[number + 1] if number + 1 < len(lines) else ""
            return line[:5].strip(), mend.partition("→ ")[2]
    raise AssertionError(f"nothing about {what!r} in\n{output}")


@pytest.mark.usefixtures("workshop")
def test_a_healthy_installation_is_all_right(segue: Segue) -> None:
    done = segue("doctor")
    assert done.exit_code == 0
    levels = {line[:5].strip() for line in done.stdout.splitlines() if line[5:6] == " " and ":" in line}
    assert levels == {"ok"}
    for what in (
        "settings",
        "master key file",
        "database file",
        "database sqlite",
        "clocks",
        "domain http://localhost",
    ):
        assert finding(done.stdout, what)[0] == "ok"
    for key_set in ("main", "saml"):
        assert finding(done.stdout, f"signing key {key_set} of Corp")[0] == "ok"
    assert "0 failed, 0 with a warning" in done.stdout


def test_without_an_installation_it_says_to_make_one(segue: Segue) -> None:
    done = segue("doctor")
    assert done.exit_code == 1
    assert "segue init" in finding(done.stdout, "database")[1]
    segue("migrate")
    assert finding(segue("doctor").stdout, "orgs") == ("FAIL", "Run `segue init`.")


def test_a_database_without_a_schema_fails(segue: Segue, folder: Path) -> None:
    (folder / "var").mkdir()
    (folder / "var" / "segue.db").touch(mode=0o600)
    assert finding(segue("doctor").stdout, "database sqlite") == ("FAIL", "Run `segue init`.")


def older(workshop: Workshop) -> None:
    workshop.rows("UPDATE alembic_version SET version_num = '0000'")


def newer(workshop: Workshop) -> None:
    workshop.rows("UPDATE alembic_version SET version_num = '9999'")


def open_key(workshop: Workshop) -> None:
    (workshop.folder / "var" / "master.key").chmod(0o644)


def open_database(workshop: Workshop) -> None:
    (workshop.folder / "var" / "segue.db").chmod(0o660)


def lost_key(workshop: Workshop) -> None:
    (workshop.folder / "var" / "master.key").unlink()


def other_key(workshop: Workshop) -> None:
    text = base64.urlsafe_b64encode(os.urandom(32)).decode().rstrip("=")
    (workshop.folder / "var" / "master.key").write_text(text)


def http_domain(workshop: Workshop) -> None:
    workshop.rows("UPDATE domains SET authority = 'id.corp.test'")


def documentation_domain(workshop: Workshop) -> None:
    workshop.rows("UPDATE domains SET authority = 'id.example.com', scheme = 'https'")


def other_port(workshop: Workshop) -> None:
    workshop.rows("UPDATE domains SET authority = 'localhost:9999'")


def other_scheme(workshop: Workshop) -> None:
    workshop.rows("UPDATE domains SET scheme = 'https'")


def no_domain(workshop: Workshop) -> None:
    workshop.rows("DELETE FROM domains")


def no_key(workshop: Workshop) -> None:
    workshop.rows("DELETE FROM signing_keys WHERE key_set = 'main'")


def ended_key(workshop: Workshop) -> None:
    workshop.rows("UPDATE signing_keys SET signs_until_at = 1 WHERE key_set = 'main'")


def moved_key(workshop: Workshop) -> None:
    """KE-01: the sealed half of one row put into another."""
    workshop.rows(
        "UPDATE signing_keys SET sealed_private = (SELECT sealed_private FROM signing_keys WHERE key_set = 'saml') "
        "WHERE key_set = 'main'"
    )


def old_key(workshop: Workshop) -> None:
    begun = time.time_ns() // 1_000_000 - 120 * DAY_MS
    workshop.rows("UPDATE signing_keys SET signs_from_at = ?", begun)


@pytest.mark.parametrize(
    ("break_it", "what", "level", "mend"),
    [
        (older, "database sqlite", "FAIL", "Run `segue migrate`."),
        (newer, "database sqlite", "ok", ""),
        (open_key, "master key file", "FAIL", "Run: chmod 600 var/master.key"),
        (open_database, "database file", "FAIL", "Run: chmod 600 var/segue.db"),
        (lost_key, "master key", "FAIL", "Put the master key of this database back in its place"),
        (other_key, "signing key main", "FAIL", "Put back the master key that sealed it"),
        (http_domain, "domain http://id.corp.test", "FAIL", "Give the org a domain with https."),
        (documentation_domain, "domain https://id.example.com", "warn", "Give the org a domain of your own."),
        (other_port, "domain http://localhost:9999", "warn", "Set SEGUE_PORT=9999, or have a proxy at that port."),
        (other_scheme, "domain https://localhost:8080", "warn", "Set SEGUE_TLS_CERT and SEGUE_TLS_KEY."),
        (no_domain, "org Corp", "warn", "Run `segue init --domain …`"),
        (no_key, "signing key main", "FAIL", "Run `segue init` again for this domain."),
        (ended_key, "signing key main", "FAIL", "Run `segue init` again for this domain."),
        (moved_key, "signing key main", "FAIL", "Put back the master key that sealed it"),
        (old_key, "signing key main", "warn", "The server replaces it while it runs"),
        (old_key, "signing key saml", "ok", ""),
    ],
)
def test_what_is_wrong_is_found_and_has_a_remedy(
    segue: Segue, workshop: Workshop, break_it: Callable[[Workshop], None], what: str, level: str, mend: str
) -> None:
    break_it(workshop)
    done = segue("doctor")
    seen, advice = finding(done.stdout, what)
    assert seen == level
    assert advice.startswith(mend)
    assert done.exit_code == ("FAIL" in [line[:4] for line in done.stdout.splitlines()])
    if level == "FAIL":
        assert done.exit_code == 1


def test_a_newer_schema_is_a_warning(segue: Segue, workshop: Workshop) -> None:
    newer(workshop)
    done = segue("doctor")
    assert "warn  database sqlite:///var/segue.db: schema 9999 is newer than this release" in done.stdout
    assert done.exit_code == 0


def test_a_key_under_a_previous_master_key_is_a_warning(
    segue: Segue, workshop: Workshop, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("SEGUE_PREVIOUS_MASTER_KEYS", (workshop.folder / "var" / "master.key").read_text().strip())
    other_key(workshop)
    done = segue("doctor")
    assert finding(done.stdout, "signing key main")[0] == "warn"
    assert done.exit_code == 0


@pytest.mark.parametrize(
    ("offset_s", "level"), [(0, "ok"), (-1.5, "ok"), (3, "warn"), (-30, "warn"), (61, "FAIL"), (-3600, "FAIL")]
)
@pytest.mark.usefixtures("workshop")
def test_G14_clocks_that_differ_are_found(
    segue: Segue, monkeypatch: pytest.MonkeyPatch, offset_s: float, level: str
) -> None:
    real = time.time_ns
    monkeypatch.setattr("segue.cli.doctor.time.time_ns", lambda: real() + int(offset_s * 1e9))
    done = segue("doctor")
    assert finding(done.stdout, "clocks")[0] == level


@pytest.mark.usefixtures("workshop")
def test_what_others_can_reach_is_looked_at_harder(segue: Segue, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SEGUE_HOST", "0.0.0.0")
    done = segue("doctor")
    assert finding(done.stdout, "transport")[0] == "warn"
    assert finding(done.stdout, "proxies")[0] == "warn"
    monkeypatch.setenv("SEGUE_TRUSTED_PROXIES", "10.0.0.0/8")
    assert "proxies" not in segue("doctor").stdout


@pytest.mark.parametrize(("days", "level"), [(90, "ok"), (10, "warn"), (-1, "FAIL")])
def test_a_certificate_that_ends_soon_is_found(
    segue: Segue, workshop: Workshop, monkeypatch: pytest.MonkeyPatch, days: int, level: str
) -> None:
    certificate, key = workshop.folder / "cert.pem", workshop.folder / "key.pem"
    write_certificate(certificate, key, days)
    monkeypatch.setenv("SEGUE_TLS_CERT", str(certificate))
    monkeypatch.setenv("SEGUE_TLS_KEY", str(key))
    done = segue("doctor")
    assert finding(done.stdout, "TLS certificate")[0] == level
    assert finding(done.stdout, "TLS key file")[0] == "FAIL"
    key.chmod(0o600)
    assert finding(segue("doctor").stdout, "TLS key file")[0] == "ok"


@pytest.mark.usefixtures("workshop")
def test_a_certificate_that_is_none_is_found(segue: Segue, workshop: Workshop, monkeypatch: pytest.MonkeyPatch) -> None:
    (workshop.folder / "cert.pem").write_text("nothing")
    monkeypatch.setenv("SEGUE_TLS_CERT", "cert.pem")
    monkeypatch.setenv("SEGUE_TLS_KEY", "missing.pem")
    assert finding(segue("doctor").stdout, "TLS certificate")[0] == "FAIL"


def test_a_mistake_in_the_settings_is_a_finding(segue: Segue, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SEGUE_PORT", "many")
    done = segue("doctor")
    assert done.exit_code == 1
    assert finding(done.stdout, "settings: SEGUE_PORT")[0] == "FAIL"


@pytest.mark.postgres
def test_it_looks_at_postgresql_too(segue: Segue, fresh_database: FreshDatabase) -> None:
    url = fresh_database()
    password = url.partition("@")[0].rpartition(":")[2]
    before = segue("doctor", "--database", url)
    assert finding(before.stdout, "database postgresql") == ("FAIL", "Run `segue init`.")
    segue("init", "--database", url)
    after = segue("doctor", "--database", url)
    assert after.exit_code == 0, after.stdout
    assert finding(after.stdout, "clocks")[0] == "ok"
    wrong = segue("doctor", "--database", url.replace(password, "wrong"))
    assert finding(wrong.stdout, "database postgresql")[0] == "FAIL"
    for done in (before, after, wrong):
        assert password not in done.output


def write_certificate(certificate: Path, key: Path, days: int) -> None:
    private = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, "localhost")])
    now = datetime.now(UTC)
    builder = x509.CertificateBuilder().subject_name(name).issuer_name(name).public_key(private.public_key())
    builder = builder.serial_number(1).not_valid_before(now - timedelta(days=400))
    built = builder.not_valid_after(now + timedelta(days=days)).sign(private, hashes.SHA256())
    certificate.write_bytes(built.public_bytes(Encoding.PEM))
    key.write_bytes(private.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()))
    key.chmod(0o644)
