"""Recovery and unlocking: by mail, by telephone and by a trusted caller; and that strangers learn nothing."""

import asyncio
import re

import pytest
from tests.unit.dialects.okta.authn_scene import ALL_FACTORS, CANCEL, Scene, api_token, error, post_link
from tests.unit.dialects.okta.conftest import BASE, PASSWORD, TRUSTED, House

from segue.core.secret import partition_of

NEW = "plums grow on the northern wall"


@pytest.fixture
async def scene(house: House) -> Scene:
    await house.configure(factors=ALL_FACTORS)
    return Scene(house, house.browser())


async def mailed_token(scene: Scene, path: str = "/recovery/password", page: str = "reset-password", **more: object):
    answer = await scene.post(path, {"username": "ann@example.com", "factorType": "EMAIL", **more})
    assert answer.status == 200, answer.text
    (token,) = re.findall(rf"{BASE}/signin/{page}/(\S+)", await scene.last_mail())
    return token


async def reset(scene: Scene, state: dict, password: str = NEW):
    assert state["status"] == "PASSWORD_RESET", state
    return await scene.follow(state["_links"]["next"], state["stateToken"], newPassword=password)


async def test_a_password_is_reset_by_mail(scene: Scene):
    elsewhere = await scene.house.sign_in(scene.house.ann)
    asked = await scene.post(
        "/recovery/password", {"username": "ann@example.com", "factorType": "EMAIL", "relayState": "/app/x"}
    )
    assert asked.status == 200
    assert asked.json == {
        "status": "RECOVERY_CHALLENGE",
        "factorResult": "WAITING",
        "relayState": "/app/x",
        "factorType": "EMAIL",
        "recoveryType": "PASSWORD",
    }
    mail = await scene.last_mail()
    (token,) = re.findall(rf"{BASE}/signin/reset-password/(\S+)", mail)
    redeemed = await scene.post("/recovery/token", {"recoveryToken": token})
    state = redeemed.json
    assert list(state) == ["stateToken", "expiresAt", "status", "relayState", "recoveryType", "_embedded", "_links"]
    assert (state["status"], state["recoveryType"], state["relayState"]) == ("PASSWORD_RESET", "PASSWORD", "/app/x")
    assert list(state["_embedded"]) == ["user", "policy"]
    assert state["_links"] == {
        "next": {"name": "resetPassword", **post_link("credentials/reset_password")},
        "cancel": CANCEL,
    }
    assert (await elsewhere.get("/api/v1/sessions/me")).status == 200
    done = await reset(scene, state)
    assert (done.json["status"], done.json["relayState"]) == ("SUCCESS", "/app/x")
    assert done.json["sessionToken"]
    assert (await elsewhere.get("/api/v1/sessions/me")).status == 404
    error(await scene.post("", {"username": "ann", "password": PASSWORD}), 401, "E0000004")
    assert (await scene.authn(password=NEW))["status"] == "SUCCESS"


async def test_a_link_works_once(scene: Scene):
    token = await mailed_token(scene)
    answers = await asyncio.gather(*(scene.post("/recovery/token", {"recoveryToken": token}) for _ in range(5)))
    assert sorted(answer.status for answer in answers) == [200, 403, 403, 403, 403]
    error(await scene.post("/recovery/token", {"recoveryToken": token}), 403, "E0000105")


async def test_a_newer_password_ends_a_link(scene: Scene):
    first, second = await mailed_token(scene), await mailed_token(scene)
    state = (await scene.post("/recovery/token", {"recoveryToken": first})).json
    assert (await reset(scene, state)).status == 200
    answer = await scene.post("/recovery/token", {"recoveryToken": second})
    assert answer.status in (401, 403)


@pytest.mark.parametrize("token", ["x", f"00r{'0' * 17}.{'0' * 43}"])
async def test_what_is_no_recovery_token_is_refused(scene: Scene, token: str):
    error(await scene.post("/recovery/token", {"recoveryToken": token}), 401, "E0000011")


