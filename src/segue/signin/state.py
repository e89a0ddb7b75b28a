"""Where a transaction of several steps stands: what is kept between two requests, and nothing that a client can change.

Evidence belongs to one step: a challenge and the count of wrong answers are dropped whenever the step is left.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field, fields, replace
from typing import Any, Final, Literal

from segue.core.assurance import Assurance, from_data, to_data

Status = Literal[
    "factor_required",
    "factor_challenge",
    "factor_enroll",
    "factor_activate",
    "password_warn",
    "password_expired",
    "password_reset",
    "recovery",
    "recovery_challenge",
    "closed",
]
"""What the user has to do next. ``closed``: a change of the password is under way, and a new transaction follows."""

Purpose = Literal["sign_in", "reset_password", "unlock", "activate"]
Result = Literal["", "waiting", "challenge", "rejected", "timeout"]
Skippable = Literal["password_warn", "factor_enroll"]

MOST_TRIES: Final = 5
"""Wrong answers to one challenge; then it is dropped and has to be asked for again (ASVS 6.6.3)."""


@dataclass(frozen=True, slots=True)
class State:
    """``purpose`` says what the transaction is for. ``assurance`` is what was proved so far.

    ``enroll_more`` offers further factors after the first; ``warn`` wants to hear of a password that ends soon;
    ``ticket`` says that the end is a ticket, not a page of ours. ``device`` names the user's device, as a digest.
    ``factor_id`` is the factor that ``challenge`` was made for; ``result`` is how an answer out of hand stands.
    ``enrolled_here``, ``password_set`` and ``skipped`` are what happened on the way. ``trusted_by`` is the API token of
    a caller that is trusted. ``password_changed_at`` and ``began_at`` are epoch ms: a transaction ends with the
    password it was begun with, and an hour after its beginning in any case.
    """

    status: Status
    began_at: int
    purpose: Purpose = "sign_in"
    assurance: Assurance = field(default_factory=Assurance)
    relay_state: str | None = None
    enroll_more: bool = False
    warn: bool = False
    ticket: bool = True
    device: str = ""
    trusted_by: str = ""
    password_changed_at: int = 0
    password_set: bool = False
    enrolled_here: bool = False
    skipped: tuple[str, ...] = ()
    factor_id: str = ""
    challenge: Mapping[str, object] = field(default_factory=dict, repr=False)
    tries: int = 0
    result: Result = ""
    #: How a code for recovery was sent: mail, text message or call.
    channel: str = ""
    #: Whose account is recovered by a code, while the transaction is nobody's.
    account: str = ""
    #: How much of a risk the sign-in is, where a rule asked.
    risk: Literal["", "low", "medium", "high"] = ""
    #: Digest of the secret that opens the picture of the factor that is being set up.
    picture: str = ""

    def at(self, status: Status, *, assurance: Assurance | None = None) -> "State":
        """This transaction at another step, without the evidence of the one it leaves."""
        proved = self.assurance if assurance is None else assurance
        return replace(self, status=status, assurance=proved, factor_id="", challenge={}, tries=0, result="")

    def asking(self, status: Status, factor_id: str, challenge: Mapping[str, object], result: Result = "") -> "State":
        """This transaction as it waits for the answer to a new challenge."""
        return replace(self, status=status, factor_id=factor_id, challenge=challenge, tries=0, result=result)

    def challenge_for(self, factor_id: str) -> Mapping[str, object]:
        """What was asked of that factor here, if it was."""
        return self.challenge if self.factor_id == factor_id else {}


def state_data(state: State) -> dict[str, object]:
    """The JSON shape in which a credential keeps its state."""
    plain = {one.name: getattr(state, one.name) for one in fields(state)}
    return {**plain, "assurance": to_data(state.assurance), "skipped": list(state.skipped)}


def read_state(data: Mapping[str, object]) -> State:
    """The state that :func:`state_data` wrote; members that a newer release wrote are left alone. Raises ValueError,
    TypeError for anything else."""
    known: dict[str, Any] = {one.name: data[one.name] for one in fields(State) if one.name in data}
    known |= {"assurance": from_data(data.get("assurance")), "skipped": tuple(known.get("skipped", ()))}
    return State(**known)
