"""Primary authentication: what a caller gets, and that nobody learns anything from a failure."""

import json
from dataclasses import replace

import pytest
from tests.unit.dialects.okta.conftest import BASE, CORS_ONLY, PASSWORD, TRUSTED, Answer, House

from segue.core.credential import NewCredential
from segue.core.secret import Bearer, new_bearer, partition_of, read_bearer
from segue.core.user import RoleAssignment
from segue.signin.passwords import PoolFull
from segue.stores import Commit, Guard
from segue.web.limits import Limit
from segue.web.sign_in_limits import BY_ADDRESS, BY_USER_NAME

AUTHN = "/api/v1/authn"


def error(answer: Answer) -> dict:
    body = answer.json
    assert list(body) == ["errorCode", "errorSummary", "errorLink", "errorId", "errorCauses"]
    assert body["errorLink"] == body["errorCode"]
    assert body["errorId"].startswith("evt")
    return body


async def authn(house: House, login: str = "ann@example.com", password: str = PASSWORD, **more: object) -> Answer:
    return await house.browser().post_json(AUTHN, {"username": login, "password": password, **more})


async def test_success_is_what_clients_of_the_vendor_expect(house: House):
    answer = await authn(house)
    assert answer.status == 200
    body = answer.json
    assert list(body) == ["expiresAt", "status", "sessionToken", "_embedded"]
    assert body["status"] == "SUCCESS"
    assert body["sessionToken"].startswith("20t")
    assert body["_embedded"] == {
        "user": {
            "id": house.ann.id,
            "passwordChanged": "2026-09-21T14:13:20.000Z",
            "profile": {
                "login": "ann@example.com",
                "firstName": "Ann",
                "lastName": "Lee",
                "locale": "en_US",
                "timeZone": "America/Los_Angeles",
            },
        }
    }
    assert answer.header("content-type") == "application/json;charset=UTF-8"
    assert answer.header("cache-control") == "no-cache, no-store"
    assert answer.header("pragma") == "no-cache"
    assert answer.header("expires") == "0"
    assert answer.header("x-okta-request-id").startswith("req")
    assert answer.all("set-cookie") == []


async def test_expires_in_five_minutes(house: House):
    before = house.clock.now_at() // 1000
    expires = (await authn(house)).json["expiresAt"]
    assert expires.endswith(".000Z")
    from datetime import datetime

    seconds = datetime.fromisoformat(expires).timestamp() - before
    assert 299 <= seconds <= 302


@pytest.mark.parametrize("relay_state", ["/some/deep link?x=1", ""])
async def test_relay_state_is_echoed(house: House, relay_state: str):
    body = (await authn(house, relayState=relay_state)).json
    assert body["relayState"] == relay_state
    assert list(body) == ["expiresAt", "status", "relayState", "sessionToken", "_embedded"]


@pytest.mark.parametrize("login", ["ann", "ANN@EXAMPLE.COM", "Ann"])
async def test_short_names_and_other_case_sign_in(house: House, login: str):
    assert (await authn(house, login)).status == 200


async def test_what_clients_send_along_is_accepted(house: House):
    answer = await authn(
        house,
        options={"multiOptionalFactorEnroll": True, "warnBeforePasswordExpired": True, "future": 1},
        context={"deviceToken": "26q43Ak9Eh04p7H6Nnx0m69JqYOrfVBY"},
        audience="0oa1",
        stateToken=None,
        relayState=None,
    )
    assert answer.status == 200
    assert "relayState" not in answer.json


@pytest.mark.parametrize(
    "wrong",
    [
        {"options": []},
        {"options": {"warnBeforePasswordExpired": "yes"}},
        {"context": "device"},
        {"context": {"deviceToken": "x" * 33}},
        {"audience": 7},
        {"relayState": "x" * 2049},
        {"relayState": {"a": 1}},
    ],
)
async def test_fields_of_the_wrong_form_are_named(house: House, wrong: dict):
    answer = await authn(house, **wrong)
    assert answer.status == 400
    assert error(answer)["errorCode"] == "E0000001"
    (cause,) = answer.json["errorCauses"]
    assert next(iter(wrong)) in cause["errorSummary"]


