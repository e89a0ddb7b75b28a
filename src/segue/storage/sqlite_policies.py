"""Policies and network zones on SQLite."""

import sqlite3
from collections.abc import Sequence
from dataclasses import replace
from typing import Any

from segue.core.org import Org
from segue.core.policy import Policy, PolicySet
from segue.core.zone import Zone
from segue.events import Event
from segue.storage import policy_rows
from segue.storage.sqlite_config import SqliteConfig, raise_version
from segue.storage.sqlite_connection import local
from segue.storage.sqlite_events import add_event

_POLICIES = local(policy_rows.POLICIES)
_ZONES = local(policy_rows.ZONES)
_PUT_POLICY = local(policy_rows.PUT_POLICY)
_REMOVE_POLICY = local(policy_rows.REMOVE_POLICY)
_PUT_ZONE = local(policy_rows.PUT_ZONE)
_REMOVE_ZONE = local(policy_rows.REMOVE_ZONE)


class SqlitePolicies(SqliteConfig):
    """``PolicyStore`` of ``segue.stores``, and orgs together with their policies."""

    async def org(self, org_id: str) -> Org | None:
        found = await super().org(org_id)
        return replace(found, policies=await self.policies(org_id)) if found else None

    async def orgs(self) -> Sequence[Org]:
        return [replace(org, policies=await self.policies(org.id)) for org in await super().orgs()]

    async def policies(self, org_id: str) -> PolicySet:
        return policy_rows.policy_set(await self._rows(_POLICIES, org_id), await self._rows(_ZONES, org_id))

    async def put_policy(self, policy: Policy, event: Event) -> bool:
        return await self._change(_PUT_POLICY, policy_rows.policy_values(policy), event)

    async def remove_policy(self, org_id: str, policy_id: str, event: Event) -> bool:
        return await self._change(_REMOVE_POLICY, (org_id, policy_id), event)

    async def put_zone(self, zone: Zone, event: Event) -> None:
        await self._change(_PUT_ZONE, policy_rows.zone_values(zone), event)

    async def remove_zone(self, org_id: str, zone_id: str, event: Event) -> bool:
        return await self._change(_REMOVE_ZONE, (org_id, zone_id), event)

    async def _change(self, text: str, values: tuple[Any, ...], event: Event) -> bool:
        """Whether anything changed: then the org has a new version and there is an event."""

        def work(connection: sqlite3.Connection) -> bool:
            if not connection.execute(text, values).fetchall():
                return False
            raise_version(connection, values[0])
            add_event(connection, event)
            return True

        return await self._write(work)
