"""What the calls about users have in common: what they need, and users as they are answered."""

from collections.abc import Sequence
from dataclasses import dataclass

from segue.admin.change import Change
from segue.core.refusal import Refusal
from segue.core.user import User
from segue.dialects.okta.admin.user_shapes import user_object
from segue.dialects.okta.errors import ValidationFailed
from segue.policy.user_state import UserState, user_state
from segue.signin.factors.factor import FactorContext
from segue.signin.invitation import Invitations
from segue.signin.passwords import PasswordHasher
from segue.signin.second_factor import SecondFactors
from segue.signin.visit import Visit
from segue.stores import SignIns, Store
from segue.web.frontchannel import FrontDoor
from segue.web.message import Request


@dataclass(frozen=True, slots=True)
class UserAnswers:
    door: FrontDoor
    store: Store
    second: SecondFactors
    invitations: Invitations

    @property
    def hasher(self) -> PasswordHasher:
        return self.door.transactions.hasher

    async def shape(self, request: Request, user: User) -> dict[str, object]:
        """One user, with their recovery question."""
        factors = await self.store.factors(user.org_id, user.id)
        question = next((one for one in factors if one.active and one.type == "question"), None)
        sign_ins, state = await self.standing(request, user)
        return user_object(request, user, state, sign_ins, question)

    async def shapes(self, request: Request, found: Sequence[User]) -> list[dict[str, object]]:
        """A page of users; how they stand is one look-up for all of them."""
        org = request.site.org
        known = await self.store.sign_ins(org.id, [user.id for user in found]) if found else {}
        return [
            user_object(request, user, self._state(request, user, sign_ins), sign_ins)
            for user in found
            for sign_ins in (known.get(user.id, SignIns()),)
        ]

    async def standing(self, request: Request, user: User) -> tuple[SignIns, UserState]:
        known = await self.store.sign_ins(user.org_id, (user.id,))
        sign_ins = known.get(user.id, SignIns())
        return sign_ins, self._state(request, user, sign_ins)

    def visit(self, request: Request, change: Change) -> Visit:
        """The call as something done for the user: links lead to the domain it came to."""
        return Visit(request.site.org, request.site.domain, change.circumstances)

    def context(self, request: Request, user: User, change: Change) -> FactorContext:
        """For whom a factor is set up here; they are nobody's sign-in."""
        return FactorContext(request.site.org, request.site.domain, user, change.circumstances, user.id)

    def _state(self, request: Request, user: User, sign_ins: SignIns) -> UserState:
        rules = request.site.org.settings.password_rules
        return user_state(user, rules, locked=sign_ins.locked, now_at=request.now_at)


def fielded(refusal: Refusal, subject: str) -> Refusal:
    """The refusal of one field's value in the shape of this dialect, its cause beginning with the field's name."""
    failure = refusal.verdict.failure
    if refusal.reason not in ("invalid_value", "already_exists", "factor_setup") or failure is None:
        return refusal
    return ValidationFailed(subject, failure.name, f"{failure.name}: {refusal.public}")
