"""The users API over HTTP: an account from its first day to its last, lists, and who may not do what."""

import re
from itertools import count
from typing import Any

import httpx
import pytest
from tests.http_client import Browser
from tests.installation import Person
from tests.okta_steps import (
    AUTHN,
    ask_token,
    by_password,
    is_signed_in,
    session_token,
    sign_in,
    signed_in,
    with_api_token,
)
from tests.server import Server, Site

USERS = "/api/v1/users"
PASSWORD = "yellow Submarine 41 parked"
_numbers = count(1)


def call(site: Site, method: str, path: str, **rest: Any) -> httpx.Response:
    return site.browser().request(method, path, headers=with_api_token(site), **rest)


def wanted(login: str = "", **rest: Any) -> dict[str, Any]:
    login = login or f"person{next(_numbers)}@people.example"
    return {"profile": {"firstName": "Isaac", "lastName": "Brock", "email": login, "login": login}, **rest}


def with_password(login: str = "", **rest: Any) -> dict[str, Any]:
    return wanted(login, credentials={"password": {"value": PASSWORD}}, **rest)


def create(site: Site, body: dict[str, Any] | None = None, query: str = "") -> dict[str, Any]:
    response = call(site, "POST", f"{USERS}{query}", json=with_password() if body is None else body)
    assert response.status_code == 200, response.text
    found: dict[str, Any] = response.json()
    return found


def status(site: Site, user_id: str) -> str:
    return str(call(site, "GET", f"{USERS}/{user_id}").json()["status"])


def authenticate(site: Site, login: str, password: str = PASSWORD) -> httpx.Response:
    return site.browser().post(AUTHN, json={"username": login, "password": password})


def refused(response: httpx.Response, code: int, error: str, cause: str = "") -> None:
    assert response.status_code == code, response.text
    body = response.json()
    assert body["errorCode"] == error, body
    assert body["errorId"].startswith("evt")
    if cause:
        assert body["errorCauses"][0]["errorSummary"].startswith(cause), body


