"""Orgs made whole, with domains, servers, settings and keys."""

from dataclasses import replace
from typing import Any

import pytest
from tests.unit.admin.desk import ORG_ID, Desk, refused

from segue.admin import orgs
from segue.admin.keys import ASSERTION_KEYS, TOKEN_KEYS, key_set_of
from segue.admin.orgs import NewOrg, NewServer
from segue.core.org import AuthorizationServer, Domain, OrgSettings
from segue.core.sealing import SealBroken, Sealer
from segue.core.server import ServerScope
from segue.events import Event
from segue.tokens.keys import KeyRing

SERVERS = (NewServer("Own", ""), NewServer("default", "servers/default", "api://default", {"read": "Read"}))
NEW = NewOrg("Corp", "https://id.corp.test", "dialect", SERVERS)


async def test_an_org_is_made_whole_in_one_call(empty: Desk) -> None:
    made = await orgs.establish_org(empty.store, empty.sealer, NEW, empty.change)
    change = empty.change.of(made.org.id)
    assert made.org.id.startswith("00o")
    assert (await empty.store.org(made.org.id)) == made.org
    assert (await empty.store.domain("id.corp.test")) == Domain("id.corp.test", made.org.id, "dialect")
    own, custom = made.servers
    assert (own.path, own.audience, own.issuer(made.domain)) == ("", "", "https://id.corp.test")
    assert (custom.audience, custom.scopes) == ("api://default", {"read": ServerScope("read", description="Read")})
    assert custom.issuer(made.domain) == "https://id.corp.test/servers/default"
    assert {server.key_set for server in made.servers} == {TOKEN_KEYS}
    ring = KeyRing(empty.sealer)
    kids = set()
    for key_set in (TOKEN_KEYS, ASSERTION_KEYS):
        (key,) = await key_set_of(empty.store, key_set, change)
        ring.load(key)
        assert key.signs(change.now_at)
        kids.add(key.kid)
    assert len(kids) == 2
    types = (
        "org.create",
        "keys.create",
        "keys.create",
        "authorization_server.put",
        "authorization_server.put",
        "domain.add",
    )
    assert len(made.made) == len(types)
    for type in set(types):
        assert [event["actor_id"] for event in empty.events(type)] == ["cli:tester"] * types.count(type)


async def test_KE_01_the_keys_do_not_open_under_another_master_key_or_in_another_org(empty: Desk) -> None:
    made = await orgs.establish_org(empty.store, empty.sealer, NEW, empty.change)
    (key,) = await key_set_of(empty.store, TOKEN_KEYS, empty.change.of(made.org.id))
    with pytest.raises(SealBroken):
        KeyRing(Sealer(bytes(range(1, 33)))).load(key)
    with pytest.raises(SealBroken):
        KeyRing(empty.sealer).load(replace(key, org_id="another"))
    assert b"PRIVATE KEY" not in empty.dump()


async def test_a_second_call_changes_nothing(empty: Desk) -> None:
    first = await orgs.establish_org(empty.store, empty.sealer, NEW, empty.change)
    version = await empty.store.org_version(first.org.id)
    again = await orgs.establish_org(empty.store, empty.sealer, replace(NEW, name="Renamed"), empty.later(1000))
    assert again == replace(first, made=())
    assert await empty.store.org_version(first.org.id) == version
    assert len(await empty.store.orgs()) == 1


WRITES = ("put_org", "put_signing_keys", "put_authorization_server", "put_domain")


