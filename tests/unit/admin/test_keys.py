"""Signing keys made, rotated, replaced in an emergency."""

import pytest
from tests.unit.admin.desk import Desk, refused

from segue.admin import keys
from segue.admin.change import Change
from segue.admin.keys import ASSERTION_KEYS, TOKEN_KEYS
from segue.core.org import AuthorizationServer
from segue.tokens.keys import PUBLISH_AHEAD_MS, KeyRing, SigningKey, current, published


async def first(desk: Desk, key_set: str = TOKEN_KEYS) -> SigningKey:
    return await keys.ensure_first_key(desk.store, desk.sealer, key_set, name="Corp", change=desk.change)


async def known(desk: Desk, change: Change) -> tuple[SigningKey, ...]:
    return await keys.key_set_of(desk.store, TOKEN_KEYS, change)


async def test_the_first_key_is_made_once_for_each_set(desk: Desk) -> None:
    key = await first(desk)
    assert (key.org_id, key.key_set, key.algorithm) == (desk.change.org_id, TOKEN_KEYS, "RS256")
    assert (await first(desk)).kid == key.kid
    other = await first(desk, ASSERTION_KEYS)
    assert other.kid != key.kid
    assert {event["detail"]["kid"] for event in desk.events("keys.create")} == {key.kid, other.kid}


async def test_KE_02_a_rotation_publishes_ahead_and_keeps_until_the_last_token_ended(desk: Desk) -> None:
    server = AuthorizationServer("aus1", desk.change.org_id, "S", "", "", TOKEN_KEYS, access_token_s=7200)
    await desk.store.put_authorization_server(server, desk.change.event("authorization_server.put"))
    old = await first(desk)
    change = desk.later(1000)
    new = await keys.rotate(desk.store, desk.sealer, TOKEN_KEYS, name="Corp", change=change)
    stored = await known(desk, change)
    assert {key.kid for key in published(stored, change.now_at)} == {old.kid, new.kid}
    begins = change.now_at + PUBLISH_AHEAD_MS
    assert current(stored, change.now_at).kid == current(stored, begins - 1).kid == old.kid
    assert current(stored, begins).kid == new.kid
    last_token_ends = begins + 7200 * 1000
    assert old.kid in {key.kid for key in published(stored, last_token_ends)}
    assert old.kid not in {key.kid for key in published(stored, last_token_ends + 600_000)}
    KeyRing(desk.sealer).load(current(stored, begins))
    (event,) = desk.events("keys.rotate")
    assert event["detail"]["kid"] == new.kid


async def test_a_second_rotation_waits_for_the_first(desk: Desk) -> None:
    await first(desk)
    await keys.rotate(desk.store, desk.sealer, TOKEN_KEYS, name="Corp", change=desk.change)
    work = keys.rotate(desk.store, desk.sealer, TOKEN_KEYS, name="Corp", change=desk.later(1000))
    await refused(work, "invalid_value", "key_set")
    await keys.rotate(desk.store, desk.sealer, TOKEN_KEYS, name="Corp", change=desk.later(PUBLISH_AHEAD_MS))


async def test_KE_02_an_emergency_retires_every_other_key_at_once(desk: Desk) -> None:
    await first(desk)
    await keys.rotate(desk.store, desk.sealer, TOKEN_KEYS, name="Corp", change=desk.change)
    change = desk.later(1000)
    new = await keys.replace_at_once(desk.store, desk.sealer, TOKEN_KEYS, name="Corp", change=change)
    stored = await known(desk, change)
    assert [key.kid for key in published(stored, change.now_at)] == [new.kid]
    assert current(stored, change.now_at).kid == new.kid
    assert len(desk.events("keys.emergency")) == 1


