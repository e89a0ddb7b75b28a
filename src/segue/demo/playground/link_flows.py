"""Flows whose ticket travels in a link or an image, flows of the Sessions API, and those that ask more than once."""

from dataclasses import replace
from typing import Final

from segue.demo.playground.factor_steps import answer_factor, choose_factor, password_first
from segue.demo.playground.flow import AUTHN, CHECK, TOKEN, Flow
from segue.demo.playground.link_steps import (
    create_session,
    follow_start_link,
    load_image,
    look_up_session,
    receive_choice,
    receive_image,
    receive_landing,
    receive_signed_out,
    receive_start,
    redirect_link,
    sign_out,
)
from segue.demo.playground.saml_steps import check_unasked_response, follow_embed_link, receive_response
from segue.demo.playground.steps import BrowserStep, ServerStep, authorize, receive_answer
from segue.demo.playground.wsfed_steps import check_token_response, receive_token_response, request_token

_SIGN_OUT: Final = BrowserStep(
    title="Begin with nobody",
    about="Whatever session this browser has at Segue ends here, so that what follows can be seen.",
    label="Sign out at Segue",
    leave=sign_out,
    receive=receive_signed_out,
)
_REDIRECT_LINK: Final = BrowserStep(
    title="Follow the redirect link",
    about="/login/sessionCookieRedirect spends the token, sets the cookie and goes on to redirectUrl: an address of a "
    "trusted origin, or of Segue itself, and nowhere else.",
    label="Go to Segue",
    leave=redirect_link(),
    receive=receive_landing,
)
_CHECK_SAML: Final = ServerStep(
    title="Check the response",
    about="The same checks as ever, but that it answers no request: Segue spoke first.",
    label="Fetch the metadata and check",
    act=check_unasked_response,
)

