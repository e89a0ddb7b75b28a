"""Configuration in the memory of a process: at most a second, and the time of one look-up, old.

What is remembered of an org holds while the org's version does, and the version is asked at most once a second.
Credentials, users and attempts are never kept; what a decision relied on is checked again in its write.

While the store is away, what is remembered goes on being answered for a quarter of an hour: discovery and keys have to
be there for applications that check tokens (G8), and nobody signs in meanwhile, since that takes a write.
"""

import asyncio
import time
from collections import OrderedDict
from collections.abc import Awaitable, Callable, Coroutine, Hashable, Sequence
from dataclasses import dataclass
from typing import Any, Final, Generic, TypeVar

from segue.core.application import Application
from segue.core.org import AuthorizationServer, Domain, Org, TrustedOrigin
from segue.stores import ConfigStore, StoredKey, StoreUnavailable

_Value = TypeVar("_Value")
_FRESH_S: Final = 1.0
_OUTAGE_S: Final = 15 * 60.0
# Once the store is known to be away: how long a request waits to hear that it is back.
_PATIENCE_S: Final = 0.01
# Who asks for names that do not exist fills a small memory of their own and pushes out nothing that does.
_FOUND: Final = 4096
_MISSING: Final = 1024


@dataclass(frozen=True, slots=True)
class _Entry:
    """``mark`` is what must still be so: the org's version, or until when."""

    mark: float
    value: Any


class _Recent(Generic[_Value]):
    """As many values as fit; the one that was not used for longest goes first."""

    def __init__(self, size: int) -> None:
        self._size = size
        self._values: OrderedDict[Hashable, _Value] = OrderedDict()

    def get(self, key: Hashable) -> _Value | None:
        value = self._values.get(key)
        if value is not None:
            self._values.move_to_end(key)
        return value

    def put(self, key: Hashable, value: _Value) -> None:
        self._values[key] = value
        self._values.move_to_end(key)
        if len(self._values) > self._size:
            self._values.popitem(last=False)


