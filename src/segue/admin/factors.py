"""A factor of somebody else, taken away by an administrator."""

from segue.admin.change import Change, missing
from segue.admin.roles import check_reach
from segue.core.user import User
from segue.stores import Store


async def remove_factor(store: Store, user: User, factor_id: str, change: Change) -> None:
    """Takes one factor away from a user. Raises Refusal ``not_found``, ``forbidden``."""
    await check_reach(store, user.id, change)
    known = {factor.id: factor for factor in await store.factors(change.org_id, user.id)}
    factor = known.get(factor_id)
    event = change.event("factor.remove", user_id=user.id, factor=factor_id, factor_type=factor.type if factor else "")
    if factor is None or not await store.remove_factor(change.org_id, user.id, factor.id, event):
        raise missing("factor", factor_id, "The user has no such factor.")
