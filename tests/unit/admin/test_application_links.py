"""Relying parties of WS-Federation, bookmarks, and the links that start an application, on a real store."""

from dataclasses import replace

import pytest
from tests.unit.admin.desk import HOME, ORG_ID, Desk, refused

from segue.admin import applications
from segue.admin.applications import Traits
from segue.core.application import AppLink, Bookmark, OidcClient, SamlServiceProvider, WsFedRelyingParty
from segue.core.secret import is_id

PARTY = WsFedRelyingParty("urn:corp:app", ("https://app.corp.test/signin",))
PROVIDER = SamlServiceProvider("https://sp.corp.test/saml", ("https://sp.corp.test/acs",))
BOOKMARK = Bookmark("https://wiki.corp.test/")
CLIENT = OidcClient("", ("https://app.corp.test/cb",))
HOMED = Traits("App", home_authority=HOME)


async def test_a_relying_party_is_kept_as_it_was_given(desk: Desk) -> None:
    party = replace(PARTY, token_type="saml11", attributes={"http://x/email": "email"}, audience="urn:corp:audience")
    app = (await applications.create_wsfed(desk.store, HOMED, party, desk.change)).application
    assert app.wsfed == party
    assert await desk.store.application(ORG_ID, app.id) == app
    assert await desk.store.application_by_external_key(ORG_ID, app.external_key) == app
    (event,) = desk.events("application.create")
    assert (event["app_id"], event["detail"]) == (app.id, {"protocol": "wsfed"})


async def test_a_bookmark_is_kept_as_it_was_given(desk: Desk) -> None:
    app = (await applications.create_bookmark(desk.store, Traits("Wiki"), BOOKMARK, desk.change)).application
    assert app.bookmark == BOOKMARK
    assert await desk.store.application(ORG_ID, app.id) == app


async def test_what_a_link_can_start_has_one(desk: Desk) -> None:
    made = [
        await applications.create_wsfed(desk.store, HOMED, PARTY, desk.change),
        await applications.create_saml(desk.store, HOMED, PROVIDER, desk.change),
        await applications.create_bookmark(desk.store, Traits("App"), BOOKMARK, desk.change),
        await applications.create_oidc(
            desk.store,
            Traits("App"),
            replace(CLIENT, initiate_login_uri="https://app.corp.test/login"),
            desk.change,
        ),
    ]
    for registered in made:
        (link,) = registered.application.links
        assert (link.name, link.label, link.target) == ("start", "App", "")
        assert link.id.startswith("aln")
        assert is_id(link.id)
    without = await applications.create_oidc(desk.store, Traits("App"), CLIENT, desk.change)
    assert without.application.links == ()


async def test_several_links_by_name(desk: Desk) -> None:
    links = (AppLink("", "mail", "Mail"), AppLink("", "calendar", "Calendar", "https://wiki.corp.test/calendar"))
    traits = Traits("Suite", links=links)
    app = (await applications.create_bookmark(desk.store, traits, BOOKMARK, desk.change)).application
    assert [(link.name, link.label, link.target) for link in app.links] == [
        ("mail", "Mail", ""),
        ("calendar", "Calendar", "https://wiki.corp.test/calendar"),
    ]
    fewer = replace(app, links=app.links[:1])
    await applications.update_application(desk.store, fewer, desk.change)
    assert await desk.store.application(ORG_ID, app.id) == fewer
    (event,) = desk.events("application.update")
    assert event["detail"] == {"fields": ["links"]}


