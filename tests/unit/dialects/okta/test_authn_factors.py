"""Second factors over the Authentication API: the shapes, the order of the steps, and what is refused."""

import asyncio
from datetime import datetime

import pytest
from tests.unit.dialects.okta.authn_scene import CANCEL, PREVIOUS, Scene, error, post_link
from tests.unit.dialects.okta.conftest import House


@pytest.fixture
async def scene(house: House) -> Scene:
    scene = Scene(house, house.browser())
    await scene.ask_for_second_factors()
    return scene


USER_KEYS = ["id", "passwordChanged", "profile"]


async def test_a_second_factor_is_required_and_answered(scene: Scene):
    factor, offer = await scene.enrolled("totp")
    required = await scene.authn(relayState="/deep")
    assert list(required) == ["stateToken", "expiresAt", "status", "relayState", "_embedded", "_links"]
    assert required["status"] == "MFA_REQUIRED"
    assert required["relayState"] == "/deep"
    assert required["stateToken"].startswith("00s")
    assert not required["stateToken"].startswith(("01", "02."))
    assert required["_links"] == {"cancel": CANCEL}
    assert list(required["_embedded"]) == ["user", "policy", "factors"]
    assert list(required["_embedded"]["user"]) == USER_KEYS
    assert required["_embedded"]["policy"] == {
        "allowRememberDevice": False,
        "rememberDeviceLifetimeInMinutes": 0,
        "rememberDeviceByDefault": False,
        "factorsPolicyInfo": {},
    }
    assert required["_embedded"]["factors"] == [
        {
            "id": factor.id,
            "factorType": "token:software:totp",
            "provider": "OKTA",
            "vendorName": "OKTA",
            "profile": {"credentialId": "ann@example.com"},
            "_links": {"verify": post_link(f"factors/{factor.id}/verify")},
        }
    ]
    verify = required["_embedded"]["factors"][0]["_links"]["verify"]
    answer = await scene.follow(verify, required["stateToken"], passCode=scene.code(offer))
    assert answer.status == 200, answer.text
    done = answer.json
    assert list(done) == ["expiresAt", "status", "relayState", "sessionToken", "_embedded"]
    assert done["status"] == "SUCCESS"
    assert done["sessionToken"].startswith("20t")
    error(await scene.post("", {"stateToken": required["stateToken"]}), 401, "E0000011")


async def test_the_ticket_carries_both_factors(scene: Scene):
    factor, offer = await scene.enrolled("totp")
    required = await scene.authn()
    answer = await scene.post(
        f"/factors/{factor.id}/verify", {"stateToken": required["stateToken"], "passCode": scene.code(offer)}
    )
    browser = scene.house.browser()
    signed_in = await browser.get(f"/login/sessionCookieRedirect?token={answer.json['sessionToken']}&redirectUrl=/")
    assert signed_in.status in (302, 303), signed_in.text
    session = (await browser.get("/api/v1/sessions/me")).json
    assert session["mfaActive"] is True
    assert session["amr"] == ["pwd", "otp", "mfa"]


async def test_wrong_codes_are_refused_and_end_in_a_lock(scene: Scene):
    await scene.house.configure(lockout_attempts=3)
    factor, offer = await scene.enrolled("totp")
    token = (await scene.authn())["stateToken"]
    path = f"/factors/{factor.id}/verify"
    wrong = f"{(int(scene.code(offer)) + 1) % 10**6:06}"
    for _ in range(3):
        error(await scene.post(path, {"stateToken": token, "passCode": wrong}), 403, "E0000068")
    error(await scene.post(path, {"stateToken": token, "passCode": scene.code(offer)}), 403, "E0000069")
    again = (await scene.authn())["stateToken"]
    error(await scene.post(path, {"stateToken": again, "passCode": scene.code(offer)}), 403, "E0000069")


async def test_AU_08_a_code_is_accepted_once(scene: Scene):
    factor, offer = await scene.enrolled("totp")
    first, second = (await scene.authn())["stateToken"], (await scene.authn())["stateToken"]
    code, path = scene.code(offer), f"/factors/{factor.id}/verify"
    answers = await asyncio.gather(
        scene.post(path, {"stateToken": first, "passCode": code}),
        scene.post(path, {"stateToken": second, "passCode": code}),
    )
    won, lost = sorted(answers, key=lambda answer: answer.status)
    assert won.json["status"] == "SUCCESS"
    error(lost, 403, "E0000082")


async def test_AU_02_of_two_requests_in_parallel_one_moves_the_transaction(scene: Scene):
    factor, offer = await scene.enrolled("totp")
    token, path = (await scene.authn())["stateToken"], f"/factors/{factor.id}/verify"
    body = {"stateToken": token, "passCode": scene.code(offer)}
    answers = await asyncio.gather(*(scene.post(path, body) for _ in range(8)))
    assert [answer.status for answer in answers].count(200) == 1
    lost = {answer.json["errorCode"] for answer in answers if answer.status != 200}
    assert lost <= {"E0000079", "E0000082", "E0000011"}


