"""The hosted pages of the second factor, form by form: what is kept, what is refused, and who wins a race."""

import asyncio
import re
import sqlite3
from dataclasses import replace
from pathlib import Path
from urllib.parse import urlencode

import pyotp
import pytest
from tests.unit.dialects.okta.authn_scene import Scene
from tests.unit.dialects.okta.conftest import BASE, CALLBACK, PASSWORD, Answer, Browser, House, read_page

from segue.core.org import Domain
from segue.core.requirement import Requirement
from segue.core.user import User
from segue.web.message import Site

SIGN_IN = "/login/login.htm"
HOME = "/app/UserHome"
ADD = f"{HOME}/factors/add"


@pytest.fixture
async def scene(house: House) -> Scene:
    scene = Scene(house, house.browser())
    await scene.ask_for_second_factors()
    return scene


async def password(browser: Browser, user: User, address: str = SIGN_IN) -> Answer:
    """The page after the right password."""
    page = await browser.open(address)
    assert page.status == 200, page.text
    return await onward(browser, await browser.post_form(browser.page, {"username": user.login, "password": PASSWORD}))


async def onward(browser: Browser, answer: Answer) -> Answer:
    """Follows an answer to the page that it leads to."""
    if answer.status in (302, 303) and answer.location.startswith(f"{BASE}/"):
        return await browser.open(answer.location)
    return answer


def fields(page: Answer, form: int = 0) -> dict[str, str]:
    return {name: found.get("value", "") for name, found in read_page(page).forms[form].fields.items()}


async def answer_with(browser: Browser, page: Answer, **more: str) -> Answer:
    """Posts the first form of a page."""
    form = read_page(page).forms[0]
    return await browser.post_form(form.action or browser.page, {**fields(page), **more})


def is_signed_in(browser: Browser) -> bool:
    return "sid" in browser.cookies


def events(folder: Path, *types: str) -> list[str]:
    """The types of what was written, as often as it was."""
    with sqlite3.connect(folder / "segue.db") as database:
        rows = database.execute("SELECT type FROM events").fetchall()
    return sorted(type for (type,) in rows if type in types)


async def test_a_code_completes_the_sign_in_and_both_proofs_are_on_record(scene: Scene, tmp_path: Path):
    _, offer = await scene.enrolled("totp")
    page = await password(scene.browser, scene.house.ann)
    assert page.status == 200
    assert fields(page)["passcode"] == ""
    assert not is_signed_in(scene.browser)
    answer = await answer_with(scene.browser, page, passcode=scene.code(offer))
    assert answer.status == 303
    assert answer.location == f"{BASE}{HOME}"
    assert is_signed_in(scene.browser)
    me = (await scene.browser.get("/api/v1/sessions/me")).json
    assert set(me["amr"]) == {"pwd", "otp", "mfa"}
    assert events(tmp_path, "sign_in.password", "factor.verify", "session.open") == [
        "factor.verify",
        "session.open",
        "sign_in.password",
    ]


async def test_AU_08_of_two_sign_ins_by_one_code_at_once_one_wins(scene: Scene):
    _, offer = await scene.enrolled("totp")
    browsers = [scene.house.browser() for _ in range(4)]
    pages = [await password(browser, scene.house.ann) for browser in browsers]
    code = scene.code(offer)
    answers = await asyncio.gather(
        *(answer_with(browser, page, passcode=code) for browser, page in zip(browsers, pages, strict=True))
    )
    assert sorted(answer.status for answer in answers) == [303, 401, 401, 401]
    assert sum(map(is_signed_in, browsers)) == 1
    for browser, answer in zip(browsers, answers, strict=True):
        if answer.status == 401:
            assert "used" in answer.text
            scene.house.clock.ahead_ms += 30_000
            again = await answer_with(browser, answer, passcode=scene.code(offer))
            assert again.status == 303, again.text


