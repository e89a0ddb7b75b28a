"""The one way to say no."""

from segue.core.verdict import Check, Verdict


class Refusal(Exception):
    """A refusal: a stable ``reason`` word, a ``public`` sentence, and the private trail.

    ``reason`` is Segue's own vocabulary (``ticket_not_usable``, ``not_assigned`` …); each protocol and dialect maps it
    to its own error code. ``public`` may be shown to anybody. ``verdict`` is for the event alone and is what
    ``segue explain`` prints.
    """

    def __init__(self, reason: str, public: str, verdict: Verdict | None = None) -> None:
        super().__init__(f"{reason}: {public}")
        self.reason = reason
        self.public = public
        self.verdict = verdict or Verdict((Check(reason, passed=False),), rule=reason)
