"""Setting up factors over the Authentication API: the shapes, who may, and what a client shows."""

import pyotp
import pytest
from tests.unit.dialects.okta.authn_scene import ALL_FACTORS, CANCEL, PREVIOUS, Scene, error, post_link
from tests.unit.dialects.okta.conftest import BASE, House
from tests.unit.signin.factors.security_key import SecurityKey


@pytest.fixture
async def scene(house: House) -> Scene:
    scene = Scene(house, house.browser())
    await scene.ask_for_second_factors()
    return scene


async def enroll(scene: Scene, token: str, factor_type: str, provider: str = "OKTA", **profile: str):
    body = {"stateToken": token, "factorType": factor_type, "provider": provider, "profile": profile}
    return await scene.post("/factors", body)


async def test_who_has_no_factor_is_offered_all_there_are(scene: Scene):
    offered = await scene.authn(relayState="")
    assert list(offered) == ["stateToken", "expiresAt", "status", "relayState", "_embedded", "_links"]
    assert offered["status"] == "MFA_ENROLL"
    assert offered["_links"] == {"cancel": CANCEL}
    factors = offered["_embedded"]["factors"]
    assert [(one["factorType"], one["provider"]) for one in factors] == [
        ("token:software:totp", "OKTA"),
        ("token:software:totp", "GOOGLE"),
        ("push", "OKTA"),
        ("webauthn", "FIDO"),
        ("email", "OKTA"),
        ("sms", "OKTA"),
        ("call", "OKTA"),
        ("question", "OKTA"),
    ]
    assert factors[0] == {
        "enrollment": "OPTIONAL",
        "status": "NOT_SETUP",
        "factorType": "token:software:totp",
        "provider": "OKTA",
        "vendorName": "OKTA",
        "policy": {"enrollment": {"enrolled": 0, "minimum": 0, "maximum": 1}},
        "_links": {"enroll": post_link("factors")},
    }
    assert factors[4]["_embedded"] == {"emails": []}
    questions = factors[-1]["_links"]["questions"]
    assert questions == {
        "href": f"{BASE}/api/v1/users/{scene.house.ann.id}/factors/questions",
        "hints": {"allow": ["GET"]},
    }
    listed = (await scene.browser.get(questions["href"])).json
    assert len(listed) == 20
    assert list(listed[0]) == ["question", "questionText"]


