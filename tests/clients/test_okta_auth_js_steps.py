"""@okta/okta-auth-js through what takes more than a password: a second factor, setting one up, recovery, unlocking."""

import asyncio
import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, urlsplit

import pytest
from tests import mails
from tests.browser.factor_place import Place, code, running_place
from tests.clients.test_okta_auth_js import run
from tests.installation import TRUSTED_ORIGIN, Person

pytestmark = [pytest.mark.node, pytest.mark.server]

WRONG = "an answer that nobody gave"


@pytest.fixture(scope="module")
def place(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Place]:
    with running_place(tmp_path_factory.mktemp("auth-js")) as place:
        yield place


def settings(place: Place) -> dict[str, Any]:
    spa = place.server.site.org.clients["spa"]
    return {"issuer": f"{place.url}/oauth2/default", "clientId": spa.client_id, "redirectUri": spa.redirect_uri}


def user(person: Person, **changes: str) -> dict[str, str]:
    return {"username": person.login, "password": person.password, **changes}


def answer(script: str, place: Place, **task: object) -> dict[str, Any]:
    outcome = run(script, settings=settings(place), **task)
    assert "error" not in outcome, outcome
    return outcome["answer"]


def wrong_code(shown: dict[str, object]) -> str:
    right = {code(shown, step) for step in range(-2, 4)}
    return next(text for text in (str(digit) * 6 for digit in range(10)) if text not in right)


# --- a second factor --------------------------------------------------------------------------------------------------


async def test_a_code_of_an_authenticator_app(place: Place) -> None:
    person = await place.person()
    shown = await place.enroll(person, "totp")
    found = answer("second_factor.mjs", place, user=user(person), passCode=code(shown), wrongCode=wrong_code(shown))
    assert found["asked"]["status"] == "MFA_REQUIRED"
    assert "sessionToken" not in found["asked"]
    assert [type for type, _ in found["asked"]["factors"]] == ["token:software:totp"]
    assert (found["exists"], found["resumed"], found["looked"]) == (True, "MFA_REQUIRED", "MFA_REQUIRED")
    assert (found["wrong"]["name"], found["wrong"]["errorCode"], found["wrong"]["status"]) == (
        "AuthApiError",
        "E0000068",
        403,
    )
    assert (found["done"]["status"], found["done"]["login"]) == ("SUCCESS", person.login)
    assert found["done"]["sessionToken"]
    assert found["existsAfterwards"] is False
    assert (found["resumedAfterwards"]["errorCode"], found["resumedAfterwards"]["status"]) == ("E0000011", 401)
    assert (found["replayed"]["error"]["errorCode"], found["replayed"]["error"]["status"]) == ("E0000082", 403)
    assert found["replayed"]["afterCancel"]["errorCode"] == "E0000011"


async def test_a_factor_is_set_up_on_the_way_in(place: Place) -> None:
    person = await place.person()
    found = answer("enroll.mjs", place, user=user(person))
    assert (found["asked"], found["shown"], found["back"]) == ("MFA_ENROLL", "MFA_ENROLL_ACTIVATE", "MFA_ENROLL")
    assert found["secretsDiffer"] is True
    assert (found["wrong"]["errorCode"], found["wrong"]["status"]) == ("E0000068", 403)
    assert found["done"]["status"] == "SUCCESS"
    assert found["done"]["sessionToken"]
    assert found["next"] == "MFA_REQUIRED"
    assert [(factor.type, factor.status) for factor in await place.factors(person)] == [("totp", "active")]


async def test_a_request_on_the_users_device(place: Place) -> None:
    person = await place.person(exempt=True)  # setting it up has just sent a request
    await place.enroll(person, "push", name="Pia's phone")
    place.phones.answer = "waiting"
    asked = len(place.phones.asked)
    client = asyncio.create_task(asyncio.to_thread(answer, "push.mjs", place, user=user(person)))
    await asyncio.sleep(2)
    assert len(place.phones.asked) == asked + 1
    assert not client.done(), "nobody said yes"
    place.phones.answer = "approved"
    found = await client
    assert found["waiting"] == {"status": "MFA_CHALLENGE", "factorResult": "WAITING"}
    assert found["polls"] > 0
    assert found["done"]["status"] == "SUCCESS"
    assert found["done"]["sessionToken"]


async def test_a_request_rejected_on_the_users_device(place: Place) -> None:
    person = await place.person(exempt=True)  # setting it up has just sent a request
    await place.enroll(person, "push")
    place.phones.answer = "rejected"
    found = await asyncio.to_thread(answer, "push.mjs", place, user=user(person))
    assert (found["done"]["status"], found["done"]["factorResult"]) == ("MFA_CHALLENGE", "REJECTED")
    assert "sessionToken" not in found["done"]


# --- the session ------------------------------------------------------------------------------------------------------


