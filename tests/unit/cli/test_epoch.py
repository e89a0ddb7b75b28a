"""``segue epoch``: what a restored backup must not bring back."""

import time

import pytest
from tests.unit.cli.commands import Segue, Workshop, failed

from segue.core.credential import NewCredential
from segue.core.secret import digest, new_id, partition_of
from segue.settings import load, read_epoch
from segue.storage import open_store
from segue.stores import Commit, Store


def test_it_shows_and_raises(segue: Segue, workshop: Workshop) -> None:
    assert "No epoch was ever set" in segue("epoch").stdout
    raised = segue("epoch", "--raise")
    assert "Restart every server" in raised.stdout
    first = read_epoch(load())
    assert abs(first - time.time()) < 60
    assert f"(epoch {first})" in segue("epoch").stdout
    segue("epoch", "--raise")
    assert read_epoch(load()) > first


@pytest.mark.usefixtures("workshop")
def test_where_the_environment_sets_it_it_is_raised_there(segue: Segue, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SEGUE_EPOCH", "1700000000")
    assert "Credentials count since 2023-11-14 22:13:20 UTC" in segue("epoch").stdout
    failed(segue("epoch", "--raise"), "raise it there")


async def test_KE_03_raising_it_voids_what_was_issued_before(segue: Segue, workshop: Workshop) -> None:
    ident = new_id("102", 7, 1, bytes)
    secret = digest("secret")

    async def find(store: Store) -> bool:
        org = (await store.orgs())[0]
        return await store.find(org.id, ident, secret, frozenset({"session"})) is not None

    async def with_store(epoch: int, *, issue: bool) -> bool:
        store = open_store(workshop.url, epoch=epoch)
        await store.open()
        if issue:
            org = (await store.orgs())[0]
            session = NewCredential(org.id, ident, "session", secret, life_ms=60_000)
            assert await store.commit(Commit(org.id, partition_of(ident), (), credentials=(session,)))
        found = await find(store)
        await store.close()
        return found

    assert await with_store(read_epoch(load()), issue=True)
    # The command runs a loop of its own only where it opens the database, which this one does not.
    segue("epoch", "--raise")
    assert not await with_store(read_epoch(load()), issue=False)
