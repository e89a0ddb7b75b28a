"""The custom login page where Segue does not answer as it should; everything else is tried with Segue itself."""

import json
from collections.abc import AsyncIterator

import httpx
import pytest

from segue.demo.authn_client import CodeWanted, Problem, authenticate, create_session, verify_code
from segue.demo.backend import Backend
from segue.demo.handover import Destinations
from segue.demo.login_app import LoginApp, login_app

OWN, IDP = "http://localhost:9101", "http://localhost:1"
CONFIG = LoginApp(
    own=OWN,
    backend=Backend(IDP),
    destinations=Destinations(IDP, ("/oauth2/v1/authorize",), {"/app/a/b/sso/saml": "Harbor Library"}),
    orders="http://localhost:9102/login",
    saml_app=f"{IDP}/app/a/b/sso/saml",
    ledger=f"{IDP}/app/c/d/sso/wsfed/passive",
    starts={},
    via="custom",
    api_token="the api token",
    people=(("ann@x.example", "secret"),),
    explain="segue explain",
)


@pytest.fixture
async def page() -> AsyncIterator[httpx.AsyncClient]:
    async with httpx.AsyncClient(transport=httpx.ASGITransport(login_app(CONFIG)), base_url=OWN) as client:
        yield client


async def test_segue_is_away(page: httpx.AsyncClient) -> None:
    answer = await page.post("/", data={"username": "<ann>", "password": "secret", "go": "library"})
    assert answer.status_code == 400
    assert "Segue does not answer" in answer.text
    assert 'value="&lt;ann&gt;"' in answer.text
    assert 'value="library" checked' in answer.text
    assert "secret" not in answer.text.split("<details")[0]


async def test_an_answer_nobody_asked_for_leads_nowhere(page: httpx.AsyncClient) -> None:
    for method in ("GET", "POST"):
        answer = await page.request(
            method,
            "/",
            params={"return_to": "https://elsewhere.example/"},
            data={"return_to": "https://elsewhere.example/"} if method == "POST" else None,
        )
        assert answer.status_code == 400
        assert "location" not in answer.headers


@pytest.mark.parametrize(
    ("status", "body", "text"),
    [
        (200, {"status": "MFA_REQUIRED"}, "One more step is asked for (MFA_REQUIRED)"),
        (200, {"status": "SUCCESS"}, "One more step"),
        (429, {"errorCode": "E0000047", "errorSummary": "s", "errorId": "evt1"}, "too many attempts"),
        (500, {"errorCode": "E0000009", "errorSummary": "It broke.", "errorId": "evt1"}, "It broke."),
        (502, [], "does not understand (HTTP 502)"),
    ],
)
async def test_other_answers_of_segue(status: int, body: object, text: str) -> None:
    transport = httpx.MockTransport(lambda request: httpx.Response(status, json=body))
    async with httpx.AsyncClient(transport=transport) as client:
        problem = await authenticate(client, Backend(IDP), "ann", "secret")
    assert isinstance(problem, Problem)
    assert text in problem.text


async def test_an_answer_that_is_no_json() -> None:
    transport = httpx.MockTransport(lambda request: httpx.Response(200, text="<html>"))
    async with httpx.AsyncClient(transport=transport) as client:
        problem = await authenticate(client, Backend(IDP), "ann", "secret")
    assert problem == Problem("Signing in is not possible right now: Segue does not answer.")


FACTORS = [{"id": "q", "factorType": "question"}, {"id": "t/1", "factorType": "token:software:totp"}]


def answering(*bodies: tuple[int, object]) -> tuple[httpx.AsyncClient, list[httpx.Request]]:
    """A client whose requests are answered one after the other, and those requests."""
    left, seen = list(bodies), []

    def answer(request: httpx.Request) -> httpx.Response:
        seen.append(request)
        status, body = left.pop(0)
        return httpx.Response(status, json=body)

    return httpx.AsyncClient(transport=httpx.MockTransport(answer)), seen


