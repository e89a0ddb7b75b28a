"""The settings of an org as people write them: one name, one text. The command line and the console read them alike."""

from collections.abc import Mapping
from dataclasses import fields, replace
from typing import Any, Final, TypeAlias

from segue.admin.change import invalid
from segue.core.org import OrgSettings

Value: TypeAlias = bool | int | tuple[str, ...]
"""What a setting is: on or off, a number, or words."""

_ON_OFF: Final = {"on": True, "off": False}
_NESTED: Final = "password_rules"
# Links have three texts each, so no line says them; without any they would look like a list of words.
_NO_LINES: Final = frozenset({"landing_links"})
_MOST_DIGITS: Final = 12


def settable(settings: OrgSettings) -> Mapping[str, Value]:
    """The settings that one line can say, by name; those of passwords as ``password_rules.min_length``."""
    found = {field.name: getattr(settings, field.name) for field in fields(settings)}
    rules = found.pop(_NESTED)
    nested = {f"{_NESTED}.{field.name}": getattr(rules, field.name) for field in fields(rules)}
    return {name: value for name, value in (found | nested).items() if name not in _NO_LINES and _is_plain(value)}


def with_settings(settings: OrgSettings, wanted: Mapping[str, str]) -> OrgSettings:
    """``settings`` with those that ``wanted`` names, each written as :func:`written` writes it.

    Raises Refusal ``invalid_value`` that names the setting; whether a value is in its limits is checked where the
    settings are changed.
    """
    known = settable(settings)
    for name, text in wanted.items():
        if name not in known:
            raise invalid(name, f"There is no setting {name[:80]}.")
        value = _read(name, text, known[name])
        inner = name.removeprefix(f"{_NESTED}.")
        changed: dict[str, Any] = {inner: value}
        if inner != name:
            changed = {_NESTED: replace(settings.password_rules, **changed)}
        settings = replace(settings, **changed)
    return settings


def written(value: Value) -> str:
    """``on``, ``off``, a number, or words with commas between them."""
    if isinstance(value, bool):
        return "on" if value else "off"
    return ",".join(value) if isinstance(value, tuple) else str(value)


def _is_plain(value: object) -> bool:
    return isinstance(value, bool | int) or (
        isinstance(value, tuple) and all(isinstance(member, str) for member in value)
    )


def _read(name: str, text: str, before: Value) -> Value:
    """``text`` as the kind of value that the setting has."""
    if isinstance(before, bool):
        if text not in _ON_OFF:
            raise invalid(name, f"{name} is on or off.", seen=text[:40])
        return _ON_OFF[text]
    if isinstance(before, int):
        if not (text.isascii() and text.isdigit() and len(text) <= _MOST_DIGITS):
            raise invalid(name, f"{name} is a number.", seen=text[:40])
        return int(text)
    return tuple(word.strip() for word in text.split(",") if word.strip())
