"""PostgreSQL at its worst: lost answers, ended connections, aborts, locks, a full pool. No success is a false one."""

import asyncio
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import replace
from itertools import count
from typing import Any

import asyncpg
import pytest
from tests.stores.databases import EPOCH, TestDatabase
from tests.stores.locks import held, waiting
from tests.stores.scene import Scene, a_scene, an_event, unique
from tests.stores.wire import Wire, wire_to

from segue.core.credential import Participation
from segue.storage import postgres_pool
from segue.storage.postgres import PostgresStore
from segue.stores import OutcomeUnknown, StoreUnavailable

pytestmark = pytest.mark.postgres


@asynccontextmanager
async def opened(url: str) -> AsyncIterator[PostgresStore]:
    store = PostgresStore(url, epoch=EPOCH)
    await store.open()
    try:
        yield store
    finally:
        await store.close()


@pytest.fixture
def engine() -> str:
    return "postgresql"


@pytest.fixture
async def admin(database: TestDatabase) -> AsyncIterator[Any]:
    """A connection of the test's own, to lock rows and to end other connections."""
    connection = await asyncpg.connect(database.url)
    yield connection
    await connection.close()


# --- a connection that ends during a claim ----------------------------------------------------------------------------


@pytest.mark.usefixtures("patient")
async def test_OT_02_a_claim_whose_connection_is_ended_is_made_once(admin: Any, scene: Scene) -> None:
    ticket = await scene.mint()
    claim = scene.claim(ticket)
    async with held(scene, ticket):
        claiming = asyncio.create_task(scene.store.claim(claim))
        for pid in await waiting(admin):
            await admin.execute("SELECT pg_terminate_backend($1)", pid)
        # The store tries again by itself and waits behind the same lock.
        await waiting(admin)
    found = await claiming
    assert found
    assert found.credential.consumed_by == claim.attempt
    assert await scene.events("ticket.redeem") == [(claim.event.id, "ticket.redeem")]
    assert await scene.spend(ticket) is None


@pytest.mark.usefixtures("patient")
async def test_OT_02_a_claim_that_was_overtaken_while_its_connection_was_lost_is_refused(
    admin: Any, scene: Scene
) -> None:
    ticket = await scene.mint()
    async with held(scene, ticket) as holder:
        claiming = asyncio.create_task(scene.spend(ticket))
        for pid in await waiting(admin):
            await admin.execute("SELECT pg_terminate_backend($1)", pid)
        await waiting(admin)
        text = "UPDATE credentials SET consumed_at = 1, consumed_by = 'somebody else' WHERE org_id = $1 AND id = $2"
        await holder.execute(text, scene.org_id, ticket.id)
    assert await claiming is None
    assert await scene.column(ticket, "consumed_by") == "somebody else"
    assert await scene.events("ticket.redeem") == []


@asynccontextmanager
async def wired(scene: Scene) -> AsyncIterator[tuple[Wire, Scene]]:
    async with wire_to(scene.database.url) as wire, opened(wire.url) as store:
        # What asks for a statement's types happens now, so that the next answer is that of a claim.
        over_wire = replace(scene, store=store)
        assert await over_wire.spend(await scene.mint())
        assert await store.commit(scene.writing())
        yield wire, over_wire


async def test_OT_02_a_claim_whose_answer_was_lost_is_known_by_its_attempt(scene: Scene) -> None:
    async with wired(scene) as (wire, over_wire):
        ticket = await scene.mint()
        claim = scene.claim(ticket)
        wire.lose_next_answer = True
        found = await over_wire.store.claim(claim)
        assert wire.lost == 1
        assert found
        assert found.subject
        assert found.credential.consumed_by == claim.attempt
        assert await scene.store.event(scene.org_id, claim.event.id)
        assert await over_wire.spend(ticket) is None


async def test_OT_02_a_lost_answer_does_not_turn_a_refusal_into_success(scene: Scene) -> None:
    async with wired(scene) as (wire, over_wire):
        ticket = await scene.mint()
        first = scene.claim(ticket)
        assert await scene.store.claim(first)
        wire.lose_next_answer = True
        assert await over_wire.spend(ticket) is None
        assert wire.lost == 1
        assert await scene.column(ticket, "consumed_by") == first.attempt


@pytest.mark.usefixtures("patient")
async def test_OT_02_a_claim_that_cannot_be_settled_is_unknown(admin: Any, scene: Scene) -> None:
    async with wired(scene) as (wire, over_wire):
        ticket = await scene.mint()
        async with held(scene, ticket):
            claiming = asyncio.create_task(over_wire.spend(ticket))
            await waiting(admin)
            wire.cut()
            with pytest.raises(OutcomeUnknown):
                await claiming


