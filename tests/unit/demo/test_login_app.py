"""The custom login page where Segue does not answer as it should; everything else is tried with Segue itself."""

import json
from collections.abc import AsyncIterator

import httpx
import pytest

from segue.demo.backend import Backend
from segue.demo.handover import Destinations
from segue.demo.login_app import LoginApp, Problem, authenticate, login_app

OWN, IDP = "http://localhost:9101", "http://localhost:1"
CONFIG = LoginApp(
    own=OWN,
    backend=Backend(IDP),
    destinations=Destinations(IDP, ("/oauth2/v1/authorize",), ("/app/a/b/sso/saml",)),
    orders="http://localhost:9102/login",
    library=f"{IDP}/app/a/b/sso/saml",
    via="custom",
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


async def test_what_is_sent() -> None:
    def answer(request: httpx.Request) -> httpx.Response:
        assert json.loads(request.content) == {"username": "ann", "password": " pass word "}
        return httpx.Response(200, json={"status": "SUCCESS", "sessionToken": "t"})

    async with httpx.AsyncClient(transport=httpx.MockTransport(answer)) as client:
        assert await authenticate(client, Backend(IDP), "ann", " pass word ") == "t"
