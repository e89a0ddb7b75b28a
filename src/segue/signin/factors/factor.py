"""What every factor offers."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Protocol

from segue.core.assurance import NOTHING_MORE, FactorKind, Worth
from segue.core.factor import FactorEnrollment, FactorType
from segue.core.org import Domain, Org
from segue.core.user import User
from segue.events import Circumstances


@dataclass(frozen=True, slots=True)
class FactorContext:
    """For whom and where a factor is asked for.

    ``domain`` gives addresses and the WebAuthn relying party. ``transaction_id`` names what the factor is asked for in
    (a transaction, an interaction, a session): a code sent for one is no answer in another (ASVS 6.6.2).
    ``enrollments`` are all the user has. ``user_verified``: a key has to ask for its PIN or its owner's finger.
    """

    org: Org
    domain: Domain
    user: User
    circumstances: Circumstances
    transaction_id: str
    enrollments: tuple[FactorEnrollment, ...] = ()
    user_verified: bool = False


@dataclass(frozen=True, slots=True)
class Offer:
    """A started enrolment: what is stored (pending, or active where nothing has to be proved) and what the user is
    shown once (a seed, a list of codes, options for the browser). ``challenge`` is what activation needs to
    remember."""

    enrollment: FactorEnrollment
    shown: Mapping[str, object] = field(default_factory=dict, repr=False)
    challenge: Mapping[str, object] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Asked:
    """A factor that was asked for: ``challenge`` is remembered by the transaction (secrets in it sealed), ``shown``
    goes to the user. ``waiting`` says that the answer comes out of hand (push): verify until it is there."""

    challenge: Mapping[str, object] = field(default_factory=dict)
    shown: Mapping[str, object] = field(default_factory=dict)
    waiting: bool = False


@dataclass(frozen=True, slots=True)
class Accepted:
    """A right answer.

    Of ``verify``: ``step`` has to be recorded in the same write as what it allows (stores.FactorStep), so that it is
    accepted once; None where the challenge itself is spent with the transaction's step. ``enrollment`` is a changed
    enrolment to be stored by that same write (a used recovery code is gone).

    Of ``activate``: ``enrollment`` is the whole enrolment to store, active, with the accepted step in it already.

    ``amr`` are the RFC 8176 values of this proof, ``worth`` is what it was seen to be worth. ``note`` is a sentence the
    user should read, or empty.
    """

    step: int | None = None
    enrollment: FactorEnrollment | None = None
    amr: tuple[str, ...] = ()
    note: str = ""
    worth: Worth = NOTHING_MORE


class Factor(Protocol):
    """One type of factor. Answers come as the plain members of a form or JSON object, already size-checked.

    Every method may raise Refusal: ``factor_setup`` (what was sent cannot be enrolled), ``factor_answer`` (wrong),
    ``factor_replayed`` (right once, used before), ``factor_expired``, ``factor_throttled`` (asked for again too soon),
    ``factor_waiting`` and ``factor_rejected`` (out of hand: no answer yet, or a no), ``factor_unavailable`` (no
    provider is set up, or it cannot be reached). Callers go through ``registry.Factors``, which checks whose the
    enrolment is and that it is pending or active as it has to be.
    """

    @property
    def type(self) -> FactorType: ...

    @property
    def kind(self) -> FactorKind: ...

    @property
    def best(self) -> Worth:
        """The most that a proof of this type can be worth."""
        ...

    @property
    def providers(self) -> tuple[str, ...]:
        """The providers that can be enrolled, the default first."""
        ...

    @property
    def most(self) -> int:
        """How many active ones of one provider a user may have."""
        ...

    @property
    def missing(self) -> str:
        """The setting without which it cannot be used here, or empty."""
        ...

    async def enroll(self, context: FactorContext, provider: str, details: Mapping[str, str]) -> Offer: ...

    async def activate(
        self,
        context: FactorContext,
        enrollment: FactorEnrollment,
        challenge: Mapping[str, object],
        answer: Mapping[str, str],
    ) -> Accepted:
        """Proves a pending enrolment; the caller stores the one it answers with."""
        ...

    async def ask(self, context: FactorContext, enrollment: FactorEnrollment) -> Asked:
        """Sends or makes what the user has to answer; a factor that needs nothing answers an empty challenge. Asking
        for a pending enrolment sends again what activates it."""
        ...

    def show(
        self, context: FactorContext, enrollment: FactorEnrollment, challenge: Mapping[str, object]
    ) -> Mapping[str, object]:
        """What was shown when this challenge was made, for a user who comes back to it; without what is shown once."""
        ...

    async def verify(
        self,
        context: FactorContext,
        enrollment: FactorEnrollment,
        challenge: Mapping[str, object],
        answer: Mapping[str, str],
    ) -> Accepted: ...