async def test_a_waiting_page_is_used_once(scene: Scene):
    _, offer = await scene.enrolled("totp")
    page = await password(scene.browser, scene.house.ann)
    waiting = scene.browser.page
    assert (await answer_with(scene.browser, page, passcode=scene.code(offer))).status == 303
    scene.house.clock.ahead_ms += 30_000
    again = await scene.browser.post_form(waiting, {**fields(page), "passcode": scene.code(offer)})
    assert again.status == 400
    assert "interaction_gone" in again.text


async def test_OT_15_a_waiting_page_is_of_no_use_elsewhere(scene: Scene):
    _, offer = await scene.enrolled("totp")
    page = await password(scene.browser, scene.house.ann)
    stranger = scene.house.browser()
    answer = await stranger.post_form(scene.browser.page, {**fields(page), "passcode": scene.code(offer)})
    assert answer.status == 400
    assert not is_signed_in(stranger)


async def test_what_was_proved_on_the_way_is_good_for_an_hour(scene: Scene):
    """However often the page is asked for anew."""
    factor, offer = await scene.enrolled("totp")
    page = await password(scene.browser, scene.house.ann)
    for _ in range(2):
        scene.house.clock.ahead_ms += 25 * 60_000
        again = await scene.browser.post_form(scene.browser.page, {"step": "ask", "factor": factor.id})
        page = await onward(scene.browser, again)
        assert page.status == 200
    scene.house.clock.ahead_ms += 25 * 60_000
    answer = await answer_with(scene.browser, page, passcode=scene.code(offer))
    assert "interaction_gone" in answer.text
    assert not is_signed_in(scene.browser)


async def test_a_change_of_the_user_ends_what_waits(scene: Scene):
    """The password that was proved is no longer one."""
    _, offer = await scene.enrolled("totp")
    page = await password(scene.browser, scene.house.ann)
    await scene.change_user(stamp=scene.house.ann.stamp + 1)
    answer = await answer_with(scene.browser, page, passcode=scene.code(offer))
    assert answer.status == 400
    assert "changed_meanwhile" in answer.text
    assert not is_signed_in(scene.browser)


async def test_a_change_of_the_user_stores_no_factor(scene: Scene):
    page = await password(scene.browser, scene.house.ann)
    page = await onward(scene.browser, await answer_with(scene.browser, page, type="totp"))
    await scene.change_user(stamp=scene.house.ann.stamp + 1)
    answer = await answer_with(scene.browser, page, passcode=pyotp.TOTP(secret_on(page)).now())
    assert "changed_meanwhile" in answer.text
    assert not is_signed_in(scene.browser)
    assert [one for one in await factors(scene) if one.active] == []


async def test_what_cannot_be_used_is_no_reason_to_set_up_another(scene: Scene):
    """Or the password alone would do, whenever a provider is away."""
    await scene.enrolled("totp")
    await scene.house.configure(factors=("email", "recovery_code"))
    answer = await password(scene.browser, scene.house.ann)
    assert "None of your factors can be used here now" in answer.text
    for step in ({"step": "enroll", "type": "email"}, {"step": "choose"}):
        refused = await scene.browser.post_form(scene.browser.page, step)
        assert "None of your factors" in refused.text
    assert not is_signed_in(scene.browser)


async def test_who_has_a_factor_does_not_set_up_another_instead(scene: Scene):
    await scene.enrolled("totp")
    await password(scene.browser, scene.house.ann)
    for step in ("enroll", "activate", "resend"):
        answer = await scene.browser.post_form(scene.browser.page, {"step": step, "type": "email", "passcode": "1"})
        assert answer.status == 400
        assert "malformed" in answer.text
    assert len(await factors(scene)) == 1


async def test_a_factor_of_somebody_else_is_none(scene: Scene):
    await scene.enrolled("totp")
    other, offer = await scene.enrolled("totp", scene.house.bob)
    await password(scene.browser, scene.house.ann)
    for step in ("verify", "ask"):
        answer = await scene.browser.post_form(
            scene.browser.page, {"step": step, "factor": other.id, "passcode": scene.code(offer)}
        )
        assert answer.status == 400
    assert not is_signed_in(scene.browser)


