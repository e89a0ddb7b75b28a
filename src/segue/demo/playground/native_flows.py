"""Native to Web SSO: a sign-in that walks from a native app into web apps."""

from typing import Final

from segue.demo.playground.flow import Flow
from segue.demo.playground.link_steps import receive_signed_out, sign_out
from segue.demo.playground.native_steps import (
    check_target,
    exchange_as_stranger,
    exchange_for,
    open_saml_target,
    open_target,
    redeem_code,
    refresh_natively,
    sign_in_natively,
)
from segue.demo.playground.saml_steps import check_unasked_response, receive_response
from segue.demo.playground.steps import BrowserStep, ServerStep, receive_answer

_ANNS_SIGN_IN: Final = ServerStep(
    title="Sign in to the native app",
    about="The native app asks for the scope interclient_access. Segue gives it only to apps that at least one other "
    "app trusts, and keeps a session in the back: no cookie, only what was proved and when.",
    label="Send it",
    act=sign_in_natively,
    credentials=True,
)
_EXCHANGE: Final = (
    "Both tokens of the native app for one token that opens one web app. Segue looks whether that app trusts this one, "
    "and whether the user is assigned to it."
)
_CHECK: Final = "The web app believes its own ID token for its signature alone, as ever."

NATIVE_FLOWS: Final = (
    Flow(
        id="native-to-web",
        title="Native app → web app",
        about="Somebody is signed in on the phone and opens a web app: no second sign-in, and no password on the way.",
        carries="interclient_token",
        steps=(
            _ANNS_SIGN_IN,
            ServerStep(
                title="Refresh the tokens",
                about="Where they have got old. The sign-in they speak of stays as old as it is.",
                label="Send it",
                act=refresh_natively,
            ),
            ServerStep(title="Exchange them", about=_EXCHANGE, label="Send it", act=exchange_for("target")),
            BrowserStep(
                title="Open the web app",
                about="The web app takes the interclient_token to the authorization endpoint. Segue spends it and "
                "answers for this app alone: the browser gets no session at Segue.",
                label="Go to Segue",
                leave=open_target("target"),
                receive=receive_answer,
            ),
            ServerStep(
                title="Exchange the code",
                about="The web app's own code, with the web app's own secret.",
                label="Send it",
                act=redeem_code("target"),
            ),
            ServerStep(
                title="Check the ID token", about=_CHECK, label="Fetch the keys and check", act=check_target("target")
            ),
        ),
    ),
    Flow(
        id="native-step-up",
        title="Native app → web app that wants more",
        about="The web app asks for a second factor. Segue asks for that alone: the password was proved already.",
        carries="interclient_token",
        steps=(
            ServerStep(
                title="Sign in to the native app",
                about="With a password. It is all that the native app asks for.",
                label="Send it",
                act=sign_in_natively,
                credentials=True,
                person="stepup",
            ),
            ServerStep(title="Exchange the tokens", about=_EXCHANGE, label="Send it", act=exchange_for("target_mfa")),
            BrowserStep(
                title="Open the web app",
                about="Segue asks for a code of the authenticator app and for nothing else. The page is for this "
                "person: whoever they hand the browser to cannot sign in as somebody else there.",
                label="Go to Segue",
                leave=open_target("target_mfa"),
                receive=receive_answer,
            ),
            ServerStep(
                title="Exchange the code",
                about="amr in the ID token names both: the password of the native app and the code of a moment ago.",
                label="Send it",
                act=redeem_code("target_mfa"),
            ),
            ServerStep(
                title="Check the ID token",
                about=_CHECK,
                label="Fetch the keys and check",
                act=check_target("target_mfa"),
            ),
        ),
    ),
    Flow(
        id="native-to-saml",
        title="Native app → SAML app",
        about="The same token opens a SAML app at its sign-on address; a WS-Federation app too.",
        carries="interclient_token",
        steps=(
            BrowserStep(
                title="Begin with nobody",
                about="Whatever session this browser has at Segue ends here, so that what follows can be seen.",
                label="Sign out at Segue",
                leave=sign_out,
                receive=receive_signed_out,
            ),
            _ANNS_SIGN_IN,
            ServerStep(
                title="Exchange the tokens", about=_EXCHANGE, label="Send it", act=exchange_for("playground_saml")
            ),
            BrowserStep(
                title="Open the SAML app",
                about="…/sso/saml?interclient_token=… answers with a page that posts a SAMLResponse.",
                label="Go to Segue",
                leave=open_saml_target,
                receive=receive_response,
            ),
            ServerStep(
                title="Check the response",
                about="The assertion says when and how the person signed in to the native app.",
                label="Fetch the metadata and check",
                act=check_unasked_response,
            ),
        ),
    ),
    Flow(
        id="native-stranger",
        title="A native app that nobody trusts",
        about="What keeps every app of an org from walking into every other one: the trust map.",
        carries="nothing",
        steps=(
            ServerStep(
                title="Ask for interclient_access",
                about="The right password of the right person, by an app that stands in no trust map.",
                label="Send it",
                act=exchange_as_stranger,
                credentials=True,
            ),
        ),
    ),
)
