"""Sessions of other people's browsers: looked at, extended and closed by an administrator."""

from typing import Final

from segue.admin.change import Change, missing
from segue.admin.roles import check_reach
from segue.core.credential import Kind
from segue.core.secret import is_id, partition_of
from segue.core.user import User
from segue.signin.sessions import BACKEND_KINDS, SESSION_KINDS
from segue.stores import Commit, Found, Store, Tombstone

_TOKENS: Final[frozenset[Kind]] = frozenset({"authorization_code", "access_token", "refresh_token"})


_ALL_SESSIONS: Final = SESSION_KINDS | BACKEND_KINDS


async def find_session(
    store: Store, session_id: str, change: Change, *, kinds: frozenset[Kind] = SESSION_KINDS
) -> Found:
    """The live session of that id; looking extends nothing. Raises Refusal ``not_found``."""
    found = await store.find(change.org_id, session_id, None, kinds) if is_id(session_id) else None
    if found is None or found.subject is None:
        raise missing("session", session_id, "There is no such session, or it has ended already.")
    return found


async def extend_session(store: Store, session_id: str, change: Change, *, idle_ms: int) -> Found:
    """Moves the idle expiry of a session forward, never past its absolute one. Raises Refusal ``not_found``."""
    known = await find_session(store, session_id, change)
    await store.touch_session(change.org_id, session_id, idle_ms=idle_ms)
    event = change.event("session.extend", user_id=known.credential.user_id, credential_id=session_id)
    await store.append((event,))
    return await find_session(store, session_id, change)


async def close_session(store: Store, session_id: str, change: Change) -> None:
    """Ends a session, of a browser or one that an application keeps, with everything bound to it. Raises Refusal
    ``not_found``; ``forbidden`` where its user may do more than whoever asks."""
    known = await find_session(store, session_id, change, kinds=_ALL_SESSIONS)
    await check_reach(store, known.credential.user_id or "", change)
    event = change.event(
        "session.end", user_id=known.credential.user_id, credential_id=session_id, reason="closed_by_administrator"
    )
    stones = (Tombstone(session_id, "closed_by_administrator"),)
    await store.commit(Commit(change.org_id, partition_of(session_id), (event,), tombstones=stones))


async def close_sessions_of(
    store: Store, user: User, change: Change, *, tokens: bool = False, forget_devices: bool = True
) -> int:
    """Ends every session of a user, and with ``tokens`` also what applications hold for them; how many ended.

    ``forget_devices`` has every browser asked for a second factor again. One write for each two hundred. Raises Refusal
    ``forbidden`` where the user may do more than whoever asks.
    """
    await check_reach(store, user.id, change)
    kinds = _ALL_SESSIONS | _TOKENS if tokens else _ALL_SESSIONS
    ended = 0
    while found := await store.of_user(user.org_id, user.id, kinds):
        stones = tuple(Tombstone(credential.id, "closed_by_administrator") for credential in found)
        event = change.event("user.sign_out", user_id=user.id, credentials=len(stones), tokens=tokens)
        await store.commit(Commit(user.org_id, partition_of(user.id), (event,), tombstones=stones))
        ended += len(stones)
    if forget_devices:
        await store.forget_devices(user.org_id, user.id)
        await store.append((change.event("user.forget_devices", user_id=user.id),))
    return ended
