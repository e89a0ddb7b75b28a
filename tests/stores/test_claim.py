"""Spending a credential: once, only where everything about it fits, and never by trying where it does not."""

import asyncio
from collections.abc import Awaitable, Callable
from dataclasses import replace

import pytest
from tests.stores.databases import EPOCH, TestDatabase
from tests.stores.scene import MINUTE_MS, PREFIXES, Minted, Scene, an_application, an_event, ident

from segue.core.credential import Kind
from segue.core.secret import digest, new_bearer, read_bearer
from segue.core.user import Subject
from segue.stores import Found, StoreUnavailable

# What a credential is minted with and keeps.
KEPT = (
    *("org_id", "id", "kind", "user_id", "user_stamp", "parent_id", "root_id", "bind_path", "minted_by"),
    *("app_id", "target_app_id", "domain", "server_id", "data"),
)


async def test_OT_01_a_claim_spends_once_and_says_whose_it_was(scene: Scene) -> None:
    await scene.store.assign(scene.org_id, scene.app.id, scene.user.id, scene.event())
    session = await scene.session()
    ticket = await scene.mint(
        parent_id=session.id,
        root_id=session.id,
        bind_path=session.path,
        minted_by="00Tadmin",
        app_id="0oaorigin",
        domain="id.example",
        server_id="default",
        data={"proofs": [{"amr": ["pwd"]}], "text": 'quote " and \u2028'},
    )
    before_at = await scene.store.ping()
    claim = scene.claim(ticket, app_id=scene.app.id)
    found = await scene.store.claim(claim)
    after_at = await scene.store.ping()

    assert found
    assert found.subject == Subject(scene.user, assigned=True)
    spent = found.credential
    assert spent.consumed_at is not None
    assert before_at <= spent.consumed_at <= after_at
    assert spent.consumed_by == claim.attempt
    assert spent.expires_at - spent.issued_at == ticket.new.life_ms
    assert spent.epoch == EPOCH
    for name in KEPT:
        assert getattr(spent, name) == getattr(ticket.new, name)

    assert await scene.store.claim(claim) is None
    assert await scene.spend(ticket) is None
    assert await scene.find(ticket) is None


async def test_OT_01_the_event_is_written_with_the_claim_and_names_the_user(scene: Scene) -> None:
    ticket = await scene.mint()
    claim = scene.claim(ticket)
    assert claim.event.user_id is None
    assert await scene.store.claim(claim)
    assert await scene.store.event(scene.org_id, claim.event.id) == replace(claim.event, user_id=scene.user.id)

    lost = scene.claim(ticket)
    assert await scene.store.claim(lost) is None
    assert await scene.store.event(scene.org_id, lost.event.id) is None


async def test_OT_01_two_hundred_at_once_have_one_winner(scene: Scene) -> None:
    ticket = await scene.mint()
    claims = [scene.claim(ticket) for _ in range(200)]
    answers = await asyncio.gather(*(scene.store.claim(claim) for claim in claims), return_exceptions=True)
    winners = [one for one in answers if isinstance(one, Found)]
    assert len(winners) == 1
    assert all(one is None or isinstance(one, Found | StoreUnavailable) for one in answers)
    assert await scene.column(ticket, "consumed_by") == winners[0].credential.consumed_by
    assert len(await scene.events("ticket.redeem")) == 1


async def test_a_credential_of_nobody_is_claimed_without_a_subject(scene: Scene) -> None:
    nobody = await scene.mint("interaction", user_id=None, user_stamp=None)
    claim = scene.claim(nobody)
    found = await scene.store.claim(claim)
    assert found
    assert found.subject is None
    assert await scene.store.event(scene.org_id, claim.event.id) == claim.event


async def test_a_claim_answers_the_user_as_the_store_knows_them_now(scene: Scene) -> None:
    ticket = await scene.mint()
    changed = await scene.change_user(profile={"firstName": "Grace"})
    found = await scene.spend(ticket)
    assert found
    assert found.subject == Subject(changed)


# --- what does not match is not burnt ---------------------------------------------------------------------------------


async def refused_and_intact(scene: Scene, minted: Minted, **wrong: object) -> None:
    """A claim that differs in ``wrong`` is refused and leaves no trace; the right one still works."""
    claim = scene.claim(minted, **wrong)
    assert await scene.store.claim(claim) is None
    assert await scene.column(minted, "consumed_at") is None
    assert await scene.store.event(claim.event.org_id, claim.event.id) is None
    assert await scene.spend(minted, app_id=minted.new.target_app_id)


