"""Typed events: what happened, to which credential, by whom, and why it was refused.

Every refusal is an event with its whole trail; the public answer carries only the event's id. Events that belong to a
change of state are written in the same write as the change; refusals are written before the answer that names them.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import Literal

from segue.core.verdict import Verdict

Outcome = Literal["success", "refused", "failure"]


@dataclass(frozen=True, slots=True)
class Event:
    """``type`` is ``noun.verb`` (``session.open``, ``ticket.redeem`` …). ``detail`` is JSON and never holds a secret."""

    id: str
    org_id: str
    at: int
    type: str
    outcome: Outcome = "success"
    reason: str = ""
    actor_id: str | None = None
    user_id: str | None = None
    app_id: str | None = None
    credential_id: str | None = None
    domain: str = ""
    address: str = ""
    user_agent: str = ""
    request_id: str = ""
    count: int = 1
    detail: Mapping[str, object] = field(default_factory=dict)

    def refused(self, reason: str, verdict: Verdict) -> "Event":
        """This event as a refusal that carries the trail of ``verdict``."""
        return replace(self, outcome="refused", reason=reason, detail={**self.detail, "trail": trail_data(verdict)})


def trail_data(verdict: Verdict) -> dict[str, object]:
    """The JSON shape of a verdict inside an event."""
    return {
        "rule": verdict.rule,
        "checks": [
            {"name": c.name, "passed": c.passed, "expected": c.expected, "seen": c.seen, "mend": c.mend}
            for c in verdict.checks
        ],
    }
