"""The settings of the org: what holds for everybody, whatever a policy adds to it."""

from collections.abc import Mapping
from dataclasses import dataclass
from hashlib import sha256
from typing import Final, get_args

from segue.admin import org_settings, orgs
from segue.admin.change import missing
from segue.console import paths
from segue.console.desk import Desk
from segue.console.forms import check_seen, lines, optional
from segue.console.setting_words import SECTIONS, Field
from segue.console.visit import Done, Visit, done
from segue.core.factor import FactorType
from segue.core.org import Org, OrgSettings
from segue.core.refusal import Refusal
from segue.web.factor_words import kind_of_factor
from segue.web.message import Page
from segue.web.surface import Route

_READ: Final = "orgs.read"
_MANAGE: Final = "orgs.manage"
_FACTORS: Final = "factors"


@dataclass(frozen=True, slots=True)
class Settings:
    desk: Desk

    def routes(self) -> tuple[Route, ...]:
        entrance = self.desk.entrance
        return (
            entrance.shows(paths.SETTINGS, self.show, _READ),
            entrance.changes(paths.SETTINGS, self.show, self.change, _MANAGE),
        )

    async def show(self, visit: Visit) -> Page:
        org = await self._org(visit)
        known = org_settings.settable(org.settings)
        return visit.page(
            "settings.html",
            "Settings",
            org=org,
            sections=[
                (heading, lead, [_field(field, known[field.name]) for field in fields])
                for heading, lead, fields in SECTIONS
            ],
            factors=_factors(org.settings),
            mark=_mark(org.settings),
            editable=visit.may(_MANAGE),
        )

    async def change(self, visit: Visit) -> Done:
        org = await self._org(visit)
        check_seen(visit.posted, _mark(org.settings))
        try:
            settings = org_settings.with_settings(org.settings, _wanted(visit, org.settings))
            await orgs.change_settings(self.desk.store, settings, visit.change)
        except Refusal as refusal:
            raise _in_words(refusal) from None
        return done(paths.SETTINGS, "The settings were saved. They hold everywhere within a second.")

    async def _org(self, visit: Visit) -> Org:
        org = await self.desk.store.org(visit.org_id)
        if org is None:
            raise missing("org", visit.org_id, "There is no such org.")
        return org


def _field(field: Field, value: org_settings.Value) -> dict[str, object]:
    kind = "box" if isinstance(value, bool) else "words" if isinstance(value, tuple) else "number"
    shown = value if field.name == _FACTORS or not isinstance(value, tuple) else "\n".join(value)
    kind = "factors" if field.name == _FACTORS else kind
    return {"name": field.name, "label": field.label, "hint": field.hint, "kind": kind, "value": shown}


def _factors(settings: OrgSettings) -> list[tuple[str, str, str]]:
    """All there are, those that people may add first and in their order, which saving keeps."""
    others = [type for type in get_args(FactorType) if type not in settings.factors]
    return [(type, kind_of_factor(type)["name"], "") for type in (*settings.factors, *others)]


def _wanted(visit: Visit, settings: OrgSettings) -> Mapping[str, str]:
    """What the form says of each setting, written as administration reads it."""
    wanted: dict[str, str] = {}
    for name, value in org_settings.settable(settings).items():
        if isinstance(value, bool):
            wanted[name] = "on" if visit.posted.get(name) == "yes" else "off"
        elif isinstance(value, tuple):
            given = visit.posted.all(name) if name == _FACTORS else lines(visit.posted, name)
            wanted[name] = ",".join(given)
        else:
            wanted[name] = optional(visit.posted, name)
    return wanted


def _in_words(refusal: Refusal) -> Refusal:
    """The refusal of a setting, with what stands beside its field for the setting's name."""
    failure = refusal.verdict.failure
    label = next(
        (field.label for _, _, fields in SECTIONS for field in fields if failure and field.name == failure.name), ""
    )
    if failure is None or not label:
        return refusal
    return Refusal(refusal.reason, refusal.public.replace(failure.name, f"“{label}”"), refusal.verdict)


def _mark(settings: OrgSettings) -> str:
    """What the form was made from, so that nobody undoes another's change unseen."""
    return sha256(repr(org_settings.settable(settings)).encode()).hexdigest()[:16]