async def test_OT_02_a_commit_whose_answer_was_lost_is_unknown(scene: Scene) -> None:
    async with wired(scene) as (wire, over_wire):
        code = scene.new("authorization_code")
        wire.lose_next_answer = True
        with pytest.raises(OutcomeUnknown):
            await over_wire.store.commit(scene.writing(code))
        assert await scene.find(code)
        other = scene.new()
        assert await over_wire.store.commit(scene.writing(other))


async def test_a_read_whose_connection_was_lost_is_read_again(scene: Scene) -> None:
    async with wired(scene) as (wire, over_wire):
        session = await scene.session()
        assert await over_wire.find(session)
        wire.lose_next_answer = True
        assert await over_wire.find(session)
        assert wire.lost == 1


async def test_connections_that_died_while_idle_are_replaced(admin: Any, scene: Scene) -> None:
    """As after a restart of the server."""
    tickets = [await scene.mint() for _ in range(8)]
    await asyncio.gather(*(scene.find(ticket) for ticket in tickets))
    text = "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE application_name = 'segue'"
    await admin.fetch(f"{text} AND datname = current_database()")
    assert all(await asyncio.gather(*(scene.spend(ticket) for ticket in tickets)))
    assert await scene.store.ping()


# --- a commit that its standby never confirmed: tests/attacks/test_crashes.py has the real one ------------------------

DOUBTFUL = """
    CREATE FUNCTION doubt() RETURNS trigger LANGUAGE plpgsql AS $$
    BEGIN
        RAISE WARNING 'canceling wait for synchronous replication due to user request' USING ERRCODE = '01000';
        RETURN NULL;
    END $$;
    CREATE TRIGGER doubt AFTER INSERT OR UPDATE ON participations FOR EACH STATEMENT EXECUTE FUNCTION doubt();
"""


async def test_M4_a_notice_of_a_commit_that_did_not_wait_is_no_success(own_database: TestDatabase) -> None:
    async with opened(own_database.url) as store:
        scene = await a_scene(store, own_database)
        session = await scene.session()
        assert await store.commit(scene.writing())
        await run_script(own_database, DOUBTFUL)
        part = Participation(session.id, "0oaA", "oidc")
        with pytest.raises(OutcomeUnknown, match="canceling wait"):
            await store.commit(scene.writing(participations=(part,)))
        assert await store.participations(scene.org_id, session.id) == [part]


async def run_script(database: TestDatabase, script: str) -> None:
    connection = await asyncpg.connect(database.url)
    await connection.execute(script)
    await connection.close()


# --- aborts -----------------------------------------------------------------------------------------------------------


class Stubborn(asyncpg.Connection):
    """Aborts every statement that writes."""

    __slots__ = ()
    tries = count()

    async def fetch(self, query: str, *arguments: Any, **options: Any) -> list[Any]:
        if not query.strip().startswith("WITH"):
            return await super().fetch(query, *arguments, **options)
        next(Stubborn.tries)
        transaction = self.transaction()
        await transaction.start()
        await super().fetch(query, *arguments, **options)
        await transaction.rollback()
        raise asyncpg.DeadlockDetectedError("deadlock detected")


async def test_an_abort_is_repeated_three_times_and_no_more(scene: Scene, monkeypatch: pytest.MonkeyPatch) -> None:
    ticket = await scene.mint()
    monkeypatch.setattr(postgres_pool, "Connection", Stubborn)
    monkeypatch.setattr(Stubborn, "tries", count())
    async with opened(scene.database.url) as store:
        with pytest.raises(StoreUnavailable) as refused:
            await store.claim(scene.claim(ticket))
    assert not isinstance(refused.value, OutcomeUnknown)
    assert next(Stubborn.tries) == 4
    assert await scene.column(ticket, "consumed_at") is None
    assert await scene.events("ticket.redeem") == []
    assert await scene.spend(ticket)


@pytest.mark.usefixtures("patient")
async def test_of_two_that_lock_each_other_both_end(admin: Any, scene: Scene) -> None:
    """A real deadlock: the server aborts ours, which is repeated once the other is through."""
    session = await scene.session()
    renewal = scene.renewing(session)
    async with held(scene, session) as holder:
        await holder.execute("SET LOCAL deadlock_timeout = '10s'")
        committing = asyncio.create_task(scene.store.commit(scene.writing(renewal=renewal, guard=scene.guard)))
        await waiting(admin)
        text = "SELECT 1 FROM users WHERE org_id = $1 AND id = $2 FOR UPDATE"
        await holder.fetchval(text, scene.org_id, scene.user.id)
    assert await committing
    assert await scene.find(session, digest=renewal.new_digest)


# --- waiting ----------------------------------------------------------------------------------------------------------


