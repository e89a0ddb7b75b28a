"""Two orgs in which everything has the same name: nothing of one is seen, spent or changed through the other (I11)."""

from dataclasses import dataclass, replace

import pytest
from tests.stores.databases import TestDatabase
from tests.stores.scene import MINUTE_MS, Minted, Scene, a_factor, a_user, an_application, an_event, ident, unique

from segue.core.application import OidcClient
from segue.core.credential import Kind, Participation
from segue.core.org import AuthorizationServer, Group, Org, TrustedOrigin
from segue.core.user import Subject
from segue.stores import Commit, Store, StoredKey, Tombstone


@dataclass(frozen=True, slots=True)
class Twins:
    """Left and right have the same ids, logins, client ids and digests; only what is written in them differs."""

    left: Scene
    right: Scene
    session: Minted
    ticket: Minted


def in_org(minted: Minted, org_id: str) -> Minted:
    return replace(minted, new=replace(minted.new, org_id=org_id, data={"canary": org_id}))


@pytest.fixture
async def twins(store: Store, database: TestDatabase) -> Twins:
    user, app = a_user(""), an_application("", oidc=OidcClient(client_id="same"), external_key="same")
    scenes = []
    for side in ("left", "right"):
        org = Org(unique(side), side)
        await store.put_org(org, an_event(org.id))
        mine = replace(user, org_id=org.id, profile={"canary": org.id})
        apps = replace(app, org_id=org.id, label=org.id)
        await store.add_user(mine, an_event(org.id))
        await store.put_application(apps, an_event(org.id))
        scenes.append(Scene(store, database, org.id, mine, apps))
    left, right = scenes
    session = left.new("session", idle_ms=MINUTE_MS)
    ticket = left.new(bind_path=session.path)
    for scene in scenes:
        await scene.store.commit(scene.writing(in_org(session, scene.org_id), in_org(ticket, scene.org_id)))
    return Twins(left, right, session, ticket)


async def test_OT_05_everything_is_read_from_its_own_org(twins: Twins) -> None:
    for scene in (twins.left, twins.right):
        store, org_id = scene.store, scene.org_id
        server = AuthorizationServer("default", org_id, org_id, "oauth2/default", "", "main")
        origin = TrustedOrigin("o", org_id, org_id, "https://login.example", frozenset({"CORS"}))
        key = StoredKey(org_id, "main", "k", "RS256", org_id, "", org_id.encode())
        await store.put_authorization_server(server, scene.event())
        await store.put_trusted_origin(origin, scene.event())
        await store.put_signing_keys([key], scene.event())
    for scene in (twins.left, twins.right):
        store, org_id = scene.store, scene.org_id
        assert await store.user(org_id, scene.user.id) == scene.user
        assert await store.user_by_login(org_id, scene.user.login_key) == scene.user
        assert await store.user_by_login(org_id, scene.user.login_key.partition("@")[0]) == scene.user
        assert await store.users(org_id) == [scene.user]
        assert await store.application(org_id, scene.app.id) == scene.app
        assert await store.application_by_client_id(org_id, "same") == scene.app
        assert await store.application_by_external_key(org_id, "same") == scene.app
        assert await store.applications(org_id) == [scene.app]
        server = await store.authorization_server(org_id, "default")
        assert server
        assert server.name == org_id
        assert [one.name for one in await store.authorization_servers(org_id)] == [org_id]
        assert [one.name for one in await store.trusted_origins(org_id)] == [org_id]
        assert [one.public_jwk for one in await store.signing_keys(org_id, "main")] == [org_id]
        found = await scene.find(twins.session)
        assert found
        assert (found.credential.data, found.subject) == ({"canary": org_id}, Subject(scene.user))


async def test_OT_05_spending_on_one_side_spends_nothing_on_the_other(twins: Twins) -> None:
    found = await twins.left.spend(twins.ticket)
    assert found
    assert found.credential.data == {"canary": twins.left.org_id}
    assert found.subject == Subject(twins.left.user)
    assert await twins.right.column(twins.ticket, "consumed_at") is None
    again = await twins.right.spend(twins.ticket)
    assert again
    assert again.subject == Subject(twins.right.user)


