"""The trust map on SQLite."""

from collections.abc import Sequence

from segue.core.trust import TrustEntry
from segue.events import Event
from segue.storage import trust_rows
from segue.storage.sqlite_connection import local
from segue.storage.sqlite_events import with_event
from segue.storage.sqlite_part import SqlitePart

_ENTRY = local(trust_rows.TRUST_ENTRY)
_STANDING = local(trust_rows.STANDING_TRUST)
_ORIGINS_OF = local(trust_rows.TRUSTED_ORIGINS_OF)
_TARGETS_OF = local(trust_rows.TRUSTING_TARGETS_OF)
_ADD = local(trust_rows.ADD_TRUST)
_REMOVE = local(trust_rows.REMOVE_TRUST)
_REMOVE_OF = local(trust_rows.REMOVE_TRUST_OF)


class SqliteTrust(SqlitePart):
    """``TrustStore`` of ``segue.stores``."""

    async def trust_entry(self, org_id: str, target_app_id: str, origin_app_id: str) -> TrustEntry | None:
        row = await self._row(_ENTRY, org_id, target_app_id, origin_app_id)
        return trust_rows.trust_entry(row) if row else None

    async def standing_trust(self, org_id: str, target_app_id: str, origin_app_id: str) -> TrustEntry | None:
        row = await self._row(_STANDING, org_id, target_app_id, origin_app_id)
        return trust_rows.trust_entry(row) if row else None

    async def trusted_origins_of(
        self, org_id: str, target_app_id: str, *, after: str = "", limit: int = 100
    ) -> Sequence[TrustEntry]:
        return [
            trust_rows.trust_entry(row) for row in await self._rows(_ORIGINS_OF, org_id, target_app_id, after, limit)
        ]

    async def trusting_targets_of(
        self, org_id: str, origin_app_id: str, *, after: str = "", limit: int = 100
    ) -> Sequence[TrustEntry]:
        return [
            trust_rows.trust_entry(row) for row in await self._rows(_TARGETS_OF, org_id, origin_app_id, after, limit)
        ]

    async def add_trust(self, entry: TrustEntry, *, most: int, event: Event) -> bool:
        return await self._write(with_event(_ADD, (*trust_rows.trust_values(entry), most), event))

    async def remove_trust(self, org_id: str, target_app_id: str, origin_app_id: str, event: Event) -> bool:
        return await self._write(with_event(_REMOVE, (org_id, target_app_id, origin_app_id), event))

    async def remove_trust_of(self, org_id: str, app_id: str, event: Event) -> bool:
        return await self._write(with_event(_REMOVE_OF, (org_id, app_id), event))
