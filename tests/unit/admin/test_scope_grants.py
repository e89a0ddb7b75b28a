"""What applications may do by themselves, and that nobody climbs by way of one (MG-02)."""

from dataclasses import replace

import pytest
from tests.unit.admin.desk import Desk, refused
from tests.unit.admin.test_applications import CLIENT, EC_KEY

from segue.admin import applications, scope_grants
from segue.admin.actor import ROLES, Actor
from segue.admin.applications import Traits
from segue.core.application import Application, ScopeGrant


@pytest.fixture
async def app(desk: Desk) -> Application:
    service = replace(CLIENT, authentication="private_key_jwt", jwks=(EC_KEY,))
    return (await applications.create_oidc(desk.store, Traits("Service"), service, desk.change)).application


async def test_a_permission_is_granted_once_and_taken_back(desk: Desk, app: Application) -> None:
    grant = await scope_grants.grant_scope(desk.store, app.id, "users.read", desk.change)
    assert grant.id.startswith("oag")
    assert await scope_grants.grant_scope(desk.store, app.id, "users.read", desk.change) == grant
    other = await scope_grants.grant_scope(desk.store, app.id, "users.manage.self", desk.change)
    assert await scope_grants.scope_grants_of(desk.store, app.id, desk.change) == (grant, other)
    assert grant == ScopeGrant(grant.id, "users.read", desk.change.now_at, "cli:tester")
    await scope_grants.revoke_scope(desk.store, app.id, grant.id, desk.change)
    assert await scope_grants.scope_grants_of(desk.store, app.id, desk.change) == (other,)
    await refused(scope_grants.revoke_scope(desk.store, app.id, grant.id, desk.change), "not_found")
    assert [len(desk.events(f"application.{verb}")) for verb in ("grant", "revoke")] == [2, 1]


@pytest.mark.parametrize("permission", ["", "users", "users.write", "*.manage", "okta.users.read", "x" * 5000])
async def test_only_what_there_is_is_granted(desk: Desk, app: Application, permission: str) -> None:
    await refused(scope_grants.grant_scope(desk.store, app.id, permission, desk.change), "invalid_value", "scopeId")
    await refused(scope_grants.grant_scope(desk.store, "nothing", "users.read", desk.change), "not_found")


async def test_MG_02_nobody_grants_more_than_they_have(desk: Desk, app: Application) -> None:
    support = replace(desk.change, actor=Actor("sue", ROLES["support"] | {"appGrants.manage"}))
    await scope_grants.grant_scope(desk.store, app.id, "users.manage", support)
    await refused(scope_grants.grant_scope(desk.store, app.id, "apps.manage", support), "forbidden")


async def test_MG_02_who_may_change_applications_gets_no_more_by_the_keys_of_one(desk: Desk, app: Application) -> None:
    await scope_grants.grant_scope(desk.store, app.id, "roles.manage", desk.change)
    known = await applications.find_application(desk.store, app.id, desk.change)
    change = replace(desk.change, actor=Actor("client", frozenset({"apps.manage"})))
    mine = replace(known, label="Mine")
    await refused(applications.update_application(desk.store, mine, change), "forbidden")
    owner = replace(desk.change, actor=Actor("owner", ROLES["owner"]))
    await applications.update_application(desk.store, mine, owner)


async def test_MG_03_grants_do_not_come_along_with_settings(desk: Desk, app: Application) -> None:
    assert app.oidc
    smuggled = replace(app.oidc, client_id="x", scope_grants=(ScopeGrant("oag1", "users.manage"),))
    updated = await applications.update_application(desk.store, replace(app, oidc=smuggled), desk.change)
    assert updated.oidc
    assert updated.oidc.scope_grants == ()
    made = await applications.create_oidc(desk.store, Traits("More"), replace(smuggled, client_id="y"), desk.change)
    assert made.application.oidc
    assert made.application.oidc.scope_grants == ()
    assert made.client_secret is None