async def test_OT_05_another_org_does_not_burn_it(scene: Scene) -> None:
    ticket = await scene.mint()
    await refused_and_intact(scene, ticket, org_id="another", event=an_event("another"))


@pytest.mark.parametrize("kind", PREFIXES)
async def test_OT_04_only_its_own_kind_spends_it(scene: Scene, kind: Kind) -> None:
    others = frozenset(PREFIXES) - {kind}
    await refused_and_intact(scene, await scene.mint(kind), kinds=others)
    await refused_and_intact(scene, await scene.mint(kind), kinds=frozenset())
    assert await scene.spend(await scene.mint(kind), kinds=frozenset(PREFIXES))


async def test_OT_07_only_the_whole_secret_spends_it(scene: Scene) -> None:
    ticket = await scene.mint()
    text = ticket.bearer.text
    for wrong in (text[:-1], text + "A", text[:-1] + ("A" if text[-1] != "A" else "B"), text.swapcase()):
        assert read_bearer(wrong) is None or await scene.spend(ticket, digest=read_bearer(wrong).digest) is None  # type: ignore[union-attr]
    for bytes_ in (b"", ticket.digest[:-1], ticket.digest + b"\0", bytes(32), ticket.bearer.secret.encode()):
        assert await scene.spend(ticket, digest=bytes_) is None
    await refused_and_intact(scene, ticket, digest=digest(text))


async def test_OT_06_an_id_that_is_none_finds_nothing(scene: Scene) -> None:
    ticket = await scene.mint()
    for wrong in ("", "x", ticket.id[:-1], ticket.id + "0", "nul\0", "\ud800", ident("201", scene.partition)):
        assert await scene.spend(ticket, id=wrong) is None
    await refused_and_intact(scene, ticket, id=ident("201"))


async def test_OT_05_a_bound_ticket_opens_its_target_alone(scene: Scene) -> None:
    bound = await scene.mint(target_app_id=scene.app.id)
    other = an_application(scene.org_id)
    await scene.store.put_application(other, scene.event())
    assert await scene.spend(bound, app_id=other.id) is None
    await refused_and_intact(scene, bound, app_id=None)
    free = await scene.mint()
    assert await scene.spend(free, app_id=other.id)


# --- what has ended stays ended ---------------------------------------------------------------------------------------

Ending = Callable[[Scene, Minted], Awaitable[object]]
ENDINGS: dict[str, Ending] = {
    "expired": lambda scene, ticket: scene.shift(ticket, "expires_at", -5 * MINUTE_MS),
    "idle": lambda scene, ticket: scene.shift(ticket, "idle_expires_at", -2 * MINUTE_MS),
    "revoked": lambda scene, ticket: scene.revoke(ticket),
    "stamp changed": lambda scene, ticket: scene.change_user(stamp=2),
    "suspended": lambda scene, ticket: scene.change_user(status="suspended"),
    "deprovisioned": lambda scene, ticket: scene.change_user(status="deprovisioned"),
}


@pytest.mark.parametrize("name", ENDINGS)
async def test_OT_14_what_has_ended_is_neither_spent_nor_found(scene: Scene, name: str) -> None:
    ticket = await scene.mint(idle_ms=2 * MINUTE_MS)
    assert await scene.find(ticket)
    await ENDINGS[name](scene, ticket)
    claim = scene.claim(ticket)
    assert await scene.store.claim(claim) is None
    assert await scene.find(ticket) is None
    assert await scene.column(ticket, "consumed_at") is None
    assert await scene.store.event(scene.org_id, claim.event.id) is None


async def test_OT_14_revoking_any_ancestor_ends_it(scene: Scene) -> None:
    chain = [await scene.session()]
    for _ in range(7):
        parent = chain[-1]
        chain.append(await scene.mint(parent_id=parent.id, root_id=chain[0].id, bind_path=parent.path))
    leaf_path = chain[-1].path
    assert len(leaf_path) == 8
    for ancestor in leaf_path:
        leaf = await scene.mint(bind_path=leaf_path)
        twin = await scene.mint(bind_path=tuple(one for one in leaf_path if one != ancestor))
        await scene.revoke(next(one for one in chain if one.id == ancestor))
        assert await scene.spend(leaf) is None
        assert await scene.spend(twin)
        await scene.database.execute("DELETE FROM tombstones WHERE org_id = $1 AND id = $2", scene.org_id, ancestor)


