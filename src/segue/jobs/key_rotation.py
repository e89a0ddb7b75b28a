"""Replacing the keys that sign tokens, well before anybody could need it.

Only the keys of tokens: their verifiers fetch the key set and follow. A SAML service provider pins a certificate, so
that key is replaced by people who tell it beforehand.
"""

import logging
from dataclasses import dataclass
from typing import Final

from segue.admin.change import Change
from segue.admin.keys import TOKEN_KEYS, key_set_of, rotate, rotation_due
from segue.core.clock import Source
from segue.core.org import Org
from segue.core.sealing import Sealer
from segue.events import Circumstances
from segue.stores import Store

log = logging.getLogger(__name__)

ACTOR: Final = "job:key_rotation"
_CLAIM_MS: Final = 60 * 60_000


@dataclass(frozen=True, slots=True)
class KeyRotation:
    """``every_ms`` is the age at which a signing key gets a successor of its algorithm."""

    store: Store
    sealer: Sealer
    source: Source
    every_ms: int

    async def round(self) -> None:
        for org in await self.store.orgs():
            await self._rotate_if_due(org)

    async def _rotate_if_due(self, org: Org) -> None:
        change = Change(Circumstances(org.id, self.source.now_at(), self.source), ACTOR)
        known = await key_set_of(self.store, TOKEN_KEYS, change)
        for old in rotation_due(known, every_ms=self.every_ms, now_at=change.now_at):
            # Of several processes that see the same old key, the one whose claim is the first replaces it.
            if await self.store.claim_foreign(org.id, "key_rotation", old.kid, life_ms=_CLAIM_MS):
                key = await rotate(
                    self.store, self.sealer, TOKEN_KEYS, name=org.name, change=change, algorithm=old.algorithm
                )
                log.info("a signing key was replaced", extra={"org": org.id, "kid": key.kid, "from": key.signs_from_at})