@pytest.mark.parametrize(
    "body",
    [
        {},
        {"username": "ann@example.com"},
        {"password": PASSWORD},
        {"username": "", "password": PASSWORD},
        {"username": "ann@example.com", "password": ""},
        {"username": ["ann@example.com"], "password": PASSWORD},
        {"username": "ann@example.com", "password": None},
    ],
)
async def test_missing_credentials_are_a_validation_error(house: House, body: dict):
    answer = await house.browser().post_json(AUTHN, body)
    assert answer.status == 400
    assert error(answer)["errorCode"] == "E0000001"
    assert answer.json["errorSummary"] == "Api validation failed: authRequest"
    assert len(answer.json["errorCauses"]) == 1


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"{",
        b"[]",
        b'"x"',
        b'{"username":"a","username":"b","password":"c"}',
        b'{"username":"\\ud800","password":"x"}',
    ],
)
async def test_malformed_json_is_refused(house: House, body: bytes):
    answer = await house.browser().send("POST", AUTHN, body=body, headers={"content-type": "application/json"})
    assert answer.status == 400
    assert error(answer)["errorCode"] == "E0000003"


@pytest.mark.parametrize("content_type", ["text/plain", "application/x-www-form-urlencoded", "", "text/json"])
async def test_MG_07_json_by_another_content_type_is_refused(house: House, content_type: str):
    body = json.dumps({"username": "ann@example.com", "password": PASSWORD}).encode()
    answer = await house.browser().send("POST", AUTHN, body=body, headers={"content-type": content_type})
    assert answer.status == 400
    assert error(answer)["errorCode"] == "E0000021"


async def test_content_type_may_have_a_charset(house: House):
    body = json.dumps({"username": "ann@example.com", "password": PASSWORD}).encode()
    headers = {"content-type": "application/json; charset=utf-8"}
    assert (await house.browser().send("POST", AUTHN, body=body, headers=headers)).status == 200


async def test_AU_04_every_failure_of_credentials_has_the_same_bytes(house: House):
    suspended = replace(house.bob, status="suspended")
    await house.store.update_user(suspended, expected_stamp=1, event=house.where().event("user.suspend"))
    answers = [
        await authn(house, "ann@example.com", "a wrong password"),
        await authn(house, "nobody@example.com"),
        await authn(house, "bob@example.com"),
        await authn(house, "no user name at all"),
        await authn(house, "x" * 5000),
        await authn(house, "ann@example.com", "x" * 5000),
        await authn(house, "ann@example.com", "nul\0"),
        await authn(house, token="an activation token"),
    ]
    # The JSON reader already refuses a NUL, whoever's password it is for.
    nul = answers.pop(6)
    assert (nul.status, error(nul)["errorCode"]) == (400, "E0000003")
    shapes = set()
    for answer in answers:
        assert answer.status == 401
        body = error(answer)
        assert body["errorCode"] == "E0000004"
        assert body["errorSummary"] == "Authentication failed"
        assert body["errorCauses"] == []
        text = answer.text.replace(body["errorId"], "")
        headers = tuple((name, value) for name, value in answer.headers if name != "x-okta-request-id")
        shapes.add((text, headers))
    assert len(shapes) == 1


async def test_every_failure_is_an_event_that_explains_itself(house: House):
    answer = await authn(house, "ann@example.com", "a wrong password")
    event = await house.store.event(house.org.id, answer.json["errorId"])
    assert event is not None
    assert (event.type, event.reason, event.user_id) == ("authn.primary", "credentials", house.ann.id)
    failed = [check["name"] for check in event.detail["trail"]["checks"] if not check["passed"]]
    assert failed == ["password"]
    assert "a wrong password" not in json.dumps(event.detail)


async def test_AU_03_an_account_locks_and_says_nothing_of_it(house: House):
    wrong = [await authn(house, "ann@example.com", "a wrong password") for _ in range(10)]
    locked = await authn(house)
    assert {answer.status for answer in wrong} == {401}
    assert locked.status == 401
    assert error(locked)["errorCode"] == "E0000004"
    event = await house.store.event(house.org.id, locked.json["errorId"])
    assert any(c["name"] == "not_locked" and not c["passed"] for c in event.detail["trail"]["checks"])


async def test_a_state_token_is_never_valid(house: House):
    answer = await authn(house, stateToken="00abc")
    assert answer.status == 401
    assert error(answer)["errorCode"] == "E0000011"


async def test_OT_07_only_the_digest_of_a_session_token_is_stored(house: House, tmp_path):
    token = (await authn(house)).json["sessionToken"]
    secret = token.partition(".")[2]
    for file in tmp_path.iterdir():
        assert secret.encode() not in file.read_bytes()