async def test_OT_04_other_tokens_recover_nothing_and_are_not_burnt(scene: Scene):
    await scene.change_user(password_temporary=True)
    state_token = (await scene.authn())["stateToken"]
    ticket = await scene.house.session_token(scene.house.bob)
    recovery = await mailed_token(scene)
    for token in (state_token, ticket):
        error(await scene.post("/recovery/token", {"recoveryToken": token}), 401, "E0000011")
    error(await scene.post("", {"stateToken": recovery}), 401, "E0000011")
    assert (await scene.post("", {"stateToken": state_token})).status == 200
    assert (await scene.post("/recovery/token", {"recoveryToken": recovery})).status == 200
    browser = scene.house.browser()
    await browser.get(f"/login/sessionCookieRedirect?token={ticket}&redirectUrl=/")
    assert "sid" in browser.cookies


async def test_AU_09_the_second_factor_is_still_asked_for(scene: Scene):
    """Whoever reads the mail has not the telephone: enrolled is enough, on any device, in no group."""
    await scene.house.configure(remember_device_s=3600)
    factor, offer = await scene.enrolled("totp")
    device = "a device that was remembered"
    scene.browser.cookies["DT"] = device
    await scene.house.store.remember_device(scene.house.org.id, scene.house.ann.id, device, life_ms=3_600_000)
    state = (await scene.post("/recovery/token", {"recoveryToken": await mailed_token(scene)})).json
    required = (await reset(scene, state)).json
    assert required["status"] == "MFA_REQUIRED"
    assert required["stateToken"] != state["stateToken"]
    error(await scene.post("", {"stateToken": state["stateToken"]}), 401, "E0000011")
    (shown,) = required["_embedded"]["factors"]
    body = {"passCode": scene.code(offer)}
    done = await scene.follow(shown["_links"]["verify"], required["stateToken"], **body)
    assert done.json["status"] == "SUCCESS", done.text
    assert not await scene.house.store.remembers_device(scene.house.org.id, scene.house.ann.id, device)
    assert factor.active


async def test_the_question_comes_before_the_password(scene: Scene):
    await scene.enrolled("question", question="first_concert", answer="The Quiet Ones")
    state = (await scene.post("/recovery/token", {"recoveryToken": await mailed_token(scene)})).json
    assert (state["status"], state["recoveryType"]) == ("RECOVERY", "PASSWORD")
    assert state["_embedded"]["user"]["recovery_question"] == {"question": "Whom did you hear at your first concert?"}
    assert state["_links"] == {"next": {"name": "answer", **post_link("recovery/answer")}, "cancel": CANCEL}
    token = state["stateToken"]
    body = {"stateToken": token, "newPassword": NEW}
    error(await scene.post("/credentials/reset_password", body), 403, "E0000079")
    error(await scene.follow(state["_links"]["next"], token, answer="the loud ones"), 403, "E0000087")
    answered = (await scene.follow(state["_links"]["next"], token, answer=" the quiet ONES")).json
    assert (await reset(scene, answered)).json["status"] == "SUCCESS"


async def test_a_question_is_not_guessed_for_ever(scene: Scene):
    await scene.enrolled("question", question="first_concert", answer="The Quiet Ones")
    state = (await scene.post("/recovery/token", {"recoveryToken": await mailed_token(scene)})).json
    for _ in range(5):
        error(await scene.follow(state["_links"]["next"], state["stateToken"], answer="wrong"), 403, "E0000087")
    error(await scene.follow(state["_links"]["next"], state["stateToken"], answer="The Quiet Ones"), 401, "E0000011")


async def lock(scene: Scene) -> None:
    await scene.house.configure(lockout_attempts=2)
    for _ in range(2):
        error(await scene.post("", {"username": "ann", "password": "wrong"}), 401, "E0000004")
    error(await scene.post("", {"username": "ann", "password": PASSWORD}), 401, "E0000004")


async def test_an_account_is_unlocked_by_mail(scene: Scene):
    await lock(scene)
    token = await mailed_token(scene, "/recovery/unlock", "unlock")
    done = (await scene.post("/recovery/token", {"recoveryToken": token})).json
    assert (done["status"], done["recoveryType"]) == ("SUCCESS", "UNLOCK")
    assert "sessionToken" not in done
    assert "stateToken" not in done
    assert (await scene.authn())["status"] == "SUCCESS"


