"""Native to Web SSO as the third seed document prints it, request by request, named after its headings."""

import time

import pytest
from tests.auth0_steps import (
    HOST,
    ISSUER,
    Tenant,
    asks,
    at_login,
    authorize,
    claims_of,
    code_in,
    exchange,
    signs_in,
    transfer_token,
)
from tests.http_client import Browser, cookies_of, parameters

TYPE = "urn:auth0:params:oauth:token-type:session_transfer_token"


def cookie_of(token: str, name: str = "auth0_session_transfer_token") -> dict[str, str]:
    return {name: token}


def who(browser: Browser, tenant: Tenant, name: str = "web") -> str:
    """The ``sub`` of whoever is signed in in the browser, "" where nobody is."""
    client = tenant.clients[name]
    answer = parameters(authorize(browser, client, prompt="none").headers["location"])
    if "error" in answer:
        assert answer["error"] == "login_required", answer
        return ""
    return str(claims_of(redeemed(tenant, answer["code"], name)["id_token"])["sub"])


def redeemed(tenant: Tenant, code: str, name: str = "web") -> dict[str, str]:
    client = tenant.clients[name]
    response = tenant.token(name, grant_type="authorization_code", code=code, redirect_uri=client.redirect_uri)
    assert response.status_code == 200, response.text
    body: dict[str, str] = response.json()
    return body


def failed_checks(tenant: Tenant, reason: str = "ticket_not_usable") -> set[str]:
    """The checks that failed in the last refusal of a ticket."""
    detail = tenant.events("ticket.redeem", reason)[-1]["detail"]
    return {check["name"] for check in detail["trail"]["checks"] if not check["passed"]}


def test_step_1_exchanging_a_refresh_token_for_a_session_transfer_token(tenant: Tenant) -> None:
    first = tenant.by_password()
    response = exchange(tenant, first["refresh_token"])
    body = response.json()
    assert response.status_code == 200, response.text
    assert {name: body[name] for name in ("issued_token_type", "token_type", "expires_in")} == {
        "issued_token_type": TYPE,
        "token_type": "N_A",
        "expires_in": 60,
    }
    assert set(body) == {"access_token", "issued_token_type", "token_type", "expires_in", "id_token", "refresh_token"}
    assert body["access_token"].count(".") == 1
    claims = claims_of(body["id_token"])
    assert (claims["aud"], claims["iss"]) == ("acme-native", ISSUER)
    assert body["refresh_token"] != first["refresh_token"]
    assert "no-store" in response.headers["cache-control"]
    event = tenant.events("ticket.mint")[-1]
    assert event["detail"]["audience"] == f"urn:{HOST}:session_transfer"


@pytest.mark.parametrize("host", [HOST, f"{HOST}:443", "ACME.example.COM"])
def test_every_spelling_of_the_audience_that_sdks_make(tenant: Tenant, host: str) -> None:
    audience = f"urn:{host}:session_transfer"
    token = tenant.by_password()["refresh_token"]
    assert exchange(tenant, token, audience=audience).json()["issued_token_type"] == TYPE
    again = tenant.by_password()["refresh_token"]
    form = {"grant_type": "refresh_token", "client_id": "acme-native", "refresh_token": again, "audience": audience}
    assert tenant.browser().post("/oauth/token", data=form).json()["issued_token_type"] == TYPE


@pytest.mark.parametrize("audience", ["urn:other.example.com:session_transfer", "urn::session_transfer"])
def test_the_audience_of_somebody_else_is_an_unknown_one(tenant: Tenant, audience: str) -> None:
    token = tenant.by_password()["refresh_token"]
    response = exchange(tenant, token, audience=audience)
    assert (response.status_code, response.json()["error"]) == (403, "access_denied")
    assert exchange(tenant, token).status_code == 200


def test_without_rotation_no_refresh_token_and_without_openid_no_id_token(tenant: Tenant) -> None:
    first = tenant.by_password("static native", scope="offline_access profile")
    body = exchange(tenant, first["refresh_token"], "static native").json()
    assert set(body) == {"access_token", "issued_token_type", "token_type", "expires_in"}


def test_a_lost_answer_is_asked_for_again_and_the_used_up_token_ends_its_family(tenant: Tenant) -> None:
    first = tenant.by_password()["refresh_token"]
    body = exchange(tenant, first).json()
    assert exchange(tenant, first).json()["refresh_token"] == body["refresh_token"]
    second = exchange(tenant, body["refresh_token"]).json()["refresh_token"]
    exchange(tenant, second)
    assert exchange(tenant, first).status_code == 403
    assert exchange(tenant, second).status_code == 403


