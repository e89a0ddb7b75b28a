"""The first page: how much there is, what was refused lately, and what wants looking after."""

from dataclasses import dataclass

from segue.console import paths
from segue.console.desk import Desk
from segue.console.visit import Visit
from segue.web.message import Page
from segue.web.surface import Route


@dataclass(frozen=True, slots=True)
class Overview:
    desk: Desk

    def routes(self) -> tuple[Route, ...]:
        return (self.desk.entrance.shows(paths.HOME, self.show),)

    async def show(self, visit: Visit) -> Page:
        origins = await self.desk.store.trusted_origins(visit.org_id)
        numbers = [{"label": "trusted origins", "count": len(origins), "address": paths.ORIGINS}]
        return visit.page("home.html", "Overview", numbers=numbers)
