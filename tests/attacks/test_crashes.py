"""A PostgreSQL that is killed in the middle of claims, and one whose standby never confirms a commit."""

import asyncio
import os
import signal
from collections.abc import AsyncIterator, Iterator
from typing import Any

import asyncpg
import pytest
from tests.attacks.redeeming import redeem_all
from tests.attacks.test_races import claims_for, prepared, won_as_committed
from tests.postgres_server import PostgresServer, running_postgres
from tests.stores.databases import EPOCH, TestDatabase
from tests.stores.scene import Scene, a_scene

from segue.core.credential import Participation
from segue.storage import migrate
from segue.storage.postgres import PostgresStore
from segue.stores import OutcomeUnknown

pytestmark = pytest.mark.postgres
KILLS = 3


@pytest.fixture(scope="module")
def server() -> Iterator[PostgresServer]:
    """A server of this module's own: killing one of its processes makes it end all others and recover."""
    with running_postgres() as server:
        yield server


@pytest.fixture
def database(server: PostgresServer) -> TestDatabase:
    database = TestDatabase(server.url(server.create_database()))
    migrate.upgrade(database.url)
    return database


@pytest.fixture
async def scene(database: TestDatabase) -> AsyncIterator[Scene]:
    store = PostgresStore(database.url, epoch=EPOCH)
    await store.open()
    yield await a_scene(store, database)
    await store.close()


async def processes(database: TestDatabase, condition: str) -> list[int]:
    """The server processes that work for a store on this database and fulfil ``condition``."""
    connection: Any = await asyncpg.connect(database.url)
    try:
        text = "SELECT pid FROM pg_stat_activity WHERE datname = current_database() AND application_name = 'segue'"
        return [row["pid"] for row in await connection.fetch(f"{text} AND {condition}")]
    finally:
        await connection.close()


# --- kill -9 ----------------------------------------------------------------------------------------------------------


async def kill_one_at_work(database: TestDatabase) -> None:
    """SIGKILL for a process that is in the middle of a statement; the server recovers from its log."""
    while True:
        try:
            at_work = await processes(database, "state = 'active'")
        except (OSError, asyncpg.PostgresError, asyncpg.InterfaceError):
            at_work = []  # it is still recovering from the last time
        for pid in at_work[:1]:
            try:
                os.kill(pid, signal.SIGKILL)
            except ProcessLookupError:
                continue
            return
        await asyncio.sleep(0.001)


async def test_OT_02_R_08_a_killed_server_makes_no_ticket_usable_twice(database: TestDatabase) -> None:
    scene, tickets = await prepared(database)
    stores = [PostgresStore(database.url, epoch=EPOCH) for _ in range(2)]
    for store in stores:
        await store.open()
    outcomes = []
    share = len(tickets) // KILLS
    for round_ in range(KILLS):
        mine = claims_for(scene, tickets[round_ * share : (round_ + 1) * share])
        killing = asyncio.create_task(kill_one_at_work(database))
        outcomes += await asyncio.gather(
            *(redeem_all(store, claims, again=True) for store, claims in zip(stores, mine, strict=False))
        )
        # Without work there is nothing to kill in the middle of it.
        while not killing.done():
            outcomes.append(await redeem_all(stores[0], mine[-1], again=True))
    for store in stores:
        await store.close()
    won = await won_as_committed(scene, outcomes)
    assert won + sum(len(one.unknown) for one in outcomes) >= share * KILLS


# --- a standby that is not there --------------------------------------------------------------------------------------


@pytest.fixture
def lonely(server: PostgresServer) -> Iterator[PostgresServer]:
    """The server, able to wait for a standby that does not exist; it stops waiting when the test ends."""
    yield server
    expect_standby(server, "")


def expect_standby(server: PostgresServer, name: str) -> None:
    server.execute(f"ALTER SYSTEM SET synchronous_standby_names = '{name}'")
    server.execute("SELECT pg_reload_conf()")


CLAIMING, SETTLING = "SET consumed_at", "consumed_by = c.consumed_by"


async def cancel_the_wait(database: TestDatabase, statement: str) -> None:
    """Cancels a commit that waits for the standby: PostgreSQL then answers as if it had succeeded, with a warning."""
    waiting = f"wait_event = 'SyncRep' AND query LIKE '%{statement}%'"
    async with asyncio.timeout(10):
        while not (found := await processes(database, waiting)):  # noqa: ASYNC110 -- a server tells nobody
            await asyncio.sleep(0.005)
    for pid in found:
        await database.execute("SELECT pg_cancel_backend($1)", pid)


async def test_M4_a_claim_that_no_standby_confirmed_is_unknown(scene: Scene, lonely: PostgresServer) -> None:
    ticket = await scene.mint()
    await asyncio.to_thread(expect_standby, lonely, "nobody")
    claiming = asyncio.create_task(scene.spend(ticket))
    await cancel_the_wait(scene.database, CLAIMING)
    await cancel_the_wait(scene.database, SETTLING)
    with pytest.raises(OutcomeUnknown):
        await claiming
    await asyncio.to_thread(expect_standby, lonely, "")
    assert await scene.spend(ticket) is None


async def test_M4_a_claim_that_is_confirmed_after_all_is_the_winner(scene: Scene, lonely: PostgresServer) -> None:
    ticket = await scene.mint()
    await asyncio.to_thread(expect_standby, lonely, "nobody")
    claim = scene.claim(ticket)
    claiming = asyncio.create_task(scene.store.claim(claim))
    await cancel_the_wait(scene.database, CLAIMING)
    await asyncio.to_thread(expect_standby, lonely, "")
    found = await claiming
    assert found
    assert found.credential.consumed_by == claim.attempt
    assert await scene.spend(ticket) is None


async def test_M4_a_commit_that_no_standby_confirmed_is_unknown(scene: Scene, lonely: PostgresServer) -> None:
    session = await scene.session()
    await asyncio.to_thread(expect_standby, lonely, "nobody")
    part = Participation(session.id, scene.app.id, "oidc")
    committing = asyncio.create_task(scene.store.commit(scene.writing(participations=(part,))))
    await cancel_the_wait(scene.database, "WITH holder AS")
    with pytest.raises(OutcomeUnknown):
        await committing
