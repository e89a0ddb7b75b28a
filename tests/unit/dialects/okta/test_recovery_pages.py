"""The pages behind the link of a recovery mail: a scanner burns nothing, a person gets in again."""

import re

import pytest
from tests.unit.dialects.okta.authn_scene import ALL_FACTORS, Scene
from tests.unit.dialects.okta.conftest import BASE, PASSWORD, House

NEW = "plums grow on the northern wall"


@pytest.fixture
async def scene(house: House) -> Scene:
    await house.configure(factors=ALL_FACTORS)
    return Scene(house, house.browser())


async def mailed_link(scene: Scene, path: str = "/recovery/password", page: str = "reset-password") -> str:
    asked = await scene.post(path, {"username": "ann@example.com", "factorType": "EMAIL"})
    assert asked.status == 200
    (link,) = re.findall(rf"{BASE}(/signin/{page}/\S+)", await scene.last_mail())
    return link


def transaction_of(text: str) -> str:
    (token,) = re.findall(r'name="transaction" value="([^"]+)"', text)
    return token


async def signs_in(scene: Scene, password: str) -> bool:
    answer = await scene.post("", {"username": "ann@example.com", "password": password})
    return answer.status == 200


async def test_a_new_password_by_the_link_of_a_mail(scene: Scene):
    link = await mailed_link(scene)
    browser = scene.house.browser()
    for _ in range(3):  # a mail scanner looks, and so does the person: nothing is spent
        first = await browser.get(link)
        assert first.status == 200
        assert 'id="recovery-begin"' in first.text
    second = await browser.post_form(link, {"step": "begin"})
    assert second.status == 200
    token = transaction_of(second.text)
    wrong = {"step": "password", "transaction": token, "password": NEW, "password_again": "another one"}
    again = await browser.post_form(link, wrong)
    assert again.status == 400
    assert "not the same" in again.text
    weak = await browser.post_form(link, wrong | {"password": "password", "password_again": "password"})
    assert weak.status == 400
    assert "evt" in weak.text
    done = await browser.post_form(link, wrong | {"password_again": NEW})
    assert "Your password is set" in done.text
    assert await signs_in(scene, NEW)
    assert not await signs_in(scene, PASSWORD)


async def test_OT_01_a_link_begins_one_recovery(scene: Scene):
    link = await mailed_link(scene)
    browser = scene.house.browser()
    assert (await browser.post_form(link, {"step": "begin"})).status == 200
    used = await browser.post_form(link, {"step": "begin"})
    assert used.status in (400, 401, 403)
    assert "evt" in used.text


@pytest.mark.parametrize("token", ["x", "20r" + "0" * 17 + "." + "0" * 43, "a.b"])
async def test_OT_13_a_link_that_is_none_shows_the_same_first_page(scene: Scene, token: str):
    browser = scene.house.browser()
    good = await browser.get(await mailed_link(scene))
    bad = await browser.get(f"/signin/reset-password/{token}")
    assert re.sub(r'nonce="[^"]*"', "", bad.text) == re.sub(r'nonce="[^"]*"', "", good.text)
    refused = await browser.post_form(f"/signin/reset-password/{token}", {"step": "begin"})
    assert refused.status in (400, 401, 403)
    for step in ("answer", "password"):
        fields = {"step": step, "transaction": token, "answer": "x", "password": NEW, "password_again": NEW}
        assert (await browser.post_form(f"/signin/reset-password/{token}", fields)).status in (400, 401, 403)
