"""One user as their pages show them: the way to them, and the tabs."""

from typing import Final

from segue.admin import users
from segue.console import paths
from segue.console.desk import Desk
from segue.console.visit import Visit, with_query
from segue.console.words import USER_STATUS, moment
from segue.core.user import User
from segue.web.message import Page

_TABS: Final = (
    ("Profile", "", "users.read"),
    ("Sign-in", "/security", "users.read"),
    ("Applications", "/apps", "apps.read"),
    ("Lineage", "/lineage", "sessions.read"),
)


async def known_user(desk: Desk, visit: Visit) -> User:
    """The user of the address, by id alone. Raises Refusal ``not_found``."""
    user = await desk.store.user(visit.org_id, visit.param("id"))
    return user if user is not None else await users.find_user(desk.store, visit.param("id"), visit.change)


def user_page(visit: Visit, template: str, user: User, tab: str, **context: object) -> Page:
    """A page below the user's tabs; ``tab`` is the end of its address."""
    one = f"{paths.USERS}/{user.id}"
    words, tone = USER_STATUS[user.status]
    tabs = [(label, f"{one}{end}", end == tab) for label, end, needs in _TABS if visit.may(needs)]
    if visit.may("logs.read"):
        tabs.append(("Events", with_query(paths.EVENTS, who=user.id), False))
    return visit.page(
        template,
        user.display_name,
        crumbs=(("Users", paths.USERS),),
        section=paths.USERS,
        user=user,
        person={"name": user.display_name, "login": user.login, "status": words, "tone": tone},
        one=one,
        tabs=tabs,
        editable=visit.may("users.manage"),
        **context,
    )


def user_row(user: User, now_at: int) -> dict[str, object]:
    """A user in a list."""
    words, tone = USER_STATUS[user.status]
    return {
        "name": user.display_name,
        "login": user.login,
        "email": user.email,
        "status": words,
        "tone": tone,
        "created": moment(user.created_at, now_at),
        "address": f"{paths.USERS}/{user.id}",
    }