async def test_an_account_is_unlocked_after_the_question(scene: Scene):
    await scene.enrolled("question", question="first_concert", answer="The Quiet Ones")
    await lock(scene)
    token = await mailed_token(scene, "/recovery/unlock", "unlock")
    state = (await scene.post("/recovery/token", {"recoveryToken": token})).json
    assert (state["status"], state["recoveryType"]) == ("RECOVERY", "UNLOCK")
    error(await scene.post("", {"username": "ann", "password": PASSWORD}), 401, "E0000004")
    done = (await scene.follow(state["_links"]["next"], state["stateToken"], answer="the quiet ones")).json
    assert (done["status"], done["recoveryType"]) == ("SUCCESS", "UNLOCK")
    assert (await scene.authn())["status"] == "SUCCESS"


async def test_a_reset_unlocks_too(scene: Scene):
    await lock(scene)
    state = (await scene.post("/recovery/token", {"recoveryToken": await mailed_token(scene)})).json
    assert (await reset(scene, state)).json["status"] == "SUCCESS"
    assert (await scene.authn(password=NEW))["status"] == "SUCCESS"


@pytest.mark.parametrize("path", ["/recovery/password", "/recovery/unlock"])
async def test_AU_04_nobody_learns_by_mail_who_there_is(scene: Scene, path: str):
    answers = []
    for user_name in ("ann@example.com", "nobody@example.com", "a\x00b", "x" * 2000):
        answer = await scene.post(path, {"username": user_name, "factorType": "EMAIL"})
        answers.append((answer.status, answer.json if answer.status == 200 else answer.json["errorCode"]))
    assert answers[0][0] == 200
    assert answers[0] == answers[1] == answers[3]
    await scene.last_mail()
    assert len(list(scene.house.outbox.glob("*.eml"))) == 1


async def test_mails_to_one_person_are_bounded(scene: Scene):
    for _ in range(8):
        answer = await scene.post("/recovery/password", {"username": "ann", "factorType": "EMAIL"})
        assert answer.status == 200
    await scene.last_mail()
    assert len(list(scene.house.outbox.glob("*.eml"))) == 5


@pytest.mark.parametrize(("type", "channel"), [("SMS", "sms"), ("CALL", "call"), ("sms", "sms")])
async def test_a_password_is_reset_by_telephone(scene: Scene, type: str, channel):
    await scene.enrolled(channel, phone="+15551236688")
    body = {"username": "ann", "factorType": type}
    asked = (await scene.post("/recovery/password", body)).json
    assert list(asked) == [
        "stateToken",
        "expiresAt",
        "status",
        "factorType",
        "recoveryType",
        "_embedded",
        "_links",
    ]
    assert (asked["status"], asked["factorType"]) == ("RECOVERY_CHALLENGE", type.upper())
    assert asked["_links"] == {
        "next": {"name": "verify", **post_link(f"recovery/factors/{type.upper()}/verify")},
        "cancel": CANCEL,
        "resend": {"name": channel, **post_link(f"recovery/factors/{type.upper()}/resend")},
    }
    await scene.house.steps.recovery.errands.finish()
    token, code = asked["stateToken"], scene.last_code()
    wrong = f"{(int(code) + 1) % 10**6:06}"
    error(await scene.follow(asked["_links"]["next"], token, passCode=wrong), 403, "E0000068")
    state = (await scene.follow(asked["_links"]["next"], token, passCode=code)).json
    error(await scene.follow(asked["_links"]["next"], token, passCode=code), 401, "E0000011")
    required = (await reset(scene, state)).json
    assert required["status"] == "MFA_REQUIRED"  # a telephone that recovers does not make a second factor needless


async def test_a_code_is_sent_again(scene: Scene):
    await scene.enrolled("sms", phone="+15551236688")
    asked = (await scene.post("/recovery/password", {"username": "ann", "factorType": "SMS"})).json
    await scene.house.steps.recovery.errands.finish()
    await scene.house.store.clear_attempts(scene.house.org.id, f"sent:sms:{scene.house.ann.id}:resend")
    again = await scene.follow(asked["_links"]["resend"], asked["stateToken"])
    assert (again.status, again.json["_links"]) == (200, asked["_links"])
    await scene.house.steps.recovery.errands.finish()
    state = await scene.follow(asked["_links"]["next"], asked["stateToken"], passCode=scene.last_code())
    assert state.json["status"] == "PASSWORD_RESET"


