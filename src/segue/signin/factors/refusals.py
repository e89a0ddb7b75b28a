"""How a factor says no: one function for each reason, so that the same sentence is said everywhere."""

from collections.abc import Sequence

from segue.core.factor import FactorEnrollment, FactorType
from segue.core.refusal import Refusal
from segue.core.verdict import Check, Verdict
from segue.signin.factors.factor import FactorContext


def bad_setup(context: FactorContext, sentence: str, *, seen: str = "") -> Refusal:
    """What was sent cannot be enrolled; ``sentence`` says why and repeats nothing of it."""
    return _refusal(context, "factor_setup", sentence, Check("factor_setup", False, seen=seen, mend=sentence))


def wrong_answer(context: FactorContext, enrollment: FactorEnrollment, *, seen: str = "") -> Refusal:
    check = Check("factor_answer", False, f"the right answer to {enrollment.type}", seen, "Use the right one.")
    return _refusal(context, "factor_answer", "That is not the right answer.", check)


def used_before(context: FactorContext, enrollment: FactorEnrollment, *, seen: str = "") -> Refusal:
    check = Check("factor_replayed", False, f"more than {enrollment.last_step}", seen, "Wait for the next one.")
    return _refusal(context, "factor_replayed", "This answer was used before. Wait for the next one.", check)


def expired(context: FactorContext, *, seen: str = "") -> Refusal:
    check = Check("factor_fresh", False, "an answer to a question that still stands", seen, "Ask for a new one.")
    return _refusal(context, "factor_expired", "This took too long, or was not asked for. Ask for a new one.", check)


def throttled(context: FactorContext, wait_s: int) -> Refusal:
    check = Check("factor_throttle", False, "fewer codes", f"a new one in {wait_s} s at the earliest", "Wait.")
    return _refusal(
        context, "factor_throttled", "A code was sent a moment ago. Wait before you ask for another.", check
    )


def waiting(context: FactorContext) -> Refusal:
    check = Check("factor_answered", False, "an answer on the user's device", "none yet")
    return _refusal(context, "factor_waiting", "There is no answer yet.", check)


def rejected(context: FactorContext) -> Refusal:
    check = Check("factor_approved", False, "approved on the user's device", "rejected")
    return _refusal(context, "factor_rejected", "The request was rejected.", check)


def not_set_up(context: FactorContext, type: FactorType, setting: str) -> Refusal:
    """No provider: ``setting`` is what an operator sets."""
    sentence = f"{_NAMES[type]} are not set up here: {setting} is empty."
    return _refusal(context, "factor_unavailable", sentence, Check("factor_provider", False, setting, mend=sentence))


def not_now(context: FactorContext, sentence: str, *, seen: str) -> Refusal:
    """It could not be used this time; ``seen`` is for operators."""
    check = Check("factor_available", False, "a factor that works here", seen, "See the reason, or use another factor.")
    return _refusal(context, "factor_unavailable", sentence, check)


_NAMES: dict[FactorType, str] = {
    "totp": "Authenticator apps",
    "question": "Security questions",
    "email": "Codes by mail",
    "webauthn": "Security keys",
    "recovery_code": "Recovery codes",
    "sms": "Codes by text message",
    "call": "Codes by telephone",
    "push": "Push requests",
}


def _refusal(context: FactorContext, reason: str, public: str, *checks: Check) -> Refusal:
    trail: Sequence[Check] = checks
    return Refusal(reason, public, Verdict(tuple(trail), "factor"), user_id=context.user.id)
