"""All that was issued to a user, as the record has it, with what ended it."""

from tests.stores.scene import MINUTE_MS, Scene, ident

from segue.stores import Traced


async def traced(scene: Scene) -> dict[str, Traced]:
    return {each.credential.id: each for each in await scene.store.lineage(scene.org_id, scene.user.id)}


async def test_the_record_holds_the_spent_the_expired_and_the_revoked(scene: Scene) -> None:
    session = await scene.session()
    child = await scene.mint("access_token", parent_id=session.id, bind_path=(session.id,))
    loose = await scene.mint("access_token", parent_id=session.id)
    spent, expired = await scene.mint(), await scene.mint()
    assert await scene.spend(spent)
    await scene.shift(expired, "expires_at", -10 * MINUTE_MS)
    before = await traced(scene)
    assert {ident: each.live for ident, each in before.items()} == {
        session.id: True,
        child.id: True,
        loose.id: True,
        spent.id: False,
        expired.id: False,
    }
    assert before[spent.id].credential.consumed_at
    await scene.revoke(session, reason="closed")
    after = await traced(scene)
    assert not after[session.id].live
    assert not after[child.id].live
    assert after[loose.id].live
    ends = {each: [(stone.id, stone.reason) for stone in after[each].ended] for each in (session.id, child.id)}
    assert ends == {session.id: [(session.id, "closed")], child.id: [(session.id, "closed")]}
    assert after[session.id].ended[0].at > 0
    assert after[loose.id].ended == ()


async def test_nothing_of_anybody_else(scene: Scene) -> None:
    await scene.session()
    assert await scene.store.lineage("another-org", scene.user.id) == []
    assert await scene.store.lineage(scene.org_id, ident()) == []
    assert list(await scene.store.lineage(scene.org_id, "no id")) == []


async def test_a_changed_user_leaves_nothing_live(scene: Scene) -> None:
    session = await scene.session()
    await scene.change_user(stamp=scene.user.stamp + 1)
    found = (await traced(scene))[session.id]
    assert not found.live
    assert found.ended == ()
