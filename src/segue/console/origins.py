"""Trusted origins: whose pages may call us with a user's cookies, and where a browser may be sent."""

from dataclasses import dataclass
from typing import Final, cast

from segue.admin import origins
from segue.console import paths
from segue.console.desk import Desk
from segue.console.forms import choice, required
from segue.console.visit import Done, Visit, done
from segue.core.org import OriginScope, TrustedOrigin
from segue.web.message import Page
from segue.web.surface import Route

_READ: Final = "trustedOrigins.read"
_MANAGE: Final = "trustedOrigins.manage"
_SCOPES: Final = (
    ("CORS", "Call our API", "Its pages may call the API from the browser, with the user's cookies."),
    ("REDIRECT", "Be returned to", "A browser may be sent back there after a sign-in or a sign-out."),
)
_CRUMBS: Final = (("Trusted origins", paths.ORIGINS),)


@dataclass(frozen=True, slots=True)
class Origins:
    desk: Desk

    def routes(self) -> tuple[Route, ...]:
        entrance, one = self.desk.entrance, f"{paths.ORIGINS}/{{id}}"
        new = f"{paths.ORIGINS}/new"
        return (
            entrance.shows(paths.ORIGINS, self.index, _READ),
            entrance.shows(new, self.new, _MANAGE),
            entrance.changes(new, self.new, self.add, _MANAGE),
            entrance.shows(one, self.show, _READ),
            entrance.changes(one, self.show, self.change, _MANAGE, buttons={"stop", "restore", "remove"}),
        )

    async def index(self, visit: Visit) -> Page:
        known = await self.desk.store.trusted_origins(visit.org_id)
        rows = [_row(origin) for origin in sorted(known, key=lambda origin: origin.name.casefold())]
        return visit.page("origins.html", "Trusted origins", origins=rows)

    async def new(self, visit: Visit) -> Page:
        return self._form(visit, "Trust an origin", None)

    async def add(self, visit: Visit) -> Done:
        trusted = await origins.trust_origin(
            self.desk.store,
            name=required(visit.posted, "name", "Name"),
            origin=required(visit.posted, "origin", "Origin"),
            scopes=_scopes(visit),
            change=visit.change,
            local_names=self.desk.local_names,
        )
        return done(paths.ORIGINS, f"{trusted.name} is trusted now.")

    async def show(self, visit: Visit) -> Page:
        known = await origins.find_origin(self.desk.store, visit.param("id"), visit.change)
        return self._form(visit, known.name, known)

    async def change(self, visit: Visit) -> Done:
        store, ident = self.desk.store, visit.param("id")
        known = await origins.find_origin(store, ident, visit.change)
        match choice(visit.posted, "do", ("save", "stop", "restore", "remove"), "what to do"):
            case "stop":
                await origins.distrust_origin(store, ident, visit.change)
                return done(paths.ORIGINS, f"{known.name} is trusted no more.")
            case "restore":
                await origins.restore_origin(store, ident, visit.change)
                return done(paths.ORIGINS, f"{known.name} is trusted again.")
            case "remove":
                await origins.remove_origin(store, ident, visit.change)
                return done(paths.ORIGINS, f"{known.name} was removed.")
        changed = await origins.change_origin(
            store,
            ident,
            name=required(visit.posted, "name", "Name"),
            origin=required(visit.posted, "origin", "Origin"),
            scopes=_scopes(visit),
            change=visit.change,
            local_names=self.desk.local_names,
        )
        return done(paths.ORIGINS, f"{changed.name} was saved.")

    def _form(self, visit: Visit, title: str, known: TrustedOrigin | None) -> Page:
        return visit.page(
            "origin.html",
            title,
            crumbs=_CRUMBS,
            section=paths.ORIGINS,
            origin=known,
            scopes=_SCOPES,
            editable=visit.may(_MANAGE),
        )


def _row(origin: TrustedOrigin) -> dict[str, object]:
    purposes = [words for scope, words, _ in _SCOPES if scope in origin.scopes]
    return {
        "name": origin.name,
        "origin": origin.origin,
        "for": ", ".join(purposes),
        "active": origin.status == "active",
        "address": f"{paths.ORIGINS}/{origin.id}",
    }


def _scopes(visit: Visit) -> tuple[OriginScope, ...]:
    given = visit.posted.all("scopes")
    return cast("tuple[OriginScope, ...]", given)
