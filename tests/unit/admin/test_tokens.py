"""API tokens."""

import pytest
from tests.unit.admin.desk import ORG_ID, PASSWORD, Desk, refused

from segue.admin import tokens, users
from segue.admin.users import NewUser
from segue.core.credential import Kind
from segue.core.secret import digest
from segue.core.user import User
from segue.stores import Found

KINDS: frozenset[Kind] = frozenset({"api_token"})


@pytest.fixture
async def owner(desk: Desk) -> User:
    return await users.add_user(desk.store, desk.hasher, NewUser("ann", {}, PASSWORD), desk.change)


async def find(desk: Desk, minted: tokens.MintedToken) -> Found | None:
    return await desk.store.find(ORG_ID, minted.bearer.id, minted.bearer.digest, KINDS)


async def test_MG_05_a_token_is_shown_once_and_kept_as_a_digest(desk: Desk, owner: User) -> None:
    minted = await tokens.mint_api_token(desk.store, owner, "deploy", desk.change, life_days=30)
    found = await find(desk, minted)
    assert found is not None
    assert found.credential.data == {"name": "deploy"}
    assert (found.credential.user_id, found.credential.minted_by) == (owner.id, "cli:tester")
    assert minted.bearer.id.startswith("00T")
    assert abs(found.credential.expires_at - minted.expires_at) < 60_000
    assert minted.bearer.secret.encode() not in desk.dump()
    assert digest(minted.bearer.secret) in desk.dump()
    assert minted.bearer.secret not in repr(minted)
    (event,) = desk.events("api_token.mint")
    assert (event["user_id"], event["credential_id"], event["detail"]) == (
        owner.id,
        minted.bearer.id,
        {"name": "deploy"},
    )


async def test_a_revoked_token_is_gone(desk: Desk, owner: User) -> None:
    minted = await tokens.mint_api_token(desk.store, owner, "deploy", desk.change)
    await tokens.revoke_api_token(desk.store, minted.bearer.id, desk.change)
    assert await find(desk, minted) is None
    assert len(desk.events("api_token.revoke")) == 1
    await refused(tokens.revoke_api_token(desk.store, minted.bearer.id, desk.change), "not_found")


@pytest.mark.parametrize("ident", ["", "nonsense", "00T" + "z" * 17, "00T00000000000000000"])
async def test_what_is_no_token_cannot_be_revoked(desk: Desk, owner: User, ident: str) -> None:
    await refused(tokens.revoke_api_token(desk.store, ident, desk.change), "not_found")


async def test_OT_14_a_token_ends_with_the_password_and_the_status_of_its_owner(desk: Desk, owner: User) -> None:
    minted = await tokens.mint_api_token(desk.store, owner, "deploy", desk.change)
    suspended = await users.set_status(desk.store, owner.id, "suspended", desk.change)
    assert await find(desk, minted) is None
    for stale in (owner, suspended):
        await refused(tokens.mint_api_token(desk.store, stale, "next", desk.change), "changed_meanwhile")
    assert len(desk.events("api_token.mint")) == 1


@pytest.mark.parametrize(("name", "days", "field"), [("", 30, "name"), ("x", 0, "life_days"), ("x", 800, "life_days")])
async def test_name_and_life_are_checked(desk: Desk, owner: User, name: str, days: int, field: str) -> None:
    work = tokens.mint_api_token(desk.store, owner, name, desk.change, life_days=days)
    await refused(work, "invalid_value", field)