@pytest.mark.parametrize("carrier", ["query", "cookie"])
def test_option_1_add_session_transfer_token_to_the_authorize_request(tenant: Tenant, carrier: str) -> None:
    browser, client, token = tenant.browser(), tenant.clients["web"], transfer_token(tenant)
    asked = {"client_ID": client.client_id, "redirect_uri": client.redirect_uri, "response_type": "code"}
    if carrier == "query":
        response = browser.get("/authorize", params={"session_transfer_token": token, **asked})
    else:
        browser.cookies.update(cookie_of(token))
        response = browser.get("/authorize", params=asked)
        assert next(one for one in cookies_of(response) if one.name == "auth0_session_transfer_token").removed
    body = redeemed(tenant, code_in(response))
    assert claims_of(body["id_token"])["sub"] == f"auth0|{tenant.people['ann'].id}"
    assert who(browser, tenant) == f"auth0|{tenant.people['ann'].id}"


def test_either_name_of_the_cookie_is_read_and_the_query_goes_first(tenant: Tenant) -> None:
    browser, client = tenant.browser(), tenant.clients["web"]
    browser.cookies.update(cookie_of(transfer_token(tenant), "session_transfer_token"))
    assert code_in(authorize(browser, client))
    both, in_cookie = tenant.browser(), transfer_token(tenant, who="bob")
    both.cookies.update(cookie_of(in_cookie))
    assert code_in(authorize(both, client, session_transfer_token=transfer_token(tenant)))
    assert who(both, tenant) == f"auth0|{tenant.people['ann'].id}"
    assert "auth0_session_transfer_token" not in both.cookies


def test_ST_05_a_carrier_the_application_does_not_allow_is_as_if_absent(tenant: Tenant) -> None:
    token = transfer_token(tenant)
    browser = tenant.browser()
    assert at_login(browser, authorize(browser, tenant.clients["cookie web"], session_transfer_token=token))
    assert failed_checks(tenant) == {"carrier_allowed"}
    browser = tenant.browser()
    browser.cookies.update(cookie_of(token))
    assert at_login(browser, authorize(browser, tenant.clients["query web"]))
    assert "auth0_session_transfer_token" not in browser.cookies
    assert code_in(authorize(tenant.browser(), tenant.clients["query web"], session_transfer_token=token))


def test_ST_05_two_cookies_of_one_name_are_none(tenant: Tenant) -> None:
    browser, token = tenant.browser(), transfer_token(tenant)
    header = f"auth0_session_transfer_token={token}; auth0_session_transfer_token={token}"
    assert at_login(browser, authorize(browser, tenant.clients["web"], headers={"cookie": header}))


def test_ST_06_nobody_signed_in_and_a_valid_token(tenant: Tenant) -> None:
    browser = tenant.browser()
    assert code_in(authorize(browser, tenant.clients["web"], session_transfer_token=transfer_token(tenant)))
    assert code_in(authorize(browser, tenant.clients["query web"]))


def test_ST_06_the_same_user_stays_signed_in(tenant: Tenant) -> None:
    browser = tenant.browser()
    signs_in(browser, authorize(browser, tenant.clients["web"]), tenant.people["ann"])
    before = browser.cookies["auth0"].partition(".")[0]
    assert code_in(authorize(browser, tenant.clients["web"], session_transfer_token=transfer_token(tenant)))
    assert browser.cookies["auth0"].partition(".")[0] == before


def test_ST_06_another_users_session_ends_and_the_login_page_is_shown(tenant: Tenant) -> None:
    browser, client = tenant.browser(), tenant.clients["web"]
    signs_in(browser, authorize(browser, client), tenant.people["bob"])
    stolen = browser.copy()
    token = transfer_token(tenant)
    response = authorize(browser, client, session_transfer_token=token)
    assert at_login(browser, response)
    assert "auth0" not in browser.cookies
    assert who(stolen, tenant) == ""
    assert failed_checks(tenant, "login_required") == {"session_of_the_ticket_user"}
    done = signs_in(browser, response, tenant.people["bob"])
    assert code_in(done)
    assert at_login(tenant.browser(), authorize(tenant.browser(), client, session_transfer_token=token))


def test_ST_06_a_bad_token_shows_the_login_page_even_to_somebody_signed_in(tenant: Tenant) -> None:
    browser, client = tenant.browser(), tenant.clients["web"]
    signs_in(browser, authorize(browser, client), tenant.people["ann"])
    for token in ("garbage", "sttVbVWPL810ZPuv3pDNT." + "a" * 43):
        response = authorize(browser, client, session_transfer_token=token)
        assert at_login(browser, response)
        assert browser.follow(response).status_code == 200
    assert who(browser, tenant)
    silent = authorize(browser, client, session_transfer_token="garbage", prompt="none")
    assert parameters(silent.headers["location"])["error"] == "login_required"


