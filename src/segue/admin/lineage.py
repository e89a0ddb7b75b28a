"""The tree of what was issued to a user, and ending a part of it; first what that would end, then the ending itself.

What hangs on what was fixed when each credential was minted (``bind_path``): ending one ends everything that names it
there. ``parent_id`` is only for the picture, so something can stand below what ended and live on.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final, Literal

from segue.admin.change import Change, missing
from segue.admin.roles import check_reach
from segue.core.credential import Credential, Participation
from segue.core.secret import is_id, partition_of
from segue.stores import Commit, Store, Tombstone, Traced

State = Literal["live", "spent", "expired", "revoked", "void"]

_REASON: Final = "revoked_by_administrator"
_EVENTS: Final = {"session": "session.end", "api_token": "api_token.revoke"}


@dataclass(frozen=True, slots=True)
class Entry:
    """One credential in the tree, which is a list: each entry after the one it came from, ``depth`` below the root.

    ``void`` is what ended because its user changed (password, status) or the record was restored. ``ended_with`` is the
    id of the ancestor whose revocation ended it, "" where it was revoked itself. ``ended_at`` is epoch ms.
    """

    credential: Credential
    depth: int
    state: State
    ended_at: int | None = None
    reason: str = ""
    ended_with: str = ""


@dataclass(frozen=True, slots=True)
class Ending:
    """What ends with a credential: ``ends`` are live now, the credential itself among them where it is.

    ``asked`` are sign-ins of applications that keep sessions of their own: we can only ask them to end those.
    ``survives`` came from what ends and is not bound to it.
    """

    target: Credential
    ends: tuple[Credential, ...]
    asked: tuple[Participation, ...]
    survives: tuple[Credential, ...]


async def lineage_of(store: Store, user_id: str, change: Change) -> tuple[Entry, ...]:
    """Everything of a user that is still on record, as a tree, the newest root first."""
    return as_tree(await store.lineage(change.org_id, user_id), change.now_at)


async def end_credential(
    store: Store, user_id: str, credential_id: str, change: Change, *, dry_run: bool = False
) -> Ending:
    """Revokes a credential of a user, and with it all that is bound to it; with ``dry_run`` only says what that is.

    Raises Refusal ``not_found`` where the user has no such credential or nothing would end, ``forbidden`` where the
    user may do more than whoever asks.
    """
    await check_reach(store, user_id, change)
    known = await store.lineage(change.org_id, user_id)
    target = next((each.credential for each in known if each.credential.id == credential_id), None)
    if target is None or not is_id(credential_id):
        raise missing("credential", credential_id, "The user has no such credential.")
    ending = await _plan(store, target, known, change)
    if not ending.ends:
        raise missing("credential", credential_id, "Nothing is left of it: it has ended already.")
    if not dry_run:
        await _end(store, user_id, ending, change)
    return ending


def as_tree(known: Sequence[Traced], now_at: int) -> tuple[Entry, ...]:
    """The credentials with each below the one it came from; what came from something off the record is a root."""
    ids = {each.credential.id for each in known}
    children: dict[str, list[Traced]] = {}
    for each in known:
        parent = each.credential.parent_id
        children.setdefault(parent if parent in ids and parent != each.credential.id else "", []).append(each)
    entries: list[Entry] = []
    seen: set[str] = set()
    waiting = [(each, 0) for each in reversed(children.get("", ()))]
    while waiting:
        traced, depth = waiting.pop()
        if traced.credential.id in seen:
            continue
        seen.add(traced.credential.id)
        entries.append(_entry(traced, depth, now_at))
        waiting += [(child, depth + 1) for child in reversed(children.get(traced.credential.id, ()))]
    return tuple(entries)


async def _plan(store: Store, target: Credential, known: Sequence[Traced], change: Change) -> Ending:
    ends = [each.credential for each in known if each.live and _hangs_on(each.credential, target.id)]
    ending_ids = {each.id for each in ends} | {target.id}
    below = _descendants(target.id, known)
    survives = [each.credential for each in known if each.live and each.credential.id in below - ending_ids]
    asked: list[Participation] = []
    for credential in ends:
        if credential.kind == "session":
            asked += await store.participations(change.org_id, credential.id)
    return Ending(target, tuple(ends), tuple(asked), tuple(survives))


async def _end(store: Store, user_id: str, ending: Ending, change: Change) -> None:
    target = ending.target
    event = change.event(
        _EVENTS.get(target.kind, "credential.revoke"),
        user_id=user_id,
        app_id=target.app_id,
        credential_id=target.id,
        reason=_REASON,
        kind=target.kind,
        ends=len(ending.ends),
    )
    stones = (Tombstone(target.id, _REASON),)
    await store.commit(Commit(change.org_id, partition_of(target.id), (event,), tombstones=stones))


def _hangs_on(credential: Credential, target_id: str) -> bool:
    return credential.id == target_id or target_id in credential.bind_path


def _descendants(root: str, known: Sequence[Traced]) -> set[str]:
    """The ids of all that came from ``root``, by parent."""
    found, grown = {root}, True
    while grown:
        more = {each.credential.id for each in known if each.credential.parent_id in found} - found
        found |= more
        grown = bool(more)
    return found - {root}


def _entry(traced: Traced, depth: int, now_at: int) -> Entry:
    credential = traced.credential
    if traced.live:
        return Entry(credential, depth, "live")
    stone = next((each for each in traced.ended if each.id == credential.id), None)
    stone = stone or min(traced.ended, key=lambda each: each.at, default=None)
    if stone is not None:
        with_id = "" if stone.id == credential.id else stone.id
        return Entry(credential, depth, "revoked", stone.at, stone.reason, with_id)
    if credential.consumed_at is not None:
        return Entry(credential, depth, "spent", credential.consumed_at)
    ends = [at for at in (credential.expires_at, credential.idle_expires_at) if at is not None]
    if min(ends) <= now_at:
        return Entry(credential, depth, "expired", min(ends))
    return Entry(credential, depth, "void")
