"""One rule of a policy: for whom it is, and what it asks."""

from dataclasses import dataclass, replace
from typing import Any, Final, cast

from segue.admin import policies, users
from segue.admin.policies import RuleWish
from segue.console import paths
from segue.console.desk import Desk
from segue.console.forms import check_seen, choice, lines, number, optional, required
from segue.console.policies import CRUMBS
from segue.console.policy_words import DEVICES, RISKS, WORTHS, asks, simple_worth
from segue.console.visit import Done, Visit, done
from segue.core.assurance import Worth
from segue.core.policy import ALL_ZONES, Conditions, Policy, Risk, Rule, Selection, SessionLimits
from segue.core.requirement import Constraint, Need, Requirement
from segue.core.strict import Params
from segue.web.message import Page
from segue.web.surface import Route

_MANAGE: Final = "policies.manage"
_NEW: Final = f"{paths.POLICIES}/{{id}}/rules/new"
_ONE: Final = f"{paths.POLICIES}/{{id}}/rules/{{rule}}"
_MOST_GROUPS: Final = 500
_MINUTE: Final = 60


@dataclass(frozen=True, slots=True)
class Rules:
    desk: Desk

    def routes(self) -> tuple[Route, ...]:
        entrance, fields = self.desk.entrance, {"factorMode": "factors", "reauthenticateIn": "reauthenticate"}
        return (
            entrance.shows(_NEW, self.new, _MANAGE),
            entrance.changes(_NEW, self.new, self.add, _MANAGE, fresh=True, fields=fields),
            entrance.shows(_ONE, self.show, "policies.read"),
            entrance.changes(
                _ONE, self.show, self.change, _MANAGE, fresh=True, fields=fields, buttons={"state", "remove"}
            ),
        )

    async def new(self, visit: Visit) -> Page:
        policy = await policies.find_policy(self.desk.store, visit.param("id"), visit.change)
        return await self._form(visit, policy, None, "Add a rule")

    async def add(self, visit: Visit) -> Done:
        policy = await policies.find_policy(self.desk.store, visit.param("id"), visit.change)
        wish = await self._wish(visit, policy, None)
        _, rule = await policies.create_rule(self.desk.store, policy.id, wish, visit.change)
        return done(f"{paths.POLICIES}/{policy.id}", f"The rule {rule.name} was added.")

    async def show(self, visit: Visit) -> Page:
        policy, rule = await self._known(visit)
        return await self._form(visit, policy, rule, rule.name)

    async def change(self, visit: Visit) -> Done:
        policy, rule = await self._known(visit)
        store, back = self.desk.store, f"{paths.POLICIES}/{policy.id}"
        match choice(visit.posted, "do", ("save", "state", "remove"), "what to do"):
            case "state":
                active = rule.status != "active"
                await policies.set_rule_status(store, policy.id, rule.id, visit.change, active=active)
                return done(back, f"The rule {rule.name} is {'in' if active else 'out of'} use.")
            case "remove":
                await policies.remove_rule(store, policy.id, rule.id, visit.change)
                return done(back, f"The rule {rule.name} was removed.")
        check_seen(visit.posted, policy.revision)
        wish = await self._wish(visit, policy, rule)
        await policies.replace_rule(store, policy.id, rule.id, wish, visit.change)
        return done(back, f"The rule {wish.name} was saved.")

    async def _known(self, visit: Visit) -> tuple[Policy, Rule]:
        policy = await policies.find_policy(self.desk.store, visit.param("id"), visit.change)
        return policy, await policies.find_rule(self.desk.store, policy.id, visit.param("rule"), visit.change)

    async def _form(self, visit: Visit, policy: Policy, rule: Rule | None, title: str) -> Page:
        shown, store = rule or Rule("", ""), self.desk.store
        groups = await store.groups(visit.org_id, limit=_MOST_GROUPS)
        zones = [zone for zone in (await policies.policies_of(store, visit.change)).zones if not zone.blocks]
        named = shown.conditions.users.include | shown.conditions.users.exclude
        logins = (
            {user.id: user.login for user in await store.users_of_ids(visit.org_id, sorted(named))} if named else {}
        )
        worth = simple_worth(shown.requirement)
        again = shown.requirement.reauthenticate_s
        limits = shown.limits
        return visit.page(
            "rule.html",
            title,
            crumbs=(*CRUMBS, (policy.name, f"{paths.POLICIES}/{policy.id}")),
            section=paths.POLICIES,
            policy=policy,
            rule=rule,
            shown=shown,
            groups=[(group.id, group.name, "") for group in groups],
            zones=[(ALL_ZONES, "Any zone", ""), *((zone.id, zone.name, "") for zone in zones)] if zones else [],
            users_in="\n".join(sorted(logins.get(each, each) for each in shown.conditions.users.include)),
            users_out="\n".join(sorted(logins.get(each, each) for each in shown.conditions.users.exclude)),
            devices=DEVICES,
            risks=RISKS,
            worths=WORTHS,
            worth=worth,
            finer=asks(shown.requirement) if worth is None else (),
            again="" if again is None else f"{again / _MINUTE:g}",
            idle="" if limits.idle_s is None else limits.idle_s // _MINUTE,
            life="" if limits.life_s is None else limits.life_s // _MINUTE,
            editable=visit.may(_MANAGE),
            back=f"{paths.POLICIES}/{policy.id}",
        )

    async def _wish(self, visit: Visit, policy: Policy, rule: Rule | None) -> RuleWish:
        values = visit.posted
        session = policy.type == "session"
        return RuleWish(
            name=rule.name if rule and rule.catch_all else required(values, "name", "Name"),
            priority=None if rule and rule.catch_all else number(values, "priority", "Place"),
            conditions=Conditions() if rule and rule.catch_all else await self._conditions(visit, rule),
            allow=choice(values, "allow", ("yes", "no"), "what happens") == "yes",
            requirement=_requirement(values, rule.requirement if rule else Requirement()),
            device_excuses=session and values.get("device_excuses") == "yes",
            limits=SessionLimits(_seconds(values, "idle"), _seconds(values, "life")) if session else SessionLimits(),
        )

    async def _conditions(self, visit: Visit, rule: Rule | None) -> Conditions:
        values = visit.posted
        before = rule.conditions if rule else Conditions()
        risk = optional(values, "risk")
        return replace(
            before,
            users=Selection(await self._users(visit, "users_in"), await self._users(visit, "users_out")),
            groups=Selection(frozenset(values.all("groups_in")), frozenset(values.all("groups_out"))),
            zones=Selection(frozenset(values.all("zones_in")), frozenset(values.all("zones_out"))),
            device=cast(Any, choice(values, "device", dict(DEVICES), "device")),
            risk=cast(Risk, choice(values, "risk", dict(RISKS), "risk")) if risk else None,
        )

    async def _users(self, visit: Visit, name: str) -> frozenset[str]:
        named = lines(visit.posted, name)
        return frozenset([(await users.find_user(self.desk.store, one, visit.change)).id for one in named])


def _requirement(values: Params, before: Requirement) -> Requirement:
    """What the form asks; constraints that are finer than the form can show stay as they are."""
    constraints = before.constraints
    if simple_worth(before) is not None:
        chosen = set(values.all("worth"))
        worth = Worth(**{name: name in chosen for name, _, _ in WORTHS})
        need = Need("possession", worth=worth)
        constraints = ((Constraint(possession=need),),) if chosen else ()
    factors = int(choice(values, "factors", ("1", "2"), "factors"))
    again = _seconds(values, "reauthenticate")
    return replace(before, factors=factors, reauthenticate_s=again, constraints=constraints)


def _seconds(values: Params, name: str) -> int | None:
    minutes = number(values, name, "The number of minutes")
    return None if minutes is None else minutes * _MINUTE
