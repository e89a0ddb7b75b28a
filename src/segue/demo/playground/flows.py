"""The flows of the playground."""

from typing import Final

from segue.demo.playground.flow import AUTHN, CHECK, TOKEN, USERINFO, WITH_TOKEN, Flow
from segue.demo.playground.link_flows import LINK_FLOWS
from segue.demo.playground.native_flows import NATIVE_FLOWS
from segue.demo.playground.saml_steps import check_response, receive_response, sign_on
from segue.demo.playground.steps import BrowserStep, ServerStep, authorize, receive_answer, receive_refusal

FLOWS: Final = (
    Flow(
        id="code",
        title="Custom login page → web app, with a code",
        about="The usual way: your own login page, then an authorization code for a web app.",
        carries="sessionToken",
        steps=(
            AUTHN,
            BrowserStep(
                title="Carry it to the browser",
                about=f"{WITH_TOKEN} The answer is a code in the address of the callback.",
                label="Go to Segue",
                leave=authorize("code"),
                receive=receive_answer,
            ),
            TOKEN,
            CHECK,
            USERINFO,
        ),
    ),
    Flow(
        id="id-token",
        title="Custom login page → ID token at once",
        about="No code, no second call: the ID token comes back behind the # of the address, where only the page's own "
        "script sees it.",
        carries="sessionToken",
        steps=(
            AUTHN,
            BrowserStep(
                title="Carry it to the browser",
                about=f"{WITH_TOKEN} The answer is an ID token in the fragment; a script of the callback page posts "
                "it to this server.",
                label="Go to Segue",
                leave=authorize("id_token"),
                receive=receive_answer,
            ),
            CHECK,
        ),
    ),
    Flow(
        id="form-post",
        title="The same, answered by a form",
        about="response_mode=form_post: a page of Segue posts the answer to the callback by itself, so nothing stays "
        "in an address or a history.",
        carries="sessionToken",
        steps=(
            AUTHN,
            BrowserStep(
                title="Carry it to the browser",
                about=f"{WITH_TOKEN} The answer is a small page that posts a form to the callback.",
                label="Go to Segue",
                leave=authorize("code", response_mode="form_post"),
                receive=receive_answer,
            ),
            TOKEN,
            CHECK,
        ),
    ),
    Flow(
        id="saml",
        title="Custom login page → SAML app",
        about="The same ticket opens a SAML app: its sign-on address takes the sessionToken beside the AuthnRequest.",
        carries="sessionToken",
        steps=(
            AUTHN,
            BrowserStep(
                title="Carry it to the browser",
                about="The browser takes AuthnRequest and sessionToken to the app's sign-on address. Segue spends the "
                "token, sets its cookie and answers with a page that posts a SAMLResponse: here to the playground, "
                "which is registered as a second consumer address of the app.",
                label="Go to Segue",
                leave=sign_on,
                receive=receive_response,
            ),
            ServerStep(
                title="Check the response",
                about="A service provider believes an assertion for its signature, and for whom, where and when it is "
                "meant. The certificate comes from Segue's metadata.",
                label="Fetch the metadata and check",
                act=check_response,
            ),
        ),
    ),
    *NATIVE_FLOWS,
    *LINK_FLOWS,
    Flow(
        id="hosted",
        title="Without a ticket: Segue's own sign-in page",
        about="Nothing is carried: Segue asks for the password itself. Afterwards the session is enough.",
        carries="the session cookie",
        steps=(
            BrowserStep(
                title="Go without a ticket",
                about="prompt=login asks for the password even if this browser has a session already.",
                label="Go to Segue",
                leave=authorize("code", ticket=False, prompt="login"),
                receive=receive_answer,
            ),
            TOKEN,
            CHECK,
            BrowserStep(
                title="Go again",
                about="The same request without prompt: the session cookie answers for you, and no page is shown.",
                label="Go to Segue",
                leave=authorize("code", ticket=False),
                receive=receive_answer,
            ),
        ),
    ),
    Flow(
        id="replay",
        title="The same ticket twice",
        about="What a thief would try with an address from a log. A ticket is spent in one conditional write, so the "
        "second use finds nothing to spend.",
        carries="sessionToken, once",
        steps=(
            AUTHN,
            BrowserStep(
                title="Use it",
                about=WITH_TOKEN,
                label="Go to Segue",
                leave=authorize("code"),
                receive=receive_answer,
            ),
            BrowserStep(
                title="Use it again",
                about="The same sessionToken once more, in a new request. There is a session in this browser by now, "
                "and still the answer has to be a refusal: a spent ticket never signs anybody in.",
                label="Try it again",
                leave=authorize("code"),
                receive=receive_refusal,
            ),
        ),
    ),
)


def flow(flow_id: str) -> Flow | None:
    return next((flow for flow in FLOWS if flow.id == flow_id), None)
