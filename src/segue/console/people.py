"""Who may use an application: everybody, groups, people by name; and the same seen from somebody's own page."""

from dataclasses import dataclass, replace
from typing import Final

from segue.admin import applications, assignments, users
from segue.admin.assignments import WantedAssignment
from segue.console import paths
from segue.console.app_view import app_page, app_row, known_app
from segue.console.desk import Desk
from segue.console.forms import choice, optional, required
from segue.console.user_view import known_user, user_page
from segue.console.visit import Done, Visit, done, with_query
from segue.core.application import Application
from segue.web.message import Page
from segue.web.surface import Route

_PEOPLE: Final = f"{paths.APPS}/{{id}}/people"
_APPS: Final = f"{paths.USERS}/{{id}}/apps"
_PAGE: Final = 50
_MOST_OFFERED: Final = 500


@dataclass(frozen=True, slots=True)
class People:
    desk: Desk

    def routes(self) -> tuple[Route, ...]:
        entrance = self.desk.entrance
        return (
            entrance.shows(_PEOPLE, self.show, "apps.read"),
            entrance.changes(
                _PEOPLE, self.show, self.change, "apps.manage", buttons={"unassign", "ungroup", "everyone"}
            ),
            entrance.shows(_APPS, self.show_apps, "apps.read"),
            entrance.changes(_APPS, self.show_apps, self.change_apps, "apps.manage", buttons={"unassign"}),
        )

    async def show(self, visit: Visit) -> Page:
        app, store = await known_app(self.desk, visit), self.desk.store
        after = visit.query.get("after") or ""
        found = await assignments.list_assignments(store, app.id, visit.change, after=after, limit=_PAGE + 1)
        shown = found[:_PAGE]
        known = {user.id: user for user in await store.users_of_ids(visit.org_id, [one.user_id for one in shown])}
        groups = {group.id: group.name for group in await store.groups(visit.org_id, limit=_MOST_OFFERED)}
        given = await store.group_assignments(visit.org_id, app.id, limit=_MOST_OFFERED)
        here = visit.request.path
        return app_page(
            visit,
            "people.html",
            app,
            "people",
            people=[
                {
                    "id": one.user_id,
                    "name": known[one.user_id].display_name if one.user_id in known else one.user_id,
                    "login": one.login,
                    "called": one.user_name,
                    "by_name": one.by_name,
                    "address": f"{paths.USERS}/{one.user_id}",
                }
                for one in shown
            ],
            assigned=[{"id": one.group_id, "name": groups.get(one.group_id, one.group_id)} for one in given],
            offered=[pair for pair in groups.items() if pair[0] not in {one.group_id for one in given}],
            next=with_query(here, after=shown[-1].user_id) if len(found) > _PAGE else "",
            first=here if after else "",
        )

    async def change(self, visit: Visit) -> Done:
        app, store, here = await known_app(self.desk, visit), self.desk.store, visit.request.path
        do = choice(visit.posted, "do", ("assign", "unassign", "group", "ungroup", "everyone"), "what to do")
        match do:
            case "assign":
                user = await users.find_user(store, required(visit.posted, "user", "User"), visit.change)
                wanted = WantedAssignment(optional(visit.posted, "user_name"))
                await assignments.assign_user(store, app.id, user.id, wanted, visit.change)
                return done(here, f"{user.display_name} may use {app.label}.")
            case "unassign":
                await applications.unassign(store, app.id, required(visit.posted, "user", "User"), visit.change)
                return done(here, "They may use it no more, unless through a group.")
            case "group":
                group = required(visit.posted, "group", "Group")
                await assignments.assign_group(store, app.id, group, 0, {}, visit.change)
                return done(here, f"Everybody in the group may use {app.label}.")
            case "ungroup":
                group = required(visit.posted, "group", "Group")
                await assignments.unassign_group(store, app.id, group, visit.change)
                return done(here, "The group may use it no more.")
        await self._update(visit, replace(app, everyone=not app.everyone))
        return done(here, f"Everybody may use {app.label}." if not app.everyone else "Only those assigned may use it.")

    async def show_apps(self, visit: Visit) -> Page:
        user, store = await known_user(self.desk, visit), self.desk.store
        known = sorted(await store.applications_of(visit.org_id, user.id), key=lambda app: app.label.casefold())
        rows = []
        for app in known:
            given = await store.assignment(visit.org_id, app.id, user.id)
            how = "Everybody" if app.everyone else "By name" if given and given.by_name else "Through a group"
            rows.append({**app_row(app), "how": how, "by_name": bool(given and given.by_name)})
        offered: list[Application] = []
        if visit.may("apps.manage"):
            had = {app.id for app in known}
            offered = list(
                await applications.find_applications(
                    store, visit.change, lambda app: app.active and app.id not in had, limit=_MOST_OFFERED
                )
            )
        groups = [(group.name, f"{paths.GROUPS}/{group.id}") for group in await store.groups_of(visit.org_id, user.id)]
        return user_page(
            visit,
            "user_apps.html",
            user,
            "/apps",
            apps=rows,
            groups=groups,
            offered=[(app.id, app.label) for app in sorted(offered, key=lambda app: app.label.casefold())],
            may_assign=visit.may("apps.manage"),
        )

    async def change_apps(self, visit: Visit) -> Done:
        user, store, here = await known_user(self.desk, visit), self.desk.store, visit.request.path
        app = await applications.find_application(store, required(visit.posted, "app", "Application"), visit.change)
        if choice(visit.posted, "do", ("assign", "unassign"), "what to do") == "assign":
            await assignments.assign_user(store, app.id, user.id, WantedAssignment(), visit.change)
            return done(here, f"{user.display_name} may use {app.label}.")
        await applications.unassign(store, app.id, user.id, visit.change)
        return done(here, f"{app.label} was taken away.")

    async def _update(self, visit: Visit, changed: Application) -> None:
        await applications.update_application(
            self.desk.store, changed, visit.change, local_names=self.desk.local_names, sealer=self.desk.sealer
        )
