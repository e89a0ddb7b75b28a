"""May this application hand a sign-in over to that one?"""

from dataclasses import dataclass

from segue.core.application import Application
from segue.core.trust import TrustEntry
from segue.core.verdict import Check, Verdict


@dataclass(frozen=True, slots=True)
class TrustQuestion:
    """``entry`` is the one that stands between two active applications at this moment, None where there is none.

    ``origin_id`` hands over, ``target`` takes; ``session_live`` says whether the sign-in of the origin goes on.
    """

    origin_id: str
    target: Application
    entry: TrustEntry | None
    session_live: bool


def decide_trust(question: TrustQuestion) -> Verdict:
    """Asked when a ticket is made and again when it is used: either application, the map or the session may have gone
    in between (NW-01)."""
    target = question.target
    takes = target.oidc is not None or target.saml is not None or target.wsfed is not None
    return Verdict(
        (
            Check(
                "target_permitted",
                takes and target.active,
                "an active OpenID Connect, SAML or WS-Federation application",
                target.status if takes else "an application that takes no sign-in",
                "Hand the sign-in over to an application that signs people in.",
            ),
            Check(
                "trusted",
                question.entry is not None,
                f"{target.label} trusts {question.origin_id}",
                question.entry.id if question.entry else "no entry, or an application that is switched off",
                f"Add the entry to the trust map: segue trust add {target.id} {question.origin_id}",
            ),
            Check(
                "session_live",
                question.session_live,
                "the sign-in that is handed over goes on",
                "live" if question.session_live else "ended",
                "The user has to sign in to the first application again.",
            ),
        ),
        rule="trust_map",
    )