LINK_FLOWS: Final = (
    Flow(
        id="wsfed",
        title="Custom login page → WS-Federation app",
        about="The same ticket at the passive address of a WS-Federation app, which gets a signed SAML 2.0 token.",
        carries="sessionToken",
        steps=(
            AUTHN,
            BrowserStep(
                title="Carry it to the browser",
                about="wa=wsignin1.0 asks for a sign-in at wtrealm; wctx comes back as it was sent. The answer is a "
                "page that posts wresult: here to the playground, a second reply address of the app.",
                label="Go to Segue",
                leave=request_token,
                receive=receive_token_response,
            ),
            ServerStep(
                title="Check the token",
                about="The envelope is not signed; the assertion inside is. Its signature, issuer, audience, recipient "
                "and times decide, and nothing outside of it counts.",
                label="Fetch the certificates and check",
                act=check_token_response,
            ),
        ),
    ),
    Flow(
        id="redirect-link",
        title="Redirect link → your own landing page",
        about="No application at all: the browser gets a session, and lands on a page of yours.",
        carries="sessionToken",
        steps=(
            AUTHN,
            _REDIRECT_LINK,
            BrowserStep(
                title="Use the session",
                about="prompt=none and no ticket: the cookie alone answers for the user.",
                label="Go to Segue",
                leave=authorize("code", ticket=False, prompt="none"),
                receive=receive_answer,
            ),
        ),
    ),
    Flow(
        id="embed-saml",
        title="Embed link → SAML app",
        about="One address starts the app and signs the browser in on the way.",
        carries="sessionToken",
        steps=(
            AUTHN,
            BrowserStep(
                title="Follow the embed link",
                about="/home/{app}/{id}/{link} with the sessionToken, and a RelayState for the app. Segue answers with "
                "a SAMLResponse that nobody asked for.",
                label="Go to Segue",
                leave=follow_embed_link,
                receive=receive_response,
            ),
            _CHECK_SAML,
        ),
    ),
    Flow(
        id="embed-oidc",
        title="Embed link → OpenID Connect app",
        about="An OpenID Connect app begins its sign-in itself, so the link leads to where it does.",
        carries="sessionToken, then a cookie",
        steps=(
            AUTHN,
            BrowserStep(
                title="Follow the embed link",
                about="Segue spends the token, sets the cookie and sends the browser to the app's initiate_login_uri "
                "with its own issuer (iss). No token of any kind goes there.",
                label="Go to Segue",
                leave=follow_start_link,
                receive=receive_start,
            ),
            BrowserStep(
                title="The app asks for itself",
                about="Its own request, with its own state, nonce and PKCE challenge. The cookie answers.",
                label="Go to Segue",
                leave=authorize("code", ticket=False, prompt="none"),
                receive=receive_answer,
            ),
            TOKEN,
            CHECK,
        ),
    ),
    Flow(
        id="legacy",
        title="Sessions API → one-time token",
        about="The older way: a server with an API token makes the session, and the browser fetches it.",
        carries="cookieToken",
        steps=(
            ServerStep(
                title="Make a session",
                about="User name and password, under the API token (SSWS) of this server. The answer has the session's "
                "id and a cookieToken; nobody holds the session's cookie yet.",
                label="Send it",
                act=create_session("cookieToken"),
                credentials=True,
            ),
            replace(_REDIRECT_LINK, leave=redirect_link("cookieToken")),
            ServerStep(
                title="Look the session up",
                about="By the id of the first step, with the API token. The browser holds just that session: compare "
                "the id below.",
                label="Send it",
                act=look_up_session,
            ),
        ),
    ),
    Flow(
        id="image",
        title="A hidden image",
        about="The oldest way, off unless an org wants it: an image sets the cookie, if the browser lets it.",
        carries="a token in an image's address",
        steps=(
            _SIGN_OUT,
            ServerStep(
                title="Make a session",
                about="The Sessions API, with this server's API token and for cookieTokenUrl: the address of an image.",
                label="Send it",
                act=create_session("cookieTokenUrl"),
                credentials=True,
            ),
            BrowserStep(
                title="Load the image",
                about="A page of the playground holds it. Browsers drop cookies of images from other sites; this page "
                "and Segue are both on localhost, which is one site. The page has to say where it comes from "
                '(referrerpolicy="origin"): Segue answers images of trusted origins alone.',
                label="Open the page",
                leave=load_image,
                receive=receive_image,
            ),
        ),
    ),
    Flow(
        id="second-factor",
        title="A second factor, call by call",
        about="The Authentication API as a state machine: each answer says what may come next.",
        carries="stateToken, then sessionToken",
        steps=(
            ServerStep(
                title="The password",
                about="The answer is MFA_REQUIRED, the factors of the user and a stateToken: the sign-in as far as it "
                "went. It opens nothing.",
                label="Send it",
                act=password_first,
                credentials=True,
                person="otp",
            ),
            ServerStep(
                title="Choose the factor",
                about="verify without a code: MFA_CHALLENGE. A code by mail would be sent now.",
                label="Send it",
                act=choose_factor,
            ),
            ServerStep(
                title="The code",
                about="verify with the code of the authenticator app. Each code is taken once (RFC 6238 5.2).",
                label="Send it",
                act=answer_factor,
                code=True,
                person="otp",
            ),
            BrowserStep(
                title="Carry it to the browser",
                about="As ever: one ticket, which now stands for two factors.",
                label="Go to Segue",
                leave=authorize("code"),
                receive=receive_answer,
            ),
            TOKEN,
            CHECK,
        ),
    ),
    Flow(
        id="collision",
        title="Somebody else is signed in already",
        about="Ann is signed in, and a link arrives with Bob's ticket. Nobody changes places without a question.",
        carries="sessionToken, twice",
        steps=(
            _SIGN_OUT,
            replace(AUTHN, title="Check Ann's password"),
            replace(_REDIRECT_LINK, title="Ann follows the redirect link"),
            replace(AUTHN, title="Check Bob's password", person="bob"),
            BrowserStep(
                title="The same browser opens a link with Bob's ticket",
                about="Segue spends the ticket, and asks before it changes who is signed in: continue as Bob, or stay "
                "Ann. With prompt=none there would be no page, and the app would get login_required.",
                label="Go to Segue",
                leave=authorize("code", silent=False),
                receive=receive_choice,
            ),
            BrowserStep(
                title="Who is it now?",
                about="A new request without a ticket: the session answers, and the ID token will say whose it is.",
                label="Go to Segue",
                leave=authorize("code", ticket=False, prompt="none"),
                receive=receive_answer,
            ),
            TOKEN,
        ),
    ),
)
