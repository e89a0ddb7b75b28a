"""Trusted origins."""

import pytest
from tests.unit.admin.desk import ORG_ID, Desk, refused

from segue.admin import origins
from segue.admin.origins import distrust_origin, trust_origin


async def test_an_origin_is_trusted_as_a_whole_and_no_longer(desk: Desk) -> None:
    origin = await trust_origin(
        desk.store, name="Login page", origin="https://Login.Corp.Test:443/", scopes=["CORS"], change=desk.change
    )
    assert (origin.origin, origin.scopes, origin.status) == ("https://login.corp.test", frozenset({"CORS"}), "active")
    assert list(await desk.store.trusted_origins(ORG_ID)) == [origin]
    gone = await distrust_origin(desk.store, origin.id, desk.change)
    assert gone.status == "inactive"
    assert [known.status for known in await desk.store.trusted_origins(ORG_ID)] == ["inactive"]
    assert [len(desk.events(type)) for type in ("origin.trust", "origin.distrust")] == [1, 1]


async def test_an_origin_is_trusted_once_and_may_come_back(desk: Desk) -> None:
    first = await trust_origin(desk.store, name="A", origin="https://a.test", scopes=["CORS"], change=desk.change)
    again = trust_origin(desk.store, name="B", origin="https://a.test/", scopes=["REDIRECT"], change=desk.change)
    await refused(again, "already_exists", "origin")
    await distrust_origin(desk.store, first.id, desk.change)
    back = await trust_origin(desk.store, name="B", origin="https://a.test", scopes=["REDIRECT"], change=desk.change)
    assert (back.id, back.scopes, back.status) == (first.id, frozenset({"REDIRECT"}), "active")
    assert list(await desk.store.trusted_origins(ORG_ID)) == [back]


@pytest.mark.parametrize(
    "origin",
    [
        "",
        "null",
        "*",
        "https://*.corp.test",
        "https://corp.test/path",
        "https://user@corp.test",
        "http://corp.test",
        "https://corp.test.",
        "https://corp.test#x",
        "chrome-extension://abc",
    ],
)
async def test_ED_03_patterns_null_and_http_are_no_origins(desk: Desk, origin: str) -> None:
    work = trust_origin(desk.store, name="A", origin=origin, scopes=["CORS"], change=desk.change)
    await refused(work, "invalid_value", "origin")


@pytest.mark.parametrize("scopes", [[], ["cors"], ["CORS", "IFRAME"]])
async def test_scopes_are_of_two_kinds(desk: Desk, scopes: list[str]) -> None:
    work = trust_origin(
        desk.store,
        name="A",
        origin="https://a.test",
        scopes=scopes,  # type: ignore[arg-type]
        change=desk.change,
    )
    await refused(work, "invalid_value", "scopes")


async def test_http_on_this_machine_is_an_origin(desk: Desk) -> None:
    await trust_origin(desk.store, name="A", origin="http://localhost:3000", scopes=["CORS"], change=desk.change)


async def test_what_is_not_there_cannot_be_distrusted(desk: Desk) -> None:
    await refused(distrust_origin(desk.store, desk.change.new_id("tos"), desk.change), "not_found")


async def test_an_origin_is_changed_trusted_again_and_forgotten(desk: Desk) -> None:
    first = await origins.trust_origin(
        desk.store, name="App", origin="https://a.corp.test", scopes=["CORS"], change=desk.change
    )
    second = await origins.trust_origin(
        desk.store, name="Other", origin="https://b.corp.test", scopes=["CORS"], change=desk.change
    )
    changed = await origins.change_origin(
        desk.store, first.id, name="New", origin="https://c.corp.test/", scopes=["REDIRECT"], change=desk.change
    )
    assert (changed.id, changed.name, changed.origin, changed.scopes) == (
        first.id,
        "New",
        "https://c.corp.test",
        frozenset({"REDIRECT"}),
    )
    for address, scopes, reason, field in (
        ("https://b.corp.test", ["CORS"], "already_exists", "origin"),
        ("https://*.corp.test", ["CORS"], "invalid_value", "origin"),
        ("https://d.corp.test", [], "invalid_value", "scopes"),
    ):
        work = origins.change_origin(
            desk.store,
            first.id,
            name="New",
            origin=address,
            scopes=scopes,  # type: ignore[arg-type]
            change=desk.change,
        )
        await refused(work, reason, field)
    await origins.distrust_origin(desk.store, first.id, desk.change)
    assert (await origins.restore_origin(desk.store, first.id, desk.change)).status == "active"
    await origins.remove_origin(desk.store, first.id, desk.change)
    assert [origin.id for origin in await desk.store.trusted_origins(desk.change.org_id)] == [second.id]
    await refused(origins.find_origin(desk.store, first.id, desk.change), "not_found")
    await refused(origins.remove_origin(desk.store, first.id, desk.change), "not_found")
    assert len(desk.events("origin.update")) == len(desk.events("origin.remove")) == 1