async def test_a_change_of_the_user_meanwhile_voids_the_sign_in(house: House, monkeypatch):
    password = house.door.transactions.hasher.verify

    async def verify_then_change(stored, given):
        result = await password(stored, given)
        changed = replace(house.ann, stamp=2)
        await house.store.update_user(changed, expected_stamp=1, event=house.where().event("user.update"))
        return result

    monkeypatch.setattr(house.door.transactions.hasher, "verify", verify_then_change)
    answer = await authn(house)
    assert (answer.status, error(answer)["errorCode"]) == (401, "E0000004")


async def api_token(house: House) -> Bearer:
    where = house.where()
    bearer = new_bearer("00T", partition_of(house.ann.id), where.now_at, where.source.random)
    token = NewCredential(
        org_id=house.org.id,
        id=bearer.id,
        kind="api_token",
        digest=bearer.digest,
        life_ms=60_000,
        user_id=house.ann.id,
        user_stamp=1,
    )
    commit = Commit(
        house.org.id,
        partition_of(house.ann.id),
        (where.event("api_token.mint"),),
        Guard(house.ann.id, 1),
        credentials=(token,),
    )
    assert await house.store.commit(commit)
    role = RoleAssignment(house.org.id, house.ann.id, "support", where.now_at)
    await house.store.assign_role(role, where.event("role.assign"))
    return bearer


@pytest.mark.parametrize("form", ["SSWS {}", "SSWS{}", "ssws {}"])
async def test_a_valid_api_token_is_accepted_in_both_spellings(house: House, form: str):
    bearer = await api_token(house)
    body = {"username": "ann@example.com", "password": PASSWORD}
    answer = await house.browser().post_json(AUTHN, body, authorization=form.format(bearer.text))
    assert answer.status == 200


@pytest.mark.parametrize(
    "value", ["SSWS nonsense", "SSWS", "Bearer eyJ", "Basic dXNlcjpwYXNz", "SSWS 00T00000000000000000." + "a" * 43]
)
async def test_F6_03_bad_credentials_of_the_caller_are_refused_before_the_password(house: House, value: str):
    evaluations = house.door.transactions.hasher.evaluations
    answer = await house.browser().send(
        "POST", AUTHN, body=b"not even JSON", headers={"content-type": "application/json", "authorization": value}
    )
    assert answer.status == 401
    assert error(answer)["errorCode"] == "E0000011"
    assert house.door.transactions.hasher.evaluations == evaluations


async def test_OT_04_a_session_token_is_no_api_token(house: House):
    token = await house.session_token(house.ann)
    assert read_bearer(token) is not None
    body = {"username": "ann@example.com", "password": PASSWORD}
    answer = await house.browser().post_json(AUTHN, body, authorization=f"SSWS {token}")
    assert answer.status == 401


async def test_ED_03_a_trusted_origin_may_read_the_answer_with_credentials(house: House):
    for origin in (TRUSTED, CORS_ONLY, BASE):
        body = {"username": "ann@example.com", "password": PASSWORD}
        answer = await house.browser().post_json(AUTHN, body, origin=origin)
        assert answer.header("access-control-allow-origin") == origin
        assert answer.header("access-control-allow-credentials") == "true"
        assert answer.header("vary") == "Origin"


async def test_ED_03_a_failure_can_be_read_as_well(house: House):
    answer = await house.browser().post_json(AUTHN, {"username": "ann", "password": "wrong"}, origin=TRUSTED)
    assert answer.status == 401
    assert answer.header("access-control-allow-origin") == TRUSTED


@pytest.mark.parametrize(
    "origin",
    ["null", "https://evil.example", f"{TRUSTED}.evil.example", "http://login.example.com", f"{TRUSTED}:8443", "*"],
)
async def test_ED_03_no_other_origin_may(house: House, origin: str):
    body = {"username": "ann@example.com", "password": PASSWORD}
    answer = await house.browser().post_json(AUTHN, body, origin=origin)
    assert not [name for name, _ in answer.headers if name.startswith("access-control-")]
    assert answer.header("vary") == "Origin"


