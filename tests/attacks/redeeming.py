"""Processes that all redeem the same tickets at once, and what each of them won."""

import asyncio
import multiprocessing
import sys
from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from multiprocessing.synchronize import Barrier
from typing import Any

from tests.stores.databases import EPOCH

from segue.storage import open_store
from segue.storage.postgres import PostgresStore
from segue.stores import Claim, Found, OutcomeUnknown, Store, StoreUnavailable

PROCESSES = 8
# How many claims a process has under way: as many as the store has connections.
AT_ONCE = 10
START_WITHIN_S = 60
END_WITHIN_S = 120

MakeStore = Callable[[str], Store]


@dataclass(slots=True)
class Redemption:
    """What came of some claims: attempts that won, by ticket; attempts whose end is unknown; how many were refused."""

    won: dict[str, str] = field(default_factory=dict)
    unknown: set[str] = field(default_factory=set)
    unavailable: int = 0


async def redeem_all(store: Store, claims: Sequence[Claim], *, again: bool = False) -> Redemption:
    """Makes the claims in order, some at a time; with ``again`` each until the store is there to answer."""
    outcome = Redemption()
    waiting = iter(claims)

    async def redeem(claim: Claim) -> bool:
        """Whether it was answered."""
        try:
            if await store.claim(claim):
                outcome.won[claim.id] = claim.attempt
        except OutcomeUnknown:
            outcome.unknown.add(claim.attempt)
        except StoreUnavailable:
            outcome.unavailable += 1
            return False
        return True

    async def redeem_next() -> None:
        for claim in waiting:
            while not await redeem(claim) and again:  # noqa: ASYNC110 -- a server tells nobody that it is back
                await asyncio.sleep(0.02)

    await asyncio.gather(*(redeem_next() for _ in range(AT_ONCE)))
    return outcome


def a_store(url: str) -> Store:
    return open_store(url, epoch=EPOCH)


class SelectThenUpdate(PostgresStore):
    """The mistake that the race must be able to see: looking first and spending afterwards."""

    async def claim(self, claim: Claim) -> Found | None:
        found = await self.find(claim.org_id, claim.id, claim.digest, claim.kinds)
        if found is None:
            return None
        text = "UPDATE credentials SET consumed_at = 1, consumed_by = $1 WHERE org_id = $2 AND id = $3"
        await self._database.write(text, claim.attempt, claim.org_id, claim.id)
        return found


def a_mistaken_store(url: str) -> Store:
    return SelectThenUpdate(url, epoch=EPOCH)


def race(make_store: MakeStore, url: str, claims: Sequence[Sequence[Claim]]) -> list[Redemption]:
    """Runs one process for each list of claims; all begin at the same moment, in the same order."""
    context = multiprocessing.get_context("spawn")
    barrier, answers = context.Barrier(len(claims)), context.Queue()
    arguments = [(make_store, url, mine, barrier, answers, list(sys.path)) for mine in claims]
    processes = [context.Process(target=_redeem, args=each) for each in arguments]
    for process in processes:
        process.start()
    try:
        redemptions = [answers.get(timeout=END_WITHIN_S) for _ in processes]
        for process in processes:
            process.join(END_WITHIN_S)
            assert process.exitcode == 0
        return redemptions
    finally:
        for process in processes:
            process.kill()


def winners(redemptions: Sequence[Redemption]) -> Counter[str]:
    """How often each ticket was won."""
    return Counter(ident for one in redemptions for ident in one.won)


def _redeem(
    make_store: MakeStore, url: str, claims: Sequence[Claim], barrier: Barrier, answers: Any, path: list[str]
) -> None:
    answers.put(asyncio.run(_redeem_all(make_store(url), claims, barrier)))


async def _redeem_all(store: Store, claims: Sequence[Claim], barrier: Barrier) -> Redemption:
    await store.open()
    # Every connection is made before the race begins.
    await asyncio.gather(*(store.ping() for _ in range(AT_ONCE)))
    barrier.wait(START_WITHIN_S)
    try:
        return await redeem_all(store, claims)
    finally:
        await store.close()
