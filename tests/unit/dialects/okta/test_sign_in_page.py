"""The hosted sign-in page, from the request that waits for it to the answer that application gets."""

from urllib.parse import parse_qs, quote, urlsplit

import pytest
from tests.unit.dialects.okta.conftest import (
    BASE,
    CALLBACK,
    CORS_ONLY,
    PASSWORD,
    TRUSTED,
    Answer,
    Browser,
    House,
    read_form,
    read_page,
)

from segue.web.limits import Limit
from segue.web.sign_in_limits import BY_USER_NAME

LOGIN = "/login/login.htm"
AUTHORIZE = (
    f"/oauth2/v1/authorize?client_id=webclient&response_type=code&scope=openid&state=xyz"
    f"&redirect_uri={quote(CALLBACK, safe='')}"
)


async def submit(house: House, browser: Browser, user_name: str, password: str, **headers: str) -> Answer:
    fields = {"username": user_name, "password": password}
    return await browser.post_form(browser.page, fields, **headers)


def parameters(answer: Answer) -> dict[str, str]:
    return {name: values[0] for name, values in parse_qs(urlsplit(answer.location).query).items()}


async def test_a_waiting_request_is_sent_to_the_page_of_the_vendor(house: House):
    answer = await house.browser().get(AUTHORIZE)
    assert answer.status == 302
    url = urlsplit(answer.location)
    assert f"{url.scheme}://{url.netloc}{url.path}" == f"{BASE}{LOGIN}"
    start = "fromURI=%2Foauth2%2Fv1%2Fauthorize%2Fredirect%3Fokta_key%3D"
    assert url.query.startswith(start)
    assert url.query.removeprefix(start).replace(".", "").isalnum()


async def test_the_form_is_what_browsers_and_test_suites_look_for(house: House):
    browser = house.browser()
    page = await browser.open(AUTHORIZE + "&login_hint=ann%40example.com")
    assert page.status == 200
    form = read_form(page)
    assert form.method == "post"
    assert form.action == ""  # to the same address
    assert list(form.fields) == ["username", "password"]
    assert form.fields["username"]["autocomplete"] == "username"
    assert form.fields["username"]["value"] == "ann@example.com"
    assert form.fields["password"]["autocomplete"] == "current-password"
    assert form.fields["password"]["type"] == "password"
    assert "value" not in form.fields["password"]
    (button,) = form.buttons
    assert button["id"] == "login-submit"
    assert read_page(page).labels == {"username", "password"}
    assert "Web" in page.text
    assert "Acme &amp; Daughters" in page.text


async def test_the_right_password_goes_on_to_the_application(house: House):
    browser = house.browser()
    await browser.open(AUTHORIZE)
    answer = await submit(house, browser, "ann@example.com", PASSWORD)
    assert answer.status == 303
    assert answer.location.startswith(CALLBACK)
    assert parameters(answer)["state"] == "xyz"
    assert "code" in parameters(answer)
    (cookie,) = [line for line in answer.all("set-cookie") if line.startswith("sid=")]
    assert "HttpOnly" in cookie
    assert "Path=/" in cookie
    assert "SameSite=Lax" in cookie
    assert "Domain" not in cookie
    assert "Max-Age" not in cookie


async def test_a_space_behind_the_name_does_no_harm_and_passwords_are_not_trimmed(house: House):
    browser = house.browser()
    await browser.open(AUTHORIZE)
    assert (await submit(house, browser, "ann@example.com", f"{PASSWORD} ")).status == 401
    assert (await submit(house, browser, " ann@example.com ", PASSWORD)).status == 303


async def test_a_wrong_password_keeps_the_name_and_says_so(house: House):
    browser = house.browser()
    await browser.open(AUTHORIZE)
    answer = await submit(house, browser, "ann@example.com", "wrong")
    assert answer.status == 401
    form = read_form(answer)
    assert form.fields["username"]["value"] == "ann@example.com"
    assert form.fields["password"]["aria-describedby"] == "sign-in-error"
    assert 'id="sign-in-error"' in answer.text
    assert "The user name or password is not right." in answer.text
    event = house.events.seen[-1]
    assert (event.type, event.reason, event.user_id) == ("sign_in.password", "credentials", house.ann.id)
    assert event.id in answer.text
    assert (await submit(house, browser, "ann@example.com", PASSWORD)).status == 303