async def test_preflight(house: House):
    headers = {
        "origin": TRUSTED,
        "access-control-request-method": "POST",
        "access-control-request-headers": "content-type,x-okta-user-agent-extended",
    }
    answer = await house.browser().send("OPTIONS", AUTHN, headers=headers)
    assert answer.status == 200
    assert answer.header("access-control-allow-origin") == TRUSTED
    assert answer.header("access-control-allow-methods") == "POST, OPTIONS"
    assert answer.header("access-control-max-age") == "3600"
    assert "x-okta-user-agent-extended" in answer.header("access-control-allow-headers")


async def test_another_method_is_refused_in_the_same_shape(house: House):
    answer = await house.browser().get(AUTHN)
    assert answer.status == 405
    assert answer.json["errorCode"] == "E0000022"
    assert answer.header("allow") == "POST"


async def test_a_full_password_pool_asks_to_come_back(house: House, monkeypatch):
    async def full(stored, given):
        raise PoolFull("full")

    monkeypatch.setattr(house.door.transactions.hasher, "verify", full)
    answer = await authn(house)
    assert answer.status == 429
    assert error(answer)["errorCode"] == "E0000047"
    assert answer.header("retry-after") == "2"


async def test_too_many_attempts_for_one_name(house: House):
    house.limiter.limits = {BY_ADDRESS: Limit(100, 60), BY_USER_NAME: Limit(3, 60)}
    answers = [await authn(house, "nobody@example.com") for _ in range(4)]
    assert [answer.status for answer in answers] == [401, 401, 401, 429]
    last = answers[-1]
    assert error(last)["errorCode"] == "E0000047"
    assert int(last.header("x-rate-limit-reset")) >= house.clock.now_at() // 1000
    assert last.header("x-rate-limit-remaining") == "0"
    assert (await authn(house)).status == 200


async def test_AU_04_a_short_and_a_full_name_do_not_share_a_limit(house: House):
    house.limiter.limits = {BY_USER_NAME: Limit(1, 600)}
    assert [(await authn(house, login, "wrong")).status for login in ("ann", "ann@example.com")] == [401, 401]
    assert [(await authn(house, login, "wrong")).status for login in ("xyz", "xyz@example.com")] == [401, 401]


async def test_too_many_attempts_from_one_address(house: House):
    house.limiter.limits = {BY_ADDRESS: Limit(2, 60)}
    statuses = [(await authn(house, f"user{n}@example.com")).status for n in range(3)]
    assert statuses == [401, 401, 429]
    other = house.browser()
    other.address = "192.0.2.8"
    assert (await other.post_json(AUTHN, {"username": "ann", "password": PASSWORD})).status == 200


async def test_every_answer_says_how_the_caller_stands(house: House):
    house.limiter.limits = {BY_ADDRESS: Limit(10, 60)}
    for password, status in ((PASSWORD, 200), ("wrong", 401)):
        answer = await authn(house, "ann", password)
        assert answer.status == status
        assert answer.header("x-rate-limit-limit") == "10"
        assert answer.header("x-rate-limit-remaining").isdecimal()
        assert answer.header("x-rate-limit-reset").isdecimal()


async def test_an_exempt_user_waits_for_nobody(house: House):
    exempt = replace(house.bob, id=house.bob.id[:-1] + "x", login="demo@example.com", login_key="demo@example.com")
    exempt = replace(exempt, limits_exempt=True)
    await house.store.add_user(exempt, house.where().event("user.create", user_id=exempt.id))
    house.limiter.limits = {BY_ADDRESS: Limit(2, 600), BY_USER_NAME: Limit(2, 600)}
    for _ in range(5):
        answer = await authn(house, "demo@example.com")
        assert answer.status == 200
        assert answer.header("x-rate-limit-remaining") == "2"
    # It does not help a neighbour to have used up the address, nor does the exempt user use it up.
    assert [(await authn(house, f"user{n}")).status for n in range(3)] == [401, 401, 429]
    assert (await authn(house, "demo@example.com")).status == 200
    for _ in range(12):
        assert (await authn(house, "demo@example.com", "wrong")).status == 401
    assert (await authn(house, "demo@example.com")).status == 200


async def test_AU_11_headers_of_trusted_callers_change_nothing(house: House):
    house.limiter.limits = {BY_ADDRESS: Limit(1, 600)}
    browser = house.browser()
    body = {"username": "nobody", "password": "wrong"}
    answers = [await browser.post_json(AUTHN, body, x_forwarded_for=f"198.51.100.{n}") for n in range(2)]
    assert [answer.status for answer in answers] == [401, 429]
