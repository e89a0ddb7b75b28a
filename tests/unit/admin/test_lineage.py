"""The tree of a user's credentials and the ending of a part of it, on a real store."""

from dataclasses import replace

from tests.unit.admin.desk import ORG_ID, Desk, refused

from segue.admin import roles, users
from segue.admin.actor import ROLES, Actor
from segue.admin.lineage import as_tree, end_credential, lineage_of
from segue.admin.users import NewUser
from segue.core.assurance import PASSWORD, Assurance, Proof
from segue.core.credential import Credential, Kind, NewCredential, Participation
from segue.core.org import Org
from segue.core.secret import new_bearer, partition_of
from segue.core.user import User
from segue.signin.sessions import plan_open
from segue.stores import Commit, Guard, Traced


async def person(desk: Desk, login: str = "ann@corp.test") -> User:
    return await users.add_user(desk.store, desk.hasher, NewUser(login, {}), desk.change)


async def session_with(desk: Desk, user: User, *participations: str) -> NewCredential:
    proved = Assurance((Proof(PASSWORD, "knowledge", ("pwd",), desk.change.now_at),))
    opened = plan_open(user, proved, org=Org(ORG_ID, "Org"), circumstances=desk.change.circumstances).credential
    apps = tuple(Participation(opened.id, app, "oidc") for app in participations)
    await write(desk, user, opened, participations=apps)
    return opened


async def below(
    desk: Desk, user: User, parent: NewCredential, kind: Kind = "access_token", *, bound: bool
) -> NewCredential:
    bearer = new_bearer("AT1", partition_of(user.id), desk.change.now_at, desk.change.random)
    made = NewCredential(
        org_id=ORG_ID,
        id=bearer.id,
        kind=kind,
        digest=b"",
        life_ms=60_000,
        user_id=user.id,
        user_stamp=user.stamp,
        parent_id=parent.id,
        root_id=parent.root_id,
        bind_path=(*parent.bind_path, parent.id) if bound else (),
    )
    await write(desk, user, made)
    return made


async def write(
    desk: Desk, user: User, credential: NewCredential, participations: tuple[Participation, ...] = ()
) -> None:
    event = desk.change.event("test.mint", user_id=user.id, credential_id=credential.id)
    commit = Commit(ORG_ID, partition_of(user.id), (event,), Guard(user.id, user.stamp), credentials=(credential,))
    assert await desk.store.commit(replace(commit, participations=participations))


async def test_what_came_from_what(desk: Desk) -> None:
    user = await person(desk)
    session = await session_with(desk, user)
    token = await below(desk, user, session, bound=True)
    deeper = await below(desk, user, token, bound=True)
    entries = {each.credential.id: each for each in await lineage_of(desk.store, user.id, desk.change)}
    assert [entries[each.id].depth for each in (session, token, deeper)] == [0, 1, 2]
    assert {each.state for each in entries.values()} == {"live"}
    assert list(entries) == [session.id, token.id, deeper.id]


async def test_a_dry_run_tells_and_ends_nothing(desk: Desk) -> None:
    user = await person(desk)
    session = await session_with(desk, user, "0oa-shop")
    bound = await below(desk, user, session, bound=True)
    loose = await below(desk, user, session, bound=False)
    told = await end_credential(desk.store, user.id, session.id, desk.change, dry_run=True)
    assert {each.id for each in told.ends} == {session.id, bound.id}
    assert [each.id for each in told.survives] == [loose.id]
    assert [each.app_id for each in told.asked] == ["0oa-shop"]
    assert {each.state for each in await lineage_of(desk.store, user.id, desk.change)} == {"live"}
    assert desk.events("session.end") == []


async def test_what_was_told_is_what_ends(desk: Desk) -> None:
    user = await person(desk)
    session = await session_with(desk, user)
    bound = await below(desk, user, session, bound=True)
    loose = await below(desk, user, session, bound=False)
    ended = await end_credential(desk.store, user.id, session.id, desk.change)
    entries = {each.credential.id: each for each in await lineage_of(desk.store, user.id, desk.change)}
    assert {ident for ident, each in entries.items() if each.state == "revoked"} == {each.id for each in ended.ends}
    assert entries[loose.id].state == "live"
    assert entries[session.id].ended_with == ""
    assert entries[bound.id].ended_with == session.id
    assert entries[bound.id].reason == "revoked_by_administrator"
    (event,) = desk.events("session.end")
    assert (event["user_id"], event["credential_id"], event["actor_id"]) == (user.id, session.id, "cli:tester")
    await refused(end_credential(desk.store, user.id, session.id, desk.change), "not_found", "credential")


async def test_a_part_of_the_tree_ends_alone(desk: Desk) -> None:
    user = await person(desk)
    session = await session_with(desk, user)
    token = await below(desk, user, session, bound=True)
    await end_credential(desk.store, user.id, token.id, desk.change)
    entries = {each.credential.id: each.state for each in await lineage_of(desk.store, user.id, desk.change)}
    assert entries == {session.id: "live", token.id: "revoked"}
    (event,) = desk.events("credential.revoke")
    assert event["detail"]["kind"] == "access_token"


async def test_nobody_elses_credential_and_none_of_another_org(desk: Desk) -> None:
    ann, bob = await person(desk), await person(desk, "bob@corp.test")
    session = await session_with(desk, ann)
    for user, change in ((bob, desk.change), (ann, desk.change.of("00oAnotherOrg0000000"))):
        await refused(end_credential(desk.store, user.id, session.id, change), "not_found", "credential")
    for ident in ("", "x" * 300, "102\0"):
        await refused(end_credential(desk.store, ann.id, ident, desk.change), "not_found", "credential")


async def test_MG_02_support_ends_nothing_of_an_owner(desk: Desk) -> None:
    owner, helper = await person(desk), await person(desk, "help@corp.test")
    await roles.assign_role(desk.store, owner, "owner", desk.change)
    session = await session_with(desk, owner)
    support = replace(desk.change, actor_id=helper.id, actor=Actor(helper.id, ROLES["support"]))
    await refused(end_credential(desk.store, owner.id, session.id, support), "forbidden", "reach")
    await refused(end_credential(desk.store, owner.id, session.id, support, dry_run=True), "forbidden", "reach")


async def test_a_change_of_password_leaves_a_void_behind(desk: Desk) -> None:
    user = await person(desk)
    await session_with(desk, user)
    await users.set_status(desk.store, user.id, "suspended", desk.change)
    await users.set_status(desk.store, user.id, "active", desk.change)
    assert [each.state for each in await lineage_of(desk.store, user.id, desk.change)] == ["void"]


def test_a_circle_is_walked_once() -> None:
    def one(ident: str, parent: str | None) -> Traced:
        return Traced(Credential(ORG_ID, ident, "session", 0, 10, parent_id=parent), live=True)

    found = as_tree([one("a", "b"), one("b", "a"), one("c", "c"), one("d", "off the record")], 5)
    assert [(each.credential.id, each.depth) for each in found] == [("c", 0), ("d", 0)]
