"""Passwords that end: warned of, changed, and what goes on afterwards."""

import asyncio

import pytest
from tests.unit.dialects.okta.authn_scene import CANCEL, Scene, error, post_link
from tests.unit.dialects.okta.conftest import PASSWORD, House

from segue.core.org import PasswordRules

DAY_MS = 24 * 3_600_000
NEW = "plums grow on the northern wall"


@pytest.fixture
async def scene(house: House) -> Scene:
    return Scene(house, house.browser())


async def expire(scene: Scene, *, days_left: int = -1) -> None:
    """A password that ended, or will in so many days and an hour."""
    await scene.house.configure(password_rules=PasswordRules(expire_days=90, warn_days=5))
    changed_at = scene.house.clock.now_at() - (90 - days_left) * DAY_MS + 3_600_000
    await scene.change_user(password_changed_at=changed_at)


async def change(scene: Scene, token: str, old: str = PASSWORD, new: str = NEW, **more: object):
    body = {"stateToken": token, "oldPassword": old, "newPassword": new, **more}
    return await scene.post("/credentials/change_password", body)


async def test_an_expired_password_is_changed(scene: Scene):
    await expire(scene)
    expired = await scene.authn(relayState="/r")
    assert list(expired) == ["stateToken", "expiresAt", "status", "relayState", "_embedded", "_links"]
    assert expired["status"] == "PASSWORD_EXPIRED"
    assert list(expired["_embedded"]) == ["user", "policy"]
    policy = expired["_embedded"]["policy"]
    assert policy["expiration"] == {"passwordExpireDays": 0}
    assert policy["complexity"]["minLength"] == 8
    assert expired["_links"] == {
        "next": {"name": "changePassword", **post_link("credentials/change_password")},
        "cancel": CANCEL,
    }
    token = expired["stateToken"]
    error(await scene.post("/skip", {"stateToken": token}), 403, "E0000079")
    done = await change(scene, token)
    assert (done.json["status"], done.json["relayState"]) == ("SUCCESS", "/r")
    assert done.json["sessionToken"]
    error(await change(scene, token), 401, "E0000011")
    error(await scene.post("", {"username": "ann", "password": PASSWORD}), 401, "E0000004")
    assert (await scene.authn(password=NEW))["status"] == "SUCCESS"


async def test_a_temporary_password_has_to_be_changed(scene: Scene):
    await scene.change_user(password_temporary=True)
    expired = await scene.authn()
    assert expired["status"] == "PASSWORD_EXPIRED"
    assert (await change(scene, expired["stateToken"])).json["status"] == "SUCCESS"
    assert (await scene.authn(password=NEW))["status"] == "SUCCESS"


async def test_a_warning_comes_to_who_wants_it_and_can_be_skipped(scene: Scene):
    await expire(scene, days_left=3)
    assert (await scene.authn())["status"] == "SUCCESS"
    warned = await scene.authn(options={"warnBeforePasswordExpired": True})
    assert warned["status"] == "PASSWORD_WARN"
    assert warned["_embedded"]["policy"]["expiration"] == {"passwordExpireDays": 3}
    assert list(warned["_links"]) == ["next", "skip", "cancel"]
    assert warned["_links"]["skip"] == {"name": "skip", **post_link("skip")}
    done = await scene.follow(warned["_links"]["skip"], warned["stateToken"])
    assert done.json["status"] == "SUCCESS"


async def test_a_warned_user_may_change_it_at_once(scene: Scene):
    await expire(scene, days_left=3)
    warned = await scene.authn(options={"warnBeforePasswordExpired": True})
    body = {"oldPassword": PASSWORD, "newPassword": NEW}
    done = await scene.follow(warned["_links"]["next"], warned["stateToken"], **body)
    assert done.json["status"] == "SUCCESS", done.text


async def test_the_second_factor_comes_first(scene: Scene):
    await scene.ask_for_second_factors()
    await expire(scene)
    factor, offer = await scene.enrolled("totp")
    required = await scene.authn()
    assert required["status"] == "MFA_REQUIRED"
    token = required["stateToken"]
    error(await change(scene, token), 403, "E0000079")
    body = {"stateToken": token, "passCode": scene.code(offer)}
    expired = (await scene.post(f"/factors/{factor.id}/verify", body)).json
    assert (expired["status"], expired["stateToken"]) == ("PASSWORD_EXPIRED", token)
    done = (await change(scene, token)).json
    browser = scene.house.browser()
    await browser.get(f"/login/sessionCookieRedirect?token={done['sessionToken']}&redirectUrl=/")
    assert (await browser.get("/api/v1/sessions/me")).json["amr"] == ["pwd", "otp", "mfa"]