@pytest.mark.parametrize(
    ("type", "details", "profile"),
    [
        ("email", {}, {"email": "a...n@example.com"}),
        ("sms", {"phone": "+15551236688"}, {"phoneNumber": "+1 XXX-XXX-6688"}),
        ("call", {"phone": "+15551236688"}, {"phoneNumber": "+1 XXX-XXX-6688"}),
    ],
)
async def test_sent_codes(scene: Scene, type, details: dict, profile: dict):
    factor, _ = await scene.enrolled(type, **details)
    required = await scene.authn()
    token = required["stateToken"]
    assert required["_embedded"]["factors"][0]["profile"] == profile
    challenged = (await scene.post(f"/factors/{factor.id}/verify", {"stateToken": token})).json
    assert list(challenged) == ["stateToken", "expiresAt", "status", "_embedded", "_links"]
    assert challenged["status"] == "MFA_CHALLENGE"
    assert challenged["stateToken"] == token
    assert challenged["_embedded"]["factor"] == {
        "id": factor.id,
        "factorType": type,
        "provider": "OKTA",
        "vendorName": "OKTA",
        "profile": profile,
        "_embedded": {"verification": None},
    }
    assert challenged["_links"] == {
        "next": {"name": "verify", **post_link(f"factors/{factor.id}/verify")},
        "cancel": CANCEL,
        "prev": PREVIOUS,
        "resend": [{"name": type, **post_link(f"factors/{factor.id}/verify/resend")}],
    }
    too_soon = {"email": "E0000118", "sms": "E0000109", "call": "E0000133"}[type]
    error(await scene.follow(challenged["_links"]["resend"][0], token), 429, too_soon)
    first = scene.last_code()
    await scene.house.store.clear_attempts(scene.house.org.id, f"sent:{type}:{scene.house.ann.id}:resend")
    assert (await scene.follow(challenged["_links"]["resend"][0], token)).json["status"] == "MFA_CHALLENGE"
    if first != scene.last_code():
        error(await scene.follow(challenged["_links"]["next"], token, passCode=first), 403, "E0000068")
    done = await scene.follow(challenged["_links"]["next"], token, passCode=scene.last_code())
    assert done.json["status"] == "SUCCESS", done.text


async def test_five_wrong_answers_take_the_challenge_away(scene: Scene):
    factor, _ = await scene.enrolled("email")
    token = (await scene.authn())["stateToken"]
    path = f"/factors/{factor.id}/verify"
    await scene.post(path, {"stateToken": token})
    right = scene.last_code()
    wrong = f"{(int(right) + 1) % 10**6:06}"
    for _ in range(5):
        error(await scene.post(path, {"stateToken": token, "passCode": wrong}), 403, "E0000068")
    assert (await scene.post("", {"stateToken": token})).json["status"] == "MFA_REQUIRED"
    error(await scene.post(path, {"stateToken": token, "passCode": right}), 403, "E0000068")


async def test_push_is_polled(scene: Scene):
    factor, _ = await scene.enrolled("push")
    await scene.house.store.clear_attempts(scene.house.org.id, f"sent:push:{scene.house.ann.id}:resend")
    required = await scene.authn()
    token = required["stateToken"]
    assert required["_embedded"]["policy"]["factorsPolicyInfo"] == {factor.id: {"autoPushEnabled": False}}
    asked = (await scene.post(f"/factors/{factor.id}/verify?autoPush=true", {"stateToken": token})).json
    assert asked["factorResult"] == "WAITING"
    assert asked["_links"]["next"] == {"name": "poll", **post_link(f"factors/{factor.id}/verify")}
    number = asked["_embedded"]["factor"]["_embedded"]["challenge"]["correctAnswer"]
    assert number == int(scene.house.devices.asked[-1].number)
    waiting = (await scene.follow(asked["_links"]["next"], token)).json
    assert waiting["factorResult"] == "WAITING"
    assert waiting["_embedded"] == asked["_embedded"]
    scene.house.devices.answer = "rejected"
    rejected = (await scene.follow(asked["_links"]["next"], token)).json
    assert (rejected["status"], rejected["factorResult"]) == ("MFA_CHALLENGE", "REJECTED")
    assert rejected["_links"]["next"]["name"] == "verify"
    await scene.house.store.clear_attempts(scene.house.org.id, f"sent:push:{scene.house.ann.id}:resend")
    scene.house.devices.answer = "approved"
    again = (await scene.follow(rejected["_links"]["next"], token)).json
    assert again["factorResult"] == "WAITING"
    assert (await scene.follow(again["_links"]["next"], token)).json["status"] == "SUCCESS"


async def test_the_last_used_factor_comes_first(scene: Scene):
    await scene.enrolled("totp", provider="alternative")
    factor, offer = await scene.enrolled("totp")
    token = (await scene.authn())["stateToken"]
    await scene.post(f"/factors/{factor.id}/verify", {"stateToken": token, "passCode": scene.code(offer)})
    factors = (await scene.authn())["_embedded"]["factors"]
    assert [(one["id"] == factor.id, one["provider"]) for one in factors] == [(True, "OKTA"), (False, "GOOGLE")]


