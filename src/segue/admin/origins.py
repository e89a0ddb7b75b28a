"""Trusted origins: pages of other hosts that may call our API with the user's cookies, or be redirected to."""

from collections.abc import Collection
from dataclasses import replace

from segue.admin import prefixes
from segue.admin.addresses import check_address
from segue.admin.change import Change, invalid, missing, taken
from segue.admin.text import check_label
from segue.core.org import OriginScope, TrustedOrigin
from segue.core.url import BadUrl, parse_origin
from segue.events import Event
from segue.stores import Store

_SCOPES: frozenset[OriginScope] = frozenset({"CORS", "REDIRECT"})


async def trust_origin(
    store: Store,
    *,
    name: str,
    origin: str,
    scopes: Collection[OriginScope],
    change: Change,
    local_names: Collection[str] = (),
) -> TrustedOrigin:
    """Trusts an origin (``https://app.example.com``) for ``CORS``, ``REDIRECT`` or both.

    It is compared as a whole, so there are no patterns (ED-03). Raises Refusal ``invalid_value``, or ``already_exists``
    where the org trusts it already.
    """
    label = check_label("name", name)
    canonical = _canonical(origin, local_names)
    _checked_scopes(scopes)
    known = [known for known in await store.trusted_origins(change.org_id) if known.origin == canonical]
    if any(origin.status == "active" for origin in known):
        raise taken("origin", "The org trusts this origin already.")
    trusted = TrustedOrigin(
        id=known[0].id if known else change.new_id(prefixes.TRUSTED_ORIGIN),
        org_id=change.org_id,
        name=label,
        origin=canonical,
        scopes=frozenset(scopes),
    )
    await store.put_trusted_origin(trusted, _event(trusted, "origin.trust", change))
    return trusted


async def find_origin(store: Store, origin_id: str, change: Change) -> TrustedOrigin:
    """The trusted origin of that id, active or not. Raises Refusal ``not_found``."""
    known = next((known for known in await store.trusted_origins(change.org_id) if known.id == origin_id), None)
    if known is None:
        raise missing("trusted origin", origin_id, "There is no such trusted origin.")
    return known


async def change_origin(
    store: Store,
    origin_id: str,
    *,
    name: str,
    origin: str,
    scopes: Collection[OriginScope],
    change: Change,
    local_names: Collection[str] = (),
) -> TrustedOrigin:
    """Replaces what an origin is called, where it is and what it is trusted for; its status stays. Raises Refusal."""
    known = await find_origin(store, origin_id, change)
    canonical = _canonical(origin, local_names)
    others = [other for other in await store.trusted_origins(change.org_id) if other.id != origin_id]
    if any(other.origin == canonical for other in others):
        raise taken("origin", "The org has this origin already.")
    changed = replace(
        known, name=check_label("name", name), origin=canonical, scopes=frozenset(_checked_scopes(scopes))
    )
    await store.put_trusted_origin(changed, _event(changed, "origin.update", change))
    return changed


async def restore_origin(store: Store, origin_id: str, change: Change) -> TrustedOrigin:
    """Trusts an origin again that was distrusted. Raises Refusal ``not_found``."""
    restored = replace(await find_origin(store, origin_id, change), status="active")
    await store.put_trusted_origin(restored, _event(restored, "origin.trust", change))
    return restored


async def remove_origin(store: Store, origin_id: str, change: Change) -> None:
    """Forgets an origin altogether. Raises Refusal ``not_found``."""
    known = await find_origin(store, origin_id, change)
    await store.remove_trusted_origin(change.org_id, origin_id, _event(known, "origin.remove", change))


async def distrust_origin(store: Store, origin_id: str, change: Change) -> TrustedOrigin:
    """Stops trusting an origin; the row stays, so that events about it can be read. Raises Refusal ``not_found``."""
    distrusted = replace(await find_origin(store, origin_id, change), status="inactive")
    await store.put_trusted_origin(distrusted, _event(distrusted, "origin.distrust", change))
    return distrusted


def _checked_scopes(scopes: Collection[OriginScope]) -> Collection[OriginScope]:
    if not scopes or not _SCOPES.issuperset(scopes):
        raise invalid("scopes", "A trusted origin is for CORS, for REDIRECT, or for both.")
    return scopes


def _canonical(origin: str, local_names: Collection[str]) -> str:
    try:
        canonical = parse_origin(origin.strip().removesuffix("/"))
    except BadUrl as error:
        raise invalid("origin", f"The origin cannot be used: {error}.", seen=origin[:256]) from None
    check_address("origin", canonical, local_names=local_names)
    return canonical


def _event(trusted: TrustedOrigin, type: str, change: Change) -> Event:
    return change.event(type, origin=trusted.origin, scopes=sorted(trusted.scopes), origin_id=trusted.id)
