"""Network zones over HTTP."""

from dataclasses import dataclass
from typing import Final

from segue.admin import zones
from segue.admin.change import Change
from segue.admin.zones import ZoneWish
from segue.core.refusal import Refusal
from segue.core.strict import read_json_object
from segue.core.zone import Zone
from segue.dialects.okta.admin.caller import administrator, not_found
from segue.dialects.okta.admin.fields import Fields
from segue.dialects.okta.admin.paging import page_after, page_limit, page_links
from segue.dialects.okta.admin.policy_shapes import shape_zone
from segue.dialects.okta.errors import write_error
from segue.dialects.okta.names import LIMIT_API, ZONE, ZONE_ACTIVATE, ZONE_DEACTIVATE, ZONES
from segue.stores import Store
from segue.web.frontchannel import FrontDoor
from segue.web.message import Empty, Json, Request, Response
from segue.web.surface import Handler, Route

_MOST: Final = 200
#: What a caller sends back of what it was given.
_ECHO: Final = ("id", "created", "lastUpdated", "status", "system", "_links")


@dataclass(frozen=True, slots=True)
class Zones:
    door: FrontDoor
    store: Store

    def routes(self) -> tuple[Route, ...]:
        return (
            _route("GET", ZONES, self.list),
            _route("POST", ZONES, self.create, body=True),
            _route("GET", ZONE, self.read),
            _route("PUT", ZONE, self.replace, body=True),
            _route("DELETE", ZONE, self.remove),
            _route("POST", ZONE_ACTIVATE, self.activate),
            _route("POST", ZONE_DEACTIVATE, self.deactivate),
        )

    async def list(self, request: Request) -> Response:
        """A page of zones in order of id."""
        change = await administrator(self.door, request, "networkZones.read")
        limit, after = page_limit(request, default=_MOST, most=_MOST), page_after(request)
        rest = [zone for zone in await zones.list_zones(self.store, change) if zone.id > after]
        page = rest[:limit]
        headers = page_links(request, ZONES, (), page[-1].id if len(rest) > limit else None)
        return Json(data=[shape_zone(request, zone) for zone in page]).with_headers(*headers)

    async def create(self, request: Request) -> Response:
        change = await administrator(self.door, request, "networkZones.manage")
        made = await zones.create_zone(self.store, _read(Fields(read_json_object(request.body))), change)
        return Json(data=shape_zone(request, made))

    async def read(self, request: Request) -> Response:
        change = await administrator(self.door, request, "networkZones.read")
        return Json(data=shape_zone(request, await self._named(request, change)))

    async def replace(self, request: Request) -> Response:
        change = await administrator(self.door, request, "networkZones.manage")
        zone, wish = await self._named(request, change), _read(Fields(read_json_object(request.body)))
        return Json(data=shape_zone(request, await zones.replace_zone(self.store, zone.id, wish, change)))

    async def remove(self, request: Request) -> Response:
        change = await administrator(self.door, request, "networkZones.manage")
        await zones.remove_zone(self.store, (await self._named(request, change)).id, change)
        return Empty()

    async def activate(self, request: Request) -> Response:
        return await self._set(request, active=True)

    async def deactivate(self, request: Request) -> Response:
        return await self._set(request, active=False)

    async def _set(self, request: Request, *, active: bool) -> Response:
        change = await administrator(self.door, request, "networkZones.manage")
        zone = await self._named(request, change)
        return Json(data=shape_zone(request, await zones.set_zone_status(self.store, zone.id, change, active=active)))

    async def _named(self, request: Request, change: Change) -> Zone:
        ident = request.path_params["zone"]
        try:
            return await zones.find_zone(self.store, ident, change)
        except Refusal as refusal:
            raise not_found(refusal, ident, "NetworkZone") from None


def _route(method: str, path: str, handler: Handler, *, body: bool = False) -> Route:
    return Route(
        (method,),
        path,
        handler,
        write_error,
        "zones",
        body="json" if body else "none",
        idempotent=method == "GET",
        limit=LIMIT_API,
    )


def _read(fields: Fields) -> ZoneWish:
    fields.only("type", "name", "usage", "gateways", "proxies", *_ECHO)
    fields.choice("type", ("IP",), "IP")
    usage = fields.choice("usage", ("POLICY", "BLOCKLIST"), "POLICY")
    fields.unless("proxies", [], why="whose forwarded address is believed is a setting of the server: trusted proxies")
    return ZoneWish(fields.needed("name"), tuple(_range(one) for one in fields.parts("gateways")), usage == "BLOCKLIST")


def _range(fields: Fields) -> str:
    fields.only("type", "value")
    fields.choice("type", ("CIDR", "RANGE"), "CIDR")
    return fields.needed("value")
