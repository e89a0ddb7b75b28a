"""The first page: how much there is, what was refused lately, and what wants looking after."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

from segue.admin import applications, keys, roles, users
from segue.admin.keys import TOKEN_KEYS
from segue.admin.log import read_log
from segue.console import paths
from segue.console.desk import Desk
from segue.console.events import REFUSALS, event_row
from segue.console.visit import Visit, with_query
from segue.core.application import Application
from segue.stores import EventPage
from segue.web.message import Page
from segue.web.surface import Route

_MOST_COUNTED: Final = 1000
_SHOWN: Final = 8
_DAY_MS: Final = 86_400_000
_OLD_KEY_MS: Final = 180 * _DAY_MS

Hint = tuple[str, str, str]
"""What wants looking after: a sentence, the address where that is done, and what the link there says."""


@dataclass(frozen=True, slots=True)
class Overview:
    desk: Desk

    def routes(self) -> tuple[Route, ...]:
        return (self.desk.entrance.shows(paths.HOME, self.show),)

    async def show(self, visit: Visit) -> Page:
        store, change, now_at = self.desk.store, visit.change, visit.request.now_at
        people = await users.list_users(store, change, limit=_MOST_COUNTED + 1)
        apps = await applications.list_applications(store, change, limit=_MOST_COUNTED + 1)
        groups = await store.groups(visit.org_id, limit=_MOST_COUNTED + 1)
        page = EventPage(since_at=now_at - _DAY_MS, newest_first=True, limit=_SHOWN)
        refused = await read_log(store, visit.org_id, page, REFUSALS)
        numbers = [
            _number(len(people), "user", paths.USERS),
            _number(len(apps), "application", paths.APPS),
            _number(len(groups), "group", paths.GROUPS),
        ]
        return visit.page(
            "home.html",
            "Overview",
            numbers=numbers,
            refused=[event_row(event, refused.names, now_at) for event in refused.events],
            all_refused=with_query(paths.EVENTS, outcome="refused"),
            hints=await self._hints(visit, apps),
        )

    async def _hints(self, visit: Visit, apps: Sequence[Application]) -> list[Hint]:
        hints: list[Hint] = [hint for app in apps for hint in _app_hints(app)][:_SHOWN]
        now_at = visit.request.now_at
        known = await keys.key_set_of(self.desk.store, TOKEN_KEYS, visit.change)
        if keys.rotation_due(known, every_ms=_OLD_KEY_MS, now_at=now_at):
            hints.append(("A key that signs tokens is older than half a year.", paths.KEYS, "Signing keys"))
        for assignment in await roles.list_roles(self.desk.store, visit.change):
            if not any(factor.active for factor in await self.desk.store.factors(visit.org_id, assignment.user_id)):
                user = await self.desk.store.user(visit.org_id, assignment.user_id)
                name = user.display_name if user else assignment.user_id
                address = f"{paths.USERS}/{assignment.user_id}/security"
                hints.append(
                    (f"{name} administers this org ({assignment.role}) without a second factor.", address, name)
                )
        if not visit.request.site.domain.secure:
            hints.append(("This domain is plain http, which is for this machine alone.", "", ""))
        return hints


def _app_hints(app: Application) -> list[Hint]:
    one, found = f"{paths.APPS}/{app.id}", list[Hint]()
    client = app.oidc
    if client is None or not app.active:
        return found
    if "password" in client.grant_types:
        found.append((f"{app.label} takes passwords itself.", f"{one}/edit", app.label))
    if len(client.secret_digests) > 1:
        found.append(
            (f"{app.label} has two secrets: end the old one once it is changed over.", f"{one}/secrets", app.label)
        )
    return found


def _number(count: int, one: str, address: str) -> dict[str, str]:
    text = f"{_MOST_COUNTED:,}+" if count > _MOST_COUNTED else str(count)
    return {"count": text, "label": one if count == 1 else f"{one}s", "address": address}
