"""How somebody signs in: their password, their factors, the sessions they have open."""

from dataclasses import dataclass
from typing import Final

from segue.admin import sessions, user_factors, user_lifecycle, users
from segue.admin.lineage import lineage_of
from segue.console import paths
from segue.console.confirming import confirm_page
from segue.console.desk import Desk
from segue.console.forms import choice, refused
from segue.console.lineage import named
from segue.console.user_view import known_user, user_page
from segue.console.visit import Done, Visit, done
from segue.console.words import counted, moment
from segue.core.credential import Credential
from segue.core.user import User
from segue.signin.sessions import SESSION_KINDS
from segue.web.factor_words import way
from segue.web.message import Page
from segue.web.surface import Route

_SECURITY: Final = f"{paths.USERS}/{{id}}/security"
_PASSWORD: Final = f"{paths.USERS}/{{id}}/password"

# What is asked before it is done: the permission, the question, what it means, and the button.
_SURE: Final = {
    "end_all": (
        "sessions.manage",
        "Sign {} out everywhere?",
        "They sign in again wherever they go on. Their browsers are asked for a second factor again.",
        "End all of it",
    ),
    "reset_factors": (
        "factors.manage",
        "Remove all factors of {}?",
        "They sign in with their password alone until they set up new ones. All that was issued to them ends.",
        "Remove all factors",
    ),
}


@dataclass(frozen=True, slots=True)
class Security:
    desk: Desk

    def routes(self) -> tuple[Route, ...]:
        entrance = self.desk.entrance
        return (
            entrance.shows(_SECURITY, self.show, "users.read"),
            entrance.changes(_SECURITY, self.show, self.change, "users.manage"),
            entrance.shows(_PASSWORD, self.ask_password, "users.manage", fresh=True),
            entrance.changes(_PASSWORD, self.ask_password, self.set_password, "users.manage", fresh=True),
        )

    async def show(self, visit: Visit) -> Page:
        user, store, now_at = await known_user(self.desk, visit), self.desk.store, visit.request.now_at
        if (sure := visit.query.get("sure")) in _SURE:
            return await self._confirm(visit, user, str(sure))
        enrolled = await store.factors(visit.org_id, user.id)
        open_now = await store.of_user(visit.org_id, user.id, SESSION_KINDS)
        return user_page(
            visit,
            "security.html",
            user,
            "/security",
            factors=[
                {
                    **way(one, enrolled),
                    "active": one.active,
                    "added": moment(one.created_at, now_at),
                    "used": moment(one.last_used_at, now_at),
                }
                for one in enrolled
            ],
            sessions=[_session(each, now_at, own=each.id == visit.session.credential.id) for each in open_now],
            password={"is_set": user.password_hash is not None, "since": moment(user.password_changed_at, now_at)},
            may_end=visit.may("sessions.manage"),
            may_reset=visit.may("factors.manage"),
        )

    async def _confirm(self, visit: Visit, user: User, do: str) -> Page:
        permission, title, lead, button = _SURE[do]
        visit.actor.require(permission)
        store, here = self.desk.store, visit.request.path
        if do == "end_all":
            entries = await lineage_of(store, user.id, visit.change)
            ends = [named(entry.credential, {}, visit) for entry in entries if entry.state == "live"]
        else:
            enrolled = await store.factors(visit.org_id, user.id)
            ends = [way(each, enrolled) for each in enrolled]
        return confirm_page(
            visit,
            title.format(user.display_name),
            lead=lead,
            ends=ends,
            action=here,
            hidden=(("do", do),),
            button=button,
            back=here,
            crumbs=(("Users", paths.USERS), (user.display_name, f"{paths.USERS}/{user.id}"), ("Sign-in", here)),
            section=paths.USERS,
        )

    async def change(self, visit: Visit) -> Done:
        user, store, given = await known_user(self.desk, visit), self.desk.store, visit.posted
        where = visit.request.path
        do = choice(given, "do", ("end_all", "remove_factor", "reset_factors"), "what to do")
        if do == "end_all":
            visit.actor.require("sessions.manage")
            ended = await sessions.close_sessions_of(store, user, visit.change, tokens=True)
            return done(where, f"{counted(ended, 'session or token', 'sessions and tokens')} ended.")
        visit.actor.require("factors.manage")
        if do == "reset_factors":
            removed = await user_lifecycle.reset_factors(store, user, visit.change)
            return done(where, f"{counted(removed, 'factor was', 'factors were')} removed. They can set up new ones.")
        site, where_at = visit.request.site, visit.change.circumstances
        context = await self.desk.entrance.second_factors.context(site.org, site.domain, user, where_at, "")
        await user_factors.remove_factor(store, context, given.get("factor") or "", visit.change)
        return done(where, "The factor was removed.")

    async def ask_password(self, visit: Visit) -> Page:
        user = await known_user(self.desk, visit)
        has_password = user.active and user.password_hash is not None
        return user_page(visit, "password.html", user, "/security", has_password=has_password)

    async def set_password(self, visit: Visit) -> Done:
        user, given = await known_user(self.desk, visit), visit.posted
        if choice(given, "do", ("set", "temporary"), "what to do") == "temporary":
            store, hasher = self.desk.store, self.desk.hasher
            _, temporary = await user_lifecycle.give_temporary_password(store, hasher, user, visit.change)
            where = f"{paths.USERS}/{user.id}/security"
            return done(where, "It is good for one sign-in, which asks for a new one.", temporary_password=temporary)
        password = given.get("password") or ""
        if not password:
            raise refused("password", "Enter the new password.")
        await users.set_password(self.desk.store, self.desk.hasher, user.id, password, visit.change)
        return done(
            f"{paths.USERS}/{user.id}/security", "The password was set. All that was issued to the user has ended."
        )


def _session(session: Credential, now_at: int, *, own: bool) -> dict[str, object]:
    return {
        "id": session.id,
        "domain": session.domain or "",
        "since": moment(session.issued_at, now_at),
        "until": moment(min(session.expires_at, session.idle_expires_at or session.expires_at), now_at),
        "own": own,
    }
