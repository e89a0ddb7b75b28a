"""How an application treats a sign-in that is handed over to it, and the secret that it proves itself by."""

from dataclasses import dataclass, replace
from typing import Final

from segue.admin import applications, policies, prefixes
from segue.console import app_forms, paths
from segue.console.app_view import app_page, known_app
from segue.console.desk import Desk
from segue.console.forms import check_seen, choice, number, optional, required
from segue.console.visit import Done, Visit, done
from segue.console.words import counted, kind_of
from segue.core.application import AppLink
from segue.core.refusal import Refusal
from segue.core.requirement import Requirement
from segue.core.strict import Params
from segue.web.message import Page
from segue.web.surface import Route

_HANDOFF: Final = f"{paths.APPS}/{{id}}/handoff"
_SECRETS: Final = f"{paths.APPS}/{{id}}/secrets"
_LINKS: Final = f"{paths.APPS}/{{id}}/links"
_FIELDS: Final = {"links": "name"}
# What a link may say of where it leads, by the kind of application.
_TARGETS: Final = {
    "bookmark": "Where it leads, if not to the bookmark's own address.",
    **dict.fromkeys(("saml", "wsfed"), "Sent to the application with the sign-in, so that it opens the right page."),
    **dict.fromkeys(("web", "browser", "native"), "Not used: the application begins its sign-in itself."),
}


@dataclass(frozen=True, slots=True)
class Handoff:
    desk: Desk

    def routes(self) -> tuple[Route, ...]:
        entrance = self.desk.entrance
        return (
            entrance.shows(_HANDOFF, self.show, "apps.read"),
            entrance.changes(_HANDOFF, self.show, self.save, "apps.manage"),
            entrance.shows(_LINKS, self.links, "apps.read"),
            entrance.changes(_LINKS, self.links, self.change_links, "apps.manage", fields=_FIELDS, buttons={"remove"}),
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
        check_seen(visit.posted, app.updated_at)
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

    async def links(self, visit: Visit) -> Page:
        app = await known_app(self.desk, visit)
        return app_page(visit, "links.html", app, "links", what=_TARGETS[kind_of(app)[0]])

    async def change_links(self, visit: Visit) -> Done:
        app, given = await known_app(self.desk, visit), visit.posted
        if choice(given, "do", ("add", "remove"), "what to do") == "remove":
            left = tuple(link for link in app.links if link.id != given.get("link"))
            text = "The link was removed."
        else:
            label = required(given, "label", "Label")
            name = required(given, "name", "Name")
            new = AppLink(visit.change.new_id(prefixes.APP_LINK), name, label, optional(given, "target"))
            left, text = (*app.links, new), f"The link {label} was added."
        await applications.update_application(
            self.desk.store, replace(app, links=left), visit.change, local_names=self.desk.local_names
        )
        return done(visit.request.path, text)

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
