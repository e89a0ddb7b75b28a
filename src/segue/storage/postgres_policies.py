"""Policies and network zones on PostgreSQL."""

from collections.abc import Sequence
from dataclasses import replace
from typing import Final

from segue.core.org import Org
from segue.core.policy import Policy, PolicySet
from segue.core.zone import Zone
from segue.events import Event
from segue.storage import policy_rows
from segue.storage.postgres_configuration import PostgresConfiguration
from segue.storage.postgres_statements import events_json, with_event

_PUT_POLICY: Final = with_event(policy_rows.PUT_POLICY, new_version_of="$1")
_REMOVE_POLICY: Final = with_event(policy_rows.REMOVE_POLICY, new_version_of="$1")
_PUT_ZONE: Final = with_event(policy_rows.PUT_ZONE, new_version_of="$1")
_REMOVE_ZONE: Final = with_event(policy_rows.REMOVE_ZONE, new_version_of="$1")


class PostgresPolicies(PostgresConfiguration):
    """``PolicyStore``, and orgs together with their policies."""

    async def org(self, org_id: str) -> Org | None:
        found = await super().org(org_id)
        return replace(found, policies=await self.policies(org_id)) if found else None

    async def orgs(self) -> Sequence[Org]:
        return [replace(org, policies=await self.policies(org.id)) for org in await super().orgs()]

    async def policies(self, org_id: str) -> PolicySet:
        policies = await self._database.read(policy_rows.POLICIES, org_id)
        return policy_rows.policy_set(policies, await self._database.read(policy_rows.ZONES, org_id))

    async def put_policy(self, policy: Policy, event: Event) -> bool:
        return await self._change(_PUT_POLICY, policy_rows.policy_values(policy), event)

    async def remove_policy(self, org_id: str, policy_id: str, event: Event) -> bool:
        return await self._change(_REMOVE_POLICY, (org_id, policy_id), event)

    async def put_zone(self, zone: Zone, event: Event) -> None:
        await self._change(_PUT_ZONE, policy_rows.zone_values(zone), event)

    async def remove_zone(self, org_id: str, zone_id: str, event: Event) -> bool:
        return await self._change(_REMOVE_ZONE, (org_id, zone_id), event)

    async def _change(self, statement: str, values: tuple[object, ...], event: Event) -> bool:
        return bool(await self._database.write(statement, *values, events_json([event])))
