"""Events: kept whole, whatever a client put into them."""

import pytest
from tests.stores.scene import Scene, an_event, ident

from segue.storage import migrate
from segue.stores import AlreadyExists


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
