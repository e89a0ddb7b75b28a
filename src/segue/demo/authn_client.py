"""What a login page asks Segue's server-to-server API: is the password right, is the code right, and a session."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final
from urllib.parse import quote

import httpx

from segue.demo.backend import Backend

#: What the vendor's error codes mean to a person.
TEXTS: Final[Mapping[str, str]] = {
    "E0000001": "Enter both your user name and your password.",
    "E0000004": "That user name and password do not match.",
    "E0000011": "The time to sign in is over. Start again.",
    "E0000047": "There were too many attempts. Wait a moment, then try again.",
    "E0000068": "That is not the right code.",
    "E0000082": "That code was used before. Wait for the next one.",
}
_AWAY: Final = "Signing in is not possible right now: Segue does not answer."
#: The factors whose answer is a code that people type. The second one is sent first.
_TOTP: Final = "token:software:totp"
_EMAIL: Final = "email"


@dataclass(frozen=True, slots=True)
class Problem:
    """Why there is no session token: a sentence for the person, and what helps to find out more."""

    text: str
    code: str = ""
    event_id: str = ""


@dataclass(frozen=True, slots=True)
class CodeWanted:
    """The password is right and a code is asked for. ``prompt`` says in words where the code is."""

    state_token: str
    factor_id: str
    prompt: str


@dataclass(frozen=True, slots=True)
class NewSession:
    """A session of the Sessions API that waits for its browser. ``ticket`` is the one-time token, or the address of an
    image that has it."""

    id: str
    ticket: str


async def authenticate(
    client: httpx.AsyncClient, backend: Backend, login: str, password: str
) -> str | CodeWanted | Problem:
    """The session token for a user name and a password, or what else is asked for, or why there is none."""
    answer = await _post(client, f"{backend.base_url}/api/v1/authn", {"username": login, "password": password})
    match answer:
        case Answer(body={"status": "MFA_REQUIRED", "stateToken": str(token), "_embedded": {"factors": list(factors)}}):
            return await _code_wanted(client, backend, token, factors)
    return _token_or_problem(answer)


async def verify_code(
    client: httpx.AsyncClient, backend: Backend, wanted: CodeWanted, code: str
) -> str | CodeWanted | Problem:
    """The session token for the code as well, or why there is none."""
    sent = {"stateToken": wanted.state_token, "passCode": code}
    return _token_or_problem(await _post(client, _verify_url(backend, wanted.factor_id), sent))


async def ask_for_recovery(client: httpx.AsyncClient, backend: Backend, login: str) -> Problem | None:
    """Has a link sent by mail to whoever that is; None where Segue took it, which says nothing about the account."""
    sent = {"username": login, "factorType": "EMAIL"}
    answer = await _post(client, f"{backend.base_url}/api/v1/authn/recovery/password", sent)
    match answer:
        case Answer(body={"status": "RECOVERY_CHALLENGE"}):
            return None
    return _problem(answer)


async def create_session(
    client: httpx.AsyncClient, backend: Backend, api_token: str, login: str, password: str, field: str
) -> NewSession | Problem:
    """A session for a user name and a password, with the ticket that ``field`` asks for: ``cookieToken`` or
    ``cookieTokenUrl``. The API token stays on this server."""
    answer = await _post(
        client,
        f"{backend.base_url}/api/v1/sessions?additionalFields={field}",
        {"username": login, "password": password},
        authorization=f"SSWS {api_token}",
    )
    if isinstance(answer, Answer) and isinstance(answer.body, dict):
        ident, ticket = answer.body.get("id"), answer.body.get(field)
        if isinstance(ident, str) and isinstance(ticket, str):
            return NewSession(ident, ticket)
    return _problem(answer)


@dataclass(frozen=True, slots=True)
class Answer:
    status: int
    body: Any


async def _post(client: httpx.AsyncClient, address: str, sent: Mapping[str, str], **headers: str) -> Answer | Problem:
    try:
        answer = await client.post(address, json=dict(sent), headers={"accept": "application/json", **headers})
        return Answer(answer.status_code, answer.json())
    except (httpx.HTTPError, ValueError):
        return Problem(_AWAY)


async def _code_wanted(
    client: httpx.AsyncClient, backend: Backend, state_token: str, factors: list[Any]
) -> CodeWanted | Problem:
    """The factor this page can ask for: an authenticator app, or else a code by mail, which is sent now."""
    known = {
        factor["factorType"]: factor["id"]
        for factor in factors
        if isinstance(factor, dict) and isinstance(factor.get("id"), str) and isinstance(factor.get("factorType"), str)
    }
    if _TOTP in known:
        return CodeWanted(state_token, known[_TOTP], "Your authenticator app shows a code of six digits.")
    if _EMAIL not in known:
        return Problem("One more step is asked for, of a kind that this page cannot show.")
    answer = await _post(client, _verify_url(backend, known[_EMAIL]), {"stateToken": state_token})
    match answer:
        case Answer(body={"status": "MFA_CHALLENGE", "stateToken": str(token)}):
            return CodeWanted(token, known[_EMAIL], "A code is on its way to you by mail.")
    return _problem(answer)


def _token_or_problem(answer: Answer | Problem) -> str | Problem:
    match answer:
        case Answer(body={"status": "SUCCESS", "sessionToken": str(session_token)}):
            return session_token
        case Answer(body={"status": str(status)}):
            return Problem(f"One more step is asked for ({status}), which this page cannot show yet.")
    return _problem(answer)


def _problem(answer: Answer | Problem) -> Problem:
    match answer:
        case Problem():
            return answer
        case Answer(body={"errorCode": str(code), "errorSummary": str(summary), "errorId": str(event_id)}):
            return Problem(TEXTS.get(code, summary), code, event_id)
    return Problem(f"Segue gave an answer that this page does not understand (HTTP {answer.status}).")


def _verify_url(backend: Backend, factor_id: str) -> str:
    return f"{backend.base_url}/api/v1/authn/factors/{quote(factor_id, safe='')}/verify"
