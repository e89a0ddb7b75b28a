"""What must be true before the first request; each failure is one sentence that says what to do."""

import time
from importlib.resources import files
from typing import Final

from segue.admin.addresses import is_loopback
from segue.admin.keys import TOKEN_KEYS
from segue.core.sealing import SealBroken, Sealer
from segue.core.url import parse_web_url
from segue.settings import Settings, read_epoch, read_secrets
from segue.storage import open_store
from segue.stores import Store, StoreUnavailable
from segue.tokens.keys import KeyRing, from_stored, published

# One key proves the master key; an org with a broken key of its own is the doctor's business.
_ORGS_TO_PROVE_KEYS: Final = 1


class CannotStart(Exception):
    """This installation cannot serve as it is. The text is one sentence that says what to do."""


def newest_schema() -> str:
    """The schema this release is made for, read from the names of its migrations: Alembic itself takes too long to
    import at every start."""
    names = (entry.name for entry in files("segue.storage.migrations.versions").iterdir())
    return max(name.partition("_")[0] for name in names if name[:1].isdigit())


async def check_startable(settings: Settings) -> None:
    """Tries what a start needs, and leaves nothing open. Raises CannotStart, SettingsError."""
    secrets = read_secrets(settings)
    store = open_store(settings.database, epoch=read_epoch(settings))
    await open_checked(store, settings)
    try:
        ring = KeyRing(Sealer(secrets.master_key, previous=secrets.previous))
        await check_configuration(store, ring, settings, time.time_ns() // 1_000_000)
    finally:
        await store.close()


async def open_checked(store: Store, settings: Settings) -> None:
    """Opens the database, and closes it again where its schema is too old. Raises CannotStart."""
    try:
        await store.open()
        version = await store.schema_version()
    except StoreUnavailable as error:
        await store.close()
        raise CannotStart(f"The database {settings.database_label} cannot be used: {error}.") from None
    # A newer one is fine: migrations expand before they contract, so that releases can be rolled over.
    if version is None or version < newest_schema():
        await store.close()
        seen = "no schema yet: run `segue init`" if version is None else f"schema {version}: run `segue migrate`"
        raise CannotStart(f"The database {settings.database_label} has {seen}.")


async def check_configuration(store: Store, ring: KeyRing, settings: Settings, now_at: int) -> None:
    """Raises CannotStart where a domain may not be served or the master key does not open the signing keys."""
    domains = await store.domains()
    for domain in domains:
        if domain.scheme == "http" and not is_loopback(parse_web_url(domain.base_url).host, settings.local_names):
            raise CannotStart(
                f"The domain {domain.base_url} would send passwords in the clear: plain http is for loopback only "
                "(SEGUE_LOCAL_NAMES names more of this machine)."
            )
    for org_id in list(dict.fromkeys(domain.org_id for domain in domains))[:_ORGS_TO_PROVE_KEYS]:
        stored = [from_stored(row) for row in await store.signing_keys(org_id, TOKEN_KEYS)]
        for key in published(stored, now_at)[:1]:
            try:
                ring.load(key)
            except SealBroken as error:
                raise CannotStart(f"The master key does not open the signing keys of the database: {error}.") from None
