"""Network zones: named sets of addresses that rules speak of, or that nobody signs in from."""

from dataclasses import dataclass
from typing import Final

from segue.admin import zones
from segue.admin.zones import ZoneWish
from segue.console import paths
from segue.console.desk import Desk
from segue.console.forms import choice, lines, required
from segue.console.visit import Done, Visit, done
from segue.core.zone import Zone
from segue.web.message import Page
from segue.web.surface import Route

_READ: Final = "networkZones.read"
_MANAGE: Final = "networkZones.manage"
_NEW: Final = f"{paths.ZONES}/new"
_ONE: Final = f"{paths.ZONES}/{{id}}"
_CRUMBS: Final = (("Network zones", paths.ZONES),)


@dataclass(frozen=True, slots=True)
class Zones:
    desk: Desk

    def routes(self) -> tuple[Route, ...]:
        entrance = self.desk.entrance
        return (
            entrance.shows(paths.ZONES, self.index, _READ),
            entrance.shows(_NEW, self.new, _MANAGE),
            entrance.changes(_NEW, self.new, self.add, _MANAGE),
            entrance.shows(_ONE, self.show, _READ),
            entrance.changes(_ONE, self.show, self.change, _MANAGE, buttons={"state", "remove"}),
        )

    async def index(self, visit: Visit) -> Page:
        known = await zones.list_zones(self.desk.store, visit.change)
        here = visit.request.address
        rows = [
            {
                "name": zone.name,
                "ranges": zone.ranges,
                "blocks": zone.blocks,
                "active": zone.active,
                "here": zone.contains(here),
                "address": f"{paths.ZONES}/{zone.id}",
            }
            for zone in known
        ]
        return visit.page("zones.html", "Network zones", zones=rows, here=here, editable=visit.may(_MANAGE))

    async def new(self, visit: Visit) -> Page:
        return self._form(visit, "Add a zone", None)

    async def add(self, visit: Visit) -> Done:
        zone = await zones.create_zone(self.desk.store, _wish(visit), visit.change)
        return done(paths.ZONES, f"{zone.name} was added.")

    async def show(self, visit: Visit) -> Page:
        zone = await zones.find_zone(self.desk.store, visit.param("id"), visit.change)
        return self._form(visit, zone.name, zone)

    async def change(self, visit: Visit) -> Done:
        store = self.desk.store
        zone = await zones.find_zone(store, visit.param("id"), visit.change)
        match choice(visit.posted, "do", ("save", "state", "remove"), "what to do"):
            case "state":
                await zones.set_zone_status(store, zone.id, visit.change, active=not zone.active)
                return done(paths.ZONES, f"{zone.name} is {'out of' if zone.active else 'in'} use.")
            case "remove":
                await zones.remove_zone(store, zone.id, visit.change)
                return done(paths.ZONES, f"{zone.name} was removed.")
        changed = await zones.replace_zone(store, zone.id, _wish(visit), visit.change)
        return done(paths.ZONES, f"{changed.name} was saved.")

    def _form(self, visit: Visit, title: str, zone: Zone | None) -> Page:
        return visit.page(
            "zone.html",
            title,
            crumbs=_CRUMBS,
            section=paths.ZONES,
            zone=zone,
            here=visit.request.address,
            editable=visit.may(_MANAGE),
        )


def _wish(visit: Visit) -> ZoneWish:
    return ZoneWish(
        name=required(visit.posted, "name", "Name"),
        ranges=lines(visit.posted, "ranges"),
        blocks=visit.posted.get("blocks") == "yes",
    )
