"""Finding people by a part of their name or address."""

from collections.abc import Sequence
from typing import Final

from segue.core.user import User
from segue.stores import Store

_BATCH: Final = 500


async def find_people(store: Store, org_id: str, wanted: str, *, after: str = "", limit: int = 50) -> Sequence[User]:
    """Users in order of id, after the id ``after``, with the text in their login, their name or their address."""
    text, found = wanted.casefold(), list[User]()
    while len(found) < limit:
        batch = await store.users(org_id, after=after, limit=_BATCH)
        found += [user for user in batch if _has(user, text)]
        if len(batch) < _BATCH:
            break
        after = batch[-1].id
    return found[:limit]


def _has(user: User, text: str) -> bool:
    return any(text in part.casefold() for part in (user.login, user.display_name, user.email, user.id))