async def test_OT_14_being_shown_under_a_revoked_parent_alone_ends_nothing(scene: Scene) -> None:
    session = await scene.session()
    unbound = await scene.mint(parent_id=session.id, root_id=session.id)
    await scene.revoke(session)
    assert await scene.spend(unbound)


async def test_a_spent_or_expired_parent_ends_nothing(scene: Scene) -> None:
    parent, expired = await scene.mint(), await scene.mint()
    children = [await scene.mint(bind_path=one.path) for one in (parent, expired)]
    assert await scene.spend(parent)
    await scene.shift(expired, "expires_at", -5 * MINUTE_MS)
    for child in children:
        assert await scene.spend(child)


async def test_OT_03_KE_03_an_epoch_raised_after_a_promotion_or_restore_voids_it(
    scene: Scene, database: TestDatabase
) -> None:
    ticket = await scene.mint()
    for epoch in (EPOCH + 1, EPOCH - 1):
        store = database.store(epoch=epoch)
        await store.open()
        try:
            later = replace(scene, store=store)
            assert await later.spend(ticket) is None
            assert await later.find(ticket) is None
            renewal = scene.renewing(await scene.session())
            assert not await store.commit(scene.writing(renewal=renewal))
            assert await later.spend(await later.mint())
        finally:
            await store.close()
    assert await scene.spend(ticket)


async def test_OT_08_times_are_the_databases_own(scene: Scene) -> None:
    """A ticket lives to its last moment and not beyond, whatever the clock of who made it says."""
    before_at = await scene.store.ping()
    bearer = new_bearer("201", scene.partition, 0, lambda length: bytes(length))
    old_name = await scene.mint(id=bearer.id, life_ms=MINUTE_MS)
    issued_at = await scene.column(old_name, "issued_at")
    assert before_at <= issued_at <= await scene.store.ping()
    assert await scene.column(old_name, "expires_at") == issued_at + MINUTE_MS

    short = await scene.mint(life_ms=1)
    await asyncio.sleep(0.01)
    assert await scene.spend(short) is None
    await scene.shift(short, "expires_at", MINUTE_MS)
    assert await scene.spend(short)


# --- explaining a lost claim ------------------------------------------------------------------------------------------

EXPLAINED: dict[str, tuple[str, Ending]] = {
    "spent": ("unspent", lambda scene, ticket: scene.spend(ticket, app_id=scene.app.id)),
    "expired": ("unexpired", ENDINGS["expired"]),
    "idle": ("unexpired", ENDINGS["idle"]),
    "revoked": ("not_revoked", ENDINGS["revoked"]),
    "stamp changed": ("user_stamp", ENDINGS["stamp changed"]),
    "suspended": ("user_active", ENDINGS["suspended"]),
}


@pytest.mark.parametrize("name", EXPLAINED)
async def test_OT_13_the_one_failed_check_is_named(scene: Scene, name: str) -> None:
    ticket = await scene.mint(target_app_id=scene.app.id, idle_ms=2 * MINUTE_MS)
    check, end = EXPLAINED[name]
    await end(scene, ticket)
    checks = await scene.store.explain_claim(scene.claim(ticket, app_id=scene.app.id))
    assert [one.name for one in checks if not one.passed] == [check]
    assert all(ticket.bearer.secret not in str(one) and ticket.digest.hex() not in str(one) for one in checks)


async def test_OT_13_what_was_asked_wrongly_is_named(scene: Scene) -> None:
    ticket = await scene.mint(target_app_id=scene.app.id)
    for check, wrong in {
        "exists": {"id": ident("201", scene.partition)},
        "secret_matches": {"digest": bytes(32)},
        "kind": {"kinds": frozenset({"session"})},
        "target": {"app_id": "0oaother"},
    }.items():
        claim = scene.claim(ticket, **{"app_id": scene.app.id, **wrong})
        assert [one.name for one in await scene.store.explain_claim(claim) if not one.passed] == [check]
    for claim in (scene.claim(ticket, id="no id"), scene.claim(ticket, org_id="another")):
        assert [one.name for one in await scene.store.explain_claim(claim) if not one.passed] == ["exists"]
    assert await scene.spend(ticket, app_id=scene.app.id)


async def test_OT_13_a_claim_that_was_only_outrun_passes_every_check_but_one(scene: Scene) -> None:
    ticket = await scene.mint()
    first = scene.claim(ticket)
    assert await scene.store.claim(first)
    (failed,) = [one for one in await scene.store.explain_claim(scene.claim(ticket)) if not one.passed]
    assert first.attempt in failed.seen