async def test_G16_a_lock_that_is_not_released_ends_as_unavailable(admin: Any, scene: Scene) -> None:
    ticket = await scene.mint()
    async with held(scene, ticket):
        began = time.monotonic()
        with pytest.raises(StoreUnavailable) as refused:
            await scene.spend(ticket)
        assert 1.9 < time.monotonic() - began < 5
        assert not isinstance(refused.value, OutcomeUnknown)
    assert await scene.spend(ticket)


@pytest.mark.usefixtures("patient")
async def test_G16_a_full_pool_is_not_waited_for_longer_than_a_second(admin: Any, scene: Scene) -> None:
    ticket = await scene.mint()
    async with held(scene, ticket):
        claims = [asyncio.create_task(scene.spend(ticket)) for _ in range(postgres_pool.CONNECTIONS)]
        await waiting(admin, postgres_pool.CONNECTIONS)
        began = time.monotonic()
        with pytest.raises(StoreUnavailable, match="free"):
            await scene.store.ping()
        assert 0.9 < time.monotonic() - began < 5
    answers = await asyncio.gather(*claims, return_exceptions=True)
    assert sum(answer is not None and not isinstance(answer, BaseException) for answer in answers) <= 1
    assert await scene.store.ping()


@pytest.mark.usefixtures("patient")
async def test_M4_a_caller_that_gives_up_does_not_stop_its_commit(admin: Any, scene: Scene) -> None:
    ticket = await scene.mint()
    claim = scene.claim(ticket)
    async with held(scene, ticket):
        claiming = asyncio.create_task(scene.store.claim(claim))
        await waiting(admin)
        claiming.cancel()
        with pytest.raises(asyncio.CancelledError):
            await claiming
        await waiting(admin)
    while await scene.column(ticket, "consumed_by") is None:  # noqa: ASYNC110 -- nobody waits for it any more
        await asyncio.sleep(0.01)
    assert await scene.column(ticket, "consumed_by") == claim.attempt


@pytest.mark.usefixtures("patient")
async def test_closing_waits_for_a_write_that_was_given_up(admin: Any, scene: Scene) -> None:
    ticket = await scene.mint()
    claim = scene.claim(ticket)
    async with opened(scene.database.url) as store, held(scene, ticket):
        claiming = asyncio.create_task(store.claim(claim))
        await waiting(admin)
        claiming.cancel()
    assert await scene.column(ticket, "consumed_by") == claim.attempt


# --- servers that are not to be trusted -------------------------------------------------------------------------------


async def test_M2_a_server_that_forgets_commits_is_refused(database: TestDatabase) -> None:
    for setting in ("off", "local"):
        store = PostgresStore(f"{database.url}?synchronous_commit={setting}", epoch=EPOCH)
        with pytest.raises(StoreUnavailable, match="synchronous_commit"):
            await store.open()
        with pytest.raises(StoreUnavailable):
            await store.ping()


async def test_a_standby_takes_no_writes_and_says_so(scene: Scene) -> None:
    async with opened(f"{scene.database.url}?default_transaction_read_only=on") as store:
        session = await scene.session()
        assert await replace(scene, store=store).find(session)
        with pytest.raises(StoreUnavailable, match="standby"):
            await store.append([an_event(scene.org_id)])


async def test_an_absent_server_is_unavailable(database: TestDatabase) -> None:
    async with wire_to(database.url) as wire:
        url = wire.url
    for address in (url, database.url.replace("segue:", "segue:wrong"), database.url + unique("none")):
        store = PostgresStore(address, epoch=EPOCH)
        with pytest.raises(StoreUnavailable) as refused:
            await store.open()
        assert not isinstance(refused.value, OutcomeUnknown)


async def test_a_server_that_goes_away_is_unavailable_and_comes_back(scene: Scene) -> None:
    async with wired(scene) as (wire, over_wire):
        ticket = await scene.mint()
        wire.cut()
        await asyncio.sleep(0.05)
        for work in (over_wire.find(ticket), over_wire.store.ping()):
            with pytest.raises(StoreUnavailable):
                await work
        with pytest.raises(StoreUnavailable):
            await over_wire.spend(ticket)
        wire.cut_new_connections = False
        assert await over_wire.spend(ticket)


async def test_an_empty_database_has_no_schema(own_database: TestDatabase) -> None:
    await run_script(own_database, "DROP TABLE alembic_version")
    async with opened(own_database.url) as store:
        assert await store.schema_version() is None


async def test_what_a_connection_is_told_at_connect(scene: Scene) -> None:
    """Told once and never by a statement; the server's own durability stays."""
    database = scene.store._database  # type: ignore[attr-defined]
    names = ("statement_timeout", "lock_timeout", "idle_in_transaction_session_timeout", "synchronous_commit")
    names += ("default_transaction_isolation",)
    (row,) = await database.read("SELECT " + ", ".join(f"current_setting('{name}')" for name in names))
    assert tuple(row) == ("3s", "2s", "5s", "on", "read committed")
