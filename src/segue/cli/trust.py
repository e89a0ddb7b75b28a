"""``segue trust …``: which applications may hand a sign-in over to which."""

from segue.admin import applications, trust
from segue.admin.change import Change
from segue.cli.workplace import Problem, Workplace, columns, say
from segue.core.application import Application

_PAGE = 200


async def add(workplace: Workplace, target: str, origin: str, *, org: str | None) -> None:
    """Lets ``origin`` hand sign-ins over to ``target``. Raises Problem, Refusal."""
    change = workplace.change((await workplace.org(org)).id)
    apps = await _all(workplace, change)
    to, of = _named(apps, target), _named(apps, origin)
    entry = await trust.trust_application(workplace.store, to.id, of.id, change)
    say(f"{to.label} takes sign-ins from {of.label} ({entry.id}).")


async def remove(workplace: Workplace, target: str, origin: str, *, org: str | None) -> None:
    """Takes that back, at once. Raises Problem, Refusal."""
    change = workplace.change((await workplace.org(org)).id)
    apps = await _all(workplace, change)
    to, of = _named(apps, target), _named(apps, origin)
    await trust.distrust_application(workplace.store, to.id, of.id, change)
    say(f"{to.label} takes no sign-ins from {of.label} any more.")


async def show_all(workplace: Workplace, target: str | None, *, org: str | None) -> None:
    """Every entry of the org, or of one target, one on a line. Raises Problem."""
    change = workplace.change((await workplace.org(org)).id)
    apps = await _all(workplace, change)
    labels = {app.id: app.label for app in apps}
    rows: list[tuple[str, ...]] = []
    for app in [_named(apps, target)] if target else apps:
        # A target has fifty at most, so a page holds them all.
        for entry in await trust.list_trusted(workplace.store, app.id, change, limit=_PAGE):
            origin = entry.origin_app_id
            rows.append((app.id, app.label, origin, labels.get(origin, "")))
    head = ("TARGET", "LABEL", "TAKES SIGN-INS FROM", "LABEL")
    say(*columns([head, *rows])) if rows else say("No application takes sign-ins from another one.")


async def _all(workplace: Workplace, change: Change) -> list[Application]:
    apps: list[Application] = []
    after = ""
    while page := await applications.list_applications(workplace.store, change, after=after, limit=_PAGE):
        apps += page
        after = page[-1].id
    return apps


def _named(apps: list[Application], name: str) -> Application:
    """The application of that id or client id, or the only one of that name or label."""
    by_id = [app for app in apps if name in (app.id, app.oidc.client_id if app.oidc else None)]
    found = by_id or [app for app in apps if name in (app.name, app.label)]
    if len(found) == 1:
        return found[0]
    why = "There is no application" if not found else "There are several applications"
    raise Problem(f"{why} called {name}: `segue app list` shows their ids.")
