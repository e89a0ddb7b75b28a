"""``segue app show``, ``set``, ``secret``, ``assign``, ``unassign`` and ``delete``."""

from dataclasses import dataclass, replace

from segue.admin import applications, assignments
from segue.admin.assignments import WantedAssignment
from segue.admin.change import Change
from segue.admin.client_secrets import secrets_of
from segue.admin.users import find_user
from segue.cli.applications import every, facts, home_of, named, protocol_of
from segue.cli.workplace import Problem, Workplace, columns, say
from segue.core.application import Application, Bookmark
from segue.core.org import Group

_SHOWN = 20
_PAGE = 200


@dataclass(frozen=True, slots=True)
class Wanted:
    """What is to be different; None, and nothing at all, leaves a setting as it is."""

    label: str | None = None
    addresses: tuple[str, ...] = ()
    more_grants: frozenset[str] = frozenset()
    fewer_grants: frozenset[str] = frozenset()
    everyone: bool | None = None
    active: bool | None = None


async def show(workplace: Workplace, name: str, *, org: str | None) -> None:
    """One application with its settings, its addresses and the first who have it. Raises Problem."""
    owner = await workplace.org(org)
    change = workplace.change(owner.id)
    app = named(await every(workplace, change), name)
    say(f"{app.label} ({app.id}), {protocol_of(app)}, {app.status}", *facts(app, await home_of(workplace, owner)))
    say(*_settings(app))
    if app.everyone:
        say("It is for everybody.")
        return
    groups = await workplace.store.group_assignments(owner.id, app.id, limit=_SHOWN)
    names = {group.id: group.name for group in await _groups(workplace, change)} if groups else {}
    for group in groups:
        say(f"Assigned to the group {names.get(group.group_id, group.group_id)}.")
    people = await assignments.list_assignments(workplace.store, app.id, change, limit=_SHOWN + 1)
    rows = [(one.login, one.user_name, "by name" if one.by_name else "through a group") for one in people[:_SHOWN]]
    say(*columns([("LOGIN", "CALLED", "HOW"), *rows])) if rows else say("Nobody has it.")
    if len(people) > _SHOWN:
        say("and more.")


async def change(workplace: Workplace, name: str, wanted: Wanted, *, org: str | None) -> None:
    """Changes an application. Raises Problem, Refusal."""
    made = workplace.change((await workplace.org(org)).id)
    app = named(await every(workplace, made), name)
    after = _with_addresses(replace(app, label=wanted.label or app.label), wanted.addresses)
    if wanted.everyone is not None:
        after = replace(after, everyone=wanted.everyone)
    if wanted.more_grants or wanted.fewer_grants:
        if after.oidc is None:
            raise Problem(f"{app.label} is no OpenID Connect client and has no grant types.")
        grants = (after.oidc.grant_types | wanted.more_grants) - wanted.fewer_grants
        after = replace(after, oidc=replace(after.oidc, grant_types=grants))
    if after == app and wanted.active is None:
        raise Problem("Nothing was said that is to be changed.")
    if after != app:
        local = workplace.settings.local_names
        await applications.update_application(workplace.store, after, made, local_names=local)
    if wanted.active is not None:
        await applications.set_status(workplace.store, app.id, "active" if wanted.active else "inactive", made)
    say(f"Changed {after.label} ({app.id}).")


async def renew_secret(workplace: Workplace, name: str, *, keep_old: bool, org: str | None) -> None:
    """A new secret of a client, shown once. Raises Problem, Refusal."""
    made = workplace.change((await workplace.org(org)).id)
    app = named(await every(workplace, made), name)
    _, secret = await applications.new_client_secret(workplace.store, app.id, made, keep_old=keep_old)
    say(f"Client secret: {secret}   (shown this once)")
    say("The earlier one goes on working beside it." if keep_old else "Every earlier one is dead.")