def test_a_user_from_the_first_day_to_the_last(server: Server, site: Site) -> None:
    made = create(site)
    login, own = made["profile"]["login"], f"{USERS}/{made['id']}"
    assert made["id"].startswith("00u")
    assert made["status"] == "ACTIVE"
    for name in ("created", "activated", "statusChanged", "lastUpdated", "passwordChanged"):
        assert re.fullmatch(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.000Z", made[name]), name
    assert made["lastLogin"] is None
    assert made["type"]["id"].startswith("oty")
    assert made["credentials"] == {"password": {}, "provider": {"type": "OKTA", "name": "OKTA"}}
    assert made["_links"]["self"] == {"href": f"{site.base_url}{own}"}
    assert made["_links"]["suspend"] == {"href": f"{site.base_url}{own}/lifecycle/suspend", "method": "POST"}
    assert authenticate(site, login).json()["status"] == "SUCCESS"
    for name in (made["id"], login, login.partition("@")[0]):
        assert call(site, "GET", f"{USERS}/{name}").json()["lastLogin"] is not None, name

    changed = call(site, "POST", own, json={"profile": {"city": "Leeds", "lastName": None}})
    assert changed.status_code == 200
    assert changed.json()["profile"] | {"city": "Leeds", "lastName": None} == changed.json()["profile"]
    renamed = f"other{next(_numbers)}@people.example"
    replaced = call(site, "PUT", own, json={"profile": {"login": renamed, "email": renamed, "firstName": "Jo"}})
    assert replaced.json()["profile"] == {
        "login": renamed,
        "email": renamed,
        "firstName": "Jo",
        "lastName": None,
        "mobilePhone": None,
        "secondEmail": None,
    }
    assert authenticate(site, login).status_code == 401
    assert authenticate(site, renamed).json()["status"] == "SUCCESS"

    assert call(site, "DELETE", own).status_code == 204
    assert status(site, made["id"]) == "DEPROVISIONED"
    assert authenticate(site, renamed).status_code == 401
    assert call(site, "DELETE", own).status_code == 204
    gone = call(site, "GET", own)
    refused(gone, 404, "E0000007")
    assert gone.json()["errorSummary"] == f"Not found: Resource not found: {made['id']} (User)"
    events = server.rows("SELECT type, actor_id FROM events WHERE user_id = $1 AND outcome = 'success'", made["id"])
    mine = {type for type, actor in events if actor == site.person("carol").id}
    assert mine == {"user.add", "user.profile", "user.status", "user.remove"}


def test_the_ways_an_account_stands(site: Site) -> None:
    made = create(site, query="?activate=false")
    own = f"{USERS}/{made['id']}"
    assert made["status"] == "STAGED"
    assert authenticate(site, made["profile"]["login"]).status_code == 401
    assert call(site, "POST", f"{own}/lifecycle/activate?sendEmail=false").json() == {}
    assert status(site, made["id"]) == "ACTIVE"
    refused(call(site, "POST", f"{own}/lifecycle/activate?sendEmail=false"), 403, "E0000016")
    refused(call(site, "POST", f"{own}/lifecycle/unsuspend"), 403, "E0000038", "Cannot unsuspend")
    refused(call(site, "POST", f"{own}/lifecycle/unlock"), 403, "E0000032")
    refused(call(site, "POST", f"{own}/lifecycle/reactivate?sendEmail=false"), 403, "E0000038")

    browser = signed_in_as(site, made["profile"]["login"])
    assert call(site, "POST", f"{own}/lifecycle/suspend").json() == {}
    assert status(site, made["id"]) == "SUSPENDED"
    assert not is_signed_in(browser)
    refused(call(site, "POST", f"{own}/lifecycle/suspend"), 403, "E0000038", "Cannot suspend")
    assert call(site, "POST", f"{own}/lifecycle/unsuspend").json() == {}
    assert not is_signed_in(browser)
    assert status(site, made["id"]) == "ACTIVE"

    expired = call(site, "POST", f"{own}/lifecycle/expire_password")
    assert (expired.status_code, expired.json()["status"]) == (200, "PASSWORD_EXPIRED")
    assert authenticate(site, made["profile"]["login"]).json()["status"] == "PASSWORD_EXPIRED"
    temporary = call(site, "POST", f"{own}/lifecycle/expire_password_with_temp_password").json()["tempPassword"]
    assert authenticate(site, made["profile"]["login"]).status_code == 401
    begun = authenticate(site, made["profile"]["login"], temporary).json()
    assert begun["status"] == "PASSWORD_EXPIRED"
    done = site.browser().post(
        f"{AUTHN}/credentials/change_password",
        json={"stateToken": begun["stateToken"], "oldPassword": temporary, "newPassword": PASSWORD},
    )
    assert done.json()["status"] == "SUCCESS"
    assert status(site, made["id"]) == "ACTIVE"

    assert call(site, "POST", f"{own}/lifecycle/deactivate").json() == {}
    refused(call(site, "POST", f"{own}/lifecycle/deactivate"), 403, "E0000038")
    for name in ("suspend", "expire_password", "reset_password?sendEmail=false"):
        refused(call(site, "POST", f"{own}/lifecycle/{name}"), 403, "E0000038")
    assert call(site, "POST", f"{own}/lifecycle/activate").json() == {}


def signed_in_as(site: Site, login: str) -> Browser:
    browser, token = site.browser(), authenticate(site, login).json()["sessionToken"]
    browser.get("/login/sessionCookieRedirect", params={"token": token, "redirectUrl": f"{site.base_url}/app/UserHome"})
    assert is_signed_in(browser)
    return browser


def test_too_many_wrong_passwords_lock_and_an_administrator_unlocks(site: Site) -> None:
    made = create(site)
    login = made["profile"]["login"]
    for _ in range(10):
        assert authenticate(site, login, "not the password at all").status_code == 401
    assert status(site, made["id"]) == "LOCKED_OUT"
    found = call(site, "GET", USERS, params={"search": f'status eq "LOCKED_OUT" and profile.login eq "{login}"'})
    assert [user["id"] for user in found.json()] == [made["id"]]
    assert authenticate(site, login).status_code == 401
    assert call(site, "POST", f"{USERS}/{made['id']}/lifecycle/unlock").json() == {}
    assert authenticate(site, login).json()["status"] == "SUCCESS"


def test_an_activation_token_lets_a_user_choose_a_password_once(site: Site) -> None:
    made = create(site, wanted(), "?activate=false")
    own, login = f"{USERS}/{made['id']}", made["profile"]["login"]
    assert made["credentials"] == {"provider": {"type": "OKTA", "name": "OKTA"}}
    first = call(site, "POST", f"{own}/lifecycle/activate?sendEmail=false").json()
    assert first["activationUrl"] == f"{site.base_url}/welcome/{first['activationToken']}"
    assert status(site, made["id"]) == "PROVISIONED"
    found = call(site, "GET", USERS, params={"search": f'status eq "PROVISIONED" and profile.login eq "{login}"'})
    assert [user["id"] for user in found.json()] == [made["id"]]
    begun = site.browser().post(AUTHN, json={"token": first["activationToken"]})
    assert begun.status_code == 200
    assert begun.json()["status"] == "PASSWORD_RESET"
    assert "recoveryType" not in begun.json()
    assert begun.json()["_embedded"]["user"]["profile"]["login"] == login
    assert begun.json()["_links"]["next"]["name"] == "resetPassword"
    again = site.browser().post(AUTHN, json={"token": first["activationToken"]})
    refused(again, 401, "E0000004")
    assert again.json()["errorSummary"] == "Authentication failed"
    chosen = {"stateToken": begun.json()["stateToken"], "newPassword": PASSWORD}
    done = site.browser().post(f"{AUTHN}/credentials/reset_password", json=chosen)
    assert done.json()["status"] == "SUCCESS"
    now = call(site, "GET", own).json()
    assert (now["status"], now["activated"] is not None) == ("ACTIVE", True)
    assert authenticate(site, login).json()["status"] == "SUCCESS"
    for wrong in ("", "x", first["activationToken"][:-1] + "x", session_token(site)):
        refused(site.browser().post(AUTHN, json={"token": wrong}), 401, "E0000004")


def test_AU_09_each_link_is_good_for_its_own_purpose(site: Site) -> None:
    waiting = create(site, wanted(), "?activate=false")
    own = f"{USERS}/{waiting['id']}/lifecycle"
    old = call(site, "POST", f"{own}/activate?sendEmail=false").json()["activationToken"]
    new = call(site, "POST", f"{own}/reactivate?sendEmail=false").json()["activationToken"]
    for token in (old, new):
        refused(site.browser().post(f"{AUTHN}/recovery/token", json={"recoveryToken": token}), 401, "E0000011")
    user = create(site)
    link = call(site, "POST", f"{USERS}/{user['id']}/credentials/forgot_password?sendEmail=false").json()
    recovery = link["resetPasswordUrl"].rpartition("/")[2]
    refused(site.browser().post(AUTHN, json={"token": recovery}), 401, "E0000004")
    assert site.browser().post(AUTHN, json={"token": new}).json()["status"] == "PASSWORD_RESET"
    begun = site.browser().post(f"{AUTHN}/recovery/token", json={"recoveryToken": recovery}).json()
    assert begun["status"] == "PASSWORD_RESET"
    assert authenticate(site, user["profile"]["login"]).json()["status"] == "SUCCESS"


def test_the_page_behind_an_activation_link(site: Site) -> None:
    made = create(site, wanted(), "?activate=false")
    link = call(site, "POST", f"{USERS}/{made['id']}/lifecycle/activate?sendEmail=false").json()["activationUrl"]
    browser = site.browser()
    page = browser.get(link)
    assert "Welcome" in page.text
    page = browser.submit(page)
    assert "Choose a new password" in page.text
    page = browser.submit(page, password=PASSWORD, password_again=PASSWORD)
    assert page.status_code == 200, page.text
    assert authenticate(site, made["profile"]["login"]).json()["status"] == "SUCCESS"


def test_a_reset_takes_the_password_away_at_once(site: Site) -> None:
    made = create(site)
    own, login = f"{USERS}/{made['id']}", made["profile"]["login"]
    browser = signed_in_as(site, login)
    url = call(site, "POST", f"{own}/lifecycle/reset_password?sendEmail=false").json()["resetPasswordUrl"]
    assert url.startswith(f"{site.base_url}/signin/reset-password/")
    assert status(site, made["id"]) == "RECOVERY"
    assert not is_signed_in(browser)
    assert authenticate(site, login).status_code == 401
    page = browser.submit(browser.get(url))
    browser.submit(page, password=f"{PASSWORD} too", password_again=f"{PASSWORD} too")
    assert status(site, made["id"]) == "ACTIVE"
    assert authenticate(site, login, f"{PASSWORD} too").json()["status"] == "SUCCESS"


def test_without_mail_nothing_is_changed_that_needs_one(site: Site) -> None:
    body = wanted()
    refused(call(site, "POST", USERS, json=body), 400, "E0000001")
    refused(call(site, "GET", f"{USERS}/{body['profile']['login']}"), 404, "E0000007")
    made = create(site)
    refused(call(site, "POST", f"{USERS}/{made['id']}/lifecycle/reset_password"), 400, "E0000001")
    assert status(site, made["id"]) == "ACTIVE"


def test_passwords_and_questions_are_changed_by_who_knows_the_old_one(site: Site) -> None:
    question = {"question": "Which street?", "answer": "Elm Street"}
    body = with_password()
    body["credentials"]["recovery_question"] = question
    made = create(site, body)
    own, login = f"{USERS}/{made['id']}", made["profile"]["login"]
    assert made["credentials"]["recovery_question"] == {"question": "Which street?"}
    newer = {"oldPassword": {"value": PASSWORD}, "newPassword": {"value": f"{PASSWORD} 2"}}
    wrong = {**newer, "oldPassword": {"value": "something else"}}
    refused(call(site, "POST", f"{own}/credentials/change_password", json=wrong), 403, "E0000014")
    browser = signed_in_as(site, login)
    changed = call(site, "POST", f"{own}/credentials/change_password", json=newer)
    assert changed.json() == {"password": {}, "provider": {"type": "OKTA", "name": "OKTA"}}
    assert is_signed_in(browser)
    again = {"oldPassword": newer["newPassword"], "newPassword": {"value": PASSWORD}, "revokeSessions": True}
    assert call(site, "POST", f"{own}/credentials/change_password", json=again).status_code == 200
    assert not is_signed_in(browser)

    asks = {"password": {"value": PASSWORD}, "recovery_question": {"question": "Which tree?", "answer": "the larch"}}
    refused(
        call(site, "POST", f"{own}/credentials/change_recovery_question", json={**asks, "password": {"value": "x"}}),
        403,
        "E0000014",
    )
    changed = call(site, "POST", f"{own}/credentials/change_recovery_question", json=asks)
    assert changed.json()["recovery_question"] == {"question": "Which tree?"}
    url = call(site, "POST", f"{own}/credentials/forgot_password?sendEmail=false").json()["resetPasswordUrl"]
    begun = site.browser().post(f"{AUTHN}/recovery/token", json={"recoveryToken": url.rpartition("/")[2]}).json()
    assert begun["_embedded"]["user"]["recovery_question"] == {"question": "Which tree?"}
    for answer, code in (("the oak", 403), ("The  Larch", 200)):
        given = {"stateToken": begun["stateToken"], "answer": answer}
        assert site.browser().post(f"{AUTHN}/recovery/answer", json=given).status_code == code
    assert call(site, "POST", f"{own}/lifecycle/reset_factors").json() == {}
    assert "recovery_question" not in call(site, "GET", own).json()["credentials"]


def test_a_password_from_elsewhere_is_taken_as_it_was_hashed(site: Site) -> None:
    import base64
    import hashlib

    salt = b"salt and pepper!"
    digest = hashlib.pbkdf2_hmac("sha256", PASSWORD.encode(), salt, 10_000, 32)
    hashed = {
        "algorithm": "PBKDF2",
        "digestAlgorithm": "SHA256_HMAC",
        "iterationCount": 10_000,
        "keySize": 32,
        "salt": base64.b64encode(salt).decode(),
        "value": base64.b64encode(digest).decode(),
    }
    made = create(site, wanted(credentials={"password": {"hash": hashed}}))
    assert made["status"] == "ACTIVE"
    assert authenticate(site, made["profile"]["login"]).json()["status"] == "SUCCESS"
    for changes in (
        {"algorithm": "BCRYPT"},
        {"algorithm": "MD5"},
        {"digestAlgorithm": "MD5"},
        {"iterationCount": 10**12},
        {"iterationCount": True},
        {"salt": "%"},
        {"value": ""},
        {"keySize": 20},
    ):
        body = wanted(credentials={"password": {"hash": {**hashed, **changes}}})
        refused(call(site, "POST", USERS, json=body), 400, "E0000001")


@pytest.mark.parametrize(
    ("changes", "cause"),
    [
        ({"login": None}, "login: "),
        ({"login": "two words"}, "login: "),
        ({"email": ""}, "email: "),
        ({"email": "nowhere"}, "email: "),
        ({"firstName": 7}, "firstName: "),
        ({"firstName": "a\nb"}, "firstName: "),
        ({"a b": "x"}, "profile: "),
    ],
)
def test_what_is_no_profile(site: Site, changes: dict[str, Any], cause: str) -> None:
    body = with_password()
    body["profile"] |= changes
    refused(call(site, "POST", USERS, json=body), 400, "E0000001", cause)


@pytest.mark.parametrize("value", ["short", "password1234", "Isaac2024!", "x" * 300])
def test_AU_05_a_bad_password_names_the_field_and_makes_nobody(site: Site, value: str) -> None:
    body = wanted(credentials={"password": {"value": value}})
    refused(call(site, "POST", USERS, json=body), 400, "E0000001", "password: ")
    refused(call(site, "GET", f"{USERS}/{body['profile']['login']}"), 404, "E0000007")
    made = create(site)
    refused(
        call(site, "POST", f"{USERS}/{made['id']}", json={"credentials": {"password": {"value": value}}}),
        400,
        "E0000001",
        "password: ",
    )


def test_a_login_is_taken_once(site: Site) -> None:
    made, other = create(site), create(site)
    body = with_password(made["profile"]["login"].upper())
    refused(call(site, "POST", USERS, json=body), 400, "E0000001", "login: ")
    login = {"profile": {"login": made["profile"]["login"]}}
    refused(call(site, "POST", f"{USERS}/{other['id']}", json=login), 400, "E0000001", "login: ")


@pytest.mark.parametrize(
    "extra",
    [
        {"stamp": 9},
        {"limits_exempt": True},
        {"limitsExempt": True},
        {"org_id": "x"},
        {"roles": ["owner"]},
        {"password_hash": "$argon2id$x"},
        {"verified": True},
        {"groups": ["x"]},
    ],
)
def test_MG_03_members_that_nobody_offers_are_refused(site: Site, extra: dict[str, Any]) -> None:
    refused(call(site, "POST", USERS, json={**with_password(), **extra}), 400, "E0000001")
    made = create(site)
    for method in ("POST", "PUT"):
        refused(call(site, method, f"{USERS}/{made['id']}", json={**made, **extra}), 400, "E0000001")


def test_MG_03_what_is_only_shown_is_not_changed_by_sending_it_back(site: Site) -> None:
    made = create(site)
    sent = {**made, "status": "DEPROVISIONED", "id": "00uSOMEBODYELSE00000", "created": "2000-01-01T00:00:00.000Z"}
    sent["profile"] = {**made["profile"], "nickName": "Zac"}
    answered = call(site, "PUT", f"{USERS}/{made['id']}", json=sent)
    assert answered.status_code == 200, answered.text
    for name in ("id", "status", "created"):
        assert answered.json()[name] == made[name]
    assert answered.json()["profile"]["nickName"] == "Zac"
    refused(call(site, "PUT", f"{USERS}/{made['id']}", json={"profile": {"firstName": "x"}}), 400, "E0000001", "login")


def test_a_list_is_walked_page_by_page(site: Site) -> None:
    for _ in range(4):
        create(site)
    whole = [user["id"] for user in call(site, "GET", USERS).json()]
    assert whole == sorted(whole)
    for query in (
        "limit=3",
        "limit=3&sortBy=profile.lastName",
        "limit=3&sortBy=lastUpdated&sortOrder=desc&search=id+pr",
    ):
        seen: list[str] = []
        address = f"{USERS}?{query}"
        while address:
            response = call(site, "GET", address)
            assert response.status_code == 200, response.text
            page = [user["id"] for user in response.json()]
            assert len(page) <= 3
            seen += page
            links = {
                rel: url
                for url, rel in re.findall(r'<([^>]+)>; rel="(\w+)"', ",".join(response.headers.get_list("link")))
            }
            assert links["self"].startswith(site.base_url)
            address = links.get("next", "").removeprefix(site.base_url)
        assert len(seen) == len(set(seen))
        assert set(whole) <= set(seen)


def test_a_list_is_narrowed(site: Site) -> None:
    mark = f"Quillfeather{next(_numbers)}"
    body = with_password()
    body["profile"] |= {"lastName": mark, "department": "Owls"}
    made = create(site, body)

    def logins(**query: str) -> list[str]:
        response = call(site, "GET", USERS, params=query)
        assert response.status_code == 200, response.text
        return [user["profile"]["login"] for user in response.json()]

    login = made["profile"]["login"]
    for query in (
        {"q": mark.lower()[:-1]},
        {"search": f'profile.lastName eq "{mark.upper()}"'},
        {"search": f'profile.email eq "{login}" and profile.department co "WL"'},
        {"filter": f'profile.login eq "{login}" and status eq "ACTIVE"'},
        {"filter": f'id eq "{made["id"]}" and lastUpdated ge "{made["lastUpdated"]}"'},
        {"search": f'id eq "{made["id"]}" and created eq "{made["created"]}"'},
    ):
        assert logins(**query) == [login], query
    assert logins(search=f'profile.lastName eq "{mark}" and not (status eq "ACTIVE")') == []
    call(site, "DELETE", f"{USERS}/{made['id']}")
    assert logins(q=mark) == []
    assert logins(search=f'profile.lastName eq "{mark}"') == [login]
    assert logins(filter=f'status eq "DEPROVISIONED" and profile.lastName eq "{mark}"') == [login]
    assert login not in logins(limit="200")


@pytest.mark.parametrize(
    "query",
    [
        {"filter": "status"},
        {"filter": 'password eq "x"'},
        {"filter": 'stamp eq "1"'},
        {"filter": 'status eq "ROOT"'},
        {"filter": 'status gt "ACTIVE"'},
        {"filter": 'created gt "yesterday"'},
        {"filter": 'created co "2026"'},
        {"search": 'profile.x\' OR 1=1 -- eq "x"'},
        {"search": 'profile.lastName eq "x"; DROP TABLE users'},
        {"search": "(" * 50 + "id pr" + ")" * 50},
        {"search": "id gt null"},
        {"sortBy": "password_hash"},
        {"sortBy": "profile.a'b"},
        {"sortBy": "created", "sortOrder": "sideways"},
        {"sortBy": "created", "after": "00uNOBODY00000000000"},
        {"limit": "0"},
        {"limit": "201"},
        {"after": "x" * 600},
    ],
)
def test_MG_04_lists_ask_nothing_that_they_do_not_offer(site: Site, query: dict[str, str]) -> None:
    refused(call(site, "GET", USERS, params=query), 400, "E0000001")


def test_who_is_signed_in_reads_themselves_by_cookie_alone(site: Site) -> None:
    browser = signed_in(site)
    me = browser.get(f"{USERS}/me", headers={"origin": "https://login.example.com"})
    assert me.json()["id"] == site.person("ann").id
    assert me.headers["access-control-allow-origin"] == "https://login.example.com"
    assert me.headers["access-control-allow-credentials"] == "true"
    elsewhere = browser.get(f"{USERS}/me", headers={"origin": "https://evil.example.com"})
    assert "access-control-allow-origin" not in elsewhere.headers
    refused(site.browser().get(f"{USERS}/me"), 404, "E0000007")
    link = browser.get("/api/v1/sessions/me").json()["_links"]["user"]["href"]
    assert browser.get(link).json()["profile"]["login"] == site.person("ann").login
    assert browser.get(f"{USERS}/{site.person('ann').id}").status_code == 401


def test_MG_01_a_user_belongs_to_its_org(site: Site, twin: Site) -> None:
    foreign = create(twin)
    own = f"{USERS}/{foreign['id']}"
    answers = [
        call(site, "GET", own),
        call(site, "POST", own, json={"profile": {"firstName": "x"}}),
        call(site, "PUT", own, json=foreign),
        call(site, "DELETE", own),
        *(call(site, "POST", f"{own}/lifecycle/{name}?sendEmail=false") for name in ("activate", "suspend", "unlock")),
        call(site, "POST", f"{own}/lifecycle/reset_password?sendEmail=false"),
        call(site, "POST", f"{own}/lifecycle/expire_password"),
        call(site, "POST", f"{own}/credentials/forgot_password?sendEmail=false"),
    ]
    for answer in answers:
        refused(answer, 404, "E0000007")
    assert status(twin, foreign["id"]) == "ACTIVE"
    found = call(site, "GET", USERS, params={"search": f'id eq "{foreign["id"]}"'})
    assert found.json() == []
    waiting = create(twin, wanted(), "?activate=false")
    token = call(twin, "POST", f"{USERS}/{waiting['id']}/lifecycle/activate?sendEmail=false").json()["activationToken"]
    refused(site.browser().post(AUTHN, json={"token": token}), 401, "E0000004")
    assert twin.browser().post(AUTHN, json={"token": token}).json()["status"] == "PASSWORD_RESET"


def test_nobody_without_a_token_may_do_any_of_it(site: Site) -> None:
    ann = f"{USERS}/{site.person('ann').id}"
    browser = signed_in(site)
    for method, path in (
        ("GET", USERS),
        ("POST", USERS),
        ("GET", ann),
        ("POST", ann),
        ("PUT", ann),
        ("DELETE", ann),
        ("POST", f"{ann}/lifecycle/suspend"),
        ("POST", f"{ann}/credentials/change_password"),
    ):
        refused(browser.request(method, path, json={} if method in ("POST", "PUT") else None), 401, "E0000011")
    assert is_signed_in(browser)
    assert sign_in(site, site.person("ann")).status_code == 200


def test_an_authenticator_app_is_set_up_for_a_user_and_taken_away(site: Site) -> None:
    import time

    import pyotp

    made = create(site)
    own = f"{USERS}/{made['id']}/factors"
    assert call(site, "GET", own).json() == []
    asked = {"factorType": "token:software:totp", "provider": "GOOGLE"}
    begun = call(site, "POST", own, json=asked)
    assert begun.status_code == 200, begun.text
    factor, secret = begun.json(), begun.json()["_embedded"]["activation"]["sharedSecret"]
    assert factor["status"] == "PENDING_ACTIVATION"
    app = pyotp.TOTP(secret)
    assert secret not in call(site, "GET", f"{own}/{factor['id']}").text
    refused(call(site, "POST", f"{own}/{factor['id']}/lifecycle/activate", json={"passCode": "000"}), 403, "E0000068")
    refused(call(site, "POST", f"{own}/{factor['id']}/verify", json={"passCode": app.now()}), 400, "E0000001")
    now = int(time.time())
    activated = call(site, "POST", f"{own}/{factor['id']}/lifecycle/activate", json={"passCode": app.at(now)})
    assert (activated.status_code, activated.json()["status"]) == (200, "ACTIVE")
    replayed = call(site, "POST", f"{own}/{factor['id']}/verify", json={"passCode": app.at(now)})
    refused(replayed, 403, "E0000082")
    fresh = call(site, "POST", f"{own}/{factor['id']}/verify", json={"passCode": app.at(now + 30)})
    assert fresh.json() == {"factorResult": "SUCCESS"}
    assert [one["id"] for one in call(site, "GET", own).json()] == [factor["id"]]
    refused(call(site, "POST", own, json=asked), 400, "E0000001")
    refused(call(site, "POST", own, json={"factorType": "webauthn", "provider": "FIDO"}), 400, "E0000001", "factorType")
    other = f"{USERS}/{create(site)['id']}/factors/{factor['id']}"
    refused(call(site, "GET", other), 404, "E0000007")
    refused(call(site, "DELETE", other), 404, "E0000007")
    assert call(site, "DELETE", f"{own}/{factor['id']}").status_code == 204
    assert call(site, "GET", own).json() == []


def test_what_applications_hold_for_a_user_is_listed_and_revoked(site: Site, twin: Site) -> None:
    made = create(site)
    someone = Person(made["id"], made["profile"]["login"], PASSWORD)
    client = site.org.clients["direct"].client_id
    own = f"{USERS}/{made['id']}/clients/{client}/tokens"
    assert call(site, "GET", own).json() == []
    given = [by_password(site, someone, scope="openid offline_access").json()["refresh_token"] for _ in range(3)]
    found = call(site, "GET", own).json()
    assert {one["id"] for one in found} == {text.partition(".")[0] for text in given}
    assert {(one["clientId"], one["userId"], one["status"]) for one in found} == {(client, made["id"], "ACTIVE")}
    assert all(set(one["scopes"]) == {"openid", "offline_access"} for one in found)
    assert all(one["issuer"] == site.base_url for one in found)
    assert not any(text.partition(".")[2] in call(site, "GET", own).text for text in given)

    def status_of(text: str) -> int:
        return ask_token(site, site.org.clients["direct"], "refresh_token", refresh_token=text).status_code

    one = f"{own}/{given[0].partition('.')[0]}"
    assert call(site, "GET", one).json()["id"] == given[0].partition(".")[0]
    refused(call(twin, "GET", one), 404, "E0000007")
    elsewhere = f"{USERS}/{create(site)['id']}/clients/{client}/tokens/{given[0].partition('.')[0]}"
    refused(call(site, "DELETE", elsewhere), 404, "E0000007")
    refused(call(site, "GET", f"{USERS}/{made['id']}/clients/nobody/tokens"), 404, "E0000007")
    assert call(site, "DELETE", one).status_code == 204
    refused(call(site, "GET", one), 404, "E0000007")
    assert (status_of(given[0]), status_of(given[1])) == (400, 200)
    assert call(site, "DELETE", own).status_code == 204
    assert call(site, "GET", own).json() == []
    assert status_of(given[2]) == 400
