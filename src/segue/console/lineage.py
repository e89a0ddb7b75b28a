"""The tree of what was issued to a user, and ending a part of it: first what would end, then the ending."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

from segue.admin.lineage import Ending, Entry, end_credential, lineage_of
from segue.console import paths
from segue.console.confirming import confirm_page
from segue.console.desk import Desk
from segue.console.user_view import known_user, user_page
from segue.console.visit import Done, Visit, done, with_query
from segue.console.words import counted, moment
from segue.core.application import Application
from segue.core.credential import Credential
from segue.web.message import Page
from segue.web.surface import Route

_LINEAGE: Final = f"{paths.USERS}/{{id}}/lineage"
_END: Final = f"{paths.USERS}/{{id}}/end"

KINDS: Final[Mapping[str, str]] = {
    "session": "Session",
    "backend_session": "Session of an app",
    "session_token": "Session token",
    "cookie_token": "Cookie token",
    "image_token": "Image token",
    "session_transfer": "Session transfer token",
    "state_token": "Sign-in in progress",
    "recovery_token": "Recovery link",
    "authorization_code": "Authorization code",
    "access_token": "Access token",
    "refresh_token": "Refresh token",
    "interclient": "Hand-off token",
    "interaction": "Sign-in page",
    "api_token": "API token",
}
"""Kinds of credential in words for people; one that is not here is shown by its own name."""

_STATES: Final = {
    "live": ("Live", "good"),
    "spent": ("Spent", "quiet"),
    "expired": ("Expired", "quiet"),
    "revoked": ("Ended", "bad"),
    "void": ("Void", "quiet"),
}
_REASONS: Final = {
    "revoked_by_administrator": "ended by an administrator",
    "closed_by_administrator": "ended by an administrator",
    "signed_out": "the user signed out",
    "replaced": "replaced by another sign-in",
    "another_user": "another user signed in",
}


@dataclass(frozen=True, slots=True)
class Lineage:
    desk: Desk

    def routes(self) -> tuple[Route, ...]:
        entrance = self.desk.entrance
        return (
            entrance.shows(_LINEAGE, self.show, "sessions.read"),
            entrance.shows(_END, self.ask, "sessions.manage"),
            entrance.changes(_END, self.ask, self.end, "sessions.manage"),
        )

    async def show(self, visit: Visit) -> Page:
        user = await known_user(self.desk, visit)
        entries = await lineage_of(self.desk.store, user.id, visit.change)
        only_live = visit.query.get("show") != "all"
        shown = [entry for entry in entries if not only_live or entry.credential.id in _kept(entries)]
        apps = await self._apps(visit, [entry.credential for entry in shown])
        one = f"{paths.USERS}/{user.id}"
        return user_page(
            visit,
            "lineage.html",
            user,
            "/lineage",
            entries=[_entry(entry, apps, visit, one) for entry in shown],
            hidden=len(entries) - len(shown),
            only_live=only_live,
            everything=with_query(f"{one}/lineage", show="all"),
            may_end=visit.may("sessions.manage"),
        )

    async def ask(self, visit: Visit) -> Page:
        """The dry run: what ends, whom we can only ask, and what goes on."""
        user = await known_user(self.desk, visit)
        given = visit.form.values if visit.form.sent else visit.query
        ending = await end_credential(
            self.desk.store, user.id, given.get("credential") or "", visit.change, dry_run=True
        )
        apps = await self._apps(visit, [*ending.ends, *ending.survives])
        one = f"{paths.USERS}/{user.id}"
        ends = [named(each, apps, visit) for each in ending.ends]
        asked = await self._asked(visit, ending)
        kind = KINDS.get(ending.target.kind, ending.target.kind)
        return confirm_page(
            visit,
            f"End this {kind.lower() if kind != 'API token' else kind}?",
            crumbs=(("Users", paths.USERS), (user.display_name, one), ("Lineage", f"{one}/lineage")),
            section=paths.USERS,
            lead=f"Nothing has ended yet. {counted(len(ends), 'thing ends', 'things end')} if you go on.",
            ends=ends,
            asked=asked,
            stays=[named(each, apps, visit) for each in ending.survives],
            action=f"{one}/end",
            hidden=(("credential", ending.target.id),),
            button="End it now",
            back=f"{one}/lineage",
        )

    async def end(self, visit: Visit) -> Done:
        user = await known_user(self.desk, visit)
        credential = visit.posted.get("credential") or ""
        ending = await end_credential(self.desk.store, user.id, credential, visit.change)
        return done(
            f"{paths.USERS}/{user.id}/lineage",
            f"{counted(len(ending.ends), 'credential has', 'credentials have')} ended.",
        )

    async def _asked(self, visit: Visit, ending: Ending) -> list[dict[str, str]]:
        found = []
        for part in ending.asked:
            app = await self.desk.store.application(visit.org_id, part.app_id)
            name = app.label if app else part.app_id
            found.append({"name": f"The sign-in at {name}", "detail": _ASKED})
        return found

    async def _apps(self, visit: Visit, credentials: list[Credential]) -> dict[str, Application]:
        wanted = {ident for each in credentials for ident in (each.app_id, each.target_app_id) if ident}
        found = [await self.desk.store.application(visit.org_id, ident) for ident in sorted(wanted)]
        return {app.id: app for app in found if app is not None}


_ASKED: Final = "It keeps a session of its own: we can only ask it to end that, and it asks us again by itself later."


def _kept(entries: tuple[Entry, ...]) -> set[str]:
    """The ids of what is live, and of all that it came from."""
    parents = {entry.credential.id: entry.credential.parent_id for entry in entries}
    kept: set[str] = set()
    for entry in entries:
        ident: str | None = entry.credential.id if entry.state == "live" else None
        while ident and ident not in kept:
            kept.add(ident)
            ident = parents.get(ident)
    return kept


def _entry(entry: Entry, apps: Mapping[str, Application], visit: Visit, one: str) -> dict[str, object]:
    credential, now_at = entry.credential, visit.request.now_at
    words, tone = _STATES[entry.state]
    return {
        **named(credential, apps, visit),
        "id": credential.id,
        "depth": min(entry.depth, 8),
        "state": words,
        "tone": tone,
        "issued": moment(credential.issued_at, now_at),
        "expires": moment(credential.expires_at, now_at) if entry.state == "live" else None,
        "ended": moment(entry.ended_at, now_at),
        "why": _why(entry),
        "bound": credential.parent_id in credential.bind_path,
        "own": credential.id == visit.session.credential.id,
        "end": with_query(f"{one}/end", credential=credential.id) if entry.state == "live" else "",
    }


def _why(entry: Entry) -> str:
    if entry.ended_with:
        return "ended together with what it hangs on"
    if entry.state == "void":
        return "the account changed after it was issued"
    return _REASONS.get(entry.reason, entry.reason.replace("_", " "))


def named(credential: Credential, apps: Mapping[str, Application], visit: Visit) -> dict[str, str]:
    """What it is and whom it is for, in words; ``apps`` are applications by their ids."""
    app = apps.get(credential.target_app_id or credential.app_id or "")
    name = credential.data.get("name")
    parts = [
        app.label if app else "",
        str(name) if isinstance(name, str) else "",
        credential.domain or "" if credential.kind == "session" else "",
        "this is your own" if credential.id == visit.session.credential.id else "",
    ]
    return {
        "name": KINDS.get(credential.kind, credential.kind.replace("_", " ").capitalize()),
        "detail": " · ".join(part for part in parts if part),
    }
