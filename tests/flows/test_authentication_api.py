"""Primary authentication: what a custom login page sends and gets."""

import time
from datetime import UTC, datetime

import pytest
from tests.installation import REDIRECT_ONLY_ORIGIN, TRUSTED_ORIGIN
from tests.okta_steps import AUTHN, sign_in
from tests.server import Server, Site

FAILED = (
    '{"errorCode":"E0000004","errorSummary":"Authentication failed","errorLink":"E0000004",'
    '"errorId":"%s","errorCauses":[]}'
)


def test_success_has_the_members_that_clients_read_in_their_order(site: Site) -> None:
    before = int(time.time())
    response = sign_in(site, site.person("ann"))
    assert response.status_code == 200
    body = response.json()
    assert list(body) == ["expiresAt", "status", "sessionToken", "_embedded"]
    assert body["status"] == "SUCCESS"
    expires_at = datetime.strptime(body["expiresAt"], "%Y-%m-%dT%H:%M:%S.000Z").replace(tzinfo=UTC).timestamp()
    assert before + 299 <= expires_at <= time.time() + 300
    user = body["_embedded"]["user"]
    assert list(user) == ["id", "passwordChanged", "profile"]
    assert user["id"] == site.person("ann").id
    assert user["profile"] == {
        "login": "ann@example.com",
        "firstName": "Ann",
        "lastName": "Lee",
        "locale": "en_GB",
        "timeZone": "Europe/London",
    }
    assert list(user["profile"]) == ["login", "firstName", "lastName", "locale", "timeZone"]
    assert response.headers["content-type"] == "application/json;charset=UTF-8"
    assert "set-cookie" not in response.headers


def test_every_answer_has_the_headers_that_clients_read(site: Site) -> None:
    for response in (
        sign_in(site, site.person("carol")),
        sign_in(site, site.person("carol"), password="wrong-password"),
    ):
        assert response.headers["x-okta-request-id"].startswith("req")
        limit, remaining = (int(response.headers[f"x-rate-limit-{word}"]) for word in ("limit", "remaining"))
        assert 0 <= remaining <= limit
        assert int(response.headers["x-rate-limit-reset"]) >= int(time.time()) - 1
        assert response.headers["cache-control"] == "no-cache, no-store"
        assert response.headers["pragma"] == "no-cache"
        assert response.headers["expires"] == "0"
        assert "date" in response.headers


@pytest.mark.parametrize("login", ["ANN@Example.COM", "ann", "Ann", "  ann@example.com"[2:], "ａｎｎ@example.com"])
def test_the_user_name_in_other_spellings(site: Site, login: str) -> None:
    response = site.browser().post(AUTHN, json={"username": login, "password": site.person("ann").password})
    assert response.json()["status"] == "SUCCESS"


def test_relay_state_is_given_back(site: Site) -> None:
    body = sign_in(site, site.person("ann"), relayState="/deep?a=<b>&c").json()
    assert body["relayState"] == "/deep?a=<b>&c"
    assert list(body) == ["expiresAt", "status", "relayState", "sessionToken", "_embedded"]
    assert "relayState" not in sign_in(site, site.person("ann")).json()


def test_what_other_clients_send_along(site: Site) -> None:
    body = {
        "options": {"multiOptionalFactorEnroll": True, "warnBeforePasswordExpired": True},
        "context": {"deviceToken": "26q43Ak9Eh04p7H6Nnx0m69JqYOrfVBY"},
        "audience": "0oa1",
        "somethingNew": [1, {"a": None}],
    }
    assert sign_in(site, site.person("ann"), **body).json()["status"] == "SUCCESS"


@pytest.mark.parametrize("name", ["suspended", "deprovisioned", "no password"])
def test_failure_of_a_user_who_may_not_sign_in(site: Site, name: str) -> None:
    response = sign_in(site, site.person(name), password=site.person(name).password or "something else")
    assert response.status_code == 401
    assert response.text == FAILED % response.json()["errorId"]


def test_failure_with_a_wrong_password_or_for_nobody(site: Site) -> None:
    for username, password in (("carol@example.com", "wrong-password"), ("nobody@example.com", "wrong-password")):
        response = site.browser().post(AUTHN, json={"username": username, "password": password})
        assert response.status_code == 401
        assert response.text == FAILED % response.json()["errorId"]
        assert response.json()["errorId"].startswith("evt")


@pytest.mark.parametrize(
    "body",
    [
        {},
        {"username": "ann@example.com"},
        {"password": "x"},
        {"username": "", "password": "x"},
        {"username": "ann@example.com", "password": ""},
        {"username": 5, "password": "x"},
        {"username": ["ann@example.com"], "password": "x"},
        {"username": "ann@example.com", "password": {"x": 1}},
        {"username": None, "password": None},
    ],
    ids=repr,
)
def test_a_request_without_both_is_not_valid(site: Site, body: dict[str, object]) -> None:
    response = site.browser().post(AUTHN, json=body)
    assert response.status_code == 400
    error = response.json()
    assert list(error) == ["errorCode", "errorSummary", "errorLink", "errorId", "errorCauses"]
    assert error["errorCode"] == error["errorLink"] == "E0000001"
    assert error["errorSummary"] == "Api validation failed: authRequest"
    assert error["errorCauses"][0]["errorSummary"]


