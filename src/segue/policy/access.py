"""May this user, at this assurance, use this application?"""

from dataclasses import dataclass, field

from segue.core.application import Application
from segue.core.assurance import Assurance
from segue.core.requirement import Missing, Requirement, missing
from segue.core.user import Subject
from segue.core.verdict import Check, Verdict


@dataclass(frozen=True, slots=True)
class AccessQuestion:
    """``application`` None asks about a session of the org alone. ``requirement`` is what the request itself asks."""

    subject: Subject
    application: Application | None
    requirement: Requirement
    assurance: Assurance
    now_at: int
    #: When the request began to wait for its user (epoch ms); None where it did not.
    began_at: int | None = None


@dataclass(frozen=True, slots=True)
class AccessDecision:
    """``verdict`` says whether the user may have access at all, ``missing`` what they still have to prove for it, of
    all that ``requirement`` asks."""

    verdict: Verdict
    missing: Missing | None
    requirement: Requirement = field(default_factory=Requirement)

    @property
    def granted(self) -> bool:
        return self.verdict.allowed and self.missing is None


def decide_access(question: AccessQuestion) -> AccessDecision:
    """The one evaluator for every way in."""
    app, user = question.application, question.subject.user
    checks = [Check("user_active", user.active, "active", user.status, "Activate the user, or use another one.")]
    requirement = question.requirement
    if app is not None:
        requirement = requirement.stricter(app.requirement)
        checks.append(Check("application_active", app.active, "active", app.status, "Activate the application."))
        checks.append(
            Check(
                "assigned",
                app.everyone or question.subject.assigned,
                f"{user.login} assigned to {app.label}",
                "everyone" if app.everyone else "assigned" if question.subject.assigned else "not assigned",
                "Assign the user to the application.",
            )
        )
    still_missing = missing(requirement, question.assurance, question.now_at, began_at=question.began_at)
    checks_made = Verdict(tuple(checks), rule="built_in_access")
    return AccessDecision(checks_made, still_missing, requirement)
