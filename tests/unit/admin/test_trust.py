"""Who may hand a sign-in over to whom: the rules that every way to manage the map shares."""

import pytest
from tests.unit.admin.desk import HOME, Desk, refused

from segue.admin import applications, orgs, trust
from segue.admin.applications import Traits
from segue.core.application import Bookmark, OidcClient, SamlServiceProvider, WsFedRelyingParty
from segue.core.org import OrgSettings


async def an_oidc(desk: Desk, label: str) -> str:
    client = OidcClient("", (f"https://{label.lower()}.example.com/cb",))
    made = await applications.create_oidc(desk.store, Traits(label), client, desk.change)
    return made.application.id


@pytest.fixture
async def target(desk: Desk) -> str:
    return await an_oidc(desk, "Target")


@pytest.fixture
async def origin(desk: Desk) -> str:
    return await an_oidc(desk, "Origin")


async def test_trust_is_added_listed_and_taken_back(desk: Desk, target: str, origin: str) -> None:
    entry = await trust.trust_application(desk.store, target, origin, desk.change)
    assert (entry.target_app_id, entry.origin_app_id) == (target, origin)
    assert (entry.created_at, entry.created_by) == (desk.change.now_at, "cli:tester")
    assert entry.id.startswith("itm")
    assert await trust.list_trusted(desk.store, target, desk.change) == [entry]
    assert await trust.list_targets(desk.store, origin, desk.change) == [entry]
    assert await trust.list_trusted(desk.store, origin, desk.change) == []
    await trust.distrust_application(desk.store, target, origin, desk.change)
    assert await trust.list_trusted(desk.store, target, desk.change) == []
    for type in ("trust.add", "trust.remove"):
        (event,) = desk.events(type)
        assert (event["app_id"], event["actor_id"]) == (target, "cli:tester")
        assert event["detail"] == {"origin_app_id": origin}


async def test_a_second_time_answers_the_entry_that_is_there(desk: Desk, target: str, origin: str) -> None:
    first = await trust.trust_application(desk.store, target, origin, desk.change)
    assert await trust.trust_application(desk.store, target, origin, desk.later(1000)) == first
    assert len(desk.events("trust.add")) == 1


async def test_who_takes_which_part(desk: Desk, target: str, origin: str) -> None:
    store, change = desk.store, desk.change
    saml = SamlServiceProvider("urn:sp", ("https://sp.example.com/acs",))
    party = WsFedRelyingParty("urn:rp", ("https://rp.example.com/",))
    homed = Traits("Reads assertions", home_authority=HOME)
    sp = (await applications.create_saml(store, homed, saml, change)).application.id
    rp = (await applications.create_wsfed(store, homed, party, change)).application.id
    bookmark = await applications.create_bookmark(store, Traits("Wiki"), Bookmark("https://wiki.example.com/"), change)
    for target_id in (sp, rp):
        assert (await trust.trust_application(store, target_id, origin, change)).target_app_id == target_id
        await refused(trust.trust_application(store, target, target_id, change), "invalid_value", "origin")
    await refused(trust.trust_application(store, bookmark.application.id, origin, change), "invalid_value", "target")
    await refused(trust.trust_application(store, target, bookmark.application.id, change), "invalid_value", "origin")
    await refused(trust.trust_application(store, target, target, change), "invalid_value", "origin")
    await refused(trust.trust_application(store, target, "0oa-nobody", change), "invalid_value", "origin")
    await refused(trust.trust_application(store, "0oa-nobody", origin, change), "not_found", "application")


@pytest.mark.parametrize("part", ["target", "origin"])
async def test_an_application_that_is_switched_off_takes_no_part(
    desk: Desk, target: str, origin: str, part: str
) -> None:
    from dataclasses import replace

    known = await applications.find_application(desk.store, target if part == "target" else origin, desk.change)
    await applications.update_application(desk.store, replace(known, status="inactive"), desk.change)
    await refused(trust.trust_application(desk.store, target, origin, desk.change), "invalid_value", part)


async def test_a_target_trusts_five_others_unless_its_org_says_otherwise(desk: Desk, target: str) -> None:
    origins = [await an_oidc(desk, f"Origin{number}") for number in range(7)]
    for origin in origins[:5]:
        await trust.trust_application(desk.store, target, origin, desk.change)
    await refused(trust.trust_application(desk.store, target, origins[5], desk.change), "invalid_value", "trust_limit")
    assert (await trust.trust_application(desk.store, target, origins[0], desk.change)).origin_app_id == origins[0]
    await orgs.change_settings(desk.store, OrgSettings(trust_limit=6), desk.change)
    await trust.trust_application(desk.store, target, origins[5], desk.change)
    await refused(trust.trust_application(desk.store, target, origins[6], desk.change), "invalid_value", "trust_limit")
    await trust.distrust_application(desk.store, target, origins[2], desk.change)
    await trust.trust_application(desk.store, target, origins[6], desk.change)
    for wrong in (0, 51):
        settings = OrgSettings(trust_limit=wrong)
        await refused(orgs.change_settings(desk.store, settings, desk.change), "invalid_value", "trust_limit")


async def test_what_is_not_there_is_not_removed(desk: Desk, target: str, origin: str) -> None:
    await refused(trust.distrust_application(desk.store, target, origin, desk.change), "not_found", "trust_entry")
    assert desk.events("trust.remove") == []


async def test_an_application_that_goes_leaves_no_entry(desk: Desk, target: str, origin: str) -> None:
    await trust.trust_application(desk.store, target, origin, desk.change)
    await trust.trust_application(desk.store, origin, target, desk.change)
    await applications.set_status(desk.store, origin, "inactive", desk.change)
    await applications.remove_application(desk.store, origin, desk.change)
    assert await trust.list_trusted(desk.store, target, desk.change) == []
    assert await trust.list_targets(desk.store, target, desk.change) == []
    assert [event["app_id"] for event in desk.events("trust.remove_all")] == [origin]