async def test_AU_04_nobody_learns_by_telephone_who_there_is(scene: Scene):
    """Not by the answers, not by how often one may try, and not by where the token lies."""
    await scene.enrolled("sms", phone="+15551236688")
    traces = []
    for user_name in ("ann", "bob", "nobody@example.com"):
        first = (await scene.post("/recovery/password", {"username": user_name, "factorType": "SMS"})).json
        other = (await scene.post("/recovery/password", {"username": user_name, "factorType": "SMS"})).json
        await scene.house.steps.recovery.errands.finish()
        places = {partition_of(one["stateToken"].partition(".")[0]) for one in (first, other)}
        tries = []
        for _ in range(6):
            answer = await scene.follow(first["_links"]["next"], first["stateToken"], passCode="000000")
            tries.append((answer.status, answer.json["errorCode"]))
        resent = await scene.follow(other["_links"]["resend"], other["stateToken"])
        shape = {name: value for name, value in first.items() if name not in ("stateToken", "expiresAt")}
        traces.append((shape, tries, resent.status, len(places)))
    assert traces[0] == traces[1] == traces[2]
    assert traces[0][1] == [(403, "E0000068")] * 5 + [(401, "E0000011")]


async def test_a_trusted_caller_gets_the_token_and_is_told_of_users(scene: Scene):
    trusted = {"authorization": await api_token(scene.house)}
    body = {"username": "ann", "relayState": f"{TRUSTED}/after"}
    handed = (await scene.post("/recovery/password", body, **trusted)).json
    assert list(handed) == [
        "expiresAt",
        "status",
        "relayState",
        "recoveryToken",
        "recoveryType",
        "_embedded",
        "_links",
    ]
    assert (handed["status"], handed["recoveryType"]) == ("RECOVERY", "PASSWORD")
    assert handed["_links"]["next"] == {"name": "recovery", **post_link("recovery/token")}
    assert handed["_embedded"]["user"]["profile"]["login"] == "ann@example.com"
    state = (
        await scene.browser.post_json(handed["_links"]["next"]["href"], {"recoveryToken": handed["recoveryToken"]})
    ).json
    assert state["status"] == "PASSWORD_RESET"
    error(await scene.post("/recovery/password", {"username": "nobody"}, **trusted), 403, "E0000095")
    await scene.change_user(status="suspended")
    error(await scene.post("/recovery/password", {"username": "ann"}, **trusted), 403, "E0000034")
    assert await scene.last_mail() == ""


@pytest.mark.parametrize(
    ("body", "cause"),
    [
        ({"factorType": "EMAIL"}, "username"),
        ({"username": "ann"}, "factorType"),
        ({"username": "ann", "factorType": "PIGEON"}, "factorType"),
        ({"username": "ann", "factorType": "EMAIL", "relayState": "https://evil.example.net/"}, "relayState"),
        ({"username": "ann", "factorType": "EMAIL", "relayState": "//evil.example.net"}, "relayState"),
        ({"username": 7, "factorType": "EMAIL"}, "username"),
    ],
)
async def test_what_cannot_be_begun_is_named(scene: Scene, body: dict, cause: str):
    refused = error(await scene.post("/recovery/password", body), 400, "E0000001")
    assert cause in refused["errorCauses"][0]["errorSummary"]


async def test_AU_09_the_link_is_built_from_configuration(scene: Scene):
    body = {"username": "ann", "factorType": "EMAIL"}
    headers = {"x_forwarded_host": "evil.example.net", "forwarded": "host=evil.example.net"}
    assert (await scene.post("/recovery/password", body, **headers)).status == 200
    assert "evil" not in await scene.last_mail()


async def test_a_recovery_ends_with_cancel(scene: Scene):
    state = (await scene.post("/recovery/token", {"recoveryToken": await mailed_token(scene)})).json
    assert (await scene.follow(state["_links"]["cancel"], state["stateToken"])).status == 200
    body = {"stateToken": state["stateToken"], "newPassword": NEW}
    error(await scene.post("/credentials/reset_password", body), 401, "E0000011")
