"""The doctor's look at files: who may read them, and whether certificates will last."""

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Final

from cryptography import x509

from segue.cli.findings import Finding, bad, ok, warn
from segue.settings import Settings, others_may_read
from segue.storage import sqlite_path

_SOON: Final = timedelta(days=21)


def look_at_files(settings: Settings) -> Iterator[Finding]:
    """Findings about the master key's file, the SQLite file and the TLS certificate."""
    if settings.master_key is None and settings.key_file.exists():
        yield _privacy("master key file", settings.key_file)
    database = sqlite_path(settings.database)
    if database is not None and database.exists():
        yield _privacy("database file", database)
    if settings.tls_key is not None and settings.tls_key.exists():
        yield _privacy("TLS key file", settings.tls_key)
    if settings.tls_cert is not None:
        yield _certificate(settings.tls_cert)


def _privacy(what: str, path: Path) -> Finding:
    if others_may_read(path):
        return bad(what, f"{path} can be read by others", f"Run: chmod 600 {path}")
    return ok(what, f"{path} is for its owner alone")


def _certificate(path: Path) -> Finding:
    try:
        certificate = x509.load_pem_x509_certificate(path.read_bytes())
    except (OSError, ValueError) as error:
        return bad("TLS certificate", f"{path} cannot be read: {error}", "Name a PEM file in SEGUE_TLS_CERT.")
    until = certificate.not_valid_after_utc
    seen = f"{path} is valid until {until:%Y-%m-%d}"
    if until <= datetime.now(UTC):
        return bad("TLS certificate", seen, "Renew it: browsers refuse it.")
    if until <= datetime.now(UTC) + _SOON:
        return warn("TLS certificate", seen, "Renew it soon.")
    return ok("TLS certificate", seen)
