"""A decision with its trail: every check made, its outcome and how to mend a failure."""

from collections.abc import Iterable
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Check:
    """One question a decision asked.

    ``expected`` and ``seen`` hold values that an operator may read; never a secret. ``mend`` says what would make the
    check pass, in one sentence.
    """

    name: str
    passed: bool
    expected: str = ""
    seen: str = ""
    mend: str = ""


@dataclass(frozen=True, slots=True)
class Tried:
    """A rule of a policy that was looked at: whether it matched, and what of it did not."""

    policy: str
    rule: str
    matched: bool
    why: str = ""
    type: str = ""
    policy_id: str = ""
    rule_id: str = ""


@dataclass(frozen=True, slots=True)
class Verdict:
    """The checks of one decision in the order they were made; ``rule`` names the rule that decided, ``tried`` are the
    rules of policies that were looked at for it."""

    checks: tuple[Check, ...] = ()
    rule: str = ""
    tried: tuple[Tried, ...] = ()

    @property
    def allowed(self) -> bool:
        return all(check.passed for check in self.checks)

    @property
    def failure(self) -> Check | None:
        """The first check that failed, or None."""
        return next((check for check in self.checks if not check.passed), None)

    def and_then(self, checks: Iterable[Check], rule: str = "") -> "Verdict":
        """This verdict with more checks after it; a new ``rule`` replaces the old one."""
        return Verdict((*self.checks, *checks), rule or self.rule, self.tried)
