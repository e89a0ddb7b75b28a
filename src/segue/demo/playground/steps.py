"""What a step of a flow is, and the steps that flows are made of."""

import base64
import hashlib
import secrets
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass
from typing import TypeAlias

import httpx

from segue.demo.handover import add_query, split_event
from segue.demo.playground.kit import Kit
from segue.demo.playground.recording import Recorder
from segue.demo.playground.runs import Done, Run
from segue.demo.playground.tokens import Expectation, verify

Act: TypeAlias = Callable[[Kit, Run, Mapping[str, str]], Awaitable[Done]]
Leave: TypeAlias = Callable[[Kit, Run], str]
Receive: TypeAlias = Callable[[Run, Mapping[str, str]], Done]


@dataclass(frozen=True, slots=True)
class ServerStep:
    """A step that a server makes: this one. ``credentials`` asks for user name and password first, filled in for
    ``person``; ``code`` asks for the code of an authenticator app."""

    title: str
    about: str
    label: str
    act: Act
    credentials: bool = False
    person: str = "ann"
    code: bool = False


@dataclass(frozen=True, slots=True)
class BrowserStep:
    """A step that takes the browser away: ``leave`` gives the address to go to, ``receive`` reads what it comes back
    with."""

    title: str
    about: str
    label: str
    leave: Leave
    receive: Receive


Step: TypeAlias = ServerStep | BrowserStep


async def primary_authentication(kit: Kit, run: Run, form: Mapping[str, str]) -> Done:
    """``POST /api/v1/authn``."""
    recorder = Recorder()
    sent = {"username": form.get("username", ""), "password": form.get("password", "")}
    async with kit.recorded(recorder) as client:
        answer = await client.post(f"{kit.idp}/api/v1/authn", json=sent, headers={"accept": "application/json"})
    match answer.json():
        case {"status": "SUCCESS", "sessionToken": str(session_token)}:
            run.values["session_token"] = session_token
            return Done(recorder.exchanges, "The password is right. The sessionToken is good for one use.")
        case {"errorSummary": str(summary), "errorId": str(event_id)}:
            return Done(recorder.exchanges, f"Refused: {summary}.", failed=True, event_id=event_id)
        case {"status": str(status)}:
            outcome = f"One more step is asked for ({status}): the flow with a second factor shows how."
            return Done(recorder.exchanges, outcome, failed=True)
    return Done(recorder.exchanges, "That is no answer of the Authentication API.", failed=True)


def authorize(
    response_type: str, *, response_mode: str = "", ticket: bool = True, silent: bool = True, prompt: str = ""
) -> Leave:
    """Leaves for the authorization endpoint, with the session token of the run (and, ``silent``, ``prompt=none``) or
    without."""

    def leave(kit: Kit, run: Run) -> str:
        params = {
            "client_id": kit.client_id,
            "redirect_uri": kit.redirect_uri,
            "response_type": response_type,
            "scope": "openid profile email",
            "state": new_state(run),
            "nonce": run.fresh("nonce"),
        }
        if response_mode:
            params["response_mode"] = response_mode
        if response_type == "code":
            challenge = hashlib.sha256(run.fresh("code_verifier").encode()).digest()
            params["code_challenge"] = base64.urlsafe_b64encode(challenge).decode().rstrip("=")
            params["code_challenge_method"] = "S256"
        if prompt:
            params["prompt"] = prompt
        if ticket and silent:
            params["prompt"] = "none"
        if ticket:
            params["sessionToken"] = run.values["session_token"]
        return add_query(f"{kit.idp}/oauth2/v1/authorize", **params)

    return leave


def new_state(run: Run) -> str:
    """A value that names the run and cannot be guessed; what comes back has to bring it along."""
    run.values["state"] = f"{run.id}.{secrets.token_urlsafe(16)}"
    return run.values["state"]


def receive_answer(run: Run, params: Mapping[str, str]) -> Done:
    """A code or an ID token, or an error."""
    if "error" in params:
        text, event_id = split_event(params.get("error_description", ""))
        return Done(outcome=f"Refused: {params['error']}. {text}", failed=True, event_id=event_id)
    if "code" in params:
        run.values["code"] = params["code"]
        return Done(outcome="Signed in: the browser has a session at Segue now, and brought a code.")
    if "id_token" in params:
        run.tokens["ID token"] = params["id_token"]
        return Done(outcome="Signed in: the browser has a session at Segue now, and brought an ID token.")
    return Done(outcome="The browser came back with neither a code nor a token nor an error.", failed=True)


def receive_refusal(_run: Run, params: Mapping[str, str]) -> Done:
    """The error that a used token has to meet."""
    if params.get("error") != "login_required":
        return Done(outcome="This should have been refused, and was not.", failed=True)
    text, event_id = split_event(params.get("error_description", ""))
    return Done(outcome=f"Refused, as it has to be: login_required. {text}", event_id=event_id)


async def exchange_code(kit: Kit, run: Run, _form: Mapping[str, str]) -> Done:
    """``POST /oauth2/v1/token`` with the client's secret and the PKCE verifier."""
    recorder = Recorder()
    sent = {
        "grant_type": "authorization_code",
        "code": run.values["code"],
        "redirect_uri": kit.redirect_uri,
        "code_verifier": run.values["code_verifier"],
    }
    async with kit.recorded(recorder) as client:
        answer = await client.post(
            f"{kit.idp}/oauth2/v1/token", data=sent, auth=httpx.BasicAuth(kit.client_id, kit.client_secret)
        )
    match answer.json():
        case {"access_token": str(access_token), "id_token": str(id_token)}:
            run.tokens |= {"ID token": id_token, "Access token": access_token}
            return Done(recorder.exchanges, "The code became two tokens: one about the user, one to use.")
        case body:
            return refused(recorder, body)


async def check_id_token(kit: Kit, run: Run, _form: Mapping[str, str]) -> Done:
    """``GET /oauth2/v1/keys``, and the checks of OpenID Connect Core 3.1.3.7."""
    recorder = Recorder()
    async with kit.recorded(recorder) as client:
        answer = await client.get(f"{kit.idp}/oauth2/v1/keys")
    expected = Expectation(issuer=kit.idp, client_id=kit.client_id, nonce=run.values["nonce"])
    findings = verify(run.tokens["ID token"], answer.json(), expected)
    good = all(finding.passed for finding in findings)
    outcome = "Every check passed: this ID token is Segue's, and answers our request." if good else "It does not hold."
    return Done(recorder.exchanges, outcome, failed=not good, findings=findings)


async def userinfo(kit: Kit, run: Run, _form: Mapping[str, str]) -> Done:
    """``GET /oauth2/v1/userinfo`` with the access token."""
    recorder = Recorder()
    async with kit.recorded(recorder) as client:
        answer = await client.get(
            f"{kit.idp}/oauth2/v1/userinfo", headers={"authorization": f"Bearer {run.tokens['Access token']}"}
        )
    if answer.is_success:
        return Done(recorder.exchanges, "The access token opened the user's profile.")
    return refused(recorder, answer.json())


def refused(recorder: Recorder, body: object) -> Done:
    """What the token endpoint, or a resource, had to say against it."""
    match body:
        case {"error": str(error), "event_id": str(event_id)}:
            return Done(recorder.exchanges, f"Refused: {error}.", failed=True, event_id=event_id)
    return Done(recorder.exchanges, "Refused.", failed=True)
