"""A user's factors as an administrator, or a program that acts for the user, handles them.

What is asked of the user is judged as in a sign-in: guesses count against the same limit, and no code is taken twice.
Nothing that was proved here signs anybody in.
"""

from collections.abc import Mapping
from dataclasses import replace
from typing import Final

from segue.admin.change import Change, invalid, missing, overtaken
from segue.admin.roles import check_reach
from segue.core.assurance import Assurance
from segue.core.factor import FactorEnrollment, FactorType
from segue.core.secret import partition_of
from segue.core.user import Subject
from segue.signin.factors.factor import FactorContext, Offer
from segue.signin.request import Proved
from segue.signin.second_factor import SecondFactors
from segue.stores import Commit, Guard, Store

#: Factors whose setting up needs nothing to be remembered between two calls.
SETTABLE: Final[frozenset[FactorType]] = frozenset({"totp", "question"})
VERIFIABLE: Final[frozenset[FactorType]] = frozenset({"totp", "question", "recovery_code"})


async def enroll_factor(
    second: SecondFactors,
    context: FactorContext,
    type: FactorType,
    provider: str,
    details: Mapping[str, str],
    change: Change,
) -> Offer:
    """Begins a factor; a question is ready at once. ``context`` has the user's factors. Raises Refusal
    ``invalid_value``, ``factor_setup``, ``forbidden``."""
    await check_reach(second.store, context.user.id, change)
    if type not in SETTABLE:
        raise invalid("factorType", "Only an authenticator app and a question are set up for a user by others.")
    offer = await second.factors.enroll(context, type, provider, details)
    name = "factor.enroll" if offer.enrollment.active else "factor.start"
    event = change.event(name, user_id=context.user.id, factor=offer.enrollment.id, factor_type=type)
    await second.store.put_factor(offer.enrollment, event)
    return offer


async def activate_factor(
    store: Store,
    second: SecondFactors,
    context: FactorContext,
    factor_id: str,
    answer: Mapping[str, str],
    change: Change,
) -> None:
    """Proves a factor that waits for it. Raises Refusal ``not_found``, ``factor_answer``, ``factor_locked``, and
    ``forbidden``."""
    await check_reach(store, context.user.id, change)
    factor = find_factor(context, factor_id)
    if factor.active or factor.type not in SETTABLE:
        raise invalid("factor", "Only a factor that waits for its activation is activated.")
    proved = await second.activate(context, factor, {}, answer, before=_nothing(context))
    await _write(store, context, proved, change)


async def verify_factor(
    store: Store,
    second: SecondFactors,
    context: FactorContext,
    factor_id: str,
    answer: Mapping[str, str],
    change: Change,
) -> None:
    """Checks an answer, which is used up by it. Raises Refusal ``not_found``, ``factor_answer``,
    ``factor_replayed``, ``factor_locked``."""
    factor = find_factor(context, factor_id)
    if not factor.active or factor.type not in VERIFIABLE:
        raise invalid("factor", "Only an active factor that takes a code or an answer is verified here.")
    proved, _ = await second.verify(context, factor, {}, answer, before=_nothing(context))
    await _write(store, context, proved, change)


async def remove_factor(store: Store, context: FactorContext, factor_id: str, change: Change) -> None:
    """Takes a factor away, and every remembered device with it. Raises Refusal ``not_found``, ``forbidden``."""
    await check_reach(store, context.user.id, change)
    factor = find_factor(context, factor_id)
    user = context.user
    event = change.event("factor.remove", user_id=user.id, factor=factor.id, factor_type=factor.type)
    await store.remove_factor(user.org_id, user.id, factor.id, event)
    await store.forget_devices(user.org_id, user.id)


def find_factor(context: FactorContext, factor_id: str) -> FactorEnrollment:
    """Raises Refusal ``not_found``."""
    found = next((one for one in context.enrollments if one.id == factor_id), None)
    if found is None:
        raise missing("factor", factor_id, "The user has no such factor.")
    return found


def _nothing(context: FactorContext) -> Proved:
    return Proved(Subject(context.user), Assurance())


async def _write(store: Store, context: FactorContext, proved: Proved, change: Change) -> None:
    user = context.user
    events = tuple(replace(event, actor_id=change.actor_id) for event in proved.events)
    commit = Commit(
        user.org_id, partition_of(user.id), events, Guard(user.id, user.stamp), factor_step=proved.factor_step
    )
    if not await store.commit(commit):
        raise overtaken("user", user.id)
