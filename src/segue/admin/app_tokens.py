"""Refresh tokens of an application, whosever they are: looked at and revoked, one by one or all at once.

Who manages an application may put it out of use, which ends all of its tokens; so they may revoke them for every user.
"""

from collections.abc import Sequence
from itertools import groupby

from segue.admin.change import Change, missing
from segue.core.application import Application
from segue.core.credential import Credential
from segue.core.secret import is_id, partition_of
from segue.stores import Commit, Store, Tombstone
from segue.tokens.refresh import REFRESH_KINDS

_BATCH = 200


async def find_token(store: Store, app: Application, token_id: str) -> Credential:
    """Raises Refusal ``not_found``."""
    found = await store.find(app.org_id, token_id, None, REFRESH_KINDS) if is_id(token_id) else None
    if found is None or found.credential.app_id != app.id:
        raise missing("refresh token", token_id, "The application holds no such token.")
    return found.credential


async def revoke_all(store: Store, app: Application, change: Change) -> int:
    """Ends every live one with all that hangs on it; how many. Cut short, it goes on when it is called again."""
    ended, after = 0, ""
    while found := await store.refresh_tokens_of(app.org_id, app.id, after=after, limit=_BATCH):
        await revoke_tokens(store, app, found, change)
        ended, after = ended + len(found), found[-1].id
    return ended


async def revoke_tokens(store: Store, app: Application, found: Sequence[Credential], change: Change) -> None:
    """Ends tokens of an application with everything that hangs on them: one write a user, with its event."""
    for user_id, tokens in groupby(sorted(found, key=_owner), _owner):
        stones = tuple(Tombstone(token.id, "revoked_by_administrator") for token in tokens)
        event = change.event("token.revoke", user_id=user_id, app_id=app.id, credentials=len(stones))
        await store.commit(Commit(app.org_id, partition_of(user_id), (event,), tombstones=stones))


def _owner(token: Credential) -> str:
    return token.user_id or ""
