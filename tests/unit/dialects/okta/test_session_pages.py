"""The start page and signing out."""

from dataclasses import replace
from urllib.parse import quote

import pytest
from tests.unit.dialects.okta.conftest import BASE, CORS_ONLY, PASSWORD, TRUSTED, Browser, House, read_form, read_page

from segue.core.org import Domain
from segue.web.message import Site

SIGN_OUT = "/login/signout"
ME = "/api/v1/sessions/me"


@pytest.mark.parametrize("address", ["/", "/app/UserHome"])
async def test_the_start_page_of_a_stranger(house: House, address: str):
    answer = await house.browser().get(address)
    assert answer.status == 200
    assert "Acme &amp; Daughters" in answer.text
    links = {attrs["href"] for tag, attrs in read_page(answer).tags if tag == "a"}
    assert links == {"/login/login.htm", "http://localhost:9103/"}
    assert "Every flow, &lt;step&gt; by step" in answer.text
    assert answer.all("set-cookie") == []


@pytest.mark.parametrize("address", ["/", "/app/UserHome"])
async def test_the_start_page_says_who_since_when_and_how(house: House, address: str):
    browser = await house.sign_in(house.ann)
    answer = await browser.get(address)
    assert answer.status == 200
    assert "Ann Lee" in answer.text
    assert "ann@example.com" in answer.text
    assert "password" in answer.text
    assert "<time datetime=" in answer.text
    form = read_form(answer)
    assert (form.method, form.action) == ("post", SIGN_OUT)
    assert list(form.fields) == ["form_token"]


async def test_the_sign_out_button(house: House):
    browser = await house.sign_in(house.ann)
    cookie = browser.cookies["sid"]
    form = read_form(await browser.get("/"))
    fields = {name: found["value"] for name, found in form.fields.items()}
    answer = await browser.post_form(form.action, fields)
    assert answer.status == 303
    assert answer.location == f"{BASE}{SIGN_OUT}"
    assert "sid" not in browser.cookies
    assert (await house.browser().get(ME, cookie=f"sid={cookie}")).status == 404
    page = await browser.get(answer.location)
    assert page.status == 200
    assert "You are signed out" in page.text


@pytest.mark.parametrize("fields", [{}, {"form_token": ""}, {"form_token": "a" * 64}, {"form_token": "é"}])
async def test_LO_01_another_site_cannot_press_the_button(house: House, fields: dict[str, str]):
    browser = await house.sign_in(house.ann)
    answer = await browser.post_form(SIGN_OUT, fields, origin=TRUSTED)
    assert answer.status == 400
    assert house.events.seen[-1].reason == "form_token"
    assert (await browser.get(ME)).status == 200


async def test_a_form_of_another_session_does_not_sign_out(house: House):
    ann, bob = await house.sign_in(house.ann), await house.sign_in(house.bob)
    token = read_form(await ann.get("/")).fields["form_token"]["value"]
    assert (await bob.post_form(SIGN_OUT, {"form_token": token})).status == 400
    assert (await bob.get(ME)).status == 200


async def test_a_link_signs_out(house: House):
    browser = await house.sign_in(house.ann)
    cookie = browser.cookies["sid"]
    answer = await browser.get(SIGN_OUT, sec_fetch_site="cross-site", sec_fetch_user="?1", sec_fetch_dest="document")
    assert answer.status == 200
    assert "You are signed out" in answer.text
    assert "sid" not in browser.cookies
    assert (await house.browser().get(ME, cookie=f"sid={cookie}")).status == 404


@pytest.mark.parametrize(
    ("asked", "location"),
    [
        ("/app/UserHome", f"{BASE}/app/UserHome"),
        (f"{TRUSTED}/bye?x=1", f"{TRUSTED}/bye?x=1"),
        (f"{BASE}/", f"{BASE}/"),
    ],
)
async def test_signing_out_goes_on_where_it_may(house: House, asked: str, location: str):
    browser = await house.sign_in(house.ann)
    answer = await browser.get(f"{SIGN_OUT}?fromURI={quote(asked, safe='')}")
    assert answer.status == 302
    assert answer.location == location
    assert (await browser.get(ME)).status == 404


@pytest.mark.parametrize("asked", ["https://evil.example/", f"{CORS_ONLY}/", "//evil.example", "/\\evil.example"])
async def test_F2_01_signing_out_goes_nowhere_else(house: House, asked: str):
    browser = await house.sign_in(house.ann)
    answer = await browser.get(f"{SIGN_OUT}?fromURI={quote(asked, safe='')}")
    assert answer.status == 200
    assert "You are signed out" in answer.text
    assert "evil" not in answer.text
    assert (await browser.get(ME)).status == 404
    assert "return_address" in {event.reason for event in house.events.seen}


async def test_signing_out_without_a_session(house: House):
    assert "You are signed out" in (await house.browser().get(SIGN_OUT)).text
    answer = await house.browser().get(f"{SIGN_OUT}?fromURI=%2Fapp%2FUserHome")
    assert answer.location == f"{BASE}/app/UserHome"
    assert (await house.browser().post_form(SIGN_OUT, {})).status == 303