@pytest.mark.parametrize(
    "body", [b"", b"{", b"[]", b'"a"', b'{"username":"a","username":"b"}', b'{"a":NaN}', b"\xff", b'{"a":"\\ud800"}']
)
def test_a_body_that_is_no_json_object(site: Site, body: bytes) -> None:
    response = site.browser().post(AUTHN, content=body, headers={"content-type": "application/json"})
    assert response.status_code == 400
    assert response.json()["errorCode"] == "E0000003"


@pytest.mark.parametrize("kind", ["text/plain", "application/x-www-form-urlencoded", "multipart/form-data", ""])
def test_a_body_of_another_type(site: Site, kind: str) -> None:
    response = site.browser().post(AUTHN, content=b'{"username":"a","password":"b"}', headers={"content-type": kind})
    assert response.status_code == 400
    assert response.json()["errorCode"] == "E0000021"


def test_tokens_of_states_that_nobody_is_in(site: Site) -> None:
    state = site.browser().post(AUTHN, json={"stateToken": "00abc"})
    assert (state.status_code, state.json()["errorCode"]) == (401, "E0000011")
    activation = site.browser().post(AUTHN, json={"token": "abc"})
    assert (activation.status_code, activation.json()["errorCode"]) == (401, "E0000004")


def test_an_api_token_is_checked_where_one_is_sent(site: Site) -> None:
    person = site.person("ann")
    body = {"username": person.login, "password": person.password}
    for good in (f"SSWS {site.org.api_token}", f"SSWS{site.org.api_token}", f"ssws  {site.org.api_token}"):
        assert site.browser().post(AUTHN, json=body, headers={"authorization": good}).status_code == 200
    another = site.org.api_token[:-1] + ("y" if site.org.api_token.endswith("x") else "x")
    for bad in (f"SSWS {another}", "SSWS", f"Bearer {site.org.api_token}", site.org.api_token):
        response = site.browser().post(AUTHN, json=body, headers={"authorization": bad})
        assert (response.status_code, response.json()["errorCode"]) == (401, "E0000011")


def test_other_methods_and_addresses(site: Site) -> None:
    wrong = site.browser().get(AUTHN)
    assert (wrong.status_code, wrong.json()["errorCode"]) == (405, "E0000022")
    assert wrong.headers["allow"] == "POST"
    nothing = site.browser().post(f"{AUTHN}/nothing", json={})
    assert (nothing.status_code, nothing.json()["errorCode"]) == (404, "E0000008")


def test_preflight_of_a_trusted_origin(site: Site) -> None:
    response = site.browser().request(
        "OPTIONS",
        AUTHN,
        headers={
            "origin": TRUSTED_ORIGIN,
            "access-control-request-method": "POST",
            "access-control-request-headers": "content-type,x-okta-user-agent-extended",
        },
    )
    assert response.status_code == 200
    assert response.headers["access-control-allow-origin"] == TRUSTED_ORIGIN
    assert response.headers["access-control-allow-credentials"] == "true"
    assert response.headers["access-control-allow-methods"] == "POST, OPTIONS"
    assert response.headers["access-control-max-age"] == "3600"
    allowed = response.headers["access-control-allow-headers"].split(",")
    assert set(allowed) == {"content-type", "x-okta-user-agent-extended"}
    assert "Origin" in response.headers["vary"]


@pytest.mark.parametrize("password", ["right", "wrong-password"])
def test_the_answer_may_be_read_by_a_trusted_origin_whatever_it_is(site: Site, password: str) -> None:
    person = site.person("ann")
    body = {"username": person.login, "password": person.password if password == "right" else password}
    response = site.browser().post(AUTHN, json=body, headers={"origin": TRUSTED_ORIGIN})
    assert response.headers["access-control-allow-origin"] == TRUSTED_ORIGIN
    assert response.headers["access-control-allow-credentials"] == "true"
    assert "x-okta-request-id" in response.headers["access-control-expose-headers"]
    assert "Origin" in response.headers["vary"]


@pytest.mark.parametrize(
    "origin", ["https://evil.example", "null", REDIRECT_ONLY_ORIGIN, f"{TRUSTED_ORIGIN}.evil.example"]
)
def test_other_origins_read_nothing(site: Site, origin: str) -> None:
    ask = {"origin": origin, "access-control-request-method": "POST"}
    for response in (
        site.browser().request("OPTIONS", AUTHN, headers=ask),
        site.browser().post(AUTHN, json={"username": "a", "password": "b"}, headers={"origin": origin}),
    ):
        assert not [name for name in response.headers if name.startswith("access-control-allow")]
        assert "Origin" in response.headers["vary"]


def test_what_the_event_of_a_failure_says(server: Server, site: Site) -> None:
    response = sign_in(site, site.person("suspended"))
    event_id = response.json()["errorId"]
    event = server.inside(lambda org: org.event(event_id))
    assert (event.type, event.outcome, event.reason) == ("authn.primary", "refused", "credentials")
    assert event.user_id == site.person("suspended").id
    checks = {check["name"]: check["passed"] for check in event.detail["trail"]["checks"]}  # type: ignore[index]
    assert checks["user_known"]
    assert not checks["user_active"]