@pytest.mark.parametrize("provider", ["OKTA", "GOOGLE"])
async def test_an_authenticator_app_is_set_up(scene: Scene, provider: str):
    token = (await scene.authn())["stateToken"]
    started = (await enroll(scene, token, "token:software:totp", provider)).json
    assert list(started) == ["stateToken", "expiresAt", "status", "_embedded", "_links"]
    assert started["status"] == "MFA_ENROLL_ACTIVATE"
    factor = started["_embedded"]["factor"]
    assert list(factor) == ["id", "factorType", "provider", "vendorName", "profile", "_embedded"]
    activation = factor["_embedded"]["activation"]
    assert list(activation) == ["timeStep", "sharedSecret", "encoding", "keyLength", "_links"]
    assert (activation["timeStep"], activation["encoding"], activation["keyLength"]) == (30, "base32", 6)
    assert started["_links"] == {
        "next": {"name": "activate", **post_link(f"factors/{factor['id']}/lifecycle/activate")},
        "cancel": CANCEL,
        "prev": PREVIOUS,
    }
    seen = (await scene.post("/introspect", {"stateToken": token})).json
    assert seen["_embedded"] == started["_embedded"]
    code = pyotp.TOTP(activation["sharedSecret"]).at(scene.house.clock.now_at() // 1000)
    wrong = f"{(int(code) + 1) % 10**6:06}"
    error(await scene.follow(started["_links"]["next"], token, passCode=wrong), 403, "E0000068")
    done = await scene.follow(started["_links"]["next"], token, passCode=code)
    assert done.json["status"] == "SUCCESS", done.text
    required = await scene.authn()
    assert [one["provider"] for one in required["_embedded"]["factors"]] == [provider]
    path = f"/factors/{factor['id']}/verify"
    error(await scene.post(path, {"stateToken": required["stateToken"], "passCode": code}), 403, "E0000082")


async def test_the_picture_is_for_whoever_was_told_its_address(scene: Scene):
    token = (await scene.authn())["stateToken"]
    started = (await enroll(scene, token, "token:software:totp")).json
    factor = started["_embedded"]["factor"]
    qrcode = factor["_embedded"]["activation"]["_links"]["qrcode"]
    assert qrcode["type"] == "image/png"
    assert qrcode["href"].startswith(f"{BASE}/api/v1/users/{scene.house.ann.id}/factors/{factor['id']}/qr/")
    assert token.partition(".")[2] not in qrcode["href"]
    stranger = scene.house.browser()
    picture = await stranger.get(qrcode["href"])
    assert (picture.status, picture.header("content-type")) == (200, "image/png")
    assert picture.header("cache-control") == "no-cache, no-store"
    assert picture.body.startswith(b"\x89PNG")
    guessed = qrcode["href"][:-1] + ("0" if qrcode["href"][-1] != "0" else "1")
    error(await stranger.get(guessed), 404, "E0000007")
    error(await stranger.get(qrcode["href"].rpartition(".")[0]), 404, "E0000007")
    secret = factor["_embedded"]["activation"]["sharedSecret"]
    code = pyotp.TOTP(secret).at(scene.house.clock.now_at() // 1000)
    assert (await scene.follow(started["_links"]["next"], token, passCode=code)).status == 200
    error(await stranger.get(qrcode["href"]), 404, "E0000007")


@pytest.mark.parametrize(
    ("type", "profile"),
    [("email", {}), ("sms", {"phoneNumber": "+1 555 123 6688"}), ("call", {"phoneNumber": "+15551236688"})],
)
async def test_a_sent_code_is_set_up(scene: Scene, type: str, profile: dict):
    token = (await scene.authn())["stateToken"]
    started = (await enroll(scene, token, type, **profile)).json
    assert started["status"] == "MFA_ENROLL_ACTIVATE"
    ident = started["_embedded"]["factor"]["id"]
    assert started["_links"]["resend"] == [{"name": type, **post_link(f"factors/{ident}/lifecycle/resend")}]
    too_soon = {"email": "E0000118", "sms": "E0000109", "call": "E0000133"}[type]
    error(await scene.follow(started["_links"]["resend"][0], token), 429, too_soon)
    await scene.house.store.clear_attempts(scene.house.org.id, f"sent:{type}:{scene.house.ann.id}:resend")
    again = await scene.follow(started["_links"]["resend"][0], token)
    assert again.json["status"] == "MFA_ENROLL_ACTIVATE"
    done = await scene.follow(again.json["_links"]["next"], token, passCode=scene.last_code())
    assert done.json["status"] == "SUCCESS", done.text


async def test_a_security_key_is_set_up_and_asked_for(scene: Scene):
    key = SecurityKey()
    token = (await scene.authn())["stateToken"]
    started = (await enroll(scene, token, "webauthn", "FIDO")).json
    activation = started["_embedded"]["factor"]["_embedded"]["activation"]
    assert {"challenge", "rp", "user", "pubKeyCredParams", "excludeCredentials"} <= set(activation)
    made = key.create(activation, BASE)
    body = {"clientData": made["client_data"], "attestation": made["attestation"]}
    done = await scene.follow(started["_links"]["next"], token, **body)
    assert done.json["status"] == "SUCCESS", done.text

    required = await scene.authn()
    token, (factor,) = required["stateToken"], required["_embedded"]["factors"]
    assert (factor["factorType"], factor["provider"]) == ("webauthn", "FIDO")
    asked = (await scene.follow(factor["_links"]["verify"], token)).json
    assert (asked["status"], asked["factorResult"]) == ("MFA_CHALLENGE", "CHALLENGE")
    assert asked["_links"]["next"]["name"] == "verify"
    challenge = asked["_embedded"]["factor"]["_embedded"]["challenge"]
    assert challenge["extensions"] == {}
    said = key.get({"challenge": challenge["challenge"], "rpId": "localhost"}, BASE)
    body = {
        "clientData": said["client_data"],
        "authenticatorData": said["authenticator_data"],
        "signatureData": said["signature"],
    }
    assert (await scene.follow(asked["_links"]["next"], token, **body)).json["status"] == "SUCCESS"


async def test_push_is_set_up_by_polling(scene: Scene):
    token = (await scene.authn())["stateToken"]
    started = (await enroll(scene, token, "push")).json
    ident = started["_embedded"]["factor"]["id"]
    assert started["factorResult"] == "WAITING"
    assert started["_links"]["next"] == {"name": "poll", **post_link(f"factors/{ident}/lifecycle/activate/poll")}
    waiting = (await scene.follow(started["_links"]["next"], token)).json
    assert (waiting["status"], waiting["factorResult"]) == ("MFA_ENROLL_ACTIVATE", "WAITING")
    scene.house.devices.answer = "rejected"
    assert (await scene.follow(started["_links"]["next"], token)).json["factorResult"] == "REJECTED"
    scene.house.devices.answer = "approved"
    assert (await scene.follow(started["_links"]["next"], token)).json["status"] == "SUCCESS"


async def test_more_factors_can_be_set_up_and_the_rest_skipped(scene: Scene):
    await scene.house.configure(factors=("totp", "email"))
    options = {"multiOptionalFactorEnroll": True}
    token = (await scene.authn(options=options))["stateToken"]
    error(await scene.post("/skip", {"stateToken": token}), 403, "E0000079")
    await enroll(scene, token, "email")
    code = scene.last_code()
    (pending,) = await scene.house.store.factors(scene.house.org.id, scene.house.ann.id)
    more = (await scene.post(f"/factors/{pending.id}/lifecycle/activate", {"stateToken": token, "passCode": code})).json
    assert more["status"] == "MFA_ENROLL"
    assert [one["status"] for one in more["_embedded"]["factors"]] == ["NOT_SETUP", "NOT_SETUP", "ACTIVE"]
    assert more["_links"]["skip"] == {"name": "skip", **post_link("skip")}
    done = (await scene.follow(more["_links"]["skip"], token)).json
    assert done["status"] == "SUCCESS"


async def test_a_question_alone_is_no_second_factor(scene: Scene):
    token = (await scene.authn())["stateToken"]
    profile = {"question": "first_concert", "answer": "The quiet ones"}
    again = (await enroll(scene, token, "question", **profile)).json
    assert again["status"] == "MFA_ENROLL"
    states = {one["factorType"]: one["status"] for one in again["_embedded"]["factors"]}
    assert (states["question"], states["email"]) == ("ACTIVE", "NOT_SETUP")


async def test_who_has_a_factor_must_prove_it_and_cannot_set_up_another(scene: Scene):
    await scene.enrolled("totp")
    token = (await scene.authn())["stateToken"]
    error(await enroll(scene, token, "email"), 403, "E0000079")


async def test_a_factor_that_the_org_no_longer_allows_does_not_open_enrolment(scene: Scene):
    await scene.enrolled("totp")
    await scene.house.configure(factors=("email",))
    body = {"username": "ann@example.com", "password": "a long enough password"}
    error(await scene.post("", body), 403, "E0000006")


@pytest.mark.parametrize(
    ("body", "subject"),
    [
        ({"provider": "OKTA"}, "factorType"),
        ({"factorType": "sms"}, "provider"),
        ({"factorType": "sms", "provider": "GOOGLE"}, "factorType"),
        ({"factorType": "token:hotp", "provider": "CUSTOM"}, "factorType"),
        ({"factorType": "sms", "provider": "OKTA", "profile": []}, "profile"),
        ({"factorType": "sms", "provider": "OKTA", "profile": {"phoneNumber": "12"}}, "number"),
        ({"factorType": "question", "provider": "OKTA", "profile": {"question": "x", "answer": "y"}}, "question"),
    ],
)
async def test_what_cannot_be_set_up_is_named(scene: Scene, body: dict, subject: str):
    token = (await scene.authn())["stateToken"]
    refused = error(await scene.post("/factors", {"stateToken": token, **body}), 400, "E0000001")
    assert refused["errorSummary"] == "Api validation failed: factorEnrollRequest"
    assert subject in refused["errorCauses"][0]["errorSummary"]


async def test_back_to_the_choice_leaves_nothing_behind(scene: Scene):
    token = (await scene.authn())["stateToken"]
    first = (await enroll(scene, token, "token:software:totp")).json
    back = (await scene.follow(first["_links"]["prev"], token)).json
    assert back["status"] == "MFA_ENROLL"
    old = first["_embedded"]["factor"]["id"]
    error(
        await scene.post(f"/factors/{old}/lifecycle/activate", {"stateToken": token, "passCode": "1"}), 403, "E0000079"
    )
    second = (await enroll(scene, token, "token:software:totp")).json
    body = {"stateToken": token, "passCode": "123456"}
    error(await scene.post(f"/factors/{old}/lifecycle/activate", body), 404, "E0000007")
    kept = await scene.house.store.factors(scene.house.org.id, scene.house.ann.id)
    assert [one.id for one in kept] == [second["_embedded"]["factor"]["id"]]


async def test_a_provider_that_is_not_set_up_is_not_offered(scene: Scene):
    assert "push" in ALL_FACTORS
    await scene.house.configure(factors=("question",))
    offered = await scene.authn()
    token = offered["stateToken"]
    assert [one["factorType"] for one in offered["_embedded"]["factors"]] == ["question"]
    error(await enroll(scene, token, "push"), 403, "E0000006")
