"""Configuration: every change is written with its event and a new version of the org, or not at all."""

from collections.abc import Awaitable, Callable
from dataclasses import replace
from typing import Any

import pytest
from tests.stores.scene import Scene, an_application, an_event, ident, unique

from segue.core.application import AppLink, Bookmark, OidcClient, SamlServiceProvider, ScopeGrant, WsFedRelyingParty
from segue.core.org import AuthorizationServer, Domain, Group, Org, OrgSettings, PasswordRules, TrustedOrigin
from segue.core.requirement import Requirement
from segue.core.server import AccessPolicy, AccessRule, ServerClaim, ServerScope
from segue.events import Event
from segue.stores import AlreadyExists, NotFound, Store, StoredKey

SETTINGS = OrgSettings(
    lockout_attempts=3,
    lockout_s=60,
    session_idle_s=11,
    session_life_s=12,
    password_rules=PasswordRules(12, 90, 7),
    show_lockout=True,
    second_factor_groups=("g1",),
    factors=("totp", "sms"),
    remember_device_s=13,
    session_image=True,
    use_dpop_nonce=True,
    landing_links=(("Wiki", "https://wiki.example", "What everybody reads"),),
)


def a_server(org_id: str) -> AuthorizationServer:
    return AuthorizationServer(
        id="default",
        org_id=org_id,
        name="Default",
        path="oauth2/default",
        audience="api://default",
        key_set="main",
        scopes={"orders:read": ServerScope("orders:read", "scp1", "Read orders", default=True)},
        claims=(ServerClaim("ocl1", "department", "access", value="user.department"),),
        policies=(AccessPolicy("00p1", "Default", rules=(AccessRule("0pr1", "Any"),)),),
        access_token_s=601,
        id_token_s=602,
        code_s=59,
    )


def a_key(org_id: str, kid: str = "k1", **changes: Any) -> StoredKey:
    key = StoredKey(
        org_id=org_id,
        key_set="main",
        kid=kid,
        algorithm="RS256",
        public_jwk='{"kty":"RSA"}',
        certificate_pem="-----BEGIN CERTIFICATE-----",
        sealed_private=bytes(range(256)),
        created_at=5_000_000_000_000,
        signs_from_at=7,
        signs_until_at=None,
        retired_at=None,
    )
    return replace(key, **changes)


def an_origin(org_id: str) -> TrustedOrigin:
    return TrustedOrigin("origin1", org_id, "Login page", "https://login.example", frozenset({"CORS", "REDIRECT"}))


async def test_an_org_is_read_as_it_was_written(scene: Scene) -> None:
    org = Org(scene.org_id, "Changed", "inactive", SETTINGS)
    await scene.store.put_org(org, scene.event("org.update"))
    assert await scene.store.org(scene.org_id) == org
    assert org in await scene.store.orgs()


async def test_an_unknown_org_has_nothing(store: Store) -> None:
    assert await store.org("nobody") is None
    assert await store.org_version("nobody") == 0
    assert await store.applications("nobody") == []
    assert await store.authorization_servers("nobody") == []
    assert await store.trusted_origins("nobody") == []
    assert await store.groups("nobody") == []
    assert await store.signing_keys("nobody", "main") == []


Change = Callable[[Scene, Event], Awaitable[None]]
CHANGES: dict[str, Change] = {
    "org": lambda scene, event: scene.store.put_org(Org(scene.org_id, "New name"), event),
    "domain": lambda scene, event: scene.store.put_domain(Domain(unique("host"), scene.org_id, "okta"), event),
    "application": lambda scene, event: scene.store.put_application(an_application(scene.org_id), event),
    "server": lambda scene, event: scene.store.put_authorization_server(a_server(scene.org_id), event),
    "origin": lambda scene, event: scene.store.put_trusted_origin(an_origin(scene.org_id), event),
    "group": lambda scene, event: scene.store.put_group(Group(ident("00g"), scene.org_id, "People"), event),
    "keys": lambda scene, event: scene.store.put_signing_keys([a_key(scene.org_id)], event),
}


