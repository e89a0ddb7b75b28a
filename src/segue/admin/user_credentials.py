"""What a user proves themselves with, as an administrator sets it."""

from segue.admin.change import Change, invalid
from segue.admin.users import set_password
from segue.core.factor import FactorType
from segue.core.org import Org
from segue.core.refusal import Refusal
from segue.core.user import User
from segue.signin.factors.factor import FactorContext
from segue.signin.factors.question import CUSTOM, QUESTIONS
from segue.signin.second_factor import SecondFactors
from segue.signin.transaction import Transactions
from segue.stores import Store

_QUESTION: FactorType = "question"


async def change_password(
    store: Store, transactions: Transactions, org: Org, user: User, old: str, new: str, change: Change, *, revoke: bool
) -> User:
    """Replaces a password by somebody who knows the old one, whose guesses count as everywhere (AU-03).

    Raises Refusal ``password_kept`` where ``old`` is not right, ``invalid_value``; PoolFull.
    """
    await prove_password(transactions, org, user, old, change)
    least = org.settings.password_rules.min_length
    if len(new) < least:
        raise invalid("password", f"A password has at least {least} characters here.")
    if new == old:
        raise invalid("password", "The new password has to be another one.")
    return await set_password(store, transactions.hasher, user.id, new, change, revoke=revoke)


async def prove_password(transactions: Transactions, org: Org, user: User, password: str, change: Change) -> None:
    """Raises Refusal ``password_kept`` unless this is the user's password; PoolFull."""
    try:
        await transactions.password(org, user.login, password, change.circumstances)
    except Refusal as refusal:
        if refusal.reason not in ("credentials", "locked"):
            raise
        sentence = "The old password is not right."
        raise Refusal("password_kept", sentence, refusal.verdict, user_id=user.id) from refusal


async def set_question(second: SecondFactors, context: FactorContext, text: str, answer: str, change: Change) -> None:
    """Gives a user a recovery question, one of the list by its text or one of their own, instead of the one they had.

    Raises Refusal ``factor_setup``, or another one where the org has no questions; PoolFull.
    """
    keys = {known.casefold(): key for key, known in QUESTIONS.items()}
    key = text if text in QUESTIONS else keys.get(text.casefold(), CUSTOM)
    details = {"question": key, "text": text, "answer": answer}
    # Enrolled as if there were none, so that a wrong answer leaves the one that is there.
    offer = await second.factors.enroll(context, _QUESTION, None, details)
    user = context.user
    for one in await second.store.factors(user.org_id, user.id):
        if one.type == _QUESTION:
            event = change.event("factor.remove", user_id=user.id, factor=one.id, factor_type=one.type)
            await second.store.remove_factor(user.org_id, user.id, one.id, event)
    event = change.event("factor.enroll", user_id=user.id, factor=offer.enrollment.id, factor_type=_QUESTION)
    await second.store.put_factor(offer.enrollment, event)
