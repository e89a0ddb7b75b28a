"""Finding a live credential, keeping a session awake, and what it took part in."""

import asyncio
from dataclasses import replace

import pytest
from tests.stores.scene import MINUTE_MS, PREFIXES, Scene, ident

from segue.core.credential import Kind, Participation
from segue.core.user import Subject


async def test_a_credential_is_found_as_it_was_written(scene: Scene) -> None:
    await scene.store.assign(scene.org_id, scene.app.id, scene.user.id, scene.event())
    session = await scene.session(domain="id.example", data={"assurance": [1, 2.5, None, True]})
    found = await scene.find(session, app_id=scene.app.id)
    assert found
    assert found.subject == Subject(scene.user, assigned=True)
    one = found.credential
    assert (one.id, one.kind, one.domain, one.data) == (session.id, "session", "id.example", session.new.data)
    assert (one.consumed_at, one.consumed_by) == (None, None)
    assert one.idle_expires_at == one.issued_at + 2 * MINUTE_MS
    assert await scene.find(session) == replace(found, subject=Subject(scene.user, assigned=False))


async def test_finding_spends_nothing(scene: Scene) -> None:
    ticket = await scene.mint()
    assert await scene.find(ticket)
    assert await scene.find(ticket)
    assert await scene.spend(ticket)


async def test_a_signed_token_is_found_by_its_id_alone(scene: Scene) -> None:
    token = await scene.mint("access_token", digest=b"")
    assert await scene.find(token, digest=None)
    assert await scene.find(token, digest=bytes(32)) is None
    assert await scene.find(await scene.mint("access_token"), digest=None)


@pytest.mark.parametrize("kind", PREFIXES)
async def test_OT_04_it_is_found_as_its_own_kind_alone(scene: Scene, kind: Kind) -> None:
    minted = await scene.mint(kind)
    assert await scene.find(minted)
    assert await scene.find(minted, kinds=frozenset(PREFIXES))
    assert await scene.find(minted, kinds=frozenset(PREFIXES) - {kind}) is None
    assert await scene.find(minted, kinds=frozenset()) is None
    assert await scene.find(minted, kinds=frozenset(PREFIXES) - {kind}, digest=None) is None


async def test_OT_18_the_id_of_a_session_is_not_its_secret(scene: Scene) -> None:
    session = await scene.session()
    for wrong in (session.id.encode(), b"", session.digest[:-1], bytes(32)):
        assert await scene.find(session, digest=wrong) is None
    for ident_ in ("", "x", session.id + "0", "nul\0", "\ud800", ident("102", scene.partition)):
        found = await scene.store.find(scene.org_id, ident_, session.digest, frozenset({"session"}))
        assert found is None


async def test_OT_05_it_is_found_in_its_own_org_alone(scene: Scene) -> None:
    session = await scene.session()
    assert await scene.store.find("another", session.id, session.digest, frozenset({"session"})) is None
    assert await scene.store.find("another", session.id, None, frozenset({"session"})) is None


# --- touching a session -----------------------------------------------------------------------------------------------


async def test_touching_moves_the_idle_expiry_forward(scene: Scene) -> None:
    session = await scene.session()
    await scene.shift(session, "idle_expires_at", -MINUTE_MS)
    before_at = await scene.store.ping()
    await scene.store.touch_session(scene.org_id, session.id, idle_ms=3 * MINUTE_MS)
    assert before_at + 3 * MINUTE_MS <= await scene.column(session, "idle_expires_at")
    assert await scene.column(session, "idle_expires_at") <= await scene.store.ping() + 3 * MINUTE_MS


async def test_touching_never_passes_the_absolute_expiry_nor_goes_back(scene: Scene) -> None:
    session = await scene.session()
    await scene.store.touch_session(scene.org_id, session.id, idle_ms=60 * MINUTE_MS)
    expires_at = await scene.column(session, "expires_at")
    assert await scene.column(session, "idle_expires_at") == expires_at
    await scene.store.touch_session(scene.org_id, session.id, idle_ms=1)
    assert await scene.column(session, "idle_expires_at") == expires_at
    assert await scene.column(session, "expires_at") == expires_at


async def test_an_idle_life_longer_than_the_session_is_cut(scene: Scene) -> None:
    session = await scene.session(idle_ms=60 * MINUTE_MS)
    assert await scene.column(session, "idle_expires_at") == await scene.column(session, "expires_at")


