"""``segue init``: from nothing to an installation that can serve, as often as it is run."""

import asyncio
from dataclasses import dataclass
from typing import Final

from segue.admin import roles, users
from segue.admin.orgs import Established, NewOrg, NewServer, establish_org
from segue.admin.users import NewUser
from segue.cli.migrate import bring_up
from segue.cli.new_password import new_password
from segue.cli.workplace import Problem, Workplace, hashing, opened, say
from segue.core.refusal import Refusal
from segue.core.sealing import Sealer
from segue.core.url import BadUrl, parse_web_url
from segue.settings import Settings, ensure_master_key, load, read_secrets

# The authorization servers that clients of each dialect expect to find.
SERVERS: Final = {
    "okta": (
        NewServer(name="Org server", path=""),
        NewServer(name="default", path="oauth2/default", audience="api://default"),
    ),
}
DIALECT: Final = "okta"
_FIRST_LOGIN: Final = "admin"


@dataclass(frozen=True, slots=True)
class Wanted:
    """What the command line asked for; None was not said."""

    domain: str | None = None
    name: str | None = None
    admin_login: str | None = None
    database: str | None = None


def init(wanted: Wanted) -> None:
    """Makes what is missing and says so. Raises Problem, SettingsError, CannotStart, Refusal."""
    settings = load(database_url=wanted.database)
    if ensure_master_key(settings):
        say(f"Made: master key in {settings.key_file} (keep a copy elsewhere: without it the database is useless)")
    bring_up(settings)
    asyncio.run(_init(settings, wanted))


async def _init(settings: Settings, wanted: Wanted) -> None:
    async with opened(settings) as workplace:
        base_url = await _base_url(workplace, wanted)
        new = NewOrg(name=wanted.name or _host(base_url), base_url=base_url, dialect=DIALECT, servers=SERVERS[DIALECT])
        secrets = read_secrets(settings)
        sealer = Sealer(secrets.master_key, previous=secrets.previous)
        org = await establish_org(workplace.store, sealer, new, workplace.change(""), local_names=settings.local_names)
        say(*(f"Made: {what}" for what in org.made))
        admin = await _admin(workplace, org, wanted.admin_login)
        owner = await _owner(workplace, org, wanted.admin_login)
        if not org.made and not admin and not owner:
            say("Nothing was missing.")
        _next_steps(settings, org, given=wanted.database is not None)


async def _base_url(workplace: Workplace, wanted: Wanted) -> str:
    """The domain asked for; else the one there is; else this machine at the port that ``segue serve`` uses."""
    if wanted.domain is not None:
        return wanted.domain
    domains = await workplace.store.domains()
    if len(domains) > 1:
        raise Problem("There are several domains; say which one to complete with --domain.")
    if domains:
        return domains[0].base_url
    port = workplace.settings.port
    return f"{workplace.settings.scheme}://localhost:{port}"


async def _admin(workplace: Workplace, org: Established, login: str | None) -> bool:
    """Adds the first user; later calls add none unless they name one who is not there. Whether it did."""
    change = workplace.change(org.org.id)
    if login is None and await users.list_users(workplace.store, change, limit=1):
        return False
    try:
        await users.find_user(workplace.store, login or _FIRST_LOGIN, change)
        return False
    except Refusal as refusal:
        if refusal.reason != "not_found":
            raise
    password = new_password(workplace.source.random)
    with hashing(workplace.settings) as hasher:
        new = NewUser(login or _FIRST_LOGIN, {}, password)
        user = await users.add_user(workplace.store, hasher, new, change)
    say(f"Made: user {user.login}", f"Password of {user.login}: {password}   (shown this once)")
    return True


async def _owner(workplace: Workplace, org: Established, login: str | None) -> bool:
    """Makes the first user an owner where nobody is one yet. Whether it did."""
    change = workplace.change(org.org.id)
    if any(found.role == "owner" for found in await roles.list_roles(workplace.store, change)):
        return False
    try:
        user = await users.find_user(workplace.store, login or _FIRST_LOGIN, change)
    except Refusal as refusal:
        if refusal.reason != "not_found":
            raise
        say("Nobody is an owner of this org yet: `segue role assign LOGIN owner`.")
        return False
    await roles.assign_role(workplace.store, user, "owner", change)
    say(f"Made: {user.login} an owner of the org")
    return True


def _next_steps(settings: Settings, org: Established, *, given: bool) -> None:
    say("", f"{org.org.name} is ready at {org.domain.base_url}, its data in {settings.database_label}.")
    if given:
        say("The other commands find this database by SEGUE_DATABASE_URL, or by --database.")
    say("Next: `segue serve` starts it, `segue doctor` checks it, `segue user add` adds people.")


def _host(base_url: str) -> str:
    try:
        return parse_web_url(base_url).host
    except BadUrl as error:
        raise Problem(f"The domain cannot be used: {error}; it looks like https://id.example.com.") from None