class CachedConfig:
    """``ConfigStore`` over the reads of another one. Belongs to one event loop.

    ``monotonic`` answers seconds that never go back. Errors of the store are not remembered. StoreUnavailable is raised
    where nothing is remembered, or the store has been away for longer than a quarter of an hour.
    """

    def __init__(
        self,
        store: ConfigStore,
        *,
        monotonic: Callable[[], float] = time.monotonic,
        found: int = _FOUND,
        missing: int = _MISSING,
    ) -> None:
        self._store = store
        self._monotonic = monotonic
        self._versions: _Recent[_Entry] = _Recent(found)
        self._found: _Recent[_Entry] = _Recent(found)
        self._missing: _Recent[_Entry] = _Recent(missing)
        self._away = False
        self._under_way: dict[Hashable, asyncio.Task[Any]] = {}

    async def org(self, org_id: str) -> Org | None:
        return await self._of_org(org_id, "org", "", lambda: self._store.org(org_id))

    async def org_version(self, org_id: str) -> int:
        """At most a second old, like everything here."""
        known = self._versions.get(org_id)
        if known is not None and self._monotonic() < known.mark:
            return int(known.value)
        version: int = await self._or_remembered(("version", org_id), known, lambda: self._ask_version(org_id))
        return version

    async def domain(self, authority: str) -> Domain | None:
        return await self._for_a_second(("domain", authority), lambda: self._store.domain(authority))

    async def domains(self) -> Sequence[Domain]:
        return await self._for_a_second(("domains",), self._store.domains)

    async def application(self, org_id: str, app_id: str) -> Application | None:
        return await self._of_org(org_id, "app", app_id, lambda: self._store.application(org_id, app_id))

    async def application_by_client_id(self, org_id: str, client_id: str) -> Application | None:
        return await self._of_org(
            org_id, "client", client_id, lambda: self._store.application_by_client_id(org_id, client_id)
        )

    async def application_by_external_key(self, org_id: str, external_key: str) -> Application | None:
        return await self._of_org(
            org_id, "external", external_key, lambda: self._store.application_by_external_key(org_id, external_key)
        )

    async def authorization_server(self, org_id: str, server_id: str) -> AuthorizationServer | None:
        return await self._of_org(
            org_id, "server", server_id, lambda: self._store.authorization_server(org_id, server_id)
        )

    async def authorization_servers(self, org_id: str) -> Sequence[AuthorizationServer]:
        return await self._of_org(org_id, "servers", "", lambda: self._store.authorization_servers(org_id))

    async def signing_keys(self, org_id: str, key_set: str) -> Sequence[StoredKey]:
        return await self._of_org(org_id, "keys", key_set, lambda: self._store.signing_keys(org_id, key_set))

    async def trusted_origins(self, org_id: str) -> Sequence[TrustedOrigin]:
        return await self._of_org(org_id, "origins", "", lambda: self._store.trusted_origins(org_id))

    async def _of_org(self, org_id: str, what: str, key: str, load: Callable[[], Awaitable[_Value]]) -> _Value:
        """What belongs to an org, remembered while its version holds."""
        version = await self.org_version(org_id)
        name = (org_id, what, key)
        entry = self._recall(name, version)
        if entry is not None:
            remembered: _Value = entry.value
            return remembered
        # The version was asked before the value is read: a value may be newer than its mark, never older.
        return await self._once((name, version), lambda: self._learn(name, version, load))

    async def _for_a_second(self, name: Hashable, load: Callable[[], Awaitable[_Value]]) -> _Value:
        """What belongs to no org, or tells which org it is."""
        now = self._monotonic()
        entries = [entry for memory in (self._found, self._missing) if (entry := memory.get(name))]
        latest = max(entries, key=lambda entry: entry.mark, default=None)
        if latest is not None and now < latest.mark:
            remembered: _Value = latest.value
            return remembered
        return await self._or_remembered(name, latest, lambda: self._learn(name, now + _FRESH_S, load))

    async def _or_remembered(
        self, name: Hashable, entry: _Entry | None, load: Callable[[], Coroutine[Any, Any, _Value]]
    ) -> _Value:
        """Asks the store; while it is away, answers what ``entry`` (marked with a time) remembers."""
        if entry is None or self._monotonic() >= entry.mark + _OUTAGE_S:
            return await self._once(name, load)
        try:
            async with asyncio.timeout(_PATIENCE_S if self._away else None):
                return await self._once(name, load)
        except (StoreUnavailable, TimeoutError):
            remembered: _Value = entry.value
            return remembered

    def _recall(self, name: Hashable, version: int) -> _Entry | None:
        for memory in (self._found, self._missing):
            entry = memory.get(name)
            if entry is not None and entry.mark == version:
                return entry
        return None

    async def _learn(self, name: Hashable, mark: float, load: Callable[[], Awaitable[_Value]]) -> _Value:
        value = await load()
        (self._missing if value is None else self._found).put(name, _Entry(mark, value))
        return value

    async def _ask_version(self, org_id: str) -> int:
        # The second starts before the question: the answer is as old as that at most.
        until = self._monotonic() + _FRESH_S
        version = await self._store.org_version(org_id)
        self._versions.put(org_id, _Entry(until, version))
        return version

    async def _once(self, key: Hashable, load: Callable[[], Coroutine[Any, Any, _Value]]) -> _Value:
        """Asks the store once for everybody who wants the same at the same time."""
        task = self._under_way.get(key)
        if task is None:
            task = asyncio.get_running_loop().create_task(self._heard(load))
            self._under_way[key] = task
            task.add_done_callback(lambda done: self._finished(key, done))
        # Whoever asked first may go away without taking the answer from the others.
        value: _Value = await asyncio.shield(task)
        return value

    async def _heard(self, load: Callable[[], Coroutine[Any, Any, _Value]]) -> _Value:
        """Asks the store and notes whether it is there."""
        try:
            value = await load()
        except StoreUnavailable:
            self._away = True
            raise
        self._away = False
        return value

    def _finished(self, key: Hashable, task: asyncio.Task[Any]) -> None:
        del self._under_way[key]
        if not task.cancelled():
            task.exception()  # everybody who waited was told; nobody may be left to