@pytest.mark.parametrize("name", CHANGES)
async def test_every_change_has_its_event_and_one_new_version(scene: Scene, name: str) -> None:
    before = await scene.store.org_version(scene.org_id)
    event = scene.event("config.change", detail={"what": name})
    await CHANGES[name](scene, event)
    assert await scene.store.org_version(scene.org_id) == before + 1
    assert await scene.store.event(scene.org_id, event.id) == event


@pytest.mark.parametrize("name", [name for name in CHANGES if name != "org"])
async def test_a_change_needs_its_org(scene: Scene, name: str) -> None:
    nowhere = replace(scene, org_id=unique("nowhere"))
    with pytest.raises(NotFound):
        await CHANGES[name](nowhere, nowhere.event("config.change"))
    assert await nowhere.events() == []


async def test_a_domain_is_read_replaced_and_removed(scene: Scene) -> None:
    domain = Domain(f"{unique('host')}:8443", scene.org_id, "okta")
    await scene.store.put_domain(domain, scene.event())
    assert await scene.store.domain(domain.authority) == domain
    assert domain in await scene.store.domains()
    plain = replace(domain, dialect="auth0", scheme="http")
    await scene.store.put_domain(plain, scene.event())
    assert await scene.store.domain(domain.authority) == plain

    before = await scene.store.org_version(scene.org_id)
    gone = scene.event("domain.remove")
    await scene.store.remove_domain(domain.authority, gone)
    assert await scene.store.domain(domain.authority) is None
    assert await scene.store.org_version(scene.org_id) == before + 1
    assert await scene.store.event(scene.org_id, gone.id) == gone

    again = scene.event("domain.remove")
    await scene.store.remove_domain(domain.authority, again)
    assert await scene.store.org_version(scene.org_id) == before + 1
    assert await scene.store.event(scene.org_id, again.id) is None


async def test_ED_01_a_domain_of_another_org_is_neither_taken_over_nor_removed(scene: Scene) -> None:
    theirs = Org(unique("org"), "Theirs")
    await scene.store.put_org(theirs, an_event(theirs.id))
    domain = Domain(unique("host"), scene.org_id, "okta")
    await scene.store.put_domain(domain, scene.event())

    taking = an_event(theirs.id, "domain.create")
    with pytest.raises(AlreadyExists) as taken:
        await scene.store.put_domain(replace(domain, org_id=theirs.id), taking)
    assert taken.value.what == "authority"
    await scene.store.remove_domain(domain.authority, an_event(theirs.id, "domain.remove"))

    assert await scene.store.domain(domain.authority) == domain
    assert await scene.store.event(theirs.id, taking.id) is None
    assert await scene.store.org_version(theirs.id) == 1


async def test_an_application_is_read_as_it_was_written(scene: Scene) -> None:
    full = an_application(
        scene.org_id,
        status="inactive",
        oidc=OidcClient(
            client_id=unique("client"),
            redirect_uris=("https://a.example/cb", "https://b.example/cb"),
            post_logout_redirect_uris=("https://a.example/bye",),
            response_types=frozenset({"code", "id_token"}),
            grant_types=frozenset({"authorization_code", "refresh_token"}),
            authentication="client_secret_post",
            secret_digests=(bytes(32), bytes(range(32))),
            pkce_required=True,
            native=True,
            initiate_login_uri="https://a.example/login",
            id_token_algorithm="Ed25519",
            jwks=({"kty": "OKP", "crv": "Ed25519", "x": "AA", "kid": "k", "alg": "EdDSA", "use": "sig"},),
            jwks_uri="https://a.example/keys",
            scope_grants=(ScopeGrant("oag1", "users.read", 5, "cli:ann"), ScopeGrant("oag2", "apps.manage")),
            dpop_bound_access_tokens=True,
        ),
        saml=SamlServiceProvider(
            entity_id="urn:sp",
            acs_urls=("https://sp.example/acs",),
            audience="urn:audience",
            name_id_from="email",
            attributes={"mail": "email"},
            want_signed_requests=True,
            certificates_pem=("pem",),
            assertion_s=120,
            idp_entity_id="urn:idp",
        ),
        wsfed=WsFedRelyingParty(
            realm="urn:rp",
            reply_urls=("https://rp.example/wsfed",),
            token_type="saml11",
            audience="urn:audience",
            name_id_from="email",
            attributes={"mail": "email"},
            assertion_s=121,
            idp_entity_id="urn:idp",
        ),
        bookmark=Bookmark("https://wiki.example/"),
        links=(AppLink("1", "inbox", "Zoë's inbox", "/inbox"), AppLink("2", "calendar", "Calendar")),
        requirement=Requirement(factors=2, max_age_s=60),
        home_authority="id.example",
        everyone=True,
        when_other_user="ask",
    )
    assert full.oidc
    await scene.store.put_application(full, scene.event())
    assert await scene.store.application(scene.org_id, full.id) == full
    assert await scene.store.application_by_client_id(scene.org_id, full.oidc.client_id) == full
    assert await scene.store.application_by_external_key(scene.org_id, full.external_key) == full

    bare = replace(
        full,
        oidc=None,
        saml=None,
        wsfed=None,
        bookmark=None,
        links=(),
        everyone=False,
        when_other_user=None,
        label="Bare",
    )
    await scene.store.put_application(bare, scene.event())
    assert await scene.store.application(scene.org_id, full.id) == bare
    assert await scene.store.application_by_client_id(scene.org_id, full.oidc.client_id) is None


