"""Who reads the whole database, a backup of it or the log of its commits holds nothing that could be presented."""

from tests.stores.databases import TestDatabase
from tests.stores.scene import PREFIXES, Minted, a_scene

from segue.stores import Store


async def test_OT_07_no_secret_that_was_given_out_is_in_the_database(store: Store, database: TestDatabase) -> None:
    scene = await a_scene(store, database)
    minted: list[Minted] = [await scene.mint(kind) for kind in PREFIXES]
    session = await scene.session()
    minted.append(session)
    spent, lost = await scene.mint(), await scene.mint()
    minted += [spent, lost]
    assert await scene.spend(spent)
    assert not await scene.spend(lost, kinds=frozenset({"session"}))
    await scene.store.explain_claim(scene.claim(lost))
    await scene.revoke(lost)
    assert await store.claim_foreign(scene.org_id, "dpop", "foreign-secret-value", life_ms=60_000)
    minted_later = scene.new("session")
    renewal = scene.renewing(session, new_digest=minted_later.digest)
    assert await store.commit(scene.writing(renewal=renewal))
    minted.append(minted_later)

    await store.remember_device(scene.org_id, scene.user.id, "remembered-device-secret", life_ms=60_000)

    kept = await database.dump()
    if database.file:
        kept += b"".join(path.read_bytes() for path in database.file.parent.glob(f"{database.file.name}*"))
    assert minted[0].id.encode() in kept
    for one in minted:
        assert one.bearer.secret.encode() not in kept
        assert one.bearer.secret[:20].encode() not in kept
        assert one.bearer.secret[20:].encode() not in kept
    assert b"foreign-secret-value" not in kept
    assert b"remembered-device-secret" not in kept


async def test_OT_07_values_do_not_show_secrets_when_they_are_printed(store: Store, database: TestDatabase) -> None:
    scene = await a_scene(store, database)
    minted = await scene.mint()
    shown = repr([minted.new, minted.bearer, scene.claim(minted), scene.renewing(minted), await scene.find(minted)])
    factor = await scene.factor(sealed_secret=b"sealed-canary")
    shown += repr([scene.advancing(minted), factor, scene.step(factor, 1, enrollment=factor)])
    assert "sealed-canary" not in shown
    assert minted.id in shown
    assert minted.bearer.secret not in shown
    assert repr(minted.digest) not in shown
    assert str(scene.user.password_hash) not in shown
