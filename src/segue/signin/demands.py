"""What the org asks of somebody in a transaction, by its policies and by itself."""

from dataclasses import dataclass, replace

from segue.core.factor import FactorEnrollment
from segue.core.requirement import Requirement
from segue.core.user import Subject, User
from segue.policy.sign_on import SignOnDecision, SignOnQuestion, Surroundings, decide_sign_on, risk_of
from segue.signin.factors.factor import FactorContext
from segue.signin.second_factor import Lacking, SecondFactors
from segue.signin.sessions import address_known
from segue.signin.state import State
from segue.signin.transaction_refusals import not_let_in
from segue.signin.visit import Visit
from segue.stores import SignInStore


@dataclass(frozen=True, slots=True)
class Demands:
    """Whether more has to be proved, and what. An application's own policy is judged when the ticket is redeemed."""

    store: SignInStore
    second: SecondFactors

    def lacking(
        self,
        visit: Visit,
        subject: Subject,
        state: State,
        enrollments: tuple[FactorEnrollment, ...],
        *,
        device_remembered: bool = False,
    ) -> Lacking:
        """What the org asks of this user for a session. Whoever reset a password is asked for the factors they have, by
        rule or not and on any device: a mailbox alone must not be enough where a sign-in takes more (ASVS 6.4.3,
        AU-09). Raises Refusal ``access_denied`` where a policy does not let them in."""
        decision = self.decision(visit, subject, state, device_remembered=device_remembered)
        failure = decision.verdict.failure
        if failure is not None and failure.name != "user_active":  # the guard of every write sees to that
            raise not_let_in(subject.user, decision.verdict)
        requirement = decision.requirement
        if state.purpose == "reset_password":
            strength = self.second.strength(context_of(visit, subject.user, "", enrollments))
            requirement = requirement.stricter(Requirement(factors=strength))
        return Lacking(requirement, state.assurance, visit.circumstances.now_at, state.began_at)

    async def with_risk(self, visit: Visit, subject: Subject, state: State) -> State:
        """The state with how much of a risk this sign-in is, where a rule asks for it."""
        org, user = visit.org, subject.user
        if state.risk or not org.policies.asks_for_risk:
            return state
        device, remembered = visit.device or state.device, False
        if device and org.settings.remember_device_s:
            remembered = await self.store.remembers_device(org.id, user.id, device)
        known = await address_known(self.store, user, visit.circumstances.address)
        return replace(state, risk=risk_of(browser_remembered=remembered, address_known=known))

    async def second_factor_missing(
        self, visit: Visit, subject: Subject, state: State, enrollments: tuple[FactorEnrollment, ...]
    ) -> bool:
        """Whether more is asked for than was proved, on this device."""
        if self.lacking(visit, subject, state, enrollments).missing != "second_factor":
            return False
        device = visit.device or state.device
        if not device or not visit.org.settings.remember_device_s or state.purpose == "reset_password":
            return True
        if not await self.store.remembers_device(visit.org.id, subject.user.id, device):
            return True
        excused = self.lacking(visit, subject, state, enrollments, device_remembered=True)
        return excused.missing == "second_factor"

    def decision(
        self, visit: Visit, subject: Subject, state: State, *, device_remembered: bool = False
    ) -> SignOnDecision:
        """What the policies say of a session for this user."""
        where = visit.circumstances
        return decide_sign_on(
            SignOnQuestion(
                org=visit.org,
                subject=subject,
                application=None,
                assurance=state.assurance,
                surroundings=Surroundings(where.address, where.device, device_remembered, state.risk or "high"),
                now_at=where.now_at,
                began_at=state.began_at,
            )
        )


def context_of(
    visit: Visit, user: User, transaction_id: str, enrollments: tuple[FactorEnrollment, ...]
) -> FactorContext:
    """For whom and where a factor is asked for in a transaction."""
    return FactorContext(visit.org, visit.domain, user, visit.circumstances, transaction_id, enrollments)
