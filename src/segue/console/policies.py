"""Sign-on policies: which there are, whom they are for, their rules in order, and what becomes of them."""

from dataclasses import dataclass
from typing import Final

from segue.admin import policies
from segue.admin.policies import PolicyWish
from segue.console import paths
from segue.console.confirming import confirm_page
from segue.console.desk import Desk
from segue.console.forms import check_seen, choice, number, optional, required
from segue.console.policy_words import rule_row
from segue.console.visit import Done, Visit, done, with_query
from segue.core.policy import POLICY_TYPES, Conditions, Policy, PolicyType, Selection
from segue.web.message import Page
from segue.web.surface import Route

_READ: Final = "policies.read"
_MANAGE: Final = "policies.manage"
_NEW: Final = f"{paths.POLICIES}/new"
_ONE: Final = f"{paths.POLICIES}/{{id}}"
_EDIT: Final = f"{_ONE}/edit"
CRUMBS: Final = (("Policies", paths.POLICIES),)
_TYPES: Final[dict[PolicyType, tuple[str, str]]] = {
    "session": ("Session policies", "Asked whenever somebody signs in. The first policy that is for them decides."),
    "access": ("Access policies", "Asked whenever somebody signs in to an application that has the policy."),
}
_MOST_GROUPS: Final = 500


@dataclass(frozen=True, slots=True)
class Policies:
    desk: Desk

    def routes(self) -> tuple[Route, ...]:
        entrance = self.desk.entrance
        return (
            entrance.shows(paths.POLICIES, self.index, _READ),
            entrance.shows(_NEW, self.new, _MANAGE),
            entrance.changes(_NEW, self.new, self.add, _MANAGE),
            entrance.shows(_ONE, self.show, _READ),
            entrance.changes(_ONE, self.show, self.change, _MANAGE, fresh=True, buttons=_BUTTONS),
            entrance.shows(_EDIT, self.edit, _MANAGE),
            entrance.changes(_EDIT, self.edit, self.save, _MANAGE, fresh=True),
        )

    async def index(self, visit: Visit) -> Page:
        kinds = []
        for type in POLICY_TYPES:
            known = await policies.list_policies(self.desk.store, type, visit.change)
            title, detail = _TYPES[type]
            kinds.append(
                {
                    "title": title,
                    "detail": detail,
                    "new": with_query(_NEW, type=type),
                    "policies": [_row(policy) for policy in known],
                }
            )
        return visit.page("policies.html", "Policies", kinds=kinds, editable=visit.may(_MANAGE))

    async def new(self, visit: Visit) -> Page:
        given = visit.form.values if visit.form.sent else visit.query
        type = policies.read_type(given.get("type") or "access")
        context = await self._form(visit, type, None)
        title = "Add a session policy" if type == "session" else "Add an access policy"
        return visit.page("policy_edit.html", title, crumbs=CRUMBS, section=paths.POLICIES, **context)

    async def add(self, visit: Visit) -> Done:
        type = policies.read_type(visit.posted.get("type") or "")
        policy = await policies.create_policy(self.desk.store, type, _wish(visit, type), visit.change)
        return done(f"{paths.POLICIES}/{policy.id}", f"{policy.name} was added.")

    async def show(self, visit: Visit) -> Page:
        store = self.desk.store
        policy = await policies.find_policy(store, visit.param("id"), visit.change)
        zones = {zone.id: zone.name for zone in (await policies.policies_of(store, visit.change)).zones}
        groups = {group.id: group.name for group in await store.groups(visit.org_id, limit=_MOST_GROUPS)}
        apps = await policies.applications_of(store, policy.id, visit.change)
        one = f"{paths.POLICIES}/{policy.id}"
        if visit.query.get("sure") == "remove":
            visit.actor.require(_MANAGE)
            return confirm_page(
                visit,
                f"Remove the policy {policy.name}?",
                lead="Its rules go with it. Sign-ins are decided by the policies that are left.",
                ends=[{"name": f"The rule {rule.name}", "detail": ""} for rule in policy.rules],
                action=one,
                hidden=(("do", "remove"),),
                button="Remove the policy",
                back=one,
                crumbs=(*CRUMBS, (policy.name, one)),
                section=paths.POLICIES,
            )
        return visit.page(
            "policy.html",
            policy.name,
            crumbs=CRUMBS,
            section=paths.POLICIES,
            policy=policy,
            row=_row(policy),
            one=one,
            groups=[groups.get(each, each) for each in sorted(policy.conditions.groups.include)],
            rules=[{**rule_row(rule, groups, zones), "address": f"{one}/rules/{rule.id}"} for rule in policy.rules],
            apps=[(app.label, f"{paths.APPS}/{app.id}") for app in apps],
            editable=visit.may(_MANAGE),
        )

    async def change(self, visit: Visit) -> Done:
        store, ident = self.desk.store, visit.param("id")
        policy = await policies.find_policy(store, ident, visit.change)
        match choice(visit.posted, "do", _BUTTONS, "what to do"):
            case "activate":
                await policies.set_policy_status(store, ident, visit.change, active=True)
                return done(visit.request.path, f"{policy.name} is in use.")
            case "deactivate":
                await policies.set_policy_status(store, ident, visit.change, active=False)
                return done(visit.request.path, f"{policy.name} is out of use.")
            case "clone":
                copy = await policies.clone_policy(store, ident, visit.change)
                return done(f"{paths.POLICIES}/{copy.id}", f"This is a copy of {policy.name}.")
        await policies.remove_policy(store, ident, visit.change)
        return done(paths.POLICIES, f"{policy.name} was removed.")

    async def edit(self, visit: Visit) -> Page:
        policy = await policies.find_policy(self.desk.store, visit.param("id"), visit.change)
        context = await self._form(visit, policy.type, policy)
        crumbs = (*CRUMBS, (policy.name, f"{paths.POLICIES}/{policy.id}"))
        return visit.page("policy_edit.html", "Settings", crumbs=crumbs, section=paths.POLICIES, **context)

    async def save(self, visit: Visit) -> Done:
        store, ident = self.desk.store, visit.param("id")
        policy = await policies.find_policy(store, ident, visit.change)
        check_seen(visit.posted, policy.revision)
        await policies.replace_policy(store, ident, _wish(visit, policy.type), visit.change)
        return done(f"{paths.POLICIES}/{ident}", "The policy was saved.")

    async def _form(self, visit: Visit, type: PolicyType, policy: Policy | None) -> dict[str, object]:
        groups = await self.desk.store.groups(visit.org_id, limit=_MOST_GROUPS)
        return {
            "policy": policy,
            "type": type,
            "groups": [(group.id, group.name, "") for group in groups],
            "action": f"{paths.POLICIES}/{policy.id}/edit" if policy else _NEW,
            "back": f"{paths.POLICIES}/{policy.id}" if policy else paths.POLICIES,
        }


_BUTTONS: Final = ("activate", "deactivate", "clone", "remove")


def _wish(visit: Visit, type: PolicyType) -> PolicyWish:
    groups = frozenset(visit.posted.all("groups")) if type == "session" else frozenset()
    return PolicyWish(
        name=required(visit.posted, "name", "Name"),
        description=optional(visit.posted, "description"),
        priority=number(visit.posted, "priority", "Place"),
        conditions=Conditions(groups=Selection(groups)),
    )


def _row(policy: Policy) -> dict[str, object]:
    return {
        "name": policy.name,
        "description": policy.description,
        "rules": len(policy.rules),
        "place": "last" if policy.default else policy.priority,
        "active": policy.active,
        "default": policy.default,
        "address": f"{paths.POLICIES}/{policy.id}",
    }
