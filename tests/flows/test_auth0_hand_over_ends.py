"""What a hand-over is bound to, and what ends it: the device, the refresh token it came from, the session it opened."""

import time
from concurrent.futures import ThreadPoolExecutor

import pytest
from tests.auth0_steps import Tenant, at_login, authorize, code_in, exchange, transfer_token
from tests.flows.test_seed_003_native_to_web import failed_checks, redeemed, who
from tests.http_client import Browser

OFFLINE = "openid offline_access"
SPOOFS = (
    {"x-forwarded-for": "127.0.0.1"},
    {"X-Forwarded-For": "127.0.0.1, 127.0.0.1"},
    {"forwarded": "for=127.0.0.1"},
    {"x-real-ip": "127.0.0.1"},
    {"auth0-forwarded-for": "127.0.0.1"},
    {"true-client-ip": "127.0.0.1"},
    {"x-client-ip": "127.0.0.1"},
    {},
)


def handed_over(tenant: Tenant, name: str, native: str = "native") -> tuple[Browser, dict[str, str], str]:
    """A browser signed in by a hand-over, the tokens of its application, and the refresh token it all came from."""
    first = tenant.by_password(native)["refresh_token"]
    answer = exchange(tenant, first, native).json()
    browser = tenant.browser()
    asked = {"scope": OFFLINE, "session_transfer_token": answer["access_token"]}
    body = redeemed(tenant, code_in(authorize(browser, tenant.clients[name], **asked)), name)
    return browser, body, answer.get("refresh_token", first)


def refreshes(tenant: Tenant, name: str, token: str) -> str:
    """The next refresh token, "" where there is none any more."""
    response = tenant.token(name, grant_type="refresh_token", refresh_token=token)
    assert response.status_code in (200, 403), response.text
    return str(response.json().get("refresh_token", ""))


def revoke(tenant: Tenant, token: str, client_id: str = "acme-native") -> None:
    assert tenant.post("/oauth/revoke", {"client_id": client_id, "token": token}).status_code == 200


@pytest.mark.parametrize("headers", SPOOFS, ids=lambda headers: next(iter(headers), "none"))
def test_ST_02_a_browser_elsewhere_is_not_signed_in_whatever_its_headers_say(
    tenant: Tenant, headers: dict[str, str]
) -> None:
    token = transfer_token(tenant)
    with tenant.browser_from("127.0.0.2") as browser:
        response = authorize(browser, tenant.clients["web"], session_transfer_token=token, headers=headers)
        assert at_login(browser, response)
        assert failed_checks(tenant) == {"device_binding"}
    here = tenant.browser()
    assert at_login(here, authorize(here, tenant.clients["web"], session_transfer_token=token))


def test_ST_02_an_application_that_asks_for_no_device_takes_it_from_anywhere(tenant: Tenant) -> None:
    token = transfer_token(tenant)
    with tenant.browser_from("127.0.0.2") as browser:
        assert code_in(authorize(browser, tenant.clients["unbound web"], session_transfer_token=token))


def test_ST_04_without_a_database_of_networks_no_network_is_the_same(tenant: Tenant) -> None:
    browser = tenant.browser()
    response = authorize(browser, tenant.clients["network web"], session_transfer_token=transfer_token(tenant))
    assert at_login(browser, response)
    (check,) = [
        check
        for check in tenant.events("ticket.redeem", "ticket_not_usable")[-1]["detail"]["trail"]["checks"]
        if check["name"] == "device_binding"
    ]
    assert "no database" in check["seen"]
    assert "Choose the device binding ip or none" in check["mend"]


def test_ST_09_revoking_the_refresh_token_ends_the_session_and_all_that_came_of_it(tenant: Tenant) -> None:
    browser, body, parent = handed_over(tenant, "offline web")
    assert who(browser, tenant, "offline web")
    token = refreshes(tenant, "offline web", body["refresh_token"])
    parent = refreshes(tenant, "native", parent)  # turning over does not break the link
    revoke(tenant, parent)
    assert who(browser, tenant, "offline web") == ""
    assert refreshes(tenant, "offline web", token) == ""
    gone = tenant.browser().get("/userinfo", headers={"authorization": f"Bearer {body['access_token']}"})
    assert gone.status_code == 401


def test_ST_09_reuse_of_the_refresh_token_ends_the_session_too(tenant: Tenant) -> None:
    browser, _, parent = handed_over(tenant, "offline web")
    refreshes(tenant, "native", refreshes(tenant, "native", parent))
    assert refreshes(tenant, "native", parent) == ""
    assert who(browser, tenant, "offline web") == ""