@pytest.mark.parametrize(("age_ms", "due"), [(0, False), (9_999, False), (10_000, True), (99_999, True)])
async def test_a_rotation_is_due_by_the_age_of_the_newest_key(desk: Desk, age_ms: int, due: bool) -> None:
    await first(desk)
    stored = await known(desk, desk.change)
    found = keys.rotation_due(stored, every_ms=10_000, now_at=desk.change.now_at + age_ms)
    assert found == (stored if due else ())
    assert keys.rotation_due((), every_ms=10_000, now_at=desk.change.now_at + age_ms) == ()


async def test_a_key_that_waits_to_sign_is_not_replaced_by_the_clock(desk: Desk) -> None:
    await first(desk)
    change = desk.later(100_000)
    await keys.rotate(desk.store, desk.sealer, TOKEN_KEYS, name="Corp", change=change)
    assert not keys.rotation_due(await known(desk, change), every_ms=10_000, now_at=change.now_at + 1000)


async def test_a_long_name_still_makes_a_certificate(desk: Desk) -> None:
    key = await keys.ensure_first_key(desk.store, desk.sealer, TOKEN_KEYS, name="n" * 100, change=desk.change)
    assert b"BEGIN CERTIFICATE" in key.certificate_pem


async def token_server(desk: Desk) -> None:
    server = AuthorizationServer("aus1", desk.change.org_id, "S", "", "", TOKEN_KEYS)
    await desk.store.put_authorization_server(server, desk.change.event("authorization_server.put"))


async def test_an_algorithm_gets_its_key_once_and_the_others_stay(desk: Desk) -> None:
    await token_server(desk)
    rsa = await first(desk)
    assert not await keys.signs_tokens_by(desk.store, "ES256", desk.change)
    for _ in range(2):
        await keys.ensure_token_keys(desk.store, desk.sealer, "ES256", change=desk.change)
    assert await keys.signs_tokens_by(desk.store, "ES256", desk.change)
    stored = await known(desk, desk.change)
    assert sorted(key.algorithm for key in stored) == ["ES256", "RS256"]
    assert current(stored, desk.change.now_at).kid == rsa.kid
    assert current(stored, desk.change.now_at, "ES256").kid != rsa.kid
    assert [event["detail"]["algorithm"] for event in desk.events("keys.create")].count("ES256") == 1


async def test_KE_02_algorithms_are_rotated_by_themselves_and_replaced_together(desk: Desk) -> None:
    await first(desk)
    edwards = await keys.ensure_first_key(
        desk.store, desk.sealer, TOKEN_KEYS, name="Corp", change=desk.change, algorithm="Ed25519"
    )
    await keys.rotate(desk.store, desk.sealer, TOKEN_KEYS, name="Corp", change=desk.change)
    stored = await known(desk, desk.change)
    assert current(stored, desk.change.now_at + PUBLISH_AHEAD_MS, "Ed25519") == edwards
    new = await keys.rotate(desk.store, desk.sealer, TOKEN_KEYS, name="Corp", change=desk.change, algorithm="Ed25519")
    stored = await known(desk, desk.change)
    assert current(stored, desk.change.now_at + PUBLISH_AHEAD_MS, "Ed25519").kid == new.kid
    change = desk.later(1000)
    replaced = await keys.replace_at_once(desk.store, desk.sealer, TOKEN_KEYS, name="Corp", change=change)
    left = published(await known(desk, change), change.now_at)
    assert {key.algorithm for key in left} == {"RS256", "Ed25519"}
    assert replaced.kid == current(left, change.now_at).kid
    assert not {key.kid for key in left} & {key.kid for key in stored}


async def test_a_key_of_an_algorithm_we_do_not_have(desk: Desk) -> None:
    for work in (
        keys.ensure_first_key(desk.store, desk.sealer, "x", name="Corp", change=desk.change, algorithm="HS256"),
        keys.rotate(desk.store, desk.sealer, TOKEN_KEYS, name="Corp", change=desk.change, algorithm="EdDSA"),
    ):
        await refused(work, "invalid_value", "algorithm")
    assert await known(desk, desk.change) == ()
