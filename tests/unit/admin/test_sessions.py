"""Other people's sessions in the hands of an administrator, on a real store."""

from tests.unit.admin.desk import ORG_ID, Desk, refused

from segue.admin import sessions, users
from segue.admin.users import NewUser
from segue.core.assurance import PASSWORD, Assurance, Proof
from segue.core.org import Org
from segue.core.secret import partition_of
from segue.core.user import User
from segue.handoff.kinds import COOKIE_TOKEN
from segue.handoff.mint import mint
from segue.handoff.redeem import WaitingSession
from segue.signin.sessions import plan_open
from segue.stores import Claim, Commit, Guard


async def ann(desk: Desk) -> User:
    return await users.add_user(desk.store, desk.hasher, NewUser("ann@corp.test", {}), desk.change)


async def open_session(desk: Desk, user: User) -> str:
    proved = Assurance((Proof(PASSWORD, "knowledge", ("pwd",), desk.change.now_at),))
    plan = plan_open(user, proved, org=Org(ORG_ID, "Org"), circumstances=desk.change.circumstances)
    event = desk.change.event("session.open", user_id=user.id, credential_id=plan.bearer.id)
    guard = Guard(user.id, user.stamp)
    assert await desk.store.commit(
        Commit(ORG_ID, partition_of(user.id), (event,), guard, credentials=(plan.credential,))
    )
    return plan.bearer.id


async def test_a_session_is_looked_at_extended_and_closed(desk: Desk) -> None:
    user = await ann(desk)
    ident = await open_session(desk, user)
    found = await sessions.find_session(desk.store, ident, desk.change)
    assert found.credential.user_id == user.id
    extended = await sessions.extend_session(desk.store, ident, desk.change, idle_ms=7_200_000)
    assert (extended.credential.idle_expires_at or 0) >= (found.credential.idle_expires_at or 0)
    await sessions.close_session(desk.store, ident, desk.change)
    for work in (
        sessions.find_session(desk.store, ident, desk.change),
        sessions.close_session(desk.store, ident, desk.change),
        sessions.extend_session(desk.store, ident, desk.change, idle_ms=1),
    ):
        await refused(work, "not_found", "session")
    (closed,) = desk.events("session.end")
    assert (closed["actor_id"], closed["user_id"], closed["credential_id"]) == ("cli:tester", user.id, ident)
    assert closed["detail"] == {"reason": "closed_by_administrator"}


async def test_all_sessions_of_a_user_end_and_nobody_elses(desk: Desk) -> None:
    user = await ann(desk)
    other = await users.add_user(desk.store, desk.hasher, NewUser("bob@corp.test", {}), desk.change)
    mine, theirs = [await open_session(desk, user) for _ in range(3)], await open_session(desk, other)
    assert await sessions.close_sessions_of(desk.store, user, desk.change) == 3
    for ident in mine:
        await refused(sessions.find_session(desk.store, ident, desk.change), "not_found")
    assert await sessions.find_session(desk.store, theirs, desk.change)
    (event,) = desk.events("user.sign_out")
    assert event["detail"] == {"credentials": 3, "tokens": False}
    assert len(desk.events("user.forget_devices")) == 1
    assert await sessions.close_sessions_of(desk.store, user, desk.change, forget_devices=False) == 0
    assert len(desk.events("user.forget_devices")) == 1


async def test_a_ticket_ends_with_the_session_that_waits_for_it(desk: Desk) -> None:
    user = await ann(desk)
    where = desk.change.circumstances
    proved = Assurance((Proof(PASSWORD, "knowledge", ("pwd",), where.now_at),))
    plan = plan_open(user, proved, org=Org(ORG_ID, "Org"), circumstances=where)
    waiting = WaitingSession(plan.bearer.id, plan.bearer.digest)
    made = mint(
        COOKIE_TOKEN,
        user=user,
        assurance=proved,
        domain="",
        source=where.source,
        now_at=where.now_at,
        waiting=waiting,
    )
    event = desk.change.event("session.open", user_id=user.id, credential_id=plan.bearer.id)
    commit = Commit(ORG_ID, partition_of(user.id), (event,), credentials=(plan.credential, made.credential))
    assert await desk.store.commit(commit)
    await sessions.close_session(desk.store, plan.bearer.id, desk.change)
    spending = where.event("ticket.redeem", credential_id=made.bearer.id)
    claim = Claim(ORG_ID, made.bearer.id, made.bearer.digest, frozenset({"cookie_token"}), "attempt", spending)
    assert await desk.store.claim(claim) is None
