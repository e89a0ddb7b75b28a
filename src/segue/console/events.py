"""What happened: the log of the org, narrowed by what somebody looks for, and the explanation of each event."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final

from segue.admin.change import missing
from segue.admin.log import EXPLANATIONS, Fits, Names, read_log
from segue.console import paths
from segue.console.desk import Desk
from segue.console.event_words import OUTCOMES, told
from segue.console.visit import Visit, with_query
from segue.console.words import moment
from segue.core.secret import is_id
from segue.events import Event
from segue.stores import EventPage
from segue.web.message import Page
from segue.web.surface import Route

_READ: Final = "logs.read"
_ONE: Final = f"{paths.EVENTS}/{{id}}"
_PAGE: Final = 50
_HOUR_MS: Final = 3_600_000
_STRETCHES: Final = {"hour": 1, "day": 24, "week": 7 * 24, "month": 30 * 24}
STRETCHES: Final = (
    ("", "At any time"),
    ("hour", "In the last hour"),
    ("day", "In the last day"),
    ("week", "In the last week"),
    ("month", "In the last month"),
)


@dataclass(frozen=True, slots=True)
class Wanted:
    """What somebody looks for; each part is "" where it does not matter."""

    type: str = ""
    outcome: str = ""
    who: str = ""
    app: str = ""
    since: str = ""

    def fits(self, event: Event, names: Names) -> bool:
        return (
            (not self.outcome or event.outcome == self.outcome)
            and (not self.type or self.type in f"{event.type} {event.reason}".lower())
            and (not self.who or _is_about(event, names, self.who))
            and (not self.app or _is_at(event, names, self.app))
        )


@dataclass(frozen=True, slots=True)
class Events:
    desk: Desk

    def routes(self) -> tuple[Route, ...]:
        entrance = self.desk.entrance
        return (entrance.shows(paths.EVENTS, self.index, _READ), entrance.shows(_ONE, self.show, _READ))

    async def index(self, visit: Visit) -> Page:
        wanted, now_at = _wanted(visit), visit.request.now_at
        hours = _STRETCHES.get(wanted.since)
        page = EventPage(
            since_at=now_at - hours * _HOUR_MS if hours else 0,
            after=_position(visit.query.get("after") or ""),
            newest_first=True,
            limit=_PAGE,
            # The events about one user are a look-up in their own partition.
            user_id=wanted.who if is_id(wanted.who) and await self._is_user(visit, wanted.who) else None,
        )
        found = await read_log(self.desk.store, visit.org_id, page, wanted.fits)
        kept = {"type": wanted.type, "outcome": wanted.outcome, "who": wanted.who, "app": wanted.app}
        kept["since"] = wanted.since
        following = "" if found.complete or found.position is None else f"{found.position[0]}.{found.position[1]}"
        return visit.page(
            "events.html",
            "Events",
            events=[event_row(event, found.names, now_at) for event in found.events],
            wanted=wanted,
            outcomes=(("", "Any outcome"), *((name, words) for name, (words, _) in OUTCOMES.items())),
            stretches=STRETCHES,
            filtered=any(kept.values()),
            next=with_query(paths.EVENTS, **kept, after=following) if following else "",
            first=with_query(paths.EVENTS, **kept) if page.after else "",
            looked_further=bool(following) and len(found.events) < _PAGE,
        )

    async def show(self, visit: Visit) -> Page:
        ident = visit.param("id")
        event = await self.desk.store.event(visit.org_id, ident) if is_id(ident) else None
        if event is None:
            raise missing("event", ident, "There is no such event here.")
        names = await self._names(visit, event)
        row = event_row(event, names, visit.request.now_at)
        return visit.page(
            "event.html",
            told(event),
            crumbs=(("Events", paths.EVENTS),),
            section=paths.EVENTS,
            event=event,
            row=row,
            trail=_trail(event) if visit.may(EXPLANATIONS) else None,
            details=_details(event),
        )

    async def _is_user(self, visit: Visit, ident: str) -> bool:
        return await self.desk.store.user(visit.org_id, ident) is not None

    async def _names(self, visit: Visit, event: Event) -> Names:
        store, org_id = self.desk.store, visit.org_id
        users = [await store.user(org_id, ident) for ident in (event.user_id, event.actor_id) if ident]
        apps = [await store.application(org_id, event.app_id)] if event.app_id else []
        return Names({user.id: user for user in users if user}, {app.id: app for app in apps if app})


def refusals(org_event: Event, _names: Names) -> bool:
    """What fits the list of refusals."""
    return org_event.outcome == "refused"


REFUSALS: Final[Fits] = refusals


def event_row(event: Event, names: Names, now_at: int) -> dict[str, object]:
    """An event in a list: what happened, to whom, where, and how it ended."""
    outcome, tone = OUTCOMES[event.outcome]
    user, app = names.users.get(event.user_id or ""), names.apps.get(event.app_id or "")
    actor = names.users.get(event.actor_id or "")
    return {
        "id": event.id,
        "address": f"{paths.EVENTS}/{event.id}",
        "at": moment(event.at, now_at),
        "told": told(event),
        "type": event.type,
        "reason": event.reason.replace("_", " "),
        "outcome": outcome,
        "tone": tone,
        "count": event.count,
        "user": user.login if user else event.user_id or "",
        "user_address": f"{paths.USERS}/{user.id}" if user else "",
        "app": app.label if app else event.app_id or "",
        "app_address": f"{paths.APPS}/{app.id}" if app else "",
        "actor": actor.login if actor else event.actor_id or "",
        "from": event.address,
    }


def _wanted(visit: Visit) -> Wanted:
    def given(name: str) -> str:
        return (visit.query.get(name) or "").strip()[:200]

    outcome, since = given("outcome"), given("since")
    return Wanted(
        type=given("type").lower(),
        outcome=outcome if outcome in OUTCOMES else "",
        who=given("who"),
        app=given("app"),
        since=since if since in _STRETCHES else "",
    )


def _is_about(event: Event, names: Names, wanted: str) -> bool:
    """Whether the event names a user of that id, login or name, as the one it is about or the one who did it."""
    text = wanted.casefold()
    for ident in (event.user_id, event.actor_id):
        user = names.users.get(ident or "")
        if ident == wanted or (user and (text in user.login.casefold() or text in user.display_name.casefold())):
            return True
    return False


def _is_at(event: Event, names: Names, wanted: str) -> bool:
    app = names.apps.get(event.app_id or "")
    return event.app_id == wanted or (app is not None and wanted.casefold() in app.label.casefold())


def _position(text: str) -> tuple[int, str] | None:
    """Where a page goes on, as its link says; None for anything that no link of ours says."""
    at, _, ident = text.partition(".")
    if at.isascii() and at.isdecimal() and len(at) <= 15 and is_id(ident):
        return int(at), ident
    return None


def _trail(event: Event) -> dict[str, Any] | None:
    """The checks that were made, in their order."""
    trail = event.detail.get("trail")
    if not isinstance(trail, Mapping):
        return None
    checks = [
        {
            "name": str(check.get("name", "")).replace("_", " "),
            "passed": bool(check.get("passed")),
            "expected": str(check.get("expected", "")),
            "seen": str(check.get("seen", "")),
            "mend": str(check.get("mend", "")),
        }
        for check in trail.get("checks", ())
        if isinstance(check, Mapping)
    ]
    tried = [
        {
            "policy": str(one.get("policy", "")),
            "rule": str(one.get("rule", "")),
            "matched": bool(one.get("matched")),
            "why": str(one.get("why", "")),
        }
        for one in trail.get("tried", ())
        if isinstance(one, Mapping)
    ]
    return {"rule": str(trail.get("rule", "")).replace("_", " "), "checks": checks, "tried": tried}


def _details(event: Event) -> list[tuple[str, str]]:
    return [(name.replace("_", " "), _plain(value)) for name, value in event.detail.items() if name != "trail"]


def _plain(value: object) -> str:
    match value:
        case str():
            return value
        case list() | tuple():
            return ", ".join(_plain(each) for each in value)
        case Mapping():
            return ", ".join(f"{name}: {_plain(each)}" for name, each in value.items())
        case bool():
            return "yes" if value else "no"
    return str(value)
