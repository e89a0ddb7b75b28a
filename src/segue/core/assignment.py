"""Who may use an application: by name, or as a member of a group that it is assigned to."""

from collections.abc import Mapping
from dataclasses import dataclass, field

from segue.core.strict import JsonValue


@dataclass(frozen=True, slots=True)
class UserAssignment:
    """That a user may use an application. Without ``by_name`` they may as a member of a group alone.

    ``user_name`` is what the application calls them where that is not their ``login``, which comes along where an
    assignment is read. ``profile`` is kept for whoever manages the assignment and decides nothing. Times in epoch ms, 0
    where nobody wrote them down.
    """

    org_id: str
    app_id: str
    user_id: str
    user_name: str = ""
    profile: Mapping[str, JsonValue] = field(default_factory=dict)
    created_at: int = 0
    updated_at: int = 0
    by_name: bool = True
    login: str = field(default="", compare=False)


@dataclass(frozen=True, slots=True)
class GroupAssignment:
    """That the members of a group may use an application. ``priority`` (0 first) and ``profile`` decide nothing."""

    org_id: str
    app_id: str
    group_id: str
    priority: int = 0
    profile: Mapping[str, JsonValue] = field(default_factory=dict)
    created_at: int = 0
    updated_at: int = 0
