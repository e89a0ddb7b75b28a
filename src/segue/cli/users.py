"""``segue user …``: people added, listed, disabled, given a password."""

from collections.abc import Mapping

from segue.admin import users
from segue.admin.users import NewUser
from segue.cli.new_password import new_password
from segue.cli.workplace import Problem, Workplace, columns, hashing, say
from segue.core.user import User, UserStatus

_PAGE = 500
_SHOWN_ONCE = "Password: {password}   (shown this once)"


async def add(
    workplace: Workplace, login: str, profile: Mapping[str, str], *, org: str | None, password: str | None
) -> None:
    """Adds a user with a given password, or with one made here and shown once."""
    change = workplace.change((await workplace.org(org)).id)
    chosen = new_password(workplace.source.random) if password is None else password
    with hashing(workplace.settings) as hasher:
        user = await users.add_user(workplace.store, hasher, NewUser(login, profile, chosen), change)
    say(f"Added {user.login} ({user.id}).")
    _show(None if password is not None else chosen)


async def show_all(workplace: Workplace, *, org: str | None) -> None:
    """Every user of the org, one on a line."""
    change = workplace.change((await workplace.org(org)).id)
    rows: list[tuple[str, str, str, str]] = []
    after = ""
    while page := await users.list_users(workplace.store, change, after=after, limit=_PAGE):
        rows += [_row(user) for user in page]
        after = page[-1].id
    say(*columns([("ID", "LOGIN", "STATUS", "NAME"), *rows])) if rows else say("There are no users yet.")


async def set_status(workplace: Workplace, login: str, status: UserStatus, *, org: str | None) -> None:
    """Disables or enables a user; sessions and tokens end with the change."""
    change = workplace.change((await workplace.org(org)).id)
    user = await users.find_user(workplace.store, login, change)
    if user.status == status:
        say(f"{user.login} is {status} already.")
        return
    await users.set_status(workplace.store, user.id, status, change)
    say(f"{user.login} is {status} now; whatever was issued to them before has ended.")


async def set_password(workplace: Workplace, login: str, *, org: str | None, password: str | None) -> None:
    """Gives a user a new password; sessions and tokens end with the change."""
    change = workplace.change((await workplace.org(org)).id)
    user = await users.find_user(workplace.store, login, change)
    if user.status == "deprovisioned":
        raise Problem(f"{user.login} is deprovisioned; enable the user first.")
    chosen = new_password(workplace.source.random) if password is None else password
    with hashing(workplace.settings) as hasher:
        await users.set_password(workplace.store, hasher, user.id, chosen, change)
    say(f"{user.login} has a new password; whatever was issued to them before has ended.")
    _show(None if password is not None else chosen)


def _show(password: str | None) -> None:
    if password is not None:
        say(_SHOWN_ONCE.format(password=password))


def _row(user: User) -> tuple[str, str, str, str]:
    name = user.display_name
    return user.id, user.login, user.status, "" if name == user.login else name
