"""Steps that carry a ticket in a link: the redirect link, the link of an OpenID Connect app, and the session image; and
the Sessions API that gives out one-time tokens."""

from collections.abc import Mapping
from typing import Final
from urllib.parse import quote

from segue.demo.handover import add_query, split_event
from segue.demo.playground.kit import Kit
from segue.demo.playground.recording import Recorder
from segue.demo.playground.runs import Done, Run
from segue.demo.playground.steps import Act, Leave, new_state, receive_answer

_ONE_PIXEL: Final = "1 x 1"


def sign_out(kit: Kit, run: Run) -> str:
    """Leaves for the end of whatever session this browser has."""
    return add_query(f"{kit.idp}/login/signout", fromURI=_landing(kit, run))


def receive_signed_out(_run: Run, _params: Mapping[str, str]) -> Done:
    return Done(outcome="This browser has no session at Segue now.")


def redirect_link(value: str = "session_token") -> Leave:
    """Leaves for the redirect link, with the ticket that the run has under ``value``."""

    def leave(kit: Kit, run: Run) -> str:
        link = f"{kit.idp}/login/sessionCookieRedirect"
        return add_query(link, token=run.values[value], redirectUrl=_landing(kit, run))

    return leave


def receive_landing(_run: Run, _params: Mapping[str, str]) -> Done:
    return Done(outcome="Signed in: Segue set its cookie and sent the browser to the landing page.")


def receive_choice(run: Run, params: Mapping[str, str]) -> Done:
    """The app's answer once somebody was asked whose sign-in should count: to stay is an answer too."""
    if params.get("error") == "access_denied":
        text, event_id = split_event(params.get("error_description", ""))
        return Done(outcome=f"You stayed who you were, and the app was told: access_denied. {text}", event_id=event_id)
    return receive_answer(run, params)


def follow_start_link(kit: Kit, run: Run) -> str:
    """Leaves for the link that starts the playground's own OpenID Connect client."""
    new_state(run)  # the link carries none; the browser that is sent back shows whose run it is by its cookie
    run.values["issuer"] = kit.idp
    return add_query(kit.start_url, sessionToken=run.values["session_token"])


def receive_start(run: Run, params: Mapping[str, str]) -> Done:
    """The visit to the address that starts a sign-in at the client (OpenID Connect Core 4)."""
    if params.get("iss") != run.values["issuer"]:
        return Done(outcome="The visit names another issuer, or none.", failed=True)
    return Done(outcome="Signed in at Segue already: the app is started, and asks for its own tokens next.")


def create_session(field: str) -> Act:
    """``POST /api/v1/sessions`` with the API token, for the ticket named ``field``."""

    async def act(kit: Kit, run: Run, form: Mapping[str, str]) -> Done:
        recorder = Recorder()
        sent = {"username": form.get("username", ""), "password": form.get("password", "")}
        headers = {"accept": "application/json", "authorization": f"SSWS {kit.api_token}"}
        async with kit.recorded(recorder) as client:
            answer = await client.post(
                f"{kit.idp}/api/v1/sessions?additionalFields={field}", json=sent, headers=headers
            )
        match answer.json():
            case {"id": str(ident), **rest} if isinstance(rest.get(field), str):
                run.values |= {"session_id": ident, field: str(rest[field])}
                return Done(recorder.exchanges, "A session was made. It waits for the browser that brings the token.")
            case {"errorSummary": str(summary), "errorId": str(event_id)}:
                return Done(recorder.exchanges, f"Refused: {summary}.", failed=True, event_id=event_id)
        return Done(recorder.exchanges, "That is no answer of the Sessions API.", failed=True)

    return act


async def look_up_session(kit: Kit, run: Run, _form: Mapping[str, str]) -> Done:
    """``GET /api/v1/sessions/{id}`` with the API token."""
    recorder = Recorder()
    address = f"{kit.idp}/api/v1/sessions/{quote(run.values['session_id'], safe='')}"
    async with kit.recorded(recorder) as client:
        answer = await client.get(address, headers={"authorization": f"SSWS {kit.api_token}"})
    match answer.json():
        case {"status": "ACTIVE", "login": str(login)}:
            return Done(recorder.exchanges, f"It is the session of {login}, under the id that was told at the start.")
    return Done(recorder.exchanges, "There is no such session.", failed=True)


def load_image(kit: Kit, run: Run) -> str:
    """Leaves for a page of the playground that holds the image."""
    return add_query(f"{kit.own}/image", state=new_state(run))


def receive_image(_run: Run, params: Mapping[str, str]) -> Done:
    """What the page's script saw; without scripts there is nobody to look."""
    size, login = params.get("size", ""), params.get("login", "")
    if not size:
        return Done(outcome="The page held the image. Without scripts nobody here sees what the browser did with it.")
    if size != _ONE_PIXEL:
        return Done(outcome=f"The image did not arrive ({size}).", failed=True)
    kept = f"and kept its cookie: {login} is signed in" if login else "and kept no cookie of it: nobody is signed in"
    return Done(outcome=f"The browser loaded an image of {size} pixel {kept}.")


def _landing(kit: Kit, run: Run) -> str:
    return add_query(kit.landing, state=new_state(run))