async def test_OT_05_revoking_on_one_side_revokes_nothing_on_the_other(twins: Twins) -> None:
    await twins.left.revoke(twins.session)
    assert await twins.left.find(twins.session) is None
    assert await twins.left.find(twins.ticket) is None
    assert await twins.right.find(twins.session)
    assert await twins.right.spend(twins.ticket)
    guard = replace(twins.right.guard, live_ids=twins.session.path)
    assert await twins.right.store.commit(twins.right.writing(guard=guard))


async def test_OT_05_users_change_apart(twins: Twins) -> None:
    await twins.left.change_user(stamp=2, status="suspended")
    assert await twins.left.find(twins.session) is None
    assert await twins.right.find(twins.session)
    assert not await twins.left.store.commit(twins.left.writing(guard=twins.left.guard))
    assert await twins.right.store.commit(twins.right.writing(guard=twins.right.guard))


async def test_OT_05_assignments_and_groups_are_apart(twins: Twins) -> None:
    left, right = twins.left, twins.right
    await left.store.assign(left.org_id, left.app.id, left.user.id, left.event())
    text = "INSERT INTO groups (org_id, id, name) VALUES ($1, 'g', 'g')"
    member = "INSERT INTO group_members (org_id, user_id, group_id) VALUES ($1, $2, 'g')"
    await left.database.execute(text, left.org_id)
    await left.database.execute(member, left.org_id, left.user.id)
    assert await left.store.subject(left.org_id, left.user.id, left.app.id) == Subject(
        left.user, True, frozenset({"g"})
    )
    assert await right.store.subject(right.org_id, right.user.id, right.app.id) == Subject(right.user)
    guard = replace(right.guard, app_id=right.app.id, assigned=True)
    assert not await right.store.commit(right.writing(guard=guard))
    found = await right.find(twins.session, app_id=right.app.id)
    assert found
    assert found.subject == Subject(right.user)
    assert not await right.store.unassign(right.org_id, right.app.id, right.user.id, right.event())
    assert await left.store.unassign(left.org_id, left.app.id, left.user.id, left.event())


async def test_OT_05_sessions_are_renewed_and_touched_apart(twins: Twins) -> None:
    left, right = twins.left, twins.right
    idle_at = await right.column(twins.session, "idle_expires_at")
    await left.store.touch_session(left.org_id, twins.session.id, idle_ms=4 * MINUTE_MS)
    assert await right.column(twins.session, "idle_expires_at") == idle_at
    assert await left.store.commit(left.writing(renewal=left.renewing(twins.session)))
    assert await right.find(twins.session)
    assert await left.find(twins.session) is None


async def test_OT_05_counts_foreign_values_and_participations_are_apart(twins: Twins) -> None:
    left, right = twins.left, twins.right
    for scene in (left, right):
        attempts = await scene.store.count_attempt(scene.org_id, "same", limit=1, lock_ms=MINUTE_MS)
        assert attempts.just_locked
        assert await scene.store.claim_foreign(scene.org_id, "saml", "same", life_ms=MINUTE_MS)
    await left.store.clear_attempts(left.org_id, "same")
    assert (await right.store.count_attempt(right.org_id, "same", limit=1, lock_ms=MINUTE_MS)).locked_now
    part = Participation(twins.session.id, left.app.id, "oidc")
    assert await left.store.commit(left.writing(participations=(part,)))
    assert await right.store.participations(right.org_id, twins.session.id) == []


async def test_OT_05_factors_of_one_id_are_apart(twins: Twins) -> None:
    left, right = twins.left, twins.right
    factor = a_factor(left.user)
    mine, theirs = factor, replace(factor, org_id=right.org_id, profile={"canary": right.org_id})
    await left.store.put_factor(mine, left.event())
    assert list(await right.store.factors(right.org_id, right.user.id)) == []
    await right.store.put_factor(theirs, right.event())
    assert await left.store.commit(left.writing(factor_step=left.step(mine, 5)))
    assert await right.store.factors(right.org_id, right.user.id) == [theirs]
    assert await right.store.commit(right.writing(factor_step=right.step(theirs, 5)))
    assert await left.store.remove_factor(left.org_id, left.user.id, factor.id, left.event())
    assert not await left.store.commit(left.writing(factor_step=left.step(mine, 6)))
    (kept,) = await right.store.factors(right.org_id, right.user.id)
    assert (kept.last_step, kept.profile) == (5, theirs.profile)


