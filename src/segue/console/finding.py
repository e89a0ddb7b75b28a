"""Finding people by parts of their name or address."""

from collections.abc import Sequence
from typing import Final

from segue.core.condition import AllOf, AnyOf, Where
from segue.core.user import User
from segue.stores import Store

_FIELDS: Final = ("login", "profile.firstName", "profile.lastName", "profile.email", "id")
_MOST_WORDS: Final = 8


async def find_people(store: Store, org_id: str, wanted: str, *, after: str = "", limit: int = 50) -> Sequence[User]:
    """Users in order of id, after the id ``after``, who have each word in their login, name, address or id."""
    words = wanted.split()[:_MOST_WORDS]
    parts = tuple(AnyOf(tuple(Where(field, "co", word) for field in _FIELDS)) for word in words)
    return await store.find_users(org_id, AllOf(parts) if parts else None, after=after, limit=limit)