async def test_AU_04_wrong_names_and_wrong_passwords_look_alike(house: House):
    pages = set()
    for name, password in (("ann@example.com", "wrong"), ("nobody@x.example", "wrong"), ("bad name", "wrong")):
        browser = house.browser()
        await browser.open(AUTHORIZE)
        answer = await submit(house, browser, name, password)
        text = answer.text.replace(name, "").replace(house.events.seen[-1].id, "")
        pages.add((answer.status, text))
    assert len(pages) == 1


@pytest.mark.parametrize(("name", "password"), [("", ""), ("ann@example.com", ""), ("", PASSWORD), ("  ", PASSWORD)])
async def test_empty_fields_are_asked_for(house: House, name: str, password: str):
    browser = house.browser()
    await browser.open(AUTHORIZE)
    answer = await submit(house, browser, name, password)
    assert answer.status == 400
    assert "Enter your user name and your password." in answer.text


async def test_what_was_typed_is_escaped(house: House):
    browser = house.browser()
    await browser.open(AUTHORIZE)
    hostile = '"><script>alert(1)</script>'
    answer = await submit(house, browser, hostile, "wrong")
    assert read_form(answer).fields["username"]["value"] == hostile
    assert "<script" not in answer.text


async def test_too_many_attempts_are_told_on_the_same_page(house: House):
    house.limiter.limits = {BY_USER_NAME: Limit(1, 600)}
    browser = house.browser()
    await browser.open(AUTHORIZE)
    answers = [await submit(house, browser, "nobody", "wrong") for _ in range(2)]
    assert [answer.status for answer in answers] == [401, 429]
    assert list(read_form(answers[1]).fields) == ["username", "password"]


async def test_a_repeated_field_is_refused(house: House):
    browser = house.browser()
    await browser.open(AUTHORIZE)
    body = b"username=a&username=b&password=c"
    headers = {"content-type": "application/x-www-form-urlencoded"}
    answer = await browser.send("POST", browser.page, body=body, headers=headers)
    assert answer.status == 400
    assert "event-id" in answer.text


async def test_OT_15_another_browser_cannot_use_the_page(house: House):
    browser = house.browser()
    await browser.open(AUTHORIZE)
    page = browser.page
    stranger = house.browser()
    for answer in (
        await stranger.get(page),
        await stranger.post_form(page, {"username": "ann@example.com", "password": PASSWORD}),
    ):
        assert answer.status == 400
        assert "This page has expired" in answer.text
        assert "start again" in answer.text
        assert any(event.id in answer.text for event in house.events.seen if event.reason == "interaction_gone")
    assert "sid" not in stranger.cookies


async def test_a_page_works_once(house: House):
    browser = house.browser()
    await browser.open(AUTHORIZE)
    page = browser.page
    assert (await submit(house, browser, "ann@example.com", PASSWORD)).status == 303
    answer = await browser.get(page)
    assert answer.status == 400
    assert "This page has expired" in answer.text


async def test_a_prefetch_or_HEAD_leaves_everything_as_it_is(house: House):
    browser = house.browser()
    await browser.open(AUTHORIZE)
    page = browser.page
    assert (await browser.send("HEAD", page)).status == 204
    assert (await browser.get(page, sec_purpose="prefetch")).status == 204
    assert (await submit(house, browser, "ann@example.com", PASSWORD)).status == 303


async def test_the_page_cannot_be_an_image_or_a_fetch(house: House):
    browser = house.browser()
    answer = await browser.get(LOGIN, sec_fetch_dest="image")
    assert answer.status == 400
    assert house.events.seen[-1].reason == "not_a_document"


async def test_a_session_made_elsewhere_goes_on_by_the_resume_address(house: House):
    browser = house.browser()
    await browser.open(AUTHORIZE)
    resume = parse_qs(urlsplit(browser.page).query)["fromURI"][0]
    back = await browser.get(resume)
    assert back.location.startswith(f"{BASE}{LOGIN}")
    other = await house.sign_in(house.ann)
    browser.cookies["sid"] = other.cookies["sid"]
    answer = await browser.get(resume)
    assert answer.status == 302
    assert "code" in parameters(answer)


