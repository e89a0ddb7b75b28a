"""How a transaction says no: one function for each reason, so that the same sentence is said everywhere."""

from segue.core.refusal import Refusal
from segue.core.secret import Bearer
from segue.core.user import Subject, User
from segue.core.verdict import Check, Verdict
from segue.signin.state import State, Status


def unusable(seen: str, credential_id: str | None) -> Refusal:
    """One text for every cause (OT-13)."""
    check = Check("state_token", False, "a live transaction of this domain", seen, "Start again with a user name.")
    verdict = Verdict((check,), rule="transaction")
    return Refusal("invalid_token", "The state token is not valid.", verdict, credential_id=credential_id)


def wrong_state(bearer: Bearer, subject: Subject | None, state: State, wanted: tuple[Status, ...]) -> Refusal:
    check = Check(
        "transaction_state",
        passed=False,
        expected=" or ".join(wanted) or "a transaction that no other request moves",
        seen=state.status,
        mend="Ask where the transaction stands, and go on from there.",
    )
    return Refusal(
        "wrong_state",
        "This cannot be done at this step of the sign-in.",
        Verdict((check,), rule="transaction"),
        user_id=subject.user.id if subject else None,
        credential_id=bearer.id,
    )


def changed(user: User | None) -> Refusal:
    """The same answer as for a wrong password: whoever asks may not learn that something about the user changed."""
    check = Check("unchanged", passed=False, expected="the user as the password was checked", seen="changed since")
    return Refusal(
        "credentials", "The sign-in failed.", Verdict((check,), rule="write_guard"), user_id=user.id if user else None
    )


def no_factor_works(user: User) -> Refusal:
    sentence = "None of your factors can be used here now. Ask your administrator."
    check = Check(
        "factor_available", False, "a factor that works", "only factors that the org or server lacks", sentence
    )
    return Refusal("factor_unavailable", sentence, Verdict((check,), rule="factor"), user_id=user.id)


def not_let_in(user: User, verdict: Verdict) -> Refusal:
    sentence = "A rule of your organisation does not allow this sign-in."
    return Refusal("access_denied", sentence, verdict, user_id=user.id)
