"""``segue doctor``: looks at everything an installation stands on, and says what to do about what is wrong."""

import asyncio
import time
from collections.abc import Iterator

from segue.app.checks import newest_schema
from segue.cli.doctor_data import look_at_domains, look_at_keys
from segue.cli.doctor_files import look_at_files
from segue.cli.findings import Finding, bad, ok, warn
from segue.cli.workplace import say
from segue.core.sealing import Sealer
from segue.settings import Settings, SettingsError, load, read_epoch, read_secrets
from segue.storage import open_store
from segue.stores import Store, StoreUnavailable

_CLOCK_WARN_MS = 2_000
_CLOCK_FAIL_MS = 60_000


def doctor(database: str | None) -> int:
    """Prints every finding; the exit status is 1 where one of them failed."""
    findings: list[Finding] = []
    try:
        settings = load(database_url=database)
    except SettingsError as error:
        findings.append(bad("settings", str(error), "Correct or remove the variable."))
    else:
        findings += _look_at_settings(settings)
        findings += asyncio.run(_look_at_database(settings))
    for finding in findings:
        say(f"{finding.level:5} {finding.what}: {finding.seen}")
        if finding.mend:
            say(f"      → {finding.mend}")
    failed = [finding for finding in findings if finding.level == "FAIL"]
    warned = [finding for finding in findings if finding.level == "warn"]
    say("", f"{len(findings)} checks, {len(failed)} failed, {len(warned)} with a warning.")
    return 1 if failed else 0


def _look_at_settings(settings: Settings) -> Iterator[Finding]:
    yield ok("settings", f"{settings.mode}, {settings.scheme} at {settings.host}:{settings.port}")
    if not settings.on_loopback and settings.tls_cert is None:
        mend = "Put a proxy with TLS before it, or set SEGUE_TLS_CERT and SEGUE_TLS_KEY."
        yield warn("transport", "others can reach it, and it speaks no TLS itself", mend)
    if not settings.on_loopback and settings.tls_cert is None and not settings.trusted_proxies:
        mend = "Set SEGUE_TRUSTED_PROXIES to the proxy's network, or every client has the proxy's address."
        yield warn("proxies", "no proxy is trusted", mend)
    yield from look_at_files(settings)


async def _look_at_database(settings: Settings) -> list[Finding]:
    what = f"database {settings.database_label}"
    try:
        store = open_store(settings.database, epoch=read_epoch(settings))
    except (SettingsError, ValueError) as error:
        return [bad(what, str(error), "Correct SEGUE_DATABASE_URL or the epoch.")]
    try:
        await store.open()
        return await _look_at_store(settings, store, what)
    except StoreUnavailable as error:
        mend = "Run `segue init` for a new installation; else start the database, or correct SEGUE_DATABASE_URL."
        return [bad(what, str(error), mend)]
    finally:
        await store.close()


async def _look_at_store(settings: Settings, store: Store, what: str) -> list[Finding]:
    version, newest = await store.schema_version(), newest_schema()
    if version is None:
        return [bad(what, "it has no schema", "Run `segue init`.")]
    if version < newest:
        return [bad(what, f"schema {version}, and this release needs {newest}", "Run `segue migrate`.")]
    findings = [ok(what, f"reachable, schema {version}")]
    if version > newest:
        findings.append(warn(what, f"schema {version} is newer than this release ({newest})", "Update Segue here too."))
    findings.append(await _look_at_clock(store))
    findings += await look_at_domains(settings, store)
    try:
        secrets = read_secrets(settings)
    except SettingsError as error:
        mend = "Put the master key of this database back in its place; `segue init` makes one for a new installation."
        return [*findings, bad("master key", str(error), mend)]
    return [*findings, *await look_at_keys(settings, store, Sealer(secrets.master_key, previous=secrets.previous))]


async def _look_at_clock(store: Store) -> Finding:
    """How far the database's clock, by which credentials live, is from ours, by which tokens are dated (G14)."""
    before = time.time_ns() // 1_000_000
    database_at = await store.ping()
    after = time.time_ns() // 1_000_000
    offset_ms = database_at - (before + after) // 2
    seen = f"the database is {abs(offset_ms) / 1000:.3f} s {'ahead of' if offset_ms > 0 else 'behind'} this machine"
    mend = "Set both clocks by NTP: tokens are dated by this one, and credentials live by the database's."
    if abs(offset_ms) > _CLOCK_FAIL_MS:
        return bad("clocks", seen, mend)
    if abs(offset_ms) > _CLOCK_WARN_MS:
        return warn("clocks", seen, mend)
    return ok("clocks", seen)
