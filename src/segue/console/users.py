"""Users: found, added, their profile, their status."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

from segue.admin import user_lifecycle, users
from segue.admin.users import NewUser
from segue.console import paths
from segue.console.confirming import confirm_page
from segue.console.desk import Desk
from segue.console.finding import find_people
from segue.console.forms import check_seen, choice, optional, refused, required
from segue.console.user_view import known_user, user_page, user_row
from segue.console.visit import Done, Visit, done, with_query
from segue.console.words import moment
from segue.core.strict import Params
from segue.core.user import User, UserStatus
from segue.web.message import Page
from segue.web.surface import Route

_READ: Final = "users.read"
_MANAGE: Final = "users.manage"
_NEW: Final = f"{paths.USERS}/new"
_ONE: Final = f"{paths.USERS}/{{id}}"
_EDIT: Final = f"{_ONE}/edit"
_STATE: Final = f"{_ONE}/state"
_PAGE: Final = 50
_FIELDS: Final = (
    ("firstName", "First name"),
    ("lastName", "Last name"),
    ("email", "E-mail address"),
    ("mobilePhone", "Mobile phone"),
    ("locale", "Language"),
    ("timezone", "Time zone"),
)
_PROFILE: Final = "profile."


@dataclass(frozen=True, slots=True)
class Step:
    """A change of an account: what it means, what the button says, and what is told afterwards."""

    question: str
    lead: str
    button: str
    told: str
    dangerous: bool = False


_STEPS: Final = {
    "suspend": Step(
        "Suspend {}?",
        "They cannot sign in until you restore them. All that was issued to them ends: sessions, tokens, tickets.",
        "Suspend",
        "{} is suspended.",
        dangerous=True,
    ),
    "restore": Step("Let {} in again?", "They can sign in as before.", "Restore", "{} can sign in again."),
    "activate": Step("Activate {}?", "The account is opened, and they can sign in.", "Activate", "{} is active."),
    "unlock": Step(
        "Unlock {}?", "Too many wrong passwords locked the account. They may try again.", "Unlock", "{} may try again."
    ),
    "deactivate": Step(
        "Deactivate {}?",
        "The account is closed: nobody signs in with it, and all that was issued to it ends. It can be opened again.",
        "Deactivate",
        "{} is deactivated.",
        dangerous=True,
    ),
    "remove": Step(
        "Remove {} for good?",
        "The account goes with its profile, factors, groups and assignments. Only the events stay.",
        "Remove",
        "{} was removed.",
        dangerous=True,
    ),
}
_POSSIBLE: Final[Mapping[UserStatus, tuple[str, ...]]] = {
    "active": ("suspend", "deactivate"),
    "suspended": ("restore", "deactivate"),
    "deprovisioned": ("activate", "remove"),
    "staged": ("activate", "deactivate"),
    "provisioned": ("activate", "deactivate"),
}


@dataclass(frozen=True, slots=True)
class Users:
    desk: Desk

    def routes(self) -> tuple[Route, ...]:
        entrance = self.desk.entrance
        fields = {"login": "login", "email": f"{_PROFILE}email"}
        fields |= {name: f"{_PROFILE}{name}" for name, _ in _FIELDS}
        return (
            entrance.shows(paths.USERS, self.index, _READ),
            entrance.shows(_NEW, self.new, _MANAGE),
            entrance.changes(_NEW, self.new, self.add, _MANAGE, fields=fields),
            entrance.shows(_ONE, self.show, _READ),
            entrance.shows(_EDIT, self.edit, _MANAGE),
            entrance.changes(_EDIT, self.edit, self.save, _MANAGE, fields=fields),
            entrance.shows(_STATE, self.ask, _MANAGE),
            entrance.changes(_STATE, self.ask, self.set_state, _MANAGE),
        )

    async def index(self, visit: Visit) -> Page:
        wanted = (visit.query.get("q") or "").strip()[:200]
        after = visit.query.get("after") or ""
        found = await self._found(visit, wanted, after)
        following = found[_PAGE - 1].id if len(found) > _PAGE else ""
        return visit.page(
            "users.html",
            "Users",
            users=[user_row(user, visit.request.now_at) for user in found[:_PAGE]],
            wanted=wanted,
            next=with_query(paths.USERS, q=wanted, after=following) if following else "",
            first=with_query(paths.USERS, q=wanted) if after else "",
        )

    async def new(self, visit: Visit) -> Page:
        return visit.page(
            "user_edit.html",
            "Add a user",
            crumbs=(("Users", paths.USERS),),
            section=paths.USERS,
            user=None,
            fields=_FIELDS,
            others=(),
            action=_NEW,
            back=paths.USERS,
        )

    async def add(self, visit: Visit) -> Done:
        login = required(visit.posted, "login", "User name")
        password = visit.posted.get("password") or None
        profile = _profile(visit.posted, {})
        if "@" in login:
            profile.setdefault("email", login)
        user = await users.add_user(self.desk.store, self.desk.hasher, NewUser(login, profile, password), visit.change)
        return done(f"{paths.USERS}/{user.id}", f"{user.display_name} was added.")

    async def show(self, visit: Visit) -> Page:
        user = await known_user(self.desk, visit)
        now_at = visit.request.now_at
        labels = dict(_FIELDS)
        facts = [(labels.get(name, name), value) for name, value in user.profile.items()]
        possible = await self._possible(user)
        steps = [(_STEPS[step], f"{paths.USERS}/{user.id}/state?to={step}") for step in possible]
        return user_page(
            visit, "user.html", user, "", facts=facts, steps=steps, created=moment(user.created_at, now_at)
        )

    async def edit(self, visit: Visit) -> Page:
        user = await known_user(self.desk, visit)
        known = {name for name, _ in _FIELDS}
        return visit.page(
            "user_edit.html",
            "Profile",
            crumbs=(("Users", paths.USERS), (user.display_name, f"{paths.USERS}/{user.id}")),
            section=paths.USERS,
            user=user,
            fields=_FIELDS,
            others=[(name, name) for name in user.profile if name not in known],
            action=f"{paths.USERS}/{user.id}/edit",
            back=f"{paths.USERS}/{user.id}",
        )

    async def save(self, visit: Visit) -> Done:
        user = await known_user(self.desk, visit)
        check_seen(visit.posted, user.updated_at)
        profile = _profile(visit.posted, user.profile)
        await users.set_profile(self.desk.store, user.id, profile, visit.change)
        return done(f"{paths.USERS}/{user.id}", "The profile was saved.")

    async def ask(self, visit: Visit) -> Page:
        user = await known_user(self.desk, visit)
        given = visit.form.values if visit.form.sent else visit.query
        name = choice(given, "to", await self._possible(user), "what to do")
        step, one = _STEPS[name], f"{paths.USERS}/{user.id}"
        return confirm_page(
            visit,
            step.question.format(user.display_name),
            crumbs=(("Users", paths.USERS), (user.display_name, one)),
            section=paths.USERS,
            lead=step.lead,
            action=f"{one}/state",
            hidden=(("to", name),),
            button=step.button,
            dangerous=step.dangerous,
            back=one,
        )

    async def set_state(self, visit: Visit) -> Done:
        user = await known_user(self.desk, visit)
        name = choice(visit.posted, "to", await self._possible(user), "what to do")
        step, store, change = _STEPS[name], self.desk.store, visit.change
        if user.id == visit.user.id and step.dangerous:
            raise refused("to", "This is your own account: have somebody else do it.")
        match name:
            case "suspend":
                await user_lifecycle.suspend(store, user, change)
            case "restore":
                await user_lifecycle.unsuspend(store, user, change)
            case "activate":
                await user_lifecycle.activate(store, user, change)
            case "unlock":
                await user_lifecycle.unlock(store, user, change)
            case "deactivate":
                await user_lifecycle.deactivate(store, user, change)
            case "remove":
                await user_lifecycle.remove(store, user, change)
        where = paths.USERS if name == "remove" else f"{paths.USERS}/{user.id}"
        return done(where, step.told.format(user.display_name))

    async def _possible(self, user: User) -> tuple[str, ...]:
        """What can be done with the account as it is now."""
        standing = (await self.desk.store.sign_ins(user.org_id, (user.id,))).get(user.id)
        locked = standing is not None and standing.locked and user.active
        return (("unlock",) if locked else ()) + _POSSIBLE[user.status]

    async def _found(self, visit: Visit, wanted: str, after: str) -> list[User]:
        """A page of users and one more; with ``wanted`` those with the text in a name or the address."""
        if not wanted:
            return list(await users.list_users(self.desk.store, visit.change, after=after, limit=_PAGE + 1))
        return list(await find_people(self.desk.store, visit.org_id, wanted, after=after, limit=_PAGE + 1))


def _profile(values: Params, known: Mapping[str, str]) -> dict[str, str]:
    """The profile that the form describes: fields that it does not show stay, fields left empty go."""
    profile = dict(known)
    for name in values.names():
        if name.startswith(_PROFILE):
            text = optional(values, name)
            profile.pop(name.removeprefix(_PROFILE), None)
            if text:
                profile[name.removeprefix(_PROFILE)] = text
    return profile
