"""Events: kept whole, whatever a client put into them."""

import os
from dataclasses import replace

import pytest
from tests.stores.scene import Scene, an_event, ident, unique

from segue.core.secret import new_id, partition_of
from segue.events import Event
from segue.storage import migrate
from segue.stores import AlreadyExists, EventPage

START = 1_700_000_000_000


async def test_events_are_read_as_they_were_written(scene: Scene) -> None:
    full = an_event(
        scene.org_id,
        "ticket.redeem",
        outcome="refused",
        reason="ticket_not_usable",
        actor_id="00Tadmin",
        user_id=scene.user.id,
        app_id=scene.app.id,
        credential_id=ident("201"),
        domain="id.example:8443",
        address="2001:db8::1",
        user_agent="Mozilla/5.0 (\u00fc)",
        request_id="r1",
        count=3,
        detail={"trail": {"rule": "x", "checks": []}, "n": 1},
    )
    bare = an_event(scene.org_id)
    await scene.store.append([full, bare])
    assert await scene.store.event(scene.org_id, full.id) == full
    assert await scene.store.event(scene.org_id, bare.id) == bare
    assert await scene.store.event("another", full.id) is None
    assert await scene.store.event(scene.org_id, ident("evt")) is None
    assert await scene.store.event(scene.org_id, "no id") is None
    await scene.store.append([])


async def test_an_event_holds_whatever_a_client_sent(scene: Scene) -> None:
    """No byte of a header keeps a refusal from being recorded."""
    event = an_event(
        scene.org_id, user_agent="nul\0 and half \ud800", address="\0", request_id="\udfff", detail={"h": "\0"}
    )
    await scene.store.append([event])
    kept = await scene.store.event(scene.org_id, event.id)
    assert kept
    assert (kept.user_agent, kept.address, kept.request_id) == ("nul? and half ?", "?", "?")
    assert kept.detail == event.detail


async def test_events_are_written_together_or_not_at_all(scene: Scene) -> None:
    first, second = scene.event(), scene.event()
    await scene.store.append([first])
    with pytest.raises(AlreadyExists):
        await scene.store.append([second, first])
    assert await scene.store.event(scene.org_id, second.id) is None


async def test_the_store_tells_the_time_and_its_schema(scene: Scene) -> None:
    first = await scene.store.ping()
    assert first <= await scene.store.ping()
    assert await scene.store.schema_version() == migrate.head()


def at(moment: int, event: Event) -> Event:
    return replace(event, id=new_id("evt", partition_of(event.id), moment, os.urandom), at=moment)


async def test_the_log_is_read_in_the_order_of_time_and_page_by_page(scene: Scene) -> None:
    """Events of one moment are told apart by their ids, and no page shows one twice or leaves one out."""
    org = scene.org_id
    written = [at(START + 1000 * (number // 3), an_event(org, f"t{number}.x")) for number in range(9)]
    await scene.store.append(written)
    await scene.store.append([an_event(unique("other"), "other.x")])
    expected = sorted(written, key=lambda event: (event.at, event.id))
    for newest_first in (False, True):
        wanted = expected[::-1] if newest_first else expected
        found: list[Event] = []
        after = None
        while page := await scene.store.events(
            org, EventPage(START, START + 10_000, after, newest_first=newest_first, limit=2)
        ):
            assert len(page) <= 2
            found += page
            after = (page[-1].at, page[-1].id)
        assert found == wanted


async def test_a_stretch_of_the_log_begins_with_its_first_moment_and_ends_before_its_last(scene: Scene) -> None:
    moments = [START, START + 1, START + 2, START + 3]
    written = [at(moment, an_event(scene.org_id)) for moment in moments]
    await scene.store.append(written)
    for newest_first in (False, True):
        page = EventPage(START + 1, START + 3, newest_first=newest_first)
        found = await scene.store.events(scene.org_id, page)
        assert sorted(event.at for event in found) == [START + 1, START + 2]


async def test_the_log_of_one_user(scene: Scene) -> None:
    partition = partition_of(scene.user.id)
    about = [replace(an_event(scene.org_id), id=ident("evt", partition), user_id=scene.user.id) for _ in range(3)]
    others = [an_event(scene.org_id), replace(an_event(scene.org_id), id=ident("evt", partition), user_id=ident())]
    await scene.store.append([*about, *others])
    found = await scene.store.events(scene.org_id, EventPage(user_id=scene.user.id, limit=2))
    rest = await scene.store.events(
        scene.org_id, EventPage(user_id=scene.user.id, after=(found[-1].at, found[-1].id), limit=2)
    )
    recorded = {event.id for event in (*found, *rest) if event.type != "user.add"}
    assert {event.id for event in about} <= recorded
    assert not recorded & {event.id for event in others}
    backward = await scene.store.events(scene.org_id, EventPage(user_id=scene.user.id, newest_first=True))
    assert [event.id for event in backward] == [event.id for event in (*found, *rest)][::-1]
    assert await scene.store.events(scene.org_id, EventPage(user_id="nobody")) == []


async def test_MG_01_the_log_of_another_org_is_not_read(scene: Scene) -> None:
    await scene.store.append([an_event(scene.org_id)])
    assert await scene.store.events(unique("other"), EventPage()) == []
    assert await scene.store.events(unique("other"), EventPage(user_id=scene.user.id)) == []


async def test_events_go_when_they_were_kept_long_enough(scene: Scene) -> None:
    now = await scene.store.ping()
    old = [at(now - 20 * 86_400_000 + number, an_event(scene.org_id)) for number in range(600)]
    young = at(now - 9 * 86_400_000, an_event(scene.org_id))
    await scene.store.append([*old, young])
    assert await scene.store.purge_events(keep_ms=10 * 86_400_000) >= len(old)
    left = {event.id for event in await scene.store.events(scene.org_id, EventPage(limit=1000))}
    assert young.id in left
    assert not left & {event.id for event in old}


async def test_users_are_found_by_several_ids(scene: Scene) -> None:
    ids = [scene.user.id, ident()]
    found = await scene.store.users_of_ids(scene.org_id, ids)
    assert [user.id for user in found] == [scene.user.id]
    assert await scene.store.users_of_ids(scene.org_id, []) == []
    assert await scene.store.users_of_ids(unique("other"), ids) == []