@pytest.mark.parametrize("step", ["", "verify", "continue", "é" * 40, "restart\x00"])
async def test_nonsense_is_refused_in_words(scene: Scene, step: str):
    await scene.enrolled("totp")
    await password(scene.browser, scene.house.ann)
    answer = await scene.browser.post_form(scene.browser.page, {"step": step, "factor": "é"})
    assert answer.status == 400
    assert "event-id" in answer.text


@pytest.mark.parametrize(
    "typed", ["", "1", "123456789", "\u0661\u0662\u0663\u0664\u0665\u0666", "a" * 8000, "\U0001f600"]
)
async def test_codes_that_are_none(scene: Scene, typed: str):
    await scene.enrolled("totp")
    page = await password(scene.browser, scene.house.ann)
    answer = await answer_with(scene.browser, page, passcode=typed)
    assert answer.status == 401
    assert "not the right answer" in answer.text


async def test_a_session_steps_up_and_changes_its_cookie(house: House):
    """OT-16: what a session is good for grew, so its old cookie is dead."""
    scene = Scene(house, await house.sign_in(house.ann))
    _, offer = await scene.enrolled("totp")
    await house.store.put_application(
        replace(house.web, requirement=Requirement(factors=2)), house.where().event("application.update")
    )
    before = scene.browser.cookies["sid"]
    page = await scene.browser.open(authorize())
    assert "to go on to" in page.text
    answer = await answer_with(scene.browser, page, passcode=scene.code(offer))
    assert answer.location.startswith(f"{CALLBACK}?")
    assert scene.browser.cookies["sid"] != before
    assert (await house.browser().get("/api/v1/sessions/me", cookie=f"sid={before}")).status == 404


async def test_no_page_where_none_may_be_shown(house: House):
    scene = Scene(house, await house.sign_in(house.ann))
    await scene.enrolled("totp")
    await house.store.put_application(
        replace(house.web, requirement=Requirement(factors=2)), house.where().event("application.update")
    )
    answer = await scene.browser.get(authorize(prompt="none"))
    assert "error=" in answer.location


async def test_a_session_that_ended_meanwhile_proves_nothing(house: House):
    """The second factor alone signs nobody in."""
    scene = Scene(house, await house.sign_in(house.ann))
    _, offer = await scene.enrolled("totp")
    await house.store.put_application(
        replace(house.web, requirement=Requirement(factors=2)), house.where().event("application.update")
    )
    page = await scene.browser.open(authorize())
    del scene.browser.cookies["sid"]
    answer = await onward(scene.browser, await answer_with(scene.browser, page, passcode=scene.code(offer)))
    assert 'name="password"' in answer.text
    assert not is_signed_in(scene.browser)


async def test_a_ticket_is_asked_for_its_second_factor_too(scene: Scene):
    _, offer = await scene.enrolled("totp")
    token = await scene.house.mint(scene.house.ann)
    page = await scene.browser.open(authorize(sessionToken=token))
    assert 'name="passcode"' in page.text
    answer = await answer_with(scene.browser, page, passcode=scene.code(offer))
    assert answer.location.startswith(f"{CALLBACK}?")


async def test_AU_13_a_session_of_this_morning_sets_nothing_up(house: House):
    scene = Scene(house, await house.sign_in(house.ann))
    await house.store.put_application(
        replace(house.web, requirement=Requirement(factors=2)), house.where().event("application.update")
    )
    house.clock.ahead_ms += 6 * 60_000
    page = await scene.browser.open(authorize())
    assert "Confirm that it is you" in page.text
    answer = await scene.browser.post_form(scene.browser.page, {"username": house.ann.login, "password": PASSWORD})
    assert "Set up a second factor" in (await onward(scene.browser, answer)).text


async def test_AU_13_a_choice_left_open_is_confirmed_again(scene: Scene):
    page = await password(scene.browser, scene.house.ann)
    scene.house.clock.ahead_ms += 6 * 60_000
    answer = await onward(scene.browser, await answer_with(scene.browser, page, type="totp"))
    assert "Confirm that it is you" in answer.text


