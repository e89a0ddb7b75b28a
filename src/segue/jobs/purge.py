"""Removing what ended long ago: spent tickets, expired sessions, old counts of attempts."""

import logging
from dataclasses import dataclass

from segue.stores import Store

log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Purge:
    """``keep_ms`` is how long what has ended can still be explained."""

    store: Store
    keep_ms: int

    async def round(self) -> None:
        removed = await self.store.purge(keep_ms=self.keep_ms)
        if removed:
            log.info("purged", extra={"rows": removed})
