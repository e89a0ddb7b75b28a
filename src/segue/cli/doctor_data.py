"""The doctor's look at what is configured in the database: orgs, domains, signing keys."""

import time
from typing import Final

from segue.admin.addresses import is_loopback
from segue.admin.keys import ASSERTION_KEYS, TOKEN_KEYS
from segue.cli.findings import Finding, bad, ok, warn
from segue.core.org import Domain, Org
from segue.core.sealing import SealBroken, Sealer
from segue.core.url import parse_web_url
from segue.settings import Settings
from segue.stores import Store
from segue.tokens.keys import KeyRing, NoSigningKey, SigningKey, current, from_stored

_DAY_MS: Final = 86_400_000
_LATE_DAYS: Final = 7
_RESERVED: Final = ("example.com", "example.net", "example.org", "example")


async def look_at_domains(settings: Settings, store: Store) -> list[Finding]:
    """Whether there is an org, whether each has a domain, and whether the domains can be served."""
    orgs, domains = await store.orgs(), await store.domains()
    if not orgs:
        return [bad("orgs", "there is none", "Run `segue init`.")]
    findings = [_domain(settings, domain) for domain in domains]
    homeless = {org.id for org in orgs} - {domain.org_id for domain in domains}
    mend = "Run `segue init --domain …` with the name that the org was to have."
    findings += [warn(f"org {org.name}", "it has no domain", mend) for org in orgs if org.id in homeless]
    return findings


async def look_at_keys(settings: Settings, store: Store, sealer: Sealer) -> list[Finding]:
    """Whether each org can sign, whether the master key opens its keys, and how old they are."""
    findings: list[Finding] = []
    for org in await store.orgs():
        for key_set in (TOKEN_KEYS, ASSERTION_KEYS):
            keys = tuple(map(from_stored, await store.signing_keys(org.id, key_set)))
            findings += _keys(settings, org, key_set, keys, sealer)
    return findings


def _domain(settings: Settings, domain: Domain) -> Finding:
    what = f"domain {domain.base_url}"
    url = parse_web_url(domain.base_url)
    local = is_loopback(url.host, settings.local_names)
    if domain.scheme == "http" and not local:
        return bad(what, "passwords would cross the network in the clear", "Give the org a domain with https.")
    if url.host.endswith(_RESERVED):
        return warn(what, "this name is for documentation and leads nowhere", "Give the org a domain of your own.")
    port = url.port or (443 if domain.secure else 80)
    if local and port != settings.port:
        mend = f"Set SEGUE_PORT={port}, or have a proxy at that port."
        return warn(what, f"it leads to port {port} of this machine, and Segue listens at {settings.port}", mend)
    if local and settings.scheme != domain.scheme:
        mend = "Set SEGUE_TLS_CERT and SEGUE_TLS_KEY." if domain.secure else "Unset them, or use an https domain."
        return warn(what, f"it is {domain.scheme}, and Segue itself speaks {settings.scheme}", mend)
    return ok(what, f"speaks {domain.dialect}")


def _keys(settings: Settings, org: Org, key_set: str, keys: tuple[SigningKey, ...], sealer: Sealer) -> list[Finding]:
    what = f"signing key {key_set} of {org.name}"
    now_at = time.time_ns() // 1_000_000
    try:
        signing = current(keys, now_at)
        KeyRing(sealer).load(signing)
    except NoSigningKey:
        return [bad(what, "there is none that may sign now", "Run `segue init` again for this domain.")]
    except SealBroken as error:
        mend = "Put back the master key that sealed it: set SEGUE_MASTER_KEY, or SEGUE_PREVIOUS_MASTER_KEYS."
        return [bad(what, f"the master key does not open it: {error}", mend)]
    age_days = (now_at - signing.signs_from_at) // _DAY_MS
    seen = f"{signing.kid[:12]}… opens, has signed for {age_days} days"
    findings = []
    if not sealer.is_current(signing.sealed_private):
        mend = "Keep that key in SEGUE_PREVIOUS_MASTER_KEYS until this signing key was replaced."
        findings.append(warn(what, "it is sealed under a previous master key", mend))
    rotation = settings.key_rotation_days
    if key_set == TOKEN_KEYS and rotation and age_days > rotation + _LATE_DAYS:
        mend = "The server replaces it while it runs: look for 'a job failed' in its log."
        return [*findings, warn(what, f"{seen}, and was to be replaced after {rotation}", mend)]
    return [*findings, ok(what, seen)]
