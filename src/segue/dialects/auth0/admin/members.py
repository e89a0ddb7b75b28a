"""The members of a body, read one by one: each is of its type, and what nothing reads is refused (MG-03)."""

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from typing import Final

from segue.core.strict import JsonValue
from segue.dialects.auth0.admin.errors import invalid_body, not_supported

_MOST_ITEMS: Final = 200
_NAMES: Final = {bool: "boolean", int: "integer", float: "number", str: "string", list: "array", dict: "object"}


@dataclass(frozen=True, slots=True)
class Members:
    """``path`` is where the object stands in the body, "" for the body itself. Every function raises ApiRefusal."""

    data: Mapping[str, JsonValue]
    path: str = ""

    def only(self, *known: str) -> None:
        for name in self.data:
            if name not in known:
                raise invalid_body(self.path, f"Additional properties not allowed: {name[:64]}")

    def __contains__(self, name: str) -> bool:
        return name in self.data

    def is_null(self, name: str) -> bool:
        return name in self.data and self.data[name] is None

    def text(self, name: str, *, longest: int = 1024) -> str:
        value = self.data.get(name)
        if not isinstance(value, str):
            raise self._type(name, "string")
        if len(value) > longest:
            raise invalid_body(self._at(name), f"String is too long ({len(value)} chars), maximum {longest}")
        return value

    def choice(self, name: str, values: Collection[str]) -> str:
        value = self.text(name)
        if value not in values:
            raise invalid_body(self._at(name), f'No enum match for: "{value[:64]}"')
        return value

    def flag(self, name: str) -> bool:
        value = self.data.get(name)
        if not isinstance(value, bool):
            raise self._type(name, "boolean")
        return value

    def number(self, name: str) -> int:
        value = self.data.get(name)
        if not isinstance(value, int) or isinstance(value, bool):
            raise self._type(name, "integer")
        return value

    def texts(self, name: str) -> tuple[str, ...]:
        value = self.data.get(name)
        if not isinstance(value, list):
            raise self._type(name, "array")
        if len(value) > _MOST_ITEMS:
            raise invalid_body(self._at(name), f"Array is too long ({len(value)}), maximum {_MOST_ITEMS}")
        found: list[str] = []
        for number, item in enumerate(value):
            if not isinstance(item, str):
                raise invalid_body(f"{self._at(name)}[{number}]", f"Expected type string but found type {_type(item)}")
            if item in found:
                raise invalid_body(
                    self._at(name), f"Array items are not unique (indexes {found.index(item)} and {number})"
                )
            found.append(item)
        return tuple(found)

    def part(self, name: str) -> "Members":
        value = self.data.get(name)
        if not isinstance(value, dict):
            raise self._type(name, "object")
        return Members(value, self._at(name))

    def unless(self, name: str, *harmless: JsonValue, why: str) -> None:
        """Refuses a setting that we do not have, unless it asks for what happens anyway."""
        value = self.data.get(name)
        if name in self.data and not any(type(value) is type(one) and value == one for one in (None, *harmless)):
            raise not_supported(self._at(name), why)

    def _type(self, name: str, wanted: str) -> Exception:
        if name not in self.data:
            return invalid_body(self.path, f"Missing required property: {name}")
        return invalid_body(self._at(name), f"Expected type {wanted} but found type {_type(self.data[name])}")

    def _at(self, name: str) -> str:
        return f"{self.path}.{name}" if self.path else name


def _type(value: JsonValue) -> str:
    return "null" if value is None else _NAMES[type(value)]
