"""What the layers above need from storage of groups, as a Protocol."""

from collections.abc import Mapping, Sequence
from typing import Protocol

from segue.core.condition import Condition
from segue.core.org import Group, GroupRule
from segue.core.user import User
from segue.events import Event


class GroupStore(Protocol):
    """Groups, who is in them, and rules that fill them. Writes as in ``AdminStore``; who is in a group is no
    configuration, and the built-in group of everybody has no members on record."""

    async def put_group(self, group: Group, event: Event) -> None: ...
    async def group(self, org_id: str, group_id: str) -> Group | None: ...
    async def groups(self, org_id: str, *, after: str = "", limit: int = 100) -> Sequence[Group]: ...
    async def find_groups(
        self, org_id: str, condition: Condition | None = None, *, after: str = "", limit: int = 100
    ) -> Sequence[Group]:
        """Groups in order of id for which ``condition`` holds: ``id``, ``name``, ``description``, ``type``, and the
        moments as they are called in ``Group``. Raises ValueError for any other field."""
        ...

    async def remove_group(self, org_id: str, group_id: str, event: Event) -> bool: ...
    async def members(self, org_id: str, group_id: str, *, after: str = "", limit: int = 100) -> Sequence[User]: ...
    async def memberships(self, org_id: str, user_ids: Sequence[str]) -> Mapping[str, Mapping[str, bool]]:
        """For each user the ids of their groups, and whether a rule put them there."""
        ...

    async def add_member(self, org_id: str, group_id: str, user_id: str, event: Event) -> None: ...
    async def remove_member(self, org_id: str, group_id: str, user_id: str, event: Event) -> bool: ...
    async def set_rule_members(
        self, org_id: str, user_id: str, *, join: Sequence[str], leave: Sequence[str], event: Event
    ) -> bool:
        """What rules make of one user's memberships: they leave only groups that a rule put them into. False, and no
        event, where nothing changed."""
        ...

    async def put_group_rule(self, rule: GroupRule, event: Event) -> None: ...
    async def group_rules(self, org_id: str) -> Sequence[GroupRule]: ...
    async def remove_group_rule(self, org_id: str, rule_id: str, event: Event) -> bool: ...
    async def unfinished_rules(self) -> Sequence[GroupRule]:
        """The rules of all orgs that did not come to the end of the users yet."""
        ...

    async def advance_group_rule(self, org_id: str, rule_id: str, *, before: str, now: str | None) -> bool:
        """Notes how far a rule has come; False where somebody else noted something meanwhile."""
        ...
