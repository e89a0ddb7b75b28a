"""Refresh tokens that applications hold for a user: looked at and revoked, one by one or all of an application."""

from collections.abc import Sequence

from segue.admin.change import Change, missing
from segue.admin.roles import check_reach
from segue.core.application import Application
from segue.core.credential import Credential
from segue.core.secret import partition_of
from segue.core.user import User
from segue.stores import Commit, Store, Tombstone
from segue.tokens.refresh import REFRESH_KINDS


async def tokens_of(store: Store, user: User, app: Application) -> Sequence[Credential]:
    """The live ones, newest first, of at most 200 that the user has."""
    found = await store.of_user(user.org_id, user.id, REFRESH_KINDS)
    return [credential for credential in found if credential.app_id == app.id]


async def find_token(store: Store, user: User, app: Application, token_id: str) -> Credential:
    """Raises Refusal ``not_found``."""
    for credential in await tokens_of(store, user, app):
        if credential.id == token_id:
            return credential
    raise missing("refresh token", token_id, "The application holds no such token for this user.")


async def revoke_tokens(store: Store, user: User, found: Sequence[Credential], change: Change) -> None:
    """Ends tokens of a user with everything that hangs on them, in one write. Raises Refusal ``forbidden``."""
    await check_reach(store, user.id, change)
    if not found:
        return
    stones = tuple(Tombstone(credential.id, "revoked_by_administrator") for credential in found)
    event = change.event("token.revoke", user_id=user.id, app_id=found[0].app_id, credentials=len(stones))
    await store.commit(Commit(user.org_id, partition_of(user.id), (event,), tombstones=stones))