async def test_recovery_codes_are_shown_once_and_work_once(scene: Scene):
    page = await password(scene.browser, scene.house.ann)
    page = await onward(scene.browser, await answer_with(scene.browser, page, type="totp"))
    waiting = scene.browser.page
    shown = await answer_with(scene.browser, page, passcode=pyotp.TOTP(secret_on(page)).now())
    codes = re.findall(r"<code>(\w{5}-\w{5})</code>", shown.text)
    assert len(set(codes)) == 10
    assert shown.header("cache-control") == "no-cache, no-store"
    assert codes[0] not in (await scene.browser.get(waiting)).text
    assert codes[0] not in (await scene.browser.open(HOME)).text

    for status in (303, 401):
        browser = scene.house.browser()
        await password(browser, scene.house.ann)
        chosen = next(one for one in await factors(scene) if one.type == "recovery_code")
        page = await onward(browser, await browser.post_form(browser.page, {"step": "ask", "factor": chosen.id}))
        assert (await answer_with(browser, page, passcode=codes[0])).status == status


async def test_the_setup_page_stores_nothing_before_its_answer(scene: Scene):
    page = await password(scene.browser, scene.house.ann)
    page = await onward(scene.browser, await answer_with(scene.browser, page, type="totp"))
    assert await factors(scene) == []
    assert secret_on(page) == secret_on(await scene.browser.get(scene.browser.page))


async def test_a_question_is_no_second_factor_of_a_password(scene: Scene):
    page = await password(scene.browser, scene.house.ann)
    answer = await answer_with(scene.browser, page, type="question", question="first_pet", answer="Rex the dog")
    assert "cannot be set up here" in answer.text


async def test_AU_13_a_password_does_not_change_the_factors_of_somebody_who_has_two(house: House):
    scene = Scene(house, await house.sign_in(house.ann))
    factor, offer = await scene.enrolled("totp")
    for address in (ADD, remove(factor.id)):
        page = await scene.browser.open(address)
        assert 'name="passcode"' in page.text, address
    posted = await scene.browser.post_form(remove(factor.id), {})
    assert posted.status == 303
    assert len(await factors(scene)) == 1
    page = await scene.browser.open(remove(factor.id))
    await answer_with(scene.browser, page, passcode=scene.code(offer))
    page = await scene.browser.open(remove(factor.id))
    assert "Remove this factor?" in page.text


async def test_LO_01_another_site_cannot_remove_a_factor(house: House):
    scene = Scene(house, house.browser())
    factor, offer = await scene.enrolled("totp")
    await house.configure(second_factor_groups=())
    await password(scene.browser, house.ann)
    page = await scene.browser.open(remove(factor.id))
    await answer_with(scene.browser, page, passcode=scene.code(offer))
    for given in ({}, {"form_token": "a" * 64}):
        assert (await scene.browser.post_form(remove(factor.id), given)).status == 400
    assert len(await factors(scene)) == 1
    page = await scene.browser.open(remove(factor.id))
    assert (await answer_with(scene.browser, page)).location == f"{BASE}{HOME}"
    assert await factors(scene) == []


async def test_a_factor_of_somebody_else_is_not_removed(house: House):
    scene = Scene(house, await house.sign_in(house.ann))
    other, _ = await scene.enrolled("totp", house.bob)
    assert (await scene.browser.get(remove(other.id))).status == 404
    assert (await scene.browser.post_form(remove(other.id), {})).status == 404
    assert len(await house.store.factors(house.org.id, house.bob.id)) == 1


@pytest.mark.parametrize("address", [ADD, f"{HOME}/factors/fac0000000000000001/remove"])
async def test_a_stranger_signs_in_first(house: House, address: str):
    page = await house.browser().open(address)
    assert 'name="password"' in page.text


