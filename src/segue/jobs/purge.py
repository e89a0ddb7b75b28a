"""Removing what ended long ago: spent tickets, expired sessions, old counts of attempts."""

import logging
from dataclasses import dataclass

from segue.stores import Store

log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Purge:
    """``keep_ms`` is how long what has ended can still be explained, ``keep_events_ms`` how long the log reaches back
    (0: for ever)."""

    store: Store
    keep_ms: int
    keep_events_ms: int = 0

    async def round(self) -> None:
        removed = await self.store.purge(keep_ms=self.keep_ms)
        if self.keep_events_ms:
            removed += await self.store.purge_events(keep_ms=self.keep_events_ms)
        if removed:
            log.info("purged", extra={"rows": removed})