@pytest.mark.parametrize(
    "links",
    [
        (AppLink("", "a", "A"), AppLink("", "a", "B")),
        (AppLink("same", "a", "A"), AppLink("same", "b", "B")),
        (AppLink("b", "a", "A"), AppLink("x", "b", "B")),
        (AppLink("", "", "A"),),
        (AppLink("", "a b", "A"),),
        (AppLink("", "../x", "A"),),
        (AppLink("", "a/b", "A"),),
        (AppLink("", "a" * 65, "A"),),
        (AppLink("", "a", ""),),
        (AppLink("", "a", "A\nB"),),
        (AppLink("", "a", "A", "javascript:alert(1)"),),
        (AppLink("", "a", "A", "http://wiki.corp.test/"),),
        (AppLink("", "a", "A", "/path"),),
        tuple(AppLink("", f"l{number}", "A") for number in range(21)),
    ],
)
async def test_links_that_cannot_be(desk: Desk, links: tuple[AppLink, ...]) -> None:
    work = applications.create_bookmark(desk.store, Traits("Suite", links=links), BOOKMARK, desk.change)
    await refused(work, "invalid_value", "links")
    assert await desk.store.applications(ORG_ID) == []


@pytest.mark.parametrize(
    ("change", "field"),
    [
        ({"realm": ""}, "realm"),
        ({"realm": "two words"}, "realm"),
        ({"realm": "x" * 1025}, "realm"),
        ({"reply_urls": ()}, "reply_urls"),
        ({"reply_urls": ("https://a.test/", "https://a.test/")}, "reply_urls"),
        ({"reply_urls": ("http://app.corp.test/",)}, "reply_urls"),
        ({"reply_urls": ("javascript:alert(1)",)}, "reply_urls"),
        ({"reply_urls": ("https://app.corp.test/#x",)}, "reply_urls"),
        ({"reply_urls": ("https://*.corp.test/",)}, "reply_urls"),
        ({"token_type": "saml12"}, "token_type"),
        ({"attributes": {"": "email"}}, "attributes"),
        ({"attributes": {f"a{number}": "email" for number in range(65)}}, "attributes"),
        ({"name_id_from": ""}, "name_id_format"),
        ({"assertion_s": 5}, "assertion_s"),
        ({"idp_entity_id": "a b"}, "idp_entity_id"),
        ({"audience": "a b"}, "audience"),
    ],
)
async def test_WF_01_a_relying_party_that_cannot_be(desk: Desk, change: dict[str, object], field: str) -> None:
    """What may not be created may not be had by changing either (DC-01)."""
    bad = replace(PARTY, **change)  # type: ignore[arg-type]
    await refused(applications.create_wsfed(desk.store, HOMED, bad, desk.change), "invalid_value", field)
    good = (await applications.create_wsfed(desk.store, HOMED, PARTY, desk.change)).application
    await refused(
        applications.update_application(desk.store, replace(good, wsfed=bad), desk.change), "invalid_value", field
    )


async def test_a_relying_party_has_a_home(desk: Desk) -> None:
    for home in ("", "elsewhere.test"):
        work = applications.create_wsfed(desk.store, Traits("App", home_authority=home), PARTY, desk.change)
        await refused(work, "invalid_value", "home_authority")


@pytest.mark.parametrize("url", ["", "javascript:alert(1)", "http://wiki.corp.test/", "//wiki.corp.test/", "/x"])
async def test_F3_02_a_bookmark_leads_to_an_address(desk: Desk, url: str) -> None:
    work = applications.create_bookmark(desk.store, Traits("Wiki"), Bookmark(url), desk.change)
    await refused(work, "invalid_value", "url")
    good = (await applications.create_bookmark(desk.store, Traits("Wiki"), BOOKMARK, desk.change)).application
    await refused(
        applications.update_application(desk.store, replace(good, bookmark=Bookmark(url)), desk.change),
        "invalid_value",
        "url",
    )


@pytest.mark.parametrize("address", ["javascript:alert(1)", "http://app.corp.test/", "https://app.corp.test/#x", "/x"])
async def test_F3_02_a_client_begins_its_sign_in_at_an_address(desk: Desk, address: str) -> None:
    client = replace(CLIENT, initiate_login_uri=address)
    work = applications.create_oidc(desk.store, Traits("App"), client, desk.change)
    await refused(work, "invalid_value", "initiate_login_uri")
