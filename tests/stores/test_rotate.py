"""Refresh tokens in storage: a family moves on in one conditional write, and of many who move it one does (OA-06)."""

import asyncio
from dataclasses import replace

import pytest
from tests.stores.scene import MINUTE_MS, Minted, Scene

from segue.core.assurance import PASSWORD, Assurance, Proof
from segue.core.clock import Source
from segue.core.secret import Bearer
from segue.stores import Commit, Found, StoreUnavailable
from segue.tokens.refresh import (
    REFRESH_KINDS,
    FamilyIssue,
    RefreshGrant,
    RefreshToken,
    child_of,
    mint_family,
    read_family,
    rotate,
    standing,
)

SOURCE = Source()
GRANT = RefreshGrant(("openid",), Assurance((Proof(PASSWORD, "knowledge", ("pwd",), 5),)), kept={"what": "ever"})
GRACE_MS = 30_000


async def a_family(scene: Scene, *, bind_path: tuple[str, ...] = ()) -> RefreshToken:
    issue = FamilyIssue(
        scene.user, scene.app.id, "aus1", "id.example.com", 60 * MINUTE_MS, 10 * MINUTE_MS, bind_path=bind_path
    )
    token, credential = mint_family(issue, GRANT, source=SOURCE, now_at=SOURCE.now_at())
    minted = Minted(credential, Bearer(token.family.id, token.family.secret))
    assert await scene.store.commit(scene.writing(minted))
    return token


async def read(scene: Scene, token: RefreshToken) -> Found | None:
    return await scene.store.find(scene.org_id, token.family.id, token.family.digest, REFRESH_KINDS)


async def known(scene: Scene, token: RefreshToken) -> Found:
    found = await read(scene, token)
    assert found
    return found


async def move(scene: Scene, token: RefreshToken, found: Found) -> tuple[RefreshToken, Commit]:
    """The child that ``token`` would have, and the write that brings it about."""
    child, advance = rotate(found.credential, token, idle_ms=10 * MINUTE_MS, source=SOURCE, now_at=SOURCE.now_at())
    path = found.credential.lineage_path
    access_token = scene.new("access_token", digest=b"", bind_path=path, parent_id=found.credential.id)
    guard = replace(scene.guard, live_ids=path)
    return child, scene.writing(access_token, advance=advance, guard=guard)


async def use(scene: Scene, token: RefreshToken) -> RefreshToken:
    """What the refresh grant does with storage: read, move on or find out that another was first."""
    for _ in range(20):
        found = await read(scene, token)
        assert found, "the family is alive"
        family = read_family(found.credential.data)
        how = standing(family, token, grace_ms=GRACE_MS, now_at=SOURCE.now_at())
        if how == "repeated":
            return child_of(found.credential, token)
        assert how == "current"
        child, commit = await move(scene, token, found)
        if await scene.store.commit(commit):
            return child
    raise AssertionError("nobody could move the family on")


async def test_a_family_moves_on(scene: Scene) -> None:
    token = await a_family(scene)
    before = await known(scene, token)
    child = await use(scene, token)
    after = await known(scene, child)
    assert child.family == token.family
    assert child.generation != token.generation
    assert (before.credential.generation, after.credential.generation) == (0, 1)
    assert read_family(after.credential.data).grant == GRANT
    assert after.credential.expires_at == before.credential.expires_at
    assert standing(read_family(after.credential.data), child, grace_ms=0, now_at=0) == "current"


async def test_its_idle_time_begins_anew_and_never_outlasts_its_life(scene: Scene) -> None:
    token = await a_family(scene)
    minted = Minted(scene.new("refresh_token").new, token.family)
    minted = replace(minted, new=replace(minted.new, id=token.family.id))
    await scene.shift(minted, "idle_expires_at", -5 * MINUTE_MS)
    before_at = await scene.store.ping()
    token = await use(scene, token)
    idle_at = await scene.column(minted, "idle_expires_at")
    assert before_at + 10 * MINUTE_MS <= idle_at <= await scene.store.ping() + 10 * MINUTE_MS
    await scene.shift(minted, "expires_at", -55 * MINUTE_MS)
    await use(scene, token)
    assert await scene.column(minted, "idle_expires_at") == await scene.column(minted, "expires_at")