@pytest.mark.parametrize(
    "headers",
    [
        {"sec_fetch_site": "cross-site", "sec_fetch_dest": "document"},
        {"sec_fetch_site": "cross-site", "sec_fetch_dest": "iframe"},
        {"sec_fetch_site": "same-site", "sec_fetch_dest": "iframe"},
    ],
)
async def test_LO_01_a_sign_out_nobody_clicked_is_asked_about(house: House, headers: dict[str, str]):
    browser = await house.sign_in(house.ann)
    address = f"{SIGN_OUT}?fromURI={quote(TRUSTED, safe='')}%2Fbye"
    answer = await browser.get(address, **headers)
    assert answer.status == 200
    assert (await browser.get(ME)).status == 200
    form = read_form(answer)
    fields = {name: found["value"] for name, found in form.fields.items()}
    answer = await browser.post_form(form.action, fields)
    assert answer.status == 303
    assert answer.location == f"{TRUSTED}/bye"
    assert (await browser.get(ME)).status == 404


@pytest.mark.parametrize("destination", ["image", "script", "empty", "style", "object"])
async def test_LO_01_no_image_signs_anybody_out(house: House, destination: str):
    browser = await house.sign_in(house.ann)
    answer = await browser.get(SIGN_OUT, sec_fetch_dest=destination)
    assert answer.status == 400
    assert (await browser.get(ME)).status == 200


async def test_HEAD_and_prefetch_sign_nobody_out(house: House):
    browser = await house.sign_in(house.ann)
    assert (await browser.send("HEAD", SIGN_OUT)).status == 204
    assert (await browser.get(SIGN_OUT, sec_purpose="prefetch")).status == 204
    assert (await browser.get(ME)).status == 200


async def test_the_style_sheet_is_ours_and_cacheable(house: House):
    page = read_page(await house.browser().get("/"))
    sheets = [attrs["href"] for tag, attrs in page.tags if tag == "link" and attrs["rel"] == "stylesheet"]
    assert sheets == ["/static/segue.css"]
    answer = await house.browser().get("/static/segue.css", sec_fetch_dest="style")
    assert answer.status == 200
    assert answer.header("content-type") == "text/css;charset=utf-8"
    assert answer.header("cache-control") == "public, max-age=3600"
    assert "@import" not in answer.text
    assert "url(" not in answer.text


async def test_ED_06_pages_carry_their_headers_and_load_nothing_foreign(house: House):
    browser = house.browser()
    await browser.open("/login/login.htm")
    sign_in = await browser.get(browser.page)
    assert sign_in.header("cross-origin-opener-policy") is None
    pages = [
        await browser.get("/"),
        sign_in,
        await browser.get(SIGN_OUT),
        await browser.get("/nothing/here"),
        await (await house.sign_in(house.ann)).get("/"),
    ]
    for page in pages:
        policy = page.header("content-security-policy")
        assert "default-src 'none'" in policy
        assert "frame-ancestors 'none'" in policy
        assert "unsafe" not in policy
        assert page.header("cache-control") == "no-cache, no-store"
        assert page.header("referrer-policy") == "no-referrer"
        assert page.header("x-content-type-options") == "nosniff"
        if page is not sign_in:  # it may be a pop-up that an application waits for
            assert page.header("cross-origin-opener-policy") == "same-origin"
        tags = read_page(page).tags
        assert ("html", {"lang": "en"}) in tags
        assert not [attrs for tag, attrs in tags if "style" in attrs or tag == "style" or tag == "script"]
        assert not [name for _, attrs in tags for name in attrs if name.startswith("on")]
        loaded = [attrs for tag, attrs in tags if tag in ("link", "img", "script", "iframe", "object")]
        assert all(attrs["href"].startswith(("/static/", "data:")) for attrs in loaded)
        assert page.text.count("<h1") == 1
        assert page.text.count("<title>") == 1


async def test_ED_05_cookies_on_https(house: House):
    domain = Domain("id.example.com", house.org.id, "okta", "https")
    await house.store.put_domain(domain, house.where().event("domain.create"))

    async def find_site(authority: str) -> Site | None:
        return Site(house.org, domain) if authority == domain.authority else None

    browser = Browser(replace(house.edge, find_site=find_site))
    at_home = {"host": domain.authority}
    started = await browser.get("/login/login.htm", **at_home)
    page = started.location.removeprefix(domain.base_url)
    fields = {"username": "ann@example.com", "password": PASSWORD}
    signed_in = await browser.post_form(page, fields, **at_home)
    assert signed_in.status == 303
    set_cookies = started.all("set-cookie") + signed_in.all("set-cookie")
    named = {line.partition("=")[0]: line.partition("; ")[2] for line in set_cookies}
    assert named.keys() == {"sid", "__Host-segue-proof", "__Host-segue-browser", "__Host-segue-known"}
    lasting = named.pop("__Host-segue-known")  # the one that outlives the browser: it opens nothing
    assert lasting == f"Max-Age={400 * 24 * 3600}; Path=/; HttpOnly; SameSite=Lax; Secure"
    assert set(named.values()) == {"Path=/; HttpOnly; SameSite=Lax; Secure"}
    for line in set_cookies:
        assert len(line) < 1024
    assert (await browser.get(ME, **at_home)).status == 200
    del browser.cookies["__Host-segue-proof"]
    assert (await browser.get(ME, **at_home)).status == 404
