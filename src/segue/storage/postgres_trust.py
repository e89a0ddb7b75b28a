"""The trust map on PostgreSQL."""

from collections.abc import Sequence
from typing import Final

from segue.core.trust import TrustEntry
from segue.events import Event
from segue.storage import trust_rows
from segue.storage.postgres_pool import Database
from segue.storage.postgres_statements import events_json, with_event

_ADD: Final = with_event(trust_rows.ADD_TRUST)
_REMOVE: Final = with_event(trust_rows.REMOVE_TRUST)
_REMOVE_OF: Final = with_event(trust_rows.REMOVE_TRUST_OF)


class PostgresTrust:
    """``TrustStore``."""

    _database: Database

    async def trust_entry(self, org_id: str, target_app_id: str, origin_app_id: str) -> TrustEntry | None:
        found = await self._database.read(trust_rows.TRUST_ENTRY, org_id, target_app_id, origin_app_id)
        return trust_rows.trust_entry(found[0]) if found else None

    async def standing_trust(self, org_id: str, target_app_id: str, origin_app_id: str) -> TrustEntry | None:
        found = await self._database.read(trust_rows.STANDING_TRUST, org_id, target_app_id, origin_app_id)
        return trust_rows.trust_entry(found[0]) if found else None

    async def trusted_origins_of(
        self, org_id: str, target_app_id: str, *, after: str = "", limit: int = 100
    ) -> Sequence[TrustEntry]:
        found = await self._database.read(trust_rows.TRUSTED_ORIGINS_OF, org_id, target_app_id, after, limit)
        return [trust_rows.trust_entry(row) for row in found]

    async def trusting_targets_of(
        self, org_id: str, origin_app_id: str, *, after: str = "", limit: int = 100
    ) -> Sequence[TrustEntry]:
        found = await self._database.read(trust_rows.TRUSTING_TARGETS_OF, org_id, origin_app_id, after, limit)
        return [trust_rows.trust_entry(row) for row in found]

    async def add_trust(self, entry: TrustEntry, *, most: int, event: Event) -> bool:
        return bool(await self._database.write(_ADD, *trust_rows.trust_values(entry), most, events_json([event])))

    async def remove_trust(self, org_id: str, target_app_id: str, origin_app_id: str, event: Event) -> bool:
        values = (org_id, target_app_id, origin_app_id)
        return bool(await self._database.write(_REMOVE, *values, events_json([event])))

    async def remove_trust_of(self, org_id: str, app_id: str, event: Event) -> bool:
        return bool(await self._database.write(_REMOVE_OF, org_id, app_id, events_json([event])))