async def assign(
    workplace: Workplace, name: str, user: str | None, group: str | None, *, called: str, org: str | None
) -> None:
    """Assigns an application to a user or to a group. Raises Problem, Refusal."""
    made = workplace.change((await workplace.org(org)).id)
    app = named(await every(workplace, made), name)
    if group is not None and user is None and not called:
        owner = await _group(workplace, group, made)
        await assignments.assign_group(workplace.store, app.id, owner.id, 0, {}, made)
        say(f"Whoever is in {owner.name} may use {app.label}.")
    elif user is not None and group is None:
        person = await find_user(workplace.store, user, made)
        await assignments.assign_user(workplace.store, app.id, person.id, WantedAssignment(called), made)
        say(f"{person.login} may use {app.label}{f' and is {called} there' if called else ''}.")
    else:
        raise Problem("Say who: --user LOGIN (with --as NAME where they are called otherwise there) or --group NAME.")


async def unassign(workplace: Workplace, name: str, user: str | None, group: str | None, *, org: str | None) -> None:
    """Takes an application away from a user or a group. Raises Problem, Refusal."""
    made = workplace.change((await workplace.org(org)).id)
    app = named(await every(workplace, made), name)
    if (user is None) is (group is None):
        raise Problem("Say from whom: --user LOGIN or --group NAME.")
    if group is not None:
        owner = await _group(workplace, group, made)
        done, whose = await assignments.unassign_group(workplace.store, app.id, owner.id, made), owner.name
    else:
        person = await find_user(workplace.store, user or "", made)
        done, whose = await applications.unassign(workplace.store, app.id, person.id, made), person.login
    if not done:
        raise Problem(f"{app.label} is not assigned to {whose} by name.")
    say(f"{app.label} is assigned to {whose} no more.")


async def delete(workplace: Workplace, name: str, *, org: str | None) -> None:
    """Deletes an application that is disabled. Raises Problem, Refusal."""
    made = workplace.change((await workplace.org(org)).id)
    app = named(await every(workplace, made), name)
    await applications.remove_application(workplace.store, app.id, made)
    say(f"Deleted {app.label} ({app.id}).")


def _settings(app: Application) -> tuple[str, ...]:
    """The settings that an operator compares with those at the application."""
    if app.oidc is not None:
        client = app.oidc
        working = len([secret for secret in secrets_of(client) if secret.active])
        return (
            f"Grant types: {', '.join(sorted(client.grant_types))}",
            f"Authentication: {client.authentication}{f', {working} secrets' if client.has_secret else ''}",
            *(f"Redirect address: {address}" for address in client.redirect_uris),
        )
    if app.saml is not None:
        addresses = (f"Consumer address: {address}" for address in app.saml.acs_urls)
        return (f"Entity id: {app.saml.entity_id}", *addresses)
    if app.wsfed is not None:
        return (f"Realm: {app.wsfed.realm}", *(f"Reply address: {address}" for address in app.wsfed.reply_urls))
    return (f"Leads to: {app.bookmark.url}",) if app.bookmark is not None else ()


def _with_addresses(app: Application, addresses: tuple[str, ...]) -> Application:
    if not addresses:
        return app
    if app.oidc is not None:
        return replace(app, oidc=replace(app.oidc, redirect_uris=addresses))
    if app.saml is not None:
        return replace(app, saml=replace(app.saml, acs_urls=addresses))
    if app.wsfed is not None:
        return replace(app, wsfed=replace(app.wsfed, reply_urls=addresses))
    if len(addresses) != 1:
        raise Problem("A bookmark has one address.")
    return replace(app, bookmark=Bookmark(addresses[0]))


async def _groups(workplace: Workplace, change: Change) -> list[Group]:
    found: list[Group] = []
    after = ""
    while page := await workplace.store.groups(change.org_id, after=after, limit=_PAGE):
        found += page
        after = page[-1].id
    return found


async def _group(workplace: Workplace, name: str, change: Change) -> Group:
    for group in await _groups(workplace, change):
        if name in (group.id, group.name):
            return group
    raise Problem(f"There is no group called {name}.")
