"""``segue org …``: the settings of an org, shown and changed one by one."""

from collections.abc import Sequence

from segue.admin import org_settings, orgs
from segue.cli.workplace import Problem, Workplace, columns, say


async def show(workplace: Workplace, *, org: str | None) -> None:
    """Every setting of the org, one on a line, as ``set`` takes it."""
    found = await workplace.org(org)
    rows = [(name, org_settings.written(value)) for name, value in org_settings.settable(found.settings).items()]
    say(f"{found.name} ({found.id})", *columns([("SETTING", "VALUE"), *rows]))


async def change(workplace: Workplace, wanted: Sequence[str], *, org: str | None) -> None:
    """Changes settings given as ``name=value``. Raises Problem, Refusal; then nothing was changed."""
    found = await workplace.org(org)
    given: dict[str, str] = {}
    for one in wanted:
        name, equals, text = one.partition("=")
        if not equals or name not in org_settings.settable(found.settings):
            raise Problem(f"There is no setting {name}: `segue org show` lists them; write name=value.")
        given[name] = text
    settings = org_settings.with_settings(found.settings, given)
    await orgs.change_settings(workplace.store, settings, workplace.change(found.id))
    now = org_settings.settable(settings)
    say(*(f"{name} is {org_settings.written(now[name])} now." for name in given))
