"""Native to Web SSO, step by step. The playground plays both sides: the native app that signs somebody in, and the web
app that takes the sign-in over."""

import base64
import hashlib
from collections.abc import Mapping
from typing import Final

import httpx

from segue.demo.handover import add_query
from segue.demo.playground.kit import Client, Kit
from segue.demo.playground.recording import Recorder
from segue.demo.playground.runs import Done, Run
from segue.demo.playground.steps import Act, Leave, new_state, refused
from segue.demo.playground.tokens import Expectation, verify

_TOKEN_TYPE: Final = "urn:ietf:params:oauth:token-type"
_INTERCLIENT: Final = "urn:okta:params:oauth:token-type:interclient_token"
_EXCHANGE: Final = "urn:ietf:params:oauth:grant-type:token-exchange"


async def sign_in_natively(kit: Kit, run: Run, form: Mapping[str, str]) -> Done:
    """``POST /oauth2/v1/token`` with the password grant and the scope ``interclient_access``."""
    sent = {
        "grant_type": "password",
        "username": form.get("username", ""),
        "password": form.get("password", ""),
        "scope": "openid offline_access interclient_access",
    }
    recorder, body = await _token(kit, kit.client("native"), sent)
    match body:
        case {"access_token": str(access), "id_token": str(identity), "refresh_token": str(refresh)}:
            run.tokens |= {"ID token": identity, "Access token": access}
            run.values["refresh_token"] = refresh
            return Done(recorder.exchanges, "Signed in to the native app. The browser knows nothing of it.")
    return refused(recorder, body)


async def refresh_natively(kit: Kit, run: Run, _form: Mapping[str, str]) -> Done:
    """``POST /oauth2/v1/token`` with the refresh grant."""
    sent = {
        "grant_type": "refresh_token",
        "refresh_token": run.values["refresh_token"],
        "scope": "openid offline_access interclient_access",
    }
    recorder, body = await _token(kit, kit.client("native"), sent)
    match body:
        case {"access_token": str(access), "id_token": str(identity)}:
            run.tokens |= {"ID token": identity, "Access token": access}
            return Done(recorder.exchanges, "Fresh tokens of the same sign-in: it is as old as it was.")
    return refused(recorder, body)


def exchange_for(target: str, *, origin: str = "native") -> Act:
    """The token exchange: both tokens of ``origin`` for one that opens ``target`` alone."""

    async def act(kit: Kit, run: Run, _form: Mapping[str, str]) -> Done:
        sent = {
            "grant_type": _EXCHANGE,
            "actor_token": run.tokens["Access token"],
            "actor_token_type": f"{_TOKEN_TYPE}:access_token",
            "subject_token": run.tokens["ID token"],
            "subject_token_type": f"{_TOKEN_TYPE}:id_token",
            "requested_token_type": _INTERCLIENT,
            "audience": f"urn:okta:apps:{kit.app_id(target)}",
        }
        recorder, body = await _token(kit, kit.client(origin), sent)
        match body:
            case {"access_token": str(ticket), "token_type": "N_A", "expires_in": int(life_s)}:
                run.tokens["Interclient token"] = ticket
                outcome = f"An interclient token: good for {life_s} seconds, for one use, and for this app alone."
                return Done(recorder.exchanges, outcome)
        return refused(recorder, body)

    return act


async def exchange_as_stranger(kit: Kit, run: Run, form: Mapping[str, str]) -> Done:
    """The same sign-in by an app that no other app trusts: it is not even given the scope."""
    sent = {
        "grant_type": "password",
        "username": form.get("username", ""),
        "password": form.get("password", ""),
        "scope": "openid interclient_access",
    }
    recorder, body = await _token(kit, kit.client("stranger"), sent)
    match body:
        case {"error": "invalid_scope", "event_id": str(event_id)}:
            outcome = "Refused, as it has to be: nobody trusts this app, so it may hand over nothing (invalid_scope)."
            return Done(recorder.exchanges, outcome, event_id=event_id)
    return Done(recorder.exchanges, "This should have been refused, and was not.", failed=True)


def open_target(target: str) -> Leave:
    """Leaves for the authorization endpoint as ``target``, with the interclient token of the run."""

    def leave(kit: Kit, run: Run) -> str:
        challenge = hashlib.sha256(run.fresh("code_verifier").encode()).digest()
        return add_query(
            f"{kit.idp}/oauth2/v1/authorize",
            client_id=kit.client(target).client_id,
            redirect_uri=kit.redirect_uri,
            response_type="code",
            scope="openid profile",
            state=new_state(run),
            nonce=run.fresh("nonce"),
            code_challenge=base64.urlsafe_b64encode(challenge).decode().rstrip("="),
            code_challenge_method="S256",
            interclient_token=run.tokens["Interclient token"],
        )

    return leave


def redeem_code(target: str) -> Act:
    """The code of ``target`` for its tokens."""

    async def act(kit: Kit, run: Run, _form: Mapping[str, str]) -> Done:
        sent = {
            "grant_type": "authorization_code",
            "code": run.values["code"],
            "redirect_uri": kit.redirect_uri,
            "code_verifier": run.values["code_verifier"],
        }
        recorder, body = await _token(kit, kit.client(target), sent)
        match body:
            case {"access_token": str(), "id_token": str(identity)}:
                run.tokens = {"ID token": identity}
                return Done(recorder.exchanges, "The web app has tokens of its own; the native app's are not in it.")
        return refused(recorder, body)

    return act


def check_target(target: str) -> Act:
    """The checks of OpenID Connect Core 3.1.3.7 by the web app."""

    async def act(kit: Kit, run: Run, _form: Mapping[str, str]) -> Done:
        recorder = Recorder()
        async with kit.recorded(recorder) as client:
            answer = await client.get(f"{kit.idp}/oauth2/v1/keys")
        expected = Expectation(issuer=kit.idp, client_id=kit.client(target).client_id, nonce=run.values["nonce"])
        findings = verify(run.tokens["ID token"], answer.json(), expected)
        good = all(finding.passed for finding in findings)
        outcome = "Every check passed: the person of the native app, in the web app." if good else "It does not hold."
        return Done(recorder.exchanges, outcome, failed=not good, findings=findings)

    return act


def open_saml_target(kit: Kit, run: Run) -> str:
    """Leaves for the sign-on address of the playground's own SAML app, with the interclient token and no request."""
    return add_query(kit.own_saml.sso_url, RelayState=new_state(run), interclient_token=run.tokens["Interclient token"])


async def _token(kit: Kit, client: Client, sent: Mapping[str, str]) -> tuple[Recorder, object]:
    recorder = Recorder()
    auth = httpx.BasicAuth(client.client_id, client.client_secret)
    async with kit.recorded(recorder) as http:
        answer = await http.post(f"{kit.idp}/oauth2/v1/token", data=dict(sent), auth=auth)
    return recorder, answer.json()
