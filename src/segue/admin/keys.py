"""Signing keys of an org: the first one of a set, the planned rotation, and the one for an emergency."""

import asyncio
from typing import Final

from segue.admin.change import Change, invalid
from segue.core.sealing import Sealer
from segue.events import Event
from segue.stores import Store
from segue.tokens import keys
from segue.tokens.keys import SigningKey

TOKEN_KEYS: Final = "main"
"""The key set that authorization servers sign with. Its verifiers fetch it, so it can be rotated by a clock."""

ASSERTION_KEYS: Final = "saml"
"""The key set for SAML. Service providers pin its certificate, so it is rotated by people who tell them (KE-02)."""

ALGORITHM: Final = "RS256"
_LEEWAY_S: Final = 300
_CERTIFICATE_NAME_CHARS: Final = 64


async def ensure_first_key(store: Store, sealer: Sealer, key_set: str, *, name: str, change: Change) -> SigningKey:
    """The key of ``key_set`` that signs now, made where the set has none. ``name`` goes into its certificate."""
    known = await key_set_of(store, key_set, change)
    if known:
        return keys.current(known, change.now_at)
    key = await _generate(sealer, key_set, name, change)
    await store.put_signing_keys((keys.to_stored(key),), _event("keys.create", key, change))
    return key


async def rotate(store: Store, sealer: Sealer, key_set: str, *, name: str, change: Change) -> SigningKey:
    """Publishes a new key, which signs from PUBLISH_AHEAD_MS on; the earlier ones stay published until the last token
    they signed has expired. Raises Refusal ``invalid_value`` where another new key waits to sign already.
    """
    known = await key_set_of(store, key_set, change)
    incoming = await _generate(sealer, key_set, name, change)
    keep_ms = await _longest_token_ms(store, key_set, change)
    try:
        plan = keys.rotate(known, incoming, now_ms=change.now_at, keep_ms=keep_ms)
    except keys.RotationUnderWay:
        raise invalid("key_set", "A new key of this set is published already and waits to sign.") from None
    await store.put_signing_keys([keys.to_stored(key) for key in plan], _event("keys.rotate", plan[0], change))
    return plan[0]


async def replace_at_once(store: Store, sealer: Sealer, key_set: str, *, name: str, change: Change) -> SigningKey:
    """Retires every key of the set now, because somebody else may know them: whatever they signed stops verifying."""
    known = await key_set_of(store, key_set, change)
    incoming = await _generate(sealer, key_set, name, change)
    plan = keys.emergency(known, incoming, now_ms=change.now_at)
    await store.put_signing_keys([keys.to_stored(key) for key in plan], _event("keys.emergency", plan[0], change))
    return plan[0]


async def key_set_of(store: Store, key_set: str, change: Change) -> tuple[SigningKey, ...]:
    """Every key of the set, also those that retired."""
    return tuple(map(keys.from_stored, await store.signing_keys(change.org_id, key_set)))


def rotation_due(known: tuple[SigningKey, ...], *, every_ms: int, now_at: int) -> bool:
    """Whether the newest key of the set is older than ``every_ms``; never for a set without keys."""
    begun = [key.signs_from_at for key in known if not key.retired(now_at)]
    return bool(begun) and now_at - max(begun) >= every_ms


async def _generate(sealer: Sealer, key_set: str, name: str, change: Change) -> SigningKey:
    common_name = f"{name} {key_set}"[-_CERTIFICATE_NAME_CHARS:].strip()
    return await asyncio.to_thread(
        keys.generate, change.org_id, key_set, ALGORITHM, sealer=sealer, now_ms=change.now_at, common_name=common_name
    )


async def _longest_token_ms(store: Store, key_set: str, change: Change) -> int:
    """How long a token of this key set can still be shown to somebody who checks it."""
    servers = await store.authorization_servers(change.org_id)
    lives = [max(server.access_token_s, server.id_token_s) for server in servers if server.key_set == key_set]
    return (max(lives, default=3600) + _LEEWAY_S) * 1000


def _event(type: str, key: SigningKey, change: Change) -> Event:
    return change.event(type, key_set=key.key_set, kid=key.kid, signs_from_at=key.signs_from_at)
