"""What every factor offers."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Protocol

from segue.core.assurance import FactorKind
from segue.core.factor import FactorEnrollment, FactorType
from segue.core.org import Domain, Org
from segue.core.user import User
from segue.events import Circumstances


@dataclass(frozen=True, slots=True)
class FactorContext:
    """For whom and where a factor is asked for. ``domain`` gives addresses and the WebAuthn relying party."""

    org: Org
    domain: Domain
    user: User
    circumstances: Circumstances


@dataclass(frozen=True, slots=True)
class Offer:
    """A started enrolment: what is stored (pending, or active where nothing has to be proved) and what the user is
    shown once (a seed, a list of codes, options for the browser). ``challenge`` is what activation needs to
    remember."""

    enrollment: FactorEnrollment
    shown: Mapping[str, object] = field(default_factory=dict)
    challenge: Mapping[str, object] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Asked:
    """A factor that was asked for: ``challenge`` is remembered by the transaction (secrets in it as keyed digests),
    ``shown`` goes to the user. A factor that is answered out of hand (push) says how it stands in ``waiting``."""

    challenge: Mapping[str, object] = field(default_factory=dict)
    shown: Mapping[str, object] = field(default_factory=dict)
    waiting: bool = False


@dataclass(frozen=True, slots=True)
class Accepted:
    """A right answer. ``step`` has to be recorded in the same write as what it allows (stores.FactorStep), so that it
    is accepted once; None where the challenge itself is spent with the transaction's step. ``enrollment`` is a changed
    enrolment to be stored (a used recovery code)."""

    step: int | None = None
    enrollment: FactorEnrollment | None = None


class Factor(Protocol):
    """One type of factor. Answers come as the plain members of a form or JSON object, already size-checked.

    Every method may raise Refusal: ``factor_setup`` (what was sent cannot be enrolled), ``factor_answer`` (wrong),
    ``factor_replayed`` (right once, used before), ``factor_expired``, ``factor_unavailable`` (no provider is set up).
    """

    @property
    def type(self) -> FactorType: ...

    @property
    def kind(self) -> FactorKind: ...

    @property
    def amr(self) -> tuple[str, ...]:
        """RFC 8176 values of a proof by this factor."""
        ...

    @property
    def providers(self) -> tuple[str, ...]:
        """The providers that can be enrolled, the default first."""
        ...

    async def enroll(self, context: FactorContext, provider: str, details: Mapping[str, str]) -> Offer: ...

    async def activate(
        self,
        context: FactorContext,
        enrollment: FactorEnrollment,
        challenge: Mapping[str, object],
        answer: Mapping[str, str],
    ) -> Accepted:
        """Proves a pending enrolment; the caller stores it as active."""
        ...

    async def ask(self, context: FactorContext, enrollment: FactorEnrollment) -> Asked:
        """Sends or makes what the user has to answer; a factor that needs nothing answers an empty challenge."""
        ...

    async def verify(
        self,
        context: FactorContext,
        enrollment: FactorEnrollment,
        challenge: Mapping[str, object],
        answer: Mapping[str, str],
    ) -> Accepted: ...
