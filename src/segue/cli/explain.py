"""``segue explain EVENT_ID``: what happened, and every check that led to it."""

import json
from collections.abc import Mapping
from dataclasses import asdict
from datetime import UTC, datetime
from typing import Any, Final

from segue.cli.workplace import Problem, Workplace, say
from segue.core.org import Org
from segue.core.secret import is_id
from segue.events import Event

_INDENT: Final = "  "
_LABEL_CHARS: Final = 12


async def explain(workplace: Workplace, event_id: str, *, as_json: bool) -> None:
    """Prints an event of whichever org it belongs to. Raises Problem where there is none."""
    org, event = await _find(workplace, event_id.strip().strip("[]()"))
    if as_json:
        say(json.dumps({**asdict(event), "org_name": org.name}, indent=2, default=str))
        return
    names = await _names(workplace, event)
    say(*_headline(event), *_facts(org, event, names), *_trail(event), *_details(event))


async def _find(workplace: Workplace, event_id: str) -> tuple[Org, Event]:
    if not is_id(event_id):
        raise Problem("An event id has 20 letters and digits and begins with evt; the error page or body shows it.")
    for org in await workplace.store.orgs():
        event = await workplace.store.event(org.id, event_id)
        if event is not None:
            return org, event
    if not event_id.startswith("evt"):
        raise Problem(f"{event_id} is no event id: those begin with evt, and only they can be explained.")
    raise Problem(f"There is no event {event_id} in {workplace.settings.database_label}.")


async def _names(workplace: Workplace, event: Event) -> Mapping[str, str]:
    """What people call the user, actor and application of the event, by id."""
    names: dict[str, str] = {}
    for user_id in {event.user_id, event.actor_id} - {None}:
        user = await workplace.store.user(event.org_id, str(user_id))
        if user is not None:
            names[user.id] = user.login
    if event.app_id:
        app = await workplace.store.application(event.org_id, event.app_id)
        if app is not None:
            names[app.id] = app.label
    return names


def _headline(event: Event) -> list[str]:
    reason = f": {event.reason}" if event.reason else ""
    return [f"{event.type} — {event.outcome}{reason}", ""]


def _facts(org: Org, event: Event, names: Mapping[str, str]) -> list[str]:
    when = datetime.fromtimestamp(event.at / 1000, UTC).isoformat(sep=" ", timespec="milliseconds")
    facts = {
        "event": event.id,
        "when": when,
        "org": f"{org.name} ({org.id})",
        "domain": event.domain,
        "from": event.address,
        "with": event.user_agent,
        "request": event.request_id,
        "by": _named(event.actor_id, names),
        "user": _named(event.user_id, names),
        "application": _named(event.app_id, names),
        "credential": event.credential_id or "",
        "stands for": f"{event.count} events" if event.count != 1 else "",
    }
    return [_line(label, value) for label, value in facts.items() if value]


def _trail(event: Event) -> list[str]:
    """The checks in the order they were made; one that failed says what was expected, what was seen, how to mend it."""
    trail = event.detail.get("trail")
    if not isinstance(trail, Mapping):
        return []
    rule = trail.get("rule")
    lines = ["", f"Checks made (by the rule {rule}):" if rule else "Checks made:"]
    for check in trail.get("checks", ()):
        lines += _check(check)
    tried = trail.get("tried", ())
    if tried:
        lines += ["", "Rules of policies, in the order in which they were tried:"]
    for one in tried:
        found = "matches" if one.get("matched") else f"no: {one.get('why', '')}"
        lines.append(f"{_INDENT}{one.get('policy', '')} / {one.get('rule', '')}: {found}")
    return lines


def _check(check: Mapping[str, Any]) -> list[str]:
    name = str(check.get("name", "")).replace("_", " ")
    if check.get("passed"):
        return [f"{_INDENT}passed  {name}"]
    lines = [f"{_INDENT}FAILED  {name}"]
    for label, key in (("expected", "expected"), ("seen", "seen"), ("to mend it", "mend")):
        if check.get(key):
            lines.append(f"{_INDENT * 5}{label}: {check[key]}")
    return lines


def _details(event: Event) -> list[str]:
    others = {name: value for name, value in event.detail.items() if name != "trail"}
    if not others:
        return []
    return ["", "Details:", *(_line(name, _plain(value)) for name, value in others.items())]


def _plain(value: object) -> str:
    return value if isinstance(value, str) else json.dumps(value, default=str)


def _line(label: str, value: str) -> str:
    return f"{_INDENT}{label.ljust(_LABEL_CHARS)}{value}"


def _named(ident: str | None, names: Mapping[str, str]) -> str:
    if not ident:
        return ""
    return f"{names[ident]} ({ident})" if ident in names else ident