async def test_OT_05_steps_and_lists_of_credentials_are_apart(twins: Twins) -> None:
    left, right = twins.left, twins.right
    assert await left.store.commit(left.writing(advance=left.advancing(twins.ticket)))
    assert await right.column(twins.ticket, "generation") == 0
    assert await right.store.commit(right.writing(advance=right.advancing(twins.ticket)))
    kinds: frozenset[Kind] = frozenset({"session"})
    for scene in (left, right):
        (held,) = await scene.store.of_user(scene.org_id, scene.user.id, kinds)
        assert held.data == {"canary": scene.org_id}
    await left.revoke(twins.session)
    assert list(await left.store.of_user(left.org_id, left.user.id, kinds)) == []
    assert len(await right.store.of_user(right.org_id, right.user.id, kinds)) == 1


async def test_OT_05_devices_are_remembered_and_forgotten_apart(twins: Twins) -> None:
    left, right = twins.left, twins.right
    await left.store.remember_device(left.org_id, left.user.id, "same", life_ms=MINUTE_MS)
    assert not await right.store.remembers_device(right.org_id, right.user.id, "same")
    await right.store.remember_device(right.org_id, right.user.id, "same", life_ms=MINUTE_MS)
    await left.store.forget_devices(left.org_id, left.user.id)
    assert not await left.store.remembers_device(left.org_id, left.user.id, "same")
    assert await right.store.remembers_device(right.org_id, right.user.id, "same")


async def test_OT_05_groups_members_origins_and_dashboards_are_apart(twins: Twins) -> None:
    left, right = twins.left, twins.right
    for scene in (left, right):
        await scene.store.put_group(Group("g", scene.org_id, "same"), scene.event())
        origin = TrustedOrigin("o", scene.org_id, "n", "https://login.example", frozenset({"CORS"}))
        await scene.store.put_trusted_origin(origin, scene.event())
    await left.store.put_group(Group("g", left.org_id, "renamed"), left.event())
    assert await right.store.groups(right.org_id) == [Group("g", right.org_id, "same")]
    await left.store.add_member(left.org_id, "g", left.user.id, left.event())
    assert await right.store.subject(right.org_id, right.user.id, None) == Subject(right.user)
    assert not await right.store.remove_member(right.org_id, "g", right.user.id, right.event())
    assert await right.store.remove_trusted_origin(right.org_id, "o", right.event())
    assert len(await left.store.trusted_origins(left.org_id)) == 1
    await left.store.assign(left.org_id, left.app.id, left.user.id, left.event())
    assert await left.store.applications_of(left.org_id, left.user.id) == [left.app]
    assert await right.store.applications_of(right.org_id, right.user.id) == []


async def test_OT_05_events_of_one_id_are_apart(twins: Twins) -> None:
    left, right = twins.left, twins.right
    mine = left.event("left.happened")
    theirs = replace(mine, org_id=right.org_id, type="right.happened")
    await left.store.append([mine])
    assert await left.store.event(right.org_id, mine.id) is None
    await right.store.append([theirs])
    assert await left.store.event(left.org_id, mine.id) == mine
    assert await left.store.event(right.org_id, mine.id) == theirs


async def test_OT_05_versions_grow_apart(twins: Twins) -> None:
    left, right = twins.left, twins.right
    before = await right.store.org_version(right.org_id)
    await left.store.put_application(replace(left.app, label="changed"), left.event())
    assert await right.store.org_version(right.org_id) == before
    assert await right.store.application(right.org_id, right.app.id) == right.app


async def test_OT_05_a_tombstone_of_another_partition_is_no_tombstone(twins: Twins) -> None:
    """The same id cannot stand in two partitions: an id carries its own."""
    stray = Tombstone(ident("102", (twins.left.partition + 1) % 4096), "x")
    with pytest.raises(ValueError, match="one partition"):
        await twins.left.store.commit(Commit(twins.left.org_id, twins.left.partition, (), tombstones=(stray,)))
