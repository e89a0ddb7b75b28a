"""The trust map: which applications may hand a sign-in over to this one, and to which it may hand one itself."""

from dataclasses import dataclass
from typing import Final

from segue.admin import applications, trust
from segue.console import paths
from segue.console.app_view import app_page, known_app
from segue.console.desk import Desk
from segue.console.forms import choice, required
from segue.console.visit import Done, Visit, done
from segue.console.words import moment
from segue.core.application import Application
from segue.core.trust import MOST_TRUSTED, TrustEntry
from segue.web.message import Page
from segue.web.surface import Route

_TRUST: Final = f"{paths.APPS}/{{id}}/trust"
_READ: Final = "apps.interclientTrust.read"
_MANAGE: Final = "apps.interclientTrust.manage"
_MOST_OFFERED: Final = 500


@dataclass(frozen=True, slots=True)
class Trust:
    desk: Desk

    def routes(self) -> tuple[Route, ...]:
        entrance = self.desk.entrance
        return (
            entrance.shows(_TRUST, self.show, _READ),
            entrance.changes(
                _TRUST, self.show, self.change, _MANAGE, fresh=True, fields={"target": "origin"}, buttons={"distrust"}
            ),
        )

    async def show(self, visit: Visit) -> Page:
        app, store, now_at = await known_app(self.desk, visit), self.desk.store, visit.request.now_at
        trusted = await trust.list_trusted(store, app.id, visit.change, limit=MOST_TRUSTED)
        targets = await trust.list_targets(store, app.id, visit.change, limit=_MOST_OFFERED)
        known = {entry.origin_app_id for entry in trusted} | {app.id}
        offered: list[Application] = []
        if visit.may(_MANAGE):
            offered = list(
                await applications.find_applications(
                    store, visit.change, lambda one: _may_hand_over(one) and one.id not in known, limit=_MOST_OFFERED
                )
            )
        return app_page(
            visit,
            "trust.html",
            app,
            "trust",
            trusted=[await self._row(visit, entry, entry.origin_app_id, now_at) for entry in trusted],
            targets=[await self._row(visit, entry, entry.target_app_id, now_at) for entry in targets],
            offered=[(one.id, one.label) for one in sorted(offered, key=lambda one: one.label.casefold())],
            limit=visit.request.site.org.settings.trust_limit,
            may_trust=visit.may(_MANAGE),
            hands_over=_may_hand_over(app),
        )

    async def change(self, visit: Visit) -> Done:
        app, store = await known_app(self.desk, visit), self.desk.store
        origin_id = required(visit.posted, "origin", "Application to trust")
        if choice(visit.posted, "do", ("trust", "distrust"), "what to do") == "distrust":
            await trust.distrust_application(store, app.id, origin_id, visit.change)
            return done(visit.request.path, "It is trusted no more. What it had handed over has stopped working.")
        await trust.trust_application(store, app.id, origin_id, visit.change)
        origin = await applications.find_application(store, origin_id, visit.change)
        return done(visit.request.path, f"{origin.label} may hand sign-ins over to {app.label}.")

    async def _row(self, visit: Visit, entry: TrustEntry, app_id: str, now_at: int) -> dict[str, object]:
        app = await self.desk.store.application(visit.org_id, app_id)
        return {
            "id": app_id,
            "label": app.label if app else app_id,
            "active": app is not None and app.active,
            "address": f"{paths.APPS}/{app_id}",
            "since": moment(entry.created_at, now_at),
        }


def _may_hand_over(app: Application) -> bool:
    return app.oidc is not None and app.active
