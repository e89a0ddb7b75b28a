"""What a claim of an authorization server says: expressions about the user, and filters of group names.

An expression reads one value; it computes nothing, so it can neither fail at run time nor cost more than a look-up:
``user.department``, ``appuser.userName``, ``user.groups``, ``app.clientId``, ``org.name``, or a text in double quotes.
"""

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Final, Literal

from segue.core.server import GroupFilter
from segue.core.user import User
from segue.policy.patterns import BadPattern, read_pattern

Root = Literal["user", "appuser", "app", "org", "text"]
ClaimValue = str | list[str] | None

MOST_CHARS: Final = 1024
_FIELD: Final = re.compile(r"(user|appuser|app|org)\.([A-Za-z_][A-Za-z0-9_]{0,63})")
_TEXT: Final = re.compile(r'"([^"\\\x00-\x1f]{0,512})"')
_OF_APP: Final = frozenset({"id", "clientId", "label", "name"})
_OF_ORG: Final = frozenset({"id", "name"})


class BadExpression(ValueError):
    """What is no expression. The text is fit for the public."""


@dataclass(frozen=True, slots=True)
class Expression:
    root: Root
    name: str


@dataclass(frozen=True, slots=True)
class ClaimFacts:
    """What expressions can speak of. ``groups`` are the names of the user's groups; ``app_user_name`` is what the
    application calls the user."""

    user: User
    app: Mapping[str, str]
    org: Mapping[str, str]
    groups: Sequence[str] = ()
    app_user_name: str = ""


def read_expression(text: str) -> Expression:
    """Raises BadExpression for anything that is not one name or one text."""
    stripped = text.strip()
    if len(stripped) > MOST_CHARS:
        raise BadExpression(f"an expression has at most {MOST_CHARS} characters")
    if written := _TEXT.fullmatch(stripped):
        return Expression("text", written[1])
    found = _FIELD.fullmatch(stripped)
    if found is None:
        raise BadExpression('an expression is user.email, appuser.userName, user.groups, app.clientId or "a text"')
    root, name = found[1], found[2]
    if (root == "app" and name not in _OF_APP) or (root == "org" and name not in _OF_ORG):
        raise BadExpression(f"{root} has no {name}")
    return Expression(root, name)  # type: ignore[arg-type]


def evaluate(expression: Expression, facts: ClaimFacts) -> ClaimValue:
    """The value; None where there is none, so that the claim is left out."""
    match expression.root:
        case "text":
            return expression.name
        case "app":
            return facts.app.get(expression.name) or None
        case "org":
            return facts.org.get(expression.name) or None
        case "appuser" if expression.name == "userName":
            return facts.app_user_name or facts.user.login
    if expression.name == "groups":
        return list(facts.groups) or None
    return _of_user(facts.user, expression.name)


def filter_groups(names: Iterable[str], how: GroupFilter, value: str) -> list[str]:
    """The names that fit, in the order of the alphabet; a pattern has to fit the whole name."""
    match how:
        case "starts_with":
            return sorted(name for name in names if name.startswith(value))
        case "equals":
            return sorted(name for name in names if name == value)
        case "contains":
            return sorted(name for name in names if value in name)
    pattern = read_pattern(value)
    return sorted(name for name in names if pattern.matches(name))


def check_group_filter(how: GroupFilter, value: str) -> None:
    """Raises BadExpression for a filter that cannot be used."""
    if not value or len(value) > MOST_CHARS:
        raise BadExpression(f"a filter of groups is a text of 1 to {MOST_CHARS} characters")
    if how == "regex":
        try:
            read_pattern(value)
        except BadPattern as error:
            raise BadExpression(str(error)) from None


def _of_user(user: User, name: str) -> str | None:
    match name:
        case "id":
            return user.id
        case "login" | "userName":
            return user.login
        case "email":
            return user.email
        case "displayName":
            return user.profile.get("displayName") or user.display_name
        case "status":
            return user.status
    return user.profile.get(name) or None