def test_OT_01_a_token_works_once(tenant: Tenant) -> None:
    token, client = transfer_token(tenant), tenant.clients["web"]
    assert code_in(authorize(tenant.browser(), client, session_transfer_token=token))
    browser = tenant.browser()
    assert at_login(browser, authorize(browser, client, session_transfer_token=token))
    assert failed_checks(tenant) >= {"unspent"}


def test_OT_02_a_token_works_for_a_minute(tenant: Tenant) -> None:
    token, browser = transfer_token(tenant), tenant.browser()
    now_at = time.time_ns() // 1_000_000
    tenant.server.execute("UPDATE credentials SET expires_at = $1 WHERE id = $2", now_at - 1, token.partition(".")[0])
    assert at_login(browser, authorize(browser, tenant.clients["web"], session_transfer_token=token))


def test_a_request_with_a_fault_leaves_the_token_unspent(tenant: Tenant) -> None:
    token, browser, client = transfer_token(tenant), tenant.browser(), tenant.clients["web"]
    wrong = authorize(browser, client, redirect_uri="https://evil.example.com/", session_transfer_token=token)
    assert wrong.status_code == 400
    odd = authorize(browser, client, response_type="odd", session_transfer_token=token)
    assert parameters(odd.headers["location"])["error"] == "unsupported_response_type"
    assert code_in(authorize(browser, client, session_transfer_token=token))


def test_a_parameter_given_twice_is_refused_and_spends_nothing(tenant: Tenant) -> None:
    token, browser, client = transfer_token(tenant), tenant.browser(), tenant.clients["web"]
    pairs = [*asks(client).items(), ("session_transfer_token", token), ("session_transfer_token", token)]
    assert parameters(browser.get("/authorize", params=pairs).headers["location"])["error"] == "invalid_request"
    assert code_in(authorize(browser, client, session_transfer_token=token))


def test_ST_01_who_may_not_exchange(tenant: Tenant) -> None:
    other = tenant.by_password("other native")["refresh_token"]
    refused = exchange(tenant, other, "other native")
    assert (refused.status_code, refused.json()["error"]) == (400, "invalid_request")
    assert tenant.token("other native", grant_type="refresh_token", refresh_token=other).status_code == 200
    mine = tenant.by_password()["refresh_token"]
    for name, token in (("other native", mine), ("native", "x"), ("native", mine + "x")):
        refused = exchange(tenant, token, name)
        assert (refused.status_code, refused.json()["error"]) == (403, "invalid_grant")
        assert refused.json()["error_description"] == "Unknown or invalid refresh token."
    tenant.post("/oauth/revoke", {"client_id": "acme-native", "token": mine})
    assert exchange(tenant, mine).status_code == 403


def test_ST_12_a_sign_in_that_was_handed_over_is_not_handed_on(tenant: Tenant) -> None:
    browser, name = tenant.browser(), "offline web"
    asked = {"scope": "openid offline_access", "session_transfer_token": transfer_token(tenant)}
    body = redeemed(tenant, code_in(authorize(browser, tenant.clients[name], **asked)), name)
    refused = exchange(tenant, body["refresh_token"], name)
    assert (refused.status_code, refused.json()["error"]) == (403, "invalid_grant")
    later = redeemed(tenant, code_in(authorize(browser, tenant.clients[name], scope="openid offline_access")), name)
    assert exchange(tenant, later["refresh_token"], name).status_code == 403
    own = tenant.browser()
    done = signs_in(own, authorize(own, tenant.clients[name], scope="openid offline_access"), tenant.people["ann"])
    assert exchange(tenant, redeemed(tenant, code_in(done), name)["refresh_token"], name).status_code == 200


def test_ST_08_no_refresh_token_unless_the_application_is_let(tenant: Tenant) -> None:
    asked = {"scope": "openid offline_access", "session_transfer_token": transfer_token(tenant)}
    body = redeemed(tenant, code_in(authorize(tenant.browser(), tenant.clients["web"], **asked)))
    assert "refresh_token" not in body
    assert body["scope"] == "openid"


def test_a_token_of_one_org_means_nothing_at_another(tenant: Tenant) -> None:
    token, site = transfer_token(tenant), tenant.server.site
    web = site.org.clients["web"]
    asked = {"client_id": web.client_id, "redirect_uri": web.redirect_uri, "response_type": "code", "state": "s"}
    response = site.browser().get("/oauth2/v1/authorize", params={**asked, "sessionToken": token, "scope": "openid"})
    assert "/login/login.htm" in response.headers["location"]
    assert code_in(authorize(tenant.browser(), tenant.clients["web"], session_transfer_token=token))


def test_a_fresh_sign_in_is_asked_for_after_the_hand_over(tenant: Tenant) -> None:
    browser, client = tenant.browser(), tenant.clients["web"]
    response = authorize(browser, client, session_transfer_token=transfer_token(tenant), prompt="login")
    assert at_login(browser, response)
    done = signs_in(browser, response, tenant.people["ann"])
    assert code_in(done)