async def test_names_of_applications_are_unique_in_their_org(scene: Scene) -> None:
    before = await scene.store.org_version(scene.org_id)
    for field, rival in {
        "client_id": an_application(scene.org_id, oidc=scene.app.oidc),
        "external_key": an_application(scene.org_id, external_key=scene.app.external_key),
    }.items():
        event = scene.event("app.create")
        with pytest.raises(AlreadyExists) as taken:
            await scene.store.put_application(rival, event)
        assert taken.value.what == field
        assert await scene.store.application(scene.org_id, rival.id) is None
        assert await scene.store.event(scene.org_id, event.id) is None
    assert await scene.store.org_version(scene.org_id) == before


async def test_applications_without_a_client_id_do_not_collide(scene: Scene) -> None:
    for _ in range(2):
        await scene.store.put_application(an_application(scene.org_id, oidc=None), scene.event())
    assert len(await scene.store.applications(scene.org_id)) == 3


async def test_applications_come_in_pages_in_order_of_id(scene: Scene) -> None:
    for _ in range(4):
        await scene.store.put_application(an_application(scene.org_id), scene.event())
    whole = await scene.store.applications(scene.org_id)
    assert [app.id for app in whole] == sorted(app.id for app in whole)
    assert len(whole) == 5
    first = await scene.store.applications(scene.org_id, limit=2)
    rest = await scene.store.applications(scene.org_id, after=first[-1].id, limit=10)
    assert [*first, *rest] == list(whole)


async def test_an_authorization_server_is_read_as_it_was_written(scene: Scene) -> None:
    server = a_server(scene.org_id)
    await scene.store.put_authorization_server(server, scene.event())
    assert await scene.store.authorization_server(scene.org_id, "default") == server
    changed = replace(server, status="inactive", scopes={})
    await scene.store.put_authorization_server(changed, scene.event())
    other = replace(server, id="another", path="oauth2/another")
    await scene.store.put_authorization_server(other, scene.event())
    assert await scene.store.authorization_servers(scene.org_id) == [other, changed]


async def test_a_trusted_origin_is_read_as_it_was_written(scene: Scene) -> None:
    origin = an_origin(scene.org_id)
    await scene.store.put_trusted_origin(origin, scene.event())
    changed = replace(origin, scopes=frozenset({"CORS"}), status="inactive")
    await scene.store.put_trusted_origin(changed, scene.event())
    assert await scene.store.trusted_origins(scene.org_id) == [changed]


