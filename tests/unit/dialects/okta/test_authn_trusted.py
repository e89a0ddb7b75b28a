"""Callers with an API token: what they may say that nobody else may (AU-11)."""

import pytest
from tests.unit.dialects.okta.authn_scene import Scene, api_token, error
from tests.unit.dialects.okta.conftest import PASSWORD, House

from segue.core.secret import digest
from segue.web.limits import Limit
from segue.web.sign_in_limits import BY_ADDRESS

DEVICE = {"context": {"deviceToken": "a1b2c3d4"}}


@pytest.fixture
async def scene(house: House) -> Scene:
    return Scene(house, house.browser())


async def remember(scene: Scene, **headers: str) -> None:
    """Ann signs in with her second factor and asks to be remembered."""
    factor, offer = await scene.enrolled("totp")
    body = {"username": "ann", "password": PASSWORD, **DEVICE}
    token = (await scene.post("", body, **headers)).json["stateToken"]
    path = f"/factors/{factor.id}/verify?rememberDevice=true"
    done = await scene.post(path, {"stateToken": token, "passCode": scene.code(offer)}, **headers)
    assert done.json["status"] == "SUCCESS", done.text
    assert not (headers and done.all("set-cookie"))


async def test_a_device_is_remembered_by_the_token_of_a_trusted_caller(scene: Scene):
    await scene.ask_for_second_factors()
    await scene.house.configure(remember_device_s=3600)
    trusted = {"authorization": await api_token(scene.house)}
    await remember(scene, **trusted)
    body = {"username": "ann", "password": PASSWORD}
    assert (await scene.post("", {**body, **DEVICE}, **trusted)).json["status"] == "SUCCESS"
    assert (await scene.post("", body, **trusted)).json["status"] == "MFA_REQUIRED"
    other = {"context": {"deviceToken": "another"}}
    assert (await scene.post("", {**body, **other}, **trusted)).json["status"] == "MFA_REQUIRED"
    assert (await scene.post("", {**body, **DEVICE})).json["status"] == "MFA_REQUIRED"
    named = f"named;{digest('a1b2c3d4').hex()}"
    assert await scene.house.store.remembers_device(scene.house.org.id, scene.house.ann.id, named)
    for claimed in (named, f'"{named}"', named.replace(";", "%3B")):
        answer = await scene.post("", body, cookie=f"DT={claimed}")
        assert answer.json["status"] == "MFA_REQUIRED"


async def test_AU_11_nobody_else_names_a_device(scene: Scene):
    await scene.ask_for_second_factors()
    await scene.house.configure(remember_device_s=3600)
    await remember(scene)
    scene.browser.cookies.clear()
    body = {"username": "ann", "password": PASSWORD, **DEVICE}
    assert (await scene.post("", body)).json["status"] == "MFA_REQUIRED"


async def address_seen(scene: Scene, **headers: str) -> str:
    """The address in the event of a wrong password."""
    refused = error(await scene.post("", {"username": "ann", "password": "wrong"}, **headers), 401, "E0000004")
    event = await scene.house.store.event(scene.house.org.id, refused["errorId"])
    assert event is not None
    return event.address


async def test_AU_11_a_trusted_caller_at_a_gateway_says_whose_address_it_is_about(scene: Scene):
    token = await api_token(scene.house)
    forwarded = {"x_forwarded_for": "203.0.113.9, 192.0.2.7"}
    assert await address_seen(scene, **forwarded, authorization=token) == "192.0.2.7"
    await scene.house.configure(gateways=("192.0.2.0/24",))
    assert await address_seen(scene, **forwarded, authorization=token) == "203.0.113.9"
    assert await address_seen(scene, **forwarded) == "192.0.2.7"
    scene.browser.address = "198.51.100.1"
    assert await address_seen(scene, **forwarded, authorization=token) == "198.51.100.1"


async def test_the_limit_counts_for_that_address(scene: Scene):
    scene.house.limiter.limits = {BY_ADDRESS: Limit(1, 60)}
    await scene.house.configure(gateways=("192.0.2.7",))
    token = await api_token(scene.house)
    body = {"username": "ann", "password": PASSWORD}
    for client, status in (("203.0.113.1", 200), ("203.0.113.2", 200), ("203.0.113.1", 429)):
        answer = await scene.post("", body, authorization=token, x_forwarded_for=client)
        assert answer.status == status, answer.text


@pytest.mark.parametrize(
    "path",
    [
        "/introspect",
        "/previous",
        "/skip",
        "/cancel",
        "/factors",
        "/factors/fac1/verify",
        "/factors/fac1/verify/resend",
        "/factors/fac1/lifecycle/activate",
        "/factors/fac1/lifecycle/activate/poll",
        "/factors/fac1/lifecycle/resend",
        "/credentials/change_password",
        "/credentials/reset_password",
        "/recovery/password",
        "/recovery/unlock",
        "/recovery/token",
        "/recovery/answer",
        "/recovery/factors/SMS/verify",
        "/recovery/factors/SMS/resend",
    ],
)
async def test_F6_03_a_wrong_api_token_is_refused_before_the_body_is_read(scene: Scene, path: str):
    error(await scene.post(path, {}, authorization="SSWS wrong"), 401, "E0000011")
    error(await scene.post(path, {}), 400, "E0000001")
    answer = await scene.browser.send("POST", f"/api/v1/authn{path}", headers={"content_type": "application/json"})
    error(answer, 400, "E0000003")
    error(await scene.browser.get(f"/api/v1/authn{path}"), 405, "E0000022")
