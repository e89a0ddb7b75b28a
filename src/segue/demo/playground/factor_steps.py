"""Signing in with a second factor through the Authentication API, one call a step."""

from collections.abc import Mapping
from typing import Any, Final
from urllib.parse import quote

import httpx

from segue.demo.playground.kit import Kit
from segue.demo.playground.recording import Recorder
from segue.demo.playground.runs import Done, Run

_TOTP: Final = "token:software:totp"
_ONCE_MORE: Final = frozenset({"E0000068", "E0000082"})


async def password_first(kit: Kit, run: Run, form: Mapping[str, str]) -> Done:
    """``POST /api/v1/authn``, which answers with a transaction."""
    sent = {"username": form.get("username", ""), "password": form.get("password", "")}
    recorder, body = await _post(kit, "/api/v1/authn", sent)
    match body:
        case {"status": "MFA_REQUIRED", "stateToken": str(token), "_embedded": {"factors": list(factors)}}:
            known = [one for one in factors if isinstance(one, dict) and one.get("factorType") == _TOTP]
            if known:
                run.values |= {"state_token": token, "factor_id": str(known[0].get("id"))}
                outcome = "The password is right, and it is not enough: a second factor is asked for."
                return Done(recorder.exchanges, outcome)
            return Done(recorder.exchanges, "A second factor is asked for, but no app is enrolled.", failed=True)
        case {"status": "SUCCESS"}:
            outcome = "This user is asked for nothing more. Take one who is, like the one filled in at the start."
            return Done(recorder.exchanges, outcome, again=True)
    return _refused(recorder, body)


async def choose_factor(kit: Kit, run: Run, _form: Mapping[str, str]) -> Done:
    """``POST …/verify`` without a code: the transaction now waits for this factor's answer."""
    recorder, body = await _post(kit, _verify(run), {"stateToken": run.values["state_token"]})
    match body:
        case {"status": "MFA_CHALLENGE", "stateToken": str(token)}:
            run.values["state_token"] = token
            return Done(recorder.exchanges, "The transaction waits for the code. Nothing is sent: the app has it.")
    return _refused(recorder, body)


async def answer_factor(kit: Kit, run: Run, form: Mapping[str, str]) -> Done:
    """``POST …/verify`` with the code."""
    sent = {"stateToken": run.values["state_token"], "passCode": form.get("code", "").replace(" ", "")}
    recorder, body = await _post(kit, _verify(run), sent)
    match body:
        case {"status": "SUCCESS", "sessionToken": str(session_token)}:
            run.values["session_token"] = session_token
            return Done(recorder.exchanges, "Both factors are proved. The sessionToken stands for the whole sign-in.")
        case {"errorCode": str(code), "errorSummary": str(summary), "errorId": str(event_id)} if code in _ONCE_MORE:
            return Done(recorder.exchanges, f"Refused: {summary.rstrip('.')}.", event_id=event_id, again=True)
    return _refused(recorder, body)


def _verify(run: Run) -> str:
    return f"/api/v1/authn/factors/{quote(run.values['factor_id'], safe='')}/verify"


async def _post(kit: Kit, path: str, sent: Mapping[str, str]) -> tuple[Recorder, Any]:
    recorder = Recorder()
    async with kit.recorded(recorder) as client:
        answer: httpx.Response = await client.post(
            f"{kit.idp}{path}", json=dict(sent), headers={"accept": "application/json"}
        )
    return recorder, answer.json()


def _refused(recorder: Recorder, body: object) -> Done:
    match body:
        case {"errorSummary": str(summary), "errorId": str(event_id)}:
            return Done(recorder.exchanges, f"Refused: {summary.rstrip('.')}.", failed=True, event_id=event_id)
    return Done(recorder.exchanges, "That is no answer that fits this step.", failed=True)
