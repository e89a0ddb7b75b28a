"""An event in this vendor's words: who did what to whom, from where, and how it ended.

Every member the vendor has is there; what we do not know is null. The checks of a decision go into ``debugContext`` for
those who may read explanations: they hold expected and seen values, never a secret.
"""

from collections.abc import Mapping
from datetime import UTC, datetime
from ipaddress import ip_address
from typing import Final

from segue.admin.event_words import told
from segue.admin.log import Names
from segue.core.strict import JsonValue
from segue.dialects.okta.admin.log_types import log_type
from segue.events import Event

_RESULTS: Final = {"success": "SUCCESS", "refused": "FAILURE", "failure": "FAILURE"}
_SEVERITIES: Final = {"success": "INFO", "refused": "WARN", "failure": "ERROR"}
# What members of an event's detail name, by the vendor's type of target.
_TARGETS: Final = {
    "server_id": "AuthorizationServer",
    "origin_id": "TrustedOrigin",
    "group_id": "UserGroup",
    "policy_id": "Policy",
    "rule_id": "Rule",
    "zone_id": "NetworkZone",
    "factor_id": "Factor",
}
_NOBODY: Final = "unknown"
_SYSTEMS: Final = (
    ("iPhone", "iOS"),
    ("iPad", "iOS"),
    ("Android", "Android"),
    ("Windows", "Windows"),
    ("Mac OS X", "Mac OS X"),
    ("CrOS", "Chrome OS"),
    ("Linux", "Linux"),
)
# In this order: browsers name those they want to be taken for.
_BROWSERS: Final = (
    ("Edg", "EDGE"),
    ("OPR", "OPERA"),
    ("Firefox", "FIREFOX"),
    ("Chrome", "CHROME"),
    ("Safari", "SAFARI"),
)
_POCKET: Final = frozenset({"iOS", "Android"})


def log_event(event: Event, names: Names, *, explained: bool) -> dict[str, JsonValue]:
    """The vendor's LogEvent; ``explained`` adds the checks that led to a refusal."""
    known = log_type(event.type, custom_server=event.detail.get("server") in names.custom_servers)
    return {
        "actor": _actor(event, names),
        "client": _client(event),
        "device": None,
        "authenticationContext": _authentication(event),
        "displayMessage": told(event.type),
        "eventType": known.name,
        "outcome": {"result": _RESULTS[event.outcome], "reason": event.reason or None},
        "published": published(event.at),
        "securityContext": {"asNumber": None, "asOrg": None, "isp": None, "domain": None, "isProxy": None},
        "severity": _SEVERITIES[event.outcome],
        "debugContext": {"debugData": _debug(event, explained=explained)},
        "legacyEventType": None,
        "transaction": _transaction(event),
        "uuid": event.id,
        "version": "0",
        "request": {"ipChain": _addresses(event)},
        "target": _targets(event, names),
    }


def published(at: int) -> str:
    """Epoch milliseconds as ``YYYY-MM-DDTHH:MM:SS.mmmZ``: the log alone is told to the millisecond."""
    return f"{datetime.fromtimestamp(at // 1000, UTC).strftime('%Y-%m-%dT%H:%M:%S')}.{at % 1000:03d}Z"


def _actor(event: Event, names: Names) -> JsonValue:
    """Whoever acted: an administrator, the command line, or the user or application that the event is about."""
    if event.actor_id in names.users or event.actor_id is None:
        acting = event.actor_id or event.user_id
        if acting is None:
            return _application(event.app_id, names, "PublicClientApp") if event.app_id else _party(_NOBODY, "User")
        return _user(acting, names)
    if event.actor_id == event.app_id:
        return _application(event.actor_id, names, "PublicClientApp")
    return _party(event.actor_id, "SystemPrincipal", "system", event.actor_id)


def _targets(event: Event, names: Names) -> JsonValue:
    """What it was done to. A user who did something is the actor and no target."""
    found: list[JsonValue] = []
    if event.user_id and event.actor_id not in (None, event.user_id):
        found.append(_user(event.user_id, names))
    if event.app_id and event.app_id != event.actor_id:
        found.append(_application(event.app_id, names, "AppInstance"))
    if event.credential_id:
        found.append(_party(event.credential_id, "Credential"))
    found += [
        _party(ident, type) for name, type in _TARGETS.items() if isinstance(ident := event.detail.get(name), str)
    ]
    return found or None


def _user(ident: str, names: Names) -> JsonValue:
    user = names.users.get(ident)
    return _party(ident, "User", user.login, user.display_name) if user else _party(ident, "User")


def _application(ident: str, names: Names, type: str) -> JsonValue:
    app = names.apps.get(ident)
    if app is None:
        return _party(ident, type)
    return _party(ident, type, app.oidc.client_id if app.oidc else app.name, app.label)


def _party(ident: str, type: str, alternate: str = _NOBODY, label: str = _NOBODY) -> JsonValue:
    return {"id": ident, "type": type, "alternateId": alternate, "displayName": label, "detailEntry": None}


def _client(event: Event) -> JsonValue:
    agent = event.user_agent
    system = next((name for sign, name in _SYSTEMS if sign in agent), "Unknown")
    browser = next((name for sign, name in _BROWSERS if sign in agent), "UNKNOWN")
    device = "Mobile" if system in _POCKET else "Computer" if system != "Unknown" else "Unknown"
    return {
        "userAgent": {"rawUserAgent": agent, "os": system, "browser": browser} if agent else None,
        "zone": None,
        "device": device,
        "id": event.app_id,
        "ipAddress": event.address or None,
        "geographicalContext": None,
    }


def _authentication(event: Event) -> JsonValue:
    session = event.credential_id if event.type.startswith("session.") else None
    return {
        "authenticationProvider": None,
        "credentialProvider": None,
        "credentialType": None,
        "issuer": None,
        "interface": None,
        "authenticationStep": 0,
        "externalSessionId": session or _NOBODY,
        "rootSessionId": session,
    }


def _transaction(event: Event) -> JsonValue:
    """One request is one transaction; what no request asked for is a job."""
    return {"type": "WEB" if event.request_id else "JOB", "id": event.request_id or event.id, "detail": {}}


def _addresses(event: Event) -> JsonValue:
    if not event.address:
        return []
    try:
        version = f"V{ip_address(event.address).version}"
    except ValueError:
        version = "UNKNOWN"
    return [{"ip": event.address, "geographicalContext": None, "version": version, "source": None}]


def _debug(event: Event, *, explained: bool) -> JsonValue:
    told: dict[str, JsonValue] = {"event": event.type, "domain": event.domain, "requestId": event.request_id}
    if event.count != 1:
        told["count"] = event.count
    for name, value in event.detail.items():
        if name != "trail":
            told[name] = _plain(value)
        elif explained:
            told |= _trail(value)
    return told


def _trail(trail: object) -> dict[str, JsonValue]:
    match trail:
        case {"rule": rule, "checks": checks}:
            return {"rule": _plain(rule), "checks": _plain(checks)}
    return {}


def _plain(value: object) -> JsonValue:
    """A value of an event's detail, which was JSON when it was stored."""
    match value:
        case None | bool() | int() | float() | str():
            return value
        case Mapping():
            return {str(name): _plain(each) for name, each in value.items()}
        case list() | tuple():
            return [_plain(each) for each in value]
    return str(value)
