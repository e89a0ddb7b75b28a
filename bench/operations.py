"""What is measured, with the targets it is held to.

An operation is done by a side (``sides``), which makes jobs for it: one job is one whole piece of work, as a caller
does it. Making jobs (codes, tickets) happens before the clock starts.
"""

from dataclasses import dataclass
from typing import Final


@dataclass(frozen=True, slots=True)
class Operation:
    """``peer`` is what the peer does meanwhile, "" where it has nothing alike.

    Targets: ``ratio`` to the peer, ``per_second`` on one core, ``of_limit`` the share of what the core could sign,
    ``statements`` round trips to PostgreSQL. ``cheap_passwords`` says that the server has to be started so.
    """

    name: str
    title: str
    peer: str = ""
    ratio: float | None = None
    per_second: int | None = None
    of_limit: float | None = None
    statements: int | None = None
    cheap_passwords: bool = False


OPERATIONS: Final = (
    Operation("exchange-rs256", "code for tokens, both RS256", "exchange-rs256", of_limit=0.8, statements=2),
    Operation("exchange-es256", "code for tokens, ID token ES256", "exchange-es256", statements=2),
    Operation("authorize", "authorize with a session, to a code", "authorize", ratio=3.0),
    Operation("flow-rs256", "authorize and code for tokens, both RS256", "flow-rs256"),
    Operation("flow-es256", "authorize and code for tokens, ID token ES256", "flow-es256", ratio=3.5),
    Operation("redeem", "sessionToken at authorize, to a code", "authorize", 3.5, 6000, statements=3),
    Operation("mint", "sessionToken for a password"),
    Operation("mint-cheap", "the same, the password check left out", "authorize", 3.5, 6000, cheap_passwords=True),
    Operation("saml", "SAML response, asked for, with a session", per_second=700),
    Operation("session", "session looked up (sessions/me)", statements=1),
    Operation("discovery", "discovery document", "discovery"),
    Operation("keys", "key set", "keys"),
)
BY_NAME: Final = {operation.name: operation for operation in OPERATIONS}
