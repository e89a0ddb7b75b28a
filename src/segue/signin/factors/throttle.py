"""How often something may be sent to one person."""

from dataclasses import dataclass
from typing import Final

from segue.core.factor import FactorType
from segue.signin.factors.factor import FactorContext
from segue.signin.factors.refusals import throttled
from segue.stores import AttemptStore

RESEND_MS: Final = 5_000
MOST_UNANSWERED: Final = 10
"""So many without a right answer between them, then none for a while: inboxes are flooded, calls cost money."""
PAUSE_MS: Final = 15 * 60_000


@dataclass(frozen=True, slots=True)
class Throttle:
    """Counts by user and type of factor, not by enrolment: a new enrolment is easily made."""

    attempts: AttemptStore

    async def count(self, context: FactorContext, type: FactorType) -> None:
        """Counts one that is about to be sent. Raises Refusal ``factor_throttled`` where it may not be."""
        if context.user.limits_exempt:
            return
        key = _key(context, type)
        for name, limit, lock_ms in ((f"{key}:resend", 1, RESEND_MS), (key, MOST_UNANSWERED, PAUSE_MS)):
            attempts = await self.attempts.count_attempt(context.org.id, name, limit=limit, lock_ms=lock_ms)
            if attempts.locked_now:
                wait_ms = max(0, attempts.locked_until_at - context.circumstances.now_at)
                raise throttled(context, -(-wait_ms // 1000))

    async def clear(self, context: FactorContext, type: FactorType) -> None:
        """Forgets the count after a right answer; the pause between two stays."""
        await self.attempts.clear_attempts(context.org.id, _key(context, type))


def _key(context: FactorContext, type: FactorType) -> str:
    return f"sent:{type}:{context.user.id}"
