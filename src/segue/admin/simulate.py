"""What a sign-in would be answered, and by which rules, without anybody signing in."""

from dataclasses import dataclass
from typing import Literal, get_args

from segue.admin.applications import find_application
from segue.admin.change import Change, invalid, missing
from segue.admin.users import find_user
from segue.core.application import Application
from segue.core.assurance import PASSWORD, Assurance, Device, Proof, Worth
from segue.core.factor import FactorType
from segue.core.policy import Risk
from segue.core.user import Subject
from segue.policy.sign_on import SignOnDecision, SignOnQuestion, Surroundings, decide_sign_on
from segue.stores import Store

Outcome = Literal["deny", "challenge", "allow"]


@dataclass(frozen=True, slots=True)
class Scene:
    """Who signs in to what, from where, and what they proved.

    ``user`` is an id or a login; ``app_id`` "" asks about the session alone. ``factors`` are names of factors, all
    proved ``age_s`` seconds ago; a security key is taken for one that stays in its device and verifies its user.
    """

    user: str
    app_id: str = ""
    address: str = ""
    device: Device | None = None
    device_remembered: bool = False
    risk: Risk = "high"
    factors: tuple[str, ...] = (PASSWORD,)
    age_s: int = 0


@dataclass(frozen=True, slots=True)
class Simulated:
    subject: Subject
    application: Application | None
    decision: SignOnDecision

    @property
    def outcome(self) -> Outcome:
        if not self.decision.verdict.allowed:
            return "deny"
        return "challenge" if self.decision.missing else "allow"


async def simulate(store: Store, scene: Scene, change: Change) -> Simulated:
    """Asks the evaluator that every way in asks. Raises Refusal ``not_found``, ``invalid_value``."""
    org = await store.org(change.org_id)
    if org is None:
        raise missing("org", change.org_id, "There is no such org.")
    user = await find_user(store, scene.user, change)
    app = await find_application(store, scene.app_id, change) if scene.app_id else None
    subject = await store.subject(change.org_id, user.id, app.id if app else None)
    if subject is None:
        raise missing("user", scene.user, "There is no such user.")
    verified_at = change.now_at - scene.age_s * 1000
    assurance = Assurance(tuple(_proof(name, verified_at) for name in scene.factors), scene.device)
    question = SignOnQuestion(
        org=org,
        subject=subject,
        application=app,
        assurance=assurance,
        surroundings=Surroundings(scene.address, scene.device, scene.device_remembered, scene.risk),
        now_at=change.now_at,
        began_at=change.now_at,
    )
    return Simulated(subject, app, decide_sign_on(question))


def _proof(name: str, verified_at: int) -> Proof:
    if name not in (PASSWORD, *get_args(FactorType)):
        raise invalid("factors", "There is no such factor.", seen=name[:64])
    if name in (PASSWORD, "question"):
        return Proof(name, "knowledge", (), verified_at)
    best = Worth(phishing_resistant=True, hardware_protected=True, user_verified=True)
    return Proof(name, "possession", (), verified_at, best if name == "webauthn" else Worth())