@pytest.mark.parametrize("ending", ["idle_expires_at", "expires_at", "revoked", "stamp"])
async def test_touching_wakes_nothing_that_has_ended(scene: Scene, ending: str) -> None:
    session = await scene.session()
    if ending == "revoked":
        await scene.revoke(session)
    elif ending == "stamp":
        await scene.change_user(stamp=2)
    else:
        await scene.shift(session, ending, -5 * MINUTE_MS)
    idle_at = await scene.column(session, "idle_expires_at")
    await scene.store.touch_session(scene.org_id, session.id, idle_ms=4 * MINUTE_MS)
    assert await scene.column(session, "idle_expires_at") == idle_at
    assert await scene.find(session) is None


async def test_only_sessions_are_touched(scene: Scene) -> None:
    other = await scene.mint("interaction", idle_ms=MINUTE_MS)
    endless = await scene.mint("session", idle_ms=None)
    for minted, idle_at in ((other, await scene.column(other, "idle_expires_at")), (endless, None)):
        await scene.store.touch_session(scene.org_id, minted.id, idle_ms=4 * MINUTE_MS)
        assert await scene.column(minted, "idle_expires_at") == idle_at
    for wrong in ("", "no id", ident("102")):
        await scene.store.touch_session(scene.org_id, wrong, idle_ms=1)


# --- participations ---------------------------------------------------------------------------------------------------


async def test_participations_are_kept_for_each_application_and_protocol(scene: Scene) -> None:
    session, other = await scene.session(), await scene.session()
    first = Participation(session.id, "0oaA", "oidc")
    second = Participation(session.id, "0oaB", "saml", name_id="ann@example.com", session_index="s1")
    third = Participation(session.id, "0oaB", "oidc")
    elsewhere = Participation(other.id, "0oaA", "oidc")
    for parts in ((first, second), (third,), (elsewhere,)):
        assert await scene.store.commit(scene.writing(participations=parts))
    assert await scene.store.participations(scene.org_id, session.id) == [first, third, second]
    assert await scene.store.participations(scene.org_id, other.id) == [elsewhere]
    assert await scene.store.participations("another", session.id) == []

    again = replace(second, name_id="new", session_index="s2")
    assert await scene.store.commit(scene.writing(participations=(second, again)))
    assert await scene.store.participations(scene.org_id, session.id) == [first, third, again]


# --- single use of what somebody else made ----------------------------------------------------------------------------


async def test_SA_11_a_foreign_value_is_used_once(scene: Scene) -> None:
    use = scene.store.claim_foreign
    assert await use(scene.org_id, "saml", "_id1", life_ms=MINUTE_MS)
    assert not await use(scene.org_id, "saml", "_id1", life_ms=MINUTE_MS)
    assert await use(scene.org_id, "saml", "_id2", life_ms=MINUTE_MS)
    assert await use(scene.org_id, "dpop", "_id1", life_ms=MINUTE_MS)
    assert await use("another", "saml", "_id1" + scene.org_id, life_ms=MINUTE_MS)
    for strange in ("", "nul\0", "\ud800", "x" * 100_000):
        assert await use(scene.org_id, "saml", strange, life_ms=MINUTE_MS)
        assert not await use(scene.org_id, "saml", strange, life_ms=MINUTE_MS)


async def test_SA_11_kind_and_value_do_not_run_together(scene: Scene) -> None:
    assert await scene.store.claim_foreign(scene.org_id, "ab", "c", life_ms=MINUTE_MS)
    assert await scene.store.claim_foreign(scene.org_id, "a", "bc", life_ms=MINUTE_MS)


async def test_SA_11_a_value_is_remembered_for_its_life(scene: Scene) -> None:
    assert await scene.store.claim_foreign(scene.org_id, "saml", "_id1", life_ms=MINUTE_MS)
    text = "UPDATE foreign_uses SET expires_at = expires_at - $1 WHERE org_id = $2"
    await scene.database.execute(text, MINUTE_MS, scene.org_id)
    assert await scene.store.claim_foreign(scene.org_id, "saml", "_id1", life_ms=MINUTE_MS)
    assert not await scene.store.claim_foreign(scene.org_id, "saml", "_id1", life_ms=MINUTE_MS)


async def test_SA_11_one_of_many_at_once_is_first(scene: Scene) -> None:
    uses = [scene.store.claim_foreign(scene.org_id, "saml", "_id1", life_ms=MINUTE_MS) for _ in range(60)]
    answers = await asyncio.gather(*uses, return_exceptions=True)
    assert answers.count(True) == 1
