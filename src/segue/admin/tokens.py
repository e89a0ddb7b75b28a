"""API tokens: for programs that manage an org. Shown once, kept as a digest, ended by a tombstone (MG-05)."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

from segue.admin import prefixes
from segue.admin.change import Change, invalid, missing, overtaken
from segue.admin.roles import check_reach, list_roles
from segue.admin.text import check_label
from segue.core.credential import Credential, Kind, NewCredential
from segue.core.secret import Bearer, is_id, new_bearer, partition_of
from segue.core.user import User
from segue.stores import Commit, Guard, Store, Tombstone

_DAY_MS: Final = 86_400_000
_LIFE_DAYS = range(1, 366 * 2)


@dataclass(frozen=True, slots=True)
class MintedToken:
    """``bearer.text`` is what the program sends; it cannot be shown again. ``expires_at`` is epoch ms."""

    bearer: Bearer
    name: str
    expires_at: int


async def mint_api_token(store: Store, owner: User, name: str, change: Change, *, life_days: int = 365) -> MintedToken:
    """A new API token that acts for ``owner``, may do what their roles allow, and ends with them.

    Raises Refusal ``invalid_value``, ``forbidden``, or ``changed_meanwhile`` where the owner changed or is not active.
    """
    label = check_label("name", name)
    await check_reach(store, owner.id, change)
    if life_days not in _LIFE_DAYS:
        raise invalid("life_days", f"An API token lives for {_LIFE_DAYS[0]} to {_LIFE_DAYS[-1]} days.")
    bearer = new_bearer(prefixes.API_TOKEN, partition_of(owner.id), change.now_at, change.random)
    token = NewCredential(
        org_id=change.org_id,
        id=bearer.id,
        kind="api_token",
        digest=bearer.digest,
        life_ms=life_days * _DAY_MS,
        user_id=owner.id,
        user_stamp=owner.stamp,
        root_id=bearer.id,
        minted_by=change.actor_id,
        data={"name": label},
    )
    written = await store.commit(
        Commit(
            org_id=change.org_id,
            partition=partition_of(owner.id),
            events=(change.event("api_token.mint", user_id=owner.id, credential_id=bearer.id, name=label),),
            guard=Guard(user_id=owner.id, user_stamp=owner.stamp),
            credentials=(token,),
        )
    )
    if not written:
        raise overtaken("user", owner.id)
    return MintedToken(bearer, label, change.now_at + token.life_ms)


async def revoke_api_token(store: Store, token_id: str, change: Change) -> None:
    """Ends an API token at once and for good. Raises Refusal ``not_found`` for what is no live API token."""
    kinds = frozenset({"api_token"})
    found = await store.find(change.org_id, token_id, None, kinds) if is_id(token_id) else None  # type: ignore[arg-type]
    if found is None:
        raise missing("API token", token_id, "There is no such API token, or it has ended already.")
    await store.commit(
        Commit(
            org_id=change.org_id,
            partition=partition_of(token_id),
            events=(change.event("api_token.revoke", user_id=found.credential.user_id, credential_id=token_id),),
            tombstones=(Tombstone(token_id, "revoked"),),
        )
    )


async def list_api_tokens(store: Store, change: Change) -> Sequence[Credential]:
    """The live API tokens of everybody who administers the org, in order of id; never their secrets. A token of
    somebody without a role may do nothing and is not listed."""
    owners = sorted({role.user_id for role in await list_roles(store, change)})
    kinds: frozenset[Kind] = frozenset({"api_token"})
    found = [token for owner in owners for token in await store.of_user(change.org_id, owner, kinds)]
    return sorted(found, key=lambda token: token.id)
