"""Typed events: what happened, to which credential, by whom, and why it was refused.

Every refusal is an event with its whole trail; the public answer carries only the event's id. Events that belong to a
change of state are written in the same write as the change; refusals are written before the answer that names them.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import Literal

from segue.core.assurance import Device
from segue.core.clock import Source
from segue.core.refusal import Refusal
from segue.core.secret import new_id, partition_of, random_partition
from segue.core.verdict import Verdict

Outcome = Literal["success", "refused", "failure"]


@dataclass(frozen=True, slots=True)
class Event:
    """``type`` is ``noun.verb`` (``session.open``, ``ticket.redeem`` …). ``detail`` is JSON and never holds a
    secret.
    """

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


@dataclass(frozen=True, slots=True)
class Circumstances:
    """Where and when something happens: what every event of one request has in common."""

    org_id: str
    now_at: int
    source: Source
    domain: str = ""
    address: str = ""
    user_agent: str = ""
    request_id: str = ""
    #: The device, where a proxy that the operator trusts says which it is.
    device: Device | None = None

    def event(
        self,
        type: str,
        *,
        actor_id: str | None = None,
        user_id: str | None = None,
        app_id: str | None = None,
        credential_id: str | None = None,
        detail: Mapping[str, object] | None = None,
    ) -> Event:
        """A new event here and now. Its id takes the partition of the user or credential it is about."""
        owner = user_id or credential_id
        random = self.source.random
        partition = partition_of(owner) if owner else random_partition(random)
        return Event(
            id=new_id("evt", partition, self.now_at, random),
            org_id=self.org_id,
            at=self.now_at,
            type=type,
            actor_id=actor_id,
            user_id=user_id,
            app_id=app_id,
            credential_id=credential_id,
            domain=self.domain,
            address=self.address,
            user_agent=self.user_agent,
            request_id=self.request_id,
            detail=detail or {},
        )

    def refusal(self, type: str, refusal: Refusal) -> Event:
        """The event of a refusal, with its whole trail."""
        about = self.event(type, user_id=refusal.user_id, app_id=refusal.app_id, credential_id=refusal.credential_id)
        return about.refused(refusal.reason, refusal.verdict)


def trail_data(verdict: Verdict) -> dict[str, object]:
    """The JSON shape of a verdict inside an event."""
    trail: dict[str, object] = {
        "rule": verdict.rule,
        "checks": [
            {"name": c.name, "passed": c.passed, "expected": c.expected, "seen": c.seen, "mend": c.mend}
            for c in verdict.checks
        ],
    }
    if verdict.tried:
        trail["tried"] = [
            {"policy": one.policy, "rule": one.rule, "matched": one.matched, "why": one.why} for one in verdict.tried
        ]
    return trail