async def test_a_wrong_old_password_changes_nothing_and_is_counted(scene: Scene):
    await scene.house.configure(lockout_attempts=3)
    await expire(scene)
    await scene.house.configure(lockout_attempts=3)
    token = (await scene.authn())["stateToken"]
    refused = error(await change(scene, token, old="not it"), 403, "E0000014")
    assert refused["errorCauses"] == [{"errorSummary": "The old password is not right."}]
    for _ in range(2):
        error(await change(scene, token, old="not it"), 403, "E0000014")
    error(await change(scene, token), 403, "E0000014")


@pytest.mark.parametrize(
    ("new", "says"),
    [
        ("short", "characters"),
        ("password1", "easy"),
        ("ann@example.com", "easy"),
        (PASSWORD, "another"),
        ("x" * 300, "characters"),
    ],
)
async def test_AU_07_a_password_that_will_not_do_is_refused(scene: Scene, new: str, says: str):
    await expire(scene)
    token = (await scene.authn())["stateToken"]
    refused = error(await change(scene, token, new=new), 403, "E0000080")
    assert says in refused["errorCauses"][0]["errorSummary"]
    assert (await change(scene, token)).json["status"] == "SUCCESS"


async def test_the_org_may_ask_for_a_longer_password(scene: Scene):
    await scene.house.configure(password_rules=PasswordRules(min_length=20))
    await scene.change_user(password_temporary=True)
    expired = await scene.authn()
    assert expired["_embedded"]["policy"]["complexity"]["minLength"] == 20
    error(await change(scene, expired["stateToken"], new="plums on the wall"), 403, "E0000080")


async def test_sessions_go_on_unless_they_shall_end(scene: Scene):
    elsewhere = await scene.house.sign_in(scene.house.ann)
    await expire(scene)
    token = (await scene.authn())["stateToken"]
    assert (await change(scene, token)).status == 200
    assert (await elsewhere.get("/api/v1/sessions/me")).status == 200
    await scene.change_user(password_temporary=True)
    token = (await scene.authn(password=NEW))["stateToken"]
    newer = "pears grow on the southern wall"
    assert (await change(scene, token, old=NEW, new=newer, revokeSessions=True)).json["status"] == "SUCCESS"
    assert (await elsewhere.get("/api/v1/sessions/me")).status == 404


async def test_a_transaction_ends_with_the_password_it_was_begun_with(scene: Scene):
    await expire(scene)
    first, second = (await scene.authn())["stateToken"], (await scene.authn())["stateToken"]
    assert (await change(scene, first)).status == 200
    error(await scene.post("", {"stateToken": second}), 401, "E0000011")


async def test_AU_02_of_two_changes_in_parallel_one_is_made(scene: Scene):
    await expire(scene)
    token = (await scene.authn())["stateToken"]
    passwords = [f"plums number {number} on the wall" for number in range(4)]
    answers = await asyncio.gather(*(change(scene, token, new=password) for password in passwords))
    assert sorted(answer.status for answer in answers).count(200) == 1
    right = []
    for password in passwords:
        answer = await scene.post("", {"username": "ann", "password": password})
        right.append(answer.status)
    assert sorted(right) == [200, 401, 401, 401]


@pytest.mark.parametrize("missing", ["stateToken", "oldPassword", "newPassword"])
async def test_every_field_is_needed(scene: Scene, missing: str):
    await expire(scene)
    token = (await scene.authn())["stateToken"]
    body = {"stateToken": token, "oldPassword": PASSWORD, "newPassword": NEW}
    del body[missing]
    refused = error(await scene.post("/credentials/change_password", body), 400, "E0000001")
    assert missing in refused["errorCauses"][0]["errorSummary"]


async def test_reset_needs_a_recovery(scene: Scene):
    await expire(scene)
    token = (await scene.authn())["stateToken"]
    body = {"stateToken": token, "newPassword": NEW}
    error(await scene.post("/credentials/reset_password", body), 403, "E0000079")


async def test_a_locked_account_is_shown_where_the_org_wants_it(scene: Scene):
    await scene.house.configure(lockout_attempts=2, show_lockout=True)
    for _ in range(2):
        error(await scene.post("", {"username": "ann", "password": "wrong"}), 401, "E0000004")
    answer = await scene.post("", {"username": "ann", "password": PASSWORD})
    assert (answer.status, list(answer.json)) == (200, ["status", "_embedded", "_links"])
    assert answer.json == {
        "status": "LOCKED_OUT",
        "_embedded": {},
        "_links": {"next": {"name": "unlock", **post_link("recovery/unlock")}, "cancel": CANCEL},
    }
    await scene.house.configure(show_lockout=False)
    error(await scene.post("", {"username": "ann", "password": PASSWORD}), 401, "E0000004")
