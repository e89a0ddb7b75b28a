import pytest

from segue.admin.actor import ROLES, Actor
from segue.core.refusal import Refusal


@pytest.mark.parametrize(
    ("granted", "asked", "may"),
    [
        ({"users.read"}, "users.read", True),
        ({"users.read"}, "users.manage", False),
        ({"users.manage"}, "users.read", True),
        ({"users.manage"}, "apps.read", False),
        ({"apps.interclientTrust.manage"}, "apps.interclientTrust.read", True),
        ({"apps.manage"}, "apps.interclientTrust.read", False),
        ({"*.read"}, "apps.interclientTrust.read", True),
        ({"*.read"}, "apps.manage", False),
        (ROLES["owner"], "policies.manage", True),
        (ROLES["support"], "users.manage", True),
        (ROLES["support"], "apps.manage", False),
        (ROLES["auditor"], "users.manage", False),
        (ROLES["auditor"], "logs.read", True),
        (set(), "users.read", False),
    ],
)
def test_what_a_permission_allows(granted: set[str], asked: str, may: bool) -> None:
    actor = Actor("somebody", frozenset(granted))
    assert actor.may(asked) is may
    if may:
        actor.require(asked)
    else:
        with pytest.raises(Refusal) as refused:
            actor.require(asked)
        assert refused.value.reason == "forbidden"
