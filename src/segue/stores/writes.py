"""What the operations of storage are given and answer with, and how they fail."""

from dataclasses import dataclass, field

from segue.core.credential import Credential, Kind, NewCredential, Participation
from segue.core.factor import FactorEnrollment
from segue.core.user import Subject
from segue.events import Event


class StoreUnavailable(Exception):
    """The database cannot be reached or did not answer in time: 503, try again later."""


class OutcomeUnknown(StoreUnavailable):
    """A write may or may not have happened (lost connection, a commit that did not reach its standby)."""


class AlreadyExists(Exception):
    """A name that must be unique in its org is taken. ``what`` names the field."""

    def __init__(self, what: str) -> None:
        super().__init__(what)
        self.what = what


class NotFound(Exception):
    """What a row must belong to (its org, user or application) does not exist."""


@dataclass(frozen=True, slots=True)
class StoredKey:
    """A signing key as stored: the private half sealed, the rest readable. See ``tokens.keys``."""

    org_id: str
    key_set: str
    kid: str
    algorithm: str
    public_jwk: str
    certificate_pem: str
    sealed_private: bytes = field(repr=False)
    created_at: int = 0
    signs_from_at: int = 0
    signs_until_at: int | None = None
    retired_at: int | None = None


@dataclass(frozen=True, slots=True)
class Attempts:
    """How often a key was tried since its last success. ``locked_until_at`` is 0 where it is not locked."""

    count: int
    locked_until_at: int
    locked_now: bool
    just_locked: bool


@dataclass(frozen=True, slots=True)
class SignIns:
    """Whether a user is locked out now, and when they last proved their password (epoch ms, 0 for never)."""

    locked: bool = False
    last_at: int = 0


@dataclass(frozen=True, slots=True)
class Claim:
    """The spending of one single-use credential (W1).

    It matches the org, id, digest, one of ``kinds``, the target application where the credential names one, and a
    credential that is unspent, unexpired and live. What does not match is not burnt. ``app_id`` is the application
    whose assignment the answer reports. ``attempt`` settles an unknown outcome. ``event`` is written in the same
    write, with the user the row names.
    """

    org_id: str
    id: str
    digest: bytes = field(repr=False)
    kinds: frozenset[Kind]
    attempt: str
    event: Event
    app_id: str | None = None


@dataclass(frozen=True, slots=True)
class Found:
    """A credential together with its user, where it has one."""

    credential: Credential
    subject: Subject | None


@dataclass(frozen=True, slots=True)
class Guard:
    """What must still be true when a decision is written (W2).

    The user is active and has this stamp, the application (where named) is active and, with ``assigned``, still
    assigned to the user (by name or through a group; an application for everyone needs no assignment), and none of
    ``live_ids`` was revoked.
    """

    user_id: str
    user_stamp: int
    app_id: str | None = None
    assigned: bool = False
    live_ids: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Renewal:
    """A session that goes on under a new secret: the old cookie value is dead, the id and what hangs on it stay."""

    session_id: str
    old_digest: bytes = field(repr=False)
    new_digest: bytes = field(repr=False)
    idle_ms: int
    data: dict[str, object]


@dataclass(frozen=True, slots=True)
class Advance:
    """One step of a credential that goes through states: a transaction of the Authentication API, a refresh token.

    Conditional on the digest, on liveness and on ``from_generation``, so of two requests in parallel one wins. The row
    gets the next generation, ``data``, and ``life_ms`` from now, where that is not None; with ``idle_ms`` its idle
    expiry moves as well, never past the other one.
    """

    id: str
    digest: bytes = field(repr=False)
    from_generation: int
    life_ms: int | None
    data: dict[str, object]
    idle_ms: int | None = None


@dataclass(frozen=True, slots=True)
class FactorStep:
    """That a factor accepted ``step``: it holds only where that is greater than every step accepted before (AU-08).

    A ``step`` of None records the use alone. ``enrollment`` is how the factor looks from now on: its sealed secret, its
    profile and its status are stored in the same write (a used recovery code is gone, a proved factor is active).
    """

    factor_id: str
    user_id: str
    step: int | None
    enrollment: FactorEnrollment | None = None


@dataclass(frozen=True, slots=True)
class Tombstone:
    """Revocation of a credential and of everything whose bind path names it."""

    id: str
    reason: str


@dataclass(frozen=True, slots=True)
class Commit:
    """One write (W2): all of it happens or nothing does. Everything in it belongs to one org and one partition."""

    org_id: str
    partition: int
    events: tuple[Event, ...]
    guard: Guard | None = None
    credentials: tuple[NewCredential, ...] = ()
    renewal: Renewal | None = None
    advance: Advance | None = None
    factor_step: FactorStep | None = None
    participations: tuple[Participation, ...] = ()
    tombstones: tuple[Tombstone, ...] = ()


@dataclass(frozen=True, slots=True)
class EventPage:
    """A stretch of an org's log: from ``since_at`` up to, not including, ``until_at`` (epoch ms).

    ``after`` is the moment and the id of the event that the page follows in its own direction. With ``user_id`` only
    events that are about that user, which is a look-up in their partition alone.
    """

    since_at: int = 0
    until_at: int = 2**53
    after: tuple[int, str] | None = None
    newest_first: bool = False
    limit: int = 100
    user_id: str | None = None


@dataclass(frozen=True, slots=True)
class Ended:
    """A tombstone that was read: when (epoch ms) and why that id was revoked."""

    id: str
    at: int
    reason: str


@dataclass(frozen=True, slots=True)
class Traced:
    """A credential as the record has it, whether or not it can still be used.

    ``live`` is what the store itself says at that moment; ``ended`` are the tombstones among its own id and its path.
    """

    credential: Credential
    live: bool
    ended: tuple[Ended, ...] = ()