async def test_a_session_met_only_at_the_page_is_used(house: House):
    """A request that a form of another site posted comes without cookies and meets the session at the page."""
    browser = house.browser()
    await browser.open(AUTHORIZE)
    page = browser.page
    other = await house.sign_in(house.ann)
    browser.cookies["sid"] = other.cookies["sid"]
    answer = await browser.get(page)
    assert answer.status == 302
    assert "code" in parameters(answer)


async def test_a_fresh_sign_in_is_asked_for_by_name(house: House):
    browser = await house.sign_in(house.ann)
    house.clock.ahead_ms = 10_000
    page = await browser.open(AUTHORIZE + "&prompt=login")
    assert page.status == 200
    assert "Confirm that it is you" in page.text
    assert read_form(page).fields["username"]["value"] == "ann@example.com"
    answer = await submit(house, browser, "ann@example.com", PASSWORD)
    assert "code" in parameters(answer)


# --- a sign-in that leads to nothing in particular ---


async def test_signing_in_for_its_own_sake_ends_at_the_start_page(house: House):
    browser = house.browser()
    page = await browser.open(LOGIN)
    assert page.status == 200
    answer = await submit(house, browser, "ann@example.com", PASSWORD)
    assert answer.status == 303
    assert answer.location == f"{BASE}/app/UserHome"
    home = await browser.get(answer.location)
    assert "Ann Lee" in home.text


async def test_who_is_signed_in_is_not_asked_again(house: House):
    browser = await house.sign_in(house.ann)
    answer = await browser.get(f"{LOGIN}?fromURI=%2Fapp%2FUserHome%3Fx%3D1")
    assert answer.status == 302
    assert answer.location == f"{BASE}/app/UserHome?x=1"


@pytest.mark.parametrize(
    ("asked", "location"),
    [
        ("/app/UserHome", f"{BASE}/app/UserHome"),
        ("/app/a/b/sso/saml?RelayState=%2Fdeep%20link&x=1", f"{BASE}/app/a/b/sso/saml?RelayState=%2Fdeep%20link&x=1"),
        (f"{BASE}/app/x", f"{BASE}/app/x"),
        (f"{TRUSTED}/welcome?x=1#top", f"{TRUSTED}/welcome?x=1#top"),
        ("/app/x?sessionToken=20tabc&y=2&onetimetoken=3", f"{BASE}/app/x?y=2"),
        ("/app/x?session%54oken=20tabc", f"{BASE}/app/x"),
    ],
)
async def test_where_a_sign_in_may_lead(house: House, asked: str, location: str):
    browser = house.browser()
    page = await browser.open(f"{LOGIN}?fromURI={quote(asked, safe='')}")
    assert page.status == 200, page.text
    answer = await submit(house, browser, "ann@example.com", PASSWORD)
    assert answer.location == location


@pytest.mark.parametrize(
    "asked",
    [
        "https://evil.example/",
        "//evil.example/",
        "/\\evil.example/",
        "https:evil.example",
        f"{TRUSTED}.evil.example/",
        f"{TRUSTED}@evil.example/",
        f"{CORS_ONLY}/",
        "http://login.example.com/",
        f"{BASE}.evil.example/",
        f"{BASE}0/",
        "javascript:alert(1)",
        "/a/../b",
        "/x\r\nset-cookie:a=b",
        "x" * 3000,
    ],
)
async def test_F2_01_a_sign_in_leads_nowhere_else(house: House, asked: str):
    answer = await house.browser().get(f"{LOGIN}?fromURI={quote(asked, safe='')}")
    assert answer.status == 400
    assert house.events.seen[-1].reason == "return_address"
    assert "evil" not in answer.text


async def test_AU_12_an_address_is_judged_again_when_it_is_used(house: House):
    from dataclasses import replace

    browser = house.browser()
    await browser.open(f"{LOGIN}?fromURI={quote(TRUSTED, safe='')}%2Fwelcome")
    (origin,) = [o for o in await house.store.trusted_origins(house.org.id) if o.origin == TRUSTED]
    gone = replace(origin, status="inactive")
    await house.store.put_trusted_origin(gone, house.where().event("trusted_origin.update"))
    answer = await submit(house, browser, "ann@example.com", PASSWORD)
    assert answer.status == 400
    assert "sid" not in browser.cookies


