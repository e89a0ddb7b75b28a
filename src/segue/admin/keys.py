"""Signing keys of an org: the first of a set and algorithm, the planned rotation, and what an emergency asks for."""

import asyncio
from typing import Final

from segue.admin.change import Change, invalid
from segue.core.sealing import Sealer
from segue.events import Event
from segue.stores import Store
from segue.tokens import keys
from segue.tokens.keys import ALGORITHMS, DEFAULT_ALGORITHM, SigningKey

TOKEN_KEYS: Final = "main"
"""The key set that authorization servers sign with. Its verifiers fetch it, so it can be rotated by a clock."""

ASSERTION_KEYS: Final = "saml"
"""The key set for SAML. Service providers pin its certificate, so it is rotated by people who tell them (KE-02)."""

_LEEWAY_S: Final = 300
_CERTIFICATE_NAME_CHARS: Final = 64


async def ensure_first_key(
    store: Store, sealer: Sealer, key_set: str, *, name: str, change: Change, algorithm: str = DEFAULT_ALGORITHM
) -> SigningKey:
    """The key of ``key_set`` that signs by ``algorithm`` now, made where the set can not sign by it.

    A key that is made signs at once: nobody holds a copy of the set that an application of a new algorithm has to trust
    already. ``name`` goes into the certificate. Raises Refusal ``invalid_value`` for an algorithm that we do not have.
    """
    known = await key_set_of(store, key_set, change)
    if algorithm in keys.algorithms(known, change.now_at):
        return keys.current(known, change.now_at, algorithm)
    key = await _generate(sealer, key_set, algorithm, name, change)
    await store.put_signing_keys((keys.to_stored(key),), _event("keys.create", key, change))
    return key


async def ensure_token_keys(store: Store, sealer: Sealer, algorithm: str, *, change: Change) -> None:
    """Makes what every authorization server of the org needs to sign ID tokens by ``algorithm``; what is there stays.

    Raises Refusal ``invalid_value`` for an algorithm that we do not have.
    """
    org = await store.org(change.org_id)
    name = org.name if org else change.org_id
    servers = await store.authorization_servers(change.org_id)
    for key_set in sorted({server.key_set for server in servers}):
        await ensure_first_key(store, sealer, key_set, name=name, change=change, algorithm=algorithm)


async def signs_tokens_by(store: Store, algorithm: str, change: Change) -> bool:
    """Whether every authorization server of the org can sign ID tokens by ``algorithm`` now."""
    key_sets = {server.key_set for server in await store.authorization_servers(change.org_id)}
    known = [await key_set_of(store, key_set, change) for key_set in key_sets]
    return all(algorithm in keys.algorithms(each, change.now_at) for each in known)


async def rotate(
    store: Store, sealer: Sealer, key_set: str, *, name: str, change: Change, algorithm: str = DEFAULT_ALGORITHM
) -> SigningKey:
    """Publishes a new key, which signs from PUBLISH_AHEAD_MS on; the earlier ones of its algorithm stay published until
    the last token they signed has expired, those of other algorithms go on.

    Raises Refusal ``invalid_value`` where another new key waits to sign already, or for an algorithm that we do not
    have.
    """
    known = await key_set_of(store, key_set, change)
    incoming = await _generate(sealer, key_set, algorithm, name, change)
    keep_ms = await _longest_token_ms(store, key_set, change)
    try:
        plan = keys.rotate(known, incoming, now_ms=change.now_at, keep_ms=keep_ms)
    except keys.RotationUnderWay:
        raise invalid("key_set", "A new key of this set is published already and waits to sign.") from None
    await store.put_signing_keys([keys.to_stored(key) for key in plan], _event("keys.rotate", plan[0], change))
    return plan[0]


async def replace_at_once(store: Store, sealer: Sealer, key_set: str, *, name: str, change: Change) -> SigningKey:
    """Retires every key of the set now, because somebody else may know them: whatever they signed stops verifying.

    There is a new key for each algorithm that the set signed with; the answer is the first, in the order of ALGORITHMS.
    """
    known = await key_set_of(store, key_set, change)
    wanted = keys.algorithms(known, change.now_at) or (DEFAULT_ALGORITHM,)
    incoming = [await _generate(sealer, key_set, algorithm, name, change) for algorithm in wanted]
    plan = keys.emergency(known, incoming, now_ms=change.now_at)
    await store.put_signing_keys([keys.to_stored(key) for key in plan], _event("keys.emergency", plan[0], change))
    return plan[0]


async def key_set_of(store: Store, key_set: str, change: Change) -> tuple[SigningKey, ...]:
    """Every key of the set, also those that retired."""
    return tuple(map(keys.from_stored, await store.signing_keys(change.org_id, key_set)))


def rotation_due(known: tuple[SigningKey, ...], *, every_ms: int, now_at: int) -> tuple[SigningKey, ...]:
    """The keys that are due to be replaced: the newest of each algorithm, where it is older than ``every_ms``."""
    newest: dict[str, SigningKey] = {}
    for key in sorted(known, key=lambda key: (key.signs_from_at, key.kid)):
        if not key.retired(now_at):
            newest[key.algorithm] = key
    return tuple(key for key in newest.values() if now_at - key.signs_from_at >= every_ms)


async def _generate(sealer: Sealer, key_set: str, algorithm: str, name: str, change: Change) -> SigningKey:
    if algorithm not in ALGORITHMS:
        raise invalid("algorithm", f"We sign with one of: {', '.join(ALGORITHMS)}.", seen=algorithm)
    common_name = f"{name} {key_set}"[-_CERTIFICATE_NAME_CHARS:].strip()
    return await asyncio.to_thread(
        keys.generate, change.org_id, key_set, algorithm, sealer=sealer, now_ms=change.now_at, common_name=common_name
    )


async def _longest_token_ms(store: Store, key_set: str, change: Change) -> int:
    """How long a token of this key set can still be shown to somebody who checks it."""
    servers = await store.authorization_servers(change.org_id)
    lives = [max(server.access_token_s, server.id_token_s) for server in servers if server.key_set == key_set]
    return (max(lives, default=3600) + _LEEWAY_S) * 1000


def _event(type: str, key: SigningKey, change: Change) -> Event:
    return change.event(
        type, key_set=key.key_set, algorithm=key.algorithm, kid=key.kid, signs_from_at=key.signs_from_at
    )