async def test_OA_06_of_eight_at_once_one_moves_it_and_all_get_the_same_child(scene: Scene) -> None:
    for _ in range(5):
        token = await a_family(scene)
        children = await asyncio.gather(*(use(scene, token) for _ in range(8)), return_exceptions=True)
        got = {child.text for child in children if isinstance(child, RefreshToken)}
        assert len(got) == 1
        assert all(isinstance(child, RefreshToken | StoreUnavailable) for child in children)
        assert (await known(scene, token)).credential.generation == 1
        tokens = await scene.database.rows(
            "SELECT id FROM credentials WHERE org_id = $1 AND parent_id = $2", scene.org_id, token.family.id
        )
        assert len(tokens) == 1


async def test_OA_06_from_one_reading_only_one_write_holds(scene: Scene) -> None:
    token = await a_family(scene)
    found = await known(scene, token)
    moves = [await move(scene, token, found) for _ in range(8)]
    answers = await asyncio.gather(*(scene.store.commit(commit) for _, commit in moves), return_exceptions=True)
    assert answers.count(True) == 1
    child, commit = moves[answers.index(True)]
    family = read_family((await known(scene, token)).credential.data)
    assert standing(family, child, grace_ms=GRACE_MS, now_at=SOURCE.now_at()) == "current"
    made = await scene.database.rows(
        "SELECT id FROM credentials WHERE org_id = $1 AND kind = 'access_token'", scene.org_id
    )
    assert made == [(commit.credentials[0].id,)]


async def test_OA_06_a_rotation_and_a_revocation_at_once(scene: Scene) -> None:
    """Whoever is first: after an acknowledged revocation nothing of the family is alive."""
    for _ in range(10):
        token = await a_family(scene)
        child, commit = await move(scene, token, await known(scene, token))
        stone = Minted(replace(scene.new("refresh_token").new, id=token.family.id), token.family)
        await asyncio.gather(scene.store.commit(commit), scene.revoke(stone))
        assert await read(scene, child) is None
        access = commit.credentials[0].id
        assert await scene.store.find(scene.org_id, access, None, frozenset({"access_token"})) is None


@pytest.mark.parametrize("what", ["revoked", "ancestor revoked", "expired", "idle", "stamp", "suspended"])
async def test_a_family_that_ended_does_not_move(scene: Scene, what: str) -> None:
    parent = await scene.mint("authorization_code")
    token = await a_family(scene, bind_path=(parent.id,))
    family = Minted(replace(scene.new("refresh_token").new, id=token.family.id), token.family)
    _, commit = await move(scene, token, await known(scene, token))
    match what:
        case "revoked":
            await scene.revoke(family)
        case "ancestor revoked":
            await scene.revoke(parent)
        case "expired":
            await scene.shift(family, "expires_at", -61 * MINUTE_MS)
        case "idle":
            await scene.shift(family, "idle_expires_at", -11 * MINUTE_MS)
        case "stamp":
            await scene.change_user(stamp=2)
        case "suspended":
            await scene.change_user(status="suspended")
    assert await read(scene, token) is None
    assert not await scene.store.commit(commit)
    assert await scene.column(family, "generation") == 0


async def test_only_the_familys_secret_finds_it(scene: Scene) -> None:
    token, other = await a_family(scene), await a_family(scene)
    swapped = RefreshToken(Bearer(token.family.id, other.family.secret), token.generation)
    assert await read(scene, swapped) is None
    found = await known(scene, token)
    _, commit = await move(scene, swapped, found)
    assert not await scene.store.commit(commit)
    assert (await known(scene, token)).credential.generation == 0


async def test_a_static_token_is_touched_like_a_session(scene: Scene) -> None:
    token = await a_family(scene)
    family = Minted(replace(scene.new("refresh_token").new, id=token.family.id), token.family)
    before = await scene.column(family, "idle_expires_at")
    await scene.shift(family, "idle_expires_at", -5 * MINUTE_MS)
    await scene.store.touch_session(scene.org_id, token.family.id, idle_ms=10 * MINUTE_MS)
    assert await scene.column(family, "idle_expires_at") >= before
