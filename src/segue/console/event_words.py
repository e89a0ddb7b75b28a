"""What happened, in words for people; a type that has none here is told by its own name."""

from collections.abc import Mapping
from typing import Final

from segue.events import Event, Outcome

OUTCOMES: Final[Mapping[Outcome, tuple[str, str]]] = {
    "success": ("Done", "quiet"),
    "refused": ("Refused", "bad"),
    "failure": ("Failed", "warn"),
}
"""An outcome in words, and the tone of its badge."""

_WORDS: Final[Mapping[str, str]] = {
    "api_token.mint": "An API token was made",
    "api_token.revoke": "An API token was ended",
    "application.assign": "An application was assigned",
    "application.assign_group": "An application was assigned to a group",
    "application.create": "An application was added",
    "application.launch": "An application was opened",
    "application.remove": "An application was removed",
    "application.secret": "A client secret was made",
    "application.status": "An application was switched on or off",
    "application.unassign": "An application was taken away",
    "application.unassign_group": "An application was taken from a group",
    "application.update": "An application was changed",
    "code.reuse": "An authorization code was used twice",
    "console.change": "A change in the console",
    "console.request": "A page of the console",
    "credential.revoke": "Something issued was ended",
    "domain.add": "A domain was added",
    "factor.enroll": "A factor was set up",
    "factor.remove": "A factor was removed",
    "factor.start": "A factor is being set up",
    "factor.verify": "A factor was proved",
    "group.add_member": "Somebody joined a group",
    "group.create": "A group was added",
    "group.join": "Somebody joined a group",
    "group.leave": "Somebody left a group",
    "interaction.park": "A sign-in page was opened",
    "interaction.resume": "A sign-in page was answered",
    "code.mint": "An authorization code was made",
    "code.redeem": "An authorization code was redeemed",
    "saml.sign_on": "Sign-in to a SAML application",
    "wsfed.sign_on": "Sign-in to a WS-Federation application",
    "keys.create": "A signing key was made",
    "keys.emergency": "Signing keys were replaced at once",
    "keys.rotate": "A signing key was replaced",
    "org.create": "The organisation was set up",
    "org.settings": "Settings were changed",
    "origin.distrust": "An origin is trusted no more",
    "origin.remove": "An origin was removed",
    "origin.trust": "An origin was trusted",
    "origin.update": "An origin was changed",
    "role.assign": "A role was given",
    "role.remove": "A role was taken",
    "session.end": "A session ended",
    "session.extend": "A session was extended",
    "session.open": "A session began",
    "sign_in.console": "Sign-in to the console",
    "sign_in.oidc": "Sign-in to an OpenID Connect application",
    "sign_in.password": "Sign-in by password",
    "sign_in.saml": "Sign-in to a SAML application",
    "sign_in.second_factor": "Second factor",
    "sign_in.wsfed": "Sign-in to a WS-Federation application",
    "ticket.mint": "A ticket was made",
    "ticket.redeem": "A ticket was redeemed",
    "token.issue": "Tokens were issued",
    "token.refresh": "Tokens were renewed",
    "token.revoke": "A token was ended",
    "trust.add": "An application was trusted with a hand-off",
    "trust.remove": "A trust was taken back",
    "user.add": "A user was added",
    "user.password": "A password was set",
    "user.profile": "A profile was changed",
    "user.sign_out": "A user was signed out everywhere",
    "user.status": "A user's status was changed",
}


def told(event: Event) -> str:
    """The event in a few words."""
    return _WORDS.get(event.type) or event.type.replace("_", " ").replace(".", ": ").capitalize()
