"""One field that finds a user, an application or an event by its name or its id."""

from dataclasses import dataclass
from typing import Final

from segue.admin import applications
from segue.console import paths
from segue.console.app_view import app_row, fits
from segue.console.desk import Desk
from segue.console.finding import find_people
from segue.console.user_view import user_row
from segue.console.visit import Visit, with_query
from segue.core.secret import is_id
from segue.web.message import Redirect, Response
from segue.web.surface import Route

_MOST: Final = 20


@dataclass(frozen=True, slots=True)
class Search:
    desk: Desk

    def routes(self) -> tuple[Route, ...]:
        return (self.desk.entrance.shows(paths.SEARCH, self.show),)

    async def show(self, visit: Visit) -> Response:
        wanted = (visit.query.get("q") or "").strip()[:200]
        if is_id(wanted) and (address := await self._by_id(visit, wanted)):
            return Redirect(location=f"{visit.request.site.domain.base_url}{address}")
        store, now_at = self.desk.store, visit.request.now_at
        people, apps = [], []
        if wanted and visit.may("users.read"):
            people = list(await find_people(store, visit.org_id, wanted, limit=_MOST))
        if wanted and visit.may("apps.read"):
            text = wanted.casefold()
            apps = list(
                await applications.find_applications(store, visit.change, lambda app: fits(app, text), limit=_MOST)
            )
        return visit.page(
            "search.html",
            "Search",
            wanted=wanted,
            users=[user_row(user, now_at) for user in people],
            apps=[app_row(app) for app in apps],
            all_users=with_query(paths.USERS, q=wanted) if len(people) == _MOST else "",
            all_apps=with_query(paths.APPS, q=wanted) if len(apps) == _MOST else "",
        )

    async def _by_id(self, visit: Visit, ident: str) -> str:
        """The address of what has this id; "" where nothing has, or it is not for whoever asks."""
        store, org_id = self.desk.store, visit.org_id
        if visit.may("logs.read") and await store.event(org_id, ident):
            return f"{paths.EVENTS}/{ident}"
        if visit.may("users.read") and await store.user(org_id, ident):
            return f"{paths.USERS}/{ident}"
        if visit.may("apps.read") and await store.application(org_id, ident):
            return f"{paths.APPS}/{ident}"
        return ""
