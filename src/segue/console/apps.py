"""Applications: the list, a new one, and the general settings of each kind."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Final

from segue.admin import applications
from segue.admin.applications import Registered, Traits
from segue.console import app_forms, paths
from segue.console.app_view import app_page, app_row, fits, known_app, open_facts
from segue.console.confirming import confirm_page
from segue.console.desk import Desk
from segue.console.forms import check_seen, choice, optional, required
from segue.console.visit import Done, Visit, done, with_query
from segue.console.words import kind_of
from segue.core.application import Application, Bookmark, OidcClient, SamlServiceProvider, WsFedRelyingParty
from segue.web.message import Page
from segue.web.surface import Route

_READ: Final = "apps.read"
_MANAGE: Final = "apps.manage"
_NEW: Final = f"{paths.APPS}/new"
_ONE: Final = f"{paths.APPS}/{{id}}"
_EDIT: Final = f"{_ONE}/edit"
_STATE: Final = f"{_ONE}/state"
_PAGE: Final = 50


@dataclass(frozen=True, slots=True)
class Apps:
    desk: Desk

    def routes(self) -> tuple[Route, ...]:
        entrance = self.desk.entrance
        return (
            entrance.shows(paths.APPS, self.index, _READ),
            entrance.shows(_NEW, self.new, _MANAGE),
            entrance.changes(_NEW, self.new, self.add, _MANAGE, fields=_FIELDS),
            entrance.shows(_ONE, self.show, _READ),
            entrance.shows(_EDIT, self.edit, _MANAGE),
            entrance.changes(_EDIT, self.edit, self.save, _MANAGE, fields=_FIELDS),
            entrance.shows(_STATE, self.ask, _MANAGE),
            entrance.changes(_STATE, self.ask, self.set_state, _MANAGE),
        )

    async def index(self, visit: Visit) -> Page:
        after = visit.query.get("after") or ""
        wanted = (visit.query.get("q") or "").strip()[:200]
        found, following = await self._found(visit, wanted, after)
        return visit.page(
            "apps.html",
            "Applications",
            apps=[app_row(app) for app in found],
            wanted=wanted,
            next=with_query(paths.APPS, q=wanted, after=following),
            more=bool(following),
            first=with_query(paths.APPS, q=wanted) if after else "",
        )

    async def new(self, visit: Visit) -> Page:
        given = visit.form.values if visit.form.sent else visit.query
        kind = given.get("kind") or ""
        crumbs = (("Applications", paths.APPS),)
        if kind not in {row[0] for row in app_forms.KINDS}:
            kinds = [(words, detail, with_query(_NEW, kind=name)) for name, words, detail in app_forms.KINDS]
            return visit.page("app_kinds.html", "Add an application", crumbs=crumbs, section=paths.APPS, kinds=kinds)
        words = next(words for name, words, _ in app_forms.KINDS if name == kind)
        context = await self._form(visit, kind, None)
        return visit.page(
            "app_edit.html", f"Add: {words}", crumbs=(*crumbs, ("Add", _NEW)), section=paths.APPS, **context
        )

    async def add(self, visit: Visit) -> Done:
        kind = choice(visit.posted, "kind", {row[0] for row in app_forms.KINDS}, "kind of application")
        made = await self._create(visit, kind)
        app = made.application
        where = f"{paths.APPS}/{app.id}"
        if made.client_secret is None:
            return done(where, f"{app.label} was added. Nobody is assigned to it yet." if not app.everyone else _ADDED)
        return done(where, f"{app.label} was added.", client_secret=made.client_secret)

    async def show(self, visit: Visit) -> Page:
        app = await known_app(self.desk, visit)
        return app_page(visit, "app.html", app, "general", facts=await open_facts(self.desk, visit, app))

    async def edit(self, visit: Visit) -> Page:
        app = await known_app(self.desk, visit)
        context = await self._form(visit, kind_of(app)[0], app)
        one = f"{paths.APPS}/{app.id}"
        crumbs = (("Applications", paths.APPS), (app.label, one))
        return visit.page("app_edit.html", "General settings", crumbs=crumbs, section=paths.APPS, **context)

    async def save(self, visit: Visit) -> Done:
        app = await known_app(self.desk, visit)
        values, kind = visit.posted, kind_of(app)[0]
        check_seen(values, app.updated_at)
        changed = replace(
            app,
            label=required(values, "label", "Name"),
            everyone=values.get("everyone") == "yes",
            home_authority=optional(values, "home_authority") if app.saml or app.wsfed else app.home_authority,
            oidc=app_forms.read_oidc(kind, values, app.oidc) if app.oidc else None,
            saml=app_forms.read_saml(values, app.saml) if app.saml else None,
            wsfed=app_forms.read_wsfed(values, app.wsfed) if app.wsfed else None,
            bookmark=app_forms.read_bookmark(values) if app.bookmark else None,
        )
        await self._update(visit, changed)
        return done(f"{paths.APPS}/{app.id}", "The settings were saved.")

    async def ask(self, visit: Visit) -> Page:
        app = await known_app(self.desk, visit)
        one = f"{paths.APPS}/{app.id}"
        active = app.active
        return confirm_page(
            visit,
            f"Deactivate {app.label}?" if active else f"Activate {app.label}?",
            crumbs=(("Applications", paths.APPS), (app.label, one)),
            section=paths.APPS,
            lead=_DEACTIVATE if active else _ACTIVATE,
            action=f"{one}/state",
            hidden=(("state", "inactive" if active else "active"),),
            button="Deactivate" if active else "Activate",
            dangerous=active,
            back=one,
        )

    async def set_state(self, visit: Visit) -> Done:
        app = await known_app(self.desk, visit)
        active = choice(visit.posted, "state", ("active", "inactive"), "state") == "active"
        await applications.set_status(self.desk.store, app.id, "active" if active else "inactive", visit.change)
        text = f"{app.label} is active." if active else f"{app.label} is deactivated."
        return done(f"{paths.APPS}/{app.id}", text)

    async def _found(self, visit: Visit, wanted: str, after: str) -> tuple[Sequence[Application], str]:
        """A page of the applications whose name, client id or entity id has the text; and where the next begins."""
        found = await applications.find_applications(
            self.desk.store, visit.change, lambda app: fits(app, wanted.casefold()), after=after, limit=_PAGE + 1
        )
        return found[:_PAGE], found[_PAGE - 1].id if len(found) > _PAGE else ""

    async def _form(self, visit: Visit, kind: str, app: Application | None) -> dict[str, object]:
        domains = [domain.authority for domain in await self.desk.store.domains() if domain.org_id == visit.org_id]
        blank = SamlServiceProvider("", ()), WsFedRelyingParty("", ()), OidcClient("", pkce_required=True)
        return {
            "app": app,
            "kind": kind,
            "oidc": (app.oidc if app else blank[2]) if kind in app_forms.OIDC_KINDS else None,
            "saml": (app.saml if app else blank[0]) if kind == "saml" else None,
            "wsfed": (app.wsfed if app else blank[1]) if kind == "wsfed" else None,
            "bookmark": (app.bookmark if app else Bookmark("")) if kind == "bookmark" else None,
            "domains": [(each, each) for each in domains],
            "home": app.home_authority if app else visit.request.site.domain.authority,
            "words": app_forms,
            "usual_grants": app_forms.offered_grants(app_forms.USUAL_GRANTS),
            "advanced_grants": app_forms.offered_grants(app_forms.ADVANCED_GRANTS),
            "action": f"{paths.APPS}/{app.id}/edit" if app else _NEW,
            "back": f"{paths.APPS}/{app.id}" if app else paths.APPS,
        }

    async def _create(self, visit: Visit, kind: str) -> Registered:
        store, values, change, local = self.desk.store, visit.posted, visit.change, self.desk.local_names
        traits = Traits(
            label=required(values, "label", "Name"),
            everyone=values.get("everyone") == "yes",
            home_authority=optional(values, "home_authority") if kind in ("saml", "wsfed") else "",
        )
        match kind:
            case "saml":
                provider = app_forms.read_saml(values, SamlServiceProvider("", ()))
                return await applications.create_saml(store, traits, provider, change, local_names=local)
            case "wsfed":
                party = app_forms.read_wsfed(values, WsFedRelyingParty("", ()))
                return await applications.create_wsfed(store, traits, party, change, local_names=local)
            case "bookmark":
                mark = app_forms.read_bookmark(values)
                return await applications.create_bookmark(store, traits, mark, change, local_names=local)
        client = app_forms.read_oidc(kind, values, OidcClient(""))
        return await applications.create_oidc(store, traits, client, change, local_names=local, sealer=self.desk.sealer)

    async def _update(self, visit: Visit, changed: Application) -> Application:
        return await applications.update_application(
            self.desk.store, changed, visit.change, local_names=self.desk.local_names, sealer=self.desk.sealer
        )


_ADDED: Final = "The application was added. Everybody may use it."
_DEACTIVATE: Final = "Nobody can sign in to it any more, and its tokens and codes stop working. Its settings stay."
_ACTIVATE: Final = "Whoever is assigned to it can sign in to it again."
# The fields of the form by what administration calls them.
_FIELDS: Final = {"name": "label", "label": "label", "url": "url"}
