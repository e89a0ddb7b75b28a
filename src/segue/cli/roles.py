"""``segue role …``: who administers the org."""

from segue.admin import roles, users
from segue.cli.workplace import Workplace, columns, say


async def assign(workplace: Workplace, login: str, role: str, *, org: str | None) -> None:
    """Gives a user a role."""
    change = workplace.change((await workplace.org(org)).id)
    wanted = roles.read_role(role)
    user = await users.find_user(workplace.store, login, change)
    if wanted in await roles.roles_of(workplace.store, user.id, change):
        say(f"{user.login} is {wanted} already.")
        return
    await roles.assign_role(workplace.store, user, wanted, change)
    say(f"{user.login} is {wanted} now.")


async def remove(workplace: Workplace, login: str, role: str, *, org: str | None) -> None:
    """Takes a role back."""
    change = workplace.change((await workplace.org(org)).id)
    wanted = roles.read_role(role)
    user = await users.find_user(workplace.store, login, change)
    await roles.remove_role(workplace.store, user, wanted, change)
    say(f"{user.login} is {wanted} no more.")


async def show_all(workplace: Workplace, *, org: str | None) -> None:
    """Everybody who administers the org, one role on a line."""
    change = workplace.change((await workplace.org(org)).id)
    rows: list[tuple[str, str, str]] = []
    for found in await roles.list_roles(workplace.store, change):
        user = await users.find_user(workplace.store, found.user_id, change)
        rows.append((user.login, found.role, user.status))
    if rows:
        say(*columns([("LOGIN", "ROLE", "STATUS"), *rows]))
    else:
        say("Nobody administers this org yet: `segue role assign LOGIN owner`.")
