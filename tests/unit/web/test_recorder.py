"""Refusals become durable before they are answered, many in one write, and a flood is counted instead of written."""

import asyncio
from collections.abc import Sequence

import pytest

from segue.core.clock import Source
from segue.core.refusal import Refusal
from segue.events import Circumstances, Event
from segue.stores import StoreUnavailable
from segue.web.recorder import Recorder


class Shelf:
    """Stands for a slow database: it answers a group a moment later."""

    def __init__(self) -> None:
        self.groups: list[list[Event]] = []
        self.broken = False

    async def append(self, events: Sequence[Event]) -> None:
        await asyncio.sleep(0.001)
        if self.broken:
            raise StoreUnavailable("down")
        self.groups.append(list(events))

    async def event(self, org_id: str, event_id: str) -> Event | None:
        return next((event for group in self.groups for event in group if event.id == event_id), None)


def somewhere(now_at: int = 1_790_000_000_000, address: str = "192.0.2.1") -> Circumstances:
    return Circumstances("00o1", now_at, Source(), address=address)


async def test_a_refusal_is_written_before_its_id_is_known() -> None:
    shelf = Shelf()
    event_id = await Recorder(shelf).refuse(somewhere(), Refusal("not_assigned", "No."), "sign_in.test")
    event = await shelf.event("00o1", event_id)
    assert event is not None
    assert (event.type, event.outcome, event.reason) == ("sign_in.test", "refused", "not_assigned")
    assert event.detail["trail"]


async def test_what_arrives_during_a_write_goes_together_into_the_next() -> None:
    shelf = Shelf()
    recorder = Recorder(shelf)
    refusals = [recorder.refuse(somewhere(address=f"192.0.2.{n}"), Refusal("x", "No."), "t") for n in range(50)]
    await asyncio.gather(*refusals)
    assert sum(map(len, shelf.groups)) == 50
    assert len(shelf.groups) <= 3


async def test_a_store_that_is_down_is_not_swallowed() -> None:
    shelf = Shelf()
    shelf.broken = True
    recorder = Recorder(shelf)
    with pytest.raises(StoreUnavailable):
        await recorder.refuse(somewhere(), Refusal("x", "No."), "t")
    shelf.broken = False
    assert await recorder.refuse(somewhere(), Refusal("x", "No."), "t")


async def test_a_flood_from_one_address_is_counted() -> None:
    shelf = Shelf()
    recorder = Recorder(shelf)
    ids = [await recorder.refuse(somewhere(), Refusal("x", "No."), "t") for _ in range(250)]
    assert len(set(ids)) == 101
    assert len(set(ids[100:])) == 1
    other = await recorder.refuse(somewhere(address="192.0.2.2"), Refusal("x", "No."), "t")
    assert other not in ids
    await recorder.refuse(somewhere(now_at=1_790_000_061_000), Refusal("x", "No."), "t")
    counting = [event for group in shelf.groups for event in group if event.count > 1]
    assert [(event.count, event.detail["counts"]) for event in counting] == [(150, ids[100])]


async def test_shutting_down_writes_the_counts() -> None:
    shelf = Shelf()
    recorder = Recorder(shelf)
    for _ in range(102):
        await recorder.refuse(somewhere(), Refusal("x", "No."), "t")
    await recorder.flush()
    assert shelf.groups[-1][0].count == 2
