"""The steps of a flow that signs in to the WS-Federation app, with the playground as its second reply address."""

from collections.abc import Mapping
from dataclasses import replace

from segue.demo.handover import add_query
from segue.demo.playground.kit import Kit
from segue.demo.playground.recording import Recorder
from segue.demo.playground.runs import Done, Run
from segue.demo.playground.steps import new_state
from segue.demo.playground.tokens import Finding
from segue.demo.saml_response import MetadataUnreadable, ResponseRefused, read_metadata
from segue.demo.wsfed_response import pretty_token_response, read_token_response


def request_token(kit: Kit, run: Run) -> str:
    """Leaves for the passive address of the app, with the session token of the run."""
    return add_query(
        kit.wsfed.sso_url,
        wa="wsignin1.0",
        wtrealm=kit.wsfed.realm,
        wreply=kit.reply_url,
        wctx=new_state(run),
        sessionToken=run.values["session_token"],
    )


def receive_token_response(run: Run, params: Mapping[str, str]) -> Done:
    """The form that Segue's page posted by itself."""
    text = pretty_token_response(params.get("wresult", ""))
    if text is None:
        return Done(outcome="The browser came back without a wresult that can be read.", failed=True)
    run.values["wresult"] = params["wresult"]
    outcome = "Signed in: Segue's page posted a wresult, with a session cookie on the way."
    return Done(outcome=outcome, document=text, document_name="The wresult, one element a line")


async def check_token_response(kit: Kit, run: Run, _form: Mapping[str, str]) -> Done:
    """``GET`` the certificates, and the checks of a relying party."""
    recorder = Recorder()
    async with kit.recorded(recorder) as client:
        answer = await client.get(kit.metadata_url)
    try:
        issuer = replace(read_metadata(answer.content), entity_id=kit.wsfed.issuer)
        arrival = read_token_response(
            run.values["wresult"], issuer=issuer, realm=kit.wsfed.realm, reply_url=kit.reply_url
        )
    except (MetadataUnreadable, ResponseRefused) as error:
        return Done(recorder.exchanges, str(error), failed=True)
    findings = (
        Finding("signature", True, "of the assertion: RSA-SHA256, with a certificate of Segue's metadata"),
        Finding("Issuer", True, arrival.issuer),
        Finding("Audience", True, kit.wsfed.realm),
        Finding("Recipient", True, kit.reply_url),
        Finding("NotOnOrAfter", True, f"{arrival.usable_until:%H:%M:%S} UTC, still to come"),
        Finding("NameID", True, arrival.name_id),
    )
    return Done(recorder.exchanges, f"The token holds: {arrival.name_id} is signed in.", findings=findings)
