"""Many redeemers at once: processes that share nothing but the database, and a database whose connections are cut.

The harness is shown to see the mistake first: a store that looks before it spends loses the race (G20).
"""

import asyncio
from collections.abc import Sequence
from typing import Any

import asyncpg
import pytest
from tests.attacks.redeeming import PROCESSES, Redemption, a_mistaken_store, a_store, race, redeem_all, winners
from tests.postgres_server import FreshDatabase
from tests.stores.conftest import serializable
from tests.stores.databases import EPOCH, TestDatabase
from tests.stores.scene import Minted, Scene, a_scene

from segue.storage import migrate
from segue.storage.postgres import PostgresStore
from segue.stores import Claim

TICKETS = 300
ENGINES = [
    "sqlite",
    pytest.param("postgresql", marks=pytest.mark.postgres),
    pytest.param("postgresql-serializable", marks=pytest.mark.postgres),
]


@pytest.fixture(scope="module")
def postgres(fresh_database: FreshDatabase) -> TestDatabase:
    database = TestDatabase(fresh_database())
    migrate.upgrade(database.url)
    return database


@pytest.fixture
def database(request: pytest.FixtureRequest, tmp_path: Any) -> TestDatabase:
    if request.param == "sqlite":
        database = TestDatabase(f"sqlite:///{tmp_path / 'segue.db'}")
        migrate.upgrade(database.url)
        return database
    shared: TestDatabase = request.getfixturevalue("postgres")
    return serializable(shared) if request.param == "postgresql-serializable" else shared


async def prepared(database: TestDatabase) -> tuple[Scene, list[Minted]]:
    """An org with its tickets, whose store is closed again."""
    store = a_store(database.url)
    await store.open()
    scene = await a_scene(store, database)
    tickets = [scene.new() for _ in range(TICKETS)]
    assert await store.commit(scene.writing(*tickets))
    await store.close()
    return scene, tickets


def claims_for(scene: Scene, tickets: Sequence[Minted]) -> list[list[Claim]]:
    return [[scene.claim(ticket) for ticket in tickets] for _ in range(PROCESSES)]


@pytest.mark.parametrize("database", ENGINES, indirect=True)
async def test_OT_01_eight_processes_redeem_the_same_tickets_and_each_is_won_once(database: TestDatabase) -> None:
    scene, tickets = await prepared(database)
    redemptions = await asyncio.to_thread(race, a_store, database.url, claims_for(scene, tickets))

    won = winners(redemptions)
    assert set(won) == {ticket.id for ticket in tickets}
    assert set(won.values()) == {1}
    # They really met: no process won everything, and nobody was turned away for another reason.
    assert sum(bool(one.won) for one in redemptions) > 1
    assert sum(one.unavailable for one in redemptions) == 0 or "serializable" in database.url

    attempts = {ident: attempt for one in redemptions for ident, attempt in one.won.items()}
    text = "SELECT id, consumed_by FROM credentials WHERE org_id = $1 AND consumed_at IS NOT NULL"
    assert dict(await database.rows(text, scene.org_id)) == attempts
    assert len(await scene.events("ticket.redeem")) == TICKETS


@pytest.mark.postgres
@pytest.mark.parametrize("database", ["postgresql"], indirect=True)
async def test_G20_the_race_sees_a_store_that_looks_before_it_spends(database: TestDatabase) -> None:
    scene, tickets = await prepared(database)
    redemptions = await asyncio.to_thread(race, a_mistaken_store, database.url, claims_for(scene, tickets))
    assert sum(count > 1 for count in winners(redemptions).values()) > 10


@pytest.mark.postgres
@pytest.mark.parametrize("database", ["postgresql"], indirect=True)
async def test_OT_02_cut_connections_never_make_two_winners_nor_a_success_without_a_commit(
    database: TestDatabase,
) -> None:
    """The server ends connections in the middle of claims, all the time, until every ticket was tried by everybody."""
    scene, tickets = await prepared(database)
    stores = [PostgresStore(database.url, epoch=EPOCH) for _ in range(3)]
    for store in stores:
        await store.open()
    done = asyncio.Event()
    cutting = asyncio.create_task(cut_connections(database, done))
    outcomes = await asyncio.gather(
        *(redeem_all(store, claims) for store, claims in zip(stores, claims_for(scene, tickets), strict=False))
    )
    done.set()
    cuts = await cutting
    for store in stores:
        await store.close()
    assert cuts > 10
    assert await won_as_committed(scene, outcomes) > TICKETS // 2


async def won_as_committed(scene: Scene, outcomes: Sequence[Redemption]) -> int:
    """How many tickets were won, each by one attempt: the one on record, which had its event.

    What is on record was won, or its claim ended as unknown.
    """
    won = {attempt: ident for one in outcomes for ident, attempt in one.won.items()}
    unknown = {attempt for one in outcomes for attempt in one.unknown}
    text = "SELECT consumed_by, id FROM credentials WHERE org_id = $1 AND consumed_at IS NOT NULL"
    committed = dict(await scene.database.rows(text, scene.org_id))
    assert len(won) == len(set(won.values()))
    assert won.items() <= committed.items()
    assert set(committed) - set(won) <= unknown
    assert len(await scene.events("ticket.redeem")) == len(committed)
    return len(won)


async def cut_connections(database: TestDatabase, done: asyncio.Event) -> int:
    """Ends the connections that are at work, again and again; answers how many."""
    connection = await asyncpg.connect(database.url)
    text = """
        SELECT pg_terminate_backend(pid) FROM pg_stat_activity
        WHERE datname = current_database() AND application_name = 'segue' AND state = 'active'
    """
    cuts = 0
    while not done.is_set():
        cuts += len(await connection.fetch(text))
        await asyncio.sleep(0.005)
    await connection.close()
    return cuts
