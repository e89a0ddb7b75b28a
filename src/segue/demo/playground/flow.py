"""What a flow is, and the steps that many flows share."""

from dataclasses import dataclass
from typing import Final

from segue.demo.playground.steps import (
    ServerStep,
    Step,
    check_id_token,
    exchange_code,
    primary_authentication,
    userinfo,
)


@dataclass(frozen=True, slots=True)
class Flow:
    """``id`` stands in addresses, ``carries`` says in a word or two what takes the sign-in along."""

    id: str
    title: str
    about: str
    carries: str
    steps: tuple[Step, ...]


AUTHN: Final = ServerStep(
    title="Check the password",
    about="The login page's server asks the Authentication API. A right password gives a sessionToken: a ticket that "
    "stands for this sign-in, for five minutes and for one use.",
    label="Send it",
    act=primary_authentication,
    credentials=True,
)
TOKEN: Final = ServerStep(
    title="Exchange the code",
    about="Server to server: the code, the client's secret and the PKCE verifier together are worth an ID token and an "
    "access token. The code is spent with it.",
    label="Send it",
    act=exchange_code,
)
CHECK: Final = ServerStep(
    title="Check the ID token",
    about="A client believes an ID token for its signature alone. The public keys are there for everybody.",
    label="Fetch the keys and check",
    act=check_id_token,
)
USERINFO: Final = ServerStep(
    title="Ask for the profile",
    about="The access token opens userinfo, which has what was too much for the ID token.",
    label="Send it",
    act=userinfo,
)
WITH_TOKEN: Final = (
    "The browser takes the sessionToken to Segue. Segue spends it in one write, sets the session cookie (sid) and "
    "answers. prompt=none: no page is shown, whatever happens."
)