async def test_the_session_cookie_by_a_redirect(place: Place) -> None:
    person, home = await place.person(grouped=False), f"{TRUSTED_ORIGIN}/after?tab=1"
    found = answer("set_cookie.mjs", place, user=user(person), redirectUrl=home)
    sent = urlsplit(found["address"])
    assert f"{sent.scheme}://{sent.netloc}{sent.path}" == f"{place.url}/login/sessionCookieRedirect"
    assert parse_qs(sent.query)["checkAccountSetupComplete"] == ["true"]
    assert (found["status"], found["location"]) == (302, home)
    assert (found["session"]["status"], found["session"]["login"]) == ("ACTIVE", person.login)
    assert found["again"]["location"].startswith(f"{place.url}/login/login.htm?")
    assert not [cookie for cookie in found["again"]["cookies"] if cookie.startswith("sid=")]


async def test_the_session_cookie_leads_to_no_stranger(place: Place) -> None:
    person = await place.person(grouped=False)
    found = answer("set_cookie.mjs", place, user=user(person), redirectUrl="https://elsewhere.example.net/")
    assert found["status"] == 400
    assert found["location"] is None
    assert found["session"] == {"status": "INACTIVE"}


# --- recovery ---------------------------------------------------------------------------------------------------------


async def recovery_token(place: Place, person: Person, page: str) -> str:
    return await mails.recovery_token(place.sent, person.login, f"{place.url}/signin/{page}/")


async def test_a_forgotten_password(place: Place) -> None:
    person = await place.person(grouped=False)
    request = {"username": person.login, "factorType": "EMAIL"}
    asked = answer("forgotten.mjs", place, call="forgotPassword", request=request)
    assert asked == {
        "status": "RECOVERY_CHALLENGE",
        "factorResult": "WAITING",
        "factorType": "EMAIL",
        "recoveryType": "PASSWORD",
    }
    token = await recovery_token(place, person, "reset-password")
    found = answer("recover.mjs", place, recoveryToken=token, newPassword=f"new {person.password}")
    assert found["seen"] == ["PASSWORD_RESET", "SUCCESS"]
    assert found["sessionToken"]
    assert (found["used"]["errorCode"], found["used"]["status"]) == ("E0000105", 403)
    assert run("sign_in.mjs", settings=settings(place), user=user(person))["error"]["errorCode"] == "E0000004"
    changed = user(person, password=f"new {person.password}")
    assert answer("sign_in.mjs", place, user=changed)["status"] == "SUCCESS"


async def test_whoever_has_a_question_answers_it_first(place: Place) -> None:
    person = await place.person(grouped=False)
    await place.enroll(person, "question", question="first_recipe", answer="Pancakes")
    request = {"username": person.login, "factorType": "EMAIL"}
    answer("forgotten.mjs", place, call="forgotPassword", request=request)
    token = await recovery_token(place, person, "reset-password")
    found = answer(
        "recover.mjs",
        place,
        recoveryToken=token,
        answer="pancakes",
        wrongAnswer=WRONG,
        newPassword=f"new {person.password}",
    )
    assert found["question"] == "Which dish did you learn to cook first?"
    assert (found["wrong"]["errorCode"], found["wrong"]["status"]) == ("E0000087", 403)
    assert found["seen"][:2] == ["RECOVERY", "PASSWORD_RESET"]
    assert WRONG not in json.dumps(found)


async def test_nobody_learns_by_recovery_whether_an_account_exists(place: Place) -> None:
    person = await place.person(grouped=False)
    answers = [
        answer("forgotten.mjs", place, call=call, request={"username": name, "factorType": "EMAIL"})
        for call in ("forgotPassword", "unlockAccount")
        for name in (person.login, "nobody@x.example")
    ]
    assert answers[0] == answers[1]
    assert answers[2] == answers[3]
    assert (answers[0]["recoveryType"], answers[2]["recoveryType"]) == ("PASSWORD", "UNLOCK")


async def test_a_locked_account_is_unlocked(place: Place) -> None:
    person = await place.person(grouped=False)
    for _ in range(6):
        wrong = run("sign_in.mjs", settings=settings(place), user=user(person, password="not it"))["error"]
        assert wrong["errorCode"] == "E0000004"
    assert run("sign_in.mjs", settings=settings(place), user=user(person))["error"]["errorCode"] == "E0000004"

    request = {"username": person.login, "factorType": "EMAIL"}
    asked = answer("forgotten.mjs", place, call="unlockAccount", request=request)
    assert (asked["status"], asked["recoveryType"]) == ("RECOVERY_CHALLENGE", "UNLOCK")
    token = await recovery_token(place, person, "unlock")
    found = answer("recover.mjs", place, recoveryToken=token)
    assert (found["seen"], found["recoveryType"]) == (["SUCCESS"], "UNLOCK")
    assert "sessionToken" not in found, "unlocking signs nobody in"
    assert answer("sign_in.mjs", place, user=user(person))["status"] == "SUCCESS"


def test_the_scripts_are_here() -> None:
    """A script that nothing runs tests nothing."""
    here = Path(__file__).parent
    used = "".join(path.read_text(encoding="utf-8") for path in here.glob("test_*.py"))
    imported = {"browser_less.mjs", "report.mjs"}
    assert [
        path.name for path in (here / "node").glob("*.mjs") if path.name not in imported and path.name not in used
    ] == []