@pytest.mark.parametrize("write", WRITES)
async def test_what_was_cut_short_is_finished_by_the_next_call(
    empty: Desk, write: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The process may die before any of its writes: nothing is reachable by then, and nothing is made twice after."""

    async def died(*_: object) -> None:
        raise ConnectionError("died")

    with monkeypatch.context() as patch:
        patch.setattr(empty.store, write, died)
        with pytest.raises(ConnectionError):
            await orgs.establish_org(empty.store, empty.sealer, NEW, empty.change)
    assert not await empty.store.domains()
    made = await orgs.establish_org(empty.store, empty.sealer, NEW, empty.change)
    assert [org.id for org in await empty.store.orgs()] == [made.org.id]
    assert len(await empty.store.authorization_servers(made.org.id)) == 2
    for key_set in (TOKEN_KEYS, ASSERTION_KEYS):
        assert len(await empty.store.signing_keys(made.org.id, key_set)) == 1


async def test_two_orgs_of_one_name_stay_two(empty: Desk) -> None:
    one = await orgs.establish_org(empty.store, empty.sealer, NEW, empty.change)
    two = await orgs.establish_org(
        empty.store, empty.sealer, replace(NEW, base_url="https://b.corp.test"), empty.change
    )
    assert one.org.id != two.org.id
    assert {domain.org_id for domain in await empty.store.domains()} == {one.org.id, two.org.id}


@pytest.mark.parametrize(
    "base_url",
    [
        "",
        "id.corp.test",
        "http://id.corp.test",
        "http://10.0.0.1",
        "http://localhost.corp.test",
        "https://id.corp.test/path",
        "https://id.corp.test?x",
        "https://user@id.corp.test",
        "https://id.corp.test:0",
        "ftp://id.corp.test",
        "https://*.corp.test",
        "https://id_corp.test",
        "https://İd.test",
    ],
)
async def test_ED_01_a_domain_is_a_plain_origin_and_http_is_for_this_machine(empty: Desk, base_url: str) -> None:
    work = orgs.establish_org(empty.store, empty.sealer, replace(NEW, base_url=base_url), empty.change)
    await refused(work, "invalid_value", "domain")
    assert not await empty.store.orgs()


@pytest.mark.parametrize(
    ("base_url", "authority", "scheme"),
    [
        ("https://WWW.Corp.Test/", "www.corp.test", "https"),
        ("https://www.corp.test:443", "www.corp.test", "https"),
        ("https://id.corp.test:8443", "id.corp.test:8443", "https"),
        ("http://localhost:8080", "localhost:8080", "http"),
        ("http://127.0.0.1", "127.0.0.1", "http"),
        ("http://127.8.8.8:1", "127.8.8.8:1", "http"),
        ("http://[::1]:8080", "[::1]:8080", "http"),
        ("http://idp.localhost:8080", "idp.localhost:8080", "http"),
    ],
)
async def test_a_domain_is_kept_as_browsers_write_it(desk: Desk, base_url: str, authority: str, scheme: str) -> None:
    domain = await orgs.add_domain(desk.store, base_url, "dialect", desk.change, local_names=["idp.localhost"])
    assert (domain.authority, domain.scheme) == (authority, scheme)
    assert await desk.store.domain(authority) == domain


async def test_TE_01_a_domain_belongs_to_one_org(empty: Desk) -> None:
    made = await orgs.establish_org(empty.store, empty.sealer, NEW, empty.change)
    other = await orgs.establish_org(empty.store, empty.sealer, replace(NEW, base_url="https://b.test"), empty.change)
    change = empty.change.of(other.org.id)
    await refused(orgs.add_domain(empty.store, NEW.base_url, "dialect", change), "already_exists", "domain")
    await refused(orgs.remove_domain(empty.store, "id.corp.test", change), "not_found")
    dialect = replace(NEW, dialect="another")
    await refused(orgs.establish_org(empty.store, empty.sealer, dialect, empty.change), "already_exists", "domain")
    await orgs.remove_domain(empty.store, "id.corp.test", empty.change.of(made.org.id))
    assert await empty.store.domain("id.corp.test") is None
    (event,) = empty.events("domain.remove")
    assert event["detail"]["authority"] == "id.corp.test"


async def test_settings_are_replaced_and_the_event_names_them(desk: Desk) -> None:
    settings = OrgSettings(lockout_attempts=5, session_idle_s=600)
    org = await orgs.change_settings(desk.store, settings, desk.change, name="New name")
    assert await desk.store.org(ORG_ID) == org
    assert (org.name, org.settings) == ("New name", settings)
    (event,) = desk.events("org.settings")
    assert event["detail"]["fields"] == ["lockout_attempts", "session_idle_s"]
    nowhere = desk.change.of(desk.change.new_id("00o"))
    await refused(orgs.change_settings(desk.store, settings, nowhere), "not_found")


@pytest.mark.parametrize(
    "changes",
    [
        {"lockout_attempts": 0},
        {"lockout_attempts": 101},
        {"lockout_s": 1},
        {"session_idle_s": 0},
        {"session_life_s": 10**9},
        {"landing_links": (("a", "b", "c"),) * 51},
        {"gateways": ("",)},
        {"gateways": ("everywhere",)},
        {"gateways": ("0.0.0.0/0",)},
        {"gateways": ("::/0",)},
        {"gateways": ("192.0.2.1/24",)},
    ],
)
async def test_settings_out_of_range_are_refused(desk: Desk, changes: dict[str, Any]) -> None:
    (field,) = changes
    await refused(orgs.change_settings(desk.store, OrgSettings(**changes), desk.change), "invalid_value", field)


@pytest.mark.parametrize(
    ("changes", "reason", "field"),
    [
        ({"path": "a//b"}, "invalid_value", "path"),
        ({"path": "/a"}, "invalid_value", "path"),
        ({"path": "a b"}, "invalid_value", "path"),
        ({"path": "a?b"}, "invalid_value", "path"),
        ({"path": "ä"}, "invalid_value", "path"),
        ({"path": "x" * 101}, "invalid_value", "path"),
        ({"path": "servers/one"}, "already_exists", "path"),
        ({"code_s": 301}, "invalid_value", "code_s"),
        ({"access_token_s": 0}, "invalid_value", "access_token_s"),
        ({"id_token_s": 10**6}, "invalid_value", "id_token_s"),
        ({"name": ""}, "invalid_value", "name"),
    ],
)
async def test_servers_are_checked(desk: Desk, changes: dict[str, Any], reason: str, field: str) -> None:
    one = AuthorizationServer(desk.change.new_id("aus"), ORG_ID, "One", "servers/one", "api://one", TOKEN_KEYS)
    assert await orgs.put_server(desk.store, one, desk.change) == one
    two = replace(one, id=desk.change.new_id("aus"), path="servers/two")
    await refused(orgs.put_server(desk.store, replace(two, **changes), desk.change), reason, field)
    longer = await orgs.put_server(desk.store, replace(one, access_token_s=7200), desk.change)
    assert await desk.store.authorization_server(ORG_ID, one.id) == longer


async def test_a_server_is_put_into_the_org_of_the_change(desk: Desk) -> None:
    foreign = AuthorizationServer(desk.change.new_id("aus"), "another-org", "One", "one", "", TOKEN_KEYS)
    assert (await orgs.put_server(desk.store, foreign, desk.change)).org_id == ORG_ID


def test_an_event_of_no_particular_user_has_a_partition_of_its_own(empty: Desk) -> None:
    events: list[Event] = [empty.change.event("org.create") for _ in range(50)]
    assert len({event.id[10:13] for event in events}) > 10
