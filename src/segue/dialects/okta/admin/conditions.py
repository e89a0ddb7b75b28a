"""Filters of this vendor's lists as conditions that storage understands."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Final, Literal

from segue.core.condition import AllOf, AnyOf, Condition, Negated, Where
from segue.dialects.okta.admin.filters import All, BadFilter, Comparison, Either, Filter, Not, moment, read_filter
from segue.dialects.okta.errors import ValidationFailed

Kind = Literal["text", "moment"]
_TEXTS_ONLY: Final = frozenset({"sw", "ew", "co"})
_PROFILE: Final = "profile."


@dataclass(frozen=True, slots=True)
class ListFields:
    """What a list can be narrowed by: a name of the vendor's for a field of storage and its kind.

    ``open_profile`` also takes any field of a profile; ``words`` are fields whose values need a translation of their
    own.
    """

    fields: Mapping[str, tuple[str, Kind]]
    open_profile: bool = False
    words: Mapping[str, Callable[[Comparison], Condition]] = field(default_factory=dict)

    def known(self, name: str) -> str | None:
        """The name as it is spelled here, None for one that is not known."""
        spelled = {one.lower(): one for one in (*self.fields, *self.words)}
        found = spelled.get(name.lower())
        if found is not None or not self.open_profile:
            return found
        member = name[len(_PROFILE) :]
        return f"{_PROFILE}{member}" if name.lower().startswith(_PROFILE) and member.isidentifier() else None


def read_condition(text: str, parameter: str, fields: ListFields) -> Condition:
    """The condition that ``text`` asks for in the query's ``parameter``. Raises ValidationFailed."""
    try:
        return condition_of(read_filter(text, fields.known), fields)
    except BadFilter as bad:
        raise ValidationFailed(parameter, parameter, f"{parameter}: {bad}") from None


def condition_of(wanted: Filter, fields: ListFields) -> Condition:
    """Raises BadFilter where a field cannot be asked for that."""
    match wanted:
        case All(parts):
            return AllOf(tuple(condition_of(part, fields) for part in parts))
        case Either(parts):
            return AnyOf(tuple(condition_of(part, fields) for part in parts))
        case Not(part):
            return Negated(condition_of(part, fields))
        case Comparison():
            return _comparison(wanted, fields)


def _comparison(wanted: Comparison, fields: ListFields) -> Condition:
    if wanted.name in fields.words:
        return fields.words[wanted.name](wanted)
    name, kind = fields.fields.get(wanted.name, (wanted.name, "text"))
    if kind == "text" or wanted.operator == "pr" or wanted.value is None:
        if wanted.value is None and wanted.operator not in ("pr", "eq", "ne"):
            raise BadFilter(f"{wanted.name} cannot be compared with null like that")
        return Where(name, wanted.operator, wanted.value)
    found = moment(wanted.value) if isinstance(wanted.value, str) else None
    if found is None or wanted.operator in _TEXTS_ONLY:
        raise BadFilter(f'{wanted.name} is compared with a moment, as in {wanted.name} gt "2026-01-31T00:00:00.000Z"')
    return _at(name, wanted, milliseconds(found))


def _at(name: str, wanted: Comparison, at: int) -> Condition:
    """Moments are shown in whole seconds, so a second is what they are compared by."""
    start = at - at % 1000
    match wanted.operator:
        case "eq":
            return AllOf((Where(name, "ge", start), Where(name, "lt", start + 1000)))
        case "ne":
            return Negated(AllOf((Where(name, "ge", start), Where(name, "lt", start + 1000))))
        case "gt":
            return Where(name, "ge", start + 1000)
        case "le":
            return Where(name, "lt", start + 1000)
    return Where(name, wanted.operator, start)


def milliseconds(found: datetime) -> int:
    """Epoch milliseconds; what no column could hold is as far away as the calendar goes."""
    return round(found.timestamp() * 1000)
