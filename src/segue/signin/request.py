"""What a front channel asks of the pipeline, and the only three answers it can get."""

from collections.abc import Mapping
from dataclasses import dataclass, field

from segue.core.application import Application, WhenOtherUser
from segue.core.assurance import Assurance
from segue.core.credential import Kind
from segue.core.org import Domain, Org
from segue.core.refusal import Refusal
from segue.core.requirement import Missing, Requirement
from segue.core.user import Subject, User
from segue.core.verdict import Verdict
from segue.events import Circumstances, Event
from segue.handoff.redeem import PresentedTicket, WaitingSession
from segue.signin.sessions import SessionPlan
from segue.stores import FactorStep, Found


@dataclass(frozen=True, slots=True)
class SignInRequest:
    """One wish to be signed in to something.

    ``channel`` names the front channel that finishes it; ``parameters`` is what that channel needs then, as JSON, so
    that the request can wait for the user. ``passive`` forbids any page. ``requirement`` is what the request itself
    asks, before the application's own is added. ``session_cookie`` is the cookie's value, if a usable one came;
    ``session_withheld`` says that the browser may have kept it back, as it does for a form of another site.
    """

    channel: str
    org: Org
    domain: Domain
    circumstances: Circumstances
    app: Application | None
    parameters: Mapping[str, object] = field(default_factory=dict)
    requirement: Requirement = field(default_factory=Requirement)
    passive: bool = False
    login_hint: str = ""
    ticket: PresentedTicket | None = None
    session_cookie: str | None = field(default=None, repr=False)
    session_withheld: bool = False
    #: The secret by which this browser is remembered to have proved a second factor, if it has one.
    device: str | None = field(default=None, repr=False)
    #: Since when the request waits for its user (epoch ms); 0 where it does not.
    waiting_since_at: int = 0
    #: What this way in does by default where a ticket meets somebody else's session; else the kind of ticket says.
    when_other_user: WhenOtherUser | None = None


@dataclass(frozen=True, slots=True)
class HandOff:
    """Where a sign-in was handed over from: the backend session it hangs on and the application that has it."""

    session_id: str
    origin_app_id: str


@dataclass(frozen=True, slots=True)
class Transfer:
    """A sign-in that came to this browser from a refresh token: whose id that is, and the ids whose revocation ends
    the session that is opened by it."""

    parent_id: str
    bind_path: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Proved:
    """A user who just proved who they are (or confirmed a ticket) in an interaction, with the events that say so."""

    subject: Subject
    assurance: Assurance
    events: tuple[Event, ...] = ()
    #: Lineage path of the ticket the proof came from, if it came from one.
    origin: tuple[str, ...] = ()
    #: The session that was made together with that ticket, if one was.
    waiting: WaitingSession | None = None
    #: The kind of that ticket, as long as it has not met the session that the browser kept back.
    unmet: Kind | None = None
    #: Where that ticket handed the sign-in over from, if it did: the user stays who they are, whatever else is proved.
    hand_off: HandOff | None = None
    #: The refresh token that ticket came from, where the session is to remember it.
    transfer: Transfer | None = None
    #: That the factor's answer is accepted once, to be written together with what it allows (AU-08).
    factor_step: FactorStep | None = None
    #: Whether the browser is to be remembered as one where a second factor was proved.
    remember: bool = False


@dataclass(frozen=True, slots=True)
class SignedIn:
    """The user may have what was asked for. Nothing is written yet: ``sessions.open`` does that, after the hooks."""

    subject: Subject
    assurance: Assurance
    session: SessionPlan
    verdict: Verdict
    events: tuple[Event, ...] = ()
    live_ids: tuple[str, ...] = ()
    factor_step: FactorStep | None = None
    remember: bool = False

    @property
    def user(self) -> User:
        return self.subject.user


@dataclass(frozen=True, slots=True)
class Challenge:
    """The user has to do something first.

    ``missing`` is what to prove; ``confirm`` asks whether to go on as that user instead of the one signed in.
    ``refusal`` says why a presented ticket did not do.
    """

    missing: Missing | None
    user: User | None = None
    confirm: Proved | None = None
    #: What was proved on the way here and must not be asked for again.
    proved: Proved | None = None
    #: All that is proved of ``user``, by their session too, and all that is asked of them.
    assurance: Assurance = field(default_factory=Assurance)
    requirement: Requirement = field(default_factory=Requirement)
    session: Found | None = None
    refusal: Refusal | None = None
    #: The id of a session that ends before the page is shown, because the ticket was somebody else's.
    ends: str | None = None


@dataclass(frozen=True, slots=True)
class Refused:
    refusal: Refusal
    #: The session the browser has anyway; a refusal by the application leaves it in place.
    session: Found | None = None


Answer = SignedIn | Challenge | Refused
