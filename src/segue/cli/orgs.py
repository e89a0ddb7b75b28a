"""``segue org …``: the settings of an org, shown and changed one by one."""

from collections.abc import Sequence
from dataclasses import fields, replace
from typing import Any, Final

from segue.admin import orgs
from segue.cli.workplace import Problem, Workplace, columns, say
from segue.core.org import OrgSettings

_ON_OFF: Final = {"on": True, "off": False}
_NESTED: Final = "password_rules"


async def show(workplace: Workplace, *, org: str | None) -> None:
    """Every setting of the org, one on a line, as ``set`` takes it."""
    found = await workplace.org(org)
    rows = [(name, _written(value)) for name, value in _settable(found.settings).items()]
    say(f"{found.name} ({found.id})", *columns([("SETTING", "VALUE"), *rows]))


async def change(workplace: Workplace, wanted: Sequence[str], *, org: str | None) -> None:
    """Changes settings given as ``name=value``. Raises Problem, Refusal; then nothing was changed."""
    found = await workplace.org(org)
    settings = found.settings
    for one in wanted:
        name, equals, text = one.partition("=")
        known = _settable(settings)
        if not equals or name not in known:
            raise Problem(f"There is no setting {name}: `segue org show` lists them; write name=value.")
        value = _read(name, text, known[name])
        inner = name.removeprefix(f"{_NESTED}.")
        changed: dict[str, Any] = {inner: value}
        if inner != name:
            changed = {_NESTED: replace(settings.password_rules, **changed)}
        settings = replace(settings, **changed)
    await orgs.change_settings(workplace.store, settings, workplace.change(found.id))
    say(*(f"{one.partition('=')[0]} is {_written(_settable(settings)[one.partition('=')[0]])} now." for one in wanted))


def _settable(settings: OrgSettings) -> dict[str, object]:
    """The settings that one line can say: flags, numbers, lists of words."""
    found = {field.name: getattr(settings, field.name) for field in fields(settings)}
    rules = found.pop(_NESTED)
    plain: dict[str, object] = {name: value for name, value in found.items() if _is_plain(value)}
    return plain | {f"{_NESTED}.{field.name}": getattr(rules, field.name) for field in fields(rules)}


def _is_plain(value: object) -> bool:
    return isinstance(value, bool | int) or (
        isinstance(value, tuple) and all(isinstance(member, str) for member in value)
    )


def _read(name: str, text: str, before: object) -> bool | int | tuple[str, ...]:
    """``text`` as the kind of value that the setting has."""
    if isinstance(before, bool):
        if text not in _ON_OFF:
            raise Problem(f"{name} is on or off.")
        return _ON_OFF[text]
    if isinstance(before, int):
        if not text.isascii() or not text.isdigit() or len(text) > 12:
            raise Problem(f"{name} is a number.")
        return int(text)
    return tuple(word.strip() for word in text.split(",") if word.strip())


def _written(value: object) -> str:
    if isinstance(value, bool):
        return "on" if value else "off"
    return ",".join(value) if isinstance(value, tuple) else str(value)