def test_without_cascade_the_session_lives_on(tenant: Tenant) -> None:
    browser, body, parent = handed_over(tenant, "offline web", "loose native")
    revoke(tenant, parent, "acme-loose")
    assert who(browser, tenant, "offline web")
    assert refreshes(tenant, "offline web", body["refresh_token"])


def test_a_token_that_was_not_used_ends_with_its_refresh_token(tenant: Tenant) -> None:
    for native, client_id in (("native", "acme-native"), ("loose native", "acme-loose")):
        answer = exchange(tenant, tenant.by_password(native)["refresh_token"], native).json()
        revoke(tenant, answer["refresh_token"], client_id)
        browser = tenant.browser()
        response = authorize(browser, tenant.clients["web"], session_transfer_token=answer["access_token"])
        assert at_login(browser, response)
        assert failed_checks(tenant) == {"not_revoked"}


def test_signing_out_ends_the_refresh_tokens_of_the_session_alone(tenant: Tenant) -> None:
    browser, body, parent = handed_over(tenant, "offline web")
    browser.get("/v2/logout")
    assert refreshes(tenant, "offline web", body["refresh_token"]) == ""
    assert refreshes(tenant, "native", parent)
    browser, body, parent = handed_over(tenant, "lasting web")
    browser.get("/v2/logout")
    token = refreshes(tenant, "lasting web", body["refresh_token"])
    assert token
    revoke(tenant, parent)
    assert refreshes(tenant, "lasting web", token) == ""


def test_a_session_that_ran_out_takes_its_refresh_tokens_along(tenant: Tenant) -> None:
    browser, body, _ = handed_over(tenant, "offline web")
    session, past = browser.cookies["auth0"].partition(".")[0], time.time_ns() // 1_000_000 - 1
    tenant.server.execute("UPDATE credentials SET idle_expires_at = $1 WHERE id = $2", past, session)
    assert refreshes(tenant, "offline web", body["refresh_token"]) == ""
    browser, body, _ = handed_over(tenant, "lasting web")
    session = browser.cookies["auth0"].partition(".")[0]
    tenant.server.execute("UPDATE credentials SET idle_expires_at = $1 WHERE id = $2", past, session)
    assert refreshes(tenant, "lasting web", body["refresh_token"])


def test_a_changed_password_ends_what_was_handed_over(tenant: Tenant) -> None:
    async def change(installation: object) -> None:
        bob = tenant.people["bob"]
        await installation.set_password(bob.id, bob.password)  # type: ignore[attr-defined]

    token, browser = transfer_token(tenant, who="bob"), tenant.browser()
    assert code_in(authorize(browser, tenant.clients["web"], session_transfer_token=transfer_token(tenant, who="bob")))
    tenant.inside(change)
    assert who(browser, tenant) == ""
    assert at_login(browser, authorize(browser, tenant.clients["web"], session_transfer_token=token))


def test_OT_01_of_many_browsers_at_once_one_is_signed_in(tenant: Tenant) -> None:
    for _ in range(5):
        token = transfer_token(tenant)

        def redeem(_number: int, token: str = token) -> bool:
            browser = tenant.browser()
            response = authorize(browser, tenant.clients["web"], session_transfer_token=token)
            return not at_login(browser, response)

        with ThreadPoolExecutor(8) as pool:
            assert sum(pool.map(redeem, range(8))) == 1


def test_ST_09_nothing_that_began_before_the_revocation_lives_after_it(tenant: Tenant) -> None:
    """Exchanges and redemptions that race with a revocation: whatever they got is dead once it was acknowledged."""
    for _ in range(5):
        token = tenant.by_password("static native")["refresh_token"]

        def race(number: int, token: str = token) -> Browser | None:
            if number == 4:
                static = tenant.clients["static native"]
                secret = {"client_id": static.client_id, "client_secret": static.secret}
                tenant.post("/oauth/revoke", {**secret, "token": token})
                return None
            answer, browser = exchange(tenant, token, "static native"), tenant.browser()
            if answer.status_code != 200:
                return None
            ticket = answer.json()["access_token"]
            authorize(browser, tenant.clients["web"], session_transfer_token=ticket)
            return browser

        with ThreadPoolExecutor(8) as pool:
            browsers = [browser for browser in pool.map(race, range(8)) if browser is not None]
        assert [who(browser, tenant) for browser in browsers] == [""] * len(browsers)
