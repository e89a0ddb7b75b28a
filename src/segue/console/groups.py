"""Groups: what they are called, who is in them, what is assigned to them."""

from dataclasses import dataclass
from typing import Final

from segue.admin import groups, users
from segue.console import paths
from segue.console.confirming import confirm_page
from segue.console.desk import Desk
from segue.console.forms import choice, optional, required
from segue.console.user_view import user_row
from segue.console.visit import Done, Visit, done, with_query
from segue.console.words import moment
from segue.core.condition import Where
from segue.core.org import Group
from segue.web.message import Page
from segue.web.surface import Route

_READ: Final = "groups.read"
_MANAGE: Final = "groups.manage"
_NEW: Final = f"{paths.GROUPS}/new"
_ONE: Final = f"{paths.GROUPS}/{{id}}"
_REMOVE: Final = f"{_ONE}/remove"
_CRUMBS: Final = (("Groups", paths.GROUPS),)
_PAGE: Final = 50


@dataclass(frozen=True, slots=True)
class Groups:
    desk: Desk

    def routes(self) -> tuple[Route, ...]:
        entrance = self.desk.entrance
        return (
            entrance.shows(paths.GROUPS, self.index, _READ),
            entrance.shows(_NEW, self.new, _MANAGE),
            entrance.changes(_NEW, self.new, self.add, _MANAGE),
            entrance.shows(_ONE, self.show, _READ),
            entrance.changes(_ONE, self.show, self.change, _MANAGE, buttons={"leave"}),
            entrance.shows(_REMOVE, self.ask, _MANAGE),
            entrance.changes(_REMOVE, self.ask, self.remove, _MANAGE),
        )

    async def index(self, visit: Visit) -> Page:
        wanted, after = (visit.query.get("q") or "").strip()[:200], visit.query.get("after") or ""
        condition = Where("name", "co", wanted) if wanted else None
        found = await self.desk.store.find_groups(visit.org_id, condition, after=after, limit=_PAGE + 1)
        shown = found[:_PAGE]
        return visit.page(
            "groups.html",
            "Groups",
            groups=[_row(group, visit.request.now_at) for group in shown],
            wanted=wanted,
            next=with_query(paths.GROUPS, q=wanted, after=shown[-1].id) if len(found) > _PAGE else "",
            first=with_query(paths.GROUPS, q=wanted) if after else "",
        )

    async def new(self, visit: Visit) -> Page:
        return visit.page("group_new.html", "Add a group", crumbs=_CRUMBS, section=paths.GROUPS)

    async def add(self, visit: Visit) -> Done:
        name, description = required(visit.posted, "name", "Name"), optional(visit.posted, "description")
        group = await groups.create_group(self.desk.store, name, description, visit.change)
        return done(f"{paths.GROUPS}/{group.id}", f"{group.name} was added. Nobody is in it yet.")

    async def show(self, visit: Visit) -> Page:
        group, store = await groups.find_group(self.desk.store, visit.param("id"), visit.change), self.desk.store
        after, now_at = visit.query.get("after") or "", visit.request.now_at
        found = await store.members(visit.org_id, group.id, after=after, limit=_PAGE + 1)
        shown = found[:_PAGE]
        by_rule = await store.memberships(visit.org_id, [user.id for user in shown]) if shown else {}
        apps = await store.applications_of_group(visit.org_id, group.id)
        here = f"{paths.GROUPS}/{group.id}"
        return visit.page(
            "group.html",
            group.name,
            crumbs=_CRUMBS,
            section=paths.GROUPS,
            group=group,
            members=[
                {**user_row(user, now_at), "id": user.id, "by_rule": by_rule.get(user.id, {}).get(group.id, False)}
                for user in shown
            ],
            apps=[{"label": app.label, "address": f"{paths.APPS}/{app.id}"} for app in apps],
            editable=visit.may(_MANAGE) and group.type == "standard",
            next=with_query(here, after=shown[-1].id) if len(found) > _PAGE else "",
            first=here if after else "",
        )

    async def change(self, visit: Visit) -> Done:
        store, here, given = self.desk.store, visit.request.path, visit.posted
        group = await groups.find_group(store, visit.param("id"), visit.change)
        match choice(given, "do", ("save", "join", "leave"), "what to do"):
            case "join":
                user = await users.find_user(store, required(given, "user", "User"), visit.change)
                await groups.add_member(store, group.id, user, visit.change)
                return done(here, f"{user.display_name} is in the group.")
            case "leave":
                user = await users.find_user(store, required(given, "user", "User"), visit.change)
                await groups.remove_member(store, group.id, user, visit.change)
                return done(here, f"{user.display_name} is in the group no more.")
        name, description = required(given, "name", "Name"), optional(given, "description")
        await groups.change_group(store, group.id, name, description, visit.change)
        return done(here, "The group was saved.")

    async def ask(self, visit: Visit) -> Page:
        group, store = await groups.find_group(self.desk.store, visit.param("id"), visit.change), self.desk.store
        here = f"{paths.GROUPS}/{group.id}"
        apps = await store.applications_of_group(visit.org_id, group.id)
        ends = [{"name": f"Access to {app.label}", "detail": "for members who have it by this group"} for app in apps]
        return confirm_page(
            visit,
            f"Remove the group {group.name}?",
            crumbs=(*_CRUMBS, (group.name, here)),
            section=paths.GROUPS,
            lead="Its members stay; that they are in this group is forgotten.",
            ends=ends,
            action=f"{here}/remove",
            button="Remove the group",
            back=here,
            keep="Keep it",
        )

    async def remove(self, visit: Visit) -> Done:
        group = await groups.find_group(self.desk.store, visit.param("id"), visit.change)
        await groups.remove_group(self.desk.store, group.id, visit.change)
        return done(paths.GROUPS, f"{group.name} was removed.")


def _row(group: Group, now_at: int) -> dict[str, object]:
    return {
        "name": group.name,
        "description": group.description,
        "built_in": group.type == "built_in",
        "changed": moment(group.members_changed_at or group.created_at, now_at),
        "address": f"{paths.GROUPS}/{group.id}",
    }
