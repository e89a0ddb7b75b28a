"""Network zones: named sets of addresses that rules of policies speak of, or from which nobody signs in."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Final

from segue.admin import prefixes
from segue.admin.change import Change, invalid, missing, taken
from segue.admin.policies import policies_of
from segue.admin.text import check_label
from segue.core.policy import PolicySet
from segue.core.zone import BadRange, Zone, read_range
from segue.stores import Store

MOST_ZONES: Final = 100
MOST_RANGES: Final = 150


@dataclass(frozen=True, slots=True)
class ZoneWish:
    """How a zone shall be; ``ranges`` are networks, ranges and addresses (``core.zone``)."""

    name: str
    ranges: tuple[str, ...]
    blocks: bool = False


async def list_zones(store: Store, change: Change) -> Sequence[Zone]:
    """The zones of the org in order of id."""
    return (await policies_of(store, change)).zones


async def find_zone(store: Store, zone_id: str, change: Change) -> Zone:
    """Raises Refusal ``not_found``."""
    zone = next((zone for zone in await list_zones(store, change) if zone.id == zone_id), None)
    if zone is None:
        raise missing("zone", zone_id, "There is no such network zone.")
    return zone


async def create_zone(store: Store, wish: ZoneWish, change: Change) -> Zone:
    """Raises Refusal ``invalid_value``, ``already_exists``."""
    known = await list_zones(store, change)
    if len(known) >= MOST_ZONES:
        raise invalid("name", f"An org has at most {MOST_ZONES} network zones.")
    blank = Zone(change.new_id(prefixes.ZONE), change.org_id, "", (), created_at=change.now_at)
    zone = _wished(blank, wish, known, change)
    await store.put_zone(zone, change.event("zone.create", zone_id=zone.id, name=zone.name))
    return zone


async def replace_zone(store: Store, zone_id: str, wish: ZoneWish, change: Change) -> Zone:
    """Raises Refusal ``not_found``, ``invalid_value``, ``already_exists``."""
    zone = _wished(await find_zone(store, zone_id, change), wish, await list_zones(store, change), change)
    if zone.blocks:
        _check_unused(zone, await policies_of(store, change))
    await store.put_zone(zone, change.event("zone.update", zone_id=zone.id, name=zone.name))
    return zone


async def set_zone_status(store: Store, zone_id: str, change: Change, *, active: bool) -> Zone:
    """Puts a zone in or out of use. One that a rule speaks of stays in use. Raises Refusal."""
    zone = await find_zone(store, zone_id, change)
    if not active:
        _check_unused(zone, await policies_of(store, change))
    changed = replace(zone, status="active" if active else "inactive", updated_at=change.now_at)
    event = "zone.activate" if active else "zone.deactivate"
    await store.put_zone(changed, change.event(event, zone_id=zone.id, name=zone.name))
    return changed


async def remove_zone(store: Store, zone_id: str, change: Change) -> None:
    """Raises Refusal ``not_found``, ``invalid_value`` for one that a rule speaks of."""
    zone = await find_zone(store, zone_id, change)
    _check_unused(zone, await policies_of(store, change))
    event = change.event("zone.remove", zone_id=zone.id, name=zone.name)
    await store.remove_zone(change.org_id, zone.id, event)


def _wished(zone: Zone, wish: ZoneWish, known: Sequence[Zone], change: Change) -> Zone:
    name = check_label("name", wish.name)
    if any(one.name == name and one.id != zone.id for one in known):
        raise taken("name", "Another network zone has this name.")
    if not 1 <= len(wish.ranges) <= MOST_RANGES:
        raise invalid("gateways", f"A zone has 1 to {MOST_RANGES} networks, ranges and addresses.")
    for text in wish.ranges:
        try:
            read_range(text)
        except BadRange as problem:
            raise invalid("gateways", str(problem), seen=text[:64]) from None
    return replace(zone, name=name, ranges=wish.ranges, blocks=wish.blocks, updated_at=change.now_at)


def _check_unused(zone: Zone, policies: PolicySet) -> None:
    """A rule that speaks of a zone which is not there would match others than it was made for."""
    for policy in policies.policies:
        for rule in policy.rules:
            if zone.id in rule.conditions.zones.include | rule.conditions.zones.exclude:
                raise invalid("zone", f"The rule {rule.name} of the policy {policy.name} speaks of this zone.")
