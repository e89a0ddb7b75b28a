"""What happens when a ticket for one user arrives in a browser that is signed in as another."""

from typing import Literal

from segue.core.application import WhenOtherUser
from segue.core.verdict import Check, Verdict

Collision = Literal["none", "same_user", "keep", "login_required", "ask", "end_and_prompt", "replace", "refuse"]


def resolve(
    *,
    ticket_user_id: str,
    session_user_id: str | None,
    default: WhenOtherUser,
    application_setting: WhenOtherUser | None,
    passive: bool,
) -> tuple[Collision, Verdict]:
    """What to do, and why. Whatever it is, nobody is ever answered for with another's ticket (OT-15).

    ``passive`` means that no page may be shown; a setting that needs one then becomes ``login_required``.
    """
    if session_user_id is None and application_setting == "ask_always":
        guarded: Collision = "login_required" if passive else "ask"
        return guarded, _verdict(passed=not passive, seen="no session, and a setting to ask", rule="always_asked")
    if session_user_id is None:
        return "none", _verdict(passed=True, seen="no session", rule="no_session")
    if session_user_id == ticket_user_id:
        return "same_user", _verdict(passed=True, seen="a session of the same user", rule="same_user")
    setting = application_setting or default
    chosen: Collision = "ask" if setting == "ask_always" else setting
    if passive and chosen in ("ask", "end_and_prompt"):
        chosen = "login_required"
    return chosen, _verdict(
        passed=chosen in ("ask", "replace", "keep"), seen="a session of another user", rule=f"other_user_{chosen}"
    )


def _verdict(*, passed: bool, seen: str, rule: str) -> Verdict:
    mend = "Sign out of the other session first, or choose another outcome in the application's hand-off settings."
    check = Check("session_of_the_ticket_user", passed, "no session, or one of the ticket's user", seen, mend)
    return Verdict((check,), rule=rule)