async def test_a_trusted_origin_is_removed_once(scene: Scene) -> None:
    origin, other = an_origin(scene.org_id), replace(an_origin(scene.org_id), id="origin2")
    for one in (origin, other):
        await scene.store.put_trusted_origin(one, scene.event())
    before = await scene.store.org_version(scene.org_id)
    gone, again = scene.event("origin.remove"), scene.event("origin.remove")
    assert await scene.store.remove_trusted_origin(scene.org_id, origin.id, gone)
    assert await scene.store.trusted_origins(scene.org_id) == [other]
    assert await scene.store.org_version(scene.org_id) == before + 1
    assert not await scene.store.remove_trusted_origin(scene.org_id, origin.id, again)
    assert await scene.store.org_version(scene.org_id) == before + 1
    assert await scene.events("origin.remove") == [(gone.id, "origin.remove")]


async def test_signing_keys_are_written_together_and_replaced(scene: Scene) -> None:
    old, new = a_key(scene.org_id, "old", created_at=1), a_key(scene.org_id, "new", created_at=2)
    other_set = a_key(scene.org_id, "old", key_set="other")
    before = await scene.store.org_version(scene.org_id)
    await scene.store.put_signing_keys([new, old, other_set], scene.event("key.create"))
    assert await scene.store.org_version(scene.org_id) == before + 1
    assert await scene.store.signing_keys(scene.org_id, "main") == [old, new]
    retired = replace(old, signs_until_at=5_000_000_000_001, retired_at=5_000_000_000_002, sealed_private=b"")
    await scene.store.put_signing_keys([retired], scene.event("key.retire"))
    assert await scene.store.signing_keys(scene.org_id, "main") == [retired, new]
    assert await scene.store.signing_keys(scene.org_id, "other") == [other_set]


async def test_OT_05_keys_of_another_org_are_refused(scene: Scene) -> None:
    event = scene.event("key.create")
    with pytest.raises(ValueError, match="one org"):
        await scene.store.put_signing_keys([a_key(scene.org_id), a_key("another")], event)
    assert await scene.store.signing_keys(scene.org_id, "main") == []
    assert await scene.store.event(scene.org_id, event.id) is None


@pytest.mark.parametrize("text", ["nul\0inside", "half a pair \ud800", "' OR 1=1 --", ""])
async def test_what_no_column_holds_is_found_nowhere(scene: Scene, text: str) -> None:
    store, org_id = scene.store, scene.org_id
    assert await store.domain(text) is None
    assert await store.org(text) is None
    assert await store.application(org_id, text) is None
    assert await store.application_by_client_id(org_id, text) is None
    assert await store.application_by_external_key(org_id, text) is None
    assert await store.authorization_server(org_id, text) is None
    assert await store.user(org_id, text) is None
    assert await store.user_by_login(org_id, text) is None
    assert await store.event(org_id, text) is None
    assert await store.participations(org_id, text) == ()


async def test_an_authorization_server_is_removed_once(scene: Scene) -> None:
    server = a_server(scene.org_id)
    await scene.store.put_authorization_server(server, scene.event())
    assert not await scene.store.remove_authorization_server(unique("other"), server.id, scene.event())
    version = await scene.store.org_version(scene.org_id)
    assert await scene.store.remove_authorization_server(scene.org_id, server.id, scene.event())
    assert await scene.store.org_version(scene.org_id) == version + 1
    assert await scene.store.authorization_servers(scene.org_id) == []
    never = scene.event()
    assert not await scene.store.remove_authorization_server(scene.org_id, server.id, never)
    assert await scene.store.event(scene.org_id, never.id) is None


async def test_MG_09_of_two_changes_to_a_server_read_at_once_one_is_made(scene: Scene) -> None:
    await scene.store.put_authorization_server(a_server(scene.org_id), scene.event())
    read = await scene.store.authorization_server(scene.org_id, "default")
    assert read is not None
    assert await scene.store.change_authorization_server(replace(read, name="First"), scene.event())
    late = scene.event()
    assert not await scene.store.change_authorization_server(replace(read, name="Second"), late)
    assert await scene.store.event(scene.org_id, late.id) is None
    assert await scene.store.authorization_server(scene.org_id, "default") == replace(
        read, name="First", revision=read.revision + 1
    )
    assert not await scene.store.change_authorization_server(replace(read, id="unknown"), scene.event())