async def test_a_form_without_a_waiting_request_starts_one(house: House):
    answer = await house.browser().post_form(LOGIN, {"username": "ann@example.com", "password": PASSWORD})
    assert answer.status == 303
    assert answer.location.startswith(f"{BASE}{LOGIN}?fromURI=")


# --- a ticket did not do, or is somebody else's ---


async def test_a_ticket_that_did_not_do_is_explained_and_no_session_steps_in(house: House):
    browser = await house.sign_in(house.ann)
    token = await house.session_token(house.bob)
    address = f"{AUTHORIZE}&sessionToken={token}"
    # Spent by somebody else first
    assert (await house.browser().get(f"{address}&prompt=none")).status == 302
    page = await browser.open(address)
    assert page.status == 200
    refused = house.events.seen[-1]
    assert refused.reason == "ticket_not_usable"
    assert refused.id in page.text
    assert "could not be used" in page.text
    answer = await submit(house, browser, "bob@example.com", PASSWORD)
    assert "code" in parameters(answer)


async def test_OT_15_the_sign_in_of_somebody_else_is_asked_about(house: House):
    browser = await house.sign_in(house.ann)
    token = await house.session_token(house.bob)
    page = await browser.open(f"{AUTHORIZE}&sessionToken={token}")
    assert page.status == 200
    assert "Continue as Bob Stone?" in page.text
    assert "Ann Lee" in page.text
    form = read_form(page)
    assert form.method == "post"
    assert [(button["name"], button["value"]) for button in form.buttons] == [
        ("choice", "continue"),
        ("choice", "stay"),
    ]
    assert (await browser.get("/api/v1/sessions/me")).json["login"] == "ann@example.com"
    assert token not in page.text


async def test_continuing_changes_the_session(house: House):
    browser = await house.sign_in(house.ann)
    old = browser.cookies["sid"]
    token = await house.session_token(house.bob)
    await browser.open(f"{AUTHORIZE}&sessionToken={token}")
    answer = await browser.post_form(browser.page, {"choice": "continue"})
    assert answer.status == 303
    assert "code" in parameters(answer)
    assert (await browser.get("/api/v1/sessions/me")).json["login"] == "bob@example.com"
    assert (await house.browser().get("/api/v1/sessions/me", cookie=f"sid={old}")).status == 404


async def test_staying_tells_the_application_and_spends_the_ticket(house: House):
    browser = await house.sign_in(house.ann)
    token = await house.session_token(house.bob)
    await browser.open(f"{AUTHORIZE}&sessionToken={token}")
    page = browser.page
    answer = await browser.post_form(page, {"choice": "stay"})
    assert answer.status == 303
    assert parameters(answer)["error"] == "access_denied"
    assert parameters(answer)["state"] == "xyz"
    assert (await browser.get("/api/v1/sessions/me")).json["login"] == "ann@example.com"
    assert (await browser.post_form(page, {"choice": "continue"})).status == 400
    again = await house.browser().get(f"{AUTHORIZE}&prompt=none&sessionToken={token}")
    assert parameters(again)["error"] == "login_required"


@pytest.mark.parametrize("fields", [{}, {"choice": "maybe"}, {"username": "ann@example.com", "password": PASSWORD}])
async def test_nothing_but_the_two_buttons_answers_the_question(house: House, fields: dict[str, str]):
    browser = await house.sign_in(house.ann)
    token = await house.session_token(house.bob)
    await browser.open(f"{AUTHORIZE}&sessionToken={token}")
    answer = await browser.post_form(browser.page, fields)
    assert answer.status == 400
    assert (await browser.get("/api/v1/sessions/me")).json["login"] == "ann@example.com"


async def test_OT_15_another_site_cannot_answer_the_question(house: House):
    browser = await house.sign_in(house.ann)
    token = await house.session_token(house.bob)
    await browser.open(f"{AUTHORIZE}&sessionToken={token}")
    # Lax cookies stay away from a form that another site posts.
    cookies, browser.cookies = browser.cookies, {}
    answer = await browser.post_form(browser.page, {"choice": "continue"})
    assert answer.status == 400
    browser.cookies = cookies
    assert (await browser.get("/api/v1/sessions/me")).json["login"] == "ann@example.com"
