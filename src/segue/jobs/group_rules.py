"""Group rules that were changed, taken through the users that no call has come to yet."""

import logging
from dataclasses import dataclass
from typing import Final

from segue.admin.change import Change
from segue.admin.group_rules import advance
from segue.core.clock import Source
from segue.events import Circumstances
from segue.stores import Store

log = logging.getLogger(__name__)

ACTOR: Final = "job:group_rules"
_BATCHES: Final = 50


@dataclass(frozen=True, slots=True)
class GroupRules:
    store: Store
    source: Source

    async def round(self) -> None:
        for rule in await self.store.unfinished_rules():
            change = Change(Circumstances(rule.org_id, self.source.now_at(), self.source), ACTOR)
            if await advance(self.store, rule, change, batches=_BATCHES):
                log.info("a group rule has come to its end", extra={"org": rule.org_id, "rule": rule.id})
