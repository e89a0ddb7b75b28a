"""The org over HTTP: what it is called, for administrators; which engine answers, for everybody."""

from dataclasses import dataclass

from segue.core.secret import made_at
from segue.dialects.okta.admin.caller import administrator
from segue.dialects.okta.errors import write_error
from segue.dialects.okta.names import LIMIT_API, ORG, ORGANIZATION
from segue.dialects.okta.shapes import link, timestamp
from segue.web.frontchannel import FrontDoor
from segue.web.message import Json, Request, Response
from segue.web.surface import Route


@dataclass(frozen=True, slots=True)
class OrgPages:
    door: FrontDoor

    def routes(self) -> tuple[Route, ...]:
        return (
            Route(("GET",), ORG, self.read, write_error, "orgs", idempotent=True, limit=LIMIT_API),
            Route(("GET",), ORGANIZATION, self.well_known, write_error, "orgs", cors="public", idempotent=True),
        )

    async def read(self, request: Request) -> Response:
        await administrator(self.door, request, "orgs.read")
        org, base = request.site.org, request.site.domain.base_url
        return Json(
            data={
                "id": org.id,
                "subdomain": request.site.domain.authority.partition(".")[0].partition(":")[0],
                "companyName": org.name,
                "status": org.status.upper(),
                "website": None,
                "phoneNumber": None,
                "created": timestamp(made_at(org.id)),
                "lastUpdated": timestamp(made_at(org.id)),
                "expiresAt": None,
                "_links": {"organization": link(f"{base}{ORG}", "GET")},
            }
        )

    async def well_known(self, request: Request) -> Response:
        """Tools ask this to learn which of the vendor's engines they talk to: the classic one, ``v1``."""
        base = request.site.domain.base_url
        links = {"organization": {"href": base}}
        return Json(data={"id": request.site.org.id, "pipeline": "v1", "_links": links}, cache_s=300)
