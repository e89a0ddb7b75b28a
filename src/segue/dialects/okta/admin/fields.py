"""The members of a JSON object that a caller sent, each read as the type it has to be.

What a caller may set is named; anything else is refused and never dropped in silence (MG-03). A member that is null is
one that is not there, since clients send back every member that they know.
"""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from typing import Final, NoReturn

from segue.core.strict import JsonValue
from segue.dialects.okta.errors import ValidationFailed

_MOST_ITEMS: Final = 200
_SHOWN_CHARS: Final = 64


@dataclass(frozen=True, slots=True)
class Fields:
    """``path`` is where the object stands in the body ("" for the body itself); every function that reads raises
    ValidationFailed and names the member."""

    data: Mapping[str, JsonValue]
    path: str = ""

    def only(self, *names: str) -> None:
        """That there is no member but these."""
        for name, value in self.data.items():
            if value is not None and name not in names:
                self.refuse(name[:_SHOWN_CHARS], "there is no such setting here")

    def has(self, name: str) -> bool:
        return self.data.get(name) is not None

    def text(self, name: str, default: str = "") -> str:
        value = self.data.get(name)
        if value is None:
            return default
        if not isinstance(value, str):
            self.refuse(name, "a text is needed")
        return value

    def needed(self, name: str) -> str:
        return self.text(name) or self.refuse(name, "a text is needed")

    def choice(self, name: str, values: Collection[str], default: str) -> str:
        value = self.text(name, default)
        if value not in values:
            self.refuse(name, f"one of {', '.join(sorted(values))}")
        return value

    def flag(self, name: str, default: bool = False) -> bool:
        value = self.data.get(name)
        if value is None:
            return default
        if not isinstance(value, bool):
            self.refuse(name, "true or false is needed")
        return value

    def number(self, name: str, default: int) -> int:
        value = self.data.get(name)
        if value is None:
            return default
        if not isinstance(value, int) or isinstance(value, bool) or not 0 <= value < 2**31:
            self.refuse(name, "a whole number is needed")
        return value

    def texts(self, name: str) -> tuple[str, ...]:
        value = self.data.get(name)
        if value is None:
            return ()
        if not isinstance(value, list) or len(value) > _MOST_ITEMS:
            self.refuse(name, f"a list of at most {_MOST_ITEMS} texts is needed")
        return tuple(item if isinstance(item, str) else self.refuse(name, "each item is a text") for item in value)

    def part(self, name: str) -> "Fields":
        """The object under ``name``, an empty one where there is none."""
        value = self.data.get(name)
        if value is None:
            value = {}
        if not isinstance(value, dict):
            self.refuse(name, "an object is needed")
        return Fields(value, self._at(name))

    def parts(self, name: str) -> Sequence["Fields"]:
        value = self.data.get(name)
        if value is None:
            return ()
        if not isinstance(value, list) or len(value) > _MOST_ITEMS:
            self.refuse(name, f"a list of at most {_MOST_ITEMS} objects is needed")
        return [
            Fields(item, f"{self._at(name)}[{number}]") if isinstance(item, dict) else self.refuse(name, "objects")
            for number, item in enumerate(value)
        ]

    def kept(self, *names: str) -> dict[str, JsonValue]:
        """These members as they came, where they are there."""
        return {name: self.data[name] for name in names if self.data.get(name) is not None}

    def unless(self, name: str, *harmless: JsonValue, why: str) -> None:
        """Refuses a setting that we do not have, unless it is absent or asks for what happens anyway."""
        value = self.data.get(name)
        if value is not None and value not in harmless:
            self.refuse(name, why)

    def refuse(self, name: str, cause: str) -> NoReturn:
        field = self._at(name)
        raise ValidationFailed(field, field, f"{field}: {cause}")

    def _at(self, name: str) -> str:
        return f"{self.path}.{name}" if self.path else name
