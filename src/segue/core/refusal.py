"""The one way to say no."""

from segue.core.verdict import Check, Verdict


class Refusal(Exception):
    """A refusal: a stable ``reason`` word, a ``public`` sentence, and the private trail.

    ``reason`` is Segue's own vocabulary (``ticket_not_usable``, ``not_assigned`` …); each protocol and dialect maps it
    to its own error code. ``public`` may be shown to anybody. ``verdict`` and the ids are for the event alone, which is
    what ``segue explain`` prints.
    """

    def __init__(
        self,
        reason: str,
        public: str,
        verdict: Verdict | None = None,
        *,
        user_id: str | None = None,
        app_id: str | None = None,
        credential_id: str | None = None,
    ) -> None:
        super().__init__(f"{reason}: {public}")
        self.reason = reason
        self.public = public
        self.verdict = verdict or Verdict((Check(reason, passed=False),), rule=reason)
        self.user_id = user_id
        self.app_id = app_id
        self.credential_id = credential_id