async def test_a_removed_factor_forgets_the_browsers(scene: Scene):
    await scene.house.configure(remember_device_s=3600)
    factor, offer = await scene.enrolled("totp")
    await scene.enrolled("recovery_code")
    await password(scene.browser, scene.house.ann)
    chosen = await scene.browser.post_form(scene.browser.page, {"step": "ask", "factor": factor.id})
    page = await onward(scene.browser, chosen)
    await answer_with(scene.browser, page, passcode=scene.code(offer), remember="yes")
    assert await scene.house.store.remembers_device(scene.house.org.id, scene.house.ann.id, scene.browser.cookies["DT"])
    page = await scene.browser.open(remove(factor.id))
    assert (await answer_with(scene.browser, page)).status == 303
    assert not await scene.house.store.remembers_device(
        scene.house.org.id, scene.house.ann.id, scene.browser.cookies["DT"]
    )


async def test_remembering_has_to_be_allowed(scene: Scene):
    _, offer = await scene.enrolled("totp")
    page = await password(scene.browser, scene.house.ann)
    assert 'name="remember"' not in page.text
    await answer_with(scene.browser, page, passcode=scene.code(offer), remember="yes")
    assert is_signed_in(scene.browser)
    assert "DT" not in scene.browser.cookies


async def test_OT_16_a_planted_device_is_not_taken_over(scene: Scene):
    """Over https a sibling host may set DT; whoever is remembered afterwards must not share it."""
    house = scene.house
    await house.configure(remember_device_s=3600)
    domain = Domain("id.example.com", house.org.id, house.domain.dialect, "https")
    await house.store.put_domain(domain, house.where().event("domain.create"))
    house.sites[domain.authority] = Site(house.org, domain)
    _, offer = await scene.enrolled("totp")
    base = domain.base_url
    browser = Browser(house.edge, cookies={"DT": "planted"})
    begun = await browser.get(f"{base}{SIGN_IN}")
    asked = await browser.post_form(begun.location, {"username": house.ann.login, "password": PASSWORD})
    page = await browser.get(asked.location)
    answer = await browser.post_form(asked.location, {**fields(page), "passcode": scene.code(offer), "remember": "yes"})
    assert answer.status == 303
    assert browser.cookies["DT"] != "planted"
    assert "__Host-segue-device-proof" in browser.cookies
    assert not await house.store.remembers_device(house.org.id, house.ann.id, "planted")

    # Without its proof the remembered value is worth nothing either.
    thief = Browser(house.edge, cookies={"DT": browser.cookies["DT"]})
    begun = await thief.get(f"{base}{SIGN_IN}")
    asked = await thief.post_form(begun.location, {"username": house.ann.login, "password": PASSWORD})
    assert 'name="passcode"' in (await thief.get(asked.location)).text


async def test_the_own_page_shows_applications_and_factors(house: House):
    scene = Scene(house, await house.sign_in(house.ann))
    page = await scene.browser.get(HOME)
    assert "Expenses" not in page.text, "an application without a link is started elsewhere"
    await scene.enrolled("recovery_code")
    await scene.enrolled("totp")
    await scene.enrolled("totp", provider="alternative")
    text = " ".join(read_page(await scene.browser.get(HOME)).texts)
    for expected in ("Authenticator app 1", "Authenticator app 2", "Recovery code", "10 left"):
        assert expected in text


def authorize(**more: str) -> str:
    parameters = {
        "client_id": "webclient",
        "redirect_uri": CALLBACK,
        "response_type": "code",
        "scope": "openid",
        "state": "s",
        **more,
    }
    return f"/oauth2/v1/authorize?{urlencode(parameters)}"


def remove(factor_id: str) -> str:
    return f"{HOME}/factors/{factor_id}/remove"


def secret_on(page: Answer) -> str:
    found = re.search(r'id="totp-secret">([A-Z2-7 ]+)<', page.text)
    assert found, page.text
    return found[1].replace(" ", "")


async def factors(scene: Scene):
    return list(await scene.house.store.factors(scene.house.org.id, scene.house.ann.id))