async def test_back_introspect_and_cancel(scene: Scene):
    factor, _ = await scene.enrolled("email")
    required = await scene.authn(relayState="/x")
    token = required["stateToken"]
    error(await scene.post("/previous", {"stateToken": token}), 403, "E0000079")
    challenged = (await scene.post(f"/factors/{factor.id}/verify", {"stateToken": token})).json
    seen = (await scene.post("/introspect", {"stateToken": token})).json
    assert seen == {**challenged, "expiresAt": seen["expiresAt"]}
    back = (await scene.follow(challenged["_links"]["prev"], token)).json
    assert back == {**required, "expiresAt": back["expiresAt"]}
    cancelled = await scene.follow(back["_links"]["cancel"], token)
    assert (cancelled.status, cancelled.json) == (200, {"relayState": "/x"})
    for path in ("", "/introspect", "/cancel", "/previous", "/skip", f"/factors/{factor.id}/verify"):
        error(await scene.post(path, {"stateToken": token}), 401, "E0000011")


async def test_the_time_slides_with_every_call_but_introspection(scene: Scene):
    await scene.enrolled("totp")
    required = await scene.authn()
    token, first = required["stateToken"], _at(required)
    scene.house.clock.ahead_ms += 60_000
    assert abs(_at((await scene.post("/introspect", {"stateToken": token})).json) - first) <= 1
    assert _at((await scene.post("", {"stateToken": token})).json) - first >= 59


@pytest.mark.parametrize("path", ["", "/introspect", "/previous", "/skip", "/cancel", "/factors/fac1/verify"])
@pytest.mark.parametrize("token", ["", "x", "00s", "01abc", f"00s{'0' * 17}.{'0' * 43}"])
async def test_what_is_no_state_token_is_refused(scene: Scene, path: str, token: str):
    error(await scene.post(path, {"stateToken": token}), 401, "E0000011")


@pytest.mark.parametrize("path", ["/introspect", "/previous", "/skip", "/cancel", "/factors/fac1/verify", "/factors"])
async def test_a_state_token_is_needed(scene: Scene, path: str):
    error(await scene.post(path, {}), 400, "E0000001")
    error(await scene.post(path, {"stateToken": 7}), 400, "E0000001")


async def test_OT_04_a_ticket_is_no_state_token_and_a_state_token_no_ticket(scene: Scene):
    house = scene.house
    await scene.enrolled("totp")
    ticket = await house.session_token(house.bob)
    error(await scene.post("", {"stateToken": ticket}), 401, "E0000011")
    token = (await scene.authn())["stateToken"]
    answer = await house.browser().get(f"/login/sessionCookieRedirect?token={token}&redirectUrl=/")
    assert not any(cookie.startswith("sid=") for cookie in answer.all("set-cookie"))


async def test_somebody_elses_factor_is_not_found(scene: Scene):
    await scene.enrolled("totp")
    other, offer = await scene.enrolled("totp", scene.house.bob)
    token = (await scene.authn())["stateToken"]
    body = {"stateToken": token, "passCode": scene.code(offer)}
    assert "UserFactor" in error(await scene.post(f"/factors/{other.id}/verify", body), 404, "E0000007")["errorSummary"]


async def test_a_user_name_does_not_go_with_a_state_token(scene: Scene):
    await scene.enrolled("totp")
    token = (await scene.authn())["stateToken"]
    body = {"stateToken": token, "username": "bob@example.com", "password": "x"}
    error(await scene.post("", body), 403, "E0000079")


async def test_a_device_is_remembered(scene: Scene):
    await scene.house.configure(remember_device_s=3600)
    factor, offer = await scene.enrolled("totp")
    required = await scene.authn()
    assert required["_embedded"]["policy"]["rememberDeviceLifetimeInMinutes"] == 60
    path = f"/factors/{factor.id}/verify?rememberDevice=true"
    done = await scene.post(path, {"stateToken": required["stateToken"], "passCode": scene.code(offer)})
    assert any(cookie.startswith("DT=") for cookie in done.all("set-cookie"))
    assert (await scene.authn())["status"] == "SUCCESS"
    assert (await Scene(scene.house, scene.house.browser()).authn())["status"] == "MFA_REQUIRED"


async def test_recovery_codes_can_be_used_where_clients_know_no_such_factor(scene: Scene):
    factor, offer = await scene.enrolled("recovery_code")
    required = await scene.authn()
    (shown,) = required["_embedded"]["factors"]
    assert (shown["factorType"], shown["provider"], shown["vendorName"]) == ("token:hotp", "CUSTOM", "Recovery code")
    codes = offer.shown["codes"]
    done = await scene.follow(shown["_links"]["verify"], required["stateToken"], passCode=codes[0])
    assert done.json["status"] == "SUCCESS"
    token = (await scene.authn())["stateToken"]
    path = f"/factors/{factor.id}/verify"
    error(await scene.post(path, {"stateToken": token, "passCode": codes[0]}), 403, "E0000068")


def _at(body: dict) -> float:
    return datetime.fromisoformat(body["expiresAt"]).timestamp()
