"""Group rules: who belongs to a group by what is known of them."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

from segue.admin import group_rules, users
from segue.admin.group_rules import WantedRule
from segue.console import paths
from segue.console.confirming import confirm_page
from segue.console.desk import Desk
from segue.console.forms import check_seen, choice, lines, refused, required
from segue.console.visit import Done, Visit, done
from segue.core.org import GroupRule
from segue.core.refusal import Refusal
from segue.web.message import Page
from segue.web.surface import Route

_READ: Final = "groups.read"
_MANAGE: Final = "groups.manage"
_NEW: Final = f"{paths.GROUP_RULES}/new"
_ONE: Final = f"{paths.GROUP_RULES}/{{id}}"
_CRUMBS: Final = (("Group rules", paths.GROUP_RULES),)
_FIELDS: Final = {"groupIds": "groups", "exclude": "excluded"}
_MOST_GROUPS: Final = 500


@dataclass(frozen=True, slots=True)
class GroupRules:
    desk: Desk

    def routes(self) -> tuple[Route, ...]:
        entrance = self.desk.entrance
        return (
            entrance.shows(paths.GROUP_RULES, self.index, _READ),
            entrance.shows(_NEW, self.new, _MANAGE),
            entrance.changes(_NEW, self.new, self.add, _MANAGE, fields=_FIELDS),
            entrance.shows(_ONE, self.show, _READ),
            entrance.changes(
                _ONE, self.show, self.change, _MANAGE, fields=_FIELDS, buttons={"start", "stop", "remove"}
            ),
        )

    async def index(self, visit: Visit) -> Page:
        known, names = await self.desk.store.group_rules(visit.org_id), await self._groups(visit)
        rows = [
            {
                "name": rule.name,
                "expression": rule.expression,
                "groups": ", ".join(names.get(each, "a group that was removed") for each in rule.group_ids),
                "active": rule.active,
                "under_way": rule.applied_to is not None,
                "address": f"{paths.GROUP_RULES}/{rule.id}",
            }
            for rule in sorted(known, key=lambda rule: rule.name.casefold())
        ]
        return visit.page("group_rules.html", "Group rules", rules=rows, editable=visit.may(_MANAGE))

    async def new(self, visit: Visit) -> Page:
        return await self._form(visit, "Add a group rule", None)

    async def add(self, visit: Visit) -> Done:
        rule = await group_rules.create_rule(self.desk.store, await self._wanted(visit), visit.change)
        return done(f"{paths.GROUP_RULES}/{rule.id}", f"{rule.name} was added. Put it in use when it is right.")

    async def show(self, visit: Visit) -> Page:
        rule = await group_rules.find_rule(self.desk.store, visit.param("id"), visit.change)
        match visit.query.get("sure"):
            case "stop" if rule.active:
                return await self._ask(visit, rule, "stop", f"Put {rule.name} out of use?", "Put out of use")
            case "remove" if not rule.active:
                return await self._ask(visit, rule, "remove", f"Remove {rule.name}?", "Remove the rule")
        return await self._form(visit, rule.name, rule)

    async def change(self, visit: Visit) -> Done:
        store, change = self.desk.store, visit.change
        rule = await group_rules.find_rule(store, visit.param("id"), change)
        here = f"{paths.GROUP_RULES}/{rule.id}"
        match choice(visit.posted, "do", ("save", "start", "stop", "remove"), "what to do"):
            case "start":
                await group_rules.activate_rule(store, rule.id, change)
                return done(here, f"{rule.name} is in use.")
            case "stop":
                await group_rules.deactivate_rule(store, rule.id, change)
                return done(here, f"{rule.name} is out of use.")
            case "remove":
                await group_rules.remove_rule(store, rule.id, change)
                return done(paths.GROUP_RULES, f"{rule.name} was removed.")
        check_seen(visit.posted, rule.updated_at)
        changed = await group_rules.change_rule(store, rule.id, await self._wanted(visit), change)
        return done(here, f"{changed.name} was saved.")

    async def _ask(self, visit: Visit, rule: GroupRule, act: str, title: str, button: str) -> Page:
        visit.actor.require(_MANAGE)
        one, names = f"{paths.GROUP_RULES}/{rule.id}", await self._groups(visit)
        ends = [
            {"name": f"Membership in {names[each]}", "detail": "of everybody whom this rule alone put there"}
            for each in rule.group_ids
            if each in names and act == "stop"
        ]
        lead = "Whoever was put into a group by hand, or by another rule, stays in it."
        return confirm_page(
            visit,
            title,
            lead=lead if act == "stop" else "It is out of use: nobody's groups change.",
            ends=ends,
            action=one,
            hidden=(("do", act),),
            button=button,
            back=one,
            crumbs=(*_CRUMBS, (rule.name, one)),
            section=paths.GROUP_RULES,
        )

    async def _form(self, visit: Visit, title: str, rule: GroupRule | None) -> Page:
        names = await self._groups(visit)
        chosen = rule.group_ids if rule else ()
        gone = {each: "A group that was removed" for each in chosen if each not in names}
        return visit.page(
            "group_rule.html",
            title,
            crumbs=_CRUMBS,
            section=paths.GROUP_RULES,
            rule=rule,
            groups=[(ident, name, "") for ident, name in {**names, **gone}.items()],
            under_way=rule is not None and rule.applied_to is not None,
            editable=visit.may(_MANAGE) and not (rule and rule.active),
            manages=visit.may(_MANAGE),
        )

    async def _groups(self, visit: Visit) -> Mapping[str, str]:
        """The groups that people can be put into, by id, in order of their names."""
        found = await self.desk.store.groups(visit.org_id, limit=_MOST_GROUPS)
        usable = [group for group in found if group.type == "standard"]
        return {group.id: group.name for group in sorted(usable, key=lambda group: group.name.casefold())}

    async def _wanted(self, visit: Visit) -> WantedRule:
        given = visit.posted
        return WantedRule(
            name=required(given, "name", "Name"),
            expression=required(given, "expression", "For whom it holds"),
            group_ids=tuple(dict.fromkeys(given.all("groups"))),
            excluded=tuple([await self._excluded(visit, name) for name in lines(given, "excluded")[:101]]),
        )

    async def _excluded(self, visit: Visit, name: str) -> str:
        try:
            return (await users.find_user(self.desk.store, name, visit.change)).id
        except Refusal as refusal:
            if refusal.reason != "not_found":
                raise
            raise refused("excluded", refusal.public) from None
