"""What a list is narrowed to and how it is ordered: a small tree that storage turns into its own language.

Which fields there are is said by the list (``stores.UserStore.find_users``). ``profile.x`` names a field of a profile.
"""

from dataclasses import dataclass
from typing import Literal, TypeAlias

Operator = Literal["eq", "ne", "gt", "ge", "lt", "le", "sw", "ew", "co", "pr"]


@dataclass(frozen=True, slots=True)
class Where:
    """One question about one field. Texts are compared without regard to the case of ASCII letters; a field that is
    absent fits only ``ne`` and an ``eq`` of None. ``sw``, ``ew`` and ``co`` ask about texts alone."""

    field: str
    operator: Operator
    value: str | int | bool | None = None


@dataclass(frozen=True, slots=True)
class AllOf:
    parts: tuple["Condition", ...]


@dataclass(frozen=True, slots=True)
class AnyOf:
    parts: tuple["Condition", ...]


@dataclass(frozen=True, slots=True)
class Negated:
    part: "Condition"


Condition: TypeAlias = Where | AllOf | AnyOf | Negated


@dataclass(frozen=True, slots=True)
class Order:
    """By a field, and by id where two have the same there. ``after`` is field and id of the last one of the page
    before."""

    field: str
    descending: bool = False
    after: tuple[str | int, str] | None = None
