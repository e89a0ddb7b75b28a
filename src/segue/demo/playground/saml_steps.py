"""The steps of a flow that signs in to the SAML app. The playground is registered as a second consumer address of that
app, so that the response arrives where it can be shown."""

import secrets
from collections.abc import Mapping

from minisaml.request import get_request_redirect_url

from segue.demo.handover import add_query
from segue.demo.playground.kit import Kit
from segue.demo.playground.recording import Recorder
from segue.demo.playground.runs import Done, Run
from segue.demo.playground.steps import new_state
from segue.demo.playground.tokens import Finding
from segue.demo.saml_response import MetadataUnreadable, ResponseRefused, pretty, read_metadata, read_response


def sign_on(kit: Kit, run: Run) -> str:
    """Leaves for the SAML app's sign-on address with an AuthnRequest and the session token of the run."""
    run.values["request_id"] = f"_{secrets.token_hex(16)}"
    address = get_request_redirect_url(
        saml_endpoint=kit.sso_url,
        expected_audience=kit.sp_entity_id,
        acs_url=kit.acs_url,
        request_id=run.values["request_id"],
        relay_state=new_state(run),
    )
    return add_query(address, sessionToken=run.values["session_token"])


def follow_embed_link(kit: Kit, run: Run) -> str:
    """Leaves for the link that starts the playground's own SAML app, with the session token and without a request."""
    return add_query(kit.own_saml.embed_url, RelayState=new_state(run), sessionToken=run.values["session_token"])


def receive_response(run: Run, params: Mapping[str, str]) -> Done:
    """The form that Segue's page posted by itself."""
    if "SAMLResponse" not in params:
        return Done(outcome="The browser came back without a SAMLResponse.", failed=True)
    run.values["saml_response"] = params["SAMLResponse"]
    text = pretty(params["SAMLResponse"])
    if text is None:
        return Done(outcome="The SAMLResponse is no XML.", failed=True)
    outcome = "Signed in: Segue's page posted a SAMLResponse, with a session cookie on the way."
    return Done(outcome=outcome, document=text)


async def check_response(kit: Kit, run: Run, _form: Mapping[str, str]) -> Done:
    """``GET`` the metadata, and the checks of a service provider that asked."""
    return await _check(kit, run, kit.metadata_url, kit.sp_entity_id, run.values["request_id"])


async def check_unasked_response(kit: Kit, run: Run, _form: Mapping[str, str]) -> Done:
    """The same for a response that a link brought: it answers no request."""
    return await _check(kit, run, kit.own_saml.metadata_url, kit.own_saml.entity_id, None)


async def _check(kit: Kit, run: Run, metadata_url: str, entity_id: str, request_id: str | None) -> Done:
    recorder = Recorder()
    async with kit.recorded(recorder) as client:
        answer = await client.get(metadata_url)
    try:
        idp = read_metadata(answer.content)
        arrival = read_response(run.values["saml_response"], idp=idp, entity_id=entity_id, acs_url=kit.acs_url)
    except (MetadataUnreadable, ResponseRefused) as error:
        return Done(recorder.exchanges, str(error), failed=True)
    ours = arrival.in_response_to == request_id
    findings = (
        Finding("signature", True, "RSA-SHA256, with a certificate of Segue's metadata"),
        Finding("Issuer", True, arrival.issuer),
        Finding("Audience", True, entity_id),
        Finding("Recipient", True, kit.acs_url),
        Finding("InResponseTo", ours, arrival.in_response_to or "none: Segue spoke first"),
        Finding("NameID", True, arrival.name_id),
        Finding("SessionIndex", bool(arrival.session_index), arrival.session_index or "missing"),
    )
    outcome = f"The assertion holds: {arrival.name_id} is signed in." if ours else "It answers another request."
    return Done(recorder.exchanges, outcome, failed=not ours, findings=findings)
