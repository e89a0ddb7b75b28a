"""Conditions of ``core.condition`` as SQL of either engine. A value is always bound, and a field is one of those that
are written here: nothing of a caller becomes part of a statement's text (MG-04).
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any, Final, Literal

from segue.core.condition import AllOf, AnyOf, Condition, Negated, Order, Where

Kind = Literal["key", "text", "number", "test"]
_ASCII_LOWER: Final = str.maketrans("ABCDEFGHIJKLMNOPQRSTUVWXYZ", "abcdefghijklmnopqrstuvwxyz")
_COMPARED: Final = {"gt": ">", "ge": ">=", "lt": "<", "le": "<="}
_LIKE: Final = {"sw": "{}%", "ew": "%{}", "co": "%{}%"}
_PROFILE: Final = "profile."


@dataclass(frozen=True, slots=True)
class Engine:
    """Where the engines differ: the folding of case, a member of a JSON text by the place of its bound name, and the
    address of a profile as the index ``users_email`` has it."""

    fold: str
    member: str
    path: str
    email: str


SQLITE: Final = Engine(
    fold="lower({})",
    member="json_extract({column}, {place})",
    path='$."{name}"',
    email="json_extract(profile, '$.email')",
)
POSTGRES: Final = Engine(
    fold='lower(({}) COLLATE "C")',
    member="({column}::jsonb ->> {place}::text)",
    path="{name}",
    email="(profile::jsonb ->> 'email')",
)


@dataclass(frozen=True, slots=True)
class Fields:
    """The fields of one list by name: an expression and its kind; ``profile`` is the column that holds a profile."""

    columns: Mapping[str, tuple[str, Kind]]
    profile: str = ""


USERS: Final = Fields(
    {
        "id": ("id", "key"),
        "login": ("login", "text"),
        "login_key": ("login_key", "key"),
        "status": ("status", "text"),
        "created_at": ("created_at", "number"),
        "updated_at": ("updated_at", "number"),
        "activated_at": ("activated_at", "number"),
        "status_changed_at": ("status_changed_at", "number"),
        "password_changed_at": ("password_changed_at", "number"),
        "password_temporary": ("password_temporary", "test"),
        "limits_exempt": ("limits_exempt", "test"),
        "has_password": ("password_hash IS NOT NULL", "test"),
        "locked": (
            "id IN (SELECT key FROM login_attempts WHERE org_id = $1 AND locked_until_at > {now})",
            "test",
        ),
    },
    profile="profile",
)
GROUPS: Final = Fields(
    {
        "id": ("id", "key"),
        "name": ("name", "text"),
        "description": ("description", "text"),
        "type": ("type", "text"),
        "created_at": ("created_at", "number"),
        "updated_at": ("updated_at", "number"),
        "members_changed_at": ("members_changed_at", "number"),
    }
)


@dataclass(slots=True)
class Narrowed:
    """A statement that lists a page: ``text`` and the ``values`` of its places."""

    text: str
    values: list[Any] = field(default_factory=list)


def page_of(
    select: str,
    fields: Fields,
    engine: Engine,
    *,
    org_id: str,
    condition: Condition | None,
    order: Order | None,
    after: str,
    limit: int,
) -> Narrowed:
    """``select … WHERE org_id = $1`` narrowed, in order of id from ``after`` on or as ``order`` says.

    Raises ValueError for a field that the list does not have, or that cannot be asked so.
    """
    values: list[Any] = [org_id]

    def place(value: Any) -> str:
        values.append(value)
        return f"${len(values)}"

    compiler = _Compiler(fields, engine, place)
    parts = [select]
    if condition is not None:
        parts.append(f"AND {compiler.test(condition)}")
    if order is None:
        parts.append(f"AND id > {place(after)} ORDER BY id")
    else:
        expression, default = compiler.sorted_by(order.field)
        way, beyond = ("DESC", "<") if order.descending else ("ASC", ">")
        if order.after is not None:
            if not isinstance(order.after[0], type(default)):
                raise ValueError("what a list is ordered by has another type")
            parts.append(f"AND ({expression}, id) {beyond} ({place(order.after[0])}, {place(order.after[1])})")
        parts.append(f"ORDER BY {expression} {way}, id {way}")
    parts.append(f"LIMIT {place(limit)}")
    return Narrowed(" ".join(parts), values)


@dataclass(frozen=True, slots=True)
class _Compiler:
    fields: Fields
    engine: Engine
    place: Callable[[Any], str]

    def test(self, condition: Condition) -> str:
        """An expression that is true where the condition holds; false or unknown elsewhere."""
        match condition:
            case AllOf(parts):
                return f"({' AND '.join(self.test(part) for part in parts)})"
            case AnyOf(parts):
                return f"({' OR '.join(self.test(part) for part in parts)})"
            case Negated(part):
                return f"(({self.test(part)}) IS NOT TRUE)"
            case Where():
                return f"({self._where(condition)})"

    def sorted_by(self, name: str) -> tuple[str, str | int]:
        """The expression to order by, and what it is where the field is absent."""
        expression, kind = self._field(name)
        if kind == "number":
            return expression, 0
        if kind == "test":
            raise ValueError(f"nothing is ordered by {name}")
        return self.engine.fold.format(f"coalesce({expression}, '')"), ""

    def _where(self, where: Where) -> str:
        expression, kind = self._field(where.field)
        if kind == "key" and where.operator == "eq" and isinstance(where.value, str):
            return f"{expression} = {self.place(where.value)}"  # as it is, so that its index is used
        match kind:
            case "text" | "key":
                return self._of_text(expression, where)
            case "number":
                return self._of_number(expression, where)
        if where.operator not in ("eq", "ne") or not isinstance(where.value, bool):
            raise ValueError(f"{where.field} is true or false")
        return expression if where.value == (where.operator == "eq") else f"NOT ({expression})"

    def _of_text(self, expression: str, where: Where) -> str:
        present = f"coalesce({expression}, '') <> ''"
        value = where.value
        if where.operator == "pr" or value is None:
            return _presence(where, present)
        text = str(value).lower() if isinstance(value, bool) else str(value).translate(_ASCII_LOWER)
        folded = self.engine.fold.format(f"coalesce({expression}, '')")
        if where.operator == "eq":
            return f"{folded} = {self.place(text)}"
        if where.operator == "ne":
            return f"{folded} <> {self.place(text)}"
        if where.operator in _LIKE:
            escaped = text.replace("\\", "\\\\").replace("%", "\\%").replace("_", "\\_")
            pattern = _LIKE[where.operator].format(escaped)
            return f"{present} AND {folded} LIKE {self.place(pattern)} ESCAPE '\\'"
        return f"{present} AND {folded} {_COMPARED[where.operator]} {self.place(text)}"

    def _of_number(self, expression: str, where: Where) -> str:
        """A number, mostly a moment: 0 stands for one that never was."""
        present = f"{expression} <> 0"
        value = where.value
        if where.operator == "pr" or value is None:
            return _presence(where, present)
        if isinstance(value, bool) or not isinstance(value, int) or where.operator in _LIKE:
            raise ValueError(f"{where.field} is compared with a moment")
        if where.operator in ("eq", "ne"):
            return f"{expression} {'=' if where.operator == 'eq' else '<>'} {self.place(value)}"
        return f"{present} AND {expression} {_COMPARED[where.operator]} {self.place(value)}"

    def _field(self, name: str) -> tuple[str, Kind]:
        if name in self.fields.columns:
            return self.fields.columns[name]
        if name == "profile.email" and self.fields.profile:
            return self.engine.email, "text"
        member = name.removeprefix(_PROFILE)
        # A name with a quote would end the path that SQLite reads: profiles have none such.
        if self.fields.profile and name.startswith(_PROFILE) and member.isascii() and member.isidentifier():
            bound = self.place(self.engine.path.replace("{name}", member))
            return self.engine.member.format(column=self.fields.profile, place=bound), "text"
        raise ValueError(f"there is no field {name[:80]}")


def _presence(where: Where, present: str) -> str:
    if where.operator == "pr" or where.operator == "ne":
        return present
    if where.operator == "eq":
        return f"NOT ({present})"
    raise ValueError("null is only equal or not")
