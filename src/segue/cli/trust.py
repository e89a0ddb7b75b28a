"""``segue trust …``: which applications may hand a sign-in over to which."""

from segue.admin import trust
from segue.cli.applications import every, named
from segue.cli.workplace import Workplace, columns, say

_PAGE = 200


async def add(workplace: Workplace, target: str, origin: str, *, org: str | None) -> None:
    """Lets ``origin`` hand sign-ins over to ``target``. Raises Problem, Refusal."""
    change = workplace.change((await workplace.org(org)).id)
    apps = await every(workplace, change)
    to, of = named(apps, target), named(apps, origin)
    entry = await trust.trust_application(workplace.store, to.id, of.id, change)
    say(f"{to.label} takes sign-ins from {of.label} ({entry.id}).")


async def remove(workplace: Workplace, target: str, origin: str, *, org: str | None) -> None:
    """Takes that back, at once. Raises Problem, Refusal."""
    change = workplace.change((await workplace.org(org)).id)
    apps = await every(workplace, change)
    to, of = named(apps, target), named(apps, origin)
    await trust.distrust_application(workplace.store, to.id, of.id, change)
    say(f"{to.label} takes no sign-ins from {of.label} any more.")


async def show_all(workplace: Workplace, target: str | None, *, org: str | None) -> None:
    """Every entry of the org, or of one target, one on a line. Raises Problem."""
    change = workplace.change((await workplace.org(org)).id)
    apps = await every(workplace, change)
    labels = {app.id: app.label for app in apps}
    rows: list[tuple[str, ...]] = []
    for app in [named(apps, target)] if target else apps:
        # A target has fifty at most, so a page holds them all.
        for entry in await trust.list_trusted(workplace.store, app.id, change, limit=_PAGE):
            origin = entry.origin_app_id
            rows.append((app.id, app.label, origin, labels.get(origin, "")))
    head = ("TARGET", "LABEL", "TAKES SIGN-INS FROM", "LABEL")
    say(*columns([head, *rows])) if rows else say("No application takes sign-ins from another one.")
