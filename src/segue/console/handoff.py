"""How an application treats a sign-in that is handed over to it, and the secret that it proves itself by."""

from dataclasses import dataclass, replace
from typing import Final

from segue.admin import applications, policies
from segue.console import app_forms, paths
from segue.console.app_view import app_page, known_app
from segue.console.desk import Desk
from segue.console.forms import choice, number, required
from segue.console.visit import Done, Visit, done
from segue.console.words import counted
from segue.core.refusal import Refusal
from segue.core.requirement import Requirement
from segue.core.strict import Params
from segue.web.message import Page
from segue.web.surface import Route

_HANDOFF: Final = f"{paths.APPS}/{{id}}/handoff"
_SECRETS: Final = f"{paths.APPS}/{{id}}/secrets"


@dataclass(frozen=True, slots=True)
class Handoff:
    desk: Desk

    def routes(self) -> tuple[Route, ...]:
        entrance = self.desk.entrance
        return (
            entrance.shows(_HANDOFF, self.show, "apps.read"),
            entrance.changes(_HANDOFF, self.show, self.save, "apps.manage"),
            entrance.shows(_SECRETS, self.secrets, "apps.manage", fresh=True),
            entrance.changes(_SECRETS, self.secrets, self.new_secret, "apps.manage", fresh=True),
        )

    async def show(self, visit: Visit) -> Page:
        app = await known_app(self.desk, visit)
        known = await policies.list_policies(self.desk.store, "access", visit.change)
        has = app.policy_id or next(policy.id for policy in known if policy.default)
        return app_page(
            visit,
            "handoff.html",
            app,
            "handoff",
            words=app_forms,
            max_age="" if app.requirement.max_age_s is None else f"{app.requirement.max_age_s / 60:g}",
            policies=[(policy.id, policy.name) for policy in known if policy.active],
            has_policy=has,
            policy_address=f"{paths.POLICIES}/{has}",
            may_policy=visit.may("policies.manage") and visit.may("apps.manage"),
        )

    async def save(self, visit: Visit) -> Done:
        app = await known_app(self.desk, visit)
        if visit.posted.get("do") == "policy":
            visit.actor.require("policies.manage")
            policy_id = required(visit.posted, "policy", "Policy")
            await policies.assign_policy(self.desk.store, app.id, policy_id, visit.change)
            return done(visit.request.path, "The policy was saved.")
        changed = replace(
            app,
            when_other_user=app_forms.read_when_other_user(visit.posted),
            hand_off_opens_session=visit.posted.get("hand_off_opens_session") == "yes",
            requirement=_requirement(visit.posted, app.requirement),
        )
        await applications.update_application(
            self.desk.store, changed, visit.change, local_names=self.desk.local_names, sealer=self.desk.sealer
        )
        return done(visit.request.path, "The settings were saved.")

    async def secrets(self, visit: Visit) -> Page:
        app = await known_app(self.desk, visit)
        if app.oidc is None or not app.oidc.has_secret:
            raise Refusal("not_found", "This application has no client secret.")
        count = counted(len(app.oidc.secret_digests), "secret is", "secrets are")
        return app_page(visit, "secrets.html", app, "secrets", count=count)

    async def new_secret(self, visit: Visit) -> Done:
        app = await known_app(self.desk, visit)
        _, secret = await applications.new_client_secret(
            self.desk.store, app.id, visit.change, keep_old=visit.posted.get("keep_old") == "yes"
        )
        return done(visit.request.path, "A new secret was made.", client_secret=secret)


def _requirement(values: Params, before: Requirement) -> Requirement:
    """What the application asks by itself; what the form does not show stays."""
    minutes = number(values, "max_age", "The number of minutes")
    factors = int(choice(values, "factors", ("1", "2"), "factors"))
    return replace(before, factors=factors, max_age_s=None if minutes is None else minutes * 60)