async def test_a_code_of_an_app_is_asked_for_and_checked() -> None:
    client, seen = answering(
        (200, {"status": "MFA_REQUIRED", "stateToken": "s", "_embedded": {"factors": FACTORS}}),
        (403, {"errorCode": "E0000068", "errorSummary": "s", "errorId": "evt1"}),
        (200, {"status": "SUCCESS", "sessionToken": "t"}),
    )
    wanted = await authenticate(client, Backend(IDP), "ann", "secret")
    assert isinstance(wanted, CodeWanted)
    assert (wanted.state_token, wanted.factor_id) == ("s", "t/1")
    wrong = await verify_code(client, Backend(IDP), wanted, "000000")
    assert wrong == Problem("That is not the right code.", "E0000068", "evt1")
    assert await verify_code(client, Backend(IDP), wanted, "123456") == "t"
    assert str(seen[2].url) == f"{IDP}/api/v1/authn/factors/t%2F1/verify"
    assert json.loads(seen[2].content) == {"stateToken": "s", "passCode": "123456"}


async def test_a_code_by_mail_is_sent_first() -> None:
    mail = [{"id": "m", "factorType": "email"}]
    client, seen = answering(
        (200, {"status": "MFA_REQUIRED", "stateToken": "s", "_embedded": {"factors": mail}}),
        (200, {"status": "MFA_CHALLENGE", "stateToken": "s2"}),
    )
    wanted = await authenticate(client, Backend(IDP), "ann", "secret")
    assert isinstance(wanted, CodeWanted)
    assert (wanted.state_token, wanted.factor_id) == ("s2", "m")
    assert json.loads(seen[1].content) == {"stateToken": "s"}


async def test_a_factor_that_this_page_cannot_ask_for() -> None:
    body = {"status": "MFA_REQUIRED", "stateToken": "s", "_embedded": {"factors": FACTORS[:1]}}
    client, _ = answering((200, body))
    assert isinstance(await authenticate(client, Backend(IDP), "ann", "secret"), Problem)


async def test_a_session_is_made_with_the_api_token() -> None:
    client, seen = answering((200, {"id": "102", "cookieToken": "t"}), (401, {"errorCode": "E0000004"}))
    made = await create_session(client, Backend(IDP), "k", "ann", "secret", "cookieToken")
    assert not isinstance(made, Problem)
    assert (made.id, made.ticket) == ("102", "t")
    assert str(seen[0].url) == f"{IDP}/api/v1/sessions?additionalFields=cookieToken"
    assert seen[0].headers["authorization"] == "SSWS k"
    assert isinstance(await create_session(client, Backend(IDP), "k", "ann", "secret", "cookieToken"), Problem)


async def test_a_code_without_a_password_before_it(page: httpx.AsyncClient) -> None:
    assert (await page.get("/code")).headers["location"] == "/"
    answer = await page.post("/code", data={"code": "123456"})
    assert answer.status_code == 400
    assert "Start again" in answer.text


@pytest.mark.parametrize("method", ["GET", "POST"])
async def test_the_older_page_leads_nowhere_else(page: httpx.AsyncClient, method: str) -> None:
    away = {"return_to": "https://elsewhere.example/"}
    answer = await page.request(method, "/legacy", params=away, data=away if method == "POST" else None)
    assert answer.status_code == 400
    assert "location" not in answer.headers


async def test_the_api_token_stays_on_the_server(page: httpx.AsyncClient) -> None:
    for path in ("/", "/legacy", "/browser", "/recover"):
        assert CONFIG.api_token not in (await page.get(path)).text


async def test_what_is_sent() -> None:
    def answer(request: httpx.Request) -> httpx.Response:
        assert json.loads(request.content) == {"username": "ann", "password": " pass word "}
        return httpx.Response(200, json={"status": "SUCCESS", "sessionToken": "t"})

    async with httpx.AsyncClient(transport=httpx.MockTransport(answer)) as client:
        assert await authenticate(client, Backend(IDP), "ann", " pass word ") == "t"
