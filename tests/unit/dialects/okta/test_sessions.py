"""The browser's own session over the sessions API."""

import pytest
from tests.unit.dialects.okta.conftest import BASE, PASSWORD, TRUSTED, House

from segue.core.org import Domain

ME = "/api/v1/sessions/me"


def is_no_session(answer) -> bool:
    body = answer.json
    return (
        answer.status == 404
        and body["errorCode"] == "E0000007"
        and body["errorSummary"] == "Not found: Resource not found: me (Session)"
        and body["errorCauses"] == []
    )


async def test_the_session_object(house: House):
    browser = await house.sign_in(house.ann)
    answer = await browser.get(ME, origin=TRUSTED)
    assert answer.status == 200
    body = answer.json
    assert list(body) == [
        "id",
        "login",
        "userId",
        "expiresAt",
        "createdAt",
        "status",
        "lastPasswordVerification",
        "lastFactorVerification",
        "amr",
        "idp",
        "mfaActive",
        "_links",
    ]
    assert body["id"].startswith("102")
    assert (body["login"], body["userId"], body["status"]) == ("ann@example.com", house.ann.id, "ACTIVE")
    assert body["amr"] == ["pwd"]
    assert body["idp"] == {"id": house.org.id, "type": "OKTA"}
    assert body["lastPasswordVerification"] <= body["createdAt"] < body["expiresAt"]
    assert body["lastFactorVerification"] is None
    assert body["mfaActive"] is False
    assert body["_links"] == {
        "self": {"href": f"{BASE}{ME}", "hints": {"allow": ["GET", "DELETE"]}},
        "refresh": {"href": f"{BASE}{ME}/lifecycle/refresh", "hints": {"allow": ["POST"]}},
        "user": {"name": "Ann Lee", "href": f"{BASE}/api/v1/users/me", "hints": {"allow": ["GET", "POST"]}},
    }
    assert answer.header("access-control-allow-origin") == TRUSTED
    assert answer.header("access-control-allow-credentials") == "true"
    assert answer.header("x-okta-request-id").startswith("req")


async def test_without_a_session(house: House):
    assert is_no_session(await house.browser().get(ME))
    assert is_no_session(await house.browser().send("DELETE", ME))


async def test_closing_ends_the_session_and_its_cookie(house: House):
    browser = await house.sign_in(house.ann)
    before = dict(browser.cookies)
    answer = await browser.send("DELETE", ME, headers={"origin": TRUSTED})
    assert answer.status == 204
    assert answer.body == b""
    assert "sid" not in browser.cookies
    assert answer.header("access-control-allow-origin") == TRUSTED
    browser.cookies = before
    assert is_no_session(await browser.get(ME))


@pytest.mark.parametrize("method", ["GET", "DELETE"])
async def test_a_preflight_names_the_methods(house: House, method: str):
    headers = {"origin": TRUSTED, "access-control-request-method": method}
    answer = await house.browser().send("OPTIONS", ME, headers=headers)
    assert answer.status == 200
    assert answer.header("access-control-allow-methods") == "GET, PUT, DELETE, OPTIONS"


async def test_OT_16_two_cookies_of_one_name_are_none(house: House):
    browser = await house.sign_in(house.ann)
    value = browser.cookies["sid"]
    assert is_no_session(await browser.get(ME, cookie=f"sid={value}; sid={value}"))


async def test_OT_18_the_public_id_is_no_cookie(house: House):
    browser = await house.sign_in(house.ann)
    ident = (await browser.get(ME)).json["id"]
    assert is_no_session(await house.browser().get(ME, cookie=f"sid={ident}"))
    assert is_no_session(await house.browser().get(ME, cookie=f"sid={ident}.{'a' * 43}"))


async def test_OT_04_a_session_token_is_no_cookie(house: House):
    token = await house.session_token(house.ann)
    assert is_no_session(await house.browser().get(ME, cookie=f"sid={token}"))


async def test_an_api_token_opens_nobody_s_own_session(house: House):
    assert is_no_session(await house.browser().get(ME, authorization="SSWS whatever"))


async def test_looking_does_not_extend_the_session(house: House):
    browser = await house.sign_in(house.ann)
    first = (await browser.get(ME)).json["expiresAt"]
    house.clock.ahead_ms = 60 * 60_000
    assert (await browser.get(ME)).json["expiresAt"] == first


async def test_using_the_session_extends_it(house: House):
    browser = await house.sign_in(house.ann)
    ident = browser.cookies["sid"].partition(".")[0]
    house.clock.ahead_ms = 60 * 60_000
    touched = []
    original = type(house.store).touch_session

    async def touch(self, org_id, session_id, *, idle_ms):
        touched.append(session_id)
        await original(self, org_id, session_id, idle_ms=idle_ms)

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(type(house.store), "touch_session", touch)
        await browser.get(ME)
        assert touched == []
        await browser.get("/app/UserHome")
        assert touched == [ident]


async def test_a_session_of_another_domain_is_none(house: House):
    browser = await house.sign_in(house.ann)
    other = Domain("localhost:8081", house.org.id, "okta", "http")
    await house.store.put_domain(other, house.where().event("domain.create"))
    # The cookie is copied by hand: browsers share cookies between ports, which is why the row names its domain.
    from segue.signin.sessions import current

    cookie = browser.cookies["sid"]
    for authority, found in (("localhost:8080", True), ("localhost:8081", False)):
        session = await current(
            house.store, cookie, org=house.org, domain=authority, app_id=None, now_at=house.clock.now_at()
        )
        assert (session is not None) is found


async def test_a_suspended_user_has_no_session(house: House):
    from dataclasses import replace

    browser = await house.sign_in(house.ann)
    suspended = replace(house.ann, status="suspended")
    await house.store.update_user(suspended, expected_stamp=1, event=house.where().event("user.suspend"))
    assert is_no_session(await browser.get(ME))


async def test_a_new_sign_in_gives_a_new_cookie(house: House):
    browser = await house.sign_in(house.ann)
    old = browser.cookies["sid"]
    await browser.open("/login/login.htm")
    token = await house.session_token(house.ann)
    answer = await browser.get(
        "/oauth2/v1/authorize?client_id=webclient&response_type=code&scope=openid&state=s&prompt=none"
        f"&redirect_uri=https%3A%2F%2Fweb.example.com%2Fcallback&sessionToken={token}"
    )
    assert answer.status == 302, answer.text
    assert "code=" in answer.location
    assert browser.cookies["sid"] != old
    assert is_no_session(await house.browser().get(ME, cookie=f"sid={old}"))
    assert PASSWORD not in str(answer.headers)
